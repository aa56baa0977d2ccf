/*
 * engine_load.c
 *	  Engines from their tables to the structs that dialer and receiver work with,
 *	  and the same check at configuration time: portatext.check_engine().
 *
 * What is read lands in palloc'ed memory first; the malloc'ed struct is made
 * where no error can be raised.
 */
#include "telephony/telephony.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#define CREDENTIALS 3

static const char *const credential_keys[CREDENTIALS] = {"username", "password", "secret"};

/* What was read of an engine, before the struct is made. */
typedef struct Draft
{
	PtEngine	head;			/* all but settings and state */
	int			n_settings;
	char	  **keys;
	char	  **values;
} Draft;

void
pt_engine_free(PtEngine *engine)
{
	if (engine == NULL)
		return;
	if (engine->adapter != NULL)
		engine->adapter->release(engine);
	for (int i = 0; engine->settings != NULL && i < engine->n_settings; i++)
	{
		free(engine->settings[i].key);
		free(engine->settings[i].value);
	}
	free(engine->settings);
	free(engine);
}

/* Copies the draft's settings; false: no memory.  Raises nothing. */
static bool
copy_settings(PtEngine *engine, const Draft *draft)
{
	engine->settings = calloc((size_t) draft->n_settings + 1, sizeof(PtEngineSetting));
	if (engine->settings == NULL)
		return false;
	engine->n_settings = draft->n_settings;
	for (int i = 0; i < draft->n_settings; i++)
	{
		engine->settings[i].key = strdup(draft->keys[i]);
		engine->settings[i].value = strdup(draft->values[i]);
		if (engine->settings[i].key == NULL || engine->settings[i].value == NULL)
			return false;
	}
	return true;
}

/* Makes the struct and configures its adapter; NULL: problem says why.  Raises nothing. */
static PtEngine *
engine_make(const Draft *draft, char *problem, size_t size)
{
	PtEngine   *engine = malloc(sizeof(PtEngine));

	if (engine == NULL)
	{
		strlcpy(problem, "out of memory", size);
		return NULL;
	}
	*engine = draft->head;
	if (!copy_settings(engine, draft))
		strlcpy(problem, "out of memory", size);
	else if (engine->adapter->configure(engine, problem, size))
		return engine;
	pt_engine_free(engine);
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

/* Adds the settings, over those of the shipped template that they name, and the credentials. */
static void
draft_read_settings(Draft *draft, Datum settings, char **credentials)
{
	static PtPlan plan = {
		"SELECT key, value FROM pg_catalog.jsonb_each_text(COALESCE("
		"(SELECT t.settings FROM portatext.shipped_engine_template t "
		"WHERE t.name OPERATOR(pg_catalog.=) ($1 OPERATOR(pg_catalog.->>) 'template') "
		"AND $2 OPERATOR(pg_catalog.=) 'http'), '{}') "
		"OPERATOR(pg_catalog.||) $1) "
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

/* A text of the row just read, or NULL. */
static char *
column_text(int col)
{
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Reads all of an engine; false: problem says why not. */
static bool
draft_read(Draft *draft, int32 engine_id, char *problem, size_t size)
{
	static PtPlan plan = {
		"SELECT e.name, e.adapter, e.max_in_flight, "
		"LEAST(EXTRACT(epoch FROM e.timeout) OPERATOR(pg_catalog.*) 1000, 2000000000)::pg_catalog.int4, "
		"e.settings, s.username, s.password, s.callback_secret "
		"FROM portatext.engine e LEFT JOIN portatext.engine_secret s "
		"ON s.engine_id OPERATOR(pg_catalog.=) e.engine_id "
		"WHERE e.engine_id OPERATOR(pg_catalog.=) $1",
		1, {INT4OID}
	};
	Datum		id = Int32GetDatum(engine_id);
	char	   *credentials[CREDENTIALS];
	Datum		settings;
	bool		isnull;

	if (pt_plan_read(&plan, &id, NULL) == 0)
	{
		strlcpy(problem, "there is no such engine", size);
		return false;
	}
	draft->head.engine_id = engine_id;
	strlcpy(draft->head.name, column_text(1), sizeof(draft->head.name));
	draft->head.adapter = pt_engine_adapter_find(column_text(2));
	draft->head.max_in_flight = DatumGetInt32(pt_result(0, 3, &isnull));
	draft->head.timeout_ms = DatumGetInt32(pt_result(0, 4, &isnull));
	settings = pt_result(0, 5, &isnull);
	for (int i = 0; i < CREDENTIALS; i++)
		credentials[i] = column_text(6 + i);
	if (draft->head.adapter == NULL)
	{
		strlcpy(problem, "there is no such adapter", size);
		return false;
	}
	draft_read_settings(draft, settings, credentials);
	return true;
}

PtEngine *
pt_engine_load(int32 engine_id, char *problem, size_t size)
{
	Draft		draft = {{0}};
	PtEngine   *engine = NULL;
	PtRole		saved;

	SPI_connect();
	pt_become_owner(&saved);
	if (draft_read(&draft, engine_id, problem, size))
		engine = engine_make(&draft, problem, size);
	pt_become_caller(&saved);
	SPI_finish();
	return engine;
}

/* Takes the statement, which holds credentials, out of pg_stat_activity and the log. */
static void
hide_statement(void)
{
	static const char *const shown = "SELECT portatext.check_engine(...) /* credentials are not shown */";

	debug_query_string = shown;
	pgstat_report_activity(STATE_RUNNING, shown);
}

/* Raises 42704: there is no such adapter. */
static void
raise_unknown_adapter(const char *name)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; pt_engine_adapter_at(i) != NULL; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", pt_engine_adapter_at(i)->name);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("engine adapter \"%s\" does not exist", name),
			 errhint("The adapters are: %s.", names.data)));
}

