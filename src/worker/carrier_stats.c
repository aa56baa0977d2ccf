/*
 * carrier_stats.c
 *	  Counters and circuit breaker of each carrier.
 *
 * Each worker writes an entry of its own, so no counter is written by two; when
 * it leaves, its entry is added to the one of slot -1.  The view sums them.
 */
#include "worker/internal.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#define PAST_WORKERS (-1)

/* A carrier's counters as this process knows them. */
typedef struct PtCarrierCache
{
	int32		carrier_id;
	PtCarrierStats *stats;
	PtCarrierStats own;			/* without shared memory, or when it is full */
} PtCarrierCache;

/* The entry, or a free one filled in, or NULL; the lock is held. */
static PtCarrierEntry *
find_entry(Oid database, int32 carrier_id, int slot)
{
	PtCarrierEntry *free_entry = NULL;

	for (int i = 0; i < PT_MAX_CARRIERS; i++)
	{
		PtCarrierEntry *entry = &pt_shared->carriers[i];

		if (entry->database == database && entry->carrier_id == carrier_id && entry->slot == slot)
			return entry;
		if (!OidIsValid(entry->database) && free_entry == NULL)
			free_entry = entry;
	}
	if (free_entry == NULL)
		return NULL;
	memset(free_entry, 0, sizeof(*free_entry));
	free_entry->database = database;
	free_entry->carrier_id = carrier_id;
	free_entry->slot = slot;
	return free_entry;
}

/* A new worker's entry goes on with the breaker as others have left it. */
static void
inherit_breaker(PtCarrierEntry *entry)
{
	for (int i = 0; i < PT_MAX_CARRIERS; i++)
	{
		const PtCarrierEntry *other = &pt_shared->carriers[i];

		if (other->database != entry->database || other->carrier_id != entry->carrier_id)
			continue;
		entry->stats.open_until = Max(entry->stats.open_until, other->stats.open_until);
		entry->stats.consecutive_failures =
			Max(entry->stats.consecutive_failures, other->stats.consecutive_failures);
	}
}

/* This worker's entry in shared memory, or NULL. */
static PtCarrierStats *
shared_stats(int32 carrier_id)
{
	PtCarrierEntry *entry;

	if (pt_my_slot == NULL)
		return NULL;
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	entry = find_entry(MyDatabaseId, carrier_id, pt_my_slot - pt_shared->slots);
	if (entry != NULL)
		inherit_breaker(entry);
	LWLockRelease(pt_shared->lock);
	return entry == NULL ? NULL : &entry->stats;
}

/* Valid until the process ends; only this process writes there. */
PtCarrierStats *
pt_carrier_stats(int32 carrier_id)
{
	static HTAB *cache = NULL;
	HASHCTL		ctl = {.keysize = sizeof(int32),.entrysize = sizeof(PtCarrierCache)};
	PtCarrierCache *entry;
	bool		found;

	if (cache == NULL)
		cache = hash_create("portatext carriers", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	entry = hash_search(cache, &carrier_id, HASH_ENTER, &found);
	if (!found)
	{
		memset(&entry->own, 0, sizeof(entry->own));
		entry->stats = shared_stats(carrier_id);
	}
	return entry->stats != NULL ? entry->stats : &entry->own;
}

/* Adds what a worker that leaves has counted to the past ones'. */
static void
add_to_past(const PtCarrierEntry *entry)
{
	PtCarrierEntry *past = find_entry(entry->database, entry->carrier_id, PAST_WORKERS);

	if (past == NULL)
		return;
	past->stats.accepted += entry->stats.accepted;
	past->stats.throttled += entry->stats.throttled;
	past->stats.temporary += entry->stats.temporary;
	past->stats.unclear += entry->stats.unclear;
	past->stats.refused += entry->stats.refused;
	past->stats.consecutive_failures = entry->stats.consecutive_failures;
	past->stats.open_until = entry->stats.open_until;
}

/* The worker of this slot leaves; the lock is held. */
void
pt_carrier_detach(int slot)
{
	for (int i = 0; i < PT_MAX_CARRIERS; i++)
	{
		PtCarrierEntry *entry = &pt_shared->carriers[i];

		if (!OidIsValid(entry->database) || entry->slot != slot)
			continue;
		add_to_past(entry);
		entry->database = InvalidOid;
	}
}

/*
 * Readers take no lock: an entry that changes hands meanwhile makes a wrong
 * guess at worst, and the breaker is one anyway.
 */
bool
pt_breaker_is_open(int32 carrier_id)
{
	TimestampTz now;

	if (pt_shared == NULL)
		return false;
	now = pt_now();
	for (int i = 0; i < PT_MAX_CARRIERS; i++)
	{
		const PtCarrierEntry *entry = &pt_shared->carriers[i];

		if (entry->carrier_id == carrier_id && entry->database == MyDatabaseId &&
			entry->slot != PAST_WORKERS && entry->stats.open_until > now)
			return true;
	}
	return false;
}
