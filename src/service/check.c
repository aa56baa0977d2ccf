/*
 * check.c
 *	  May a service write to these recipients: its state, the countries it serves,
 *	  the subscription and the month's messages (SVC-11, SVC-13, SUB-10, LAW-02).
 *
 * Subscriptions are asked for all recipients in one statement.
 */
#include "service/service.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sms/order_schedule.h"

/*
 * Is the service in a state to send this kind of message (LAW-09)?  A suspended
 * one confirms opt-outs and sends nothing else.
 */
bool
pt_service_may_send(const PtService *service, PtMessageKind kind, PtRefusal *refusal)
{
	if (service->state == PT_SERVICE_ACTIVE ||
		(service->state == PT_SERVICE_SUSPENDED && kind == PT_KIND_OPT_OUT))
		return true;
	pt_refuse(refusal, PT_REFUSE_SERVICE_NOT_ACTIVE, "The service %s is %s.", service->keyword,
			  service->state == PT_SERVICE_SUSPENDED ? "suspended" : "approved, but not yet active");
	return false;
}

/* What needs no table: the service is there and active, and serves the number. */
static bool
check_service(const PtOrder *order, const PtService *service, PtRefusal *refusal)
{
	if (service == NULL)
		pt_refuse(refusal, PT_REFUSE_SERVICE_NOT_ACTIVE, "It has just been closed.");
	else if (!pt_service_may_send(service, order->kind, refusal))
		return false;
	else if (order->kind == PT_KIND_ORDINARY && !pt_service_serves(service, order->to))
		pt_refuse(refusal, PT_REFUSE_NOT_SERVED, "The recipient is %s, the short code %s of %s.",
				  order->to, service->code, service->country);
	return refusal->code == PT_ACCEPTED;
}

/*
 * State of each recipient's subscription and, where $3 asks, how many messages of
 * the month in which each is to go ($5), which is the account's, were not taken back, and whether one
 * of them was noted as the first too many.
 */
static PtPlan ask_plan = {
	"SELECT u.ord::int4, (SELECT s.state::text FROM portatext.subscriber s"
	"   WHERE s.service_id = u.service_id AND s.number::text = u.number), c.n::int4, c.surplus"
	" FROM unnest($1, $2, $3, $5) WITH ORDINALITY AS u(service_id, number, counted, at, ord)"
	" LEFT JOIN LATERAL (SELECT count(*) AS n, bool_or(x.surplus) AS surplus"
	"   FROM portatext.service_message x JOIN portatext.account a ON a.account_id = $4"
	"   LEFT JOIN portatext.message m ON m.message_id = x.message_id"
	"   WHERE u.counted AND x.service_id = u.service_id AND x.number = u.number"
	"     AND date_trunc('month', x.send_at, a.timezone) = date_trunc('month', u.at, a.timezone)"
	"     AND (m.state IS NULL OR m.state NOT IN ('rejected', 'expired', 'cancelled', 'skipped'))"
	" ) c ON true",
	5, {INT8ARRAYOID, TEXTARRAYOID, BOOLARRAYOID, INT8OID, TIMESTAMPTZARRAYOID},
	.generic = true
};

/* Refuses who is no active subscriber; state NULL: never was one. */
static bool
check_state(const char *state, const PtOrder *order, const PtService *service, PtRefusal *refusal)
{
	if (state != NULL && strcmp(state, "active") == 0)
		return true;
	if (state == NULL)
		pt_refuse(refusal, PT_REFUSE_NOT_SUBSCRIBED, "The recipient is %s, the service %s.",
				  order->to, service->keyword);
	else if (strcmp(state, "paused") == 0)
		pt_refuse(refusal, PT_REFUSE_SUBSCRIBER_PAUSED, "The recipient is %s, the service %s.",
				  order->to, service->keyword);
	else
		pt_refuse(refusal, PT_REFUSE_NOT_SUBSCRIBED, "The recipient %s has left the service %s: %s.",
				  order->to, service->keyword, strcmp(state, "opted_out") == 0 ? "opted out" : "cancelled");
	return false;
}

