/*
 * engine_http.h
 *	  The adapter http: any engine with an HTTP interface, described by its settings
 *	  (docs/engines.md).  Here: what is made of them.
 *
 * Part of the core: no PostgreSQL header.
 */
#ifndef PORTATEXT_ENGINE_HTTP_H
#define PORTATEXT_ENGINE_HTTP_H

#include "carrier/json.h"
#include "carrier/template.h"
#include "telephony/engine.h"

#define PT_ENGINE_OPS 6
#define PT_ENGINE_HEADERS 12	/* header lines of a request, the credentials' included */
#define PT_ENGINE_BODY_SIZE 262144
#define PT_ENGINE_TEXT_SIZE 65536

/* A request by its template. */
typedef struct PtEngineRequest
{
	const char *method;			/* NULL: by the body */
	const char *url;			/* NULL: the engine cannot do that */
	int			headers;		/* places in the tree of ops; 0: none */
	int			body;
	bool		form;
} PtEngineRequest;

typedef struct PtEngineHttp
{
	PtJson	   *ops;
	PtEngineRequest requests[PT_ENGINE_OPS];	/* by PtCallOp */
	PtJson	   *classes;		/* of answers, by code or status */
	PtJson	   *kinds;			/* of events, by the engine's word */
	PtJson	   *causes;			/* of ends, by the same word */
	PtJson	   *amds;			/* verdicts, by the engine's word */
	char		authorization[1024];
	char		base[PT_ENGINE_URL_MAX + 1];	/* callback_url without a slash at its end */
	char		events_url[PT_ENGINE_URL_MAX + 100];
	char		sounds_url[PT_ENGINE_URL_MAX + 100];
	PtSignedRule rule;			/* scheme PT_SIGNATURE_SECRET: not signed */
	const char *lines[PT_ENGINE_HEADERS + 1];
	char	   *url;			/* room of the request built last */
	char	   *body;
	char	   *headers;
	char	   *twiml;			/* of the request or the reply */
} PtEngineHttp;

/* What placeholders are taken from. */
typedef struct PtEngineSlots
{
	const PtEngine *engine;
	PtCallOp	op;
	const PtCallOrder *order;	/* NULL: names are checked, nothing has a value */
	char		number[24];
} PtEngineSlots;

/* PtSlotFind over PtEngineSlots. */
extern bool pt_engine_http_slot(void *context, const char *name, size_t len, PtSlotValue *value);

/* Is the name one of the adapter's settings, or a placeholder of its own? */
extern bool pt_engine_http_known(const char *name, size_t len);

extern bool pt_engine_http_configure(PtEngine *engine, char *problem, size_t size);
extern void pt_engine_http_release(PtEngine *engine);
extern bool pt_engine_http_build(PtEngine *engine, PtCallOp op, const PtCallOrder *order, PtHttpRequest *request);

/* Callbacks and their answers: engine_http_event.c. */
extern int	pt_engine_http_events(PtEngine *engine, const PtEngineCallback *in, PtCallEvent *events, int limit,
								  char *problem, size_t size);
extern const char *pt_engine_http_reply(PtEngine *engine, const PtEngineCallback *in, const char **type);

/* An answer's class by its word in the settings. */
extern bool pt_call_answer_find(const char *name, PtCallAnswerClass *class);

#endif							/* PORTATEXT_ENGINE_HTTP_H */
