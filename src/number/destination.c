/*
 * destination.c
 *	  Core: the leading digits by which numbers are known to be of a country, read
 *	  from the numbering plan's automaton.
 */
#include <string.h>

#include "number/destination.h"
#include "number/number_data.h"

/* A walk through the plan. */
typedef struct Walk
{
	char		prefix[PT_E164_SIZE];	/* digits so far */
	int			longest;		/* digits of a prefix at most */
	unsigned char *tells;		/* by state: 1: a state below names a region, 2: none does, 0: not known yet */
	PtDestinationTaker take;
	void	   *arg;
} Walk;

/* Does the state, or one that is reached from it, name a region? */
static bool
tells_region(Walk *walk, unsigned state)
{
	bool		found = pt_plan_value[state] >> 4 != 0;

	if (state == 0)
		return false;
	for (int digit = 0; digit < 10 && walk->tells[state] == 0 && !found; digit++)
		found = tells_region(walk, pt_plan_next[state][digit]);
	if (walk->tells[state] == 0)
		walk->tells[state] = found ? 1 : 2;
	return walk->tells[state] == 1;
}

/* All prefixes below this one whose country is another than the one told before. */
static void
walk_state(Walk *walk, unsigned state, int len, unsigned told)
{
	unsigned	region = pt_plan_value[state] >> 4;

	if (region != 0 && region != told)
	{
		walk->take(walk->arg, walk->prefix, pt_region_names[region]);
		told = region;
	}
	for (int digit = 0; digit < 10 && len < walk->longest; digit++)
	{
		unsigned	next = pt_plan_next[state][digit];

		if (!tells_region(walk, next))
			continue;
		walk->prefix[len] = (char) ('0' + digit);
		walk->prefix[len + 1] = '\0';
		walk_state(walk, next, len + 1, told);
	}
	walk->prefix[len] = '\0';
}

/* Writes the country code's digits; returns how many. */
static int
write_code(char *prefix, int code)
{
	int			len = code >= 100 ? 3 : code >= 10 ? 2 : 1;

	prefix[len] = '\0';
	for (int i = len; i > 0; code /= 10)
		prefix[--i] = (char) ('0' + code % 10);
	return len;
}

void
pt_number_destinations(PtDestinationTaker take, void *arg, unsigned char *states)
{
	Walk		walk = {.tells = states,.take = take,.arg = arg};

	memset(states, 0, PT_PLAN_STATES_MAX);
	for (int code = 1; code < 1000; code++)
	{
		const PtCountryCode *entry = &pt_codes[pt_code_index[code]];
		int			len;

		if (pt_code_index[code] == 0)
			continue;
		len = write_code(walk.prefix, code);
		/* In North America area codes tell; a few short numbers of Canada's begin like one of the United States. */
		walk.longest = code == 1 ? 4 : PT_DESTINATION_DIGITS;
		if (entry->region != 0)
			take(arg, walk.prefix, pt_region_names[entry->region]);
		walk_state(&walk, entry->start, len, entry->region);
	}
}
