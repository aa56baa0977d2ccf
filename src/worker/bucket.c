/*
 * bucket.c
 *	  Token buckets in segments, shared by all processes of a database.
 *
 * A set-associative table: a key may lie in one of PT_BUCKET_WAYS places.  A
 * bucket that has been full for a while says nothing, so its place is free to
 * take.  When all places of a key hold buckets in use, or without shared
 * memory, the process keeps the bucket for itself.
 */
#include "worker/internal.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#define IDLE_SURPLUS 300.0		/* tokens over the rate: this bucket was idle */
#define LOCAL_MAX 4096

/* What hashes and compares: database and key. */
typedef struct PtBucketKey
{
	Oid			database;
	char		key[PT_BUCKET_KEY];
} PtBucketKey;

typedef struct PtLocalBucket
{
	PtBucketKey key;
	PtBucket	bucket;
} PtLocalBucket;

static HTAB *local_buckets = NULL;

/* Fills the key; one longer than the field ends in its hash. */
static void
make_key(PtBucketKey *made, const char *key)
{
	size_t		length = strlen(key);

	memset(made, 0, sizeof(*made));
	made->database = MyDatabaseId;
	strlcpy(made->key, key, PT_BUCKET_KEY);
	if (length >= PT_BUCKET_KEY)
		snprintf(made->key + PT_BUCKET_KEY - 9, 9, "%08x",
				 hash_bytes((const unsigned char *) key, length));
}

/* Tokens in the bucket now, without the upper limit. */
static double
tokens_now(const PtBucket *bucket, double rate, TimestampTz now)
{
	int64		elapsed = now > bucket->at ? now - bucket->at : 0;

	return bucket->tokens + rate * ((double) elapsed / USECS_PER_SEC);
}

/* Tokens in the bucket now, at most limit. */
static double
level(const PtBucket *bucket, double rate, double limit, TimestampTz now)
{
	return Min(tokens_now(bucket, rate, now), limit);
}

/* A bucket nobody has used lately is full. */
static void
fill(PtBucket *bucket, const PtBucketKey *key, double rate, TimestampTz now)
{
	bucket->database = key->database;
	memcpy(bucket->key, key->key, PT_BUCKET_KEY);
	bucket->rate = rate;
	bucket->tokens = IDLE_SURPLUS + rate;
	bucket->at = now;
}

/* The place of a key in its set, an idle one taken over, or NULL. */
static PtBucket *
find_in_set(PtBucket *set, const PtBucketKey *key, double rate, TimestampTz now)
{
	PtBucket   *idle = NULL;

	for (int i = 0; i < PT_BUCKET_WAYS; i++)
	{
		PtBucket   *bucket = &set[i];

		if (bucket->database == key->database &&
			strncmp(bucket->key, key->key, PT_BUCKET_KEY) == 0)
			return bucket;
		if (!OidIsValid(bucket->database) ||
			tokens_now(bucket, bucket->rate, now) >= IDLE_SURPLUS + bucket->rate)
			idle = bucket;
	}
	if (idle != NULL)
		fill(idle, key, rate, now);
	return idle;
}

/* Empties the process's own table when it has grown; idle buckets say nothing. */
static void
trim_local(TimestampTz now)
{
	HASH_SEQ_STATUS scan;
	PtLocalBucket *entry;

	hash_seq_init(&scan, local_buckets);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (tokens_now(&entry->bucket, entry->bucket.rate, now) >=
			IDLE_SURPLUS + entry->bucket.rate)
			hash_search(local_buckets, &entry->key, HASH_REMOVE, NULL);
}

/* The bucket in this process's own table. */
static PtBucket *
find_local(const PtBucketKey *key, double rate, TimestampTz now)
{
	HASHCTL		ctl = {.keysize = sizeof(PtBucketKey),.entrysize = sizeof(PtLocalBucket)};
	PtLocalBucket *entry;
	bool		found;

	if (local_buckets == NULL)
		local_buckets = hash_create("portatext buckets", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	if (hash_get_num_entries(local_buckets) > LOCAL_MAX)
		trim_local(now);
	entry = hash_search(local_buckets, key, HASH_ENTER, &found);
	if (!found)
		fill(&entry->bucket, key, rate, now);
	return &entry->bucket;
}

/* What one caller does with the bucket, under its lock. */
typedef int64 (*BucketStep) (PtBucket *bucket, double rate, int n, TimestampTz now);

/* Finds the bucket and lets step work on it. */
static int64
with_bucket(const char *key, double rate, int n, TimestampTz now, BucketStep step)
{
	PtBucketKey made;
	PtBucket   *bucket = NULL;
	LWLock	   *lock;
	uint32		set;
	int64		result = 0;

	make_key(&made, key);
	if (pt_shared == NULL)
		return step(find_local(&made, rate, now), rate, n, now);
	set = hash_bytes((unsigned char *) &made, sizeof(made)) % PT_BUCKET_SETS;
	lock = &pt_shared->bucket_locks[set % PT_BUCKET_LOCKS].lock;
	LWLockAcquire(lock, LW_EXCLUSIVE);
	bucket = find_in_set(pt_shared->buckets[set], &made, rate, now);
	if (bucket != NULL)
		result = step(bucket, rate, n, now);
	LWLockRelease(lock);
	return bucket != NULL ? result : step(find_local(&made, rate, now), rate, n, now);
}

/* Takes n tokens, or answers with the microseconds until they are there. */
static int64
take(PtBucket *bucket, double rate, int n, TimestampTz now)
{
	double		there = level(bucket, rate, Max(rate, (double) n), now);

	if (there + 1e-6 < n)
		return (int64) ceil((n - there) / rate * USECS_PER_SEC);
	bucket->tokens = there - n;
	bucket->at = now;
	bucket->rate = rate;
	return 0;
}

/* Puts n tokens back. */
static int64
give_back(PtBucket *bucket, double rate, int n, TimestampTz now)
{
	bucket->tokens += n;
	return 0;
}

/* Thousandths of tokens there now. */
static int64
read_level(PtBucket *bucket, double rate, int n, TimestampTz now)
{
	return (int64) (level(bucket, rate, Max(rate, (double) n), now) * 1000.0);
}

/* A rate of 0 or less means: no limit. */
int64
pt_bucket_take(const char *key, double rate, int n, TimestampTz now)
{
	return rate <= 0 ? 0 : with_bucket(key, rate, n, now, take);
}

void
pt_bucket_return(const char *key, double rate, int n)
{
	if (rate > 0)
		(void) with_bucket(key, rate, n, pt_now(), give_back);
}

double
pt_bucket_level(const char *key, double rate, TimestampTz now)
{
	return rate <= 0 ? INFINITY : with_bucket(key, rate, 1, now, read_level) / 1000.0;
}

/* As pt_bucket_level, for a message of n segments: the bucket may hold so many. */
double
pt_bucket_level_for(const char *key, double rate, int n, TimestampTz now)
{
	return rate <= 0 ? INFINITY : with_bucket(key, rate, n, now, read_level) / 1000.0;
}
