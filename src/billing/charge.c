/*
 * charge.c
 *	  Taking credits from a balance: the locking of stripes.
 *
 * README.md draws the states and gives the reasons.  The rule in one sentence:
 * a session waits for a stripe only while it holds none of any account, or
 * holds the account's gate and nothing of other accounts; so there is no
 * deadlock, and a refusal is given only by a session that holds every stripe.
 */
#include "billing/billing.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/fmgrprotos.h"
#include "utils/resowner.h"

#include "billing/charge.h"
#include "billing/credits.h"
#include "billing/holder.h"
#include "billing/purse.h"
#include "billing/settle.h"
#include "billing/stripe.h"

#define GATE_LOCK_CLASS 3		/* fourth field of the tag; users' locks have 1 and 2 */
#define PATIENCE 10				/* rounds before a waiter takes the gate */

#define EQ " OPERATOR(pg_catalog.=) "

typedef void (*LockBody) (PtPurse *purse, int64 need);

/*
 * Moves credits that were booked meanwhile into stripe 0, which is held: that
 * lock makes this session the only one that does so.
 */
static void
absorb(PtPurse *purse)
{
	static PtPlan plan = {
		"WITH gone AS (DELETE FROM portatext.balance_pending p WHERE p.account_id" EQ "$1 RETURNING p.amount) "
		"SELECT pg_catalog.sum(amount) FROM gone",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(purse->account_id);
	bool		isnull;
	Datum		sum;

	pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT);
	sum = pt_result(0, 1, &isnull);
	if (isnull)
		return;
	CommandCounterIncrement();	/* pt_balance must not see these rows again */
	pt_purse_spend(purse, 0, -pt_micro(sum));
}

/* Locks every free stripe, and absorbs what was booked when stripe 0 is among them. */
static void
lock_free(PtPurse *purse, int64 need)
{
	pt_stripe_lock_free(purse);
	if (purse->mask & 1)
		absorb(purse);
}

/* The first stripe that is not held, or PT_STRIPES. */
static int
first_missing(const PtPurse *purse)
{
	int			stripe = 0;

	while (purse->mask & ((uint32) 1 << stripe))
		stripe++;
	return stripe;
}

/* Locks stripes, waiting for those that are not free: for the holder of the gate. */
static void
lock_all(PtPurse *purse, int64 need)
{
	for (;;)
	{
		lock_free(purse, 0);
		if (purse->mask == PT_ALL_STRIPES || pt_purse_room(purse) >= need)
			return;
		pt_wait_for_holder(purse->account_id, first_missing(purse));
		CHECK_FOR_INTERRUPTS();
	}
}

/* What a stretch of locking came to. */
typedef enum Outcome
{
	ENOUGH,						/* the stripes held suffice; locks are kept */
	SHORT,						/* every stripe is held: a refusal; nothing is kept */
	PARTIAL						/* others hold stripes; nothing is kept */
} Outcome;

/* After locking: what the purse now comes to. */
static Outcome
judge(PtPurse *purse, int64 need, bool force)
{
	bool		complete = purse->mask == PT_ALL_STRIPES;

	purse->wanted = first_missing(purse);
	if (pt_purse_room(purse) >= need || (complete && force))
		return ENOUGH;
	return complete ? SHORT : PARTIAL;
}

/*
 * Runs a locking body in a subtransaction and keeps it only if the purse then
 * suffices.  Under REPEATABLE READ a row that changed between snapshot and lock raises 40001:
 * that is a stripe not had, nothing more.
 */
static Outcome
attempt(PtPurse *purse, LockBody body, int64 need, bool force)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile Outcome outcome = PARTIAL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		body(purse, need);
		outcome = judge(purse, need, force);
		if (outcome == ENOUGH)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (error->sqlerrcode != ERRCODE_T_R_SERIALIZATION_FAILURE || !IsolationUsesXactSnapshot())
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return outcome;
}

/* Takes the account's gate until the end of the (sub)transaction. */
static bool
take_gate(int64 account_id, bool wait)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (account_id >> 32),
						 (uint32) account_id, GATE_LOCK_CLASS);
	return LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

/*
 * The session holds stripes and needs some that others hold.  It may wait for
 * them if it alone does so.
 */
static void
enter_gate(PtPurse *purse)
{
	if (!pt_purse_others(purse) && take_gate(purse->account_id, false))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("the balance is in use by concurrent transactions"),
			 errdetail("This transaction and others hold parts of the balance of account %lld, and each needs more.",
					   (long long) purse->account_id),
			 errhint("Run the transaction again.")));
}

/*
 * No free stripe suffices: looks at all of them.  True when the purse now
 * suffices (or force); false, holding nothing more than before, when the
 * account's whole balance does not.
 */
static bool
gather(PtPurse *purse, int64 need, bool force)
{
	LockBody	body = lock_free;

	for (int round = 0;; round++)
	{
		Outcome		outcome = attempt(purse, body, need, force);

		if (outcome != PARTIAL)
			return outcome == ENOUGH;
		CHECK_FOR_INTERRUPTS();
		if (purse->mask != 0)
		{
			enter_gate(purse);
			body = lock_all;
		}
		else if (pt_purse_others(purse))
			enter_gate(purse);
		else if (round < PATIENCE)
			pt_wait_for_holder(purse->account_id, purse->wanted);
		else
		{
			(void) take_gate(purse->account_id, true);
			body = lock_all;
		}
	}
}

/* Locks what is needed beyond the stripes held; false when that is not to be had. */
static bool
lock_more(PtPurse *purse, int64 need, bool force)
{
	PtRole		saved;
	bool		enough;

	if (IsInParallelMode())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot charge an account during a parallel operation")));
	if (pt_stripe_lock_one(purse, need))
		return true;
	SPI_connect();
	pt_become_keeper(&saved);
	enough = gather(purse, need, force);
	pt_become_caller(&saved);
	SPI_finish();
	return enough;
}

/* Takes amount from the account; with force even if the balance becomes negative. */
static bool
take(int64 account_id, Datum amount, bool force)
{
	int64		need = pt_micro(amount);
	PtPurse    *purse;

	if (need < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an amount to be charged must not be negative")));
	if (need == 0)
		return true;
	purse = pt_purse(account_id);
	if (pt_purse_take(purse, need, false))
		return true;
	if (!lock_more(purse, need, force))
		return false;
	purse->largest = Max(purse->largest, need);
	return pt_purse_take(purse, need, force);
}

bool
pt_charge(int64 account_id, Datum amount)
{
	return take(account_id, amount, false);
}

void
pt_debit(int64 account_id, Datum amount)
{
	(void) take(account_id, amount, true);
}

bool
pt_absorb(int64 account_id)
{
	PtPurse    *purse = pt_purse(account_id);
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	lock_free(purse, 0);
	pt_become_caller(&saved);
	SPI_finish();
	return (purse->mask & 1) != 0;
}

void
pt_close_purse(int64 account_id)
{
	PtPurse    *purse = pt_purse_find(account_id);

	if (purse != NULL && purse->mask != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this transaction has spent credits of the account"),
				 errdetail("It is account %lld.", (long long) account_id),
				 errhint("Change the account's terms in a transaction of its own.")));
	(void) take_gate(account_id, true);
}

/* Subtransaction callback: the purses follow. */
static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		pt_purse_undo(GetCurrentTransactionNestLevel());
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		pt_purse_merge(GetCurrentTransactionNestLevel());
}

void
pt_billing_init(void)
{
	RegisterSubXactCallback(subtransaction_ended, NULL);
	pt_settle_init();
}
