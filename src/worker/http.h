/*
 * http.h
 *	  The HTTP engine: libcurl's multi interface over one epoll descriptor.
 *
 * No PostgreSQL header: the caller owns transactions and memory contexts; the
 * engine allocates with malloc and never raises an error.
 */
#ifndef PORTATEXT_HTTP_H
#define PORTATEXT_HTTP_H

#include <stdbool.h>
#include <stddef.h>

typedef struct PtHttpEngine PtHttpEngine;

typedef struct PtHttpRequest
{
	const char *url;			/* copied by the engine, as all strings here */
	const char *body;			/* NULL: GET */
	size_t		body_len;
	const char *content_type;
	const char *const *headers; /* NULL-terminated, or NULL */
	long		timeout_ms;
	void	   *tag;			/* the caller's own */
} PtHttpRequest;

typedef enum PtHttpFate
{
	PT_HTTP_ANSWERED,			/* a whole answer came */
	PT_HTTP_NOT_SENT,			/* certain: nothing of the request reached the peer */
	PT_HTTP_UNCLEAR				/* the request went out, or may have; no whole answer */
} PtHttpFate;

typedef struct PtHttpResult
{
	void	   *tag;
	PtHttpFate	fate;
	long		status;			/* HTTP status, 0 if none */
	const char *body;			/* NUL-terminated, capped; valid during the callback */
	size_t		body_len;
	long		retry_after;	/* seconds, -1 if the peer said nothing */
	const char *problem;		/* the step that failed: "resolve", "connect", "tls", "timeout" ... or NULL */
} PtHttpResult;

typedef void (*PtHttpDone) (void *context, const PtHttpResult *result);

extern PtHttpEngine *pt_http_create(int max_connections, PtHttpDone done, void *context);
extern void pt_http_destroy(PtHttpEngine *engine);
extern int	pt_http_fd(const PtHttpEngine *engine);
extern long pt_http_timeout_ms(const PtHttpEngine *engine); /* -1: none */
extern bool pt_http_start(PtHttpEngine *engine, const PtHttpRequest *request);
extern void pt_http_run(PtHttpEngine *engine);	/* calls done for each that ended */
extern int	pt_http_in_flight(const PtHttpEngine *engine);

#endif							/* PORTATEXT_HTTP_H */
