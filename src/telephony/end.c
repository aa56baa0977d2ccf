/*
 * end.c
 *	  The end of calls, told by an engine or decided here, and all that follows in
 *	  the same transaction: the target's next iteration, counters, NER, credits, the
 *	  agent, the event call.ended.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sms/column.h"
#include "worker/shared.h"

/* What accounts that want an event for each message get for each call. */
static PtPlan event_plan = {
	.sql = "INSERT INTO portatext.event (account_id, type, subject, payload)"
	" SELECT c.account_id, 'call.ended', c.call_id::text, jsonb_strip_nulls(jsonb_build_object("
	"   'id', c.call_id, 'campaign', c.campaign_id, 'from', c.from_number, 'to', c.to_number, 'iteration', c.iteration,"
	"   'result', c.result, 'contacted', c.contacted, 'amd', c.amd, 'b_result', c.b_result, 'agent', c.agent_id,"
	"   'abandoned', c.abandoned_at IS NOT NULL, 'digits', c.digits, 'answered_at', c.answered_at, 'ended_at', c.ended_at,"
	"   'cost', trim_scale(c.cost::numeric), 'client_ref', c.client_ref))"
	" FROM unnest($1) WITH ORDINALITY u(id, n) JOIN portatext.call c ON c.call_id = u.id"
	" JOIN portatext.account a ON a.account_id = c.account_id WHERE a.message_events ORDER BY u.n",
	.nargs = 1,
	.argtypes = {UUIDARRAYOID},
	.generic = true
};

void
pt_calls_ended(PtCallRow **rows, int n, TimestampTz now)
{
	bool	   *given_up = palloc0_array(bool, Max(n, 1));

	if (n == 0)
		return;
	/* Money first: whoever waits for a part of the balance must not hold counters that its holder wants. */
	for (int i = 0; i < n; i++)
		pt_call_row_meter(rows[i], now, now);
	pt_call_targets_next(rows, n, given_up);
	pt_calls_count(rows, n, given_up);
	for (int i = 0; i < n; i++)
	{
		if (rows[i]->freed_agent != 0)
			pt_agent_done(rows[i], rows[i]->freed_agent, rows[i]->ended_at);
	}
}

void
pt_calls_tell(PtCallRow **rows, int n)
{
	PtColumn	ids = {UUIDOID};

	for (int i = 0; i < n; i++)
		pt_column_add_uuid(&ids, &rows[i]->id);
	pt_column_run(&event_plan, &ids, SPI_OK_INSERT);
}

bool
pt_call_end(const pg_uuid_t *call_id, const char *result, int q850, const char *problem)
{
	PtColumn	ids = {UUIDOID};
	TimestampTz now = pt_now();
	PtCallResult found;
	PtCallRow  *row;
	int			n;

	if (!pt_call_result_find(result, &found))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("\"%s\" is no result of a call", result)));
	pt_column_add_uuid(&ids, call_id);
	row = pt_call_rows_lock(pt_column_array(&ids), 0, &n);
	if (n == 0)
		return false;
	row->result = found;
	if (q850 != PT_CALL_UNKNOWN)
		row->q850 = q850;
	if (problem != NULL)
		row->problem = pstrdup(problem);
	pt_call_row_end(row, now);
	pt_call_rows_write(row, 1);
	pt_calls_ended(&row, 1, now);
	pt_call_rows_book(row, 1);
	pt_calls_tell(&row, 1);
	pt_dialer_wake();
	return true;
}
