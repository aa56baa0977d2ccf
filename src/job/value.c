/*
 * value.c
 *	  Reading and making the jsonb of a job's arguments, position and result.
 */
#include "job/job.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* The value of a key; false: missing or null. */
static bool
find(const Jsonb *object, const char *key, JsonbValue *value)
{
	return JsonContainerIsObject(&object->root) &&
		getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &object->root),
									 key, (int) strlen(key), value) != NULL &&
		value->type != jbvNull;
}

/* Raises 22003 for a number that is no bigint; what is no number counts as missing. */
int64
pt_job_int(const Jsonb *object, const char *key, int64 missing)
{
	JsonbValue	value;

	if (!find(object, key, &value) || value.type != jbvNumeric)
		return missing;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value.val.numeric)));
}

char *
pt_job_text(const Jsonb *object, const char *key)
{
	JsonbValue	value;

	if (!find(object, key, &value) || value.type != jbvString)
		return NULL;
	return pnstrdup(value.val.string.val, value.val.string.len);
}

Jsonb *
pt_job_json(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}
