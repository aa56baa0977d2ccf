/*
 * target.c
 *	  Targets of a run that are about to be called: read, checked, written.
 *
 * A target has a row in call_target once it was reached; behind the cursor of its
 * cohort lies who was not.  The run's row is locked.
 */
#include "telephony/target.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "number/number.h"
#include "sms/blacklist.h"
#include "sms/column.h"
#include "sms/order.h"
#include "telephony/flow_check.h"

#define ZONES_MAX 1

static PtPlan due_plan = {
	"SELECT t.number, t.cohort, 0::int8, t.attempts, t.day, t.day_attempts, r.sender, r.body, x.run_id IS NOT NULL"
	" FROM unnest($2) AS u(cohort) CROSS JOIN LATERAL (SELECT * FROM portatext.call_target d"
	"   WHERE d.run_id = $1 AND d.cohort = u.cohort AND d.due_at <= $3 ORDER BY d.due_at LIMIT $4"
	"   FOR UPDATE SKIP LOCKED) t"
	" LEFT JOIN portatext.campaign_recipient r ON r.run_id = t.run_id AND r.number = t.number"
	" LEFT JOIN portatext.campaign_cancellation x ON x.run_id = t.run_id AND x.number = t.number"
	" ORDER BY t.due_at LIMIT $4",
	4, {INT8OID, INT4ARRAYOID, TIMESTAMPTZOID, INT8OID},
	.generic = true
};

static PtPlan fresh_plan = {
	"SELECT r.number, r.cohort, r.place, COALESCE(t.attempts, 0::int2), t.day, COALESCE(t.day_attempts, 0::int2), r.sender,"
	" r.body, x.run_id IS NOT NULL FROM portatext.campaign_recipient r"
	" LEFT JOIN portatext.call_target t ON t.run_id = r.run_id AND t.number = r.number"
	" LEFT JOIN portatext.campaign_cancellation x ON x.run_id = r.run_id AND x.number = r.number"
	" WHERE r.run_id = $1 AND r.cohort = $2 AND r.place > $3 AND r.place <= $4 AND t.run_id IS NULL ORDER BY r.place",
	4, {INT8OID, INT4OID, INT8OID, INT8OID},
	.generic = true
};

static PtPlan write_plan = {
	"INSERT INTO portatext.call_target AS t (run_id, number, account_id, cohort, state, attempts, day, day_attempts,"
	"  due_at, last_call_id, reason)"
	" SELECT $1, u.number, $2, u.cohort, u.state::portatext.target_state, u.attempts, u.day, u.day_attempts, u.due_at,"
	"  u.call_id, u.reason"
	" FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11)"
	"  AS u(number, cohort, state, attempts, day, day_attempts, due_at, call_id, reason)"
	" ON CONFLICT (run_id, number) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,"
	"  day = excluded.day, day_attempts = excluded.day_attempts, due_at = excluded.due_at,"
	"  last_call_id = COALESCE(excluded.last_call_id, t.last_call_id), reason = excluded.reason",
	11, {INT8OID, INT8OID, TEXTARRAYOID, INT4ARRAYOID, TEXTARRAYOID, INT2ARRAYOID, DATEARRAYOID, INT2ARRAYOID,
	TIMESTAMPTZARRAYOID, UUIDARRAYOID, TEXTARRAYOID},
	.generic = true
};

static PtPlan cursor_plan = {
	"UPDATE portatext.campaign_cohort c SET released = $3, skipped = c.skipped + $4, cancelled = c.cancelled + $5,"
	" opens_at = $6 WHERE c.run_id = $1 AND c.cohort = $2",
	6, {INT8OID, INT4OID, INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID}
};

/* A text, palloc'ed; NULL: null. */
static char *
text_of(uint64 row, int col)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Reads a row of one of the two statements. */
static void
read_target(PtTarget *target, uint64 row)
{
	bool		isnull;

	memset(target, 0, sizeof(*target));
	target->number = text_of(row, 1);
	target->cohort = DatumGetInt32(pt_result(row, 2, &isnull));
	target->place = DatumGetInt64(pt_result(row, 3, &isnull));
	target->attempts = DatumGetInt16(pt_result(row, 4, &isnull));
	target->day = DatumGetDateADT(pt_result(row, 5, &isnull));
	target->has_day = !isnull;
	target->day_attempts = DatumGetInt16(pt_result(row, 6, &isnull));
	target->sender = text_of(row, 7);
	target->body = text_of(row, 8);
	target->cancelled = DatumGetBool(pt_result(row, 9, &isnull));
}

