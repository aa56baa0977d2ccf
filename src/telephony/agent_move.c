/*
 * agent_move.c
 *	  An agent's change of state, the one place where it is written: the time in the
 *	  old state is booked to the days it lay in.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/*
 * Who becomes available and has asked for a pause is paused.  An agent keeps its turn
 * when it was only rung or looked at a target: idle_since stays.  Business days are UTC's.
 */
static PtPlan move_plan = {
	.sql = "WITH old AS MATERIALIZED (SELECT a.* FROM portatext.agent a"
	"  WHERE a.agent_id = $1 AND ($2::uuid IS NULL OR a.call_id = $2) FOR NO KEY UPDATE),"
	" new AS MATERIALIZED (SELECT o.agent_id, CASE WHEN $3 = 'available' AND o.pause_next THEN 'paused' ELSE $3 END AS state,"
	"   CASE WHEN $3 = 'available' AND o.pause_next THEN 'asked' ELSE $4 END AS reason, greatest($5, o.state_since) AS at"
	"  FROM old o),"
	" moved AS (UPDATE portatext.agent a SET state = n.state::portatext.agent_state, reason = n.reason, state_since = n.at,"
	"   idle_since = CASE WHEN n.state IN ('available', 'preview', 'ringing') THEN"
	"     CASE WHEN o.state IN ('available', 'preview', 'ringing') THEN COALESCE(o.idle_since, n.at) ELSE n.at END END,"
	"   wrap_up_until = $6, call_id = $7, pause_next = o.pause_next AND n.state IN ('preview', 'ringing', 'on_call', 'wrap_up')"
	"  FROM old o JOIN new n USING (agent_id) WHERE a.agent_id = o.agent_id RETURNING a.agent_id),"
	" spent AS (SELECT o.agent_id, o.account_id, d.day::date AS day, o.state,"
	"   least(n.at, (d.day + interval '1 day') AT TIME ZONE 'UTC') - greatest(o.state_since, d.day AT TIME ZONE 'UTC') AS span,"
	"   d.day = date_trunc('day', n.at AT TIME ZONE 'UTC') AS last"
	"  FROM old o JOIN new n USING (agent_id), generate_series(date_trunc('day', o.state_since AT TIME ZONE 'UTC'),"
	"   date_trunc('day', n.at AT TIME ZONE 'UTC'), interval '1 day') d(day)"
	"  WHERE o.state <> 'offline' OR $8 OR $9),"
	" booked AS (INSERT INTO portatext.agent_time AS t"
	"   (agent_id, day, account_id, calls, missed, available, preview, ringing, on_call, wrap_up, paused)"
	"  SELECT s.agent_id, s.day, s.account_id, ($8 AND s.last)::int, ($9 AND s.last)::int,"
	"   CASE s.state WHEN 'available' THEN s.span ELSE '0' END, CASE s.state WHEN 'preview' THEN s.span ELSE '0' END,"
	"   CASE s.state WHEN 'ringing' THEN s.span ELSE '0' END, CASE s.state WHEN 'on_call' THEN s.span ELSE '0' END,"
	"   CASE s.state WHEN 'wrap_up' THEN s.span ELSE '0' END, CASE s.state WHEN 'paused' THEN s.span ELSE '0' END FROM spent s"
	"  ON CONFLICT (agent_id, day) DO UPDATE SET calls = t.calls + EXCLUDED.calls, missed = t.missed + EXCLUDED.missed,"
	"   available = t.available + EXCLUDED.available, preview = t.preview + EXCLUDED.preview,"
	"   ringing = t.ringing + EXCLUDED.ringing, on_call = t.on_call + EXCLUDED.on_call,"
	"   wrap_up = t.wrap_up + EXCLUDED.wrap_up, paused = t.paused + EXCLUDED.paused)"
	" SELECT FROM moved",
	.nargs = 9,
	.argtypes = {INT8OID, UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, BOOLOID, BOOLOID}
};

bool
pt_agent_move(const PtAgentMove *move)
{
	Datum		values[9];
	char		nulls[10] = "         ";

	values[0] = Int64GetDatum(move->agent_id);
	values[1] = UUIDPGetDatum(move->call_id);
	nulls[1] = move->call_id == NULL ? 'n' : ' ';
	values[2] = CStringGetTextDatum(move->state);
	values[3] = move->reason == NULL ? (Datum) 0 : CStringGetTextDatum(move->reason);
	nulls[3] = move->reason == NULL ? 'n' : ' ';
	values[4] = TimestampTzGetDatum(move->at);
	values[5] = TimestampTzGetDatum(move->wrap_up_until);
	nulls[5] = move->wrap_up_until == 0 ? 'n' : ' ';
	values[6] = UUIDPGetDatum(move->takes);
	nulls[6] = move->takes == NULL ? 'n' : ' ';
	values[7] = BoolGetDatum(move->took);
	values[8] = BoolGetDatum(move->missed);
	return pt_plan_run_latest(&move_plan, values, nulls, SPI_OK_SELECT) > 0;
}
