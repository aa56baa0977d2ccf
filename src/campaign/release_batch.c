/*
 * release_batch.c
 *	  One batch of a run's release: recipients behind the cursors of its open
 *	  cohorts are checked as of now, charged one by one (BILL-24) and stored, and the
 *	  cursors move, in one transaction (decision 0023).
 */
#include "campaign/run.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "billing/billing.h"
#include "sms/column.h"
#include "sms/many.h"
#include "sms/order_schedule.h"
#include "sms/store.h"

#define VARIANTS 26
#define SLICE (50 * USECS_PER_SEC / 1000)	/* messages of a paced run that are due together */

/* A recipient of the batch. */
typedef struct Recipient
{
	PtOrder		order;
	PtRefusal	refusal;
	PtCohort   *cohort;
	int64		place;
	int			variant;
	text	   *sender;			/* as it was built; NULL: none */
	bool		rechosen;		/* that one is gone, and another is taken */
	bool		cancelled;
	const char *reason;			/* skipped */
	pg_uuid_t	message_id;		/* if reason is NULL */
} Recipient;

typedef struct Batch
{
	PtRun	   *run;
	TimestampTz now;
	text	   *bodies[VARIANTS + 1];	/* by variant */
	int64		groups[VARIANTS + 1];
	PtOrderSchedule *schedule;	/* NULL: none */
	const PtOrder *counted[VARIANTS + 1];	/* one whose text is the variant's own */
	Recipient	   *items;
	int			n;				/* read */
	int			passed;			/* of them: released or skipped */
} Batch;

/* A run's groups are made with its first batch. */
static PtPlan groups_plan = {
	"WITH missing AS MATERIALIZED ("
	"  SELECT v.variant, v.account_id, nextval('portatext.message_group_group_id_seq') AS group_id"
	"  FROM portatext.campaign_variant v WHERE v.campaign_id = $2 AND NOT EXISTS ("
	"    SELECT FROM portatext.campaign_group g WHERE g.run_id = $1 AND g.variant = v.variant)),"
	" made AS (INSERT INTO portatext.message_group (group_id, account_id)"
	"  OVERRIDING SYSTEM VALUE SELECT m.group_id, m.account_id FROM missing m)"
	" INSERT INTO portatext.campaign_group (run_id, variant, account_id, group_id)"
	" SELECT $1, m.variant, m.account_id, m.group_id FROM missing m",
	2, {INT8OID, INT8OID}
};

static PtPlan variants_plan = {
	"SELECT v.variant, v.body, g.group_id FROM portatext.campaign_variant v"
	" LEFT JOIN portatext.campaign_group g ON g.run_id = $1 AND g.variant = v.variant WHERE v.campaign_id = $2",
	2, {INT8OID, INT8OID}
};

static PtPlan recipients_plan = {
	"SELECT r.number, r.place, r.variant, r.sender, r.body, c.run_id IS NOT NULL"
	" FROM portatext.campaign_recipient r"
	" LEFT JOIN portatext.campaign_cancellation c ON c.run_id = r.run_id AND c.number = r.number"
	" WHERE r.run_id = $1 AND r.cohort = $2 AND r.place > $3 AND r.place <= $4 ORDER BY r.place",
	4, {INT8OID, INT4OID, INT8OID, INT8OID},
	.generic = true
};

static PtPlan note_plan = {
	"UPDATE portatext.campaign_recipient r SET message_id = u.id, reason = u.reason,"
	" sender = COALESCE(u.sender, r.sender) FROM unnest($2, $3, $4, $5) AS u(number, id, reason, sender)"
	" WHERE r.run_id = $1 AND r.number = u.number",
	5, {INT8OID, TEXTARRAYOID, UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID},
	.generic = true
};

static PtPlan cursor_plan = {
	"UPDATE portatext.campaign_cohort c SET released = $3, skipped = c.skipped + $4, cancelled = c.cancelled + $5"
	" WHERE c.run_id = $1 AND c.cohort = $2",
	5, {INT8OID, INT4OID, INT8OID, INT8OID, INT8OID}
};

