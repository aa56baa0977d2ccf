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

#define BODY_LIMIT 65536		/* octets of a request's body */
#define EVENTS_LIMIT 1048576	/* the same for a telephony engine that has shown its secret */
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
	free(r->callback.events);
	free(r->callback.sound);
	free(r->callback.message.room);
	free(r->answer);
	free(r->answer_type);
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
			return "no such path, carrier or engine";
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

/* Adds what the answer has beside its text. */
static void
add_headers(const PtRequest *r, unsigned status, const char *type, struct MHD_Response *response)
{
	if (type != NULL)
		MHD_add_response_header(response, "Content-Type", type);
	if (r->callback.sound != NULL && (status == OK || status == UNCHANGED))
	{
		MHD_add_response_header(response, "ETag", r->callback.etag);
		/* Asterisk looks twice each time a sound is played. */
		MHD_add_response_header(response, "Cache-Control", "max-age=60");
	}
	if (status == UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"receipts\"");
	if (status == NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, POST");
}

/*
 * Queues the answer; the connection is closed if there is no memory for it.  An
 * empty one has no type: a vendor might take a text for a reply to the subscriber.
 */
static enum MHD_Result
answer(const PtRequest *r, unsigned status)
{
	bool		own = status == OK && r->answer != NULL;
	bool		sound = status == OK && r->callback.sound != NULL;
	const char *text = own ? r->answer : sound ? r->callback.sound : status == UNCHANGED ? "" : reason(r, status);
	size_t		len = sound ? r->callback.sound_len : strlen(text);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, (void *) text, own || sound ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	add_headers(r, status, own ? r->answer_type : sound ? "audio/mpeg" : len > 0 ? "text/plain" : NULL, response);
	result = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

const char *
pt_request_header(void *context, const char *name)
{
	PtRequest  *r = context;

	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* A request header; NULL when it is missing. */
static const char *
header(const PtRequest *r, const char *name)
{
	return pt_request_header((void *) r, name);
}

/* The carrier that the path names: /receipt/<carrier>, /inbound/<carrier>; 0 or an error. */
static unsigned
route(PtRequest *r, const PtReceiverCarrier **carrier)
{
	const char *name;

	if (strncmp(r->uri, "/receipt/", 9) == 0)
		name = r->uri + 9;
	else if (strncmp(r->uri, "/inbound/", 9) == 0)
	{
		name = r->uri + 9;
		r->callback.inbound = true;
	}
	else
		return NOT_FOUND;
	*carrier = owner->carrier(name);
	return *carrier != NULL ? 0 : NOT_FOUND;
}

/* Does the request carry the carrier's secret? */
static unsigned
authorize(PtRequest *r, const PtReceiverCarrier *carrier)
{
	const char *given = header(r, "Authorization");
	char		secret[PT_SECRET_SIZE];

	if (given == NULL)
		return UNAUTHORIZED;
	if (!pt_authorization_read(given, r->user, secret, sizeof(secret)))
		return FORBIDDEN;
	return pt_secret_equal(secret, carrier->secret) ? 0 : FORBIDDEN;
}

/*
 * May the request go on to its body?  Where callbacks are signed, that is checked
 * when the body is there; and such a key, which may be a public one, opens nothing
 * else.
 */
static unsigned
admit(PtRequest *r, const PtReceiverCarrier *carrier)
{
	if (!carrier->templated)
		return authorize(r, carrier);
	if (carrier->settings == NULL)
		return UNAVAILABLE;
	if (!pt_call_signed(carrier->settings))
		return authorize(r, carrier);
	r->unproven = true;
	return r->callback.inbound && !pt_call_reads_messages(carrier->settings) ? FORBIDDEN : 0;
}

/* May a telephony engine's request, /engine/<name>/..., go on to its body? */
static unsigned
admit_engine(PtRequest *r)
{
	const char *name = r->uri + 8;
	size_t		len = strcspn(name, "/");
	const PtReceiverEngine *engine;

	if (name[len] == '\0' || len >= sizeof(r->callback.carrier))
		return NOT_FOUND;
	snprintf(r->callback.carrier, sizeof(r->callback.carrier), "%.*s", (int) len, name);
	r->engine_path = name + len + 1;
	engine = owner->engine(r->callback.carrier);
	return engine != NULL ? pt_engine_request_admit(r, engine) : NOT_FOUND;
}

/* The same for a carrier's. */
static unsigned
admit_carrier(PtRequest *r)
{
	const PtReceiverCarrier *carrier = NULL;
	unsigned	status = route(r, &carrier);

	if (status == 0)
		status = admit(r, carrier);
	if (status != 0)
		return status;
	r->callback.carrier_id = carrier->carrier_id;
	snprintf(r->callback.carrier, sizeof(r->callback.carrier), "%s", carrier->name);
	return 0;
}

/* Octets that the request's body may have. */
static size_t
body_limit(const PtRequest *r)
{
	return r->engine_path != NULL && !r->unproven ? EVENTS_LIMIT : BODY_LIMIT;
}

/* Looks at the request's line and headers; 0 or the status of an error. */
static unsigned
begin(PtRequest *r, const char *method)
{
	const char *length = header(r, "Content-Length");
	unsigned	status;

	r->post = strcmp(method, "POST") == 0;
	r->health = strcmp(r->uri, "/health") == 0;
	if (!r->post && strcmp(method, "GET") != 0)
		return NOT_ALLOWED;
	if (r->health)
		return OK;
	status = strncmp(r->uri, "/engine/", 8) == 0 ? admit_engine(r) : admit_carrier(r);
	if (status != 0)
		return status;
	return length != NULL && strtoul(length, NULL, 10) > body_limit(r) ? TOO_LARGE : 0;
}

/* Keeps a stretch of the body; 0 or the status of an error. */
static unsigned
take_body(PtRequest *r, const char *data, size_t size)
{
	if (size > body_limit(r) - r->body_len)
		return TOO_LARGE;
	if (r->body_len + size + 1 > r->body_room)
	{
		size_t		room = (r->body_len + size + 1) * 2;
		char	   *body = realloc(r->body, room);

		if (body == NULL)
			return SERVER_ERROR;
		r->body = body;
		r->body_room = room;
	}
	memcpy(r->body + r->body_len, data, size);
	r->body_len += size;
	r->body[r->body_len] = '\0';
	return 0;
}

/* Reads the request, which is whole; 0: it is to be stored, or the status of its answer. */
static unsigned
read_whole(PtRequest *r)
{
	if (r->engine_path != NULL)
		return pt_engine_request_read(r, owner->engine(r->callback.carrier), owner->now());
	return pt_request_read(r, owner->carrier(r->callback.carrier), owner->now());
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
		status = begin(r, method);
		return status == 0 ? MHD_YES : answer(r, status);
	}
	if (*size > 0)
	{
		if (r->status == 0)
			r->status = take_body(r, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (r->status == 0)
		r->status = read_whole(r);
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
		limit -= 1 + (*end)->n_receipts + (*end)->n_events;
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

	if (status == OK && callback->sound_id != 0)
		status = callback->sound == NULL ? NOT_FOUND :
			pt_etag_matches(header(r, "If-None-Match"), callback->etag) ? UNCHANGED : OK;
	r->status = status;
	MHD_resume_connection(r->connection);
}
