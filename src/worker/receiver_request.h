/*
 * receiver_request.h
 *	  A request of the receiver, between its listener (receiver_http.c) and its
 *	  reading (receiver_request.c).
 */
#ifndef PORTATEXT_RECEIVER_REQUEST_H
#define PORTATEXT_RECEIVER_REQUEST_H

#include <microhttpd.h>

#include "carrier/json.h"
#include "worker/receiver.h"

/* Statuses answered without a transaction; MHD's names differ between versions. */
#define OK 200
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
	const PtListenerHooks *hooks;
	bool		begun;
	bool		post;
	bool		health;
	bool		unproven;		/* let in for the signature over its body */
	unsigned	status;			/* the answer; 0: not known yet */
	const char *problem;		/* told with a 400 */
	char	   *uri;			/* path; the query follows its NUL */
	char	   *query;			/* NULL: none */
	char	   *body;
	char	   *converted;		/* body in UTF-8, when it was not */
	char	   *target;			/* path and query as they came; of templated carriers only */
	PtJson	   *data;			/* what a templated carrier says */
	size_t		body_len;
	size_t		body_room;
	int			receipts_room;
	char		user[PT_SECRET_SIZE];
	char		from[PT_INBOUND_NUMBER_MAX + 2];
	char		to[PT_INBOUND_NUMBER_MAX + 2];
} PtRequest;

/* Looks at the request's line and headers; 0 or the status of the answer. */
extern unsigned pt_request_begin(PtRequest *r, const char *method);

/* Keeps a stretch of the body; 0 or the status of an error. */
extern unsigned pt_request_body(PtRequest *r, const char *data, size_t size);

/* The request is whole: reads it; 0 or the status of the answer. */
extern unsigned pt_request_finish(PtRequest *r);

#endif							/* PORTATEXT_RECEIVER_REQUEST_H */
