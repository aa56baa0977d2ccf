/*
 * job.h
 *	  Jobs: kinds, and what the chunk of a job gets and leaves.
 */
#ifndef PORTATEXT_JOB_H
#define PORTATEXT_JOB_H

#include "portatext.h"

#include "utils/jsonb.h"

typedef struct PtJob
{
	int64		job_id;
	int64		account_id;
	Jsonb	   *arguments;

	/* a chunk changes these; they are written in its transaction */
	Jsonb	   *position;
	int64		total;			/* -1: not known */
	int64		done;
	int64		errors;
	Jsonb	   *result;			/* NULL: none yet */

	const char *ending;			/* for abandon: "failed" or "cancelled" */
} PtJob;

typedef struct PtJobKind
{
	const char *name;			/* portatext.job.kind */

	/*
	 * Does work for about a tenth of a second, inside SPI, as portatext_owner
	 * whom row-level security binds to the job's account.  Returns true when the
	 * job is finished.  An ERROR undoes the chunk; it is tried again later, and
	 * after several errors in a row the job fails.  pt_is_operator() is no answer
	 * here: the runner is one, whoever made the job.
	 */
	bool		(*chunk) (PtJob *job);

	/*
	 * Tidies up in the transaction that ends the job as failed or cancelled, as
	 * the same role; NULL: nothing to do.
	 */
	void		(*abandon) (PtJob *job);

	/*
	 * retry_job() of a failed job.  A kind that has no abandon goes on from its
	 * position.  What abandon has tidied up starts from the beginning: position,
	 * done and errors are empty when this is called, in the transaction that
	 * queues the job again.  A kind with abandon and without this cannot be retried.
	 */
	void		(*again) (PtJob *job);
} PtJobKind;

extern void pt_job_init(void);	/* from _PG_init */
extern void pt_job_register(const PtJobKind *kind); /* from _PG_init */

/*
 * Makes a job for the account and wakes the runner at commit; returns its id.
 * open: its input is still coming, pt_job_queue() ends that.  Inside SPI.
 */
extern int64 pt_job_create(int64 account_id, const char *kind, Jsonb *arguments, bool open);

/* The input of an open job is there: it waits for the runner from now on.  False: it is not open. Inside SPI. */
extern bool pt_job_queue(int64 job_id);

/* An integer or a text of a job's arguments or position; missing or null: the default, or NULL. */
extern int64 pt_job_int(const Jsonb *object, const char *key, int64 missing);
extern char *pt_job_text(const Jsonb *object, const char *key);

/* JSON text as jsonb, for a position or a result. */
extern Jsonb *pt_job_json(const char *text);

/*
 * One chunk of the next job that waits, in the caller's transaction and SPI
 * connection; the accounts take turns.  False: none waits.  For the runner; when
 * the transaction has failed, a next one calls pt_job_note_failure().
 */
extern bool pt_job_run_next(void);

/*
 * Notes in a transaction of its own, inside SPI, that the last chunk was undone
 * by an error: the job is tried again later, or fails.  abandon: the kind may
 * tidy up; false after a first attempt that failed itself.  False: it was no
 * chunk that failed.
 */
extern bool pt_job_note_failure(int sqlerrcode, const char *message, bool abandon);

/* Milliseconds until a job is due that waits for its time, at most so many.  Inside SPI. */
extern long pt_job_wait_ms(long most);

/*
 * Progress of long work in this process, shown by pg_stat_progress_portatext while it goes on:
 * progress.c.  what: "contact_import", "campaign_create"; object: the list's or run's id.
 * A chunk may call the first again, to say what it has learnt; the end of the
 * transaction by an error ends it, too.
 */
extern void pt_progress_start(const char *what, int64 job_id, int64 object, int64 total);
extern void pt_progress_update(int64 done, int64 errors);
extern void pt_progress_end(void);

#endif							/* PORTATEXT_JOB_H */
