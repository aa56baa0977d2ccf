/*
 * tick_run.c
 *	  The runs that the dialer serves: their settings, read anew when these have
 *	  changed, and what their pacing has learnt.
 */
#include "telephony/tick.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "cache.h"
#include "sms/column.h"

/* One partly told call behind the PtPace in call_pace.state. */
#define TOLD_SIZE (UUID_LEN + 1)

static PtPlan runs_plan = {
	"SELECT r.run_id, r.campaign_id, r.account_id, r.state = 'running', r.state = 'cancelled',"
	" COALESCE(c.schedule_id, 0), c.from_number, k.trunk_id, t.engine_id, COALESCE(t.channels, 0),"
	" COALESCE(t.calls_per_second, 0)::float8, COALESCE(k.team_id, 0), k.agents, k.method::text, k.pacing::text,"
	" k.iterations, COALESCE(k.max_calls_per_day, 0), extract(epoch FROM k.post_call_work)::float8,"
	" extract(epoch FROM k.dial_timeout)::int4, extract(epoch FROM k.max_duration)::int4, k.occupancy::float8,"
	" k.ratio::float8, COALESCE(k.waiting_probability, 0)::float8, k.max_abandonment::float8,"
	" extract(epoch FROM k.abandonment_window)::float8, extract(epoch FROM k.connect_within)::float8,"
	" extract(epoch FROM k.agent_timeout)::float8, COALESCE(extract(epoch FROM k.min_ring), 0)::float8,"
	" extract(epoch FROM k.acd_seed)::float8, k.answer_seed::float8, k.flow::text, COALESCE(a.max_agents, -1),"
	" a.suspended OR (a.sandbox AND e.adapter <> 'loopback')"
	" FROM (SELECT x.run_id FROM portatext.campaign_run x WHERE x.state = 'running' UNION SELECT unnest($1)) u"
	" JOIN portatext.campaign_run r ON r.run_id = u.run_id"
	" JOIN portatext.campaign c ON c.campaign_id = r.campaign_id"
	" JOIN portatext.call_campaign k ON k.campaign_id = r.campaign_id"
	" JOIN portatext.trunk t ON t.trunk_id = k.trunk_id"
	" JOIN portatext.engine e ON e.engine_id = t.engine_id"
	" JOIN portatext.account a ON a.account_id = r.account_id",
	1, {INT8ARRAYOID},
	.generic = true
};

static PtPlan pace_plan = {
	"SELECT p.state FROM portatext.call_pace p WHERE p.run_id = $1", 1, {INT8OID}
};

static PtCache cache = {.tables = {"campaign_run", "call_campaign", "trunk", "account"}};
static HTAB *runs = NULL;

PtDialRun *
pt_dial_run(int64 run_id)
{
	return runs == NULL ? NULL : hash_search(runs, &run_id, HASH_FIND, NULL);
}

/* In the order of the ids. */
static int
compare_runs(const void *a, const void *b)
{
	const PtDialRun *x = *(PtDialRun *const *) a;
	const PtDialRun *y = *(PtDialRun *const *) b;

	return x->run_id < y->run_id ? -1 : x->run_id > y->run_id;
}

int
pt_tick_runs(PtDialRun ***list)
{
	HASH_SEQ_STATUS scan;
	PtDialRun  *run;
	int			n = 0;

	*list = palloc_array(PtDialRun *, runs == NULL ? 1 : Max(hash_get_num_entries(runs), 1));
	if (runs == NULL)
		return 0;
	hash_seq_init(&scan, runs);
	while ((run = hash_seq_search(&scan)) != NULL)
		(*list)[n++] = run;
	qsort(*list, n, sizeof(PtDialRun *), compare_runs);
	return n;
}

/* Columns of the row that is being read. */
static int64
int8_of(uint64 row, int col)
{
	bool		isnull;

	return DatumGetInt64(pt_result(row, col, &isnull));
}

static int
int4_of(uint64 row, int col)
{
	bool		isnull;

	return DatumGetInt32(pt_result(row, col, &isnull));
}

