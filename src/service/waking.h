/*
 * waking.h
 *	  When somebody who lives in one of some time zones is awake, wherever that is.
 *
 * Core: no PostgreSQL header.  Times are seconds since 1970 (UTC).
 */
#ifndef PORTATEXT_WAKING_H
#define PORTATEXT_WAKING_H

#include <stdbool.h>
#include <stdint.h>

#define PT_WAKING_FROM 9		/* o'clock, local time */
#define PT_WAKING_TO 20			/* not any more */
#define PT_WAKING_MINUTES 1440
#define PT_WAKING_MARGIN 60		/* minutes for what comes late, where the hours are long enough */

typedef struct PtWaking
{
	bool		awake[PT_WAKING_MINUTES];	/* by minute of the day in UTC */
	int			minutes;		/* how many of them; 0: never in all zones at once */
	int			margin;			/* minutes between a slot and the end, at least */
	int			slots;			/* minutes that keep it */
} PtWaking;

/* offsets: what each of the n zones is east of UTC, in seconds. */
extern void pt_waking_hours(PtWaking *waking, const int *offsets, int n);

extern bool pt_waking_at(const PtWaking *waking, int64_t time);

/*
 * The first time from then on that is the hash's own in the day: the hashes of
 * many spread evenly over the waking hours but their last one, so that whoever
 * looks a little later is not too late.  minutes must not be 0.
 */
extern int64_t pt_waking_slot(const PtWaking *waking, int64_t from, uint32_t hash);

#endif							/* PORTATEXT_WAKING_H */
