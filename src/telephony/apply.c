/*
 * apply.c
 *	  Events of engines: each is written down once and moves its call on.
 *
 * The calls of a batch are locked in the order of their ids, as whoever ends calls
 * does; the events act in the order of the batch; then each table is written by one
 * statement.  Events for calls that are unknown, another engine's or have ended
 * are not even written down.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "sms/column.h"
#include "worker/shared.h"

/* The calls that are named by the engine's own id. */
static PtPlan ref_plan = {
	.sql = "SELECT u.n::int4, c.call_id FROM unnest($2, $3) u(n, ref)"
	" JOIN portatext.call c ON c.engine_id = $1 AND c.engine_ref = u.ref AND c.ended_at IS NULL",
	.nargs = 3,
	.argtypes = {INT4OID, INT4ARRAYOID, TEXTARRAYOID},
	.generic = true
};

/* Which of the events, by their place in the batch, are new. */
static PtPlan event_plan = {
	.sql = "WITH given AS MATERIALIZED (SELECT DISTINCT ON (u.id, u.leg, u.seq) u.*"
	"  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) u(n, id, leg, seq, account_id, kind, at, facts)"
	"  ORDER BY u.id, u.leg, u.seq, u.n),"
	" made AS (INSERT INTO portatext.call_event (call_id, leg, seq, account_id, kind, at, facts)"
	"  SELECT g.id, g.leg::\"char\", g.seq, g.account_id, g.kind::portatext.call_event_kind, g.at, g.facts::jsonb FROM given g"
	"  ON CONFLICT DO NOTHING RETURNING call_id, leg, seq)"
	" SELECT g.n FROM made m JOIN given g ON g.id = m.call_id AND g.leg = m.leg::text AND g.seq = m.seq ORDER BY g.n",
	.nargs = 8,
	.argtypes = {INT4ARRAYOID, UUIDARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID,
	TIMESTAMPTZARRAYOID, TEXTARRAYOID},
	.generic = true
};

/* Reads a UUID; false: it is none. */
static bool
read_id(const char *text, pg_uuid_t *id)
{
	int			digit = 0;

	memset(id, 0, sizeof(*id));
	for (; *text != '\0'; text++)
	{
		int			value = *text >= '0' && *text <= '9' ? *text - '0' :
			*text >= 'a' && *text <= 'f' ? *text - 'a' + 10 :
			*text >= 'A' && *text <= 'F' ? *text - 'A' + 10 : -1;

		if (value < 0 && *text == '-')
			continue;
		if (value < 0 || digit == 2 * UUID_LEN)
			return false;
		id->data[digit / 2] |= digit % 2 == 0 ? value << 4 : value;
		digit++;
	}
	return digit == 2 * UUID_LEN;
}

/* The calls that the events name; known[i]: event i names one. */
static pg_uuid_t *
name_calls(int32 engine_id, const PtCallEvent *events, int n, bool *known)
{
	pg_uuid_t  *ids = palloc0_array(pg_uuid_t, n);
	PtColumn	numbers = {INT4OID};
	PtColumn	refs = {TEXTOID};
	Datum		values[3];
	bool		isnull;
	uint64		found;

	for (int i = 0; i < n; i++)
	{
		known[i] = events[i].call_id[0] != '\0' && read_id(events[i].call_id, &ids[i]);
		if (events[i].call_id[0] != '\0' || events[i].engine_ref[0] == '\0')
			continue;
		pt_column_add(&numbers, Int32GetDatum(i));
		pt_column_add_text(&refs, events[i].engine_ref);
	}
	if (numbers.n == 0)
		return ids;
	values[0] = Int32GetDatum(engine_id);
	values[1] = pt_column_array(&numbers);
	values[2] = pt_column_array(&refs);
	found = pt_plan_run_latest(&ref_plan, values, NULL, SPI_OK_SELECT);
	for (uint64 row = 0; row < found; row++)
	{
		int			i = DatumGetInt32(pt_result(row, 1, &isnull));

		ids[i] = *DatumGetUUIDP(pt_result(row, 2, &isnull));
		known[i] = true;
	}
	return ids;
}

/* Locks the calls that are named. */
static PtCallRow *
lock_calls(int32 engine_id, const pg_uuid_t *ids, const bool *known, int n, int *n_rows)
{
	PtColumn	column = {UUIDOID};

	for (int i = 0; i < n; i++)
	{
		if (known[i])
			pt_column_add_uuid(&column, &ids[i]);
	}
	*n_rows = 0;
	if (column.n == 0)
		return NULL;
	return pt_call_rows_lock(pt_column_array(&column), engine_id, n_rows);
}

static int
compare_row(const void *key, const void *row)
{
	return memcmp(key, &((const PtCallRow *) row)->id, sizeof(pg_uuid_t));
}

/* Appends one fact to a JSON object. */
static void
add_fact(StringInfo json, const char *key, const char *text, bool quoted)
{
	if (text[0] == '\0')
		return;
	appendStringInfo(json, "%s\"%s\": ", json->len > 1 ? ", " : "", key);
	if (quoted)
		escape_json(json, text);
	else
		appendStringInfoString(json, text);
}

static void
add_number(StringInfo json, const char *key, int value)
{
	if (value != PT_CALL_UNKNOWN)
		add_fact(json, key, psprintf("%d", value), false);
}