static double
float_of(uint64 row, int col)
{
	bool		isnull;

	return DatumGetFloat8(pt_result(row, col, &isnull));
}

static bool
bool_of(uint64 row, int col)
{
	bool		isnull;

	return DatumGetBool(pt_result(row, col, &isnull));
}

/* A text, palloc'ed; NULL: null. */
static char *
text_of(uint64 row, int col)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Replaces a text that lives as long as the run. */
static void
keep_text(char **kept, char *text)
{
	if (*kept != NULL)
		pfree(*kept);
	*kept = text == NULL ? NULL : MemoryContextStrdup(pt_tick_keep, text);
}

/* By which rule the pacing decides (PACE-05, PACE-09). */
static PtPaceMethod
method_of(const char *method, const char *pacing, bool needs_agents)
{
	if (!needs_agents)
		return PT_PACE_LINES;
	if (strcmp(method, "power") == 0)
		return PT_PACE_RATIO;
	if (strcmp(method, "predictive") != 0)
		return PT_PACE_PROGRESSIVE;
	return strcmp(pacing, "erlang") == 0 ? PT_PACE_ERLANG : PT_PACE_PREDICTIVE;
}

/* What the pacing core is told once and for all. */
static void
read_settings(PtDialRun *run, uint64 row)
{
	PtPaceSettings *s = &run->settings;

	pt_pace_defaults(s);
	s->method = method_of(text_of(row, 14), text_of(row, 15), run->needs_agents);
	s->wrap_up_s = float_of(row, 18);
	s->occupancy = float_of(row, 21);
	s->ratio = float_of(row, 22);
	s->waiting_probability = float_of(row, 23);
	s->max_abandonment = float_of(row, 24);
	s->patience_s = float_of(row, 26);
	s->min_ring_s = float_of(row, 28);
	s->acd_seed_s = float_of(row, 29);
	s->answer_seed = float_of(row, 30);
}

/* The flow, and what it needs. */
static void
read_flow(PtDialRun *run, char *flow)
{
	PtFlowProblem problem;

	keep_text(&run->flow, flow);
	if (!pt_flow_facts(flow, strlen(flow), &run->facts, &problem))
		memset(&run->facts, 0, sizeof(run->facts));
	run->needs_agents = run->facts.main_forward;
	for (int i = 0; i < lengthof(run->facts.sub); i++)
		run->needs_agents = run->needs_agents || run->facts.sub[i].forward;
}

/* A row of settings. */
static void
read_run(PtDialRun *run, uint64 row)
{
	run->campaign_id = int8_of(row, 2);
	run->account_id = int8_of(row, 3);
	run->running = bool_of(row, 4);
	run->cancelled = bool_of(row, 5);
	run->schedule_id = int4_of(row, 6);
	keep_text(&run->from, text_of(row, 7));
	run->trunk_id = int8_of(row, 8);
	run->engine_id = int4_of(row, 9);
	run->channels = int4_of(row, 10);
	run->calls_per_second = float_of(row, 11);
	run->team_id = int8_of(row, 12);
	run->agents = int4_of(row, 13);
	run->preview = strcmp(text_of(row, 14), "preview") == 0;
	run->iterations = int4_of(row, 16);
	run->max_calls_per_day = int4_of(row, 17);
	run->dial_timeout_s = int4_of(row, 19);
	run->max_duration_s = int4_of(row, 20);
	run->window_s = float_of(row, 25);
	run->agent_timeout_s = float_of(row, 27);
	run->max_agents = int4_of(row, 32);
	run->suspended = bool_of(row, 33);
	read_flow(run, text_of(row, 31));
	read_settings(run, row);
}

/* Notes what the pacing was told already of calls that had not ended. */
static void
restore_told(const unsigned char *at, size_t size)
{
	for (; size >= TOLD_SIZE; at += TOLD_SIZE, size -= TOLD_SIZE)
	{
		pg_uuid_t	id;
		PtDialCall *call;

		memcpy(id.data, at, UUID_LEN);
		call = pt_dial_call(&id);
		if (call != NULL)
			call->told |= at[UUID_LEN];
	}
}

