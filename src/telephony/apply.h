/*
 * apply.h
 *	  A call's row in memory: what events make of it, what its end decides, what it
 *	  has been paid for.  Between the files apply, end, agent and call_charge.
 *
 * Times are 0 where the column is null, texts NULL, numbers PT_CALL_UNKNOWN, ids 0.
 */
#ifndef PORTATEXT_CALL_APPLY_H
#define PORTATEXT_CALL_APPLY_H

#include "telephony/telephony.h"

#include "telephony/cause.h"
#include "telephony/contacted.h"
#include "telephony/flow.h"

/* In the order of the enum portatext.call_state. */
typedef enum PtCallPhase
{
	PT_PHASE_QUEUED,
	PT_PHASE_PLACING,
	PT_PHASE_UNCLEAR,
	PT_PHASE_PLACED,
	PT_PHASE_RINGING,
	PT_PHASE_ANSWERED,
	PT_PHASE_WAITING,
	PT_PHASE_CONNECTING,
	PT_PHASE_CONNECTED,
	PT_PHASE_ENDED
} PtCallPhase;

typedef struct PtCallRow
{
	pg_uuid_t	id;
	int64		account_id;
	int64		campaign_id;
	int64		run_id;
	int32		engine_id;
	char	   *engine_ref;
	char	   *to_number;
	bool		has_amd;
	int			dial_timeout;	/* seconds */
	int			max_duration;	/* seconds */
	PtCallPhase phase;
	TimestampTz created_at;
	TimestampTz placed_at;
	TimestampTz ringing_at;
	TimestampTz answered_at;
	PtAmdResult amd;
	char	   *amd_cause;
	TimestampTz waiting_at;
	TimestampTz connect_at;
	int			connects;		/* agents it was offered to */
	int64		agent_id;
	char	   *b_number;
	TimestampTz b_ringing_at;
	TimestampTz b_answered_at;
	TimestampTz b_ended_at;
	int			b_result;		/* PtCallResult, PT_CALL_UNKNOWN: none */
	int			b_q850;
	TimestampTz abandoned_at;
	TimestampTz hang_up_at;
	char	   *hang_up_reason;
	TimestampTz ended_at;
	int			result;			/* as b_result */
	int			q850;
	int			sip;
	int			alerted;		/* 1, 0, PT_CALL_UNKNOWN */
	char	   *digits;
	bool		live;
	int			contacted;		/* 1, 0, PT_CALL_UNKNOWN */
	TimestampTz look_at;
	char	   *problem;

	/* Money: millionths of a credit. */
	int64		reserved;
	int64		cost;
	int64		per_call;
	int64		rate;			/* a minute of leg A */
	int64		b_rate;			/* a minute of leg B */
	TimestampTz paid_until;
	int64		taken;			/* by this transaction, beside what was reserved */
	int64		given_back;
	bool		no_credits;		/* the account cannot pay on */

	/* What this transaction has done with it. */
	bool		changed;
	bool		digits_new;		/* the column is to be read anew from the events */
	bool		metered;		/* a leg was answered, or the call has ended: money */
	bool		issued;			/* the end: a call was made */
	bool		uses_iteration; /* the end: counts among the target's calls */
	int64		freed_agent;	/* the end: whom it had */
} PtCallRow;

/* What a campaign's calls are judged by; cached. */
typedef struct PtCallRules
{
	int64		campaign_id;	/* the key */
	int64		team_id;
	int			iterations;
	int64		min_iteration_time; /* microseconds, as the next ones */
	int64		post_call_work;
	int64		connect_within;
	int64		ner_min;		/* billionths */
	int64		ner_sample;
	int			delays[PT_CALL_RESULTS];	/* seconds, -1: never again */
	int			abandoned_delay;	/* seconds; -1: never again */
	PtFlowFacts facts;
} PtCallRules;

/* Wakes the dialer when this transaction commits: apply.c. */
extern void pt_dialer_wake(void);

/* apply_row.c: rows of these ids, in the order of the ids, locked; of one engine unless it is 0; none that has ended. */
extern PtCallRow *pt_call_rows_lock(Datum ids, int32 engine_id, int *n);
extern void pt_call_rows_write(PtCallRow *rows, int n); /* those that have changed */

/* apply_event.c: what an event says goes into the row; now is the limit of all times. */
extern void pt_call_row_apply(PtCallRow *row, const PtCallEvent *event, TimestampTz now);
extern TimestampTz pt_call_event_time(int64 epoch_us);	/* 0: 0 */

/* end_decide.c: the row's leg A has ended; fills result unless it is known, and what is decided by it. */
extern void pt_call_row_end(PtCallRow *row, TimestampTz now);

/* end.c: everything that follows for rows that have ended in this order and are written. */
extern void pt_calls_ended(PtCallRow **rows, int n, TimestampTz now);

/* end.c: the events of ended calls, once their money is booked. */
extern void pt_calls_tell(PtCallRow **rows, int n);

/* end_target.c: their targets' next iterations; *given_up gets the number of those given up, by row. */
extern void pt_call_targets_next(PtCallRow **rows, int n, bool *given_up);

/* end_count.c: counters, the ceiling's hours, the NER of each run, end by end. */
extern void pt_calls_count(PtCallRow **rows, int n, const bool *given_up);

/* call_rules.c: never NULL; a campaign that is gone has rules that give up. */
extern const PtCallRules *pt_call_rules(int64 campaign_id);

/* ner_stop.c: stops the run, if it runs and is nobody else's at the moment. */
extern bool pt_ner_stop(int64 run_id, int64 issued, int64 failed);

/* agent_move.c: an agent's state changes; the time in the old one is booked. */
typedef struct PtAgentMove
{
	int64		agent_id;
	const pg_uuid_t *call_id;	/* only if it has this call; NULL: whatever it has */
	const char *state;			/* the new one; available becomes paused when it was asked for */
	const char *reason;			/* NULL: none */
	TimestampTz at;
	TimestampTz wrap_up_until;	/* 0: none */
	const pg_uuid_t *takes;		/* the call that it has then; NULL: none */
	bool		took;			/* counts as a call taken */
	bool		missed;			/* counts as a call missed */
} PtAgentMove;
extern bool pt_agent_move(const PtAgentMove *move);

/* What a call's course means for the agent who has it: agent.c. */
extern void pt_agent_answered(const PtCallRow *row, TimestampTz at);
extern void pt_agent_missed(const PtCallRow *row, int64 agent_id, TimestampTz at);
extern void pt_agent_done(const PtCallRow *row, int64 agent_id, TimestampTz at);

/* call_charge.c: pays what rows need until then, in memory; their ledger rows are written by the last one. */
extern void pt_call_row_meter(PtCallRow *row, TimestampTz until, TimestampTz now);
extern void pt_call_rows_book(PtCallRow *rows, int n);

#endif							/* PORTATEXT_CALL_APPLY_H */
