/*
 * http.c
 *	  The HTTP engine: many requests at a time through libcurl's multi
 *	  interface, over one epoll descriptor.
 *
 * Core: no PostgreSQL header.  Easy handles and connections are reused and
 * bounded.  Signals are blocked wherever libcurl may start a resolver thread,
 * so that no thread but the process's first one ever handles a signal.
 *
 * One request is sent at most once.  libcurl repeats a request by itself when a
 * reused connection ends before the first octet of an answer, although the
 * peer may have acted on it (Curl_retry_request in lib/transfer.c of 7.88, and
 * the send error branch of state_do in lib/multi.c).  CURLOPT_PREREQFUNCTION is
 * called before each of these sendings: the second call for a request ends it.
 *
 * Libraries: libcurl
 */
#include "worker/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
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
#define HEADERS_MAX 65536		/* octets of an answer's header lines */
#define IDLE_MAX_S 4L			/* older idle connections are not used again: peers close them about then */
#define DEFAULT_TIMEOUT_MS 10000L
#define EVENTS_AT_ONCE 64
#define SPARE_FDS 64			/* descriptors left to the rest of the process */

/* One request at a time, with an easy handle for its life. */
typedef struct Slot
{
	PtHttpEngine *engine;
	CURL	   *easy;
	struct curl_slist *headers; /* of this request, NULL when it has none of its own */
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
	struct Slot *next;			/* in a list of the engine */
} Slot;

struct PtHttpEngine
{
	CURLM	   *multi;
	int			epfd;
	long		deadline_ms;	/* when libcurl wants to run, monotonic; -1: never */
	int			capacity;
	int			in_flight;
	PtHttpDone	done;
	void	   *context;
	struct curl_slist *plain_headers;	/* of requests without own headers */
	Slot	   *slots;			/* capacity of them */
	Slot	   *idle;
	Slot	   *malformed;		/* end at the next pt_http_run */
};

/* Milliseconds of a clock that never jumps. */
static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Blocks every signal for this thread and for those it starts. */
static void
block_signals(sigset_t *saved)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, saved);
}

static void
restore_signals(const sigset_t *saved)
{
	pthread_sigmask(SIG_SETMASK, saved, NULL);
}

/* CURLMOPT_SOCKETFUNCTION: keeps the epoll set as libcurl wants it. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	PtHttpEngine *engine = arg;
	struct epoll_event event = {.data.fd = fd};

	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(engine->epfd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(engine->epfd, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	if (errno == ENOENT && epoll_ctl(engine->epfd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	return -1;
}

/* CURLMOPT_TIMERFUNCTION: notes when libcurl wants to run. */
static int
on_timer(CURLM *multi, long ms, void *arg)
{
	PtHttpEngine *engine = arg;

	engine->deadline_ms = ms < 0 ? -1 : now_ms() + ms;
	return 0;
}

/* CURLOPT_PREREQFUNCTION: the connection stands and the request is about to go. */
static int
on_sending(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	Slot	   *slot = arg;

	if (slot->sendings > 0)
	{
		slot->resend_refused = true;
		return CURL_PREREQFUNC_ABORT;
	}
	slot->sendings++;
	return CURL_PREREQFUNC_OK;
}

/* CURLOPT_HEADERFUNCTION: one line; only Retry-After is of interest. */
static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	Slot	   *slot = arg;
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
body_reserve(Slot *slot, size_t len)
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
	Slot	   *slot = arg;
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
slot_set_defaults(Slot *slot)
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
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
}

/* The slot's handle, made at its first use; false: no memory. */
static bool
slot_prepare(Slot *slot)
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
slot_set_headers(Slot *slot, const PtHttpRequest *request)
{
	char		line[256];

	if (request->content_type == NULL && request->headers == NULL)
		return true;
	/* A peer that is asked for leave to send a body costs a second at times. */
	if (!append_header(&slot->headers, "Expect:"))
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
slot_set_body(Slot *slot, const PtHttpRequest *request)
{
	if (request->body == NULL)
		return curl_easy_setopt(slot->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(slot->easy, CURLOPT_POST, 1L) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_COPYPOSTFIELDS, request->body) == CURLE_OK;
}

/* Fills the slot's handle for one request; false: no memory. */
static bool
slot_fill(Slot *slot, const PtHttpRequest *request)
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
	return curl_easy_setopt(slot->easy, CURLOPT_URL, request->url) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, timeout) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_CONNECTTIMEOUT_MS, timeout) == CURLE_OK &&
		curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER,
						 slot->headers != NULL ? slot->headers : slot->engine->plain_headers) == CURLE_OK;
}

