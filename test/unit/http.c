/*
 * http.c
 *	  The HTTP engine against a server in the same process.
 *
 * Libraries: libcurl
 */
#define _GNU_SOURCE
#include "tap.h"

#include <curl/curl.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_peer.h"
#include "worker/http.h"
#include "worker/http_util.h"
#include "worker/http_watch.h"

#define MOST 80					/* results kept */

#if LIBCURL_VERSION_NUM >> 8 == 0x080e
/* libcurl 8.14 itself loses the name of a host that is not found. */
extern const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libcurl.so";
}
#endif

typedef struct Ended
{
	PtHttpFate	fate;
	long		status;
	long		retry_after;
	size_t		body_len;
	char		body[4096];
	char		problem[32];
} Ended;

static Peer peer;
static PtHttpEngine *engine;
static Ended ended[MOST];		/* by tag */
static int	n_ended;
static const char *again;		/* URL to start from within done, once */

static sem_t resolver_may_go;
static atomic_bool resolver_gave_up;
static atomic_bool resolver_blocks_signals;

/*
 * The resolver of this program, in libcurl's thread: "stuck.invalid" is looked
 * up until the test lets it go; no name is known.
 */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct timespec limit;
	sigset_t	blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	resolver_blocks_signals = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGUSR1);
	if (strcmp(node, "stuck.invalid") != 0)
		return EAI_NONAME;
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 20;
	if (sem_timedwait(&resolver_may_go, &limit) != 0)
		resolver_gave_up = true;
	return EAI_NONAME;
}

/* Notes a result under its tag. */
static void
on_done(void *context, const PtHttpResult *result)
{
	Ended	   *e = &ended[(long) result->tag % MOST];

	e->fate = result->fate;
	e->status = result->status;
	e->retry_after = result->retry_after;
	e->body_len = result->body_len;
	snprintf(e->body, sizeof(e->body), "%s", result->body);
	snprintf(e->problem, sizeof(e->problem), "%s", result->problem != NULL ? result->problem : "");
	n_ended++;
	if (again != NULL)
	{
		PtHttpRequest request = {.url = again,.timeout_ms = 5000,.tag = (void *) 1};

		again = NULL;
		pt_http_start(engine, &request);
	}
}

/* Runs the engine until nothing is in flight, at most 30 s. */
static void
run(void)
{
	time_t		limit = time(NULL) + 30;

	while (pt_http_in_flight(engine) > 0 && time(NULL) < limit)
	{
		struct pollfd p = {.fd = pt_http_fd(engine),.events = POLLIN};
		long		ms = pt_http_timeout_ms(engine);

		poll(&p, 1, ms < 0 || ms > 1000 ? 1000 : (int) ms);
		pt_http_run(engine);
	}
}

/* A URL of the server; the text is overwritten by the next call. */
static const char *
at(const char *path)
{
	static char url[256];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", peer.port, path);
	return url;
}

/* One request from start to end; its result. */
static Ended *
ask(PtHttpRequest request)
{
	memset(&ended[0], 0, sizeof(ended[0]));
	request.tag = NULL;
	if (request.timeout_ms == 0)
		request.timeout_ms = 5000;
	if (!pt_http_start(engine, &request))
		snprintf(ended[0].problem, sizeof(ended[0].problem), "not started");
	run();
	return &ended[0];
}

static void
fresh_engine(int connections)
{
	pt_http_destroy(engine);
	engine = pt_http_create(connections, on_done, NULL);
}

static void
test_answers(void)
{
	Ended	   *e = ask((PtHttpRequest) {.url = at("/ok")});

	ok(e->fate == PT_HTTP_ANSWERED && e->status == 200 && strcmp(e->body, "fine") == 0,
	   "an answer: status and body");
	ok(e->retry_after == -1 && e->problem[0] == '\0', "no Retry-After, no problem");
	e = ask((PtHttpRequest) {.url = at("/later")});
	ok(e->fate == PT_HTTP_ANSWERED && e->status == 503 && e->retry_after == 7, "Retry-After in seconds");
	e = ask((PtHttpRequest) {.url = at("/redirect")});
	ok(e->fate == PT_HTTP_ANSWERED && e->status == 302, "a redirect is not followed");
	e = ask((PtHttpRequest) {.url = at("/ok")});
	ok(e->status == 200 && e->retry_after == -1, "nothing of an earlier answer is left");
	ok(peer.connections == 1, "five requests over one connection (keep-alive)");
}