/* Raises 22023: the settings are unsound. */
static void
raise_unsound(const char *engine, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("engine \"%s\" is not set up correctly: %s", engine, problem),
			 errhint("docs/engines.md lists the settings of each adapter.")));
}

/* Raises 22023 unless settings is an object without credentials in it. */
static void
check_settings_object(const char *engine, Jsonb *settings)
{
	static const char *const kept_out[] = {"username", "password", "secret", "callback_secret"};

	if (!JB_ROOT_IS_OBJECT(settings))
		raise_unsound(engine, "the settings are not a JSON object");
	for (int i = 0; i < (int) lengthof(kept_out); i++)
	{
		JsonbValue	found;

		if (getKeyJsonValueFromContainer(&settings->root, kept_out[i], (int) strlen(kept_out[i]), &found) != NULL)
			raise_unsound(engine, psprintf("%s belongs into a parameter of its own, not into the settings", kept_out[i]));
	}
}

/* Raises 22023 unless the name can stand in an address and in the table. */
static void
check_name(const char *name)
{
	size_t		len = strlen(name);

	if (name[0] >= 'a' && name[0] <= 'z' && len < sizeof(((PtEngine *) NULL)->name) &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is no name for an engine", name),
			 errhint("A name begins with a small letter and goes on with up to 62 small letters, digits, _ and -.")));
}

PG_FUNCTION_INFO_V1(pt_check_engine);

/*
 * portatext.check_engine(name, adapter, settings, username, password,
 * callback_secret): raises 42704 or 22023, never with a credential in it.
 */
Datum
pt_check_engine(PG_FUNCTION_ARGS)
{
	Draft		draft = {{0}};
	char	   *credentials[CREDENTIALS];
	char		problem[256] = "";
	char	   *adapter;
	Jsonb	   *settings;
	PtEngine   *engine;

	hide_statement();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name, adapter and settings of an engine must not be null")));
	check_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	strlcpy(draft.head.name, text_to_cstring(PG_GETARG_TEXT_PP(0)), sizeof(draft.head.name));
	adapter = text_to_cstring(PG_GETARG_TEXT_PP(1));
	settings = PG_GETARG_JSONB_P(2);
	for (int i = 0; i < CREDENTIALS; i++)
		credentials[i] = PG_ARGISNULL(3 + i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3 + i));
	draft.head.max_in_flight = 1;
	draft.head.timeout_ms = 1000;
	draft.head.adapter = pt_engine_adapter_find(adapter);
	if (draft.head.adapter == NULL)
		raise_unknown_adapter(adapter);
	check_settings_object(draft.head.name, settings);
	SPI_connect();
	draft_read_settings(&draft, JsonbPGetDatum(settings), credentials);
	engine = engine_make(&draft, problem, sizeof(problem));
	SPI_finish();
	if (engine == NULL)
		raise_unsound(draft.head.name, problem);
	pt_engine_free(engine);
	PG_RETURN_VOID();
}
