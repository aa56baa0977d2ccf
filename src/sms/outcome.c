/*
 * outcome.c
 *	  Writing down what became of claimed messages: many at once, one statement
 *	  for each kind of outcome.
 *
 * A receipt may have been here before the outcome: a final state stays, but the
 * message leaves its lease all the same.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sms/column.h"
#include "sms/failover.h"
#include "sms/finish.h"
#include "sms/outcome.h"
#include "sms/sent.h"
#include "sms/tally.h"

/* All at once, in the order of their ids, as receipts do: no two wait for each other. */
static PtPlan lock_plan = {
	.sql = "SELECT FROM portatext.message m WHERE m.message_id = ANY ($1) "
	"ORDER BY m.message_id FOR NO KEY UPDATE",
	.nargs = 1,
	.argtypes = {UUIDARRAYOID}
};

static PtPlan again_plan = {
	.sql = "WITH done AS ("
	"UPDATE portatext.message m SET step = 'queued', attempts = m.attempts + u.attempt, "
	"carrier_id = u.lane / 2, error_code = u.code, error_text = u.text, "
	"tried = CASE WHEN u.moves THEN u.tried::int4[] ELSE m.tried END "
	"FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) "
	"u(id, attempt, code, text, lane, due, to_number, moves, tried) "
	"WHERE m.message_id = u.id AND m.step = 'queued' "
	"RETURNING u.lane, u.due, u.id, u.to_number) "
	"INSERT INTO portatext.outbox (lane, due, message_id, to_number) "
	"SELECT * FROM done ON CONFLICT DO NOTHING",
	.nargs = 9,
	.argtypes = {UUIDARRAYOID, INT2ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID,
	TIMESTAMPTZARRAYOID, TEXTARRAYOID, BOOLARRAYOID, TEXTARRAYOID}
};

static PtPlan back_plan = {
	.sql = "INSERT INTO portatext.outbox (lane, due, message_id, to_number) "
	"SELECT u.lane, u.due, u.id, u.to_number FROM unnest($1, $2, $3, $4) u(lane, due, id, to_number) "
	"JOIN portatext.message m ON m.message_id = u.id WHERE m.step = 'queued' "
	"ON CONFLICT DO NOTHING",
	.nargs = 4,
	.argtypes = {INT4ARRAYOID, TIMESTAMPTZARRAYOID, UUIDARRAYOID, TEXTARRAYOID}
};