static void
test_request(void)
{
	static const char *const headers[] = {"X-One: 1", "X-Two: two", NULL};
	Ended	   *e = ask((PtHttpRequest) {.url = at("/echo?a=%20b"),.headers = headers,
		.content_type = "application/json",.body = "{\"a\":\"\\u00e9\"}",.body_len = 14});

	ok(strstr(e->body, "POST /echo?a=%20b HTTP/1.1\r\n") == e->body, "POST with a body");
	ok(strstr(e->body, "Content-Type: application/json\r\n") != NULL &&
	   strstr(e->body, "Content-Length: 14\r\n") != NULL &&
	   strstr(e->body, "\r\n\r\n{\"a\":\"\\u00e9\"}") != NULL, "its type, length and octets");
	ok(strstr(e->body, "X-One: 1\r\n") != NULL && strstr(e->body, "X-Two: two\r\n") != NULL, "own headers");
	ok(strstr(e->body, "Expect") == NULL, "no Expect header");
	ok(strstr(e->body, "User-Agent: portatext/") != NULL, "user agent");
	e = ask((PtHttpRequest) {.url = at("/echo")});
	ok(strstr(e->body, "GET /echo HTTP/1.1\r\n") == e->body && strstr(e->body, "X-One") == NULL &&
	   strstr(e->body, "Content-") == NULL, "a GET after it on the same handle has nothing of it");
	e = ask((PtHttpRequest) {.url = at("/echo"),.body = "",.body_len = 0});
	ok(strstr(e->body, "POST /echo") == e->body && strstr(e->body, "Content-Length: 0\r\n") != NULL,
	   "POST with an empty body");
	e = ask((PtHttpRequest) {.url = at("/echo"),.method = "DELETE"});
	ok(strstr(e->body, "DELETE /echo HTTP/1.1\r\n") == e->body && strstr(e->body, "Content-") == NULL, "DELETE");
	e = ask((PtHttpRequest) {.url = at("/echo"),.method = "PUT",.body = "x",.body_len = 1});
	ok(strstr(e->body, "PUT /echo HTTP/1.1\r\n") == e->body && strstr(e->body, "\r\n\r\nx") != NULL, "PUT with a body");
	e = ask((PtHttpRequest) {.url = at("/echo")});
	ok(strstr(e->body, "GET /echo HTTP/1.1\r\n") == e->body, "a GET after them");
}

/* A port of this machine where nobody listens. */
static int
closed_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t	len = sizeof(address);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		exit(2);
	close(fd);
	return ntohs(address.sin_port);
}

/* Does the peer get this line for that path? */
static bool
goes_out(const char *path, const char *line)
{
	return strncmp(ask((PtHttpRequest) {.url = at(path)})->body, line, strlen(line)) == 0;
}

/* The request's target, whatever went out before on the same handle. */
static void
test_target(void)
{
	char		nobody[64];

	fresh_engine(1);
	ok(goes_out("/echo?a=/../%41&b=?//x", "GET /echo?a=/../%41&b=?//x HTTP/1.1\r\n") &&
	   goes_out("/echo?a=%2F&b=?//x", "GET /echo?a=%2F&b=?//x HTTP/1.1\r\n"), "path and query go out as they are");
	ok(goes_out("/echo?a=1#part", "GET /echo?a=1 HTTP/1.1\r\n"), "a fragment does not go out");
	ok(goes_out("/none/../echo", "GET /echo HTTP/1.1\r\n"), "dots in the path are resolved");
	snprintf(nobody, sizeof(nobody), "http://127.0.0.1:%d/echo", closed_port());
	ok(strcmp(ask((PtHttpRequest) {.url = nobody})->problem, "connect") == 0, "then another port");
	ok(goes_out("/echo", "GET /echo HTTP/1.1\r\n"), "and the first again");
}

