/*
 * schedule.c
 *	  When a schedule is open: by the local clocks, in all zones at once (SCH-02 to
 *	  SCH-06).
 *
 * Whether a zone is inside a window depends on what its clock and calendar show
 * and on nothing else: an hour that a change of the clock leaves out is never
 * open, one that it repeats is open twice.  A window over midnight belongs to
 * the day it begins on.
 *
 * The search looks at one zone after the other.  A closed one tells until when it
 * certainly stays closed, and the search goes on there: it never walks minutes.
 */
#include "schedule/schedule.h"

#include <string.h>

#define MINUTE 60
#define DAY 86400
#define WEEK (7 * DAY)

/*
 * How far the search goes: 400 years, 146,097 days, are 20,871 weeks, so that
 * every date has met every weekday in them as often as it ever will, and the
 * rules of zones depend on dates and weekdays only.
 */
#define HORIZON (INT64_C(146097) * DAY)

/* What does not close in two years never closes: each date but 29 February has come twice, each weekday often. */
#define TWO_YEARS (INT64_C(731) * DAY)

#define EVERY_MONTH 0x1ffe
#define EVERY_DAY 0xfffffffe

/* What a zone's clock says at a time, and until when at least (exclusive). */
typedef struct Look
{
	bool		open;
	int64_t		until;
} Look;

/* Seconds of a local day: until when it is open (0: it is closed), and when it opens next (DAY: not any more). */
typedef struct DayLook
{
	int32_t		open_until;
	int32_t		opens;
} DayLook;

static inline int64_t
min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01, in the Gregorian calendar. */
static void
civil_date(int64_t day, int *month, int *mday)
{
	int64_t		since = day + 719468;	/* from 0000-03-01 on */
	int			of_era = (int) (since - floor_div(since, 146097) * 146097);
	int			year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int			of_year = of_era - (365 * year + year / 4 - year / 100);
	int			from_march = (5 * of_year + 2) / 153;

	*mday = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
}

/* 0: Sunday. */
static int
weekday(int64_t day)
{
	int64_t		since = day + 4;	/* 1970-01-01 was a Thursday */

	return (int) (since - floor_div(since, 7) * 7);
}

static bool
any_date(const PtSchedule *s)
{
	return s->months == EVERY_MONTH && s->days == EVERY_DAY;
}

/* May windows begin on that day (months and days)? */
static bool
date_allowed(const PtSchedule *s, int64_t day)
{
	int			month;
	int			mday;

	if (any_date(s))
		return true;
	civil_date(day, &month, &mday);
	return (s->months >> month & 1) && (s->days >> mday & 1);
}

/* The first day after this one on which windows may begin, but none behind last. */
static int64_t
next_date(const PtSchedule *s, int64_t day, int64_t last)
{
	do
	{
		int			month;
		int			mday;

		civil_date(++day, &month, &mday);
		if (!(s->months >> month & 1))
			day += mday < 28 ? 28 - mday : 0;	/* no month is shorter */
		else if (s->days >> mday & 1)
			break;
	} while (day < last);
	return day;
}

static bool
has_windows(const PtSchedule *s)
{
	static const uint8_t none[PT_SCHEDULE_KINDS] = {0};

	return memcmp(s->n_windows, none, sizeof(none)) != 0;
}

/* What one kind of day's windows say about a second of the day they begin on, or of the day after. */
static void
look_at_windows(const PtSchedule *s, int kind, bool day_after, int second, DayLook *look)
{
	for (int i = 0; i < s->n_windows[kind]; i++)
	{
		int			from = s->windows[kind][i].from * MINUTE;
		int			to = s->windows[kind][i].to * MINUTE;
		bool		over_midnight = to < from;

		if (day_after && !over_midnight)
			continue;
		if (day_after)
			from = 0;
		else if (over_midnight)
			to = DAY;
		if (second < from)
			look->opens = from < look->opens ? from : look->opens;
		else if (second < to)
			look->open_until = to > look->open_until ? to : look->open_until;
	}
}

/* What the schedule says about a second of a local day. */
static DayLook
look_at_day(const PtSchedule *s, int64_t day, int second)
{
	DayLook		look = {0, DAY};
	bool		windows = has_windows(s);

	for (int before = 0; before <= 1; before++)
	{
		if (!date_allowed(s, day - before))
			continue;
		if (windows)
		{
			look_at_windows(s, PT_SCHEDULE_ANY_DAY, before, second, &look);
			look_at_windows(s, weekday(day - before), before, second, &look);
		}
		else if (before == 0)
			look.open_until = DAY;
	}
	return look;
}

