/*
 * row.h
 *	  A locked row of portatext.job; between the files of this room.
 */
#ifndef PORTATEXT_JOB_ROW_H
#define PORTATEXT_JOB_ROW_H

#include "job/job.h"

#define PT_JOB_TRIES 5			/* errors in a row that let a job fail */
#define PT_JOB_PASSING_TRIES 60	/* if it was the server that had no room: an hour or so */

/* A row of portatext.job, locked. */
typedef struct PtJobRow
{
	PtJob		job;
	char	   *kind;
	char	   *state;
	int32		failures;
	bool		finished;		/* what the chunk has said */
} PtJobRow;

/* job.c */
extern const PtJobKind *pt_job_kind(const char *name);	/* NULL: unknown */
extern bool pt_job_try_lock(int64 job_id);
extern void pt_job_wait_lock(int64 job_id);
extern bool pt_job_read(int64 job_id, PtJobRow *row, bool wait);	/* locks it; false: there is none, or it is locked */
extern void pt_job_write(PtJobRow *row, const char *state);	/* after a chunk */
extern void pt_job_end(PtJobRow *row, const char *state, const char *error, bool abandon);
extern void pt_job_tell(int64 job_id);	/* the event of its state */
extern void pt_job_act(PtJob *job, void (*act) (PtJob *job, void *arg), void *arg); /* for its account */

/* run.c */
extern bool pt_job_chunk(PtJobRow *row);	/* true: the job has ended */
extern bool pt_job_waits(const PtJobRow *row);	/* is it one that the runner works at? */

/* test_kind.c; nothing in the shipped build */
extern void pt_job_test_init(void);

/* progress.c */
extern void pt_progress_request(void);	/* from _PG_init while preloading */
extern void pt_progress_goes_on(void);	/* the next transaction goes on with the work */
extern bool pt_progress_elsewhere(int64 job_id);	/* does another process work at it? */

#endif							/* PORTATEXT_JOB_ROW_H */
