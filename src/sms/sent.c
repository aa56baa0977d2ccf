/*
 * sent.c
 *	  Writing down that carriers have taken messages: the outcome of nearly all,
 *	  so nothing is done for each message that can be done for the batch.
 */
#include "portatext.h"

#include "catalog/pg_type.h"

#include "sms/sent.h"
#include "sms/tally.h"

/* A receipt may have been here: a final state stays. */
#define SENT_UPDATE \
	"UPDATE portatext.message m SET " \
	"step = CASE WHEN m.step = 'final' THEN m.step ELSE 'sent' END, " \
	"state = CASE WHEN m.step = 'final' THEN m.state ELSE 'sending' END, " \
	"error_code = CASE WHEN m.step = 'final' THEN m.error_code END, " \
	"error_text = CASE WHEN m.step = 'final' THEN m.error_text END, " \
	"sent_at = COALESCE(m.sent_at, portatext.now()) " \
	"FROM unnest($1) u(id) WHERE m.message_id = u.id"

/* Accounts that want events. */
static PtPlan listeners_plan = {
	.sql = "SELECT array_agg(a.account_id) FROM portatext.account a "
	"WHERE a.account_id = ANY ($1) AND a.message_events",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID}
};

static PtPlan quiet_plan = {
	.sql = SENT_UPDATE,
	.nargs = 1,
	.argtypes = {UUIDARRAYOID}
};

static PtPlan told_plan = {
	.sql = "WITH done AS (" SENT_UPDATE " RETURNING m.message_id, m.account_id, m.step, "
	"m.from_number, m.to_number, m.client_ref) "
	"INSERT INTO portatext.event (account_id, type, subject, payload) "
	"SELECT d.account_id, 'message.sending', d.message_id::text, "
	"portatext.message_payload('sending', d.from_number, d.to_number, d.client_ref, NULL) "
	"FROM done d WHERE d.step = 'sent' AND d.account_id = ANY ($2)",
	.nargs = 2,
	.argtypes = {UUIDARRAYOID, INT8ARRAYOID}
};

/*
 * With messages of groups: those that were queued are written and counted here.
 * Returns the others, which receipts have moved before: their state stays.
 */
static PtPlan grouped_plan = {
	.sql = "WITH done AS (" SENT_UPDATE " AND m.step = 'queued' RETURNING m.message_id, m.account_id, "
	"m.state, m.from_number, m.to_number, m.client_ref, m.group_id, m.cost), "
	"tallied AS (" PT_TALLY("done", "'queued'", "d.state") "), "
	"told AS (INSERT INTO portatext.event (account_id, type, subject, payload) "
	"SELECT d.account_id, 'message.sending', d.message_id::text, "
	"portatext.message_payload('sending', d.from_number, d.to_number, d.client_ref, NULL) "
	"FROM done d WHERE d.account_id = ANY ($2)) "
	"SELECT array_agg(i) FROM unnest($1) i WHERE i NOT IN (SELECT d.message_id FROM done d)",
	.nargs = 2,
	.argtypes = {UUIDARRAYOID, INT8ARRAYOID}
};

/* Notes that a carrier has the message; to be called in the order of ids. */
void
pt_sent_add(PtSent *sent, const PtMessage *message)
{
	const PtColumn *accounts = &sent->accounts;

	pt_column_add_uuid(&sent->ids, &message->id);
	sent->grouped = sent->grouped || message->group_id != 0;
	if (accounts->n == 0 || DatumGetInt64(accounts->values[accounts->n - 1]) != message->account_id)
		pt_column_add(&sent->accounts, Int64GetDatum(message->account_id));
}

/* Writes those that are queued; true: others are left, in values[0]. */
static bool
write_grouped(Datum *values, bool listeners)
{
	bool		isnull;

	pt_plan_run(&grouped_plan, values, listeners ? NULL : " n", SPI_OK_SELECT);
	values[0] = pt_result(0, 1, &isnull);
	return !isnull;
}

/* Writes them, in the order in which they were added, and the events of those accounts that want them. */
void
pt_sent_write(PtSent *sent)
{
	Datum		values[2];
	Datum		accounts;
	bool		isnull;

	if (sent->ids.n == 0)
		return;
	accounts = pt_column_array(&sent->accounts);
	values[0] = pt_column_array(&sent->ids);
	pt_plan_run(&listeners_plan, &accounts, NULL, SPI_OK_SELECT);
	values[1] = pt_result(0, 1, &isnull);
	if (sent->grouped && !write_grouped(values, !isnull))
		return;
	if (isnull)
		pt_plan_run(&quiet_plan, values, NULL, SPI_OK_UPDATE);
	else
		pt_plan_run(&told_plan, values, NULL, SPI_OK_INSERT);
}
