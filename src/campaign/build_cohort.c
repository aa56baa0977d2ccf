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

struct PtCohorts
{
	const PtBuild *build;
	MemoryContext context;
	int			n;
	int			room;
	Cohort	   *list;			/* list[i] is cohort i + 1 */

	/* neighbours mostly have the same zones: what was found for the last number */
	const char *last_zones[PT_ZONES_MAX];
	int			n_last;
	int			last;			/* its cohort; 0: there is none */
};

static Cohort *
add_cohort(PtCohorts *cohorts)
{
	if (cohorts->n == cohorts->room)
	{
		cohorts->room *= 2;
		cohorts->list = repalloc(cohorts->list, cohorts->room * sizeof(Cohort));
	}
	memset(&cohorts->list[cohorts->n], 0, sizeof(Cohort));
	return &cohorts->list[cohorts->n++];
}

/* Those that the run has are numbered from 1 without gaps. */
PtCohorts *
pt_cohorts_load(const PtBuild *build)
{
	static PtPlan plan = {
		"SELECT array_to_string(c.zones, E'\\n'), c.places FROM portatext.campaign_cohort c"
		" WHERE c.run_id = $1 ORDER BY c.cohort",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(build->run_id);
	uint64		n = pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT);
	PtCohorts  *cohorts = palloc0(sizeof(PtCohorts));

	cohorts->build = build;
	cohorts->context = CurrentMemoryContext;
	cohorts->room = 64;
	cohorts->list = palloc(cohorts->room * sizeof(Cohort));
	for (uint64 i = 0; i < n; i++)
	{
		Cohort	   *c = add_cohort(cohorts);
		bool		isnull;

		c->zones = TextDatumGetCString(pt_result(i, 1, &isnull));
		c->places = DatumGetInt64(pt_result(i, 2, &isnull));
	}
	return cohorts;
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
find_cohort(PtCohorts *cohorts, const char *zones, const char *number)
{
	const PtBuild *build = cohorts->build;
	Cohort	   *c;

	for (int i = 0; i < cohorts->n; i++)
	{
		if (strcmp(cohorts->list[i].zones, zones) == 0)
			return i + 1;
	}
	c = add_cohort(cohorts);
	c->zones = MemoryContextStrdup(cohorts->context, zones);
	c->example = MemoryContextStrdup(cohorts->context, number);
	if (build->schedule != NULL)
		(void) pt_schedule_next_for(build->schedule, build->account->account_id, number,
									pt_now(), &c->own_zone);
	return cohorts->n;
}

static int
cohort_for(PtCohorts *cohorts, const char *number)
{
	const char *zones[PT_ZONES_MAX];
	int			n = 0;

	if (cohorts->build->schedule != NULL)
		n = pt_number_timezones(number, strlen(number), zones, PT_ZONES_MAX);
	if (cohorts->last != 0 && cohorts->n_last == n &&
		(n == 0 || memcmp(cohorts->last_zones, zones, n * sizeof(char *)) == 0))
		return cohorts->last;
	cohorts->n_last = n;
	if (n > 0)
		memcpy(cohorts->last_zones, zones, n * sizeof(char *));
	cohorts->last = find_cohort(cohorts, zone_key(zones, n), number);
	return cohorts->last;
}

void
pt_cohorts_place(PtCohorts *cohorts, PtBuildSlice *slice)
{
	for (int i = 0; i < slice->n; i++)
	{
		PtBuildItem *item = &slice->items[i];
		Cohort	   *c;

		if (item->duplicate || item->refusal.code != PT_ACCEPTED)
			continue;
		item->cohort = cohort_for(cohorts, item->order.to);
		c = &cohorts->list[item->cohort - 1];
		c->changed = true;
		item->place = ++c->places;
	}
}

void
pt_cohorts_store(const PtCohorts *cohorts)
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

	const PtBuild *build = cohorts->build;

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
