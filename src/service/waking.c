/*
 * waking.c
 *	  When somebody who lives in one of some time zones is awake, wherever that is.
 *
 * Core: no PostgreSQL header.  A day is a row of 1440 minutes in UTC; each zone
 * takes away those in which its people sleep.
 */
#include "service/waking.h"

#define DAY 86400
#define MINUTE 60

/* The second of the day, also of times before 1970. */
static int
second_of_day(int64_t time)
{
	int64_t		second = time % DAY;

	return (int) (second < 0 ? second + DAY : second);
}

/* Are both the minute and the end of its margin in the waking hours, which are one stretch? */
static bool
is_slot(const PtWaking *waking, int minute)
{
	return waking->awake[minute] && waking->awake[(minute + waking->margin) % PT_WAKING_MINUTES];
}

/* Finds the longest margin that leaves something. */
static void
set_margin(PtWaking *waking)
{
	waking->margin = PT_WAKING_MARGIN * 2;
	do
	{
		waking->margin /= 2;
		waking->slots = 0;
		for (int minute = 0; minute < PT_WAKING_MINUTES; minute++)
			waking->slots += is_slot(waking, minute);
	} while (waking->slots == 0 && waking->margin > 0);
}

void
pt_waking_hours(PtWaking *waking, const int *offsets, int n)
{
	waking->minutes = 0;
	for (int minute = 0; minute < PT_WAKING_MINUTES; minute++)
	{
		waking->awake[minute] = true;
		for (int i = 0; i < n && waking->awake[minute]; i++)
		{
			int			hour = second_of_day((int64_t) minute * MINUTE + offsets[i]) / 3600;

			waking->awake[minute] = hour >= PT_WAKING_FROM && hour < PT_WAKING_TO;
		}
		waking->minutes += waking->awake[minute];
	}
	set_margin(waking);
}

bool
pt_waking_at(const PtWaking *waking, int64_t time)
{
	return waking->awake[second_of_day(time) / MINUTE];
}

int64_t
pt_waking_slot(const PtWaking *waking, int64_t from, uint32_t hash)
{
	int			left = (int) (hash % (uint32_t) waking->slots);
	int			minute = 0;
	int			second;
	int			wait;

	while (!is_slot(waking, minute) || left-- > 0)
		minute++;
	second = minute * MINUTE + (int) (hash / (uint32_t) waking->slots % MINUTE);
	wait = second - second_of_day(from);
	return from + (wait < 0 ? wait + DAY : wait);
}
