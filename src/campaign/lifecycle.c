/*
 * lifecycle.c
 *	  Starting, pausing, resuming and cancelling campaigns (CAMP-04).
 *
 * Whoever changes a run's state holds its campaign's row, so that of two starters one
 * waits, and then the run's, which the runner holds during a batch.
 */
#include "campaign/campaign.h"

#include "campaign/lifecycle.h"
#include "campaign/run.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "number/number.h"
#include "worker/shared.h"

/* A campaign and its newest run, both locked. */
typedef struct Campaign
{
	int64		campaign_id;
	bool		repeatable;
	int64		run_id;
	int64		job_id;			/* 0: none */
	char	   *state;
	bool		out_of_funds;	/* paused, but what is paid still goes out */
} Campaign;

/* Raises 42704: the caller has no such campaign. */
static void
raise_unknown(int64 campaign_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("campaign %lld does not exist", (long long) campaign_id)));
}

/* Raises 55000: not in this state. */
static void
raise_state(const Campaign *c, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("campaign %lld is %s", (long long) c->campaign_id, c->state),
			 hint == NULL ? 0 : errhint("%s", hint)));
}

/* Whose campaigns the caller may name; 0: everybody's. */
static int64
whose(void)
{
	return pt_sees_all() ? 0 : pt_current_account();
}

/* Locks the campaign's row, then its newest run's. */
static void
lock_campaign(int64 campaign_id, Campaign *c)
{
	static PtPlan campaign_plan = {
		"SELECT c.repeatable FROM portatext.campaign c"
		" WHERE c.campaign_id = $1 AND ($2 = 0 OR c.account_id = $2) FOR NO KEY UPDATE",
		2, {INT8OID, INT8OID}
	};
	static PtPlan run_plan = {
		"SELECT r.run_id, r.job_id, r.state::text, r.reason IS NOT DISTINCT FROM 'no_credits'"
		" FROM portatext.campaign_run r"
		" WHERE r.campaign_id = $1 ORDER BY r.ord DESC LIMIT 1 FOR NO KEY UPDATE",
		1, {INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(campaign_id), Int64GetDatum(whose())};
	bool		isnull;

	if (pt_plan_run_latest(&campaign_plan, values, NULL, SPI_OK_SELECT) == 0)
		raise_unknown(campaign_id);
	c->campaign_id = campaign_id;
	c->repeatable = DatumGetBool(pt_result(0, 1, &isnull));
	if (pt_plan_run_latest(&run_plan, values, NULL, SPI_OK_SELECT) == 0)
		raise_unknown(campaign_id);
	c->run_id = DatumGetInt64(pt_result(0, 1, &isnull));
	c->job_id = DatumGetInt64(pt_result(0, 2, &isnull));
	c->state = TextDatumGetCString(pt_result(0, 3, &isnull));
	c->out_of_funds = DatumGetBool(pt_result(0, 4, &isnull));
}

static bool
is(const Campaign *c, const char *state)
{
	return strcmp(c->state, state) == 0;
}

/* Shall the run start by itself when it is built? */
static void
set_start_when_built(const Campaign *c, bool start)
{
	static PtPlan plan = {
		"UPDATE portatext.campaign_run r SET start_when_built = $2 WHERE r.run_id = $1", 2, {INT8OID, BOOLOID}
	};
	Datum		values[2] = {Int64GetDatum(c->run_id), BoolGetDatum(start)};

	pt_plan_run_latest(&plan, values, NULL, SPI_OK_UPDATE);
}

/* start_campaign(): the state that the campaign is in then. */
static const char *
begin(const Campaign *c)
{
	if (is(c, "ready"))
		pt_campaign_set_state(c->run_id, "running", NULL);
	else if (is(c, "running"))
	{
		ereport(NOTICE, (errmsg("campaign %lld is already running", (long long) c->campaign_id)));
		return "running";
	}
	else if (is(c, "building"))
	{
		set_start_when_built(c, true);
		return "building";
	}
	else if (is(c, "failed") || (is(c, "finished") && c->repeatable))
	{
		pt_campaign_new_run(c->campaign_id);
		return "building";
	}
	else if (is(c, "paused") || is(c, "stopped"))
		raise_state(c, "portatext.resume_campaign() lets it go on.");
	else
		raise_state(c, is(c, "finished") ? "Only a campaign that was created with repeatable => true is started again." :
					"Create a new one.");
	return "running";
}

/* pause_campaign() */
static const char *
hold(const Campaign *c)
{
	if (is(c, "running") || (is(c, "paused") && c->out_of_funds))
		pt_campaign_set_state(c->run_id, "paused", "requested");
	else if (is(c, "paused"))
		ereport(NOTICE, (errmsg("campaign %lld is already paused", (long long) c->campaign_id)));
	else if (is(c, "building"))
	{
		set_start_when_built(c, false);
		return "building";
	}
	else
		raise_state(c, "Only a campaign that runs can be paused.");
	return "paused";
}

/* The counts from which the run's rates count again. */
static void
note_counts(const Campaign *c)
{
	static PtPlan plan = {
		"UPDATE portatext.campaign_run r SET delivered_before = $2, failed_before = $3, handed_before = $4,"
		" opt_outs_before = $5 WHERE r.run_id = $1",
		5, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID}
	};
	PtRunCounts counts;
	Datum		values[5];

	pt_run_count(c->run_id, &counts);
	values[0] = Int64GetDatum(c->run_id);
	values[1] = Int64GetDatum(counts.delivered);
	values[2] = Int64GetDatum(counts.failed);
	values[3] = Int64GetDatum(counts.handed);
	values[4] = Int64GetDatum(counts.opt_outs);
	pt_plan_run_latest(&plan, values, NULL, SPI_OK_UPDATE);
}

