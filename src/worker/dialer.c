/*
 * dialer.c
 *	  The dialer: once a second it decides how many calls each telephony run places,
 *	  and between that connects, hangs up and writes what engines have answered.  One
 *	  process a database, no transaction across the network.
 */
#include "worker/dialer.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "telephony/telephony.h"
#include "worker/installation.h"
#include "worker/session_internal.h"
#include "worker/settings.h"

#define CONNECTIONS_MAX 1024
#define DIALER_LOCK_CLASS 6		/* fourth field of the advisory lock: no user's */
#define TICK_US USECS_PER_SEC
#define EARLY_TICK_US (100 * INT64CONST(1000))	/* between ticks while calls and agents change */
#define EARLY_TICK_SHARE 4		/* of the time that a tick took, until the next early one */
#define CLAIM_RUNS 32			/* runs whose calls are placed in one transaction */
#define CLAIM_CALLS 400
#define QUEUED_MAX 200
#define QUEUED_SWEEP_US (5 * USECS_PER_SEC) /* what no wake has announced, and the clock may have been set */
#define QUEUED_PAUSE_US (100 * INT64CONST(1000))
#define RETRY_US (10 * USECS_PER_SEC)	/* a run whose calls cannot be placed */

PGDLLEXPORT void pt_dialer_main(Datum arg);

PtDialer	pt_dialer;

static TimestampTz tick_at = 0; /* by the server's clock, as all times here */
static TimestampTz early_tick_at = 0;
static bool tick_wanted = false;	/* something has happened since the last one */
static TimestampTz queued_at = 0;
static TimestampTz queued_looked_at = 0;

/* As the dispatcher's: every statement looks rows up by key, however small the tables were when it was planned. */
static const char *const plan_settings[][2] = {
	{"enable_seqscan", "off"},
	{"enable_hashjoin", "off"},
	{"enable_mergejoin", "off"},
	{"enable_bitmapscan", "off"},
	{"plan_cache_mode", "force_generic_plan"},
};

/* Runs whose calls are placed together. */
typedef struct Claim
{
	PtDialRun  *runs[CLAIM_RUNS];
	int			n;
	PtDialOrder *orders;
	int			n_orders;
} Claim;

/* What a tick has found to do. */
typedef struct Tick
{
	bool		ours;			/* not a copy */
	PtDialRun **runs;			/* in the dialer's context */
	int			n;
} Tick;

/* PtTxBody: nobody else is this database's dialer, while this process lives. */
static void
lock_body(void *arg)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, DIALER_LOCK_CLASS);
	*(bool *) arg = LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

