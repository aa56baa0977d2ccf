/*
 * dialer_sim.c
 *	  The simulated call centre: events in the order of their times, and a
 *	  decision for each campaign once a second.
 */
#include "dialer_sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR 3600.0

typedef enum AgentState
{
	OFF, IDLE, TALK, WRAP
} AgentState;

typedef struct Agent
{
	AgentState	state;
	double		since;
	double		until;			/* end of the wrap-up */
	double		talk_s;
	bool		leaving;
	uint64_t	turn;			/* the least among idle agents is idle for longest */
	int			campaign;		/* of the talk */
} Agent;

typedef enum CallState
{
	FREE, RINGING, WAITING
} CallState;

typedef struct Call
{
	CallState	state;
	int			campaign;
	double		since;
	double		waits_since;
	SimFate		fate;
	uint32_t	serial;			/* of the use of this place */
	int			place;			/* in its campaign's ringing calls */
	int			next_free;
} Call;

typedef enum EventKind
{
	CALL_RANG, CALLER_GONE, TALK_OVER, WRAP_OVER
} EventKind;

typedef struct Event
{
	double		at;
	EventKind	kind;
	int			what;			/* call or agent */
	uint32_t	serial;
} Event;

typedef struct Campaign
{
	PtPace		pace;
	int		   *ringing;		/* calls */
	int			n_ringing;
	int64_t		placed;
	int64_t		live;
	int64_t		abandoned;
	double		owed;			/* part of a call, of a rate */
} Campaign;

typedef struct Sim
{
	const SimScenario *scenario;
	const PtPaceSettings *settings;
	uint64_t	seed;
	SimResult  *result;
	double		now;
	double		counted_until;
	Campaign	campaigns[SIM_CAMPAIGNS];
	int			n_campaigns;
	Agent	   *agents;
	uint64_t	turn;
	int			present;
	int			at_work;
	Call	   *calls;
	int			n_calls;
	int			free_call;
	int		   *waiting;		/* calls, the longest first */
	int			n_waiting;
	Event	   *heap;
	int			n_heap;
	double	   *ages;			/* room for arrays of the input */
	int			capacity;		/* of each array of calls */
	bool		short_of_memory;
} Sim;

static void
push_event(Sim *sim, double at, EventKind kind, int what, uint32_t serial)
{
	int			i = sim->n_heap++;

	while (i > 0 && sim->heap[(i - 1) / 2].at > at)
	{
		sim->heap[i] = sim->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	sim->heap[i] = (Event) {at, kind, what, serial};
}

static Event
pop_event(Sim *sim)
{
	Event		first = sim->heap[0];
	Event		last = sim->heap[--sim->n_heap];
	int			i = 0;

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= sim->n_heap)
			break;
		if (child + 1 < sim->n_heap && sim->heap[child + 1].at < sim->heap[child].at)
			child++;
		if (sim->heap[child].at >= last.at)
			break;
		sim->heap[i] = sim->heap[child];
		i = child;
	}
	sim->heap[i] = last;
	return first;
}

/* Adds the agents' seconds since the last change, cut at the first hour's end. */
static void
count_agents(Sim *sim, double until)
{
	double		passed = until - sim->counted_until;
	double		early = fmax(fmin(until, HOUR) - sim->counted_until, 0);

	sim->result->day.used += passed * sim->at_work;
	sim->result->day.present += passed * sim->present;
	sim->result->first_hour.used += early * sim->at_work;
	sim->result->first_hour.present += early * sim->present;
	sim->counted_until = until;
}

/* A live answer has come to its end, one way or the other. */
static void
count_live(Sim *sim, Call *call, bool abandoned)
{
	Campaign   *campaign = &sim->campaigns[call->campaign];

	campaign->live++;
	campaign->abandoned += abandoned;
	sim->result->day.live++;
	sim->result->day.abandoned += abandoned;
	if (sim->now < HOUR)
	{
		sim->result->first_hour.live++;
		sim->result->first_hour.abandoned += abandoned;
	}
	sim->result->waited += sim->now - call->waits_since;
	pt_pace_live(&campaign->pace, abandoned);
}

static void
release_call(Sim *sim, int i)
{
	sim->calls[i].state = FREE;
	sim->calls[i].serial++;
	sim->calls[i].next_free = sim->free_call;
	sim->free_call = i;
}

