/*
 * control.c
 *	  What an account does with its jobs: cancel_job, retry_job, run_job (JOB-03).
 */
#include "job/row.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "worker/shared.h"

#define NOTICE_MS 2000

/* Raises 42704 unless the job is the caller's; no lock is taken before this. */
static void
check_owner(int64 job_id)
{
	static PtPlan plan = {
		"SELECT FROM portatext.job WHERE job_id = $1 AND ($3 OR account_id = $2)",
		3, {INT8OID, INT8OID, BOOLOID}
	};
	bool		all = pt_sees_all();
	Datum		values[3] = {Int64GetDatum(job_id), Int64GetDatum(all ? 0 : pt_current_account()), BoolGetDatum(all)};

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("job %lld does not exist", (long long) job_id)));
}

/* The caller's job, when nobody else works at it any more. */
static void
take(int64 job_id, PtJobRow *row)
{
	check_owner(job_id);
	pt_job_wait_lock(job_id);
	if (!pt_job_read(job_id, row, true))
		check_owner(job_id);	/* deleted meanwhile */
}

PG_FUNCTION_INFO_V1(pt_cancel_job);

/* portatext.cancel_job(job_id): true when it is cancelled; a chunk that is under way is waited for. */
Datum
pt_cancel_job(PG_FUNCTION_ARGS)
{
	PtJobRow	row;
	bool		cancelled;

	SPI_connect();
	take(PG_GETARG_INT64(0), &row);
	cancelled = strcmp(row.state, "cancelled") == 0;
	if (pt_job_waits(&row) || strcmp(row.state, "open") == 0)
	{
		pt_job_end(&row, "cancelled", NULL, true);
		cancelled = true;
	}
	SPI_finish();
	PG_RETURN_BOOL(cancelled);
}

/* Writes that a failed job waits again. */
static void
queue_again(const PtJob *job)
{
	static PtPlan plan = {
		"UPDATE portatext.job SET state = 'queued', position = $2, done = $3, errors = $4, failures = 0,"
		" error = NULL, run_after = portatext.now(), finished_at = NULL WHERE job_id = $1",
		4, {INT8OID, JSONBOID, INT8OID, INT8OID}
	};
	Datum		values[4] = {Int64GetDatum(job->job_id), JsonbPGetDatum(job->position),
		Int64GetDatum(job->done), Int64GetDatum(job->errors)};
	PtRole		saved;

	pt_become_keeper(&saved);
	pt_plan_run(&plan, values, NULL, SPI_OK_UPDATE);
	pt_become_caller(&saved);
}

/* Calls the kind's again(). */
static void
begin_again(PtJob *job, void *kind)
{
	((const PtJobKind *) kind)->again(job);
}

/* What abandon() has tidied up begins anew; raises 0A000 where that cannot be. */
static void
make_good(PtJob *job, const char *name)
{
	const PtJobKind *kind = pt_job_kind(name);

	if (kind == NULL || kind->abandon == NULL)
		return;
	if (kind->again == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a job of kind \"%s\" cannot be tried again", name),
				 errdetail("What it had done was undone when it failed."),
				 errhint("Start a new one.")));
	job->position = pt_job_json("{}");
	job->done = job->errors = 0;
	pt_job_act(job, begin_again, unconstify(PtJobKind *, kind));
}

PG_FUNCTION_INFO_V1(pt_retry_job);

/* portatext.retry_job(job_id): a failed job waits again. */
Datum
pt_retry_job(PG_FUNCTION_ARGS)
{
	PtJobRow	row;

	SPI_connect();
	take(PG_GETARG_INT64(0), &row);
	if (strcmp(row.state, "failed") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("job %lld has not failed", (long long) row.job.job_id),
				 errdetail("Its state is %s.", row.state)));
	make_good(&row.job, row.kind);
	queue_again(&row.job);
	pt_job_tell(row.job.job_id);
	pt_wake_kind_at_commit(PT_RUNNER);
	SPI_finish();
	PG_RETURN_VOID();
}

/* The state as what is said of a job. */
static const char *
phrase(const PtJobRow *row)
{
	bool		over = strcmp(row->state, "failed") == 0 || strcmp(row->state, "finished") == 0;

	return psprintf("%s %s", over ? "has" : "is", row->state);
}

/* Raises unless a session may do the job's next chunk. */
static void
check_runnable(const PtJobRow *row)
{
	long long	job_id = row->job.job_id;

	if (!pt_job_waits(row))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("job %lld %s", job_id, phrase(row)),
				 strcmp(row->state, "open") == 0 ? errhint("Its input is not complete.") : 0,
				 strcmp(row->state, "failed") == 0 ? errhint("Run SELECT portatext.retry_job(%lld) first.", job_id) : 0));
	if (pt_account_get(row->job.account_id)->suspended)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("account %lld is suspended", (long long) row->job.account_id)));
}

/* Raises 55006 when another process works at the job. */
static void
check_alone(int64 job_id)
{
	if (pt_progress_elsewhere(job_id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("job %lld is being worked at", (long long) job_id),
				 errhint("The view pg_stat_progress_portatext shows how far it is.")));
}

/* Says every few seconds how far the job is, and at its end. */
static void
say_progress(const PtJobRow *row, bool ended)
{
	static int64 job_id = 0;
	static TimestampTz said = 0;
	TimestampTz now = GetCurrentTimestamp();
	const PtJob *job = &row->job;
	char		total[48] = "";

	if (job_id != job->job_id)
		said = now;
	job_id = ended ? 0 : job->job_id;
	if (!ended && !TimestampDifferenceExceeds(said, now, NOTICE_MS))
		return;
	said = now;
	if (job->total >= 0)
		snprintf(total, sizeof(total), " of %lld", (long long) job->total);
	ereport(NOTICE,
			(errmsg("job %lld %s: %lld%s done, %lld errors",
					(long long) job->job_id, phrase(row), (long long) job->done, total, (long long) job->errors)));
}

PG_FUNCTION_INFO_V1(pt_run_chunk);

/* portatext.run_chunk(job_id), for run_job: one chunk; true: there is more. */
Datum
pt_run_chunk(PG_FUNCTION_ARGS)
{
	int64		job_id = PG_GETARG_INT64(0);
	bool		goes_on = SPI_inside_nonatomic_context();	/* in run_job */
	PtJobRow	row;
	bool		ended;

	SetCurrentStatementStartTimestamp();	/* the clock goes on within CALL */
	SPI_connect();
	check_owner(job_id);
	check_alone(job_id);
	take(job_id, &row);
	check_runnable(&row);
	ended = pt_job_chunk(&row);
	if (goes_on && !ended)
		pt_progress_goes_on();
	say_progress(&row, ended);
	SPI_finish();
	PG_RETURN_BOOL(!ended);
}
