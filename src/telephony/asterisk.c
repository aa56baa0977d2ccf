/*
 * asterisk.c
 *	  Adapter for Asterisk (20 and later): its REST interface (ARI) and the dialplan of
 *	  docs/asterisk.
 *
 * A call is originated straight to its channel, whose id is the call's, with all that
 * the dialplan must know in channel variables and a hangup handler that tells the end.
 * What is told to a call that waits for an agent is written to a shared variable of its
 * channel.  So there are no sessions and no websocket: each request stands alone.
 *
 * Core: no PostgreSQL header.
 *
 * Libraries: libcurl
 */
#include "telephony/asterisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/json.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define SECRET_CHARS NAME_CHARS "~"
#define HANGUP_CAUSE 16			/* normal call clearing: an unanswered call is cancelled */

typedef struct AstState
{
	AstSettings settings;
	char		authorization[1024];
	const char *headers[2];
	const char *ca_file;
	char		url[2 * PT_ENGINE_URL_MAX]; /* of the request that was built last, as the rest here */
	char		body[8 * AST_STEPS_MAX];
	AstSteps	steps;
} AstState;

/* Is text short and made of these characters alone? */
static bool
plain(const char *text, const char *chars)
{
	return text != NULL && text[0] != '\0' && strlen(text) <= AST_SETTING_MAX && text[strspn(text, chars)] == '\0';
}

/* A setting, or what counts without it. */
static const char *
setting_or(const PtEngine *engine, const char *key, const char *otherwise)
{
	const char *value = pt_engine_setting(engine, key);

	return value != NULL ? value : otherwise;
}

/* May the text stand in a dial string, but for the word in braces? */
static bool
plain_template(const char *text, const char *word)
{
	const char *at = strstr(text, word);
	char		rest[2 * AST_SETTING_MAX];

	if (strlen(text) > AST_SETTING_MAX)
		return false;
	snprintf(rest, sizeof(rest), "%.*s%s", at == NULL ? 0 : (int) (at - text), text, at == NULL ? text : at + strlen(word));
	return rest[0] == '\0' ? at != NULL : plain(rest, NAME_CHARS "/@");
}

/* Says what is wrong with the settings that come into dialplan or dial strings; NULL: nothing. */
static const char *
check_words(const PtEngine *engine)
{
	const char *prefix = setting_or(engine, "prefix", "");

	if (!plain(pt_engine_setting(engine, "secret"), SECRET_CHARS))
		return "the callback secret is missing or has other characters than letters, digits and . _ ~ -";
	if (!plain(setting_or(engine, "context", "portatext"), NAME_CHARS))
		return "the setting context is not the name of a context";
	if (!plain_template(setting_or(engine, "endpoint", "portatext"), "{trunk}"))
		return "the setting endpoint is not the name of an endpoint, in which {trunk} stands for the trunk's name";
	if (!plain_template(setting_or(engine, "agent", "none"), "{agent}"))
		return "the setting agent is not a dial string in which {agent} stands for the agent's name";
	if (strlen(prefix) > 20 || prefix[strspn(prefix, "0123456789")] != '\0')
		return "the setting prefix is not a few digits";
	if (strcmp(setting_or(engine, "plus", "true"), "true") != 0 && strcmp(setting_or(engine, "plus", "true"), "false") != 0)
		return "the setting plus is neither true nor false";
	if (strcmp(setting_or(engine, "say", "true"), "true") != 0 && strcmp(setting_or(engine, "say", "true"), "false") != 0)
		return "the setting say is neither true nor false";
	return NULL;
}

/* Are all settings there and sound? */
static bool
check_settings(const PtEngine *engine, char *problem, size_t size)
{
	static const char *const known[] = {"url", "callback_url", "context", "endpoint", "agent", "prefix", "plus", "say",
	"ca_file", NULL};
	const char *unknown = pt_engine_unknown_setting(engine, known);
	const char *what = check_words(engine);

	if (unknown != NULL)
		snprintf(problem, size, "there is no setting \"%.40s\"", unknown);
	else if (what != NULL)
		snprintf(problem, size, "%s", what);
	else if ((what = pt_engine_url_problem(engine, "url", true)) != NULL)
		snprintf(problem, size, "the setting url %s", what);
	else if ((what = pt_engine_url_problem(engine, "callback_url", true)) != NULL)
		snprintf(problem, size, "the setting callback_url %s", what);
	else
		return true;
	return false;
}

