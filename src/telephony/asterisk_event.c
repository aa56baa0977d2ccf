/*
 * asterisk_event.c
 *	  What the dialplan of docs/asterisk tells of a call, and what ARI says of a channel.
 *
 * The dialplan tells what it sees of a channel: its cause, the state it ended in, who
 * ended it, and whether the far end had answered more than "100 Trying".  Those are made
 * a Q.850 cause and "did it ring?" here, because Asterisk has one cause (19) for three
 * things: nobody answered, our own time-out, and a refusal with 480.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/asterisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/json.h"
#include "telephony/gateway.h"
#include "worker/receiver_parse.h"

#define CAUSE_NO_USER 18		/* no user responding */
#define CAUSE_NO_ANSWER 19		/* no answer from user (user alerted) */
#define CAUSE_MAX 127

/* Sequence numbers: those of STATUS come before all that the dialplan counts. */
#define SEQ_PLACED 1
#define SEQ_RINGING 2
#define SEQ_ANSWERED 3
#define SEQ_DIALPLAN 10
#define SEQ_MAX 100000

/* A form while it is read, and where it is said what is wrong. */
typedef struct Reader
{
	const PtJson *form;
	char	   *problem;
	size_t		size;
} Reader;

/* Says what is wrong; always false. */
static bool
wrong(const Reader *r, const char *field)
{
	snprintf(r->problem, r->size, "the field %s is missing or malformed", field);
	return false;
}