static void
stop_ringing(Sim *sim, int i)
{
	Campaign   *campaign = &sim->campaigns[sim->calls[i].campaign];
	int			last = campaign->ringing[--campaign->n_ringing];

	campaign->ringing[sim->calls[i].place] = last;
	sim->calls[last].place = sim->calls[i].place;
}

static int
longest_idle(const Sim *sim)
{
	int			found = -1;

	for (int i = 0; i < sim->scenario->agents; i++)
	{
		if (sim->agents[i].state == IDLE && (found < 0 || sim->agents[i].turn < sim->agents[found].turn))
			found = i;
	}
	return found;
}

static void
connect_call(Sim *sim, int call, int agent)
{
	Agent	   *a = &sim->agents[agent];

	count_live(sim, &sim->calls[call], false);
	count_agents(sim, sim->now);
	sim->at_work++;
	a->state = TALK;
	a->since = sim->now;
	a->talk_s = sim->calls[call].fate.talks_s;
	push_event(sim, sim->now + a->talk_s, TALK_OVER, agent, 0);
	a->campaign = sim->calls[call].campaign;
	release_call(sim, call);
}

static void
forget_waiting(Sim *sim, int place)
{
	sim->n_waiting--;
	memmove(&sim->waiting[place], &sim->waiting[place + 1], sizeof(int) * (size_t) (sim->n_waiting - place));
}

static void
make_idle(Sim *sim, int agent)
{
	Agent	   *a = &sim->agents[agent];

	a->state = a->leaving ? OFF : IDLE;
	a->turn = ++sim->turn;
	if (a->leaving)
	{
		sim->present--;
		a->leaving = false;
	}
	else if (sim->n_waiting > 0)
	{
		int			call = sim->waiting[0];

		forget_waiting(sim, 0);
		connect_call(sim, call, agent);
	}
}

/* A call is answered, or ends without an answer. */
static void
call_rang(Sim *sim, int i)
{
	Call	   *call = &sim->calls[i];
	PtPace	   *pace = &sim->campaigns[call->campaign].pace;
	int			agent;

	stop_ringing(sim, i);
	if (!call->fate.answers || call->fate.machine)
	{
		pt_pace_gone(pace, sim->now - call->since);
		release_call(sim, i);
		return;
	}
	pt_pace_arrived(pace, sim->now - call->since);
	call->waits_since = sim->now;
	agent = longest_idle(sim);
	if (agent >= 0)
	{
		connect_call(sim, i, agent);
		return;
	}
	call->state = WAITING;
	sim->waiting[sim->n_waiting++] = i;
	push_event(sim, sim->now + sim->settings->patience_s, CALLER_GONE, i, call->serial);
}

static void
caller_gone(Sim *sim, int i)
{
	for (int place = 0; place < sim->n_waiting; place++)
	{
		if (sim->waiting[place] == i)
		{
			forget_waiting(sim, place);
			break;
		}
	}
	count_live(sim, &sim->calls[i], true);
	release_call(sim, i);
}

static void
handle_event(Sim *sim, const Event *event)
{
	Agent	   *agent;

	switch (event->kind)
	{
		case CALL_RANG:
		case CALLER_GONE:
			if (sim->calls[event->what].serial != event->serial)
				break;
			if (event->kind == CALL_RANG)
				call_rang(sim, event->what);
			else
				caller_gone(sim, event->what);
			break;
		case TALK_OVER:
			agent = &sim->agents[event->what];
			pt_pace_talked(&sim->campaigns[agent->campaign].pace, agent->talk_s);
			agent->state = WRAP;
			agent->until = sim->now + sim->scenario->wrap_s;
			push_event(sim, agent->until, WRAP_OVER, event->what, 0);
			break;
		case WRAP_OVER:
			count_agents(sim, sim->now);
			sim->at_work--;
			make_idle(sim, event->what);
			break;
	}
}

/* Agents log in, and out as soon as they are done. */
static void
change_shift(Sim *sim)
{
	int			wanted = sim_agents(sim->scenario, sim->seed, sim->now);

	count_agents(sim, sim->now);
	for (int i = 0; i < sim->scenario->agents; i++)
	{
		Agent	   *a = &sim->agents[i];

		a->leaving = i >= wanted && a->state != OFF;
		if (i < wanted && a->state == OFF)
		{
			sim->present++;
			make_idle(sim, i);
		}
		else if (a->leaving && a->state == IDLE)
			make_idle(sim, i);
	}
}

