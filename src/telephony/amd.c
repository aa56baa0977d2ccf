/*
 * amd.c
 *	  Settings of answering machine detection (TEL-06): read with a cache, changed by
 *	  portatext.set_amd().
 */
#include "telephony/amd.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "account/account.h"
#include "cache.h"

PG_FUNCTION_INFO_V1(pt_set_amd_sql);

#define PREFIX "amd_"

/* The settings in the order of PtAmd; names as in the table, ranges as its constraints have them. */
static const struct
{
	const char *name;
	size_t		offset;
	int			max;
	int			standard;
}			settings[] =
{
	{"initial_silence", offsetof(PtAmd, initial_silence), 60000, 2500},
	{"max_greeting_length", offsetof(PtAmd, max_greeting_length), 60000, 1500},
	{"after_greeting_silence", offsetof(PtAmd, after_greeting_silence), 60000, 800},
	{"total_time", offsetof(PtAmd, total_time), 60000, 5000},
	{"min_word_length", offsetof(PtAmd, min_word_length), 60000, 100},
	{"between_words_silence", offsetof(PtAmd, between_words_silence), 60000, 50},
	{"max_words", offsetof(PtAmd, max_words), 1000, 2},
	{"silence_threshold", offsetof(PtAmd, silence_threshold), 32767, 256},
	{"max_word_length", offsetof(PtAmd, max_word_length), 60000, 5000}
};

#define SETTINGS ((int) (sizeof(settings) / sizeof(settings[0])))

typedef struct Entry
{
	int64		account_id;
	PtAmd		amd;
} Entry;

static HTAB *entries = NULL;
static PtCache cache = {.tables = {"amd_setting"}};

/* Where the setting is. */
static int *
setting_of(PtAmd *amd, int i)
{
	return (int *) ((char *) amd + settings[i].offset);
}

/* Begins an empty cache. */
static void
start_cache(void)
{
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(Entry),.hcxt = TopMemoryContext};

	pt_cache_begin(&cache);
	if (entries != NULL)
		hash_destroy(entries);
	entries = hash_create("portatext AMD settings", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	pt_cache_loaded(&cache);
}

/* Reads an account's row; without one the settings stay what they are. */
static void
read_row(int64 account_id, PtAmd *amd)
{
	static PtPlan plan = {
		"SELECT initial_silence, max_greeting_length, after_greeting_silence, total_time, min_word_length,"
		" between_words_silence, max_words, silence_threshold, max_word_length"
		" FROM portatext.amd_setting WHERE account_id OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}
	};
	Datum		values[1] = {Int64GetDatum(account_id)};
	PtRole		saved;
	bool		isnull;

	SPI_connect();
	pt_become_keeper(&saved);
	if (pt_plan_read(&plan, values, NULL) > 0)
		for (int i = 0; i < SETTINGS; i++)
			*setting_of(amd, i) = DatumGetInt32(pt_result(0, i + 1, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
}

void
pt_amd_settings(int64 account_id, PtAmd *amd)
{
	Entry	   *entry;

	if (!pt_cache_fresh(&cache))
		start_cache();
	entry = hash_search(entries, &account_id, HASH_FIND, NULL);
	if (entry == NULL)
	{
		for (int i = 0; i < SETTINGS; i++)
			*setting_of(amd, i) = settings[i].standard;
		read_row(account_id, amd);
		entry = hash_search(entries, &account_id, HASH_ENTER, NULL);
		entry->amd = *amd;
	}
	*amd = entry->amd;
}

/* The setting of that name, with amd_ before it or not; raises 22023 for others. */
static int
find_setting(const JsonbValue *key)
{
	char	   *name = pnstrdup(key->val.string.val, key->val.string.len);
	const char *bare = strncmp(name, PREFIX, strlen(PREFIX)) == 0 ? name + strlen(PREFIX) : name;

	for (int i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, bare) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("setting \"%s\" of answering machine detection is not known", name),
			 errhint("The table portatext.amd_setting has them as columns.")));
}

/* A setting's new value; null: its default.  Raises 22023 unless it is a whole number in its range. */
static int
read_setting(int i, const JsonbValue *value)
{
	char	   *digits;

	if (value->type == jbvNull)
		return settings[i].standard;
	digits = value->type == jbvNumeric ?
		DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric))) : pstrdup("");
	if (digits[0] == '\0' || strlen(digits) > 5 || strspn(digits, "0123456789") != strlen(digits) ||
		atoi(digits) > settings[i].max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("setting \"%s\" of answering machine detection must be a whole number from 0 to %d",
						settings[i].name, settings[i].max)));
	return atoi(digits);
}

/* Takes over what an object of changes says. */
static void
change(PtAmd *amd, Jsonb *changes)
{
	JsonbIterator *it = JsonbIteratorInit(&changes->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			i = 0;

	if (!JB_ROOT_IS_OBJECT(changes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("settings of answering machine detection must be a JSON object")));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			i = find_setting(&value);
		else if (token == WJB_VALUE)
			*setting_of(amd, i) = read_setting(i, &value);
	}
}

/* Stores an account's settings. */
static void
store(int64 account_id, PtAmd *amd)
{
	static PtPlan plan = {
		"INSERT INTO portatext.amd_setting AS a (account_id, initial_silence, max_greeting_length, after_greeting_silence,"
		" total_time, min_word_length, between_words_silence, max_words, silence_threshold, max_word_length)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
		" ON CONFLICT (account_id) DO UPDATE SET (initial_silence, max_greeting_length, after_greeting_silence,"
		" total_time, min_word_length, between_words_silence, max_words, silence_threshold, max_word_length) ="
		" ROW ($2, $3, $4, $5, $6, $7, $8, $9, $10)",
		1 + SETTINGS, {INT8OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT4OID}
	};
	Datum		values[1 + SETTINGS] = {Int64GetDatum(account_id)};
	PtRole		saved;

	for (int i = 0; i < SETTINGS; i++)
		values[1 + i] = Int32GetDatum(*setting_of(amd, i));
	SPI_connect();
	pt_become_keeper(&saved);
	(void) pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
	pt_become_caller(&saved);
	SPI_finish();
}

/* The settings as a JSON object. */
static Jsonb *
amd_object(PtAmd *amd)
{
	JsonbParseState *state = NULL;
	JsonbValue	key = {.type = jbvString};
	JsonbValue	value = {.type = jbvNumeric};

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < SETTINGS; i++)
	{
		key.val.string.val = unconstify(char *, settings[i].name);
		key.val.string.len = (int) strlen(settings[i].name);
		value.val.numeric = int64_to_numeric(*setting_of(amd, i));
		(void) pushJsonbValue(&state, WJB_KEY, &key);
		(void) pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* portatext.set_amd(settings); null: changes nothing. */
Datum
pt_set_amd_sql(PG_FUNCTION_ARGS)
{
	int64		account_id = pt_current_account();
	PtAmd		amd;

	if (PG_ARGISNULL(0))
		pt_amd_settings(account_id, &amd);
	else
	{
		for (int i = 0; i < SETTINGS; i++)
			*setting_of(&amd, i) = settings[i].standard;
		read_row(account_id, &amd);
		change(&amd, PG_GETARG_JSONB_P(0));
		store(account_id, &amd);
	}
	PG_RETURN_JSONB_P(amd_object(&amd));
}
