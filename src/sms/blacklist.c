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
#include "utils/fmgrprotos.h"
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

#define STEPS 12				/* entries passed by before it is cheaper to search again */

/* A look at a table's key, which goes forward while the numbers that are asked for do. */
typedef struct Look
{
	IndexScanDesc scan;
	TupleTableSlot *slot;
	ScanKey		keys;			/* the last is the number's */
	int			nkeys;
	Datum		asked;			/* the last number; 0: none yet */
	bool		found;			/* was it there? */
	bool		end;
	Datum		entry;			/* unless end: the first that is not before it */
} Look;

static int
compare(Datum a, Datum b)
{
	return DatumGetInt32(DirectFunctionCall2Coll(bttextcmp, DEFAULT_COLLATION_OID, a, b));
}

static void
next_entry(Look *look)
{
	bool		isnull;

	look->end = index_getnext_tid(look->scan, ForwardScanDirection) == NULL;
	if (!look->end)
		look->entry = index_getattr(look->scan->xs_itup, look->nkeys, look->scan->xs_itupdesc, &isnull);
}

static void
search(Look *look, Datum number)
{
	look->keys[look->nkeys - 1].sk_argument = number;
	index_rescan(look->scan, look->keys, look->nkeys, NULL, 0);
	next_entry(look);
}

/* To the first entry that is not before the number, which is not before the last one asked for. */
static void
go_forward(Look *look, Datum number)
{
	for (int steps = 0; !look->end && compare(look->entry, number) < 0; steps++)
	{
		if (steps == STEPS)
		{
			search(look, number);
			return;
		}
		next_entry(look);
	}
}

/* Has the table a row with this number? */
static bool
look_for(Look *look, Datum number)
{
	int			order = look->asked == (Datum) 0 ? -1 : compare(number, look->asked);

	if (order == 0)
		return look->found;
	if (order < 0)
		search(look, number);
	else
		go_forward(look, number);
	look->asked = number;
	look->found = false;
	for (; !look->end && compare(look->entry, number) == 0; next_entry(look))
	{
		if (index_fetch_heap(look->scan, look->slot))
		{
			look->found = true;
			break;
		}
	}
	return look->found;
}

/* Marks those of the numbers that the table has.  An index of one block, its meta page, is empty. */
static void
mark(const char *table, const char *key, ScanKey keys, int nkeys, const Datum *numbers, int n, bool *found)
{
	Oid			schema = get_namespace_oid("portatext", false);
	Relation	relation = table_open(get_relname_relid(table, schema), AccessShareLock);
	Relation	index = index_open(get_relname_relid(key, schema), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	bool		empty = RelationGetNumberOfBlocks(index) <= 1;
	Look		look = {.keys = keys, .nkeys = nkeys};

	look.slot = table_slot_create(relation, NULL);
	look.scan = PT_INDEX_BEGINSCAN(relation, index, snapshot, nkeys);
	look.scan->xs_want_itup = true;
	for (int i = 0; i < n && !empty; i++)
		found[i] |= look_for(&look, numbers[i]);
	index_endscan(look.scan);
	ExecDropSingleTupleTableSlot(look.slot);
	UnregisterSnapshot(snapshot);
	index_close(index, NoLock);
	table_close(relation, NoLock);
}

/* The condition of numbers that are not before one. */
static void
key_from_number(ScanKey key, AttrNumber column)
{
	ScanKeyInit(key, column, BTGreaterEqualStrategyNumber, F_TEXT_GE, (Datum) 0);
	key->sk_collation = DEFAULT_COLLATION_OID;
}

void
pt_blacklisted_many(int64 account_id, const Datum *numbers, int n, bool *found)
{
	ScanKeyData own[2];
	ScanKeyData global[1];

	CommandCounterIncrement();	/* what this statement has added before counts */
	memset(found, 0, n * sizeof(bool));
	ScanKeyInit(&own[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(account_id));
	key_from_number(&own[1], 2);
	key_from_number(&global[0], 1);
	mark("blacklist", "blacklist_pkey", own, 2, numbers, n, found);
	mark("global_blacklist", "global_blacklist_pkey", global, 1, numbers, n, found);
}
