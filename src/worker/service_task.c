/*
 * service_task.c
 *	  The scheduler's work for services: reminders, at a bounded pace, and rows
 *	  whose time is over.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "service/reminder.h"
#include "worker/settings.h"

#define BATCH 100				/* reminders in a transaction */
#define LEAST_PAUSE_MS 50
#define BLOCKS 64
#define PAUSE_MS 50

/* What portatext.reminder_rate has admitted since the last turn: at most a second's. */
static double
admitted(double left, TimestampTz *last)
{
	TimestampTz now = GetCurrentTimestamp();
	double		seconds = *last == 0 || now < *last ? 1 : (double) (now - *last) / USECS_PER_SEC;

	*last = now;
	return Min(left + pt_reminder_rate * seconds, Max(pt_reminder_rate, 1));
}

/* The task that sends reminders that are due; after a pause of the server as fast as the rate says. */
void
pt_task_reminders(void *arg)
{
	static double left = 0;
	static TimestampTz last = 0;
	PtTask	   *task = arg;
	PtReminded	reminded;

	if (pt_reminder_rate <= 0)
		return;
	left = admitted(left, &last);
	if (left < 1)
	{
		task->next_ms = (long) ((1 - left) / pt_reminder_rate * 1000) + 1;
		return;
	}
	reminded = pt_reminders_send((int) Min(left, BATCH));
	left -= reminded.tried;
	if (reminded.more)
		task->next_ms = LEAST_PAUSE_MS;
}

/* The task that lets unpaid reminders be due again after a top-up. */
void
pt_task_unpaid_reminders(void *arg)
{
	PtTask	   *task = arg;

	if (pt_reminders_retry())
		task->next_ms = PAUSE_MS;
}

/* The task that deletes, once a day, what counted messages of two months ago, and the like. */
void
pt_task_retire_service(void *arg)
{
	static PtPlan blocks_plan = {
		.sql = "SELECT portatext.retire_service_messages($1, $2)",
		.nargs = 2,.argtypes = {INT8OID, INT8OID}
	};
	static PtPlan rest_plan = {.sql = "SELECT portatext.retire_service_rest()"};
	static int64 block = 0;
	static TimestampTz done = 0;
	PtTask	   *task = arg;
	TimestampTz now = pt_now();
	Datum		values[2] = {Int64GetDatum(block), Int64GetDatum(BLOCKS)};
	bool		isnull;

	if (block == 0)
		pt_plan_run(&rest_plan, NULL, NULL, SPI_OK_SELECT);
	if (now >= done && now - done < USECS_PER_DAY)
		return;
	pt_plan_run_latest(&blocks_plan, values, NULL, SPI_OK_SELECT);
	if (DatumGetInt64(pt_result(0, 1, &isnull)) > 0)
	{
		block += BLOCKS;
		task->next_ms = PAUSE_MS;
		return;
	}
	block = 0;
	done = now;
}
