/*
 * engine.h
 *	  The one struct behind which every adapter of a telephony engine stands.
 *
 * An engine places calls over SIP trunks and runs their flow (TEL-11).  Adapters
 * hold no PostgreSQL state and raise no errors: they turn what is to be done with a
 * call into a request, an answer into a class, and what the engine calls back with
 * into events.  One small file each.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_ENGINE_H
#define PORTATEXT_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "carrier/signed.h"
#include "worker/http.h"

#define PT_CALL_ID_SIZE 37		/* a UUID and its NUL */
#define PT_ENGINE_REF_SIZE 128
#define PT_CALL_UNKNOWN (-1)	/* a number that was not told */

/* What is done with a call. */
typedef enum PtCallOp
{
	PT_CALL_ORIGINATE,
	PT_CALL_CONNECT,			/* leg A waits for an agent: leg B to connect_to */
	PT_CALL_ABANDON,			/* nobody can take it: the flow abandon_flow, then the end */
	PT_CALL_HANG_UP,			/* withdraw it, or end it */
	PT_CALL_STATUS,				/* what has become of it? */
	PT_ENGINE_TEST				/* is the engine there?  order has the trunk alone */
} PtCallOp;

/* The nine settings of answering machine detection (TEL-06), in the units of the SDKs' reference. */
typedef struct PtAmd
{
	int			initial_silence;
	int			max_greeting_length;
	int			after_greeting_silence;
	int			total_time;
	int			min_word_length;
	int			between_words_silence;
	int			max_words;
	int			silence_threshold;
	int			max_word_length;
} PtAmd;

/* A call as an adapter sees it. */
typedef struct PtCallOrder
{
	const char *call_id;		/* ours, committed before the request */
	const char *engine_ref;		/* the engine's own id, once known; empty before */
	const char *from;			/* +E.164, or empty */
	const char *to;				/* +E.164 */
	const char *trunk;			/* name */
	const char *trunk_address;	/* host, host:port, or empty */
	int			dial_timeout_s;
	int			max_duration_s;
	const char *flow;			/* canonical JSON array, as pt_flow_check_jsonb() leaves it */
	const PtAmd *amd;			/* NULL: the flow has none */
	const char *events_url;		/* where the engine calls back, with the engine's secret where it must be in it */
	const char *sounds_url;		/* + id: a sound of the flow */
	int64_t		campaign_id;	/* 0: a single call */
	int			iteration;		/* from 1 */
	/* CONNECT */
	const char *connect_to;		/* number, sip: URI or dial string */
	const char *connect_trunk;	/* empty: the same */
	const char *connect_trunk_address;
	const char *connect_from;
	int			connect_timeout_s;
	/* ABANDON */
	const char *abandon_flow;	/* NULL: just the end */
	/* HANG_UP */
	const char *reason;			/* withdrawn, cancelled, no_credits, too_long */
} PtCallOrder;

/* What the engine says to a request. */
typedef enum PtCallAnswerClass
{
	PT_CALL_ACCEPTED,			/* also when it knew the call already */
	PT_CALL_NOT_THERE,			/* it does not know the call: never arrived, or is over */
	PT_CALL_NO_CAPACITY,		/* 429, 503: later */
	PT_CALL_FAILED,				/* a fault of the engine's; certain that no call was placed */
	PT_CALL_REFUSED,			/* for ever */
	PT_CALL_UNCLEAR				/* may have been placed */
} PtCallAnswerClass;

typedef struct PtCallAnswer
{
	PtCallAnswerClass class;
	char		code[32];		/* for the log and the call's record */
	char		text[160];		/* short, printable, without secrets */
	char		ref[PT_ENGINE_REF_SIZE];	/* the engine's id, empty if none */
	long		retry_after;	/* seconds, -1 */
} PtCallAnswer;

/* In the order of life; the names are those of the enum portatext.call_event_kind. */
typedef enum PtCallEventKind
{
	PT_EVENT_PLACED,			/* the engine has it */
	PT_EVENT_RINGING,
	PT_EVENT_ANSWERED,
	PT_EVENT_AMD,				/* amd, amd_cause */
	PT_EVENT_DIGITS,			/* digits of a gather */
	PT_EVENT_WAITING,			/* leg A wants an agent now */
	PT_EVENT_ENDED				/* of the leg; leg A's repeats everything that is known */
} PtCallEventKind;

#define PT_EVENT_KINDS 7

/* One leg as an event tells it.  Times: microseconds since 1970, 0: not told or did not happen. */
typedef struct PtLegFacts
{
	bool		known;			/* the leg was tried */
	int			q850;			/* cause of the end, PT_CALL_UNKNOWN */
	int			sip;			/* status, PT_CALL_UNKNOWN */
	int			alerted;		/* 1, 0, PT_CALL_UNKNOWN */
	int64_t		ringing_at;
	int64_t		answered_at;
	int64_t		ended_at;
	char		to[64];			/* leg B: where to, as the engine tells it; may be empty */
} PtLegFacts;

typedef struct PtCallEvent
{
	char		call_id[PT_CALL_ID_SIZE];	/* empty: engine_ref counts */
	char		engine_ref[PT_ENGINE_REF_SIZE];
	char		leg;			/* 'A', 'B' */
	int64_t		seq;			/* of the leg; (call, leg, seq) is applied once */
	PtCallEventKind kind;
	int64_t		at;				/* microseconds since 1970; 0: now */
	PtLegFacts	a;
	PtLegFacts	b;
	char		amd[12];		/* HUMAN, MACHINE, NOTSURE, HANGUP; empty */
	char		amd_cause[48];	/* the engine's words */
	char		digits[33];
} PtCallEvent;

