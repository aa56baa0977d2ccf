/*
 * run.c
 *	  The chunks of jobs: which job is next, one chunk, and what an error leads to.
 */
#include "job/row.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define LOOKS 64				/* at jobs that somebody else has in hand */
#define LAST_RETRY_S 60

static int64 last_account = 0;	/* it had the last turn */
static int64 chunk_job = 0;		/* whose chunk this transaction, or the last one, is */
static TimestampTz looked_at = 0;

/* One call of the kind, for the job's account. */
static void
call(PtJob *job, void *arg)
{
	PtJobRow   *row = arg;

	pt_progress_start(row->kind, job->job_id, 0, job->total);
	pt_progress_update(job->done, job->errors);
	row->finished = pt_job_kind(row->kind)->chunk(job);
	pt_progress_update(job->done, job->errors);
}

bool
pt_job_chunk(PtJobRow *row)
{
	if (pt_job_kind(row->kind) == NULL)
	{
		pt_job_end(row, "failed",
				   psprintf("this version of portatext knows no jobs of kind \"%s\"", row->kind), false);
		return true;
	}
	pt_job_act(&row->job, call, row);
	PT_POINT("job_chunk_done");
	pt_job_write(row, row->finished ? "finished" : "running");
	if (row->finished)
		pt_progress_end();
	return row->finished;
}

/*
 * The first job that is due, of the accounts after this one, passing by some; 0:
 * none.  Within an account the jobs follow each other.
 */
static int64
candidate_after(int64 *account, Datum pass_by)
{
	static PtPlan plan = {
		.sql = "SELECT j.job_id, j.account_id FROM portatext.job j JOIN portatext.account a ON a.account_id = j.account_id"
		" WHERE j.state IN ('queued', 'running') AND j.account_id > $1 AND j.run_after <= $2"
		" AND NOT a.suspended AND j.job_id <> ALL ($3)"
		" ORDER BY j.account_id, j.run_after, j.job_id LIMIT 1",
		.nargs = 3,.argtypes = {INT8OID, TIMESTAMPTZOID, INT8ARRAYOID},.generic = true
	};
	Datum		values[3] = {Int64GetDatum(*account), TimestampTzGetDatum(looked_at), pass_by};
	PtRole		saved;
	uint64		rows;
	bool		isnull;

	pt_become_keeper(&saved);
	rows = pt_plan_run(&plan, values, NULL, SPI_OK_SELECT);
	pt_become_caller(&saved);
	*account = rows == 0 ? 0 : DatumGetInt64(pt_result(0, 2, &isnull));
	return rows == 0 ? 0 : DatumGetInt64(pt_result(0, 1, &isnull));
}

/* The same; behind the last account the first one follows. */
static int64
candidate(int64 *account, Datum *others, int n)
{
	Datum		pass_by = PointerGetDatum(construct_array(others, n, INT8OID, sizeof(int64),
														  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	int64		job_id = candidate_after(account, pass_by);

	return job_id != 0 ? job_id : candidate_after(account, pass_by);
}

bool
pt_job_waits(const PtJobRow *row)
{
	return strcmp(row->state, "queued") == 0 || strcmp(row->state, "running") == 0;
}

/*
 * Takes the next job that nobody else has in hand; false: there is none.  After
 * one that somebody has it looks at the next account first, so that an account
 * with an open transaction that cancels all its jobs is in nobody's way.
 */
static bool
take_next(PtJobRow *row)
{
	Datum		others[LOOKS];
	int64		account = last_account;

	looked_at = pt_now();
	for (int n = 0; n < LOOKS; n++)
	{
		int64		job_id = candidate(&account, others, n);

		if (job_id == 0)
			return false;
		if (!pt_progress_elsewhere(job_id) && pt_job_try_lock(job_id) &&
			pt_job_read(job_id, row, false) && pt_job_waits(row))
			return true;
		others[n] = Int64GetDatum(job_id);
	}
	return false;
}

bool
pt_job_run_next(void)
{
	PtJobRow	row;

	chunk_job = 0;
	if (!take_next(&row))
	{
		pt_progress_end();
		return false;
	}
	last_account = row.job.account_id;
	chunk_job = row.job.job_id;
	if (!pt_job_chunk(&row))
		pt_progress_goes_on();
	return true;
}

/* Is it the server that had no room, or somebody who was in the way, and not the job's fault? */
static bool
is_passing(int sqlerrcode)
{
	int			class = ERRCODE_TO_CATEGORY(sqlerrcode);

	return class == ERRCODE_INSUFFICIENT_RESOURCES || class == ERRCODE_OPERATOR_INTERVENTION ||
		class == ERRCODE_TRANSACTION_ROLLBACK || class == ERRCODE_SYSTEM_ERROR ||
		sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
}

/* Notes one more error; the job is tried again after 1, 2, 4 ... 60 s. */
static void
put_off(const PtJobRow *row, const char *message)
{
	static PtPlan plan = {
		"UPDATE portatext.job SET failures = $2, error = $3, run_after = $4 WHERE job_id = $1",
		4, {INT8OID, INT4OID, TEXTOID, TIMESTAMPTZOID}
	};
	int			failures = row->failures + 1;
	int			wait_s = Min(1 << Min(failures - 1, 6), LAST_RETRY_S);
	Datum		values[4] = {Int64GetDatum(row->job.job_id), Int32GetDatum(failures),
		CStringGetTextDatum(message), TimestampTzGetDatum(pt_now() + wait_s * USECS_PER_SEC)};
	PtRole		saved;

	pt_become_keeper(&saved);
	pt_plan_run(&plan, values, NULL, SPI_OK_UPDATE);
	pt_become_caller(&saved);
}

bool
pt_job_note_failure(int sqlerrcode, const char *message, bool abandon)
{
	PtJobRow	row;

	if (chunk_job == 0)
		return false;
	/* Who has it in hand may keep it for long: nothing is noted then. */
	if (!pt_job_try_lock(chunk_job) || !pt_job_read(chunk_job, &row, false) || !pt_job_waits(&row))
		return true;
	if (row.failures + 1 >= (is_passing(sqlerrcode) ? PT_JOB_PASSING_TRIES : PT_JOB_TRIES))
		pt_job_end(&row, "failed", message, abandon);
	else
		put_off(&row, message);
	return true;
}

long
pt_job_wait_ms(long most)
{
	static PtPlan plan = {
		"SELECT min(run_after) FROM portatext.job WHERE state IN ('queued', 'running') AND run_after > $1",
		1, {TIMESTAMPTZOID}
	};
	Datum		value = TimestampTzGetDatum(looked_at);
	PtRole		saved;
	bool		isnull;
	Datum		next;

	pt_become_keeper(&saved);
	pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT);
	pt_become_caller(&saved);
	next = pt_result(0, 1, &isnull);
	return isnull ? most : Min(most, TimestampDifferenceMilliseconds(pt_now(), DatumGetTimestampTz(next)));
}
