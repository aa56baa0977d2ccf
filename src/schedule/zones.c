/*
 * zones.c
 *	  Schedules by the server's time zones: those of a number, or the account's
 *	  (SCH-06, SCH-07).
 */
#include "portatext.h"

#include "fmgr.h"
#include "pgtime.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "number/number.h"
#include "schedule/schedule.h"

/* Seconds from 1970 to 2000, where timestamps begin. */
#define UNIX_SHIFT ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

#define NEVER_MOST 512

/* A zone, and its offset in the span of time that was asked for last. */
typedef struct Zone
{
	char		name[TZ_STRLEN_MAX + 1];
	pg_tz	   *tz;				/* NULL: the server knows no such zone */
	int64		since;
	int64		until;			/* exclusive; not after since: nothing is known yet */
	int32		east;
} Zone;

static HTAB *zone_table = NULL;

/* A schedule and zones, all together a key: they never meet again from a time on. */
typedef struct Never
{
	PtSchedule	schedule;
	const void *zones[PT_ZONES_MAX];
	int64		from;			/* not part of the key */
} Never;

static HTAB *never_table = NULL;

/* The zone of that name; NULL: there is none.  Kept for the life of the process. */
static Zone *
find_zone(const char *name)
{
	Zone	   *zone;
	bool		known;

	if (strlen(name) > TZ_STRLEN_MAX)
		return NULL;
	if (zone_table == NULL)
	{
		HASHCTL		ctl = {.keysize = TZ_STRLEN_MAX + 1, .entrysize = sizeof(Zone)};

		zone_table = hash_create("portatext time zones", 64, &ctl, HASH_ELEM | HASH_STRINGS);
	}
	zone = hash_search(zone_table, name, HASH_FIND, NULL);
	if (zone == NULL)
	{
		pg_tz	   *tz = pg_tzset(name);

		zone = hash_search(zone_table, name, HASH_ENTER, &known);
		zone->tz = tz;
		zone->since = zone->until = 0;
	}
	return zone->tz == NULL ? NULL : zone;
}

/* Asks PostgreSQL for the span around a time. */
static void
load_span(Zone *zone, int64 at)
{
	pg_time_t	time = at;
	pg_time_t	change = 0;
	pg_time_t	later;
	long		before = 0;
	long		after;
	int			dst;
	int			more;

	more = pg_next_dst_boundary(&time, &before, &dst, &change, &after, &dst, zone->tz);
	if (more == 0)
	{
		/* At its table's last change it knows none after it; a second later it goes on by the zone's rule. */
		later = time + 1;
		more = pg_next_dst_boundary(&later, &before, &dst, &change, &after, &dst, zone->tz);
	}
	zone->since = at;
	zone->until = more > 0 ? change : PT_SCHEDULE_NEVER;
	zone->east = (int32) before;
}

/* PtZoneOffset */
static void
zone_offset(const void *data, int64_t at, int32_t *east, int64_t *until)
{
	Zone	   *zone = unconstify(void *, data);

	if (at < zone->since || at >= zone->until)
		load_span(zone, at);
	*east = zone->east;
	*until = zone->until;
}

int
pt_zones_get(PtZones *zones, const void **list, const char *const *names, int n)
{
	*zones = (PtZones) {zone_offset, list, 0};
	for (int i = 0; i < n; i++)
	{
		Zone	   *zone = find_zone(names[i]);

		if (zone == NULL)
			continue;
		list[zones->n++] = zone;
	}
	return zones->n;
}

/* The entry for a schedule that does not open from then on; fresh: it is new. */
static Never *
never_entry(const PtSchedule *schedule, const PtZones *zones, HASHACTION action, bool *known)
{
	Never		key;

	if (never_table != NULL && hash_get_num_entries(never_table) >= NEVER_MOST)
	{
		hash_destroy(never_table);
		never_table = NULL;
	}
	if (never_table == NULL)
	{
		HASHCTL		ctl = {.keysize = offsetof(Never, from), .entrysize = sizeof(Never)};

		never_table = hash_create("portatext schedules that never open", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	memset(&key, 0, sizeof(key));
	memcpy(&key.schedule, schedule, sizeof(PtSchedule));
	memcpy(key.zones, zones->zones, zones->n * sizeof(key.zones[0]));
	return hash_search(never_table, &key, action, known);
}

TimestampTz
pt_schedule_find(const PtSchedule *schedule, const PtZones *zones, TimestampTz from)
{
	int64		at = from / USECS_PER_SEC - (from % USECS_PER_SEC < 0) + UNIX_SHIFT;
	int64		found;
	Never	   *never;
	bool		known;

	if (pt_schedule_open(schedule, zones, at))
		return from;
	never = never_entry(schedule, zones, HASH_FIND, &known);
	if (zones->n == 0 || (never != NULL && never->from <= at))
		return DT_NOEND;
	found = pt_schedule_next(schedule, zones, at);
	if (found == PT_SCHEDULE_NEVER)
	{
		never = never_entry(schedule, zones, HASH_ENTER, &known);
		never->from = at;
	}
	if (found >= END_TIMESTAMP / USECS_PER_SEC + UNIX_SHIFT)
		return DT_NOEND;
	return (found - UNIX_SHIFT) * USECS_PER_SEC;
}

TimestampTz
pt_schedule_find_for(const PtSchedule *schedule, int64 account_id, const char *e164, TimestampTz from, bool *own_zone)
{
	const char *names[PT_ZONES_MAX];
	const void *list[PT_ZONES_MAX];
	PtZones		zones;

	if (!*own_zone)
	{
		TimestampTz found;

		pt_zones_get(&zones, list, names, pt_number_timezones(e164, strlen(e164), names, PT_ZONES_MAX));
		found = pt_schedule_find(schedule, &zones, from);
		if (found != DT_NOEND)
			return found;
	}
	*own_zone = true;
	names[0] = account_id == 0 ? "UTC" : pt_account_get(account_id)->timezone;
	names[1] = "UTC";
	if (pt_zones_get(&zones, list, names, 1) == 0)
		pt_zones_get(&zones, list, &names[1], 1);
	return pt_schedule_find(schedule, &zones, from);
}

TimestampTz
pt_schedule_next_for(const PtSchedule *schedule, int64 account_id, const char *e164, TimestampTz from, bool *own_zone)
{
	TimestampTz found;

	*own_zone = false;
	found = pt_schedule_find_for(schedule, account_id, e164, from, own_zone);
	if (found == DT_NOEND)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the schedule never opens"),
				 errdetail("It opens neither in the time zones of %s nor in the account's.", e164)));
	return found;
}
