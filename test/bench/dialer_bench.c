/*
 * dialer_bench.c
 *	  Prints how good the pacing core is in a simulated call centre, for the row
 *	  "dialer" of make bench.
 *
 *	dialer_bench DAYS     days of eight hours, each with a seed of its own
 *
 * Lines of fields that tabs separate:
 *	  fact  WHAT  VALUE  UNIT  TARGET        target empty: none
 *	  beside  WHAT  USED  ABANDONED          percent; another policy, same seeds
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dialer_sim.h"

#define FIRST_SEED 20260701
#define CEILING "<= 3.0"

/* Several days together. */
typedef struct Days
{
	double		used;			/* mean share */
	double		abandoned;		/* mean share of live answers */
	double		worst;			/* day's or campaign's share */
	double		first_hour;		/* share, all days together */
	double		waited;			/* seconds of a caller */
	double		decide_us;
} Days;

static const int sizes[] = {5, 10, 20, 50, 100};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static SimScenario
plain_scenario(int agents)
{
	SimScenario scenario = {.name = "plain",.agents = agents,.hours = 8,.p = 0.3,.talk_s = 60,.wrap_s = 15};

	return scenario;
}

static PtPaceSettings
plain_settings(PtPaceMethod method)
{
	PtPaceSettings settings;

	pt_pace_defaults(&settings);
	settings.method = method;
	settings.occupancy = 1;
	settings.wrap_up_s = 15;
	return settings;
}

static double
share(int64_t part, int64_t whole)
{
	return whole > 0 ? (double) part / (double) whole : 0;
}

/* The worst of the day and of each campaign that had some answers. */
static double
worst_share(const SimResult *r)
{
	double		worst = share(r->day.abandoned, r->day.live);

	for (int c = 0; c < SIM_CAMPAIGNS; c++)
	{
		if (r->campaign[c].live >= 300)
			worst = fmax(worst, share(r->campaign[c].abandoned, r->campaign[c].live));
	}
	return worst;
}

static Days
run_days(const SimScenario *scenario, const PtPaceSettings *settings, int n)
{
	Days		days = {0};
	int64_t		live = 0;
	int64_t		hour_live = 0;
	int64_t		hour_abandoned = 0;

	for (int i = 0; i < n; i++)
	{
		SimResult	r;

		if (!sim_run(scenario, settings, FIRST_SEED + (uint64_t) i, &r))
		{
			fprintf(stderr, "no memory for %s with %d agents\n", scenario->name, scenario->agents);
			exit(1);
		}
		days.used += r.day.used / r.day.present / n;
		days.abandoned += share(r.day.abandoned, r.day.live) / n;
		days.worst = fmax(days.worst, worst_share(&r));
		days.waited += r.waited;
		days.decide_us += 1e6 * r.decide_s / fmax((double) r.decisions, 1) / n;
		live += r.day.live;
		hour_live += r.first_hour.live;
		hour_abandoned += r.first_hour.abandoned;
	}
	days.first_hour = share(hour_abandoned, hour_live);
	days.waited /= fmax((double) live, 1);
	return days;
}

static void
fact(const char *what, int agents, double value, const char *unit, const char *target)
{
	printf("fact\t%d agents: %s\t%.4f\t%s\t%s\n", agents, what, value, unit, target);
	fflush(stdout);
}

/* The days of the goals, without and with withdrawing. */
static void
goals(int n)
{
	static const char *const least[] = {">= 69", ">= 77", ">= 84.5", ">= 92", ">= 95"};
	static const char *const stretch[] = {">= 73", ">= 80.5", ">= 87", ">= 93.5", ">= 96.5"};
	static const char *const cost[] = {"", "", "<= 50", "", "<= 250"};

	for (size_t i = 0; i < SIZES; i++)
	{
		SimScenario scenario = plain_scenario(sizes[i]);
		PtPaceSettings settings = plain_settings(PT_PACE_PREDICTIVE);
		Days		days = run_days(&scenario, &settings, n);

		fact("used", sizes[i], 100 * days.used, "%", least[i]);
		fact("abandoned, mean", sizes[i], 100 * days.abandoned, "%", "");
		fact("abandoned, worst day", sizes[i], 100 * days.worst, "%", CEILING);
		fact("abandoned, first hours", sizes[i], 100 * days.first_hour, "%", CEILING);
		fact("a caller's wait", sizes[i], days.waited, "s", "<= 0.2");
		fact("a decision", sizes[i], days.decide_us, "us", cost[i]);
		settings.min_ring_s = 15;
		days = run_days(&scenario, &settings, (n + 1) / 2);
		fact("used, withdrawing", sizes[i], 100 * days.used, "%", stretch[i]);
		fact("abandoned so, worst day", sizes[i], 100 * days.worst, "%", CEILING);
	}
}

