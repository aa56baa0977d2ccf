/*
 * variables.c
 *	  The variables of a contact: a flat JSON object, made and read.
 */
#include "contact/variables.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "contact/contact.h"
#include "number/number.h"
#include "text/placeholder.h"

/* jsonb's order of keys: shorter ones first, then by bytes. */
static int
compare_names(const PtVariableNames *names, int a, int b)
{
	if (names->lengths[a] != names->lengths[b])
		return names->lengths[a] - names->lengths[b];
	return memcmp(names->names[a], names->names[b], names->lengths[a]);
}

/* Puts the position behind the ordered ones; false: the name is there already. */
static bool
insert_name(PtVariableNames *names, int position)
{
	int			low = 0;
	int			high = position;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			compared = compare_names(names, position, names->order[middle]);

		if (compared == 0)
			return false;
		if (compared < 0)
			high = middle;
		else
			low = middle + 1;
	}
	memmove(&names->order[low + 1], &names->order[low], (position - low) * sizeof(int));
	names->order[low] = position;
	return true;
}

/* Fills in the name at the position; what is wrong with it, or NULL. */
static const char *
take_name(PtVariableNames *names, int position, const char *name)
{
	names->names[position] = name;
	names->lengths[position] = strlen(name);
	if (!pt_variable_name_ok(name, names->lengths[position]))
		return psprintf("\"%s\" cannot be the name of a variable",
						pt_shown(name, names->lengths[position]));
	if (strcmp(name, "number") == 0 || !insert_name(names, position))
		return psprintf("variable \"%s\" is there twice", name);
	return NULL;
}

PtVariableNames *
pt_variable_names(const char **given, int n, const char **problem)
{
	PtVariableNames *names = palloc(sizeof(PtVariableNames));
	const char *wrong = NULL;

	names->n = n;
	names->names = palloc((n + 1) * sizeof(char *));
	names->lengths = palloc((n + 1) * sizeof(int));
	names->order = palloc((n + 1) * sizeof(int));
	names->pairs = palloc0((n + 1) * sizeof(JsonbPair));
	for (int i = 0; i < n && wrong == NULL; i++)
		wrong = take_name(names, i, given[i]);
	if (problem != NULL)
		*problem = wrong;
	else if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s", wrong),
				 errhint("A name has 1 to %d bytes, no braces, no control characters and no blank at its ends.",
						 PT_VARIABLE_MAX)));
	return names;
}

Jsonb *
pt_variables_make(PtVariableNames *names, const JsonbValue *values)
{
	JsonbValue	object;
	int			n = 0;

	for (int i = 0; i < names->n; i++)
	{
		int			position = names->order[i];
		JsonbPair  *pair = &names->pairs[n];

		if (values[position].type == jbvNull)
			continue;
		pair->key.type = jbvString;
		pair->key.val.string.val = (char *) names->names[position];
		pair->key.val.string.len = names->lengths[position];
		pair->value = values[position];
		pair->order = n++;
	}
	if (n == 0)
		return NULL;
	object.type = jbvObject;
	object.val.object.nPairs = n;
	object.val.object.pairs = names->pairs;
	return JsonbValueToJsonb(&object);
}

/* The entry of a string in jsonb's list of keys and values, the total of their lengths being so far. */
static JEntry
string_entry(int index, uint32 len, uint32 total)
{
	return index % JB_OFFSET_STRIDE == 0 ? total | JENTRY_HAS_OFF : len;
}

Jsonb *
pt_variables_of_texts(PtVariableNames *names, const PtVariableText *texts)
{
	uint32		total = 0;
	int			n = 0;
	Jsonb	   *jsonb;
	char	   *data;

	for (int i = 0; i < names->n; i++)
	{
		if (texts[i].len == 0)
			continue;
		total += names->lengths[i] + texts[i].len;
		n++;
	}
	if (n == 0)
		return NULL;
	jsonb = palloc(offsetof(Jsonb, root.children) + 2 * n * sizeof(JEntry) + total);
	SET_VARSIZE(jsonb, offsetof(Jsonb, root.children) + 2 * n * sizeof(JEntry) + total);
	jsonb->root.header = n | JB_FOBJECT;
	data = (char *) &jsonb->root.children[2 * n];
	total = 0;
	for (int i = 0, key = 0; i < names->n; i++)
	{
		int			position = names->order[i];
		int			len = names->lengths[position];

		if (texts[position].len == 0)
			continue;
		memcpy(data + total, names->names[position], len);
		total += len;
		jsonb->root.children[key] = string_entry(key, len, total);
		key++;
	}
	for (int i = 0, value = n; i < names->n; i++)
	{
		const PtVariableText *text = &texts[names->order[i]];

		if (text->len == 0)
			continue;
		memcpy(data + total, text->data, text->len);
		total += text->len;
		jsonb->root.children[value] = string_entry(value, text->len, total);
		value++;
	}
	return jsonb;
}

/* Raises 22023 for a name that is none or a value that is an object or array. */
static void
check_variable(const JsonbValue *key, JsonbIteratorToken token, const JsonbValue *value)
{
	const char *name = pnstrdup(key->val.string.val, key->val.string.len);

	if (!pt_variable_name_ok(name, key->val.string.len) || strcmp(name, "number") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be the name of a variable",
						pt_shown(name, key->val.string.len)),
				 errhint("A name has 1 to %d bytes, no braces, no control characters and no blank at its ends.",
						 PT_VARIABLE_MAX)));
	if (token != WJB_VALUE || value->type == jbvBinary)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the value of variable \"%s\" is an object or an array", name),
				 errhint("Give a text, a number or a boolean.")));
}

PG_FUNCTION_INFO_V1(pt_check_variables);

/* portatext.check_variables(jsonb): the object without nulls, null when nothing is left; raises 22023. */
Datum
pt_check_variables(PG_FUNCTION_ARGS)
{
	Jsonb	   *given = PG_GETARG_JSONB_P(0);
	JsonbIterator *iterator = JsonbIteratorInit(&given->root);
	JsonbParseState *state = NULL;
	JsonbValue	key;
	JsonbValue	value;
	JsonbValue *made;

	if (!JB_ROOT_IS_OBJECT(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variables are not a JSON object"),
				 errhint("Give names and values, such as {\"first_name\": \"Ana\"}.")));
	(void) JsonbIteratorNext(&iterator, &key, false);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		check_variable(&key, JsonbIteratorNext(&iterator, &value, true), &value);
		if (value.type == jbvNull)
			continue;
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	made = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	if (made->val.object.nPairs == 0)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(JsonbValueToJsonb(made));
}

Jsonb *
pt_contact_variables(int64 account_id, const char *e164)
{
	static PtPlan plan = {
		"SELECT c.variables FROM portatext.contact_list l JOIN portatext.contact c ON c.version = l.version"
		" WHERE l.account_id = $1 AND l.name IS NULL AND c.number::text = $2 AND c.account_id = $1",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), CStringGetTextDatum(e164)};
	bool		isnull;
	Datum		found;

	if (pt_plan_read(&plan, values, NULL) == 0)
		return NULL;
	found = pt_result(0, 1, &isnull);
	return isnull ? NULL : DatumGetJsonbPCopy(found);
}
