/*
 * http_slot.h
 *	  One request of the HTTP engine at a time, with a libcurl handle for its
 *	  life.  Private to http.c and http_slot.c.
 */
#ifndef PORTATEXT_HTTP_SLOT_H
#define PORTATEXT_HTTP_SLOT_H

#include <curl/curl.h>

#include "worker/http.h"
#include "worker/http_watch.h"

typedef struct PtHttpSlot
{
	PtHttpEngine *engine;
	PtHttpWatch *watch;
	CURL	   *easy;			/* made at the first use */
	struct curl_slist *headers; /* of this request */
	char	   *origin;			/* CURLOPT_URL of the handle: scheme, host and port alone; or NULL */
	bool		own_ca;			/* CURLOPT_CAINFO differs from the default */
	bool		tls;
	void	   *tag;
	int			sendings;		/* times libcurl was about to send */
	bool		resend_refused;
	size_t		header_octets;
	long		retry_after;
	char	   *body;
	size_t		body_len;
	size_t		body_room;
	bool		capped;
	struct PtHttpSlot *next;	/* in a list of the engine */
} PtHttpSlot;

/* Fills the handle for one request; false: no memory. */
extern bool pt_http_slot_fill(PtHttpSlot *slot, const PtHttpRequest *request);

/* What became of the request that libcurl has ended with this code. */
extern void pt_http_slot_result(const PtHttpSlot *slot, CURLcode code, PtHttpResult *result);

/* Forgets the request; the handle and a small buffer are kept. */
extern void pt_http_slot_clear(PtHttpSlot *slot);

extern void pt_http_slot_free(PtHttpSlot *slot);	/* all it holds */

#endif							/* PORTATEXT_HTTP_SLOT_H */
