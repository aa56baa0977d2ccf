/*
 * store.c
 *	  Schedules as rows: kept once where possible, and read once in a process.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"

#include "cache.h"
#include "schedule/schedule.h"

#define CACHE_MOST 1000

typedef struct Entry
{
	int32		schedule_id;
	bool		good;			/* false: it cannot be read */
	PtSchedule	schedule;
} Entry;

/* Rows never change, so that nothing flushes it but the table's end. */
static PtCache cache = {.tables = {"schedule"}};
static HTAB *entries = NULL;

/* Two sessions may store equal ones at the same time: neither waits, both are right. */
int32
pt_schedule_store(int64 account_id, Jsonb *definition)
{
	static PtPlan find_plan = {
		"SELECT schedule_id FROM portatext.schedule WHERE account_id = $1"
		" AND pg_catalog.hashtextextended(definition::text, 0) = pg_catalog.hashtextextended($2::text, 0)"
		" AND definition = $2 ORDER BY schedule_id LIMIT 1",
		2, {INT8OID, JSONBOID}
	};
	static PtPlan add_plan = {
		"INSERT INTO portatext.schedule (account_id, definition) VALUES ($1, $2) RETURNING schedule_id",
		2, {INT8OID, JSONBOID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), JsonbPGetDatum(definition)};
	bool		isnull;

	if (pt_plan_run(&find_plan, values, NULL, SPI_OK_SELECT) == 0)
		pt_plan_run(&add_plan, values, NULL, SPI_OK_INSERT_RETURNING);
	return DatumGetInt32(pt_result(0, 1, &isnull));
}

/* An empty table of what has been read. */
static void
forget_all(void)
{
	HASHCTL		ctl = {.keysize = sizeof(int32), .entrysize = sizeof(Entry)};

	if (entries != NULL)
		hash_destroy(entries);
	entries = NULL;
	entries = hash_create("portatext schedules", 64, &ctl, HASH_ELEM | HASH_BLOBS);
}

/* Reads a row; false: there is none. */
static bool
load(int32 schedule_id, Entry *entry)
{
	static PtPlan plan = {
		"SELECT definition FROM portatext.schedule WHERE schedule_id = $1", 1, {INT4OID}
	};
	Datum		value = Int32GetDatum(schedule_id);
	bool		isnull;

	if (pt_plan_read(&plan, &value, NULL) == 0)
		return false;
	entry->good = pt_schedule_parse(DatumGetJsonbP(pt_result(0, 1, &isnull)), &entry->schedule) == NULL;
	return true;
}

const PtSchedule *
pt_schedule_by_id(int32 schedule_id)
{
	Entry	   *entry;
	Entry		found = {0};

	if (!pt_cache_fresh(&cache) || hash_get_num_entries(entries) >= CACHE_MOST)
	{
		pt_cache_begin(&cache);
		forget_all();
		pt_cache_loaded(&cache);
	}
	entry = hash_search(entries, &schedule_id, HASH_FIND, NULL);
	if (entry == NULL)
	{
		if (!load(schedule_id, &found))
			return NULL;
		entry = hash_search(entries, &schedule_id, HASH_ENTER, NULL);
		entry->good = found.good;
		entry->schedule = found.schedule;
	}
	return entry->good ? &entry->schedule : NULL;
}
