/*
 * gateway.c
 *	  The adapter gateway: requests and answers of portatext's own JSON contract
 *	  (docs/engines.md), which a bridge to any telephony engine can speak.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_SIZE 2048
#define BODY_SIZE 524288

typedef struct GatewayState
{
	char		url[URL_SIZE];
	char		base[PT_ENGINE_URL_MAX + 1];	/* setting url, without a slash at its end */
	char		authorization[1024];	/* header line; empty: none */
	const char *lines[2];
	char		body[BODY_SIZE];
} GatewayState;

/* Appends "name":"value" with a comma before it unless it is the first. */
static void
add_text(PtBuffer *out, const char *name, const char *value)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		pt_buffer_add(out, ",");
	pt_buffer_add(out, "\"");
	pt_buffer_add(out, name);
	pt_buffer_add(out, "\":\"");
	pt_buffer_add_json(out, value, strlen(value));
	pt_buffer_add(out, "\"");
}

/* The same with something that is JSON already. */
static void
add_raw(PtBuffer *out, const char *name, const char *json)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		pt_buffer_add(out, ",");
	pt_buffer_add(out, "\"");
	pt_buffer_add(out, name);
	pt_buffer_add(out, "\":");
	pt_buffer_add(out, json);
}

/* The same with a whole number. */
static void
add_number(PtBuffer *out, const char *name, long long value)
{
	char		text[24];

	snprintf(text, sizeof(text), "%lld", value);
	add_raw(out, name, text);
}

/* A trunk as the contract has it. */
static void
add_trunk(PtBuffer *out, const char *name, const char *address)
{
	add_raw(out, "trunk", "{");
	add_text(out, "name", name);
	if (address != NULL && address[0] != '\0')
		add_text(out, "address", address);
	pt_buffer_add(out, "}");
}

/* The nine settings of answering machine detection. */
static void
add_amd(PtBuffer *out, const PtAmd *amd)
{
	add_raw(out, "amd", "{");
	add_number(out, "initial_silence", amd->initial_silence);
	add_number(out, "max_greeting_length", amd->max_greeting_length);
	add_number(out, "after_greeting_silence", amd->after_greeting_silence);
	add_number(out, "total_time", amd->total_time);
	add_number(out, "min_word_length", amd->min_word_length);
	add_number(out, "between_words_silence", amd->between_words_silence);
	add_number(out, "max_words", amd->max_words);
	add_number(out, "silence_threshold", amd->silence_threshold);
	add_number(out, "max_word_length", amd->max_word_length);
	pt_buffer_add(out, "}");
}

void
pt_gateway_order(PtBuffer *out, const PtCallOrder *order)
{
	pt_buffer_add(out, "{");
	add_text(out, "call_id", order->call_id);
	if (order->campaign_id != 0)
		add_number(out, "campaign_id", order->campaign_id);
	add_number(out, "iteration", order->iteration);
	if (order->from != NULL && order->from[0] != '\0')
		add_text(out, "from", order->from);
	add_text(out, "to", order->to);
	add_trunk(out, order->trunk, order->trunk_address);
	add_number(out, "dial_timeout", order->dial_timeout_s);
	add_number(out, "max_duration", order->max_duration_s);
	add_raw(out, "flow", order->flow);
	if (order->amd != NULL)
		add_amd(out, order->amd);
	add_raw(out, "callback", "{");
	add_text(out, "events", order->events_url != NULL ? order->events_url : "");
	add_text(out, "sounds", order->sounds_url != NULL ? order->sounds_url : "");
	pt_buffer_add(out, "}}");
}

/* Appends the body of CONNECT. */
static void
add_connect(PtBuffer *out, const PtCallOrder *order)
{
	bool		own = order->connect_trunk != NULL && order->connect_trunk[0] != '\0';

	pt_buffer_add(out, "{");
	add_text(out, "to", order->connect_to);
	if (order->connect_from != NULL && order->connect_from[0] != '\0')
		add_text(out, "from", order->connect_from);
	add_trunk(out, own ? order->connect_trunk : order->trunk, own ? order->connect_trunk_address : order->trunk_address);
	add_number(out, "timeout", order->connect_timeout_s);
	pt_buffer_add(out, "}");
}

/* Appends the path of a request about a call, with what follows its id. */
static void
add_call_path(PtBuffer *out, const PtCallOrder *order, const char *rest)
{
	pt_buffer_add(out, "/v1/calls/");
	pt_buffer_add_encoded(out, order->call_id, strlen(order->call_id));
	pt_buffer_add(out, rest);
}

/* Path, method and body of a request. */
static void
fill(PtCallOp op, const PtCallOrder *order, PtBuffer *url, PtBuffer *body, PtHttpRequest *request)
{
	switch (op)
	{
		case PT_CALL_ORIGINATE:
			pt_buffer_add(url, "/v1/calls");
			pt_gateway_order(body, order);
			break;
		case PT_CALL_CONNECT:
			add_call_path(url, order, "/connect");
			add_connect(body, order);
			break;
		case PT_CALL_ABANDON:
			add_call_path(url, order, "/abandon");
			pt_buffer_add(body, "{");
			add_raw(body, "flow", order->abandon_flow != NULL ? order->abandon_flow : "[]");
			pt_buffer_add(body, "}");
			break;
		case PT_CALL_HANG_UP:
			add_call_path(url, order, "?reason=");
			pt_buffer_add_encoded(url, order->reason, strlen(order->reason));
			request->method = "DELETE";
			break;
		case PT_CALL_STATUS:
			add_call_path(url, order, "");
			break;
		case PT_ENGINE_TEST:
			pt_buffer_add(url, "/v1/health");
			break;
	}
}

