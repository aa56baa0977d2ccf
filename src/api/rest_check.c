/*
 * rest_check.c
 *	  What a statement of an SDK's operation cannot do by itself: raise an error.
 */
#include "api/api.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pt_rest_found);

/* portatext.rest_found(): its first argument; null raises 42704: the second does not exist. */
Datum
pt_rest_found(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s does not exist", PG_ARGISNULL(1) ? "it" : text_to_cstring(PG_GETARG_TEXT_PP(1)))));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

PG_FUNCTION_INFO_V1(pt_rest_check);

/* portatext.rest_check(): true if its first argument is; else raises the SQLSTATE with the message. */
Datum
pt_rest_check(PG_FUNCTION_ARGS)
{
	const char *state;

	if (!PG_ARGISNULL(0) && PG_GETARG_BOOL(0))
		PG_RETURN_BOOL(true);
	state = PG_ARGISNULL(1) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (strlen(state) != 5 || PG_ARGISNULL(2))
		state = "22023";
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 errmsg("%s", PG_ARGISNULL(2) ? "the request is not valid" : text_to_cstring(PG_GETARG_TEXT_PP(2)))));
}
