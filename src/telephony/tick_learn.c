/*
 * tick_learn.c
 *	  What the pacing learns from a call: when it wanted an agent or ended without,
 *	  whether it got one, and how long the talk was (PACE-02, PACE-03).
 */
#include "telephony/tick.h"

/* The first of two times; 0: none. */
static TimestampTz
first(TimestampTz a, TimestampTz b)
{
	if (a == 0)
		return b;
	return b == 0 ? a : Min(a, b);
}

/* Since when the call has wanted an agent; 0: it has not. */
static TimestampTz
arrived_at(const PtDialRun *run, const PtDialCall *call)
{
	TimestampTz b = first(call->b_ringing_at, first(call->b_answered_at, call->b_ended_at));

	if (!run->needs_agents)
		return call->answered_at;
	if (call->waiting_at != 0)
		return call->waiting_at;
	if (run->team_id == 0 && b == 0 && call->state == PT_STATE_CONNECTING)
		return call->answered_at;
	return run->team_id == 0 ? b : 0;
}

/* Seconds between two times. */
static double
between(TimestampTz from, TimestampTz to)
{
	return Max((double) (to - from) / USECS_PER_SEC, 0);
}

/* It wants an agent, or has ended without. */
static void
learn_fate(PtDialRun *run, PtDialCall *call, TimestampTz arrived)
{
	if ((call->told & PT_TOLD_FATE) != 0 || call->placed_at == 0)
		return;
	if (arrived != 0)
		pt_pace_arrived(&run->pace, between(call->placed_at, arrived));
	else if (call->ended_at != 0 && call->issued)
		pt_pace_gone(&run->pace, between(call->placed_at, call->ended_at));
	else if (call->ended_at != 0)
		pt_pace_withdrawn(&run->pace, between(call->placed_at, call->ended_at));
	else
		return;
	call->told |= PT_TOLD_FATE;
	run->dirty = true;
}

/* A person who answered was connected, or abandoned. */
static void
learn_live(PtDialRun *run, PtDialCall *call)
{
	if ((call->told & PT_TOLD_LIVE) != 0 || !run->needs_agents)
		return;
	if (call->abandoned_at != 0 || (call->b_answered_at != 0 && call->waiting_at != 0 &&
									between(call->waiting_at, call->b_answered_at) > run->settings.patience_s))
		pt_pace_live(&run->pace, true);
	else if (call->b_answered_at != 0 || (call->ended_at != 0 && call->live))
		pt_pace_live(&run->pace, false);
	else
		return;
	call->told |= PT_TOLD_LIVE;
	run->dirty = true;
}

/* How long the talk was: of leg B if there was one, else of leg A. */
static void
learn_talk(PtDialRun *run, PtDialCall *call)
{
	TimestampTz from = run->needs_agents ? call->b_answered_at : call->answered_at;
	TimestampTz to = run->needs_agents ? first(call->b_ended_at, call->ended_at) : call->ended_at;

	if ((call->told & PT_TOLD_TALK) != 0 || from == 0 || to == 0)
		return;
	pt_pace_talked(&run->pace, between(from, to));
	call->told |= PT_TOLD_TALK;
	run->dirty = true;
}

/* Counts what the table of abandonment gets with the end of the call, and the trunk's luck. */
static void
count_end(PtDialRun *run, const PtDialCall *call, TimestampTz now)
{
	if (call->live)
		run->new_live++;
	if (call->live && call->abandoned_at != 0)
		run->new_abandoned++;
	if (call->slows_trunk)
		pt_dial_trunk_failed(call->trunk_id, now);
	else if (call->answered_at != 0)
		pt_dial_trunk_took(call->trunk_id);
}

/*
 * Tells what is new of the call.  One that has ended stays as long as its agent, known by number alone,
 * works on it; then it is learnt.
 */
void
pt_tick_learn(PtDialRun *run, PtDialCall *call, TimestampTz now)
{
	TimestampTz wrap = (TimestampTz) (run->settings.wrap_up_s * USECS_PER_SEC);

	if (run->known && !call->learnt)
	{
		learn_fate(run, call, arrived_at(run, call));
		learn_live(run, call);
		learn_talk(run, call);
	}
	if (call->ended_at == 0 || call->learnt)
		return;
	if (run->team_id == 0 && call->b_answered_at != 0 && call->ended_at + wrap > now)
		return;
	call->learnt = true;
	count_end(run, call, now);
}