/* The calls of which the network effectiveness ratio is made begin anew (NER-08). */
static void
restart_ner(const Campaign *c)
{
	static PtPlan plan = {
		"UPDATE portatext.call_run n SET issued = 0, failed = 0 WHERE n.run_id = $1", 1, {INT8OID}
	};
	Datum		value = Int64GetDatum(c->run_id);

	pt_plan_run_latest(&plan, &value, NULL, SPI_OK_UPDATE);
}

/* resume_campaign() */
static const char *
go_on(const Campaign *c)
{
	if (is(c, "paused") || is(c, "stopped"))
	{
		if (is(c, "stopped"))
			restart_ner(c);
		note_counts(c);
		pt_campaign_set_state(c->run_id, "running", NULL);
		while (pt_run_unpark(c->run_id, PT_RELEASE_BATCH) > 0)
			CHECK_FOR_INTERRUPTS();
		pt_wake_at_commit();
	}
	else if (is(c, "running"))
		ereport(NOTICE, (errmsg("campaign %lld is already running", (long long) c->campaign_id)));
	else
		raise_state(c, is(c, "ready") ? "portatext.start_campaign() starts it." : NULL);
	return "running";
}

/* Ends the job that builds the run, if there is one. */
static void
cancel_job(const Campaign *c)
{
	static PtPlan plan = {"SELECT portatext.cancel_job($1)", 1, {INT8OID}};
	Datum		value = Int64GetDatum(c->job_id);

	if (is(c, "building") && c->job_id != 0)
		pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT);
}

/* cancel_campaign() */
static const char *
end(const Campaign *c)
{
	if (is(c, "cancelled"))
		ereport(NOTICE, (errmsg("campaign %lld is already cancelled", (long long) c->campaign_id)));
	else if (is(c, "finished") || is(c, "failed"))
		raise_state(c, "What was given to a carrier is not recalled.");
	else
	{
		pt_campaign_set_state(c->run_id, "cancelled", "requested");
		cancel_job(c);
		pt_run_end_waiting(c->run_id);
		pt_run_withdraw_calls(c->run_id);
	}
	return "cancelled";
}

/* Runs one of the actions; the state as a value of the enum. */
static Datum
act(FunctionCallInfo fcinfo, const char *(*action) (const Campaign *c))
{
	Campaign	c;
	PtRole		saved;
	const char *state;

	SPI_connect();
	pt_become_keeper(&saved);
	lock_campaign(PG_GETARG_INT64(0), &c);
	state = action(&c);
	pt_become_caller(&saved);
	SPI_finish();
	return OidInputFunctionCall(F_ENUM_IN, (char *) state, get_func_rettype(fcinfo->flinfo->fn_oid), -1);
}

PG_FUNCTION_INFO_V1(pt_start_campaign);

/* portatext.start_campaign(campaign) */
Datum
pt_start_campaign(PG_FUNCTION_ARGS)
{
	return act(fcinfo, begin);
}

PG_FUNCTION_INFO_V1(pt_pause_campaign);

/* portatext.pause_campaign(campaign) */
Datum
pt_pause_campaign(PG_FUNCTION_ARGS)
{
	return act(fcinfo, hold);
}

PG_FUNCTION_INFO_V1(pt_resume_campaign);

/* portatext.resume_campaign(campaign) */
Datum
pt_resume_campaign(PG_FUNCTION_ARGS)
{
	return act(fcinfo, go_on);
}

PG_FUNCTION_INFO_V1(pt_cancel_campaign);

/* portatext.cancel_campaign(campaign) */
Datum
pt_cancel_campaign(PG_FUNCTION_ARGS)
{
	return act(fcinfo, end);
}

int64
pt_campaign_newest_run(int64 campaign_id, int32 ord)
{
	static PtPlan plan = {
		"SELECT r.run_id FROM portatext.campaign_run r"
		" WHERE r.campaign_id = $1 AND ($2 = 0 OR r.account_id = $2) AND ($3 = 0 OR r.ord = $3)"
		" ORDER BY r.ord DESC LIMIT 1",
		3, {INT8OID, INT8OID, INT4OID}
	};
	Datum		values[3] = {Int64GetDatum(campaign_id), Int64GetDatum(whose()), Int32GetDatum(ord)};
	bool		isnull;

	if (pt_plan_read_statement(&plan, values, NULL) > 0)
		return DatumGetInt64(pt_result(0, 1, &isnull));
	if (ord != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("campaign %lld has no run %d", (long long) campaign_id, ord)));
	raise_unknown(campaign_id);
	return 0;
}

Datum
pt_contact_number(Datum given)
{
	text	   *value = DatumGetTextPP(given);
	char		canonical[PT_E164_SIZE];

	if (pt_number_read(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), NULL, canonical) == PT_NUMBER_OK)
		return CStringGetTextDatum(canonical);
	return PointerGetDatum(value);
}

PG_FUNCTION_INFO_V1(pt_campaign_run_of);

/* portatext.campaign_run_of(campaign, run): its id. */
Datum
pt_campaign_run_of(PG_FUNCTION_ARGS)
{
	int64		run_id;
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	run_id = pt_campaign_newest_run(PG_GETARG_INT64(0), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1));
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(run_id);
}
