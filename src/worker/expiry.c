/*
 * expiry.c
 *	  Messages whose validity has passed while they wait are ended and refunded.
 *
 * The row lock of the waiting row arbitrates with the claim and with cancel:
 * whoever deletes it decides.  A message that is just being handed over is
 * looked at again.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define BATCH 500
#define BATCH_TEXT "500"
#define AGAIN_MS 30000			/* a message in a lease is looked at again */

/* Takes what has expired by $1. */
static PtPlan take_plan = {
	.sql = "DELETE FROM portatext.expiry e WHERE e.ctid = ANY (ARRAY("
	" SELECT x.ctid FROM portatext.expiry x WHERE x.due <= $1"
	" ORDER BY x.due, x.message_id LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED))"
	" RETURNING e.message_id",
	.nargs = 1,.argtypes = {TIMESTAMPTZOID}
};

/* Deletes the waiting rows of the messages $1, wherever they are. */
static PtPlan unqueue_plan = {
	.sql = "WITH m AS MATERIALIZED (SELECT x.message_id, x.to_number::text AS to_number"
	" FROM portatext.message x WHERE x.message_id = ANY ($1) AND x.step = 'queued'),"
	" o AS (DELETE FROM portatext.outbox w WHERE w.ctid = ANY (ARRAY("
	" SELECT x.ctid FROM m JOIN portatext.outbox x"
	" ON x.to_number = m.to_number AND x.message_id = m.message_id"
	" FOR UPDATE OF x SKIP LOCKED)) RETURNING w.message_id),"
	" p AS (DELETE FROM portatext.parked w WHERE w.ctid = ANY (ARRAY("
	" SELECT x.ctid FROM m JOIN portatext.parked x"
	" ON x.to_number = m.to_number AND x.message_id = m.message_id"
	" FOR UPDATE OF x SKIP LOCKED)) RETURNING w.message_id)"
	" SELECT o.message_id FROM o UNION ALL SELECT p.message_id FROM p",
	.nargs = 1,.argtypes = {UUIDARRAYOID}
};

/* Ends the messages $1: state, event, refund. */
static PtPlan end_plan = {
	.sql = "SELECT portatext.end_unsent($1, 'expired', 'expired')",
	.nargs = 1,.argtypes = {UUIDARRAYOID}
};

/* Those of $1 that still wait (their row was locked, or is in a lease): again at $2. */
static PtPlan again_plan = {
	.sql = "INSERT INTO portatext.expiry (due, message_id)"
	" SELECT $2, m.message_id FROM portatext.message m"
	" WHERE m.message_id = ANY ($1) AND m.step = 'queued'",
	.nargs = 2,.argtypes = {UUIDARRAYOID, TIMESTAMPTZOID}
};

static PtPlan next_plan = {
	.sql = "SELECT e.due FROM portatext.expiry e ORDER BY e.due LIMIT 1"
};

/* Handles one batch of messages whose time has passed. */
static void
expire(Datum ids, TimestampTz now)
{
	Datum		values[2];
	uint64		rows;

	values[0] = ids;
	rows = pt_plan_run_latest(&unqueue_plan, values, NULL, SPI_OK_SELECT);
	PT_POINT("expiry_unqueued");
	if (rows > 0)
	{
		Datum		waiting = pt_ids_of_result(rows);

		pt_plan_run_latest(&end_plan, &waiting, NULL, SPI_OK_SELECT);
	}
	values[1] = TimestampTzGetDatum(TimestampTzPlusMilliseconds(now, AGAIN_MS));
	pt_plan_run_latest(&again_plan, values, NULL, SPI_OK_INSERT);
}

/* Milliseconds until the next validity ends. */
static long
until_next(TimestampTz now, long period_ms)
{
	bool		isnull;

	if (pt_plan_run_latest(&next_plan, NULL, NULL, SPI_OK_SELECT) == 0)
		return period_ms;
	return pt_task_ms(now, DatumGetTimestampTz(pt_result(0, 1, &isnull)), 10, period_ms);
}

/* The task: a batch, or the time of the next one. */
void
pt_task_expire(void *arg)
{
	PtTask *task = arg;
	TimestampTz now = pt_now();
	Datum		values[1];
	uint64		rows;

	values[0] = TimestampTzGetDatum(now);
	rows = pt_plan_run(&take_plan, values, NULL, SPI_OK_DELETE_RETURNING);
	if (rows > 0)
		expire(pt_ids_of_result(rows), now);
	task->next_ms = rows == BATCH ? 0 : until_next(now, task->period_ms);
}
