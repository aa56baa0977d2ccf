/*
 * clock.c
 *	  The one business clock.
 *
 * Every due time, expiry and rate is measured with it, so that a test build can
 * move time by portatext.clock_offset (seconds).
 */
#include "portatext.h"

#include "access/xact.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "clock.h"

#ifdef PORTATEXT_TEST
static double clock_offset = 0;
#define OFFSET_USECS ((int64) (clock_offset * USECS_PER_SEC))
#else
#define OFFSET_USECS 0
#endif

/* Defines portatext.clock_offset in a test build; nothing in the shipped one. */
void
pt_clock_init(void)
{
#ifdef PORTATEXT_TEST
	DefineCustomRealVariable("portatext.clock_offset",
							 "Moves the business clock by so many seconds (test builds only).",
							 NULL, &clock_offset, 0, -1e9, 1e9,
							 PGC_SUSET, 0, NULL, NULL, NULL);
#endif
}

/* The business time at this instant. */
TimestampTz
pt_now(void)
{
	return GetCurrentTimestamp() + OFFSET_USECS;
}

PG_FUNCTION_INFO_V1(pt_clock_now);

/* portatext.now(): the business time at the statement's start, so it is stable. */
Datum
pt_clock_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(GetCurrentStatementStartTimestamp() + OFFSET_USECS);
}
