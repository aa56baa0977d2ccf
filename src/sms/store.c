/*
 * store.c
 *	  Writes an accepted order: message, ledger row and outbox row in one statement.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "sms/column.h"
#include "sms/order_schedule.h"
#include "sms/store.h"
#include "worker/installation.h"

#define NULL_UNLESS(there) ((there) ? ' ' : 'n')

/* One that somebody sent from a number, alone: the statements for it are the shorter ones. */
static bool
is_plain(const PtOrder *order)
{
	return order->kind == PT_KIND_ORDINARY && order->service_id == 0 && order->group_id == 0 &&
		order->schedule == NULL;
}

/* Have the orders more of their own than what the shorter statements take? */
static bool
is_mixed(const PtOrder *const *orders, int n)
{
	const PtOrder *first = orders[0];

	for (int i = 0; i < n; i++)
		if (orders[i]->group_id != 0 || orders[i]->schedule != NULL || orders[i]->body != first->body ||
			orders[i]->client_ref != first->client_ref)
			return true;
	return false;
}

const char *
pt_encoding_name(PtEncoding encoding)
{
	return encoding == PT_GSM7 ? "gsm" : "ucs2";
}

/* The statement that writes one message; expiry is a part for those that expire, or empty. */
#define STORE_ONE(expiry) \
	{ \
		"WITH m AS (INSERT INTO portatext.message (message_id, account_id, priority, carrier_id," \
		"  segments, cost, from_number, to_number, encoding, body, client_ref, send_at, valid_until, created_at)" \
		" VALUES ($1, $2, CASE WHEN $3 THEN 'bulk' ELSE 'transactional' END::portatext.message_priority, $4," \
		"  $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))," \
		" l AS (INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, created_at)" \
		"  VALUES ($2, $1, 'charge', - $6, $14))" expiry \
		" INSERT INTO portatext.outbox (lane, due, message_id, to_number)" \
		" VALUES ($15, COALESCE($12, $14), $1, $8)", \
		15, {UUIDOID, INT8OID, BOOLOID, INT4OID, INT2OID, NUMERICOID, TEXTOID, TEXTOID, TEXTOID, \
		TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID} \
	}

/* Writes one plain order. */
static void
store_plain(const PtOrder *order, Datum message_id)
{
	static PtPlan plan = STORE_ONE("");
	static PtPlan expiring_plan = STORE_ONE(", e AS (INSERT INTO portatext.expiry (due, message_id) VALUES ($13, $1))");
	Datum		values[15];
	char		nulls[16];

	pt_installation_note();
	memset(nulls, ' ', 15);
	nulls[15] = '\0';
	values[0] = message_id;
	values[1] = Int64GetDatum(order->account->account_id);
	values[2] = BoolGetDatum(order->bulk);
	values[3] = Int32GetDatum(order->carrier_id);
	values[4] = Int16GetDatum((int16) order->analysis.segments);
	values[5] = order->cost;
	values[6] = CStringGetTextDatum(order->sender);
	values[7] = CStringGetTextDatum(order->to);
	values[8] = CStringGetTextDatum(pt_encoding_name(order->analysis.encoding));
	values[9] = PointerGetDatum(order->body);
	values[10] = PointerGetDatum(order->client_ref);
	nulls[10] = NULL_UNLESS(order->client_ref != NULL);
	values[11] = TimestampTzGetDatum(order->send_at);
	nulls[11] = NULL_UNLESS(order->has_send_at);
	values[12] = TimestampTzGetDatum(order->valid_until);
	nulls[12] = NULL_UNLESS(order->has_valid_until);
	values[13] = TimestampTzGetDatum(pt_now());
	values[14] = Int32GetDatum(pt_lane(order->carrier_id, order->bulk));
	pt_plan_run(order->has_valid_until ? &expiring_plan : &plan, values, nulls, SPI_OK_INSERT);
}

void
pt_store_one(const PtOrder *order, Datum message_id)
{
	if (is_plain(order))
		store_plain(order, message_id);
	else
		pt_store_many(&order, &message_id, 1);
}

