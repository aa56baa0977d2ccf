/*
 * sink.c
 *	  An HTTP/1.1 server that takes everything: the far end of the bench.
 *
 *	sink PORT [-d MS] [-l FILE] [-t SECONDS]
 *
 * One thread, one epoll loop, keep-alive and pipelining.  Every request gets the
 * same short answer, at once or MS milliseconds later (-d).  With -l a line is
 * appended to FILE for each request: seconds since 1970, a blank and the value of
 * the request's argument "to".  GET /count answers with the number of other
 * requests so far.  It listens on 127.0.0.1 only, and ends on SIGTERM, with its
 * parent, or after SECONDS (default 3600).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 4096
#define BUFFER_SIZE 65536
#define MAX_EVENTS 256
#define MAX_DELAYED (1 << 18)
#define LISTENER UINT32_MAX

/* What Kannel says; any carrier's answer is about as long. */
#define ANSWER_BODY "0: Accepted for delivery"

typedef struct Client
{
	int			fd;				/* -1: this place is free */
	uint32_t	life;			/* tells a later client in the same place */
	size_t		in_used;
	size_t		out_used;
	char		in[BUFFER_SIZE];
	char		out[BUFFER_SIZE];
} Client;

/* All delays are equal, so the ring is in the order of due times. */
typedef struct Delayed
{
	double		due;
	uint32_t	place;
	uint32_t	life;
} Delayed;

static Client *clients[MAX_CLIENTS];
static Delayed *delayed;
static size_t delayed_head,
			delayed_tail;
static int	epoll_fd;
static double delay;
static FILE *arrivals;
static unsigned long requests;
static char answer[256];
static size_t answer_len;
static volatile sig_atomic_t stopping;

static void
stop(int signal_number)
{
	(void) signal_number;
	stopping = 1;
}

/* Seconds of the given clock. */
static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
close_client(Client *c)
{
	close(c->fd);
	c->fd = -1;
	c->life++;
	c->in_used = c->out_used = 0;
}

/* Watches this client for input and, while output waits, for room to write. */
static void
watch(int operation, uint32_t place)
{
	Client	   *c = clients[place];
	struct epoll_event event = {.events = EPOLLIN | (c->out_used > 0 ? EPOLLOUT : 0u)};

	event.data.u32 = place;
	epoll_ctl(epoll_fd, operation, c->fd, &event);
}

/* Writes what waits; the rest goes when the socket has room again. */
static void
flush(uint32_t place)
{
	Client	   *c = clients[place];
	ssize_t		n;
	bool		waited = c->out_used > 0;

	if (c->fd < 0 || !waited)
		return;
	n = send(c->fd, c->out, c->out_used, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN)
	{
		close_client(c);
		return;
	}
	if (n > 0)
	{
		c->out_used -= (size_t) n;
		memmove(c->out, c->out + n, c->out_used);
	}
}

/* A client that does not read its answers is cut off. */
static void
put(Client *c, const char *text, size_t len)
{
	if (c->out_used + len > sizeof(c->out))
	{
		close_client(c);
		return;
	}
	memcpy(c->out + c->out_used, text, len);
	c->out_used += len;
}

