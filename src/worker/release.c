/*
 * release.c
 *	  Parked messages go back to the outbox, for each key as many as its bucket
 *	  admits in the next second.
 *
 * Keys are walked by a skip scan, so one key's 100,000 rows cost another nothing.
 * A released row gets the due time at which its tokens will be there; what was
 * promised so is remembered per key, for the bucket does not know it yet.
 */
#include "worker/scheduler.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "sms/claim.h"
#include "worker/internal.h"

#define KEYS_PER_TURN 500
#define ROWS_PER_KEY 1000
#define HORIZON_MS 1000
#define KEY_SIZE 256
#define REVIEW_KEY "review"		/* held for an operator, who lets them go */

/* Up to when a key's tokens are promised to released rows. */
typedef struct Promise
{
	char		key[KEY_SIZE];
	TimestampTz last;			/* due time of the last released row */
} Promise;

/* One parked key and its oldest row. */
typedef struct Head
{
	const char *key;
	TimestampTz due;
	int			segments;
	double		rate;			/* 0: no limit known */
} Head;

static HTAB *promises = NULL;
static char position[KEY_SIZE] = "";

/* The next keys after $1 with their oldest rows and rates. */
static PtPlan heads_plan = {
	.sql = "WITH RECURSIVE k (key, n) AS ("
	" (SELECT p.key, 1 FROM portatext.parked p WHERE p.key > $1 ORDER BY p.key LIMIT 1)"
	" UNION ALL"
	" SELECT (SELECT p.key FROM portatext.parked p WHERE p.key > k.key ORDER BY p.key LIMIT 1), k.n + 1"
	" FROM k WHERE k.key IS NOT NULL AND k.n < $2)"
	" SELECT k.key, h.due, h.segments::int,"
	" COALESCE(CASE left(k.key, 2)"
	" WHEN 's:' THEN COALESCE((SELECT d.segments_per_second FROM portatext.did d"
	" WHERE d.number = substr(k.key, 3)), (SELECT min(x.segments_per_second) FROM portatext.short_code x"
	" WHERE x.code::text = substr(k.key, 3)), c.sender_segments_per_second)"
	" WHEN 'c:' THEN c.segments_per_second END, 0)::float8"
	" FROM k CROSS JOIN LATERAL (SELECT p.due, p.segments, p.lane FROM portatext.parked p"
	" WHERE p.key = k.key ORDER BY p.due, p.message_id LIMIT 1) AS h"
	" LEFT JOIN portatext.carriers c ON c.carrier_id = h.lane / 2",
	.nargs = 2,.argtypes = {TEXTOID, INT4OID}
};

/*
 * Moves rows of key $1: at most $2, parked until $3 at the latest, each due
 * $4 plus $5 seconds for every segment after the first row's, up to $6.
 */
static PtPlan move_plan = {
	.sql = "WITH head AS MATERIALIZED (SELECT p.due, p.message_id, p.segments"
	" FROM portatext.parked p WHERE p.key = $1 AND p.due <= $3"
	" ORDER BY p.due, p.message_id LIMIT $2 FOR UPDATE SKIP LOCKED),"
	" fit AS (SELECT h.due, h.message_id, $4 + interval '1 s' * ($5 *"
	" (sum(h.segments) OVER w - first_value(h.segments) OVER w)::float8) AS at"
	" FROM head h WINDOW w AS (ORDER BY h.due, h.message_id)),"
	" gone AS (DELETE FROM portatext.parked p USING fit f"
	" WHERE p.key = $1 AND p.due = f.due AND p.message_id = f.message_id AND f.at <= $6"
	" RETURNING p.lane, p.message_id, p.to_number, f.at),"
	" moved AS (INSERT INTO portatext.outbox (lane, due, message_id, to_number)"
	" SELECT g.lane, g.at, g.message_id, g.to_number FROM gone g)"
	" SELECT count(*), max(g.at) FROM gone g",
	.nargs = 6,
	.argtypes = {TEXTOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, FLOAT8OID, TIMESTAMPTZOID}
};

/* The promise of a key; a new one promises nothing. */
static Promise *
promise_of(const char *key)
{
	HASHCTL		ctl = {.keysize = KEY_SIZE,.entrysize = sizeof(Promise)};
	Promise    *promise;
	bool		found;

	if (promises == NULL)
		promises = hash_create("portatext promises", 64, &ctl, HASH_ELEM | HASH_STRINGS);
	promise = hash_search(promises, key, HASH_ENTER, &found);
	if (!found)
		promise->last = 0;
	return promise;
}

