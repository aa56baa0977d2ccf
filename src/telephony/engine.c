/*
 * engine.c
 *	  The list of engine adapters, settings by key, and what adapters share: their
 *	  addresses, credentials and answers.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/engine.h"

#include <stdio.h>
#include <string.h>

#include "carrier/signature.h"
#include "worker/http_util.h"

#define CREDENTIALS_MAX 512

static const PtEngineAdapter *const adapters[] = {
	&pt_engine_asterisk,
	&pt_engine_gateway,
	&pt_engine_http,
	&pt_engine_loopback,
	NULL
};

/* In the order of PtCallEventKind. */
static const char *const kind_names[PT_EVENT_KINDS] = {
	"placed", "ringing", "answered", "amd", "digits", "waiting", "ended"
};

/* Settings that only operators may read. */
static const char *const secrets[] = {"password", "secret", NULL};

const PtEngineAdapter *
pt_engine_adapter_at(int i)
{
	return adapters[i];
}

const PtEngineAdapter *
pt_engine_adapter_find(const char *name)
{
	for (int i = 0; adapters[i] != NULL; i++)
	{
		if (strcmp(adapters[i]->name, name) == 0)
			return adapters[i];
	}
	return NULL;
}

const char *
pt_engine_setting(const PtEngine *engine, const char *key)
{
	for (int i = 0; i < engine->n_settings; i++)
	{
		if (strcmp(engine->settings[i].key, key) == 0)
			return engine->settings[i].value;
	}
	return NULL;
}

/* Is key in the NULL-terminated list? */
static bool
in_list(const char *key, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++)
	{
		if (strcmp(list[i], key) == 0)
			return true;
	}
	return false;
}

const char *
pt_engine_unknown_setting(const PtEngine *engine, const char *const *known)
{
	for (int i = 0; i < engine->n_settings; i++)
	{
		const char *key = engine->settings[i].key;

		if (strcmp(key, "username") != 0 && !in_list(key, secrets) && !in_list(key, known))
			return key;
	}
	return NULL;
}

void
pt_engine_callback_urls(const PtEngine *engine, char *events, char *sounds, size_t size)
{
	const char *base = pt_engine_setting(engine, "callback_url");
	size_t		len = base != NULL ? strlen(base) : 0;

	events[0] = sounds[0] = '\0';
	while (len > 0 && base[len - 1] == '/')
		len--;
	if (len == 0 || len + strlen(engine->name) + 32 > size)
		return;
	snprintf(events, size, "%.*s/engine/%s/events", (int) len, base, engine->name);
	snprintf(sounds, size, "%.*s/engine/%s/sound/", (int) len, base, engine->name);
}

const char *
pt_engine_url_problem(const PtEngine *engine, const char *key, bool required)
{
	const char *url = pt_engine_setting(engine, key);

	if (url == NULL || url[0] == '\0')
		return required ? "is missing" : NULL;
	if (strlen(url) > PT_ENGINE_URL_MAX || !pt_http_url_valid(url) || strpbrk(url, "?#") != NULL)
		return "is not an http or https address without user, query and fragment";
	return NULL;
}

bool
pt_engine_authorization(const PtEngine *engine, const char *auth, char *line, size_t size,
						char *problem, size_t problem_size)
{
	const char *username = pt_engine_setting(engine, "username");
	const char *password = pt_engine_setting(engine, "password");
	bool		basic = strcmp(auth, "basic") == 0;
	char		pair[CREDENTIALS_MAX];
	char		encoded[CREDENTIALS_MAX * 4 / 3 + 8];

	line[0] = '\0';
	if (strcmp(auth, "none") == 0)
		return true;
	if (!basic && strcmp(auth, "bearer") != 0)
		snprintf(problem, problem_size, "the setting auth is neither basic, bearer nor none");
	else if (password == NULL || password[0] == '\0' || (basic && (username == NULL || username[0] == '\0')))
		snprintf(problem, problem_size, "user name or password is missing");
	else if (strlen(password) + (username != NULL ? strlen(username) : 0) + 2 > sizeof(pair) || size < sizeof(encoded) + 32)
		snprintf(problem, problem_size, "user name or password is too long");
	else if (basic)
	{
		snprintf(pair, sizeof(pair), "%s:%s", username, password);
		pt_base64_encode((const unsigned char *) pair, strlen(pair), encoded);
		snprintf(line, size, "Authorization: Basic %s", encoded);
		return true;
	}
	else
	{
		snprintf(line, size, "Authorization: Bearer %s", password);
		return true;
	}
	return false;
}

void
pt_call_answer_set(PtCallAnswer *answer, PtCallAnswerClass class, const char *code)
{
	memset(answer, 0, sizeof(*answer));
	answer->class = class;
	answer->retry_after = -1;
	snprintf(answer->code, sizeof(answer->code), "%s", code);
}

void
pt_call_answer_say(const PtEngine *engine, PtCallAnswer *answer, const char *text)
{
	for (int i = 0; secrets[i] != NULL; i++)
	{
		if (pt_holds_secret(text, pt_engine_setting(engine, secrets[i])))
			return;
	}
	pt_printable_line(answer->text, sizeof(answer->text), text);
}

bool
pt_call_answer_none(const PtEngine *engine, const PtHttpResult *result, PtCallAnswer *answer)
{
	if (result->status > 0)
		return false;
	if (result->fate == PT_HTTP_NOT_SENT)
		pt_call_answer_set(answer, PT_CALL_FAILED, "not sent");
	else
		pt_call_answer_set(answer, PT_CALL_UNCLEAR, "unclear");
	pt_call_answer_say(engine, answer, result->problem != NULL ? result->problem : "no answer");
	return true;
}

const char *
pt_call_event_name(PtCallEventKind kind)
{
	return kind_names[kind];
}

bool
pt_call_event_find(const char *name, PtCallEventKind *kind)
{
	for (int i = 0; i < PT_EVENT_KINDS; i++)
	{
		if (strcmp(kind_names[i], name) == 0)
		{
			*kind = (PtCallEventKind) i;
			return true;
		}
	}
	return false;
}