/* Fills the state from settings that are sound; false: problem says why not. */
static bool
fill_state(const PtEngine *engine, AstState *state, char *problem, size_t size)
{
	AstSettings *s = &state->settings;
	size_t		len;

	s->url = pt_engine_setting(engine, "url");
	len = strlen(s->url);
	s->url_len = len > 0 && s->url[len - 1] == '/' ? (int) len - 1 : (int) len;
	s->context = setting_or(engine, "context", "portatext");
	s->endpoint = setting_or(engine, "endpoint", "portatext");
	s->agent = pt_engine_setting(engine, "agent");
	s->prefix = setting_or(engine, "prefix", "");
	s->plus = strcmp(setting_or(engine, "plus", "true"), "true") == 0;
	s->say = strcmp(setting_or(engine, "say", "false"), "true") == 0;
	state->ca_file = pt_engine_setting(engine, "ca_file");
	state->headers[0] = state->authorization;
	return pt_engine_authorization(engine, "basic", state->authorization, sizeof(state->authorization), problem, size);
}

/* PtEngineAdapter.configure */
static bool
asterisk_configure(PtEngine *engine, char *problem, size_t size)
{
	if (!check_settings(engine, problem, size))
		return false;
	engine->state = calloc(1, sizeof(AstState));
	if (engine->state == NULL)
	{
		snprintf(problem, size, "out of memory");
		return false;
	}
	return fill_state(engine, engine->state, problem, size);
}

/* PtEngineAdapter.release */
static void
asterisk_release(PtEngine *engine)
{
	free(engine->state);
	engine->state = NULL;
}

/* Appends a JSON string. */
static void
add_json(PtBuffer *out, const char *text)
{
	pt_buffer_add(out, "\"");
	pt_buffer_add_json(out, text, strlen(text));
	pt_buffer_add(out, "\"");
}

/* Appends a member whose value is a string, a comma before it. */
static void
add_member(PtBuffer *out, const char *name, const char *value)
{
	pt_buffer_add(out, ",");
	add_json(out, name);
	pt_buffer_add(out, ":");
	add_json(out, value);
}

/*
 * Variables that say where events go and where sounds are: name and secret apart from
 * the events' address, which Asterisk writes to its log, but within the sounds' one,
 * for whose player there is no other way.
 */
static void
add_addresses(PtBuffer *out, const PtEngine *engine, const PtCallOrder *order)
{
	const char *host = strstr(order->sounds_url, "://");
	int			scheme = host == NULL ? 0 : (int) (host - order->sounds_url) + 3;
	char		login[2 * AST_SETTING_MAX];
	char		sounds[2 * PT_ENGINE_URL_MAX];

	snprintf(login, sizeof(login), "%s:%s", engine->name, pt_engine_setting(engine, "secret"));
	snprintf(sounds, sizeof(sounds), "%.*s%s@%s", scheme, order->sounds_url, login, order->sounds_url + scheme);
	add_member(out, "__PT_URL", order->events_url);
	add_member(out, "__PT_LOGIN", login);
	add_member(out, "PT_SOUNDS", sounds);
}

/* The nine settings as the arguments of AMD(), in the order of its manual. */
static void
add_amd(PtBuffer *out, const PtAmd *amd)
{
	char		text[128];

	snprintf(text, sizeof(text), "%d,%d,%d,%d,%d,%d,%d,%d,%d", amd->initial_silence, amd->max_greeting_length,
			 amd->after_greeting_silence, amd->total_time, amd->min_word_length, amd->between_words_silence,
			 amd->max_words, amd->silence_threshold, amd->max_word_length);
	add_member(out, "PT_AMD", text);
}

