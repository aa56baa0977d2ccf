/*
 * http_watch.c
 *	  The epoll set of the HTTP engine.
 *
 * libcurl lets go of a connection's socket after each request and wants the same
 * events of it for the next one.  So a connection stays in the set while it
 * rests, at least for what can be read, and leaves it when something happens on it
 * meanwhile or it is closed.
 * Other descriptors (those that libcurl's resolver makes and closes unseen) leave
 * at once.
 *
 * Core: no PostgreSQL header.
 */
#include "worker/http_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct PtHttpSocket
{
	bool		connection;		/* opened and closed before our eyes */
	uint32_t	wanted;
	uint32_t	watched;		/* events in the set; 0: it is not there */
} PtHttpSocket;

bool
pt_http_watch_begin(PtHttpWatch *watch)
{
	memset(watch, 0, sizeof(*watch));
	watch->epfd = epoll_create1(EPOLL_CLOEXEC);
	return watch->epfd >= 0;
}

void
pt_http_watch_end(PtHttpWatch *watch)
{
	if (watch->epfd >= 0)
		close(watch->epfd);
	free(watch->sockets);
}

/* What is known of the descriptor, or NULL. */
static PtHttpSocket *
known_socket(PtHttpWatch *watch, int fd)
{
	return fd >= 0 && (size_t) fd < watch->n_sockets ? &watch->sockets[fd] : NULL;
}

/* Without memory the socket is treated as a descriptor of which nothing is known. */
void
pt_http_watch_opened(PtHttpWatch *watch, int fd)
{
	if ((size_t) fd >= watch->n_sockets)
	{
		size_t		n = ((size_t) fd + 1) * 2;
		PtHttpSocket *grown = realloc(watch->sockets, n * sizeof(PtHttpSocket));

		if (grown == NULL)
			return;
		memset(grown + watch->n_sockets, 0, (n - watch->n_sockets) * sizeof(PtHttpSocket));
		watch->sockets = grown;
		watch->n_sockets = n;
	}
	watch->sockets[fd] = (PtHttpSocket) {.connection = true};
}

/* To close a socket takes it out of the set. */
void
pt_http_watch_closed(PtHttpWatch *watch, int fd)
{
	PtHttpSocket *known = known_socket(watch, fd);

	if (known != NULL)
		memset(known, 0, sizeof(*known));
}

/* Puts these events of the descriptor into the set, 0: takes it out. */
static bool
set_events(PtHttpWatch *watch, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events,.data.fd = fd};

	if (events == 0)
	{
		epoll_ctl(watch->epfd, EPOLL_CTL_DEL, fd, NULL);
		return true;
	}
	if (epoll_ctl(watch->epfd, EPOLL_CTL_MOD, fd, &event) == 0)
		return true;
	return errno == ENOENT && epoll_ctl(watch->epfd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool
pt_http_watch_want(PtHttpWatch *watch, int fd, uint32_t events)
{
	PtHttpSocket *known = known_socket(watch, fd);

	if (known == NULL || !known->connection)
		return set_events(watch, fd, events);
	known->wanted = events;
	if (events == 0 && known->watched != 0 && (known->watched & EPOLLIN) == 0)
		events = EPOLLIN;
	if (events == 0 || events == known->watched)
		return true;
	known->watched = set_events(watch, fd, events) ? events : 0;
	return known->watched != 0;
}

bool
pt_http_watch_wanted(PtHttpWatch *watch, int fd)
{
	PtHttpSocket *known = known_socket(watch, fd);

	if (known == NULL || !known->connection || known->wanted != 0)
		return true;
	known->watched = 0;
	set_events(watch, fd, 0);
	return false;
}
