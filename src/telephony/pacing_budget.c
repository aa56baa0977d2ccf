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

#define FIRST_THRESHOLD 0.01
#define THRESHOLD_MIN 0.002
#define THRESHOLD_MAX 0.5
#define GAIN 0.3
#define GAIN_IN_FLIGHT 15.0		/* answers in flight that halve the gain */
#define HORIZON_CALLS 100.0		/* live answers over which the budget is evened out ... */
#define HORIZON_SHARE 0.25		/* ... or this share of the window */
#define WANTED_MAX 1.23			/* of the ceiling less the margin */
#define WANTED_MIN 0.1
#define WARM_CALLS 400			/* first live answers, in which ... */
#define WARM_SHARE 0.7			/* ... not more than this is wanted */
#define STOP_CALLS 60			/* live answers before which the budget is not judged */
#define REST_GAIN 0.03			/* of the occupancy ceiling, a second and for a whole too much */

/* The first thresholds. */
void
pt_budget_init(PtPace *pace)
{
	pace->threshold = FIRST_THRESHOLD;
	pace->rest_threshold = THRESHOLD_MAX;
	pace->live = pace->abandoned = 0;
	pace->in_flight = 0;
}

/* The share of the next answers that may be abandoned to end where the ceiling is. */
static double
wanted_share(const PtPace *pace)
{
	double		ahead = fmax(HORIZON_CALLS, pace->live * HORIZON_SHARE);

	return pace->alpha + pt_budget_left(pace) / ahead;
}

/* A live answer: the threshold moves. */
void
pt_budget_live(PtPace *pace, bool abandoned)
{
	double		gain = GAIN / (1 + pace->in_flight / GAIN_IN_FLIGHT);
	double		most = pace->alpha * WANTED_MAX;
	double		wanted;

	pace->live += 1;
	pace->abandoned += abandoned;
	if (pace->live <= WARM_CALLS)
		most = pace->alpha * WARM_SHARE;
	wanted = fmin(fmax(wanted_share(pace), pace->alpha * WANTED_MIN), most);
	pace->threshold *= exp(gain * (wanted - abandoned));
	pace->threshold = fmin(fmax(pace->threshold, THRESHOLD_MIN), THRESHOLD_MAX);
}

/* Abandoned calls that the window still allows. */
double
pt_budget_left(const PtPace *pace)
{
	return pace->alpha * pace->live - pace->abandoned;
}

/*
 * Must every call have an agent of its own until the budget has recovered?  The
 * predictive method steers and may run over for a while; others may not.
 */
bool
pt_budget_spent(const PtPace *pace, bool predictive)
{
	if (pace->alpha <= 0)
		return true;
	if (predictive)
		return pace->live > STOP_CALLS && wanted_share(pace) <= 0;
	return pace->alpha < 0.9 && pt_budget_left(pace) < 1;
}

/* The occupancy ceiling: its threshold falls while agents work more than that, averaged over minutes. */
void
pt_budget_rest(PtPace *pace, double ceiling, double passed)
{
	if (ceiling >= 1)
	{
		pace->rest_threshold = THRESHOLD_MAX;
		return;
	}
	pace->rest_threshold *= exp(REST_GAIN * passed * (ceiling - pace->occupancy));
	pace->rest_threshold = fmin(fmax(pace->rest_threshold, THRESHOLD_MIN), THRESHOLD_MAX);
}
