/*
 * rest_routes.c
 *	  portatext.rest_routes(): the table of the SDKs' paths as rows.
 */
#include "portatext.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "api/rest_route.h"

PG_FUNCTION_INFO_V1(pt_rest_routes_rows);

Datum
pt_rest_routes_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (const PtRestRoute *route = pt_rest_routes; route < pt_rest_routes + pt_rest_n_routes; route++)
	{
		Datum		values[6] = {
			Int32GetDatum(route->operation),
			CStringGetTextDatum(route->method),
			CStringGetTextDatum(route->path),
			CStringGetTextDatum(pt_rest_media_name(route->takes)),
			CStringGetTextDatum(pt_rest_media_name(route->gives)),
			CStringGetTextDatum(route->handler),
		};
		bool		nulls[6] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