/* PtEngineAdapter.build */
static bool
gateway_build(PtEngine *engine, PtCallOp op, const PtCallOrder *order, PtHttpRequest *request)
{
	GatewayState *state = engine->state;
	PtBuffer	url;
	PtBuffer	body;

	memset(request, 0, sizeof(*request));
	pt_buffer_init(&url, state->url, sizeof(state->url));
	pt_buffer_init(&body, state->body, sizeof(state->body));
	pt_buffer_add(&url, state->base);
	fill(op, order, &url, &body, request);
	state->lines[0] = state->authorization[0] != '\0' ? state->authorization : NULL;
	state->lines[1] = NULL;
	request->url = url.data;
	request->headers = state->lines;
	request->ca_file = pt_engine_setting(engine, "ca_file");
	request->timeout_ms = engine->timeout_ms;
	if (body.len > 0)
	{
		request->body = body.data;
		request->body_len = body.len;
		request->content_type = "application/json";
	}
	return !url.overflow && !body.overflow && pt_http_request_valid(request);
}

/* What an HTTP status means, by what was asked for. */
static PtCallAnswerClass
class_of(PtCallOp op, long status)
{
	bool		places = op == PT_CALL_ORIGINATE;

	if (status < 300 || (status == 409 && op != PT_CALL_STATUS))
		return PT_CALL_ACCEPTED;
	if (status == 429 || status == 503)
		return PT_CALL_NO_CAPACITY;
	if (status < 400 || status == 401 || status == 403 || status == 405 || status == 407)
		return PT_CALL_FAILED;
	if (status == 404 || status == 410)
		return places || op == PT_ENGINE_TEST ? PT_CALL_FAILED : PT_CALL_NOT_THERE;
	return status < 500 ? PT_CALL_REFUSED : PT_CALL_UNCLEAR;
}

/* PtEngineAdapter.classify */
static void
gateway_classify(PtEngine *engine, PtCallOp op, const PtHttpResult *result, PtCallAnswer *answer)
{
	char		code[24];
	PtJson	   *json;
	const char *text = NULL;
	const char *id = NULL;

	if (pt_call_answer_none(engine, result, answer))
		return;
	snprintf(code, sizeof(code), "%ld", result->status);
	pt_call_answer_set(answer, class_of(op, result->status), code);
	answer->retry_after = result->retry_after;
	json = result->body != NULL ? pt_json_parse(result->body, result->body_len) : NULL;
	if (json != NULL)
	{
		text = pt_json_text(json, 0, "message");
		id = pt_json_text(json, 0, "id");
	}
	if (answer->class != PT_CALL_ACCEPTED || op == PT_ENGINE_TEST)
		pt_call_answer_say(engine, answer, text != NULL ? text : result->body != NULL ? result->body : "");
	else if (id != NULL && strlen(id) < sizeof(answer->ref))
		pt_printable_line(answer->ref, sizeof(answer->ref), id);
	pt_json_free(json);
}

/* PtEngineAdapter.read_events */
static int
gateway_read(PtEngine *engine, const PtEngineCallback *in, PtCallEvent *events, int limit, char *problem, size_t size)
{
	if (strcmp(in->path, "events") != 0 && strcmp(in->path, "status") != 0)
	{
		snprintf(problem, size, "no such path");
		return -1;
	}
	return pt_gateway_events(in->body, in->body_len, events, limit, problem, size);
}

/* PtEngineAdapter.release */
static void
gateway_release(PtEngine *engine)
{
	free(engine->state);
	engine->state = NULL;
}

/* Says what is wrong with a setting; always false. */
static bool
wrong(const char *setting, const char *what, char *problem, size_t size)
{
	snprintf(problem, size, "the setting %s %s", setting, what);
	return false;
}

/* PtEngineAdapter.configure */
static bool
gateway_configure(PtEngine *engine, char *problem, size_t size)
{
	static const char *const known[] = {"url", "callback_url", "auth", "ca_file", NULL};
	const char *unknown = pt_engine_unknown_setting(engine, known);
	const char *auth = pt_engine_setting(engine, "auth");
	const char *what;
	GatewayState *state = calloc(1, sizeof(GatewayState));
	size_t		len;

	engine->state = state;
	if (state == NULL)
	{
		snprintf(problem, size, "out of memory");
		return false;
	}
	if (unknown != NULL)
	{
		snprintf(problem, size, "there is no setting \"%.40s\"", unknown);
		return false;
	}
	if ((what = pt_engine_url_problem(engine, "url", true)) != NULL)
		return wrong("url", what, problem, size);
	if ((what = pt_engine_url_problem(engine, "callback_url", true)) != NULL)
		return wrong("callback_url", what, problem, size);
	len = strlen(pt_engine_setting(engine, "url"));
	while (pt_engine_setting(engine, "url")[len - 1] == '/')
		len--;
	snprintf(state->base, sizeof(state->base), "%.*s", (int) len, pt_engine_setting(engine, "url"));
	if (auth == NULL)
		auth = pt_engine_setting(engine, "password") == NULL ? "none" : pt_engine_setting(engine, "username") != NULL ? "basic" : "bearer";
	return pt_engine_authorization(engine, auth, state->authorization, sizeof(state->authorization), problem, size);
}

const PtEngineAdapter pt_engine_gateway = {
	.name = "gateway",
	.configure = gateway_configure,
	.release = gateway_release,
	.build = gateway_build,
	.classify = gateway_classify,
	.read_events = gateway_read,
};
