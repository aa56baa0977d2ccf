/*
 * end_count.c
 *	  A run's counters, the hours of the abandonment ceiling, and the NER after each
 *	  end: exact, since the row of call_run is held from here to the commit.
 */
#include "telephony/apply.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "billing/credits.h"
#include "sms/column.h"
#include "telephony/ner.h"

/* What the ends of a batch add to a run. */
typedef struct RunSum
{
	int64		run_id;
	int64		account_id;
	int64		campaign_id;
	int64		issued;
	int64		failed;
	int64		calls;
	int64		answered;
	int64		contacted;
	int64		given_up;
	int64		live;
	int64		abandoned;
	int64		talk;			/* microseconds */
	int64		talks;
} RunSum;

#define SUMS 12					/* columns of call_run, its key and account among them */

/* In the order of the runs, as whoever else counts; returns what they have come to. */
static PtPlan count_plan = {
	.sql = "INSERT INTO portatext.call_run AS r (run_id, account_id, issued, failed, calls, answered, contacted,"
	" given_up, live, abandoned, talk_seconds, talks)"
	" SELECT u.run_id, u.account_id, u.issued, u.failed, u.calls, u.answered, u.contacted, u.given_up, u.live, u.abandoned,"
	"  u.talk, u.talks FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
	"  u(run_id, account_id, issued, failed, calls, answered, contacted, given_up, live, abandoned, talk, talks)"
	" ORDER BY u.run_id"
	" ON CONFLICT (run_id) DO UPDATE SET issued = r.issued + EXCLUDED.issued, failed = r.failed + EXCLUDED.failed,"
	"  calls = r.calls + EXCLUDED.calls, answered = r.answered + EXCLUDED.answered,"
	"  contacted = r.contacted + EXCLUDED.contacted, given_up = r.given_up + EXCLUDED.given_up,"
	"  live = r.live + EXCLUDED.live, abandoned = r.abandoned + EXCLUDED.abandoned,"
	"  talk_seconds = r.talk_seconds + EXCLUDED.talk_seconds, talks = r.talks + EXCLUDED.talks"
	" RETURNING r.run_id, r.issued, r.failed",
	.nargs = SUMS,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID,
	INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, NUMERICARRAYOID, INT8ARRAYOID},
	.generic = true
};

static PtPlan hour_plan = {
	.sql = "INSERT INTO portatext.call_abandonment AS a (campaign_id, hour, account_id, live, abandoned)"
	" SELECT u.campaign_id, date_trunc('hour', u.at, 'UTC') AS hour, min(u.account_id), count(*), count(*) FILTER (WHERE u.abandoned)"
	"  FROM unnest($1, $2, $3, $4) u(campaign_id, at, account_id, abandoned) GROUP BY 1, 2 ORDER BY 1, 2"
	" ON CONFLICT (campaign_id, hour) DO UPDATE SET live = a.live + EXCLUDED.live, abandoned = a.abandoned + EXCLUDED.abandoned",
	.nargs = 4,
	.argtypes = {INT8ARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID, BOOLARRAYOID},
	.generic = true
};

/* NER-03, NER-04: one call fails once. */
static bool
ner_failed(const PtCallRow *row)
{
	return row->issued && pt_call_ner_failed((PtCallResult) row->result, row->b_result != PT_CALL_UNKNOWN,
											 row->b_result == PT_CALL_UNKNOWN ? PT_RESULT_ANSWER : (PtCallResult) row->b_result);
}

/* How long was talked: leg B's time, or leg A's in a flow that forwards to nobody; 0: not at all. */
static int64
talk_time(const PtCallRow *row)
{
	const PtFlowFacts *facts = &pt_call_rules(row->campaign_id)->facts;
	bool		forwards = facts->main_forward;

	if (row->b_answered_at != 0)
		return row->b_ended_at - row->b_answered_at;
	for (int i = 0; i < lengthof(facts->sub); i++)
		forwards |= facts->sub[i].forward;
	return forwards || row->answered_at == 0 ? 0 : row->ended_at - row->answered_at;
}

/* Adds one end to its run's sum. */
static void
add_end(RunSum *sum, const PtCallRow *row, bool given_up)
{
	int64		talk = talk_time(row);

	sum->run_id = row->run_id;
	sum->account_id = row->account_id;
	sum->campaign_id = row->campaign_id;
	sum->issued += row->issued;
	sum->failed += ner_failed(row);
	sum->calls += row->issued;
	sum->answered += row->result == PT_RESULT_ANSWER;
	sum->contacted += row->contacted == 1;
	sum->given_up += given_up;
	sum->live += row->live;
	sum->abandoned += row->live && row->abandoned_at != 0;
	sum->talk += talk;
	sum->talks += talk > 0;
}

