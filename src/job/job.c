/*
 * job.c
 *	  Jobs: their kinds, making them, reading and writing their rows.
 *
 * Whoever works at a job or changes its state first takes the job's advisory
 * lock, then its row.  The lock is queued for in order, so cancel_job() comes in
 * between two chunks, which the row's lock alone would not promise.
 */
#include "job/row.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "worker/shared.h"

#define LOCK_CLASS 5			/* fourth field of the advisory lock: no user's */
#define MAX_KINDS 16

static const PtJobKind *kinds[MAX_KINDS];
static int	n_kinds = 0;

void
pt_job_register(const PtJobKind *kind)
{
	Assert(n_kinds < MAX_KINDS);
	kinds[n_kinds++] = kind;
}

const PtJobKind *
pt_job_kind(const char *name)
{
	for (int i = 0; i < n_kinds; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

/* Takes the job's lock until the transaction ends; false: somebody else has it or waits for it. */
static bool
lock_job(int64 job_id, bool wait)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (job_id >> 32), (uint32) job_id, LOCK_CLASS);
	return LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

bool
pt_job_try_lock(int64 job_id)
{
	return lock_job(job_id, false);
}

void
pt_job_wait_lock(int64 job_id)
{
	(void) lock_job(job_id, true);
}

/* Runs a statement about jobs past row-level security: the caller has named the job itself. */
static uint64
keep(PtPlan *plan, const Datum *values, const char *nulls, int expected)
{
	PtRole		saved;
	uint64		rows;

	pt_become_keeper(&saved);
	rows = pt_plan_run_latest(plan, values, nulls, expected);
	pt_become_caller(&saved);
	return rows;
}

/* A jsonb column of the result, copied; NULL: null. */
static Jsonb *
json_result(int column)
{
	bool		isnull;
	Datum		value = pt_result(0, column, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

#define READ \
	"SELECT account_id, kind, state::text, arguments, position, COALESCE(total, -1), done, errors, result, failures" \
	" FROM portatext.job WHERE job_id = $1 FOR NO KEY UPDATE"

bool
pt_job_read(int64 job_id, PtJobRow *row, bool wait)
{
	static PtPlan plan = {READ, 1, {INT8OID}};
	static PtPlan skipping = {READ " SKIP LOCKED", 1, {INT8OID}};
	Datum		value = Int64GetDatum(job_id);
	bool		isnull;

	if (keep(wait ? &plan : &skipping, &value, NULL, SPI_OK_SELECT) == 0)
		return false;
	row->job.job_id = job_id;
	row->job.account_id = DatumGetInt64(pt_result(0, 1, &isnull));
	row->kind = TextDatumGetCString(pt_result(0, 2, &isnull));
	row->state = TextDatumGetCString(pt_result(0, 3, &isnull));
	row->job.arguments = json_result(4);
	row->job.position = json_result(5);
	row->job.total = DatumGetInt64(pt_result(0, 6, &isnull));
	row->job.done = DatumGetInt64(pt_result(0, 7, &isnull));
	row->job.errors = DatumGetInt64(pt_result(0, 8, &isnull));
	row->job.result = json_result(9);
	row->failures = DatumGetInt32(pt_result(0, 10, &isnull));
	return true;
}

void
pt_job_tell(int64 job_id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.event (account_id, type, subject, payload)"
		" SELECT j.account_id, 'job.' || j.state, j.job_id, jsonb_build_object("
		"     'id', j.job_id, 'job_type', j.kind, 'status', j.state, 'result', j.result)"
		"     || CASE WHEN j.error IS NULL THEN '{}' ELSE jsonb_build_object('error', j.error) END"
		"   FROM portatext.job j WHERE j.job_id = $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(job_id);

	keep(&plan, &value, NULL, SPI_OK_INSERT);
}

/* Writes what a chunk has left, and the state, with its event if it is a new one. */
void
pt_job_write(PtJobRow *row, const char *state)
{
	static PtPlan plan = {
		"UPDATE portatext.job SET state = $2::portatext.job_state, position = $3, total = NULLIF($4, -1),"
		" done = $5, errors = $6, result = $7, failures = 0, error = NULL,"
		" started_at = COALESCE(started_at, portatext.now()),"
		" finished_at = CASE WHEN $2 = 'finished' THEN portatext.now() END"
		" WHERE job_id = $1",
		7, {INT8OID, TEXTOID, JSONBOID, INT8OID, INT8OID, INT8OID, JSONBOID}
	};
	const PtJob *job = &row->job;
	Datum		values[7] = {Int64GetDatum(job->job_id), CStringGetTextDatum(state),
		JsonbPGetDatum(job->position), Int64GetDatum(job->total), Int64GetDatum(job->done),
		Int64GetDatum(job->errors), JsonbPGetDatum(job->result)};
	char		nulls[] = "       ";

	nulls[6] = job->result == NULL ? 'n' : ' ';
	keep(&plan, values, nulls, SPI_OK_UPDATE);
	if (strcmp(row->state, state) != 0)
		pt_job_tell(job->job_id);
	row->state = pstrdup(state);
}

/* The kind tidies up. */
static void
tidy(PtJob *job, void *kind)
{
	((const PtJobKind *) kind)->abandon(job);
}

/* Ends the job as failed or cancelled. */
void
pt_job_end(PtJobRow *row, const char *state, const char *error, bool abandon)
{
	static PtPlan plan = {
		"UPDATE portatext.job SET state = $2::portatext.job_state, error = $3, result = $4, finished_at = portatext.now()"
		" WHERE job_id = $1",
		4, {INT8OID, TEXTOID, TEXTOID, JSONBOID}
	};
	const PtJobKind *kind = pt_job_kind(row->kind);
	Datum		values[4] = {Int64GetDatum(row->job.job_id), CStringGetTextDatum(state)};
	char		nulls[] = "    ";

	row->job.ending = state;
	if (abandon && kind != NULL && kind->abandon != NULL)
		pt_job_act(&row->job, tidy, unconstify(PtJobKind *, kind));
	nulls[2] = error == NULL ? 'n' : ' ';
	nulls[3] = row->job.result == NULL ? 'n' : ' ';
	values[2] = error == NULL ? (Datum) 0 : CStringGetTextDatum(error);
	values[3] = JsonbPGetDatum(row->job.result);
	keep(&plan, values, nulls, SPI_OK_UPDATE);
	pt_job_tell(row->job.job_id);
	row->state = pstrdup(state);
}

/* The account's identity ends with the call; an error ends it with the transaction. */
void
pt_job_act(PtJob *job, void (*act) (PtJob *job, void *arg), void *arg)
{
	char		account[32];
	int			level = NewGUCNestLevel();

	snprintf(account, sizeof(account), "%lld", (long long) job->account_id);
	(void) set_config_option("portatext.account_id", account, PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	act(job, arg);
	AtEOXact_GUC(true, level);
}

int64
pt_job_create(int64 account_id, const char *kind, Jsonb *arguments, bool open)
{
	static PtPlan plan = {
		"INSERT INTO portatext.job (account_id, kind, state, arguments)"
		" VALUES ($1, $2, CASE WHEN $4 THEN 'open' ELSE 'queued' END::portatext.job_state, $3) RETURNING job_id",
		4, {INT8OID, TEXTOID, JSONBOID, BOOLOID}
	};
	Datum		values[4] = {Int64GetDatum(account_id), CStringGetTextDatum(kind),
		JsonbPGetDatum(arguments), BoolGetDatum(open)};
	bool		isnull;
	int64		job_id;

	keep(&plan, values, NULL, SPI_OK_INSERT_RETURNING);
	job_id = DatumGetInt64(pt_result(0, 1, &isnull));
	pt_job_tell(job_id);
	if (!open)
		pt_wake_kind_at_commit(PT_RUNNER);
	return job_id;
}

bool
pt_job_queue(int64 job_id)
{
	static PtPlan plan = {
		"UPDATE portatext.job SET state = 'queued', run_after = portatext.now()"
		" WHERE job_id = $1 AND state = 'open'",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(job_id);

	pt_job_wait_lock(job_id);
	if (keep(&plan, &value, NULL, SPI_OK_UPDATE) == 0)
		return false;
	pt_job_tell(job_id);
	pt_wake_kind_at_commit(PT_RUNNER);
	return true;
}
