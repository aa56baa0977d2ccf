/*
 * pacing.c
 *	  How many calls a telephony campaign places now: the decision.
 *
 * Core: no PostgreSQL header.  See pacing.h, and pacing_curve.c (chance of an
 * answer), pacing_budget.c (ceilings), pacing_ahead.c (the predictive method).
 */
#include "telephony/pacing.h"

#include <math.h>
#include <string.h>

#include "telephony/erlang.h"
#include "telephony/pacing_internal.h"

#define STEP_MAX 5.0			/* seconds that pass between decisions; what is longer was a pause */
#define OCCUPANCY_SECONDS 120.0 /* over which occupancy is averaged */
#define WITHDRAW_FREES 3.0		/* seconds in which agents must become free ... */
#define WITHDRAW_ANSWERS 2.0	/* ... for the answers of so many */
#define PLACE_MAX 100000

/* One more bound of a decision. */
static void
bound(PtPaceOutput *output, int room, PtPaceLimit limit)
{
	if (room >= output->place)
		return;
	output->place = room > 0 ? room : 0;
	output->limit = limit;
}

/* The average of the occupancy; agents that come or go are no jump of it. */
static void
watch_occupancy(PtPace *pace, const PtPaceInput *input, int busy, double passed)
{
	double		now;

	if (input->agents <= 0)
		return;
	now = fmin((double) busy / input->agents, 1);
	pace->occupancy += (1 - exp(-passed / OCCUPANCY_SECONDS)) * (now - pace->occupancy);
}

/*
 * Takes over what the caller counts and lets time pass; fills what every method
 * shows.  Returns the seconds since the last decision.
 */
static double
begin(PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input, PtPaceOutput *output)
{
	double		passed = fmin(fmax(input->now_s - pace->decided_at, 0), STEP_MAX);

	pace->decided_at = input->now_s;
	pace->alpha = settings->max_abandonment >= 1 ? 1 : settings->max_abandonment * (1 - settings->safety_margin);
	pace->ceiling = settings->max_abandonment;
	pace->live = input->live;
	pace->abandoned = input->abandoned;
	memset(output, 0, sizeof(*output));
	output->agents = input->agents;
	output->idle = input->idle;
	output->waiting = input->waiting;
	output->busy = input->n_talking + input->n_wrap_up;
	output->ringing = input->n_ringing;
	for (int i = 0; i < input->n_others; i++)
		output->others_ringing += input->others[i].n;
	output->live = input->live;
	output->abandoned = input->abandoned;
	output->abandonment = input->live > 0 ? (double) input->abandoned / input->live : 0;
	output->budget = pt_budget_left(pace);
	pt_curve_fade(pace, passed);
	watch_occupancy(pace, input, output->busy, passed);
	pt_budget_rest(pace, settings->occupancy, passed);
	return passed;
}

/* Idle agents for whom no call rings; such a call cannot be lost. */
static int
unreserved(const PtPaceInput *input, const PtPaceOutput *output)
{
	int			free = input->idle - input->waiting - output->ringing - output->others_ringing;

	return free > 0 ? free : 0;
}

/* PACE-05; the load is kept, since Erlang C takes its time. */
static double
allowed_load(PtPace *pace, const PtPaceSettings *settings, int agents)
{
	double		waiting = settings->waiting_probability > 0 ? settings->waiting_probability : 1;
	double	   *key = pace->erlang_key;

	if (key[0] != agents || key[1] != settings->occupancy || key[2] != waiting)
	{
		key[0] = agents;
		key[1] = settings->occupancy;
		key[2] = waiting;
		key[3] = pt_erlang_load(agents, settings->occupancy, waiting, 1, 0);
	}
	return key[3];
}

int
pt_pace_calls(double load, int busy, int ringing, double p_answer)
{
	/* What is a whole number but for rounding stays it. */
	double		calls = ceil((load - busy) / p_answer - 1e-9) - ringing;

	return calls > 0 ? (int) fmin(calls, PLACE_MAX) : 0;
}

/* The calls of an idle agent, of the methods without a forecast. */
static void
place_for_idle(double ratio, const PtPaceInput *input, PtPaceOutput *output, PtPaceLimit limit)
{
	double		lines = floor(ratio * (input->idle - input->waiting) + 1e-9);

	bound(output, (int) fmin(lines, PLACE_MAX) - output->ringing - output->others_ringing, limit);
}

