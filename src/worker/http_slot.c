/*
 * http_slot.c
 *	  One request of the HTTP engine: its options, what libcurl reports of it, and
 *	  what became of it.
 *
 * One request is sent at most once.  libcurl repeats a request by itself when a
 * reused connection ends before the first octet of an answer, although the
 * peer may have acted on it (Curl_retry_request in lib/transfer.c of 7.88, and
 * the send error branch of state_do in lib/multi.c).  CURLOPT_PREREQFUNCTION is
 * called before each of these sendings: the second call for a request ends it.
 *
 * Libraries: libcurl
 */
#include "worker/http_slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "worker/http_util.h"

#if LIBCURL_VERSION_NUM < 0x075000
#error "portatext needs libcurl 7.80 or later: without CURLOPT_PREREQFUNCTION a request might be sent twice"
#endif

#ifndef PORTATEXT_VERSION
#define PORTATEXT_VERSION "0"
#endif

#define BODY_MAX 65536			/* octets of an answer that are kept */
#define BODY_KEPT 4096			/* a larger buffer is freed after its request */
#define HEADERS_MAX 65536		/* octets of an answer's header lines */
#define IDLE_MAX_S 4L			/* older idle connections are not used again: peers close them about then */
#define DEFAULT_TIMEOUT_MS 10000L
#define CONNECT_DEFAULT_MS 300000L	/* libcurl's limit for connecting when none is set */

/* CURLOPT_PREREQFUNCTION: the connection stands and the request is about to go. */
static int
on_sending(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	PtHttpSlot *slot = arg;

	if (slot->sendings > 0)
	{
		slot->resend_refused = true;
		return CURL_PREREQFUNC_ABORT;
	}
	slot->sendings++;
	return CURL_PREREQFUNC_OK;
}

/* CURLOPT_OPENSOCKETFUNCTION: as libcurl does it itself. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	int			fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	pt_http_watch_opened(arg, fd);
	return fd;
}

/* CURLOPT_CLOSESOCKETFUNCTION; it may come when the request is long gone. */
static int
on_close(void *arg, curl_socket_t fd)
{
	pt_http_watch_closed(arg, fd);
	return close(fd);
}

/* CURLOPT_HEADERFUNCTION: one line; only Retry-After is of interest. */
static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	PtHttpSlot *slot = arg;
	size_t		len = size * n;
	static const char name[] = "retry-after:";

	slot->header_octets += len;
	if (slot->header_octets > HEADERS_MAX)
		return 0;
	if (len > sizeof(name) && strncasecmp(line, name, sizeof(name) - 1) == 0)
		slot->retry_after = pt_http_retry_after(line + sizeof(name) - 1, len - (sizeof(name) - 1),
												time(NULL));
	return len;
}

/* Makes room for len octets more and the NUL; false: no memory. */
static bool
body_reserve(PtHttpSlot *slot, size_t len)
{
	size_t		room = slot->body_room == 0 ? 1024 : slot->body_room;
	char	   *grown;

	while (room < slot->body_len + len + 1)
		room *= 2;
	if (room == slot->body_room)
		return true;
	grown = realloc(slot->body, room);
	if (grown == NULL)
		return false;
	slot->body = grown;
	slot->body_room = room;
	return true;
}

/* CURLOPT_WRITEFUNCTION: keeps the body up to the cap, then ends the transfer. */
static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	PtHttpSlot *slot = arg;
	size_t		len = size * n;
	size_t		kept = len;

	if (kept > BODY_MAX - slot->body_len)
	{
		kept = BODY_MAX - slot->body_len;
		slot->capped = true;
	}
	if (!body_reserve(slot, kept))
		return 0;
	memcpy(slot->body + slot->body_len, data, kept);
	slot->body_len += kept;
	return slot->capped ? 0 : len;
}

