/*
 * access_task.c
 *	  The scheduler's work for the API: last use of keys, rows whose time is over.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "access/limit.h"

#define BATCH 1000
#define BATCH_TEXT "1000"

/* Rows that somebody holds are met again. */
static PtPlan retire_plans[] = {
	{
		.sql = "DELETE FROM portatext.api_once o WHERE o.ctid = ANY (ARRAY("
		" SELECT x.ctid FROM portatext.api_once x WHERE x.created_at < $1 - interval '1 day'"
		" ORDER BY x.created_at LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED))",
		.nargs = 1,.argtypes = {TIMESTAMPTZOID}
	},
	{
		.sql = "DELETE FROM portatext.api_session s WHERE s.ctid = ANY (ARRAY("
		" SELECT x.ctid FROM portatext.api_session x WHERE x.expires_at <= $1"
		" ORDER BY x.expires_at LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED))",
		.nargs = 1,.argtypes = {TIMESTAMPTZOID}
	},
	{
		.sql = "DELETE FROM portatext.api_nonce n WHERE n.ctid = ANY (ARRAY("
		" SELECT x.ctid FROM portatext.api_nonce x WHERE x.expires_at <= $1"
		" ORDER BY x.expires_at LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED))",
		.nargs = 1,.argtypes = {TIMESTAMPTZOID}
	},
	{
		.sql = "DELETE FROM portatext.api_attempt t WHERE t.ctid = ANY (ARRAY("
		" SELECT x.ctid FROM portatext.api_attempt x WHERE x.last_at <= $1 - interval '15 minutes'"
		" ORDER BY x.last_at LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED))",
		.nargs = 1,.argtypes = {TIMESTAMPTZOID}
	}
};

/* The task that writes when keys were used last. */
void
pt_task_limit_flush(void *arg)
{
	PtTask	   *task = arg;

	if (pt_limit_flush())
		task->next_ms = 0;
}

/* The task that deletes answers a day old, sessions, nonces and failures that have expired. */
void
pt_task_retire_api(void *arg)
{
	PtTask	   *task = arg;
	Datum		now = TimestampTzGetDatum(pt_now());

	for (int i = 0; i < lengthof(retire_plans); i++)
		if (pt_plan_run(&retire_plans[i], &now, NULL, SPI_OK_DELETE) == BATCH)
			task->next_ms = 0;
}
