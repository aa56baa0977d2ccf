/*
 * retention.c
 *	  Messages, events, bookings and jobs older than portatext.retention_* are deleted.
 *
 * Ids are ordered by time, so a sweep walks them from the oldest on, a page and a
 * transaction at a time, with a pause in between.  It remembers where the first
 * row lies that had to stay and begins there the next time, so it never walks over
 * what is deleted and cannot be vacuumed yet because of an old snapshot.  Once a
 * day, and after an error, it begins at the very first id.  Jobs are few and have
 * an index by the time of their end.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "worker/settings.h"

#define PAGE 500				/* what retire_*() look at */
#define PAUSE_MS 50
#define REF_BLOCKS 64
#define LEDGER_MS 3600000

typedef struct Sweep
{
	int64		account;		/* the ledger's; 0 elsewhere */
	TimestampTz begun;			/* business time of the start at the first id */
	pg_uuid_t	from;
	pg_uuid_t	kept;			/* the first that stays */
	bool		has_kept;
} Sweep;

static PtPlan message_plan = {
	.sql = "SELECT r.seen, r.last_id, r.kept_id FROM portatext.retire_messages($1, $2, $3) r",
	.nargs = 3,.argtypes = {UUIDOID, UUIDOID, TIMESTAMPTZOID}
};

static PtPlan event_plan = {
	.sql = "SELECT r.seen, r.last_id, r.kept_id FROM portatext.retire_events($1, $2, $3) r",
	.nargs = 3,.argtypes = {UUIDOID, UUIDOID, TIMESTAMPTZOID}
};

static PtPlan call_plan = {
	.sql = "SELECT r.seen, r.last_id, r.kept_id FROM portatext.retire_calls($1, $2, $3) r",
	.nargs = 3,.argtypes = {UUIDOID, UUIDOID, TIMESTAMPTZOID}
};

static PtPlan agent_plan = {
	.sql = "SELECT portatext.retire_agent_times($1)",
	.nargs = 1,.argtypes = {TIMESTAMPTZOID}
};

static PtPlan ledger_plan = {
	.sql = "SELECT r.seen, r.last_id, r.kept_id FROM portatext.retire_ledger($4, $1, $2, $3) r",
	.nargs = 4,.argtypes = {UUIDOID, UUIDOID, TIMESTAMPTZOID, INT8OID}
};

static PtPlan account_plan = {
	.sql = "SELECT a.account_id FROM portatext.account a WHERE a.account_id > $1"
	" ORDER BY a.account_id LIMIT 1",
	.nargs = 1,.argtypes = {INT8OID}
};

static PtPlan unrouted_plan = {
	.sql = "SELECT portatext.retire_unrouted($1)",
	.nargs = 1,.argtypes = {UUIDOID}
};

static PtPlan job_plan = {
	.sql = "SELECT portatext.retire_jobs($1)",
	.nargs = 1,.argtypes = {TIMESTAMPTZOID}
};

static PtPlan blocks_plan = {.sql = "SELECT portatext.ref_blocks()"};

static PtPlan ref_plan = {
	.sql = "SELECT portatext.retire_refs($1, $2, $3)",
	.nargs = 3,.argtypes = {INT8OID, INT8OID, UUIDOID}
};

/* The business time so many days ago. */
static TimestampTz
days_ago(int days)
{
	return pt_now() - (int64) days * USECS_PER_DAY;
}

/* A sweep that is new, failed or a day old begins at the first id. */
static void
begin(Sweep *sweep, const PtTask *task)
{
	TimestampTz now = pt_now();

	if (sweep->begun != 0 && task->failures == 0 && now >= sweep->begun &&
		now - sweep->begun < USECS_PER_DAY)
		return;
	sweep->begun = now;
	sweep->has_kept = false;
	memset(&sweep->from, 0, sizeof(sweep->from));
}

/* One page; true: there may be more. */
static bool
turn(Sweep *sweep, PtPlan *plan, int days)
{
	Datum		values[4];
	int64		seen;
	bool		isnull;
	Datum		id;

	values[0] = UUIDPGetDatum(&sweep->from);
	values[1] = pt_id_at(days_ago(days));
	values[2] = TimestampTzGetDatum(days_ago(days));
	values[3] = Int64GetDatum(sweep->account);
	pt_plan_run_latest(plan, values, NULL, SPI_OK_SELECT);
	seen = DatumGetInt64(pt_result(0, 1, &isnull));
	id = pt_result(0, 3, &isnull);
	if (!isnull && !sweep->has_kept)
	{
		sweep->kept = *DatumGetUUIDP(id);
		sweep->has_kept = true;
	}
	id = pt_result(0, 2, &isnull);
	if (!isnull)
		sweep->from = *DatumGetUUIDP(id);
	if (seen == PAGE)
		return true;
	if (sweep->has_kept)
		sweep->from = sweep->kept;
	sweep->has_kept = false;
	return false;
}

