/*
 * withdraw.c
 *	  Calls of a run: their counters, and what is taken back of them when the run or
 *	  one of its contacts is cancelled (CAMP-12, CAMP-14, TEL-12).
 *
 * Nothing that was answered is hung up.  A call's row that is locked is left alone: its
 * event may be waiting for the run's row, which the caller has locked.  The dialer hangs up
 * unanswered calls of cancelled runs, which has the rest.
 */
#include "campaign/run.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "worker/shared.h"

void
pt_run_begin_calls(int64 run_id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.call_run (run_id, account_id) SELECT r.run_id, r.account_id"
		" FROM portatext.campaign_run r WHERE r.run_id = $1 ON CONFLICT DO NOTHING",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);

	pt_plan_run(&plan, &value, NULL, SPI_OK_INSERT);
}

/* Lets unanswered calls of the run be hung up: to one number, or all of them (no number). */
static void
withdraw(int64 run_id, Datum number)
{
	static PtPlan plan = {
		"WITH c AS MATERIALIZED (SELECT x.call_id FROM portatext.call x"
		"   WHERE x.run_id = $1 AND x.ended_at IS NULL AND ($2 IS NULL OR x.to_number::text = $2)"
		"     AND x.answered_at IS NULL AND x.hang_up_at IS NULL FOR NO KEY UPDATE SKIP LOCKED)"
		" UPDATE portatext.call x SET hang_up_at = $3, hang_up_reason = 'cancelled'"
		" FROM c WHERE x.call_id = c.call_id",
		3, {INT8OID, TEXTOID, TIMESTAMPTZOID}
	};
	Datum		values[3] = {Int64GetDatum(run_id), number, TimestampTzGetDatum(pt_now())};

	pt_plan_run_latest(&plan, values, number == (Datum) 0 ? " n " : NULL, SPI_OK_UPDATE);
}

void
pt_run_withdraw_calls(int64 run_id)
{
	withdraw(run_id, (Datum) 0);
}

bool
pt_run_cancel_target(int64 run_id, Datum number)
{
	static PtPlan plan = {
		"UPDATE portatext.call_target t SET state = 'cancelled', due_at = NULL"
		" WHERE t.run_id = $1 AND t.number = $2 AND t.state IN ('waiting', 'preview')",
		2, {INT8OID, TEXTOID}
	};
	static PtPlan look = {
		"SELECT t.state IN ('contacted', 'calling') FROM portatext.call_target t WHERE t.run_id = $1 AND t.number = $2",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(run_id), number};
	bool		isnull;

	pt_plan_run_latest(&plan, values, NULL, SPI_OK_UPDATE);
	withdraw(run_id, number);
	return pt_plan_run_latest(&look, values, NULL, SPI_OK_SELECT) == 0 || !DatumGetBool(pt_result(0, 1, &isnull));
}
