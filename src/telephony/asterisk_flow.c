/*
 * asterisk_flow.c
 *	  Flows and destinations as the dialplan of docs/asterisk takes them.
 *
 * A flow becomes a list of steps ("~" between), a step a word and its arguments ("|"
 * between).  No character of a value may mean anything to a dialplan: what has others
 * than those listed here is refused, and texts are percent-encoded.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/asterisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define NAME_CHARS DIGITS LETTERS "_.-"
#define ADDRESS_CHARS NAME_CHARS ":[]"
#define USER_CHARS NAME_CHARS ":+;="
#define HOST_CHARS ADDRESS_CHARS ";="

#define GATHER_TIMEOUT_S 5
#define FORWARD_TIMEOUT_S 30

const char *const pt_asterisk_variables[PT_FLOW_PARTS] = {"PT_MAIN", "PT_HUMAN", "PT_MACHINE", "PT_NOTSURE"};

/* Is text not empty, not too long and made of these characters alone? */
static bool
made_of(const char *text, const char *chars)
{
	size_t		len = strlen(text);

	return len > 0 && len <= AST_SETTING_MAX && text[strspn(text, chars)] == '\0';
}

/* Appends the template, value in place of the word in braces; true unless value is needed and not sound. */
static bool
add_template(PtBuffer *out, const char *template, const char *word, const char *value)
{
	const char *at = strstr(template, word);

	if (at == NULL)
	{
		pt_buffer_add(out, template);
		return true;
	}
	if (!made_of(value, NAME_CHARS))
		return false;
	pt_buffer_append(out, template, (size_t) (at - template));
	pt_buffer_add(out, value);
	pt_buffer_add(out, at + strlen(word));
	return true;
}

/* Appends a number as the trunk wants it. */
static bool
add_number(const AstSettings *settings, const char *number, PtBuffer *out)
{
	const char *digits = number[0] == '+' ? number + 1 : number;

	if (!made_of(digits, DIGITS))
		return false;
	if (number[0] == '+' && settings->plus)
		pt_buffer_add(out, "+");
	if (number[0] == '+')
		pt_buffer_add(out, settings->prefix);
	pt_buffer_add(out, digits);
	return true;
}

/* A number through the trunk: to its address, or to where its endpoint's contact is. */
static bool
dial_number(const AstSettings *settings, const AstRoute *route, const char *to, PtBuffer *out)
{
	bool		sound;

	pt_buffer_add(out, "PJSIP/");
	if (route->address[0] == '\0')
	{
		sound = add_number(settings, to, out);
		pt_buffer_add(out, "@");
		return add_template(out, settings->endpoint, "{trunk}", route->trunk) && sound;
	}
	sound = add_template(out, settings->endpoint, "{trunk}", route->trunk);
	pt_buffer_add(out, "/sip:");
	sound = add_number(settings, to, out) && sound;
	pt_buffer_add(out, "@");
	pt_buffer_add(out, route->address);
	return sound && made_of(route->address, ADDRESS_CHARS);
}

/* A sip: or sips: URI, through the trunk's endpoint. */
static bool
dial_uri(const AstSettings *settings, const AstRoute *route, const char *to, PtBuffer *out)
{
	const char *host = strchr(to, '@');
	bool		sound;

	pt_buffer_add(out, "PJSIP/");
	sound = add_template(out, settings->endpoint, "{trunk}", route->trunk);
	pt_buffer_add(out, "/");
	pt_buffer_add(out, to);
	return sound && host != NULL && strspn(to, USER_CHARS) == (size_t) (host - to) && made_of(host + 1, HOST_CHARS);
}

bool
pt_asterisk_dial(const AstSettings *settings, const AstRoute *route, const char *to, PtBuffer *out)
{
	bool		sound;

	if (strncmp(to, "sip:", 4) == 0 || strncmp(to, "sips:", 5) == 0)
		sound = dial_uri(settings, route, to, out);
	else if (to[0] == '+' || (to[0] >= '0' && to[0] <= '9'))
		sound = dial_number(settings, route, to, out);
	else
		sound = settings->agent != NULL && made_of(to, NAME_CHARS) &&
			add_template(out, settings->agent, "{agent}", to);
	return sound && !out->overflow;
}

