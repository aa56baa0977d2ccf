/*
 * http_watch.h
 *	  The epoll set of the HTTP engine.  Private to http.c and http_slot.c.
 */
#ifndef PORTATEXT_HTTP_WATCH_H
#define PORTATEXT_HTTP_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct PtHttpWatch
{
	int			epfd;
	size_t		n_sockets;
	struct PtHttpSocket *sockets;	/* by descriptor */
} PtHttpWatch;

/* false: no descriptor for it; pt_http_watch_end is to be called all the same. */
extern bool pt_http_watch_begin(PtHttpWatch *watch);

extern void pt_http_watch_end(PtHttpWatch *watch);

/* A connection's socket is made, or about to be closed. */
extern void pt_http_watch_opened(PtHttpWatch *watch, int fd);
extern void pt_http_watch_closed(PtHttpWatch *watch, int fd);

/* From now on these events of the descriptor are wanted, 0: none; false: epoll refuses. */
extern bool pt_http_watch_want(PtHttpWatch *watch, int fd, uint32_t events);

/* Something has happened on the descriptor: does anybody want to know? */
extern bool pt_http_watch_wanted(PtHttpWatch *watch, int fd);

#endif							/* PORTATEXT_HTTP_WATCH_H */
