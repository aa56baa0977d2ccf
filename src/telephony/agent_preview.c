/*
 * agent_preview.c
 *	  Preview: an agent looks at a target before it is called.
 *
 * The agent's row is locked, then the run's, which the dialer holds while it takes
 * targets, then the target's.
 */
#include "telephony/apply.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "schedule/schedule.h"
#include "telephony/agent_state.h"
#include "telephony/target.h"

#define LOOKED_AT 200			/* targets in one search, at most */

static PtPlan run_plan = {
	"SELECT r.run_id, r.campaign_id, r.account_id, r.state::text, COALESCE(c.schedule_id, 0), c.from_number, k.trunk_id, t.engine_id,"
	" COALESCE(k.team_id, 0), k.method = 'preview', k.iterations, COALESCE(k.max_calls_per_day, 0),"
	" extract(epoch FROM k.dial_timeout)::int4, extract(epoch FROM k.max_duration)::int4, k.flow::text"
	" FROM portatext.campaign_run r JOIN portatext.campaign c ON c.campaign_id = r.campaign_id"
	" JOIN portatext.call_campaign k ON k.campaign_id = r.campaign_id JOIN portatext.trunk t ON t.trunk_id = k.trunk_id"
	" WHERE CASE WHEN $1 <> 0 THEN r.campaign_id = $1 AND r.ord = (SELECT max(x.ord) FROM portatext.campaign_run x WHERE x.campaign_id = $1)"
	"  ELSE r.run_id = $2 END AND r.account_id = $3 FOR NO KEY UPDATE OF r",
	3, {INT8OID, INT8OID, INT8OID}
};

static PtPlan cohort_plan = {
	"SELECT k.cohort, k.places, k.released, k.opens_at, k.example::text FROM portatext.campaign_cohort k"
	" WHERE k.run_id = $1 ORDER BY k.opens_at, k.cohort",
	1, {INT8OID}
};

static PtPlan shown_plan = {
	"SELECT t.run_id, t.number, t.cohort, t.attempts, t.day, t.day_attempts, r.sender, r.body, x.run_id IS NOT NULL"
	" FROM portatext.call_target t"
	" LEFT JOIN portatext.campaign_recipient r ON r.run_id = t.run_id AND r.number = t.number"
	" LEFT JOIN portatext.campaign_cancellation x ON x.run_id = t.run_id AND x.number = t.number"
	" WHERE t.agent_id = $1 AND t.state = 'preview'",
	1, {INT8OID}
};

static PtPlan show_plan = {
	"UPDATE portatext.call_target t SET agent_id = nullif($3, 0) WHERE t.run_id = $1 AND t.number = $2", 3, {INT8OID, TEXTOID, INT8OID}
};

static PtPlan skip_plan = {
	"UPDATE portatext.call_target t SET state = (CASE WHEN $2 THEN 'waiting' ELSE 'skipped' END)::portatext.target_state,"
	" due_at = CASE WHEN $2 THEN $3 + greatest(k.min_iteration_time, interval '1 minute') END,"
	" reason = CASE WHEN NOT $2 THEN 'agent' END, agent_id = NULL"
	" FROM portatext.campaign_run r JOIN portatext.call_campaign k ON k.campaign_id = r.campaign_id"
	" WHERE t.agent_id = $1 AND t.state = 'preview' AND r.run_id = t.run_id",
	3, {INT8OID, BOOLOID, TIMESTAMPTZOID}
};

static PtPlan call_plan = {
	"INSERT INTO portatext.call (call_id, account_id, campaign_id, run_id, iteration, engine_id, trunk_id, from_number, to_number,"
	" flow, variables, has_amd, dial_timeout, max_duration, state, due_at, schedule_id, agent_id)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12, $13, $14, 'queued', $15, nullif($16, 0), $17)",
	17, {UUIDOID, INT8OID, INT8OID, INT8OID, INT2OID, INT4OID, INT8OID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, BOOLOID, INT4OID,
	INT4OID, TIMESTAMPTZOID, INT4OID, INT8OID}
};

