/*
 * dialer_sim.h
 *	  A simulated call centre for the pacing core: contacts who answer or do not,
 *	  talk and hang up; agents who talk and write up; a trunk; several campaigns.
 *
 * It knows the core by its interface alone.  Everything is decided by the seed:
 * what becomes of the n-th call of a campaign is the same under every policy,
 * but for the chance of an answer, which depends on the time of the call.
 */
#ifndef PORTATEXT_DIALER_SIM_H
#define PORTATEXT_DIALER_SIM_H

#include <stdint.h>

#include "telephony/pacing.h"

#define SIM_CAMPAIGNS 4

/* How the chance of an answer runs through the day. */
typedef enum SimAnswer
{
	SIM_DRIFT,					/* a wave of 30 % and a jump each half hour */
	SIM_CONSTANT,
	SIM_JUMP					/* p until a time, then another */
} SimAnswer;

typedef struct SimScenario
{
	const char *name;
	int			agents;
	double		hours;
	SimAnswer	answer;
	double		p;
	double		p_after;		/* of SIM_JUMP ... */
	double		jump_at;		/* ... from this second */
	double		talk_s;			/* mean; log-normal */
	double		wrap_s;			/* always as long */
	bool		uniform_ring;	/* answers evenly from 6 to 25 s; else sooner rather than later */
	double		machines;		/* share of the answers */
	double		detect_s;		/* of them and of people, until the verdict; 0: no detection */
	bool		shifts;			/* agents come and go, between a half and all of them */
	int			campaigns;		/* 0: one */
	int64_t		contacts;		/* of each campaign; 0: any number */
	double		dead_from;		/* the trunk refuses every call between these seconds */
	double		dead_to;
	double		dead_rings_s;	/* until it does */
	double		open_load;		/* not 0: the core is not asked; calls at the rate of this load an agent */
	double		pause_from;		/* nothing is decided between these seconds */
	double		pause_to;
} SimScenario;

typedef struct SimCount
{
	int64_t		live;
	int64_t		abandoned;
	double		used;			/* seconds of agents talking or in wrap-up */
	double		present;		/* seconds of agents logged in */
} SimCount;

typedef struct SimResult
{
	SimCount	day;
	SimCount	first_hour;
	SimCount	campaign[SIM_CAMPAIGNS];	/* live and abandoned */
	int64_t		calls;
	int64_t		withdrawn;
	double		waited;			/* seconds of callers, until the agent or the end */
	int			most_lines;		/* ringing at once */
	double		lines;			/* ringing, mean over decisions */
	double		decide_s;		/* processor time of all decisions */
	double		decide_max_s;
	int64_t		decisions;
} SimResult;

/* Runs one day.  Returns false when memory is short. */
extern bool sim_run(const SimScenario *scenario, const PtPaceSettings *settings, uint64_t seed, SimResult *result);

/* What chance, a seed and a number give: dialer_fate.c. */
typedef struct SimFate
{
	bool		answers;
	bool		machine;
	double		rings_s;		/* until the answer or the end */
	double		talks_s;
} SimFate;

extern void sim_fate(SimFate *fate, const SimScenario *scenario, uint64_t seed, int campaign, int64_t number,
					 double now);
extern double sim_p(const SimScenario *scenario, uint64_t seed, double now);
extern int	sim_agents(const SimScenario *scenario, uint64_t seed, double now);

#endif							/* PORTATEXT_DIALER_SIM_H */
