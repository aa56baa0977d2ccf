/*
 * rows.c
 *	  Writing the contacts of a version, the last of a number wins (CSV-08).
 *
 * Rows are sorted by number before they are written: those of one number come
 * together, the last line first, and the index of the table grows at its right
 * edge only.  The sort spills to disk beyond maintenance_work_mem.
 */
#include "contact/rows.h"

#include "catalog/pg_operator_d.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#include "number/number.h"

#define BATCH_BYTES (4 * 1024 * 1024)
#define BATCH_MEMORY (1024 * 1024)	/* kept from batch to batch */
#define INT8_GREATER 413		/* operator > of bigint */

/* Columns of what is sorted. */
enum
{
	KEY, ORD, VARIABLES, COLUMNS
};

struct PtContactRows
{
	bool		fresh;
	int64		added;
	int64		duplicates;
	MemoryContext context;		/* of the batch */
	Tuplesortstate *sort;		/* NULL: nothing was added since the last flush */
	TupleTableSlot *slot;
	PtRowAppend *append;		/* NULL: merge */
	PtRowBatch	batch;
};

/* What is sorted: the number as a key, when it came, its variables. */
static TupleDesc
row_desc(void)
{
	TupleDesc	desc = CreateTemplateTupleDesc(COLUMNS);

	TupleDescInitEntry(desc, KEY + 1, "key", INT8OID, -1, 0);
	TupleDescInitEntry(desc, ORD + 1, "ord", INT8OID, -1, 0);
	TupleDescInitEntry(desc, VARIABLES + 1, "variables", JSONBOID, -1, 0);
	return desc;
}

PtContactRows *
pt_rows_new(int64 account_id, int64 version, bool fresh)
{
	PtContactRows *rows = palloc0(sizeof(PtContactRows));

	rows->fresh = fresh;
	rows->batch.account_id = account_id;
	rows->batch.version = version;
	rows->context = AllocSetContextCreate(CurrentMemoryContext, "portatext contacts",
										  0, BATCH_MEMORY, ALLOCSET_DEFAULT_MAXSIZE);
	rows->slot = MakeSingleTupleTableSlot(row_desc(), &TTSOpsMinimalTuple);
	return rows;
}

/* The digits, filled up with zeros to 15, and how many they were: in the order of the texts. */
static int64
key_of(const char *number)
{
	int64		key = 0;
	int			len = 0;

	for (const char *digit = number + 1; *digit != '\0'; digit++, len++)
		key = key * 10 + (*digit - '0');
	for (int i = len; i < PT_E164_MAX_DIGITS; i++)
		key *= 10;
	return key * 16 + len;
}

/* The number of a key, as a text. */
static Datum
number_of(int64 key)
{
	int			len = key % 16;
	text	   *number = palloc(VARHDRSZ + 1 + PT_E164_MAX_DIGITS);
	char	   *data = VARDATA(number);

	key /= 16;
	data[0] = '+';
	for (int i = PT_E164_MAX_DIGITS; i > 0; i--, key /= 10)
		data[i] = '0' + key % 10;
	SET_VARSIZE(number, VARHDRSZ + 1 + len);
	return PointerGetDatum(number);
}

/* Begins to sort. */
static void
begin_sort(PtContactRows *rows)
{
	AttrNumber	columns[] = {KEY + 1, ORD + 1};
	Oid			operators[] = {Int8LessOperator, INT8_GREATER};
	Oid			collations[] = {InvalidOid, InvalidOid};
	bool		nulls_first[] = {false, false};
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(rows));

	rows->sort = tuplesort_begin_heap(rows->slot->tts_tupleDescriptor, 2, columns, operators, collations,
									  nulls_first, maintenance_work_mem, NULL, TUPLESORT_NONE);
	MemoryContextSwitchTo(old);
}

void
pt_rows_add(PtContactRows *rows, const char *number, const Jsonb *variables)
{
	TupleTableSlot *slot = rows->slot;

	if (rows->sort == NULL)
		begin_sort(rows);
	ExecClearTuple(slot);
	slot->tts_values[KEY] = Int64GetDatum(key_of(number));
	slot->tts_values[ORD] = Int64GetDatum(rows->added++);
	slot->tts_values[VARIABLES] = PointerGetDatum(variables);
	slot->tts_isnull[KEY] = slot->tts_isnull[ORD] = false;
	slot->tts_isnull[VARIABLES] = variables == NULL;
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(rows->sort, slot);
}

/* Writes the batch. */
static void
write_batch(PtContactRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	if (rows->append != NULL)
		pt_rows_append(rows->append, &rows->batch);
	else
		rows->duplicates += pt_rows_merge(&rows->batch);
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->context);
	rows->batch.n = 0;
	rows->batch.bytes = 0;
}

/* Adds the sorted row to the batch. */
static void
take_row(PtContactRows *rows, int64 key)
{
	PtRowBatch *batch = &rows->batch;
	MemoryContext old = MemoryContextSwitchTo(rows->context);
	int			n = batch->n++;
	bool		isnull;
	Datum		value = slot_getattr(rows->slot, VARIABLES + 1, &isnull);

	batch->numbers[n] = number_of(key);
	batch->none[n] = isnull;
	if (!isnull)
	{
		Size		size = VARSIZE_ANY(DatumGetPointer(value));

		batch->variables[n] = PointerGetDatum(memcpy(palloc(size), DatumGetPointer(value), size));
		batch->bytes += size;
	}
	MemoryContextSwitchTo(old);
	if (batch->n == PT_ROWS_BATCH || batch->bytes > BATCH_BYTES)
		write_batch(rows);
}

/* Writes the sorted rows, the first of each number. */
static void
write_sorted(PtContactRows *rows)
{
	int64		last = 0;
	bool		isnull;

	while (tuplesort_gettupleslot(rows->sort, true, false, rows->slot, NULL))
	{
		int64		key = DatumGetInt64(slot_getattr(rows->slot, KEY + 1, &isnull));

		CHECK_FOR_INTERRUPTS();
		if (key == last)
			rows->duplicates++;
		else
			take_row(rows, key);
		last = key;
	}
	if (rows->batch.n > 0)
		write_batch(rows);
}

void
pt_rows_flush(PtContactRows *rows)
{
	if (rows->sort == NULL)
		return;
	tuplesort_performsort(rows->sort);
	rows->append = rows->fresh ? pt_rows_append_begin() : NULL;
	write_sorted(rows);
	if (rows->append != NULL)
		pt_rows_append_end(rows->append);
	ExecClearTuple(rows->slot);
	tuplesort_end(rows->sort);
	rows->sort = NULL;
	rows->fresh = false;
}

int64
pt_rows_duplicates(const PtContactRows *rows)
{
	return rows->duplicates;
}
