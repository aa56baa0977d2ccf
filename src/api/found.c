/*
 * found.c
 *	  What a client names and is not there: the error that becomes 404.
 */
#include "api/api.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pt_api_found);

/* portatext.api_found(found, what, name): true; raises 42704 unless it was found. */
Datum
pt_api_found(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || !PG_GETARG_BOOL(0))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s \"%s\" does not exist", PG_ARGISNULL(1) ? "object" : text_to_cstring(PG_GETARG_TEXT_PP(1)),
						PG_ARGISNULL(2) ? "null" : text_to_cstring(PG_GETARG_TEXT_PP(2)))));
	PG_RETURN_BOOL(true);
}
