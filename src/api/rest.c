/*
 * rest.c
 *	  The paths of the PortaText SDKs: from a request to its handler and back.
 */
#include "api/api.h"

static bool in_rest = false;

bool
pt_api_in_rest(void)
{
	return in_rest;
}
