/*
 * cache.c
 *	  Process-local caches of small tables, flushed when a table changes.
 */
#include "portatext.h"

#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "cache.h"

static PtCache *caches = NULL;

/* Marks the caches of a changed relation stale; InvalidOid means all of them. */
static void
relation_changed(Datum arg, Oid relid)
{
	for (PtCache *c = caches; c != NULL; c = c->next)
	{
		bool		mine = !OidIsValid(relid);

		for (int i = 0; i < PT_CACHE_TABLES && !mine; i++)
			mine = c->tables[i] != NULL && c->oids[i] == relid;
		if (mine)
			c->valid = false;
	}
}

/* Links the cache into the list; the callback is registered once per process. */
static void
cache_register(PtCache *cache)
{
	if (caches == NULL)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	cache->next = caches;
	caches = cache;
	cache->registered = true;
}

/* Starts a load: what changes from here on makes the cache stale again. */
void
pt_cache_begin(PtCache *cache)
{
	Oid			schema = get_namespace_oid("portatext", true);

	if (!cache->registered)
		cache_register(cache);
	cache->loaded = false;
	cache->valid = true;
	for (int i = 0; i < PT_CACHE_TABLES && cache->tables[i] != NULL; i++)
		cache->oids[i] = get_relname_relid(cache->tables[i], schema);
}

/* Ends a load without error. */
void
pt_cache_loaded(PtCache *cache)
{
	cache->loaded = true;
}

PG_FUNCTION_INFO_V1(pt_flush_caches);

/* portatext.flush_caches(): statement trigger of every cached table. */
Datum
pt_flush_caches(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"flush_caches\" must be called as a trigger")));
	CacheInvalidateRelcacheByRelid(RelationGetRelid(((TriggerData *) fcinfo->context)->tg_relation));
	PG_RETURN_POINTER(NULL);	/* a trigger must not return an SQL null */
}
