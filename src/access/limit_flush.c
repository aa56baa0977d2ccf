/*
 * limit_flush.c
 *	  When keys were used last: from shared memory into portatext.api_key.
 */
#include "access/limit.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#define BATCH 500

/* A key that somebody changes right now is written after its next use. */
static PtPlan plan = {
	.sql = "WITH used AS MATERIALIZED (SELECT k.key_id, u.at"
	" FROM unnest($1, $2) u (key_id, at) JOIN portatext.api_key k ON k.key_id = u.key_id"
	" FOR NO KEY UPDATE OF k SKIP LOCKED)"
	" UPDATE portatext.api_key k SET last_used_at = GREATEST(k.last_used_at, u.at) FROM used u WHERE k.key_id = u.key_id",
	.nargs = 2,.argtypes = {INT8ARRAYOID, TIMESTAMPTZARRAYOID},.generic = true
};

bool
pt_limit_flush(void)
{
	PtLastUse	uses[BATCH];
	Datum		ids[BATCH];
	Datum		times[BATCH];
	Datum		values[2];
	int			n = pt_limit_last_uses(uses, BATCH);

	if (n == 0)
		return false;
	for (int i = 0; i < n; i++)
	{
		ids[i] = Int64GetDatum(uses[i].key_id);
		times[i] = TimestampTzGetDatum(uses[i].at);
	}
	values[0] = PointerGetDatum(construct_array(ids, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[1] = PointerGetDatum(construct_array(times, n, TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	pt_plan_run_latest(&plan, values, NULL, SPI_OK_UPDATE);
	return n == BATCH;
}
