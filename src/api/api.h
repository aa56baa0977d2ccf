/*
 * api.h
 *	  What REST clients call: the language of the API's functions, errors as HTTP
 *	  statuses, requests that are done once, the paths of the PortaText SDKs.
 */
#ifndef PORTATEXT_API_H
#define PORTATEXT_API_H

#include "portatext.h"

#include "fmgr.h"

/* An error's HTTP status and a short name for programs, by its SQLSTATE: error.c. */
extern int	pt_api_status(int sqlerrcode, const char **slug);

/*
 * In a PG_CATCH block: raises the error again, as a REST client gets it.  In a
 * request of PostgREST its code is the short name, otherwise SQLSTATE PT and the
 * status.
 */
pg_noreturn extern void pt_api_rethrow(void);

/* Is an operation of the SDKs under way, whose errors its own dispatcher answers?  rest.c */
extern bool pt_api_in_rest(void);

/* A request with the header Idempotency-Key: once.c. */
typedef struct PtOnce
{
	bool		active;			/* the request has the header */
	int64		account_id;
	Datum		key;			/* text */
} PtOnce;

/*
 * Takes the key for this call of a function; true: the same call was answered before,
 * and *answer (jsonb) is its answer.  Waits for a transaction that works at it.
 * Raises PT422 if the key came with other arguments, 22023 if it is no key.  Inside
 * SPI_connect.
 */
extern bool pt_once_begin(FunctionCallInfo fcinfo, const Oid *types, const char *name, PtOnce *once, Datum *answer, bool *isnull);

/* Keeps the answer (jsonb). */
extern void pt_once_end(const PtOnce *once, Datum answer, bool isnull);

#endif							/* PORTATEXT_API_H */
