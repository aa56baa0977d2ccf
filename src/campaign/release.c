/*
 * release.c
 *	  The runner's turns over all campaigns that run.
 *
 * A turn releases one batch of one run; accounts, and the runs of an account, take
 * turns.  A run whose row somebody else has locked is left alone for the moment.
 */
#include "campaign/campaign.h"

#include "campaign/run.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "worker/shared.h"

#define TURN_MS 5000			/* between two looks at everything, at most */
#define FULL_MS 20				/* enough waits in the outbox */
#define LOCKED_MS 50
#define ENDING_MS 50			/* all is released, some of it waits to be handed over */
#define ENDING_MS_MAX 2000
#define FAILED_MS 10000
#define SWEEP_US USECS_PER_SEC
#define SLOWEST 1e-6			/* segments a second */
#define FASTEST 1e9

/* What this process remembers of a run. */
typedef struct Seat
{
	int64		run_id;			/* the key */
	int64		account_id;
	TimestampTz changed_at;		/* of the run, when it was looked at */
	TimestampTz wanted;			/* when its next turn is due */
	uint64		served;			/* the number of the batch it had last */
	int64		queued;			/* messages that waited at the last look */
	long		ending_ms;		/* between two looks whether they have gone */
	uint64		seen;			/* the turn that found it running */
} Seat;

static HTAB *seats = NULL;
static uint64 turns = 0;
static int64 at_work = 0;		/* the run whose turn it is; after an error: was */

static PtPlan running_plan = {
	"SELECT r.run_id, r.account_id, r.changed_at FROM portatext.campaign_run r"
	" JOIN portatext.campaign c ON c.campaign_id = r.campaign_id AND c.kind = 'sms' WHERE r.state = 'running'",
	0, {0}
};

static PtPlan lock_plan = {
	"SELECT c.campaign_id, c.account_id, c.from_number, c.service, c.priority = 'bulk', c.schedule_id,"
	" c.segments_per_second::float8, c.max_error_rate::float8, c.max_opt_out_rate::float8, c.minimum_sample,"
	" r.delivered_before, r.failed_before, r.handed_before, r.opt_outs_before,"
	" p.paced_until, p.sampled_at, p.handed, p.per_second"
	" FROM portatext.campaign_run r JOIN portatext.campaign c ON c.campaign_id = r.campaign_id"
	" LEFT JOIN portatext.campaign_pace p ON p.run_id = r.run_id"
	" WHERE r.run_id = $1 AND r.state = 'running' FOR NO KEY UPDATE OF r SKIP LOCKED",
	1, {INT8OID}
};

/* Those that have opened first also close first. */
static PtPlan cohorts_plan = {
	"SELECT c.cohort, c.example::text, c.places, c.released, c.deferred, c.opens_at"
	" FROM portatext.campaign_cohort c WHERE c.run_id = $1 AND (c.released < c.places OR c.deferred > 0 OR c.opens_at < $2)"
	" ORDER BY c.opens_at, c.cohort",
	2, {INT8OID, TIMESTAMPTZOID}
};

/* It is closed until $3; of the last $4 that were released some are still queued, and wait as long. */
static PtPlan close_plan = {
	"UPDATE portatext.campaign_cohort c SET opens_at = $3, deferred = ("
	"   SELECT count(*) FROM portatext.campaign_recipient r JOIN portatext.message m ON m.message_id = r.message_id"
	"   WHERE r.run_id = $1 AND r.cohort = $2 AND r.place > c.released - $4 AND r.place <= c.released"
	"     AND m.state = 'queued')"
	" WHERE c.run_id = $1 AND c.cohort = $2 RETURNING c.deferred",
	4, {INT8OID, INT4OID, TIMESTAMPTZOID, INT8OID}
};

static PtPlan open_plan = {
	"UPDATE portatext.campaign_cohort c SET deferred = 0 WHERE c.run_id = $1 AND c.cohort = $2",
	2, {INT8OID, INT4OID}
};

