/*
 * call_control.c
 *	  What the dialer does with single calls, for SQL.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "sms/column.h"

/* Into SPI, as the keeper. */
static void
begin(PtRole *saved)
{
	SPI_connect();
	pt_become_keeper(saved);
}

static void
finish(const PtRole *saved)
{
	pt_become_caller(saved);
	SPI_finish();
}

/* The row of a call that has not ended, locked; NULL: there is none. */
static PtCallRow *
lock_call(const pg_uuid_t *id)
{
	PtColumn	ids = {UUIDOID};
	PtCallRow  *row;
	int			n;

	pt_column_add_uuid(&ids, id);
	row = pt_call_rows_lock(pt_column_array(&ids), 0, &n);
	return n == 0 ? NULL : row;
}

PG_FUNCTION_INFO_V1(pt_settle_call);

/* portatext.settle_call(call, result, problem) */
Datum
pt_settle_call(PG_FUNCTION_ARGS)
{
	PtRole		saved;
	char	   *result;
	bool		ended;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("call and result must not be null")));
	result = DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(1)));
	begin(&saved);
	ended = pt_call_end(PG_GETARG_UUID_P(0), result, PT_CALL_UNKNOWN,
						PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)));
	finish(&saved);
	PG_RETURN_BOOL(ended);
}

PG_FUNCTION_INFO_V1(pt_reserve_call);

/* portatext.reserve_call(call) */
Datum
pt_reserve_call(PG_FUNCTION_ARGS)
{
	PtRole		saved;
	PtCallRow  *row;
	bool		tariff = true;
	bool		paid = false;

	begin(&saved);
	row = lock_call(PG_GETARG_UUID_P(0));
	if (row != NULL)
		paid = row->reserved > 0 || pt_call_reserve(&row->id, row->account_id, row->to_number, &tariff);
	finish(&saved);
	if (!tariff)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(paid);
}

PG_FUNCTION_INFO_V1(pt_pay_calls);

/* portatext.pay_calls(until) */
Datum
pt_pay_calls(PG_FUNCTION_ARGS)
{
	PtRole		saved;
	int			n;

	begin(&saved);
	n = pt_calls_pay_on(PG_GETARG_TIMESTAMPTZ(0));
	finish(&saved);
	PG_RETURN_INT32(n);
}

/* The agent who has the call; 0: none. */
static int64
agent_of(const pg_uuid_t *id)
{
	static PtPlan plan = {"SELECT COALESCE(c.agent_id, 0) FROM portatext.call c WHERE c.call_id = $1", 1, {UUIDOID}};
	Datum		value = UUIDPGetDatum(id);
	bool		isnull;

	pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

PG_FUNCTION_INFO_V1(pt_give_call);

/* portatext.give_call(call) */
Datum
pt_give_call(PG_FUNCTION_ARGS)
{
	PtRole		saved;
	PtCallRow  *row;
	int64		agent_id = 0;

	begin(&saved);
	row = lock_call(PG_GETARG_UUID_P(0));
	if (row != NULL && row->phase == PT_PHASE_WAITING && pt_agent_take(&row->id, pt_now()))
		agent_id = agent_of(&row->id);
	pt_dialer_wake();
	finish(&saved);
	if (agent_id == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(agent_id);
}

PG_FUNCTION_INFO_V1(pt_wake_agents);

/* portatext.wake_agents() */
Datum
pt_wake_agents(PG_FUNCTION_ARGS)
{
	PtRole		saved;
	int			n;

	begin(&saved);
	n = pt_agents_wake(pt_now());
	finish(&saved);
	PG_RETURN_INT32(n);
}
