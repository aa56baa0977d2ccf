/*
 * scheduler.c
 *	  The scheduler of a database: tasks by time, each in its own transaction.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "worker/installation.h"
#include "worker/internal.h"
#include "worker/session_internal.h"

#define SWEEP_MS 5000			/* what no wake has announced is found within it */
#define WAKE_MS 100
#define RETENTION_MS 60000
#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS 60000

extern PGDLLEXPORT void pt_scheduler_main(Datum arg);

static PtSchedulerTask tasks[] = {
	{.name = "release of parked messages",.body = pt_task_release,.period_ms = SWEEP_MS,.on_wake = true},
	{.name = "expiry",.body = pt_task_expire,.period_ms = SWEEP_MS},
	{.name = "opt-outs at carriers",.body = pt_task_opt_outs,.period_ms = SWEEP_MS,.on_wake = true},
	{.name = "inbound: missing parts",.body = pt_task_late_parts,.period_ms = SWEEP_MS},
	{.name = "balance: absorbing credits",.body = pt_task_absorb,.period_ms = SWEEP_MS},
	{.name = "balance: alerts",.body = pt_task_alerts,.period_ms = 10000},
	{.name = "receipts: messages to watch",.body = pt_task_watch_new,.period_ms = 10000},
	{.name = "receipts: messages committed late",.body = pt_task_watch_late,.period_ms = 10000},
	{.name = "receipts: missing ones",.body = pt_task_watch_due,.period_ms = 10000},
	{.name = "receipts: strays",.body = pt_task_strays,.period_ms = 30000},
	{.name = "routes: leaving carriers that fail",.body = pt_task_routes,.period_ms = 5000},
	{.name = "senders: health",.body = pt_task_senders,.period_ms = 60000},
	{.name = "idempotency keys",.body = pt_task_idempotency,.period_ms = 60000},
	{.name = "reminders",.body = pt_task_reminders,.period_ms = SWEEP_MS},
	{.name = "reminders: unpaid ones",.body = pt_task_unpaid_reminders,.period_ms = 10000},
	{.name = "retention: services",.body = pt_task_retire_service,.period_ms = RETENTION_MS},
	{.name = "retention: messages",.body = pt_task_retire_messages,.period_ms = RETENTION_MS},
	{.name = "retention: events",.body = pt_task_retire_events,.period_ms = RETENTION_MS},
	{.name = "retention: ledger",.body = pt_task_retire_ledger,.period_ms = RETENTION_MS},
	{.name = "retention: references",.body = pt_task_retire_refs,.period_ms = RETENTION_MS},
};

/* How a turn is told whether this database is a copy. */
static void
check_installation(void *arg)
{
	*(bool *) arg = pt_installation_is_copy();
}

long
pt_task_ms(TimestampTz now, TimestampTz then, long low, long high)
{
	long		ms = TimestampDifferenceMilliseconds(now, then);

	return Max(low, Min(high, ms));
}

Datum
pt_ids_of_result(uint64 rows)
{
	Datum	   *ids = palloc(sizeof(Datum) * Max(rows, 1));
	bool		isnull;

	for (uint64 i = 0; i < rows; i++)
		ids[i] = pt_result(i, 1, &isnull);
	return PointerGetDatum(construct_array(ids, (int) rows, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

/* Runs one task and sets when it is due again. */
static void
run_task(PtSchedulerTask *task)
{
	long		wait_ms;

	task->next_ms = task->period_ms;
	if (pt_session_tx(task->name, task->body, task))
	{
		task->failures = 0;
		wait_ms = task->next_ms;
	}
	else
	{
		wait_ms = Min(FIRST_RETRY_MS << Min(task->failures, 6), LAST_RETRY_MS);
		task->failures++;
	}
	task->due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait_ms);
}

/* Runs every task that is due, once. */
static void
run_due_tasks(void)
{
	for (int i = 0; i < lengthof(tasks) && !pt_session_stopping(); i++)
		if (tasks[i].due <= GetCurrentTimestamp())
			run_task(&tasks[i]);
}

/* Milliseconds until the next task is due. */
static long
until_next(void)
{
	TimestampTz now = GetCurrentTimestamp();
	long		ms = SWEEP_MS;

	for (int i = 0; i < lengthof(tasks); i++)
		ms = pt_task_ms(now, tasks[i].due, 0, ms);
	return ms;
}

/*
 * Makes tasks due before their time: all after a reload, some when woken, but
 * not at once, so that many wakes make one turn.
 */
static void
hurry(bool all)
{
	TimestampTz soon = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), WAKE_MS);

	for (int i = 0; i < lengthof(tasks); i++)
		if (all || (tasks[i].on_wake && tasks[i].failures == 0))
			tasks[i].due = Min(tasks[i].due, soon);
}

/* Entry point of the scheduler.  In a copy it only waits for adopt(). */
void
pt_scheduler_main(Datum arg)
{
	pt_session_start(PT_SCHEDULER, DatumGetObjectId(arg));
	while (!pt_session_stopping())
	{
		bool		copy = true;
		bool		woken;
		bool		reloaded;

		if (pt_session_tx("installation", check_installation, &copy) && !copy)
			run_due_tasks();
		pt_session_wait(-1, copy ? SWEEP_MS : until_next());
		woken = pt_session_woken();
		reloaded = pt_session_reloaded();
		if (woken || reloaded)
			hurry(reloaded);
	}
}
