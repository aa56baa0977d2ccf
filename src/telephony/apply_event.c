/*
 * apply_event.c
 *	  What an engine's event makes of a call's row.
 *
 * Events come late, doubled and in any order: a phase only moves forward, of a time
 * the earliest that can be true stays, and the end of leg A fills whatever is missing.
 * The one step back is that of a call whose agent did not answer: it waits again.
 */
#include "telephony/apply.h"

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#define EPOCH_US ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)
#define SILENCE_US (15 * USECS_PER_SEC) /* behind the last moment at which an event must have come */
#define TALK_LOOK_US (15 * USECS_PER_SEC)	/* between two looks at a call that is up */

TimestampTz
pt_call_event_time(int64 epoch_us)
{
	if (epoch_us <= 0 || epoch_us - EPOCH_US >= END_TIMESTAMP)
		return 0;
	return epoch_us - EPOCH_US;
}

/* A time as it can be true: not before the call was placed, not in the future; none: fallback. */
static TimestampTz
truthful(TimestampTz t, TimestampTz floor, TimestampTz now, TimestampTz fallback)
{
	if (t == 0)
		return fallback;
	return Max(Min(t, now), Min(floor, now));
}

/* Of two times for the same thing the earlier one stays. */
static void
earliest(TimestampTz *at, TimestampTz t)
{
	if (t != 0 && (*at == 0 || t < *at))
		*at = t;
}

static void
forward(PtCallRow *row, PtCallPhase phase)
{
	row->phase = Max(row->phase, phase);
}

/* An engine's text, unless it has none or it is none. */
static void
set_text(char **column, const char *text)
{
	if (text[0] != '\0' && pg_verifymbstr(text, strlen(text), true))
		*column = pstrdup(text);
}

/* Before that nothing can have happened to leg A. */
static TimestampTz
floor_a(const PtCallRow *row)
{
	return row->placed_at != 0 ? row->placed_at : row->created_at;
}

/* The same of leg B: before its agent was chosen. */
static TimestampTz
floor_b(const PtCallRow *row)
{
	return row->connect_at != 0 ? row->connect_at : floor_a(row);
}

static void
ringing(PtCallRow *row, TimestampTz t)
{
	earliest(&row->ringing_at, t);
	row->alerted = 1;
	forward(row, PT_PHASE_RINGING);
}

static void
answered(PtCallRow *row, TimestampTz t)
{
	row->metered |= row->answered_at == 0;
	earliest(&row->answered_at, t);
	forward(row, PT_PHASE_ANSWERED);
}

/* A person wants to be connected: from here connect_within counts. */
static void
waiting(PtCallRow *row, TimestampTz t)
{
	answered(row, t);
	earliest(&row->waiting_at, t);
	row->live = true;
	forward(row, PT_PHASE_WAITING);
}

/* What any event may tell of leg A. */
static void
facts_a(PtCallRow *row, const PtCallEvent *event, TimestampTz now)
{
	TimestampTz floor = floor_a(row);
	TimestampTz t;

	set_text(&row->engine_ref, row->engine_ref == NULL ? event->engine_ref : "");
	t = truthful(pt_call_event_time(event->a.ringing_at), floor, now, 0);
	if (t != 0)
		ringing(row, t);
	else if (event->a.alerted == 1)
		row->alerted = 1;
	t = truthful(pt_call_event_time(event->a.answered_at), floor, now, 0);
	if (t != 0)
		answered(row, t);
	if (row->amd == PT_AMD_NONE && event->amd[0] != '\0' && pt_amd_find(event->amd, &row->amd))
		set_text(&row->amd_cause, event->amd_cause);
}

/*
 * Is the event about the leg B that the call has now, and not about an agent who
 * was rung before?
 */
static bool
is_present_b(const PtCallRow *row, const PtCallEvent *event, TimestampTz at)
{
	if (row->connects == 0)
		return true;
	if (row->agent_id == 0)
		return false;
	if (row->connects == 1 || (row->b_number != NULL && strcmp(event->b.to, row->b_number) == 0))
		return true;
	return at >= row->connect_at;
}

/* Leg B is tried.  Without a team that is when its person wants to be connected. */
static void
tried(PtCallRow *row, const PtCallEvent *event, TimestampTz t)
{
	if (row->b_number == NULL)
		set_text(&row->b_number, event->b.to);
	if (row->connects == 0)
		waiting(row, t);
	forward(row, PT_PHASE_CONNECTING);
}

static void
b_answered(PtCallRow *row, const PtCallEvent *event, TimestampTz t)
{
	bool		first = row->b_answered_at == 0;

	tried(row, event, t);
	earliest(&row->b_answered_at, t);
	forward(row, PT_PHASE_CONNECTED);
	row->b_result = PT_RESULT_ANSWER;
	row->metered |= first;
	if (first)
		pt_agent_answered(row, t);
}

/* What any event may tell of leg B. */
static void
facts_b(PtCallRow *row, const PtCallEvent *event, TimestampTz now)
{
	TimestampTz floor = floor_b(row);
	TimestampTz t;

	t = truthful(pt_call_event_time(event->b.ringing_at), floor, now, 0);
	if (t != 0)
	{
		tried(row, event, t);
		earliest(&row->b_ringing_at, t);
	}
	t = truthful(pt_call_event_time(event->b.answered_at), floor, now, 0);
	if (t != 0)
		b_answered(row, event, t);
}

