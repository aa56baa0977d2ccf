/*
 * scheduler.c
 *	  The scheduler of a database: its tasks, which are short.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#define SWEEP_MS 5000			/* what no wake has announced is found within it */
#define RETENTION_MS 60000

extern PGDLLEXPORT void pt_scheduler_main(Datum arg);

static PtTask tasks[] = {
	{.name = "release of parked messages",.body = pt_task_release,.period_ms = SWEEP_MS,.on_wake = true},
	{.name = "expiry",.body = pt_task_expire,.period_ms = SWEEP_MS},
	{.name = "engines of telephony",.body = pt_task_engines,.period_ms = SWEEP_MS,.on_wake = true},
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
	{.name = "API: last use of keys",.body = pt_task_limit_flush,.period_ms = 10000},
	{.name = "retention: API",.body = pt_task_retire_api,.period_ms = RETENTION_MS},
	{.name = "reminders",.body = pt_task_reminders,.period_ms = SWEEP_MS},
	{.name = "reminders: unpaid ones",.body = pt_task_unpaid_reminders,.period_ms = 10000},
	{.name = "retention: services",.body = pt_task_retire_service,.period_ms = RETENTION_MS},
	{.name = "retention: messages",.body = pt_task_retire_messages,.period_ms = RETENTION_MS},
	{.name = "retention: events",.body = pt_task_retire_events,.period_ms = RETENTION_MS},
	{.name = "retention: ledger",.body = pt_task_retire_ledger,.period_ms = RETENTION_MS},
	{.name = "retention: calls",.body = pt_task_retire_calls,.period_ms = RETENTION_MS},
	{.name = "retention: jobs",.body = pt_task_retire_jobs,.period_ms = RETENTION_MS},
	{.name = "retention: references",.body = pt_task_retire_refs,.period_ms = RETENTION_MS},
};

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

/* Entry point of the scheduler. */
void
pt_scheduler_main(Datum arg)
{
	pt_session_start(PT_SCHEDULER, DatumGetObjectId(arg));
	pt_tasks_run(tasks, lengthof(tasks));
}
