/*
 * settle.c
 *	  Writing, before commit, what the transaction has spent; the balance; the
 *	  alerts of a balance that fell.
 */
#include "billing/settle.h"

#include "billing/billing.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "account/account.h"
#include "billing/charge.h"
#include "billing/credits.h"
#include "billing/purse.h"
#include "billing/stripe.h"

#define EQ " OPERATOR(pg_catalog.=) "
#define SUM_OF(table) \
	"COALESCE((SELECT pg_catalog.sum(amount) FROM portatext." table " WHERE account_id" EQ "$1), 0)"
#define STORED_BALANCE SUM_OF("balance_stripe") " OPERATOR(pg_catalog.+) " SUM_OF("balance_pending")
#define ROOMY 4					/* a stripe shall serve so many of the largest charge */

/*
 * How the purse's credits shall lie in its stripes from now on: evenly, but in
 * pieces that serve some charges each.  Negative: all on stripe 0.
 */
static void
spread(const PtPurse *purse, int64 room[PT_STRIPES])
{
	int64		left = pt_purse_room(purse);
	int			held = pg_popcount32(purse->mask);
	int64		piece = Max((left + held - 1) / held, purse->largest * ROOMY);

	for (int i = 0; i < PT_STRIPES; i++)
	{
		if (!(purse->mask & ((uint32) 1 << i)))
			continue;
		room[i] = left < 0 ? left : Min(left, piece);
		left -= room[i];
	}
}

/* Each stripe keeps what is left in it: one stripe, or no limit to share. */
static void
leave(const PtPurse *purse, int64 room[PT_STRIPES])
{
	for (int i = 0; i < PT_STRIPES; i++)
		room[i] = purse->held[i].room;
}

/* Writes one stripe by a statement, which triggers and constraints watch. */
static void
update_stripe(int64 account_id, int stripe, int64 spent)
{
	static PtPlan plan = {
		"UPDATE portatext.balance_stripe SET amount = amount OPERATOR(pg_catalog.-) $3 "
		"WHERE account_id" EQ "$1 AND stripe" EQ "$2",
		3, {INT8OID, INT2OID, NUMERICOID}
	};
	Datum		values[3] = {Int64GetDatum(account_id), Int16GetDatum((int16) stripe), pt_credits(spent)};

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_UPDATE) != 1)
		pt_stripe_missing(account_id, stripe);
}

/*
 * Writes one stripe, which this transaction has locked and which keeps that room.
 * Only stripe 0 may owe more than its allowance: elsewhere the constraint speaks.
 */
static void
write_stripe(const PtPurse *purse, int stripe, int64 room)
{
	int64		spent = purse->held[stripe].locked_room - room;

	if (spent == 0)
		return;
	if ((stripe > 0 && room < 0) || !pt_stripe_write(purse->account_id, stripe, spent))
		update_stripe(purse->account_id, stripe, spent);
}

/* Writes the account's stripes; returns a lower bound of what a prepaid one now has. */
static int64
write_purse(const PtPurse *purse)
{
	int64		room[PT_STRIPES];
	int64		least = 0;
	bool		unlimited = false;

	for (int i = 0; i < PT_STRIPES; i++)
		unlimited |= (purse->mask & ((uint32) 1 << i)) && purse->held[i].unlimited;
	if (unlimited || pg_popcount32(purse->mask) == 1)
		leave(purse, room);
	else
		spread(purse, room);
	for (int i = 0; i < PT_STRIPES; i++)
	{
		if (!(purse->mask & ((uint32) 1 << i)))
			continue;
		least += room[i];
		write_stripe(purse, i, room[i]);
	}
	return least;
}

/* Fires one alert unless it has fired and waits for the balance to recover. */
static void
fire(int64 account_id, const char *kind)
{
	static PtPlan plan = {
		"SELECT portatext.fire_balance_alert($1, $2)",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), CStringGetTextDatum(kind)};

	pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT);
}

