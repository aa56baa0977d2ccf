/*
 * cache.h
 *	  Process-local caches of small tables, flushed when a table changes.
 *
 * A cached table has the statement trigger portatext.flush_caches(); its change
 * then reaches every process at commit, like a change of a table's definition.
 *
 *		static PtCache cache = {.tables = {"did"}};
 *
 *		if (!pt_cache_fresh(&cache))
 *		{
 *			pt_cache_begin(&cache);
 *			... throw the old content away, load ...
 *			pt_cache_loaded(&cache);
 *		}
 *
 * A change that arrives while loading makes the cache stale at once.
 */
#ifndef PORTATEXT_CACHE_H
#define PORTATEXT_CACHE_H

#include "portatext.h"

#define PT_CACHE_TABLES 4

typedef struct PtCache
{
	const char *tables[PT_CACHE_TABLES];	/* names in schema portatext */
	Oid			oids[PT_CACHE_TABLES];
	bool		valid;
	bool		loaded;
	struct PtCache *next;
	bool		registered;
} PtCache;

static inline bool
pt_cache_fresh(const PtCache *cache)
{
	return cache->valid && cache->loaded;
}

extern void pt_cache_begin(PtCache *cache);
extern void pt_cache_loaded(PtCache *cache);

#endif							/* PORTATEXT_CACHE_H */