static char *
text_of(uint64 row, int col)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Copies the run's row; what the dialer has beside it stays empty. */
static PtDialRun *
read_run(void)
{
	PtDialRun  *run = palloc0(sizeof(PtDialRun));
	PtFlowProblem problem;
	bool		isnull;

	run->run_id = DatumGetInt64(pt_result(0, 1, &isnull));
	run->campaign_id = DatumGetInt64(pt_result(0, 2, &isnull));
	run->account_id = DatumGetInt64(pt_result(0, 3, &isnull));
	run->running = strcmp(text_of(0, 4), "running") == 0;
	run->schedule_id = DatumGetInt32(pt_result(0, 5, &isnull));
	run->from = text_of(0, 6);
	run->trunk_id = DatumGetInt64(pt_result(0, 7, &isnull));
	run->engine_id = DatumGetInt32(pt_result(0, 8, &isnull));
	run->team_id = DatumGetInt64(pt_result(0, 9, &isnull));
	run->preview = DatumGetBool(pt_result(0, 10, &isnull));
	run->iterations = DatumGetInt32(pt_result(0, 11, &isnull));
	run->max_calls_per_day = DatumGetInt32(pt_result(0, 12, &isnull));
	run->dial_timeout_s = DatumGetInt32(pt_result(0, 13, &isnull));
	run->max_duration_s = DatumGetInt32(pt_result(0, 14, &isnull));
	run->flow = text_of(0, 15);
	(void) pt_flow_facts(run->flow, strlen(run->flow), &run->facts, &problem);
	return run;
}

/* Locks the newest run of a campaign, or (0) this run; raises 42704, or 55000 when it does not run. */
static PtDialRun *
lock_run(const PtAgent *agent, int64 campaign_id, int64 run_id)
{
	Datum		values[3] = {Int64GetDatum(campaign_id), Int64GetDatum(run_id), Int64GetDatum(agent->account_id)};
	PtDialRun  *run;

	if (pt_plan_run_latest(&run_plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("telephony campaign %lld does not exist", (long long) campaign_id),
				 errhint("The view portatext.telephony_campaigns lists them.")));
	run = read_run();
	if (!run->running || !run->preview || run->team_id != agent->team_id)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("campaign %lld has no targets for agent %lld", (long long) run->campaign_id, (long long) agent->agent_id),
				 errhint("It must run, with method preview and the agent's team.")));
	return run;
}

/* Reads the run's cohorts; which are open is asked of the schedule. */
static void
read_cohorts(PtDialRun *run, TimestampTz now)
{
	Datum		value = Int64GetDatum(run->run_id);
	bool		isnull;
	char	  **examples;

	run->n_cohorts = (int) pt_plan_run_latest(&cohort_plan, &value, NULL, SPI_OK_SELECT);
	run->cohorts = palloc0_array(PtDialCohort, Max(run->n_cohorts, 1));
	examples = palloc_array(char *, Max(run->n_cohorts, 1));
	for (int i = 0; i < run->n_cohorts; i++)
	{
		PtDialCohort *c = &run->cohorts[i];

		c->cohort = DatumGetInt32(pt_result(i, 1, &isnull));
		c->places = DatumGetInt64(pt_result(i, 2, &isnull));
		c->released = c->read_released = DatumGetInt64(pt_result(i, 3, &isnull));
		c->opens_at = c->stored_opens_at = DatumGetTimestampTz(pt_result(i, 4, &isnull));
		examples[i] = text_of(i, 5);
	}
	for (int i = 0; i < run->n_cohorts; i++)
	{
		const PtSchedule *schedule = run->schedule_id == 0 ? NULL : pt_schedule_by_id(run->schedule_id);
		bool		own_zone = false;
		TimestampTz opens;

		if (schedule == NULL || run->cohorts[i].opens_at > now)
			continue;
		opens = pt_schedule_find_for(schedule, run->account_id, examples[i], now, &own_zone);
		if (opens != DT_NOEND)
			run->cohorts[i].opens_at = opens;
	}
}

