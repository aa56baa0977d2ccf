/*
 * route.c
 *	  Which carrier takes a message: portatext.route_function, by default
 *	  portatext.default_route(), which goes by the table portatext.route.
 *
 * choice.c has the order of routes; here are the caches of routes and carriers.
 */
#include "carrier/route.h"

#include <math.h>

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "account/account.h"
#include "cache.h"
#include "carrier/load.h"
#include "worker/shared.h"

#define DEFAULT_FUNCTION "portatext.default_route"

/* The setting portatext.route_function. */
static char *route_function = NULL;

/* Is there such a function in use instead of the default one? */
static bool
function_is_custom(void)
{
	return route_function != NULL && route_function[0] != '\0' &&
		strcmp(route_function, DEFAULT_FUNCTION) != 0;
}

/* A carrier that a route, an account or nobody names. */
typedef struct Known
{
	int32		carrier_id;
	bool		enabled;
	bool		stopped;
} Known;

/* The carriers and routes in force, as this backend knows them. */
static PtCache cache = {.tables = {"carrier", "carrier_stop", "route"}};
static Known *known = NULL;
static int	n_known = 0;
static int32 loopback = -1;
static int32 first_choice = -1;
static PtRoute *routes = NULL;
static int	n_routes = 0;

/* Throws a list away and makes room for n entries. */
static void *
new_list(void *old, uint64 n, size_t size)
{
	void	   *list = MemoryContextAllocZero(TopMemoryContext, (n + 1) * size);

	if (old != NULL)
		pfree(old);
	return list;
}

