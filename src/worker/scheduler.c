/*
 * scheduler.c
 *	  The scheduler of a database: tasks by time, each in its own transaction.
 */
#include "worker/session.h"

#include "worker/installation.h"
#include "worker/internal.h"

#define SWEEP_MS 5000

extern PGDLLEXPORT void pt_scheduler_main(Datum arg);

/* Shows in the view whether this database is a copy. */
static void
check_installation(void *arg)
{
	(void) pt_installation_ok();
}

/* Entry point of the scheduler. */
void
pt_scheduler_main(Datum arg)
{
	pt_session_start(PT_SCHEDULER, DatumGetObjectId(arg));
	while (!pt_session_stopping())
	{
		(void) pt_session_tx("installation", check_installation, NULL);
		(void) pt_session_wait(-1, SWEEP_MS);
	}
}
