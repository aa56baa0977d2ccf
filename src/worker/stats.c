/*
 * stats.c
 *	  The shared memory as rows, for the views pg_stat_portatext_*.
 */
#include "worker/internal.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define WORKER_COLUMNS (9 + PT_COUNTERS)
#define CARRIER_COLUMNS 9

PG_FUNCTION_INFO_V1(pt_worker_stats);
PG_FUNCTION_INFO_V1(pt_carrier_counters);

/* The view's word for what a worker is doing. */
static const char *
activity_name(int activity)
{
	static const char *const names[] = {"starting", "waiting", "working", "not adopted", "stopping"};

	return names[activity];
}

/* One slot as a row. */
static void
put_worker(ReturnSetInfo *rsinfo, PtSlot *slot)
{
	Datum		values[WORKER_COLUMNS];
	bool		nulls[WORKER_COLUMNS] = {false};
	int			column = 0;

	values[column++] = Int32GetDatum(slot->pid);
	values[column++] = CStringGetTextDatum(pt_kind_name(slot->kind));
	values[column++] = Int64GetDatum(slot->number);
	nulls[column - 1] = slot->number == 0;
	values[column++] = CStringGetTextDatum(activity_name(slot->activity));
	values[column++] = TimestampTzGetDatum(slot->started);
	values[column++] = Int32GetDatum(slot->in_flight);
	for (int c = 0; c < PT_COUNTERS; c++)
		values[column++] = Int64GetDatum((int64) pg_atomic_read_u64(&slot->counts[c]));
	values[column++] = CStringGetTextDatum(slot->error);
	values[column++] = TimestampTzGetDatum(slot->error_at);
	nulls[column - 2] = nulls[column - 1] = slot->error_at == 0;
	values[column++] = Int32GetDatum((int32) (slot - pt_shared->slots));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* worker_stats(): the launcher and this database's workers. */
Datum
pt_worker_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	if (pt_shared == NULL)
		return (Datum) 0;
	LWLockAcquire(pt_shared->lock, LW_SHARED);
	for (int i = 0; i < pt_shared->slots_used; i++)
	{
		PtSlot	   *slot = &pt_shared->slots[i];

		if (slot->pid != 0 && (slot->database == MyDatabaseId || slot->kind == PT_LAUNCHER))
			put_worker(rsinfo, slot);
	}
	LWLockRelease(pt_shared->lock);
	return (Datum) 0;
}

/* One worker's counters of one carrier as a row. */
static void
put_carrier(ReturnSetInfo *rsinfo, const PtCarrierEntry *entry)
{
	const PtCarrierStats *stats = &entry->stats;
	Datum		values[CARRIER_COLUMNS];
	bool		nulls[CARRIER_COLUMNS] = {false};

	values[0] = Int32GetDatum(entry->carrier_id);
	values[1] = Int64GetDatum((int64) stats->accepted);
	values[2] = Int64GetDatum((int64) stats->throttled);
	values[3] = Int64GetDatum((int64) stats->temporary);
	values[4] = Int64GetDatum((int64) stats->unclear);
	values[5] = Int64GetDatum((int64) stats->refused);
	values[6] = Int32GetDatum(stats->in_flight);
	values[7] = Int32GetDatum(stats->consecutive_failures);
	values[8] = TimestampTzGetDatum(stats->open_until);
	nulls[8] = stats->open_until == 0;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* carrier_counters(): a row for each worker and carrier of this database. */
Datum
pt_carrier_counters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	if (pt_shared == NULL)
		return (Datum) 0;
	LWLockAcquire(pt_shared->lock, LW_SHARED);
	for (int i = 0; i < PT_MAX_CARRIERS; i++)
		if (pt_shared->carriers[i].database == MyDatabaseId)
			put_carrier(rsinfo, &pt_shared->carriers[i]);
	LWLockRelease(pt_shared->lock);
	return (Datum) 0;
}