/* Puts the slot back among the idle ones; a large body's memory is given back. */
static void
slot_release(Slot *slot)
{
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
	if (slot->body_room > 4096)
	{
		free(slot->body);
		slot->body = NULL;
		slot->body_room = 0;
	}
	slot->next = slot->engine->idle;
	slot->engine->idle = slot;
}

/* Takes an idle slot and clears what the last request left; NULL: none. */
static Slot *
slot_take(PtHttpEngine *engine, void *tag)
{
	Slot	   *slot = engine->idle;

	if (slot == NULL)
		return NULL;
	engine->idle = slot->next;
	slot->tag = tag;
	slot->sendings = 0;
	slot->resend_refused = false;
	slot->header_octets = 0;
	slot->retry_after = -1;
	slot->body_len = 0;
	slot->capped = false;
	return slot;
}

/* Names the step that failed. */
static const char *
problem_of(const Slot *slot, CURLcode code, PtHttpFate fate)
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
fate_of(const Slot *slot, CURLcode code, long status)
{
	long		sent = 0;

	if (status >= 200 && (code == CURLE_OK || slot->capped))
		return PT_HTTP_ANSWERED;
	if (slot->sendings == 0)
		return PT_HTTP_NOT_SENT;
	curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &sent);
	return sent == 0 && !slot->tls ? PT_HTTP_NOT_SENT : PT_HTTP_UNCLEAR;
}

/* Reports an ended request, whose slot is freed after that. */
static void
slot_report(Slot *slot, PtHttpResult *result)
{
	PtHttpEngine *engine = slot->engine;

	result->tag = slot->tag;
	result->retry_after = slot->retry_after;
	result->body = "";
	if (slot->body_len > 0)
	{
		slot->body[slot->body_len] = '\0';
		result->body = slot->body;
		result->body_len = slot->body_len;
	}
	engine->in_flight--;
	engine->done(engine->context, result);
	slot_release(slot);
}

/* Works out what became of a request that libcurl has ended. */
static void
slot_finish(Slot *slot, CURLcode code)
{
	PtHttpResult result = {0};

	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &result.status);
	if (result.status < 200)
		result.status = 0;
	result.fate = fate_of(slot, code, result.status);
	result.problem = problem_of(slot, code, result.fate);
	slot_report(slot, &result);
}

/* Ends the requests that were malformed. */
static void
finish_malformed(PtHttpEngine *engine)
{
	Slot	   *slot = engine->malformed;

	engine->malformed = NULL;
	while (slot != NULL)
	{
		Slot	   *next = slot->next;
		PtHttpResult result = {.fate = PT_HTTP_NOT_SENT,.problem = "request"};

		slot_report(slot, &result);
		slot = next;
	}
}

/* Ends what libcurl has ended. */
static void
finish_ended(PtHttpEngine *engine)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(engine->multi, &left)) != NULL)
	{
		CURL	   *easy = message->easy_handle;
		CURLcode	code = message->data.result;
		Slot	   *slot = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &slot);
		curl_multi_remove_handle(engine->multi, easy);
		slot_finish(slot, code);
	}
}

/* How many requests RLIMIT_NOFILE allows: each may need two descriptors while it connects. */
static int
allowed_by_descriptors(int wanted)
{
	struct rlimit limit;
	rlim_t		allowed;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	allowed = limit.rlim_cur > SPARE_FDS + 2 ? (limit.rlim_cur - SPARE_FDS) / 2 : 1;
	return allowed < (rlim_t) wanted ? (int) allowed : wanted;
}

/* Starts libcurl once per process; false: it does not start. */
static bool
init_once(void)
{
	static bool started = false;

	if (!started)
		started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	return started;
}

/* Allocates the slots; one more than capacity, for a start from within done. */
static bool
make_slots(PtHttpEngine *engine)
{
	engine->slots = calloc((size_t) engine->capacity + 1, sizeof(Slot));
	if (engine->slots == NULL)
		return false;
	for (int i = engine->capacity; i >= 0; i--)
	{
		engine->slots[i].engine = engine;
		engine->slots[i].next = engine->idle;
		engine->idle = &engine->slots[i];
	}
	return true;
}