/* The agent did not answer: the person waits for the next one. */
static void
wait_again(PtCallRow *row, TimestampTz t)
{
	pt_agent_missed(row, row->agent_id, t);
	row->agent_id = 0;
	row->b_number = NULL;
	row->b_ringing_at = 0;
	row->b_ended_at = 0;
	row->phase = PT_PHASE_WAITING;
}

/* Leg B is over, leg A is up. */
static void
b_ended(PtCallRow *row, const PtCallEvent *event, TimestampTz t)
{
	if (row->b_ended_at != 0)
		return;
	tried(row, event, t);
	row->b_ended_at = t;
	row->b_q850 = event->b.q850;
	row->b_result = pt_call_result_of(row->b_answered_at != 0, event->b.q850, event->b.sip, event->b.alerted);
	if (row->agent_id == 0)
		return;
	if (row->b_answered_at != 0)
		pt_agent_done(row, row->agent_id, t);
	else
		wait_again(row, t);
}

/* An event of leg B. */
static void
apply_b(PtCallRow *row, const PtCallEvent *event, TimestampTz at, TimestampTz now)
{
	TimestampTz told;

	if (!is_present_b(row, event, at))
		return;
	facts_b(row, event, now);
	at = Max(at, Min(floor_b(row), now));
	switch (event->kind)
	{
		case PT_EVENT_PLACED:
			tried(row, event, at);
			break;
		case PT_EVENT_RINGING:
			tried(row, event, at);
			earliest(&row->b_ringing_at, at);
			break;
		case PT_EVENT_ANSWERED:
			b_answered(row, event, at);
			break;
		case PT_EVENT_ENDED:
			told = truthful(pt_call_event_time(event->b.ended_at), floor_b(row), now, at);
			b_ended(row, event, told);
			break;
		default:
			break;				/* leg A's kinds */
	}
}

/* Leg A is over: whatever was not told before is told here. */
static void
a_ended(PtCallRow *row, const PtCallEvent *event, TimestampTz at, TimestampTz now)
{
	TimestampTz end = truthful(pt_call_event_time(event->a.ended_at), floor_a(row), now, at);

	if (event->b.known && is_present_b(row, event, Max(at, row->connect_at)))
	{
		facts_b(row, event, now);
		if (row->b_number == NULL)
			set_text(&row->b_number, event->b.to);
		if (row->b_ended_at == 0)
		{
			row->b_ended_at = truthful(pt_call_event_time(event->b.ended_at), floor_b(row), now, end);
			row->b_q850 = event->b.q850;
			row->b_result = pt_call_result_of(row->b_answered_at != 0, event->b.q850, event->b.sip, event->b.alerted);
		}
		if (row->connects == 0)
			waiting(row, row->waiting_at != 0 ? row->waiting_at :
					row->b_ringing_at != 0 ? row->b_ringing_at :
					row->b_answered_at != 0 ? row->b_answered_at : row->b_ended_at);
	}
	if (event->a.alerted != PT_CALL_UNKNOWN && row->alerted != 1)
		row->alerted = event->a.alerted;
	row->q850 = event->a.q850;
	row->sip = event->a.sip;
	if (event->digits[0] != '\0')
	{
		set_text(&row->digits, event->digits);
		row->digits_new = false;
	}
	row->ended_at = end;
	pt_call_row_end(row, now);
}

/* An event of leg A. */
static void
apply_a(PtCallRow *row, const PtCallEvent *event, TimestampTz at, TimestampTz now)
{
	facts_a(row, event, now);
	switch (event->kind)
	{
		case PT_EVENT_PLACED:
			forward(row, PT_PHASE_PLACED);
			break;
		case PT_EVENT_RINGING:
			ringing(row, at);
			break;
		case PT_EVENT_ANSWERED:
			answered(row, at);
			break;
		case PT_EVENT_AMD:
			answered(row, at);
			break;
		case PT_EVENT_DIGITS:
			answered(row, at);
			row->digits_new = true;
			break;
		case PT_EVENT_WAITING:
			waiting(row, at);
			break;
		case PT_EVENT_ENDED:
			a_ended(row, event, at, now);
			break;
	}
}

/* When the dialer looks after the call if nothing more is told of it (TEL-13). */
static TimestampTz
look_at(const PtCallRow *row, TimestampTz now)
{
	TimestampTz last;

	if (row->phase == PT_PHASE_ENDED)
		return 0;
	if (row->answered_at != 0)
		return now + TALK_LOOK_US;
	last = floor_a(row) + row->dial_timeout * USECS_PER_SEC;
	return Max(last, now) + SILENCE_US;
}

void
pt_call_row_apply(PtCallRow *row, const PtCallEvent *event, TimestampTz now)
{
	TimestampTz at = truthful(pt_call_event_time(event->at), floor_a(row), now, now);

	row->changed = true;
	if (row->placed_at == 0)
		row->placed_at = at;
	forward(row, PT_PHASE_PLACED);
	if (event->leg == 'B')
		apply_b(row, event, at, now);
	else
		apply_a(row, event, at, now);
	row->look_at = look_at(row, now);
}
