/*
 * receiver_http.c
 *	  The receiver's HTTP listener: libmicrohttpd without threads over one epoll
 *	  descriptor.
 *
 * A complete request is checked and then suspended until the transaction that
 * stores it has committed.  Nothing here may raise a PostgreSQL error: the
 * library's callbacks must return.  Memory is malloc's.
 */
#include "worker/receiver_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MEMORY_LIMIT 16384		/* octets a connection keeps: request line and headers */
#define IDLE_SECONDS 20			/* a connection on which nothing moves is closed */
#define REQUEST_SECONDS 20		/* so is one whose request is not complete by then */
#define CROWDED_SECONDS 2		/* the same while three quarters of the connections are taken */

/* An open connection; all are in a ring around the list's head. */
typedef struct Link
{
	struct Link *next;
	struct Link *previous;
	struct MHD_Connection *connection;
	time_t		since;			/* the present request's start, monotonic */
	bool		waits;			/* its request is complete */
} Link;

static Link links = {&links, &links, NULL, 0, false};
static unsigned open_links = 0;
static unsigned links_limit = 0;
static bool link_ended = false;
static struct MHD_Daemon *listener = NULL;
static const PtListenerHooks *owner;
static PtCallback *first = NULL;
static PtCallback **last = &first;

/* The library's word on a connection, for debugging. */
static void note(void *context, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void
note(void *context, const char *format, va_list args)
{
	char		text[256];

	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\r\n")] = '\0';
	owner->debug(text);
}

/* The library gives up: leave in an orderly way. */
static void
panic(void *context, const char *file, unsigned line, const char *reason)
{
	owner->panic(reason != NULL ? reason : file, line);
}

/* Seconds of a clock that nobody sets. */
static time_t
monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* A connection has been made or has ended; context is its Link. */
static void
note_connection(void *unused, struct MHD_Connection *connection, void **context,
				enum MHD_ConnectionNotificationCode code)
{
	Link	   *link = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
	{
		*context = link = calloc(1, sizeof(Link));
		if (link == NULL)
			return;
		link->connection = connection;
		link->since = monotonic();
		link->next = links.next;
		link->previous = &links;
		link->next->previous = links.next = link;
		open_links++;
	}
	else if (link != NULL)
	{
		open_links--;
		link->next->previous = link->previous;
		link->previous->next = link->next;
		free(link);
		*context = NULL;
		link_ended = true;
	}
}

/* The connection's request is complete (waits), or answered and the next may begin. */
static void
note_request(struct MHD_Connection *connection, bool waits)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	Link	   *link = info != NULL ? info->socket_context : NULL;

	if (link == NULL)
		return;
	link->waits = waits;
	link->since = monotonic();
}

/* Are so many connections open that idle ones must make room? */
static bool
is_crowded(void)
{
	return open_links >= links_limit - links_limit / 4;
}

/*
 * Ends connections whose next request does not get complete: those that send an
 * octet now and then so as to stay, and idle ones while others wait for their
 * place; looks once a second.
 */
