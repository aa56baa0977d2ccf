/*
 * pacing_curve.c
 *	  The ring curve: how likely a call is to be answered, or to end, in each
 *	  second of its ringing.
 *
 * Core: no PostgreSQL header.  Of each second of age the calls are counted that
 * reached it, that were answered in it and that ended in it.  Calls that still
 * ring have reached their age without either, and are counted so (the estimate
 * of Kaplan and Meier): without them those that end early, which are known
 * first, would weigh too much.  Old calls fade: the memory is the longer of
 * MEMORY_CALLS calls and MEMORY_SECONDS seconds, and stands still in pauses.
 *
 * A trunk that fails for a while must not teach that many calls are needed for
 * an answer: the agents would be flooded when it recovers.  So calls that fail at
 * once do not count for those placed now, and the chance of an answer is never
 * taken for less than a share of what it has been for half an hour.
 */
#include "telephony/pacing_internal.h"

#include <math.h>
#include <string.h>

#define MEMORY_CALLS 200.0
#define MEMORY_SECONDS 240.0
#define SEED_CALLS 6.0			/* the seed weighs as much */
#define SEED_FROM 4				/* the seed's answers come from this second ... */
#define SEED_TO 26				/* ... to this one */
#define SEED_END 28				/* and the other calls end from this one */
#define SEED_END_RATE 0.1		/* so many a second */
#define P_MIN 0.005				/* floor of the chance of an answer (PACE-08) */
#define SET_UP_SECONDS 2		/* a call that ends before has failed at once */
#define LASTING_SECONDS 1800.0	/* of calling, over which the lasting chance of an answer is averaged */
#define LASTING_FIRST 120.0		/* its seed weighs as much */
#define LASTING_SHARE 0.4		/* of it is the least that the present chance may fall to */
#define RATE_MAX 0.98			/* of calls that stop to ring within a second */

static int
second_of(double age)
{
	if (!(age > 0))
		return 0;
	return age >= PT_PACE_SECONDS ? PT_PACE_SECONDS - 1 : (int) age;
}

/* Calls of the seed that reach the second, and answers and ends of them in it. */
static void
seed_at(double p, int second, double *risk, double *answered, double *ended)
{
	double		width = SEED_TO - SEED_FROM;
	double		before = second <= SEED_FROM ? 0 : second >= SEED_TO ? 1 : (second - SEED_FROM) / width;
	double		left = SEED_CALLS * (1 - p * before);

	*answered = second >= SEED_FROM && second < SEED_TO ? SEED_CALLS * p / width : 0;
	*ended = 0;
	if (second >= SEED_END)
	{
		left = fmax(left, SEED_CALLS * 0.05) * pow(1 - SEED_END_RATE, second - SEED_END);
		*ended = left * SEED_END_RATE;
	}
	*risk = left;
}

/* Nothing has been seen yet. */
void
pt_curve_init(PtPace *pace)
{
	memset(pace->risk, 0, sizeof(pace->risk));
	memset(pace->answered, 0, sizeof(pace->answered));
	memset(pace->ended, 0, sizeof(pace->ended));
	pace->fresh = 0;
	pace->lasting_p = pace->answer_seed;
	pace->lasting_s = 0;
}

/* Sorts ringing calls by second. */
void
pt_curve_count(PtRinging *ringing, const double *ages, int n)
{
	memset(ringing, 0, sizeof(*ringing));
	ringing->n = n;
	for (int i = 0; i < n; i++)
	{
		double		age = ages[i] > 0 ? ages[i] : 0;
		int			second = second_of(age);

		ringing->count[second]++;
		ringing->age[second] += age;
	}
}

/*
 * Lets old calls fade by those that have come since, but not faster than time
 * passes; and moves the lasting chance of an answer by that time.
 */
void
pt_curve_fade(PtPace *pace, double passed)
{
	double		by = fmin(pace->fresh / MEMORY_CALLS, passed / MEMORY_SECONDS);
	double		keep = exp(-by);
	PtCurve		curve;

	pace->fresh = 0;
	if (by <= 0)
		return;
	pace->lasting_s = fmin(pace->lasting_s + passed, LASTING_SECONDS);
	pt_curve_build(&curve, pace, NULL);
	pace->lasting_p += (curve.plain_p - pace->lasting_p) * passed / (pace->lasting_s + LASTING_FIRST);
	for (int b = 0; b < PT_PACE_SECONDS; b++)
	{
		pace->risk[b] *= keep;
		pace->answered[b] *= keep;
		pace->ended[b] *= keep;
	}
}

/* A call stopped to ring at this age; known: answered or ended by itself. */
void
pt_curve_take(PtPace *pace, double age, bool answered, bool known)
{
	int			last = second_of(age);

	for (int b = 0; b <= last; b++)
		pace->risk[b] += 1;
	if (!known)
		return;
	if (answered)
		pace->answered[last] += 1;
	else
		pace->ended[last] += 1;
	pace->fresh += 1;
}

