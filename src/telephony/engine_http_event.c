/*
 * engine_http_event.c
 *	  The adapter http: what the engine calls back with, by the field names and words
 *	  of its settings, and what it is answered.
 *
 * The addresses that it calls are ours: call, leg, event, n and flows in their query
 * (engine_twiml.c).  All else is the engine's.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/engine_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "telephony/engine_twiml.h"
#include "telephony/gateway.h"
#include "worker/receiver_parse.h"

/* Events that have no number of the engine's; beyond those that it counts. */
#define SEQ_AMD 1150
#define SEQ_WAITING 1160
#define SEQ_DIGITS 1200
#define SEQ_STATUS 1900
#define GATHERS_MAX 64
#define DURATION_MAX 604800L	/* seconds */

/* A callback while it is read. */
typedef struct Reader
{
	const PtEngine *engine;
	const PtEngineHttp *state;
	PtJson	   *query;
	PtJson	   *data;
	bool		status;			/* the answer to STATUS */
	PtCallEvent *event;
	const char *problem;
} Reader;

/* Is the body of this type? */
static bool
has_type(const PtEngineCallback *in, const char *type)
{
	return strncasecmp(in->content_type, type, strlen(type)) == 0;
}

/* Reads query and body; false: they are malformed, or no memory. */
static bool
reader_begin(Reader *r, const PtEngine *engine, const PtEngineCallback *in)
{
	const char *body = in->body_len > 0 ? in->body : "";

	memset(r, 0, sizeof(*r));
	r->engine = engine;
	r->state = engine->state;
	r->status = strcmp(in->path, "status") == 0;
	r->query = pt_json_form(in->query, strlen(in->query));
	if (r->status || has_type(in, "application/json"))
		r->data = pt_json_parse(body, in->body_len);
	else
		r->data = pt_json_form(body, in->body_len);
	r->problem = "malformed form or JSON";
	return r->query != NULL && r->data != NULL;
}

/* Frees what was read. */
static void
reader_end(Reader *r)
{
	pt_json_free(r->query);
	pt_json_free(r->data);
}

/* A parameter of our address; NULL: it has none such. */
static const char *
mark(const Reader *r, const char *name)
{
	return pt_json_member(r->query, name);
}

/* What the engine says at the path that event_NAME, or status_NAME, is set to; NULL: nothing. */
static const char *
field(const Reader *r, const char *name)
{
	char		setting[40];
	const char *path;

	snprintf(setting, sizeof(setting), "%s_%s", r->status ? "status" : "event", name);
	path = pt_engine_setting(r->engine, setting);
	return path != NULL ? pt_json_text(r->data, 0, path) : NULL;
}

/* The engine's word in our words; NULL: it has none. */
static const char *
mapped(const PtJson *map, const char *word)
{
	return map != NULL && word != NULL ? pt_json_member(map, word) : NULL;
}

/* A whole number, or -1. */
static long
number_of(const char *text, long most)
{
	if (text == NULL || text[0] == '\0' || strlen(text) > 9 || text[strspn(text, "0123456789")] != '\0')
		return -1;
	return atol(text) <= most ? atol(text) : -1;
}

/* FNV-1a over a leg's id, so that the events of each leg B have numbers of their own. */
static int64_t
leg_number(const char *id)
{
	uint32_t	hash = 2166136261u;

	for (; *id != '\0'; id++)
		hash = (hash ^ (unsigned char) *id) * 16777619u;
	return (int64_t) hash * 256;
}

