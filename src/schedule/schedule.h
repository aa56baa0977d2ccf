/*
 * schedule.h
 *	  When a message may go out: days, months and hours in the recipient's own
 *	  local time (SCH-01 to SCH-07).
 *
 * Core: no PostgreSQL header in the first part.  Times are seconds since 1970
 * (UTC).  Zones are known by how far they are from UTC around a time; whoever
 * asks brings that knowledge.
 */
#ifndef PORTATEXT_SCHEDULE_H
#define PORTATEXT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_SCHEDULE_WINDOWS 16	/* of one kind of day, at most */
#define PT_SCHEDULE_NEVER INT64_MAX

/* Minutes of the day, from 0 to 1440; to < from: over midnight, belonging to the day it begins on. */
typedef struct PtWindow
{
	int16_t		from;			/* inclusive (SCH-05) */
	int16_t		to;				/* exclusive */
} PtWindow;

/* 0 sunday .. 6 saturday; 7 any_day. */
#define PT_SCHEDULE_KINDS 8
#define PT_SCHEDULE_ANY_DAY 7

/* What is not restricted is all ones or has no windows at all. */
typedef struct PtSchedule
{
	uint16_t	months;			/* bit 1 to 12 */
	uint32_t	days;			/* bit 1 to 31 */
	uint8_t		n_windows[PT_SCHEDULE_KINDS];
	PtWindow	windows[PT_SCHEDULE_KINDS][PT_SCHEDULE_WINDOWS];
} PtSchedule;

/*
 * How far a zone is east of UTC at a time, in seconds, and until when that holds
 * (exclusive; PT_SCHEDULE_NEVER: for ever).
 */
typedef void (*PtZoneOffset) (const void *zone, int64_t at, int32_t *east, int64_t *until);

typedef struct PtZones
{
	PtZoneOffset offset;
	const void *const *zones;
	int			n;				/* 0: none known; then nothing is open */
} PtZones;

/* May a message go out at that time, in all the zones (SCH-06)? */
extern bool pt_schedule_open(const PtSchedule *schedule, const PtZones *zones, int64_t at);

/* The first time from then on at which it is open in all zones at once; PT_SCHEDULE_NEVER: there is none. */
extern int64_t pt_schedule_next(const PtSchedule *schedule, const PtZones *zones, int64_t from);

/* Until when it stays open in all zones, from a time at which it is (exclusive); PT_SCHEDULE_NEVER: for ever. */
extern int64_t pt_schedule_until(const PtSchedule *schedule, const PtZones *zones, int64_t at);

/* The second part is for code inside the server. */
#ifdef POSTGRES_H
#include "datatype/timestamp.h"
#include "utils/jsonb.h"

/* Reads a schedule; raises 22023 with a detail for anything that is not known. */
extern void pt_schedule_read(Jsonb *definition, PtSchedule *schedule);

/* The same without raising: what is wrong, as a sentence, or NULL. */
extern const char *pt_schedule_parse(Jsonb *definition, PtSchedule *schedule);

/*
 * The server's time zones of these names; those it does not know are left out.
 * list has room for n.  Returns how many there are.  They last for the life of
 * the process.
 */
extern int	pt_zones_get(PtZones *zones, const void **list, const char *const *names, int n);

/*
 * When it is open in all of the server's zones at once, from a finite time on; DT_NOEND:
 * never.  It is open at that time if and only if that time is returned.  Microseconds;
 * what never opens is searched for once in a process.  At most PT_ZONES_MAX zones.
 */
extern TimestampTz pt_schedule_find(const PtSchedule *schedule, const PtZones *zones, TimestampTz from);

/*
 * When a message to the number may go out, from a time on, or DT_NOEND: by the
 * number's zones, or by the account's where they are never open at once or none is
 * known (SCH-07: *own_zone is set) or where *own_zone is set already.  Account 0: UTC.
 */
extern TimestampTz pt_schedule_find_for(const PtSchedule *schedule, int64 account_id, const char *e164,
										TimestampTz from, bool *own_zone);

/*
 * The same, *own_zone being set afresh.  Raises 22023 for a schedule that never
 * opens.  DT_NOEND is never returned.
 */
extern TimestampTz pt_schedule_next_for(const PtSchedule *schedule, int64 account_id,
										const char *e164, TimestampTz from, bool *own_zone);

/* The stored schedule's id, storing it when it is new to the account; inside SPI, as the keeper. */
extern int32 pt_schedule_store(int64 account_id, Jsonb *definition);

/*
 * A stored one, cached: it never changes.  NULL: there is none, or it cannot be
 * read.  Inside SPI; good until the next call.
 */
extern const PtSchedule *pt_schedule_by_id(int32 schedule_id);
#endif

#endif							/* PORTATEXT_SCHEDULE_H */
