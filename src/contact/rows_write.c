/*
 * rows_write.c
 *	  A batch of contacts goes into the table.
 *
 * A new version, which nobody else knows yet, has no contacts that could conflict:
 * its batches, whose numbers are all different, go to the heap and the one index
 * as COPY would write them.  Others are merged by
 * statements: what is not there is inserted, and when fewer rows went in than
 * were given the others are updated.
 */
#include "contact/rows.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Columns of portatext.contact. */
enum
{
	VERSION, NUMBER, ACCOUNT, VARIABLES, COLUMNS
};

struct PtRowAppend
{
	Relation	table;
	Relation	index;
	IndexInfo  *info;
	BulkInsertState state;
	TupleTableSlot *slots[PT_ROWS_BATCH];
	int			n_slots;
};

/* An array of the batch's values; nulls may be NULL. */
static Datum
array_of(const Datum *values, const bool *nulls, int n, Oid type)
{
	int			lower = 1;

	return PointerGetDatum(construct_md_array((Datum *) values, (bool *) nulls, 1, &n, &lower, type, -1, false,
											  TYPALIGN_INT));
}

/* Numbers that were there already get the batch's variables. */
static void
update_rows(const Datum *values)
{
	static PtPlan plan = {
		"UPDATE portatext.contact c SET variables = u.variables"
		" FROM unnest($3::text[], $4::jsonb[]) u (number, variables)"
		" WHERE c.version = $2 AND c.account_id = $1 AND c.number::text = u.number"
		" AND c.variables IS DISTINCT FROM u.variables",
		4, {INT8OID, INT8OID, TEXTARRAYOID, JSONBARRAYOID}, .generic = true
	};

	pt_plan_run(&plan, values, NULL, SPI_OK_UPDATE);
}

int64
pt_rows_merge(const PtRowBatch *batch)
{
	static PtPlan plan = {
		"INSERT INTO portatext.contact (account_id, version, number, variables)"
		" SELECT $1, $2, u.number, u.variables FROM unnest($3::text[], $4::jsonb[]) u (number, variables)"
		" ON CONFLICT DO NOTHING",
		4, {INT8OID, INT8OID, TEXTARRAYOID, JSONBARRAYOID}, .generic = true
	};
	Datum		values[4];
	uint64		inserted;

	values[0] = Int64GetDatum(batch->account_id);
	values[1] = Int64GetDatum(batch->version);
	values[2] = array_of(batch->numbers, NULL, batch->n, TEXTOID);
	values[3] = array_of(batch->variables, batch->none, batch->n, JSONBOID);
	inserted = pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
	if (inserted < batch->n)
		update_rows(values);
	return batch->n - inserted;
}

/* Has the table its four columns, its one index, the primary key, and no triggers? */
static bool
is_as_made(Relation table, Relation index)
{
	return RelationGetDescr(table)->natts == COLUMNS && list_length(RelationGetIndexList(table)) == 1 &&
		index->rd_index->indisprimary && index->rd_index->indimmediate && table->trigdesc == NULL;
}

/* Opens the table and the first of its indexes; NULL: it has none. */
static PtRowAppend *
open_table(void)
{
	PtRowAppend *append = palloc0(sizeof(PtRowAppend));
	List	   *indexes;

	append->table = table_open(get_relname_relid("contact", get_namespace_oid("portatext", false)),
							   RowExclusiveLock);
	indexes = RelationGetIndexList(append->table);
	if (indexes == NIL)
	{
		table_close(append->table, NoLock);
		return NULL;
	}
	append->index = index_open(linitial_oid(indexes), RowExclusiveLock);
	return append;
}

/* Closes both. */
static void
close_table(PtRowAppend *append)
{
	index_close(append->index, NoLock);
	table_close(append->table, NoLock);
	pfree(append);
}

PtRowAppend *
pt_rows_append_begin(void)
{
	PtRowAppend *append = open_table();

	if (append != NULL && !is_as_made(append->table, append->index))
	{
		close_table(append);
		return NULL;
	}
	if (append != NULL)
	{
		append->info = BuildIndexInfo(append->index);
		append->state = GetBulkInsertState();
	}
	return append;
}

/* Fills a slot with a row of the batch. */
static TupleTableSlot *
fill_slot(PtRowAppend *append, const PtRowBatch *batch, int i)
{
	TupleTableSlot *slot;

	if (i >= append->n_slots)
	{
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(append));

		append->slots[i] = table_slot_create(append->table, NULL);
		append->n_slots = i + 1;
		MemoryContextSwitchTo(old);
	}
	slot = append->slots[i];
	ExecClearTuple(slot);
	slot->tts_values[VERSION] = Int64GetDatum(batch->version);
	slot->tts_values[NUMBER] = batch->numbers[i];
	slot->tts_values[ACCOUNT] = Int64GetDatum(batch->account_id);
	slot->tts_values[VARIABLES] = batch->variables[i];
	memset(slot->tts_isnull, 0, COLUMNS * sizeof(bool));
	slot->tts_isnull[VARIABLES] = batch->none[i];
	return ExecStoreVirtualTuple(slot);
}

void
pt_rows_append(PtRowAppend *append, const PtRowBatch *batch)
{
	bool		nulls[2] = {false, false};

	for (int i = 0; i < batch->n; i++)
		(void) fill_slot(append, batch, i);
	table_multi_insert(append->table, append->slots, batch->n, GetCurrentCommandId(true), 0, append->state);
	for (int i = 0; i < batch->n; i++)
	{
		Datum		values[2] = {Int64GetDatum(batch->version), batch->numbers[i]};

		index_insert(append->index, values, nulls, &append->slots[i]->tts_tid, append->table,
					 UNIQUE_CHECK_NO, false, append->info);
	}
	for (int i = 0; i < batch->n; i++)
		ExecClearTuple(append->slots[i]);
}

void
pt_rows_append_end(PtRowAppend *append)
{
	FreeBulkInsertState(append->state);
	for (int i = 0; i < append->n_slots; i++)
		ExecDropSingleTupleTableSlot(append->slots[i]);
	close_table(append);
	CommandCounterIncrement();
}
