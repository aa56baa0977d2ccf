/*
 * loopback_course.c
 *	  The built-in engine: the whole course of a call as a function of its id, the
 *	  settings and what was done with it when.  Nothing is kept, so nothing is lost
 *	  when the dialer is killed.
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/loopback_call.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/json.h"

#define SECOND 1000000.0		/* microseconds */
#define GONE_AFTER 0.7			/* s: who hangs up before the verdict */
#define DIGITS_AFTER 2.0		/* s: keys are pressed */
#define LETTERS_A_SECOND 15.0	/* of a text that is said */
#define LEG_TIMEOUT 30.0		/* s: of a leg B whose flow names none */
#define SHUFFLED 5.0			/* s: events out of order, and repeated ones, come so much later at most */
#define AGAIN 8					/* seqs of one leg B */

/* Draws of a call, each its own. */
enum
{
	DRAW_SCENE = 1, DRAW_RING, DRAW_TALK, DRAW_TALK_2, DRAW_AMD, DRAW_AGENT, DRAW_AGENT_DELAY, DRAW_DIGITS = 100, DRAW_EVENT = 1000
};

/* What a scene's end looks like on the line. */
typedef struct Ending
{
	const char *digits;			/* the last four of a number that stands for it */
	bool		answers;
	bool		rings;
	int			q850;
	int			sip;
} Ending;

/* In the order of PtScene. */
static const Ending endings[] = {
	{"0000", true, true, 16, 200},
	{"0007", true, true, 16, 200},
	{"0008", true, true, 16, 200},
	{"0009", true, true, 16, 200},
	{"0002", false, false, 17, 486},
	{"0003", false, true, 19, 480},
	{"0001", false, false, 1, 404},
	{"0004", false, false, 34, 503},
	{"0005", false, false, 21, 403},
	{"0006", false, true, 21, 603},
	{"0010", false, false, 18, 408},
	{"0011", false, false, 20, 480},
	{"0012", false, false, 88, 488},
	{"0013", false, false, 0, PT_CALL_UNKNOWN},
	{"0014", false, false, 3, 500},
};

#define SCENES ((int) (sizeof(endings) / sizeof(endings[0])))

/* One call's course while it is made; what has happened by t is in state. */
typedef struct Course
{
	const PtLoopback *s;
	const PtCallOrder *order;
	uint64_t	key;
	PtScene		scene;
	int64_t		t;				/* microseconds since 1970 */
	int64_t		connected;
	bool		over;			/* leg A has ended */
	int			gathers;
	int			forwards;
	int64_t		b_seq;			/* the first of the last leg B */
	PtCallEvent state;
	PtCallEvent events[PT_COURSE_EVENTS];	/* true times in "at" */
	int			n;
} Course;

static void walk(Course *c, const PtJson *flow, int list);

/* Seconds as microseconds. */
static int64_t
micros(double seconds)
{
	return (int64_t) llround(seconds * SECOND);
}

/* Mixes 64 bits (the finalizer of splitmix64). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
	return x ^ (x >> 31);
}

/* The key of a call's draws: FNV-1a of its id, with the seed. */
static uint64_t
key_of(const char *call_id, uint64_t seed)
{
	uint64_t	hash = 14695981039346656037ULL;

	for (; *call_id != '\0'; call_id++)
		hash = (hash ^ (unsigned char) *call_id) * 1099511628211ULL;
	return mix(hash ^ mix(seed + 0x9E3779B97F4A7C15ULL));
}

/* A number in [0, 1) that belongs to this call and purpose. */
static double
draw(uint64_t key, uint64_t purpose)
{
	return (double) (mix(key + (purpose + 1) * 0x9E3779B97F4A7C15ULL) >> 11) * 0x1p-53;
}

/* A number between two, evenly. */
static double
between(uint64_t key, uint64_t purpose, double least, double most)
{
	return least + draw(key, purpose) * (most - least);
}

