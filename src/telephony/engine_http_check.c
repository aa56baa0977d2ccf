/*
 * engine_http_check.c
 *	  The adapter http: its settings are read and checked when an engine is set up,
 *	  so that no call meets a mistake in them.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/engine_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const known[] = {
	"template", "documentation", "callback_url", "ca_file", "auth", "format", "ops", "classes", "id_path", "code_path",
	"text_path", "amd_word", "event_ref", "event_call", "event_kind", "event_kinds", "event_causes", "event_seq",
	"event_at", "event_sip", "event_q850", "event_amd", "event_amds", "event_digits", "event_duration", "event_dialled",
	"dialled_word", "status_ref", "status_kind", "status_at", "status_amd", "status_duration", "status_sip",
	"signature", "signature_key", "signature_header", "signed", "timestamp_header", "nonce_header", NULL
};

/* In the order of PtCallOp. */
static const char *const op_names[PT_ENGINE_OPS] = {"originate", "connect", "abandon", "hang_up", "status", "test"};

/* What is checked, and where it is said what is wrong. */
typedef struct Check
{
	PtEngine   *engine;
	PtEngineHttp *state;
	char	   *problem;
	size_t		size;
} Check;

/* Is the name (len octets) in the list? */
static bool
in_list(const char *name, size_t len, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++)
	{
		if (strlen(list[i]) == len && memcmp(list[i], name, len) == 0)
			return true;
	}
	return false;
}

bool
pt_engine_http_known(const char *name, size_t len)
{
	return in_list(name, len, known);
}

/* Says what is wrong with a setting; always false. */
static bool
wrong(const Check *check, const char *setting, const char *what)
{
	snprintf(check->problem, check->size, "the setting %.40s %s", setting, what);
	return false;
}

/* A setting; NULL: not set. */
static const char *
get(const Check *check, const char *setting)
{
	return pt_engine_setting(check->engine, setting);
}

/* A setting that is an object; json stays NULL where it is not set. */
static bool
get_object(const Check *check, const char *setting, PtJson **json)
{
	const char *value = get(check, setting);

	*json = NULL;
	if (value == NULL)
		return true;
	*json = pt_json_parse(value, strlen(value));
	return (*json != NULL && (*json)->values[0].kind == PT_JSON_OBJECT) || wrong(check, setting, "is no object");
}

/* Was there a template of the name that is set? */
static bool
check_template(const Check *check)
{
	if (get(check, "template") != NULL && get(check, "documentation") == NULL)
	{
		snprintf(check->problem, check->size, "there is no template \"%.40s\"; portatext.shipped_engine_template lists them",
				 get(check, "template"));
		return false;
	}
	return true;
}

/* Does each setting have a meaning? */
static bool
check_names(const Check *check)
{
	char		slot[80];

	for (int i = 0; i < check->engine->n_settings; i++)
	{
		const char *key = check->engine->settings[i].key;

		snprintf(slot, sizeof(slot), "{%.60s}", key);
		if (strcmp(key, "username") == 0 || strcmp(key, "password") == 0 || strcmp(key, "secret") == 0 ||
			pt_engine_http_known(key, strlen(key)) || (get(check, "ops") != NULL && strstr(get(check, "ops"), slot) != NULL))
			continue;
		snprintf(check->problem, check->size, "there is no setting \"%.40s\", and no placeholder uses it", key);
		return false;
	}
	return true;
}

/* Are all strings of the requests sound templates? */
static bool
check_templates(const Check *check)
{
	PtEngineSlots context = {check->engine, PT_CALL_ORIGINATE, NULL, ""};
	PtSlots		slots = {pt_engine_http_slot, &context};
	char		what[160] = "";

	for (int i = 0; i < check->state->ops->count; i++)
	{
		const PtJsonValue *value = &check->state->ops->values[i];

		if (value->kind == PT_JSON_TEXT && !pt_http_template_check(value->text, &slots, what, sizeof(what)))
		{
			snprintf(check->problem, check->size, "in the setting ops %s", what);
			return false;
		}
	}
	return true;
}

/* The place of a member of an object of the tree; 0: there is none. */
static int
member_at(const PtJson *json, int at, const char *name)
{
	for (int i = json->values[at].first; i != 0; i = json->values[i].next)
	{
		if (strcmp(json->values[i].name, name) == 0)
			return i;
	}
	return 0;
}

