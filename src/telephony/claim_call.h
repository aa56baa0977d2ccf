/*
 * claim_call.h
 *	  Calls from the decision to place them to what an engine is asked for.
 *
 * Everything here is called inside SPI, as the keeper.
 */
#ifndef PORTATEXT_CLAIM_CALL_H
#define PORTATEXT_CLAIM_CALL_H

#include "portatext.h"

#include "sms/column.h"
#include "telephony/engine.h"
#include "telephony/tick.h"

/* How long after its time-out a call without an event is asked about (TEL-13). */
#define PT_LOOK_AFTER_S 15

/*
 * Makes rows in state placing for up to run->place targets and adds their ids to ids
 * (UUIDOID); fewer when the run is locked or does not run any more, or the funds are
 * exhausted: then it is paused (no_credits).
 */
extern void pt_calls_claim(PtDialRun *run, TimestampTz now, PtColumn *ids);

/* The same for calls that are queued (single calls, those an agent has asked for): at most limit. */
extern void pt_queued_claim(TimestampTz now, PtEngineRoom room, int limit, PtColumn *ids);

/* When the next queued call is due; DT_NOEND: none is. */
extern TimestampTz pt_queued_next(void);

/* A call as an adapter wants it, and as the loopback engine's timers do; palloc'ed. */
typedef struct PtDialOrder
{
	pg_uuid_t	id;
	int32		engine_id;
	int64		trunk_id;
	int64		run_id;			/* 0: a single call */
	PtCallState state;
	TimestampTz placed_at;		/* times: 0 is null */
	TimestampTz connect_at;
	TimestampTz abandoned_at;
	TimestampTz hang_up_at;
	TimestampTz answered_at;
	TimestampTz ended_at;
	int			tries;
	PtAmd		amd;
	char		call_id[PT_CALL_ID_SIZE];
	PtCallOrder order;			/* without events_url and sounds_url */
} PtDialOrder;

/* Reads the orders of calls into a memory context; returns how many, in no certain order. */
extern int	pt_call_orders(Datum ids, MemoryContext into, PtDialOrder **orders);

/* Ends the run if no target is left and no call goes on; true: it has.  One whose schedule cannot be read is paused. */
extern bool pt_run_finish(PtDialRun *run);

#endif							/* PORTATEXT_CLAIM_CALL_H */
