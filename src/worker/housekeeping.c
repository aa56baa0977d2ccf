/*
 * housekeeping.c
 *	  Small regular work that other rooms' functions do.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "worker/session_internal.h"
#include "worker/settings.h"
#include "worker/shared.h"

#define BATCH 1000
#define BATCH_TEXT "1000"

/* Receipts whose message has become known; those older than a day are dropped. */
void
pt_task_strays(void *arg)
{
	static PtPlan plan = {
		.sql = "SELECT portatext.retry_strays()"
		" WHERE EXISTS (SELECT FROM portatext.stray_receipt)"
	};

	pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT);
}

/* Numbers that have opted out at a carrier enter the blacklists. */
void
pt_task_opt_outs(void *arg)
{
	static PtPlan plan = {
		.sql = "SELECT portatext.take_opt_outs()"
		" WHERE EXISTS (SELECT FROM portatext.opt_out)"
	};

	pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT);
}

/* A dialer runs where there is an engine. */
void
pt_task_engines(void *arg)
{
	static PtPlan plan = {.sql = "SELECT FROM portatext.engine LIMIT 1"};

	pt_session_publish_engine(pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT) > 0);
}

/* Inbound messages of which parts stay away are taken in as far as they are there. */
void
pt_task_late_parts(void *arg)
{
	static PtPlan plan = {
		.sql = "SELECT portatext.join_late_parts($1)"
		" WHERE EXISTS (SELECT FROM portatext.inbound_join)",
		.nargs = 1,.argtypes = {TIMESTAMPTZOID}
	};
	Datum		before = TimestampTzGetDatum(pt_now() - pt_inbound_part_timeout * USECS_PER_SEC);

	pt_plan_run(&plan, &before, NULL, SPI_OK_SELECT);
}

/* Credits that were booked (refunds, recharges) go into the balance's stripes. */
void
pt_task_absorb(void *arg)
{
	static PtPlan plan = {.sql = "SELECT portatext.absorb_balances()"};

	pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT);
}

/* Events for balances that have fallen below their limits (ALERT-02, ALERT-03). */
void
pt_task_alerts(void *arg)
{
	static PtPlan plan = {.sql = "SELECT portatext.balance_alerts()"};

	pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT);
}

/* What is due at carriers that are stopped or fail goes to other routes. */
void
pt_task_routes(void *arg)
{
	static PtPlan plan = {
		.sql = "SELECT portatext.leave_failing_carriers(" BATCH_TEXT ")"
		" WHERE EXISTS (SELECT FROM portatext.route)"
	};
	PtTask *task = arg;
	bool		isnull;
	int64		moved;

	if (pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT) == 0)
		return;
	moved = DatumGetInt64(pt_result(0, 1, &isnull));
	if (moved > 0)
		pt_wake_at_commit();
	if (moved >= BATCH)
		task->next_ms = 0;
}

/* Which senders are passed over. */
void
pt_task_senders(void *arg)
{
	static PtPlan plan = {
		.sql = "SELECT portatext.refresh_sender_health()"
		" WHERE EXISTS (SELECT FROM portatext.did GROUP BY account_id HAVING count(*) > 1)"
		" OR EXISTS (SELECT FROM portatext.unhealthy_sender)"
	};

	pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT);
}

/* Idempotency keys that nobody may use any more. */
void
pt_task_idempotency(void *arg)
{
	static PtPlan plan = {
		.sql = "DELETE FROM portatext.idempotency i WHERE i.ctid = ANY (ARRAY("
		" SELECT x.ctid FROM portatext.idempotency x WHERE x.expires_at <= $1"
		" ORDER BY x.expires_at LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED))",
		.nargs = 1,.argtypes = {TIMESTAMPTZOID}
	};
	PtTask *task = arg;
	Datum		now = TimestampTzGetDatum(pt_now());

	if (pt_plan_run(&plan, &now, NULL, SPI_OK_DELETE) == BATCH)
		task->next_ms = 0;
}