static size_t
make_answer(char *to, size_t size, const char *body)
{
	return (size_t) snprintf(to, size,
							 "HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\n"
							 "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
}

static void
answer_count(Client *c)
{
	char		body[32];
	char		text[256];

	snprintf(body, sizeof(body), "%lu", requests);
	put(c, text, make_answer(text, sizeof(text), body));
}

/* Writes down when a request came and to whom it went. */
static void
note_arrival(const char *head, const char *end)
{
	const char *to = memmem(head, (size_t) (end - head), "&to=", 4);
	size_t		len = 0;

	if (to != NULL)
		to += 4;
	else
		to = end;
	len = strcspn(to, "& \r\n");
	fprintf(arrivals, "%.6f %.*s\n", seconds(CLOCK_REALTIME), (int) len, to);
	fflush(arrivals);
}

/* Of the request whose header lines lie between head and end; 0 if it says none. */
static size_t
content_length(const char *head, const char *end)
{
	const char *line = head;

	while ((line = memchr(line, '\n', (size_t) (end - line))) != NULL)
	{
		line++;
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			return strtoul(line + 15, NULL, 10);
	}
	return 0;
}

/* Answers one request, or puts its answer off. */
static void
take_request(uint32_t place, const char *head, const char *end)
{
	Client	   *c = clients[place];

	if (strncmp(head, "GET /count ", 11) == 0)
	{
		answer_count(c);
		return;
	}
	requests++;
	if (arrivals != NULL)
		note_arrival(head, end);
	if (delay == 0)
		put(c, answer, answer_len);
	else if (delayed_head - delayed_tail < MAX_DELAYED)
		delayed[delayed_head++ % MAX_DELAYED] =
			(Delayed) {seconds(CLOCK_MONOTONIC) + delay, place, c->life};
}

/* Takes every whole request out of the client's buffer. */
static void
take_requests(uint32_t place)
{
	Client	   *c = clients[place];
	size_t		at = 0;

	while (c->fd >= 0)
	{
		char	   *head = c->in + at;
		char	   *end = memmem(head, c->in_used - at, "\r\n\r\n", 4);
		size_t		whole;

		if (end == NULL)
			break;
		whole = (size_t) (end + 4 - head) + content_length(head, end + 2);
		if (c->in_used - at < whole)
			break;
		take_request(place, head, end);
		at += whole;
	}
	if (c->fd < 0)
		return;
	c->in_used -= at;
	memmove(c->in, c->in + at, c->in_used);
}

/* Reads, answers, and asks for room to write only when something is left. */
static void
serve_client(uint32_t place)
{
	Client	   *c = clients[place];
	bool		waited = c->out_used > 0;
	ssize_t		n = recv(c->fd, c->in + c->in_used, sizeof(c->in) - c->in_used, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
	{
		close_client(c);
		return;
	}
	if (n > 0)
	{
		c->in_used += (size_t) n;
		take_requests(place);
	}
	flush(place);
	if (c->fd >= 0 && waited != (c->out_used > 0))
		watch(EPOLL_CTL_MOD, place);
}

/* Finds a free place; -1 when all are taken. */
static int
free_place(void)
{
	for (int place = 0; place < MAX_CLIENTS; place++)
	{
		if (clients[place] == NULL)
		{
			clients[place] = calloc(1, sizeof(Client));
			if (clients[place] == NULL)
				return -1;
			clients[place]->fd = -1;
		}
		if (clients[place]->fd < 0)
			return place;
	}
	return -1;
}

static void
accept_client(int listener)
{
	int			fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int			place;
	int			one = 1;

	if (fd < 0)
		return;
	place = free_place();
	if (place < 0)
	{
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	clients[place]->fd = fd;
	watch(EPOLL_CTL_ADD, (uint32_t) place);
}

/* Sends the answers that are due; milliseconds until the next one, or -1. */
static int
send_delayed(void)
{
	double		now = seconds(CLOCK_MONOTONIC);

	for (; delayed_tail < delayed_head; delayed_tail++)
	{
		Delayed    *d = &delayed[delayed_tail % MAX_DELAYED];
		Client	   *c = clients[d->place];

		if (d->due > now)
			return (int) ((d->due - now) * 1000) + 1;
		if (c->fd < 0 || c->life != d->life)
			continue;
		put(c, answer, answer_len);
		flush(d->place);
		if (c->fd >= 0)
			watch(EPOLL_CTL_MOD, d->place);
	}
	return -1;
}

/* A listening socket on loopback; ends the program when there is none. */
static int
listen_on(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int			one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || listen(fd, 1024) != 0)
	{
		perror("sink");
		exit(1);
	}
	return fd;
}

static void
serve(int listener)
{
	struct epoll_event events[MAX_EVENTS];
	struct epoll_event event = {.events = EPOLLIN};

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	event.data.u32 = LISTENER;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
	while (!stopping)
	{
		int			n = epoll_wait(epoll_fd, events, MAX_EVENTS, send_delayed());

		for (int i = 0; i < n; i++)
		{
			if (events[i].data.u32 == LISTENER)
				accept_client(listener);
			else if (clients[events[i].data.u32]->fd >= 0)
				serve_client(events[i].data.u32);
		}
	}
}

static int
usage(void)
{
	fprintf(stderr, "usage: sink PORT [-d MS] [-l FILE] [-t SECONDS]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	unsigned	limit = 3600;
	int			option;

	while ((option = getopt(argc, argv, "d:l:t:")) != -1)
	{
		if (option == 'd')
			delay = atof(optarg) / 1000;
		else if (option == 'l')
			arrivals = fopen(optarg, "a");
		else if (option == 't')
			limit = (unsigned) atoi(optarg);
		else
			return usage();
	}
	if (optind != argc - 1)
		return usage();
	delayed = malloc(sizeof(Delayed) * MAX_DELAYED);
	if (delayed == NULL)
		return 1;
	answer_len = make_answer(answer, sizeof(answer), ANSWER_BODY);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	signal(SIGALRM, stop);
	alarm(limit);
	serve(listen_on(atoi(argv[optind])));
	return 0;
}
