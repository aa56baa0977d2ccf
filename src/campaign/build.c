/*
 * build.c
 *	  The job campaign_create: writes the recipients of a run, chunk by chunk, as a
 *	  snapshot of its campaign's sources (CSV-10).
 */
#include "campaign/build.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "campaign/campaign.h"
#include "campaign/run.h"

#define SLICES 20				/* of PT_BUILD_SLICE contacts, in one chunk */
#define SLICE_MEMORY (2 * 1024 * 1024)	/* kept by the process */
#define LOCK_WAIT_US 50000

/* Makes the job that builds a run; returns its id. */
static int64
make_job(int64 account_id, int64 campaign_id, int64 run_id)
{
	return pt_job_create(account_id, PT_BUILD_JOB,
						 pt_job_json(psprintf("{\"campaign_id\": %lld, \"run_id\": %lld}",
											(long long) campaign_id, (long long) run_id)),
						 false);
}

/* Makes a run of a campaign and the job that builds it; see campaign.h. */
static int64
make_run(int64 campaign_id, bool start_when_built)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign_run (campaign_id, account_id, ord, start_when_built)"
		" SELECT c.campaign_id, c.account_id, (SELECT COALESCE(max(r.ord), 0) + 1"
		"   FROM portatext.campaign_run r WHERE r.campaign_id = $1), $2"
		" FROM portatext.campaign c WHERE c.campaign_id = $1 RETURNING run_id, account_id",
		2, {INT8OID, BOOLOID}
	};
	static PtPlan name_job = {
		"UPDATE portatext.campaign_run SET job_id = $2 WHERE run_id = $1", 2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(campaign_id), BoolGetDatum(start_when_built)};
	bool		isnull;
	int64		run_id;

	if (pt_plan_run(&plan, values, NULL, SPI_OK_INSERT_RETURNING) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("campaign %lld does not exist", (long long) campaign_id)));
	run_id = DatumGetInt64(pt_result(0, 1, &isnull));
	values[0] = Int64GetDatum(run_id);
	values[1] = Int64GetDatum(make_job(DatumGetInt64(pt_result(0, 2, &isnull)), campaign_id, run_id));
	pt_plan_run(&name_job, values, NULL, SPI_OK_UPDATE);
	return run_id;
}

int64
pt_campaign_first_run(int64 campaign_id)
{
	return make_run(campaign_id, false);
}

int64
pt_campaign_new_run(int64 campaign_id)
{
	return make_run(campaign_id, true);
}

/*
 * Is the run still to be built?  Whoever ends that takes the job's lock before it
 * commits, and the chunk has that lock: the run's row need not be locked, which
 * would make the runner wait for an open transaction with start_campaign().
 */
static bool
still_building(int64 run_id)
{
	static PtPlan plan = {
		"SELECT FROM portatext.campaign_run r WHERE r.run_id = $1 AND r.state = 'building'",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);

	return pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT) > 0;
}

/* The job's position, as write_position() left it; sources.n = 0: nothing was done yet. */
static void
read_position(const PtJob *job, PtBuild *build)
{
	JsonbValue	found;
	const char *after;

	pt_sources_in(job->position, &build->sources);
	build->own = pt_job_int(job->position, "own", 0);
	build->source = (int) pt_job_int(job->position, "source", 0);
	after = pt_job_text(job->position, "after");
	if (after != NULL)
		strlcpy(build->after, after, sizeof(build->after));
	build->duplicates = pt_job_int(job->position, "duplicates", 0);
	build->rewritten = pt_job_int(job->position, "rewritten", 0) != 0;
	if (getKeyJsonValueFromContainer(&job->position->root, "skipped", 7, &found) != NULL)
	{
		Jsonb	   *skipped = JsonbValueToJsonb(&found);

		for (int code = PT_ACCEPTED + 1; code < PT_REFUSALS; code++)
			build->skipped[code] = pt_job_int(skipped, pt_refusal_name(code), 0);
	}
}

