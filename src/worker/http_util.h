/*
 * http_util.h
 *	  Small parts of HTTP that need no libcurl handle: checks of what is sent,
 *	  percent-encoding, header values.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_HTTP_UTIL_H
#define PORTATEXT_HTTP_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "worker/http.h"

/* A string that grows in a fixed buffer; too much sets overflow and is left out. */
typedef struct PtBuffer
{
	char	   *data;			/* NUL-terminated */
	size_t		len;
	size_t		size;
	bool		overflow;
} PtBuffer;

extern void pt_buffer_init(PtBuffer *buffer, char *data, size_t size);
extern void pt_buffer_append(PtBuffer *buffer, const char *octets, size_t len);
extern void pt_buffer_add(PtBuffer *buffer, const char *text);
extern void pt_buffer_add_encoded(PtBuffer *buffer, const char *octets, size_t len);	/* RFC 3986, 2.1 */
extern void pt_buffer_add_json(PtBuffer *buffer, const char *octets, size_t len);	/* within quotes: RFC 8259, 7 */

/* Nothing in URL and header lines that could end a line or start another request. */
extern bool pt_http_request_valid(const PtHttpRequest *request);

/* http:// or https://, a host, no blank or control character; no user info. */
extern bool pt_http_url_valid(const char *url);

/*
 * Seconds to wait by the value of Retry-After, a number or a date (RFC 9110,
 * 10.2.3); at most a day; -1 when it is neither.
 */
extern long pt_http_retry_after(const char *value, size_t len, time_t now);

/* Does the text, also when it is percent-decoded, hold the secret (NULL or empty: none)? */
extern bool pt_holds_secret(const char *text, const char *secret);

/* The first line of a peer's text, cut to size, what is not printable as '?'. */
extern void pt_printable_line(char *out, size_t size, const char *text);

#endif							/* PORTATEXT_HTTP_UTIL_H */
