/*
 * pacing.h
 *	  How many calls a telephony campaign places now (PACE-01 to PACE-09).
 *
 * Core: no PostgreSQL header, no clock, no input or output, no memory of its
 * own.  What has happened is told by pt_pace_arrived() and its neighbours, what
 * is the case by PtPaceInput; both give their times.  PtPace has a fixed size
 * and no pointers: it may be stored as bytes and read back (pt_pace_valid).
 *
 * All times are seconds.  The age of a call counts from its originate request.
 * A call is ringing from that request until it needs an agent or has ended; with
 * answering-machine detection that includes the detection.
 */
#ifndef PORTATEXT_PACING_H
#define PORTATEXT_PACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_PACE_VERSION 1		/* of the layout of PtPace */
#define PT_PACE_SECONDS 96		/* of ring age that are told apart */

typedef enum PtPaceMethod
{
	PT_PACE_LINES,				/* no agents are needed: as many as the lines allow (PACE-09) */
	PT_PACE_PROGRESSIVE,		/* a call for each idle agent */
	PT_PACE_RATIO,				/* so many calls for each idle agent */
	PT_PACE_ERLANG,				/* the load that Erlang C allows (PACE-05) */
	PT_PACE_PREDICTIVE			/* the chance that an answer finds no agent */
} PtPaceMethod;

#define PT_PACE_METHODS (PT_PACE_PREDICTIVE + 1)

/* Fill it by pt_pace_defaults() and change what is to be different. */
typedef struct PtPaceSettings
{
	PtPaceMethod method;		/* predictive */
	double		occupancy;		/* share of their time that agents shall work at most; 1: no ceiling; .90 */
	double		ratio;			/* calls for each idle agent, of PT_PACE_RATIO; 2 */
	double		max_abandonment;	/* share of live answers; 1: no ceiling; .03 */
	double		safety_margin;	/* share of the ceiling that is left free; .05 */
	double		waiting_probability;	/* ErlangC(N, A) at most, of PT_PACE_ERLANG; 0 or 1: any; 0 */
	double		patience_s;		/* a caller waits so long for an agent before the call is abandoned; 2 */
	double		wrap_up_s;		/* post-call work; 0 */
	double		acd_seed_s;		/* average call duration before calls have told it; 60 */
	double		answer_seed;	/* the chance of an answer before calls have told it; .5 */
	double		min_ring_s;		/* calls may be withdrawn that have rung so long; 0: none ever is */
} PtPaceSettings;

/* What a campaign has learnt.  Zeroed and filled by pt_pace_init(). */
typedef struct PtPace
{
	int32_t		version;		/* PT_PACE_VERSION */
	int32_t		size;			/* of this struct */
	float		risk[PT_PACE_SECONDS];	/* calls that reached the second of ring age */
	float		answered[PT_PACE_SECONDS];	/* of them, those that needed an agent in it */
	float		ended[PT_PACE_SECONDS]; /* of them, those that ended in it */
	double		answer_seed;	/* the chance of an answer before calls have told it */
	double		fresh;			/* calls since the older ones were faded */
	double		lasting_p;		/* chance of an answer, averaged over half an hour of calling */
	double		lasting_s;		/* seconds behind it, up to a bound */
	double		acd;			/* average seconds of a talk */
	double		talks;			/* behind acd, up to a bound */
	double		live;			/* live answers of the window */
	double		abandoned;		/* of them, abandoned */
	double		ceiling;		/* of abandonment, as decided last */
	double		alpha;			/* ceiling of abandonment, less the margin, as decided last */
	double		threshold;		/* the greatest chance of loss at which a call is placed */
	double		rest;			/* taken off the occupancy ceiling, a share of the agents; not positive */
	double		resting;		/* share of decisions that the occupancy ceiling has bound, over minutes */
	double		in_flight;		/* answers that were expected of the ringing calls */
	double		occupancy;		/* share of agents at work, averaged over minutes */
	double		decided_at;		/* now_s of the last decision */
	double		erlang_key[4];	/* servers, occupancy, probability of waiting and load found for them */
} PtPace;

/* The ringing calls of another campaign that the same agents take. */
typedef struct PtPaceOther
{
	const PtPace *pace;			/* what that campaign has learnt */
	const double *ages;			/* of its ringing calls */
	int			n;
	bool		calling;		/* it has targets left and is not paused */
} PtPaceOther;

/* What is the case. */
typedef struct PtPaceInput
{
	double		now_s;			/* a clock that never goes back; its zero does not matter */
	int			agents;			/* that work for the campaign, at work or idle */
	int			idle;			/* of them, free for a call */
	int			waiting;		/* callers who wait for an agent */
	const double *ringing;		/* ages of ringing calls; the order does not matter */
	int			n_ringing;
	const double *talking;		/* seconds for which each talk lasts; those being connected: 0 */
	int			n_talking;
	const double *wrap_left;	/* seconds of wrap-up that each agent has left; negative: not known */
	int			n_wrap_up;
	int64_t		live;			/* live answers in the window over which abandonment is measured */
	int64_t		abandoned;		/* of them, abandoned */
	const PtPaceOther *others;
	int			n_others;
	int			max_lines;		/* calls that free lines allow; negative: any number; so below */
	int			max_targets;	/* targets that may be called now */
	int			max_rate;		/* calls that calls per second allow */
} PtPaceInput;

