/*
 * engine_http.c
 *	  The adapter http: requests by their templates, and what the answers mean.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/engine_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/engine_twiml.h"

/* In the order of PtCallAnswerClass. */
static const char *const class_names[] = {
	"accepted", "not_there", "no_capacity", "failed", "refused", "unclear"
};

bool
pt_call_answer_find(const char *name, PtCallAnswerClass *class)
{
	for (size_t i = 0; i < sizeof(class_names) / sizeof(class_names[0]); i++)
	{
		if (strcmp(class_names[i], name) == 0)
		{
			*class = (PtCallAnswerClass) i;
			return true;
		}
	}
	return false;
}

/* Is the name (len octets) this one? */
static bool
name_is(const char *name, size_t len, const char *expected)
{
	return strlen(expected) == len && memcmp(name, expected, len) == 0;
}

/* A string as a placeholder's value; NULL or empty: none. */
static bool
set_text(PtSlotValue *value, const char *text)
{
	value->octets = text != NULL && text[0] != '\0' ? text : NULL;
	value->len = value->octets != NULL ? strlen(text) : 0;
	return true;
}

/* The same without the + before it. */
static bool
set_digits(PtSlotValue *value, const char *text)
{
	return set_text(value, text != NULL && text[0] == '+' ? text + 1 : text);
}

/* A number as a placeholder's value. */
static bool
set_number(PtEngineSlots *slots, PtSlotValue *value, long long number)
{
	snprintf(slots->number, sizeof(slots->number), "%lld", number);
	value->number = true;
	return set_text(value, slots->number);
}

/* The flow that the request is about, as JSON. */
static const char *
flow_of(const PtEngineSlots *slots)
{
	if (slots->op == PT_CALL_ABANDON)
		return slots->order->abandon_flow != NULL ? slots->order->abandon_flow : "[]";
	return slots->order->flow;
}

/* The document that the request is about; NULL: it cannot be made, or is too long for the vendor. */
static const char *
document_of(const PtEngineSlots *slots)
{
	PtEngineHttp *state = slots->engine->state;
	const PtCallOrder *order = slots->order;
	PtTwiml		how = {order->call_id, state->events_url, state->sounds_url, pt_engine_setting(slots->engine, "secret"), order->from, 0};
	PtTwimlDial dial = {order->connect_to, order->connect_from, order->connect_timeout_s, true};
	PtBuffer	out;

	pt_buffer_init(&out, state->twiml, PT_ENGINE_TEXT_SIZE);
	if (slots->op == PT_CALL_CONNECT)
		pt_twiml_dial(&out, &how, &dial);
	else if (slots->op == PT_CALL_ABANDON && order->abandon_flow == NULL)
		pt_twiml_hang_up(&out);
	else if (!pt_twiml_flow(&out, &how, flow_of(slots)))
		return NULL;
	return out.overflow || out.len > PT_TWIML_MAX ? NULL : state->twiml;
}

/* Placeholders of the call; false: it is none of them. */
static bool
call_slot(PtEngineSlots *slots, const char *name, size_t len, PtSlotValue *value)
{
	const PtCallOrder *o = slots->order;

	if (name_is(name, len, "call_id"))
		return set_text(value, o->call_id);
	if (name_is(name, len, "engine_ref"))
		return set_text(value, o->engine_ref);
	if (name_is(name, len, "from"))
		return set_text(value, o->from);
	if (name_is(name, len, "from_digits"))
		return set_digits(value, o->from);
	if (name_is(name, len, "to"))
		return set_text(value, o->to);
	if (name_is(name, len, "to_digits"))
		return set_digits(value, o->to);
	if (name_is(name, len, "trunk"))
		return set_text(value, o->trunk);
	if (name_is(name, len, "trunk_address"))
		return set_text(value, o->trunk_address);
	if (name_is(name, len, "dial_timeout"))
		return set_number(slots, value, o->dial_timeout_s);
	if (name_is(name, len, "max_duration"))
		return set_number(slots, value, o->max_duration_s);
	if (name_is(name, len, "campaign_id"))
		return o->campaign_id != 0 ? set_number(slots, value, o->campaign_id) : set_text(value, NULL);
	return name_is(name, len, "iteration") && set_number(slots, value, o->iteration);
}

