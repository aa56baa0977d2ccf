/*
 * pacing_budget.c
 *	  How much risk the abandonment ceiling and the occupancy ceiling allow.
 *
 * Core: no PostgreSQL header.  A call is placed while the chance of loss is not
 * above a threshold.  The threshold is steered by live answers alone: it rises a
 * little with each that was connected and falls with each that was abandoned, so
 * that in the long run the wanted share is abandoned; a pause does not move it.
 * The wanted share is the ceiling less the margin, and more or less so as to use
 * up what the window still allows.
 */
#include "telephony/pacing_internal.h"

#include <math.h>

#define THRESHOLD_FIRST 0.02
#define THRESHOLD_MIN 0.002
#define THRESHOLD_MAX 0.5
#define GAIN 0.3				/* of a live answer on the logarithm of the threshold */
#define GAIN_IN_FLIGHT 15.0		/* answers in flight that halve the gain */
#define EVEN_CALLS 100.0		/* live answers over which the budget is evened out ... */
#define EVEN_SHARE 0.25			/* ... or this share of the window, if that is more */
#define WANTED_MAX 1.23			/* of the ceiling less the margin */
#define WANTED_MIN 0.1
#define WARM_CALLS 400.0		/* first live answers of a window, in which ... */
#define WARM_SHARE 0.7			/* ... not more than this is wanted */
#define SPARE_FIRST 2.0			/* abandoned calls that a window may begin with; fades in that time */
#define BRAKE_FROM 8.0			/* abandoned calls left to the ceiling from which the brake works ... */
#define BRAKE_FROM_SHARED 16.0	/* the same, of campaigns that share their agents: there is no stop */
#define BRAKE_MIN 0.1			/* ... and so much of the threshold it leaves at last */
#define LOST_IN_FLIGHT 0.15		/* share of the answers in flight that may be lost, at the worst */
#define STOP_LEFT 1.0			/* the next abandoned call would go beyond the ceiling */
#define REST_GAIN 0.002			/* of an error of the occupancy on its correction, a second */
#define REST_ERROR 0.05			/* larger errors count as this one */
#define REST_MIN (-0.5)
#define CALM 3.0				/* share of decisions bound by occupancy that stops the threshold: a third */

/* The first thresholds. */
void
pt_budget_init(PtPace *pace)
{
	pace->threshold = THRESHOLD_FIRST;
	pace->rest = 0;
	pace->resting = 0;
	pace->live = pace->abandoned = 0;
	pace->in_flight = 0;
}

/* The share of the next answers that may be abandoned to end where the ceiling is. */
static double
wanted_share(const PtPace *pace)
{
	double		ahead = fmax(EVEN_CALLS, pace->live * EVEN_SHARE);

	return pace->alpha + pt_budget_left(pace) / ahead;
}

/*
 * A live answer: the threshold moves, by less when many others are in flight
 * that the last move has not reached yet.  While the occupancy ceiling keeps
 * calls from being placed it does not rise: that few are abandoned is not its doing.
 */
void
pt_budget_live(PtPace *pace, bool abandoned)
{
	double		gain = GAIN / (1 + pace->in_flight / GAIN_IN_FLIGHT);
	double		most = pace->alpha * WANTED_MAX;
	double		wanted;

	if (!abandoned)
		gain *= fmax(1 - CALM * pace->resting, 0);
	pace->live += 1;
	pace->abandoned += abandoned;
	if (pace->live <= WARM_CALLS)
		most = pace->alpha * WARM_SHARE;
	wanted = fmin(fmax(wanted_share(pace), pace->alpha * WANTED_MIN), most);
	pace->threshold *= exp(gain * (wanted - abandoned));
	pace->threshold = fmin(fmax(pace->threshold, THRESHOLD_MIN), THRESHOLD_MAX);
}

/*
 * Abandoned calls until the ceiling itself, when some of the answers in flight
 * are lost; the first live answers have some to spare.
 */
static double
left_to_ceiling(const PtPace *pace)
{
	return pace->ceiling * pace->live - pace->abandoned - LOST_IN_FLIGHT * pace->in_flight
		+ SPARE_FIRST * fmax(0, 1 - pace->live / WARM_CALLS);
}

/* How much of the threshold counts: near the ceiling it is braked. */
static double
brake(const PtPace *pace, double from)
{
	return fmin(fmax(left_to_ceiling(pace) / from, BRAKE_MIN), 1);
}

/*
 * The threshold that counts.  Campaigns with the same agents lose their answers
 * to each other: they have one threshold, the mean of what they have learnt, and
 * the one with the least to lose brakes all of them.
 */
double
pt_budget_threshold(const PtPace *pace, const PtPaceInput *input)
{
	double		sum = log(pace->threshold);
	double		from = input->n_others > 0 ? BRAKE_FROM_SHARED : BRAKE_FROM;
	double		part = brake(pace, from);
	int			n = 1;

	for (int i = 0; i < input->n_others; i++)
	{
		const PtPaceOther *other = &input->others[i];

		if (other->n == 0 && !other->calling)
			continue;
		sum += log(other->pace->threshold);
		part = fmin(part, brake(other->pace, from));
		n++;
	}
	return fmax(exp(sum / n) * part, THRESHOLD_MIN);
}

/* Abandoned calls that the window still allows. */
double
pt_budget_left(const PtPace *pace)
{
	return pace->alpha * pace->live - pace->abandoned;
}

/*
 * Must every call have an agent of its own until the budget has recovered?  The
 * predictive method steers and brakes long before; with several campaigns it has
 * the brake alone, since for one campaign there might never be an idle agent.
 */
bool
pt_budget_spent(const PtPace *pace, bool predictive, bool alone)
{
	if (pace->ceiling >= 1)
		return false;
	if (pace->alpha <= 0)
		return true;
	if (predictive)
		return alone && left_to_ceiling(pace) < STOP_LEFT;
	return pt_budget_left(pace) < STOP_LEFT;
}

/*
 * The occupancy ceiling is held by what is expected to be busy; what goes beyond
 * it on average over minutes is taken off slowly, and given back later.
 */
void
pt_budget_rest(PtPace *pace, double ceiling, double passed)
{
	double		error = fmin(fmax(ceiling - pace->occupancy, -REST_ERROR), REST_ERROR);

	pace->rest += REST_GAIN * error * passed;
	pace->rest = fmin(fmax(pace->rest, REST_MIN), 0);
}