/* What an engine called back with; texts are NUL-terminated and may be destroyed. */
typedef struct PtEngineCallback
{
	const char *method;
	const char *path;			/* behind /engine/<name>/ */
	char	   *query;			/* "" if none */
	const char *content_type;	/* "" if none */
	char	   *body;			/* "" if none */
	size_t		body_len;
} PtEngineCallback;

typedef struct PtEngine PtEngine;

typedef struct PtEngineAdapter
{
	const char *name;
	bool		local;			/* the built-in engine: no network, see local_events */
	/* Reads settings into engine->state; false: problem says why. */
	bool		(*configure) (PtEngine *engine, char *problem, size_t size);
	void		(*release) (PtEngine *engine);
	/* Fills request; its strings live in the engine's buffer until the next call.  false: the engine cannot do that. */
	bool		(*build) (PtEngine *engine, PtCallOp op, const PtCallOrder *order, PtHttpRequest *request);
	void		(*classify) (PtEngine *engine, PtCallOp op, const PtHttpResult *result, PtCallAnswer *answer);
	/*
	 * Reads a callback, or the answer to STATUS (path "status"), into at most
	 * limit events; returns how many, or -1: problem says what is wrong.
	 */
	int			(*read_events) (PtEngine *engine, const PtEngineCallback *in, PtCallEvent *events, int limit,
								char *problem, size_t size);
	/* What the HTTP answer to a callback must hold (TwiML), with its type; NULL: nothing. */
	const char *(*reply) (PtEngine *engine, const PtEngineCallback *in, const char **type);
	/* How callbacks are signed; NULL (also the function): they carry the secret in their Authorization header. */
	const PtSignedRule *(*signature) (const PtEngine *engine);
	/*
	 * Local engines: the call's whole course is a function of its id, so that nothing
	 * is lost when the dialer is killed.  Fills at most limit events that happen after
	 * "after" (microseconds since 1970) for a call that was placed, and, unless 0, was
	 * connected, abandoned or hung up, at those times; returns how many.  They come in
	 * the order of "at", which is when they are told; what happened when is in the
	 * facts.  Those still to come are among them.  after -1: the plain truth, for
	 * STATUS: each event once and at its own time, whatever the settings lose, delay
	 * or repeat.
	 */
	int			(*local_events) (PtEngine *engine, const PtCallOrder *order, int64_t placed, int64_t connected,
								 int64_t abandoned, int64_t hung_up, int64_t after, PtCallEvent *events, int limit);
} PtEngineAdapter;

typedef struct PtEngineSetting
{
	char	   *key;
	char	   *value;
} PtEngineSetting;

struct PtEngine
{
	int32_t		engine_id;
	char		name[64];
	const PtEngineAdapter *adapter;
	int			n_settings;
	PtEngineSetting *settings;	/* settings, and username, password, secret (the callback secret) */
	int			max_in_flight;	/* requests */
	long		timeout_ms;
	void	   *state;			/* the adapter's own, malloc'ed */
};

#define PT_CALL_EVENTS_MAX 1000	/* of one callback */
#define PT_ENGINE_URL_MAX 512	/* octets of an address in the settings */

extern const PtEngineAdapter *pt_engine_adapter_find(const char *name);	/* NULL: none */
extern const PtEngineAdapter *pt_engine_adapter_at(int i);	/* from 0; NULL after the last */
extern const char *pt_engine_setting(const PtEngine *engine, const char *key);	/* NULL: not set */
extern const char *pt_engine_unknown_setting(const PtEngine *engine, const char *const *known);

/*
 * Where the engine calls back (callback_url and /engine/NAME/events), and what a
 * sound's id is appended to; empty when the setting callback_url is missing.
 */
extern void pt_engine_callback_urls(const PtEngine *engine, char *events, char *sounds, size_t size);

/* For adapters' configure: is callback_url an address?  NULL: yes, or not set. */
extern const char *pt_engine_url_problem(const PtEngine *engine, const char *key, bool required);

/* The credentials as a header line; empty: none.  auth: bearer (password), basic, none.  false: problem says why not. */
extern bool pt_engine_authorization(const PtEngine *engine, const char *auth, char *line, size_t size,
									char *problem, size_t problem_size);

/* For adapters: an answer of this class; what the peer said, one printable line, unless it holds a secret. */
extern void pt_call_answer_set(PtCallAnswer *answer, PtCallAnswerClass class, const char *code);
/* No HTTP answer came: says so (FAILED where nothing was sent, else UNCLEAR); false: one came. */
extern bool pt_call_answer_none(const PtEngine *engine, const PtHttpResult *result, PtCallAnswer *answer);
extern void pt_call_answer_say(const PtEngine *engine, PtCallAnswer *answer, const char *text);
extern const char *pt_call_event_name(PtCallEventKind kind);
extern bool pt_call_event_find(const char *name, PtCallEventKind *kind);

extern const PtEngineAdapter pt_engine_loopback;	/* loopback_call.c */
extern const PtEngineAdapter pt_engine_gateway; /* gateway.c: the JSON contract of docs/engines.md */
extern const PtEngineAdapter pt_engine_asterisk;	/* asterisk.c */
extern const PtEngineAdapter pt_engine_http;	/* engine_http.c: requests and callbacks by templates; the row "twilio" is one */

#endif							/* PORTATEXT_ENGINE_H */
