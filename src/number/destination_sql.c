/*
 * destination_sql.c
 *	  portatext.destinations(): dialled prefixes with their countries.
 */
#include "portatext.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "number/destination.h"

/* PtDestinationTaker: adds a row. */
static void
put_destination(void *arg, const char *prefix, const char *country)
{
	ReturnSetInfo *rsinfo = arg;
	Datum		values[2] = {CStringGetTextDatum(prefix), CStringGetTextDatum(country)};
	bool		nulls[2] = {false, false};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(pt_destinations);

/* portatext.destinations(): the longest prefix that a number begins with tells its country. */
Datum
pt_destinations(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	pt_number_destinations(put_destination, fcinfo->resultinfo, palloc(PT_PLAN_STATES_MAX));
	return (Datum) 0;
}
