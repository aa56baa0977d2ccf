/*
 * gateway_event.c
 *	  Events of calls as the JSON contract of docs/engines.md has them.
 *
 * An array is taken apart before its elements are read, so that its length is not
 * that of a tree.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/json.h"
#include "worker/receiver_parse.h"

#define Q850_MAX 127
#define SEQ_DIGITS 18

/* One event while it is read, and where it is said what is wrong. */
typedef struct Reader
{
	const PtJson *json;
	PtCallEvent *event;
	const char *problem;
} Reader;

/* Says what is wrong; always false. */
static bool
wrong(Reader *r, const char *problem)
{
	r->problem = problem;
	return false;
}

/* A whole number at a path, from least to most; PT_CALL_UNKNOWN where there is none. */
static bool
read_int(Reader *r, const char *path, int least, int most, int *value, const char *problem)
{
	const char *text = pt_json_text(r->json, 0, path);

	*value = PT_CALL_UNKNOWN;
	if (text == NULL)
		return true;
	if (text[0] == '\0' || strlen(text) > 6 || text[strspn(text, "0123456789")] != '\0' ||
		atoi(text) < least || atoi(text) > most)
		return wrong(r, problem);
	*value = atoi(text);
	return true;
}

/* A time at a path; 0 where there is none. */
static bool
read_time(Reader *r, const char *path, int64_t *value, const char *problem)
{
	const char *text = pt_json_text(r->json, 0, path);

	*value = 0;
	return text == NULL || pt_event_time_read(text, value) || wrong(r, problem);
}

/* A text at a path, what is not printable as '?'; what is longer is cut. */
static void
read_text(const Reader *r, const char *path, char *out, size_t size)
{
	const char *text = pt_json_text(r->json, 0, path);

	pt_printable_line(out, size, text != NULL ? text : "");
}

/* True, false, or PT_CALL_UNKNOWN. */
static bool
read_flag(Reader *r, const char *path, int *value, const char *problem)
{
	const char *text = pt_json_text(r->json, 0, path);

	*value = PT_CALL_UNKNOWN;
	if (text == NULL)
		return true;
	*value = strcmp(text, "true") == 0;
	return *value == 1 || strcmp(text, "false") == 0 || wrong(r, problem);
}

/* One leg's facts. */
static bool
read_leg(Reader *r, bool b, PtLegFacts *leg)
{
	memset(leg, 0, sizeof(*leg));
	leg->known = pt_json_at(r->json, 0, b ? "b" : "a") != NULL;
	read_text(r, b ? "b.to" : "a.to", leg->to, sizeof(leg->to));
	return read_int(r, b ? "b.q850" : "a.q850", 0, Q850_MAX, &leg->q850, "q850 is no cause from 0 to 127") &&
		read_int(r, b ? "b.sip" : "a.sip", 100, 699, &leg->sip, "sip is no status from 100 to 699") &&
		read_flag(r, b ? "b.alerted" : "a.alerted", &leg->alerted, "alerted is neither true nor false") &&
		read_time(r, b ? "b.ringing_at" : "a.ringing_at", &leg->ringing_at, "ringing_at is no time") &&
		read_time(r, b ? "b.answered_at" : "a.answered_at", &leg->answered_at, "answered_at is no time") &&
		read_time(r, b ? "b.ended_at" : "a.ended_at", &leg->ended_at, "ended_at is no time");
}

/* Of which call and leg, and the how-manieth. */
static bool
read_key(Reader *r)
{
	PtCallEvent *event = r->event;
	const char *call_id = pt_json_text(r->json, 0, "call_id");
	const char *ref = pt_json_text(r->json, 0, "ref");
	const char *leg = pt_json_text(r->json, 0, "leg");
	const char *seq = pt_json_text(r->json, 0, "seq");

	if (call_id == NULL && ref == NULL)
		return wrong(r, "call_id is missing");
	if (call_id != NULL && !pt_uuid_form(call_id))
		return wrong(r, "call_id is no UUID");
	if (ref != NULL && (ref[0] == '\0' || strlen(ref) >= sizeof(event->engine_ref)))
		return wrong(r, "ref is empty or too long");
	snprintf(event->call_id, sizeof(event->call_id), "%s", call_id != NULL ? call_id : "");
	read_text(r, "ref", event->engine_ref, sizeof(event->engine_ref));
	event->leg = 'A';
	if (leg != NULL && strcmp(leg, "A") != 0)
	{
		if (strcmp(leg, "B") != 0)
			return wrong(r, "leg is neither A nor B");
		event->leg = 'B';
	}
	if (seq == NULL || seq[0] == '\0' || strlen(seq) > SEQ_DIGITS || seq[strspn(seq, "0123456789")] != '\0')
		return wrong(r, "seq is missing or no whole number");
	event->seq = strtoll(seq, NULL, 10);
	return true;
}

