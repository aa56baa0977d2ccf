/*
 * children.c
 *	  The launcher's workers: wanted, running, waiting to be tried again.
 *
 * States of a child: waiting (no handle, not_before in the future), running
 * (handle), stopping (handle, asked to leave), forgotten (not wanted, no
 * handle).  A worker that ends unasked is started again after 1 s, twice as
 * long after each failure up to 60 s; one that lived a minute starts afresh.
 */
#include "worker/children.h"

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "worker/internal.h"
#include "worker/settings.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS 60000
#define HEALTHY_MS 60000		/* a worker that lived so long has not failed */
#define STOP_AGAIN_MS 5000		/* beyond the grace: asked to leave again */
#define IDLE_MS 3600000

typedef struct Child
{
	Oid			database;		/* InvalidOid: a free entry */
	PtWorkerKind kind;
	int			index;
	bool		wanted;
	BackgroundWorkerHandle *handle;
	TimestampTz started;
	TimestampTz stop_again;		/* 0: not asked to leave */
	TimestampTz not_before;
	int			failures;
	bool		slots_reported;
} Child;

static Child children[PT_MAX_SLOTS];

void
pt_children_unwant(void)
{
	for (int i = 0; i < PT_MAX_SLOTS; i++)
		children[i].wanted = false;
}

/* The entry of a worker, or a free one, or NULL. */
static Child *
find(Oid database, PtWorkerKind kind, int index)
{
	Child	   *free_entry = NULL;

	for (int i = 0; i < PT_MAX_SLOTS; i++)
	{
		Child	   *child = &children[i];

		if (child->database == database && child->kind == kind && child->index == index)
			return child;
		if (!OidIsValid(child->database) && free_entry == NULL)
			free_entry = child;
	}
	return free_entry;
}

void
pt_child_want(Oid database, PtWorkerKind kind, int index)
{
	Child	   *child = find(database, kind, index);

	if (child == NULL)
		return;
	child->database = database;
	child->kind = kind;
	child->index = index;
	child->wanted = true;
}

/* What the postmaster is asked to start. */
static void
describe(const Child *child, BackgroundWorker *worker)
{
	const char *kind = pt_kind_name(child->kind);

	memset(worker, 0, sizeof(*worker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	worker->bgw_notify_pid = MyProcPid;
	worker->bgw_main_arg = ObjectIdGetDatum(child->database);
	strlcpy(worker->bgw_library_name, "portatext", BGW_MAXLEN);
	snprintf(worker->bgw_function_name, BGW_MAXLEN, "pt_%s_main", kind);
	snprintf(worker->bgw_name, BGW_MAXLEN, "portatext %s %d of database %u",
			 kind, child->index + 1, child->database);
	snprintf(worker->bgw_type, BGW_MAXLEN, "portatext %s", kind);
	memcpy(worker->bgw_extra, &pt_shared->generation, sizeof(pt_shared->generation));
}

/* Sets the time of the next try. */
static void
back_off(Child *child, TimestampTz now)
{
	int			shift = Min(child->failures, 6);

	child->failures++;
	child->not_before =
		TimestampTzPlusMilliseconds(now, Min(BACKOFF_FIRST_MS << shift, BACKOFF_LAST_MS));
}

/* Starts a worker; says once when the server has no slot for it. */
static void
start(Child *child, TimestampTz now)
{
	BackgroundWorker worker;
	MemoryContext saved = MemoryContextSwitchTo(TopMemoryContext);

	describe(child, &worker);
	child->started = now;
	child->stop_again = 0;
	if (RegisterDynamicBackgroundWorker(&worker, &child->handle))
		child->slots_reported = false;
	else
	{
		child->handle = NULL;
		back_off(child, now);
		if (!child->slots_reported)
			ereport(LOG,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("portatext: no background worker slot for the %s of database %u",
							pt_kind_name(child->kind), child->database),
					 errhint("Raise max_worker_processes.")));
		child->slots_reported = true;
	}
	MemoryContextSwitchTo(saved);
}

/* A worker has ended: forget it, or try again later. */
static void
ended(Child *child, TimestampTz now)
{
	bool		asked = child->stop_again != 0 || !child->wanted;

	pfree(child->handle);
	child->handle = NULL;
	child->stop_again = 0;
	if (TimestampDifferenceExceeds(child->started, now, HEALTHY_MS))
		child->failures = 0;
	if (asked)
		child->failures = 0;
	else
		back_off(child, now);
}

/* Asks a worker to leave, again if it does not. */
static void
stop(Child *child, TimestampTz now)
{
	if (now < child->stop_again)
		return;
	TerminateBackgroundWorker(child->handle);
	child->stop_again = TimestampTzPlusMilliseconds(now, pt_shutdown_grace + STOP_AGAIN_MS);
}

/* Brings one worker nearer to what is wanted; returns when to look again. */
static TimestampTz
settle(Child *child, TimestampTz now)
{
	pid_t		pid;

	if (child->handle != NULL && GetBackgroundWorkerPid(child->handle, &pid) == BGWH_STOPPED)
		ended(child, now);
	if (child->handle != NULL && !child->wanted)
		stop(child, now);
	if (child->handle == NULL && child->wanted && now >= child->not_before)
		start(child, now);
	if (child->handle == NULL && !child->wanted)
	{
		memset(child, 0, sizeof(*child));
		return DT_NOEND;
	}
	if (child->handle == NULL)
		return child->not_before;
	return child->stop_again != 0 ? child->stop_again : DT_NOEND;
}

long
pt_children_settle(void)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next = TimestampTzPlusMilliseconds(now, IDLE_MS);

	for (int i = 0; i < PT_MAX_SLOTS; i++)
		if (OidIsValid(children[i].database))
			next = Min(next, settle(&children[i], now));
	return TimestampDifferenceMilliseconds(now, next);
}

void
pt_children_publish(void)
{
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PT_MAX_DATABASES; i++)
	{
		PtDatabase *entry = &pt_shared->databases[i];
		int			count = 0;

		if (!OidIsValid(entry->oid))
			continue;
		for (int c = 0; c < PT_MAX_SLOTS; c++)
			if (children[c].database == entry->oid && children[c].handle != NULL)
				count++;
		entry->children = count;
		entry->seen_held = pt_database_held(entry);
		if (entry->gone && count == 0)
			pt_database_free(entry);
	}
	LWLockRelease(pt_shared->lock);
}
