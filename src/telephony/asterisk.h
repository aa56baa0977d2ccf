/*
 * asterisk.h
 *	  What the files of the adapter "asterisk" share: its settings, a flow as the
 *	  dialplan takes it.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_ASTERISK_H
#define PORTATEXT_ASTERISK_H

#include "telephony/engine.h"
#include "telephony/flow.h"
#include "worker/http_util.h"

#define AST_STEPS_MAX 3000		/* octets of a flow as steps; a dialplan reads 4,096 */
#define AST_DIAL_MAX 400		/* octets of a dial string */
#define AST_SETTING_MAX 256		/* octets of a setting */
#define AST_TEXT_MAX 800		/* octets of a text to be spoken, encoded */

typedef struct AstSettings
{
	const char *url;			/* of the server; url_len leaves out a / at its end */
	int			url_len;
	const char *context;
	const char *endpoint;		/* may hold {trunk} */
	const char *agent;			/* dial string with {agent}; NULL: none can be named */
	const char *prefix;			/* digits before a number; "" */
	bool		plus;			/* numbers are dialled with their + */
	bool		say;			/* there is a context portatext-say */
} AstSettings;

/* Where a leg goes. */
typedef struct AstRoute
{
	const char *trunk;			/* name; "" if none */
	const char *address;		/* of the trunk; "" if none */
} AstRoute;

/* The four flows as the variables PT_MAIN, PT_HUMAN, PT_MACHINE and PT_NOTSURE. */
typedef struct AstSteps
{
	char		part[PT_FLOW_PARTS][AST_STEPS_MAX];
} AstSteps;

extern const char *const pt_asterisk_variables[PT_FLOW_PARTS];	/* "PT_MAIN" ... */

/*
 * Writes the dial string for a number, a sip: URI or an agent's name; false: it cannot
 * be dialled, or has characters that a dialplan must not see.
 */
extern bool pt_asterisk_dial(const AstSettings *settings, const AstRoute *route, const char *to, PtBuffer *out);

/* Writes the step that dials leg B: "forward|DIAL STRING|CALLER ID|SECONDS|TO". */
extern bool pt_asterisk_forward(const AstSettings *settings, const AstRoute *route, const char *to, const char *from,
								int timeout_s, PtBuffer *out);

/* Writes a call's flow (canonical JSON) as steps; false: Asterisk cannot run it, or it is too long. */
extern bool pt_asterisk_steps(const AstSettings *settings, const PtCallOrder *order, const char *json, AstSteps *steps);

/* PtEngineAdapter.read_events */
extern int	pt_asterisk_read_events(PtEngine *engine, const PtEngineCallback *in, PtCallEvent *events, int limit,
									char *problem, size_t size);

#endif							/* PORTATEXT_ASTERISK_H */
