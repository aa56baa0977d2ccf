/*
 * end_target.c
 *	  After a call: is its target done, or when is it called again (TEL-03, TEL-04)?
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "sms/column.h"

/*
 * A contact that was cancelled meanwhile is not called again; one that was contacted
 * was.  What used up no iteration gives it back.
 */
static PtPlan next_plan = {
	.sql = "WITH old AS MATERIALIZED ("
	"  SELECT u.*, t.attempts - (NOT u.uses)::int AS attempts, t.day_attempts - (NOT u.uses)::int AS day_attempts,"
	"   t.invalid + (u.stops_after > 0)::int AS invalid"
	"  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
	"   u(n, run_id, number, call_id, contacted, uses, iterations, stops_after, due_at, result)"
	"  JOIN portatext.call_target t ON t.run_id = u.run_id AND t.number = u.number"
	"  WHERE t.state IN ('calling', 'preview') ORDER BY u.run_id, u.number FOR NO KEY UPDATE OF t),"
	" done AS ("
	"  SELECT o.*, CASE WHEN o.contacted THEN 'contacted' WHEN o.result = 'BLACKLISTED' THEN 'skipped'"
	"    WHEN EXISTS (SELECT FROM portatext.campaign_cancellation x WHERE x.run_id = o.run_id AND x.number = o.number)"
	"     OR EXISTS (SELECT FROM portatext.campaign_run r WHERE r.run_id = o.run_id AND r.state = 'cancelled') THEN 'cancelled'"
	"    WHEN o.due_at IS NULL OR o.attempts >= o.iterations OR o.stops_after > 0 AND o.invalid >= o.stops_after"
	"     THEN 'given_up' ELSE 'waiting' END AS state FROM old o),"
	" written AS (UPDATE portatext.call_target t SET state = d.state::portatext.target_state,"
	"  attempts = greatest(d.attempts, 0), day_attempts = greatest(d.day_attempts, 0), invalid = d.invalid,"
	"  due_at = CASE d.state WHEN 'waiting' THEN d.due_at END, last_call_id = d.call_id, last_result = d.result,"
	"  reason = CASE d.state WHEN 'given_up' THEN d.result WHEN 'skipped' THEN 'blacklisted' WHEN 'cancelled' THEN 'cancelled' END, agent_id = NULL"
	"  FROM done d WHERE t.run_id = d.run_id AND t.number = d.number)"
	" SELECT d.n FROM done d WHERE d.state = 'given_up'",
	.nargs = 10,
	.argtypes = {INT4ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, UUIDARRAYOID, BOOLARRAYOID, BOOLARRAYOID, INT4ARRAYOID,
	INT4ARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID},
	.generic = true
};

/* Not before that is the target called again; 0: never. */
static TimestampTz
due_at(const PtCallRow *row, const PtCallRules *rules)
{
	int			delay = row->abandoned_at != 0 ? rules->abandoned_delay : rules->delays[row->result];

	if (delay < 0)
		return 0;
	/* Who was withdrawn because nobody could have taken it is not to blame. */
	if (!row->uses_iteration && (row->hang_up_reason == NULL || strcmp(row->hang_up_reason, "cancelled") != 0))
		return row->ended_at + delay * USECS_PER_SEC;
	return row->ended_at + Max(delay * USECS_PER_SEC, rules->min_iteration_time);
}

/* One row's values. */
static void
add_row(PtColumn *c, int n, const PtCallRow *row)
{
	const PtCallRules *rules = pt_call_rules(row->campaign_id);
	TimestampTz due = due_at(row, rules);

	pt_column_add(c++, Int32GetDatum(n));
	pt_column_add(c++, Int64GetDatum(row->run_id));
	pt_column_add_text(c++, row->to_number);
	pt_column_add_uuid(c++, &row->id);
	pt_column_add(c++, BoolGetDatum(row->contacted == 1));
	pt_column_add(c++, BoolGetDatum(row->uses_iteration));
	pt_column_add(c++, Int32GetDatum(rules->iterations));
	pt_column_add(c++, Int32GetDatum(pt_call_result_rule((PtCallResult) row->result)->stops_after));
	if (due == 0)
		pt_column_add_null(c++);
	else
		pt_column_add(c++, TimestampTzGetDatum(due));
	pt_column_add_text(c, pt_call_result_name((PtCallResult) row->result));
}

void
pt_call_targets_next(PtCallRow **rows, int n, bool *given_up)
{
	PtColumn	columns[10] = {{INT4OID}, {INT8OID}, {TEXTOID}, {UUIDOID}, {BOOLOID}, {BOOLOID}, {INT4OID}, {INT4OID},
	{TIMESTAMPTZOID}, {TEXTOID}};
	Datum		values[10];
	uint64		found;
	bool		isnull;

	for (int i = 0; i < n; i++)
	{
		if (rows[i]->run_id != 0)
			add_row(columns, i, rows[i]);
	}
	if (columns[0].n == 0)
		return;
	for (int i = 0; i < 10; i++)
		values[i] = pt_column_array(&columns[i]);
	found = pt_plan_run_latest(&next_plan, values, NULL, SPI_OK_SELECT);
	for (uint64 row = 0; row < found; row++)
		given_up[DatumGetInt32(pt_result(row, 1, &isnull))] = true;
}
