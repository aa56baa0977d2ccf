/*
 * schedule.c
 *	  When schedules are open (SCH-02, SCH-04 to SCH-06): named cases, and a year
 *	  minute by minute against a plain reading of what a local clock shows.
 */
#include "tap.h"

#include <string.h>
#include <time.h>

#include "schedule/schedule.h"

#define ALL_MONTHS 0x1ffe
#define ALL_DAYS 0xfffffffe
#define HOUR 3600
#define DAY 86400

/* A zone of the test: a table of changes, or the rule of the European Union for ever. */
typedef struct Zone
{
	const char *name;
	bool		european;
	int			n;
	struct
	{
		int64_t		since;
		int32_t		east;
	}			changes[6];
} Zone;

static int64_t
utc(int year, int month, int day, int hour, int minute)
{
	struct tm	tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};

	return timegm(&tm);
}

/* 01:00 UTC of the last Sunday of a month of 31 days. */
static int64_t
last_sunday(int year, int month)
{
	time_t		last = utc(year, month, 31, 1, 0);
	struct tm	tm;

	gmtime_r(&last, &tm);
	return last - (int64_t) tm.tm_wday * DAY;
}

static void
european_offset(int64_t at, int32_t *east, int64_t *until)
{
	time_t		time = at;
	struct tm	tm;
	int			year;

	gmtime_r(&time, &tm);
	year = tm.tm_year + 1900;
	*east = HOUR;
	if (at < last_sunday(year, 3))
		*until = last_sunday(year, 3);
	else if (at >= last_sunday(year, 10))
		*until = last_sunday(year + 1, 3);
	else
	{
		*east = 2 * HOUR;
		*until = last_sunday(year, 10);
	}
}

static void
zone_offset(const void *data, int64_t at, int32_t *east, int64_t *until)
{
	const Zone *zone = data;

	if (zone->european)
	{
		european_offset(at, east, until);
		return;
	}
	*until = PT_SCHEDULE_NEVER;
	for (int i = 0; i < zone->n; i++)
	{
		if (i > 0 && at < zone->changes[i].since)
		{
			*until = zone->changes[i].since;
			return;
		}
		*east = zone->changes[i].east;
	}
}

static Zone utc_zone = {"UTC", false, 1, {{0, 0}}};
static Zone madrid = {"Madrid", false, 3, {{0, HOUR}}};
static Zone europe = {"the rule of the European Union", true};
static Zone kathmandu = {"Kathmandu", false, 1, {{0, 5 * HOUR + 45 * 60}}};
static Zone new_york = {"New York", false, 3, {{0, -5 * HOUR}}};
static Zone lord_howe = {"Lord Howe, half an hour", false, 3, {{0, 11 * HOUR}}};
static Zone samoa = {"Samoa, without one day", false, 2, {{0, -11 * HOUR}}};
static Zone decree = {"a zone that changes its rule", false, 4, {{0, 3 * HOUR}}};
static Zone local_mean = {"local mean time", false, 2, {{0, 1172}}};

static void
set_change(Zone *zone, int i, int64_t since, int32_t east)
{
	zone->changes[i].since = since;
	zone->changes[i].east = east;
}

/* Changes of the clocks in 2026. */
static void
fill_zones(void)
{
	set_change(&madrid, 1, last_sunday(2026, 3), 2 * HOUR);
	set_change(&madrid, 2, last_sunday(2026, 10), HOUR);
	set_change(&new_york, 1, utc(2026, 3, 8, 7, 0), -4 * HOUR);
	set_change(&new_york, 2, utc(2026, 11, 1, 6, 0), -5 * HOUR);
	set_change(&lord_howe, 1, utc(2026, 4, 4, 15, 0), 10 * HOUR + 1800);
	set_change(&lord_howe, 2, utc(2026, 10, 3, 15, 30), 11 * HOUR);
	set_change(&samoa, 1, utc(2026, 6, 14, 11, 0), 13 * HOUR);
	set_change(&decree, 1, utc(2026, 2, 17, 21, 30), 2 * HOUR);
	set_change(&decree, 2, utc(2026, 2, 19, 3, 0), 3 * HOUR + 900);
	set_change(&decree, 3, utc(2026, 9, 1, 0, 0), 4 * HOUR);
	set_change(&local_mean, 1, utc(2026, 5, 1, 0, 0), 0);
}

static PtSchedule
new_schedule(void)
{
	PtSchedule	s = {.months = ALL_MONTHS, .days = ALL_DAYS};

	return s;
}

