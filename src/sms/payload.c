/*
 * payload.c
 *	  What an event of a message tells.
 */
#include "portatext.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

/* A string of that many octets; they are not copied. */
static JsonbValue
string_value(const char *octets, int len)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, octets);
	value.val.string.len = len;
	return value;
}

/* Adds a key and its value. */
static void
add_pair(JsonbParseState **state, const char *key, const char *octets, int len)
{
	JsonbValue	name = string_value(key, strlen(key));
	JsonbValue	value = string_value(octets, len);

	pushJsonbValue(state, WJB_KEY, &name);
	pushJsonbValue(state, WJB_VALUE, &value);
}

PG_FUNCTION_INFO_V1(pt_message_payload);

/* portatext.message_payload(state, from, to, client_ref, error_code): an object of those that are not null. */
Datum
pt_message_payload(PG_FUNCTION_ARGS)
{
	static const char *const keys[] = {"state", "from", "to", "client_ref", "error_code"};
	JsonbParseState *state = NULL;
	JsonbValue *object;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (!PG_ARGISNULL(0))
	{
		const char *label = DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(0)));

		add_pair(&state, keys[0], label, strlen(label));
	}
	for (int i = 1; i < lengthof(keys); i++)
	{
		text	   *given;

		if (PG_ARGISNULL(i))
			continue;
		given = PG_GETARG_TEXT_PP(i);
		add_pair(&state, keys[i], VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given));
	}
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(object));
}
