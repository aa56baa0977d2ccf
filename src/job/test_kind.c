/*
 * test_kind.c
 *	  Jobs for the tests of this room; nothing of them is in the shipped build.
 *
 * A job counts to arguments.chunks, one a chunk, and leaves an event test.chunk
 * for each, so that a chunk that is done twice or not at all shows.  arguments.ms:
 * how long a chunk takes; arguments.fail_at: the chunk that always fails;
 * arguments.lock: an advisory lock that a chunk waits for.
 */
#include "job/row.h"

#ifdef PORTATEXT_TEST

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* Leaves an event with the job's number and a number of its own. */
static void
leave_trace(const PtJob *job, const char *type, int64 n)
{
	static PtPlan plan = {
		"INSERT INTO portatext.event (account_id, type, subject, payload)"
		" VALUES ($1, $2, $3, jsonb_build_object('n', $4, 'account', portatext.known_account()))",
		4, {INT8OID, TEXTOID, INT8OID, INT8OID}
	};
	Datum		values[4] = {Int64GetDatum(job->account_id), CStringGetTextDatum(type),
		Int64GetDatum(job->job_id), Int64GetDatum(n)};

	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}

static bool
count_chunk(PtJob *job)
{
	int64		n = pt_job_int(job->position, "n", 0) + 1;
	int64		chunks = pt_job_int(job->arguments, "chunks", 1);

	leave_trace(job, "test.chunk", n);
	PT_POINT("job_test_chunk");
	if (pt_job_int(job->arguments, "lock", 0) != 0)
		DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum(pt_job_int(job->arguments, "lock", 0)));
	for (int64 ms = pt_job_int(job->arguments, "ms", 0); ms > 0; ms -= 10)
	{
		pg_usleep(10000L);
		CHECK_FOR_INTERRUPTS();
	}
	if (n == pt_job_int(job->arguments, "fail_at", 0))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("test job failed at %lld", (long long) n)));
	job->position = pt_job_json(psprintf("{\"n\": %lld}", (long long) n));
	job->total = chunks;
	job->done = n;
	job->errors = n / 2;
	if (n == chunks)
		job->result = pt_job_json(psprintf("{\"counted\": %lld}", (long long) n));
	return n >= chunks;
}

static void
count_abandon(PtJob *job)
{
	leave_trace(job, "test.abandon", pt_job_int(job->position, "n", 0));
	PT_POINT("job_test_abandon");
}

static void
count_again(PtJob *job)
{
	leave_trace(job, "test.again", pt_job_int(job->position, "n", 0));
}

static const PtJobKind test_count = {.name = "test_count",.chunk = count_chunk};
static const PtJobKind test_undo = {.name = "test_undo",.chunk = count_chunk,.abandon = count_abandon,.again = count_again};
static const PtJobKind test_once = {.name = "test_once",.chunk = count_chunk,.abandon = count_abandon};

PG_FUNCTION_INFO_V1(pt_job_test_create);

/* pt_job_test_create(account, kind, arguments, open), made by the tests themselves. */
Datum
pt_job_test_create(PG_FUNCTION_ARGS)
{
	int64		job_id;

	SPI_connect();
	job_id = pt_job_create(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
						   PG_GETARG_JSONB_P(2), PG_GETARG_BOOL(3));
	SPI_finish();
	PG_RETURN_INT64(job_id);
}

PG_FUNCTION_INFO_V1(pt_job_test_queue);

/* pt_job_test_queue(job). */
Datum
pt_job_test_queue(PG_FUNCTION_ARGS)
{
	bool		queued;

	SPI_connect();
	queued = pt_job_queue(PG_GETARG_INT64(0));
	SPI_finish();
	PG_RETURN_BOOL(queued);
}

#endif							/* PORTATEXT_TEST */

void
pt_job_test_init(void)
{
#ifdef PORTATEXT_TEST
	pt_job_register(&test_count);
	pt_job_register(&test_undo);
	pt_job_register(&test_once);
#endif
}
