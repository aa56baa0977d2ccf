/*
 * task.c
 *	  Tasks by time, each in its own transaction: what scheduler and runner do.
 */
#include "worker/task.h"

#include "utils/timestamp.h"

#include "worker/installation.h"
#include "worker/session_internal.h"

#define SWEEP_MS 5000			/* longest sleep */
#define WAKE_MS 100
#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS 60000

/* How a turn is told whether this database's data is this place's. */
static void
check_installation(void *arg)
{
	*(bool *) arg = pt_installation_ok();
}

/* Runs one task and sets when it is due again. */
static void
run_task(PtTask *task)
{
	long		wait_ms;

	task->next_ms = task->period_ms;
	if (pt_session_tx(task->name, task->body, task) ||
		(task->failed != NULL && task->failed(task)))
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
run_due_tasks(PtTask *tasks, int n)
{
	for (int i = 0; i < n && !pt_session_stopping(); i++)
		if (tasks[i].due <= GetCurrentTimestamp())
			run_task(&tasks[i]);
}

/* Milliseconds until the next task is due. */
static long
until_next(const PtTask *tasks, int n)
{
	TimestampTz now = GetCurrentTimestamp();
	long		ms = SWEEP_MS;

	for (int i = 0; i < n; i++)
		ms = Min(ms, TimestampDifferenceMilliseconds(now, tasks[i].due));
	return Max(ms, 0);
}

/*
 * Makes tasks due before their time: all after a reload, some when woken, but
 * not at once, so that many wakes make one turn.
 */
static void
hurry(PtTask *tasks, int n, bool all)
{
	TimestampTz soon = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), WAKE_MS);

	for (int i = 0; i < n; i++)
		if (all || (tasks[i].on_wake && tasks[i].failures == 0))
			tasks[i].due = Min(tasks[i].due, soon);
}

void
pt_tasks_run(PtTask *tasks, int n)
{
	while (!pt_session_stopping())
	{
		bool		ours = false;
		bool		woken;
		bool		reloaded;

		if (pt_session_tx("installation", check_installation, &ours) && ours)
			run_due_tasks(tasks, n);
		pt_session_wait(-1, !ours ? SWEEP_MS : until_next(tasks, n));
		woken = pt_session_woken();
		reloaded = pt_session_reloaded();
		if (woken || reloaded)
			hurry(tasks, n, reloaded);
	}
}
