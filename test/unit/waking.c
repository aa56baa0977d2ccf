/*
 * waking.c
 *	  Waking hours over one and several time zones, and the times in them at which
 *	  reminders are sent (FLOW-15).
 */
#include "tap.h"

#include <stdint.h>

#include "service/waking.h"

#define HOUR 3600
#define DAY 86400
#define NOON 1767268800			/* 2026-01-01 12:00 UTC */
#define MADRID (1 * HOUR)
#define NEW_YORK (-5 * HOUR)
#define HONOLULU (-10 * HOUR)
#define KATHMANDU (5 * HOUR + 45 * 60)
#define GUAM (10 * HOUR)
#define APIA (13 * HOUR)
#define BAKER (-12 * HOUR)

/* The waking hours of zones, for comparing minute by minute. */
static bool
all_awake(int64_t time, const int *offsets, int n)
{
	for (int i = 0; i < n; i++)
	{
		int64_t		local = (time + offsets[i]) % DAY;

		if (local < 9 * HOUR || local >= 20 * HOUR)
			return false;
	}
	return true;
}

/* Every minute of a day is what the local clocks say. */
static void
check_minutes(const char *name, const int *offsets, int n, int expected)
{
	PtWaking	waking;
	int			wrong = 0;

	pt_waking_hours(&waking, offsets, n);
	for (int64_t t = NOON; t < NOON + DAY; t += 20)
		wrong += pt_waking_at(&waking, t) != all_awake(t, offsets, n);
	ok(wrong == 0, "%s: minutes are those of the local clocks", name);
	ok(waking.minutes == expected, "%s: %d minutes a day (%d)", name, expected, waking.minutes);
}

/* Slots and what follows within the margin are awake, within a day from then on, and the same on the next day. */
static void
check_slots(const char *name, const int *offsets, int n, int margin)
{
	PtWaking	waking;
	int			wrong = 0;
	int			hours[24] = {0};

	pt_waking_hours(&waking, offsets, n);
	for (uint32_t i = 0; i < 20000; i++)
	{
		uint32_t	hash = i * 2654435761u;
		int64_t		from = NOON + (int64_t) i * 7;
		int64_t		slot = pt_waking_slot(&waking, from, hash);

		wrong += slot < from || slot >= from + DAY || !all_awake(slot, offsets, n);
		wrong += !all_awake(slot + margin * 60, offsets, n);
		wrong += pt_waking_slot(&waking, slot, hash) != slot;
		wrong += pt_waking_slot(&waking, slot + 1, hash) != slot + DAY;
		hours[slot % DAY / HOUR]++;
	}
	ok(wrong == 0, "%s: slots are awake, within a day, and repeat", name);
	ok(waking.margin == margin, "%s: %d minutes are left behind a slot (%d)", name, margin, waking.margin);
	wrong = 0;
	for (int hour = 0; hour < 24; hour++)
	{
		int			share = 0;

		for (int i = hour * 60; i < hour * 60 + 60; i++)
			share += waking.awake[i] && waking.awake[(i + margin) % PT_WAKING_MINUTES];
		share = 20000 * share / waking.slots;
		wrong += hours[hour] < share * 3 / 4 || hours[hour] > share * 5 / 4;
	}
	ok(wrong == 0, "%s: every hour has its share", name);
}

int
main(void)
{
	int			one[] = {MADRID};
	int			two[] = {MADRID, NEW_YORK};
	int			wide[] = {NEW_YORK, HONOLULU};
	int			odd[] = {KATHMANDU};
	int			none[] = {NEW_YORK, GUAM, KATHMANDU};
	int			east[] = {APIA};
	int			west[] = {BAKER};
	int			quarter[] = {0, 11 * HOUR - 15 * 60};
	int			minute[] = {0, 11 * HOUR - 60};
	PtWaking	waking;

	check_minutes("one zone", one, 1, 11 * 60);
	check_minutes("two zones", two, 2, 5 * 60);
	check_minutes("two zones in the west", wide, 2, 6 * 60);
	check_minutes("a zone of quarters", odd, 1, 11 * 60);
	check_minutes("far in the east", east, 1, 11 * 60);
	check_minutes("far in the west", west, 1, 11 * 60);
	check_minutes("around the world", none, 3, 0);
	check_minutes("a quarter of an hour", quarter, 2, 15);
	check_minutes("one minute", minute, 2, 1);
	check_slots("one zone", one, 1, 60);
	check_slots("two zones", two, 2, 60);
	check_slots("a zone of quarters", odd, 1, 60);
	check_slots("far in the east", east, 1, 60);
	check_slots("a quarter of an hour", quarter, 2, 7);
	check_slots("one minute", minute, 2, 0);

	pt_waking_hours(&waking, one, 1);
	ok(pt_waking_slot(&waking, NOON, 0) == NOON + 20 * HOUR, "the first slot is 9:00 local, tomorrow when it is past noon");
	ok(pt_waking_slot(&waking, NOON - 5 * HOUR, 0) == NOON - 4 * HOUR, "and today when it is not yet 9:00");
	ok(!pt_waking_at(&waking, -1 * HOUR) && pt_waking_at(&waking, -12 * HOUR), "times before 1970");
	return tap_done();
}
