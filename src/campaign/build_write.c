/*
 * build_write.c
 *	  Writes a slice's rows of campaign_recipient.
 *
 * Page by page and past the executor, as COPY does: the statement that would
 * write the same rows from arrays takes half as long again.  The table has no
 * triggers, and row-level security does not bind the keeper.
 */
#include "campaign/build.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define BATCH 500				/* rows given to the table at once */

/* The columns of portatext.campaign_recipient, from 0. */
typedef enum Column
{
	RUN_ID, NUMBER, ACCOUNT_ID, COHORT, PLACE, VARIANT, SEGMENTS, COST, SENDER, BODY, REASON, MESSAGE_ID, COLUMNS
} Column;

typedef struct Writer
{
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *result;
	BulkInsertState bulk;
	TupleTableSlot *slots[BATCH];
	int			n;
} Writer;

static void
begin_writing(Writer *writer)
{
	Oid			oid = get_relname_relid("campaign_recipient", get_namespace_oid("portatext", false));

	memset(writer, 0, sizeof(*writer));
	writer->relation = table_open(oid, RowExclusiveLock);
	writer->estate = CreateExecutorState();
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, writer->relation, 1, NULL, 0);
	ExecOpenIndices(writer->result, false);
	writer->bulk = GetBulkInsertState();
}

/* Gives the batch to the table and its indexes. */
static void
write_batch(Writer *writer)
{
	table_multi_insert(writer->relation, writer->slots, writer->n, GetCurrentCommandId(true), 0, writer->bulk);
	for (int i = 0; i < writer->n; i++)
	{
		(void) PT_INSERT_INDEX_TUPLES(writer->result, writer->slots[i], writer->estate);
		ResetPerTupleExprContext(writer->estate);
		ExecClearTuple(writer->slots[i]);
	}
	writer->n = 0;
}

static void
end_writing(Writer *writer)
{
	if (writer->n > 0)
		write_batch(writer);
	for (int i = 0; i < BATCH && writer->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	FreeBulkInsertState(writer->bulk);
	ExecCloseIndices(writer->result);
	FreeExecutorState(writer->estate);
	table_close(writer->relation, NoLock);
	CommandCounterIncrement();
}

/* The next row of the batch, all null. */
static TupleTableSlot *
next_slot(Writer *writer)
{
	TupleTableSlot *slot = writer->slots[writer->n];

	if (slot == NULL)
		slot = writer->slots[writer->n] = table_slot_create(writer->relation, NULL);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	writer->n++;
	return slot;
}

static void
set(TupleTableSlot *slot, Column column, Datum value)
{
	slot->tts_values[column] = value;
	slot->tts_isnull[column] = false;
}

/* The row of one recipient; what a skipped one would have cost is not kept. */
static void
write_row(Writer *writer, const PtBuild *build, const PtBuildItem *item)
{
	TupleTableSlot *slot = next_slot(writer);

	set(slot, RUN_ID, Int64GetDatum(build->run_id));
	set(slot, NUMBER, CStringGetTextDatum(item->number));
	set(slot, ACCOUNT_ID, Int64GetDatum(build->account->account_id));
	set(slot, VARIANT, Int16GetDatum(item->variant->variant));
	if (item->place > 0)
	{
		set(slot, COHORT, Int32GetDatum(item->cohort));
		set(slot, PLACE, Int64GetDatum(item->place));
		if (!build->calls)
		{
			set(slot, SEGMENTS, Int16GetDatum((int16) item->order.analysis.segments));
			set(slot, COST, item->order.cost);
		}
		if (item->order.sender != NULL)
			set(slot, SENDER, CStringGetTextDatum(item->order.sender));
		if (item->variant->has_variables)
			set(slot, BODY, PointerGetDatum(item->order.body));
	}
	else
		set(slot, REASON, CStringGetTextDatum(pt_refusal_name(item->refusal.code)));
	ExecStoreVirtualTuple(slot);
	if (writer->n == BATCH)
		write_batch(writer);
}

void
pt_build_write(const PtBuild *build, const PtBuildSlice *slice)
{
	Writer		writer;

	begin_writing(&writer);
	for (int i = 0; i < slice->n; i++)
	{
		if (!slice->items[i].duplicate)
			write_row(&writer, build, &slice->items[i]);
	}
	end_writing(&writer);
}
