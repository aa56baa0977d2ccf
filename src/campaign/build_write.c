/*
 * build_write.c
 *	  Writes a chunk's rows of campaign_recipient in one statement.
 */
#include "campaign/build.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* The columns that differ from row to row. */
typedef enum Column
{
	NUMBER, COHORT, PLACE, VARIANT, SEGMENTS, COST, SENDER, BODY, REASON, COLUMNS
} Column;

typedef struct ColumnType
{
	Oid			oid;
	int			len;
	char		align;
} ColumnType;

static const ColumnType column_types[COLUMNS] = {
	[NUMBER] = {TEXTOID, -1, TYPALIGN_INT},
	[COHORT] = {INT4OID, 4, TYPALIGN_INT},
	[PLACE] = {INT8OID, 8, TYPALIGN_DOUBLE},
	[VARIANT] = {INT2OID, 2, TYPALIGN_SHORT},
	[SEGMENTS] = {INT2OID, 2, TYPALIGN_SHORT},
	[COST] = {NUMERICOID, -1, TYPALIGN_INT},
	[SENDER] = {TEXTOID, -1, TYPALIGN_INT},
	[BODY] = {TEXTOID, -1, TYPALIGN_INT},
	[REASON] = {TEXTOID, -1, TYPALIGN_INT}
};

typedef struct Rows
{
	int			n;
	Datum	   *values[COLUMNS];
	bool	   *nulls[COLUMNS];
} Rows;

static void
make_rows(Rows *rows, int room)
{
	rows->n = 0;
	for (int c = 0; c < COLUMNS; c++)
	{
		rows->values[c] = palloc(Max(room, 1) * sizeof(Datum));
		rows->nulls[c] = palloc(Max(room, 1) * sizeof(bool));
	}
}

static void
set(Rows *rows, Column column, bool there, Datum value)
{
	rows->values[column][rows->n] = value;
	rows->nulls[column][rows->n] = !there;
}

/* Adds the row of one recipient; what a skipped one would have cost is not kept. */
static void
add_row(Rows *rows, const PtBuildItem *item)
{
	const PtOrder *order = &item->order;
	bool		goes = item->place > 0;

	set(rows, NUMBER, true, CStringGetTextDatum(item->number));
	set(rows, COHORT, goes, Int32GetDatum(item->cohort));
	set(rows, PLACE, goes, Int64GetDatum(item->place));
	set(rows, VARIANT, true, Int16GetDatum(item->variant->variant));
	set(rows, SEGMENTS, goes, Int16GetDatum((int16) order->analysis.segments));
	set(rows, COST, goes, order->cost);
	set(rows, SENDER, goes, goes ? CStringGetTextDatum(order->sender) : (Datum) 0);
	set(rows, BODY, goes && item->variant->has_variables, PointerGetDatum(order->body));
	set(rows, REASON, !goes, goes ? (Datum) 0 : CStringGetTextDatum(pt_refusal_name(item->refusal.code)));
	rows->n++;
}

static Datum
column_array(const Rows *rows, Column column)
{
	const ColumnType *type = &column_types[column];
	int			n = rows->n;
	int			from = 1;

	return PointerGetDatum(construct_md_array(rows->values[column], rows->nulls[column], 1, &n, &from,
											  type->oid, type->len, type->len > 0, type->align));
}

void
pt_build_write(const PtBuild *build, const PtBuildChunk *chunk)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign_recipient (run_id, account_id, number, cohort, place, variant, segments,"
		"  cost, sender, body, reason)"
		" SELECT $1, $2, u.* FROM unnest($3::text[], $4::int4[], $5::int8[], $6::int2[], $7::int2[],"
		"  $8::numeric[], $9::text[], $10::text[], $11::text[]) u",
		11, {INT8OID, INT8OID, TEXTARRAYOID, INT4ARRAYOID, INT8ARRAYOID, INT2ARRAYOID, INT2ARRAYOID,
		NUMERICARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID},
		.generic = true
	};
	Datum		values[2 + COLUMNS];
	Rows		rows;

	make_rows(&rows, chunk->n);
	for (int i = 0; i < chunk->n; i++)
	{
		if (!chunk->items[i].duplicate)
			add_row(&rows, &chunk->items[i]);
	}
	if (rows.n == 0)
		return;
	values[0] = Int64GetDatum(build->run_id);
	values[1] = Int64GetDatum(build->account->account_id);
	for (int c = 0; c < COLUMNS; c++)
		values[2 + c] = column_array(&rows, c);
	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}
