/*
 * load.c
 *	  Carriers from their tables to the structs that dispatchers work with, and
 *	  the same check at configuration time: portatext.check_carrier().
 *
 * What is read lands in palloc'ed memory first; the malloc'ed struct is made
 * where no error can be raised.
 */
#include "carrier/load.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "cache.h"

#define CREDENTIALS 3

static const char *const credential_keys[CREDENTIALS] = {"username", "password", "receipt_secret"};

static PtCache cache = {.tables = {"carrier", "carrier_secret", "carrier_stop", "answer_rule"}};

/* What was read of a carrier, before the struct is made. */
typedef struct Draft
{
	PtCarrier	head;			/* all but settings, rules and state */
	int			n_settings;
	char	  **keys;
	char	  **values;
	int			n_rules;
	PtAnswerRule *rules;
} Draft;

bool
pt_carriers_fresh(void)
{
	if (pt_cache_fresh(&cache))
		return true;
	pt_cache_begin(&cache);
	pt_cache_loaded(&cache);
	return false;
}

/* Frees what carrier_make has made. */
void
pt_carrier_free(PtCarrier *carrier)
{
	if (carrier == NULL)
		return;
	if (carrier->adapter != NULL)
		carrier->adapter->release(carrier);
	for (int i = 0; carrier->settings != NULL && i < carrier->n_settings; i++)
	{
		free(carrier->settings[i].key);
		free(carrier->settings[i].value);
	}
	free(carrier->settings);
	free(carrier->rules);
	free(carrier);
}

/* Copies settings and rules of the draft; false: no memory.  Raises nothing. */
static bool
copy_lists(PtCarrier *carrier, const Draft *draft)
{
	carrier->settings = calloc((size_t) draft->n_settings + 1, sizeof(PtSetting));
	carrier->rules = calloc((size_t) draft->n_rules + 1, sizeof(PtAnswerRule));
	if (carrier->settings == NULL || carrier->rules == NULL)
		return false;
	carrier->n_settings = draft->n_settings;
	for (int i = 0; i < draft->n_settings; i++)
	{
		carrier->settings[i].key = strdup(draft->keys[i]);
		carrier->settings[i].value = strdup(draft->values[i]);
		if (carrier->settings[i].key == NULL || carrier->settings[i].value == NULL)
			return false;
	}
	carrier->n_rules = draft->n_rules;
	if (draft->n_rules > 0)
		memcpy(carrier->rules, draft->rules, (size_t) draft->n_rules * sizeof(PtAnswerRule));
	return true;
}

/* Makes the struct and configures its adapter; NULL: problem says why.  Raises nothing. */
static PtCarrier *
carrier_make(const Draft *draft, char *problem, size_t size)
{
	PtCarrier  *carrier = malloc(sizeof(PtCarrier));
	PtAnalysis	ignored;
	bool		sound;

	if (carrier == NULL)
	{
		strlcpy(problem, "out of memory", size);
		return NULL;
	}
	*carrier = draft->head;
	if (!copy_lists(carrier, draft))
	{
		strlcpy(problem, "out of memory", size);
		sound = false;
	}
	else if (!pt_text_analyze("", 0, &carrier->text_options, &ignored))
	{
		strlcpy(problem, "there is no such national table; gsm_languages() lists them", size);
		sound = false;
	}
	else
		sound = carrier->adapter->configure(carrier, problem, size);
	if (sound)
		return carrier;
	pt_carrier_free(carrier);
	return NULL;
}

/* Adds a setting to the draft, in UTF-8. */
static void
draft_add(Draft *draft, const char *key, const char *value)
{
	draft->keys[draft->n_settings] = pg_server_to_any(pstrdup(key), (int) strlen(key), PG_UTF8);
	draft->values[draft->n_settings] = pg_server_to_any(pstrdup(value), (int) strlen(value), PG_UTF8);
	draft->n_settings++;
}