/* How long the two legs talk, in seconds. */
static double
talk_seconds(const PtLoopback *s, uint64_t key)
{
	double		u = 1 - draw(key, DRAW_TALK);	/* never 0 */
	double		normal;

	if (s->talk == PT_TALK_FIXED)
		return s->talk_mean;
	if (s->talk == PT_TALK_EXPONENTIAL)
		return -s->talk_mean * log(u);
	/* Box and Muller; the mean of a log-normal is exp(mu + sigma^2 / 2). */
	normal = sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * draw(key, DRAW_TALK_2));
	return s->talk_mean * exp(s->talk_sigma * normal - s->talk_sigma * s->talk_sigma / 2);
}

/* The scene that a number stands for; false: none. */
static bool
scene_of_number(const PtLoopback *s, const char *number, PtScene *scene)
{
	size_t		len = strlen(number);

	if (!s->scenes || len < 4)
		return false;
	for (int i = 0; i < SCENES; i++)
	{
		if (strcmp(endings[i].digits, number + len - 4) == 0)
		{
			*scene = (PtScene) i;
			return true;
		}
	}
	return false;
}

/* The scene of leg A. */
static PtScene
choose_scene(const Course *c)
{
	double		u = draw(c->key, DRAW_SCENE);
	double		sum = 0;
	PtScene		scene;

	if (scene_of_number(c->s, c->order->to, &scene))
		return scene;
	for (int i = 0; i < PT_SCENE_SHARES; i++)
		sum += c->s->shares[i];
	u *= sum;
	for (int i = 0; i < PT_SCENE_SHARES - 1; i++)
	{
		if (u < c->s->shares[i])
			return (PtScene) i;
		u -= c->s->shares[i];
	}
	return PT_SCENE_CONGESTION;
}

/* Notes that something happens now. */
static void
emit(Course *c, char leg, int64_t seq, PtCallEventKind kind)
{
	PtCallEvent *event;

	if (c->n >= PT_COURSE_EVENTS)
		return;
	event = &c->events[c->n++];
	*event = c->state;
	event->leg = leg;
	event->seq = seq;
	event->kind = kind;
	event->at = c->t;
}

/* Ends leg A now: that it does is told last, with everything. */
static void
end_a(Course *c, int q850, int sip)
{
	c->state.a.q850 = q850;
	c->state.a.sip = sip;
	c->state.a.ended_at = c->t;
	if (c->n >= PT_COURSE_EVENTS)
		c->n = PT_COURSE_EVENTS - 1;
	emit(c, 'A', 1000, PT_EVENT_ENDED);
	c->over = true;
}

/* Ends leg B now. */
static void
end_b(Course *c, int64_t seq, int q850, int sip)
{
	c->state.b.q850 = q850;
	c->state.b.sip = sip;
	c->state.b.ended_at = c->t;
	emit(c, 'B', seq, PT_EVENT_ENDED);
}

/* Back to how it was at t: what happens then or later does not. */
static void
cut(Course *c, int64_t t)
{
	PtCallEvent before = {.leg = 'A',.a = {.known = true,.q850 = PT_CALL_UNKNOWN,.sip = PT_CALL_UNKNOWN,.alerted = 0},
	.b = {.q850 = PT_CALL_UNKNOWN,.sip = PT_CALL_UNKNOWN,.alerted = PT_CALL_UNKNOWN}};

	while (c->n > 0 && c->events[c->n - 1].at >= t)
		c->n--;
	c->state = c->n > 0 ? c->events[c->n - 1] : before;
	memcpy(c->state.call_id, c->order->call_id, strnlen(c->order->call_id, PT_CALL_ID_SIZE - 1));
	c->over = false;
	c->t = t;
}

/* Is leg B under way (answered: or up)? */
static bool
b_goes_on(const Course *c, bool answered)
{
	return c->state.b.known && c->state.b.ended_at == 0 && (!answered || c->state.b.answered_at != 0);
}

/*
 * Dials leg B from now; what it comes to, and when it has come to it, is in the
 * state.  Both legs end with the talk.
 */
