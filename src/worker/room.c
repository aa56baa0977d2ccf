/*
 * room.c
 *	  Set-up of the workers' room: settings always, the rest when preloaded.
 */
#include "worker/room.h"

#include "worker/internal.h"

#include "miscadmin.h"

#include "worker/launcher.h"
#include "worker/settings.h"

/* pg_upgrade's own server gets no workers. */
void
pt_worker_init(void)
{
	pt_settings_init();
	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	pt_shared_request();
	pt_hook_init();
	pt_launcher_register();
}
