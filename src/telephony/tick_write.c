/*
 * tick_write.c
 *	  What the pacing has learnt and decided is written, in the transaction that marks
 *	  the calls from which it has learnt: after a crash each call is learnt from once.
 */
#include "telephony/tick.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "sms/column.h"

#define WRITE_US (5 * USECS_PER_SEC)

static PtPlan write_plan = {
	"INSERT INTO portatext.call_pace AS p (run_id, account_id, state, ticked_at, decision, placed_at, placed)"
	" SELECT u.run_id, u.account_id, u.state, $6, u.decision::jsonb, CASE WHEN u.placed THEN $6 END,"
	"  CASE WHEN u.placed THEN u.decision::jsonb END"
	" FROM unnest($1, $2, $3, $4, $5) AS u(run_id, account_id, state, decision, placed)"
	" ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, ticked_at = excluded.ticked_at,"
	"  decision = COALESCE(excluded.decision, p.decision), placed_at = COALESCE(excluded.placed_at, p.placed_at),"
	"  placed = COALESCE(excluded.placed, p.placed)",
	6, {INT8ARRAYOID, INT8ARRAYOID, BYTEAARRAYOID, TEXTARRAYOID, BOOLARRAYOID, TIMESTAMPTZOID},
	.generic = true
};

static PtPlan mark_plan = {
	"UPDATE portatext.call c SET observed = true WHERE c.call_id = ANY ($1)",
	1, {UUIDARRAYOID},
	.generic = true
};

/* A number as JSON: those that are none become null. */
static void
add_number(StringInfo json, const char *name, double value)
{
	if (isfinite(value))
		appendStringInfo(json, ",\"%s\":%.6g", name, value);
	else
		appendStringInfo(json, ",\"%s\":null", name);
}

/* What was decided and all that explains it, as JSON; NULL: nothing was. */
static char *
decision_json(const PtDialRun *run)
{
	const PtPaceOutput *o = &run->output;
	StringInfoData json;

	if (!run->decided)
		return NULL;
	initStringInfo(&json);
	appendStringInfo(&json, "{\"method\":\"%s\",\"limit\":\"%s\",\"place\":%d,\"withdraw\":%d,\"agents\":%d,\"idle\":%d,"
					 "\"busy\":%d,\"waiting\":%d,\"ringing\":%d,\"others_ringing\":%d",
					 pt_pace_method_name(run->settings.method), pt_pace_limit_name(o->limit), o->place, o->withdraw,
					 o->agents, o->idle, o->busy, o->waiting, o->ringing, o->others_ringing);
	appendStringInfo(&json, ",\"targets\":%lld,\"live\":%lld,\"abandoned\":%lld", (long long) run->available,
					 (long long) o->live, (long long) o->abandoned);
	add_number(&json, "horizon_s", o->horizon_s);
	add_number(&json, "expected_answers", o->expected_answers);
	add_number(&json, "expected_frees", o->expected_frees);
	add_number(&json, "loss", o->loss);
	add_number(&json, "threshold", o->threshold);
	add_number(&json, "p_answer", o->p_answer);
	add_number(&json, "acd_s", o->acd_s);
	add_number(&json, "answer_s", o->answer_s);
	add_number(&json, "load", o->load);
	add_number(&json, "line_cap", o->line_cap);
	add_number(&json, "occupancy", o->occupancy);
	add_number(&json, "abandonment", o->abandonment);
	add_number(&json, "budget", o->budget);
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* The state of a run's pacing, and behind it what it was told of calls that go on. */
static bytea *
state_bytes(const PtDialRun *run, PtDialCall *const *calls, int n)
{
	StringInfoData bytes;
	bytea	   *result;

	initStringInfo(&bytes);
	appendBinaryStringInfo(&bytes, (const char *) &run->pace, sizeof(PtPace));
	for (int i = 0; i < n; i++)
	{
		const PtDialCall *call = calls[i];

		if (call->run_id != run->run_id || call->told == 0 || call->learnt)
			continue;
		appendBinaryStringInfo(&bytes, (const char *) call->id.data, UUID_LEN);
		appendStringInfoChar(&bytes, (char) call->told);
	}
	result = palloc(VARHDRSZ + bytes.len);
	SET_VARSIZE(result, VARHDRSZ + bytes.len);
	memcpy(VARDATA(result), bytes.data, bytes.len);
	return result;
}

/* Is it one of the runs, which are in the order of their ids? */
static bool
is_of(PtDialRun *const *runs, int n, int64 run_id)
{
	int			low = 0;

	while (low < n)
	{
		int			mid = low + (n - low) / 2;

		if (runs[mid]->run_id == run_id)
			return true;
		if (runs[mid]->run_id < run_id)
			low = mid + 1;
		else
			n = mid;
	}
	return false;
}

/* Is the call to be marked by a transaction that writes these runs?  Single calls are by each. */
static bool
to_mark(const PtDialCall *call, PtDialRun *const *runs, int n)
{
	return call->learnt && (call->run_id == 0 || is_of(runs, n, call->run_id));
}

/* Marks the calls that the runs have learnt from. */
static void
mark_calls(PtDialRun *const *runs, int n, PtDialCall *const *calls, int n_calls)
{
	PtColumn	ids = {UUIDOID};
	Datum		value;

	for (int i = 0; i < n_calls; i++)
		if (to_mark(calls[i], runs, n))
			pt_column_add_uuid(&ids, &calls[i]->id);
	if (ids.n == 0)
		return;
	value = pt_column_array(&ids);
	pt_plan_run_latest(&mark_plan, &value, NULL, SPI_OK_UPDATE);
}

bool
pt_tick_to_write(const PtDialRun *run, TimestampTz now)
{
	bool		long_ago = run->written_at > now || now - run->written_at >= WRITE_US;

	return run->place > 0 || (long_ago && (run->dirty || run->n_learnt > 0));
}

void
pt_tick_write(PtDialRun *const *runs, int n, TimestampTz now)
{
	PtColumn	columns[5] = {{INT8OID}, {INT8OID}, {BYTEAOID}, {TEXTOID}, {BOOLOID}};
	PtDialCall **calls;
	int			n_calls = pt_dial_calls(&calls);
	Datum		values[6];

	for (int i = 0; i < n; i++)
	{
		pt_column_add(&columns[0], Int64GetDatum(runs[i]->run_id));
		pt_column_add(&columns[1], Int64GetDatum(runs[i]->account_id));
		pt_column_add(&columns[2], PointerGetDatum(state_bytes(runs[i], calls, n_calls)));
		pt_column_add_text(&columns[3], decision_json(runs[i]));
		pt_column_add(&columns[4], BoolGetDatum(runs[i]->place > 0));
	}
	for (int i = 0; i < lengthof(columns); i++)
		values[i] = pt_column_array(&columns[i]);
	values[5] = TimestampTzGetDatum(now);
	if (n > 0)
		pt_plan_run_latest(&write_plan, values, NULL, SPI_OK_INSERT);
	mark_calls(runs, n, calls, n_calls);
}

/* The next image does not have the marked calls any more. */
void
pt_tick_written(PtDialRun *const *runs, int n, TimestampTz now)
{
	for (int i = 0; i < n; i++)
	{
		runs[i]->dirty = false;
		runs[i]->n_learnt = 0;
		runs[i]->written_at = now;
	}
}