static void
dial_b(Course *c, const char *to, double timeout, bool asked)
{
	uint64_t	key = asked ? mix(c->key ^ (uint64_t) c->connected) : mix(c->key + (uint64_t) c->forwards);
	double		delay = between(key, DRAW_AGENT_DELAY, c->s->agent_delay_min, c->s->agent_delay_max);
	PtScene		scene = draw(key, DRAW_AGENT) < c->s->agent_answer ? PT_SCENE_ANSWER : PT_SCENE_NO_ANSWER;
	int64_t		start = c->t;
	int64_t		seq = (asked ? c->connected : (int64_t) c->forwards) * AGAIN;

	c->b_seq = seq;				/* its own for each time that a leg B was asked for */
	(void) scene_of_number(c->s, to, &scene);
	if (endings[scene].answers && delay > timeout)
		scene = PT_SCENE_NO_ANSWER;
	c->state.b = (PtLegFacts) {.known = true,.q850 = PT_CALL_UNKNOWN,.sip = PT_CALL_UNKNOWN,.alerted = endings[scene].rings};
	snprintf(c->state.b.to, sizeof(c->state.b.to), "%s", to);
	emit(c, 'B', seq, PT_EVENT_PLACED);
	if (endings[scene].rings)
	{
		c->t = start + micros(fmin(delay, timeout) / 2);
		c->state.b.ringing_at = c->t;
		emit(c, 'B', seq + 1, PT_EVENT_RINGING);
	}
	c->t = start + micros(scene == PT_SCENE_NO_ANSWER ? timeout : delay);
	if (!endings[scene].answers)
	{
		end_b(c, seq + 3, endings[scene].q850, endings[scene].sip);
		return;
	}
	c->state.b.answered_at = c->t;
	emit(c, 'B', seq + 2, PT_EVENT_ANSWERED);
	c->t += micros(talk_seconds(c->s, c->key));
	end_b(c, seq + 3, 16, 200);
	end_a(c, 16, 200);
}

/* A person waits for an agent, who comes when the dialer says so, or loses patience. */
static void
wait_for_agent(Course *c)
{
	int64_t		since = c->t;
	int64_t		until = since + micros(c->s->patience);

	emit(c, 'A', 100, PT_EVENT_WAITING);
	if (c->connected >= since && c->connected < until && c->order->connect_to != NULL)
	{
		c->t = c->connected;
		dial_b(c, c->order->connect_to, c->order->connect_timeout_s > 0 ? c->order->connect_timeout_s : LEG_TIMEOUT, true);
		if (c->state.b.answered_at != 0 && c->state.b.answered_at <= until)
			return;
		cut(c, until);
		if (b_goes_on(c, false))
			end_b(c, c->b_seq + 3, 16, 487);
	}
	c->t = until;
	end_a(c, 16, 200);
}

/* A number that a step holds under this name, or another. */
static double
step_number(const PtJson *flow, int step, const char *name, double usual)
{
	const char *text = pt_json_text(flow, step, name);

	return text != NULL ? strtod(text, NULL) : usual;
}

/* Keys are pressed: as many as are wanted. */
static void
gather(Course *c, const PtJson *flow, int step)
{
	int			wanted = (int) step_number(flow, step, "digits", 1);
	int			purpose = DRAW_DIGITS + c->gathers++;
	int			n = 0;

	c->t += micros(DIGITS_AFTER);
	for (; n < wanted && n < (int) sizeof(c->state.digits) - 1; n++)
		c->state.digits[n] = (char) ('0' + (int) (draw(mix(c->key + (uint64_t) n), (uint64_t) purpose) * 10));
	c->state.digits[n] = '\0';
	emit(c, 'A', 3 + c->gathers, PT_EVENT_DIGITS);
}

/* The verdict, and the flow for it. */
static void
detect(Course *c, const PtJson *flow, int step)
{
	bool		machine = c->scene == PT_SCENE_MACHINE;
	bool		notsure = c->scene == PT_SCENE_NOTSURE;
	const PtJsonValue *sub;

	c->t += micros(between(c->key, DRAW_AMD, c->s->amd_min, c->s->amd_max));
	snprintf(c->state.amd, sizeof(c->state.amd), "%s", machine ? "MACHINE" : notsure ? "NOTSURE" : "HUMAN");
	snprintf(c->state.amd_cause, sizeof(c->state.amd_cause), "%s",
			 machine ? "LONGGREETING-1500-1500" : notsure ? "TOOLONG-5000" : "HUMAN-800-800");
	emit(c, 'A', 3, PT_EVENT_AMD);
	sub = pt_json_at(flow, step, machine ? "if_machine" : notsure ? "if_notsure" : "if_human");
	if (sub != NULL)
		walk(c, flow, (int) (sub - flow->values));
}

