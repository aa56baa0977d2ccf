/*
 * explain_route.c
 *	  portatext.explain_route(): which routes concern a message, and why each is
 *	  taken or not.
 */
#include "portatext.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "carrier/route.h"
#include "sms/order.h"
#include "worker/shared.h"

#define COLUMNS 5

/* The rows under way. */
typedef struct Explained
{
	ReturnSetInfo *set;
	PtRouteAsk	ask;
	int32		taken;			/* the carrier; -1: none */
	bool		given;			/* a row has it already */
	int			n;
} Explained;

/* Adds a row; route 0: none. */
static void
add_row(Explained *e, int32 carrier_id, bool taken, const char *reason, int64 route_id)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};

	values[0] = Int32GetDatum(++e->n);
	values[1] = Int32GetDatum(carrier_id);
	nulls[1] = carrier_id < 0;
	values[2] = BoolGetDatum(taken);
	values[3] = CStringGetTextDatum(reason);
	values[4] = Int64GetDatum(route_id);
	nulls[4] = route_id == 0;
	tuplestore_putvalues(e->set->setResult, e->set->setDesc, values, nulls);
}

/* Why a route's carrier does not come into question; NULL: it does. */
static const char *
why_not(const PtRoute *route, const PtRouteAsk *ask)
{
	if (!pt_route_sender_fits(route, ask))
		return "the sender does not begin so";
	if (route->valid_from > ask->now)
		return "not in force yet";
	if (!pt_route_in_force(route, ask))
		return "not in force any more";
	switch (pt_carrier_standing(route->carrier_id))
	{
		case PT_STANDING_DISABLED:
			return "the carrier is disabled";
		case PT_STANDING_STOPPED:
			return "the carrier is stopped";
		case PT_STANDING_OPEN:
			return "the carrier's breaker is open";
		default:
			return NULL;
	}
}

/* A row for one route. */
static void
explain_one(Explained *e, const PtRoute *found[], int i)
{
	const PtRoute *route = found[i];
	const char *reason = why_not(route, &e->ask);
	bool		applies = pt_route_applies(route, &e->ask);
	bool		taken = applies && !e->given && route->carrier_id == e->taken;

	if (taken)
		reason = reason == NULL ? "taken" : psprintf("taken, though %s: no other can", reason);
	for (int j = 0; j < i && reason == NULL; j++)
	{
		if (found[j]->carrier_id == route->carrier_id && pt_route_applies(found[j], &e->ask))
			reason = "the carrier of a route before";
	}
	if (reason == NULL)
		reason = "next if those before cannot";
	e->given = e->given || taken;
	add_row(e, route->carrier_id, taken, reason, route->route_id);
}

/* The row for what is not decided by routes. */
static void
explain_rest(Explained *e, bool routed)
{
	const PtAccount *account = pt_account_get(e->ask.account_id);
	const char *reason;

	if (account->sandbox)
		reason = "a sandbox account never leaves loopback";
	else if (!routed)
		reason = "chosen by portatext.route_function";
	else if (account->carrier_id >= 0)
		reason = "no route applies: pinned to the account";
	else
		reason = "no route applies: the enabled carrier of the lowest priority";
	if (e->taken < 0)
		reason = "no carrier takes it";
	add_row(e, e->taken, e->taken >= 0, reason, 0);
}

/* All rows. */
static void
explain(Explained *e, const char *from, const char *to, int64 account_id)
{
	const PtRoute *found[PT_ROUTES_MAX];
	bool		routed = pt_route_ask(account_id, from, to, &e->ask);
	int			n = routed ? pt_route_find(&e->ask, found) : 0;

	e->taken = pt_route(account_id, from, to);
	for (int i = 0; i < n; i++)
		explain_one(e, found, i);
	if (!e->given)
		explain_rest(e, routed);
}

PG_FUNCTION_INFO_V1(pt_explain_route);

/* portatext.explain_route(account_id, to_number, from_number); raises 42704: no such account. */
Datum
pt_explain_route(PG_FUNCTION_ARGS)
{
	Explained	e = {(ReturnSetInfo *) fcinfo->resultinfo};
	int64		account_id;
	char	   *to;
	const char *from;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	account_id = PG_GETARG_INT64(0);
	to = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (PG_ARGISNULL(2))
	{
		PtRefusal	refusal;

		SPI_connect();
		from = pt_sender_choose(account_id, NULL, to, &refusal);
		SPI_finish();
	}
	else
		from = text_to_cstring(PG_GETARG_TEXT_PP(2));
	explain(&e, from == NULL ? "" : from, to, account_id);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(pt_breaker_open);

/* portatext.breaker_open(carrier_id) */
Datum
pt_breaker_open(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(pt_breaker_is_open(PG_GETARG_INT32(0)));
}