/* Placeholders of what is to be done with it; false: it is none of them. */
static bool
op_slot(PtEngineSlots *slots, const char *name, size_t len, PtSlotValue *value)
{
	const PtCallOrder *o = slots->order;

	if (name_is(name, len, "twiml"))
		return set_text(value, document_of(slots));
	if (name_is(name, len, "flow"))
	{
		value->number = true;	/* it is JSON itself */
		return set_text(value, flow_of(slots));
	}
	if (name_is(name, len, "amd_word"))
		return set_text(value, o->amd != NULL ? pt_engine_setting(slots->engine, "amd_word") : NULL);
	if (name_is(name, len, "connect_to"))
		return set_text(value, o->connect_to);
	if (name_is(name, len, "connect_from"))
		return set_text(value, o->connect_from);
	if (name_is(name, len, "connect_timeout"))
		return set_number(slots, value, o->connect_timeout_s);
	return name_is(name, len, "reason") && set_text(value, o->reason);
}

bool
pt_engine_http_slot(void *context, const char *name, size_t len, PtSlotValue *value)
{
	PtEngineSlots *slots = context;
	const PtEngine *engine = slots->engine;
	const PtEngineHttp *state = engine->state;
	static const PtCallOrder nothing = {.call_id = "",.flow = "[]"};
	PtEngineSlots names = {engine, PT_CALL_ORIGINATE, &nothing, ""};
	PtEngineSlots *s = slots->order != NULL ? slots : &names;

	*value = (PtSlotValue) {NULL, 0, false};
	if (name_is(name, len, "events_url"))
		return set_text(value, state->events_url);
	if (name_is(name, len, "sounds_url"))
		return set_text(value, state->sounds_url);
	if (call_slot(s, name, len, value) || op_slot(s, name, len, value))
		return true;
	if (pt_engine_http_known(name, len))
		return false;
	for (int i = 0; i < engine->n_settings; i++)
	{
		if (name_is(name, len, engine->settings[i].key))
			return set_text(value, engine->settings[i].value);
	}
	return false;
}

/* Renders the header lines; false: they do not fit. */
static bool
build_headers(PtEngineHttp *state, const PtEngineRequest *how, const PtSlots *slots)
{
	PtBuffer	out;
	int			n = 0;

	pt_buffer_init(&out, state->headers, PT_ENGINE_TEXT_SIZE);
	if (state->authorization[0] != '\0')
		state->lines[n++] = state->authorization;
	for (int i = how->headers != 0 ? state->ops->values[how->headers].first : 0; i != 0; i = state->ops->values[i].next)
	{
		const PtJsonValue *header = &state->ops->values[i];

		if (header->text == NULL || pt_http_template_absent(header->text, slots))
			continue;
		if (n >= PT_ENGINE_HEADERS)
			return false;
		state->lines[n++] = out.data + out.len;
		pt_buffer_add(&out, header->name);
		pt_buffer_add(&out, ": ");
		pt_http_template_render(&out, header->text, PT_ENCODE_PLAIN, slots);
		pt_buffer_append(&out, "", 1);
	}
	state->lines[n] = NULL;
	return !out.overflow;
}

/* Renders the body; false: it does not fit. */
static bool
build_body(PtEngineHttp *state, const PtEngineRequest *how, const PtSlots *slots, PtHttpRequest *request)
{
	PtBuffer	out;

	if (how->body == 0)
		return true;
	pt_buffer_init(&out, state->body, PT_ENGINE_BODY_SIZE);
	if (how->form)
		pt_http_template_form(&out, state->ops, how->body, slots);
	else
		pt_http_template_json(&out, state->ops, how->body, slots);
	request->body = out.data;
	request->body_len = out.len;
	request->content_type = how->form ? "application/x-www-form-urlencoded" : "application/json";
	return !out.overflow;
}

/* Has the request all it needs: the engine's id, a document that fits? */
static bool
is_complete(const PtEngineSlots *slots, const PtEngineHttp *state, const PtEngineRequest *how)
{
	if (how->url == NULL)
		return false;
	if (strstr(how->url, "{engine_ref}") != NULL && slots->order->engine_ref[0] == '\0')
		return false;
	for (int i = how->body != 0 ? state->ops->values[how->body].first : 0; i != 0; i = state->ops->values[i].next)
	{
		const char *text = state->ops->values[i].text;

		if (text != NULL && strcmp(text, "{twiml}") == 0)
			return document_of(slots) != NULL;
	}
	return true;
}