/* A connection that ends while it rests wakes the caller once and is not used again. */
static void
test_resting(void)
{
	struct pollfd p;
	int			before;

	fresh_engine(1);
	ok(ask((PtHttpRequest) {.url = at("/ok-and-gone")})->status == 200, "an answer, then the peer closes");
	p = (struct pollfd) {.fd = pt_http_fd(engine),.events = POLLIN};
	poll(&p, 1, 5000);
	pt_http_run(engine);
	ok(poll(&p, 1, 0) == 0, "the closed connection does not wake the caller again");
	before = peer.connections;
	ok(ask((PtHttpRequest) {.url = at("/ok")})->status == 200 && peer.connections == before + 1,
	   "the next request has a connection of its own");
	before = peer.connections;
	ok(ask((PtHttpRequest) {.url = at("/ok")})->status == 200 && peer.connections == before,
	   "which the one after it shares");
	fresh_engine(2);
	memset(&ended[1], 0, sizeof(ended[1]));
	if (!pt_http_start(engine, &(PtHttpRequest) {.url = at("/slow"),.timeout_ms = 300,.tag = (void *) 1}))
		abort();
	ok(ask((PtHttpRequest) {.url = at("/ok-and-gone")})->status == 200 && strcmp(ended[1].problem, "timeout") == 0,
	   "nor does its end disturb a request on another one");
}

