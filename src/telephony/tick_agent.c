/*
 * tick_agent.c
 *	  Who works: agents by team, and what the account's limit leaves of them (PACE-10).
 */
#include "telephony/tick.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sms/column.h"

/* A team's agents who have not paused. */
typedef struct Team
{
	int64		team_id;
	int			agents;
	int			idle;
	int			counted_for;	/* runs that have counted them */
} Team;

static Team *teams = NULL;		/* this tick's */
static int	n_teams = 0;

static PtPlan agents_plan = {
	"SELECT g.team_id, g.state::text, g.state_since, g.wrap_up_until FROM portatext.agent g"
	" WHERE g.team_id = ANY ($1) AND g.state NOT IN ('offline', 'paused') ORDER BY g.team_id",
	1, {INT8ARRAYOID},
	.generic = true
};

/* The team's entry, made if it is new. */
static Team *
team_of(int64 team_id)
{
	for (int i = 0; i < n_teams; i++)
		if (teams[i].team_id == team_id)
			return &teams[i];
	teams[n_teams] = (Team) {.team_id = team_id};
	return &teams[n_teams++];
}

/* Notes an agent with every run of the team. */
static void
note_agent(PtDialRun *const *runs, int n, int64 team_id, const char *state, double since_s, double left_s)
{
	Team	   *team = team_of(team_id);

	team->agents++;
	team->idle += strcmp(state, "available") == 0;
	for (int i = 0; i < n; i++)
	{
		PtDialRun  *run = runs[i];

		if (run->team_id != team_id)
			continue;
		if (strcmp(state, "on_call") == 0 || strcmp(state, "ringing") == 0)
			pt_tick_age(&run->talking, &run->n_talking, &run->room_talking,
						state[0] == 'o' ? since_s : 0);
		else if (strcmp(state, "wrap_up") == 0)
			pt_tick_age(&run->wrap_left, &run->n_wrap_up, &run->room_wrap_up, left_s);
	}
}

void
pt_tick_read_agents(TimestampTz now)
{
	PtDialRun **runs;
	int			n_runs = pt_tick_runs(&runs);
	PtColumn	ids = {INT8OID};
	Datum		value;
	uint64		n;
	bool		isnull;

	teams = palloc_array(Team, Max(n_runs, 1));
	n_teams = 0;
	for (int i = 0; i < n_runs; i++)
		if (runs[i]->team_id != 0 && runs[i]->running)
			pt_column_add(&ids, Int64GetDatum(runs[i]->team_id));
	if (ids.n == 0)
		return;
	value = pt_column_array(&ids);
	n = pt_plan_run_latest(&agents_plan, &value, NULL, SPI_OK_SELECT);
	for (uint64 i = 0; i < n; i++)
	{
		int64		team_id = DatumGetInt64(pt_result(i, 1, &isnull));
		char	   *state = TextDatumGetCString(pt_result(i, 2, &isnull));
		TimestampTz since = DatumGetTimestampTz(pt_result(i, 3, &isnull));
		TimestampTz until = DatumGetTimestampTz(pt_result(i, 4, &isnull));

		note_agent(runs, n_runs, team_id, state, (double) (now - since) / USECS_PER_SEC,
				   isnull ? 0 : (double) (until - now) / USECS_PER_SEC);
	}
}

/* Agents that an account's runs before this one leave of its limit. */
static int
agents_left(const PtDialRun *run, int wanted)
{
	static int64 account_id = 0;
	static int	left = 0;
	static int64 last_run = INT64CONST(-1);

	if (run->account_id != account_id || run->run_id <= last_run)
	{
		account_id = run->account_id;
		left = run->max_agents;
	}
	last_run = run->run_id;
	if (run->max_agents < 0)
		return wanted;
	wanted = Min(wanted, left);
	left -= wanted;
	return wanted;
}

/*
 * Agents who work for the run, and those of them who are free; asked once a tick, by account and run_id, in
 * rising order.  A team counts once for the account's limit, with its first run.
 */
void
pt_tick_agents_of(PtDialRun *run, int *agents, int *idle)
{
	int			busy = run->n_talking + run->n_wrap_up;
	Team	   *team;

	*agents = *idle = 0;
	if (!run->needs_agents)
		return;
	if (run->team_id == 0)
	{
		*agents = agents_left(run, run->agents);
		*idle = Max(*agents - busy, 0);
		return;
	}
	team = team_of(run->team_id);
	if (team->counted_for++ == 0 && run->max_agents >= 0)
	{
		int			left = agents_left(run, team->agents);

		team->idle = Max(Min(team->idle, left - (team->agents - team->idle)), 0);
		team->agents = left;
	}
	*agents = team->agents;
	*idle = team->idle;
}
