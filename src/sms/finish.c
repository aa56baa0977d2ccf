/*
 * finish.c
 *	  Ending messages that will not be handed over (again): state, refund, event
 *	  in one transaction (BILL-04, BILL-21).
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "sms/finish.h"
#include "sms/tally.h"

static PtPlan finish_plan = {
	.sql = "WITH done AS ("
	"UPDATE portatext.message m SET state = u.state::portatext.message_state, step = 'final', "
	"finished_at = portatext.now(), error_code = u.code, error_text = u.text "
	"FROM unnest($1, $2, $3, $4) u(id, state, code, text) "
	"WHERE m.message_id = u.id AND m.step = 'queued' "
	"RETURNING " PT_EVENT_COLUMNS "), "
	"told AS (" PT_MESSAGE_EVENTS "), "
	"tallied AS (" PT_TALLY("done", "'queued'", "d.state") ") "
	"SELECT array_agg(message_id) FROM done "
	"WHERE state IN ('rejected', 'expired', 'cancelled', 'skipped')",
	.nargs = 4,
	.argtypes = {UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
};

static PtPlan refund_plan = {
	.sql = "SELECT portatext.refund_messages($1, $2)",
	.nargs = 2,
	.argtypes = {UUIDARRAYOID, TEXTOID}
};

/* Notes that a message ends in this state; code and text may be NULL. */
void
pt_finish_add(PtFinish *finish, const pg_uuid_t *id, const char *state,
			  const char *code, const char *text)
{
	pt_column_add_uuid(&finish->ids, id);
	pt_column_add_text(&finish->states, state);
	pt_column_add_text(&finish->codes, code);
	pt_column_add_text(&finish->texts, text);
}

/*
 * Writes the ends; messages that a receipt has moved on stay as they are.  Those
 * that were never taken by a carrier are refunded with this note.
 */
void
pt_finish_write(PtFinish *finish, const char *note)
{
	Datum		values[4];
	Datum		refund[2];
	bool		isnull;

	if (finish->ids.n == 0)
		return;
	values[0] = pt_column_array(&finish->ids);
	values[1] = pt_column_array(&finish->states);
	values[2] = pt_column_array(&finish->codes);
	values[3] = pt_column_array(&finish->texts);
	pt_plan_run(&finish_plan, values, NULL, SPI_OK_SELECT);
	refund[0] = pt_result(0, 1, &isnull);
	if (isnull)
		return;
	refund[1] = CStringGetTextDatum(note);
	pt_plan_run(&refund_plan, refund, NULL, SPI_OK_SELECT);
}