/* A connection whose last request ended while it was to be written to is seen to end all the same. */
static void
test_watch(void)
{
	PtHttpWatch watch;
	struct epoll_event event;
	int			pair[2];

	if (!pt_http_watch_begin(&watch) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		abort();
	pt_http_watch_opened(&watch, pair[0]);
	ok(pt_http_watch_want(&watch, pair[0], EPOLLOUT) && epoll_wait(watch.epfd, &event, 1, 0) == 1 &&
	   pt_http_watch_wanted(&watch, pair[0]), "room to write is told to who waits for it");
	ok(pt_http_watch_want(&watch, pair[0], 0) && epoll_wait(watch.epfd, &event, 1, 0) == 0, "but not at rest");
	close(pair[1]);
	ok(epoll_wait(watch.epfd, &event, 1, 0) == 1 && !pt_http_watch_wanted(&watch, pair[0]), "the end is, then");
	ok(epoll_wait(watch.epfd, &event, 1, 0) == 0, "once");
	close(pair[0]);
	pt_http_watch_closed(&watch, pair[0]);
	pt_http_watch_end(&watch);
}

static void
test_refused_requests(void)
{
	static const char *const bad_urls[] = {
		"http://127.0.0.1/a\r\nX-Evil: 1", "http://127.0.0.1/a b", "http://127.0.0.1/\x7f",
		"ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "", "127.0.0.1/ok",
		"http://127.0.0.1/\xc3\xa9", NULL
	};
	static const char *const bad_headers[] = {
		"X-A: 1\r\nX-Evil: 1", "X-A: 1\nX-Evil: 1", "no colon", ": no name", "X A: 1", "X-A\t: 1",
		"X-A: \x01", NULL
	};
	int			before = peer.requests;

	for (int i = 0; bad_urls[i] != NULL; i++)
	{
		Ended	   *e = ask((PtHttpRequest) {.url = bad_urls[i]});

		ok(e->fate == PT_HTTP_NOT_SENT && strcmp(e->problem, "request") == 0, "URL %d refused", i);
	}
	for (int i = 0; bad_headers[i] != NULL; i++)
	{
		const char *const headers[] = {bad_headers[i], NULL};
		Ended	   *e = ask((PtHttpRequest) {.url = at("/ok"),.headers = headers});

		ok(e->fate == PT_HTTP_NOT_SENT && strcmp(e->problem, "request") == 0, "header %d refused", i);
	}
	ok(ask((PtHttpRequest) {.url = at("/ok"),.content_type = "a/b\r\nX: 1"})->fate == PT_HTTP_NOT_SENT,
	   "content type with a line break refused");
	ok(ask((PtHttpRequest) {.url = at("/ok"),.method = "GET /x HTTP/1.1\r\nX: 1\r\n\r\nPATCH"})->fate == PT_HTTP_NOT_SENT,
	   "a method that is none refused");
	ok(peer.requests == before, "the server saw none of them");
}

static void
test_not_sent(void)
{
	char		url[64];
	Ended	   *e;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", closed_port());
	e = ask((PtHttpRequest) {.url = url});
	ok(e->fate == PT_HTTP_NOT_SENT && strcmp(e->problem, "connect") == 0, "connection refused: not sent");
	e = ask((PtHttpRequest) {.url = "http://no-such-host.invalid/"});
	ok(e->fate == PT_HTTP_NOT_SENT && strcmp(e->problem, "resolve") == 0, "unknown host: not sent");
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/junk", peer.port);
	e = ask((PtHttpRequest) {.url = url,.timeout_ms = 300});
	ok(e->fate == PT_HTTP_NOT_SENT, "a server that speaks no TLS: not sent (%s)", e->problem);
}

static void
test_unclear(void)
{
	static const char *const paths[] = {"/close", "/half-head", "/junk", "/many-headers", NULL};
	Ended	   *e;

	for (int i = 0; paths[i] != NULL; i++)
	{
		int			before = peer.requests;

		fresh_engine(8);
		e = ask((PtHttpRequest) {.url = at(paths[i])});
		ok(e->fate == PT_HTTP_UNCLEAR, "%s is unclear (%s)", paths[i], e->problem);
		ok(peer.requests == before + 1, "%s was sent once", paths[i]);
	}
	e = ask((PtHttpRequest) {.url = at("/half-body")});
	ok(e->fate == PT_HTTP_UNCLEAR && e->status == 202 && strcmp(e->body, "half") == 0,
	   "half a body is unclear, with the status and what came");
	e = ask((PtHttpRequest) {.url = at("/slow"),.timeout_ms = 200});
	ok(e->fate == PT_HTTP_UNCLEAR && e->status == 0 && strcmp(e->problem, "timeout") == 0,
	   "no answer in time is unclear (BILL-22)");
}

/* A server that has the request and closes a reused connection must not get it twice. */
static void
test_no_second_sending(void)
{
	static const char *const bodies[] = {NULL, "to=1&text=once"};

	for (int i = 0; i < 2; i++)
	{
		PtHttpRequest request = {.url = at("/ok-then-close"),.body = bodies[i],
		.body_len = bodies[i] != NULL ? strlen(bodies[i]) : 0};
		int			requests;
		int			connections;
		Ended	   *e;

		fresh_engine(8);
		requests = peer.requests;
		connections = peer.connections;
		e = ask(request);
		ok(e->fate == PT_HTTP_ANSWERED, "first request on a new connection is answered");
		e = ask(request);
		ok(e->fate == PT_HTTP_UNCLEAR && e->status == 0 && strcmp(e->problem, "connection lost") == 0,
		   "reused connection closed after the %s was read: unclear (%s)",
		   bodies[i] != NULL ? "POST" : "GET", e->problem);
		ok(peer.requests == requests + 2, "the server has read it exactly once");
		e = ask((PtHttpRequest) {.url = at("/ok")});
		ok(e->fate == PT_HTTP_ANSWERED && peer.requests == requests + 3,
		   "the engine goes on");
		ok(peer.connections > connections, "on a new connection");
	}
}

static void
test_cap(void)
{
	struct rusage before;
	struct rusage after;
	Ended	   *e;

	getrusage(RUSAGE_SELF, &before);
	e = ask((PtHttpRequest) {.url = at("/big"),.timeout_ms = 20000});
	getrusage(RUSAGE_SELF, &after);
	ok(e->fate == PT_HTTP_ANSWERED && e->status == 200 && e->body_len == 65536,
	   "of 100 MB 64 kB are kept (%zu)", e->body_len);
	ok(after.ru_maxrss - before.ru_maxrss < 50000, "and not more memory is taken");
}

static void
test_many(void)
{
	char		url[256];

	fresh_engine(64);
	n_ended = 0;
	for (long i = 0; i < 64; i++)
	{
		PtHttpRequest request = {.url = at("/meet"),.timeout_ms = 20000,.tag = (void *) i};

		memset(&ended[i], 0, sizeof(ended[i]));
		if (!pt_http_start(engine, &request))
			break;
	}
	ok(pt_http_in_flight(engine) == 64, "64 in flight");
	ok(!pt_http_start(engine, &(PtHttpRequest) {.url = at("/ok")}), "one more than the capacity is not started");
	run();
	ok(n_ended == 64, "64 at one time, each ended");
	for (int i = 0; i < 64; i++)
	{
		if (ended[i].fate != PT_HTTP_ANSWERED || strcmp(ended[i].body, "met") != 0)
			ok(false, "number %d was answered", i);
	}
	fresh_engine(1);
	snprintf(url, sizeof(url), "%s", at("/ok"));
	again = url;
	memset(&ended[1], 0, sizeof(ended[1]));
	ask((PtHttpRequest) {.url = at("/later")});
	ok(ended[0].status == 503 && ended[1].status == 200, "a request may be started from within done, also at capacity 1");
}

static void
test_limits(void)
{
	struct rlimit limit;
	struct rlimit low;

	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	low.rlim_cur = 100;
	setrlimit(RLIMIT_NOFILE, &low);
	fresh_engine(1000);
	ok(engine != NULL && pt_http_capacity(engine) < 50, "RLIMIT_NOFILE bounds the capacity");
	setrlimit(RLIMIT_NOFILE, &limit);
	ok(pt_http_create(0, on_done, NULL) == NULL, "an engine for nothing is refused");
}

/* The resolver's threads take no signals, and nobody waits for them. */
static void
test_resolver(void)
{
	sigset_t	before;
	sigset_t	after;
	int			changed = 0;
	Ended	   *e;

	fresh_engine(4);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	ask((PtHttpRequest) {.url = "http://unknown.invalid/"});
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < NSIG; i++)
		changed += sigismember(&before, i) != sigismember(&after, i);
	ok(resolver_blocks_signals, "the resolver's thread has signals blocked");
	ok(changed == 0, "the signal mask is as before");
	sem_init(&resolver_may_go, 0, 0);
	e = ask((PtHttpRequest) {.url = "http://stuck.invalid/",.timeout_ms = 100});
	ok(e->fate == PT_HTTP_NOT_SENT && strcmp(e->problem, "connect timeout") == 0 && !resolver_gave_up,
	   "a name server that does not answer delays nobody");
	ok(ask((PtHttpRequest) {.url = at("/ok")})->status == 200, "the engine goes on");
	fresh_engine(4);
	ok(!resolver_gave_up, "nor does the end wait for it");
	sem_post(&resolver_may_go);
}