/* Allows http and https only. */
static void
restrict_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* The options that all requests share. */
static void
slot_set_defaults(PtHttpSlot *slot)
{
	CURL	   *easy = slot->easy;

	restrict_protocols(easy);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that does not answer must not delay others: libcurl would wait for its thread. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "portatext/" PORTATEXT_VERSION);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot->watch);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, slot->watch);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
}

/* The handle's URL is not, or no more, an origin. */
static void
slot_forget_origin(PtHttpSlot *slot)
{
	free(slot->origin);
	slot->origin = NULL;
}

/* The slot's handle, made at its first use; false: no memory. */
static bool
slot_prepare(PtHttpSlot *slot)
{
	if (slot->easy != NULL && !slot->own_ca)
		return true;
	if (slot->easy == NULL)
		slot->easy = curl_easy_init();
	else
		curl_easy_reset(slot->easy);
	if (slot->easy == NULL)
		return false;
	slot->own_ca = false;
	slot_forget_origin(slot);
	slot_set_defaults(slot);
	return true;
}

/* Appends a header line; false: no memory (the list is freed). */
static bool
append_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer == NULL)
	{
		curl_slist_free_all(*list);
		*list = NULL;
		return false;
	}
	*list = longer;
	return true;
}

/* Builds the request's own header lines; false: no memory. */
static bool
slot_set_headers(PtHttpSlot *slot, const PtHttpRequest *request)
{
	char		line[256];

	/* A peer that is asked for leave to send a body costs a second at times. */
	if (request->body != NULL && !append_header(&slot->headers, "Expect:"))
		return false;
	if (request->content_type != NULL)
	{
		snprintf(line, sizeof(line), "Content-Type: %s", request->content_type);
		if (!append_header(&slot->headers, line))
			return false;
	}
	for (int i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
	{
		if (!append_header(&slot->headers, request->headers[i]))
			return false;
	}
	return true;
}

/* Sets method and body, which libcurl copies; false: no memory. */
static bool
slot_set_body(PtHttpSlot *slot, const PtHttpRequest *request)
{
	/* A word of its own replaces that of the request line and nothing else; NULL takes it away. */
	if (curl_easy_setopt(slot->easy, CURLOPT_CUSTOMREQUEST, request->method) != CURLE_OK)
		return false;
	if (request->body == NULL)
		return curl_easy_setopt(slot->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(slot->easy, CURLOPT_POST, 1L) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_COPYPOSTFIELDS, request->body) == CURLE_OK;
}

/* Sets an origin of that many octets, which most requests of a handle share; false: no memory. */
static bool
slot_set_origin(PtHttpSlot *slot, const char *url, size_t len)
{
	if (slot->origin != NULL && strncmp(slot->origin, url, len) == 0 && slot->origin[len] == '\0')
		return true;
	slot_forget_origin(slot);
	slot->origin = strndup(url, len);
	return slot->origin != NULL &&
		curl_easy_setopt(slot->easy, CURLOPT_URL, slot->origin) == CURLE_OK;
}

/*
 * Sets the address; false: no memory.  Path and query are given as they go out:
 * libcurl would take a long query apart and print it again octet by octet.  What
 * libcurl changes in an address (dots in the path, a fragment) is left to it.
 */
static bool
slot_set_url(PtHttpSlot *slot, const char *url)
{
	const char *host = strstr(url, "://");
	const char *target = host == NULL ? NULL : strpbrk(host + 3, "/?#");

	if (target == NULL || *target != '/' || strchr(target, '#') != NULL || strstr(target, "/.") != NULL)
	{
		slot_forget_origin(slot);
		return curl_easy_setopt(slot->easy, CURLOPT_REQUEST_TARGET, NULL) == CURLE_OK &&
			curl_easy_setopt(slot->easy, CURLOPT_URL, url) == CURLE_OK;
	}
	return slot_set_origin(slot, url, (size_t) (target - url)) &&
		curl_easy_setopt(slot->easy, CURLOPT_REQUEST_TARGET, target) == CURLE_OK;
}

/* One limit for all of the request; libcurl's own for connecting is raised where it is shorter. */
static bool
slot_set_timeout(PtHttpSlot *slot, long timeout)
{
	long		connect = timeout > CONNECT_DEFAULT_MS ? timeout : 0;

	return curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, timeout) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_CONNECTTIMEOUT_MS, connect) == CURLE_OK;
}

