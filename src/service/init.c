/*
 * init.c
 *	  What the room service does for sending and receiving is registered here.
 */
#include "service/service.h"

static const PtServiceHooks hooks = {
	.owns = pt_service_owns,
	.choose = pt_service_choose,
	.check = pt_service_check,
	.recheck = pt_service_recheck,
	.stays = pt_service_stays,
	.inbound = pt_service_inbound,
	.redo = pt_service_redo
};

void
pt_service_init(void)
{
	pt_service_hooks = &hooks;
}
