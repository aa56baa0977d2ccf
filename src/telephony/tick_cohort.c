/*
 * tick_cohort.c
 *	  Which targets may be called now: places behind the cursors of open cohorts, and
 *	  targets that are due again.  The cost does not depend on how many wait.
 */
#include "telephony/tick.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "schedule/schedule.h"
#include "sms/column.h"

/* Targets that are due are counted up to a bound, and only where few fresh ones are left. */
static PtPlan cohorts_plan = {
	"SELECT k.run_id, k.cohort, k.example::text, k.places, k.released, k.opens_at,"
	" CASE WHEN k.places - k.released > 1000 THEN 0 ELSE (SELECT count(*) FROM (SELECT FROM portatext.call_target t"
	"   WHERE t.run_id = k.run_id AND t.cohort = k.cohort AND t.due_at <= $2 LIMIT 200) x) END,"
	" (SELECT t.due_at FROM portatext.call_target t WHERE t.run_id = k.run_id AND t.cohort = k.cohort"
	"   AND t.due_at IS NOT NULL ORDER BY t.due_at LIMIT 1)"
	" FROM portatext.campaign_cohort k WHERE k.run_id = ANY ($1) ORDER BY k.run_id, k.opens_at, k.cohort",
	2, {INT8ARRAYOID, TIMESTAMPTZOID},
	.generic = true
};

static PtPlan windows_plan = {
	"SELECT u.run_id, COALESCE(sum(b.live), 0)::int8, COALESCE(sum(b.abandoned), 0)::int8"
	" FROM unnest($1, $2, $3) AS u(run_id, campaign_id, since)"
	" LEFT JOIN portatext.call_abandonment b ON b.campaign_id = u.campaign_id AND b.hour > u.since GROUP BY 1",
	3, {INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID},
	.generic = true
};

#define WINDOW_US (5 * USECS_PER_SEC)

/* When the cohort opens (SCH-08); one that never opens is open, so that its targets are refused. */
static TimestampTz
opens_at(const PtDialRun *run, const char *example, TimestampTz stored, TimestampTz now)
{
	const PtSchedule *schedule = run->schedule_id == 0 ? NULL : pt_schedule_by_id(run->schedule_id);
	bool		own_zone = false;
	TimestampTz opens;

	if (stored > now || run->schedule_id == 0)
		return stored;
	if (schedule == NULL)
		return DT_NOEND;
	opens = pt_schedule_find_for(schedule, run->account_id, example, now, &own_zone);
	return opens == DT_NOEND ? now : opens;
}

/* Adds up what a cohort gives its run. */
static void
count_cohort(PtDialRun *run, const PtDialCohort *c, TimestampTz now)
{
	if (c->released < c->places || c->next_due != DT_NOEND)
		run->complete = false;
	if (c->opens_at <= now)
		run->available += c->places - c->released + (c->next_due <= now ? Max(c->due, 1) : 0);
}

/* What one row of the statement says; example is looked at later, since a schedule needs SPI. */
typedef struct CohortRow
{
	int64		run_id;
	char	   *example;
	PtDialCohort cohort;
} CohortRow;

/* Copies the rows. */
static CohortRow *
copy_rows(uint64 n)
{
	CohortRow  *rows = palloc_array(CohortRow, Max(n, 1));
	bool		isnull;

	for (uint64 i = 0; i < n; i++)
	{
		PtDialCohort *c = &rows[i].cohort;

		rows[i].run_id = DatumGetInt64(pt_result(i, 1, &isnull));
		c->cohort = DatumGetInt32(pt_result(i, 2, &isnull));
		rows[i].example = TextDatumGetCString(pt_result(i, 3, &isnull));
		c->places = DatumGetInt64(pt_result(i, 4, &isnull));
		c->released = DatumGetInt64(pt_result(i, 5, &isnull));
		c->read_released = c->released;
		c->stored_opens_at = DatumGetTimestampTz(pt_result(i, 6, &isnull));
		c->due = DatumGetInt64(pt_result(i, 7, &isnull));
		c->next_due = DatumGetTimestampTz(pt_result(i, 8, &isnull));
		if (isnull)
			c->next_due = DT_NOEND;
	}
	return rows;
}

/* Hands a run its rows, which follow each other. */
static void
take_rows(PtDialRun *run, CohortRow *rows, int n, TimestampTz now)
{
	run->cohorts = MemoryContextAlloc(pt_tick_keep, sizeof(PtDialCohort) * n);
	run->n_cohorts = n;
	run->complete = true;
	run->unreadable = run->schedule_id != 0 && pt_schedule_by_id(run->schedule_id) == NULL;
	for (int i = 0; i < n; i++)
	{
		PtDialCohort *c = &run->cohorts[i];

		*c = rows[i].cohort;
		c->opens_at = opens_at(run, rows[i].example, c->stored_opens_at, now);
		count_cohort(run, c, now);
	}
}

void
pt_tick_read_cohorts(TimestampTz now)
{
	PtDialRun **runs;
	int			n_runs = pt_tick_runs(&runs);
	PtColumn	ids = {INT8OID};
	Datum		values[2];
	CohortRow  *rows;
	int			n;

	for (int i = 0; i < n_runs; i++)
		if (runs[i]->running)
		{
			runs[i]->complete = true;
			pt_column_add(&ids, Int64GetDatum(runs[i]->run_id));
		}
	if (ids.n == 0)
		return;
	values[0] = pt_column_array(&ids);
	values[1] = TimestampTzGetDatum(now);
	n = (int) pt_plan_run_latest(&cohorts_plan, values, NULL, SPI_OK_SELECT);
	rows = copy_rows((uint64) n);
	for (int i = 0, next; i < n; i = next)
	{
		for (next = i + 1; next < n && rows[next].run_id == rows[i].run_id; next++)
			;
		take_rows(pt_dial_run(rows[i].run_id), &rows[i], next - i, now);
	}
}

/* Live answers and abandoned ones over which the ceiling is measured; read now and then, what has ended since is added. */
void
pt_tick_read_windows(TimestampTz now)
{
	PtDialRun **runs;
	int			n_runs = pt_tick_runs(&runs);
	PtColumn	columns[3] = {{INT8OID}, {INT8OID}, {TIMESTAMPTZOID}};
	Datum		values[3];
	uint64		n;
	bool		isnull;

	for (int i = 0; i < n_runs; i++)
	{
		PtDialRun  *run = runs[i];

		if (!run->running || !run->needs_agents || (run->window_at <= now && now - run->window_at < WINDOW_US))
			continue;
		run->window_at = now;
		run->new_live = run->new_abandoned = 0;
		pt_column_add(&columns[0], Int64GetDatum(run->run_id));
		pt_column_add(&columns[1], Int64GetDatum(run->campaign_id));
		pt_column_add(&columns[2], TimestampTzGetDatum(now - (TimestampTz) (run->window_s * USECS_PER_SEC)));
	}
	if (columns[0].n == 0)
		return;
	for (int i = 0; i < lengthof(columns); i++)
		values[i] = pt_column_array(&columns[i]);
	n = pt_plan_run_latest(&windows_plan, values, NULL, SPI_OK_SELECT);
	for (uint64 i = 0; i < n; i++)
	{
		PtDialRun  *run = pt_dial_run(DatumGetInt64(pt_result(i, 1, &isnull)));

		run->window_live = DatumGetInt64(pt_result(i, 2, &isnull));
		run->window_abandoned = DatumGetInt64(pt_result(i, 3, &isnull));
	}
}
