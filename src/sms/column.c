/*
 * column.c
 *	  Columns of values handed to a statement as arrays for unnest().
 */
#include "portatext.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "sms/column.h"

/* Appends a value, making room in the current memory context. */
static void
column_append(PtColumn *column, Datum value, bool isnull)
{
	if (column->n == column->room)
	{
		int			room = Max(16, column->room * 2);

		if (column->room == 0)
		{
			column->values = palloc_array(Datum, room);
			column->nulls = palloc_array(bool, room);
		}
		else
		{
			column->values = repalloc_array(column->values, Datum, room);
			column->nulls = repalloc_array(column->nulls, bool, room);
		}
		column->room = room;
	}
	column->values[column->n] = value;
	column->nulls[column->n] = isnull;
	column->n++;
}

/* Appends a value that outlives the column's use. */
void
pt_column_add(PtColumn *column, Datum value)
{
	column_append(column, value, false);
}

/* Appends a null. */
void
pt_column_add_null(PtColumn *column)
{
	column_append(column, (Datum) 0, true);
}

/* Appends a copy of a text. */
void
pt_column_add_text(PtColumn *column, const char *text)
{
	bool		isnull = text == NULL || text[0] == '\0';

	column_append(column, isnull ? (Datum) 0 : CStringGetTextDatum(text), isnull);
}

/* Appends an id, which must outlive the column's use. */
void
pt_column_add_uuid(PtColumn *column, const pg_uuid_t *id)
{
	column_append(column, UUIDPGetDatum(id), false);
}

/* The column as a one-dimensional array. */
Datum
pt_column_array(const PtColumn *column)
{
	int16		len;
	bool		byval;
	char		align;
	int			dims[1] = {column->n};
	int			lower[1] = {1};

	get_typlenbyvalalign(column->type, &len, &byval, &align);
	if (column->n == 0)
		return PointerGetDatum(construct_empty_array(column->type));
	return PointerGetDatum(construct_md_array(column->values, column->nulls, 1, dims, lower,
											  column->type, len, byval, align));
}

void
pt_column_run(PtPlan *plan, const PtColumn *columns, int expected)
{
	Datum		values[PT_PLAN_MAX_ARGS];

	if (columns[0].n == 0)
		return;
	for (int i = 0; i < plan->nargs; i++)
		values[i] = pt_column_array(&columns[i]);
	pt_plan_run(plan, values, NULL, expected);
}