static PtPlan unclear_plan = {
	.sql = "WITH done AS ("
	"UPDATE portatext.message m SET step = 'unclear', state = 'sending', "
	"error_code = u.code, error_text = u.text "
	"FROM unnest($1, $2, $3) u(id, code, text) "
	"WHERE m.message_id = u.id AND m.step = 'queued' "
	"RETURNING " PT_EVENT_COLUMNS "), "
	"told AS (" PT_MESSAGE_EVENTS "), "
	"tallied AS (" PT_TALLY("done", "'queued'", "d.state") ") "
	"INSERT INTO portatext.attention (account_id, kind, message_id, detail) "
	"SELECT account_id, 'unclear', message_id, concat_ws(': ', error_code, error_text) FROM done "
	"ON CONFLICT DO NOTHING",
	.nargs = 3,
	.argtypes = {UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
};

/* A receipt may have said more of the part already. */
static PtPlan part_plan = {
	.sql = "INSERT INTO portatext.message_part AS p (message_id, part, state, error_code) "
	"SELECT id, part, state::portatext.part_state, code FROM unnest($1, $2, $3, $4) u(id, part, state, code) "
	"ON CONFLICT (message_id, part) DO UPDATE SET state = EXCLUDED.state, "
	"error_code = EXCLUDED.error_code, changed_at = EXCLUDED.changed_at "
	"WHERE p.state < EXCLUDED.state",
	.nargs = 4,
	.argtypes = {UUIDARRAYOID, INT2ARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
};

static PtPlan ref_plan = {
	.sql = "SELECT portatext.note_refs($1, $2, $3, $4)",
	.nargs = 4,
	.argtypes = {INT4ARRAYOID, TEXTARRAYOID, UUIDARRAYOID, INT2ARRAYOID}
};

/* Receipts may have come before their reference was known. */
static PtPlan strays_plan = {
	.sql = "SELECT portatext.apply_strays(k.carrier_id, k.refs) FROM ("
	"SELECT u.carrier_id, array_agg(u.ref) AS refs FROM unnest($1, $2) u(carrier_id, ref) "
	"WHERE EXISTS (SELECT FROM portatext.stray_receipt s "
	"WHERE s.carrier_id = u.carrier_id AND s.ref = u.ref) GROUP BY u.carrier_id) k",
	.nargs = 2,
	.argtypes = {INT4ARRAYOID, TEXTARRAYOID}
};

/* Not the blacklist itself: its key would wait for a tenant that is adding the same number. */
static PtPlan opt_out_plan = {
	.sql = "INSERT INTO portatext.opt_out (account_id, number) SELECT * FROM unnest($1, $2)",
	.nargs = 2,
	.argtypes = {INT8ARRAYOID, TEXTARRAYOID}
};

static PtPlan stop_plan = {
	.sql = "WITH stopped AS ("
	"INSERT INTO portatext.carrier_stop (carrier_id, reason) "
	"SELECT DISTINCT ON (u.id) u.id, COALESCE(u.reason, 'account refused') "
	"FROM unnest($1, $2) u(id, reason) ORDER BY u.id ON CONFLICT DO NOTHING "
	"RETURNING carrier_id, reason) "
	"INSERT INTO portatext.event (type, subject, payload) "
	"SELECT 'carrier.stopped', c.name, jsonb_build_object('reason', s.reason) "
	"FROM stopped s JOIN portatext.carriers c ON c.carrier_id = s.carrier_id",
	.nargs = 2,
	.argtypes = {INT4ARRAYOID, TEXTARRAYOID}
};

static PtPlan lease_end_plan = {
	.sql = "DELETE FROM portatext.lease WHERE lease_id = ANY ($1)",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID}
};

static PtPlan lease_shrink_plan = {
	.sql = "UPDATE portatext.lease l SET ids = ARRAY("
	"SELECT i FROM unnest(l.ids) i WHERE i NOT IN (SELECT unnest($2))) "
	"WHERE l.lease_id = ANY ($1)",
	.nargs = 2,
	.argtypes = {INT8ARRAYOID, UUIDARRAYOID}
};

static PtPlan poison_plan = {
	.sql = "INSERT INTO portatext.attention (account_id, kind, message_id, detail) "
	"VALUES ($1, 'failed', $2, $3) ON CONFLICT DO NOTHING",
	.nargs = 3,
	.argtypes = {INT8OID, UUIDOID, TEXTOID}
};

/* The columns of a batch. */
typedef struct Batch
{
	PtColumn	all[1];
	PtSent		sent;
	PtColumn	again[9];
	PtColumn	back[4];
	PtColumn	unclear[3];
	PtColumn	parts[4];
	PtColumn	refs[4];
	PtColumn	opt_out[2];
	PtColumn	stop[2];
	PtColumn	lease_end[1];
	PtColumn	lease_shrink[2];
	PtFinish	finish;
} Batch;

#define BATCH_INIT { \
	.all = {{UUIDOID}}, \
	.sent = PT_SENT_INIT, \
	.again = {{UUIDOID}, {INT2OID}, {TEXTOID}, {TEXTOID}, {INT4OID}, {TIMESTAMPTZOID}, {TEXTOID}, \
	{BOOLOID}, {TEXTOID}}, \
	.back = {{INT4OID}, {TIMESTAMPTZOID}, {UUIDOID}, {TEXTOID}}, \
	.unclear = {{UUIDOID}, {TEXTOID}, {TEXTOID}}, \
	.parts = {{UUIDOID}, {INT2OID}, {TEXTOID}, {TEXTOID}}, \
	.refs = {{INT4OID}, {TEXTOID}, {UUIDOID}, {INT2OID}}, \
	.opt_out = {{INT8OID}, {TEXTOID}}, \
	.stop = {{INT4OID}, {TEXTOID}}, \
	.lease_end = {{INT8OID}}, \
	.lease_shrink = {{INT8OID}, {UUIDOID}}, \
	.finish = PT_FINISH_INIT }

/* The carriers tried, as an array's text; NULL: none. */
static const char *
tried_text(const PtOutcome *o)
{
	StringInfoData text;

	if (o->n_tried == 0)
		return NULL;
	initStringInfo(&text);
	for (int i = 0; i < o->n_tried; i++)
		appendStringInfo(&text, "%c%d", i == 0 ? '{' : ',', o->tried[i]);
	appendStringInfoChar(&text, '}');
	return text.data;
}

