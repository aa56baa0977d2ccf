/*
 * slot.c
 *	  Worker slots: who runs, what it does, what it has counted.
 *
 * Only the owner writes its slot; readers accept values of different moments.
 * Taking and freeing happen under the lock.
 */
#include "worker/internal.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

PtSlot	   *pt_my_slot = NULL;

const char *
pt_kind_name(PtWorkerKind kind)
{
	static const char *const names[] = {"launcher", "dispatcher", "scheduler", "receiver", "runner", "dialer"};

	return names[kind];
}

/* At exit: gives back the slot, if it is still this process's own. */
static void
detach(int code, Datum arg)
{
	PtSlot	   *slot = pt_my_slot;

	if (slot == NULL || slot->pid != MyProcPid)
		return;
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	pt_carrier_detach(slot - pt_shared->slots);
	slot->pid = 0;
	slot->database = InvalidOid;
	slot->procno = -1;
	if (slot->kind == PT_LAUNCHER)
		pt_shared->launcher_procno = -1;
	LWLockRelease(pt_shared->lock);
	pt_my_slot = NULL;
	pt_wake_launcher(false);
}

/* Fills a free slot; the caller holds the lock. */
static void
take(PtSlot *slot, PtWorkerKind kind)
{
	slot->database = MyDatabaseId;
	slot->kind = kind;
	slot->procno = PT_MY_PROCNO;
	slot->activity = PT_STARTING;
	slot->in_flight = 0;
	slot->started = GetCurrentTimestamp();
	slot->error_at = 0;
	slot->error[0] = '\0';
	pg_atomic_write_u32(&slot->notified, 0);
	for (int c = 0; c < PT_COUNTERS; c++)
		pg_atomic_write_u64(&slot->counts[c], 0);
	pg_write_barrier();
	slot->pid = MyProcPid;
}

/* Finds and fills a slot; NULL when all are taken. */
static PtSlot *
take_any(PtWorkerKind kind)
{
	PtSlot	   *found = NULL;

	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PT_MAX_SLOTS && found == NULL; i++)
		if (pt_shared->slots[i].pid == 0)
		{
			found = &pt_shared->slots[i];
			take(found, kind);
			pt_shared->slots_used = Max(pt_shared->slots_used, i + 1);
		}
	LWLockRelease(pt_shared->lock);
	return found;
}

/*
 * Takes a slot for this worker, or, when it has one, only notes its number.
 * Raises 53400 when there is none left.
 */
void
pt_slot_attach(PtWorkerKind kind, int64 number)
{
	if (pt_shared == NULL)
		return;
	if (pt_my_slot == NULL)
	{
		before_shmem_exit(detach, (Datum) 0);
		pt_my_slot = take_any(kind);
	}
	if (pt_my_slot == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no free slot for a portatext worker"),
				 errdetail("At most %d workers run on one server.", PT_MAX_SLOTS)));
	pt_my_slot->number = number;
}

void
pt_slot_count(PtCounter counter, uint64 n)
{
	if (pt_my_slot != NULL)
		pg_atomic_fetch_add_u64(&pt_my_slot->counts[counter], n);
}

void
pt_slot_gauge(int32 in_flight)
{
	if (pt_my_slot != NULL)
		pt_my_slot->in_flight = in_flight;
}

void
pt_slot_error(const char *text)
{
	if (pt_my_slot == NULL)
		return;
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	strlcpy(pt_my_slot->error, text, PT_ERROR_LENGTH);
	pt_my_slot->error_at = GetCurrentTimestamp();
	LWLockRelease(pt_shared->lock);
	pt_slot_count(PT_COUNT_ERRORS, 1);
}

/* What the view shows as this worker's state. */
void
pt_slot_activity(PtActivity activity)
{
	if (pt_my_slot != NULL)
		pt_my_slot->activity = activity;
}

int
pt_slots_of(Oid database)
{
	int			count = 0;

	LWLockAcquire(pt_shared->lock, LW_SHARED);
	for (int i = 0; i < pt_shared->slots_used; i++)
		if (pt_shared->slots[i].pid != 0 && pt_shared->slots[i].database == database)
			count++;
	LWLockRelease(pt_shared->lock);
	return count;
}