bool
pt_http_slot_fill(PtHttpSlot *slot, const PtHttpRequest *request)
{
	long		timeout = request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_TIMEOUT_MS;

	slot->tls = strncasecmp(request->url, "https:", 6) == 0;
	if (!slot_prepare(slot) || !slot_set_headers(slot, request) || !slot_set_body(slot, request))
		return false;
	if (request->ca_file != NULL)
	{
		slot->own_ca = true;
		if (curl_easy_setopt(slot->easy, CURLOPT_CAINFO, request->ca_file) != CURLE_OK ||
			curl_easy_setopt(slot->easy, CURLOPT_CAPATH, NULL) != CURLE_OK)
			return false;
	}
	return slot_set_url(slot, request->url) && slot_set_timeout(slot, timeout) &&
		curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers) == CURLE_OK;
}

/* Names the step that failed. */
static const char *
problem_of(const PtHttpSlot *slot, CURLcode code, PtHttpFate fate)
{
	if (fate == PT_HTTP_ANSWERED)
		return NULL;
	if (slot->resend_refused)
		return "connection lost";
	switch (code)
	{
		case CURLE_COULDNT_RESOLVE_HOST:
			return "resolve";
		case CURLE_COULDNT_CONNECT:
			return "connect";
		case CURLE_OPERATION_TIMEDOUT:
			return slot->sendings == 0 ? "connect timeout" : "timeout";
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_CACERT_BADFILE:
		case CURLE_SSL_CERTPROBLEM:
		case CURLE_SSL_CIPHER:
		case CURLE_SSL_ISSUER_ERROR:
			return "tls";
		case CURLE_URL_MALFORMAT:
		case CURLE_UNSUPPORTED_PROTOCOL:
			return "request";
		case CURLE_GOT_NOTHING:
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
		case CURLE_PARTIAL_FILE:
			return "connection lost";
		case CURLE_OUT_OF_MEMORY:
			return "memory";
		default:
			return "answer";
	}
}

/*
 * What became of the request.  Over TLS libcurl's count of octets sent may be
 * behind the wire, so there only a request that was never begun is certain.
 */
static PtHttpFate
fate_of(const PtHttpSlot *slot, CURLcode code, long status)
{
	long		sent = 0;

	if (status >= 200 && (code == CURLE_OK || slot->capped))
		return PT_HTTP_ANSWERED;
	if (slot->sendings == 0)
		return PT_HTTP_NOT_SENT;
	curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &sent);
	return sent == 0 && !slot->tls ? PT_HTTP_NOT_SENT : PT_HTTP_UNCLEAR;
}

void
pt_http_slot_result(const PtHttpSlot *slot, CURLcode code, PtHttpResult *result)
{
	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &result->status);
	if (result->status < 200)
		result->status = 0;
	result->fate = fate_of(slot, code, result->status);
	result->problem = problem_of(slot, code, result->fate);
	result->retry_after = slot->retry_after;
	if (slot->body_len > 0)
	{
		slot->body[slot->body_len] = '\0';
		result->body = slot->body;
		result->body_len = slot->body_len;
	}
}

void
pt_http_slot_clear(PtHttpSlot *slot)
{
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
	if (slot->body_room > BODY_KEPT)
	{
		free(slot->body);
		slot->body = NULL;
		slot->body_room = 0;
	}
	slot->tag = NULL;
	slot->sendings = 0;
	slot->resend_refused = false;
	slot->header_octets = 0;
	slot->retry_after = -1;
	slot->body_len = 0;
	slot->capped = false;
}

void
pt_http_slot_free(PtHttpSlot *slot)
{
	curl_easy_cleanup(slot->easy);
	slot_forget_origin(slot);
	curl_slist_free_all(slot->headers);
	free(slot->body);
}