/* PtEngineAdapter.build */
bool
pt_engine_http_build(PtEngine *engine, PtCallOp op, const PtCallOrder *order, PtHttpRequest *request)
{
	PtEngineHttp *state = engine->state;
	const PtEngineRequest *how = &state->requests[op];
	PtEngineSlots context = {engine, op, order, ""};
	PtSlots		slots = {pt_engine_http_slot, &context};
	PtBuffer	url;

	memset(request, 0, sizeof(*request));
	if (!is_complete(&context, state, how))
		return false;
	pt_buffer_init(&url, state->url, PT_ENGINE_TEXT_SIZE);
	pt_http_template_render(&url, how->url, PT_ENCODE_PERCENT, &slots);
	if (url.overflow || !build_headers(state, how, &slots) || !build_body(state, how, &slots, request))
		return false;
	request->url = url.data;
	request->method = how->method;
	request->headers = state->lines;
	request->ca_file = pt_engine_setting(engine, "ca_file");
	request->timeout_ms = engine->timeout_ms;
	return pt_http_request_valid(request);
}

/* What the answer holds at the path that a setting names; NULL: nothing. */
static const char *
found(const PtEngine *engine, const PtJson *json, const char *setting)
{
	const char *path = pt_engine_setting(engine, setting);

	return path != NULL && json != NULL ? pt_json_text(json, 0, path) : NULL;
}

/* What a status means that the settings do not name. */
static PtCallAnswerClass
class_of_status(PtCallOp op, long status)
{
	bool		about_call = op != PT_CALL_ORIGINATE && op != PT_ENGINE_TEST;

	if (status < 300)
		return PT_CALL_ACCEPTED;
	if (status == 429 || status == 503)
		return PT_CALL_NO_CAPACITY;
	if (about_call && (status == 404 || status == 410))
		return PT_CALL_NOT_THERE;
	if (status < 400 || status == 401 || status == 402 || status == 403 || status == 404 || status == 405)
		return PT_CALL_FAILED;
	return status < 500 ? PT_CALL_REFUSED : PT_CALL_UNCLEAR;
}

/* The class by the engine's own code, else by the status. */
static void
set_class(const PtEngine *engine, PtCallOp op, const PtHttpResult *result, const PtJson *json, PtCallAnswer *answer)
{
	const PtEngineHttp *state = engine->state;
	const char *own = found(engine, json, "code_path");
	const char *word = NULL;
	char		code[sizeof(answer->code)];

	snprintf(code, sizeof(code), "%ld", result->status);
	if (state->classes != NULL)
		word = pt_json_member(state->classes, code);
	if (state->classes != NULL && own != NULL && pt_json_member(state->classes, own) != NULL)
		word = pt_json_member(state->classes, own);
	if (own != NULL && result->status >= 300)
		pt_printable_line(code, sizeof(code), own);
	pt_call_answer_set(answer, class_of_status(op, result->status), code);
	if (word != NULL)
		(void) pt_call_answer_find(word, &answer->class);
}

/* PtEngineAdapter.classify */
static void
http_classify(PtEngine *engine, PtCallOp op, const PtHttpResult *result, PtCallAnswer *answer)
{
	PtJson	   *json;
	const char *id;
	const char *text;

	if (pt_call_answer_none(engine, result, answer))
		return;
	json = result->body != NULL ? pt_json_parse(result->body, result->body_len) : NULL;
	set_class(engine, op, result, json, answer);
	answer->retry_after = result->retry_after;
	id = found(engine, json, "id_path");
	text = found(engine, json, "text_path");
	if (answer->class == PT_CALL_ACCEPTED && id != NULL && strlen(id) < sizeof(answer->ref))
		pt_printable_line(answer->ref, sizeof(answer->ref), id);
	/* Whose 2xx it was that has no id is not certain. */
	if (answer->class == PT_CALL_ACCEPTED && op == PT_CALL_ORIGINATE && answer->ref[0] == '\0' &&
		pt_engine_setting(engine, "id_path") != NULL)
		pt_call_answer_set(answer, PT_CALL_UNCLEAR, "no id");
	if (answer->class != PT_CALL_ACCEPTED)
		pt_call_answer_say(engine, answer, text != NULL ? text : result->body != NULL ? result->body : "");
	pt_json_free(json);
}

/* PtEngineAdapter.signature */
static const PtSignedRule *
http_signature(const PtEngine *engine)
{
	const PtEngineHttp *state = engine->state;

	return state->rule.scheme != PT_SIGNATURE_SECRET ? &state->rule : NULL;
}

const PtEngineAdapter pt_engine_http = {
	.name = "http",
	.configure = pt_engine_http_configure,
	.release = pt_engine_http_release,
	.build = pt_engine_http_build,
	.classify = http_classify,
	.read_events = pt_engine_http_events,
	.reply = pt_engine_http_reply,
	.signature = http_signature,
};