/* What the dialer needs before its first turn. */
static void
start(Oid database)
{
	bool		alone = false;

	pt_session_start(PT_DIALER, database);
	for (int i = 0; i < lengthof(plan_settings); i++)
		SetConfigOption(plan_settings[i][0], plan_settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	pt_dialer.context = AllocSetContextCreate(TopMemoryContext, "portatext dialer", ALLOCSET_DEFAULT_SIZES);
	dlist_init(&pt_dialer.engines);
	dlist_init(&pt_dialer.answered);
	pt_dialer.http = pt_http_create(CONNECTIONS_MAX, pt_dial_http_ended, NULL);
	if (pt_dialer.http == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not start the HTTP engine")));
	while (!pt_session_stopping() && pt_session_tx("waiting for another dialer", lock_body, &alone) && !alone)
		(void) pt_session_wait(-1, 1000);
}

/* PtTxBody: the image, and the decisions. */
static void
tick_body(void *arg)
{
	Tick	   *tick = arg;
	TimestampTz now = pt_now();
	PtRole		saved;
	PtDialRun **runs;

	tick->ours = pt_installation_ok();
	if (!tick->ours)
		return;
	pt_become_keeper(&saved);
	pt_dial_engines_refresh();
	pt_dial_room_reset();
	(void) pt_agents_wake(now);
	pt_tick(now, pt_dialer.context, pt_dial_room);
	tick->n = pt_tick_runs(&runs);
	tick->runs = MemoryContextAlloc(pt_dialer.context, sizeof(PtDialRun *) * Max(tick->n, 1));
	memcpy(tick->runs, runs, sizeof(PtDialRun *) * tick->n);
	pt_dial_local_watch_all();
	pt_become_caller(&saved);
}

/* PtTxBody: calls are made for some runs, and what these have learnt is written. */
static void
claim_body(void *arg)
{
	Claim	   *claim = arg;
	MemoryContext keep = CurrentMemoryContext;	/* SPI's own ends with the transaction */
	PtColumn	ids = {UUIDOID};
	TimestampTz now = pt_now();
	PtRole		saved;

	claim->n_orders = 0;
	if (!pt_installation_ok())
		return;
	pt_become_keeper(&saved);
	for (int i = 0; i < claim->n; i++)
		if (claim->runs[i]->place > 0)
			pt_calls_claim(claim->runs[i], now, &ids);
	pt_tick_write(claim->runs, claim->n, now);
	if (ids.n > 0)
		claim->n_orders = pt_call_orders(pt_column_array(&ids), keep, &claim->orders);
	pt_become_caller(&saved);
	PT_POINT("call_before_commit");
}

/* Makes the calls of some runs and asks for them; false: nothing was done. */
static bool
place_calls(Claim *claim)
{
	if (!pt_session_tx("placing calls", claim_body, claim))
		return false;
	if (claim->n_orders > 0)
		PT_POINT("call_after_commit");
	pt_tick_written(claim->runs, claim->n, pt_now());
	pt_slot_count(PT_COUNT_CLAIMED, claim->n_orders);
	pt_dial_ask(PT_CALL_ORIGINATE, claim->orders, claim->n_orders);
	pt_dial_start();
	return true;
}

/* The same, each run alone if it cannot be done together; one that fails alone waits. */
static void
place_group(Claim *claim)
{
	if (claim->n == 0 || place_calls(claim))
		return;
	for (int i = 0; i < claim->n; i++)
	{
		Claim		one = {.runs = {claim->runs[i]},.n = 1};

		if (!place_calls(&one))
			claim->runs[i]->retry_at = pt_now() + RETRY_US;
	}
}

/* Places the calls that the tick has decided on, and writes what is to be written. */
static void
place_all(const Tick *tick)
{
	Claim		claim = {.n = 0};
	int			calls = 0;

	for (int i = 0; i < tick->n && !pt_session_stopping(); i++)
	{
		PtDialRun  *run = tick->runs[i];

		if (!pt_tick_to_write(run, pt_now()))
			continue;
		claim.runs[claim.n++] = run;
		calls += run->place;
		if (claim.n < CLAIM_RUNS && calls < CLAIM_CALLS)
			continue;
		place_group(&claim);
		claim = (Claim) {.n = 0};
		calls = 0;
	}
	place_group(&claim);
}

/* PtTxBody: ends a run that is through, pauses one whose schedule cannot be read. */
static void
finish_body(void *arg)
{
	PtRole		saved;

	pt_become_keeper(&saved);
	(void) pt_run_finish(arg);
	pt_become_caller(&saved);
}

/* Ends the runs of which no target is left and no call goes on, and pauses those that do not know when they may call. */
static void
finish_runs(const Tick *tick)
{
	for (int i = 0; i < tick->n; i++)
	{
		PtDialRun  *run = tick->runs[i];

		if (run->running && (run->unreadable || (run->complete && run->n_calls == 0)))
			(void) pt_session_tx("ending a run", finish_body, run);
	}
}

/* PtTxBody: single calls that have ended are looked at no more. */
static void
mark_body(void *arg)
{
	PtRole		saved;

	pt_become_keeper(&saved);
	pt_tick_write(NULL, 0, pt_now());
	pt_become_caller(&saved);
}

/* Are there single calls to be marked? */
static bool
singles_to_mark(void)
{
	PtDialCall **calls;
	int			n = pt_dial_calls(&calls);

	for (int i = 0; i < n; i++)
		if (calls[i]->run_id == 0 && calls[i]->learnt)
			return true;
	return false;
}

/* Once a second, and sooner when something has happened. */
static void
run_tick(void)
{
	Tick		tick = {.ours = false};
	TimestampTz start = GetCurrentTimestamp();
	bool		done;

	tick_at = start + TICK_US;
	tick_wanted = false;
	done = pt_session_tx("tick", tick_body, &tick);
	early_tick_at = start + Max(EARLY_TICK_US, (GetCurrentTimestamp() - start) * EARLY_TICK_SHARE);
	if (!done || !tick.ours)
		return;
	place_all(&tick);
	finish_runs(&tick);
	pfree(tick.runs);
	if (singles_to_mark())
		(void) pt_session_tx("single calls", mark_body, NULL);
	pt_dial_sweep();
}

/* PtTxBody: calls that wait for their time. */
static void
queued_body(void *arg)
{
	Claim	   *claim = arg;
	MemoryContext keep = CurrentMemoryContext;	/* SPI's own ends with the transaction */
	PtColumn	ids = {UUIDOID};
	TimestampTz next;
	TimestampTz now = pt_now();
	PtRole		saved;

	if (!pt_installation_ok())
		return;
	pt_become_keeper(&saved);
	pt_dial_engines_refresh();
	pt_queued_claim(now, pt_dial_room, QUEUED_MAX, &ids);
	if (ids.n > 0)
		claim->n_orders = pt_call_orders(pt_column_array(&ids), keep, &claim->orders);
	next = pt_queued_next();
	queued_at = GetCurrentTimestamp() + Max(Min(next, now + QUEUED_SWEEP_US) - now, 0);
	pt_become_caller(&saved);
	PT_POINT("call_before_commit");
}

/* Places calls that wait for their time, single ones above all. */
static void
place_queued(void)
{
	Claim		claim = {.n = 0};

	queued_looked_at = GetCurrentTimestamp();
	queued_at = queued_looked_at + TICK_US;
	if (!pt_session_tx("placing queued calls", queued_body, &claim) || claim.n_orders == 0)
		return;
	PT_POINT("call_after_commit");
	pt_slot_count(PT_COUNT_CLAIMED, claim.n_orders);
	pt_dial_ask(PT_CALL_ORIGINATE, claim.orders, claim.n_orders);
}

/* Business times as the server's clock has them. */
static TimestampTz
by_server(TimestampTz business)
{
	return business == DT_NOEND ? DT_NOEND : business - (pt_now() - GetCurrentTimestamp());
}

/* How long nothing is to be done unless something happens, in ms. */
static long
turn_timeout_ms(void)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next = Min(tick_wanted ? early_tick_at : tick_at, by_server(Min(pt_dial_connect_at(), pt_dial_local_at())));
	long		http = pt_http_timeout_ms(pt_dialer.http);
	long		ms;

	if (pt_dial_to_start())
		return 0;
	next = Min(next, Max(queued_at, queued_looked_at + QUEUED_PAUSE_US));
	if (pt_dialer.n_answered > 0)
		next = Min(next, pt_dialer.oldest_answer + PT_DIAL_FLUSH_US);
	ms = next <= now ? 0 : (long) ((next - now + 999) / 1000);
	return http >= 0 ? Min(http, ms) : ms;
}

/* One turn; woken: a commit has said that there may be something to do. */
static void
turn(bool woken)
{
	TimestampTz now = GetCurrentTimestamp();

	if (pt_dialer.in_flight > 0)
		pt_http_run(pt_dialer.http);
	pt_dial_flush();
	if (woken)
		queued_at = Min(queued_at, now);
	tick_wanted = tick_wanted || woken;
	if (tick_at <= now || tick_at > now + TICK_US || (tick_wanted && early_tick_at <= now))
		run_tick();
	else if (woken)
		pt_dial_hang_up();
	if (queued_at <= now && now - queued_looked_at >= QUEUED_PAUSE_US)
		place_queued();
	pt_dial_local_run();
	if (woken || pt_dial_connect_at() <= pt_now())
		pt_dial_connect();
	pt_dial_start();
	pt_dial_flush();
	pt_slot_gauge(pt_dialer.in_flight);
}

/*
 * Leaves in order: nothing more is asked, what is on the wire gets
 * portatext.shutdown_grace; what has no answer then is asked about by the next dialer.
 */
static void
drain(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pt_shutdown_grace);

	pt_dial_give_up();
	pt_dial_flush();
	while (pt_dialer.in_flight > 0 && GetCurrentTimestamp() < end)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);
		long		http = pt_http_timeout_ms(pt_dialer.http);

		(void) pt_session_wait(pt_http_fd(pt_dialer.http), http >= 0 ? Min(http, left) : left);
		pt_http_run(pt_dialer.http);
		pt_dial_flush();
	}
	pt_http_destroy(pt_dialer.http);
	pt_slot_gauge(0);
}

/* Background worker: the dialer of one database (its OID). */
void
pt_dialer_main(Datum arg)
{
	bool		woken = true;

	start(DatumGetObjectId(arg));
	while (!pt_session_stopping())
	{
		turn(woken);
		(void) pt_session_wait(pt_http_fd(pt_dialer.http), turn_timeout_ms());
		woken = pt_session_woken();
	}
	drain();
	proc_exit(0);
}