/* The channel variables; the first one has the hangup handler, which must be there before anything can happen. */
static void
add_variables(PtBuffer *out, const PtEngine *engine, const PtCallOrder *order, const AstSteps *steps)
{
	const AstState *state = engine->state;
	char		handler[AST_SETTING_MAX + 16];
	char		seconds[16];

	snprintf(handler, sizeof(handler), "%s-end,s,1", state->settings.context);
	pt_buffer_add(out, ",\"variables\":{\"CHANNEL(hangup_handler_push)\":");
	add_json(out, handler);
	add_member(out, "__PT_ID", order->call_id);
	add_addresses(out, engine, order);
	snprintf(seconds, sizeof(seconds), "%d", order->max_duration_s);
	add_member(out, "PT_MAX", seconds);
	if (order->amd != NULL)
		add_amd(out, order->amd);
	for (int i = 0; i < PT_FLOW_PARTS; i++)
	{
		if (steps->part[i][0] != '\0')
			add_member(out, pt_asterisk_variables[i], steps->part[i]);
	}
	pt_buffer_add(out, "}}");
}

/* Fills a request to the path, with the body if there is one. */
static bool
request_of(PtEngine *engine, const char *method, const char *path, const PtBuffer *body, PtHttpRequest *request)
{
	AstState   *state = engine->state;
	int			len = snprintf(state->url, sizeof(state->url), "%.*s/ari/%s", state->settings.url_len,
						   state->settings.url, path);

	memset(request, 0, sizeof(*request));
	request->method = method;
	request->url = state->url;
	request->headers = state->headers;
	request->ca_file = state->ca_file;
	request->timeout_ms = engine->timeout_ms;
	if (body != NULL)
	{
		request->body = body->data;
		request->body_len = body->len;
		request->content_type = "application/json";
	}
	return len < (int) sizeof(state->url) && (body == NULL || !body->overflow);
}

/* POST channels: leg A.  A timeout in quotation marks would be taken for none: 30 seconds. */
static bool
build_originate(PtEngine *engine, const PtCallOrder *order, PtHttpRequest *request)
{
	AstState   *state = engine->state;
	AstRoute	route = {order->trunk, order->trunk_address};
	char		dial[AST_DIAL_MAX];
	char		timeout[48];
	PtBuffer	endpoint;
	PtBuffer	body;

	pt_buffer_init(&endpoint, dial, sizeof(dial));
	pt_buffer_init(&body, state->body, sizeof(state->body));
	if (!pt_asterisk_dial(&state->settings, &route, order->to, &endpoint) ||
		!pt_asterisk_steps(&state->settings, order, order->flow, &state->steps) ||
		(order->from[0] != '\0' && !plain(order->from + (order->from[0] == '+'), "0123456789")))
		return false;
	pt_buffer_add(&body, "{\"endpoint\":");
	add_json(&body, dial);
	add_member(&body, "channelId", order->call_id);
	add_member(&body, "context", state->settings.context);
	add_member(&body, "extension", "s");
	if (order->from[0] != '\0')
		add_member(&body, "callerId", state->settings.plus ? order->from : order->from + (order->from[0] == '+'));
	snprintf(timeout, sizeof(timeout), ",\"priority\":1,\"timeout\":%d", order->dial_timeout_s);
	pt_buffer_add(&body, timeout);
	add_variables(&body, engine, order, &state->steps);
	return request_of(engine, "POST", "channels", &body, request);
}

/* POST asterisk/variable: what a call that waits for an agent is to do now. */
static bool
build_order(PtEngine *engine, const PtCallOrder *order, const char *value, PtHttpRequest *request)
{
	AstState   *state = engine->state;
	char		variable[64];
	PtBuffer	body;

	pt_buffer_init(&body, state->body, sizeof(state->body));
	snprintf(variable, sizeof(variable), "SHARED(PT_ORDER,%s)", order->call_id);
	pt_buffer_add(&body, "{\"variable\":");
	add_json(&body, variable);
	add_member(&body, "value", value);
	pt_buffer_add(&body, "}");
	return request_of(engine, "POST", "asterisk/variable", &body, request);
}

/* CONNECT: the step that dials the agent. */
static bool
build_connect(PtEngine *engine, const PtCallOrder *order, PtHttpRequest *request)
{
	AstState   *state = engine->state;
	bool		same = order->connect_trunk == NULL || order->connect_trunk[0] == '\0';
	AstRoute	route = {same ? order->trunk : order->connect_trunk,
	same ? order->trunk_address : order->connect_trunk_address};
	const char *from = order->connect_from != NULL && order->connect_from[0] != '\0' ? order->connect_from : order->from;
	char		step[AST_STEPS_MAX];
	PtBuffer	text;

	pt_buffer_init(&text, step, sizeof(step));
	return pt_asterisk_forward(&state->settings, &route, order->connect_to, from, order->connect_timeout_s, &text) &&
		build_order(engine, order, step, request);
}