/* A window from, to in hours * 100 + minutes. */
static void
add_window(PtSchedule *s, int kind, int from, int to)
{
	PtWindow   *w = &s->windows[kind][s->n_windows[kind]++];

	w->from = from / 100 * 60 + from % 100;
	w->to = to / 100 * 60 + to % 100;
}

static PtSchedule
any_day(int from, int to)
{
	PtSchedule	s = new_schedule();

	add_window(&s, PT_SCHEDULE_ANY_DAY, from, to);
	return s;
}

/* The date of a day since 1970; looked up once a day. */
static const struct tm *
local_date(int64_t day)
{
	static struct tm dates[2];
	static int64_t days[2] = {-1, -1};
	int			i = day & 1;

	if (days[i] != day)
	{
		time_t		time = day * DAY;

		gmtime_r(&time, &dates[i]);
		days[i] = day;
	}
	return &dates[i];
}

/* The model: does a window that begins on the day of tm's date hold so many minutes after its midnight? */
static bool
begun_on(const PtSchedule *s, const struct tm *tm, int minute)
{
	int			kinds[2] = {PT_SCHEDULE_ANY_DAY, tm->tm_wday};
	bool		none = true;

	if (!(s->months >> (tm->tm_mon + 1) & 1) || !(s->days >> tm->tm_mday & 1))
		return false;
	for (int k = 0; k < PT_SCHEDULE_KINDS; k++)
		none = none && s->n_windows[k] == 0;
	if (none)
		return minute < 1440;
	for (int k = 0; k < 2; k++)
	{
		for (int i = 0; i < s->n_windows[kinds[k]]; i++)
		{
			const PtWindow *w = &s->windows[kinds[k]][i];

			if (minute >= w->from && minute < w->to + (w->to < w->from ? 1440 : 0))
				return true;
		}
	}
	return false;
}

static bool
model_open(const PtSchedule *s, const Zone *zone, int64_t at)
{
	int32_t		east;
	int64_t		until;
	int64_t		day;
	int			minute;

	zone_offset(zone, at, &east, &until);
	day = (at + east) / DAY;
	minute = (at + east) % DAY / 60;
	return begun_on(s, local_date(day), minute) || begun_on(s, local_date(day - 1), minute + 1440);
}

static bool
model_all_open(const PtSchedule *s, const PtZones *zones, int64_t at)
{
	for (int i = 0; i < zones->n; i++)
		if (!model_open(s, zones->zones[i], at))
			return false;
	return true;
}

/* Every step of a time range: open as the model says, next and until where it changes. */
static void
check_range(const char *name, const PtSchedule *s, const PtZones *zones, int64_t from, int64_t to, int step)
{
	int			wrong = 0;
	int			wrong_next = 0;
	int			wrong_until = 0;
	int64_t		since = from;
	bool		was = model_all_open(s, zones, from);

	for (int64_t at = from; at < to; at += step)
	{
		bool		open = model_all_open(s, zones, at);

		wrong += pt_schedule_open(s, zones, at + step - 1) != open;
		if (open == was)
			continue;
		if (open)
			wrong_next += pt_schedule_next(s, zones, since) != at || pt_schedule_next(s, zones, at - 1) != at;
		else
			wrong_until += pt_schedule_until(s, zones, since) != at || pt_schedule_until(s, zones, at - 1) != at;
		wrong += pt_schedule_open(s, zones, at) != open;
		since = at;
		was = open;
	}
	ok(wrong + wrong_next + wrong_until == 0, "%s: as the local clocks say (%d, %d, %d wrong)", name,
	   wrong, wrong_next, wrong_until);
}

static PtZones
zone_list(const void **list, int n)
{
	return (PtZones) {zone_offset, list, n};
}

#define ZONES(...) zone_list((const void *[]) {__VA_ARGS__}, \
							 sizeof((const void *[]) {__VA_ARGS__}) / sizeof(void *))

