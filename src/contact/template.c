/*
 * template.c
 *	  Texts with variables: read once, rendered for many (TPL-01 to TPL-04).
 *
 * All is in the database's encoding, whichever that is: those of a server have
 * no ASCII characters within others.
 */
#include "contact/contact.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/numeric.h"

#include "text/placeholder.h"

#define SHOWN 60				/* bytes of a bad place that an error shows */

typedef struct Piece
{
	const char *data;
	int			len;
	bool		is_variable;
} Piece;

struct PtTemplate
{
	int			n;
	int			room;
	Piece	   *pieces;
	bool		has_variables;
};

PG_FUNCTION_INFO_V1(pt_render_template);
PG_FUNCTION_INFO_V1(pt_template_variables);

/* Raises 22023 for braces that are no variable; bad is all from the opening ones on. */
static void
raise_bad(const char *text, const PtPiece *bad)
{
	int			place = pg_mbstrlen_with_len(text, (int) (bad->data - text)) + 1;
	int			shown = pg_mbcliplen(bad->data, (int) bad->len, SHOWN);
	bool		closed = bad->len >= 4 && memcmp(bad->data + bad->len - 2, "}}", 2) == 0;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 closed ? errmsg("braces at character %d hold no name of a variable", place) :
			 errmsg("braces at character %d are not closed", place),
			 errdetail("There the text is: %.*s", shown, bad->data),
			 errhint("A variable is written {{name}}; its name has 1 to %d bytes, no braces and no control characters.",
					 PT_VARIABLE_MAX)));
}

/* Adds a piece. */
static void
add_piece(PtTemplate *template, const PtPiece *piece, bool is_variable)
{
	if (template->n == template->room)
	{
		template->room *= 2;
		template->pieces = repalloc_huge(template->pieces, (Size) template->room * sizeof(Piece));
	}
	template->pieces[template->n++] = (Piece) {piece->data, (int) piece->len, is_variable};
	template->has_variables |= is_variable;
}

PtTemplate *
pt_template_read(const text *body)
{
	PtTemplate *template = palloc0(sizeof(PtTemplate));
	size_t		len = VARSIZE_ANY_EXHDR(body);
	char	   *copy = palloc(len + 1);
	size_t		at = 0;
	PtPiece		piece;
	PtPieceKind kind;

	memcpy(copy, VARDATA_ANY(body), len);
	template->room = 8;
	template->pieces = palloc(template->room * sizeof(Piece));
	while ((kind = pt_template_next(copy, len, &at, &piece)) != PT_PIECE_END)
	{
		if (kind == PT_PIECE_BAD)
			raise_bad(copy, &piece);
		add_piece(template, &piece, kind == PT_PIECE_VARIABLE);
	}
	return template;
}

bool
pt_template_has_variables(const PtTemplate *template)
{
	return template->has_variables;
}

/* Finds a variable in the layers; false: none has it with a value. */
static bool
find_value(const Piece *name, const Jsonb *const *layers, int n, JsonbValue *value)
{
	for (int i = 0; i < n; i++)
	{
		JsonbContainer *layer = layers[i] != NULL ? (JsonbContainer *) &layers[i]->root : NULL;

		if (layer == NULL)
			continue;
		if (!JsonContainerIsObject(layer))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("variables must be a JSON object")));
		if (getKeyJsonValueFromContainer(layer, name->data, name->len, value) != NULL &&
			value->type != jbvNull)
			return true;
	}
	return false;
}

/* Appends a value; 22023 if it is an object or array. */
static void
append_value(StringInfo out, const Piece *name, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			appendBinaryStringInfo(out, value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			appendStringInfoString(out, DatumGetCString(DirectFunctionCall1(numeric_out,
																			NumericGetDatum(value->val.numeric))));
			break;
		case jbvBool:
			appendStringInfoString(out, value->val.boolean ? "true" : "false");
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("variable \"%.*s\" is an object or array", name->len, name->data),
					 errhint("Give a string, a number or a boolean.")));
	}
}