/* Is it the name of a credential, which has its own table? */
static bool
is_credential(const char *key)
{
	for (int i = 0; i < CREDENTIALS; i++)
	{
		if (strcmp(key, credential_keys[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Adds the settings, over those of the shipped template that they name, and the
 * credentials (NULL: not set).
 */
static void
draft_read_settings(Draft *draft, Datum settings, char *const credentials[CREDENTIALS])
{
	static PtPlan plan = {
		"SELECT key, value FROM pg_catalog.jsonb_each_text(COALESCE("
		"(SELECT t.settings FROM portatext.shipped_http_template t "
		"WHERE t.name OPERATOR(pg_catalog.=) ($1 OPERATOR(pg_catalog.->>) 'template') "
		"AND $2 OPERATOR(pg_catalog.=) 'http'), '{}') "
		"OPERATOR(pg_catalog.||) CASE pg_catalog.jsonb_typeof($1) WHEN 'object' THEN $1 ELSE '{}' END) "
		"WHERE value IS NOT NULL ORDER BY key COLLATE \"C\"",
		2, {JSONBOID, TEXTOID}
	};
	Datum		values[2] = {settings, CStringGetTextDatum(draft->head.adapter->name)};
	uint64		n = pt_plan_read(&plan, values, NULL);
	bool		isnull;

	draft->keys = palloc((n + CREDENTIALS) * sizeof(char *));
	draft->values = palloc((n + CREDENTIALS) * sizeof(char *));
	for (uint64 i = 0; i < n; i++)
	{
		char	   *key = TextDatumGetCString(pt_result(i, 1, &isnull));

		if (!is_credential(key))
			draft_add(draft, key, TextDatumGetCString(pt_result(i, 2, &isnull)));
	}
	for (int i = 0; i < CREDENTIALS; i++)
	{
		if (credentials[i] != NULL)
			draft_add(draft, credential_keys[i], credentials[i]);
	}
}

/* Reads the operator's rules, the carrier's own before those of its adapter. */
static void
draft_read_rules(Draft *draft)
{
	static PtPlan plan = {
		"SELECT code, class::pg_catalog.text FROM portatext.answer_rule "
		"WHERE adapter OPERATOR(pg_catalog.=) $1 "
		"AND (carrier_id OPERATOR(pg_catalog.=) $2 OR carrier_id IS NULL) "
		"ORDER BY carrier_id IS NULL",
		2, {TEXTOID, INT4OID}
	};
	Datum		values[2];
	uint64		n;
	bool		isnull;

	values[0] = CStringGetTextDatum(draft->head.adapter->name);
	values[1] = Int32GetDatum(draft->head.carrier_id);
	n = pt_plan_read(&plan, values, NULL);
	draft->rules = palloc0((n + 1) * sizeof(PtAnswerRule));
	for (uint64 i = 0; i < n; i++)
	{
		PtAnswerRule *rule = &draft->rules[draft->n_rules];

		strlcpy(rule->code, TextDatumGetCString(pt_result(i, 1, &isnull)), sizeof(rule->code));
		if (pt_answer_class_find(TextDatumGetCString(pt_result(i, 2, &isnull)), &rule->class))
			draft->n_rules++;
	}
}

/* A text of the row just read, or NULL. */
static char *
column_text(int col)
{
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Copies the row just read. */
static void
draft_read_row(PtCarrier *head)
{
	bool		isnull;

	strlcpy(head->name, column_text(1), sizeof(head->name));
	head->adapter = pt_adapter_find(column_text(2));
	head->active = DatumGetBool(pt_result(0, 3, &isnull));
	head->segments_per_second = DatumGetFloat8(pt_result(0, 4, &isnull));
	head->sender_segments_per_second = DatumGetFloat8(pt_result(0, 5, &isnull));
	head->max_in_flight = DatumGetInt32(pt_result(0, 6, &isnull));
	head->max_attempts = DatumGetInt32(pt_result(0, 7, &isnull));
	head->timeout_ms = DatumGetInt32(pt_result(0, 8, &isnull));
	head->idempotent = DatumGetBool(pt_result(0, 9, &isnull));
	head->text_options.wide_reference = DatumGetBool(pt_result(0, 10, &isnull));
	head->text_options.single_shift = DatumGetInt32(pt_result(0, 11, &isnull));
	head->text_options.locking_shift = DatumGetInt32(pt_result(0, 12, &isnull));
}

/* Reads all of a carrier; false: problem says why not. */
static bool
draft_read(Draft *draft, int32 carrier_id, char *problem, size_t size)
{
	static PtPlan plan = {
		"SELECT c.name, c.adapter, "
		"c.enabled AND NOT EXISTS (SELECT FROM portatext.carrier_stop s "
		"WHERE s.carrier_id OPERATOR(pg_catalog.=) c.carrier_id), "
		"COALESCE(c.segments_per_second, 0)::pg_catalog.float8, "
		"COALESCE(c.sender_segments_per_second, 0)::pg_catalog.float8, "
		"c.max_in_flight, c.max_attempts, "
		"(EXTRACT(epoch FROM c.timeout) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int4, "
		"c.idempotent, c.wide_reference, c.single_shift::pg_catalog.int4, c.locking_shift::pg_catalog.int4, "
		"c.settings, s.username, s.password, s.receipt_secret "
		"FROM portatext.carriers c LEFT JOIN portatext.carrier_secret s "
		"ON s.carrier_id OPERATOR(pg_catalog.=) c.carrier_id "
		"WHERE c.carrier_id OPERATOR(pg_catalog.=) $1",
		1, {INT4OID}
	};
	Datum		id = Int32GetDatum(carrier_id);
	char	   *credentials[CREDENTIALS];
	Datum		settings;
	bool		isnull;

	if (pt_plan_read(&plan, &id, NULL) == 0)
	{
		strlcpy(problem, "there is no such carrier", size);
		return false;
	}
	draft->head.carrier_id = carrier_id;
	draft_read_row(&draft->head);
	settings = pt_result(0, 13, &isnull);
	for (int i = 0; i < CREDENTIALS; i++)
		credentials[i] = column_text(14 + i);
	if (draft->head.adapter == NULL)
	{
		strlcpy(problem, "there is no such adapter", size);
		return false;
	}
	/* alter_carrier() refuses that; a plain UPDATE does not. */
	if (!JB_ROOT_IS_OBJECT(DatumGetJsonbP(settings)))
	{
		strlcpy(problem, "the settings are not a JSON object", size);
		return false;
	}
	draft_read_settings(draft, settings, credentials);
	draft_read_rules(draft);
	return true;
}

PtCarrier *
pt_carrier_load(int32 carrier_id, char *problem, size_t size)
{
	Draft		draft = {{0}};
	PtCarrier  *carrier = NULL;
	PtRole		saved;

	SPI_connect();
	pt_become_owner(&saved);
	if (draft_read(&draft, carrier_id, problem, size))
		carrier = carrier_make(&draft, problem, size);
	pt_become_caller(&saved);
	SPI_finish();
	return carrier;
}

/* Takes the statement, which holds credentials, out of pg_stat_activity and the log. */
static void
hide_statement(void)
{
	static const char *const shown = "SELECT portatext.check_carrier(...) /* credentials are not shown */";

	debug_query_string = shown;
	pgstat_report_activity(STATE_RUNNING, shown);
}

/* Raises 42704: there is no such adapter. */
static void
raise_unknown_adapter(const char *name)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; pt_adapter_at(i) != NULL; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", pt_adapter_at(i)->name);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("adapter \"%s\" does not exist", name),
			 errhint("The adapters are: %s.", names.data)));
}

/* Raises 22023: the settings are unsound. */
static void
raise_unsound(const char *carrier, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("carrier \"%s\" is not set up correctly: %s", carrier, problem),
			 errhint("docs/carriers.md lists the settings of each adapter.")));
}

