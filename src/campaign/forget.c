/*
 * forget.c
 *	  The job campaign_forget: deletes in batches what the tables of recipients
 *	  have of runs that were deleted, or whose build was not ended.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "campaign/campaign.h"
#include "job/job.h"

#define BATCH "10000"			/* rows of one chunk, at most */

int64
pt_campaign_forget(int64 account_id, const int64 *runs, int n)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"runs\": [");
	for (int i = 0; i < n; i++)
		appendStringInfo(&json, "%s%lld", i == 0 ? "" : ", ", (long long) runs[i]);
	appendStringInfoString(&json, "]}");
	return pt_job_create(account_id, PT_FORGET_JOB,
						 pt_job_json(json.data), false);
}

/* The run with that number, from 0, of the job's arguments; 0: there are no more. */
static int64
nth_run(const PtJob *job, int64 n)
{
	JsonbValue	runs;
	JsonbValue *run;

	if (getKeyJsonValueFromContainer(&job->arguments->root, "runs", 4, &runs) == NULL ||
		runs.type != jbvBinary)
		return 0;
	run = getIthJsonbValueFromContainer(runs.val.binary.data, (uint32) n);
	return run == NULL ? 0 :
		DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(run->val.numeric)));
}

/* A statement that deletes a batch of a run's rows. */
#define DELETE_BATCH(table) \
	"DELETE FROM portatext." table " r WHERE r.ctid = ANY (ARRAY(" \
	"SELECT x.ctid FROM portatext." table " x WHERE x.run_id = $1 ORDER BY x.number LIMIT " BATCH "))"

/* A batch of the run's recipients, or when they are gone of its targets; returns how many there were. */
static uint64
delete_recipients(int64 run_id)
{
	static PtPlan recipients = {DELETE_BATCH("campaign_recipient"), 1, {INT8OID}};
	static PtPlan targets = {DELETE_BATCH("call_target"), 1, {INT8OID}};
	Datum		value = Int64GetDatum(run_id);
	uint64		n = pt_run_by_index(&recipients, &value, SPI_OK_DELETE);

	return n > 0 ? n : pt_run_by_index(&targets, &value, SPI_OK_DELETE);
}

/* What else there is of the run; the claim still asks for the groups of messages that wait. */
static void
delete_rest(int64 run_id)
{
	static PtPlan plan = {
		"WITH c AS (DELETE FROM portatext.campaign_cohort WHERE run_id = $1),"
		" g AS (DELETE FROM portatext.campaign_group g WHERE g.run_id = $1 AND NOT EXISTS ("
		"   SELECT FROM portatext.message_group_count c WHERE c.group_id = g.group_id AND c.state = 'queued' AND c.messages > 0)),"
		" l AS (DELETE FROM portatext.campaign_cancellation WHERE run_id = $1),"
		" p AS (DELETE FROM portatext.campaign_pace WHERE run_id = $1),"
		" n AS (DELETE FROM portatext.call_run WHERE run_id = $1),"
		" d AS (DELETE FROM portatext.call_pace WHERE run_id = $1)"
		" DELETE FROM portatext.campaign_response WHERE run_id = $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);

	pt_plan_run(&plan, &value, NULL, SPI_OK_DELETE);
}

/* A batch of one run's rows; true: those of all runs are gone. */
static bool
forget_chunk(PtJob *job)
{
	int64		at = pt_job_int(job->position, "run", 0);
	int64		run_id = nth_run(job, at);
	uint64		n;
	PtRole		saved;

	if (run_id == 0)
		return true;
	pt_become_keeper(&saved);
	n = delete_recipients(run_id);
	job->done += (int64) n;
	if (n == 0)
		delete_rest(run_id);
	pt_become_caller(&saved);
	if (n == 0)
		job->position = pt_job_json(psprintf("{\"run\": %lld}", (long long) at + 1));
	return n == 0 && nth_run(job, at + 1) == 0;
}

static const PtJobKind forget_kind = {
	.name = PT_FORGET_JOB,
	.chunk = forget_chunk
};

void
pt_campaign_forget_init(void)
{
	pt_job_register(&forget_kind);
}

PG_FUNCTION_INFO_V1(pt_forget_runs);

/* portatext.forget_runs(account_id, runs): the job's id. */
Datum
pt_forget_runs(PG_FUNCTION_ARGS)
{
	Datum	   *elements;
	bool	   *isnull;
	int64	   *runs;
	int			n;
	int64		job_id;
	PtRole		saved;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), INT8OID, 8, true, TYPALIGN_DOUBLE, &elements, &isnull, &n);
	runs = palloc(Max(n, 1) * sizeof(int64));
	for (int i = 0; i < n; i++)
		runs[i] = DatumGetInt64(elements[i]);
	SPI_connect();
	pt_become_keeper(&saved);
	job_id = pt_campaign_forget(PG_GETARG_INT64(0), runs, n);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(job_id);
}
