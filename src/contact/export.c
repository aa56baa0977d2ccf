/*
 * export.c
 *	  Contacts as lines of CSV that can be imported again (CSV-09, RFC 4180).
 *
 * Cells are quoted where RFC 4180 wants it and never altered: what a spreadsheet
 * would run as a formula stays what it is.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* Adds a cell to the line. */
static void
add_cell(StringInfo line, bool first, const char *data, int len)
{
	bool		quote = false;

	for (int i = 0; i < len && !quote; i++)
		quote = data[i] == ',' || data[i] == '"' || data[i] == '\r' || data[i] == '\n';
	if (!first)
		appendStringInfoChar(line, ',');
	if (!quote)
	{
		appendBinaryStringInfo(line, data, len);
		return;
	}
	appendStringInfoChar(line, '"');
	for (int i = 0; i < len; i++)
	{
		if (data[i] == '"')
			appendStringInfoChar(line, '"');
		appendStringInfoChar(line, data[i]);
	}
	appendStringInfoChar(line, '"');
}

/* Adds a variable's value: a text as it is, others as JSON writes them; none is an empty cell. */
static void
add_value(StringInfo line, const JsonbValue *value)
{
	const char *text = "";

	if (value != NULL && value->type == jbvString)
	{
		add_cell(line, false, value->val.string.val, value->val.string.len);
		return;
	}
	if (value != NULL && value->type == jbvBool)
		text = value->val.boolean ? "true" : "false";
	if (value != NULL && value->type == jbvNumeric)
		text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	add_cell(line, false, text, strlen(text));
}

/* The elements of an array of texts without nulls. */
static int
elements(ArrayType *array, Datum **values)
{
	int			n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, values, NULL, &n);
	return n;
}

PG_FUNCTION_INFO_V1(pt_csv_record);

/* portatext.csv_record(cells text[]): a line of CSV without its end. */
Datum
pt_csv_record(PG_FUNCTION_ARGS)
{
	StringInfoData line;
	Datum	   *cells;
	int			n = elements(PG_GETARG_ARRAYTYPE_P(0), &cells);

	initStringInfo(&line);
	for (int i = 0; i < n; i++)
		add_cell(&line, i == 0, VARDATA_ANY(DatumGetPointer(cells[i])), VARSIZE_ANY_EXHDR(DatumGetPointer(cells[i])));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(line.data, line.len));
}

PG_FUNCTION_INFO_V1(pt_csv_contact);

/* portatext.csv_contact(number text, variables jsonb, names text[]): its line, the number in digits. */
Datum
pt_csv_contact(PG_FUNCTION_ARGS)
{
	text	   *number = PG_GETARG_TEXT_PP(0);
	Jsonb	   *variables = PG_GETARG_JSONB_P(1);
	Datum	   *names;
	int			n = elements(PG_GETARG_ARRAYTYPE_P(2), &names);
	StringInfoData line;
	JsonbValue	value;

	initStringInfo(&line);
	add_cell(&line, true, VARDATA_ANY(number) + 1, VARSIZE_ANY_EXHDR(number) - 1);
	for (int i = 0; i < n; i++)
	{
		const void *name = DatumGetPointer(names[i]);

		add_value(&line, getKeyJsonValueFromContainer(&variables->root, VARDATA_ANY(name),
													  VARSIZE_ANY_EXHDR(name), &value));
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(line.data, line.len));
}
