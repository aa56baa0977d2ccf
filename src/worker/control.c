/*
 * control.c
 *	  Operators stop and start this database's workers, and senders learn
 *	  whether anybody will send.
 */
#include "worker/internal.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/builtins.h"

#include "worker/settings.h"

#define CONTROL_WAIT_MS 10000
#define CONTROL_STEP_MS 20

PG_FUNCTION_INFO_V1(pt_start_workers);
PG_FUNCTION_INFO_V1(pt_stop_workers);
PG_FUNCTION_INFO_V1(pt_workers_running);
PG_FUNCTION_INFO_V1(pt_worker_problem_sql);

/* Raises 55000 when the library was not preloaded. */
static void
require_preloading(void)
{
	if (pt_shared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("portatext has no workers on this server"),
				 errhint("Add portatext to shared_preload_libraries and restart the server.")));
}

/* Sets the flag of this database; raises 53400 when there is no room for it. */
static void
set_stopped(bool stopped)
{
	PtDatabase *entry;

	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	entry = pt_database_make(MyDatabaseId);
	if (entry != NULL)
		entry->stopped = stopped;
	LWLockRelease(pt_shared->lock);
	if (entry == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("too many databases for portatext's workers"),
				 errdetail("At most %d databases are looked at.", PT_MAX_DATABASES),
				 errhint("Name those that matter in portatext.databases.")));
	pt_wake_launcher(true);
}

/* Waits until workers run, or none does; false after a bounded time. */
static bool
wait_running(bool running)
{
	for (int ms = 0; ms < CONTROL_WAIT_MS; ms += CONTROL_STEP_MS)
	{
		if ((pt_slots_of(MyDatabaseId) > 0) == running)
			return true;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 CONTROL_STEP_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* start_workers(): true when they run again. */
Datum
pt_start_workers(PG_FUNCTION_ARGS)
{
	require_preloading();
	set_stopped(false);
	PG_RETURN_BOOL(wait_running(true));
}

/* stop_workers(): true when all have left. */
Datum
pt_stop_workers(PG_FUNCTION_ARGS)
{
	require_preloading();
	set_stopped(true);
	PG_RETURN_BOOL(wait_running(false));
}

/* workers_running(): how many workers this database has. */
Datum
pt_workers_running(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(pt_shared == NULL ? 0 : pt_slots_of(MyDatabaseId));
}

/* What the launcher has noted of this database; false: it has no entry. */
static bool
read_database(PtDatabase *copy)
{
	PtDatabase *entry;

	LWLockAcquire(pt_shared->lock, LW_SHARED);
	entry = pt_database_find(MyDatabaseId);
	if (entry != NULL)
		*copy = *entry;
	LWLockRelease(pt_shared->lock);
	return entry != NULL;
}

/* Why nobody will send, as a hint; NULL: somebody will. */
static const char *
find_problem(void)
{
	PtDatabase	entry;

	if (pt_shared == NULL)
		return "Add portatext to shared_preload_libraries and restart the server.";
	if (pt_databases[0] != '\0' && !pt_database_listed(get_database_name(MyDatabaseId)))
		return "Add this database to portatext.databases.";
	if (!read_database(&entry))
		return NULL;
	if (entry.stopped)
		return "The workers were stopped; run SELECT portatext.start_workers().";
	if (entry.presence == PT_PRESENT && entry.dispatchers == 0)
		return "Set portatext.dispatchers to 1 or more.";
	return NULL;
}

/* Looks once per statement: a set-based send asks for each row. */
const char *
pt_workers_problem(void)
{
	static TimestampTz asked = 0;
	static const char *answer = NULL;
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	if (asked != statement)
		answer = find_problem();
	asked = statement;
	return answer;
}

/* worker_problem(): the same for a view, null when there is none. */
Datum
pt_worker_problem_sql(PG_FUNCTION_ARGS)
{
	const char *problem = find_problem();

	if (problem == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}
