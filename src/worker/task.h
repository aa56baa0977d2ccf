/*
 * task.h
 *	  Tasks by time, each in its own transaction: what scheduler and runner do.
 *
 * A task is the body of one transaction; it gets its PtTask and says in next_ms
 * when it wants to run again.  A task that raises an error is tried again later
 * and later; the others go on.
 */
#ifndef PORTATEXT_TASK_H
#define PORTATEXT_TASK_H

#include "worker/session.h"

typedef struct PtTask
{
	const char *name;			/* shown by pg_stat_activity and in the log */
	PtTxBody	body;
	bool		(*failed) (struct PtTask *task);	/* makes good an error; true: as if there was none */
	long		period_ms;		/* when the body says nothing */
	bool		on_wake;		/* runs when the worker is woken, too */
	long		next_ms;		/* set by the body; 0: there is more to do now */
	int			failures;
	TimestampTz due;			/* by the server's clock, not the business clock */
} PtTask;

/* Runs the tasks until SIGTERM, each when it is due.  In a copy it only waits for adopt(). */
extern void pt_tasks_run(PtTask *tasks, int n);

#endif							/* PORTATEXT_TASK_H */
