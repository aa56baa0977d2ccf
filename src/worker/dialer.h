/*
 * dialer.h
 *	  What the files of the dialer share (src/worker/README.md draws the loop).
 */
#ifndef PORTATEXT_DIALER_H
#define PORTATEXT_DIALER_H

#include "portatext.h"

#include "lib/ilist.h"

#include "telephony/claim_call.h"
#include "telephony/engine.h"
#include "telephony/tick.h"
#include "worker/http.h"
#include "worker/session.h"

#define PT_DIAL_FLUSH_US (8 * INT64CONST(1000)) /* an answer waits for others at most so long */
#define PT_DIAL_FLUSH_COUNT 256
#define PT_STATUS_EVENTS 16		/* of one answer to STATUS */

/* An engine's configuration; an old one lives until its last request has ended. */
typedef struct PtEngineUse
{
	PtEngine   *engine;
	int			users;			/* tasks, and 1 for the line */
} PtEngineUse;

typedef struct PtDialEngine
{
	dlist_node	node;
	int32		engine_id;
	PtEngineUse *use;			/* NULL: not in use (gone, bad settings) */
	bool		enabled;
	bool		seen;			/* by the load under way */
	char	   *events_url;
	char	   *sounds_url;
	dlist_head	queue;			/* of PtDialTask, not started */
	int			n_queue;
	int			in_flight;		/* requests on the wire */
	int			booked;			/* of the room of this tick */
	int			completed;		/* since pace_at */
	int			ahead;			/* what it completes in a second */
	TimestampTz pace_at;
	int			failures;		/* in a row */
	int			breaker_level;	/* openings since the last success */
	TimestampTz open_until;		/* 0: closed */
} PtDialEngine;

/* Something that is done with a call: a request, until its outcome is written. */
typedef struct PtDialTask
{
	dlist_node	node;			/* in the engine's queue, then among the answered */
	PtCallOp	op;
	PtDialEngine *engine;
	PtEngineUse *use;			/* NULL: not started */
	PtDialOrder *call;
	PtCallAnswer answer;
	PtCallEvent *events;		/* of an answer to STATUS; NULL: none */
	int			n_events;
} PtDialTask;

typedef struct PtDialer
{
	MemoryContext context;		/* lives as long as the process */
	PtHttpEngine *http;
	dlist_head	engines;
	dlist_head	answered;
	int			n_answered;
	TimestampTz oldest_answer;
	int			in_flight;
	bool		draining;		/* no more starts */
} PtDialer;

extern PtDialer pt_dialer;

/* dialer_engine.c */
extern void pt_dial_engines_refresh(void);	/* in a transaction */
extern PtDialEngine *pt_dial_engine(int32 engine_id);
extern int	pt_dial_room(int32 engine_id, int take);
extern void pt_dial_room_reset(void);
extern int	pt_dial_window(PtDialEngine *engine);
extern void pt_dial_answered(PtDialEngine *engine, const PtCallAnswer *answer);
extern void pt_engine_use_release(PtEngineUse *use);
extern bool pt_dial_is_open(const PtDialEngine *engine);	/* the breaker */

/* dialer_task.c */
extern void pt_dial_ask(PtCallOp op, const PtDialOrder *orders, int n);	/* after the commit */
extern bool pt_dial_to_start(void);
extern void pt_dial_start(void);
extern void pt_dial_http_ended(void *context, const PtHttpResult *result);
extern bool pt_dial_busy(const pg_uuid_t *id, PtCallOp op);
extern void pt_dial_task_free(PtDialTask *task);
extern void pt_dial_give_up(void);

/* dialer_outcome.c */
extern void pt_dial_flush(void);

/* dialer_connect.c */
extern void pt_dial_connect(void);
extern TimestampTz pt_dial_connect_at(void);	/* when it is to be called again; DT_NOEND: not by time */
extern void pt_dial_connect_failed(const pg_uuid_t *id, TimestampTz now);	/* in a transaction */

/* dialer_sweep.c */
extern void pt_dial_sweep(void);
extern void pt_dial_hang_up(void);

/* dialer_local.c */
extern void pt_dial_local_watch(const pg_uuid_t *id, int32 engine_id);	/* something has changed for it */
extern void pt_dial_local_watch_all(void);
extern void pt_dial_local_run(void);
extern int	pt_dial_local_truth(const PtDialOrder *order, PtCallEvent **events);
extern TimestampTz pt_dial_local_at(void);

#endif							/* PORTATEXT_DIALER_H */