/* Reads one request's template. */
static bool
check_op(const Check *check, int at, PtEngineRequest *request)
{
	static const char *const members[] = {"method", "url", "headers", "body", NULL};
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", NULL};
	const PtJson *ops = check->state->ops;
	const char *format = get(check, "format");

	if (ops->values[at].kind != PT_JSON_OBJECT)
		return wrong(check, "ops", "has a member that is no object");
	for (int i = ops->values[at].first; i != 0; i = ops->values[i].next)
	{
		if (!in_list(ops->values[i].name, strlen(ops->values[i].name), members))
			return wrong(check, "ops", "has a request with something other than method, url, headers and body");
	}
	request->method = pt_json_text(ops, at, "method");
	request->url = pt_json_text(ops, at, "url");
	request->headers = member_at(ops, at, "headers");
	request->body = member_at(ops, at, "body");
	request->form = format != NULL && strcmp(format, "form") == 0;
	if (request->method != NULL && !in_list(request->method, strlen(request->method), methods))
		return wrong(check, "ops", "has a method that is none of GET, POST, PUT, DELETE");
	if (request->url == NULL)
		return wrong(check, "ops", "has a request without url");
	if ((request->headers != 0 && ops->values[request->headers].kind != PT_JSON_OBJECT) ||
		(request->body != 0 && ops->values[request->body].kind != PT_JSON_OBJECT))
		return wrong(check, "ops", "has headers or a body that are no object");
	return true;
}

/* Reads all requests' templates. */
static bool
check_ops(const Check *check)
{
	PtEngineHttp *s = check->state;
	const char *format = get(check, "format");

	if (format != NULL && strcmp(format, "form") != 0 && strcmp(format, "json") != 0)
		return wrong(check, "format", "is neither json nor form");
	if (!get_object(check, "ops", &s->ops))
		return false;
	if (s->ops == NULL)
		return wrong(check, "ops", "is missing");
	for (int i = s->ops->values[0].first; i != 0; i = s->ops->values[i].next)
	{
		int			op = 0;

		while (op < PT_ENGINE_OPS && strcmp(op_names[op], s->ops->values[i].name) != 0)
			op++;
		if (op == PT_ENGINE_OPS)
			return wrong(check, "ops", "has a request that is none of originate, connect, abandon, hang_up, status, test");
		if (!check_op(check, i, &s->requests[op]))
			return false;
	}
	if (s->requests[PT_CALL_ORIGINATE].url == NULL || s->requests[PT_CALL_HANG_UP].url == NULL)
		return wrong(check, "ops", "needs originate and hang_up");
	return check_templates(check);
}

/* Is a cause as it may be: a number, or the word sip, and what else is known? */
static bool
cause_fits(const char *text)
{
	size_t		digits = strspn(text, "0123456789");
	const char *rest = text + (strncmp(text, "sip", 3) == 0 ? 3 : digits);

	return ((digits > 0 && digits <= 3 && atoi(text) <= 127) || (digits == 0 && rest != text)) &&
		(rest[0] == '\0' || strcmp(rest, " alerted") == 0 || strcmp(rest, " answered") == 0);
}

/* Does the word fit the setting that maps to it? */
static bool
word_fits(const char *setting, const char *word)
{
	static const char *const verdicts[] = {"HUMAN", "MACHINE", "NOTSURE", "HANGUP", NULL};
	PtCallEventKind kind;
	PtCallAnswerClass class;

	if (strcmp(setting, "classes") == 0)
		return pt_call_answer_find(word, &class);
	if (strcmp(setting, "event_kinds") == 0)
		return pt_call_event_find(word, &kind);
	if (strcmp(setting, "event_causes") == 0)
		return cause_fits(word);
	return in_list(word, strlen(word), verdicts);
}

/* Reads a map from the engine's words to ours. */
static bool
check_map(const Check *check, const char *setting, const char *what, PtJson **map)
{
	if (!get_object(check, setting, map))
		return false;
	for (int i = *map != NULL ? (*map)->values[0].first : 0; i != 0; i = (*map)->values[i].next)
	{
		if ((*map)->values[i].text == NULL || !word_fits(setting, (*map)->values[i].text))
			return wrong(check, setting, what);
	}
	return true;
}

/* Reads all maps, and whether callbacks can be read by them. */
static bool
check_maps(const Check *check)
{
	PtEngineHttp *s = check->state;

	if (!check_map(check, "classes", "has a word that is none of accepted, not_there, no_capacity, failed, refused, unclear",
				   &s->classes) ||
		!check_map(check, "event_kinds", "has a word that is no kind of event", &s->kinds) ||
		!check_map(check, "event_causes", "has a value that is neither a cause (0 to 127) nor sip, with alerted or answered behind it",
				   &s->causes) ||
		!check_map(check, "event_amds", "has a word that is none of HUMAN, MACHINE, NOTSURE, HANGUP", &s->amds))
		return false;
	if (get(check, "event_kind") == NULL || s->kinds == NULL)
		return wrong(check, "event_kind", "and event_kinds are missing: they say what callbacks tell");
	if (get(check, "event_call") == NULL && get(check, "event_ref") == NULL && strstr(get(check, "ops"), "call={call_id}") == NULL)
		return wrong(check, "event_ref", "or event_call is missing: they say whose callbacks they are");
	return true;
}

