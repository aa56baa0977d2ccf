/*
 * limit.c
 *	  Requests of a minute, counted in shared memory.
 *
 * A set-associative table by database, kind and id: a key may lie in one of LIMIT_WAYS
 * places of its set.  When all are taken the one used longest ago gives way, but a
 * key whose last use is not written yet after all others: so a flood of addresses
 * drives out addresses, not the keys that are in use.
 */
#include "access/limit.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#define TRANCHE "portatext limits"
#define LIMIT_PARTS 64			/* each with its lock */
#define LIMIT_SETS 32			/* of a part */
#define LIMIT_WAYS 8
#define EPOCH_SECONDS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* Who is counted; no padding, it is hashed. */
typedef struct LimitKey
{
	Oid			database;		/* InvalidOid: a free place */
	uint32		kind;			/* PtLimitKind */
	int64		id;
} LimitKey;

typedef struct PtLimit
{
	LimitKey	key;
	int64		minute;			/* of the business clock, since 2000 */
	uint32		count;			/* requests in it */
	bool		unwritten;		/* used_at is to be written into api_key */
	uint64		turn;			/* the part's clock when it was used last */
	TimestampTz used_at;
} PtLimit;

typedef struct LimitPart
{
	uint64		turn;
	PtLimit		limits[LIMIT_SETS][LIMIT_WAYS];
} LimitPart;

static LimitPart *parts = NULL; /* LIMIT_PARTS; NULL: not preloaded */
static LWLockPadded *locks = NULL;
static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

/* Asks for the memory and its locks. */
static void
request(void)
{
	if (previous_request)
		previous_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(LimitPart) * LIMIT_PARTS));
	RequestNamedLWLockTranche(TRANCHE, LIMIT_PARTS);
}

/* Creates the memory, or finds it. */
static void
startup(void)
{
	bool		found;

	if (previous_startup)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	parts = ShmemInitStruct(TRANCHE, sizeof(LimitPart) * LIMIT_PARTS, &found);
	locks = GetNamedLWLockTranche(TRANCHE);
	if (!found)
		memset(parts, 0, sizeof(LimitPart) * LIMIT_PARTS);
	LWLockRelease(AddinShmemInitLock);
}

void
pt_limit_request(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request = shmem_request_hook;
	shmem_request_hook = request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/* Does a give way before b? */
static bool
gives_way(const PtLimit *a, const PtLimit *b)
{
	if (a->unwritten != b->unwritten)
		return b->unwritten;
	return a->turn < b->turn;
}

/* The key's place in its set, another's if need be. */
static PtLimit *
find(PtLimit *set, const LimitKey *key)
{
	PtLimit	   *place = &set[0];

	for (int i = 0; i < LIMIT_WAYS; i++)
	{
		if (memcmp(&set[i].key, key, sizeof(LimitKey)) == 0)
			return &set[i];
		if (gives_way(&set[i], place))
			place = &set[i];
	}
	memset(place, 0, sizeof(PtLimit));
	place->key = *key;
	return place;
}

/* Counts one more; the result is the count of this minute. */
static uint32
count(PtLimit *limit, TimestampTz now, int64 minute)
{
	if (limit->minute != minute)
		limit->count = 0;
	limit->minute = minute;
	if (limit->count < PG_UINT32_MAX)
		limit->count++;
	limit->used_at = now;
	limit->unwritten = limit->key.kind == PT_LIMIT_KEY;
	return limit->count;
}

bool
pt_limit_take(PtLimitKind kind, int64 id, int most, TimestampTz now, int64 *reset)
{
	LimitKey	key = {MyDatabaseId, kind, id};
	uint32		hash = hash_bytes((const unsigned char *) &key, sizeof(key));
	int			number = hash % LIMIT_PARTS;
	int64		minute = now / USECS_PER_MINUTE;
	PtLimit	   *limit;
	uint32		n;

	*reset = (minute + 1) * SECS_PER_MINUTE + EPOCH_SECONDS;
	if (parts == NULL || (most == 0 && kind != PT_LIMIT_KEY))
		return true;
	LWLockAcquire(&locks[number].lock, LW_EXCLUSIVE);
	limit = find(parts[number].limits[hash / LIMIT_PARTS % LIMIT_SETS], &key);
	limit->turn = ++parts[number].turn;
	n = count(limit, now, minute);
	LWLockRelease(&locks[number].lock);
	return most == 0 || n <= (uint32) most;
}

/* Takes the unwritten uses out of a part, at most n. */
static int
last_uses(LimitPart *part, PtLastUse *uses, int n)
{
	PtLimit	   *limits = &part->limits[0][0];
	int			taken = 0;

	for (int i = 0; i < LIMIT_SETS * LIMIT_WAYS && taken < n; i++)
	{
		if (limits[i].key.database != MyDatabaseId || !limits[i].unwritten)
			continue;
		uses[taken].key_id = limits[i].key.id;
		uses[taken++].at = limits[i].used_at;
		limits[i].unwritten = false;
	}
	return taken;
}

int
pt_limit_last_uses(PtLastUse *uses, int n)
{
	int			taken = 0;

	for (int i = 0; parts != NULL && i < LIMIT_PARTS && taken < n; i++)
	{
		LWLockAcquire(&locks[i].lock, LW_EXCLUSIVE);
		taken += last_uses(&parts[i], uses + taken, n - taken);
		LWLockRelease(&locks[i].lock);
	}
	return taken;
}