/* Defines the setting. */
void
pt_carrier_init(void)
{
	DefineCustomStringVariable("portatext.route_function",
							   "The function (bigint, text, text) that chooses the carrier of a message.",
							   "It gets account, sender and recipient and returns a carrier_id, or null for none.",
							   &route_function, DEFAULT_FUNCTION,
							   PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Reads the carriers, the preferred ones first. */
static void
read_carriers(void)
{
	static PtPlan plan = {
		"SELECT c.carrier_id, c.adapter OPERATOR(pg_catalog.=) 'loopback', "
		"c.name OPERATOR(pg_catalog.=) 'loopback', c.enabled, "
		"EXISTS (SELECT FROM portatext.carrier_stop s "
		"WHERE s.carrier_id OPERATOR(pg_catalog.=) c.carrier_id) "
		"FROM portatext.carriers c ORDER BY c.priority, c.carrier_id",
		0
	};
	uint64		n = pt_plan_read(&plan, NULL, NULL);
	bool		isnull;

	loopback = first_choice = -1;
	n_known = 0;
	known = new_list(known, n, sizeof(Known));
	for (uint64 i = 0; i < n; i++)
	{
		Known	   *k = &known[n_known++];
		bool		is_loopback = DatumGetBool(pt_result(i, 2, &isnull));

		k->carrier_id = DatumGetInt32(pt_result(i, 1, &isnull));
		k->enabled = DatumGetBool(pt_result(i, 4, &isnull));
		k->stopped = DatumGetBool(pt_result(i, 5, &isnull));
		if (k->enabled && is_loopback && DatumGetBool(pt_result(i, 3, &isnull)))
			loopback = k->carrier_id;
		if (k->enabled && !is_loopback && first_choice < 0)
			first_choice = k->carrier_id;
	}
}

/* One row of portatext.route. */
static void
read_route(uint64 row, PtRoute *route)
{
	bool		isnull;
	Datum		value;

	route->route_id = DatumGetInt64(pt_result(row, 1, &isnull));
	route->account_id = DatumGetInt64(pt_result(row, 2, &isnull));
	strlcpy(route->sender, TextDatumGetCString(pt_result(row, 3, &isnull)), sizeof(route->sender));
	strlcpy(route->destination, TextDatumGetCString(pt_result(row, 4, &isnull)),
			sizeof(route->destination));
	route->carrier_id = DatumGetInt32(pt_result(row, 5, &isnull));
	route->priority = DatumGetInt32(pt_result(row, 6, &isnull));
	route->weight = DatumGetInt32(pt_result(row, 7, &isnull));
	value = pt_result(row, 8, &isnull);
	route->cost = isnull ? HUGE_VAL : DatumGetFloat8(value);
	route->valid_from = DatumGetTimestampTz(pt_result(row, 9, &isnull));
	route->valid_to = DatumGetTimestampTz(pt_result(row, 10, &isnull));
}

/* Reads every route. */
static void
read_routes(void)
{
	static PtPlan plan = {
		"SELECT route_id, COALESCE(account_id, 0), sender_prefix, destination_prefix, carrier_id, "
		"priority, weight, cost::pg_catalog.float8, valid_from, valid_to FROM portatext.route",
		0
	};
	uint64		n = pt_plan_read(&plan, NULL, NULL);

	n_routes = 0;
	routes = new_list(routes, n, sizeof(PtRoute));
	for (uint64 i = 0; i < n; i++)
		read_route(i, &routes[i]);
	n_routes = (int) n;
	pt_routes_sort(routes, n_routes);
}

/* Reads carriers and routes again when they may have changed. */
static void
refresh(void)
{
	PtRole		saved;

	if (pt_cache_fresh(&cache))
		return;
	pt_cache_begin(&cache);
	SPI_connect();
	pt_become_keeper(&saved);
	read_carriers();
	read_routes();
	pt_become_caller(&saved);
	SPI_finish();
	pt_cache_loaded(&cache);
}

/* What is known of the carrier; NULL: there is no such carrier. */
static const Known *
find_known(int32 carrier_id)
{
	for (int i = 0; i < n_known; i++)
	{
		if (known[i].carrier_id == carrier_id)
			return &known[i];
	}
	return NULL;
}

/* Is the carrier there and enabled? */
static bool
is_enabled(int32 carrier_id)
{
	const Known *k = find_known(carrier_id);

	return k != NULL && k->enabled;
}

PtStanding
pt_carrier_standing(int32 carrier_id)
{
	const Known *k;

	refresh();
	k = find_known(carrier_id);
	if (k == NULL || !k->enabled)
		return PT_STANDING_DISABLED;
	if (k->stopped)
		return PT_STANDING_STOPPED;
	return pt_breaker_is_open(carrier_id) ? PT_STANDING_OPEN : PT_STANDING_GOOD;
}

bool
pt_route_ask(int64 account_id, const char *from, const char *to, PtRouteAsk *ask)
{
	const PtAccount *account = pt_account_get(account_id);

	ask->account_id = account_id;
	ask->own_only = account->carrier_id >= 0;
	ask->from = from;
	ask->to = to;
	ask->now = pt_now();
	return !account->sandbox && !function_is_custom();
}

int
pt_route_find(const PtRouteAsk *ask, const PtRoute *found[PT_ROUTES_MAX])
{
	refresh();
	return pt_routes_find(routes, n_routes, ask, found);
}

/*
 * The carrier of the first route whose carrier is in the best standing; false:
 * no route applies.  carrier_id -1: all carriers are disabled.
 */
static bool
choose_route(const PtRouteAsk *ask, int32 *carrier_id)
{
	const PtRoute *found[PT_ROUTES_MAX];
	int			n = n_routes == 0 ? 0 : pt_route_find(ask, found);
	PtStanding	best = PT_STANDING_DISABLED;
	bool		applies = false;

	*carrier_id = -1;
	for (int i = 0; i < n && best != PT_STANDING_GOOD; i++)
	{
		PtStanding	standing;

		if (!pt_route_applies(found[i], ask))
			continue;
		applies = true;
		standing = pt_carrier_standing(found[i]->carrier_id);
		if (standing >= best)
			continue;
		best = standing;
		*carrier_id = found[i]->carrier_id;
	}
	return applies;
}

int32
pt_route_next(int64 account_id, const char *from, const char *to, const int32 *tried, int n_tried,
			  bool allow_open, PtRouteFits fits, void *arg)
{
	const PtRoute *found[PT_ROUTES_MAX];
	PtRouteAsk	ask;
	int32		open = -1;
	int			n;

	refresh();
	if (n_routes == 0 || !pt_route_ask(account_id, from, to, &ask))
		return -1;
	n = pt_route_find(&ask, found);
	for (int i = 0; i < n; i++)
	{
		int32		carrier_id = found[i]->carrier_id;
		PtStanding	standing = pt_carrier_standing(carrier_id);

		if (standing > PT_STANDING_OPEN || !pt_route_applies(found[i], &ask) ||
			pt_tried_has(tried, n_tried, carrier_id) || !fits(carrier_id, arg))
			continue;
		if (standing == PT_STANDING_GOOD)
			return carrier_id;
		if (open < 0)
			open = carrier_id;
	}
	return allow_open ? open : -1;
}

int32
pt_route_without(int64 account_id)
{
	const PtAccount *account = pt_account_get(account_id);

	refresh();
	if (account->carrier_id >= 0)
		return is_enabled(account->carrier_id) ? account->carrier_id : -1;
	return first_choice;
}

/*
 * A sandbox account: loopback, which alone honours its credits.  Else the
 * routes; where none applies, the pinned carrier; else the enabled carrier with
 * the lowest priority.
 */
static int32
default_route(int64 account_id, const char *from, const char *to)
{
	PtRouteAsk	ask;
	int32		carrier_id;

	refresh();
	if (pt_account_get(account_id)->sandbox)
		return loopback;
	(void) pt_route_ask(account_id, from, to, &ask);
	if (choose_route(&ask, &carrier_id))
		return carrier_id;
	return pt_route_without(account_id);
}

PG_FUNCTION_INFO_V1(pt_default_route);

/* portatext.default_route(account_id, from_number, to_number) */
Datum
pt_default_route(PG_FUNCTION_ARGS)
{
	int32		carrier_id = default_route(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
										   text_to_cstring(PG_GETARG_TEXT_PP(2)));

	if (carrier_id < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(carrier_id);
}

/* The function that the setting names; raises 42883 or 42P13. */
static Oid
find_function(void)
{
	Oid			types[3] = {INT8OID, TEXTOID, TEXTOID};
	Oid			function = LookupFuncName(pt_name_list(route_function), 3, types, false);

	if (get_func_rettype(function) != INT4OID || get_func_retset(function))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function %s does not return integer", route_function),
				 errhint("The setting portatext.route_function names it.")));
	return function;
}

/* Calls the function that the setting names; -1 when it returns null. */
static int32
custom_route(int64 account_id, const char *from, const char *to)
{
	LOCAL_FCINFO(fcinfo, 3);
	FmgrInfo	flinfo;
	Datum		result;

	fmgr_info(find_function(), &flinfo);
	InitFunctionCallInfoData(*fcinfo, &flinfo, 3, DEFAULT_COLLATION_OID, NULL, NULL);
	fcinfo->args[0].value = Int64GetDatum(account_id);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = CStringGetTextDatum(from);
	fcinfo->args[1].isnull = false;
	fcinfo->args[2].value = CStringGetTextDatum(to);
	fcinfo->args[2].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	if (fcinfo->isnull)
		return -1;
	refresh();
	if (!is_enabled(DatumGetInt32(result)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("function %s returned %d, which is no enabled carrier",
						route_function, DatumGetInt32(result)),
				 errhint("The setting portatext.route_function names it.")));
	return DatumGetInt32(result);
}

int32
pt_route(int64 account_id, const char *from, const char *to)
{
	/* No function may honour a sandbox account's credits. */
	if (!function_is_custom() || pt_account_get(account_id)->sandbox)
		return default_route(account_id, from, to);
	return custom_route(account_id, from, to);
}

PG_FUNCTION_INFO_V1(pt_route_sql);

/* portatext.route(account_id, from_number, to_number) */
Datum
pt_route_sql(PG_FUNCTION_ARGS)
{
	int32		carrier_id = pt_route(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
									  text_to_cstring(PG_GETARG_TEXT_PP(2)));

	if (carrier_id < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(carrier_id);
}
