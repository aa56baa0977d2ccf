/*
 * inbound.h
 *	  Taking messages in: what whole messages (inbound.c) and those that come in
 *	  parts (inbound_part.c) share.
 */
#ifndef PORTATEXT_INBOUND_H
#define PORTATEXT_INBOUND_H

#include "sms/service_hook.h"

/* A message that has come in, with what is remembered of how it came. */
typedef struct PtArrival
{
	PtInbound	message;
	bool		addresses_ok;	/* from and to are addresses; else it is nobody's */
	text	   *ref;			/* the carrier's own id; NULL: none */
	pg_uuid_t	id;				/* what it is to be stored as */
} PtArrival;

/* The carrier's id; raises 42704 when there is no such carrier.  Inside SPI. */
extern int32 pt_inbound_carrier(Datum name);

/* Fills in both addresses from what the carrier wrote; palloc'd. */
extern void pt_inbound_addresses(PtArrival *arrival, const char *from, const char *to);

/*
 * Takes a whole message in, once per reference; true: arrival->id is its message.
 * Inside SPI.
 */
extern bool pt_inbound_take(PtArrival *arrival);

/*
 * Stores, charges, announces and acts upon the message, or keeps it as unrouted;
 * false: it is nobody's.  References have been seen to.  Inside SPI.
 */
extern bool pt_inbound_deliver(PtArrival *arrival);

#endif							/* PORTATEXT_INBOUND_H */
