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
} PtJob;

typedef struct PtJobKind
{
	const char *name;			/* portatext.job.kind */

	/*
	 * Does work for about a tenth of a second, inside SPI, acting for the
	 * job's account.  Returns true when the job is finished.  An ERROR undoes the
	 * chunk; it is tried again later, and after several errors the job fails.
	 */
	bool		(*chunk) (PtJob *job);

	/*
	 * Tidies up in the transaction that ends the job as failed or cancelled;
	 * NULL: nothing to do.
	 */
	void		(*abandon) (PtJob *job);
} PtJobKind;

extern void pt_job_register(const PtJobKind *kind); /* from _PG_init */

/* Makes a job for the account; returns its id.  arguments is JSON. Inside SPI. */
extern int64 pt_job_create(int64 account_id, const char *kind, Jsonb *arguments, bool open);

/* An integer or a text of a job's arguments or position; missing: the default, or NULL. */
extern int64 pt_job_int(const Jsonb *object, const char *key, int64 missing);
extern char *pt_job_text(const Jsonb *object, const char *key);

/*
 * One chunk of the next job that waits, in the caller's transaction and SPI
 * connection; false: none waits.  For the runner.
 */
extern bool pt_job_run_next(void);

/*
 * Progress of long work in this process, shown by pg_stat_progress_portatext while it goes on:
 * progress.c.  what: "contact_import", "campaign_create"; object: the list's or run's id.
 */
extern void pt_progress_start(const char *what, int64 job_id, int64 object, int64 total);
extern void pt_progress_update(int64 done, int64 errors);
extern void pt_progress_end(void);

#endif							/* PORTATEXT_JOB_H */
