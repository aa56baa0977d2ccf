/*
 * engine_twiml.c
 *	  Call flows as TwiML (https://www.twilio.com/docs/voice/twiml): Pause, Play, Say,
 *	  Gather, Dial, Redirect, Hangup.
 *
 * The engine keeps nothing between documents: what is left of a flow is in the
 * address that it asks for the next one, in base64url (RFC 4648, 5), and that
 * address is signed.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/engine_twiml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/signature.h"

#define HOLD_SECONDS 60			/* until the engine asks again */
#define CODE_SIZE (PT_FLOW_MAX * 4 / 3 + 8)

/* A flow, and what is made of it. */
typedef struct Room
{
	PtCallFlow	flow;
	PtCallFlow	rest;			/* what is left, for addresses; its texts are those of flow */
	char		json[PT_FLOW_MAX + 1];
	char		code[CODE_SIZE];
} Room;

/* A document while it is written. */
typedef struct Writer
{
	PtBuffer   *out;
	const PtTwiml *how;
	Room	   *room;
	int			gathers;
} Writer;

/* Appends text as it stands in an element or in a quoted attribute (XML 1.0, 2.4). */
static void
add_xml(PtBuffer *out, const char *text)
{
	for (; *text != '\0'; text++)
	{
		unsigned char c = (unsigned char) *text;

		if (c == '&')
			pt_buffer_add(out, "&amp;");
		else if (c == '<')
			pt_buffer_add(out, "&lt;");
		else if (c == '>')
			pt_buffer_add(out, "&gt;");
		else if (c == '"')
			pt_buffer_add(out, "&quot;");
		else if (c < ' ')
			pt_buffer_add(out, " ");
		else
			pt_buffer_append(out, text, 1);
	}
}

/* Appends a whole number. */
static void
add_number(PtBuffer *out, long long value)
{
	char		text[24];

	snprintf(text, sizeof(text), "%lld", value);
	pt_buffer_add(out, text);
}

/* Appends the address for an event of this call, as an attribute or element has it; more may follow. */
static void
add_url(PtBuffer *out, const PtTwiml *how, const char *event)
{
	add_xml(out, how->events_url);
	pt_buffer_add(out, "?call=");
	add_xml(out, how->call_id);
	pt_buffer_add(out, "&amp;event=");
	pt_buffer_add(out, event);
}