/* How callbacks are signed, and with which key. */
static bool
check_signature(const Check *check)
{
	PtSignedRule *rule = &check->state->rule;
	PtSlots		slots = {pt_signed_slot, NULL};
	const char *name = get(check, "signature");
	const char *key = get(check, "signature_key");
	char		what[160];

	if (!pt_signature_find(name != NULL ? name : "secret", &rule->scheme))
		return wrong(check, "signature", "is none of secret, hmac-sha1, hmac-sha256, ed25519, jwt-hs256");
	if (rule->scheme == PT_SIGNATURE_SECRET)
		return true;
	if (key != NULL && strcmp(key, "password") != 0 && strcmp(key, "callback_secret") != 0)
		return wrong(check, "signature_key", "is neither callback_secret nor password");
	rule->key = get(check, key != NULL && strcmp(key, "password") == 0 ? "password" : "secret");
	rule->text = get(check, "signed");
	rule->header = get(check, "signature_header");
	rule->timestamp_header = get(check, "timestamp_header");
	rule->nonce_header = get(check, "nonce_header");
	rule->base = check->state->base;
	if (!pt_signature_key_valid(rule->scheme, rule->key))
		return wrong(check, "signature", "has no key that fits it");
	if (rule->scheme == PT_SIGNATURE_JWT_HS256)
		return true;
	if (rule->text == NULL || rule->header == NULL)
		return wrong(check, "signature", "needs signed and signature_header");
	if (!pt_http_template_check(rule->text, &slots, what, sizeof(what)))
	{
		snprintf(check->problem, check->size, "in the setting signed %s", what);
		return false;
	}
	return true;
}

/* Where the engine calls back. */
static bool
check_callback(const Check *check)
{
	PtEngineHttp *s = check->state;
	const char *what = pt_engine_url_problem(check->engine, "callback_url", true);
	const char *url = get(check, "callback_url");
	size_t		len;

	if (what != NULL)
		return wrong(check, "callback_url", what);
	len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	snprintf(s->base, sizeof(s->base), "%.*s", (int) len, url);
	pt_engine_callback_urls(check->engine, s->events_url, s->sounds_url, sizeof(s->events_url));
	return s->events_url[0] != '\0' || wrong(check, "callback_url", "is too long");
}

/* Can a call like any other be turned into requests? */
static bool
check_requests(const Check *check)
{
	static const PtAmd amd = {2500, 1500, 800, 5000, 100, 50, 2, 256, 5000};
	PtCallOrder order = {.call_id = "00000000-0000-7000-8000-000000000000",.engine_ref = "ref",.from = "+12025550100",
		.to = "+12025550101",.trunk = "trunk",.trunk_address = "192.0.2.1",.dial_timeout_s = 30,.max_duration_s = 3600,
		.flow = "[{\"forward\":{\"team\":true}}]",.amd = &amd,.events_url = check->state->events_url,
		.sounds_url = check->state->sounds_url,.campaign_id = 1,.iteration = 1,.connect_to = "+12025550102",
		.connect_trunk = "",.connect_trunk_address = "",.connect_from = "",.connect_timeout_s = 15,.reason = "cancelled"
	};
	PtHttpRequest request;

	for (int op = 0; op < PT_ENGINE_OPS; op++)
	{
		if (check->state->requests[op].url == NULL)
			continue;
		if (!pt_engine_http_build(check->engine, (PtCallOp) op, &order, &request) || !pt_http_url_valid(request.url))
		{
			snprintf(check->problem, check->size, "the request %s of the setting ops makes none that could be sent", op_names[op]);
			return false;
		}
	}
	return true;
}

/* Room for requests; false: no memory. */
static bool
make_room(PtEngineHttp *state)
{
	state->url = malloc(PT_ENGINE_TEXT_SIZE);
	state->headers = malloc(PT_ENGINE_TEXT_SIZE);
	state->twiml = malloc(PT_ENGINE_TEXT_SIZE);
	state->body = malloc(PT_ENGINE_BODY_SIZE);
	return state->url != NULL && state->headers != NULL && state->twiml != NULL && state->body != NULL;
}

/* PtEngineAdapter.configure */
bool
pt_engine_http_configure(PtEngine *engine, char *problem, size_t size)
{
	PtEngineHttp *state = calloc(1, sizeof(PtEngineHttp));
	Check		check = {engine, state, problem, size};
	const char *auth;

	engine->state = state;
	if (state == NULL || !make_room(state))
	{
		snprintf(problem, size, "out of memory");
		return false;
	}
	auth = get(&check, "auth");
	return check_template(&check) && check_callback(&check) && check_ops(&check) && check_names(&check) && check_maps(&check) &&
		pt_engine_authorization(engine, auth != NULL ? auth : "none", state->authorization, sizeof(state->authorization),
								problem, size) &&
		check_signature(&check) && check_requests(&check);
}

/* PtEngineAdapter.release */
void
pt_engine_http_release(PtEngine *engine)
{
	PtEngineHttp *state = engine->state;

	if (state == NULL)
		return;
	pt_json_free(state->ops);
	pt_json_free(state->classes);
	pt_json_free(state->kinds);
	pt_json_free(state->causes);
	pt_json_free(state->amds);
	free(state->url);
	free(state->headers);
	free(state->twiml);
	free(state->body);
	free(state);
	engine->state = NULL;
}
