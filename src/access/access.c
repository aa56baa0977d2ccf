/*
 * access.c
 *	  Settings of the API, and the client's address.
 */
#include "access/access.h"

#include "utils/guc.h"

int			pt_api_requests_per_minute = 600;
int			pt_api_anonymous_per_minute = 60;
int			pt_api_session_lifetime = 3600;
int			pt_api_nonce_lifetime = 3600;
static char *address_header = NULL;

void
pt_access_init(void)
{
	DefineCustomIntVariable("portatext.api_requests_per_minute",
							"Requests of the API that a key, a user or a token's account may make in a minute.",
							"A key may have a number of its own.",
							&pt_api_requests_per_minute, 600, 1, INT_MAX / 2,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.api_anonymous_per_minute",
							"Requests of the API that an address may make in a minute without saying who it is, or with wrong credentials.",
							NULL, &pt_api_anonymous_per_minute, 60, 1, INT_MAX / 2,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.api_session_lifetime",
							"How long a session token is good.",
							NULL, &pt_api_session_lifetime, 3600, 1, INT_MAX / 2,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.api_nonce_lifetime",
							"How long the nonce of a password reset or an e-mail verification is good.",
							NULL, &pt_api_nonce_lifetime, 3600, 1, INT_MAX / 2,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("portatext.api_address_header",
							   "The header in which the proxy before PostgREST names the client's address, in lower case.",
							   "Of a list with commas the last address counts.",
							   &address_header, "x-real-ip",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
}

bool
pt_client_address(PtAddress *address)
{
	char	   *value = pt_client_header(address_header);

	return pt_read_client_address(value == NULL ? "" : value, address);
}