/* Raises 22023 unless settings is an object without credentials in it. */
static void
check_settings_object(const char *carrier, Jsonb *settings)
{
	if (!JB_ROOT_IS_OBJECT(settings))
		raise_unsound(carrier, "the settings are not a JSON object");
	for (int i = 0; i < CREDENTIALS; i++)
	{
		JsonbValue	found;

		if (getKeyJsonValueFromContainer(&settings->root, credential_keys[i],
										 (int) strlen(credential_keys[i]), &found) != NULL)
			raise_unsound(carrier, psprintf("%s belongs into the parameter of that name, not into the settings",
											credential_keys[i]));
	}
}

PG_FUNCTION_INFO_V1(pt_check_carrier);

/*
 * portatext.check_carrier(name, adapter, settings, username, password,
 * receipt_secret, single_shift, locking_shift): raises 42704 or 22023, never
 * with a credential in it.
 */
Datum
pt_check_carrier(PG_FUNCTION_ARGS)
{
	Draft		draft = {{0}};
	char	   *credentials[CREDENTIALS];
	char		problem[256] = "";
	char	   *adapter;
	Jsonb	   *settings;
	PtCarrier  *carrier;

	hide_statement();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name, adapter and settings of a carrier must not be null")));
	strlcpy(draft.head.name, text_to_cstring(PG_GETARG_TEXT_PP(0)), sizeof(draft.head.name));
	adapter = text_to_cstring(PG_GETARG_TEXT_PP(1));
	settings = PG_GETARG_JSONB_P(2);
	for (int i = 0; i < CREDENTIALS; i++)
		credentials[i] = PG_ARGISNULL(3 + i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3 + i));
	draft.head.text_options.single_shift = PG_ARGISNULL(6) ? 0 : PG_GETARG_INT32(6);
	draft.head.text_options.locking_shift = PG_ARGISNULL(7) ? 0 : PG_GETARG_INT32(7);
	draft.head.adapter = pt_adapter_find(adapter);
	if (draft.head.adapter == NULL)
		raise_unknown_adapter(adapter);
	check_settings_object(draft.head.name, settings);
	SPI_connect();
	draft_read_settings(&draft, JsonbPGetDatum(settings), credentials);
	carrier = carrier_make(&draft, problem, sizeof(problem));
	SPI_finish();
	if (carrier == NULL)
		raise_unsound(draft.head.name, problem);
	pt_carrier_free(carrier);
	PG_RETURN_VOID();
}