/* Appends a parameter with a flow in it. */
static void
add_flow(Writer *w, const char *name, const PtCallFlow *flow)
{
	size_t		len = pt_flow_write(flow, w->room->json, sizeof(w->room->json));

	pt_base64_encode((const unsigned char *) w->room->json, len, w->room->code);
	w->room->code[strcspn(w->room->code, "=")] = '\0';
	for (char *c = w->room->code; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	pt_buffer_add(w->out, "&amp;");
	pt_buffer_add(w->out, name);
	pt_buffer_add(w->out, "=");
	pt_buffer_add(w->out, w->room->code);
}

bool
pt_twiml_decode(const char *value, char *out, size_t size)
{
	int			n = pt_base64_decode(value, strlen(value), (unsigned char *) out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	return n > 0 && strlen(out) == (size_t) n;
}

/* What is left of the main flow behind a step, with the sub-flows. */
static const PtCallFlow *
rest_of(Writer *w, int after)
{
	const PtCallFlow *flow = &w->room->flow;
	PtCallFlow *rest = &w->room->rest;

	rest->n_steps = 0;
	for (int i = 0; i < flow->n_steps; i++)
	{
		if (flow->steps[i].part != PT_FLOW_MAIN || i > after)
			rest->steps[rest->n_steps++] = flow->steps[i];
	}
	return rest;
}

/* A sub-flow as a flow of its own. */
static const PtCallFlow *
sub_flow(Writer *w, PtFlowPart part)
{
	const PtCallFlow *flow = &w->room->flow;
	PtCallFlow *rest = &w->room->rest;

	rest->n_steps = 0;
	for (int i = 0; i < flow->n_steps; i++)
	{
		PtStep	   *step = &rest->steps[rest->n_steps];

		if (flow->steps[i].part != part)
			continue;
		*step = flow->steps[i];
		step->part = PT_FLOW_MAIN;
		rest->n_steps++;
	}
	return rest;
}

/* Appends a sound. */
static void
add_play(Writer *w, int64_t sound_id)
{
	pt_buffer_add(w->out, "<Play>");
	add_xml(w->out, w->how->sounds_url);
	add_number(w->out, sound_id);
	if (w->how->secret != NULL && w->how->secret[0] != '\0')
	{
		pt_buffer_add(w->out, "?secret=");
		pt_buffer_add_encoded(w->out, w->how->secret, strlen(w->how->secret));
	}
	pt_buffer_add(w->out, "</Play>");
}

/* Appends a text that is said. */
static void
add_say(Writer *w, const PtStep *step)
{
	pt_buffer_add(w->out, "<Say");
	if (step->language != NULL)
	{
		pt_buffer_add(w->out, " language=\"");
		add_xml(w->out, step->language);
		pt_buffer_add(w->out, "\"");
	}
	pt_buffer_add(w->out, ">");
	add_xml(w->out, step->text);
	pt_buffer_add(w->out, "</Say>");
}

/* Appends a wait for keys; when none are pressed the document goes on. */
static void
add_gather(Writer *w, int at)
{
	const PtStep *step = &w->room->flow.steps[at];

	pt_buffer_add(w->out, "<Gather numDigits=\"");
	add_number(w->out, step->digits);
	pt_buffer_add(w->out, "\" timeout=\"");
	add_number(w->out, step->timeout_s);
	pt_buffer_add(w->out, "\" method=\"POST\" action=\"");
	add_url(w->out, w->how, "digits");
	pt_buffer_add(w->out, "&amp;n=");
	add_number(w->out, ++w->gathers);
	add_flow(w, "next", rest_of(w, at));
	pt_buffer_add(w->out, "\">");
	if (step->sound_id != 0)
		add_play(w, step->sound_id);
	pt_buffer_add(w->out, "</Gather>");
}

/* Appends the element that dials leg B. */
static void
add_dial(PtBuffer *out, const PtTwiml *how, const PtTwimlDial *dial)
{
	bool		sip = strncmp(dial->to, "sip:", 4) == 0 || strncmp(dial->to, "sips:", 5) == 0;
	const char *from = dial->from != NULL && dial->from[0] != '\0' ? dial->from : how->from != NULL ? how->from : "";

	pt_buffer_add(out, "<Dial");
	if (dial->timeout_s > 0)
	{
		pt_buffer_add(out, " timeout=\"");
		add_number(out, dial->timeout_s);
		pt_buffer_add(out, "\"");
	}
	if (from[0] != '\0')
	{
		pt_buffer_add(out, " callerId=\"");
		add_xml(out, from);
		pt_buffer_add(out, "\"");
	}
	if (dial->reports)
	{
		pt_buffer_add(out, " method=\"POST\" action=\"");
		add_url(out, how, "dialled");
		pt_buffer_add(out, "\"");
	}
	pt_buffer_add(out, sip ? "><Sip" : "><Number");
	pt_buffer_add(out, " statusCallbackEvent=\"initiated ringing answered completed\" statusCallback=\"");
	add_xml(out, how->events_url);
	pt_buffer_add(out, "?call=");
	add_xml(out, how->call_id);
	pt_buffer_add(out, "&amp;leg=B\">");
	add_xml(out, dial->to);
	pt_buffer_add(out, sip ? "</Sip></Dial>" : "</Number></Dial>");
}

/* Appends an order to ask for the next document. */
static void
add_redirect(Writer *w, const char *event, bool sub_flows)
{
	static const char *const names[] = {"human", "machine", "notsure"};

	pt_buffer_add(w->out, "<Redirect method=\"POST\">");
	add_url(w->out, w->how, event);
	for (int i = 0; sub_flows && i < 3; i++)
		add_flow(w, names[i], sub_flow(w, (PtFlowPart) (PT_FLOW_IF_HUMAN + i)));
	pt_buffer_add(w->out, "</Redirect>");
}

/* Appends a forward; false: the document ends with it. */
static bool
add_forward(Writer *w, const PtStep *step)
{
	PtTwimlDial dial = {.to = step->to,.from = step->from,.timeout_s = step->dial_timeout_s};

	if (step->team)
		add_redirect(w, "waiting", false);
	else
		add_dial(w->out, w->how, &dial);
	return !step->team;
}

/* Appends a step; false: the document ends with it. */
static bool
add_step(Writer *w, int at)
{
	const PtStep *step = &w->room->flow.steps[at];

	switch (step->kind)
	{
		case PT_STEP_WAIT:
			pt_buffer_add(w->out, "<Pause length=\"");
			add_number(w->out, step->seconds);
			pt_buffer_add(w->out, "\"/>");
			return true;
		case PT_STEP_PLAY:
			add_play(w, step->sound_id);
			return true;
		case PT_STEP_SAY:
			add_say(w, step);
			return true;
		case PT_STEP_GATHER:
			add_gather(w, at);
			return true;
		case PT_STEP_FORWARD:
			return add_forward(w, step);
		case PT_STEP_AMD:
			add_redirect(w, "amd", true);
			return false;
		default:
			pt_buffer_add(w->out, "<Hangup/>");
			return false;
	}
}

bool
pt_twiml_flow(PtBuffer *out, const PtTwiml *how, const char *flow)
{
	Room	   *room = malloc(sizeof(Room));
	Writer		w = {.out = out,.how = how,.room = room,.gathers = how->gathers};
	PtFlowProblem problem;
	bool		sound = room != NULL && pt_flow_parse(flow, strlen(flow), &room->flow, &problem);

	if (sound)
	{
		room->rest = room->flow;
		pt_buffer_add(out, "<Response>");
		for (int i = 0; i < room->flow.n_steps && room->flow.steps[i].part == PT_FLOW_MAIN; i++)
		{
			if (!add_step(&w, i))
				break;
		}
		pt_buffer_add(out, "</Response>");
	}
	free(room);
	return sound;
}

void
pt_twiml_dial(PtBuffer *out, const PtTwiml *how, const PtTwimlDial *dial)
{
	pt_buffer_add(out, "<Response>");
	add_dial(out, how, dial);
	pt_buffer_add(out, "</Response>");
}

void
pt_twiml_hold(PtBuffer *out, const PtTwiml *how)
{
	pt_buffer_add(out, "<Response><Pause length=\"");
	add_number(out, HOLD_SECONDS);
	pt_buffer_add(out, "\"/><Redirect method=\"POST\">");
	add_url(out, how, "still");
	pt_buffer_add(out, "</Redirect></Response>");
}

void
pt_twiml_hang_up(PtBuffer *out)
{
	pt_buffer_add(out, "<Response><Hangup/></Response>");
}
