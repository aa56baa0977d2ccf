/*
 * shared.h
 *	  The extension's shared memory: workers by database, counters, buckets.
 *
 * Without shared_preload_libraries there is none: every function then does
 * nothing and says so by its result.
 */
#ifndef PORTATEXT_SHARED_H
#define PORTATEXT_SHARED_H

#include "portatext.h"

typedef enum PtWorkerKind
{
	PT_LAUNCHER,
	PT_DISPATCHER,
	PT_SCHEDULER,
	PT_RECEIVER,
	PT_RUNNER,
	PT_DIALER,
	PT_WORKER_KINDS
} PtWorkerKind;

/* Counters of this process's slot, shown by pg_stat_portatext_worker. */
typedef enum PtCounter
{
	PT_COUNT_CLAIMED,
	PT_COUNT_SENT,				/* accepted by a carrier */
	PT_COUNT_REFUSED,			/* ended at the hand-over */
	PT_COUNT_RETRIED,
	PT_COUNT_UNCLEAR,
	PT_COUNT_SKIPPED,			/* re-check at the claim */
	PT_COUNT_RECEIPTS,
	PT_COUNT_ERRORS,
	PT_COUNTERS
} PtCounter;

extern void pt_shared_request(void);	/* from _PG_init while preloading */

/* Worker slots. */
extern void pt_slot_attach(PtWorkerKind kind, int64 number);	/* detaches at exit */
extern void pt_slot_count(PtCounter counter, uint64 n);
extern void pt_slot_gauge(int32 in_flight);
extern void pt_slot_error(const char *text);	/* the last error, without secrets */

/* Per-carrier counters and breaker, shown by pg_stat_portatext_carrier. */
typedef struct PtCarrierStats
{
	uint64		accepted;
	uint64		throttled;
	uint64		temporary;
	uint64		unclear;
	uint64		refused;
	int32		in_flight;
	int32		consecutive_failures;
	TimestampTz open_until;		/* circuit breaker: no claims before; 0: closed */
} PtCarrierStats;
extern PtCarrierStats *pt_carrier_stats(int32 carrier_id);	/* of this database; process-local copy without shared memory */

/* Is the carrier's circuit breaker open in a dispatcher of this database?  For any process; takes no lock. */
extern bool pt_breaker_is_open(int32 carrier_id);

/*
 * Token buckets in segments, of this database.  key is e.g. "c:1", "s:+1555",
 * "a:7".  Takes n tokens and returns 0, or takes none and returns the
 * microseconds until they are there.  A bucket holds at most max(rate, n)
 * tokens, so a message longer than a second's worth still passes.
 */
extern int64 pt_bucket_take(const char *key, double rate, int n, TimestampTz now);
extern void pt_bucket_return(const char *key, double rate, int n);
extern double pt_bucket_level(const char *key, double rate, TimestampTz now);	/* tokens there now */
extern double pt_bucket_level_for(const char *key, double rate, int n, TimestampTz now);	/* at most max(rate, n) */

/*
 * Waking: pt_wake_at_commit() notes that this transaction has put work into the
 * outbox; when it commits, the database's dispatchers are woken.
 */
extern void pt_wake_at_commit(void);
extern void pt_wake_kind_at_commit(PtWorkerKind kind);	/* another kind: for a new job, a started campaign */
extern void pt_wake(PtWorkerKind kind); /* at once, this database */
extern const char *pt_workers_problem(void);	/* why nobody will send, as a sentence for a hint; NULL: somebody will */

#endif							/* PORTATEXT_SHARED_H */
