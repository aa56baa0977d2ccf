/*
 * session.c
 *	  What every worker does the same way: start, identity, fixed settings,
 *	  transactions and their errors.  Waiting is in session_wait.c.
 */
#include "worker/session.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "libpq/pqsignal.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "worker/internal.h"
#include "worker/session_internal.h"
#include "worker/settings.h"

#define WATCHDOG_MS 1000
#define ERROR_LOG_INTERVAL (60 * USECS_PER_SEC)	/* the same error, at most so often */
#define SHORT_LOCK_TIMEOUT "1s"
#define ERRORS_REMEMBERED 8

static PtWorkerKind session_kind;
static Oid	session_extension;
static MemoryContext turn_context;
static TimeoutId watchdog_id;
static volatile sig_atomic_t overtime = 0;
static char last_error[PT_ERROR_TEXT];
static int	last_sqlerrcode;

/* The settings of every worker, whatever the server's or database's are. */
static const char *const fixed_settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_deferrable", "off"},
	{"statement_timeout", "0"},
	{"lock_timeout", "0"},
	{"idle_in_transaction_session_timeout", "0"},
	PT_TRANSACTION_TIMEOUT_OFF
	{"jit", "off"},
	{"max_parallel_workers_per_gather", "0"},
	{"row_security", "on"},
	{"session_replication_role", "origin"},
};

/* SIGTERM: note it; the main loop finishes what is on the wire and leaves. */
static void
note_stop(SIGNAL_ARGS)
{
	int			save_errno = errno;

	ShutdownRequestPending = true;
	SetLatch(MyLatch);
	errno = save_errno;
}

/* Each second of a transaction: after a stop, do not wait for a lock for ever. */
static void
watchdog(void)
{
	if (!ShutdownRequestPending || ++overtime <= pt_shutdown_grace / WATCHDOG_MS + 3)
		return;
	ProcDiePending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

/* Applies the fixed settings, and at least a local flush at each commit. */
void
pt_session_fix_settings(void)
{
	for (int i = 0; i < lengthof(fixed_settings); i++)
		SetConfigOption(fixed_settings[i][0], fixed_settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	/* Somebody's open transaction must not keep every callback, or every account's jobs, waiting. */
	if (session_kind == PT_RECEIVER || session_kind == PT_RUNNER)
		SetConfigOption("lock_timeout", SHORT_LOCK_TIMEOUT, PGC_SUSET, PGC_S_OVERRIDE);
	if (synchronous_commit < SYNCHRONOUS_COMMIT_ON)
		SetConfigOption("synchronous_commit", "on", PGC_SUSET, PGC_S_OVERRIDE);
}

/* Tells the launcher the settings of this database. */
void
pt_session_publish(void)
{
	PtDatabase *entry;

	if (session_kind != PT_SCHEDULER)
		return;
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	entry = pt_database_find(MyDatabaseId);
	if (entry != NULL)
	{
		entry->presence = PT_PRESENT;
		entry->dispatchers = pt_dispatchers;
		entry->receiver_port = pt_receiver_port;
	}
	LWLockRelease(pt_shared->lock);
	pt_wake_launcher(false);
}

void
pt_session_publish_engine(bool has_engine)
{
	PtDatabase *entry;
	bool		changed = false;

	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	entry = pt_database_find(MyDatabaseId);
	if (entry != NULL)
	{
		changed = entry->has_engine != has_engine;
		entry->has_engine = has_engine;
	}
	LWLockRelease(pt_shared->lock);
	if (changed)
		pt_wake_launcher(false);
}

/* Changes of this database's extensions so far. */
static uint32
read_changes(void)
{
	PtDatabase *entry;
	uint32		changes;

	LWLockAcquire(pt_shared->lock, LW_SHARED);
	entry = pt_database_find(MyDatabaseId);
	changes = entry == NULL ? 0 : entry->changes;
	LWLockRelease(pt_shared->lock);
	return changes;
}

/* Tells the launcher that the extension is not here, unless that may have changed. */
static void
publish_absence(uint32 changes)
{
	PtDatabase *entry;

	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	entry = pt_database_find(MyDatabaseId);
	if (entry != NULL)
		entry->presence = entry->changes == changes ? PT_ABSENT : PT_UNKNOWN;
	LWLockRelease(pt_shared->lock);
}

/*
 * Leaves when the extension is gone or was made anew.  It is looked up again
 * after reading the counter, so a CREATE EXTENSION meanwhile is not missed.
 */
static void
leave_if_gone(Oid extension)
{
	uint32		changes;

	if (OidIsValid(extension) && extension == session_extension)
		return;
	AbortCurrentTransaction();
	changes = read_changes();
	StartTransactionCommand();
	extension = pt_extension_oid();
	CommitTransactionCommand();
	if (!OidIsValid(extension))
		publish_absence(changes);
	proc_exit(0);
}

/* Leaves when another launcher has taken over since this start was asked for. */
static void
check_generation(void)
{
	uint32		generation;

	memcpy(&generation, MyBgworkerEntry->bgw_extra, sizeof(generation));
	if (generation != pt_shared->generation)
		proc_exit(0);
}

/* From now on the worker acts as portatext_owner, whom row security binds. */
static void
take_identity(void)
{
	Oid			owner;

	StartTransactionCommand();
	session_extension = pt_extension_oid();
	if (!OidIsValid(session_extension))
		leave_if_gone(InvalidOid);
	owner = pt_owner_oid();
	CommitTransactionCommand();
	if (!OidIsValid(owner))
		ereport(FATAL,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"portatext_owner\" does not exist"),
				 errhint("Run DROP EXTENSION portatext and CREATE EXTENSION portatext again.")));
	SetUserIdAndSecContext(owner, 0);
	pt_mark_worker();
}