/* A field of a leg ("a" or "b"); NULL: it is missing or empty. */
static const char *
leg_field(const Reader *r, char leg, const char *name)
{
	char		field[32];
	const char *text;

	snprintf(field, sizeof(field), "%c_%s", leg, name);
	text = pt_json_text(r->form, 0, field);
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* A whole number from 0 to most; PT_CALL_UNKNOWN: it is none. */
static int
number_of(const char *text, int most)
{
	if (text == NULL || text[0] == '\0' || strlen(text) > 8 || text[strspn(text, "0123456789")] != '\0' ||
		atoi(text) > most)
		return PT_CALL_UNKNOWN;
	return atoi(text);
}

/* A time of a leg; 0: not told. */
static bool
read_time(const Reader *r, char leg, const char *name, int64_t *value)
{
	const char *text = leg_field(r, leg, name);

	*value = 0;
	return text == NULL || pt_event_time_read(text, value) || wrong(r, name);
}

/* Has a leg that Dial() began been given up because its time was over? */
static bool
timed_out(const Reader *r, char name, const PtLegFacts *leg)
{
	int			seconds = number_of(leg_field(r, name, "timeout"), 86400);
	int64_t		dialled = 0;

	return seconds != PT_CALL_UNKNOWN && leg_field(r, name, "dialled") != NULL &&
		pt_event_time_read(leg_field(r, name, "dialled"), &dialled) && leg->ended_at != 0 &&
		leg->ended_at - dialled >= (int64_t) seconds * 1000000 - 500000;
}

/*
 * Cause and ringing of a leg that was not answered.  A channel that rang ended in state
 * Ringing.  Our own time-out (for which Dial() leaves no cause) is 18 when the far end was
 * silent, so the trunk is dead, and 19 when it rang, or had sent 183: whether it rang is not known then.
 */
static void
judge(const Reader *r, char name, PtLegFacts *leg)
{
	const char *state = leg_field(r, name, "state");
	const char *source = leg_field(r, name, "source");
	bool		rang = state != NULL && strcmp(state, "Ringing") == 0;
	bool		own = source != NULL && strcmp(source, "own") == 0;
	bool		progress = own && number_of(leg_field(r, name, "progress"), 1) == 1;

	leg->alerted = rang ? 1 : progress ? PT_CALL_UNKNOWN : 0;
	if (leg->q850 == 0 && own && timed_out(r, name, leg))
		leg->q850 = CAUSE_NO_ANSWER;
	if (leg->q850 == CAUSE_NO_ANSWER && own && !rang && !progress)
		leg->q850 = CAUSE_NO_USER;
}

/* When leg B rang, for which Dial() gives the milliseconds since it was begun; it rang if that is told. */
static void
read_ring_time(const Reader *r, char name, PtLegFacts *leg)
{
	int			ring_ms = number_of(leg_field(r, name, "rang"), 99999999);
	int64_t		dialled = 0;

	if (ring_ms == PT_CALL_UNKNOWN)
		return;
	leg->alerted = 1;
	if (leg_field(r, name, "dialled") != NULL && pt_event_time_read(leg_field(r, name, "dialled"), &dialled))
		leg->ringing_at = dialled + (int64_t) ring_ms * 1000;
}

/* All that is told of a leg. */
static bool
read_leg(const Reader *r, char name, PtLegFacts *leg)
{
	const char *cause = leg_field(r, name, "cause");
	const char *to = leg_field(r, name, "to");

	leg->sip = PT_CALL_UNKNOWN;
	leg->alerted = PT_CALL_UNKNOWN;
	leg->q850 = number_of(cause, CAUSE_MAX);
	if (cause != NULL && leg->q850 == PT_CALL_UNKNOWN)
		return wrong(r, "cause");
	if (!read_time(r, name, "answered", &leg->answered_at) || !read_time(r, name, "ended", &leg->ended_at))
		return false;
	pt_printable_line(leg->to, sizeof(leg->to), to != NULL ? to : "");
	leg->known = name == 'a' || to != NULL || cause != NULL;
	if (leg->answered_at != 0)
		leg->alerted = 1;
	else if (cause != NULL)
		judge(r, name, leg);
	read_ring_time(r, name, leg);
	return true;
}

/* Answering machine detection: Asterisk's own words. */
static bool
read_amd(const Reader *r, PtCallEvent *event)
{
	static const char *const words[] = {"HUMAN", "MACHINE", "NOTSURE", "HANGUP", NULL};
	const char *amd = pt_json_text(r->form, 0, "amd");
	const char *cause = pt_json_text(r->form, 0, "amd_cause");

	if (amd == NULL || amd[0] == '\0')
		return event->kind != PT_EVENT_AMD || wrong(r, "amd");
	for (int i = 0; words[i] != NULL; i++)
	{
		if (strcmp(amd, words[i]) == 0)
		{
			snprintf(event->amd, sizeof(event->amd), "%s", amd);
			pt_printable_line(event->amd_cause, sizeof(event->amd_cause), cause != NULL ? cause : "");
			return true;
		}
	}
	return wrong(r, "amd");
}

/* The digits of a gather; others than those of a telephone are left out. */
static void
read_digits(const Reader *r, PtCallEvent *event)
{
	const char *text = pt_json_text(r->form, 0, "digits");
	size_t		n = 0;

	for (; text != NULL && *text != '\0' && n < sizeof(event->digits) - 1; text++)
	{
		if (strchr("0123456789*#", *text) != NULL)
			event->digits[n++] = *text;
	}
	event->digits[n] = '\0';
}

/* What every event has: call, leg, number, kind, time. */
static bool
read_head(const Reader *r, PtCallEvent *event)
{
	const char *call_id = pt_json_text(r->form, 0, "call_id");
	const char *leg = pt_json_text(r->form, 0, "leg");
	const char *kind = pt_json_text(r->form, 0, "event");
	const char *at = pt_json_text(r->form, 0, "at");
	int			seq = number_of(pt_json_text(r->form, 0, "seq"), SEQ_MAX);

	if (call_id == NULL || !pt_uuid_form(call_id))
		return wrong(r, "call_id");
	if (leg == NULL || (strcmp(leg, "A") != 0 && strcmp(leg, "B") != 0))
		return wrong(r, "leg");
	if (kind == NULL || !pt_call_event_find(kind, &event->kind))
		return wrong(r, "event");
	if (seq == PT_CALL_UNKNOWN)
		return wrong(r, "seq");
	if (at != NULL && !pt_event_time_read(at, &event->at))
		return wrong(r, "at");
	snprintf(event->call_id, sizeof(event->call_id), "%s", call_id);
	event->leg = leg[0];
	event->seq = SEQ_DIALPLAN + seq;
	return true;
}

/* A form that the dialplan has posted. */
static int
read_form(const PtEngineCallback *in, PtCallEvent *event, char *problem, size_t size)
{
	Reader		r = {pt_json_form(in->body, in->body_len), problem, size};
	bool		sound;

	if (r.form == NULL)
	{
		snprintf(problem, size, "this is no form");
		return -1;
	}
	memset(event, 0, sizeof(*event));
	sound = read_head(&r, event) && read_leg(&r, 'a', &event->a) && read_leg(&r, 'b', &event->b) && read_amd(&r, event);
	read_digits(&r, event);
	if (event->kind == PT_EVENT_ENDED && event->leg == 'A' && event->b.known && event->b.ended_at == 0)
		event->b.ended_at = event->a.ended_at;	/* leg A's channel was quicker than leg B's */
	pt_json_free((PtJson *) r.form);
	return sound ? 1 : -1;
}

/* A channel as ARI describes it: its state is the call's; nothing of its times is told. */
static int
read_channel(const PtEngineCallback *in, PtCallEvent *event, char *problem, size_t size)
{
	PtJson	   *json = pt_json_parse(in->body, in->body_len);
	const char *id = json != NULL ? pt_json_text(json, 0, "id") : NULL;
	const char *state = json != NULL ? pt_json_text(json, 0, "state") : NULL;
	bool		sound = id != NULL && state != NULL && pt_uuid_form(id);

	memset(event, 0, sizeof(*event));
	if (sound)
	{
		bool		up = strcmp(state, "Up") == 0;
		bool		rings = strcmp(state, "Ringing") == 0;

		snprintf(event->call_id, sizeof(event->call_id), "%s", id);
		event->leg = 'A';
		event->kind = up ? PT_EVENT_ANSWERED : rings ? PT_EVENT_RINGING : PT_EVENT_PLACED;
		event->seq = up ? SEQ_ANSWERED : rings ? SEQ_RINGING : SEQ_PLACED;
		event->a = (PtLegFacts)
		{
			.known = true,.q850 = PT_CALL_UNKNOWN,.sip = PT_CALL_UNKNOWN,
				.alerted = up || rings ? 1 : PT_CALL_UNKNOWN
		};
		event->b = (PtLegFacts)
		{
			.q850 = PT_CALL_UNKNOWN,.sip = PT_CALL_UNKNOWN,.alerted = PT_CALL_UNKNOWN
		};
	}
	else
		snprintf(problem, size, "this is no channel");
	pt_json_free(json);
	return sound ? 1 : -1;
}

int
pt_asterisk_read_events(PtEngine *engine, const PtEngineCallback *in, PtCallEvent *events, int limit,
						char *problem, size_t size)
{
	if (limit < 1)
		return 0;
	if (strcmp(in->path, "status") == 0)
		return read_channel(in, events, problem, size);
	if (strcmp(in->path, "events") == 0)
		return read_form(in, events, problem, size);
	snprintf(problem, size, "no such path");
	return -1;
}
