/*
 * dialer_fate.c
 *	  What becomes of each simulated call, and who works when.
 */
#include "dialer_sim.h"

#include <math.h>

#define HALF_HOUR 1800.0
#define WAVE_S 9000.0			/* of the chance of an answer */
#define WAVE 0.3
#define TIME_OUT 28.0			/* seconds a call rings that nobody answers */
#define EARLY 0.2				/* share of the calls without answer that end early: busy, unknown */
#define TALK_SIGMA 0.7			/* of the logarithm of the talk's length */

/* A stream of numbers from a seed (splitmix64). */
static uint64_t
next_number(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Between 0 and 1, neither included. */
static double
uniform(uint64_t *state)
{
	return ((double) (next_number(state) >> 11) + 0.5) / 9007199254740992.0;
}

/* A stream of its own for each purpose. */
static uint64_t
stream(uint64_t seed, uint64_t purpose, uint64_t number)
{
	uint64_t	state = seed * UINT64_C(0xd1342543de82ef95) + purpose * UINT64_C(0x2545f4914f6cdd1d) + number;

	next_number(&state);
	return next_number(&state);
}

static double
normal(uint64_t *state)
{
	double		radius = sqrt(-2 * log(uniform(state)));

	return radius * cos(2 * M_PI * uniform(state));
}

/* The second smallest of four, which has the distribution Beta(2, 3). */
static double
early_beta(uint64_t *state)
{
	double		least = 1;
	double		second = 1;

	for (int i = 0; i < 4; i++)
	{
		double		u = uniform(state);

		if (u < least)
		{
			second = least;
			least = u;
		}
		else if (u < second)
			second = u;
	}
	return second;
}

/* Chance of an answer, of a call that is placed now. */
double
sim_p(const SimScenario *scenario, uint64_t seed, double now)
{
	uint64_t	phase = stream(seed, 1, 0);
	uint64_t	step = stream(seed, 2, (uint64_t) (now / HALF_HOUR));
	double		p = scenario->p;

	if (scenario->answer == SIM_CONSTANT)
		return p;
	if (scenario->answer == SIM_JUMP)
		return now < scenario->jump_at ? p : scenario->p_after;
	p *= 1 + WAVE * sin(2 * M_PI * (now / WAVE_S + uniform(&phase)));
	p *= 0.7 * pow(1.35 / 0.7, uniform(&step));
	return fmin(p, 0.95);
}

/* What becomes of the call with this number. */
void
sim_fate(SimFate *fate, const SimScenario *scenario, uint64_t seed, int campaign, int64_t number, double now)
{
	uint64_t	state = stream(seed, 16 + (uint64_t) campaign, (uint64_t) number);
	double		part;

	fate->answers = uniform(&state) < sim_p(scenario, seed, now);
	fate->machine = uniform(&state) < scenario->machines;
	part = scenario->uniform_ring ? uniform(&state) : early_beta(&state);
	fate->rings_s = 6 + 19 * part;
	if (!fate->answers)
		fate->rings_s = uniform(&state) < EARLY ? 1 + 5 * uniform(&state) : TIME_OUT;
	fate->talks_s = scenario->talk_s * exp(TALK_SIGMA * normal(&state) - TALK_SIGMA * TALK_SIGMA / 2);
	if (now >= scenario->dead_from && now < scenario->dead_to)
	{
		fate->answers = false;
		fate->rings_s = scenario->dead_rings_s;
	}
}

/* How many agents are logged in: with shifts another number every ten minutes. */
int
sim_agents(const SimScenario *scenario, uint64_t seed, double now)
{
	uint64_t	state = stream(seed, 3, (uint64_t) (now / 600));
	int			least = (scenario->agents + 1) / 2;

	if (!scenario->shifts)
		return scenario->agents;
	return least + (int) (uniform(&state) * (scenario->agents - least + 1));
}
