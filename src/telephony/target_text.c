/*
 * target_text.c
 *	  A target's own flow: the values of its variables in the texts.
 *
 * The braces stand inside strings of the flow's JSON, so a value is written as the
 * inside of such a string; it is not read a second time (TPL-04).
 */
#include "telephony/target.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "text/placeholder.h"

/* Appends the value of a variable; false: there is none. */
static bool
append_value(StringInfo out, const Jsonb *variables, const char *name, size_t len)
{
	JsonbValue	key = {.type = jbvString};
	JsonbValue *value;
	StringInfoData quoted;
	char	   *text;

	if (variables == NULL)
		return false;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = (int) len;
	value = findJsonbValueFromContainer(unconstify(JsonbContainer *, &variables->root), JB_FOBJECT, &key);
	if (value == NULL || (value->type != jbvString && value->type != jbvNumeric))
		return false;
	text = value->type == jbvString ? pnstrdup(value->val.string.val, value->val.string.len) :
		DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	initStringInfo(&quoted);
	escape_json(&quoted, text);
	appendBinaryStringInfo(out, quoted.data + 1, quoted.len - 2);
	return true;
}

char *
pt_target_flow(const char *flow, const Jsonb *variables)
{
	StringInfoData out;
	PtPiece		piece;
	PtPieceKind kind;
	size_t		at = 0;
	size_t		len = strlen(flow);

	initStringInfo(&out);
	while ((kind = pt_template_next(flow, len, &at, &piece)) != PT_PIECE_END)
	{
		if (kind == PT_PIECE_TEXT)
			appendBinaryStringInfo(&out, piece.data, (int) piece.len);
		else if (kind != PT_PIECE_VARIABLE || !append_value(&out, variables, piece.data, piece.len))
			return NULL;
	}
	return out.data;
}