/* Notes whose target it is; agent 0: nobody's. */
static void
give_target(const PtDialRun *run, const PtTarget *target, int64 agent_id)
{
	Datum		values[3] = {Int64GetDatum(run->run_id), CStringGetTextDatum(target->number), Int64GetDatum(agent_id)};

	pt_plan_run_latest(&show_plan, values, NULL, SPI_OK_UPDATE);
}

/* Shown, but not called yet. */
static void
show(const PtDialRun *run, PtTarget *target, const PtAgent *agent)
{
	target->state = "preview";
	target->attempts--;
	target->day_attempts--;
	pt_targets_write(run, target, 1);
	give_target(run, target, agent->agent_id);
}

/* The next target that may be called, shown to the agent; NULL: there is none now. */
static PtTarget *
find_target(PtDialRun *run, const PtAgent *agent, TimestampTz now)
{
	PtTarget   *all = palloc0_array(PtTarget, LOOKED_AT);
	PtTarget   *found = NULL;
	int			n = 0;

	while (n < LOOKED_AT && found == NULL)
	{
		PtTarget   *one;

		if (pt_targets_read(run, 1, now, &one) == 0)
			break;
		all[n] = one[0];
		pt_targets_check(run, &all[n], 1, now);
		if (strcmp(all[n].state, "calling") == 0)
		{
			found = &all[n];
			show(run, found, agent);
		}
		else
			pt_targets_write(run, &all[n], 1);
		n++;
	}
	pt_cursors_write(run, all, n);
	return found;
}

/* The agent's state when it looks at something, or no longer does. */
static void
move_agent(const PtAgent *agent, const char *state, const pg_uuid_t *takes)
{
	PtAgentMove move = {.agent_id = agent->agent_id,.state = state,.at = pt_now(),.takes = takes};

	(void) pt_agent_move(&move);
	pt_dialer_wake();
}

PG_FUNCTION_INFO_V1(pt_next_target);

/* portatext.next_target(agent, campaign) */
Datum
pt_next_target(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	PtAgent		agent;
	PtRole		saved;
	PtDialRun  *run;
	PtTarget   *target;
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, true};
	HeapTupleHeader row;

	(void) get_call_result_type(fcinfo, NULL, &desc);
	desc = BlessTupleDesc(desc);
	SPI_connect();
	pt_become_keeper(&saved);
	pt_agent_lock(PG_GETARG_INT64(0), &agent);
	if (!pt_agent_is(&agent, "available"))
		pt_agent_raise(&agent, "Only an agent that is available is shown a target.");
	run = lock_run(&agent, PG_GETARG_INT64(1), 0);
	read_cohorts(run, pt_now());
	target = find_target(run, &agent, pt_now());
	if (target != NULL)
	{
		move_agent(&agent, "preview", NULL);
		values[0] = CStringGetTextDatum(target->number);
		values[1] = Int32GetDatum(target->attempts + 1);
		values[2] = JsonbPGetDatum(target->variables);
		nulls[0] = nulls[1] = false;
		nulls[2] = target->variables == NULL;
	}
	row = SPI_returntuple(heap_form_tuple(desc, values, nulls), desc);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleHeaderGetDatum(row));
}

/* The target that the agent looks at; NULL: none any more.  *run_id is its run. */
static PtTarget *
shown_target(const PtAgent *agent, int64 *run_id)
{
	Datum		value = Int64GetDatum(agent->agent_id);
	PtTarget   *t = palloc0(sizeof(PtTarget));
	bool		isnull;

	if (pt_plan_run_latest(&shown_plan, &value, NULL, SPI_OK_SELECT) == 0)
		return NULL;
	*run_id = DatumGetInt64(pt_result(0, 1, &isnull));
	t->number = text_of(0, 2);
	t->cohort = DatumGetInt32(pt_result(0, 3, &isnull));
	t->attempts = DatumGetInt16(pt_result(0, 4, &isnull));
	t->day = DatumGetDateADT(pt_result(0, 5, &isnull));
	t->has_day = !isnull;
	t->day_attempts = DatumGetInt16(pt_result(0, 6, &isnull));
	t->sender = text_of(0, 7);
	t->body = text_of(0, 8);
	t->cancelled = DatumGetBool(pt_result(0, 9, &isnull));
	return t;
}

