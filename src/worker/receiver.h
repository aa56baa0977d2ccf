/*
 * receiver.h
 *	  Between the receiver's two halves: the HTTP listener (receiver_http.c, no
 *	  PostgreSQL header, never raises) and the transactions (receiver.c).
 */
#ifndef PORTATEXT_RECEIVER_H
#define PORTATEXT_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/receiver_message.h"

#define PT_CARRIER_NAME_SIZE 64
#define PT_SECRET_SIZE 512
#define PT_ETAG_SIZE 72

typedef struct PtReceiverCarrier
{
	int32_t		carrier_id;
	char		name[PT_CARRIER_NAME_SIZE];
	char		secret[PT_SECRET_SIZE]; /* empty: takes no callbacks */
	bool		templated;		/* its settings say how callbacks are read */
	struct PtCarrier *settings;	/* those; NULL: they are unsound */
} PtReceiverCarrier;

/* A telephony engine, as callbacks find it. */
typedef struct PtReceiverEngine
{
	int32_t		engine_id;
	char		name[PT_CARRIER_NAME_SIZE];
	char		secret[PT_SECRET_SIZE]; /* empty: opens nothing */
	struct PtEngine *engine;	/* NULL: its settings are unsound */
} PtReceiverEngine;

/* One request that waits for the transaction that stores it. */
typedef struct PtCallback PtCallback;
struct PtCallback
{
	PtCallback *next;			/* in the batch */
	int32_t		carrier_id;
	char		carrier[PT_CARRIER_NAME_SIZE];
	bool		inbound;
	PtMessage	message;		/* inbound */
	int			n_receipts;
	PtReceipt  *receipts;
	int32_t		engine_id;		/* 0: a carrier's callback; else these: */
	int			n_events;
	struct PtCallEvent *events;
	int64_t		sound_id;		/* 0: none is asked for */
	char	   *sound;			/* what the transaction has found, malloc'ed */
	size_t		sound_len;
	char		etag[PT_ETAG_SIZE];
};

/* What the listener asks its owner for. */
typedef struct PtListenerHooks
{
	const PtReceiverCarrier *(*carrier) (const char *name); /* NULL: none */
	const PtReceiverEngine *(*engine) (const char *name);	/* NULL: none */
	void		(*panic) (const char *where, unsigned line);	/* does not return */
	void		(*debug) (const char *text);
	long		(*now) (void);	/* seconds since 1970 */
} PtListenerHooks;

/* Listens; false: problem says why not. */
extern bool pt_listener_start(const char *address, int port, unsigned connections,
							  const PtListenerHooks *hooks, char *problem, size_t size);
extern void pt_listener_stop(void); /* nothing may be waiting */
extern int	pt_listener_fd(void);	/* an epoll descriptor; -1: does not listen */
extern long pt_listener_timeout_ms(void);	/* -1: none */
extern void pt_listener_run(void);	/* reads, answers */

/* Takes requests with together about so many receipts; NULL: none wait. */
extern PtCallback *pt_listener_take(int limit);

/* Answers a taken request (HTTP status) at the next run; callback is gone then. */
extern void pt_listener_answer(PtCallback *callback, unsigned status);

#endif							/* PORTATEXT_RECEIVER_H */