/* Makes the multi handle; false: no memory. */
static bool
make_multi(PtHttpEngine *engine)
{
	engine->multi = curl_multi_init();
	if (engine->multi == NULL)
		return false;
	curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine);
	curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine);
	curl_multi_setopt(engine->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long) engine->capacity);
	curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, (long) engine->capacity);
	return true;
}

PtHttpEngine *
pt_http_create(int max_connections, PtHttpDone done, void *context)
{
	PtHttpEngine *engine;

	if (max_connections < 1 || !init_once())
		return NULL;
	engine = calloc(1, sizeof(PtHttpEngine));
	if (engine == NULL)
		return NULL;
	engine->epfd = epoll_create1(EPOLL_CLOEXEC);
	engine->deadline_ms = -1;
	engine->capacity = allowed_by_descriptors(max_connections);
	engine->done = done;
	engine->context = context;
	if (engine->epfd < 0 || !make_slots(engine) || !make_multi(engine) ||
		!append_header(&engine->plain_headers, "Expect:"))
	{
		pt_http_destroy(engine);
		return NULL;
	}
	return engine;
}

void
pt_http_destroy(PtHttpEngine *engine)
{
	if (engine == NULL)
		return;
	for (int i = 0; engine->slots != NULL && i <= engine->capacity; i++)
	{
		Slot	   *slot = &engine->slots[i];

		if (slot->easy != NULL)
		{
			curl_multi_remove_handle(engine->multi, slot->easy);
			curl_easy_cleanup(slot->easy);
		}
		curl_slist_free_all(slot->headers);
		free(slot->body);
	}
	if (engine->multi != NULL)
		curl_multi_cleanup(engine->multi);
	curl_slist_free_all(engine->plain_headers);
	if (engine->epfd >= 0)
		close(engine->epfd);
	free(engine->slots);
	free(engine);
}

int
pt_http_fd(const PtHttpEngine *engine)
{
	return engine->epfd;
}

long
pt_http_timeout_ms(const PtHttpEngine *engine)
{
	long		left;

	if (engine->malformed != NULL)
		return 0;
	if (engine->deadline_ms < 0)
		return -1;
	left = engine->deadline_ms - now_ms();
	return left > 0 ? left : 0;
}

int
pt_http_in_flight(const PtHttpEngine *engine)
{
	return engine->in_flight;
}

int
pt_http_capacity(const PtHttpEngine *engine)
{
	return engine->capacity;
}

bool
pt_http_start(PtHttpEngine *engine, const PtHttpRequest *request)
{
	Slot	   *slot = engine->in_flight < engine->capacity ? slot_take(engine, request->tag) : NULL;
	sigset_t	saved;
	CURLMcode	added;

	if (slot == NULL)
		return false;
	if (!pt_http_request_valid(request))
	{
		slot->next = engine->malformed;
		engine->malformed = slot;
		engine->in_flight++;
		return true;
	}
	if (!slot_fill(slot, request))
	{
		slot_release(slot);
		return false;
	}
	block_signals(&saved);
	added = curl_multi_add_handle(engine->multi, slot->easy);
	restore_signals(&saved);
	if (added != CURLM_OK)
	{
		slot_release(slot);
		return false;
	}
	engine->in_flight++;
	return true;
}

void
pt_http_run(PtHttpEngine *engine)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	sigset_t	saved;
	int			running;
	int			n = epoll_wait(engine->epfd, events, EVENTS_AT_ONCE, 0);

	block_signals(&saved);
	for (int i = 0; i < n; i++)
	{
		int			what = 0;

		if (events[i].events & EPOLLIN)
			what |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			what |= CURL_CSELECT_OUT;
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			what |= CURL_CSELECT_ERR;
		curl_multi_socket_action(engine->multi, events[i].data.fd, what, &running);
	}
	if (engine->deadline_ms >= 0 && engine->deadline_ms <= now_ms())
	{
		engine->deadline_ms = -1;
		curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	restore_signals(&saved);
	finish_malformed(engine);
	finish_ended(engine);
}
