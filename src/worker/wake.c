/*
 * wake.c
 *	  Waking workers, at once or when the present transaction commits.
 *
 * A worker's latch is set once per sleep: whoever turns its flag from 0 to 1
 * sets it, and the worker clears the flag before it looks at its queue.  The
 * transaction callback is registered once per process and does nothing that a
 * prepared transaction forbids; the commit of a prepared transaction is not
 * seen here, the workers' sweep finds its rows.
 */
#include "worker/internal.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"

static bool wake_pending[PT_WORKER_KINDS];
static bool extension_pending = false;

/* Sets the latch of a process by its number; a wrong one only wakes in vain. */
void
pt_latch_of(int procno)
{
	if (procno >= 0)
		SetLatch(&ProcGlobal->allProcs[procno].procLatch);
}

/* Wakes the launcher; rescan: databases have come or gone. */
void
pt_wake_launcher(bool rescan)
{
	if (pt_shared == NULL)
		return;
	if (rescan)
		pg_atomic_write_u32(&pt_shared->rescan, 1);
	pt_latch_of(pt_shared->launcher_procno);
}

/* Wakes one worker unless it was woken already. */
static void
wake_slot(PtSlot *slot)
{
	if (pg_atomic_exchange_u32(&slot->notified, 1) == 0)
		pt_latch_of(slot->procno);
}

/* Wakes this database's workers of one kind; no lock, stale slots do no harm. */
void
pt_wake(PtWorkerKind kind)
{
	if (pt_shared == NULL)
		return;
	for (int i = 0; i < pt_shared->slots_used; i++)
	{
		PtSlot	   *slot = &pt_shared->slots[i];

		if (slot->database == MyDatabaseId && slot->kind == kind && slot->pid != 0)
			wake_slot(slot);
	}
}

/* A statement on extensions or databases has committed: look again. */
static void
extension_changed(void)
{
	PtDatabase *entry;

	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	entry = pt_database_make(MyDatabaseId);
	if (entry != NULL)
		entry->changes++;
	if (entry != NULL && entry->presence == PT_ABSENT)
		entry->presence = PT_UNKNOWN;
	LWLockRelease(pt_shared->lock);
	for (int kind = PT_LAUNCHER + 1; kind < PT_WORKER_KINDS; kind++)
		pt_wake((PtWorkerKind) kind);
	pt_wake_launcher(true);
}

/* At commit: what this transaction has noted.  Forgotten by any other end. */
static void
at_end(XactEvent event, void *arg)
{
	bool		wake[PT_WORKER_KINDS];
	bool		extension = extension_pending;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	memcpy(wake, wake_pending, sizeof(wake));
	memset(wake_pending, 0, sizeof(wake_pending));
	extension_pending = false;
	if (event != XACT_EVENT_COMMIT)
		return;
	if (extension)
		extension_changed();
	for (int kind = 0; kind < PT_WORKER_KINDS; kind++)
		if (wake[kind])
			pt_wake((PtWorkerKind) kind);
}

/* Registers the callback, once per process. */
static void
watch_commit(void)
{
	static bool registered = false;

	if (!registered)
		RegisterXactCallback(at_end, NULL);
	registered = true;
}

void
pt_wake_kind_at_commit(PtWorkerKind kind)
{
	if (pt_shared == NULL)
		return;
	watch_commit();
	wake_pending[kind] = true;
}

void
pt_wake_at_commit(void)
{
	pt_wake_kind_at_commit(PT_DISPATCHER);
}

/* Notes that this transaction has made or dropped an extension or a database. */
void
pt_extension_changed_at_commit(void)
{
	if (pt_shared == NULL)
		return;
	watch_commit();
	extension_pending = true;
}
