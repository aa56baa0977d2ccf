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
	const char *method;			/* NULL: POST with a body, else GET; or GET, POST, PUT, DELETE */
	const char *body;			/* NULL: none */
	size_t		body_len;
	const char *content_type;
	const char *const *headers; /* NULL-terminated, or NULL */
	const char *ca_file;		/* certificates to trust instead of the system's, or NULL */
	long		timeout_ms;
	void	   *tag;			/* the caller's own */
} PtHttpRequest;

typedef enum PtHttpFate
{
	PT_HTTP_ANSWERED,			/* a whole answer came, or as much of it as the cap allows */
	PT_HTTP_NOT_SENT,			/* certain: nothing of the request reached the peer */
	PT_HTTP_UNCLEAR				/* the request went out, or may have; no whole answer (status is set when it came) */
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

/* At most max_connections, fewer when RLIMIT_NOFILE is low; NULL: no memory or no descriptors. */
extern PtHttpEngine *pt_http_create(int max_connections, PtHttpDone done, void *context);

/* Drops what is under way without calling done. */
extern void pt_http_destroy(PtHttpEngine *engine);

extern int	pt_http_fd(const PtHttpEngine *engine); /* an epoll descriptor: readable when pt_http_run has work */
extern long pt_http_timeout_ms(const PtHttpEngine *engine); /* call pt_http_run by then; -1: none */

/*
 * false: nothing was started, done will not be called (capacity reached, or no
 * memory): try later.  A malformed request is started and ends as NOT_SENT with
 * problem "request".  May be called from done.
 */
extern bool pt_http_start(PtHttpEngine *engine, const PtHttpRequest *request);

extern void pt_http_run(PtHttpEngine *engine);	/* never waits; calls done for each that ended */
extern int	pt_http_in_flight(const PtHttpEngine *engine);
extern int	pt_http_capacity(const PtHttpEngine *engine);	/* requests at one time */

#endif							/* PORTATEXT_HTTP_H */
