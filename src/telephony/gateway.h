/*
 * gateway.h
 *	  The JSON contract of docs/engines.md: what the adapter gateway and others that
 *	  speak a part of it share.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_GATEWAY_H
#define PORTATEXT_GATEWAY_H

#include "telephony/engine.h"
#include "worker/http_util.h"

/*
 * Reads an array of events, or one event, into at most limit of them; returns how many,
 * or -1: problem says what is wrong, with the place in the array.
 */
extern int	pt_gateway_events(const char *body, size_t len, PtCallEvent *events, int limit, char *problem, size_t size);

/* Appends the originate request's body. */
extern void pt_gateway_order(PtBuffer *out, const PtCallOrder *order);

/*
 * Reads a time: seconds since 1970 with or without a fraction, ISO 8601 (with a zone),
 * or as in e-mail (RFC 5322, 3.3); false: it is none of them.  telephony/event_time.c.
 */
extern bool pt_event_time_read(const char *text, int64_t *micros);

#endif							/* PORTATEXT_GATEWAY_H */