/* Compares with the declared frequency; had messages were counted of the month. */
static void
check_frequency(int had, bool noted, PtOrder *order, const PtService *service, PtRefusal *refusal)
{
	if (had < service->frequency)
		return;
	if (service->frequency_rule == PT_FREQUENCY_BLOCK)
		pt_refuse(refusal, PT_REFUSE_TOO_FREQUENT, "The recipient %s has got %d of %d from the service %s.",
				  order->to, had, service->frequency, service->keyword);
	else
		order->warns = !noted;
}

/* The orders that are still to be asked for, and their columns. */
typedef struct Asked
{
	int			n;
	PtOrder   **orders;
	PtRefusal **refusals;
	const PtService **services;
	Datum	   *ids;
	Datum	   *numbers;
	Datum	   *counted;
	Datum	   *times;
} Asked;

/* Notes one order that is to be asked for. */
static void
ask_for(Asked *asked, PtOrder *order, PtRefusal *refusal, const PtService *service)
{
	asked->orders[asked->n] = order;
	asked->refusals[asked->n] = refusal;
	asked->services[asked->n] = service;
	asked->ids[asked->n] = Int64GetDatum(service->service_id);
	asked->numbers[asked->n] = CStringGetTextDatum(order->to);
	asked->counted[asked->n] = BoolGetDatum(service->frequency_rule != PT_FREQUENCY_COUNT);
	asked->times[asked->n] = TimestampTzGetDatum(pt_order_goes_at(order));
	asked->n++;
}

/* Asks for all of them and refuses those that must not be written to. */
static void
ask_all(Asked *asked)
{
	const PtOrder *first = asked->orders[0];
	Datum		values[5];
	uint64		rows;

	values[0] = PointerGetDatum(construct_array(asked->ids, asked->n, INT8OID, 8, true, TYPALIGN_DOUBLE));
	values[1] = PointerGetDatum(construct_array(asked->numbers, asked->n, TEXTOID, -1, false, TYPALIGN_INT));
	values[2] = PointerGetDatum(construct_array(asked->counted, asked->n, BOOLOID, 1, true, TYPALIGN_CHAR));
	values[3] = Int64GetDatum(first->account->account_id);
	values[4] = PointerGetDatum(construct_array(asked->times, asked->n, TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE));
	rows = pt_plan_run(&ask_plan, values, NULL, SPI_OK_SELECT);
	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;
		int			i = DatumGetInt32(pt_result(row, 1, &isnull)) - 1;
		Datum		state = pt_result(row, 2, &isnull);
		Datum		had;
		Datum		noted;

		if (!check_state(isnull ? NULL : TextDatumGetCString(state), asked->orders[i],
						 asked->services[i], asked->refusals[i]))
			continue;
		had = pt_result(row, 3, &isnull);
		noted = pt_result(row, 4, &isnull);
		check_frequency(DatumGetInt32(had), !isnull && DatumGetBool(noted), asked->orders[i],
						asked->services[i], asked->refusals[i]);
	}
}

void
pt_service_check(PtOrder *const *orders, PtRefusal *const *refusals, int n)
{
	Asked		asked = {0};

	asked.orders = palloc(n * sizeof(PtOrder *));
	asked.refusals = palloc(n * sizeof(PtRefusal *));
	asked.services = palloc(n * sizeof(PtService *));
	asked.ids = palloc(n * sizeof(Datum));
	asked.times = palloc(n * sizeof(Datum));
	asked.numbers = palloc(n * sizeof(Datum));
	asked.counted = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		const PtService *service;

		if (refusals[i]->code != PT_ACCEPTED)
			continue;
		service = pt_service_by_id(orders[i]->service_id);
		if (check_service(orders[i], service, refusals[i]) && orders[i]->kind == PT_KIND_ORDINARY)
			ask_for(&asked, orders[i], refusals[i], service);
	}
	if (asked.n == 0)
		return;
	ask_all(&asked);
	for (int i = 0; i < asked.n; i++)
	{
		bool		same = i > 0 && asked.orders[i]->body == asked.orders[i - 1]->body;

		asked.orders[i]->held = same ? asked.orders[i - 1]->held : pt_service_reviews(asked.orders[i]->body);
	}
}
