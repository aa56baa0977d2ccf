/*
 * signature.c
 *	  How carriers sign what they call back with: HMAC (RFC 2104), Ed25519 (RFC
 *	  8032), JSON Web Tokens (RFC 7515, 7519).
 *
 * Libraries: libcrypto
 */
#include "carrier/signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/json.h"

#define ED25519_KEY 32			/* octets */
#define ED25519_SIGNATURE 64
#define TOKEN_MAX 4096			/* characters of a token */

static const char *const scheme_names[] = {"secret", "hmac-sha1", "hmac-sha256", "ed25519", "jwt-hs256"};

bool
pt_signature_find(const char *name, PtSignature *scheme)
{
	for (size_t i = 0; i < sizeof(scheme_names) / sizeof(scheme_names[0]); i++)
	{
		if (strcmp(scheme_names[i], name) == 0)
		{
			*scheme = (PtSignature) i;
			return true;
		}
	}
	return false;
}

/* The value of a digit of base64 or base64url; -1 for any other octet. */
static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	if (c == '-')
		return 62;
	if (c == '_')
		return 63;
	return at != NULL ? (int) (at - digits) : -1;
}

int
pt_base64_decode(const char *in, size_t len, unsigned char *out, size_t size)
{
	uint32_t	bits = 0;
	int			count = 0;
	size_t		n = 0;
	size_t		i = 0;

	for (; i < len && base64_digit(in[i]) >= 0; i++)
	{
		bits = bits << 6 | (uint32_t) base64_digit(in[i]);
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		if (n >= size)
			return -1;
		out[n++] = (unsigned char) (bits >> count);
	}
	while (i < len && in[i] == '=')
		i++;
	return i == len ? (int) n : -1;
}

void
pt_base64_encode(const unsigned char *octets, size_t len, char *out)
{
	EVP_EncodeBlock((unsigned char *) out, octets, (int) len);
}

/* The HMAC of data; false: OpenSSL refused. */
static bool
hmac(const EVP_MD *digest, const char *key, const char *data, size_t len, unsigned char *mac, unsigned *mac_len)
{
	return HMAC(digest, key, (int) strlen(key), (const unsigned char *) data, len, mac, mac_len) != NULL;
}

/* The value of a hexadecimal digit; -1 for any other octet. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes exactly size octets of hexadecimal digits; false: it is something else. */
static bool
hex_decode(const char *in, size_t len, unsigned char *out, size_t size)
{
	if (len != size * 2)
		return false;
	for (size_t i = 0; i < size; i++)
	{
		int			high = hex_digit(in[i * 2]);
		int			low = hex_digit(in[i * 2 + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char) (high << 4 | low);
	}
	return true;
}

/* Is the text the octets in base64 or hexadecimal? */
static bool
text_is(const char *text, size_t len, const unsigned char *octets, size_t size)
{
	unsigned char given[EVP_MAX_MD_SIZE];

	if (!hex_decode(text, len, given, size) && pt_base64_decode(text, len, given, sizeof(given)) != (int) size)
		return false;
	return CRYPTO_memcmp(given, octets, size) == 0;
}

/* Is it the Ed25519 signature over data? */
static bool
ed25519_valid(const char *key, const char *data, size_t len, const unsigned char *signature)
{
	unsigned char octets[ED25519_KEY];
	EVP_PKEY   *public_key;
	EVP_MD_CTX *context;
	bool		valid = false;

	if (pt_base64_decode(key, strlen(key), octets, sizeof(octets)) != ED25519_KEY)
		return false;
	public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, octets, sizeof(octets));
	context = EVP_MD_CTX_new();
	if (public_key != NULL && context != NULL &&
		EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1)
		valid = EVP_DigestVerify(context, signature, ED25519_SIGNATURE, (const unsigned char *) data, len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(public_key);
	ERR_clear_error();
	return valid;
}

bool
pt_signature_key_valid(PtSignature scheme, const char *key)
{
	unsigned char octets[ED25519_KEY];

	if (key == NULL || key[0] == '\0')
		return false;
	return scheme != PT_SIGNATURE_ED25519 ||
		pt_base64_decode(key, strlen(key), octets, sizeof(octets)) == ED25519_KEY;
}

bool
pt_signature_valid(PtSignature scheme, const char *key, const char *data, size_t len, const char *given)
{
	const EVP_MD *digest = scheme == PT_SIGNATURE_HMAC_SHA1 ? EVP_sha1() : EVP_sha256();
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned char signature[ED25519_SIGNATURE];
	unsigned	mac_len = 0;

	if (!pt_signature_key_valid(scheme, key))
		return false;
	if (scheme != PT_SIGNATURE_ED25519 && !hmac(digest, key, data, len, mac, &mac_len))
		return false;
	while (*given != '\0')
	{
		size_t		one = strcspn(given, ", ");

		if (scheme != PT_SIGNATURE_ED25519)
		{
			if (text_is(given, one, mac, mac_len))
				return true;
		}
		else if (pt_base64_decode(given, one, signature, sizeof(signature)) == ED25519_SIGNATURE)
			return ed25519_valid(key, data, len, signature);
		given += one;
		given += strspn(given, ", ");
	}
	return false;
}

/* One part of a token as JSON; NULL: it is none. */
static PtJson *
token_part(const char *part, size_t len)
{
	unsigned char text[TOKEN_MAX];
	int			n = pt_base64_decode(part, len, text, sizeof(text));

	return n > 0 ? pt_json_parse((const char *) text, (size_t) n) : NULL;
}

/* Does the token's head say HS256? */
static bool
head_fits(const char *part, size_t len)
{
	PtJson	   *head = token_part(part, len);
	const char *algorithm = head != NULL ? pt_json_member(head, "alg") : NULL;
	bool		fits = algorithm != NULL && strcmp(algorithm, "HS256") == 0;

	pt_json_free(head);
	return fits;
}

/* Was the token issued lately, for this body? */
static bool
claims_fit(const PtJson *claims, const char *body, size_t len, long now)
{
	const char *issued = pt_json_member(claims, "iat");
	const char *hash = pt_json_member(claims, "payload_hash");
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned	digest_len = 0;
	double		age;

	if (issued == NULL || hash == NULL)
		return false;
	age = (double) now - strtod(issued, NULL);
	if (!(age >= -PT_SIGNATURE_WINDOW && age <= PT_SIGNATURE_WINDOW))
		return false;
	if (EVP_Digest(body, len, digest, &digest_len, EVP_sha256(), NULL) != 1)
		return false;
	return text_is(hash, strlen(hash), digest, digest_len);
}

bool
pt_jwt_valid(const char *token, const char *key, const char *body, size_t len, long now)
{
	const char *first = strchr(token, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned	mac_len = 0;
	PtJson	   *claims;
	bool		valid;

	if (second == NULL || key == NULL || key[0] == '\0' || strlen(token) > TOKEN_MAX)
		return false;
	if (!head_fits(token, (size_t) (first - token)) ||
		!hmac(EVP_sha256(), key, token, (size_t) (second - token), mac, &mac_len) ||
		!text_is(second + 1, strlen(second + 1), mac, mac_len))
		return false;
	claims = token_part(first + 1, (size_t) (second - first - 1));
	valid = claims != NULL && claims_fit(claims, body, len, now);
	pt_json_free(claims);
	return valid;
}
