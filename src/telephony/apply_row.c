/*
 * apply_row.c
 *	  Rows of calls: read under their locks, written back by one statement.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "billing/credits.h"
#include "sms/column.h"

static const char *const phases[] = {"queued", "placing", "unclear", "placed", "ringing", "answered", "waiting",
"connecting", "connected", "ended"};

static PtPlan lock_plan = {
	.sql = "SELECT c.call_id, c.account_id, c.campaign_id, c.run_id, c.engine_id, c.engine_ref, c.to_number::text,"
	" c.has_amd, c.dial_timeout, c.max_duration, c.state::text, c.created_at, c.placed_at, c.ringing_at, c.answered_at,"
	" c.amd::text, c.amd_cause, c.waiting_at, c.connect_at, c.connects, c.agent_id, c.b_number, c.b_ringing_at,"
	" c.b_answered_at, c.b_ended_at, c.b_result::text, c.b_q850, c.abandoned_at, c.hang_up_at, c.hang_up_reason,"
	" c.q850, c.sip, c.alerted, c.digits, c.live, c.look_at, c.problem,"
	" c.reserved::numeric, c.per_call::numeric, c.rate::numeric, c.b_rate::numeric, c.paid_until"
	" FROM portatext.call c WHERE c.call_id = ANY ($1) AND ($2 = 0 OR c.engine_id = $2) AND c.state <> 'ended'"
	" ORDER BY c.call_id FOR NO KEY UPDATE",
	.nargs = 2,
	.argtypes = {UUIDARRAYOID, INT4OID},
	.generic = true
};

static PtPlan write_plan = {
	.sql = "UPDATE portatext.call c SET state = u.state::portatext.call_state, engine_ref = u.engine_ref,"
	" placed_at = u.placed_at, ringing_at = u.ringing_at, answered_at = u.answered_at,"
	" amd = u.amd::portatext.amd_result, amd_cause = u.amd_cause, waiting_at = u.waiting_at, agent_id = u.agent_id,"
	" b_number = u.b_number, b_ringing_at = u.b_ringing_at, b_answered_at = u.b_answered_at, b_ended_at = u.b_ended_at,"
	" b_result = u.b_result::portatext.call_result, b_q850 = u.b_q850, abandoned_at = u.abandoned_at,"
	" ended_at = u.ended_at, result = u.result::portatext.call_result, q850 = u.q850, sip = u.sip, alerted = u.alerted,"
	" digits = CASE WHEN u.digits_new THEN (SELECT string_agg(e.facts ->> 'digits', ',' ORDER BY e.seq)"
	"   FROM portatext.call_event e WHERE e.call_id = u.id AND e.leg = 'A' AND e.kind = 'digits') ELSE u.digits END,"
	" live = u.live, contacted = u.contacted, look_at = u.look_at, problem = u.problem"
	" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,"
	" $22, $23, $24, $25, $26, $27, $28) u(id, state, engine_ref, placed_at, ringing_at, answered_at, amd, amd_cause,"
	" waiting_at, agent_id, b_number, b_ringing_at, b_answered_at, b_ended_at, b_result, b_q850, abandoned_at, ended_at,"
	" result, q850, sip, alerted, digits, digits_new, live, contacted, look_at, problem)"
	" WHERE c.call_id = u.id",
	.nargs = 28,
	.argtypes = {UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID,
		TIMESTAMPTZARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID, TEXTARRAYOID,
		TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, INT2ARRAYOID,
		TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, INT2ARRAYOID, INT2ARRAYOID, BOOLARRAYOID,
	TEXTARRAYOID, BOOLARRAYOID, BOOLARRAYOID, BOOLARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID},
	.generic = true
};

/* A reader of the columns of one row, from left to right. */
typedef struct Reader
{
	uint64		row;
	int			col;
} Reader;

/* The next column; false: it is null. */
static bool
next(Reader *reader, Datum *value)
{
	bool		isnull;

	*value = pt_result(reader->row, ++reader->col, &isnull);
	return !isnull;
}