/* A message goes back to the outbox, tried; perhaps for another carrier. */
static void
add_again(Batch *batch, const PtOutcome *o)
{
	const PtMessage *m = o->message;
	int32		lane = o->moves ? PT_LANE(o->next_carrier, m->lane % 2 == 1) : m->lane;

	pt_column_add_uuid(&batch->again[0], &m->id);
	pt_column_add(&batch->again[1], Int16GetDatum(o->attempt ? 1 : 0));
	pt_column_add_text(&batch->again[2], o->code);
	pt_column_add_text(&batch->again[3], o->text);
	pt_column_add(&batch->again[4], Int32GetDatum(lane));
	pt_column_add(&batch->again[5], TimestampTzGetDatum(o->moves ? o->next_due : o->due));
	pt_column_add_text(&batch->again[6], m->to);
	pt_column_add(&batch->again[7], BoolGetDatum(o->moves));
	pt_column_add_text(&batch->again[8], tried_text(o));
	if (o->stops_carrier)
	{
		pt_column_add(&batch->stop[0], Int32GetDatum(o->carrier_id));
		pt_column_add_text(&batch->stop[1], o->text);
	}
}

/* A message goes back to the outbox, not tried. */
static void
add_back(Batch *batch, const PtOutcome *o)
{
	pt_column_add(&batch->back[0], Int32GetDatum(o->message->lane));
	pt_column_add(&batch->back[1], TimestampTzGetDatum(o->message->due));
	pt_column_add_uuid(&batch->back[2], &o->message->id);
	pt_column_add_text(&batch->back[3], o->message->to);
}

/* A message ends; one of which the carrier has a part stays charged (BILL-05). */
static void
add_failed(Batch *batch, const PtOutcome *o)
{
	pt_finish_add(&batch->finish, &o->message->id,
				  o->part_accepted ? "undelivered" : "rejected", o->code, o->text);
	if (o->opted_out)
	{
		pt_column_add(&batch->opt_out[0], Int64GetDatum(o->message->account_id));
		pt_column_add_text(&batch->opt_out[1], o->message->to);
	}
}

/* It is not known whether the carrier has the message. */
static void
add_unclear(Batch *batch, const PtOutcome *o)
{
	pt_column_add_uuid(&batch->unclear[0], &o->message->id);
	pt_column_add_text(&batch->unclear[1], o->code);
	pt_column_add_text(&batch->unclear[2], o->text);
}

/* Parts handed over, and the carrier's ids. */
static void
add_parts(Batch *batch, const PtOutcome *o)
{
	for (int i = 0; i < o->n_parts; i++)
	{
		const PtPartOutcome *p = &o->parts[i];

		if (o->parts_total > 1)
		{
			pt_column_add_uuid(&batch->parts[0], &o->message->id);
			pt_column_add(&batch->parts[1], Int16GetDatum(p->part));
			pt_column_add_text(&batch->parts[2], p->state);
			pt_column_add_text(&batch->parts[3], p->code);
		}
		if (p->ref != NULL && p->ref[0] != '\0')
		{
			pt_column_add(&batch->refs[0], Int32GetDatum(o->carrier_id));
			pt_column_add_text(&batch->refs[1], p->ref);
			pt_column_add_uuid(&batch->refs[2], &o->message->id);
			pt_column_add(&batch->refs[3], Int16GetDatum(p->part));
		}
	}
}

/* Writes the carriers' ids, and logs that some name other messages already. */
static void
write_refs(const Batch *batch)
{
	int64		refused;
	bool		isnull;

	if (batch->refs[0].n == 0)
		return;
	pt_column_run(&ref_plan, batch->refs, SPI_OK_SELECT);
	refused = DatumGetInt64(pt_result(0, 1, &isnull));
	if (refused > 0)
		ereport(LOG,
				(errmsg("portatext dispatcher: %d references of a carrier name earlier messages that have not ended",
						(int) refused),
				 errdetail("Receipts by these references do not reach the later messages.")));
	pt_column_run(&strays_plan, batch->refs, SPI_OK_SELECT);
}

