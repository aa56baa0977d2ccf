/*
 * progress.c
 *	  Who works at what and how far it is: pg_stat_progress_portatext.
 *
 * A small array in shared memory, one entry for a process.  Without shared
 * memory, or when all entries are taken, nothing is shown and nothing else
 * happens.  An entry is given back at the end of the work, at the end of the
 * process, and at the end of the transaction: of any, or, for a job that goes on
 * in the next one, of one that is rolled back.
 */
#include "job/row.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "account/account.h"

#define TRANCHE "portatext_progress"
#define ENTRIES 64
#define COLUMNS 10

typedef struct Entry
{
	int			pid;			/* 0: free */
	Oid			database;
	int64		account_id;
	int64		job_id;			/* 0: none */
	int64		object;			/* 0: not known */
	int64		total;			/* -1: not known */
	int64		done;
	int64		errors;
	TimestampTz since;
	char		what[NAMEDATALEN];
} Entry;

typedef struct Progress
{
	LWLock	   *lock;
	Entry		entries[ENTRIES];
} Progress;

static Progress *progress = NULL;	/* NULL: not preloaded */
static Entry *mine = NULL;
static bool goes_on = false;	/* the entry outlives a commit */

static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

/* Asks for the memory and its lock. */
static void
request(void)
{
	if (previous_request)
		previous_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(Progress)));
	RequestNamedLWLockTranche(TRANCHE, 1);
}

/* Creates the memory, or finds it. */
static void
startup(void)
{
	bool		found;

	if (previous_startup)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	progress = ShmemInitStruct(TRANCHE, sizeof(Progress), &found);
	if (!found)
	{
		memset(progress, 0, sizeof(Progress));
		progress->lock = &GetNamedLWLockTranche(TRANCHE)->lock;
	}
	LWLockRelease(AddinShmemInitLock);
}

void
pt_progress_request(void)
{
	previous_request = shmem_request_hook;
	shmem_request_hook = request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

void
pt_progress_end(void)
{
	if (mine == NULL)
		return;
	LWLockAcquire(progress->lock, LW_EXCLUSIVE);
	mine->pid = 0;
	LWLockRelease(progress->lock);
	mine = NULL;
	goes_on = false;
}

void
pt_progress_goes_on(void)
{
	goes_on = true;
}

/* Gives the entry back with its transaction. */
static void
at_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE ||
		(event == XACT_EVENT_COMMIT && !goes_on))
		pt_progress_end();
}

static void
at_exit(int code, Datum arg)
{
	pt_progress_end();
}

/* Registers the callbacks, once per process. */
static void
watch(void)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(at_end, NULL);
		before_shmem_exit(at_exit, (Datum) 0);
	}
	registered = true;
}

/* This process's entry, taken if it has none; the caller holds the lock. */
static Entry *
own_entry(void)
{
	for (int i = 0; mine == NULL && i < ENTRIES; i++)
		if (progress->entries[i].pid == 0)
			mine = &progress->entries[i];
	return mine;
}

void
pt_progress_start(const char *what, int64 job_id, int64 object, int64 total)
{
	int64		account_id = pt_known_account();
	TimestampTz now = GetCurrentTimestamp();

	if (progress == NULL)
		return;
	watch();
	LWLockAcquire(progress->lock, LW_EXCLUSIVE);
	if (own_entry() != NULL)
	{
		bool		same = mine->pid == MyProcPid && job_id != 0 && mine->job_id == job_id;

		if (!same)
		{
			memset(mine, 0, sizeof(Entry));
			mine->pid = MyProcPid;
			mine->database = MyDatabaseId;
			mine->account_id = account_id;
			mine->job_id = job_id;
			mine->since = now;
			strlcpy(mine->what, what, sizeof(mine->what));
		}
		if (object != 0)
			mine->object = object;
		mine->total = total;
	}
	LWLockRelease(progress->lock);
}

void
pt_progress_update(int64 done, int64 errors)
{
	if (mine == NULL)
		return;
	LWLockAcquire(progress->lock, LW_EXCLUSIVE);
	mine->done = done;
	mine->errors = errors;
	LWLockRelease(progress->lock);
}

bool
pt_progress_elsewhere(int64 job_id)
{
	bool		found = false;

	if (progress == NULL)
		return false;
	LWLockAcquire(progress->lock, LW_SHARED);
	for (int i = 0; i < ENTRIES; i++)
	{
		Entry	   *entry = &progress->entries[i];

		found = found || (entry->pid != 0 && entry->pid != MyProcPid &&
						  entry->database == MyDatabaseId && entry->job_id == job_id);
	}
	LWLockRelease(progress->lock);
	return found;
}

/* One entry as a row. */
static void
put(ReturnSetInfo *rsinfo, const Entry *entry)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};

	values[0] = Int32GetDatum(entry->pid);
	values[1] = ObjectIdGetDatum(entry->database);
	values[2] = Int64GetDatum(entry->account_id);
	values[3] = CStringGetTextDatum(entry->what);
	values[4] = Int64GetDatum(entry->job_id);
	values[5] = Int64GetDatum(entry->object);
	values[6] = Int64GetDatum(entry->total);
	values[7] = Int64GetDatum(entry->done);
	values[8] = Int64GetDatum(entry->errors);
	values[9] = TimestampTzGetDatum(entry->since);
	nulls[2] = entry->account_id == 0;
	nulls[4] = entry->job_id == 0;
	nulls[5] = entry->object == 0;
	nulls[6] = entry->total < 0;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(pt_progress_entries);

/* progress_entries(): this database's, for tenants their account's. */
Datum
pt_progress_entries(PG_FUNCTION_ARGS)
{
	bool		all = pt_sees_all() || has_privs_of_role(GetOuterUserId(), ROLE_PG_READ_ALL_STATS);
	int64		account_id = all ? 0 : pt_known_account();
	Progress	copy;

	InitMaterializedSRF(fcinfo, 0);
	if (progress == NULL)
		return (Datum) 0;
	LWLockAcquire(progress->lock, LW_SHARED);
	copy = *progress;
	LWLockRelease(progress->lock);
	for (int i = 0; i < ENTRIES; i++)
	{
		const Entry *entry = &copy.entries[i];

		if (entry->pid != 0 && entry->database == MyDatabaseId &&
			(all || (account_id != 0 && entry->account_id == account_id)))
			put((ReturnSetInfo *) fcinfo->resultinfo, entry);
	}
	return (Datum) 0;
}