bool
pt_asterisk_forward(const AstSettings *settings, const AstRoute *route, const char *to, const char *from,
					int timeout_s, PtBuffer *out)
{
	char		seconds[16];

	pt_buffer_add(out, "forward|");
	if (!pt_asterisk_dial(settings, route, to, out))
		return false;
	pt_buffer_add(out, "|");
	if (from[0] != '\0' && !add_number(settings, from, out))
		return false;
	snprintf(seconds, sizeof(seconds), "|%d|", timeout_s > 0 ? timeout_s : FORWARD_TIMEOUT_S);
	pt_buffer_add(out, seconds);
	pt_buffer_add(out, to);
	return !out->overflow;
}

/* The step forward; a trunk that the flow names is the endpoint trunk-ID. */
static bool
add_forward(const AstSettings *settings, const PtCallOrder *order, const PtStep *step, PtBuffer *out)
{
	const char *from = step->from != NULL ? step->from : order->from;
	AstRoute	route = {order->trunk, order->trunk_address};
	AstSettings named = *settings;
	char		endpoint[32];

	if (step->team)
	{
		pt_buffer_add(out, "team");
		return true;
	}
	if (step->trunk_id != 0)
	{
		snprintf(endpoint, sizeof(endpoint), "trunk-%lld", (long long) step->trunk_id);
		named.endpoint = endpoint;
		route.address = "";
	}
	return pt_asterisk_forward(&named, &route, step->to, from, step->dial_timeout_s, out);
}

/* Appends a text percent-encoded, "~" too, which separates steps here. */
static void
add_text(PtBuffer *out, const char *text)
{
	size_t		len = strcspn(text, "~");

	pt_buffer_add_encoded(out, text, len);
	for (; text[len] != '\0'; len = strcspn(text, "~"))
	{
		pt_buffer_add(out, "%7E");
		text += len + 1;
		pt_buffer_add_encoded(out, text, strcspn(text, "~"));
	}
}

/* The step say; the text stays encoded until it is spoken. */
static bool
add_say(const AstSettings *settings, const PtStep *step, PtBuffer *out)
{
	char		encoded[AST_TEXT_MAX];
	PtBuffer	text;

	pt_buffer_init(&text, encoded, sizeof(encoded));
	add_text(&text, step->text);
	pt_buffer_add(out, "say|");
	if (step->language != NULL)
		pt_buffer_add(out, step->language);
	pt_buffer_add(out, "|");
	pt_buffer_add(out, encoded);
	return settings->say && !text.overflow && (step->language == NULL || made_of(step->language, NAME_CHARS));
}

/* Appends one step; false: it cannot be run. */
static bool
add_step(const AstSettings *settings, const PtCallOrder *order, const PtStep *step, PtBuffer *out)
{
	char		text[80];

	snprintf(text, sizeof(text), "%s", pt_step_name(step->kind));
	switch (step->kind)
	{
		case PT_STEP_FORWARD:
			return add_forward(settings, order, step, out);
		case PT_STEP_SAY:
			return add_say(settings, step, out);
		case PT_STEP_WAIT:
			snprintf(text, sizeof(text), "wait|%d", step->seconds);
			break;
		case PT_STEP_PLAY:
			snprintf(text, sizeof(text), "play|%lld", (long long) step->sound_id);
			break;
		case PT_STEP_GATHER:
			snprintf(text, sizeof(text), "gather|%d|%d|%lld", step->digits,
					 step->timeout_s > 0 ? step->timeout_s : GATHER_TIMEOUT_S, (long long) step->sound_id);
			break;
		case PT_STEP_AMD:
		case PT_STEP_HANGUP:
			break;
	}
	pt_buffer_add(out, text);
	return true;
}

/* Writes all parts of a flow that was read. */
static bool
write_steps(const AstSettings *settings, const PtCallOrder *order, const PtCallFlow *flow, AstSteps *steps)
{
	PtBuffer	out[PT_FLOW_PARTS];

	for (int i = 0; i < PT_FLOW_PARTS; i++)
		pt_buffer_init(&out[i], steps->part[i], sizeof(steps->part[i]));
	for (int i = 0; i < flow->n_steps; i++)
	{
		PtBuffer   *part = &out[flow->steps[i].part];

		if (part->len > 0)
			pt_buffer_add(part, "~");
		if (!add_step(settings, order, &flow->steps[i], part) || part->overflow)
			return false;
	}
	return true;
}

bool
pt_asterisk_steps(const AstSettings *settings, const PtCallOrder *order, const char *json, AstSteps *steps)
{
	PtCallFlow *flow = malloc(sizeof(PtCallFlow));
	PtFlowProblem problem;
	bool		done;

	if (flow == NULL)
		return false;
	done = pt_flow_parse(json, strlen(json), flow, &problem) && write_steps(settings, order, flow, steps);
	free(flow);
	return done;
}
