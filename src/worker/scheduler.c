/*
 * scheduler.c
 *	  The scheduler of a database: tasks by time, each in its own transaction.
 */
#include "worker/session.h"

#include "worker/internal.h"

#define SWEEP_MS 5000

extern PGDLLEXPORT void pt_scheduler_main(Datum arg);

/* Entry point of the scheduler. */
void
pt_scheduler_main(Datum arg)
{
	pt_session_start(PT_SCHEDULER, DatumGetObjectId(arg));
	while (!pt_session_stopping())
		(void) pt_session_wait(-1, SWEEP_MS);
}
