/*
 * runner.c
 *	  The runner of a database: the chunks of jobs, the release of campaigns, and
 *	  what else takes longer than the scheduler should (decision 0022).
 */
#include "worker/task.h"

#include "campaign/campaign.h"
#include "contact/contact.h"
#include "job/job.h"
#include "sms/tally.h"

#define SWEEP_MS 5000			/* what no wake has announced is found within it */
#define RETIRE_MS 60000

extern PGDLLEXPORT void pt_runner_main(Datum arg);

/* One chunk of the next job; at once again while any waits. */
static void
run_jobs(void *arg)
{
	PtTask	   *task = arg;

	task->next_ms = pt_job_run_next() ? 0 : pt_job_wait_ms(SWEEP_MS);
}

/* What the transaction that notes a failed chunk is told, and says. */
typedef struct Failure
{
	int			sqlerrcode;
	char		message[PT_ERROR_TEXT];
	bool		abandon;
	bool		noted;
} Failure;

static void
note_failure(void *arg)
{
	Failure    *failure = arg;

	failure->noted = pt_job_note_failure(failure->sqlerrcode, failure->message, failure->abandon);
}

/*
 * The job whose chunk has failed is put off or ends, and the next one has its turn
 * at once.  If the job cannot even tidy up, it ends without; if somebody was in the
 * way (a campaign that is being started), it is tried again later.
 */
static bool
job_failed(PtTask *task)
{
	Failure		failure = {.abandon = true};

	strlcpy(failure.message, pt_session_last_error(&failure.sqlerrcode), sizeof(failure.message));
	if (!pt_session_tx("jobs: a failed chunk", note_failure, &failure))
	{
		int			sqlerrcode;

		(void) pt_session_last_error(&sqlerrcode);
		if (sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
			failure.sqlerrcode = sqlerrcode;
		else
			failure.abandon = false;
		if (!pt_session_tx("jobs: a failed chunk", note_failure, &failure))
			return false;
	}
	task->next_ms = 0;
	return failure.noted;
}

/* A batch of one campaign. */
static void
release_campaigns(void *arg)
{
	((PtTask *) arg)->next_ms = pt_campaign_turn();
}

/* The campaign whose turn an error has undone waits; the others go on at once. */
static bool
campaign_failed(PtTask *task)
{
	int			sqlerrcode;

	(void) pt_session_last_error(&sqlerrcode);
	task->next_ms = 0;
	return pt_campaign_turn_failed(sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE);
}

/* Sums up what has changed the tallies of groups. */
static void
absorb_tallies(void *arg)
{
	if (pt_tally_absorb())
		((PtTask *) arg)->next_ms = 0;
}

/* Deletes a batch of the contacts that newer versions of their lists have replaced. */
static void
retire_contacts(void *arg)
{
	PtRole		saved;
	int64		gone;

	pt_become_keeper(&saved);
	gone = pt_contacts_retire();
	pt_become_caller(&saved);
	if (gone > 0)
		((PtTask *) arg)->next_ms = 0;
}

/* A task that has more to do sets next_ms to 0 and has its next turn after the others. */
static PtTask tasks[] = {
	{.name = "jobs",.body = run_jobs,.failed = job_failed,.period_ms = SWEEP_MS,.on_wake = true},
	{.name = "campaigns",.body = release_campaigns,.failed = campaign_failed,.period_ms = SWEEP_MS,.on_wake = true},
	{.name = "groups: tallies",.body = absorb_tallies,.period_ms = SWEEP_MS},
	{.name = "contacts: replaced ones",.body = retire_contacts,.period_ms = RETIRE_MS},
};

/* Entry point of the runner. */
void
pt_runner_main(Datum arg)
{
	pt_session_start(PT_RUNNER, DatumGetObjectId(arg));
	pt_tasks_run(tasks, lengthof(tasks));
}
