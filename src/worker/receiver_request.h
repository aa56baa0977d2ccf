/*
 * receiver_request.h
 *	  One request to the receiver: between the listener (receiver_http.c) and what
 *	  reads complete requests (receiver_read.c).
 */
#ifndef PORTATEXT_RECEIVER_REQUEST_H
#define PORTATEXT_RECEIVER_REQUEST_H

#include "carrier/http_receipt.h"
#include "worker/receiver.h"

/* Statuses answered without a transaction; MHD's names differ between versions. */
#define OK 200
#define UNCHANGED 304
#define BAD_REQUEST 400
#define UNAUTHORIZED 401
#define FORBIDDEN 403
#define NOT_FOUND 404
#define NOT_ALLOWED 405
#define TOO_LARGE 413
#define UNSUPPORTED 415
#define SERVER_ERROR 500
#define UNAVAILABLE 503

/* The callback is first, so that its address is the request's. */
typedef struct PtRequest
{
	PtCallback	callback;
	struct MHD_Connection *connection;
	bool		begun;
	bool		post;
	bool		health;
	bool		unproven;		/* let in for the signature over its body */
	const char *engine_path;	/* what follows /engine/NAME/; NULL: a carrier's callback */
	unsigned	status;			/* the answer; 0: not known yet */
	const char *problem;		/* told with a 400 */
	char	   *uri;			/* path; the query follows its NUL */
	char	   *query;			/* NULL: none */
	char	   *body;
	char	   *answer;			/* what an inbound message is answered with; NULL: nothing */
	char	   *answer_type;
	char	   *target;			/* path and query as they came; of templated carriers only */
	PtJson	   *data;			/* what a templated carrier says */
	size_t		body_len;
	size_t		body_room;
	int			receipts_room;
	char		user[PT_SECRET_SIZE];
	char		from[PT_INBOUND_NUMBER_MAX + 2];
	char		to[PT_INBOUND_NUMBER_MAX + 2];
} PtRequest;

/* A header of the request; NULL: it has none such.  context is the request. */
extern const char *pt_request_header(void *context, const char *name);

/*
 * Reads a request that is whole, of this carrier (NULL: it is gone), now (seconds
 * since 1970).  0: to be stored; OK: it says nothing; or the status of an error.
 */
extern unsigned pt_request_read(PtRequest *r, const PtReceiverCarrier *carrier, long now);

/* Path and query as they came, for signatures; kept in r->target.  NULL: no memory. */
extern const char *pt_request_target(PtRequest *r);

/*
 * The same for a telephony engine's callback.  pt_engine_request_admit looks at line and
 * headers: 0, or the status of an error.  receiver_engine.c.
 */
extern unsigned pt_engine_request_admit(PtRequest *r, const PtReceiverEngine *engine);
extern unsigned pt_engine_request_read(PtRequest *r, const PtReceiverEngine *engine, long now);

/* Does If-None-Match (RFC 9110, 13.1.2) name this tag? */
extern bool pt_etag_matches(const char *header, const char *etag);

#endif							/* PORTATEXT_RECEIVER_REQUEST_H */
