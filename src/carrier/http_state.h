/*
 * http_state.h
 *	  The templated adapter's own: what it has made of a carrier's settings.
 */
#ifndef PORTATEXT_HTTP_STATE_H
#define PORTATEXT_HTTP_STATE_H

#include "carrier/carrier.h"
#include "carrier/json.h"
#include "carrier/signature.h"
#include "carrier/template.h"

#define PT_HTTP_ADDRESS_MAX 1024	/* octets of an address in the settings */
#define PT_HTTP_URL_SIZE 65536
#define PT_HTTP_BODY_SIZE 262144
#define PT_HTTP_HEADERS_SIZE 8192
#define PT_HTTP_ANSWER_SIZE 512 /* of what is answered to inbound messages, with its NUL */
#define PT_HTTP_ANSWER_TYPE_SIZE 64
#define PT_HTTP_HEADERS 16		/* header lines of a request, the credentials' included */

typedef struct PtHttpState
{
	const char *url;
	bool		post;
	bool		form;			/* body and callbacks' default; else JSON */
	PtJson	   *query;			/* NULL where the settings have none */
	PtJson	   *headers;
	PtJson	   *body;
	PtJson	   *success;
	PtJson	   *codes;
	PtJson	   *statuses;
	long		validity_min;	/* seconds that the carrier takes */
	long		validity_max;
	char		authorization[PT_HTTP_ADDRESS_MAX];	/* header line; empty: none */
	char		base[PT_HTTP_ADDRESS_MAX];	/* callback_url without a slash at its end */
	char		callback[PT_HTTP_ADDRESS_MAX + 80]; /* where receipts go; empty: not set */
	PtSignature signature;
	const char *key;			/* of the signature */
	char	   *room;			/* URL, body and headers of the request built last */
	const char *lines[PT_HTTP_HEADERS + 1];
} PtHttpState;

/* What placeholders of requests are taken from. */
typedef struct PtHttpSlots
{
	const PtCarrier *carrier;
	const PtHttpState *state;
	const PtPartRequest *part;	/* NULL: only what is the same for all messages has a value */
	char		validity[24];
} PtHttpSlots;

/* PtSlotFind over PtHttpSlots. */
extern bool pt_http_slot(void *context, const char *name, size_t len, PtSlotValue *value);

/* Is the name one of the adapter's settings? */
extern bool pt_http_known_setting(const char *name, size_t len);

/* Fills carrier->state from the settings; false: problem says what is wrong with them. */
extern bool pt_http_configure(PtCarrier *carrier, char *problem, size_t size);
extern void pt_http_release(PtCarrier *carrier);
extern bool pt_http_build(PtCarrier *carrier, const PtPartRequest *part, PtHttpRequest *request);

#endif							/* PORTATEXT_HTTP_STATE_H */