/* Whose event it is. */
static bool
read_key(Reader *r)
{
	PtCallEvent *event = r->event;
	const char *call_id = mark(r, "call") != NULL ? mark(r, "call") : field(r, "call");
	const char *leg = mark(r, "leg");
	const char *ref = field(r, "ref");

	event->leg = leg != NULL && strcmp(leg, "B") == 0 ? 'B' : 'A';
	r->problem = "call is no UUID";
	if (call_id != NULL && !pt_uuid_form(call_id))
		return false;
	r->problem = "there is no id of a call where the settings say";
	if (call_id == NULL && (ref == NULL || ref[0] == '\0' || event->leg == 'B'))
		return false;
	snprintf(event->call_id, sizeof(event->call_id), "%s", call_id != NULL ? call_id : "");
	if (ref != NULL && event->leg == 'A' && strlen(ref) < sizeof(event->engine_ref))
		pt_printable_line(event->engine_ref, sizeof(event->engine_ref), ref);
	event->seq = event->leg == 'B' && ref != NULL ? leg_number(ref) : 0;
	event->a = event->b = (PtLegFacts) {.q850 = PT_CALL_UNKNOWN,.sip = PT_CALL_UNKNOWN,.alerted = PT_CALL_UNKNOWN};
	return true;
}

/* The verdict, where there is one. */
static void
read_amd(Reader *r, bool required)
{
	const char *word = field(r, "amd");
	const char *verdict = mapped(r->state->amds, word);

	if (verdict == NULL && !required)
		return;
	snprintf(r->event->amd, sizeof(r->event->amd), "%s", verdict != NULL ? verdict : "NOTSURE");
	pt_printable_line(r->event->amd_cause, sizeof(r->event->amd_cause), word != NULL ? word : "");
}

/* How a leg ended: its cause by the engine's word, else by the SIP status. */
static void
read_end(Reader *r, PtLegFacts *leg, const char *word, int64_t at)
{
	const char *cause = mapped(r->state->causes, word);
	long		duration = number_of(field(r, "duration"), DURATION_MAX);
	long		q850 = number_of(field(r, "q850"), 127);

	leg->ended_at = at;
	if (q850 >= 0)
		leg->q850 = (int) q850;
	else if (cause != NULL && cause[0] != 's')
		leg->q850 = atoi(cause);
	if (cause != NULL && strstr(cause, "alerted") != NULL)
		leg->alerted = 1;
	if (cause != NULL && strstr(cause, "answered") != NULL && at != 0)
		leg->answered_at = at - (duration > 0 ? duration : 0) * 1000000;
}

/* What the engine says of a leg's progress; false: nothing that is an event. */
static bool
read_progress(Reader *r)
{
	PtCallEvent *event = r->event;
	PtLegFacts *leg = event->leg == 'B' ? &event->b : &event->a;
	const char *word = field(r, "kind");
	const char *kind = mapped(r->state->kinds, word);
	const char *at = field(r, "at");
	long		seq = number_of(field(r, "seq"), 255);
	long		sip = number_of(field(r, "sip"), 699);

	if (kind == NULL || !pt_call_event_find(kind, &event->kind))
		return false;
	event->seq += r->status ? SEQ_STATUS + (int) event->kind : seq >= 0 ? seq : 100 + (int) event->kind;
	if (at != NULL)
		(void) pt_event_time_read(at, &event->at);
	leg->known = true;
	leg->sip = sip >= 100 ? (int) sip : PT_CALL_UNKNOWN;
	if (event->kind == PT_EVENT_RINGING)
		leg->alerted = 1, leg->ringing_at = event->at;
	if (event->kind == PT_EVENT_ANSWERED)
		leg->answered_at = event->at;
	if (event->kind == PT_EVENT_ENDED)
		read_end(r, leg, word, event->at);
	if (event->leg == 'A')
		read_amd(r, false);
	return true;
}

/* Keys that were pressed. */
static bool
read_digits(Reader *r)
{
	const char *digits = field(r, "digits");
	long		n = number_of(mark(r, "n"), GATHERS_MAX);

	r->event->kind = PT_EVENT_DIGITS;
	r->event->seq = SEQ_DIGITS + (n > 0 ? n : 0);
	if (digits == NULL || strlen(digits) >= sizeof(r->event->digits) || digits[strspn(digits, "0123456789*#ABCD")] != '\0')
		return false;
	snprintf(r->event->digits, sizeof(r->event->digits), "%s", digits);
	return true;
}

