/*
 * receiver_engine.c
 *	  Telephony engines' requests to the receiver: /engine/<name>/events and the like,
 *	  and /engine/<name>/sound/<id>.  Nothing here may raise a PostgreSQL error.
 */
#include "worker/receiver_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/engine.h"
#include "worker/receiver_fields.h"

#define SOUND_DIGITS 18
#define PROBLEM_SIZE 160

/* A header of the request; NULL: it has none such. */
static const char *
header(PtRequest *r, const char *name)
{
	return pt_request_header(r, name);
}

/* Copies the query's value of this name, decoded; false: it is not there or too long. */
static bool
query_value(const PtRequest *r, const char *name, char *out, size_t size)
{
	size_t		len = strlen(name);

	for (const char *at = r->query; at != NULL; at = strchr(at, '&'))
	{
		at += *at == '&';
		if (strncmp(at, name, len) == 0 && at[len] == '=')
		{
			size_t		value = strcspn(at + len + 1, "&");

			if (value >= size)
				return false;
			memcpy(out, at + len + 1, value);
			out[value] = '\0';
			pt_form_decode(out);
			return true;
		}
	}
	return false;
}

/* Does the request carry the engine's secret: in its Authorization header, or as secret=... in its query? */
static unsigned
authorize(PtRequest *r, const PtReceiverEngine *engine)
{
	const char *given = header(r, "Authorization");
	char		secret[PT_SECRET_SIZE];

	if (given == NULL && !query_value(r, "secret", secret, sizeof(secret)))
		return UNAUTHORIZED;
	if (given != NULL && !pt_authorization_read(given, r->user, secret, sizeof(secret)))
		return FORBIDDEN;
	return pt_secret_equal(secret, engine->secret) ? 0 : FORBIDDEN;
}

/* The sound that the path sound/<id> names; 0: none. */
static int64_t
sound_of_path(const char *path)
{
	size_t		digits;

	if (strncmp(path, "sound/", 6) != 0)
		return 0;
	digits = strspn(path + 6, "0123456789");
	return digits > 0 && digits <= SOUND_DIGITS && path[6 + digits] == '\0' ? strtoll(path + 6, NULL, 10) : 0;
}

unsigned
pt_engine_request_admit(PtRequest *r, const PtReceiverEngine *engine)
{
	bool		sound = strncmp(r->engine_path, "sound/", 6) == 0;
	const PtEngine *e = engine->engine;

	r->callback.carrier_id = -1;
	r->callback.engine_id = engine->engine_id;
	if (e == NULL)
		return UNAVAILABLE;
	if (sound)
	{
		r->callback.sound_id = sound_of_path(r->engine_path);
		if (r->callback.sound_id == 0)
			return NOT_FOUND;
		return r->post ? NOT_ALLOWED : authorize(r, engine);
	}
	if (e->adapter->signature == NULL || e->adapter->signature(e) == NULL)
		return authorize(r, engine);
	r->unproven = true;
	return 0;
}

/* Who signed the callback?  0 or the status of an error. */
static unsigned
check_signature(PtRequest *r, const PtEngine *engine, long now)
{
	const PtSignedRule *rule = engine->adapter->signature != NULL ? engine->adapter->signature(engine) : NULL;
	const char *type = header(r, "Content-Type");
	bool		form = r->body != NULL && type != NULL && strncmp(type, "application/x-www-form-urlencoded", 33) == 0;
	PtCall		call = {.target = pt_request_target(r),.body = r->body,.body_len = r->body_len,
		.header = pt_request_header,.context = r,.now = now};

	if (rule == NULL)
		return r->unproven ? UNAVAILABLE : 0;
	if (form)
		r->data = pt_json_form(r->body, r->body_len);
	call.form = r->data;
	if (call.target == NULL || (form && r->data == NULL))
		return SERVER_ERROR;
	switch (pt_signed_trust(rule, &call))
	{
		case PT_CALL_TRUSTED:
			return 0;
		case PT_CALL_UNSIGNED:
			return UNAUTHORIZED;
		default:
			return FORBIDDEN;
	}
}

/* Keeps the events; 0 or the status of an error. */
static unsigned
read_events(PtRequest *r, PtEngine *engine, const PtEngineCallback *in)
{
	PtCallEvent *events = malloc(PT_CALL_EVENTS_MAX * sizeof(PtCallEvent));
	char		problem[PROBLEM_SIZE] = "malformed request";
	int			n;

	if (events == NULL)
		return SERVER_ERROR;
	n = engine->adapter->read_events(engine, in, events, PT_CALL_EVENTS_MAX, problem, sizeof(problem));
	if (n > 0)
	{
		r->callback.events = malloc((size_t) n * sizeof(PtCallEvent));
		if (r->callback.events != NULL)
			memcpy(r->callback.events, events, (size_t) n * sizeof(PtCallEvent));
		r->callback.n_events = r->callback.events != NULL ? n : 0;
		free(events);
		return r->callback.events != NULL ? 0 : SERVER_ERROR;
	}
	free(events);
	if (n == 0)
		return 0;
	free(r->answer);
	r->answer = strdup(problem);
	r->problem = r->answer != NULL ? r->answer : "malformed request";
	return BAD_REQUEST;
}

/* Keeps what the engine wants to be answered; 0 or the status of an error. */
static unsigned
keep_reply(PtRequest *r, PtEngine *engine, const PtEngineCallback *in)
{
	const char *type = "text/plain";
	const char *reply = engine->adapter->reply != NULL ? engine->adapter->reply(engine, in, &type) : NULL;

	if (reply == NULL)
		return 0;
	r->answer = strdup(reply);
	r->answer_type = strdup(type);
	return r->answer != NULL && r->answer_type != NULL ? 0 : SERVER_ERROR;
}

unsigned
pt_engine_request_read(PtRequest *r, const PtReceiverEngine *engine, long now)
{
	char		nothing[1] = "";
	PtEngineCallback in = {.method = r->post ? "POST" : "GET",.path = r->engine_path};
	unsigned	status;

	/* The engine may have changed since the headers came. */
	if (engine == NULL)
		return NOT_FOUND;
	if (engine->engine == NULL)
		return UNAVAILABLE;
	if (r->callback.sound_id != 0)
		return 0;
	status = check_signature(r, engine->engine, now);
	if (status != 0)
		return status;
	in.query = r->query != NULL ? r->query : nothing;
	in.content_type = header(r, "Content-Type") != NULL ? header(r, "Content-Type") : "";
	in.body = r->body != NULL ? r->body : nothing;
	in.body_len = r->body_len;
	status = keep_reply(r, engine->engine, &in);
	if (status == 0)
		status = read_events(r, engine->engine, &in);
	return status == 0 && r->callback.n_events == 0 ? OK : status;
}

bool
pt_etag_matches(const char *header, const char *etag)
{
	size_t		len = strlen(etag);

	while (header != NULL && *header != '\0')
	{
		header += strspn(header, " \t,");
		if (*header == '*')
			return true;
		if (strncmp(header, "W/", 2) == 0)
			header += 2;
		if (strncmp(header, etag, len) == 0 && strchr(", \t", header[len]) != NULL)
			return true;
		header += strcspn(header, ",");
	}
	return false;
}
