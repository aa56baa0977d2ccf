/*
 * once.c
 *	  Requests with the header Idempotency-Key: done once, and answered again as the
 *	  first time.
 *
 * The key's row is inserted before the work and completed after it, in the same
 * transaction: whoever comes second waits for the first, and what failed may be
 * tried again with the same key.
 */
#include "api/api.h"

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "access/request.h"
#include "account/account.h"

#define MOST 255				/* bytes of a key */

/* SHA-256 of the function's name and its arguments' texts. */
static Datum
request_hash(FunctionCallInfo fcinfo, const Oid *types, const char *name)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	bytea	   *hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	bool		ok;

	ok = ctx != NULL && pg_cryptohash_init(ctx) == 0 &&
		pg_cryptohash_update(ctx, (const uint8 *) name, strlen(name) + 1) == 0;
	for (int i = 0; ok && i < fcinfo->nargs; i++)
	{
		Oid			output;
		bool		varlena;
		char	   *text;

		if (fcinfo->args[i].isnull)
		{
			ok = pg_cryptohash_update(ctx, (const uint8 *) "n", 1) == 0;
			continue;
		}
		getTypeOutputInfo(types[i], &output, &varlena);
		text = OidOutputFunctionCall(output, fcinfo->args[i].value);
		ok = pg_cryptohash_update(ctx, (const uint8 *) "v", 1) == 0 &&
			pg_cryptohash_update(ctx, (const uint8 *) text, strlen(text) + 1) == 0;
	}
	SET_VARSIZE(hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (!ok || pg_cryptohash_final(ctx, (uint8 *) VARDATA(hash), PG_SHA256_DIGEST_LENGTH) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute the hash of a request")));
	pg_cryptohash_free(ctx);
	return PointerGetDatum(hash);
}

/* The answer to the request that took the key, if it was this one; raises if it was another; false: it has gone. */
static bool
earlier_answer(const Datum *values, Datum *answer, bool *isnull)
{
	static PtPlan plan = {
		"SELECT o.answer, o.function OPERATOR(pg_catalog.=) $3 AND o.request OPERATOR(pg_catalog.=) $4"
		" FROM portatext.api_once o WHERE o.account_id OPERATOR(pg_catalog.=) $1 AND o.key OPERATOR(pg_catalog.=) $2",
		4, {INT8OID, TEXTOID, TEXTOID, BYTEAOID}
	};

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		return false;
	if (!DatumGetBool(pt_result(0, 2, isnull)))
		ereport(ERROR,
				(errcode(MAKE_SQLSTATE('P', 'T', '4', '2', '2')),
				 errmsg("the idempotency key was used for another request"),
				 errhint("Use a new key for each request, and the same one only to repeat it.")));
	*answer = pt_result(0, 1, isnull);
	return true;
}

/* The request's key; NULL: it has none. */
static char *
request_key(void)
{
	char	   *key = pt_client_header("idempotency-key");

	if (key != NULL && (key[0] == '\0' || strlen(key) > MOST))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an idempotency key has 1 to %d bytes", MOST)));
	return key;
}

bool
pt_once_begin(FunctionCallInfo fcinfo, const Oid *types, const char *name, PtOnce *once, Datum *answer, bool *isnull)
{
	static PtPlan plan = {
		"INSERT INTO portatext.api_once (account_id, key, function, request) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		4, {INT8OID, TEXTOID, TEXTOID, BYTEAOID}
	};
	char	   *key = request_key();
	Datum		values[4];
	PtRole		saved;
	bool		mine;
	bool		answered;

	once->active = key != NULL;
	if (!once->active)
		return false;
	once->account_id = pt_current_account();
	once->key = CStringGetTextDatum(key);
	values[0] = Int64GetDatum(once->account_id);
	values[1] = once->key;
	values[2] = CStringGetTextDatum(name);
	values[3] = request_hash(fcinfo, types, name);
	pt_become_keeper(&saved);
	do
	{
		CHECK_FOR_INTERRUPTS();
		mine = pt_plan_run_latest(&plan, values, NULL, SPI_OK_INSERT) > 0;
		answered = !mine && earlier_answer(values, answer, isnull);
	} while (!mine && !answered);	/* forgotten in between */
	pt_become_caller(&saved);
	return answered;
}

void
pt_once_end(const PtOnce *once, Datum answer, bool isnull)
{
	static PtPlan plan = {
		"UPDATE portatext.api_once o SET answer = $3"
		" WHERE o.account_id OPERATOR(pg_catalog.=) $1 AND o.key OPERATOR(pg_catalog.=) $2",
		3, {INT8OID, TEXTOID, JSONBOID}
	};
	Datum		values[3] = {Int64GetDatum(once->account_id), once->key, answer};
	PtRole		saved;

	if (!once->active)
		return;
	pt_become_keeper(&saved);
	pt_plan_run_latest(&plan, values, isnull ? "  n" : NULL, SPI_OK_UPDATE);
	pt_become_caller(&saved);
}