/* Reads the variants' texts and groups; true: all have a group. */
static bool
read_variants(Batch *batch)
{
	Datum		values[2] = {Int64GetDatum(batch->run->run_id), Int64GetDatum(batch->run->campaign_id)};
	uint64		n = pt_plan_run_latest(&variants_plan, values, NULL, SPI_OK_SELECT);
	bool		isnull;
	bool		complete = true;

	for (uint64 i = 0; i < n; i++)
	{
		int			variant = DatumGetInt16(pt_result(i, 1, &isnull));

		batch->bodies[variant] = DatumGetTextPP(pt_result(i, 2, &isnull));
		batch->groups[variant] = DatumGetInt64(pt_result(i, 3, &isnull));
		complete = complete && !isnull;
	}
	return complete;
}

/* The variants, each with its group. */
static void
load_variants(Batch *batch)
{
	Datum		values[2] = {Int64GetDatum(batch->run->run_id), Int64GetDatum(batch->run->campaign_id)};

	if (read_variants(batch))
		return;
	pt_plan_run_latest(&groups_plan, values, NULL, SPI_OK_INSERT);
	read_variants(batch);
}

/* The schedule that the messages carry, to be asked again at the claim (SCH-09). */
static void
load_schedule(Batch *batch)
{
	if (batch->run->schedule_id == 0)
		return;
	batch->schedule = palloc0(sizeof(PtOrderSchedule));
	batch->schedule->schedule = *pt_schedule_by_id(batch->run->schedule_id);
	batch->schedule->schedule_id = batch->run->schedule_id;
}

/* Makes the order of a recipient from its row. */
static void
read_item(Batch *batch, Recipient *item, uint64 row)
{
	const PtRun *run = batch->run;
	PtOrder    *order = &item->order;
	bool		isnull;
	Datum		value;

	order->account = run->account;
	order->recipient = DatumGetTextPP(pt_result(row, 1, &isnull));
	item->place = DatumGetInt64(pt_result(row, 2, &isnull));
	item->variant = DatumGetInt16(pt_result(row, 3, &isnull));
	value = pt_result(row, 4, &isnull);
	item->sender = isnull ? NULL : DatumGetTextPP(value);
	value = pt_result(row, 5, &isnull);
	order->body = isnull ? batch->bodies[item->variant] : DatumGetTextPP(value);
	item->cancelled = DatumGetBool(pt_result(row, 6, &isnull));
	order->from = item->sender != NULL ? item->sender : run->from;
	order->service_name = run->service;
	order->bulk = run->bulk;
	order->kind = PT_KIND_ORDINARY;
	order->schedule = batch->schedule;
	order->group_id = batch->groups[item->variant];
	order->campaign_id = run->campaign_id;
}

/* Reads up to room recipients behind the cohort's cursor. */
static void
read_cohort(Batch *batch, PtCohort *cohort, int64 room)
{
	int64		last = Min(cohort->released + room, cohort->places);
	Datum		values[4] = {Int64GetDatum(batch->run->run_id), Int32GetDatum(cohort->cohort),
		Int64GetDatum(cohort->released), Int64GetDatum(last)};
	uint64		n = pt_plan_run_latest(&recipients_plan, values, NULL, SPI_OK_SELECT);

	for (uint64 i = 0; i < n; i++)
	{
		Recipient	   *item = &batch->items[batch->n++];

		item->cohort = cohort;
		read_item(batch, item, i);
	}
	cohort->read_to = last;
}

/* Checks an order, with the figures of an earlier one that has the same text. */
static void
check_order(Batch *batch, Recipient *item)
{
	const PtOrder *like = batch->counted[item->variant];
	PtOrder    *order = &item->order;

	if (like != NULL && like->body == order->body)
	{
		order->counted = like->counted;
		order->counted_for = like->counted_for;
		order->analysis = like->analysis;
	}
	pt_order_check(order, PT_LISTS_ASKED, &item->refusal);
	if (order->body == batch->bodies[item->variant] && order->counted)
		batch->counted[item->variant] = order;
}