/* Forgets promises that have come true. */
static void
forget_promises(TimestampTz now)
{
	HASH_SEQ_STATUS scan;
	Promise    *promise;

	if (promises == NULL)
		return;
	hash_seq_init(&scan, promises);
	while ((promise = hash_seq_search(&scan)) != NULL)
		if (promise->last < now - USECS_PER_SEC)
			hash_search(promises, promise->key, HASH_REMOVE, NULL);
}

/* When the oldest row of the key may go: after what is promised, else by the bucket. */
static TimestampTz
start_of(const Head *head, const Promise *promise, TimestampTz now)
{
	double		missing;

	if (head->rate <= 0)
		return now;
	if (promise->last + (int64) (head->segments / head->rate * USECS_PER_SEC) > now)
		return promise->last + (int64) (head->segments / head->rate * USECS_PER_SEC);
	missing = head->segments - pt_bucket_level_for(head->key, head->rate, head->segments, now);
	return missing <= 0 ? now : now + (int64) ceil(missing / head->rate * USECS_PER_SEC);
}

/* Moves a key's rows; returns when its next one may go. */
static TimestampTz
release_key(const Head *head, TimestampTz now, bool *more)
{
	Promise    *promise = promise_of(head->key);
	TimestampTz horizon = TimestampTzPlusMilliseconds(now, HORIZON_MS);
	TimestampTz start = start_of(head, promise, now);
	Datum		values[6];
	int64		moved;
	Datum		last;
	bool		isnull;

	if (start > horizon || head->due > horizon)
		return Max(start, head->due);
	values[0] = CStringGetTextDatum(head->key);
	values[1] = Int32GetDatum(ROWS_PER_KEY);
	values[2] = TimestampTzGetDatum(horizon);
	values[3] = TimestampTzGetDatum(start);
	values[4] = Float8GetDatum(head->rate > 0 ? 1.0 / head->rate : 0.0);
	values[5] = TimestampTzGetDatum(horizon);
	pt_plan_run_latest(&move_plan, values, NULL, SPI_OK_SELECT);
	moved = DatumGetInt64(pt_result(0, 1, &isnull));
	last = pt_result(0, 2, &isnull);
	if (!isnull)
		promise->last = DatumGetTimestampTz(last);
	*more = *more || moved == ROWS_PER_KEY;
	return horizon;
}

/* Copies the keys out of SPI_tuptable, which the next statement replaces. */
static Head *
read_heads(uint64 rows)
{
	Head	   *heads = palloc0(sizeof(Head) * Max(rows, 1));
	bool		isnull;

	for (uint64 i = 0; i < rows; i++)
	{
		heads[i].key = TextDatumGetCString(pt_result(i, 1, &isnull));
		heads[i].due = DatumGetTimestampTz(pt_result(i, 2, &isnull));
		heads[i].segments = DatumGetInt32(pt_result(i, 3, &isnull));
		heads[i].rate = DatumGetFloat8(pt_result(i, 4, &isnull));
	}
	return heads;
}

/* Does somebody else let them go: an operator, or who resumes a run? */
static bool
is_held(const char *key)
{
	return strcmp(key, REVIEW_KEY) == 0 || strncmp(key, PT_RUN_KEY, strlen(PT_RUN_KEY)) == 0;
}

/* One turn over at most KEYS_PER_TURN keys; a longer walk goes on in the next. */
void
pt_task_release(void *arg)
{
	PtTask *task = arg;
	TimestampTz now = pt_now();
	TimestampTz next = DT_NOEND;
	bool		more = false;
	bool		released = false;
	Datum		values[2];
	uint64		rows;
	Head	   *heads;

	values[0] = CStringGetTextDatum(position);
	values[1] = Int32GetDatum(KEYS_PER_TURN);
	rows = pt_plan_run(&heads_plan, values, NULL, SPI_OK_SELECT);
	heads = read_heads(rows);
	for (uint64 i = 0; i < rows; i++)
	{
		if (is_held(heads[i].key))
			continue;
		next = Min(next, release_key(&heads[i], now, &more));
		released = true;
	}
	if (released)
		pt_wake_at_commit();
	more = more || rows == KEYS_PER_TURN || (rows == 0 && position[0] != '\0');
	strlcpy(position, rows == KEYS_PER_TURN ? heads[rows - 1].key : "", KEY_SIZE);
	if (rows < KEYS_PER_TURN)
		forget_promises(now);
	if (more)
		task->next_ms = 0;
	else if (released)
		task->next_ms = pt_task_ms(now, next - HORIZON_MS / 2 * 1000, 100, task->period_ms);
}
