/*
 * call_charge.c
 *	  Paying for calls: the first minute before a call is placed, each further minute
 *	  of each leg before it begins, the exact cost at the end.
 *
 * Only what was paid is used, so a prepaid balance never goes below zero for a call.
 * Each payment is a ledger row of kind charge: the first has the call's id as its
 * reference, later ones have their own and name the call; what is left at the end is
 * one row of kind refund with the call's id (docs/decisions/0028-charging-calls.md).
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "billing/billing.h"
#include "billing/credits.h"
#include "sms/column.h"
#include "telephony/call_tariff.h"
#include "telephony/flow_check.h"

#define MINUTE_US (60 * USECS_PER_SEC)
#define PAY_BATCH "1000"
#define MOST INT64CONST(999999999999999999) /* of portatext.credits, in millionths */

static PtPlan reserve_plan = {
	.sql = "WITH booked AS (INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount)"
	"  SELECT $2, $1, 'charge', -$3 WHERE $3 > 0)"
	" UPDATE portatext.call c SET reserved = $3, per_call = $4, rate = $5 WHERE c.call_id = $1",
	.nargs = 5,
	.argtypes = {UUIDOID, INT8OID, NUMERICOID, NUMERICOID, NUMERICOID}
};

static PtPlan flow_plan = {
	.sql = "SELECT COALESCE(c.flow, k.flow)::text FROM portatext.call c"
	" LEFT JOIN portatext.call_campaign k ON k.campaign_id = c.campaign_id WHERE c.call_id = $1",
	.nargs = 1,
	.argtypes = {UUIDOID}
};

static PtPlan due_plan = {
	.sql = "SELECT array_agg(x.call_id) FROM (SELECT c.call_id FROM portatext.call c"
	"  WHERE c.ended_at IS NULL AND c.paid_until <= $1 AND c.hang_up_at IS NULL"
	"  ORDER BY c.call_id LIMIT " PAY_BATCH " FOR NO KEY UPDATE SKIP LOCKED) x",
	.nargs = 1,
	.argtypes = {TIMESTAMPTZOID}
};

static PtPlan call_plan = {
	.sql = "UPDATE portatext.call c SET reserved = u.reserved, cost = u.cost, paid_until = u.paid_until,"
	" b_rate = nullif(u.b_rate, 0), hang_up_at = COALESCE(c.hang_up_at, u.hang_up_at),"
	" hang_up_reason = CASE WHEN c.hang_up_at IS NULL AND u.hang_up_at IS NOT NULL THEN 'no_credits' ELSE c.hang_up_reason END"
	" FROM unnest($1, $2, $3, $4, $5, $6) u(id, reserved, cost, b_rate, paid_until, hang_up_at)"
	" WHERE c.call_id = u.id",
	.nargs = 6,
	.argtypes = {UUIDARRAYOID, NUMERICARRAYOID, NUMERICARRAYOID, NUMERICARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID},
	.generic = true
};

static PtPlan ledger_plan = {
	.sql = "WITH given AS (SELECT * FROM unnest($1, $2, $3, $4, $5) u(account_id, reference, kind, amount, note)),"
	" booked AS (INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, note)"
	"  SELECT g.account_id, g.reference, g.kind::portatext.ledger_kind, g.amount, g.note FROM given g"
	"  ORDER BY g.account_id, g.reference)"
	" INSERT INTO portatext.balance_pending (reference, account_id, amount)"
	"  SELECT g.reference, g.account_id, g.amount FROM given g WHERE g.amount > 0",
	.nargs = 5,
	.argtypes = {INT8ARRAYOID, UUIDARRAYOID, TEXTARRAYOID, NUMERICARRAYOID, TEXTARRAYOID},
	.generic = true
};

bool
pt_call_reserve(const pg_uuid_t *call_id, int64 account_id, const char *to, bool *tariff)
{
	Datum		values[5] = {UUIDPGetDatum(call_id), Int64GetDatum(account_id)};

	*tariff = pt_call_tariff_for(account_id, to, &values[3], &values[4]);
	if (!*tariff)
		return false;
	values[2] = DirectFunctionCall2(numeric_add, values[3], values[4]);
	if (!pt_charge(account_id, values[2]))
		return false;
	pt_plan_run_latest(&reserve_plan, values, NULL, SPI_OK_UPDATE);
	return true;
}

/* Minutes of a leg begun until then: at its very moment the next one has begun, unless the leg is over. */
static int64
minutes(TimestampTz from, TimestampTz until, bool over)
{
	int64		span = Max(until - from, 0);

	return over ? Max((span + MINUTE_US - 1) / MINUTE_US, 1) : span / MINUTE_US + 1;
}

/* What minutes cost; more than any account can have is as good as all of that. */
static int64
price(int64 rate, int64 n)
{
	int64		sum;

	return pg_mul_s64_overflow(rate, n, &sum) ? MOST : Min(sum, MOST);
}

/* Has leg B minutes to be paid? */
static bool
b_costs(const PtCallRow *row)
{
	return row->b_answered_at != 0 && row->b_rate > 0;
}

/* What the call costs until then. */
static int64
due(const PtCallRow *row, TimestampTz until)
{
	bool		over = row->ended_at != 0;
	bool		b_over = row->b_ended_at != 0;
	int64		sum;

	if (row->answered_at == 0)
		return 0;
	sum = row->per_call + price(row->rate, minutes(row->answered_at, over ? row->ended_at : until, over));
	if (b_costs(row))
		sum += price(row->b_rate, minutes(row->b_answered_at, b_over ? row->b_ended_at : until, b_over));
	return Min(sum, MOST);
}

