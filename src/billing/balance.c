/*
 * balance.c
 *	  SQL functions about the balance.
 */
#include "billing/billing.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"

#include "account/account.h"
#include "billing/charge.h"
#include "billing/credits.h"

/* Raises 42501 unless the caller is an operator. */
static void
operators_only(void)
{
	if (!pt_is_operator())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only an operator may do this with an account")));
}

PG_FUNCTION_INFO_V1(pt_balance_sql);

/* portatext.balance([account_id]) */
Datum
pt_balance_sql(PG_FUNCTION_ARGS)
{
	int64		account_id = pt_known_account();

	if (PG_ARGISNULL(0))
	{
		if (account_id == 0)	/* may be made now, after the statement's snapshot */
			PG_RETURN_DATUM(pt_balance(pt_current_account()));
	}
	else
	{
		if (account_id != PG_GETARG_INT64(0))
			operators_only();
		account_id = PG_GETARG_INT64(0);
		pt_account_get(account_id);
	}
	PG_RETURN_DATUM(pt_balance_of_statement(account_id));
}

PG_FUNCTION_INFO_V1(pt_open_balance);

/* portatext.open_balance(account_id) */
Datum
pt_open_balance(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {"SELECT portatext.share_balance($1)", 1, {INT8OID}};
	Datum		value = PG_GETARG_DATUM(0);
	PtRole		saved;

	pt_close_purse(PG_GETARG_INT64(0));
	SPI_connect();
	pt_become_keeper(&saved);
	pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_VOID();
}

bool		pt_ledger_opened = false;

PG_FUNCTION_INFO_V1(pt_guard_ledger);

/* portatext.guard_ledger() */
Datum
pt_guard_ledger(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"guard_ledger\" must be called as a trigger")));
	if (!pt_ledger_opened)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the ledger is append-only"),
				 errhint("Book the opposite amount with portatext.recharge(), grant_bonus() or debit().")));
	PG_RETURN_POINTER(NULL);
}

/* The account named by an argument that may be null; only operators name one. */
static int64
account_argument(FunctionCallInfo fcinfo, int arg)
{
	if (!pt_is_operator())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only an operator may book credits")));
	if (PG_ARGISNULL(arg))
		return pt_current_account();
	pt_account_get(PG_GETARG_INT64(arg));
	return PG_GETARG_INT64(arg);
}

/* A positive amount from an argument; raises 22023 otherwise. */
static Datum
amount_argument(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg) || pt_micro(PG_GETARG_DATUM(arg)) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the amount must be positive")));
	return PG_GETARG_DATUM(arg);
}

/* Runs SELECT portatext.<function>(account, amount, note), which writes the books. */
static void
book(PtPlan *plan, int64 account_id, Datum amount, FunctionCallInfo fcinfo, int note)
{
	Datum		values[3] = {Int64GetDatum(account_id), amount, PG_ARGISNULL(note) ? 0 : PG_GETARG_DATUM(note)};
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	pt_plan_run(plan, values, PG_ARGISNULL(note) ? "  n" : NULL, SPI_OK_SELECT);
	pt_become_caller(&saved);
	SPI_finish();
}

PG_FUNCTION_INFO_V1(pt_recharge);

/* portatext.recharge(amount, note, account_id): ALERT-08. */
Datum
pt_recharge(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"SELECT portatext.book_credit($1, 'recharge', $2, $3)",
		3, {INT8OID, NUMERICOID, TEXTOID}
	};
	int64		account_id = account_argument(fcinfo, 2);

	book(&plan, account_id, amount_argument(fcinfo, 0), fcinfo, 1);
	PG_RETURN_DATUM(pt_balance(account_id));
}

PG_FUNCTION_INFO_V1(pt_grant_bonus);

/* portatext.grant_bonus(amount, note, account_id): BILL-17. */
Datum
pt_grant_bonus(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"SELECT portatext.book_credit($1, 'bonus', $2, $3)",
		3, {INT8OID, NUMERICOID, TEXTOID}
	};
	int64		account_id = account_argument(fcinfo, 2);

	book(&plan, account_id, amount_argument(fcinfo, 0), fcinfo, 1);
	PG_RETURN_DATUM(pt_balance(account_id));
}

PG_FUNCTION_INFO_V1(pt_debit_sql);

/*
 * portatext.debit(amount, note, account_id, below_zero): false, with nothing
 * done, when the funds do not suffice and the balance may not go below zero.
 */
Datum
pt_debit_sql(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"SELECT portatext.book_debit($1, $2, $3)",
		3, {INT8OID, NUMERICOID, TEXTOID}
	};
	int64		account_id = account_argument(fcinfo, 2);
	Datum		amount = amount_argument(fcinfo, 0);

	if (PG_ARGISNULL(3) || PG_GETARG_BOOL(3))
		pt_debit(account_id, amount);
	else if (!pt_charge(account_id, amount))
		PG_RETURN_BOOL(false);
	book(&plan, account_id, amount, fcinfo, 1);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(pt_absorb_pending);

/* portatext.absorb_pending(account_id) */
Datum
pt_absorb_pending(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(pt_absorb(PG_GETARG_INT64(0)));
}