/* ABANDON: "abandon" and the steps of the flow, which has no AMD. */
static bool
build_abandon(PtEngine *engine, const PtCallOrder *order, PtHttpRequest *request)
{
	AstState   *state = engine->state;
	char		value[AST_STEPS_MAX + 16] = "abandon";

	if (order->abandon_flow != NULL)
	{
		if (!pt_asterisk_steps(&state->settings, order, order->abandon_flow, &state->steps))
			return false;
		snprintf(value, sizeof(value), "abandon~%s", state->steps.part[PT_FLOW_MAIN]);
	}
	return build_order(engine, order, value, request);
}

/* PtEngineAdapter.build */
static bool
asterisk_build(PtEngine *engine, PtCallOp op, const PtCallOrder *order, PtHttpRequest *request)
{
	char		path[96];

	/* A UUID: nothing that means anything in a path or to a dialplan. */
	if (op != PT_ENGINE_TEST && !plain(order->call_id, "0123456789abcdefABCDEF-"))
		return false;
	switch (op)
	{
		case PT_CALL_ORIGINATE:
			return build_originate(engine, order, request);
		case PT_CALL_CONNECT:
			return build_connect(engine, order, request);
		case PT_CALL_ABANDON:
			return build_abandon(engine, order, request);
		case PT_CALL_HANG_UP:
			snprintf(path, sizeof(path), "channels/%.40s?reason_code=%d", order->call_id, HANGUP_CAUSE);
			return request_of(engine, "DELETE", path, NULL, request);
		case PT_CALL_STATUS:
			snprintf(path, sizeof(path), "channels/%.40s", order->call_id);
			return request_of(engine, NULL, path, NULL, request);
		case PT_ENGINE_TEST:
			return request_of(engine, NULL, "asterisk/info", NULL, request);
	}
	return false;
}

/*
 * What an HTTP status means.  Asterisk's own refusals are certain that nothing was placed;
 * 404 without its words comes from somebody else, or from an address that is wrong.
 */
static PtCallAnswerClass
class_of(PtCallOp op, long status, const char *body)
{
	if (status < 300)
		return PT_CALL_ACCEPTED;
	if (status == 404)
		return op != PT_CALL_ORIGINATE && strstr(body, "hannel not found") != NULL ? PT_CALL_NOT_THERE : PT_CALL_FAILED;
	if (status == 409 && op == PT_CALL_ORIGINATE)
		return PT_CALL_ACCEPTED;
	if (status == 429 || status == 503)
		return PT_CALL_NO_CAPACITY;
	if (status == 400 || status == 422)
		return PT_CALL_REFUSED;
	if (status == 500 && strstr(body, "llocation failed") != NULL)
		return PT_CALL_FAILED;
	return status >= 500 || status == 408 ? PT_CALL_UNCLEAR : PT_CALL_FAILED;
}

/* PtEngineAdapter.classify */
static void
asterisk_classify(PtEngine *engine, PtCallOp op, const PtHttpResult *result, PtCallAnswer *answer)
{
	const char *body = result->body != NULL ? result->body : "";
	char		code[24];
	PtJson	   *json;
	const char *text;

	if (pt_call_answer_none(engine, result, answer))
		return;
	snprintf(code, sizeof(code), "%ld", result->status);
	pt_call_answer_set(answer, class_of(op, result->status, body), code);
	answer->retry_after = result->retry_after;
	json = pt_json_parse(body, result->body_len);
	text = json != NULL ? pt_json_text(json, 0, op == PT_ENGINE_TEST ? "system.version" : "message") : NULL;
	if (text == NULL && json != NULL)
		text = pt_json_text(json, 0, "error");
	if (answer->class != PT_CALL_ACCEPTED || op == PT_ENGINE_TEST)
		pt_call_answer_say(engine, answer, text != NULL ? text : body);
	pt_json_free(json);
}

const PtEngineAdapter pt_engine_asterisk = {
	.name = "asterisk",
	.configure = asterisk_configure,
	.release = asterisk_release,
	.build = asterisk_build,
	.classify = asterisk_classify,
	.read_events = pt_asterisk_read_events,
};
