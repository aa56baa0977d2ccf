/*
 * ner_stop.c
 *	  Stopping a run whose network effectiveness ratio is too low (NER-01, NER-09),
 *	  with the event that ALERT-21 is sent for.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "telephony/ner.h"
#include "worker/shared.h"

/*
 * A run that somebody else is just changing (paused, cancelled, or the dialer's tick
 * has it) is left to the next look: whoever holds it may be waiting for this call.
 */
static PtPlan stop_plan = {
	.sql = "WITH mine AS MATERIALIZED (SELECT r.run_id FROM portatext.campaign_run r"
	"  WHERE r.run_id = $1 AND r.state = 'running' FOR NO KEY UPDATE SKIP LOCKED),"
	" stopped AS (UPDATE portatext.campaign_run r SET state = 'stopped', reason = 'low_ner', changed_at = $4"
	"  FROM mine m WHERE r.run_id = m.run_id RETURNING r.campaign_id, r.account_id, r.ord)"
	" INSERT INTO portatext.event (account_id, type, subject, payload)"
	" SELECT s.account_id, 'campaign.stopped', s.campaign_id::text, jsonb_build_object('id', s.campaign_id, 'name', c.name,"
	"  'run', s.ord, 'status', 'stopped', 'reason', 'low_ner', 'issued', $2, 'failed', $3,"
	"  'ner', trim_scale(trunc(1 - $3::numeric / $2, 6)), 'min_ner', trim_scale(k.min_ner))"
	" FROM stopped s JOIN portatext.campaign c ON c.campaign_id = s.campaign_id"
	" JOIN portatext.call_campaign k ON k.campaign_id = s.campaign_id",
	.nargs = 4,
	.argtypes = {INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID}
};

static PtPlan read_plan = {
	.sql = "SELECT r.issued, r.failed, c.campaign_id FROM portatext.call_run r"
	" JOIN portatext.campaign_run c ON c.run_id = r.run_id WHERE r.run_id = $1",
	.nargs = 1,
	.argtypes = {INT8OID}
};

bool
pt_ner_stop(int64 run_id, int64 issued, int64 failed)
{
	Datum		values[4] = {Int64GetDatum(run_id), Int64GetDatum(issued), Int64GetDatum(failed),
	TimestampTzGetDatum(pt_now())};

	if (pt_plan_run_latest(&stop_plan, values, NULL, SPI_OK_INSERT) == 0)
		return false;
	pt_wake_kind_at_commit(PT_DIALER);
	return true;
}

bool
pt_ner_check(int64 run_id)
{
	Datum		value = Int64GetDatum(run_id);
	const PtCallRules *rules;
	int64		issued;
	int64		failed;
	bool		isnull;

	if (pt_plan_run_latest(&read_plan, &value, NULL, SPI_OK_SELECT) == 0)
		return false;
	issued = DatumGetInt64(pt_result(0, 1, &isnull));
	failed = DatumGetInt64(pt_result(0, 2, &isnull));
	rules = pt_call_rules(DatumGetInt64(pt_result(0, 3, &isnull)));
	return pt_ner_stops(issued, failed, rules->ner_min, rules->ner_sample) && pt_ner_stop(run_id, issued, failed);
}
