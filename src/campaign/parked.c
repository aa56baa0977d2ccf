/*
 * parked.c
 *	  Messages that the claim has set aside because their run was paused: key
 *	  run:<id> of portatext.parked.
 *
 * A claim that still saw the pause may set some aside just after the run was resumed
 * or cancelled: the runner looks for them again.
 */
#include "campaign/run.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

/* The rows of key $1, at most $2, leave parked. */
#define GONE \
	"WITH gone AS (DELETE FROM portatext.parked p USING (" \
	"   SELECT x.key, x.due, x.message_id FROM portatext.parked x WHERE x.key = $1" \
	"   ORDER BY x.due, x.message_id LIMIT $2 FOR UPDATE SKIP LOCKED) o" \
	"  WHERE p.key = o.key AND p.due = o.due AND p.message_id = o.message_id" \
	"  RETURNING p.lane, p.due, p.message_id, p.to_number)"

static PtPlan unpark_plan = {
	GONE " INSERT INTO portatext.outbox (lane, due, message_id, to_number)"
	" SELECT g.lane, g.due, g.message_id, g.to_number FROM gone g",
	2, {TEXTOID, INT4OID}
};

static PtPlan end_plan = {
	GONE " SELECT portatext.end_unsent(ARRAY(SELECT g.message_id FROM gone g), 'cancelled', 'cancelled')",
	2, {TEXTOID, INT4OID}
};

/* The key of the run's rows and how many to take. */
static void
set_values(int64 run_id, int limit, Datum *values)
{
	values[0] = CStringGetTextDatum(psprintf("run:%lld", (long long) run_id));
	values[1] = Int32GetDatum(limit);
}

int64
pt_run_unpark(int64 run_id, int limit)
{
	Datum		values[2];

	set_values(run_id, limit, values);
	return (int64) pt_plan_run_latest(&unpark_plan, values, NULL, SPI_OK_INSERT);
}

int64
pt_run_end_parked(int64 run_id, int limit)
{
	Datum		values[2];
	bool		isnull;

	set_values(run_id, limit, values);
	pt_plan_run_latest(&end_plan, values, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}