/* Targets of open cohorts that are due again; returns how many. */
static int
read_due(const PtDialRun *run, int want, TimestampTz now, PtTarget *targets)
{
	PtColumn	cohorts = {INT4OID};
	Datum		values[4] = {Int64GetDatum(run->run_id), (Datum) 0, TimestampTzGetDatum(now), Int64GetDatum(want)};
	int			n;

	for (int i = 0; i < run->n_cohorts; i++)
		if (run->cohorts[i].opens_at <= now && run->cohorts[i].next_due <= now)
			pt_column_add(&cohorts, Int32GetDatum(run->cohorts[i].cohort));
	if (cohorts.n == 0)
		return 0;
	values[1] = pt_column_array(&cohorts);
	n = (int) pt_plan_run_latest(&due_plan, values, NULL, SPI_OK_SELECT);
	for (int i = 0; i < n; i++)
		read_target(&targets[i], i);
	return n;
}

/* Places behind the cursor of a cohort; returns how many targets they have. */
static int
read_fresh(const PtDialRun *run, PtDialCohort *group, int want, PtTarget *targets)
{
	int64		last = Min(group->released + want, group->places);
	Datum		values[4] = {Int64GetDatum(run->run_id), Int32GetDatum(group->cohort), Int64GetDatum(group->released),
		Int64GetDatum(last)};
	int			n = (int) pt_plan_run_latest(&fresh_plan, values, NULL, SPI_OK_SELECT);

	for (int i = 0; i < n; i++)
	{
		read_target(&targets[i], i);
		targets[i].group = group;
	}
	group->released = last;
	return n;
}

int
pt_targets_read(PtDialRun *run, int want, TimestampTz now, PtTarget **targets)
{
	int			n;

	*targets = palloc_array(PtTarget, Max(want, 1));
	n = read_due(run, want, now, *targets);
	for (int i = 0; i < run->n_cohorts && n < want; i++)
	{
		PtDialCohort *group = &run->cohorts[i];

		if (group->opens_at <= now && group->released < group->places)
			n += read_fresh(run, group, want - n, *targets + n);
	}
	return n;
}

/* The day at the target, and how long until it ends. */
static DateADT
local_day(const char *number, TimestampTz now, int *seconds_left)
{
	const char *zone = "UTC";
	pg_time_t	time = timestamptz_to_time_t(now);
	struct pg_tm *tm;
	pg_tz	   *tz;

	if (pt_number_timezones(number, strlen(number), &zone, ZONES_MAX) == 0)
		zone = "UTC";
	tz = pg_tzset(zone);
	tm = pg_localtime(&time, tz == NULL ? pg_tzset("UTC") : tz);
	*seconds_left = SECS_PER_DAY - ((tm->tm_hour * 60 + tm->tm_min) * 60 + tm->tm_sec);
	return date2j(tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday) - POSTGRES_EPOCH_JDATE;
}

/* Not called, now or ever. */
static void
set_aside(PtTarget *target, const char *state, const char *reason)
{
	target->state = state;
	target->reason = reason;
}

/* The daily limit of calls, by the target's own day. */
static void
check_day(const PtDialRun *run, PtTarget *target, TimestampTz now)
{
	int			left;

	target->today = local_day(target->number, now, &left);
	if (!target->has_day || target->day != target->today)
		target->day_attempts = 0;
	if (run->max_calls_per_day > 0 && target->day_attempts >= run->max_calls_per_day)
	{
		target->due_at = now + left * USECS_PER_SEC;
		set_aside(target, "waiting", NULL);
	}
}

/* From which number it is called: the one that it was given, else the account's that is the target's own by rank. */
static void
choose_sender(const PtDialRun *run, PtTarget *target)
{
	PtRefusal	refusal = {PT_ACCEPTED};
	text	   *from = run->from == NULL ? NULL : cstring_to_text(run->from);

	target->from = target->sender;
	if (target->from == NULL)
		target->from = pt_sender_choose(run->account_id, from, target->number, &refusal);
	if (target->from == NULL && from != NULL)
		target->from = pt_sender_choose(run->account_id, NULL, target->number, &refusal);
}

/* Does it forward, to whomever? */
static bool
forwards(const PtFlowFacts *facts)
{
	return facts->main_forward || facts->sub[0].forward || facts->sub[1].forward || facts->sub[2].forward;
}

/* Fills in the variables (TPL-03). */
static void
fill_flow(const PtDialRun *run, PtTarget *target)
{
	PtFlowProblem problem;
	const Jsonb *layers[1];

	layers[0] = target->variables;
	target->flow = pt_call_flow_fill(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(run->flow))), layers, 1,
									 &problem);
	if (target->flow == NULL)
		set_aside(target, "skipped", pt_refusal_name(PT_REFUSE_MISSING_VARIABLE));
}