/* The event in the callback; false: it tells of none. */
static bool
read_event(Reader *r)
{
	const char *what = mark(r, "event");

	if (what == NULL)
		return read_progress(r);
	r->event->leg = 'A';
	if (strcmp(what, "digits") == 0)
		return read_digits(r);
	if (strcmp(what, "amd") == 0)
	{
		r->event->kind = PT_EVENT_AMD;
		r->event->seq = SEQ_AMD;
		read_amd(r, true);
		return true;
	}
	r->event->kind = PT_EVENT_WAITING;
	r->event->seq = SEQ_WAITING;
	return strcmp(what, "waiting") == 0;
}

int
pt_engine_http_events(PtEngine *engine, const PtEngineCallback *in, PtCallEvent *events, int limit,
					  char *problem, size_t size)
{
	Reader		r;
	int			n = -1;

	if (reader_begin(&r, engine, in) && limit > 0)
	{
		memset(&events[0], 0, sizeof(events[0]));
		r.event = &events[0];
		if (read_key(&r))
			n = read_event(&r) ? 1 : 0;
	}
	if (n < 0)
		snprintf(problem, size, "%s", r.problem);
	reader_end(&r);
	return n;
}

/* Appends the document for a flow that came in our address; else the end. */
static void
reply_flow(const Reader *r, const PtTwiml *how, const char *name, PtBuffer *out)
{
	const char *code = mark(r, name);
	char	   *flow = malloc(PT_FLOW_MAX + 1);

	if (code == NULL || flow == NULL || !pt_twiml_decode(code, flow, PT_FLOW_MAX + 1) || !pt_twiml_flow(out, how, flow))
		pt_twiml_hang_up(out);
	free(flow);
}

/* Which sub-flow the verdict chooses. */
static const char *
chosen(const Reader *r)
{
	const char *verdict = mapped(r->state->amds, field(r, "amd"));

	if (verdict != NULL && strcmp(verdict, "HUMAN") == 0)
		return "human";
	return verdict != NULL && strcmp(verdict, "MACHINE") == 0 ? "machine" : "notsure";
}

/* Appends the document that the engine asks for; false: it asks for none. */
static bool
reply_to(const Reader *r, const PtTwiml *how, PtBuffer *out)
{
	const char *what = mark(r, "event");
	const char *dialled = field(r, "dialled");
	const char *success = pt_engine_setting(r->engine, "dialled_word");

	if (what == NULL)
		return false;
	if (strcmp(what, "digits") == 0)
		reply_flow(r, how, "next", out);
	else if (strcmp(what, "amd") == 0)
		reply_flow(r, how, chosen(r), out);
	else if (strcmp(what, "dialled") == 0 && dialled != NULL && success != NULL && strcmp(dialled, success) == 0)
		pt_twiml_hang_up(out);
	else
		pt_twiml_hold(out, how);
	return true;
}

const char *
pt_engine_http_reply(PtEngine *engine, const PtEngineCallback *in, const char **type)
{
	PtEngineHttp *state = engine->state;
	const char *call_id;
	PtTwiml		how = {"", state->events_url, state->sounds_url, pt_engine_setting(engine, "secret"), "", 0};
	PtBuffer	out;
	Reader		r;
	bool		wanted = false;

	pt_buffer_init(&out, state->twiml, PT_ENGINE_TEXT_SIZE);
	if (reader_begin(&r, engine, in))
	{
		call_id = mark(&r, "call");
		how.call_id = call_id != NULL && pt_uuid_form(call_id) ? call_id : "";
		how.gathers = number_of(mark(&r, "n"), GATHERS_MAX) > 0 ? (int) number_of(mark(&r, "n"), GATHERS_MAX) : 0;
		wanted = reply_to(&r, &how, &out);
	}
	reader_end(&r);
	*type = "text/xml";
	return wanted && !out.overflow ? state->twiml : NULL;
}
