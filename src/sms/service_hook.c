/*
 * service_hook.c
 *	  The functions of the room service, as far as they are registered.
 */
#include "sms/service_hook.h"

const PtServiceHooks *pt_service_hooks = NULL;