static void
place_call(Sim *sim, int c)
{
	Campaign   *campaign = &sim->campaigns[c];
	int			i = sim->free_call;
	Call	   *call = &sim->calls[i];

	if (i < 0)
	{
		sim->short_of_memory = true;
		return;
	}
	sim->free_call = call->next_free;
	call->state = RINGING;
	call->campaign = c;
	call->since = sim->now;
	sim_fate(&call->fate, sim->scenario, sim->seed, c, campaign->placed++, sim->now);
	call->place = campaign->n_ringing;
	campaign->ringing[campaign->n_ringing++] = i;
	sim->result->calls++;
	push_event(sim, sim->now + call->fate.rings_s + (call->fate.answers ? sim->scenario->detect_s : 0),
			   CALL_RANG, i, call->serial);
}

static void
withdraw_calls(Sim *sim, int c, const PtPaceOutput *output)
{
	Campaign   *campaign = &sim->campaigns[c];

	for (int left = output->withdraw; left > 0; left--)
	{
		int			oldest = -1;

		for (int k = 0; k < campaign->n_ringing; k++)
		{
			if (oldest < 0 || sim->calls[campaign->ringing[k]].since < sim->calls[oldest].since)
				oldest = campaign->ringing[k];
		}
		/* With detection the call may be answered already: that is not ringing any more. */
		if (oldest < 0 || sim->now - sim->calls[oldest].since < output->withdraw_from_s)
			break;
		pt_pace_withdrawn(&campaign->pace, sim->now - sim->calls[oldest].since);
		stop_ringing(sim, oldest);
		release_call(sim, oldest);
		sim->result->withdrawn++;
	}
}

/* Ages of a campaign's ringing calls, written where there is room. */
static double *
write_ages(const Sim *sim, const Campaign *campaign, double *ages)
{
	for (int k = 0; k < campaign->n_ringing; k++)
		ages[k] = sim->now - sim->calls[campaign->ringing[k]].since;
	return ages + campaign->n_ringing;
}

/* What the decision sees of the agents; returns the room that is left. */
static double *
see_agents(const Sim *sim, PtPaceInput *input, double *room)
{
	double	   *wrap = room + sim->scenario->agents;

	input->talking = room;
	input->wrap_left = wrap;
	input->agents = sim->present;
	for (int i = 0; i < sim->scenario->agents; i++)
	{
		const Agent *a = &sim->agents[i];

		input->agents -= a->state != OFF && a->leaving;
		input->idle += a->state == IDLE;
		if (a->leaving)
			continue;
		if (a->state == TALK)
			room[input->n_talking++] = sim->now - a->since;
		else if (a->state == WRAP)
			wrap[input->n_wrap_up++] = a->until - sim->now;
	}
	return wrap + sim->scenario->agents;
}

static double
processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/*
 * The rate of Erlang C: so many calls a second that agents have this load, from
 * the true chance of an answer and duration, whatever is the case.
 */
static int
place_at_rate(const Sim *sim, Campaign *campaign)
{
	const SimScenario *s = sim->scenario;

	double		whole;

	campaign->owed += s->open_load * sim->present / (s->talk_s + s->wrap_s) / sim_p(s, sim->seed, sim->now);
	whole = floor(campaign->owed);
	campaign->owed -= whole;
	return (int) whole;
}

/* Asks the core and times it. */
static void
ask_core(Sim *sim, Campaign *campaign, const PtPaceInput *input, PtPaceOutput *output)
{
	double		from = processor_time();
	double		took;

	pt_pace_decide(&campaign->pace, sim->settings, input, output);
	took = processor_time() - from;
	sim->result->decide_s += took;
	sim->result->decide_max_s = fmax(sim->result->decide_max_s, took);
	sim->result->decisions++;
}