/* Checks a recipient, all but lists and funds; a sender that is gone is chosen again. */
static void
check_item(Batch *batch, Recipient *item)
{
	PtOrder    *order = &item->order;

	if (item->cancelled)
	{
		item->reason = "cancelled";
		return;
	}
	check_order(batch, item);
	if (item->refusal.code != PT_REFUSE_UNKNOWN_SENDER || order->from == batch->run->from)
		return;
	order->from = batch->run->from;
	check_order(batch, item);
	item->rechosen = order->sender != NULL;
}

/* Blacklists and subscriptions, as of now. */
static void
ask_lists(Batch *batch)
{
	PtOrder   **orders = palloc_array(PtOrder *, Max(batch->n, 1));
	PtRefusal **refusals = palloc_array(PtRefusal *, Max(batch->n, 1));
	int			n = 0;

	for (int i = 0; i < batch->n; i++)
	{
		Recipient	   *item = &batch->items[i];

		if (item->reason != NULL || item->refusal.code != PT_ACCEPTED)
			continue;
		orders[n] = &item->order;
		refusals[n++] = &item->refusal;
	}
	if (n > 0)
		pt_orders_ask_lists(orders, refusals, n);
}

/* Does the refusal concern the account or the campaign as a whole, so that no contact is lost by it? */
static bool
concerns_all(PtRefusalCode code)
{
	switch (code)
	{
		case PT_REFUSE_NO_CREDITS:
		case PT_REFUSE_SUSPENDED:
		case PT_REFUSE_NO_SENDER:
		case PT_REFUSE_UNKNOWN_SENDER:
		case PT_REFUSE_NO_CARRIER:
		case PT_REFUSE_UNKNOWN_SERVICE:
		case PT_REFUSE_SERVICE_NOT_ACTIVE:
			return true;
		default:
			return false;
	}
}

/* Gives a message of a paced run its time; false: that is not yet. */
static bool
take_time(Batch *batch, Recipient *item)
{
	PtRun	   *run = batch->run;
	double		segment_us = pt_run_segment_us(run);
	TimestampTz due = Max(batch->now, run->paced_until);

	if (segment_us <= 0)
		return true;
	if (due > pt_run_horizon(run, batch->now))
		return false;
	item->order.has_send_at = true;
	item->order.send_at = due - due % SLICE + SLICE;
	item->order.opens = Max(item->order.opens, item->order.send_at);
	run->paced_until = due + (TimestampTz) (segment_us * item->order.analysis.segments);
	return true;
}

/* Charges a recipient that may be written to; false: the batch ends before it. */
static bool
take_item(Batch *batch, Recipient *item, const char **pause)
{
	TimestampTz paced_until = batch->run->paced_until;

	if (item->reason == NULL && concerns_all(item->refusal.code))
	{
		*pause = pt_refusal_name(item->refusal.code);
		return false;
	}
	if (item->reason == NULL && item->refusal.code != PT_ACCEPTED)
		item->reason = pt_refusal_name(item->refusal.code);
	if (item->reason != NULL)
		return true;
	if (!take_time(batch, item))
		return false;
	if (pt_charge(batch->run->account->account_id, item->order.cost))
	{
		pt_uuid7(&item->message_id);
		return true;
	}
	batch->run->paced_until = paced_until;
	*pause = pt_refusal_name(PT_REFUSE_NO_CREDITS);
	return false;
}

