/*
 * dispatcher.c
 *	  The dispatcher: claims messages, hands them over, writes what became of
 *	  them.  One process, no transaction across the network.
 */
#include "portatext.h"

#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "sms/recovery.h"
#include "worker/dispatcher.h"
#include "worker/installation.h"
#include "worker/session_internal.h"
#include "worker/settings.h"

#define CONNECTIONS_MAX 1024
#define FLUSH_PAUSE_MS 200		/* when leaving: after a write that got nothing done */
#define SWEEP_US (5 * USECS_PER_SEC)	/* looks at everything, woken or not */
#define RECOVERY_US (30 * USECS_PER_SEC)

PGDLLEXPORT void pt_dispatcher_main(Datum arg);

PtDispatcher pt_dispatcher;

static TimestampTz sweep_at = 0;
static TimestampTz recovery_at = 0;

/*
 * Every statement of this process looks rows up by key; a plan made while a
 * table was small must not scan it when it has grown.
 */
static const char *const plan_settings[][2] = {
	{"enable_seqscan", "off"},
	{"enable_hashjoin", "off"},
	{"enable_mergejoin", "off"},
	{"enable_bitmapscan", "off"},
	{"plan_cache_mode", "force_generic_plan"},
};

long
pt_ms_until(TimestampTz time)
{
	TimestampTz now = GetCurrentTimestamp();

	if (time <= now)
		return 0;
	return (long) Min((time - now + 999) / 1000, INT64CONST(3600000));
}

/* PtTxBody: a new number, locked while this process lives. */
static void
number_body(void *arg)
{
	pt_dispatcher.number = pt_worker_number();
}

/* PtTxBody: leases of dead dispatchers. */
static void
recovery_body(void *arg)
{
	memset(arg, 0, sizeof(PtRecovered));
	if (pt_installation_ok())
		pt_recover_leases(pt_dispatcher.number, arg);
}

/* Settles what dead dispatchers left behind. */
static void
recover_leases(void)
{
	PtRecovered recovered;

	recovery_at = GetCurrentTimestamp() + RECOVERY_US;
	if (!pt_session_tx("recovering leases", recovery_body, &recovered))
		return;
	if (recovered.unclear + recovered.again == 0)
		return;
	pt_slot_count(PT_COUNT_UNCLEAR, recovered.unclear);
	pt_lanes_wake();
	ereport(LOG,
			(errmsg("portatext dispatcher: a dispatcher ended during the hand-over of %d messages",
					recovered.unclear + recovered.again),
			 errdetail("%d of them are unclear (portatext.needs_attention), %d are tried again.",
					   recovered.unclear, recovered.again)));
}

/* What the dispatcher needs before its first turn. */
static void
start(Oid database)
{
	pt_session_start(PT_DISPATCHER, database);
	for (int i = 0; i < lengthof(plan_settings); i++)
		SetConfigOption(plan_settings[i][0], plan_settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	pt_dispatcher.context = AllocSetContextCreate(TopMemoryContext, "portatext dispatcher",
												  ALLOCSET_DEFAULT_SIZES);
	dlist_init(&pt_dispatcher.channels);
	dlist_init(&pt_dispatcher.tasks);
	dlist_init(&pt_dispatcher.answered);
	dlist_init(&pt_dispatcher.outcomes);
	pt_dispatcher.engine = pt_http_create(CONNECTIONS_MAX, pt_http_ended, NULL);
	if (pt_dispatcher.engine == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not start the HTTP engine")));
	if (!pt_session_tx("taking a number", number_body, NULL))
		proc_exit(1);
	pt_slot_attach(PT_DISPATCHER, pt_dispatcher.number);
}

/* Hands over what is claimed; what cannot go within its time goes back. */
static void
start_requests(void)
{
	int			started = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);
		TimestampTz keep = GetCurrentTimestamp() - PT_HOLD_US;

		if (pt_dispatcher.draining || pt_channel_window(channel) == 0)
			keep = DT_NOEND;
		pt_tasks_put_back(channel, keep);
		started += pt_tasks_start(channel);
		channel->stats->in_flight = channel->in_flight;
	}
	pt_slot_gauge(pt_dispatcher.in_flight);
	if (started == 0)
		return;
	pt_http_run(pt_dispatcher.engine);
	PT_POINT("request_started");
}