/* What a zone's clock says at a time. */
static Look
look_at_zone(const PtSchedule *s, const PtZones *zones, int zone, int64_t at)
{
	int32_t		east;
	int64_t		until;
	int64_t		day;
	int			second;
	DayLook		look;

	zones->offset(zones->zones[zone], at, &east, &until);
	day = floor_div(at + east, DAY);
	second = (int) (at + east - day * DAY);
	look = look_at_day(s, day, second);
	if (look.open_until > 0)
		return (Look) {true, min64(until, at + look.open_until - second)};
	if (look.opens == DAY && !date_allowed(s, day) && !date_allowed(s, day + 1))
	{
		int64_t		last = min64(until, at + HORIZON);

		day = next_date(s, day + 1, floor_div(last + east, DAY)) - 1;
	}
	return (Look) {false, min64(until, day * DAY + look.opens - east)};
}

bool
pt_schedule_open(const PtSchedule *schedule, const PtZones *zones, int64_t at)
{
	for (int i = 0; i < zones->n; i++)
		if (!look_at_zone(schedule, zones, i, at).open)
			return false;
	return zones->n > 0;
}

/* The first time from at on, before end, at which all zones are open; PT_SCHEDULE_NEVER: none. */
static int64_t
next_before(const PtSchedule *s, const PtZones *zones, int64_t at, int64_t end)
{
	int			agree = 0;		/* so many zones, up to this one, are open at that time */

	for (int zone = 0; at < end; zone = zone + 1 < zones->n ? zone + 1 : 0)
	{
		Look		look = look_at_zone(s, zones, zone, at);

		if (!look.open)
			at = look.until;
		agree = look.open ? agree + 1 : 0;
		if (agree == zones->n)
			return at;
	}
	return PT_SCHEDULE_NEVER;
}

/* Until when all clocks stay as they are at a time. */
static int64_t
steady_until(const PtZones *zones, int64_t at)
{
	int64_t		steady = PT_SCHEDULE_NEVER;

	for (int i = 0; i < zones->n; i++)
	{
		int32_t		east;
		int64_t		until;

		zones->offset(zones->zones[i], at, &east, &until);
		steady = min64(steady, until);
	}
	return steady;
}

/*
 * The same as next_before while no clock is changed: a schedule that does not
 * open within a week, whatever the date, then does not open at all.
 */
static int64_t
next_while_steady(const PtSchedule *s, const PtZones *zones, int64_t at, int64_t end)
{
	int64_t		week = min64(end, at + WEEK);
	int64_t		found = next_before(s, zones, at, week);
	PtSchedule	all_dates;

	if (found != PT_SCHEDULE_NEVER || week == end || any_date(s))
		return found;
	all_dates = *s;
	all_dates.months = EVERY_MONTH;
	all_dates.days = EVERY_DAY;
	if (next_before(&all_dates, zones, at, week) == PT_SCHEDULE_NEVER)
		return PT_SCHEDULE_NEVER;
	return next_before(s, zones, week, end);
}

int64_t
pt_schedule_next(const PtSchedule *schedule, const PtZones *zones, int64_t from)
{
	int64_t		end = from < PT_SCHEDULE_NEVER - HORIZON ? from + HORIZON : PT_SCHEDULE_NEVER;
	int64_t		at = from;

	while (zones->n > 0 && at < end)
	{
		int64_t		steady = min64(end, steady_until(zones, at));
		int64_t		found = next_while_steady(schedule, zones, at, steady);

		if (found != PT_SCHEDULE_NEVER)
			return found;
		at = steady;
	}
	return PT_SCHEDULE_NEVER;
}

int64_t
pt_schedule_until(const PtSchedule *schedule, const PtZones *zones, int64_t at)
{
	int64_t		first = PT_SCHEDULE_NEVER;
	int64_t		end = at + TWO_YEARS;

	if (any_date(schedule) && !has_windows(schedule))
		return PT_SCHEDULE_NEVER;
	for (int i = 0; i < zones->n; i++)
	{
		Look		look = {true, at};

		while (look.open && look.until < min64(first, end))
		{
			int64_t		then = look.until;

			look = look_at_zone(schedule, zones, i, then);
			if (!look.open)
				first = then;
		}
	}
	return first;
}
