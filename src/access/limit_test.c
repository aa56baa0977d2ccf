/*
 * limit_test.c
 *	  The test build's way to count without a request.
 */
#include "access/limit.h"

#ifdef PORTATEXT_TEST
#include "fmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(pt_limit_test_take);

/* pt_limit_test_take(kind integer, id bigint, most integer, at timestamptz): 0, or the reset. */
Datum
pt_limit_test_take(PG_FUNCTION_ARGS)
{
	int64		reset;
	bool		ok = pt_limit_take(PG_GETARG_INT32(0), PG_GETARG_INT64(1), PG_GETARG_INT32(2),
								   PG_GETARG_TIMESTAMPTZ(3), &reset);

	PG_RETURN_INT64(ok ? 0 : reset);
}
#endif							/* PORTATEXT_TEST */
