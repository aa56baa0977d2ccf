/*
 * claim_schedule.h
 *	  The schedules of messages, asked again at the claim (SCH-09).
 */
#ifndef PORTATEXT_CLAIM_SCHEDULE_H
#define PORTATEXT_CLAIM_SCHEDULE_H

#include "portatext.h"

/* A message with a schedule; the caller fills in all but the last. */
typedef struct PtScheduleRecheck
{
	const pg_uuid_t *id;
	int64		account_id;
	int32		schedule_id;
	bool		own_zone;
	const char *to;
	TimestampTz opens;			/* when it may go: now, later, or DT_NOEND: it cannot be said */
} PtScheduleRecheck;

/*
 * Asks for each when it may go, from now on.  Those of which it cannot be said
 * are noted in portatext.attention as failed.  Inside SPI; SPI_tuptable changes.
 */
extern void pt_schedules_recheck(PtScheduleRecheck *asked, int n, TimestampTz now);

#endif							/* PORTATEXT_CLAIM_SCHEDULE_H */