/* Reads what the pacing has learnt, or begins anew. */
static void
load_pace(PtDialRun *run)
{
	Datum		value = Int64GetDatum(run->run_id);
	bool		isnull = true;
	Datum		state = (Datum) 0;

	if (pt_plan_run_latest(&pace_plan, &value, NULL, SPI_OK_SELECT) > 0)
		state = pt_result(0, 1, &isnull);
	if (!isnull)
	{
		bytea	   *bytes = DatumGetByteaPP(state);
		size_t		size = VARSIZE_ANY_EXHDR(bytes);
		PtPace	   *pace = palloc0(Max(size, sizeof(PtPace)));

		memcpy(pace, VARDATA_ANY(bytes), size);
		isnull = size < sizeof(PtPace) || !pt_pace_valid(pace, sizeof(PtPace));
		if (!isnull)
		{
			memcpy(&run->pace, pace, sizeof(PtPace));
			restore_told((unsigned char *) pace + sizeof(PtPace), size - sizeof(PtPace));
		}
	}
	if (isnull)
		pt_pace_init(&run->pace, &run->settings);
	run->known = true;
}

/* Forgets a run, with what it owns. */
static void
forget(PtDialRun *run)
{
	keep_text(&run->from, NULL);
	keep_text(&run->flow, NULL);
	if (run->ringing != NULL)
		pfree(run->ringing);
	if (run->talking != NULL)
		pfree(run->talking);
	if (run->cohorts != NULL)
		pfree(run->cohorts);
	if (run->wrap_left != NULL)
		pfree(run->wrap_left);
	hash_search(runs, &run->run_id, HASH_REMOVE, NULL);
}

/* The runs of the calls, and whether one of them is not known yet. */
static bool
runs_of_calls(PtColumn *ids)
{
	PtDialCall **calls;
	int			n = pt_dial_calls(&calls);
	int64		last = 0;
	bool		unknown = false;

	for (int i = 0; i < n; i++)
	{
		int64		run_id = calls[i]->run_id;

		if (run_id == 0 || run_id == last)
			continue;
		last = run_id;
		unknown = unknown || pt_dial_run(run_id) == NULL;
		pt_column_add(ids, Int64GetDatum(run_id));
	}
	return unknown;
}

/* Reads the settings of all runs. */
static void
load_all(const PtColumn *ids, uint64 tick)
{
	HASHCTL		ctl = {.keysize = sizeof(int64),.entrysize = sizeof(PtDialRun)};
	Datum		value = pt_column_array(ids);
	HASH_SEQ_STATUS scan;
	PtDialRun  *run;
	uint64		n;
	bool		found;

	if (runs == NULL)
		runs = hash_create("portatext telephony runs", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	n = pt_plan_run_latest(&runs_plan, &value, NULL, SPI_OK_SELECT);
	for (uint64 i = 0; i < n; i++)
	{
		int64		run_id = int8_of(i, 1);

		run = hash_search(runs, &run_id, HASH_ENTER, &found);
		if (!found)
			memset((char *) run + sizeof(int64), 0, sizeof(PtDialRun) - sizeof(int64));
		run->seen = tick;
		read_run(run, i);
	}
	hash_seq_init(&scan, runs);
	while ((run = hash_seq_search(&scan)) != NULL)
		if (run->seen != tick)
			forget(run);
}

/* Brings the runs up to date; a reading that fails is done again by the next tick. */
void
pt_tick_load_runs(TimestampTz now, uint64 tick)
{
	PtColumn	ids = {INT8OID};
	PtDialRun **list;
	int			n;

	if (runs_of_calls(&ids) || !pt_cache_fresh(&cache) || runs == NULL)
	{
		pt_cache_begin(&cache);
		load_all(&ids, tick);
		pt_cache_loaded(&cache);
	}
	n = pt_tick_runs(&list);
	for (int i = 0; i < n; i++)
		if (!list[i]->known)
			load_pace(list[i]);
}
