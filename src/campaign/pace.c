/*
 * pace.c
 *	  How fast a run may go, how fast it goes, and when it must stop by itself.
 */
#include "campaign/campaign.h"
#include "campaign/run.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#define PACED_AHEAD (2 * USECS_PER_SEC) /* of messages with segments_per_second */
#define SAMPLE_AFTER (2 * USECS_PER_SEC)
#define SLOWEST 0.01			/* messages a second; below that the rate is not known */
#define SAMPLE_WITHIN (30 * USECS_PER_SEC)	/* later the run has rested meanwhile */

/* Is the part more than the allowed share of a whole that is large enough to tell? */
static bool
exceeds(int64 part, int64 whole, double share, int sample)
{
	return share > 0 && whole >= sample && (double) part > share * (double) whole;
}

const char *
pt_run_rate_reason(const PtRun *run)
{
	const PtRunCounts *now = &run->counts;
	const PtRunCounts *before = &run->before;
	int64		failed = now->failed - before->failed;
	int64		ended = failed + now->delivered - before->delivered;

	if (exceeds(failed, ended, run->max_error_rate, run->minimum_sample))
		return "error_rate";
	if (exceeds(now->opt_outs - before->opt_outs, now->handed - before->handed,
				run->max_opt_out_rate, run->minimum_sample))
		return "opt_out_rate";
	return NULL;
}

/* A run that stops by its rates has one batch under way, one with a pace two seconds' worth. */
int64
pt_run_room(const PtRun *run, int64 deferred)
{
	int64		waiting = run->counts.queued - deferred;
	int64		window = PT_RUN_WINDOW;

	if (run->max_error_rate > 0 || run->max_opt_out_rate > 0)
		window = PT_RELEASE_BATCH;
	if (run->rate > 0)
		window = Min(window, Max((int64) (2 * run->rate), 1));
	return Min(window - waiting, PT_RELEASE_BATCH);
}

double
pt_run_segment_us(const PtRun *run)
{
	return run->rate > 0 ? (double) USECS_PER_SEC / run->rate : 0;
}

TimestampTz
pt_run_horizon(const PtRun *run, TimestampTz now)
{
	return run->rate > 0 ? now + PACED_AHEAD : DT_NOEND;
}

/* The rate since the last sample, averaged with the one before; false: it is too early for one. */
static bool
sample(PtRun *run, TimestampTz now)
{
	TimestampTz passed = now - run->sampled_at;

	if (run->sampled_at != 0 && passed >= 0 && passed < SAMPLE_AFTER)
		return false;
	if (run->sampled_at != 0 && passed >= 0 && passed < SAMPLE_WITHIN)
	{
		double		rate = (double) (run->counts.handed - run->sampled_handed) * USECS_PER_SEC / passed;

		run->per_second = run->per_second > 0 ? (run->per_second + rate) / 2 : rate;
		if (run->per_second < SLOWEST)
			run->per_second = 0;
	}
	run->sampled_at = now;
	run->sampled_handed = run->counts.handed;
	return true;
}

void
pt_run_note_pace(PtRun *run, TimestampTz now, bool released)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign_pace AS p (run_id, account_id, paced_until, sampled_at, handed, per_second)"
		" VALUES ($1, $2, $3, $4, $5, NULLIF($6, 0))"
		" ON CONFLICT (run_id) DO UPDATE SET paced_until = excluded.paced_until,"
		"  sampled_at = excluded.sampled_at, handed = excluded.handed, per_second = excluded.per_second",
		6, {INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, FLOAT8OID}
	};
	Datum		values[6];

	if (!sample(run, now) && !(released && run->rate > 0))
		return;
	values[0] = Int64GetDatum(run->run_id);
	values[1] = Int64GetDatum(run->account->account_id);
	values[2] = TimestampTzGetDatum(run->paced_until);
	values[3] = TimestampTzGetDatum(run->sampled_at);
	values[4] = Int64GetDatum(run->sampled_handed);
	values[5] = Float8GetDatum(run->per_second);
	pt_plan_run_latest(&plan, values, run->paced_until == 0 ? "  n   " : NULL, SPI_OK_INSERT);
}
