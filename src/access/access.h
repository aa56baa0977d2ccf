/*
 * access.h
 *	  Who calls the API: settings, secrets and the ways to say who one is.
 */
#ifndef PORTATEXT_ACCESS_H
#define PORTATEXT_ACCESS_H

#include "portatext.h"

#include "access/client.h"
#include "access/request.h"

/* Settings (docs/operations.md). */
extern int	pt_api_requests_per_minute;
extern int	pt_api_anonymous_per_minute;
extern int	pt_api_session_lifetime;	/* seconds */
extern int	pt_api_nonce_lifetime;	/* seconds */

extern void pt_access_init(void);	/* from _PG_init */

/* The client's address; false: it is not known, and *address is all zeros. */
extern bool pt_client_address(PtAddress *address);

/*
 * Finds out who makes the request and fills it in, or refuses it: identify.c.
 * *most: requests per minute that the credential allows, 0: the installation's.
 */
extern void pt_identify(PtRequest *request, int *most);

/* The rights in the text of an array, such as {read,send} or ["read", "send"]. */
extern int	pt_rights_in(const char *array);

/* An API key that was found: key.c. */
typedef struct PtApiKey
{
	int64		key_id;
	int64		account_id;
	int			rights;			/* bits of PtRight */
	int			most;			/* requests per minute, 0: the installation's */
	bool		allowed;		/* from this address */
} PtApiKey;

/* Finds the key; address: NULL when it is not known.  False: there is none that holds.  Inside SPI_connect. */
extern bool pt_api_key_find(const char *secret, const PtAddress *address, PtApiKey *key);

/* Writes down why the request is refused, unless it is refused already. */
extern void pt_request_refuse(PtRequest *request, int status, const char *message);

/*
 * The user that the request's own settings are about: who has logged in, or else the
 * account's first; 0: it has none.
 */
extern int64 pt_request_user(void);

/* What is counted of an e-mail address in PT_LIMIT_PASSWORD: 64 bits of api_attempt.hash, as SQL. */
#define PT_ATTEMPT_ID(hash) "('x' || left(encode(" hash ", 'hex'), 16))::bit(64)::int8"

/* SHA-256 of a secret, as bytea: secret.c. */
extern Datum pt_secret_hash(const char *secret);

/* A prefix and n random characters out of 62, palloc'd. */
extern char *pt_secret_new(const char *prefix, int n);

/* The SCRAM verifier of a password, palloc'd; raises 22023 for one that is too short or long. */
extern char *pt_password_verifier(const char *password);

/* Is it the password of this verifier?  NULL: nobody's, which takes as long. */
extern bool pt_password_fits(const char *password, const char *verifier);

#endif							/* PORTATEXT_ACCESS_H */
