/*
 * state.c
 *	  The state of a run: each change is told by an event in its transaction.
 */
#include "campaign/campaign.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "worker/shared.h"

/*
 * What ends has finished_at; started_at is the first start's.  A resumed run's
 * rates count from here: no other run goes from paused to running.
 */
static PtPlan state_plan = {
	"WITH changed AS ("
	"  UPDATE portatext.campaign_run r SET state = $2::portatext.run_state, reason = $3, changed_at = $4,"
	"    started_at = CASE WHEN $2 = 'running' THEN COALESCE(r.started_at, $4) ELSE r.started_at END,"
	"    finished_at = CASE WHEN $2 IN ('finished', 'cancelled', 'failed') THEN $4 END"
	"  WHERE r.run_id = $1 RETURNING r.campaign_id, r.account_id, r.ord)"
	" INSERT INTO portatext.event (account_id, type, subject, payload)"
	" SELECT n.account_id, 'campaign.' || $2, n.campaign_id::text, jsonb_strip_nulls(jsonb_build_object("
	"   'id', n.campaign_id, 'name', c.name, 'run', n.ord, 'status', $2, 'reason', $3))"
	" FROM changed n JOIN portatext.campaign c ON c.campaign_id = n.campaign_id",
	4, {INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}
};

void
pt_campaign_set_state(int64 run_id, const char *state, const char *reason)
{
	Datum		values[4] = {Int64GetDatum(run_id), CStringGetTextDatum(state), (Datum) 0,
	TimestampTzGetDatum(pt_now())};

	if (reason != NULL)
		values[2] = CStringGetTextDatum(reason);
	pt_plan_run_latest(&state_plan, values, reason == NULL ? "  n " : NULL, SPI_OK_INSERT);
	pt_wake_kind_at_commit(PT_RUNNER);
	pt_wake_kind_at_commit(PT_DIALER);
}