/* Appends {"blacklisted": 5, ...}: those that there are. */
static void
append_skipped(const PtBuild *build, StringInfo json)
{
	const char *separator = "";

	appendStringInfoString(json, "\"skipped\": {");
	for (int code = PT_ACCEPTED + 1; code < PT_REFUSALS; code++)
	{
		if (build->skipped[code] == 0)
			continue;
		appendStringInfo(json, "%s\"%s\": %lld", separator, pt_refusal_name(code),
						 (long long) build->skipped[code]);
		separator = ", ";
	}
	appendStringInfoChar(json, '}');
}

/* Notes how far the build has come. */
static void
write_position(const PtBuild *build, PtJob *job)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	pt_sources_out(&build->sources, &json);
	appendStringInfo(&json, ", \"own\": %lld, \"source\": %d, \"after\": \"%s\", \"duplicates\": %lld, \"rewritten\": %d, ",
					 (long long) build->own, build->source, build->after,
					 (long long) build->duplicates, build->rewritten);
	append_skipped(build, &json);
	appendStringInfoChar(&json, '}');
	job->position = pt_job_json(json.data);
}

/* The first chunk: notes which contacts are read. */
static void
open_sources(PtBuild *build, PtJob *job)
{
	int64		account_id = build->account->account_id;

	pt_sources_open(account_id, build->campaign_id, build->all_subscribers ? build->service : NULL,
					&build->sources);
	if (build->variants.any_variables)
		build->own = pt_own_contacts(account_id);
	job->total = pt_sources_count(&build->sources);
}

/* The next contacts of the source; false: it has no more. */
static bool
build_slice(PtBuild *build, PtCohorts *cohorts, PtJob *job)
{
	PtBuildSlice slice;
	bool		more = pt_build_read(build, &slice);

	pt_cohorts_place(cohorts, &slice);
	pt_build_write(build, &slice);
	job->done += slice.n;
	for (int i = 0; i < slice.n; i++)
		job->errors += !slice.items[i].duplicate && slice.items[i].place == 0;
	return more;
}

/* Some slices of the sources, as far as one transaction should go. */
static void
build_slices(PtBuild *build, PtJob *job)
{
	static MemoryContext slice = NULL;
	PtCohorts  *cohorts = pt_cohorts_load(build);
	MemoryContext old;

	if (slice == NULL)
		slice = AllocSetContextCreate(TopMemoryContext, "portatext build slice",
									  SLICE_MEMORY, SLICE_MEMORY, ALLOCSET_DEFAULT_MAXSIZE);
	MemoryContextReset(slice);	/* an error may have left something */
	old = MemoryContextSwitchTo(slice);
	for (int n = 0; n < SLICES && build->source < build->sources.n; n++)
	{
		if (!build_slice(build, cohorts, job))
		{
			build->source++;
			build->after[0] = '\0';
		}
		MemoryContextReset(slice);
	}
	MemoryContextSwitchTo(old);
	pt_cohorts_store(cohorts);
	PT_POINT("build_chunk");
}

/* How many rows the build has skipped. */
static int64
all_skipped(const PtBuild *build)
{
	int64		n = 0;

	for (int code = PT_ACCEPTED + 1; code < PT_REFUSALS; code++)
		n += build->skipped[code];
	return n;
}

/* {"id", "status", "run", "recipients", "duplicates", "refused", "skipped"}: the job's result (JOB-03). */
static Jsonb *
build_result(const PtBuild *build, int run, int64 recipients)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"id\": %lld, \"status\": \"ready\", \"run\": %d, \"recipients\": %lld, \"duplicates\": %lld, \"refused\": %lld, ",
					 (long long) build->campaign_id, run, (long long) recipients,
					 (long long) build->duplicates, (long long) build->sources.refused);
	append_skipped(build, &json);
	appendStringInfoChar(&json, '}');
	return pt_job_json(json.data);
}

/*
 * Locks the run's row; false: somebody else has it, who may be waiting for this
 * chunk to end.
 */