text *
pt_template_render(const PtTemplate *template, const Jsonb *const *layers, int n, char **missing)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	for (int i = 0; i < template->n; i++)
	{
		const Piece *piece = &template->pieces[i];
		JsonbValue	value;

		if (!piece->is_variable)
			appendBinaryStringInfo(&out, piece->data, piece->len);
		else if (find_value(piece, layers, n, &value))
			append_value(&out, piece, &value);
		else
		{
			*missing = pnstrdup(piece->data, piece->len);
			pfree(out.data);
			return NULL;
		}
	}
	SET_VARSIZE(out.data, out.len);
	return (text *) out.data;
}

/* A text as the id of a template; 0 if it cannot be one. */
static int64
read_id(const text *name)
{
	char	   *end;
	char	   *digits = text_to_cstring(name);
	int64		id;

	errno = 0;
	id = strtoll(digits, &end, 10);
	return errno == 0 && *end == '\0' && digits[0] >= '1' && digits[0] <= '9' ? id : 0;
}

text *
pt_template_find(int64 account_id, const text *name)
{
	static PtPlan find = {
		.sql = "SELECT COALESCE((SELECT t.body FROM portatext.template t"
		" WHERE t.account_id OPERATOR(pg_catalog.=) $1 AND t.name OPERATOR(pg_catalog.=) $2),"
		" (SELECT t.body FROM portatext.template t"
		" WHERE t.account_id OPERATOR(pg_catalog.=) $1 AND t.template_id OPERATOR(pg_catalog.=) $3))",
		.nargs = 3,.argtypes = {INT8OID, TEXTOID, INT8OID}
	};
	Datum		values[3] = {Int64GetDatum(account_id), PointerGetDatum(name), Int64GetDatum(read_id(name))};
	Datum		body;
	bool		isnull;

	(void) pt_plan_read(&find, values, NULL);
	body = pt_result(0, 1, &isnull);
	return isnull ? NULL : DatumGetTextPCopy(body);
}

/* render_template(body text, variables jsonb) → text; null variables: none. */
Datum
pt_render_template(PG_FUNCTION_ARGS)
{
	const Jsonb *layer = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	char	   *missing = NULL;
	text	   *rendered;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rendered = pt_template_render(pt_template_read(PG_GETARG_TEXT_PP(0)), &layer, 1, &missing);
	if (rendered == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variable \"%s\" has no value", missing),
				 errhint("Give it in the variables; null is no value.")));
	PG_RETURN_TEXT_P(rendered);
}

/* A table of names, to have each once. */
static HTAB *
make_names(void)
{
	HASHCTL		control = {.keysize = PT_VARIABLE_MAX + 1,.entrysize = PT_VARIABLE_MAX + 1,.hcxt = CurrentMemoryContext};

	return hash_create("variables of a template", 32, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

/* template_variables(body text) → text[]: each once, in their order. */
Datum
pt_template_variables(PG_FUNCTION_ARGS)
{
	PtTemplate *template = pt_template_read(PG_GETARG_TEXT_PP(0));
	HTAB	   *names = make_names();
	Datum	   *found = palloc((template->n + 1) * sizeof(Datum));
	int			n = 0;

	for (int i = 0; i < template->n; i++)
	{
		char		name[PT_VARIABLE_MAX + 1];
		bool		known;

		if (!template->pieces[i].is_variable)
			continue;
		memcpy(name, template->pieces[i].data, template->pieces[i].len);
		name[template->pieces[i].len] = '\0';
		(void) hash_search(names, name, HASH_ENTER, &known);
		if (!known)
			found[n++] = CStringGetTextDatum(name);
	}
	hash_destroy(names);
	PG_RETURN_ARRAYTYPE_P(construct_array(found, n, TEXTOID, -1, false, TYPALIGN_INT));
}
