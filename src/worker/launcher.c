/*
 * launcher.c
 *	  The launcher: which workers each database wants, started and stopped.
 *
 * README.md draws its states.  The launcher has no database of its own: it
 * reads pg_database, and lets each database's scheduler find out whether the
 * extension is there.
 */
#include "worker/launcher.h"

#include "portatext.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "worker/children.h"
#include "worker/internal.h"
#include "worker/session_internal.h"
#include "worker/settings.h"

#define RESCAN_MS 60000			/* absent databases are looked at again */
#define RETRY_MS 5000			/* reading pg_database has failed */
#define HOLD_POLL_MS 200		/* while a backend wants a database empty */
#define MAX_PROBES 2			/* databases looked at, at one time */

extern PGDLLEXPORT void pt_launcher_main(Datum arg);

/* Registers the launcher with the postmaster. */
void
pt_launcher_register(void)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 1;
	strlcpy(worker.bgw_library_name, "portatext", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "pt_launcher_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "portatext launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "portatext launcher", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

/* Notes one row of pg_database; the lock is held. */
static void
note_database(Form_pg_database form, bool *seen)
{
	static bool full_reported = false;
	PtDatabase *entry;

	if (!form->datallowconn || form->datistemplate ||
		!pt_database_listed(NameStr(form->datname)))
		return;
	entry = pt_database_make(form->oid);
	if (entry != NULL)
		seen[entry - pt_shared->databases] = true;
	else if (!full_reported)
		ereport(LOG,
				(errmsg("portatext: too many databases, some get no workers"),
				 errdetail("At most %d databases are looked at.", PT_MAX_DATABASES),
				 errhint("Name those that matter in portatext.databases.")));
	full_reported = full_reported || entry == NULL;
}

/* Reads pg_database; marks the entries of databases that may have workers. */
static void
read_databases(bool *seen)
{
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
		note_database((Form_pg_database) GETSTRUCT(tuple), seen);
		LWLockRelease(pt_shared->lock);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
}

/* The same; false when it failed (no room in the lock table): reported, not passed on. */
static bool
try_read_databases(bool *seen)
{
	MemoryContext turn = CurrentMemoryContext;
	volatile bool ok = true;

	PG_TRY();
	{
		read_databases(seen);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(turn);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		MemoryContextSwitchTo(turn);
		pt_session_report("reading pg_database", error);
		ok = false;
	}
	PG_END_TRY();
	return ok;
}

/*
 * Brings the table of databases up to date; absent ones are to be looked at.
 * Returns when to do so again, in ms.
 */
static long
rescan(void)
{
	bool		seen[PT_MAX_DATABASES] = {false};

	pg_atomic_write_u32(&pt_shared->rescan, 0);
	if (!try_read_databases(seen))
		return RETRY_MS;
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PT_MAX_DATABASES; i++)
	{
		PtDatabase *entry = &pt_shared->databases[i];

		if (!OidIsValid(entry->oid))
			continue;
		if (entry->presence == PT_ABSENT)
			entry->presence = PT_UNKNOWN;
		entry->gone = !seen[i];
		if (entry->gone && entry->children == 0)
			pt_database_free(entry);
	}
	LWLockRelease(pt_shared->lock);
	return RESCAN_MS;
}

/* Is the port wanted by a database before this one? */
static bool
port_taken(const PtDatabase *entry)
{
	for (const PtDatabase *other = pt_shared->databases; other < entry; other++)
		if (other->presence == PT_PRESENT && !other->stopped &&
			other->receiver_port == entry->receiver_port)
			return true;
	return false;
}

/* Says once per database that its receiver's port belongs to another one. */
static void
report_port(PtDatabase *entry)
{
	if (!entry->port_reported)
		ereport(LOG,
				(errmsg("portatext: no receiver for database %u: port %d is another database's",
						entry->oid, entry->receiver_port),
				 errhint("Set portatext.receiver_port per database with ALTER DATABASE.")));
	entry->port_reported = true;
}