/* What the detection and the keys say. */
static bool
read_words(Reader *r)
{
	static const char *const verdicts[] = {"HUMAN", "MACHINE", "NOTSURE", "HANGUP"};
	PtCallEvent *event = r->event;
	const char *amd = pt_json_text(r->json, 0, "amd");
	const char *digits = pt_json_text(r->json, 0, "digits");
	int			i = 0;

	while (amd != NULL && i < 4 && strcmp(verdicts[i], amd) != 0)
		i++;
	if (i == 4)
		return wrong(r, "amd is none of HUMAN, MACHINE, NOTSURE, HANGUP");
	snprintf(event->amd, sizeof(event->amd), "%s", amd != NULL ? amd : "");
	read_text(r, "amd_cause", event->amd_cause, sizeof(event->amd_cause));
	if (digits != NULL && (strlen(digits) >= sizeof(event->digits) || digits[strspn(digits, "0123456789*#ABCD")] != '\0'))
		return wrong(r, "digits are not up to 32 keys");
	snprintf(event->digits, sizeof(event->digits), "%s", digits != NULL ? digits : "");
	return true;
}

/* One event, an object. */
static bool
read_event(Reader *r)
{
	PtCallEvent *event = r->event;
	const char *kind = pt_json_text(r->json, 0, "event");

	memset(event, 0, sizeof(*event));
	if (r->json->values[0].kind != PT_JSON_OBJECT)
		return wrong(r, "it is no object");
	if (!read_key(r))
		return false;
	if (kind == NULL || !pt_call_event_find(kind, &event->kind))
		return wrong(r, "event is none of placed, ringing, answered, amd, digits, waiting, ended");
	if (!read_time(r, "at", &event->at, "at is no time") || !read_leg(r, false, &event->a) || !read_leg(r, true, &event->b) ||
		!read_words(r))
		return false;
	if (event->kind == PT_EVENT_AMD && event->amd[0] == '\0')
		return wrong(r, "amd is missing");
	return true;
}

/* Steps over white space. */
static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	return at;
}

/* Where the object at at ends (behind its brace), strings regarded; NULL: it does not. */
static const char *
object_end(const char *at, const char *end)
{
	int			depth = 0;
	bool		quoted = false;

	for (; at < end; at++)
	{
		if (quoted)
		{
			if (*at == '\\' && at + 1 < end)
				at++;
			else if (*at == '"')
				quoted = false;
		}
		else if (*at == '"')
			quoted = true;
		else if (*at == '{' || *at == '[')
			depth++;
		else if ((*at == '}' || *at == ']') && --depth == 0)
			return at + 1;
	}
	return NULL;
}

/* Reads the element from at to its end; false: problem says what is wrong, with its place (-1: it is alone). */
static bool
read_element(const char *at, const char *end, PtCallEvent *event, int place, char *problem, size_t size)
{
	Reader		r = {pt_json_parse(at, (size_t) (end - at)), event, "it is malformed JSON"};
	bool		read = r.json != NULL && read_event(&r);

	pt_json_free((PtJson *) r.json);
	if (!read && place >= 0)
		snprintf(problem, size, "event %d: %s", place, r.problem);
	else if (!read)
		snprintf(problem, size, "%s", r.problem);
	return read;
}

/* Reads the elements of an array, its bracket taken. */
static int
read_array(const char *at, const char *end, PtCallEvent *events, int limit, char *problem, size_t size)
{
	int			n = 0;

	at = skip_blanks(at, end);
	if (at < end && *at == ']')
		return skip_blanks(at + 1, end) == end ? 0 : -1;
	for (;;)
	{
		const char *stop = at < end && *at == '{' ? object_end(at, end) : NULL;

		if (stop == NULL)
		{
			snprintf(problem, size, "event %d: it is no object", n);
			return -1;
		}
		if (n >= limit)
		{
			snprintf(problem, size, "there are more than %d events", limit);
			return -1;
		}
		if (!read_element(at, stop, &events[n], n, problem, size))
			return -1;
		n++;
		at = skip_blanks(stop, end);
		if (at < end && *at == ',')
			at = skip_blanks(at + 1, end);
		else
			return at < end && *at == ']' && skip_blanks(at + 1, end) == end ? n : -1;
	}
}

int
pt_gateway_events(const char *body, size_t len, PtCallEvent *events, int limit, char *problem, size_t size)
{
	const char *end = body + len;
	const char *at = skip_blanks(body, end);

	snprintf(problem, size, "malformed JSON: an array of events, or one");
	if (at < end && *at == '[')
		return read_array(at + 1, end, events, limit, problem, size);
	if (at >= end || *at != '{' || limit < 1)
		return -1;
	return read_element(at, end, &events[0], -1, problem, size) ? 1 : -1;
}