/*
 * Has the balance fallen below the account's threshold or to zero (ALERT-02,
 * ALERT-03)?  Two transactions that commit together may both miss it;
 * balance_alerts(), which the scheduler calls, does not.
 */
static void
look_for_alerts(const PtAccount *account)
{
	static PtPlan plan = {
		"SELECT " STORED_BALANCE ", a.low, a.zero FROM (SELECT) one "
		"LEFT JOIN portatext.balance_alert a ON a.account_id" EQ "$1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(account->account_id);
	bool		isnull;
	int64		balance;
	bool		low;
	bool		zero;

	pt_plan_read(&plan, &value, NULL);
	balance = pt_micro(pt_result(0, 1, &isnull));
	low = DatumGetBool(pt_result(0, 2, &isnull)) && !isnull;
	zero = DatumGetBool(pt_result(0, 3, &isnull)) && !isnull;
	if (account->has_alert && balance < account->alert_below && !low)
		fire(account->account_id, "low");
	if (balance <= 0 && !zero)
		fire(account->account_id, "zero");
}

/* Writes all purses, in ascending order of accounts. */
static void
settle(void)
{
	PtRole		saved;

	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	pt_become_keeper(&saved);
	for (const PtPurse *purse = pt_purse_first(); purse != NULL; purse = purse->next)
	{
		const PtAccount *account;
		int64		least;
		bool		poorer;

		if (purse->mask == 0)
			continue;
		poorer = purse->ahead || pt_purse_unwritten(purse) > 0;
		least = write_purse(purse);
		account = pt_account_get(purse->account_id);
		if (!poorer || IsolationUsesXactSnapshot() ||
			(account->prepaid && least > 0 && !(account->has_alert && least < account->alert_below)))
			continue;
		CommandCounterIncrement();
		look_for_alerts(account);
	}
	pt_become_caller(&saved);
	PopActiveSnapshot();
	SPI_finish();
}

/* Transaction callback. */
static void
transaction_ends(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (pt_purse_first() != NULL)
				settle();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			pt_purse_drop_all();
			break;
		default:
			break;
	}
}

/* The balance by one of the two ways of reading. */
static Datum
read_balance(int64 account_id, bool of_statement)
{
	static PtPlan plan = {
		"SELECT " STORED_BALANCE,
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(account_id);
	PtPurse    *purse = pt_purse_find(account_id);
	PtRole		saved;
	bool		isnull;
	int64		stored;

	SPI_connect();
	pt_become_keeper(&saved);
	if (of_statement && purse == NULL)
		pt_plan_read_statement(&plan, &value, NULL);
	else
		pt_plan_read(&plan, &value, NULL);
	stored = pt_micro(pt_result(0, 1, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
	return pt_credits(stored - (purse ? pt_purse_unwritten(purse) : 0));
}

Datum
pt_balance(int64 account_id)
{
	return read_balance(account_id, false);
}

Datum
pt_balance_of_statement(int64 account_id)
{
	return read_balance(account_id, true);
}

bool
pt_spendable(int64 account_id, Datum *credits)
{
	static PtPlan plan = {
		"SELECT pg_catalog.bool_or(s.allowance IS NULL), COALESCE(pg_catalog.sum(s.allowance), 0) "
		"FROM portatext.balance_stripe s WHERE s.account_id" EQ "$1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(account_id);
	int64		balance = pt_micro(pt_balance(account_id));
	PtRole		saved;
	bool		isnull;
	bool		unlimited;
	int64		allowance;

	SPI_connect();
	pt_become_keeper(&saved);
	pt_plan_read(&plan, &value, NULL);
	unlimited = DatumGetBool(pt_result(0, 1, &isnull)) && !isnull;
	allowance = pt_micro(pt_result(0, 2, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
	*credits = pt_credits(balance + allowance);
	return !unlimited;
}

void
pt_settle_init(void)
{
	RegisterXactCallback(transaction_ends, NULL);
}