/* Runs whose claims may have set messages aside just before they were cancelled. */
static PtPlan cancelled_plan = {
	"SELECT r.run_id FROM portatext.campaign_run r WHERE r.state = 'cancelled' AND r.finished_at > $1"
	" AND EXISTS (SELECT FROM portatext.parked p WHERE p.key = 'run:' || r.run_id)",
	1, {TIMESTAMPTZOID}
};

/* A double or 0. */
static double
float_or_zero(int col)
{
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	return isnull ? 0 : DatumGetFloat8(value);
}

/* A 64-bit integer or time, or 0. */
static int64
int_or_zero(int col)
{
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* A text or NULL. */
static text *
text_or_null(int col)
{
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

/* Locks the run and reads it; false: it is locked by somebody, or does not run any more. */
static bool
lock_run(int64 run_id, PtRun *run)
{
	Datum		value = Int64GetDatum(run_id);
	bool		isnull;

	if (pt_plan_run_latest(&lock_plan, &value, NULL, SPI_OK_SELECT) == 0)
		return false;
	memset(run, 0, sizeof(*run));
	run->run_id = run_id;
	run->campaign_id = int_or_zero(1);
	run->from = text_or_null(3);
	run->service = text_or_null(4);
	run->bulk = DatumGetBool(pt_result(0, 5, &isnull));
	run->schedule_id = DatumGetInt32(pt_result(0, 6, &isnull));
	run->rate = float_or_zero(7);
	if (run->rate > 0)
		run->rate = Max(Min(run->rate, FASTEST), SLOWEST);
	run->max_error_rate = float_or_zero(8);
	run->max_opt_out_rate = float_or_zero(9);
	run->minimum_sample = DatumGetInt32(pt_result(0, 10, &isnull));
	run->before = (PtRunCounts) {.delivered = int_or_zero(11),.failed = int_or_zero(12),
		.handed = int_or_zero(13),.opt_outs = int_or_zero(14)};
	run->paced_until = int_or_zero(15);
	run->sampled_at = int_or_zero(16);
	run->sampled_handed = int_or_zero(17);
	run->per_second = float_or_zero(18);
	run->account = pt_account_get(int_or_zero(2));
	return true;
}

/* Copies the run's cohorts, as far as they matter now. */
static PtCohort *
read_cohorts(const PtRun *run, TimestampTz now, int *n)
{
	Datum		values[2] = {Int64GetDatum(run->run_id), TimestampTzGetDatum(now)};
	PtCohort   *cohorts;
	bool		isnull;

	*n = (int) pt_plan_run_latest(&cohorts_plan, values, NULL, SPI_OK_SELECT);
	cohorts = palloc0(sizeof(PtCohort) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		PtCohort   *c = &cohorts[i];

		c->cohort = DatumGetInt32(pt_result(i, 1, &isnull));
		c->example = TextDatumGetCString(pt_result(i, 2, &isnull));
		c->places = DatumGetInt64(pt_result(i, 3, &isnull));
		c->released = DatumGetInt64(pt_result(i, 4, &isnull));
		c->deferred = DatumGetInt64(pt_result(i, 5, &isnull));
		c->opens_at = DatumGetTimestampTz(pt_result(i, 6, &isnull));
	}
	return cohorts;
}

/* Notes that a cohort is closed, and how many of its messages wait with it. */
static void
close_cohort(const PtRun *run, PtCohort *cohort, TimestampTz opens_at)
{
	Datum		values[4] = {Int64GetDatum(run->run_id), Int32GetDatum(cohort->cohort),
		TimestampTzGetDatum(opens_at), Int64GetDatum(PT_RUN_WINDOW + PT_RELEASE_BATCH)};
	bool		isnull;

	pt_plan_run_latest(&close_plan, values, NULL, SPI_OK_UPDATE_RETURNING);
	cohort->deferred = DatumGetInt64(pt_result(0, 1, &isnull));
	cohort->opens_at = opens_at;
}

/* Looks whether a cohort is open now (SCH-08); one that never opens is, so that its recipients are refused. */
static void
look_at_cohort(const PtRun *run, PtCohort *cohort, const PtSchedule *schedule, TimestampTz now)
{
	Datum		values[2] = {Int64GetDatum(run->run_id), Int32GetDatum(cohort->cohort)};
	TimestampTz opens_at = now;
	bool		own_zone = false;

	if (cohort->opens_at > now)
		return;
	if (schedule != NULL)
		opens_at = pt_schedule_find_for(schedule, run->account->account_id, cohort->example, now, &own_zone);
	if (opens_at > now && opens_at != DT_NOEND)
		close_cohort(run, cohort, opens_at);
	else if (cohort->deferred > 0)
	{
		pt_plan_run_latest(&open_plan, values, NULL, SPI_OK_UPDATE);
		cohort->deferred = 0;
	}
}

/* What the cohorts of a run come to. */
typedef struct Outlook
{
	bool		complete;		/* all places were passed */
	bool		open;			/* some that are left may be released now */
	int64		deferred;
	TimestampTz next;			/* when the first closed one opens */
} Outlook;

/* Looks at all cohorts. */
static void
look(const PtRun *run, PtCohort *cohorts, int n, TimestampTz now, Outlook *outlook)
{
	const PtSchedule *schedule = run->schedule_id == 0 ? NULL : pt_schedule_by_id(run->schedule_id);

	*outlook = (Outlook) {.complete = true,.next = DT_NOEND};
	for (int i = 0; i < n; i++)
	{
		PtCohort   *c = &cohorts[i];

		look_at_cohort(run, c, schedule, now);
		outlook->deferred += c->deferred;
		if (c->released >= c->places)
			continue;
		outlook->complete = false;
		if (c->opens_at <= now)
			outlook->open = true;
		else
			outlook->next = Min(outlook->next, c->opens_at);
	}
}

/* When a run whose last messages wait to be handed over is looked at again, in ms. */
static long
ending_wait(Seat *seat, const PtRun *run)
{
	if (seat->queued != run->counts.queued || seat->ending_ms == 0)
		seat->ending_ms = ENDING_MS;
	else
		seat->ending_ms = Min(seat->ending_ms * 2, ENDING_MS_MAX);
	return seat->ending_ms;
}

/* Milliseconds from now until then, 1 at least. */
static long
ms_until(TimestampTz now, TimestampTz then)
{
	return (long) Max(Min((then - now) / 1000 + 1, TURN_MS), 1);
}

/* A batch of a run that has room; returns in how many ms its next turn is due. */
static long
release(PtRun *run, PtCohort *cohorts, int n, int64 room, TimestampTz now, bool *released)
{
	const char *pause;
	int64		passed = pt_run_release(run, cohorts, n, room, &pause);

	if (passed > 0)
		pt_wake_at_commit();
	if (pause != NULL)
		pt_campaign_set_state(run->run_id, "paused", pause);
	*released = passed > 0 || pause != NULL;
	pt_run_note_pace(run, now, passed > 0);
	PT_POINT("campaign_release_before_commit");
	if (run->rate > 0 && run->paced_until > now)
		return ms_until(now, Max(run->paced_until - USECS_PER_SEC, now));
	return passed > 0 ? 0 : LOCKED_MS;
}

/* Why the run must pause: its rates, or a schedule that this version or its time zones cannot read; NULL: it need not. */
static const char *
pause_reason(const PtRun *run)
{
	if (run->schedule_id != 0 && pt_schedule_by_id(run->schedule_id) == NULL)
		return "unreadable_schedule";
	return pt_run_rate_reason(run);
}

/* One run's turn; returns in how many ms its next is due. */
static long
turn_of(Seat *seat, PtRun *run, TimestampTz now, bool *released)
{
	const char *reason;
	PtCohort   *cohorts;
	Outlook		outlook;
	int64		room;
	int			n;
	long		wait;

	if (pt_run_unpark(run->run_id, PT_RELEASE_BATCH) > 0)
		pt_wake_at_commit();
	pt_run_count(run->run_id, &run->counts);
	if ((reason = pause_reason(run)) != NULL)
	{
		pt_campaign_set_state(run->run_id, "paused", reason);
		*released = true;
		return 0;
	}
	cohorts = read_cohorts(run, now, &n);
	look(run, cohorts, n, now, &outlook);
	if (outlook.complete && run->counts.queued == 0)
	{
		pt_campaign_set_state(run->run_id, "finished", NULL);
		*released = true;
		return 0;
	}
	room = pt_run_room(run, outlook.deferred);
	if (outlook.open && room > 0)
		return release(run, cohorts, n, room, now, released);
	pt_run_note_pace(run, now, false);
	wait = outlook.open ? FULL_MS : ending_wait(seat, run);
	return outlook.complete || outlook.open ? wait : ms_until(now, outlook.next);
}

/* The seat of a run that runs. */
static void
take_seat(int64 run_id, int64 account_id, TimestampTz changed_at)
{
	Seat	   *seat;
	bool		found;

	seat = hash_search(seats, &run_id, HASH_ENTER, &found);
	if (!found || seat->changed_at != changed_at)
	{
		uint64		served = found ? seat->served : 0;

		*seat = (Seat) {.run_id = run_id,.account_id = account_id,.changed_at = changed_at,.served = served};
	}
	seat->seen = turns;
}

/* Finds the runs that run; those that do not any more are forgotten. */
static void
take_seats(void)
{
	HASHCTL		ctl = {.keysize = sizeof(int64),.entrysize = sizeof(Seat)};
	HASH_SEQ_STATUS scan;
	uint64		n = pt_plan_run_latest(&running_plan, NULL, NULL, SPI_OK_SELECT);
	Seat	   *seat;
	bool		isnull;

	if (seats == NULL)
		seats = hash_create("portatext runs", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	for (uint64 i = 0; i < n; i++)
		take_seat(DatumGetInt64(pt_result(i, 1, &isnull)), DatumGetInt64(pt_result(i, 2, &isnull)),
				  DatumGetTimestampTz(pt_result(i, 3, &isnull)));
	hash_seq_init(&scan, seats);
	while ((seat = hash_seq_search(&scan)) != NULL)
		if (seat->seen != turns)
			hash_search(seats, &seat->run_id, HASH_REMOVE, NULL);
}

/* The number of the last batch that a run of the account had, which the caller may change. */
static uint64 *
account_served(int64 account_id)
{
	static HTAB *accounts = NULL;
	HASHCTL		ctl = {.keysize = sizeof(int64),.entrysize = 2 * sizeof(int64)};
	struct
	{
		int64		account_id;
		uint64		served;
	}		   *entry;
	bool		found;

	if (accounts == NULL)
		accounts = hash_create("portatext accounts of runs", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	entry = hash_search(accounts, &account_id, HASH_ENTER, &found);
	if (!found)
		entry->served = 0;
	return &entry->served;
}

/* Who has waited longest goes first: the account, then the run. */
static int
compare_seats(const void *a, const void *b)
{
	const Seat *x = *(Seat *const *) a;
	const Seat *y = *(Seat *const *) b;
	uint64		x_account = *account_served(x->account_id);
	uint64		y_account = *account_served(y->account_id);

	if (x_account != y_account)
		return x_account < y_account ? -1 : 1;
	if (x->served != y->served)
		return x->served < y->served ? -1 : 1;
	return x->run_id < y->run_id ? -1 : x->run_id > y->run_id;
}

/* The runs that are due, in their order; returns how many. */
static int
due_seats(TimestampTz now, Seat ***due)
{
	HASH_SEQ_STATUS scan;
	Seat	   *seat;
	int			n = 0;

	*due = palloc_array(Seat *, Max(hash_get_num_entries(seats), 1));
	hash_seq_init(&scan, seats);
	while ((seat = hash_seq_search(&scan)) != NULL)
		if (seat->wanted <= now)
			(*due)[n++] = seat;
	qsort(*due, n, sizeof(Seat *), compare_seats);
	return n;
}

/* In how many ms the first of the runs is due. */
static long
first_wanted(TimestampTz now)
{
	HASH_SEQ_STATUS scan;
	Seat	   *seat;
	TimestampTz first = now + TURN_MS * INT64CONST(1000);

	hash_seq_init(&scan, seats);
	while ((seat = hash_seq_search(&scan)) != NULL)
		first = Min(first, seat->wanted);
	return first <= now ? 0 : ms_until(now, first);
}

/*
 * Ends what claims have set aside for runs that were cancelled meanwhile.  A
 * process looks at all runs first: the server may have been down, or restored.
 */
static void
sweep_cancelled(TimestampTz now)
{
	static TimestampTz swept = 0;
	static bool all = true;
	Datum		since = TimestampTzGetDatum(all ? DT_NOBEGIN : now - USECS_PER_HOUR);
	uint64		n;
	int64	   *run_ids;
	bool		isnull;

	if (now >= swept && now - swept < SWEEP_US)
		return;
	swept = now;
	n = pt_plan_run_latest(&cancelled_plan, &since, NULL, SPI_OK_SELECT);
	run_ids = palloc_array(int64, Max(n, 1));
	for (uint64 i = 0; i < n; i++)
		run_ids[i] = DatumGetInt64(pt_result(i, 1, &isnull));
	for (uint64 i = 0; i < n; i++)
		pt_run_end_parked(run_ids[i], PT_RELEASE_BATCH);
	all = all && n > 0;
}

/* A run's turn, if nobody else has it; true: something was released or changed. */
static bool
seat_turn(Seat *seat, TimestampTz now)
{
	PtRun		run;
	long		wait = LOCKED_MS;
	bool		released = false;

	at_work = seat->run_id;
	if (lock_run(seat->run_id, &run))
	{
		wait = turn_of(seat, &run, now, &released);
		seat->queued = run.counts.queued;
	}
	at_work = 0;
	if (released)
		seat->served = *account_served(seat->account_id) = turns;
	seat->wanted = now + Max(wait, released ? 0 : 1) * INT64CONST(1000);
	return released;
}

/* All runs of the account wait until then. */
static void
put_off_account(int64 account_id, TimestampTz until)
{
	HASH_SEQ_STATUS scan;
	Seat	   *seat;

	hash_seq_init(&scan, seats);
	while ((seat = hash_seq_search(&scan)) != NULL)
		if (seat->account_id == account_id)
			seat->wanted = Max(seat->wanted, until);
}

bool
pt_campaign_turn_failed(bool locked)
{
	Seat	   *seat = at_work == 0 ? NULL : hash_search(seats, &at_work, HASH_FIND, NULL);
	TimestampTz until = pt_now() + FAILED_MS * INT64CONST(1000);

	at_work = 0;
	if (seat == NULL)
		return false;
	seat->wanted = until;
	seat->served = *account_served(seat->account_id) = turns;
	if (locked)
		put_off_account(seat->account_id, until);
	return true;
}

long
pt_campaign_turn(void)
{
	TimestampTz now = pt_now();
	PtRole		saved;
	Seat	  **due;
	int			n;

	pt_become_keeper(&saved);
	turns++;
	at_work = 0;
	sweep_cancelled(now);
	take_seats();
	n = due_seats(now, &due);
	for (int i = 0; i < n; i++)
		if (seat_turn(due[i], now))
			break;
	pt_become_caller(&saved);
	return first_wanted(now);
}

PG_FUNCTION_INFO_V1(pt_release_campaigns);

/* portatext.release_campaigns(): one turn; in how many ms the next is due. */
Datum
pt_release_campaigns(PG_FUNCTION_ARGS)
{
	long		wait;

	pt_require_all("campaigns are not released");
	SPI_connect();
	wait = pt_campaign_turn();
	SPI_finish();
	PG_RETURN_INT32((int32) wait);
}
