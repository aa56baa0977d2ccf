/*
 * schedule_sql.c
 *	  The SQL functions about schedules.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "number/number.h"
#include "schedule/schedule.h"

PG_FUNCTION_INFO_V1(pt_check_schedule);
PG_FUNCTION_INFO_V1(pt_is_open);
PG_FUNCTION_INFO_V1(pt_next_open);
PG_FUNCTION_INFO_V1(pt_is_open_in);
PG_FUNCTION_INFO_V1(pt_next_open_in);

/* portatext.check_schedule(jsonb): raises 22023 unless it is one. */
Datum
pt_check_schedule(PG_FUNCTION_ARGS)
{
	PtSchedule	schedule;

	pt_schedule_read(PG_GETARG_JSONB_P(0), &schedule);
	PG_RETURN_VOID();
}

/* The argument at; raises 22008 for an infinite time. */
static TimestampTz
read_time(FunctionCallInfo fcinfo)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the time is infinite")));
	return at;
}

/* portatext.is_open(schedule, number, at). */
Datum
pt_is_open(PG_FUNCTION_ARGS)
{
	TimestampTz at = read_time(fcinfo);
	bool		own_zone = false;
	PtSchedule	schedule;

	pt_schedule_read(PG_GETARG_JSONB_P(0), &schedule);
	PG_RETURN_BOOL(pt_schedule_find_for(&schedule, pt_known_account(), text_to_cstring(PG_GETARG_TEXT_PP(1)),
										at, &own_zone) == at);
}

/* portatext.next_open(schedule, number, at): raises 22023 for a schedule that never opens. */
Datum
pt_next_open(PG_FUNCTION_ARGS)
{
	TimestampTz at = read_time(fcinfo);
	bool		own_zone;
	PtSchedule	schedule;

	pt_schedule_read(PG_GETARG_JSONB_P(0), &schedule);
	PG_RETURN_TIMESTAMPTZ(pt_schedule_next_for(&schedule, pt_known_account(),
											   text_to_cstring(PG_GETARG_TEXT_PP(1)), at, &own_zone));
}

/* When it opens in the zones of the arguments; raises 22023 for one that the server does not know. */
static TimestampTz
find_in(FunctionCallInfo fcinfo)
{
	TimestampTz at = read_time(fcinfo);
	const char *names[PT_ZONES_MAX];
	const void *list[PT_ZONES_MAX];
	PtSchedule	schedule;
	PtZones		zones;
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	pt_schedule_read(PG_GETARG_JSONB_P(0), &schedule);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	if (n > PT_ZONES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are more than %d time zones", PT_ZONES_MAX)));
	for (int i = 0; i < n; i++)
	{
		names[i] = nulls[i] ? "" : TextDatumGetCString(elements[i]);
		if (pt_zones_get(&zones, list, &names[i], 1) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("time zone \"%s\" is not known", names[i]),
					 errhint("The view pg_timezone_names lists them.")));
	}
	pt_zones_get(&zones, list, names, n);
	return pt_schedule_find(&schedule, &zones, at);
}

/* portatext.is_open_in(schedule, zones, at): in all of them at once. */
Datum
pt_is_open_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(find_in(fcinfo) == PG_GETARG_TIMESTAMPTZ(2));
}

/* portatext.next_open_in(schedule, zones, at): null when it never is. */
Datum
pt_next_open_in(PG_FUNCTION_ARGS)
{
	TimestampTz found = find_in(fcinfo);

	if (found == DT_NOEND)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(found);
}
