/*
 * limit.c
 *	  Requests of a minute, and tried passwords, counted in shared memory.
 *
 * A set-associative table by database, kind and id: a key may lie in one of LIMIT_WAYS
 * places of its set.  When all are taken, one whose time is over gives way, or else
 * the one that is farthest from its limit: whoever has nearly used up theirs cannot
 * flood the table to begin anew.  Among equals keys whose last use is not written yet
 * stay, and then those used last.
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
	int64		period;			/* of the business clock, since 2000: a minute or more */
	uint32		count;			/* requests in it */
	uint32		share;			/* of the limit that they are, in thousandths */
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

/* How long the requests of this kind are counted, in microseconds. */
static int64
period_of(uint32 kind)
{
	return kind == PT_LIMIT_PASSWORD ? 15 * USECS_PER_MINUTE : USECS_PER_MINUTE;
}

/* What would be lost with the place. */
static uint32
worth(const PtLimit *limit, TimestampTz now)
{
	return limit->period == now / period_of(limit->key.kind) ? limit->share : 0;
}

/* Does a give way before b? */
static bool
gives_way(const PtLimit *a, const PtLimit *b, TimestampTz now)
{
	if (worth(a, now) != worth(b, now))
		return worth(a, now) < worth(b, now);
	if (a->unwritten != b->unwritten)
		return b->unwritten;
	return a->turn < b->turn;
}

/* The key's place in its set, another's if need be. */
static PtLimit *
find(PtLimit *set, const LimitKey *key, TimestampTz now)
{
	PtLimit	   *place = &set[0];

	for (int i = 0; i < LIMIT_WAYS; i++)
	{
		if (memcmp(&set[i].key, key, sizeof(LimitKey)) == 0)
			return &set[i];
		if (gives_way(&set[i], place, now))
			place = &set[i];
	}
	memset(place, 0, sizeof(PtLimit));
	place->key = *key;
	return place;
}

/* Counts one more; false: it is one too many.  Those are not counted on: they are worth nothing. */
static bool
count(PtLimit *limit, TimestampTz now, int64 period, uint32 most)
{
	bool		passes;

	if (limit->period != period)
		limit->count = 0;
	limit->period = period;
	passes = most == 0 || limit->count < most;
	if (passes && limit->count < PG_UINT32_MAX)
		limit->count++;
	limit->share = most == 0 ? 0 : (uint32) ((uint64) Min(limit->count, most) * 1000 / most);
	limit->used_at = now;
	limit->unwritten = limit->key.kind == PT_LIMIT_KEY;
	return passes;
}

/* Locks the part of the key; *set is the key's in it. */
static LimitPart *
lock_part(const LimitKey *key, PtLimit **set, LWLock **lock)
{
	uint32		hash = hash_bytes((const unsigned char *) key, sizeof(LimitKey));
	int			number = hash % LIMIT_PARTS;

	*set = parts[number].limits[hash / LIMIT_PARTS % LIMIT_SETS];
	*lock = &locks[number].lock;
	LWLockAcquire(*lock, LW_EXCLUSIVE);
	return &parts[number];
}

bool
pt_limit_take(PtLimitKind kind, int64 id, int most, TimestampTz now, int64 *reset)
{
	LimitKey	key = {MyDatabaseId, kind, id};
	int64		period = now / period_of(kind);
	LimitPart  *part;
	PtLimit    *set;
	PtLimit    *limit;
	LWLock	   *lock;
	bool		passes;

	*reset = (period + 1) * (period_of(kind) / USECS_PER_SEC) + EPOCH_SECONDS;
	if (parts == NULL || (most == 0 && kind != PT_LIMIT_KEY))
		return true;
	part = lock_part(&key, &set, &lock);
	limit = find(set, &key, now);
	limit->turn = ++part->turn;
	passes = count(limit, now, period, (uint32) most);
	LWLockRelease(lock);
	return passes;
}

void
pt_limit_forget(PtLimitKind kind, int64 id)
{
	LimitKey	key = {MyDatabaseId, kind, id};
	PtLimit    *set;
	LWLock	   *lock;

	if (parts == NULL)
		return;
	(void) lock_part(&key, &set, &lock);
	for (int i = 0; i < LIMIT_WAYS; i++)
		if (memcmp(&set[i].key, &key, sizeof(LimitKey)) == 0)
			set[i].count = set[i].share = 0;
	LWLockRelease(lock);
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
