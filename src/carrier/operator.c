/*
 * operator.c
 *	  What an operator's SQL functions need from C.
 */
#include "portatext.h"

#include "fmgr.h"

#include "worker/shared.h"

PG_FUNCTION_INFO_V1(pt_wake_senders);

/* portatext.wake_senders() */
Datum
pt_wake_senders(PG_FUNCTION_ARGS)
{
	pt_wake_at_commit();
	PG_RETURN_VOID();
}