/* What the method itself allows. */
static void
place_by_method(PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input,
				const PtRinging *ringing, const PtCurve *curve, PtPaceOutput *output)
{
	switch (settings->method)
	{
		case PT_PACE_LINES:
			break;
		case PT_PACE_PROGRESSIVE:
			place_for_idle(1, input, output, PT_PACE_BY_AGENTS);
			break;
		case PT_PACE_RATIO:
			place_for_idle(settings->ratio, input, output, PT_PACE_BY_RATIO);
			break;
		case PT_PACE_ERLANG:
			output->load = allowed_load(pace, settings, input->agents);
			bound(output, pt_pace_calls(output->load, output->busy + input->waiting,
										output->ringing + output->others_ringing, curve->p),
				  PT_PACE_BY_ERLANG);
			break;
		case PT_PACE_PREDICTIVE:
			output->place = pt_ahead_room(pace, settings, input, ringing, curve, output);
			break;
	}
}

/* Calls with an agent of their own: always, or nothing else when the budget is used up. */
static void
heed_reserved(const PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input, PtPaceOutput *output)
{
	bool		predictive = settings->method == PT_PACE_PREDICTIVE;
	int			reserved = unreserved(input, output);

	if (settings->method == PT_PACE_LINES)
		return;
	if (pt_budget_spent(pace, predictive, input->n_others == 0))
		bound(output, reserved, PT_PACE_BY_ABANDONMENT);
	if (predictive && output->place < reserved)
		output->place = reserved;
}

/* The occupancy ceiling of the predictive method: agents that will be busy. */
static void
heed_occupancy(PtPace *pace, const PtPaceSettings *settings, double passed, PtPaceOutput *output)
{
	double		room;

	if (settings->method != PT_PACE_PREDICTIVE || settings->occupancy >= 1)
		return;
	output->busy_limit = (settings->occupancy + pace->rest) * output->agents;
	room = (output->busy_limit - output->expected_busy) / fmax(output->new_answer, 0.001);
	bound(output, (int) fmin(fmax(room, 0), PLACE_MAX), PT_PACE_BY_OCCUPANCY);
	pace->resting += (1 - exp(-passed / OCCUPANCY_SECONDS))
		* ((output->limit == PT_PACE_BY_OCCUPANCY) - pace->resting);
}

/* Calls to hang up since their answers would find no agent. */
static void
withdraw(const PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input,
		 const PtRinging *ringing, const PtCurve *curve, PtPaceOutput *output)
{
	double		answers = input->waiting;
	double		frees = 0;
	double		until = WITHDRAW_FREES - settings->wrap_up_s;

	if (settings->min_ring_s <= 0 || settings->method != PT_PACE_PREDICTIVE || input->idle > input->waiting)
		return;
	for (int b = 0; b < PT_PACE_SECONDS; b++)
	{
		if (ringing->count[b] > 0)
			answers += ringing->count[b]
				* pt_curve_answer(curve, ringing->age[b] / ringing->count[b], WITHDRAW_ANSWERS);
	}
	for (int i = 0; i < input->n_wrap_up; i++)
		frees += input->wrap_left[i] >= 0 && input->wrap_left[i] <= WITHDRAW_FREES;
	if (until > 0)
		frees += input->n_talking * (1 - exp(-until / pace->acd));
	if (frees >= answers)
		return;
	for (int i = 0; i < input->n_ringing; i++)
		output->withdraw += input->ringing[i] >= settings->min_ring_s;
	if (output->withdraw > 0)
		output->withdraw_from_s = settings->min_ring_s;
}

/* What the lines, the list and the trunk's rate allow. */
static void
heed_limits(const PtPaceInput *input, PtPaceOutput *output)
{
	if (input->max_targets >= 0)
		bound(output, input->max_targets, PT_PACE_BY_TARGETS);
	if (input->max_lines >= 0)
		bound(output, input->max_lines, PT_PACE_BY_LINES);
	if (input->max_rate >= 0)
		bound(output, input->max_rate, PT_PACE_BY_RATE);
}

void
pt_pace_decide(PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input, PtPaceOutput *output)
{
	PtRinging	ringing;
	PtCurve		curve;
	double		passed;

	passed = begin(pace, settings, input, output);
	pt_curve_count(&ringing, input->ringing, input->n_ringing);
	pt_curve_build(&curve, pace, &ringing);
	output->p_answer = curve.p;
	output->answer_s = curve.answer_s;
	output->acd_s = pace->acd;
	output->occupancy = pace->occupancy;
	output->threshold = pt_budget_threshold(pace, input);
	output->place = PLACE_MAX;
	place_by_method(pace, settings, input, &ringing, &curve, output);
	heed_reserved(pace, settings, input, output);
	heed_occupancy(pace, settings, passed, output);
	heed_limits(input, output);
	withdraw(pace, settings, input, &ringing, &curve, output);
}