/* Takes what the network has brought. */
static void
take_answers(void)
{
	if (pt_dispatcher.in_flight > 0)
		pt_http_run(pt_dispatcher.engine);
	pt_tasks_answered();
}

/* How long nothing is to be done unless something happens. */
static long
turn_timeout_ms(void)
{
	TimestampTz oldest = pt_tasks_oldest();
	long		timeout = pt_ms_until(Min(sweep_at, recovery_at));

	/* Answers that came while requests were being started. */
	if (!dlist_is_empty(&pt_dispatcher.answered))
		return 0;
	timeout = pt_shorter(timeout, pt_http_timeout_ms(pt_dispatcher.engine));
	timeout = pt_shorter(timeout, pt_outcomes_timeout_ms());
	timeout = pt_shorter(timeout, pt_local_timeout_ms());
	timeout = pt_shorter(timeout, pt_lanes_timeout_ms());
	if (oldest != DT_NOEND)
		timeout = pt_shorter(timeout, pt_ms_until(oldest + PT_HOLD_US));
	return timeout;
}

/* Net under everything: looks into all lanes and for changed carriers. */
static bool
sweep(void)
{
	TimestampTz now = GetCurrentTimestamp();

	if (recovery_at <= now)
		recover_leases();
	if (sweep_at > now)
		return false;
	sweep_at = now + SWEEP_US;
	pt_lanes_wake();
	return true;
}

/* One turn; woken: a commit has said that there may be work. */
static void
turn(bool woken)
{
	take_answers();
	start_requests();
	pt_local_run();
	if (pt_outcomes_due())
		pt_outcomes_flush();
	if (woken)
		pt_lanes_wake();
	woken = sweep() || woken;
	pt_dispatcher_claim(woken);
	start_requests();
}

/* Writes all outcomes; what cannot be written is tried again until then. */
static void
flush_all(TimestampTz end)
{
	while (pt_dispatcher.n_outcomes > 0)
	{
		int			before = pt_dispatcher.n_outcomes;

		pt_outcomes_flush();
		if (pt_dispatcher.n_outcomes < before)
			continue;
		if (GetCurrentTimestamp() >= end)
			break;
		(void) pt_session_wait(-1, FLUSH_PAUSE_MS);
	}
}

/*
 * Leaves in order: unstarted claims back to the outbox, what is on the wire gets
 * portatext.shutdown_grace, the rest becomes unclear.  Outcomes that cannot be
 * written have the same time, and at least a second.
 */
static void
drain(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pt_shutdown_grace);

	pt_dispatcher.draining = true;
	start_requests();
	flush_all(0);
	while (pt_dispatcher.in_flight > 0 && GetCurrentTimestamp() < end)
	{
		(void) pt_session_wait(pt_http_fd(pt_dispatcher.engine),
							   pt_shorter(pt_ms_until(end),
										  pt_http_timeout_ms(pt_dispatcher.engine)));
		take_answers();
		if (pt_outcomes_due())
			pt_outcomes_flush();
	}
	pt_tasks_give_up();
	flush_all(Max(end, GetCurrentTimestamp() + USECS_PER_SEC));
	pt_http_destroy(pt_dispatcher.engine);
	pt_slot_gauge(0);
}

/* Background worker: the dispatcher of one database (its OID). */
void
pt_dispatcher_main(Datum arg)
{
	bool		woken = true;

	start(DatumGetObjectId(arg));
	while (!pt_session_stopping())
	{
		turn(woken);
		(void) pt_session_wait(pt_http_fd(pt_dispatcher.engine), turn_timeout_ms());
		woken = pt_session_woken();
	}
	drain();
	proc_exit(0);
}
