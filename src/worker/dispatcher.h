/*
 * dispatcher.h
 *	  What the files of the dispatcher share (src/worker/README.md draws the loop).
 */
#ifndef PORTATEXT_DISPATCHER_H
#define PORTATEXT_DISPATCHER_H

#include "lib/ilist.h"

#include "portatext.h"

#include "carrier/carrier.h"
#include "sms/outcome.h"
#include "worker/http.h"
#include "worker/session.h"

#define PT_HOLD_US (1000 * INT64CONST(1000))	/* claimed and not handed over: back after so long */
#define PT_FLUSH_US (8 * INT64CONST(1000))	/* an outcome waits for others at most so long */
#define PT_FLUSH_BUSY_US (24 * INT64CONST(1000))	/* the same, while claimed messages wait for their start */
#define PT_FLUSH_COUNT 512
#define PT_CLAIM_MAX 256		/* messages of a carrier in one claim */
#define PT_UNWRITTEN_MAX 2048	/* outcomes not written: no more claims */

/* A carrier's configuration; an old one lives until its last request has ended. */
typedef struct PtCarrierUse
{
	PtCarrier  *carrier;
	int			users;			/* tasks, and 1 for the channel */
} PtCarrierUse;

/* One lane of a carrier: what is claimed, and where to look for more. */
typedef struct PtLaneState
{
	int32		lane;
	dlist_head	ready;			/* of PtMessage: claimed, nothing started */
	int			n_ready;
	bool		maybe;			/* there may be due rows */
	TimestampTz scan_at;		/* not before (wall clock) */
	TimestampTz full_scan_at;	/* then from the lane's start */
	TimestampTz near_scan_at;	/* then from somewhat before the last key; else behind it */
	bool		parks;			/* the last claim was mostly set aside: it fills no room */
	TimestampTz after_due;
	pg_uuid_t	after_id;
	TimestampTz next_due;		/* business time; DT_NOEND: none */
	TimestampTz bad_due;		/* the row whose claim failed last, alone */
	pg_uuid_t	bad_id;
	int			bad_claims;		/* so many times in a row */
} PtLaneState;

typedef struct PtChannel
{
	dlist_node	node;
	int32		carrier_id;
	PtCarrierUse *use;			/* NULL: not in use (gone, disabled, stopped, bad settings) */
	bool		refused;		/* the carrier refused our account; until the next load */
	bool		seen;			/* by the load under way */
	PtLaneState lanes[2];		/* transactional, bulk */
	dlist_head	open;			/* of PtTask: begun, with parts to start */
	int			open_parts;
	int			in_flight;		/* requests on the wire */
	int			bulk_credit;	/* ninths of a claim */
	int			urgent_run;		/* transactional messages begun since the last bulk one */
	int			breaker_level;	/* openings since the last success */
	int			throttle_level;
	TimestampTz tokens_at;		/* business time; 0: not waiting for the carrier's tokens */
	double		segments_each;	/* running mean */
	int			completed;		/* since pace_at */
	int			ahead;			/* messages to claim beyond the window */
	TimestampTz pace_at;
	PtCarrierStats *stats;
} PtChannel;

typedef enum PtTryState
{
	PT_TRY_WAITING,
	PT_TRY_ON_WIRE,
	PT_TRY_ANSWERED
} PtTryState;

typedef struct PtTask PtTask;

/* One request: a part, or the whole message where the adapter does not split. */
typedef struct PtTry
{
	PtTask	   *task;
	int			part;
	PtTryState	state;
	bool		counted;		/* in the carrier's statistics and breaker */
	bool		not_sent;		/* certain: nothing reached the peer */
	PtAnswer	answer;
} PtTry;

/* A message being handed over, until its outcome is written. */
struct PtTask
{
	dlist_node	node;			/* in channel->open, then in the list of outcomes */
	dlist_node	answered;		/* in the list of what pt_http_run brought */
	dlist_node	all;			/* in the list of undecided tasks */
	bool		is_open;
	bool		is_answered;
	bool		halted;			/* start no more parts */
	PtMessage  *message;
	PtChannel  *channel;
	PtCarrierUse *use;			/* NULL: never started */
	PtAnalysis	how;
	PtPart	   *cut;			/* of parts_total */
	int			parts_total;
	int			next;			/* first try not started */
	int			on_wire;
	int			write_failures;
	PtOutcome	outcome;
	int			n_tries;
	PtTry		tries[FLEXIBLE_ARRAY_MEMBER];
};

static inline PtTask *
pt_task_of(PtOutcome *outcome)
{
	return (PtTask *) ((char *) outcome - offsetof(PtTask, outcome));
}

typedef struct PtDispatcher
{
	int64		number;
	MemoryContext context;		/* lives as long as the process */
	PtHttpEngine *engine;
	dlist_head	channels;
	dlist_head	tasks;			/* undecided */
	dlist_head	answered;
	dlist_head	outcomes;		/* of PtTask */
	int			n_outcomes;
	TimestampTz oldest_outcome;
	TimestampTz retry_outcomes_at;	/* after a failed write; 0: none */
	int			in_flight;
	bool		draining;		/* no more claims and starts */
} PtDispatcher;

extern PtDispatcher pt_dispatcher;

/* dispatcher_channel.c */
extern void pt_channels_refresh(void);	/* in a transaction */
extern PtChannel *pt_channel_find(int32 carrier_id);
extern int	pt_channel_room(PtChannel *channel);
extern int	pt_channel_window(const PtChannel *channel);
extern bool pt_channel_half_open(const PtChannel *channel);
extern void pt_channel_answered(PtChannel *channel, const PtTry *try);
extern void pt_use_release(PtCarrierUse *use);

/* dispatcher_claim.c */
extern void pt_dispatcher_claim(bool force);
extern void pt_lanes_wake(void);
extern long pt_lanes_timeout_ms(void);	/* -1: none */

/* dispatcher_task.c */
extern int	pt_tasks_start(PtChannel *channel);
extern void pt_tasks_answered(void);
extern void pt_tasks_put_back(PtChannel *channel, TimestampTz checked_before);
extern void pt_tasks_give_up(void);
extern void pt_task_free(PtTask *task);
extern void pt_http_ended(void *context, const PtHttpResult *result);
extern TimestampTz pt_tasks_oldest(void);	/* of what is claimed and not started; DT_NOEND: none */

/* dispatcher_outcome.c */
extern void pt_outcome_queue(PtTask *task);
extern bool pt_outcomes_due(void);
extern void pt_outcomes_flush(void);
extern long pt_outcomes_timeout_ms(void);

/* dispatcher_local.c */
extern void pt_local_receipts(PtOutcome *const *outcomes, int n);	/* in the outcomes' transaction */
extern void pt_local_follow(const PtTask *task);
extern void pt_local_run(void);
extern long pt_local_timeout_ms(void);

/* Milliseconds from now to a time of the wall clock, at least 0. */
extern long pt_ms_until(TimestampTz time);

static inline long
pt_shorter(long a, long b)
{
	if (a < 0)
		return b;
	return b < 0 ? a : Min(a, b);
}

#endif							/* PORTATEXT_DISPATCHER_H */
