/*
 * receiver_call.c
 *	  Telephony engines' callbacks in the receiver's transactions.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "cache.h"
#include "telephony/telephony.h"
#include "worker/receiver_call.h"
#include "worker/session.h"

static PtPlan engines_plan = {
	"SELECT e.engine_id, e.name, s.callback_secret FROM portatext.engine e"
	" LEFT JOIN portatext.engine_secret s ON s.engine_id = e.engine_id"
	" ORDER BY e.name",
	0, {0}
};

/* The sounds of those accounts whose trunks the engine dials through. */
static PtPlan sound_plan = {
	"SELECT s.content, pg_catalog.encode(s.digest, 'hex') FROM portatext.sound s"
	" WHERE s.sound_id = $1 AND EXISTS (SELECT FROM portatext.trunk t"
	" WHERE t.account_id = s.account_id AND t.engine_id = $2)",
	2, {INT8OID, INT4OID}
};

static PtCache cache = {.tables = {"engine", "engine_secret"}};
static PtReceiverEngine *engines = NULL;
static int	n_engines = 0;

/* Lets go of the engines. */
static void
forget_engines(void)
{
	for (int i = 0; i < n_engines; i++)
		pt_engine_free(engines[i].engine);
	n_engines = 0;
	if (engines != NULL)
		pfree(engines);
	engines = NULL;
}

/* Reads names and secrets; body of a transaction. */
static void
load_engines(void *arg)
{
	bool		isnull;
	uint64		n;

	pt_cache_begin(&cache);
	n = pt_plan_run(&engines_plan, NULL, NULL, SPI_OK_SELECT);
	forget_engines();
	engines = MemoryContextAllocZero(TopMemoryContext, (n + 1) * sizeof(PtReceiverEngine));
	for (uint64 i = 0; i < n; i++)
	{
		Datum		secret = pt_result(i, 3, &isnull);

		if (!isnull)
			strlcpy(engines[i].secret, TextDatumGetCString(secret), sizeof(engines[i].secret));
		engines[i].engine_id = DatumGetInt32(pt_result(i, 1, &isnull));
		strlcpy(engines[i].name, TextDatumGetCString(pt_result(i, 2, &isnull)), sizeof(engines[i].name));
	}
	n_engines = (int) n;
	pt_cache_loaded(&cache);
}

/* Reads how one engine's callbacks are read; body of a transaction. */
static void
load_engine(void *arg)
{
	PtReceiverEngine *engine = arg;
	char		problem[200] = "";

	engine->engine = pt_engine_load(engine->engine_id, problem, sizeof(problem));
	if (engine->engine == NULL)
		ereport(LOG,
				(errmsg("portatext receiver: engine %d cannot be used: %s", engine->engine_id, problem),
				 errhint("Its callbacks are put off until portatext.alter_engine() sets this right.")));
}

void
pt_receiver_refresh_engines(void)
{
	if (pt_cache_fresh(&cache) || !pt_session_tx("engines", load_engines, NULL))
		return;
	for (int i = 0; i < n_engines; i++)
		pt_session_tx("engine", load_engine, &engines[i]);
}

const PtReceiverEngine *
pt_receiver_engine(const char *name)
{
	for (int i = 0; i < n_engines; i++)
		if (strcmp(engines[i].name, name) == 0)
			return &engines[i];
	return NULL;
}

/* Copies the sound that is asked for, if there is one. */
static void
read_sound(PtCallback *callback)
{
	Datum		values[2] = {Int64GetDatum(callback->sound_id), Int32GetDatum(callback->engine_id)};
	bool		isnull;
	bytea	   *content;

	free(callback->sound);
	callback->sound = NULL;
	if (pt_plan_run(&sound_plan, values, NULL, SPI_OK_SELECT) == 0)
		return;
	content = DatumGetByteaPP(pt_result(0, 1, &isnull));
	callback->sound_len = VARSIZE_ANY_EXHDR(content);
	callback->sound = malloc(callback->sound_len + 1);
	if (callback->sound == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory for a sound")));
	memcpy(callback->sound, VARDATA_ANY(content), callback->sound_len);
	snprintf(callback->etag, sizeof(callback->etag), "\"%s\"", TextDatumGetCString(pt_result(0, 2, &isnull)));
}

void
pt_receiver_store_call(PtCallback *callback)
{
	PtRole		saved;

	pt_become_keeper(&saved);
	if (callback->sound_id != 0)
		read_sound(callback);
	else
		pt_call_events_apply(callback->engine_id, callback->events, callback->n_events);
	pt_become_caller(&saved);
}