/* When the next minute of a leg begins that is not in due(until). */
static TimestampTz
next_minute(const PtCallRow *row, TimestampTz until)
{
	TimestampTz next = row->answered_at + minutes(row->answered_at, until, false) * MINUTE_US;

	if (b_costs(row) && row->b_ended_at == 0)
		next = Min(next, row->b_answered_at + minutes(row->b_answered_at, until, false) * MINUTE_US);
	return next;
}

/* Whom leg B calls: the agent, or whom the flow names, whatever the engine makes of it; NULL: not known. */
static const char *
b_destination(const PtCallRow *row)
{
	Datum		value = UUIDPGetDatum(&row->id);
	const char *to = NULL;
	bool		isnull = true;
	Datum		flow = (Datum) 0;

	if (row->connects > 0)
		return row->b_number;
	if (pt_plan_run_latest(&flow_plan, &value, NULL, SPI_OK_SELECT) > 0)
		flow = pt_result(0, 1, &isnull);
	if (!isnull)
		to = pt_call_flow_destination(TextDatumGetCString(flow), row->amd);
	return to != NULL ? to : row->b_number;
}

/* Leg B's price: a telephone number has one, also as a SIP URI's user; an agent's SIP address has not. */
static void
price_b(PtCallRow *row)
{
	const char *to;
	char		number[PT_E164_SIZE];
	Datum		per_call;
	Datum		per_minute;

	if (row->b_answered_at == 0 || row->b_rate != 0)
		return;
	to = b_destination(row);
	if (to != NULL && pt_call_number_of(to, number) &&
		pt_call_tariff_for(row->account_id, number, &per_call, &per_minute))
		row->b_rate = pt_micro(per_minute);
}

/* Takes so much more than was taken; false: the funds do not suffice. */
static bool
pay(PtCallRow *row, int64 amount)
{
	if (amount <= 0)
		return true;
	if (!pt_charge(row->account_id, pt_credits(amount)))
		return false;
	row->reserved += amount;
	row->taken += amount;
	return true;
}

/* The end: what was paid is enough, or what is missing is taken if it is there. */
static void
settle(PtCallRow *row)
{
	int64		exact = due(row, row->ended_at);

	(void) pay(row, exact - row->reserved);
	row->cost = Min(exact, row->reserved);
	row->given_back = row->reserved - row->cost;
	row->reserved = 0;
	row->paid_until = 0;
}

void
pt_call_row_meter(PtCallRow *row, TimestampTz until, TimestampTz now)
{
	row->metered = true;
	price_b(row);
	if (row->phase == PT_PHASE_ENDED)
	{
		settle(row);
		return;
	}
	if (row->answered_at == 0)
		return;
	if (pay(row, due(row, until) - row->reserved))
		row->paid_until = next_minute(row, until);
	else
	{
		row->no_credits = true;
		row->paid_until = row->paid_until == 0 ? now : row->paid_until;
	}
}

static void
add_time(PtColumn *column, TimestampTz t)
{
	if (t == 0)
		pt_column_add_null(column);
	else
		pt_column_add(column, TimestampTzGetDatum(t));
}

/* One booking; amount > 0 is given back. */
static void
add_entry(PtColumn *c, const PtCallRow *row, Datum reference, int64 amount)
{
	char	   *id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&row->id)));

	pt_column_add(c++, Int64GetDatum(row->account_id));
	pt_column_add(c++, reference);
	pt_column_add_text(c++, amount < 0 ? "charge" : "refund");
	pt_column_add(c++, pt_credits(amount));
	pt_column_add_text(c, amount < 0 ? psprintf("call %s", id) : NULL);
}

void
pt_call_rows_book(PtCallRow *rows, int n)
{
	PtColumn	calls[6] = {{UUIDOID}, {NUMERICOID}, {NUMERICOID}, {NUMERICOID}, {TIMESTAMPTZOID}, {TIMESTAMPTZOID}};
	PtColumn	entries[5] = {{INT8OID}, {UUIDOID}, {TEXTOID}, {NUMERICOID}, {TEXTOID}};
	TimestampTz now = pt_now();

	for (int i = 0; i < n; i++)
	{
		const PtCallRow *row = &rows[i];

		if (!row->metered)
			continue;
		pt_column_add_uuid(&calls[0], &row->id);
		pt_column_add(&calls[1], pt_credits(row->reserved));
		pt_column_add(&calls[2], pt_credits(row->cost));
		pt_column_add(&calls[3], pt_credits(row->b_rate));
		add_time(&calls[4], row->paid_until);
		add_time(&calls[5], row->no_credits ? now : 0);
		if (row->taken > 0)
			add_entry(entries, row, pt_uuid7_datum(), -row->taken);
		if (row->given_back > 0)
			add_entry(entries, row, UUIDPGetDatum(&row->id), row->given_back);
	}
	pt_column_run(&call_plan, calls, SPI_OK_UPDATE);
	pt_column_run(&ledger_plan, entries, SPI_OK_INSERT);
}

int
pt_calls_pay_on(TimestampTz until)
{
	Datum		value = TimestampTzGetDatum(until);
	TimestampTz now = pt_now();
	Datum		ids;
	PtCallRow  *rows;
	bool		isnull;
	int			n;

	pt_plan_run_latest(&due_plan, &value, NULL, SPI_OK_SELECT);
	ids = pt_result(0, 1, &isnull);
	if (isnull)
		return 0;
	rows = pt_call_rows_lock(ids, 0, &n);
	for (int i = 0; i < n; i++)
		pt_call_row_meter(&rows[i], until, now);
	pt_call_rows_book(rows, n);
	return n;
}
