/*
 * settle.c
 *	  What settle.sql needs of C: waking the dispatchers.
 */
#include "portatext.h"

#include "fmgr.h"

#include "worker/shared.h"

PG_FUNCTION_INFO_V1(pt_wake_dispatchers);

/* portatext.wake_dispatchers(): they look at the queue when this transaction commits. */
Datum
pt_wake_dispatchers(PG_FUNCTION_ARGS)
{
	pt_wake_at_commit();
	PG_RETURN_VOID();
}