/* The task that deletes old messages, also those of no account. */
void
pt_task_retire_messages(void *arg)
{
	static Sweep sweep;
	PtTask *task = arg;
	Datum		below;
	bool		isnull;

	if (pt_retention_messages == 0)
		return;
	begin(&sweep, task);
	if (turn(&sweep, &message_plan, pt_retention_messages))
		task->next_ms = PAUSE_MS;
	below = pt_id_at(days_ago(pt_retention_messages));
	pt_plan_run(&unrouted_plan, &below, NULL, SPI_OK_SELECT);
	if (DatumGetInt64(pt_result(0, 1, &isnull)) == PAGE)
		task->next_ms = PAUSE_MS;
}

/* The task that deletes old calls and agents' statistics; they are kept as long as messages. */
void
pt_task_retire_calls(void *arg)
{
	static Sweep sweep;
	PtTask *task = arg;
	Datum		before = TimestampTzGetDatum(days_ago(pt_retention_messages));
	bool		isnull;

	if (pt_retention_messages == 0)
		return;
	begin(&sweep, task);
	if (turn(&sweep, &call_plan, pt_retention_messages))
		task->next_ms = PAUSE_MS;
	pt_plan_run(&agent_plan, &before, NULL, SPI_OK_SELECT);
	if (DatumGetInt64(pt_result(0, 1, &isnull)) == PAGE)
		task->next_ms = PAUSE_MS;
}

/* The task that deletes old events. */
void
pt_task_retire_events(void *arg)
{
	static Sweep sweep;
	PtTask *task = arg;

	if (pt_retention_events == 0)
		return;
	begin(&sweep, task);
	if (turn(&sweep, &event_plan, pt_retention_events))
		task->next_ms = PAUSE_MS;
}

/* The task that deletes jobs that have ended (JOB-05). */
void
pt_task_retire_jobs(void *arg)
{
	PtTask	   *task = arg;
	Datum		before = TimestampTzGetDatum(days_ago(pt_retention_jobs));
	bool		isnull;

	if (pt_retention_jobs == 0)
		return;
	pt_plan_run(&job_plan, &before, NULL, SPI_OK_SELECT);
	if (DatumGetInt64(pt_result(0, 1, &isnull)) == PAGE)
		task->next_ms = PAUSE_MS;
}

/* The task that deletes references to messages that retention has deleted, once a day. */
void
pt_task_retire_refs(void *arg)
{
	static int64 block = 0;
	static TimestampTz done = 0;
	PtTask *task = arg;
	TimestampTz now = pt_now();
	Datum		values[3];
	int64		blocks;
	bool		isnull;

	if (pt_retention_messages == 0 || (now >= done && now - done < USECS_PER_DAY))
		return;
	pt_plan_run(&blocks_plan, NULL, NULL, SPI_OK_SELECT);
	blocks = DatumGetInt64(pt_result(0, 1, &isnull));
	values[0] = Int64GetDatum(block);
	values[1] = Int64GetDatum(block + REF_BLOCKS);
	values[2] = pt_id_at(days_ago(pt_retention_messages));
	pt_plan_run_latest(&ref_plan, values, NULL, SPI_OK_SELECT);
	block += REF_BLOCKS;
	if (block < blocks)
		task->next_ms = PAUSE_MS;
	else
	{
		block = 0;
		done = now;
	}
}

/* The sweep of an account's ledger. */
static Sweep *
sweep_of(int64 account)
{
	static HTAB *sweeps = NULL;
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(Sweep)};
	Sweep	   *sweep;
	bool		found;

	if (sweeps == NULL)
		sweeps = hash_create("portatext retention", 64, &control, HASH_ELEM | HASH_BLOBS);
	sweep = hash_search(sweeps, &account, HASH_ENTER, &found);
	if (!found)
		memset(&sweep->begun, 0, sizeof(Sweep) - offsetof(Sweep, begun));
	return sweep;
}

/* The task that carries old bookings forward, account by account. */
void
pt_task_retire_ledger(void *arg)
{
	static int64 account = 0;
	static bool more = false;	/* of this account */
	PtTask *task = arg;
	Datum		value = Int64GetDatum(account);
	Sweep	   *sweep;
	bool		isnull;

	if (pt_retention_ledger == 0)
		return;
	if (!more)
	{
		if (pt_plan_run(&account_plan, &value, NULL, SPI_OK_SELECT) == 0)
		{
			account = 0;
			task->next_ms = LEDGER_MS;
			return;
		}
		account = DatumGetInt64(pt_result(0, 1, &isnull));
	}
	more = false;				/* should it fail, the next account has its turn */
	sweep = sweep_of(account);
	begin(sweep, task);
	more = turn(sweep, &ledger_plan, pt_retention_ledger);
	task->next_ms = PAUSE_MS;
}