/* The next column, a whole number of that type's width. */
static int64
next_int8(Reader *reader)
{
	Datum		value;

	return next(reader, &value) ? DatumGetInt64(value) : 0;
}

static int
next_int4(Reader *reader, int unknown)
{
	Datum		value;

	return next(reader, &value) ? DatumGetInt32(value) : unknown;
}

static int
next_int2(Reader *reader, int unknown)
{
	Datum		value;

	return next(reader, &value) ? DatumGetInt16(value) : unknown;
}

static int
next_bool(Reader *reader)
{
	Datum		value;

	return next(reader, &value) ? DatumGetBool(value) : PT_CALL_UNKNOWN;
}

static TimestampTz
next_time(Reader *reader)
{
	Datum		value;

	return next(reader, &value) ? DatumGetTimestampTz(value) : 0;
}

static char *
next_text(Reader *reader)
{
	Datum		value;

	return next(reader, &value) ? TextDatumGetCString(value) : NULL;
}

static int64
next_micro(Reader *reader)
{
	Datum		value;

	return next(reader, &value) ? pt_micro(value) : 0;
}

/* The next column, a label of portatext.call_result. */
static int
next_result(Reader *reader)
{
	char	   *name = next_text(reader);
	PtCallResult result;

	return name != NULL && pt_call_result_find(name, &result) ? (int) result : PT_CALL_UNKNOWN;
}

/* The next column, a label of portatext.call_state. */
static PtCallPhase
next_phase(Reader *reader)
{
	char	   *name = next_text(reader);

	for (int i = 0; i < lengthof(phases); i++)
	{
		if (name != NULL && strcmp(phases[i], name) == 0)
			return (PtCallPhase) i;
	}
	return PT_PHASE_ENDED;
}

/* What leg B and the money are. */
static void
read_rest(Reader *r, PtCallRow *row)
{
	row->b_number = next_text(r);
	row->b_ringing_at = next_time(r);
	row->b_answered_at = next_time(r);
	row->b_ended_at = next_time(r);
	row->b_result = next_result(r);
	row->b_q850 = next_int2(r, PT_CALL_UNKNOWN);
	row->abandoned_at = next_time(r);
	row->hang_up_at = next_time(r);
	row->hang_up_reason = next_text(r);
	row->q850 = next_int2(r, PT_CALL_UNKNOWN);
	row->sip = next_int2(r, PT_CALL_UNKNOWN);
	row->alerted = next_bool(r);
	row->digits = next_text(r);
	row->live = next_bool(r) == 1;
	row->look_at = next_time(r);
	row->problem = next_text(r);
	row->reserved = next_micro(r);
	row->per_call = next_micro(r);
	row->rate = next_micro(r);
	row->b_rate = next_micro(r);
	row->paid_until = next_time(r);
	row->result = PT_CALL_UNKNOWN;
	row->contacted = PT_CALL_UNKNOWN;
}

/* Reads one row of the result. */
static void
read_row(uint64 n, PtCallRow *row)
{
	Reader		reader = {.row = n};
	Reader	   *r = &reader;
	Datum		id;
	char	   *amd;

	(void) next(r, &id);
	row->id = *DatumGetUUIDP(id);
	row->account_id = next_int8(r);
	row->campaign_id = next_int8(r);
	row->run_id = next_int8(r);
	row->engine_id = next_int4(r, 0);
	row->engine_ref = next_text(r);
	row->to_number = next_text(r);
	row->has_amd = next_bool(r) == 1;
	row->dial_timeout = next_int4(r, 0);
	row->max_duration = next_int4(r, 0);
	row->phase = next_phase(r);
	row->created_at = next_time(r);
	row->placed_at = next_time(r);
	row->ringing_at = next_time(r);
	row->answered_at = next_time(r);
	amd = next_text(r);
	if (amd != NULL)
		(void) pt_amd_find(amd, &row->amd);
	row->amd_cause = next_text(r);
	row->waiting_at = next_time(r);
	row->connect_at = next_time(r);
	row->connects = next_int2(r, 0);
	row->agent_id = next_int8(r);
	read_rest(r, row);
}

