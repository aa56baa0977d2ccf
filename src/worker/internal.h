/*
 * internal.h
 *	  Layout of the shared memory; for the files of this room only.
 *
 * Nothing here points into one process's own memory.  A PGPROC is named by its
 * number, a worker by its slot.
 */
#ifndef PORTATEXT_WORKER_INTERNAL_H
#define PORTATEXT_WORKER_INTERNAL_H

#include "portatext.h"

#include "port/atomics.h"
#include "storage/lwlock.h"

#include "worker/shared.h"

#define PT_MAX_DATABASES 256
#define PT_MAX_HOLDERS 4
#define PT_MAX_SLOTS 128
#define PT_MAX_CARRIERS 256
#define PT_BUCKET_SETS 2048		/* times PT_BUCKET_WAYS buckets */
#define PT_BUCKET_WAYS 8
#define PT_BUCKET_LOCKS 64
#define PT_BUCKET_KEY 40
#define PT_ERROR_LENGTH 256

/*
 * What the launcher knows of a database.
 * PT_UNKNOWN: a scheduler is to look; next PT_ABSENT or PT_PRESENT.
 * PT_ABSENT: the extension is not there; next PT_UNKNOWN.
 * PT_PRESENT: workers run; next PT_ABSENT (DROP EXTENSION).
 */
typedef enum PtPresence
{
	PT_UNKNOWN,
	PT_ABSENT,
	PT_PRESENT
} PtPresence;

typedef struct PtDatabase
{
	Oid			oid;			/* InvalidOid: a free entry */
	PtPresence	presence;
	uint32		changes;		/* statements that may have made or dropped the extension */
	bool		stopped;		/* stop_workers() */
	bool		port_reported;	/* the log line about the receiver's port */
	bool		gone;			/* dropped, or not to have workers any more */
	int			hold_pids[PT_MAX_HOLDERS];	/* backends that want the database empty */
	bool		seen_held;		/* was there one when the launcher last looked? */
	int			children;		/* workers started and not seen to end */
	int			dispatchers;	/* settings as this database has them */
	int			receiver_port;
	bool		has_engine;		/* of telephony: a dialer is wanted */
} PtDatabase;

/* What a worker is doing, for the view. */
typedef enum PtActivity
{
	PT_STARTING,
	PT_WAITING,
	PT_WORKING,
	PT_NOT_ADOPTED,
	PT_STOPPING
} PtActivity;

typedef struct PtSlot
{
	int			pid;			/* 0: free */
	Oid			database;
	int			kind;			/* PtWorkerKind */
	int			procno;			/* whose latch to set */
	int64		number;
	pg_atomic_uint32 notified;	/* the latch was set since the last look */
	int			activity;		/* PtActivity */
	int32		in_flight;
	TimestampTz started;
	pg_atomic_uint64 counts[PT_COUNTERS];
	TimestampTz error_at;
	char		error[PT_ERROR_LENGTH];
} PtSlot;

/* One worker's counters of one carrier; slot -1 sums those that have left. */
typedef struct PtCarrierEntry
{
	Oid			database;		/* InvalidOid: free */
	int32		carrier_id;
	int			slot;
	PtCarrierStats stats;
} PtCarrierEntry;

typedef struct PtBucket
{
	Oid			database;		/* InvalidOid: free */
	char		key[PT_BUCKET_KEY];
	double		rate;
	double		tokens;			/* at the time "at" */
	TimestampTz at;
} PtBucket;

typedef struct PtShared
{
	LWLock	   *lock;			/* databases, slots (taking and freeing), carriers */
	LWLockPadded *bucket_locks;
	pg_atomic_uint32 rescan;	/* pg_database has to be read again */
	uint32		generation;		/* launchers so far */
	int			launcher_procno;	/* -1: none */
	int			slots_used;		/* slots above were never taken */
	PtDatabase	databases[PT_MAX_DATABASES];
	PtSlot		slots[PT_MAX_SLOTS];
	PtCarrierEntry carriers[PT_MAX_CARRIERS];
	PtBucket	buckets[PT_BUCKET_SETS][PT_BUCKET_WAYS];
} PtShared;

extern PtShared *pt_shared;		/* NULL: not preloaded */
extern PtSlot *pt_my_slot;		/* NULL: this process is no worker */

/* shared.c; the caller holds the lock. */
extern PtDatabase *pt_database_find(Oid oid);
extern PtDatabase *pt_database_make(Oid oid);	/* NULL: the table is full */
extern void pt_database_free(PtDatabase *entry);
extern bool pt_database_held(const PtDatabase *entry);

/* slot.c */
extern const char *pt_kind_name(PtWorkerKind kind);
extern void pt_slot_activity(PtActivity activity);
extern int	pt_slots_of(Oid database);	/* workers attached; the lock is not held */

/* carrier_stats.c */
extern void pt_carrier_detach(int slot);	/* the caller holds the lock */

/* wake.c */
extern void pt_wake_launcher(bool rescan);
extern void pt_extension_changed_at_commit(void);
extern void pt_latch_of(int procno);

/* hook.c */
extern void pt_hook_init(void);

#endif							/* PORTATEXT_WORKER_INTERNAL_H */
