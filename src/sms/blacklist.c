/*
 * blacklist.c
 *	  Are numbers blacklisted?
 *
 * Each message asks this of two tables that are mostly small or empty: their keys
 * are read, as a statement would cost many times as much, and no plan that was
 * made while they were small can be wrong when they have grown.
 */
#include "sms/blacklist.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "executor/tuptable.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Does the table have a row with that key, as a statement beginning now would see? */
static bool
has_row(const char *table, const char *key, ScanKey keys, int nkeys)
{
	Oid			schema = get_namespace_oid("portatext", false);
	Relation	relation = table_open(get_relname_relid(table, schema), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	SysScanDesc scan = systable_beginscan(relation, get_relname_relid(key, schema), true,
										  snapshot, nkeys, keys);
	bool		found = systable_getnext(scan) != NULL;

	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(relation, NoLock);
	return found;
}

/* A condition on a column of numbers, which have the database's collation. */
static void
key_of_number(ScanKey key, AttrNumber column, Datum number)
{
	ScanKeyInit(key, column, BTEqualStrategyNumber, F_TEXTEQ, number);
	key->sk_collation = DEFAULT_COLLATION_OID;
}

bool
pt_blacklisted(int64 account_id, const char *number)
{
	Datum		text = CStringGetTextDatum(number);
	ScanKeyData own[2];
	ScanKeyData global[1];

	CommandCounterIncrement();	/* what this statement has added before counts */
	ScanKeyInit(&own[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(account_id));
	key_of_number(&own[1], 2, text);
	key_of_number(&global[0], 1, text);
	return has_row("blacklist", "blacklist_pkey", own, 2) ||
		has_row("global_blacklist", "global_blacklist_pkey", global, 1);
}

/*
 * Marks those of the numbers that the table has; the last of the keys is the
 * number, the others are set.  An index of one block, its meta page, is empty.
 */
static void
mark(const char *table, const char *key, ScanKey keys, int nkeys, const Datum *numbers, int n, bool *found)
{
	Oid			schema = get_namespace_oid("portatext", false);
	Relation	relation = table_open(get_relname_relid(table, schema), AccessShareLock);
	Relation	index = index_open(get_relname_relid(key, schema), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	IndexScanDesc scan = PT_INDEX_BEGINSCAN(relation, index, snapshot, nkeys);
	bool		empty = RelationGetNumberOfBlocks(index) <= 1;

	for (int i = 0; i < n && !empty; i++)
	{
		keys[nkeys - 1].sk_argument = numbers[i];
		index_rescan(scan, keys, nkeys, NULL, 0);
		found[i] |= index_getnext_slot(scan, ForwardScanDirection, slot);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	index_close(index, NoLock);
	table_close(relation, NoLock);
}

void
pt_blacklisted_many(int64 account_id, const Datum *numbers, int n, bool *found)
{
	ScanKeyData own[2];
	ScanKeyData global[1];

	CommandCounterIncrement();	/* what this statement has added before counts */
	memset(found, 0, n * sizeof(bool));
	ScanKeyInit(&own[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(account_id));
	key_of_number(&own[1], 2, (Datum) 0);
	key_of_number(&global[0], 1, (Datum) 0);
	mark("blacklist", "blacklist_pkey", own, 2, numbers, n, found);
	mark("global_blacklist", "global_blacklist_pkey", global, 1, numbers, n, found);
}
