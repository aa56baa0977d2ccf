/*
 * request.h
 *	  Who makes the REST request of this transaction, and what they may do.
 *
 * Written once per transaction by portatext_api.authenticate(), which PostgREST
 * calls first (db-pre-request); forgotten when the transaction ends.  Without it
 * (plain SQL) everything is allowed that the role may do.
 */
#ifndef PORTATEXT_REQUEST_H
#define PORTATEXT_REQUEST_H

#include "portatext.h"

#include "access/right.h"

typedef enum PtCredential
{
	PT_CREDENTIAL_NONE,			/* anonymous */
	PT_CREDENTIAL_KEY,
	PT_CREDENTIAL_SESSION,
	PT_CREDENTIAL_JWT,
	PT_CREDENTIAL_BASIC			/* for POST login only */
} PtCredential;

typedef struct PtRequest
{
	PtCredential credential;
	int64		account_id;		/* 0: none */
	int64		key_id;			/* of an API key */
	int64		user_id;		/* of a session or basic */
	int			rights;			/* bits of PtRight */
	/* Why the request is refused; 0: it is not.  Only on the SDKs' path, elsewhere it is raised. */
	int			status;
	const char *slug;
	char		refusal[200];
	int64		reset;			/* of 429: epoch second */
} PtRequest;

/* NULL: no request of PostgREST has been authenticated in this transaction. */
extern const PtRequest *pt_request(void);

/*
 * Raises 42501 unless the request has the right, PT401 if nobody is known to make it;
 * PT_RIGHT_NONE: nothing is asked.
 */
extern void pt_request_require(PtRight right);

/* A header of PostgREST's request, by its name in lower case, palloc'd; NULL: it is not there. */
extern char *pt_client_header(const char *name);

/* request.method or request.path of PostgREST; NULL: there is no request. */
extern const char *pt_client_method(void);
extern const char *pt_client_path(void);

#endif							/* PORTATEXT_REQUEST_H */