/* A policy that stands beside them, without a ceiling. */
static void
beside(const char *name, PtPaceMethod method, double ratio, double occupancy, double open_load, int n)
{
	for (size_t i = 0; i < SIZES; i++)
	{
		SimScenario scenario = plain_scenario(sizes[i]);
		PtPaceSettings settings = plain_settings(method);
		Days		days;

		scenario.open_load = open_load;
		settings.ratio = ratio;
		settings.occupancy = occupancy;
		settings.max_abandonment = 1;
		days = run_days(&scenario, &settings, n);
		printf("beside\t%d agents: %s\t%.4f\t%.4f\n", sizes[i], name, 100 * days.used, 100 * days.abandoned);
		fflush(stdout);
	}
}

/* The occupancy of 0.9 that is the default. */
static void
occupancy(int n)
{
	for (size_t i = 3; i < SIZES; i++)
	{
		SimScenario scenario = plain_scenario(sizes[i]);
		PtPaceSettings settings = plain_settings(PT_PACE_PREDICTIVE);
		Days		days;

		settings.occupancy = 0.9;
		days = run_days(&scenario, &settings, n);
		fact("used, occupancy 0.9", sizes[i], 100 * days.used, "%", ">= 88");
		fact("used, occupancy 0.9", sizes[i], 100 * days.used, "%", "<= 91.5");
		fact("abandoned, occupancy 0.9", sizes[i], 100 * days.abandoned, "%", "<= 1.2");
	}
}

/* Days on which something happens; the ceiling holds on each. */
static void
troubles(int n)
{
	static const SimScenario all[] = {
		{.name = "agents come and go",.p = 0.3,.shifts = true},
		{.name = "3 campaigns, 1 team",.p = 0.3,.campaigns = 3},
		{.name = "the list runs dry",.p = 0.3,.contacts = 5000},
		{.name = "trunk fails 10 min",.p = 0.3,.dead_from = 7200,.dead_to = 7800,.dead_rings_s = 0.1},
		{.name = "trunk silent 10 min",.p = 0.3,.dead_from = 7200,.dead_to = 7800,.dead_rings_s = 6},
		{.name = "p from 0.1 to 0.6",.answer = SIM_JUMP,.p = 0.1,.p_after = 0.6,.jump_at = 7200},
		{.name = "p from 0.6 to 0.1",.answer = SIM_JUMP,.p = 0.6,.p_after = 0.1,.jump_at = 7200},
		{.name = "30 % machines",.p = 0.3,.machines = 0.3,.detect_s = 2.5},
		{.name = "half an hour's pause",.p = 0.3,.pause_from = 7200,.pause_to = 9000},
		{.name = "rings 6-25 s evenly",.p = 0.3,.uniform_ring = true},
	};
	static const int teams[] = {5, 20, 50};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
	{
		for (size_t i = 0; i < sizeof(teams) / sizeof(teams[0]); i++)
		{
			SimScenario scenario = all[k];
			PtPaceSettings settings = plain_settings(PT_PACE_PREDICTIVE);
			char		what[100];
			Days		days;

			scenario.agents = teams[i];
			scenario.hours = 8;
			scenario.talk_s = 60;
			scenario.wrap_s = 15;
			days = run_days(&scenario, &settings, n);
			snprintf(what, sizeof(what), "%s, worst day", all[k].name);
			fact(what, teams[i], 100 * days.worst, "%", CEILING);
			snprintf(what, sizeof(what), "%s, used", all[k].name);
			fact(what, teams[i], 100 * days.used, "%", "");
		}
	}
}

int
main(int argc, char **argv)
{
	int			n = argc > 1 ? atoi(argv[1]) : 0;
	int			few = (n + 3) / 4;

	if (n < 1)
	{
		fprintf(stderr, "usage: dialer_bench DAYS\n");
		return 2;
	}
	goals(n);
	occupancy((n + 1) / 2);
	troubles(few);
	beside("1:1, used", PT_PACE_PROGRESSIVE, 1, 1, 0, few);
	beside("ratio 2, used", PT_PACE_RATIO, 2, 1, 0, few);
	beside("ratio 3, used", PT_PACE_RATIO, 3, 1, 0, few);
	beside("Erlang C's rate at 0.9, used", PT_PACE_PROGRESSIVE, 1, 1, 0.9, few);
	beside("PACE-05 at 0.9, used", PT_PACE_ERLANG, 1, 0.9, 0, few);
	return 0;
}