/* One decision of one campaign, done at once. */
static void
decide(Sim *sim, int c)
{
	Campaign   *campaign = &sim->campaigns[c];
	PtPaceOther others[SIM_CAMPAIGNS];
	PtPaceInput input = {.now_s = sim->now,.waiting = sim->n_waiting,.live = campaign->live,
		.abandoned = campaign->abandoned,.others = others,.max_lines = -1,.max_targets = -1,.max_rate = -1
	};
	PtPaceOutput output;
	double	   *room = see_agents(sim, &input, sim->ages);

	input.ringing = room;
	input.n_ringing = campaign->n_ringing;
	room = write_ages(sim, campaign, room);
	for (int other = 0; other < sim->n_campaigns; other++)
	{
		if (other == c)
			continue;
		others[input.n_others++] = (PtPaceOther) {&sim->campaigns[other].pace, room, sim->campaigns[other].n_ringing,
			sim->scenario->contacts == 0 || sim->campaigns[other].placed < sim->scenario->contacts
		};
		room = write_ages(sim, &sim->campaigns[other], room);
	}
	if (sim->scenario->contacts > 0)
		input.max_targets = (int) (sim->scenario->contacts - campaign->placed);
	if (sim->scenario->open_load > 0)
		output = (PtPaceOutput) {.place = place_at_rate(sim, campaign)};
	else
		ask_core(sim, campaign, &input, &output);
	withdraw_calls(sim, c, &output);
	for (int k = 0; k < output.place; k++)
		place_call(sim, c);
	if (campaign->n_ringing > sim->result->most_lines)
		sim->result->most_lines = campaign->n_ringing;
	sim->result->lines += campaign->n_ringing;
}

static bool
start_sim(Sim *sim, const SimScenario *scenario)
{
	int			agents = scenario->agents;

	sim->n_campaigns = scenario->campaigns > 0 ? scenario->campaigns : 1;
	sim->capacity = 1000 + agents * 200;
	sim->agents = calloc((size_t) agents, sizeof(Agent));
	sim->calls = calloc((size_t) sim->capacity, sizeof(Call));
	sim->waiting = calloc((size_t) sim->capacity, sizeof(int));
	sim->heap = calloc((size_t) sim->capacity * 4, sizeof(Event));
	sim->ages = calloc((size_t) sim->capacity * 2, sizeof(double));
	for (int c = 0; c < sim->n_campaigns; c++)
	{
		sim->campaigns[c].ringing = calloc((size_t) sim->capacity, sizeof(int));
		sim->short_of_memory |= sim->campaigns[c].ringing == NULL;
		pt_pace_init(&sim->campaigns[c].pace, sim->settings);
	}
	if (!sim->agents || !sim->calls || !sim->waiting || !sim->heap || !sim->ages || sim->short_of_memory)
		return false;
	sim->free_call = -1;
	for (int i = sim->capacity - 1; i >= 0; i--)
		release_call(sim, i);
	return true;
}

/* Everything that happens until the time. */
static void
run_until(Sim *sim, double until)
{
	while (sim->n_heap > 0 && sim->heap[0].at <= until)
	{
		Event		event = pop_event(sim);

		sim->now = event.at;
		handle_event(sim, &event);
	}
	sim->now = until;
}

bool
sim_run(const SimScenario *scenario, const PtPaceSettings *settings, uint64_t seed, SimResult *result)
{
	Sim			sim = {.scenario = scenario,.settings = settings,.seed = seed,.result = result};
	int			seconds = (int) (scenario->hours * HOUR);
	bool		good;

	memset(result, 0, sizeof(*result));
	good = start_sim(&sim, scenario);
	for (int second = 0; good && second <= seconds; second++)
	{
		run_until(&sim, second);
		if (second == 0 || (scenario->shifts && second % 600 == 0))
			change_shift(&sim);
		if (second >= scenario->pause_from && second < scenario->pause_to)
			continue;
		for (int k = 0; k < sim.n_campaigns; k++)
			decide(&sim, (second + k) % sim.n_campaigns);
		good = !sim.short_of_memory;
	}
	count_agents(&sim, seconds);
	for (int c = 0; c < sim.n_campaigns; c++)
	{
		result->campaign[c].live = sim.campaigns[c].live;
		result->campaign[c].abandoned = sim.campaigns[c].abandoned;
		free(sim.campaigns[c].ringing);
	}
	result->lines /= fmax(seconds, 1) * sim.n_campaigns;
	free(sim.agents);
	free(sim.calls);
	free(sim.waiting);
	free(sim.heap);
	free(sim.ages);
	return good;
}