/* The sums by run; returns how many runs there are. */
static int
sum_up(PtCallRow **rows, int n, const bool *given_up, RunSum *sums)
{
	int			n_runs = 0;

	for (int i = 0; i < n; i++)
	{
		int			j = 0;

		if (rows[i]->run_id == 0)
			continue;
		while (j < n_runs && sums[j].run_id != rows[i]->run_id)
			j++;
		n_runs = Max(n_runs, j + 1);
		add_end(&sums[j], rows[i], given_up[i]);
	}
	return n_runs;
}

/* One run's values. */
static void
add_sum(PtColumn *c, const RunSum *sum)
{
	const int64 counts[] = {sum->run_id, sum->account_id, sum->issued, sum->failed, sum->calls, sum->answered,
	sum->contacted, sum->given_up, sum->live, sum->abandoned};

	for (int i = 0; i < lengthof(counts); i++)
		pt_column_add(c++, Int64GetDatum(counts[i]));
	pt_column_add(c++, pt_credits(sum->talk));	/* millionths of a second */
	pt_column_add(c, Int64GetDatum(sum->talks));
}

/* Live answers and abandoned ones, by hour. */
static void
count_hours(PtCallRow **rows, int n)
{
	PtColumn	columns[4] = {{INT8OID}, {TIMESTAMPTZOID}, {INT8OID}, {BOOLOID}};

	for (int i = 0; i < n; i++)
	{
		const PtCallRow *row = rows[i];

		if (row->run_id == 0 || !row->live)
			continue;
		pt_column_add(&columns[0], Int64GetDatum(row->campaign_id));
		pt_column_add(&columns[1], TimestampTzGetDatum(row->waiting_at != 0 ? row->waiting_at : row->ended_at));
		pt_column_add(&columns[2], Int64GetDatum(row->account_id));
		pt_column_add(&columns[3], BoolGetDatum(row->abandoned_at != 0));
	}
	pt_column_run(&hour_plan, columns, SPI_OK_INSERT);
}

/*
 * The run's calls one by one, in the order of their ends: the first that takes the NER
 * below its minimum stops the run, with the figures of that moment.
 */
static void
watch(PtCallRow **rows, int n, int64 run_id, int64 issued, int64 failed)
{
	for (int i = 0; i < n; i++)
	{
		if (rows[i]->run_id == run_id)
		{
			issued -= rows[i]->issued;
			failed -= ner_failed(rows[i]);
		}
	}
	for (int i = 0; i < n; i++)
	{
		const PtCallRules *rules;

		if (rows[i]->run_id != run_id)
			continue;
		rules = pt_call_rules(rows[i]->campaign_id);
		issued += rows[i]->issued;
		failed += ner_failed(rows[i]);
		if (rows[i]->issued && pt_ner_stops(issued, failed, rules->ner_min, rules->ner_sample))
		{
			(void) pt_ner_stop(run_id, issued, failed);
			return;
		}
	}
}

void
pt_calls_count(PtCallRow **rows, int n, const bool *given_up)
{
	RunSum	   *sums = palloc0_array(RunSum, n);
	int			n_runs = sum_up(rows, n, given_up, sums);
	PtColumn	columns[SUMS] = {{INT8OID}, {INT8OID}, {INT8OID}, {INT8OID}, {INT8OID}, {INT8OID}, {INT8OID},
	{INT8OID}, {INT8OID}, {INT8OID}, {NUMERICOID}, {INT8OID}};
	Datum		values[SUMS];
	bool		isnull;
	int			found;

	if (n_runs == 0)
		return;
	for (int i = 0; i < n_runs; i++)
		add_sum(columns, &sums[i]);
	for (int i = 0; i < SUMS; i++)
		values[i] = pt_column_array(&columns[i]);
	found = (int) pt_plan_run_latest(&count_plan, values, NULL, SPI_OK_INSERT_RETURNING);
	for (int i = 0; i < found; i++)
	{
		sums[i].run_id = DatumGetInt64(pt_result(i, 1, &isnull));
		sums[i].issued = DatumGetInt64(pt_result(i, 2, &isnull));
		sums[i].failed = DatumGetInt64(pt_result(i, 3, &isnull));
	}
	count_hours(rows, n);
	for (int i = 0; i < found; i++)
		watch(rows, n, sums[i].run_id, sums[i].issued, sums[i].failed);
}
