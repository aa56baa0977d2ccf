/*
 * route.c
 *	  Which carrier takes a message: portatext.route_function, by default
 *	  portatext.default_route().
 */
#include "carrier/route.h"

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

#define DEFAULT_FUNCTION "portatext.default_route"

/* The setting portatext.route_function. */
static char *route_function = NULL;

/* The carriers in force, as this backend knows them. */
static PtCache cache = {.tables = {"carrier"}};
static int32 *enabled = NULL;	/* ids */
static int	n_enabled = 0;
static int32 loopback = -1;
static int32 first_choice = -1;

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

/* Reads the enabled carriers, the preferred ones first. */
static void
read_carriers(void)
{
	static PtPlan plan = {
		"SELECT carrier_id, adapter OPERATOR(pg_catalog.=) 'loopback', name OPERATOR(pg_catalog.=) 'loopback' "
		"FROM portatext.carriers WHERE enabled ORDER BY priority, carrier_id",
		0
	};
	PtRole		saved;
	uint64		n;
	bool		isnull;

	SPI_connect();
	pt_become_owner(&saved);
	n = pt_plan_read(&plan, NULL, NULL);
	pt_become_caller(&saved);
	loopback = first_choice = -1;
	n_enabled = 0;
	if (enabled != NULL)
		pfree(enabled);
	enabled = NULL;
	enabled = MemoryContextAlloc(TopMemoryContext, (n + 1) * sizeof(int32));
	for (uint64 i = 0; i < n; i++)
	{
		int32		id = DatumGetInt32(pt_result(i, 1, &isnull));
		bool		is_loopback = DatumGetBool(pt_result(i, 2, &isnull));

		enabled[n_enabled++] = id;
		if (is_loopback && DatumGetBool(pt_result(i, 3, &isnull)))
			loopback = id;
		if (!is_loopback && first_choice < 0)
			first_choice = id;
	}
	SPI_finish();
}

/* Reads the carriers again when they may have changed. */
static void
refresh(void)
{
	if (pt_cache_fresh(&cache))
		return;
	pt_cache_begin(&cache);
	read_carriers();
	pt_cache_loaded(&cache);
}

/* Is the carrier there and enabled? */
static bool
is_enabled(int32 carrier_id)
{
	for (int i = 0; i < n_enabled; i++)
	{
		if (enabled[i] == carrier_id)
			return true;
	}
	return false;
}

/*
 * A sandbox account: loopback, which alone honours its credits.  A pinned
 * carrier: that one.  Else the enabled carrier with the lowest priority.
 */
static int32
default_route(int64 account_id)
{
	const PtAccount *account = pt_account_get(account_id);

	refresh();
	if (account->sandbox)
		return loopback;
	if (account->carrier_id >= 0)
		return is_enabled(account->carrier_id) ? account->carrier_id : -1;
	return first_choice;
}

PG_FUNCTION_INFO_V1(pt_default_route);

/* portatext.default_route(account_id, from_number, to_number) */
Datum
pt_default_route(PG_FUNCTION_ARGS)
{
	int32		carrier_id = default_route(PG_GETARG_INT64(0));

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
	if (route_function == NULL || route_function[0] == '\0' ||
		strcmp(route_function, DEFAULT_FUNCTION) == 0 ||
		pt_account_get(account_id)->sandbox)	/* no function may honour its credits */
		return default_route(account_id);
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
