/*
 * erlang_sql.c
 *	  Erlang's formulas as SQL functions (PACE-06).
 */
#include "portatext.h"

#include <math.h>

#include "fmgr.h"

#include "telephony/erlang.h"
#include "telephony/pacing_sql.h"

PG_FUNCTION_INFO_V1(pt_erlang_b_sql);
PG_FUNCTION_INFO_V1(pt_erlang_c_sql);
PG_FUNCTION_INFO_V1(pt_erlang_wait_sql);
PG_FUNCTION_INFO_V1(pt_erlang_asa_sql);
PG_FUNCTION_INFO_V1(pt_erlang_load_sql);

/* A number of servers or agents; 22023. */
int
pt_pacing_count(int count, const char *name)
{
	if (count < 0 || count > PT_SERVERS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s: %d", name, count),
				 errdetail("It is a number from 0 to %d.", PT_SERVERS_MAX)));
	return count;
}

/* A value between two bounds, which may be infinite; 22023, also for NaN. */
double
pt_pacing_value(double value, double low, double high, const char *name)
{
	if (value >= low && value <= high)
		return value;
	if (isinf(high))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s: %g", name, value),
				 errdetail("It is a number from %g up.", low)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s: %g", name, value),
			 errdetail("It is a number from %g to %g.", low, high)));
}

/* The first two arguments of all of them. */
static int
get_servers(FunctionCallInfo fcinfo)
{
	return pt_pacing_count(PG_GETARG_INT32(0), "number of servers");
}

static double
get_load(FunctionCallInfo fcinfo)
{
	return pt_pacing_value(PG_GETARG_FLOAT8(1), 0, HUGE_VAL, "load");
}

/* Seconds of handling: more than none. */
static double
get_handle(FunctionCallInfo fcinfo, int arg)
{
	return pt_pacing_value(PG_GETARG_FLOAT8(arg), PT_HANDLE_MIN, PT_SECONDS_MAX, "handling time");
}

static double
get_wait(FunctionCallInfo fcinfo, int arg)
{
	return pt_pacing_value(PG_GETARG_FLOAT8(arg), 0, PT_SECONDS_MAX, "waiting time");
}

/* portatext.erlang_b(servers, load) */
Datum
pt_erlang_b_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(pt_erlang_b(get_servers(fcinfo), get_load(fcinfo)));
}

/* portatext.erlang_c(servers, load) */
Datum
pt_erlang_c_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(pt_erlang_c(get_servers(fcinfo), get_load(fcinfo)));
}

/* portatext.erlang_wait(servers, load, handling_time, waiting_time) */
Datum
pt_erlang_wait_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(pt_erlang_wait(get_servers(fcinfo), get_load(fcinfo), get_handle(fcinfo, 2),
									get_wait(fcinfo, 3)));
}

/* portatext.erlang_asa(servers, load, handling_time) */
Datum
pt_erlang_asa_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(pt_erlang_asa(get_servers(fcinfo), get_load(fcinfo), get_handle(fcinfo, 2)));
}

/* portatext.erlang_load(servers, occupancy, waiting_probability, handling_time, waiting_time) */
Datum
pt_erlang_load_sql(PG_FUNCTION_ARGS)
{
	int			servers = get_servers(fcinfo);
	double		occupancy = pt_pacing_value(PG_GETARG_FLOAT8(1), 0, 1, "occupancy");
	double		waiting = pt_pacing_value(PG_GETARG_FLOAT8(2), 0, 1, "waiting probability");

	PG_RETURN_FLOAT8(pt_erlang_load(servers, occupancy, waiting, get_handle(fcinfo, 3), get_wait(fcinfo, 4)));
}