/* Stores the messages, those that share a time at once. */
static void
store(Batch *batch)
{
	const PtOrder **orders = palloc_array(const PtOrder *, Max(batch->passed, 1));
	Datum	   *ids = palloc_array(Datum, Max(batch->passed, 1));
	int			n = 0;

	for (int i = 0; i < batch->passed; i++)
	{
		Recipient	   *item = &batch->items[i];

		if (item->reason != NULL)
			continue;
		if (n > 0 && orders[n - 1]->send_at != item->order.send_at)
		{
			pt_store_many(orders, ids, n);
			n = 0;
		}
		orders[n] = &item->order;
		ids[n++] = UUIDPGetDatum(&item->message_id);
	}
	if (n > 0)
		pt_store_many(orders, ids, n);
}

/* Writes what became of each recipient. */
static void
note_recipients(const Batch *batch)
{
	PtColumn	columns[4] = {{TEXTOID}, {UUIDOID}, {TEXTOID}, {TEXTOID}};
	Datum		values[5];

	for (int i = 0; i < batch->passed; i++)
	{
		const Recipient *item = &batch->items[i];

		pt_column_add(&columns[0], PointerGetDatum(item->order.recipient));
		if (item->reason == NULL)
			pt_column_add_uuid(&columns[1], &item->message_id);
		else
			pt_column_add_null(&columns[1]);
		pt_column_add_text(&columns[2], item->reason);
		pt_column_add_text(&columns[3], item->rechosen ? item->order.sender : NULL);
	}
	values[0] = Int64GetDatum(batch->run->run_id);
	for (int i = 0; i < lengthof(columns); i++)
		values[i + 1] = pt_column_array(&columns[i]);
	pt_plan_run_latest(&note_plan, values, NULL, SPI_OK_UPDATE);
}

/* Moves the cursor over a recipient. */
static void
pass(Recipient *item)
{
	item->cohort->released = item->place;
	if (item->cancelled)
		item->cohort->cancelled++;
	else if (item->reason != NULL)
		item->cohort->skipped++;
}

/* Writes the cursors of the cohorts that were read; of a whole batch also over places whose recipients are gone. */
static void
move_cursors(const Batch *batch, PtCohort *cohorts, int n)
{
	for (int i = 0; i < n; i++)
	{
		PtCohort   *c = &cohorts[i];
		Datum		values[5] = {Int64GetDatum(batch->run->run_id), Int32GetDatum(c->cohort), (Datum) 0,
			Int64GetDatum(c->skipped), Int64GetDatum(c->cancelled)};

		if (c->read_to == 0)
			continue;
		if (batch->passed == batch->n)
			c->released = c->read_to;
		values[2] = Int64GetDatum(c->released);
		pt_plan_run_latest(&cursor_plan, values, NULL, SPI_OK_UPDATE);
	}
}

/* Reads recipients of the open cohorts; returns how many cohorts were looked at. */
static int
read_batch(Batch *batch, PtCohort *cohorts, int n, int64 room)
{
	int			at = 0;

	batch->items = palloc0(room * sizeof(Recipient));
	for (; at < n && batch->n < room; at++)
		if (cohorts[at].opens_at <= batch->now && cohorts[at].released < cohorts[at].places)
			read_cohort(batch, &cohorts[at], room - batch->n);
	return at;
}

int64
pt_run_release(PtRun *run, PtCohort *cohorts, int n, int64 room, const char **pause)
{
	Batch		batch = {.run = run,.now = pt_now()};
	int			looked;

	*pause = NULL;
	load_variants(&batch);
	load_schedule(&batch);
	looked = read_batch(&batch, cohorts, n, room);
	for (int i = 0; i < batch.n; i++)
		check_item(&batch, &batch.items[i]);
	ask_lists(&batch);
	while (batch.passed < batch.n && take_item(&batch, &batch.items[batch.passed], pause))
		pass(&batch.items[batch.passed++]);
	if (batch.passed > 0)
		store(&batch);
	PT_POINT("campaign_stored");
	if (batch.passed > 0)
		note_recipients(&batch);
	move_cursors(&batch, cohorts, looked);
	return batch.passed;
}