/* Leg B, a number of the flow's or an agent. */
static void
forward(Course *c, const PtJson *flow, int step)
{
	const char *team = pt_json_text(flow, step, "team");
	const char *to = pt_json_text(flow, step, "to");

	if (team != NULL && strcmp(team, "true") == 0)
		wait_for_agent(c);
	else if (to != NULL)
	{
		c->forwards++;
		dial_b(c, to, step_number(flow, step, "dial_timeout", LEG_TIMEOUT), false);
	}
}

/* One step of a flow. */
static void
take_step(Course *c, const PtJson *flow, int step)
{
	const char *name = flow->values[step].name;
	const char *text;

	if (name == NULL)
		return;
	if (strcmp(name, "wait") == 0)
		c->t += micros(fmax(0, fmin(step_number(flow, step, "seconds", 0), 86400)));
	else if (strcmp(name, "play") == 0)
		c->t += micros(c->s->sound_seconds);
	else if (strcmp(name, "say") == 0)
	{
		text = pt_json_text(flow, step, "text");
		c->t += micros(1 + (text != NULL ? (double) strlen(text) : 0) / LETTERS_A_SECOND);
	}
	else if (strcmp(name, "gather") == 0)
		gather(c, flow, step);
	else if (strcmp(name, "amd") == 0)
		detect(c, flow, step);
	else if (strcmp(name, "forward") == 0)
		forward(c, flow, step);
	else if (strcmp(name, "hangup") == 0)
		end_a(c, 16, 200);
}

/* The steps of a list, until the call is over. */
static void
walk(Course *c, const PtJson *flow, int list)
{
	for (int i = flow->values[list].first; i != 0 && !c->over; i = flow->values[i].next)
	{
		if (flow->values[i].first != 0)
			take_step(c, flow, flow->values[i].first);
	}
}

/* A whole flow from now, and the end. */
static void
run_flow(Course *c, const char *text)
{
	PtJson	   *flow = text != NULL ? pt_json_parse(text, strlen(text)) : NULL;

	if (flow != NULL)
		walk(c, flow, 0);
	pt_json_free(flow);
	if (!c->over)
		end_a(c, 16, 200);
}

/* Leg A until it answers; false: it does not. */
static bool
dial_a(Course *c, int64_t placed)
{
	const Ending *ending = &endings[c->scene];
	double		ring = between(c->key, DRAW_RING, c->s->ring_min, c->s->ring_max);
	double		timeout = c->order->dial_timeout_s > 0 ? c->order->dial_timeout_s : LEG_TIMEOUT;
	bool		answers = ending->answers && c->s->setup + ring < timeout;

	cut(c, placed);
	c->t = placed + micros(fmin(c->s->setup, timeout));
	if (ending->rings)
	{
		c->state.a.alerted = 1;
		c->state.a.ringing_at = c->t;
		emit(c, 'A', 1, PT_EVENT_RINGING);
	}
	if (answers || c->scene == PT_SCENE_DECLINED)
		c->t += micros(ring);
	else if (ending->rings || c->scene == PT_SCENE_TIMEOUT)
		c->t = placed + micros(timeout);
	if (!answers)
	{
		if (ending->answers)
			ending = &endings[PT_SCENE_NO_ANSWER];
		end_a(c, ending->q850, ending->sip);
		return false;
	}
	c->state.a.answered_at = c->t;
	emit(c, 'A', 2, PT_EVENT_ANSWERED);
	return true;
}

/* Who answered hangs up at once. */
static void
hang_up_at_once(Course *c)
{
	c->t += micros(GONE_AFTER);
	if (c->order->amd != NULL || strstr(c->order->flow, "\"amd\"") != NULL)
	{
		snprintf(c->state.amd, sizeof(c->state.amd), "HANGUP");
		emit(c, 'A', 3, PT_EVENT_AMD);
	}
	end_a(c, 16, 200);
}