static void
test_environment(void)
{
	char		proxy[64];

	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", closed_port());
	setenv("http_proxy", proxy, 1);
	setenv("ALL_PROXY", proxy, 1);
	fresh_engine(4);
	ok(ask((PtHttpRequest) {.url = at("/ok")})->status == 200, "no proxy is taken from the environment");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void
test_retry_after(void)
{
	static const struct
	{
		const char *value;
		long		seconds;
	}			cases[] = {
		{"0", 0}, {" 120\r\n", 120}, {"99999999999999999999", 86400}, {"-1", -1}, {"", -1}, {"soon", -1},
		{"Thu, 01 Jan 1970 00:01:40 GMT", 40}, {"Thu, 01 Jan 1970 00:00:10 GMT", 0},
		{"Sat, 01 Jan 2050 00:00:00 GMT", 86400}, {"12 apples", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		long		seconds = pt_http_retry_after(cases[i].value, strlen(cases[i].value), 60);

		ok(seconds == cases[i].seconds, "Retry-After case %zu: %ld", i, seconds);
	}
}

static void
test_buffer(void)
{
	char		space[16];
	PtBuffer	buffer;

	pt_buffer_init(&buffer, space, sizeof(space));
	pt_buffer_add_encoded(&buffer, "a~ +\0\xff", 6);
	ok(strcmp(space, "a~%20%2B%00%FF") == 0 && !buffer.overflow, "percent-encoding: %s", space);
	pt_buffer_add(&buffer, "xy");
	ok(buffer.overflow && strlen(space) == 14, "what does not fit is left out and noted");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	peer_start(&peer);
	fresh_engine(8);
	test_answers();
	test_request();
	test_target();
	test_resting();
	test_watch();
	test_refused_requests();
	test_not_sent();
	test_unclear();
	test_no_second_sending();
	test_cap();
	test_many();
	test_limits();
	test_resolver();
	test_environment();
	test_retry_after();
	test_buffer();
	pt_http_destroy(engine);
	peer_stop(&peer);
	return tap_done();
}
