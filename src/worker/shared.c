/*
 * shared.c
 *	  The shared memory: request, set-up, the table of databases.
 */
#include "worker/internal.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#define TRANCHE "portatext"

PtShared   *pt_shared = NULL;

static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

/* Asks for the memory and its locks. */
static void
request(void)
{
	if (previous_request)
		previous_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(PtShared)));
	RequestNamedLWLockTranche(TRANCHE, 1 + PT_BUCKET_LOCKS);
}

/* Fills fresh memory. */
static void
fill(PtShared *shared)
{
	LWLockPadded *locks = GetNamedLWLockTranche(TRANCHE);

	memset(shared, 0, sizeof(PtShared));
	shared->lock = &locks[0].lock;
	shared->bucket_locks = &locks[1];
	shared->launcher_procno = -1;
	pg_atomic_init_u32(&shared->rescan, 1);
	for (int i = 0; i < PT_MAX_SLOTS; i++)
	{
		pg_atomic_init_u32(&shared->slots[i].notified, 0);
		for (int c = 0; c < PT_COUNTERS; c++)
			pg_atomic_init_u64(&shared->slots[i].counts[c], 0);
	}
}

/* Creates the memory, or finds it (again after a crash of the server). */
static void
startup(void)
{
	bool		found;

	if (previous_startup)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	pt_shared = ShmemInitStruct("portatext", sizeof(PtShared), &found);
	if (!found)
		fill(pt_shared);
	LWLockRelease(AddinShmemInitLock);
}

/* Installs the hooks; only while the library is being preloaded. */
void
pt_shared_request(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request = shmem_request_hook;
	shmem_request_hook = request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/* The entry of a database, or NULL; the caller holds the lock. */
PtDatabase *
pt_database_find(Oid oid)
{
	for (int i = 0; i < PT_MAX_DATABASES; i++)
		if (pt_shared->databases[i].oid == oid)
			return &pt_shared->databases[i];
	return NULL;
}

/* The same, made if missing; NULL when the table is full. */
PtDatabase *
pt_database_make(Oid oid)
{
	PtDatabase *entry = pt_database_find(oid);

	if (entry != NULL)
		return entry;
	entry = pt_database_find(InvalidOid);
	if (entry != NULL)
	{
		memset(entry, 0, sizeof(PtDatabase));
		entry->oid = oid;
	}
	return entry;
}

/* Forgets a database that is gone, its carriers' counters and buckets too. */
void
pt_database_free(PtDatabase *entry)
{
	for (int i = 0; i < PT_MAX_CARRIERS; i++)
		if (pt_shared->carriers[i].database == entry->oid)
			pt_shared->carriers[i].database = InvalidOid;
	memset(entry, 0, sizeof(PtDatabase));
}

/* Does any backend want the database empty?  The caller holds the lock. */
bool
pt_database_held(const PtDatabase *entry)
{
	for (int i = 0; i < PT_MAX_HOLDERS; i++)
		if (entry->hold_pids[i] != 0)
			return true;
	return false;
}