/* Schedules of all kinds in a zone, or in several, for the whole of 2026. */
static void
check_year(const char *name, PtZones zones)
{
	static const int windows[][2] = {{930, 1800}, {2200, 700}, {145, 230}, {2330, 1}, {2359, 0}};
	int64_t		from = utc(2026, 1, 1, 0, 0);
	int64_t		to = utc(2027, 1, 1, 0, 0);
	PtSchedule	s;
	char		what[100];

	for (int i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
	{
		s = any_day(windows[i][0], windows[i][1]);
		snprintf(what, sizeof(what), "%s, %04d to %04d", name, windows[i][0], windows[i][1]);
		check_range(what, &s, &zones, from, to, 60);
	}
	s = any_day(1000, 1100);
	add_window(&s, PT_SCHEDULE_ANY_DAY, 1030, 1200);
	add_window(&s, 0, 2000, 300);
	add_window(&s, 6, 1800, 500);
	s.months = 1 << 2 | 1 << 3 | 1 << 6 | 1 << 11 | 1 << 4;
	s.days &= ~(1u << 5 | 1u << 29);
	snprintf(what, sizeof(what), "%s, several windows, weekdays, months and days", name);
	check_range(what, &s, &zones, from, to, 60);
	s = new_schedule();
	s.days = 1u << 31 | 1u << 1;
	snprintf(what, sizeof(what), "%s, the first and the 31st", name);
	check_range(what, &s, &zones, from, to, 60);
	s = new_schedule();
	for (int day = 1; day < 6; day++)
		add_window(&s, day, 900, 1700);
	snprintf(what, sizeof(what), "%s, Monday to Friday", name);
	check_range(what, &s, &zones, from, to, 60);
}

/* What a change of the clock does to a window, by hand. */
static void
check_changes(void)
{
	PtZones		zones = ZONES(&madrid);
	PtSchedule	s = any_day(215, 245);

	ok(pt_schedule_next(&s, &zones, utc(2026, 3, 29, 0, 0)) == utc(2026, 3, 30, 0, 15),
	   "a window within the hour that is left out: the next day");
	ok(pt_schedule_next(&s, &zones, utc(2026, 10, 25, 0, 0)) == utc(2026, 10, 25, 0, 15) &&
	   pt_schedule_until(&s, &zones, utc(2026, 10, 25, 0, 15)) == utc(2026, 10, 25, 0, 45) &&
	   pt_schedule_next(&s, &zones, utc(2026, 10, 25, 0, 45)) == utc(2026, 10, 25, 1, 15),
	   "a window within the hour that is repeated: twice");
	s = any_day(230, 400);
	ok(pt_schedule_next(&s, &zones, utc(2026, 3, 29, 0, 0)) == utc(2026, 3, 29, 1, 0),
	   "a window that begins in the hour that is left out: from its end on");
	s = any_day(2300, 200);
	ok(pt_schedule_until(&s, &zones, utc(2026, 3, 28, 22, 0)) == utc(2026, 3, 29, 1, 0),
	   "a window over midnight that ends at the change");
}

/* from is inclusive, to is not (SCH-05); a window belongs to the day it begins on. */
static void
check_edges(void)
{
	PtZones		zones = ZONES(&utc_zone);
	PtSchedule	s = any_day(930, 1800);

	ok(!pt_schedule_open(&s, &zones, utc(2026, 1, 1, 9, 30) - 1) && pt_schedule_open(&s, &zones, utc(2026, 1, 1, 9, 30)),
	   "open from its first second on");
	ok(pt_schedule_open(&s, &zones, utc(2026, 1, 1, 18, 0) - 1) && !pt_schedule_open(&s, &zones, utc(2026, 1, 1, 18, 0)),
	   "and before its last minute has ended");
	s = new_schedule();
	add_window(&s, 5, 2200, 600);
	ok(pt_schedule_next(&s, &zones, utc(2026, 1, 1, 12, 0)) == utc(2026, 1, 2, 22, 0) &&
	   pt_schedule_until(&s, &zones, utc(2026, 1, 2, 22, 0)) == utc(2026, 1, 3, 6, 0) &&
	   pt_schedule_next(&s, &zones, utc(2026, 1, 3, 6, 0)) == utc(2026, 1, 9, 22, 0),
	   "Friday's window over midnight is open on Saturday morning, not on Friday morning");
	s = any_day(2200, 600);
	s.months = 1 << 12;
	s.days = 1u << 31;
	ok(pt_schedule_next(&s, &zones, utc(2026, 1, 1, 6, 0)) == utc(2026, 12, 31, 22, 0) &&
	   pt_schedule_until(&s, &zones, utc(2026, 12, 31, 22, 0)) == utc(2027, 1, 1, 6, 0),
	   "the 31st of December's window over midnight is open in the new year, though January and the first are not allowed");
}

/* Dates that are rare, or that do not exist. */
static void
check_rare(void)
{
	PtZones		zones = ZONES(&utc_zone);
	PtZones		none = {zone_offset, NULL, 0};
	PtZones		european = ZONES(&europe);
	PtSchedule	s = new_schedule();

	s.months = 1 << 2;
	s.days = 1u << 29;
	ok(pt_schedule_next(&s, &zones, utc(2026, 1, 1, 0, 0)) == utc(2028, 2, 29, 0, 0), "29 February");
	ok(pt_schedule_next(&s, &zones, utc(2096, 3, 1, 0, 0)) == utc(2104, 2, 29, 0, 0), "29 February: 2100 has none");
	ok(pt_schedule_next(&s, &zones, utc(1968, 3, 1, 0, 0)) == utc(1972, 2, 29, 0, 0), "29 February before 1970");
	add_window(&s, 0, 1200, 1300);
	ok(pt_schedule_next(&s, &zones, utc(2088, 3, 1, 0, 0)) == utc(2128, 2, 29, 12, 0), "a Sunday 29 February after 40 years");
	s.days = 1u << 30 | 1u << 31;
	ok(pt_schedule_next(&s, &zones, utc(2026, 1, 1, 0, 0)) == PT_SCHEDULE_NEVER, "30 February never comes");
	s.months = 1 << 3;
	s.days = 1u << 29;
	s.n_windows[0] = 0;
	add_window(&s, 0, 200, 300);
	ok(pt_schedule_next(&s, &european, utc(2026, 1, 1, 0, 0)) == PT_SCHEDULE_NEVER,
	   "an hour that the clock always leaves out");
	s.days |= 1u << 24;
	ok(pt_schedule_next(&s, &european, utc(2026, 1, 1, 0, 0)) == utc(2030, 3, 24, 1, 0), "the same hour a week before");
	s = new_schedule();
	ok(!pt_schedule_open(&s, &none, 0) && pt_schedule_next(&s, &none, 0) == PT_SCHEDULE_NEVER,
	   "no zone is known: nothing is open");
	ok(pt_schedule_open(&s, &zones, 0) && pt_schedule_until(&s, &zones, 0) == PT_SCHEDULE_NEVER, "no restriction: for ever");
	s = any_day(0, 2400);
	ok(pt_schedule_until(&s, &european, utc(2026, 1, 1, 0, 0)) == PT_SCHEDULE_NEVER, "all hours: for ever");
}

/* All zones at once (SCH-06). */
static void
check_together(void)
{
	PtZones		zones = ZONES(&madrid, &new_york);
	PtZones		far = ZONES(&samoa, &utc_zone, &madrid);
	PtSchedule	s = any_day(900, 2000);

	ok(pt_schedule_next(&s, &zones, utc(2026, 7, 1, 0, 0)) == utc(2026, 7, 1, 13, 0) &&
	   pt_schedule_until(&s, &zones, utc(2026, 7, 1, 13, 0)) == utc(2026, 7, 1, 18, 0), "Madrid and New York in summer");
	s = any_day(900, 1500);
	ok(pt_schedule_next(&s, &zones, utc(2026, 1, 5, 0, 0)) == utc(2026, 3, 8, 13, 0) &&
	   pt_schedule_next(&s, &zones, utc(2026, 3, 29, 0, 0)) == utc(2026, 10, 25, 13, 0),
	   "open together only in the weeks between their changes");
	s = any_day(900, 1200);
	ok(pt_schedule_next(&s, &far, utc(2026, 1, 1, 0, 0)) == PT_SCHEDULE_NEVER, "never together");
	s.days = 1u << 7;
	ok(pt_schedule_next(&s, &far, utc(2026, 1, 1, 0, 0)) == PT_SCHEDULE_NEVER, "never together on the 7th either");
}

int
main(void)
{
	PtSchedule	s = any_day(21, 419);

	fill_zones();
	check_edges();
	check_changes();
	check_rare();
	check_together();
	check_year("UTC", ZONES(&utc_zone));
	check_year(madrid.name, ZONES(&madrid));
	check_year(kathmandu.name, ZONES(&kathmandu));
	check_year(lord_howe.name, ZONES(&lord_howe));
	check_year(samoa.name, ZONES(&samoa));
	check_year(decree.name, ZONES(&decree));
	check_year("two zones", ZONES(&new_york, &madrid));
	check_year("all zones", ZONES(&utc_zone, &madrid, &decree, &kathmandu, &utc_zone, &madrid, &decree));
	check_range(local_mean.name, &s, &(PtZones) {zone_offset, (const void *[]) {&local_mean}, 1}, utc(2026, 4, 28, 0, 0), utc(2026, 5, 4, 0, 0), 4);
	return tap_done();
}
