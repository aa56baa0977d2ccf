/*
 * room.c
 *	  Set-up of the room job.
 */
#include "job/row.h"

#include "miscadmin.h"

void
pt_job_init(void)
{
	if (process_shared_preload_libraries_in_progress)
		pt_progress_request();
	pt_job_test_init();
}
