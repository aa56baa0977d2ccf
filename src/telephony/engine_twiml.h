/*
 * engine_twiml.h
 *	  Call flows as TwiML, the language of Twilio's Calls API and of those that speak
 *	  it too.
 *
 * Part of the core: no PostgreSQL header.
 */
#ifndef PORTATEXT_ENGINE_TWIML_H
#define PORTATEXT_ENGINE_TWIML_H

#include "telephony/flow.h"
#include "worker/http_util.h"

#define PT_TWIML_MAX 4000		/* characters that the vendor takes with a request */

/* Whose flow it is, and where the engine comes back to. */
typedef struct PtTwiml
{
	const char *call_id;
	const char *events_url;
	const char *sounds_url;
	const char *secret;			/* shown when a sound is fetched */
	const char *from;			/* caller id of leg B; empty: none is given */
	int			gathers;		/* that there were in the documents before */
} PtTwiml;

/* Whom leg B is dialled to. */
typedef struct PtTwimlDial
{
	const char *to;				/* a number or a sip: URI */
	const char *from;			/* empty: that of PtTwiml */
	int			timeout_s;		/* 0: the engine's own */
	bool		reports;		/* how it ends decides about leg A: the engine asks with event=dialled */
} PtTwimlDial;

/* Appends a flow as a document; at steps that need an answer the engine is told to ask for the rest.  false: it is no flow. */
extern bool pt_twiml_flow(PtBuffer *out, const PtTwiml *how, const char *flow);

extern void pt_twiml_dial(PtBuffer *out, const PtTwiml *how, const PtTwimlDial *dial);
extern void pt_twiml_hold(PtBuffer *out, const PtTwiml *how);	/* waits for an agent */
extern void pt_twiml_hang_up(PtBuffer *out);

/* Reads a flow out of an address that pt_twiml_flow has written; false: it is none, or does not fit. */
extern bool pt_twiml_decode(const char *value, char *out, size_t size);

#endif							/* PORTATEXT_ENGINE_TWIML_H */
