/*
 * tick.c
 *	  One tick: the calls as they are, what the pacing learns from them, and what each
 *	  run has at the moment.
 */
#include "telephony/tick.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define HOLD_FAILURES 5			/* of a trunk in a row hold it */
#define HOLD_MAX_S 60

MemoryContext pt_tick_keep = NULL;

static HTAB *trunks = NULL;
static uint64 tick = 0;

PtDialTrunk *
pt_dial_trunk(int64 trunk_id)
{
	HASHCTL		ctl = {.keysize = sizeof(int64),.entrysize = sizeof(PtDialTrunk)};
	PtDialTrunk *trunk;
	bool		found;

	if (trunks == NULL)
		trunks = hash_create("portatext trunks", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	trunk = hash_search(trunks, &trunk_id, HASH_ENTER, &found);
	if (!found)
		*trunk = (PtDialTrunk) {.trunk_id = trunk_id};
	if (trunk->seen != tick)
	{
		trunk->seen = tick;
		trunk->used = 0;
	}
	return trunk;
}

void
pt_dial_trunk_took(int64 trunk_id)
{
	PtDialTrunk *trunk = pt_dial_trunk(trunk_id);

	trunk->failures = trunk->level = 0;
}

/* Failures in a row hold the trunk for 1 s, doubled each time up to a minute. */
void
pt_dial_trunk_failed(int64 trunk_id, TimestampTz now)
{
	PtDialTrunk *trunk = pt_dial_trunk(trunk_id);

	if (++trunk->failures < HOLD_FAILURES || trunk->hold_until > now)
		return;
	trunk->hold_until = now + Min(1 << Min(trunk->level, 10), HOLD_MAX_S) * USECS_PER_SEC;
	trunk->level++;
	trunk->failures = 0;
}

/* Adds an age to an array that outlives the tick. */
void
pt_tick_age(double **ages, int *n, int *room, double age)
{
	if (*n == *room)
	{
		int			wanted = Max(64, *room * 2);

		if (*ages == NULL)
			*ages = MemoryContextAlloc(pt_tick_keep, sizeof(double) * wanted);
		else
			*ages = repalloc_array(*ages, double, wanted);
		*room = wanted;
	}
	(*ages)[(*n)++] = Max(age, 0);
}

/* Forgets what the last tick has counted. */
static void
reset_run(PtDialRun *run)
{
	run->n_calls = run->n_learnt = run->n_ringing = run->n_waiting = run->n_talking = run->n_wrap_up = 0;
	run->live = run->abandoned = 0;
	run->place = run->withdraw = 0;
	run->complete = false;
	run->available = 0;
	if (run->cohorts != NULL)
		pfree(run->cohorts);
	run->cohorts = NULL;
	run->n_cohorts = 0;
}

/* Seconds between two times. */
static double
seconds(TimestampTz from, TimestampTz to)
{
	return (double) (to - from) / USECS_PER_SEC;
}

/* Legs of a call that has not ended. */
static int
legs(const PtDialCall *call)
{
	bool		b = call->connect_at != 0 || call->b_ringing_at != 0 || call->b_answered_at != 0;

	return call->state == PT_STATE_QUEUED ? 0 : 1 + (b && call->b_ended_at == 0);
}

/*
 * Counts a call of a run for the pacing.  Whose agents are known by number alone are at work while leg B is up, and
 * so long after it as their post-call work lasts.
 */
static void
count_call(PtDialRun *run, const PtDialCall *call, TimestampTz now)
{
	bool		b_up = call->b_answered_at != 0 && call->b_ended_at == 0 && call->ended_at == 0;
	TimestampTz b_end = call->b_ended_at != 0 ? call->b_ended_at : call->ended_at;
	double		left = run->settings.wrap_up_s - seconds(b_end, now);

	if (run->team_id == 0 && call->b_answered_at != 0 && b_end != 0 && left > 0)
		pt_tick_age(&run->wrap_left, &run->n_wrap_up, &run->room_wrap_up, left);
	if (call->ended_at != 0)
		return;
	run->n_calls++;
	run->live += call->live || call->abandoned_at != 0;
	run->abandoned += call->abandoned_at != 0;
	if (call->abandoned_at != 0 || call->hang_up_at != 0)
		return;
	if (call->state == PT_STATE_WAITING)
		run->n_waiting++;
	else if (run->team_id == 0 && run->needs_agents && (b_up || call->state == PT_STATE_CONNECTING))
		pt_tick_age(&run->talking, &run->n_talking, &run->room_talking,
					b_up ? seconds(call->b_answered_at, now) : 0);
	else if ((call->told & PT_TOLD_FATE) == 0 && call->placed_at != 0)
		pt_tick_age(&run->ringing, &run->n_ringing, &run->room_ringing, seconds(call->placed_at, now));
}

/* Goes through all calls once. */
static void
look_at_calls(TimestampTz now)
{
	PtDialCall **calls;
	int			n = pt_dial_calls(&calls);

	for (int i = 0; i < n; i++)
	{
		PtDialCall *call = calls[i];
		PtDialRun  *run = call->run_id == 0 ? NULL : pt_dial_run(call->run_id);

		if (call->ended_at == 0)
			pt_dial_trunk(call->trunk_id)->used += legs(call);
		if (run != NULL)
			pt_tick_learn(run, call, now);
		else
			call->learnt = call->ended_at != 0;
		if (run != NULL)
			count_call(run, call, now);
		if (run != NULL && call->learnt)
			run->n_learnt++;
	}
}

void
pt_tick(TimestampTz now, MemoryContext keep, PtEngineRoom room)
{
	PtDialRun **runs;
	int			n;

	pt_tick_keep = keep;
	tick++;
	pt_tick_read_calls(tick);
	pt_tick_load_runs(now, tick);
	n = pt_tick_runs(&runs);
	for (int i = 0; i < n; i++)
		reset_run(runs[i]);
	look_at_calls(now);
	pt_tick_read_agents(now);
	pt_tick_read_cohorts(now);
	pt_tick_read_windows(now);
	pt_tick_decide(now, room);
}
