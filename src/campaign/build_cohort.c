/*
 * build_cohort.c
 *	  Cohorts: recipients of a run whose numbers lie in the same time zones
 *	  (SCH-06), and their places in them.
 */
#include "campaign/build.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

typedef struct Cohort
{
	char	   *zones;			/* sorted, a line each; empty: none, or they do not matter */
	int64		places;
	const char *example;		/* of one that is new; NULL: it is stored */
	bool		own_zone;
	bool		changed;
} Cohort;

typedef struct Cohorts
{
	int			n;
	int			room;
	Cohort	   *list;			/* list[i] is cohort i + 1 */
} Cohorts;

static Cohort *
add_cohort(Cohorts *cohorts)
{
	if (cohorts->n == cohorts->room)
	{
		cohorts->room = Max(64, cohorts->room * 2);
		cohorts->list = cohorts->list == NULL ? palloc(cohorts->room * sizeof(Cohort)) :
			repalloc(cohorts->list, cohorts->room * sizeof(Cohort));
	}
	memset(&cohorts->list[cohorts->n], 0, sizeof(Cohort));
	return &cohorts->list[cohorts->n++];
}

/* Those that the run has; they are numbered from 1 without gaps. */
static void
load_cohorts(int64 run_id, Cohorts *cohorts)
{
	static PtPlan plan = {
		"SELECT array_to_string(c.zones, E'\\n'), c.places FROM portatext.campaign_cohort c"
		" WHERE c.run_id = $1 ORDER BY c.cohort",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);
	uint64		n = pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT);

	memset(cohorts, 0, sizeof(*cohorts));
	for (uint64 i = 0; i < n; i++)
	{
		Cohort	   *c = add_cohort(cohorts);
		bool		isnull;

		c->zones = TextDatumGetCString(pt_result(i, 1, &isnull));
		c->places = DatumGetInt64(pt_result(i, 2, &isnull));
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The names in order, each once, a line each. */
static char *
zone_key(const char *const *zones, int n)
{
	const char *sorted[PT_ZONES_MAX];
	StringInfoData key;

	initStringInfo(&key);
	memcpy(sorted, zones, n * sizeof(char *));
	qsort(sorted, n, sizeof(char *), compare_names);
	for (int i = 0; i < n; i++)
	{
		if (i > 0 && strcmp(sorted[i], sorted[i - 1]) == 0)
			continue;
		appendStringInfo(&key, "%s%s", i == 0 ? "" : "\n", sorted[i]);
	}
	return key.data;
}

/* The cohort, from 1, of numbers with these zones; number is an example of them. */
static int
find_cohort(const PtBuild *build, Cohorts *cohorts, char *zones, const char *number)
{
	Cohort	   *c;

	for (int i = 0; i < cohorts->n; i++)
	{
		if (strcmp(cohorts->list[i].zones, zones) == 0)
			return i + 1;
	}
	c = add_cohort(cohorts);
	c->zones = zones;
	c->example = number;
	if (build->schedule != NULL)
		(void) pt_schedule_next_for(build->schedule, build->account->account_id, number,
									pt_now(), &c->own_zone);
	return cohorts->n;
}

/* Neighbours mostly have the same zones: what was found for the last number. */
typedef struct Last
{
	const char *zones[PT_ZONES_MAX];
	int			n;
	int			cohort;			/* 0: there is none */
} Last;

static int
cohort_for(const PtBuild *build, Cohorts *cohorts, Last *last, const char *number)
{
	const char *zones[PT_ZONES_MAX];
	int			n = 0;

	if (build->schedule != NULL)
		n = pt_number_timezones(number, strlen(number), zones, PT_ZONES_MAX);
	if (last->cohort != 0 && last->n == n && memcmp(last->zones, zones, n * sizeof(char *)) == 0)
		return last->cohort;
	last->n = n;
	memcpy(last->zones, zones, n * sizeof(char *));
	last->cohort = find_cohort(build, cohorts, zone_key(zones, n), number);
	return last->cohort;
}

/* Writes the cohorts that are new or have got more places. */
static void
store_cohorts(const PtBuild *build, const Cohorts *cohorts)
{
	static PtPlan first = {
		"INSERT INTO portatext.campaign_cohort (run_id, cohort, account_id, example, zones, own_zone, places)"
		" VALUES ($1, $2, $3, $4, string_to_array($5, E'\\n'), $6, $7)",
		7, {INT8OID, INT4OID, INT8OID, TEXTOID, TEXTOID, BOOLOID, INT8OID}
	};
	static PtPlan more = {
		"UPDATE portatext.campaign_cohort SET places = $3 WHERE run_id = $1 AND cohort = $2",
		3, {INT8OID, INT4OID, INT8OID}
	};

	for (int i = 0; i < cohorts->n; i++)
	{
		const Cohort *c = &cohorts->list[i];
		Datum		values[7] = {Int64GetDatum(build->run_id), Int32GetDatum(i + 1)};

		if (!c->changed)
			continue;
		if (c->example == NULL)
		{
			values[2] = Int64GetDatum(c->places);
			pt_plan_run(&more, values, NULL, SPI_OK_UPDATE);
			continue;
		}
		values[2] = Int64GetDatum(build->account->account_id);
		values[3] = CStringGetTextDatum(c->example);
		values[4] = CStringGetTextDatum(c->zones);
		values[5] = BoolGetDatum(c->own_zone);
		values[6] = Int64GetDatum(c->places);
		pt_plan_run(&first, values, NULL, SPI_OK_INSERT);
	}
}

void
pt_build_place(PtBuild *build, PtBuildChunk *chunk)
{
	Cohorts		cohorts;
	Last		last = {.cohort = 0};

	load_cohorts(build->run_id, &cohorts);
	for (int i = 0; i < chunk->n; i++)
	{
		PtBuildItem *item = &chunk->items[i];
		Cohort	   *c;

		if (item->duplicate || item->refusal.code != PT_ACCEPTED)
			continue;
		item->cohort = cohort_for(build, &cohorts, &last, item->order.to);
		c = &cohorts.list[item->cohort - 1];
		c->changed = true;
		item->place = ++c->places;
	}
	store_cohorts(build, &cohorts);
}