static bool
lock_run(int64 run_id)
{
	static PtPlan plan = {
		"SELECT FROM portatext.campaign_run r WHERE r.run_id = $1 FOR NO KEY UPDATE SKIP LOCKED",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);

	if (pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT) > 0)
		return true;
	pg_usleep(LOCK_WAIT_US);
	return pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT) > 0;
}

/*
 * The run is built: it may be started, or starts at once if that was asked for
 * meanwhile (CAMP-04).  false: not yet, the next chunk tries again.
 */
static bool
finish_run(const PtBuild *build, PtJob *job)
{
	static PtPlan plan = {
		"UPDATE portatext.campaign_run r SET skipped = $2, recipients = (SELECT COALESCE(sum(c.places), 0)"
		"  FROM portatext.campaign_cohort c WHERE c.run_id = $1)"
		" WHERE r.run_id = $1 RETURNING r.ord, r.recipients, r.start_when_built",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(build->run_id), Int64GetDatum(all_skipped(build))};
	bool		isnull;
	bool		start;

	if (!lock_run(build->run_id))
		return false;
	pt_plan_run_latest(&plan, values, NULL, SPI_OK_UPDATE_RETURNING);
	start = DatumGetBool(pt_result(0, 3, &isnull));
	job->result = build_result(build, DatumGetInt32(pt_result(0, 1, &isnull)),
							   DatumGetInt64(pt_result(0, 2, &isnull)));
	if (build->calls)
		pt_run_begin_calls(build->run_id);
	pt_campaign_set_state(build->run_id, "ready", NULL);
	if (start)
		pt_campaign_set_state(build->run_id, "running", NULL);
	return true;
}

/* Goes on from the job's position; true: the run is built. */
static bool
build_on(PtBuild *build, PtJob *job)
{
	pt_build_load(build, job->account_id);
	read_position(job, build);
	if (build->sources.n == 0)
		open_sources(build, job);
	else if (build->source < build->sources.n)
		build_slices(build, job);
	write_position(build, job);
	return build->source == build->sources.n && finish_run(build, job);
}

/* The run was cancelled meanwhile: what was written of it goes. */
static void
give_up(int64 campaign_id, int64 run_id, PtJob *job)
{
	(void) pt_campaign_forget(job->account_id, &run_id, 1);
	job->result = pt_job_json(psprintf("{\"id\": %lld, \"status\": \"cancelled\"}", (long long) campaign_id));
}

/* A chunk of the job. */
static bool
build_chunk(PtJob *job)
{
	PtBuild		build = {0};
	PtRole		saved;
	bool		built = true;

	build.campaign_id = pt_job_int(job->arguments, "campaign_id", 0);
	build.run_id = pt_job_int(job->arguments, "run_id", 0);
	pt_progress_start(PT_BUILD_JOB, job->job_id, build.run_id, job->total);
	pt_progress_update(job->done, job->errors);
	pt_become_keeper(&saved);
	if (still_building(build.run_id))
		built = build_on(&build, job);
	else
		give_up(build.campaign_id, build.run_id, job);
	pt_become_caller(&saved);
	return built;
}

/* The run cannot be built, or was cancelled while it was: what was written of it goes. */
static void
abandon_build(PtJob *job)
{
	int64		run_id = pt_job_int(job->arguments, "run_id", 0);
	PtRole		saved;

	pt_become_keeper(&saved);
	if (still_building(run_id))
		pt_campaign_set_state(run_id, job->ending, strcmp(job->ending, "failed") == 0 ? "build" : "requested");
	(void) pt_campaign_forget(job->account_id, &run_id, 1);
	pt_become_caller(&saved);
}

static const PtJobKind build_kind = {
	.name = PT_BUILD_JOB,
	.chunk = build_chunk,
	.abandon = abandon_build
};

void
pt_campaign_build_init(void)
{
	pt_job_register(&build_kind);
	pt_campaign_forget_init();
}
