/*
 * destination.c
 *	  Dialled prefixes: the longest one tells of a number what the numbering plan
 *	  tells, for all samples of assigned numbers (number_samples.tsv).
 */
#include <stdlib.h>
#include <string.h>

#include "number/destination.h"
#include "tap.h"

#define SAMPLES "test/unit/number_samples.tsv"
#define PREFIXES_MAX 2000

typedef struct Destination
{
	char		prefix[PT_E164_SIZE];
	char		country[3];
} Destination;

typedef struct Destinations
{
	Destination all[PREFIXES_MAX];
	int			count;
} Destinations;

/* PtDestinationTaker */
static void
keep(void *arg, const char *prefix, const char *country)
{
	Destinations *list = arg;

	if (list->count >= PREFIXES_MAX)
	{
		ok(false, "there are fewer than %d prefixes", PREFIXES_MAX);
		exit(1);
	}
	snprintf(list->all[list->count].prefix, PT_E164_SIZE, "%s", prefix);
	snprintf(list->all[list->count++].country, 3, "%s", country);
}

/* The country of the longest prefix, or "". */
static const char *
country_of(const Destinations *list, const char *digits)
{
	const Destination *best = NULL;

	for (int i = 0; i < list->count; i++)
	{
		const Destination *d = &list->all[i];
		size_t		len = strlen(d->prefix);

		if (strncmp(digits, d->prefix, len) == 0 && (best == NULL || len > strlen(best->prefix)))
			best = d;
	}
	return best == NULL ? "" : best->country;
}

/* Every prefix is there once, and none says what the next shorter one says already. */
static void
test_prefixes(const Destinations *list)
{
	int			wrong = 0;

	for (int i = 0; i < list->count; i++)
	{
		char		shorter[PT_E164_SIZE];

		for (int j = 0; j < i; j++)
			wrong += strcmp(list->all[i].prefix, list->all[j].prefix) == 0;
		snprintf(shorter, sizeof(shorter), "%s", list->all[i].prefix);
		shorter[strlen(shorter) - 1] = '\0';
		wrong += strcmp(country_of(list, shorter), list->all[i].country) == 0;
	}
	ok(list->count > 245 && wrong == 0, "%d prefixes, each once and needed", list->count);
}

/* Assigned numbers, but those of North America that have no area code. */
static void
test_samples(const Destinations *list)
{
	FILE	   *file = fopen(SAMPLES, "r");
	char		line[2048];
	int			count = 0;
	int			agreeing = 0;

	while (file != NULL && fgets(line, sizeof(line), file))
	{
		PtNumberPlan plan;

		line[strcspn(line, "\t\n")] = '\0';
		pt_number_plan(line, strlen(line), &plan);
		if (line[0] == '#' || !plan.assigned || plan.country == NULL || (line[1] == '1' && strlen(line) < 12))
			continue;
		count++;
		if (strcmp(country_of(list, line + 1), plan.country) == 0)
			agreeing++;
		else
			ok(false, "%s is of %s, not of \"%s\"", line, plan.country, country_of(list, line + 1));
	}
	if (file != NULL)
		fclose(file);
	ok(count > 1000 && agreeing == count, "all %d samples have the country of their prefix", count);
}

int
main(void)
{
	static Destinations list;
	static unsigned char states[PT_PLAN_STATES_MAX];

	pt_number_destinations(keep, &list, states);
	test_prefixes(&list);
	test_samples(&list);
	return tap_done();
}