PtCallRow *
pt_call_rows_lock(Datum ids, int32 engine_id, int *n)
{
	Datum		values[2] = {ids, Int32GetDatum(engine_id)};
	PtCallRow  *rows;

	*n = (int) pt_plan_run_latest(&lock_plan, values, NULL, SPI_OK_SELECT);
	rows = palloc0_array(PtCallRow, Max(*n, 1));
	for (int i = 0; i < *n; i++)
		read_row(i, &rows[i]);
	return rows;
}

static void
add_time(PtColumn *column, TimestampTz t)
{
	if (t == 0)
		pt_column_add_null(column);
	else
		pt_column_add(column, TimestampTzGetDatum(t));
}

static void
add_int2(PtColumn *column, int value)
{
	if (value == PT_CALL_UNKNOWN)
		pt_column_add_null(column);
	else
		pt_column_add(column, Int16GetDatum((int16) value));
}

static void
add_bool(PtColumn *column, int value)
{
	if (value == PT_CALL_UNKNOWN)
		pt_column_add_null(column);
	else
		pt_column_add(column, BoolGetDatum(value != 0));
}

static void
add_id(PtColumn *column, int64 id)
{
	if (id == 0)
		pt_column_add_null(column);
	else
		pt_column_add(column, Int64GetDatum(id));
}

static void
add_result(PtColumn *column, int result)
{
	pt_column_add_text(column, result == PT_CALL_UNKNOWN ? NULL : pt_call_result_name((PtCallResult) result));
}

/* A row's values, in the order of the statement. */
static void
add_row(PtColumn *c, const PtCallRow *row)
{
	pt_column_add_uuid(c++, &row->id);
	pt_column_add_text(c++, phases[row->phase]);
	pt_column_add_text(c++, row->engine_ref);
	add_time(c++, row->placed_at);
	add_time(c++, row->ringing_at);
	add_time(c++, row->answered_at);
	pt_column_add_text(c++, pt_amd_name(row->amd));
	pt_column_add_text(c++, row->amd_cause);
	add_time(c++, row->waiting_at);
	add_id(c++, row->agent_id);
	pt_column_add_text(c++, row->b_number);
	add_time(c++, row->b_ringing_at);
	add_time(c++, row->b_answered_at);
	add_time(c++, row->b_ended_at);
	add_result(c++, row->b_result);
	add_int2(c++, row->b_q850);
	add_time(c++, row->abandoned_at);
	add_time(c++, row->ended_at);
	add_result(c++, row->result);
	add_int2(c++, row->q850);
	add_int2(c++, row->sip);
	add_bool(c++, row->alerted);
	pt_column_add_text(c++, row->digits);
	pt_column_add(c++, BoolGetDatum(row->digits_new));
	pt_column_add(c++, BoolGetDatum(row->live));
	add_bool(c++, row->contacted);
	add_time(c++, row->look_at);
	pt_column_add_text(c, row->problem);
}

void
pt_call_rows_write(PtCallRow *rows, int n)
{
	PtColumn	columns[28] = {
		{UUIDOID}, {TEXTOID}, {TEXTOID}, {TIMESTAMPTZOID}, {TIMESTAMPTZOID}, {TIMESTAMPTZOID}, {TEXTOID}, {TEXTOID},
		{TIMESTAMPTZOID}, {INT8OID}, {TEXTOID}, {TIMESTAMPTZOID}, {TIMESTAMPTZOID}, {TIMESTAMPTZOID}, {TEXTOID},
		{INT2OID}, {TIMESTAMPTZOID}, {TIMESTAMPTZOID}, {TEXTOID}, {INT2OID}, {INT2OID}, {BOOLOID}, {TEXTOID}, {BOOLOID},
		{BOOLOID}, {BOOLOID}, {TIMESTAMPTZOID}, {TEXTOID}
	};

	for (int i = 0; i < n; i++)
	{
		if (rows[i].changed)
			add_row(columns, &rows[i]);
	}
	pt_column_run(&write_plan, columns, SPI_OK_UPDATE);
}