/* What has kept a decision from placing more. */
typedef enum PtPaceLimit
{
	PT_PACE_FREE,				/* nothing has */
	PT_PACE_BY_AGENTS,			/* another answer would be too likely to find no agent */
	PT_PACE_BY_ABANDONMENT,		/* the budget is used up: only calls with an agent of their own */
	PT_PACE_BY_OCCUPANCY,		/* agents have enough to do */
	PT_PACE_BY_ERLANG,			/* the load that Erlang C allows */
	PT_PACE_BY_RATIO,			/* calls for each idle agent */
	PT_PACE_BY_CAP,				/* more lines than the agents can ever need */
	PT_PACE_BY_LINES,			/* max_lines */
	PT_PACE_BY_TARGETS,			/* max_targets */
	PT_PACE_BY_RATE				/* max_rate */
} PtPaceLimit;

#define PT_PACE_LIMITS (PT_PACE_BY_RATE + 1)

/* What to do, and all that explains it. */
typedef struct PtPaceOutput
{
	int			place;			/* calls to place now */
	int			withdraw;		/* ringing calls to hang up, the oldest first */
	double		withdraw_from_s;	/* none of them is younger; 0 when there are none */
	PtPaceLimit limit;
	int			agents;
	int			idle;
	int			busy;			/* talking or in wrap-up */
	int			waiting;
	int			ringing;		/* own calls, without those placed now */
	int			others_ringing; /* those of campaigns with the same agents */
	double		horizon_s;		/* mean time of the look-ahead; this and what follows: predictive alone */
	double		expected_answers;	/* within it, of the calls that ring */
	double		new_answer;		/* chance that a call placed now is answered within it */
	double		expected_frees; /* agents that become free within it */
	double		loss;			/* chance that an answer finds no agent, with the calls placed now */
	double		threshold;		/* a call is placed while loss is not above it */
	double		expected_busy;	/* agents at work then, without the calls placed now */
	double		busy_limit;		/* that the occupancy ceiling allows; 0: no ceiling */
	double		p_answer;		/* chance that a call needs an agent which does not fail at once */
	double		acd_s;			/* average call duration */
	double		answer_s;		/* mean time from originate to answer */
	double		load;			/* A of PACE-05 in erlangs; 0 for other methods */
	double		line_cap;		/* most calls that may ring; 0: not asked */
	double		occupancy;		/* share of agents at work over the last minutes */
	int64_t		live;
	int64_t		abandoned;
	double		abandonment;	/* abandoned / live; 0 when there were none */
	double		budget;			/* abandoned calls that the window still allows, less the margin */
} PtPaceOutput;

extern void pt_pace_defaults(PtPaceSettings *settings);

/* Is each setting in its range?  NULL, or the name of one that is not. */
extern const char *pt_pace_settings_problem(const PtPaceSettings *settings);

extern void pt_pace_init(PtPace *pace, const PtPaceSettings *settings);

/* Are these bytes a PtPace of this version, with values that can be?  If not: pt_pace_init(). */
extern bool pt_pace_valid(const void *bytes, size_t size);

/* A ringing call needs an agent now: answered, and not taken for a machine. */
extern void pt_pace_arrived(PtPace *pace, double age_s);

/* A ringing call has ended without needing one: busy, no answer, machine, failure. */
extern void pt_pace_gone(PtPace *pace, double age_s);

/* A ringing call was withdrawn or lost sight of: what it would have become is not known. */
extern void pt_pace_withdrawn(PtPace *pace, double age_s);

/* A talk has ended after so many seconds (PACE-03). */
extern void pt_pace_talked(PtPace *pace, double seconds);

/* A live answer was connected to an agent, or abandoned. */
extern void pt_pace_live(PtPace *pace, bool abandoned);

/* Once a second, and if wanted after events.  The caller places and withdraws what comes out. */
extern void pt_pace_decide(PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input,
						   PtPaceOutput *output);

/* Chance that a new call needs an agent, by what has been learnt (PACE-02, PACE-08). */
extern double pt_pace_p_answer(const PtPace *pace);

/*
 * PACE-05: calls to place for an allowed load, max(0, ceil((load - busy) / p) -
 * ringing), where busy counts talking agents and those in wrap-up.
 */
extern int	pt_pace_calls(double load, int busy, int ringing, double p_answer);

/* Names for SQL: "predictive", "abandonment", and a sentence for people. */
extern const char *pt_pace_method_name(PtPaceMethod method);
extern const char *pt_pace_limit_name(PtPaceLimit limit);
extern const char *pt_pace_limit_words(PtPaceLimit limit);

#endif							/* PORTATEXT_PACING_H */
