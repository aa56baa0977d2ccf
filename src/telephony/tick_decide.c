/*
 * tick_decide.c
 *	  Asks the pacing core how many calls each run places now: one decision a run and
 *	  tick (PACE-11).
 */
#include "telephony/tick.h"

#include "utils/timestamp.h"

#include "worker/shared.h"

/* Runs of the same account after each other, each account's in the order of their ids. */
static int
compare_accounts(const void *a, const void *b)
{
	const PtDialRun *x = *(PtDialRun *const *) a;
	const PtDialRun *y = *(PtDialRun *const *) b;

	if (x->account_id != y->account_id)
		return x->account_id < y->account_id ? -1 : 1;
	return x->run_id < y->run_id ? -1 : x->run_id > y->run_id;
}

/* Calls that the trunk's lines allow now; -1: any number. */
static int
lines_left(const PtDialRun *run, TimestampTz now)
{
	const PtDialTrunk *trunk = pt_dial_trunk(run->trunk_id);

	if (trunk->hold_until > now)
		return 0;
	return run->channels == 0 ? -1 : Max(run->channels - trunk->used, 0);
}

/* Calls that the trunk's calls per second allow now; -1: any number. */
static int
rate_left(const PtDialRun *run, TimestampTz now)
{
	char		key[32];

	if (run->calls_per_second <= 0)
		return -1;
	snprintf(key, sizeof(key), "trunk:%lld", (long long) run->trunk_id);
	return (int) Min(pt_bucket_level(key, run->calls_per_second, now), 100000);
}

/* The other runs whose answers the same team must take. */
static PtPaceOther *
others_of(const PtDialRun *run, PtDialRun *const *runs, int n_runs, int *n)
{
	PtPaceOther *others = palloc_array(PtPaceOther, Max(n_runs, 1));

	*n = 0;
	for (int i = 0; i < n_runs && run->team_id != 0; i++)
	{
		const PtDialRun *other = runs[i];
		bool		calling = other->running && !other->preview && !other->suspended && other->available > 0;

		if (other != run && other->team_id == run->team_id && (other->n_ringing > 0 || calling) && other->known)
			others[(*n)++] = (PtPaceOther) {&other->pace, other->ringing, other->n_ringing, calling};
	}
	return others;
}

/* The smaller of two limits of which -1 is none. */
static int
narrower(int a, int b)
{
	if (a < 0)
		return b;
	return b < 0 ? a : Min(a, b);
}

/* What is the case for a run now. */
static void
fill_input(PtPaceInput *input, PtDialRun *run, PtDialRun *const *runs, int n, TimestampTz now, PtEngineRoom room)
{
	memset(input, 0, sizeof(*input));
	input->now_s = (double) now / USECS_PER_SEC;
	pt_tick_agents_of(run, &input->agents, &input->idle);
	input->waiting = run->n_waiting;
	input->ringing = run->ringing;
	input->n_ringing = run->n_ringing;
	input->talking = run->talking;
	input->n_talking = run->n_talking;
	input->wrap_left = run->wrap_left;
	input->n_wrap_up = run->n_wrap_up;
	input->live = run->window_live + run->new_live + run->live;
	input->abandoned = run->window_abandoned + run->new_abandoned + run->abandoned;
	input->others = others_of(run, runs, n, &input->n_others);
	input->max_lines = narrower(lines_left(run, now), room(run->engine_id, 0));
	input->max_rate = rate_left(run, now);
	input->max_targets = run->preview || run->suspended || run->retry_at > now ? 0 : (int) Min(run->available, 100000);
}

/* Decides for a run and notes what its calls take from what is shared. */
static void
decide(PtDialRun *run, PtDialRun *const *runs, int n, TimestampTz now, PtEngineRoom room)
{
	PtPaceInput input;

	fill_input(&input, run, runs, n, now, room);
	pt_pace_decide(&run->pace, &run->settings, &input, &run->output);
	run->decided = true;
	run->dirty = true;
	run->place = run->output.place;
	run->withdraw = run->output.withdraw;
	run->withdraw_from_s = run->output.withdraw_from_s;
	pt_dial_trunk(run->trunk_id)->used += run->place;
	(void) room(run->engine_id, run->place);
	for (int i = 0; i < run->place; i++)
		pt_tick_age(&run->ringing, &run->n_ringing, &run->room_ringing, 0);
}

void
pt_tick_decide(TimestampTz now, PtEngineRoom room)
{
	static unsigned turn;		/* another run decides first each time: it takes the agents that are free */
	PtDialRun **runs;
	int			n = pt_tick_runs(&runs);

	turn++;
	qsort(runs, n, sizeof(PtDialRun *), compare_accounts);
	for (int i = 0; i < n; i++)
	{
		PtDialRun  *run = runs[(turn + i) % n];

		run->decided = false;
		if (run->running && run->known)
			decide(run, runs, n, now, room);
	}
}
