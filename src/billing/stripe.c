/*
 * stripe.c
 *	  One row of balance_stripe, found, locked and written by its key.
 *
 * Every message that is sent alone comes here twice, so no statement is run: the
 * primary key is read and the heap is called as the executor would call it.
 * A row is locked only in the version that was judged, so no lock is left on a
 * stripe that does not suffice, and no subtransaction is needed to give it back.
 * Nor does locking ever wait.  FOR UPDATE SKIP LOCKED may: when the row is updated
 * meanwhile, the server locks its later versions as well and waits for whoever
 * has them, while this session holds other stripes: two such could deadlock.
 */
#include "billing/stripe.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "billing/credits.h"

#define TRIES 3					/* for a row that others change between snapshot and lock */

/* The table's columns (billing.sql). */
enum
{
	COL_ACCOUNT_ID = 1,
	COL_STRIPE,
	COL_AMOUNT,
	COL_ALLOWANCE
};

/* A row being looked at. */
typedef struct Look
{
	Relation	stripes;
	Oid			key;			/* the primary key's index */
	Snapshot	snapshot;
	SysScanDesc scan;
	HeapTuple	row;			/* NULL: there is none; valid until the scan's end */
} Look;

/* Opens the table for writing, until the end of the transaction. */
static void
open_stripes(Look *look)
{
	Oid			schema = get_namespace_oid("portatext", false);

	look->stripes = table_open(get_relname_relid("balance_stripe", schema), RowExclusiveLock);
	look->key = get_relname_relid("balance_stripe_pkey", schema);
}

/* Reads the newest version of a row that is committed or the own transaction's. */
static void
begin_look(Look *look, int64 account_id, int stripe)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], COL_ACCOUNT_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(account_id));
	ScanKeyInit(&keys[1], COL_STRIPE, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum((int16) stripe));
	look->snapshot = RegisterSnapshot(GetLatestSnapshot());
	look->scan = systable_beginscan(look->stripes, look->key, true, look->snapshot, 2, keys);
	look->row = systable_getnext(look->scan);
}

static void
end_look(Look *look)
{
	systable_endscan(look->scan);
	UnregisterSnapshot(look->snapshot);
}

static Datum
column(const Look *look, int number, bool *isnull)
{
	return heap_getattr(look->row, number, RelationGetDescr(look->stripes), isnull);
}

/* Writes the row with another amount; the own transaction holds it. */
static void
replace_row(const Look *look, Datum amount)
{
	Datum		values[COL_ALLOWANCE] = {0};
	bool		nulls[COL_ALLOWANCE] = {false};
	bool		replaced[COL_ALLOWANCE] = {false};
	HeapTuple	made;

	values[COL_AMOUNT - 1] = amount;
	replaced[COL_AMOUNT - 1] = true;
	made = heap_modify_tuple(look->row, RelationGetDescr(look->stripes), values, nulls, replaced);
	CatalogTupleUpdate(look->stripes, &look->row->t_self, made);
	CommandCounterIncrement();
	heap_freetuple(made);
}

/* Locks exactly the version that was read, if nobody has it and it is the newest. */
static TM_Result
lock_row(const Look *look)
{
	HeapTupleData tuple = {.t_self = look->row->t_self};
	TM_FailureData failure;
	Buffer		buffer;
	TM_Result	result;

	result = heap_lock_tuple(look->stripes, &tuple, GetCurrentCommandId(true), LockTupleNoKeyExclusive,
							 LockWaitSkip, false, &buffer, &failure);
	ReleaseBuffer(buffer);
	return result;
}

/* What came of one stripe. */
typedef enum Find
{
	HELD,
	USELESS,					/* too little in it, in use, or missing */
	CHANGED						/* others have written it meanwhile */
} Find;

/*
 * Locks the stripe if it suffices.  In a subtransaction the charge is written at
 * once: were it left to the parent, its write over the child's lock would make a
 * MultiXact.
 */
static Find
lock_if_enough(Look *look, PtPurse *purse, int stripe, int64 need)
{
	bool		isnull;
	bool		unlimited;
	int64		amount;
	int64		allowance;
	Datum		stored;
	TM_Result	result;

	if (look->row == NULL)
		return USELESS;
	stored = column(look, COL_ALLOWANCE, &unlimited);
	allowance = unlimited ? 0 : pt_micro(stored);
	stored = column(look, COL_AMOUNT, &isnull);
	amount = pt_micro(stored);
	if (!unlimited && amount + allowance < need)
		return USELESS;
	result = lock_row(look);
	if (result == TM_Updated)
		return CHANGED;
	if (result != TM_Ok)
		return USELESS;
	pt_purse_hold(purse, stripe, amount, allowance, unlimited);
	if (need > 0 && GetCurrentTransactionNestLevel() > 1 && look->stripes->trigdesc == NULL)
	{
		replace_row(look, pt_credits(amount - need));
		pt_purse_written(purse, stripe, need);
	}
	return HELD;
}

/* The same, reading the row anew while others change it. */
static bool
try_stripe(Look *look, PtPurse *purse, int stripe, int64 need)
{
	Find		found = CHANGED;

	for (int i = 0; i < TRIES && found == CHANGED; i++)
	{
		begin_look(look, purse->account_id, stripe);
		found = lock_if_enough(look, purse, stripe, need);
		end_look(look);
	}
	return found == HELD;
}

bool
pt_stripe_lock_one(PtPurse *purse, int64 need)
{
	static int	preferred = -1; /* the one that served last: mostly it is free, and suffices */
	Look		look;
	bool		held = false;

	PreventCommandIfReadOnly("SELECT FOR UPDATE");
	if (preferred < 0)
		preferred = MyProcPid % PT_STRIPES;
	CommandCounterIncrement();	/* what this transaction has written before is seen */
	open_stripes(&look);
	for (int i = 0; i < PT_STRIPES && !held; i++)
	{
		int			stripe = preferred ^ i;

		if (purse->mask & ((uint32) 1 << stripe))
			continue;
		held = try_stripe(&look, purse, stripe, need);
		if (held)
			preferred = stripe;
	}
	table_close(look.stripes, NoLock);
	return held;
}

void
pt_stripe_lock_free(PtPurse *purse)
{
	Look		look;

	PreventCommandIfReadOnly("SELECT FOR UPDATE");
	CommandCounterIncrement();
	open_stripes(&look);
	for (int stripe = 0; stripe < PT_STRIPES; stripe++)
	{
		if (!(purse->mask & ((uint32) 1 << stripe)))
			(void) try_stripe(&look, purse, stripe, PG_INT64_MIN);
	}
	table_close(look.stripes, NoLock);
}

bool
pt_stripe_write(int64 account_id, int stripe, int64 spent)
{
	Look		look;
	bool		plain;
	bool		isnull;

	open_stripes(&look);
	plain = look.stripes->trigdesc == NULL;
	if (plain)
	{
		begin_look(&look, account_id, stripe);
		if (look.row == NULL)
			pt_stripe_missing(account_id, stripe);
		replace_row(&look, DirectFunctionCall2(numeric_sub, column(&look, COL_AMOUNT, &isnull), pt_credits(spent)));
		end_look(&look);
	}
	table_close(look.stripes, NoLock);
	return plain;
}

void
pt_stripe_missing(int64 account_id, int stripe)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("stripe %d of account %lld has vanished", stripe, (long long) account_id)));
}
