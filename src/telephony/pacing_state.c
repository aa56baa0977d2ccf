/*
 * pacing_state.c
 *	  What a campaign has learnt: made, told of what happens, checked when read back.
 *
 * Core: no PostgreSQL header.
 */
#include <math.h>
#include <string.h>

#include "telephony/pacing_internal.h"

#define TALKS_SEED 2.0			/* the seed of the duration weighs as many calls */
#define TALKS_MAX 49.0			/* the average moves by a fiftieth at least */
#define TALK_MIN 1.0			/* bounds of the average call duration (PACE-08) */
#define TALK_MAX 7200.0
#define TALK_TIMES 10.0			/* one talk counts for so many times the average at most */

void
pt_pace_defaults(PtPaceSettings *settings)
{
	*settings = (PtPaceSettings)
	{
		.method = PT_PACE_PREDICTIVE,.occupancy = 0.9,.ratio = 2,.max_abandonment = 0.03,
			.safety_margin = 0.05,.patience_s = 2,.acd_seed_s = 60,.answer_seed = 0.5
	};
}

static bool
within(double value, double low, double high)
{
	return value >= low && value <= high;
}

const char *
pt_pace_settings_problem(const PtPaceSettings *s)
{
	const struct
	{
		const char *name;
		bool		good;
	}			checks[] = {
		{"method", s->method <= PT_PACE_PREDICTIVE},
		{"occupancy", within(s->occupancy, 0.01, 1)},
		{"ratio", within(s->ratio, 1, 100)},
		{"max_abandonment", within(s->max_abandonment, 0, 1)},
		{"safety_margin", within(s->safety_margin, 0, 0.9)},
		{"waiting_probability", within(s->waiting_probability, 0, 1)},
		{"patience", within(s->patience_s, 0, 3600)},
		{"wrap_up", within(s->wrap_up_s, 0, TALK_MAX)},
		{"acd_seed", within(s->acd_seed_s, TALK_MIN, TALK_MAX)},
		{"answer_seed", within(s->answer_seed, 0.01, 1)},
		{"min_ring", within(s->min_ring_s, 0, 3600)},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
	{
		if (!checks[i].good)
			return checks[i].name;
	}
	return NULL;
}

void
pt_pace_init(PtPace *pace, const PtPaceSettings *settings)
{
	memset(pace, 0, sizeof(*pace));
	pace->version = PT_PACE_VERSION;
	pace->size = sizeof(*pace);
	pace->acd = settings->acd_seed_s;
	pace->answer_seed = settings->answer_seed;
	pt_curve_init(pace);
	pt_budget_init(pace);
}

/* Are the counts of the curve such as calls can have left? */
static bool
curve_valid(const PtPace *pace)
{
	for (int b = 0; b < PT_PACE_SECONDS; b++)
	{
		if (!within(pace->risk[b], 0, 1e9) || !within(pace->answered[b], 0, 1e9)
			|| !within(pace->ended[b], 0, 1e9)
			|| pace->answered[b] + pace->ended[b] > pace->risk[b] * 1.001 + 0.001)
			return false;
	}
	return within(pace->answer_seed, 0.01, 1) && within(pace->fresh, 0, 1e12)
		&& within(pace->lasting_p, 0, 1) && within(pace->lasting_s, 0, 1e9);
}

bool
pt_pace_valid(const void *bytes, size_t size)
{
	PtPace		pace;

	if (size != sizeof(pace))
		return false;
	memcpy(&pace, bytes, sizeof(pace));
	return pace.version == PT_PACE_VERSION && pace.size == (int32_t) sizeof(pace) && curve_valid(&pace)
		&& within(pace.acd, TALK_MIN, TALK_MAX) && within(pace.talks, 0, TALKS_MAX)
		&& within(pace.live, 0, 1e15) && within(pace.abandoned, 0, 1e15) && within(pace.alpha, 0, 1)
		&& within(pace.threshold, 0, 1) && within(pace.rest, -1, 1)
		&& within(pace.resting, 0, 1)
		&& within(pace.in_flight, 0, 1e9) && within(pace.occupancy, 0, 1)
		&& isfinite(pace.decided_at) && within(pace.erlang_key[0], 0, 1e9)
		&& within(pace.erlang_key[1], 0, 1) && within(pace.erlang_key[2], 0, 1)
		&& within(pace.erlang_key[3], 0, 1e9);
}

void
pt_pace_arrived(PtPace *pace, double age_s)
{
	pt_curve_take(pace, age_s, true, true);
}

void
pt_pace_gone(PtPace *pace, double age_s)
{
	pt_curve_take(pace, age_s, false, true);
}

void
pt_pace_withdrawn(PtPace *pace, double age_s)
{
	pt_curve_take(pace, age_s, false, false);
}

void
pt_pace_talked(PtPace *pace, double seconds)
{
	if (!isfinite(seconds))
		return;
	seconds = fmin(fmax(seconds, 0), fmax(pace->acd * TALK_TIMES, 600));
	pace->acd += (seconds - pace->acd) / (pace->talks + TALKS_SEED + 1);
	pace->acd = fmin(fmax(pace->acd, TALK_MIN), TALK_MAX);
	pace->talks = fmin(pace->talks + 1, TALKS_MAX - TALKS_SEED);
}

void
pt_pace_live(PtPace *pace, bool abandoned)
{
	pt_budget_live(pace, abandoned);
}