/* The counts of one kind around a second, smoothed. */
static double
around(const float *count, int second)
{
	double		sum = count[second];

	if (second > 0)
		sum += count[second - 1] / 2;
	if (second < PT_PACE_SECONDS - 1)
		sum += count[second + 1] / 2;
	return sum;
}

/* Share of the calls that reach this second which are answered, and which end, in it. */
static void
rates_at(const PtPace *pace, const float *risk, int second, double *answer, double *end)
{
	double		seed_risk,
				seed_answered,
				seed_ended;
	double		all;

	seed_at(pace->answer_seed, second, &seed_risk, &seed_answered, &seed_ended);
	all = around(risk, second) + seed_risk;
	*answer = (around(pace->answered, second) + seed_answered) / all;
	*end = (around(pace->ended, second) + seed_ended) / all;
	if (*answer + *end > RATE_MAX)
	{
		double		less = RATE_MAX / (*answer + *end);

		*answer *= less;
		*end *= less;
	}
}

/* Adds the calls that still ring to those that have reached each second. */
static void
all_at_risk(float *risk, const PtPace *pace, const PtRinging *ringing)
{
	int			older = 0;

	for (int b = PT_PACE_SECONDS - 1; b >= 0; b--)
	{
		double		part = ringing ? ringing->age[b] - (double) b * ringing->count[b] : 0;

		risk[b] = pace->risk[b] + older + fmin(part, ringing ? ringing->count[b] : 0);
		older += ringing ? ringing->count[b] : 0;
	}
}

/* What is to be expected of calls, by what is known now; ringing may be NULL. */
void
pt_curve_build(PtCurve *curve, const PtPace *pace, const PtRinging *ringing)
{
	float		risk[PT_PACE_SECONDS];
	double		answer_s = 0;
	double		ring_s = 0;

	all_at_risk(risk, pace, ringing);
	curve->answered[0] = 0;
	curve->ringing[0] = 1;
	for (int b = 0; b < PT_PACE_SECONDS; b++)
	{
		double		left = curve->ringing[b];
		double		answer,
					end;

		rates_at(pace, risk, b, &answer, &end);
		curve->answered[b + 1] = curve->answered[b] + left * answer;
		curve->ringing[b + 1] = left * (1 - answer - end);
		answer_s += left * answer * (b + 0.5);
		ring_s += (left + curve->ringing[b + 1]) / 2;
	}
	curve->set_up = curve->ringing[SET_UP_SECONDS] + curve->answered[SET_UP_SECONDS];
	curve->p = curve->answered[PT_PACE_SECONDS] / curve->set_up;
	curve->plain_p = curve->p;
	curve->raise = fmax(1, fmax(pace->lasting_p * LASTING_SHARE, P_MIN) / fmax(curve->p, 1e-9));
	curve->p = fmin(curve->p * curve->raise, 1);
	curve->answer_s = curve->answered[PT_PACE_SECONDS] > 0 ? answer_s / curve->answered[PT_PACE_SECONDS] : SEED_FROM;
	curve->ring_s = ring_s;
	curve->calls = risk[0] + SEED_CALLS;
}

/* A value of the curve between its whole seconds. */
static double
value_at(const double *value, double age)
{
	int			b;

	if (age >= PT_PACE_SECONDS)
		return value[PT_PACE_SECONDS];
	b = (int) age;
	return value[b] + (age - b) * (value[b + 1] - value[b]);
}

/* Chance that a call which rings for age seconds is answered within so many more. */
double
pt_curve_answer(const PtCurve *curve, double age, double within)
{
	double		left = value_at(curve->ringing, age);
	double		more = value_at(curve->answered, age + within) - value_at(curve->answered, age);

	return left > 1e-9 ? fmin(more / left * curve->raise, 1) : 0;
}

/*
 * The same of a call that is placed now.  That it is set up is taken for granted:
 * one that fails at once is replaced a second later.  Placing many because most
 * fail would flood the agents when a trunk recovers.
 */
double
pt_curve_new(const PtCurve *curve, double within)
{
	return fmin(pt_curve_answer(curve, 0, within) / curve->set_up, 1);
}

/* Age at which this share of the answers has come. */
double
pt_curve_quantile(const PtCurve *curve, double share)
{
	double		wanted = share * curve->answered[PT_PACE_SECONDS];
	int			b = 0;
	double		step;

	while (b < PT_PACE_SECONDS - 1 && curve->answered[b + 1] < wanted)
		b++;
	step = curve->answered[b + 1] - curve->answered[b];
	return b + (step > 0 ? fmin(fmax((wanted - curve->answered[b]) / step, 0), 1) : 0.5);
}

double
pt_pace_p_answer(const PtPace *pace)
{
	PtCurve		curve;

	pt_curve_build(&curve, pace, NULL);
	return curve.plain_p * curve.set_up;
}