/* What pt_store_many gathers from each order. */
typedef struct Columns
{
	Datum	   *to;
	Datum	   *from;
	Datum	   *encoding;
	Datum	   *carrier;
	Datum	   *segments;
	Datum	   *cost;
} Columns;

/* Turns the orders into columns. */
static void
gather(const PtOrder *const *orders, int n, Columns *c)
{
	c->to = palloc(n * sizeof(Datum));
	c->from = palloc(n * sizeof(Datum));
	c->encoding = palloc(n * sizeof(Datum));
	c->carrier = palloc(n * sizeof(Datum));
	c->segments = palloc(n * sizeof(Datum));
	c->cost = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		const PtOrder *o = orders[i];

		c->to[i] = CStringGetTextDatum(o->to);
		c->from[i] = CStringGetTextDatum(o->sender);
		c->encoding[i] = CStringGetTextDatum(pt_encoding_name(o->analysis.encoding));
		c->carrier[i] = Int32GetDatum(o->carrier_id);
		c->segments[i] = Int16GetDatum((int16) o->analysis.segments);
		c->cost[i] = o->cost;
	}
}

static Datum
text_array(Datum *elements, int n)
{
	return PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The arrays of the statement: $1 ids, $2 to, $3 from, $4 encoding, $5 carrier, $6 segments, $7 cost. */
static void
set_arrays(const Columns *c, Datum *ids, int n, Datum *values)
{
	values[0] = PointerGetDatum(construct_array(ids, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
	values[1] = text_array(c->to, n);
	values[2] = text_array(c->from, n);
	values[3] = text_array(c->encoding, n);
	values[4] = PointerGetDatum(construct_array(c->carrier, n, INT4OID, 4, true, TYPALIGN_INT));
	values[5] = PointerGetDatum(construct_array(c->segments, n, INT2OID, 2, true, TYPALIGN_SHORT));
	values[6] = PointerGetDatum(construct_array(c->cost, n, NUMERICOID, -1, false, TYPALIGN_INT));
}

/*
 * What the statements for many begin with; u has more columns in the longer
 * ones, and text and ref are each message's body and client_ref.
 */
#define WITH_MESSAGES(more_arrays, more_columns, text, ref, more_fields, more_values) \
	"WITH u AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]," \
	"  $5::int4[], $6::int2[], $7::numeric[]" more_arrays ")" \
	"  AS u(id, recipient, sender, enc, carrier, segments, cost" more_columns "))," \
	" m AS (INSERT INTO portatext.message (message_id, account_id, priority, carrier_id," \
	"  segments, cost, from_number, to_number, encoding, body, client_ref, send_at, valid_until, created_at" \
	more_fields ")" \
	" SELECT id, $8, CASE WHEN $9 THEN 'bulk' ELSE 'transactional' END::portatext.message_priority, carrier," \
	"  segments, cost, sender, recipient, enc, " text ", " ref ", $12, $13, $14" more_values " FROM u)," \
	" l AS (INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, created_at)" \
	"  SELECT $8, id, 'charge', - cost, $14 FROM u)," \
	" e AS (INSERT INTO portatext.expiry (due, message_id) SELECT $13, id FROM u WHERE $13 IS NOT NULL)"

#define LANE "carrier * 2 + CASE WHEN $9 THEN 1 ELSE 0 END"
#define INTO_OUTBOX(due) \
	" INSERT INTO portatext.outbox (lane, due, message_id, to_number)" \
	" SELECT " LANE ", " due ", id, recipient FROM u"

#define ARGUMENT_TYPES \
	UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID, INT2ARRAYOID, \
	NUMERICARRAYOID, INT8OID, BOOLOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID

#define ARGUMENTS 14			/* of the statement for plain orders */
#define SPECIAL_ARGUMENTS 18
#define MIXED_ARGUMENTS 25

static PtPlan many_plan = {
	WITH_MESSAGES("", "", "$10", "$11", "", "") INTO_OUTBOX("COALESCE($12, $14)"),
	ARGUMENTS, {ARGUMENT_TYPES}
};

/* What a service has written is counted (LAW-02), what is to be reviewed waits elsewhere (LAW-07). */
#define SERVICE_PARTS(ref, at) \
	", s AS (INSERT INTO portatext.service_message (service_id, number, message_id, account_id, send_at, surplus)" \
	"  SELECT service, recipient, id, $8, " at ", warns FROM u WHERE $15 = 'ordinary' AND service <> 0)," \
	" w AS (INSERT INTO portatext.event (account_id, type, subject, payload)" \
	"  SELECT $8, 'service.too_frequent', v.keyword," \
	"   jsonb_build_object('service_id', v.service_id, 'number', u.recipient, 'message_id', u.id)" \
	"  FROM u JOIN portatext.service v ON v.service_id = u.service WHERE u.warns)," \
	" p AS (INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)" \
	"  SELECT 'review', 'infinity', id, " LANE ", segments, recipient FROM u WHERE held)," \
	" h AS (INSERT INTO portatext.event (account_id, type, subject, payload)" \
	"  SELECT $8, 'message.held', u.id::text, portatext.message_payload('queued', u.sender, u.recipient, " ref ", NULL)" \
	"  FROM u JOIN portatext.account a ON a.account_id = $8 AND a.message_events WHERE u.held)"

/* A service's and automatic messages. */
static PtPlan special_plan = {
	WITH_MESSAGES(", $16::int8[], $17::bool[], $18::bool[]", ", service, held, warns", "$10", "$11",
				  ", kind, service_id", ", $15::portatext.message_kind, NULLIF(service, 0)")
	SERVICE_PARTS("$11", "GREATEST($12, $14)") INTO_OUTBOX("COALESCE($12, $14)") " WHERE NOT held",
	SPECIAL_ARGUMENTS, {ARGUMENT_TYPES, TEXTOID, INT8ARRAYOID, BOOLARRAYOID, BOOLARRAYOID},
	.generic = true
};

/*
 * Each with a text, a group and a client_ref of its own; a text that is null is
 * that of the first, $10.  $22 is the schedule of all, null: none; $25 their campaign, 0: none.
 */
static PtPlan mixed_plan = {
	WITH_MESSAGES(", $16::int8[], $17::bool[], $18::bool[], $19::text[], $20::text[], $21::int8[],"
				  " $23::bool[], $24::timestamptz[]", ", service, held, warns, text, ref, grp, own_zone, opens", "COALESCE(text, $10)", "ref",
				  ", kind, service_id, group_id, schedule_id, own_zone, campaign_id",
				  ", $15::portatext.message_kind, NULLIF(service, 0), NULLIF(grp, 0), $22, own_zone, NULLIF($25, 0)")
	SERVICE_PARTS("u.ref", "GREATEST(opens, $12, $14)")
	", t AS (INSERT INTO portatext.message_tally_change (group_id, state, account_id, messages, credits)"
	"  SELECT grp, 'queued', $8, count(*), sum(cost) FROM u WHERE grp <> 0 GROUP BY grp)"
	INTO_OUTBOX("COALESCE(opens, $12, $14)") " WHERE NOT held",
	MIXED_ARGUMENTS, {ARGUMENT_TYPES, TEXTOID, INT8ARRAYOID, BOOLARRAYOID, BOOLARRAYOID,
		TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT4OID, BOOLARRAYOID, TIMESTAMPTZARRAYOID, INT8OID},
	.generic = true
};

/* The further arguments of special_plan and mixed_plan: kind, services, held, warns. */
static void
set_special(const PtOrder *const *orders, int n, Datum *values)
{
	static const char *const kinds[PT_KINDS] = PT_KIND_NAMES;
	Datum	   *services = palloc(n * sizeof(Datum));
	Datum	   *held = palloc(n * sizeof(Datum));
	Datum	   *warns = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		services[i] = Int64GetDatum(orders[i]->service_id);
		held[i] = BoolGetDatum(orders[i]->held);
		warns[i] = BoolGetDatum(orders[i]->warns);
	}
	values[0] = CStringGetTextDatum(kinds[orders[0]->kind]);
	values[1] = PointerGetDatum(construct_array(services, n, INT8OID, 8, true, TYPALIGN_DOUBLE));
	values[2] = PointerGetDatum(construct_array(held, n, BOOLOID, 1, true, TYPALIGN_CHAR));
	values[3] = PointerGetDatum(construct_array(warns, n, BOOLOID, 1, true, TYPALIGN_CHAR));
}

/* The schedule, and for each whether it goes by the account's zone and when it opens: null without one. */
static void
set_schedule(const PtOrder *const *orders, int n, Datum *values, char *nulls)
{
	int32		schedule_id = pt_order_schedule_id(orders[0]);
	PtColumn	own_zones = {BOOLOID};
	PtColumn	opens = {TIMESTAMPTZOID};

	for (int i = 0; i < n; i++)
	{
		if (schedule_id == 0)
		{
			pt_column_add_null(&own_zones);
			pt_column_add_null(&opens);
			continue;
		}
		pt_column_add(&own_zones, BoolGetDatum(orders[i]->own_zone));
		pt_column_add(&opens, TimestampTzGetDatum(orders[i]->opens));
	}
	values[0] = Int32GetDatum(schedule_id);
	nulls[0] = NULL_UNLESS(schedule_id != 0);
	values[1] = pt_column_array(&own_zones);
	values[2] = pt_column_array(&opens);
}

/* The further arguments of mixed_plan: texts, client_refs, groups, the schedule, the campaign. */
static void
set_mixed(const PtOrder *const *orders, int n, Datum *values, char *nulls)
{
	PtColumn	texts = {TEXTOID};
	PtColumn	refs = {TEXTOID};
	PtColumn	groups = {INT8OID};

	for (int i = 0; i < n; i++)
	{
		const PtOrder *o = orders[i];

		if (o->body == orders[0]->body)
			pt_column_add_null(&texts);
		else
			pt_column_add(&texts, PointerGetDatum(o->body));
		if (o->client_ref == NULL)
			pt_column_add_null(&refs);
		else
			pt_column_add(&refs, PointerGetDatum(o->client_ref));
		pt_column_add(&groups, Int64GetDatum(o->group_id));
	}
	values[0] = pt_column_array(&texts);
	values[1] = pt_column_array(&refs);
	values[2] = pt_column_array(&groups);
	set_schedule(orders, n, &values[3], &nulls[3]);
	values[6] = Int64GetDatum(orders[0]->campaign_id);
}

/* What all the orders share: $8 account, $9 bulk, $10 text, $11 client_ref, $12 send_at, $13 valid_until, $14 now. */
static void
set_shared(const PtOrder *first, Datum *values, char *nulls)
{
	values[7] = Int64GetDatum(first->account->account_id);
	values[8] = BoolGetDatum(first->bulk);
	values[9] = PointerGetDatum(first->body);
	values[10] = PointerGetDatum(first->client_ref);
	nulls[10] = NULL_UNLESS(first->client_ref != NULL);
	values[11] = TimestampTzGetDatum(first->send_at);
	nulls[11] = NULL_UNLESS(first->has_send_at);
	values[12] = TimestampTzGetDatum(first->valid_until);
	nulls[12] = NULL_UNLESS(first->has_valid_until);
	values[13] = TimestampTzGetDatum(pt_now());
}

void
pt_store_many(const PtOrder *const *orders, Datum *ids, int n)
{
	PtPlan	   *plan = &many_plan;
	Columns		columns;
	Datum		values[MIXED_ARGUMENTS];
	char		nulls[MIXED_ARGUMENTS + 1];

	pt_installation_note();
	memset(nulls, ' ', MIXED_ARGUMENTS);
	nulls[MIXED_ARGUMENTS] = '\0';
	gather(orders, n, &columns);
	set_arrays(&columns, ids, n, values);
	set_shared(orders[0], values, nulls);
	if (is_mixed(orders, n))
	{
		plan = &mixed_plan;
		set_special(orders, n, &values[ARGUMENTS]);
		set_mixed(orders, n, &values[SPECIAL_ARGUMENTS], &nulls[SPECIAL_ARGUMENTS]);
	}
	else if (!is_plain(orders[0]))
	{
		plan = &special_plan;
		set_special(orders, n, &values[ARGUMENTS]);
	}
	pt_plan_run(plan, values, nulls, SPI_OK_INSERT);
}