/* Wants the workers of one database; the lock is held. */
static void
want_database(PtDatabase *entry, int *probes)
{
	bool		open = !entry->stopped && !entry->gone && !pt_database_held(entry);

	if (!open || entry->presence == PT_ABSENT)
		return;
	if (entry->presence == PT_UNKNOWN && (*probes)++ >= MAX_PROBES)
		return;
	pt_child_want(entry->oid, PT_SCHEDULER, 0);
	if (entry->presence == PT_UNKNOWN)
		return;
	for (int i = 0; i < entry->dispatchers; i++)
		pt_child_want(entry->oid, PT_DISPATCHER, i);
	pt_child_want(entry->oid, PT_RUNNER, 0);
	if (entry->has_engine)
		pt_child_want(entry->oid, PT_DIALER, 0);
	if (entry->receiver_port > 0 && port_taken(entry))
		report_port(entry);
	else if (entry->receiver_port > 0)
		pt_child_want(entry->oid, PT_RECEIVER, 0);
}

/* Forgets holders that have gone; true while any is held. */
static bool
check_holds(void)
{
	bool		held = false;

	for (int i = 0; i < PT_MAX_DATABASES; i++)
	{
		PtDatabase *entry = &pt_shared->databases[i];

		for (int j = 0; j < PT_MAX_HOLDERS; j++)
			if (entry->hold_pids[j] != 0 && BackendPidGetProc(entry->hold_pids[j]) == NULL)
				entry->hold_pids[j] = 0;
		held = held || pt_database_held(entry);
	}
	return held;
}

/* Compares what is wanted with what runs; returns how long it may sleep. */
static long
manage(void)
{
	int			probes = 0;
	bool		held;
	long		sleep_ms;

	pt_children_unwant();
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	held = check_holds();
	for (int i = 0; i < PT_MAX_DATABASES; i++)
		if (OidIsValid(pt_shared->databases[i].oid))
			want_database(&pt_shared->databases[i], &probes);
	LWLockRelease(pt_shared->lock);
	sleep_ms = pt_children_settle();
	pt_children_publish();
	return held ? Min(sleep_ms, HOLD_POLL_MS) : sleep_ms;
}

/* Ends workers that an earlier launcher has started, and waits for them. */
static void
end_orphans(void)
{
	bool		again = true;

	for (int round = 0; again; round++)
	{
		again = false;
		LWLockAcquire(pt_shared->lock, LW_SHARED);
		for (int i = 0; i < pt_shared->slots_used; i++)
		{
			PtSlot	   *slot = &pt_shared->slots[i];

			if (slot->pid == 0 || slot == pt_my_slot)
				continue;
			again = true;
			if (round % 50 == 0)
				kill(slot->pid, SIGTERM);
		}
		LWLockRelease(pt_shared->lock);
		if (again)
			(void) WaitLatch(MyLatch, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 100, PG_WAIT_EXTENSION);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Takes over: from now on only this launcher's workers may start. */
static void
take_over(void)
{
	pt_slot_attach(PT_LAUNCHER, 0);
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	pt_shared->generation++;
	pt_shared->launcher_procno = PT_MY_PROCNO;
	for (int i = 0; i < PT_MAX_DATABASES; i++)
		pt_shared->databases[i].children = 0;
	LWLockRelease(pt_shared->lock);
	end_orphans();
}

/* One sleep; a reload may have changed the list of databases. */
static void
sleep_for(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	pg_atomic_write_u32(&pt_shared->rescan, 1);
}

/* Entry point of the launcher; ends with code 1, so that it is started again. */
void
pt_launcher_main(Datum arg)
{
	TimestampTz rescan_at = 0;
	MemoryContext turn;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, SIG_IGN);	/* nothing to cancel */
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	take_over();
	turn = AllocSetContextCreate(TopMemoryContext, "portatext launcher turn", ALLOCSET_SMALL_SIZES);
	pgstat_report_activity(STATE_IDLE, NULL);
	pt_slot_activity(PT_WAITING);
	for (;;)
	{
		long		sleep_ms;

		MemoryContextReset(turn);
		MemoryContextSwitchTo(turn);
		if (pg_atomic_read_u32(&pt_shared->rescan) != 0 || GetCurrentTimestamp() >= rescan_at)
		{
			long		again_ms = rescan();

			rescan_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), again_ms);
		}
		sleep_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), rescan_at);
		MemoryContextSwitchTo(turn);
		sleep_for(Min(sleep_ms, manage()));
	}
}
