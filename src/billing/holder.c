/*
 * holder.c
 *	  Waiting for whoever holds a stripe, without queueing for it.
 *
 * SELECT FOR UPDATE would do it, but it holds the row's heavyweight lock while it
 * waits for the holder's whole transaction, also when the holder gave the row
 * back with a savepoint; the holder would then wait for it in turn.  So the
 * transaction that is named in the row is waited for, and nothing is held.
 */
#include "billing/holder.h"

#include "portatext.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/multixact.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define EQ " OPERATOR(pg_catalog.=) "
#define NAP_USECS 1000			/* when there is nobody to wait for */

/* Where the stripe's row is; raises 42704 when it is missing. */
static ItemPointerData
place_of(int64 account_id, int stripe)
{
	static PtPlan plan = {
		"SELECT s.ctid FROM portatext.balance_stripe s "
		"WHERE s.account_id" EQ "$1 AND s.stripe" EQ "$2",
		2, {INT8OID, INT2OID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), Int16GetDatum((int16) stripe)};
	bool		isnull;

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("account %lld has no balance", (long long) account_id),
				 errdetail("Its row %d of balance_stripe is missing.", stripe)));
	return *(ItemPointer) DatumGetPointer(pt_result(0, 1, &isnull));
}

/* Reads who has locked or changed the row version; false when it is gone. */
static bool
locker_of(ItemPointerData place, TransactionId *locker, uint16 *infomask)
{
	Relation	stripes = table_open(get_relname_relid("balance_stripe", get_namespace_oid("portatext", false)),
									 AccessShareLock);
	HeapTupleData tuple = {.t_self = place};
	Buffer		buffer;
	bool		found = heap_fetch(stripes, SnapshotAny, &tuple, &buffer, false);

	if (found)
	{
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		*locker = HeapTupleHeaderGetRawXmax(tuple.t_data);
		*infomask = tuple.t_data->t_infomask;
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		ReleaseBuffer(buffer);
	}
	table_close(stripes, AccessShareLock);
	return found;
}

/* Waits for one transaction; false when it is over or the own one. */
static bool
wait_for(TransactionId xid)
{
	if (!TransactionIdIsNormal(xid) || TransactionIdIsCurrentTransactionId(xid) ||
		!TransactionIdIsInProgress(xid))
		return false;
	XactLockTableWait(xid, NULL, NULL, XLTW_None);
	return true;
}

void
pt_wait_for_holder(int64 account_id, int stripe)
{
	TransactionId locker;
	uint16		infomask;
	MultiXactMember *members;
	int			count;
	bool		waited = false;

	if (!locker_of(place_of(account_id, stripe), &locker, &infomask))
		return;
	if (infomask & HEAP_XMAX_INVALID)
		waited = false;
	else if (!(infomask & HEAP_XMAX_IS_MULTI))
		waited = wait_for(locker);
	else
	{
		count = GetMultiXactIdMembers(locker, &members, false, HEAP_XMAX_IS_LOCKED_ONLY(infomask));
		for (int i = 0; i < count; i++)
			waited |= wait_for(members[i].xid);
	}
	if (!waited)
		pg_usleep(NAP_USECS);
}
