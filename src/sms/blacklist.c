/*
 * blacklist.c
 *	  Is one number blacklisted?
 *
 * Each message that is sent alone asks this of two tables that are mostly small
 * or empty: their keys are read, as a statement would cost many times as much.
 */
#include "sms/blacklist.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
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