/* An engine's text that can be stored, or nothing. */
static const char *
clean(const char *text)
{
	return pg_verifymbstr(text, strlen(text), true) ? text : "";
}

/* What the event says beside its kind and time; NULL: nothing. */
static char *
facts(const PtCallEvent *event)
{
	const PtLegFacts *leg = event->leg == 'B' ? &event->b : &event->a;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	if (event->kind == PT_EVENT_ENDED)
	{
		add_number(&json, "q850", leg->q850);
		add_number(&json, "sip", leg->sip);
	}
	if (leg->alerted != PT_CALL_UNKNOWN && event->kind == PT_EVENT_ENDED)
		add_fact(&json, "alerted", leg->alerted ? "true" : "false", false);
	if (event->leg == 'B')
		add_fact(&json, "to", clean(event->b.to), true);
	if (event->kind == PT_EVENT_AMD)
	{
		add_fact(&json, "amd", clean(event->amd), true);
		add_fact(&json, "cause", clean(event->amd_cause), true);
	}
	if (event->kind == PT_EVENT_DIGITS)
		add_fact(&json, "digits", clean(event->digits), true);
	appendStringInfoChar(&json, '}');
	return json.len > 2 ? json.data : NULL;
}

/* Adds an event to the columns of event_plan. */
static void
add_event(PtColumn *c, int n, const PtCallRow *row, const PtCallEvent *event, TimestampTz now)
{
	TimestampTz at = pt_call_event_time(event->at);

	pt_column_add(c++, Int32GetDatum(n));
	pt_column_add_uuid(c++, &row->id);
	pt_column_add_text(c++, event->leg == 'B' ? "B" : "A");
	pt_column_add(c++, Int64GetDatum(event->seq));
	pt_column_add(c++, Int64GetDatum(row->account_id));
	pt_column_add_text(c++, pt_call_event_name(event->kind));
	pt_column_add(c++, TimestampTzGetDatum(at == 0 || at > now ? now : at));
	pt_column_add_text(c, facts(event));
}

/* Writes the events down; returns the places of the new ones, in order. */
static int *
write_events(const PtCallEvent *events, PtCallRow **rows, int n, TimestampTz now, int *n_new)
{
	PtColumn	columns[8] = {{INT4OID}, {UUIDOID}, {TEXTOID}, {INT8OID}, {INT8OID}, {TEXTOID}, {TIMESTAMPTZOID}, {TEXTOID}};
	Datum		values[8];
	int		   *places;
	bool		isnull;

	for (int i = 0; i < n; i++)
	{
		if (rows[i] != NULL)
			add_event(columns, i, rows[i], &events[i], now);
	}
	for (int i = 0; i < 8; i++)
		values[i] = pt_column_array(&columns[i]);
	*n_new = (int) pt_plan_run_latest(&event_plan, values, NULL, SPI_OK_SELECT);
	places = palloc_array(int, Max(*n_new, 1));
	for (int i = 0; i < *n_new; i++)
		places[i] = DatumGetInt32(pt_result(i, 1, &isnull));
	return places;
}

/* Applies the new events to the rows, in their order; calls that end go into ended, in theirs. */
static int
act(const PtCallEvent *events, PtCallRow **rows, const int *places, int n, TimestampTz now, PtCallRow **ended)
{
	int			n_ended = 0;

	for (int i = 0; i < n; i++)
	{
		PtCallRow  *row = rows[places[i]];

		if (row->phase == PT_PHASE_ENDED)
			continue;
		pt_call_row_apply(row, &events[places[i]], now);
		if (row->phase == PT_PHASE_ENDED)
			ended[n_ended++] = row;
	}
	return n_ended;
}

void
pt_dialer_wake(void)
{
	pt_wake_kind_at_commit(PT_DIALER);
}

int
pt_call_events_apply(int32 engine_id, const PtCallEvent *events, int n)
{
	TimestampTz now = pt_now();
	bool	   *known = palloc0_array(bool, Max(n, 1));
	pg_uuid_t  *ids = name_calls(engine_id, events, n, known);
	PtCallRow **rows = palloc0_array(PtCallRow *, Max(n, 1));
	PtCallRow **ended = palloc_array(PtCallRow *, Max(n, 1));
	PtCallRow  *calls;
	int		   *places;
	int			n_calls;
	int			n_new;
	int			n_ended;

	calls = lock_calls(engine_id, ids, known, n, &n_calls);
	if (n_calls == 0)
		return 0;
	for (int i = 0; i < n; i++)
	{
		if (known[i])
			rows[i] = bsearch(&ids[i], calls, n_calls, sizeof(PtCallRow), compare_row);
		if (rows[i] != NULL && rows[i]->phase == PT_PHASE_QUEUED)
			rows[i] = NULL;		/* no engine knows of it */
	}
	places = write_events(events, rows, n, now, &n_new);
	if (n_new == 0)
		return 0;
	n_ended = act(events, rows, places, n_new, now, ended);
	pt_call_rows_write(calls, n_calls);
	for (int i = 0; i < n_calls; i++)
	{
		if (calls[i].metered && calls[i].phase != PT_PHASE_ENDED)
			pt_call_row_meter(&calls[i], now, now);
	}
	pt_calls_ended(ended, n_ended, now);
	pt_call_rows_book(calls, n_calls);
	pt_calls_tell(ended, n_ended);
	pt_dialer_wake();
	return n_new;
}