static void
end_slow_connections(void)
{
	static time_t looked = 0;
	time_t		now = monotonic();
	time_t		patience = is_crowded() ? CROWDED_SECONDS : REQUEST_SECONDS;

	if (now == looked)
		return;
	looked = now;
	for (Link *link = links.next; link != &links; link = link->next)
	{
		const union MHD_ConnectionInfo *info;

		if (link->waits || now - link->since <= patience)
			continue;
		info = MHD_get_connection_info(link->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (info != NULL)
			shutdown(info->connect_fd, SHUT_RDWR);
	}
}

/* A request line has come: what the request is remembered by. */
static void *
open_request(void *context, const char *uri, struct MHD_Connection *connection)
{
	PtRequest  *r = calloc(1, sizeof(PtRequest));

	if (r == NULL)
		return NULL;
	r->connection = connection;
	r->hooks = owner;
	r->uri = strdup(uri);
	if (r->uri == NULL)
	{
		free(r);
		return NULL;
	}
	r->query = strchr(r->uri, '?');
	if (r->query != NULL)
		*r->query++ = '\0';
	return r;
}

/* The request has been answered, or its connection is gone. */
static void
close_request(void *context, struct MHD_Connection *connection, void **state,
			  enum MHD_RequestTerminationCode code)
{
	PtRequest  *r = *state;

	note_request(connection, false);
	if (r == NULL)
		return;
	free(r->callback.receipts);
	free(r->converted);
	free(r->target);
	pt_json_free(r->data);
	free(r->body);
	free(r->uri);
	free(r);
	*state = NULL;
}

/* The line that goes with an error. */
static const char *
reason(const PtRequest *r, unsigned status)
{
	switch (status)
	{
		case OK:
			return r->health ? "ok\n" : "";
		case BAD_REQUEST:
			return r->problem != NULL ? r->problem : "malformed request";
		case UNAUTHORIZED:
			return "credentials are missing";
		case FORBIDDEN:
			return "wrong credentials";
		case NOT_FOUND:
			return "no such path or carrier";
		case NOT_ALLOWED:
			return "use GET or POST";
		case TOO_LARGE:
			return "the body is too large";
		case UNSUPPORTED:
			return "use a form or JSON";
		default:
			return "try again later";
	}
}

/* Queues the answer; the connection is closed if there is no memory for it. */
static enum MHD_Result
answer(const PtRequest *r, unsigned status)
{
	const char *text = reason(r, status);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *) text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/plain");
	if (status == UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"receipts\"");
	if (status == NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, POST");
	result = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Puts the request into the batch; its connection sleeps until the answer is known. */
static enum MHD_Result
await_commit(PtRequest *r)
{
	r->callback.next = NULL;
	*last = &r->callback;
	last = &r->callback.next;
	note_request(r->connection, true);
	MHD_suspend_connection(r->connection);
	return MHD_YES;
}

/* The library's one callback: after the headers, for each stretch of body, at the end. */
static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	   const char *version, const char *data, size_t *size, void **state)
{
	PtRequest  *r = *state;
	unsigned	status;

	if (r == NULL)
		return MHD_NO;
	if (!r->begun)
	{
		r->begun = true;
		status = pt_request_begin(r, method);
		return status == 0 ? MHD_YES : answer(r, status);
	}
	if (*size > 0)
	{
		if (r->status == 0)
			r->status = pt_request_body(r, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (r->status == 0)
		r->status = pt_request_finish(r);
	return r->status == 0 ? await_commit(r) : answer(r, r->status);
}

/* Reads a numeric address; 0: it is none. */
static socklen_t
read_address(const char *text, int port, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *) address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
	{
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t) port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
	{
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t) port);
		return sizeof(*v6);
	}
	return 0;
}

bool
pt_listener_start(const char *address, int port, unsigned connections,
				  const PtListenerHooks *hooks, char *problem, size_t size)
{
	struct sockaddr_storage socket_address;
	unsigned	flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	owner = hooks;
	links_limit = connections;
	if (read_address(address, port, &socket_address) == 0)
	{
		snprintf(problem, size, "not a numeric address");
		return false;
	}
	if (socket_address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	MHD_set_panic_func(panic, NULL);
	errno = 0;
	listener = MHD_start_daemon(flags, (uint16_t) port, NULL, NULL, handle, NULL,
								MHD_OPTION_EXTERNAL_LOGGER, note, NULL,
								MHD_OPTION_SOCK_ADDR, (struct sockaddr *) &socket_address,
								MHD_OPTION_CONNECTION_LIMIT, connections,
								MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) MEMORY_LIMIT,
								MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_SECONDS,
								MHD_OPTION_URI_LOG_CALLBACK, open_request, NULL,
								MHD_OPTION_NOTIFY_COMPLETED, close_request, NULL,
								MHD_OPTION_NOTIFY_CONNECTION, note_connection, NULL,
								MHD_OPTION_END);
	if (listener == NULL)
		snprintf(problem, size, "%s", errno != 0 ? strerror(errno) : "the HTTP library refused");
	return listener != NULL;
}

void
pt_listener_stop(void)
{
	if (listener != NULL)
		MHD_stop_daemon(listener);
	listener = NULL;
}

int
pt_listener_fd(void)
{
	const union MHD_DaemonInfo *info =
		listener != NULL ? MHD_get_daemon_info(listener, MHD_DAEMON_INFO_EPOLL_FD) : NULL;

	return info != NULL ? info->epoll_fd : -1;
}

long
pt_listener_timeout_ms(void)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (listener == NULL || MHD_get_timeout(listener, &ms) != MHD_YES)
		return -1;
	if (is_crowded() && ms > 1000)
		return 1000;
	return ms > 60000 ? 60000 : (long) ms;
}

void
pt_listener_run(void)
{
	if (listener == NULL)
		return;
	/*
	 * At its limit the library takes the listening socket out of its epoll
	 * set, and puts it back when it runs again after connections have ended.
	 */
	do
	{
		link_ended = false;
		MHD_run(listener);
	} while (link_ended);
	end_slow_connections();
}

PtCallback *
pt_listener_take(int limit)
{
	PtCallback *batch = first;
	PtCallback **end = &first;

	while (*end != NULL && limit > 0)
	{
		limit -= 1 + (*end)->n_receipts;
		end = &(*end)->next;
	}
	first = *end;
	*end = NULL;
	if (first == NULL)
		last = &first;
	return batch;
}

void
pt_listener_answer(PtCallback *callback, unsigned status)
{
	PtRequest  *r = (PtRequest *) callback;

	r->status = status;
	MHD_resume_connection(r->connection);
}