/* Everything stops at t, unless it is over by then; not answered: the request was withdrawn. */
static void
stop_at(Course *c, int64_t t)
{
	if (t == 0 || c->n == 0 || c->state.a.ended_at < t)
		return;
	cut(c, t);
	if (b_goes_on(c, false))
		end_b(c, c->b_seq + 3, 16, c->state.b.answered_at != 0 ? 200 : 487);
	end_a(c, 16, c->state.a.answered_at != 0 ? 200 : 487);
}

/* Nobody can take the person who waits: the other flow. */
static void
abandon(Course *c, int64_t t)
{
	if (t == 0 || c->state.a.ended_at < t)
		return;
	for (int i = 0; i < c->n; i++)
	{
		if (c->events[i].leg == 'B' && c->events[i].kind == PT_EVENT_ANSWERED && c->events[i].at < t)
			return;
	}
	cut(c, t);
	if (c->state.a.answered_at == 0)
		end_a(c, 16, 487);
	else
	{
		if (b_goes_on(c, false))
			end_b(c, c->b_seq + 3, 16, 487);
		run_flow(c, c->order->abandon_flow);
	}
}

/* Adds an event that is told at this time, behind those of the same time. */
static void
tell(PtCallEvent *told, int *n, const PtCallEvent *event, int64_t at, int64_t after)
{
	int			i = *n;

	if (at <= after)
		return;
	while (i > 0 && told[i - 1].at > at)
		i--;
	memmove(&told[i + 1], &told[i], (size_t) (*n - i) * sizeof(PtCallEvent));
	told[i] = *event;
	told[i].at = at;
	(*n)++;
}

/* What is told of the course and when: with losses, delays and repetitions, unless the truth is wanted. */
static int
tell_all(const Course *c, int64_t after, PtCallEvent *told)
{
	bool		plain = after < 0;
	int			n = 0;

	for (int i = 0; i < c->n; i++)
	{
		const PtCallEvent *event = &c->events[i];
		uint64_t	key = mix(c->key ^ mix((uint64_t) event->seq * 2 + (event->leg == 'B')));
		int64_t		at = event->at;

		if (!plain && draw(key, DRAW_EVENT) < c->s->loss)
			continue;
		if (!plain)
			at += micros(draw(key, DRAW_EVENT + 1) * c->s->event_delay);
		if (!plain && draw(key, DRAW_EVENT + 2) < c->s->reordering)
			at += micros(draw(key, DRAW_EVENT + 3) * SHUFFLED);
		tell(told, &n, event, at, after);
		if (!plain && draw(key, DRAW_EVENT + 4) < c->s->duplicates)
			tell(told, &n, event, at + micros(draw(key, DRAW_EVENT + 5) * SHUFFLED), after);
	}
	return n;
}

/* Of the first limit events, those without any that is told when the next one is: whoever asks on asks by time. */
static int
whole_times(const PtCallEvent *told, int limit)
{
	int			n = limit;

	while (n > 0 && told[n - 1].at == told[limit].at)
		n--;
	return n > 0 ? n : limit;
}

int
pt_loopback_course(const PtLoopback *settings, const PtCallOrder *order, int64_t placed, int64_t connected,
				   int64_t abandoned, int64_t hung_up, int64_t after, PtCallEvent *events, int limit)
{
	Course		c = {.s = settings,.order = order,.key = key_of(order->call_id, settings->seed),.connected = connected};
	PtCallEvent told[PT_COURSE_EVENTS * 2];
	int			n;

	c.scene = choose_scene(&c);
	if (dial_a(&c, placed))
	{
		int64_t		answered = c.t;

		if (c.scene == PT_SCENE_HANGUP)
			hang_up_at_once(&c);
		else
			run_flow(&c, order->flow);
		abandon(&c, abandoned);
		if (order->max_duration_s > 0)
			stop_at(&c, answered + micros(order->max_duration_s));
	}
	stop_at(&c, hung_up);
	n = tell_all(&c, after, told);
	if (n > limit)
		n = whole_times(told, limit);
	memcpy(events, told, (size_t) n * sizeof(PtCallEvent));
	return n;
}
