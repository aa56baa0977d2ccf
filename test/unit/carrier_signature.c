/*
 * carrier_signature.c
 *	  Signatures of callbacks, with vectors of the RFCs and of the vendors.
 *
 * Libraries: libcrypto
 */
#include "tap.h"

#include <string.h>

#include "carrier/signature.h"

/* RFC 8032, 7.1, test 2, in base64. */
#define ED_KEY "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
#define ED_SIGNATURE "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA=="

/* Made with Python's hmac and base64. */
#define JWT_KEY "a signature secret"
#define JWT_BODY "{\"message_uuid\":\"aaaa\",\"status\":\"delivered\"}"
#define JWT_NOW 1600000000L

static void
test_hmac(void)
{
	static const char data[] = "what do ya want for nothing?";
	size_t		len = sizeof(data) - 1;

	ok(pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "Jefe", data, len, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
	   "RFC 2202, case 2, hexadecimal");
	ok(pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "Jefe", data, len, "7/zfauXrL6LSdBbV8YTfnCWafHk="),
	   "the same in base64");
	ok(pt_signature_valid(PT_SIGNATURE_HMAC_SHA256, "Jefe", data, len,
						  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
	   "RFC 4231, case 2");
	ok(pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "Jefe", data, len,
						  "7/zfauXrL6LSdBbV8YTfnCWafHg=, effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
	   "one of several");
	ok(!pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "Jefe", data, len, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c78"),
	   "a wrong last octet");
	ok(!pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "Jefe", data, len, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c"),
	   "a part of it");
	ok(!pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "Jefe", data, len, ""), "nothing");
	ok(!pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "", data, len, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
	   "without a key nothing is valid");
}

/* The example of Twilio's client libraries. */
static void
test_twilio(void)
{
	static const char data[] = "https://mycompany.com/myapp.php?foo=1&bar=2"
		"CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212";

	ok(pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "12345", data, sizeof(data) - 1, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
	   "SMS-05 Twilio's example");
	ok(!pt_signature_valid(PT_SIGNATURE_HMAC_SHA1, "12346", data, sizeof(data) - 1, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
	   "with another key");
}

static void
test_ed25519(void)
{
	ok(pt_signature_valid(PT_SIGNATURE_ED25519, ED_KEY, "\x72", 1, ED_SIGNATURE), "RFC 8032, 7.1, test 2");
	ok(!pt_signature_valid(PT_SIGNATURE_ED25519, ED_KEY, "\x73", 1, ED_SIGNATURE), "another message");
	ok(!pt_signature_valid(PT_SIGNATURE_ED25519, ED_KEY, "\x72", 1, "kqAJ"), "a short signature");
	ok(!pt_signature_valid(PT_SIGNATURE_ED25519, "AUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=", "\x72", 1, ED_SIGNATURE),
	   "another key");
	ok(pt_signature_key_valid(PT_SIGNATURE_ED25519, ED_KEY), "a public key");
	ok(!pt_signature_key_valid(PT_SIGNATURE_ED25519, "0123456789abcdef0123456789abcdef"), "32 digits are no public key");
	ok(!pt_signature_key_valid(PT_SIGNATURE_HMAC_SHA1, NULL), "no key");
}

static void
test_jwt(void)
{
	static const char token[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE2MDAwMDAwMDAsImp0aSI6IngiLCJpc3MiOiJWb25hZ"
		"2UiLCJwYXlsb2FkX2hhc2giOiJjOTg4MGVkY2E3YmIzZTgyNDIwNzE4OTI2YTRiMGM3YzhiMGUyZDgzNTEzYzk4YzQ"
		"1MTlmYzMxMGExNGQ1MmMzIiwiYXBpX2tleSI6ImFiY2QxMjM0In0.xRejfj2rEPVDNCiO9FNACZrL-tbqBLX-Q4W_b"
		"orq_uA";
	static const char unsigned_token[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJpYXQiOjE2MDAwMDAwMDAsInBheWxvYWRfaGFzaCI6ImM5ODgwZW"
		"RjYTdiYjNlODI0MjA3MTg5MjZhNGIwYzdjOGIwZTJkODM1MTNjOThjNDUxOWZjMzEwYTE0ZDUyYzMifQ.8xoRHt4Ez"
		"95ytrDHFa3Nvv9EyqWbiOjeQZhO9Sj9pNk";
	static const char no_hash[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE2MDAwMDAwMDB9.OOrvc2a3G__smRGeFTimuAUNIL0J"
		"d947VFiMFGhNfGs";
	size_t		len = strlen(JWT_BODY);

	ok(pt_jwt_valid(token, JWT_KEY, JWT_BODY, len, JWT_NOW), "a token with the body's hash");
	ok(pt_jwt_valid(token, JWT_KEY, JWT_BODY, len, JWT_NOW + PT_SIGNATURE_WINDOW), "five minutes old");
	ok(!pt_jwt_valid(token, JWT_KEY, JWT_BODY, len, JWT_NOW + PT_SIGNATURE_WINDOW + 1), "older");
	ok(!pt_jwt_valid(token, JWT_KEY, JWT_BODY, len, JWT_NOW - PT_SIGNATURE_WINDOW - 1), "of the future");
	ok(!pt_jwt_valid(token, "another secret", JWT_BODY, len, JWT_NOW), "another secret");
	ok(!pt_jwt_valid(token, "", JWT_BODY, len, JWT_NOW), "no secret");
	ok(!pt_jwt_valid(token, JWT_KEY, JWT_BODY, len - 1, JWT_NOW), "another body");
	ok(!pt_jwt_valid(unsigned_token, JWT_KEY, JWT_BODY, len, JWT_NOW), "algorithm none");
	ok(!pt_jwt_valid(no_hash, JWT_KEY, JWT_BODY, len, JWT_NOW), "no hash of the body");
	ok(!pt_jwt_valid("a.b", JWT_KEY, JWT_BODY, len, JWT_NOW), "no token");
}

static void
test_base64(void)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
	unsigned char out[16];
	char		text[32];

	for (int i = 0; i < 5; i++)
	{
		size_t		len = strlen(vectors[i][0]);

		pt_base64_encode((const unsigned char *) vectors[i][0], len, text);
		ok(strcmp(text, vectors[i][1]) == 0, "RFC 4648, 10: encoded %s", vectors[i][1]);
		ok(pt_base64_decode(vectors[i][1], strlen(vectors[i][1]), out, sizeof(out)) == (int) len &&
		   memcmp(out, vectors[i][0], len) == 0, "and decoded");
	}
	ok(pt_base64_decode("Zm9v!", 5, out, sizeof(out)) == -1, "malformed");
	ok(pt_base64_decode("Zm9vYmFyZm9vYmFyZm9vYmFy", 24, out, sizeof(out)) == -1, "too long");
	ok(pt_base64_decode("-_", 2, out, sizeof(out)) == 1 && out[0] == 0xFB, "base64url");
}

int
main(void)
{
	test_hmac();
	test_twilio();
	test_ed25519();
	test_jwt();
	test_base64();
	return tap_done();
}
