/*
 * http_peer.h
 *	  A small HTTP server inside a unit test: the path of a request says how it
 *	  is answered.  One thread for each connection; loopback only.
 */
#ifndef PORTATEXT_HTTP_PEER_H
#define PORTATEXT_HTTP_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_MEETING 64			/* requests that /meet waits for */
#define PEER_BIG 100000000L		/* octets of /big */

typedef struct Peer
{
	int			listener;
	int			port;
	pthread_t	thread;
	atomic_int	connections;	/* accepted so far */
	atomic_int	requests;		/* whole requests read so far */
	atomic_int	live;			/* connections being served */
	atomic_int	met;			/* requests for /meet so far */
	pthread_mutex_t lock;
	pthread_cond_t all_met;
} Peer;

typedef struct PeerConnection
{
	Peer	   *peer;
	int			fd;
	int			served;			/* requests answered on this connection */
	char		request[70000];
	size_t		len;
} PeerConnection;

/* Sends all of it; false when the other side has gone. */
static bool
peer_send(PeerConnection *c, const char *data, size_t len)
{
	while (len > 0)
	{
		ssize_t		n = send(c->fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t) n;
	}
	return true;
}

/* An answer with a status line, further header lines ("" or "X: y\r\n") and a body. */
static bool
peer_answer(PeerConnection *c, const char *status, const char *headers, const char *body)
{
	char		head[512];

	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n",
			 status, headers, strlen(body));
	return peer_send(c, head, strlen(head)) && peer_send(c, body, strlen(body));
}

/* Reads one whole request; false: the other side has closed. */
static bool
peer_read(PeerConnection *c)
{
	c->len = 0;
	c->request[0] = '\0';
	for (;;)
	{
		char	   *end = strstr(c->request, "\r\n\r\n");
		char	   *length = strstr(c->request, "Content-Length: ");
		size_t		body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
		ssize_t		n;

		if (end != NULL && c->len >= (size_t) (end - c->request) + 4 + body)
			return true;
		n = recv(c->fd, c->request + c->len, sizeof(c->request) - 1 - c->len, 0);
		if (n <= 0)
			return false;
		c->len += (size_t) n;
		c->request[c->len] = '\0';
	}
}

/* Waits until the other side closes. */
static void
peer_await_close(PeerConnection *c)
{
	char		octet[256];

	while (recv(c->fd, octet, sizeof(octet), 0) > 0)
		;
}

/* Sends PEER_BIG octets, as far as the other side takes them. */
static void
peer_send_big(PeerConnection *c)
{
	static const char block[65536];
	char		head[128];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n", PEER_BIG);
	if (!peer_send(c, head, strlen(head)))
		return;
	for (long sent = 0; sent < PEER_BIG; sent += (long) sizeof(block))
	{
		if (!peer_send(c, block, sizeof(block)))
			return;
	}
}

/* Answers when PEER_MEETING requests for this path are there at one time. */
static bool
peer_meet(PeerConnection *c)
{
	Peer	   *peer = c->peer;

	pthread_mutex_lock(&peer->lock);
	if (++peer->met == PEER_MEETING)
		pthread_cond_broadcast(&peer->all_met);
	while (peer->met < PEER_MEETING)
		pthread_cond_wait(&peer->all_met, &peer->lock);
	pthread_mutex_unlock(&peer->lock);
	return peer_answer(c, "200 OK", "", "met");
}

/* Answers one request; false: the connection is to be closed. */
static bool
peer_serve(PeerConnection *c)
{
	char		path[64] = "";

	sscanf(c->request, "%*s %63[^? ]", path);
	c->served++;
	if (strcmp(path, "/ok") == 0)
		return peer_answer(c, "200 OK", "", "fine");
	if (strcmp(path, "/echo") == 0)
		return peer_answer(c, "200 OK", "", c->request);
	if (strcmp(path, "/redirect") == 0)
		return peer_answer(c, "302 Found", "Location: /ok\r\n", "");
	if (strcmp(path, "/later") == 0)
		return peer_answer(c, "503 Busy", "Retry-After: 7\r\n", "later");
	if (strcmp(path, "/meet") == 0)
		return peer_meet(c);
	if (strcmp(path, "/ok-then-close") == 0)
	{
		/* Says nothing of closing, so the other side believes in the connection. */
		return c->served == 1 && peer_answer(c, "200 OK", "", "fine");
	}
	if (strcmp(path, "/ok-and-gone") == 0)
		peer_answer(c, "200 OK", "", "fine");	/* and closes, without having said so */
	if (strcmp(path, "/half-head") == 0)
		peer_send(c, "HTTP/1.1 202", 12);
	if (strcmp(path, "/half-body") == 0)
		peer_send(c, "HTTP/1.1 202 OK\r\nContent-Length: 100\r\n\r\nhalf", 45);
	if (strcmp(path, "/junk") == 0)
		peer_send(c, "\0\1\2 no HTTP at all\r\n\r\n", 22);
	if (strcmp(path, "/big") == 0)
		peer_send_big(c);
	if (strcmp(path, "/many-headers") == 0)
	{
		bool		sent = peer_send(c, "HTTP/1.1 200 OK\r\n", 17);

		while (sent)
			sent = peer_send(c, "X-More: of the same, again and again\r\n", 38);
	}
	if (strcmp(path, "/slow") == 0)
		peer_await_close(c);
	return false;				/* "/close" and all the broken ones */
}

/* A connection's thread. */
static void *
peer_connection(void *arg)
{
	PeerConnection *c = arg;
	Peer	   *peer = c->peer;

	while (peer_read(c))
	{
		peer->requests++;
		if (!peer_serve(c))
			break;
	}
	close(c->fd);
	free(c);
	peer->live--;
	return NULL;
}

/* The listener's thread; ends when the listener is shut down. */
static void *
peer_listen(void *arg)
{
	Peer	   *peer = arg;

	for (;;)
	{
		int			fd = accept(peer->listener, NULL, NULL);
		PeerConnection *c;
		pthread_t	thread;

		if (fd < 0)
			return NULL;
		c = calloc(1, sizeof(PeerConnection));
		if (c == NULL)
			abort();
		c->peer = peer;
		c->fd = fd;
		peer->connections++;
		peer->live++;
		if (pthread_create(&thread, NULL, peer_connection, c) != 0)
			abort();
		pthread_detach(thread);
	}
}

/* Starts a server on any free port of 127.0.0.1. */
static void
peer_start(Peer *peer)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t	len = sizeof(address);

	memset(peer, 0, sizeof(*peer));
	pthread_mutex_init(&peer->lock, NULL);
	pthread_cond_init(&peer->all_met, NULL);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer->listener < 0 ||
		bind(peer->listener, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(peer->listener, 128) != 0 ||
		getsockname(peer->listener, (struct sockaddr *) &address, &len) != 0 ||
		pthread_create(&peer->thread, NULL, peer_listen, peer) != 0)
	{
		perror("http_peer");
		exit(2);
	}
	peer->port = ntohs(address.sin_port);
}

/* Stops listening and waits for the connections, which the other side closes. */
static void
peer_stop(Peer *peer)
{
	shutdown(peer->listener, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->listener);
	for (int i = 0; i < 2000 && peer->live > 0; i++)
		usleep(5000);
}

#endif							/* PORTATEXT_HTTP_PEER_H */
