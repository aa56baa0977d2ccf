/*
 * tick.h
 *	  What the dialer keeps in memory of runs, calls and trunks, and what it decides
 *	  once a second.
 *
 * A tick reads all calls that have not ended, or whose end the pacing has not learnt
 * from yet, tells the pacing core what has happened and asks it how many calls to
 * place.  Calls are placed by later transactions (claim_call.c).  What the core has
 * learnt is written together with the marks of the calls from which it was learnt, so
 * that each call is learnt from once, whenever the dialer is killed.
 *
 * Everything here is called inside SPI, as the keeper.
 */
#ifndef PORTATEXT_TICK_H
#define PORTATEXT_TICK_H

#include "portatext.h"

#include "telephony/cause.h"
#include "telephony/flow.h"
#include "telephony/pacing.h"

/* In the order of the enum portatext.call_state. */
typedef enum PtCallState
{
	PT_STATE_QUEUED,
	PT_STATE_PLACING,
	PT_STATE_UNCLEAR,
	PT_STATE_PLACED,
	PT_STATE_RINGING,
	PT_STATE_ANSWERED,
	PT_STATE_WAITING,
	PT_STATE_CONNECTING,
	PT_STATE_CONNECTED,
	PT_STATE_ENDED
} PtCallState;

/* What the pacing was told of a call: bits. */
#define PT_TOLD_FATE 1			/* it wanted an agent, or ended without */
#define PT_TOLD_LIVE 2			/* it was connected, or abandoned */
#define PT_TOLD_TALK 4			/* how long the talk lasted */

/* A call that has not ended or that the pacing has not learnt all from; times: 0 is null. */
typedef struct PtDialCall
{
	pg_uuid_t	id;				/* the key */
	int64		run_id;			/* 0: a single call */
	int64		trunk_id;
	int32		engine_id;
	PtCallState state;
	TimestampTz due_at;
	TimestampTz placed_at;
	TimestampTz answered_at;
	TimestampTz waiting_at;
	TimestampTz connect_at;
	TimestampTz b_ringing_at;
	TimestampTz b_answered_at;
	TimestampTz b_ended_at;
	TimestampTz abandoned_at;
	TimestampTz hang_up_at;
	TimestampTz ended_at;
	int			max_duration;
	bool		live;
	bool		issued;			/* its result says so; of calls that have ended */
	bool		slows_trunk;
	bool		has_agent;
	int			told;			/* PT_TOLD_... */
	bool		learnt;			/* all was told: to be marked */
	uint64		seen;			/* the tick that has found it */
} PtDialCall;

/* A group of a run's targets whose windows open together. */
typedef struct PtDialCohort
{
	int32		cohort;
	int64		places;
	int64		released;
	int64		read_released;	/* the same as it is stored */
	int64		due;			/* targets to be called again now, up to a bound */
	TimestampTz next_due;		/* of those that wait; DT_NOEND: none waits */
	TimestampTz opens_at;		/* not after now: open */
	TimestampTz stored_opens_at;
} PtDialCohort;