/* The call's row, queued: the dialer pays for it and places it. */
static void
queue_call(const PtDialRun *run, const PtTarget *t, const PtAgent *agent, TimestampTz now)
{
	Datum		values[17] = {UUIDPGetDatum(&t->id), Int64GetDatum(run->account_id), Int64GetDatum(run->campaign_id),
		Int64GetDatum(run->run_id), Int16GetDatum(t->attempts), Int32GetDatum(run->engine_id), Int64GetDatum(run->trunk_id),
		(Datum) 0, CStringGetTextDatum(t->number), (Datum) 0, JsonbPGetDatum(t->variables),
		BoolGetDatum(run->facts.has_amd), Int32GetDatum(run->dial_timeout_s), Int32GetDatum(run->max_duration_s),
	TimestampTzGetDatum(now), Int32GetDatum(run->schedule_id), Int64GetDatum(agent->agent_id)};
	char		nulls[18] = "                 ";

	nulls[7] = t->from == NULL ? 'n' : ' ';
	nulls[9] = t->flow == NULL ? 'n' : ' ';
	nulls[10] = t->variables == NULL ? 'n' : ' ';
	if (t->from != NULL)
		values[7] = CStringGetTextDatum(t->from);
	if (t->flow != NULL)
		values[9] = CStringGetTextDatum(t->flow);
	pt_plan_run_latest(&call_plan, values, nulls, SPI_OK_INSERT);
}

/* Raises 55000 unless the agent looks at a target that is not being called. */
static void
require_preview(const PtAgent *agent)
{
	if (!pt_agent_is(agent, "preview") || agent->has_call)
		pt_agent_raise(agent, "portatext.next_target() shows an agent what it can call or skip.");
}

/* Checks the target once more and queues its call; false: it is not to be called. */
static bool
dial(const PtAgent *agent, pg_uuid_t *id)
{
	TimestampTz now = pt_now();
	int64		run_id;
	PtTarget   *target = shown_target(agent, &run_id);
	PtDialRun  *run;
	bool		called;

	if (target == NULL)
		return false;
	run = lock_run(agent, 0, run_id);
	target = shown_target(agent, &run_id);	/* as it is now that the run is locked */
	if (target == NULL)
		return false;
	pt_targets_check(run, target, 1, now);
	pt_targets_write(run, target, 1);
	called = strcmp(target->state, "calling") == 0;
	if (called)
		queue_call(run, target, agent, now);
	else
		give_target(run, target, 0);
	*id = target->id;
	return called;
}

PG_FUNCTION_INFO_V1(pt_agent_dial);

/* portatext.agent_dial(agent) */
Datum
pt_agent_dial(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	PtAgent		agent;
	PtRole		saved;
	bool		called;

	SPI_connect();
	pt_become_keeper(&saved);
	pt_agent_lock(PG_GETARG_INT64(0), &agent);
	require_preview(&agent);
	called = dial(&agent, id);
	move_agent(&agent, called ? "preview" : "available", called ? id : NULL);
	pt_become_caller(&saved);
	SPI_finish();
	if (!called)
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(id);
}

PG_FUNCTION_INFO_V1(pt_agent_skip);

/* portatext.agent_skip(agent, again) */
Datum
pt_agent_skip(PG_FUNCTION_ARGS)
{
	Datum		values[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), TimestampTzGetDatum(pt_now())};
	PtAgent		agent;
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	pt_agent_lock(PG_GETARG_INT64(0), &agent);
	require_preview(&agent);
	pt_plan_run_latest(&skip_plan, values, NULL, SPI_OK_UPDATE);
	move_agent(&agent, "available", NULL);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_VOID();
}
