/*
 * signed.h
 *	  Who signed a callback: over what, with which key, is in the settings of a
 *	  carrier or of a telephony engine.
 *
 * Part of the core: no PostgreSQL header.
 */
#ifndef PORTATEXT_SIGNED_H
#define PORTATEXT_SIGNED_H

#include "carrier/json.h"
#include "carrier/signature.h"
#include "carrier/template.h"

/* A callback as it came. */
typedef struct PtCall
{
	const char *target;			/* path and query, as in the request line */
	const char *body;			/* raw; NULL: none */
	size_t		body_len;
	const PtJson *form;			/* the body's fields; NULL: it is no form */
	const char *(*header) (void *context, const char *name);	/* NULL: it has none such */
	void	   *context;
	long		now;			/* seconds since 1970 */
} PtCall;

typedef enum PtCallTrust
{
	PT_CALL_TRUSTED,
	PT_CALL_UNSIGNED,			/* no signature */
	PT_CALL_FORGED				/* a wrong one, or one of another time */
} PtCallTrust;

/* How a peer's callbacks are signed. */
typedef struct PtSignedRule
{
	PtSignature scheme;
	const char *key;
	const char *text;			/* the template of what is signed; not of JWT */
	const char *header;			/* that has the signature; not of JWT */
	const char *timestamp_header;	/* NULL: none */
	const char *nonce_header;	/* NULL: none */
	const char *base;			/* what target is appended to for {url} */
} PtSignedRule;

/* PtSlotFind of what is signed: {url}, {body}, {form}, {timestamp}, {nonce}; context NULL: checks names only. */
extern bool pt_signed_slot(void *context, const char *name, size_t len, PtSlotValue *value);

/* Who signed the callback? */
extern PtCallTrust pt_signed_trust(const PtSignedRule *rule, const PtCall *call);

#endif							/* PORTATEXT_SIGNED_H */