/* A telephony run that is running, or that has calls. */
typedef struct PtDialRun
{
	int64		run_id;			/* the key */
	/* settings, read anew when they have changed */
	int64		campaign_id;
	int64		account_id;
	int64		trunk_id;
	int64		team_id;		/* 0: none */
	int32		engine_id;
	int32		schedule_id;
	bool		running;
	bool		cancelled;
	bool		preview;
	bool		suspended;		/* the account */
	bool		needs_agents;
	char	   *from;			/* NULL: any */
	char	   *flow;
	PtFlowFacts facts;
	PtPaceSettings settings;
	int			agents;
	int			max_agents;		/* of the account; -1: no limit */
	int			iterations;
	int			max_calls_per_day;	/* 0: no limit */
	int			dial_timeout_s;
	int			max_duration_s;
	int			channels;		/* of the trunk; 0: no limit */
	double		calls_per_second;	/* of the trunk; 0: no limit */
	double		window_s;
	double		agent_timeout_s;
	/* memory */
	bool		known;			/* pace is there */
	PtPace		pace;
	PtPaceOutput output;		/* of the last decision */
	bool		decided;
	bool		dirty;			/* something was learnt or decided since it was written */
	TimestampTz written_at;
	TimestampTz retry_at;		/* after an error: no calls before */
	int64		window_live;	/* of call_abandonment */
	int64		window_abandoned;
	TimestampTz window_at;
	int64		new_live;		/* of calls that have ended since then */
	int64		new_abandoned;
	/* this tick's */
	uint64		seen;
	int			n_calls;		/* that have not ended */
	int			n_learnt;
	int			n_ringing;
	int			n_waiting;
	int			n_talking;
	int			n_wrap_up;
	double	   *ringing;
	double	   *talking;
	double	   *wrap_left;
	int			room_ringing;
	int			room_talking;
	int			room_wrap_up;
	int64		live;			/* of calls that have not ended */
	int64		abandoned;
	PtDialCohort *cohorts;
	int			n_cohorts;
	int64		available;		/* targets that may be called now, up to a bound */
	bool		complete;		/* no target is left */
	bool		unreadable;		/* its schedule */
	int			place;			/* what was decided */
	int			withdraw;
	double		withdraw_from_s;
} PtDialRun;

/* Lines of a trunk. */
typedef struct PtDialTrunk
{
	int64		trunk_id;		/* the key */
	uint64		seen;
	int			used;			/* legs, with those decided in this tick */
	int			failures;		/* in a row */
	int			level;
	TimestampTz hold_until;		/* nothing is placed before */
} PtDialTrunk;

/* How many calls more an engine takes now, after so many of them are taken: the worker's. */
typedef int (*PtEngineRoom) (int32 engine_id, int take);

/* One tick; fills the runs' place, withdraw and complete.  The memory context "keep" outlives it. */
extern void pt_tick(TimestampTz now, MemoryContext keep, PtEngineRoom room);

/* What it has found, until the next one. */
extern int	pt_tick_runs(PtDialRun ***runs);	/* in the current memory context */
extern PtDialRun *pt_dial_run(int64 run_id);	/* NULL: not known */
extern PtDialCall *pt_dial_call(const pg_uuid_t *id);	/* NULL: not known */
extern int	pt_dial_calls(PtDialCall ***calls);	/* all, in the current memory context */

/* The trunk has taken a call, or has said that it takes none. */
extern PtDialTrunk *pt_dial_trunk(int64 trunk_id);
extern void pt_dial_trunk_took(int64 trunk_id);
extern void pt_dial_trunk_failed(int64 trunk_id, TimestampTz now);

/*
 * Writes what the runs have learnt and decided, and marks the calls; the marks in
 * memory follow after the commit by pt_tick_written().  Runs in the order of their ids.
 */
extern void pt_tick_write(PtDialRun *const *runs, int n, TimestampTz now);
extern void pt_tick_written(PtDialRun *const *runs, int n, TimestampTz now);
extern bool pt_tick_to_write(const PtDialRun *run, TimestampTz now);

/* Between the files of the tick. */
extern void pt_tick_load_runs(TimestampTz now, uint64 tick);
extern void pt_tick_read_calls(uint64 tick);
extern void pt_tick_learn(PtDialRun *run, PtDialCall *call, TimestampTz now);
extern void pt_tick_read_agents(TimestampTz now);
extern void pt_tick_agents_of(PtDialRun *run, int *agents, int *idle);
extern void pt_tick_read_cohorts(TimestampTz now);
extern void pt_tick_read_windows(TimestampTz now);
extern void pt_tick_decide(TimestampTz now, PtEngineRoom room);
extern void pt_tick_age(double **ages, int *n, int *room, double age);
extern MemoryContext pt_tick_keep;

#endif							/* PORTATEXT_TICK_H */
