/*
 * spi.c
 *	  Statements planned once per process, and the owner's role for code that no
 *	  SECURITY DEFINER function leads to.
 */
#include "portatext.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/snapmgr.h"

/* Plans the statement at its first use. */
static void
plan_prepare(PtPlan *plan)
{
	SPIPlanPtr	made;

	if (plan->plan != NULL)
		return;
	made = SPI_prepare_cursor(plan->sql, plan->nargs, plan->argtypes,
							  plan->generic ? CURSOR_OPT_GENERIC_PLAN : 0);
	if (made == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not plan an internal statement: %s",
						SPI_result_code_string(SPI_result)),
				 errdetail("The statement is: %s", plan->sql)));
	if (SPI_keepplan(made) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not keep the plan of an internal statement")));
	plan->plan = made;
}

/* Raises an internal error unless the statement ended as expected. */
static uint64
plan_check(const PtPlan *plan, int result, int expected)
{
	if (result != expected)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("an internal statement failed: %s", SPI_result_code_string(result)),
				 errdetail("The statement is: %s", plan->sql)));
	return SPI_processed;
}

uint64
pt_plan_run(PtPlan *plan, const Datum *values, const char *nulls, int expected)
{
	plan_prepare(plan);
	return plan_check(plan,
					  SPI_execute_plan(plan->plan, (Datum *) values, nulls, false, 0),
					  expected);
}

uint64
pt_plan_run_latest(PtPlan *plan, const Datum *values, const char *nulls, int expected)
{
	int			result;

	plan_prepare(plan);
	result = SPI_execute_snapshot(plan->plan, (Datum *) values, nulls,
								  GetLatestSnapshot(), InvalidSnapshot,
								  false, true, 0);
	return plan_check(plan, result, expected);
}

uint64
pt_plan_read(PtPlan *plan, const Datum *values, const char *nulls)
{
	Snapshot	snapshot = IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot();
	int			result;

	plan_prepare(plan);
	result = SPI_execute_snapshot(plan->plan, (Datum *) values, nulls,
								  snapshot, InvalidSnapshot, true, false, 0);
	return plan_check(plan, result, SPI_OK_SELECT);
}

uint64
pt_plan_read_statement(PtPlan *plan, const Datum *values, const char *nulls)
{
	plan_prepare(plan);
	return plan_check(plan,
					  SPI_execute_plan(plan->plan, (Datum *) values, nulls, true, 0),
					  SPI_OK_SELECT);
}

Portal
pt_plan_cursor(PtPlan *plan, const Datum *values, const char *nulls)
{
	plan_prepare(plan);
	return SPI_cursor_open(NULL, plan->plan, (Datum *) values, nulls, false);
}

Datum
pt_result(uint64 row, int col, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col, isnull);
}

void
pt_become_owner(PtRole *saved)
{
	Oid			owner = pt_owner_oid();

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"portatext_owner\" does not exist"),
				 errhint("Run DROP EXTENSION portatext and CREATE EXTENSION portatext again.")));
	GetUserIdAndSecContext(&saved->userid, &saved->sec_context);
	SetUserIdAndSecContext(owner, saved->sec_context | SECURITY_LOCAL_USERID_CHANGE);
}

void
pt_become_keeper(PtRole *saved)
{
	PtRole		owner;

	pt_become_owner(saved);
	GetUserIdAndSecContext(&owner.userid, &owner.sec_context);
	SetUserIdAndSecContext(owner.userid, owner.sec_context | SECURITY_NOFORCE_RLS);
}

void
pt_become_caller(const PtRole *saved)
{
	SetUserIdAndSecContext(saved->userid, saved->sec_context);
}