/* Names the worker in pg_stat_activity. */
static void
name_worker(void)
{
	char		name[NAMEDATALEN];

	snprintf(name, sizeof(name), "portatext %s", pt_kind_name(session_kind));
	SetConfigOption("application_name", name, PGC_USERSET, PGC_S_OVERRIDE);
}

/* Tells an error of the start where it belongs: without room for locks, say. */
static void
start_context(void *database)
{
	errcontext("start of the portatext %s of database %u", pt_kind_name(session_kind), *(Oid *) database);
}

void
pt_session_start(PtWorkerKind kind, Oid database)
{
	ErrorContextCallback context = {.previous = error_context_stack,.callback = start_context,.arg = &database};

	session_kind = kind;
	error_context_stack = &context;
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	check_generation();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	pt_slot_attach(kind, 0);
	pqsignal(SIGTERM, note_stop);
	pt_session_fix_settings();
	name_worker();
	watchdog_id = RegisterTimeout(USER_TIMEOUT, watchdog);
	turn_context = AllocSetContextCreate(TopMemoryContext, "portatext turn", ALLOCSET_DEFAULT_SIZES);
	take_identity();
	pt_session_publish();
	error_context_stack = context.previous;
	pgstat_report_activity(STATE_IDLE, NULL);
	pt_slot_activity(PT_WAITING);
}

bool
pt_session_stopping(void)
{
	if (ShutdownRequestPending)
		pt_slot_activity(PT_STOPPING);
	return ShutdownRequestPending;
}

/* An error that was logged not long ago. */
typedef struct LoggedError
{
	uint32		hash;			/* of code and message */
	TimestampTz at;
	uint64		repeats;		/* since then, not logged */
} LoggedError;

/* The entry of this error, or the oldest one. */
static LoggedError *
find_logged(uint32 hash)
{
	static LoggedError logged[ERRORS_REMEMBERED];
	LoggedError *oldest = &logged[0];

	for (int i = 0; i < ERRORS_REMEMBERED; i++)
	{
		if (logged[i].hash == hash)
			return &logged[i];
		if (logged[i].at < oldest->at)
			oldest = &logged[i];
	}
	return oldest;
}

/* Is this error to be logged?  The same one is logged once a minute. */
static bool
worth_logging(const ErrorData *error, uint64 *unlogged)
{
	uint32		hash = hash_bytes((const unsigned char *) error->message, strlen(error->message)) ^
		(uint32) error->sqlerrcode;
	LoggedError *last = find_logged(hash);
	TimestampTz now = GetCurrentTimestamp();

	if (last->hash == hash && now - last->at < ERROR_LOG_INTERVAL)
	{
		last->repeats++;
		return false;
	}
	*unlogged = last->hash == hash ? last->repeats : 0;
	last->hash = hash;
	last->at = now;
	last->repeats = 0;
	return true;
}

/* No details are logged: they hold data. */
void
pt_session_report(const char *activity, const ErrorData *error)
{
	uint64		unlogged = 0;

	strlcpy(last_error, error->message,
			pg_mbcliplen(error->message, (int) strlen(error->message), sizeof(last_error) - 1) + 1);
	last_sqlerrcode = error->sqlerrcode;
	pt_slot_error(last_error);
	if (!worth_logging(error, &unlogged))
		return;
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("portatext %s: %s failed: %s",
					pt_kind_name(session_kind), activity, error->message),
			 unlogged > 0 ? errdetail("Before this, it was repeated " UINT64_FORMAT " times without being logged.", unlogged) : 0,
			 error->context ? errcontext("%s", error->context) : 0));
}

const char *
pt_session_last_error(int *sqlerrcode)
{
	*sqlerrcode = last_sqlerrcode;
	return last_error;
}

/* Takes the error, rolls back, reports. */
static void
recover(const char *activity)
{
	ErrorData  *error;

	MemoryContextSwitchTo(turn_context);
	error = CopyErrorData();
	FlushErrorState();
	disable_timeout(watchdog_id, false);
	AbortCurrentTransaction();
	pt_session_report(activity, error);
	FreeErrorData(error);
}

/* The transaction itself; errors pass through. */
static void
run(PtTxBody body, void *arg)
{
	StartTransactionCommand();
	leave_if_gone(pt_extension_oid());
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(turn_context);
	body(arg);
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
}

bool
pt_session_tx(const char *activity, PtTxBody body, void *arg)
{
	volatile bool ok = true;

	MemoryContextReset(turn_context);
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, activity);
	if (!ShutdownRequestPending)
		pt_slot_activity(PT_WORKING);
	enable_timeout_every(watchdog_id,
						 TimestampTzPlusMilliseconds(GetCurrentTimestamp(), WATCHDOG_MS),
						 WATCHDOG_MS);
	PG_TRY();
	{
		run(body, arg);
	}
	PG_CATCH();
	{
		recover(activity);
		ok = false;
	}
	PG_END_TRY();
	disable_timeout(watchdog_id, false);
	MemoryContextSwitchTo(turn_context);
	pt_session_note_stats(pgstat_report_stat(false));
	pgstat_report_activity(STATE_IDLE, NULL);
	return ok;
}
