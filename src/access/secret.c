/*
 * secret.c
 *	  Random secrets, their hashes, and passwords as the server's own roles have them.
 */
#include "access/access.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "libpq/crypt.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#define PASSWORD_MIN 8			/* characters */
#define PASSWORD_MAX 512		/* bytes */

Datum
pt_secret_hash(const char *secret)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	bytea	   *hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (ctx == NULL || pg_cryptohash_init(ctx) != 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) secret, strlen(secret)) != 0 ||
		pg_cryptohash_final(ctx, (uint8 *) VARDATA(hash), PG_SHA256_DIGEST_LENGTH) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute the hash of a secret")));
	pg_cryptohash_free(ctx);
	return PointerGetDatum(hash);
}

char *
pt_secret_new(const char *prefix, int n)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t		start = strlen(prefix);
	char	   *secret = palloc(start + n + 1);

	memcpy(secret, prefix, start);
	for (int i = 0; i < n;)
	{
		uint8		byte;

		if (!pg_strong_random(&byte, 1))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not get random bytes")));
		/* Four times 62: each character is as likely as any other. */
		if (byte < 248)
			secret[start + i++] = digits[byte % 62];
	}
	secret[start + n] = '\0';
	return secret;
}

char *
pt_password_verifier(const char *password)
{
	if (pg_mbstrlen(password) < PASSWORD_MIN || strlen(password) > PASSWORD_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the password is too short or too long"),
				 errdetail("A password has at least %d characters and at most %d bytes.", PASSWORD_MIN, PASSWORD_MAX)));
	/* The server takes what looks like a verifier for one. */
	if (get_password_type(password) != PASSWORD_TYPE_PLAINTEXT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the password looks like the hash of one")));
	return encrypt_password(PASSWORD_TYPE_SCRAM_SHA_256, "", password);
}

bool
pt_password_fits(const char *password, const char *verifier)
{
	static char *nobody = NULL;
	const char *detail;
	bool		fits;

	/* Before the answer depends on anything: the first call of a process makes it. */
	if (nobody == NULL)
		nobody = MemoryContextStrdup(TopMemoryContext, pt_password_verifier(pt_secret_new("", 32)));
	fits = strlen(password) <= PASSWORD_MAX &&
		plain_crypt_verify("", verifier == NULL ? nobody : verifier, password, &detail) == STATUS_OK;
	return fits && verifier != NULL;
}
