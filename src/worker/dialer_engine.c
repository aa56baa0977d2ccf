/*
 * dialer_engine.c
 *	  The dialer's view of an engine: configuration, room, breaker.
 */
#include "worker/dialer.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cache.h"
#include "telephony/telephony.h"

#define BREAKER_FAILURES 5		/* in a row open the breaker */
#define BREAKER_MAX_S 60
#define LOCAL_ROOM 5000

static PtPlan engines_plan = {
	"SELECT e.engine_id, e.name, e.enabled FROM portatext.engine e ORDER BY 1", 0, {0}
};

static PtCache cache = {.tables = {"engine", "engine_secret"}};

PtDialEngine *
pt_dial_engine(int32 engine_id)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dialer.engines)
	{
		PtDialEngine *engine = dlist_container(PtDialEngine, node, iter.cur);

		if (engine->engine_id == engine_id)
			return engine;
	}
	return NULL;
}

/* Gives a configuration back; the last user frees it. */
void
pt_engine_use_release(PtEngineUse *use)
{
	if (use == NULL || --use->users > 0)
		return;
	pt_engine_free(use->engine);
	pfree(use);
}

/* An engine seen for the first time. */
static PtDialEngine *
make(int32 engine_id)
{
	PtDialEngine *engine = MemoryContextAllocZero(pt_dialer.context, sizeof(PtDialEngine));

	engine->engine_id = engine_id;
	dlist_init(&engine->queue);
	dlist_push_tail(&pt_dialer.engines, &engine->node);
	return engine;
}

/* Where the engine calls back. */
static void
set_urls(PtDialEngine *engine, const PtEngine *loaded)
{
	char		events[PT_ENGINE_URL_MAX + 128];
	char		sounds[PT_ENGINE_URL_MAX + 128];

	pt_engine_callback_urls(loaded, events, sounds, sizeof(events));
	if (engine->events_url != NULL)
	{
		pfree(engine->events_url);
		pfree(engine->sounds_url);
	}
	engine->events_url = MemoryContextStrdup(pt_dialer.context, events);
	engine->sounds_url = MemoryContextStrdup(pt_dialer.context, sounds);
}

/* Replaces an engine's configuration; one with unsound settings is said in the log and places nothing. */
static void
configure(PtDialEngine *engine, const char *name)
{
	char		problem[200] = "";
	PtEngine   *loaded = pt_engine_load(engine->engine_id, problem, sizeof(problem));

	pt_engine_use_release(engine->use);
	engine->use = NULL;
	if (loaded == NULL)
	{
		ereport(LOG,
				(errmsg("portatext dialer: engine %s cannot be used: %s", name, problem),
				 errhint("Its calls wait until portatext.alter_engine() sets this right.")));
		return;
	}
	engine->use = MemoryContextAllocZero(pt_dialer.context, sizeof(PtEngineUse));
	engine->use->engine = loaded;
	engine->use->users = 1;
	set_urls(engine, loaded);
}

/* Loads every engine anew. */
static void
load_engines(void)
{
	uint64		n = pt_plan_run_latest(&engines_plan, NULL, NULL, SPI_OK_SELECT);
	SPITupleTable *rows = SPI_tuptable;
	dlist_iter	iter;
	bool		isnull;

	dlist_foreach(iter, &pt_dialer.engines)
		dlist_container(PtDialEngine, node, iter.cur)->seen = false;
	for (uint64 i = 0; i < n; i++)
	{
		int32		id = DatumGetInt32(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));
		PtDialEngine *engine = pt_dial_engine(id);

		if (engine == NULL)
			engine = make(id);
		engine->seen = true;
		engine->enabled = DatumGetBool(SPI_getbinval(rows->vals[i], rows->tupdesc, 3, &isnull));
		configure(engine, TextDatumGetCString(SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &isnull)));
	}
	dlist_foreach(iter, &pt_dialer.engines)
	{
		PtDialEngine *engine = dlist_container(PtDialEngine, node, iter.cur);

		if (engine->seen)
			continue;
		pt_engine_use_release(engine->use);
		engine->use = NULL;
	}
}

/* Loads the engines' configuration if it has changed. */
void
pt_dial_engines_refresh(void)
{
	if (pt_cache_fresh(&cache))
		return;
	pt_cache_begin(&cache);
	load_engines();
	pt_cache_loaded(&cache);
}

bool
pt_dial_is_open(const PtDialEngine *engine)
{
	return engine->open_until > pt_now();
}

/* A new tick: the engines' room has not been booked yet. */
void
pt_dial_room_reset(void)
{
	TimestampTz now = GetCurrentTimestamp();
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dialer.engines)
	{
		PtDialEngine *engine = dlist_container(PtDialEngine, node, iter.cur);
		double		seconds = Max((double) (now - engine->pace_at) / USECS_PER_SEC, 0.1);

		engine->booked = 0;
		engine->ahead = Max((int) (engine->completed / seconds), engine->ahead / 2);
		engine->completed = 0;
		engine->pace_at = now;
	}
}

/*
 * Calls that an engine takes now: twice its window and twice what it has done lately in a second, without
 * what waits already; one while it is to be seen whether it is back.
 */
int
pt_dial_room(int32 engine_id, int take)
{
	PtDialEngine *engine = pt_dial_engine(engine_id);
	int			busy;

	if (engine == NULL || engine->use == NULL || !engine->enabled || pt_dial_is_open(engine) || pt_dialer.draining)
		return 0;
	engine->booked += take;
	busy = engine->n_queue + engine->in_flight + engine->booked;
	if (engine->use->engine->adapter->local)
		return Max(LOCAL_ROOM - busy, 0);
	if (engine->open_until != 0)
		return busy > 0 ? 0 : 1;
	return Max(2 * (engine->use->engine->max_in_flight + engine->ahead) - busy, 0);
}

/* Requests that may be on the wire now: of what the HTTP engine carries beside the others half at most. */
int
pt_dial_window(PtDialEngine *engine)
{
	int			others = pt_dialer.in_flight - engine->in_flight;
	int			share = Max((pt_http_capacity(pt_dialer.http) - others) / 2, 1);

	if (engine->use == NULL)
		return 0;
	return Min(engine->use->engine->max_in_flight, share);
}

/* Opens the breaker: 1 s, doubled each time up to a minute, a quarter of it by chance. */
static void
open_breaker(PtDialEngine *engine, const PtCallAnswer *answer)
{
	int			seconds = Min(1 << Min(engine->breaker_level, 10), BREAKER_MAX_S);
	double		jitter = 1 + pg_prng_double(&pg_global_prng_state) / 4;

	if (engine->breaker_level++ == 0 && engine->use != NULL)
		ereport(WARNING,
				(errmsg("portatext dialer: engine %s does not answer as it should, calls to it wait", engine->use->engine->name),
				 errdetail("The last of %d failures in a row: %s %s", engine->failures, answer->code, answer->text)));
	engine->open_until = pt_now() + (int64) (seconds * jitter * USECS_PER_SEC);
}

/* Lets an answer move the breaker: failures in a row open it. */
void
pt_dial_answered(PtDialEngine *engine, const PtCallAnswer *answer)
{
	engine->completed++;
	if (answer->class == PT_CALL_FAILED || answer->class == PT_CALL_UNCLEAR)
	{
		engine->failures++;
		if (engine->open_until <= pt_now() && (engine->open_until != 0 || engine->failures >= BREAKER_FAILURES))
			open_breaker(engine, answer);
		return;
	}
	engine->failures = engine->breaker_level = 0;
	engine->open_until = 0;
}