/* The flow of a target that has its own, or variables for it; a number that it forwards to must have a tariff (BILL-14). */
static void
make_flow(const PtDialRun *run, PtTarget *target)
{
	if (target->body != NULL)
		target->variables = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(target->body)));
	if (run->facts.has_variables)
		fill_flow(run, target);
	if (strcmp(target->state, "calling") == 0 && forwards(&run->facts) &&
		pt_call_flow_unpriced(run->account_id, target->flow != NULL ? target->flow : run->flow) != NULL)
		set_aside(target, "skipped", pt_refusal_name(PT_REFUSE_NO_TARIFF));
}

/* All but the lists. */
static void
check_target(const PtDialRun *run, PtTarget *target, TimestampTz now)
{
	set_aside(target, "calling", NULL);
	check_day(run, target, now);
	if (target->cancelled)
		set_aside(target, "cancelled", "cancelled");
	else if (target->attempts >= run->iterations)
		set_aside(target, "given_up", NULL);
	if (strcmp(target->state, "calling") != 0)
		return;
	choose_sender(run, target);
	make_flow(run, target);
}

void
pt_targets_check(PtDialRun *run, PtTarget *targets, int n, TimestampTz now)
{
	Datum	   *numbers = palloc_array(Datum, Max(n, 1));
	bool	   *found = palloc0_array(bool, Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		check_target(run, &targets[i], now);
		numbers[i] = CStringGetTextDatum(targets[i].number);
	}
	if (n > 0)
		pt_blacklisted_many(run->account_id, numbers, n, found);
	for (int i = 0; i < n; i++)
	{
		if (found[i] && !targets[i].cancelled)
			set_aside(&targets[i], "skipped", pt_refusal_name(PT_REFUSE_BLACKLISTED));
		if (strcmp(targets[i].state, "calling") != 0)
			continue;
		pt_uuid7(&targets[i].id);
		targets[i].attempts++;
		targets[i].day_attempts++;
	}
}

/* Adds a target's row. */
static void
add_row(PtColumn *columns, const PtTarget *t)
{
	bool		calling = strcmp(t->state, "calling") == 0;

	pt_column_add_text(&columns[0], t->number);
	pt_column_add(&columns[1], Int32GetDatum(t->cohort));
	pt_column_add_text(&columns[2], t->state);
	pt_column_add(&columns[3], Int16GetDatum(t->attempts));
	pt_column_add(&columns[4], DateADTGetDatum(t->today));
	pt_column_add(&columns[5], Int16GetDatum(t->day_attempts));
	if (strcmp(t->state, "waiting") == 0)
		pt_column_add(&columns[6], TimestampTzGetDatum(t->due_at));
	else
		pt_column_add_null(&columns[6]);
	if (calling)
		pt_column_add_uuid(&columns[7], &t->id);
	else
		pt_column_add_null(&columns[7]);
	pt_column_add_text(&columns[8], t->reason);
}

void
pt_targets_write(const PtDialRun *run, const PtTarget *targets, int n)
{
	PtColumn	columns[9] = {{TEXTOID}, {INT4OID}, {TEXTOID}, {INT2OID}, {DATEOID}, {INT2OID}, {TIMESTAMPTZOID},
	{UUIDOID}, {TEXTOID}};
	Datum		values[11] = {Int64GetDatum(run->run_id), Int64GetDatum(run->account_id)};

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		add_row(columns, &targets[i]);
	for (int i = 0; i < lengthof(columns); i++)
		values[i + 2] = pt_column_array(&columns[i]);
	pt_plan_run_latest(&write_plan, values, NULL, SPI_OK_INSERT);
}

void
pt_cursors_write(const PtDialRun *run, const PtTarget *targets, int n)
{
	for (int c = 0; c < run->n_cohorts; c++)
	{
		const PtDialCohort *group = &run->cohorts[c];
		int64		skipped = 0;
		int64		cancelled = 0;
		Datum		values[6] = {Int64GetDatum(run->run_id), Int32GetDatum(group->cohort), Int64GetDatum(group->released)};

		for (int i = 0; i < n; i++)
		{
			if (targets[i].group != group)
				continue;
			skipped += strcmp(targets[i].state, "skipped") == 0;
			cancelled += strcmp(targets[i].state, "cancelled") == 0;
		}
		values[3] = Int64GetDatum(skipped);
		values[4] = Int64GetDatum(cancelled);
		values[5] = TimestampTzGetDatum(group->opens_at);
		if (group->released != group->read_released || group->opens_at != group->stored_opens_at)
			pt_plan_run_latest(&cursor_plan, values, NULL, SPI_OK_UPDATE);
	}
}