/* Sorts a message into the batch's columns. */
static void
add_outcome(Batch *batch, const PtOutcome *o)
{
	pt_column_add_uuid(&batch->all[0], &o->message->id);
	if (o->moves)
	{
		add_again(batch, o);
		return;					/* the next carrier knows nothing of its parts */
	}
	switch (o->kind)
	{
		case PT_OUTCOME_SENT:
			pt_sent_add(&batch->sent, o->message);
			break;
		case PT_OUTCOME_FAILED:
			add_failed(batch, o);
			break;
		case PT_OUTCOME_AGAIN:
			add_again(batch, o);
			break;
		case PT_OUTCOME_BACK:
			add_back(batch, o);
			break;
		case PT_OUTCOME_UNCLEAR:
			add_unclear(batch, o);
			break;
	}
	add_parts(batch, o);
}

/*
 * Leases that become empty end, the others shrink.  A message that is written as
 * sent has left its lease by its step and need not be taken out.
 */
static void
add_leases(Batch *batch, PtOutcome **outcomes, int n, bool written)
{
	for (int i = 0; i < n; i++)
		outcomes[i]->message->lease->leaving = 0;
	for (int i = 0; i < n; i++)
		outcomes[i]->message->lease->leaving++;
	for (int i = 0; i < n; i++)
	{
		PtLease    *lease = outcomes[i]->message->lease;

		if (lease->leaving == lease->left)
			pt_column_add(&batch->lease_end[0], Int64GetDatum(lease->lease_id));
		else if (!written || outcomes[i]->kind != PT_OUTCOME_SENT)
		{
			pt_column_add(&batch->lease_shrink[0], Int64GetDatum(lease->lease_id));
			pt_column_add_uuid(&batch->lease_shrink[1], &outcomes[i]->message->id);
		}
	}
}

/* Orders by message, as whoever else locks several messages does. */
static int
compare_outcomes(const void *a, const void *b)
{
	const PtOutcome *x = *(PtOutcome *const *) a;
	const PtOutcome *y = *(PtOutcome *const *) b;

	return memcmp(&x->message->id, &y->message->id, sizeof(pg_uuid_t));
}

void
pt_outcome_write(PtOutcome **outcomes, int n)
{
	Batch		batch = BATCH_INIT;

	qsort(outcomes, n, sizeof(PtOutcome *), compare_outcomes);
	for (int i = 0; i < n; i++)
	{
		pt_failover_decide(outcomes[i]);
		add_outcome(&batch, outcomes[i]);
	}
	add_leases(&batch, outcomes, n, true);
	/* One statement for all takes its locks in that order by itself. */
	if (batch.sent.ids.n < n)
		pt_column_run(&lock_plan, batch.all, SPI_OK_SELECT);
	pt_sent_write(&batch.sent);
	pt_finish_write(&batch.finish, "rejected by the carrier");
	pt_column_run(&again_plan, batch.again, SPI_OK_INSERT);
	pt_column_run(&back_plan, batch.back, SPI_OK_INSERT);
	pt_column_run(&unclear_plan, batch.unclear, SPI_OK_INSERT);
	pt_column_run(&part_plan, batch.parts, SPI_OK_INSERT);
	write_refs(&batch);
	pt_column_run(&opt_out_plan, batch.opt_out, SPI_OK_INSERT);
	pt_column_run(&stop_plan, batch.stop, SPI_OK_INSERT);
	pt_column_run(&lease_end_plan, batch.lease_end, SPI_OK_DELETE);
	pt_column_run(&lease_shrink_plan, batch.lease_shrink, SPI_OK_UPDATE);
}

void
pt_outcome_written(PtOutcome **outcomes, int n)
{
	for (int i = 0; i < n; i++)
	{
		PtMessage  *message = outcomes[i]->message;

		if (--message->lease->left == 0)
			pfree(message->lease);
		message->lease = NULL;
	}
}

void
pt_outcome_poison(PtOutcome *outcome, const char *detail)
{
	Batch		batch = BATCH_INIT;
	Datum		values[3] = {
		Int64GetDatum(outcome->message->account_id),
		UUIDPGetDatum(&outcome->message->id),
		CStringGetTextDatum(detail)
	};

	pt_plan_run(&poison_plan, values, NULL, SPI_OK_INSERT);
	add_leases(&batch, &outcome, 1, false);
	pt_column_run(&lease_end_plan, batch.lease_end, SPI_OK_DELETE);
	pt_column_run(&lease_shrink_plan, batch.lease_shrink, SPI_OK_UPDATE);
}
