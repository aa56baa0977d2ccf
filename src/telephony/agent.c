/*
 * agent.c
 *	  Agents and the calls they get.
 *
 * Whoever gives an agent a call, or takes it away, holds the call's row; the agent's
 * own is locked after it.  An agent has one call at most: its own call_id says so,
 * and the unique index on call.agent_id sees to it.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "worker/shared.h"

/* The agent for whom the call was placed (preview), else the one of the team that has been idle longest. */
static PtPlan free_plan = {
	.sql = "SELECT a.agent_id FROM portatext.call c JOIN portatext.call_campaign k ON k.campaign_id = c.campaign_id"
	" JOIN portatext.agent a ON a.team_id = k.team_id"
	" WHERE c.call_id = $1 AND CASE WHEN c.agent_id IS NULL THEN a.state = 'available'"
	"  ELSE a.agent_id = c.agent_id AND a.state = 'preview' AND a.call_id = c.call_id END"
	" ORDER BY a.idle_since, a.agent_id LIMIT 1 FOR NO KEY UPDATE OF a SKIP LOCKED",
	.nargs = 1,
	.argtypes = {UUIDOID}
};

static PtPlan give_plan = {
	.sql = "UPDATE portatext.call c SET state = 'connecting', agent_id = a.agent_id, b_number = a.destination, connect_at = $3,"
	" connects = c.connects + 1, b_result = NULL, b_q850 = NULL, b_ringing_at = NULL, b_ended_at = NULL"
	" FROM portatext.agent a WHERE c.call_id = $1 AND a.agent_id = $2",
	.nargs = 3,
	.argtypes = {UUIDOID, INT8OID, TIMESTAMPTZOID}
};

static PtPlan over_plan = {
	.sql = "SELECT a.agent_id, a.wrap_up_until FROM portatext.agent a WHERE a.state = 'wrap_up' AND a.wrap_up_until <= $1"
	" ORDER BY a.agent_id FOR NO KEY UPDATE SKIP LOCKED",
	.nargs = 1,
	.argtypes = {TIMESTAMPTZOID}
};

static PtPlan had_plan = {
	.sql = "SELECT a.state::text FROM portatext.agent a WHERE a.agent_id = $1 AND a.call_id = $2 FOR NO KEY UPDATE",
	.nargs = 2,
	.argtypes = {INT8OID, UUIDOID}
};

bool
pt_agent_take(const pg_uuid_t *call_id, TimestampTz now)
{
	Datum		values[3] = {UUIDPGetDatum(call_id), (Datum) 0, TimestampTzGetDatum(now)};
	PtAgentMove move = {.state = "ringing",.at = now,.takes = call_id};
	bool		isnull;

	if (pt_plan_run_latest(&free_plan, values, NULL, SPI_OK_SELECT) == 0)
		return false;
	values[1] = pt_result(0, 1, &isnull);
	move.agent_id = DatumGetInt64(values[1]);
	if (!pt_agent_move(&move))
		return false;
	pt_plan_run_latest(&give_plan, values, NULL, SPI_OK_UPDATE);
	return true;
}

int
pt_agents_wake(TimestampTz now)
{
	Datum		value = TimestampTzGetDatum(now);
	int			n = (int) pt_plan_run_latest(&over_plan, &value, NULL, SPI_OK_SELECT);
	PtAgentMove *moves = palloc0_array(PtAgentMove, Max(n, 1));
	bool		isnull;

	for (int i = 0; i < n; i++)
	{
		moves[i].agent_id = DatumGetInt64(pt_result(i, 1, &isnull));
		moves[i].at = DatumGetTimestampTz(pt_result(i, 2, &isnull));
		moves[i].state = "available";
	}
	for (int i = 0; i < n; i++)
		(void) pt_agent_move(&moves[i]);
	return n;
}

void
pt_agent_answered(const PtCallRow *row, TimestampTz at)
{
	PtAgentMove move = {.agent_id = row->agent_id,.call_id = &row->id,.state = "on_call",.at = at,
	.takes = &row->id,.took = true};

	if (row->agent_id != 0)
		(void) pt_agent_move(&move);
}

void
pt_agent_missed(const PtCallRow *row, int64 agent_id, TimestampTz at)
{
	PtAgentMove move = {.agent_id = agent_id,.call_id = &row->id,.state = "paused",.at = at,
	.reason = row->b_result == PT_RESULT_NO_ANSWER ? "no_answer" : "not_reached",.missed = true};

	(void) pt_agent_move(&move);
}

void
pt_agent_done(const PtCallRow *row, int64 agent_id, TimestampTz at)
{
	Datum		values[2] = {Int64GetDatum(agent_id), UUIDPGetDatum(&row->id)};
	PtAgentMove move = {.agent_id = agent_id,.call_id = &row->id,.state = "available",.at = at};
	int64		work = row->campaign_id == 0 ? 0 : pt_call_rules(row->campaign_id)->post_call_work;
	bool		isnull;

	if (pt_plan_run_latest(&had_plan, values, NULL, SPI_OK_SELECT) == 0)
		return;
	if (strcmp(TextDatumGetCString(pt_result(0, 1, &isnull)), "on_call") == 0 && work > 0)
	{
		move.state = "wrap_up";
		move.wrap_up_until = at + work;
	}
	(void) pt_agent_move(&move);
}
