/*
 * agent_state.c
 *	  What agents and their account's programs change of an agent's state.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "telephony/agent_state.h"
#include "worker/shared.h"

void
pt_agent_lock(int64 agent_id, PtAgent *agent)
{
	static PtPlan plan = {
		"SELECT a.account_id, a.team_id, a.state::text, a.call_id, a.pause_next FROM portatext.agent a"
		" WHERE a.agent_id = $1 AND ($2 = 0 OR a.account_id = $2) FOR NO KEY UPDATE",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(agent_id), Int64GetDatum(pt_sees_all() ? 0 : pt_current_account())};
	bool		isnull;
	Datum		call;

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("agent %lld does not exist", (long long) agent_id),
				 errhint("The view portatext.agents lists them.")));
	agent->agent_id = agent_id;
	agent->account_id = DatumGetInt64(pt_result(0, 1, &isnull));
	agent->team_id = DatumGetInt64(pt_result(0, 2, &isnull));
	agent->state = TextDatumGetCString(pt_result(0, 3, &isnull));
	call = pt_result(0, 4, &isnull);
	agent->has_call = !isnull;
	if (!isnull)
		agent->call_id = *DatumGetUUIDP(call);
	agent->pause_next = DatumGetBool(pt_result(0, 5, &isnull));
}

void
pt_agent_raise(const PtAgent *agent, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("agent %lld is in state %s", (long long) agent->agent_id, agent->state),
			 errhint("%s", hint)));
}

bool
pt_agent_is(const PtAgent *agent, const char *state)
{
	return strcmp(agent->state, state) == 0;
}

/* Asks for a pause after the call, or takes that back. */
static void
ask_for_pause(const PtAgent *agent, bool pause)
{
	static PtPlan plan = {
		"UPDATE portatext.agent a SET pause_next = $2 WHERE a.agent_id = $1", 2, {INT8OID, BOOLOID}
	};
	Datum		values[2] = {Int64GetDatum(agent->agent_id), BoolGetDatum(pause)};

	pt_plan_run_latest(&plan, values, NULL, SPI_OK_UPDATE);
}

/* Of an agent that has something to do with a call: what it wants to be afterwards. */
static const char *
set_busy(const PtAgent *agent, const char *wanted)
{
	if (strcmp(wanted, "paused") == 0)
		ask_for_pause(agent, true);
	else if (strcmp(wanted, "available") == 0 && agent->pause_next)
		ask_for_pause(agent, false);
	else if (pt_agent_is(agent, "preview"))
		pt_agent_raise(agent, "portatext.agent_dial() calls the target that it looks at, portatext.agent_skip() lets it go.");
	else
		pt_agent_raise(agent, "It becomes available after its call; paused can be asked for meanwhile.");
	return agent->state;
}

/* Changes the state; returns the one that the agent has then. */
static const char *
set_state(const PtAgent *agent, const char *wanted, const char *reason)
{
	PtAgentMove move = {.agent_id = agent->agent_id,.state = wanted,.reason = reason,.at = pt_now()};

	if (pt_agent_is(agent, "preview") || pt_agent_is(agent, "ringing") || pt_agent_is(agent, "on_call"))
		return set_busy(agent, wanted);
	if (pt_agent_is(agent, "wrap_up") && strcmp(wanted, "paused") == 0)
		return set_busy(agent, wanted);
	if (strcmp(wanted, "available") == 0)
		ask_for_pause(agent, false);
	if (strcmp(wanted, agent->state) != 0 || reason != NULL)
		(void) pt_agent_move(&move);
	pt_dialer_wake();
	return wanted;
}

/* What the caller may ask for; raises 22023. */
static const char *
wanted_state(Datum given)
{
	char	   *state = TextDatumGetCString(given);

	if (strcmp(state, "available") != 0 && strcmp(state, "paused") != 0 && strcmp(state, "offline") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an agent cannot be made \"%s\"", state),
				 errhint("The states that can be asked for are available, paused and offline.")));
	return state;
}

static Datum
as_state(FunctionCallInfo fcinfo, const char *state)
{
	return OidInputFunctionCall(F_ENUM_IN, (char *) state, get_func_rettype(fcinfo->flinfo->fn_oid), -1);
}

PG_FUNCTION_INFO_V1(pt_set_agent_state);

/* portatext.set_agent_state(agent, state, reason) */
Datum
pt_set_agent_state(PG_FUNCTION_ARGS)
{
	const char *wanted;
	const char *state;
	PtAgent		agent;
	PtRole		saved;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("agent and state must not be null")));
	wanted = wanted_state(PG_GETARG_DATUM(1));
	SPI_connect();
	pt_become_keeper(&saved);
	pt_agent_lock(PG_GETARG_INT64(0), &agent);
	state = set_state(&agent, wanted, PG_ARGISNULL(2) ? NULL : TextDatumGetCString(PG_GETARG_DATUM(2)));
	pt_become_caller(&saved);
	state = memcpy(SPI_palloc(strlen(state) + 1), state, strlen(state) + 1);
	SPI_finish();
	return as_state(fcinfo, state);
}

PG_FUNCTION_INFO_V1(pt_end_wrap_up);

/* portatext.end_wrap_up(agent) */
Datum
pt_end_wrap_up(PG_FUNCTION_ARGS)
{
	PtAgent		agent;
	PtAgentMove move = {.agent_id = PG_GETARG_INT64(0),.state = "available",.at = pt_now()};
	PtRole		saved;
	bool		paused;

	SPI_connect();
	pt_become_keeper(&saved);
	pt_agent_lock(PG_GETARG_INT64(0), &agent);
	if (!pt_agent_is(&agent, "wrap_up"))
		pt_agent_raise(&agent, "Only an agent in state wrap_up does post-call work.");
	(void) pt_agent_move(&move);
	paused = agent.pause_next;
	pt_dialer_wake();
	pt_become_caller(&saved);
	SPI_finish();
	return as_state(fcinfo, paused ? "paused" : "available");
}

PG_FUNCTION_INFO_V1(pt_set_disposition);

/* portatext.set_disposition(call, disposition, note) */
Datum
pt_set_disposition(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"UPDATE portatext.call c SET disposition = $3, note = COALESCE($4, c.note)"
		" WHERE c.call_id = $1 AND ($2 = 0 OR c.account_id = $2)",
		4, {UUIDOID, INT8OID, TEXTOID, TEXTOID}
	};
	Datum		values[4] = {(Datum) 0, Int64GetDatum(pt_sees_all() ? 0 : pt_current_account())};
	char		nulls[5] = "    ";
	PtRole		saved;

	for (int i = 0; i < 3; i++)
	{
		int			at = i == 0 ? 0 : i + 1;

		nulls[at] = PG_ARGISNULL(i) ? 'n' : ' ';
		values[at] = PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i);
	}
	SPI_connect();
	pt_become_keeper(&saved);
	if (pt_plan_run_latest(&plan, values, nulls, SPI_OK_UPDATE) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("call %s does not exist",
						PG_ARGISNULL(0) ? "null" : DatumGetCString(DirectFunctionCall1(uuid_out, values[0]))),
				 errhint("The view portatext.calls lists them.")));
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_VOID();
}
