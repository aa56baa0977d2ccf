/*
 * http.c
 *	  The HTTP engine: many requests at a time through libcurl's multi
 *	  interface, over one epoll descriptor.
 *
 * Core: no PostgreSQL header.  Easy handles and connections are reused and
 * bounded.  Signals are blocked wherever libcurl may start a resolver thread,
 * so that no thread but the process's first one ever handles a signal.
 *
 * Libraries: libcurl
 */
#include "worker/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "worker/http_slot.h"
#include "worker/http_util.h"
#include "worker/http_watch.h"

#define EVENTS_AT_ONCE 64
#define SPARE_FDS 64			/* descriptors left to the rest of the process */

struct PtHttpEngine
{
	CURLM	   *multi;
	PtHttpWatch watch;
	long		deadline_ms;	/* when libcurl wants to run, monotonic; -1: never */
	int			capacity;
	int			in_flight;
	PtHttpDone	done;
	void	   *context;
	PtHttpSlot *slots;			/* capacity of them */
	PtHttpSlot *idle;
	PtHttpSlot *malformed;		/* end at the next pt_http_run */
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
	uint32_t	events = 0;

	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= EPOLLOUT;
	return pt_http_watch_want(&engine->watch, fd, events) ? 0 : -1;
}

/* CURLMOPT_TIMERFUNCTION: notes when libcurl wants to run. */
static int
on_timer(CURLM *multi, long ms, void *arg)
{
	PtHttpEngine *engine = arg;

	engine->deadline_ms = ms < 0 ? -1 : now_ms() + ms;
	return 0;
}

/* Puts the slot back among the idle ones. */
static void
slot_release(PtHttpSlot *slot)
{
	pt_http_slot_clear(slot);
	slot->next = slot->engine->idle;
	slot->engine->idle = slot;
}

/* Takes an idle slot; there is one when the capacity is not reached. */
static PtHttpSlot *
slot_take(PtHttpEngine *engine, void *tag)
{
	PtHttpSlot *slot = engine->idle;

	engine->idle = slot->next;
	slot->tag = tag;
	return slot;
}

/* Reports an ended request, whose slot is freed after that. */
static void
slot_report(PtHttpSlot *slot, PtHttpResult *result)
{
	PtHttpEngine *engine = slot->engine;

	result->tag = slot->tag;
	engine->in_flight--;
	engine->done(engine->context, result);
	slot_release(slot);
}

/* Ends the requests that were malformed. */
static void
finish_malformed(PtHttpEngine *engine)
{
	PtHttpSlot *slot = engine->malformed;

	engine->malformed = NULL;
	while (slot != NULL)
	{
		PtHttpSlot *next = slot->next;
		PtHttpResult result = {.fate = PT_HTTP_NOT_SENT,.problem = "request",.body = "",.retry_after = -1};

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
		PtHttpSlot *slot = NULL;
		PtHttpResult result = {.body = ""};

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &slot);
		curl_multi_remove_handle(engine->multi, easy);
		pt_http_slot_result(slot, code, &result);
		slot_report(slot, &result);
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
	engine->slots = calloc((size_t) engine->capacity + 1, sizeof(PtHttpSlot));
	if (engine->slots == NULL)
		return false;
	for (int i = engine->capacity; i >= 0; i--)
	{
		engine->slots[i].engine = engine;
		engine->slots[i].watch = &engine->watch;
		slot_release(&engine->slots[i]);
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
#if LIBCURL_VERSION_NUM >= 0x081400
	/* Since 8.20 the handle has a pool of resolver threads: none is waited for either (http_slot.c). */
	curl_multi_setopt(engine->multi, CURLMOPT_QUICK_EXIT, 1L);
	curl_multi_setopt(engine->multi, CURLMOPT_RESOLVE_THREADS_MAX, (long) engine->capacity);
#endif
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
	engine->deadline_ms = -1;
	engine->capacity = allowed_by_descriptors(max_connections);
	engine->done = done;
	engine->context = context;
	if (!pt_http_watch_begin(&engine->watch) || !make_slots(engine) || !make_multi(engine))
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
		if (engine->slots[i].easy != NULL)
			curl_multi_remove_handle(engine->multi, engine->slots[i].easy);
		pt_http_slot_free(&engine->slots[i]);
	}
	if (engine->multi != NULL)
		curl_multi_cleanup(engine->multi);
	pt_http_watch_end(&engine->watch);
	free(engine->slots);
	free(engine);
}

int
pt_http_fd(const PtHttpEngine *engine)
{
	return engine->watch.epfd;
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
	PtHttpSlot *slot;

	if (engine->in_flight >= engine->capacity)
		return false;
	slot = slot_take(engine, request->tag);
	if (!pt_http_request_valid(request))
	{
		slot->next = engine->malformed;
		engine->malformed = slot;
		engine->in_flight++;
		return true;
	}
	if (!pt_http_slot_fill(slot, request))
	{
		slot_release(slot);
		return false;
	}
	/* This only asks for a run at once; threads are started there, in pt_http_run. */
	if (curl_multi_add_handle(engine->multi, slot->easy) != CURLM_OK)
	{
		slot_release(slot);
		return false;
	}
	engine->in_flight++;
	return true;
}

/*
 * The peer of a connection that rests has closed it, or sent what nobody asked for.
 * libcurl looks for that before it uses a connection again, but since 8.22 only once
 * a second; so it is made to use none of the present ones again.
 */
static void
forget_resting(PtHttpEngine *engine)
{
#if LIBCURL_VERSION_NUM >= 0x081600
	curl_multi_setopt(engine->multi, CURLMOPT_NETWORK_CHANGED, (long) CURLMNWC_CLEAR_CONNS);
#endif
}

/* Leaves in the array the events that libcurl waits for; true: there were others. */
static bool
drop_unwanted(PtHttpEngine *engine, struct epoll_event *events, int *n)
{
	int			kept = 0;
	bool		others = false;

	for (int i = 0; i < *n; i++)
	{
		if (pt_http_watch_wanted(&engine->watch, events[i].data.fd))
			events[kept++] = events[i];
		else
			others = true;
	}
	*n = kept;
	return others;
}

/* Tells libcurl what has happened on a descriptor. */
static void
act_on(PtHttpEngine *engine, const struct epoll_event *event)
{
	int			what = 0;
	int			running;

	if (event->events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (event->events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (event->events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	curl_multi_socket_action(engine->multi, event->data.fd, what, &running);
}

void
pt_http_run(PtHttpEngine *engine)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	sigset_t	saved;
	int			running;
	int			n = epoll_wait(engine->watch.epfd, events, EVENTS_AT_ONCE, 0);

	block_signals(&saved);
	/* First of all: whatever libcurl is told, it may start requests. */
	if (drop_unwanted(engine, events, &n))
		forget_resting(engine);
	for (int i = 0; i < n; i++)
		act_on(engine, &events[i]);
	if (engine->deadline_ms >= 0 && engine->deadline_ms <= now_ms())
	{
		engine->deadline_ms = -1;
		curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	restore_signals(&saved);
	finish_malformed(engine);
	finish_ended(engine);
}
