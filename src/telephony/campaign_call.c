/*
 * campaign_call.c
 *	  create_telephony_campaign and alter_telephony_campaign: check what is asked for
 *	  and store it; recipients, runs and life cycle are those of all campaigns (TEL-01, TEL-02).
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "account/account.h"
#include "campaign/campaign.h"
#include "campaign/create.h"
#include "campaign/source.h"
#include "sms/order.h"
#include "telephony/campaign_setting.h"
#include "telephony/flow_check.h"
#include "worker/shared.h"

#define ARG_TEXT(n) (PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n))
#define ARG_JSONB(n) (PG_ARGISNULL(n) ? NULL : PG_GETARG_JSONB_P(n))
#define ARG_ARRAY(n) (PG_ARGISNULL(n) ? NULL : PG_GETARG_ARRAYTYPE_P(n))
#define EXAMPLE "+12025550100"	/* a number, where a check wants one */

/* The arguments of portatext.store_telephony_campaign, in their order. */
typedef enum Argument
{
	NAME, FLOW, ABANDON_FLOW, LISTS, CSV, FROM_NUMBER, TRUNK, TEAM, SCHEDULE, VARIABLES, DESCRIPTION, REPEATABLE,
	SETTINGS
} Argument;

/* What a campaign of calls is to do, once checked. */
typedef struct Request
{
	int64		account_id;
	Jsonb	   *flow;			/* canonical */
	Jsonb	   *abandon_flow;	/* NULL: none */
	PtFlowFacts facts;
	int64		trunk_id;
	int64		team_id;		/* 0: none */
	Jsonb	   *settings;
} Request;

/* Does a flow forward, and to the team? */
static bool
forwards(const PtFlowFacts *facts, bool to_team)
{
	bool		found = to_team ? facts->main_team : facts->main_forward;

	for (int i = 0; i < 3; i++)
		found |= to_team ? facts->sub[i].team : facts->sub[i].forward;
	return found;
}

/* A number that the flow itself names must have a tariff (BILL-14); those of variables are looked at when they are called. */
static void
check_price(const Request *request)
{
	const char *number = pt_call_flow_unpriced(request->account_id,
											   JsonbToCString(NULL, &request->flow->root, VARSIZE(request->flow)));
	PtRefusal	refusal;

	if (number == NULL)
		return;
	pt_refuse(&refusal, PT_REFUSE_NO_TARIFF, "The flow forwards to %s.", number);
	pt_refusal_raise(&refusal);
}

/* The flows; what a person hears whom no agent can take does not lead to an agent. */
static void
check_flows(Request *request, Jsonb *flow, Jsonb *abandon_flow)
{
	PtFlowFacts facts;

	if (flow == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a telephony campaign needs a flow"),
				 errhint("Such as [{\"play\": {\"sound_id\": 1}}].")));
	request->flow = pt_flow_check_jsonb(request->account_id, flow, &request->facts);
	check_price(request);
	request->abandon_flow = NULL;
	if (abandon_flow == NULL)
		return;
	request->abandon_flow = pt_flow_check_jsonb(request->account_id, abandon_flow, &facts);
	if (facts.has_amd || forwards(&facts, false))
		pt_campaign_bad_argument("abandon_flow", "It neither forwards nor looks for machines.");
}

/* The account's trunk of that id; not given: the only one it has.  It is not dropped until the transaction's end. */
static int64
find_trunk(int64 account_id, bool given, int64 id)
{
	static PtPlan plan = {
		"SELECT t.trunk_id FROM portatext.trunk t WHERE t.account_id = $1 AND NOT t.dropped"
		" AND ($2 IS NULL OR t.trunk_id = $2) LIMIT 2 FOR SHARE",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), Int64GetDatum(id)};
	uint64		n = pt_plan_run_latest(&plan, values, given ? NULL : " n", SPI_OK_SELECT);
	bool		isnull;

	if (n == 0 && given)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("trunk %lld does not exist", (long long) id),
				 errhint("The view portatext.trunks lists the account's trunks.")));
	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a telephony campaign needs a trunk"),
				 n == 0 ? errhint("portatext.create_trunk() makes one.") :
				 errdetail("The account has several, so that it must be named.")));
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* The account's team of that name; 0: none is asked for. */
static int64
find_team(int64 account_id, text *name)
{
	static PtPlan plan = {
		"SELECT t.team_id FROM portatext.team t WHERE t.account_id = $1 AND t.name = $2", 2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), PointerGetDatum(name)};
	bool		isnull;

	if (name == NULL)
		return 0;
	if (pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("team \"%s\" does not exist", text_to_cstring(name)),
				 errhint("The view portatext.teams lists the account's teams.")));
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* The text of a setting that is given, as JSON has it; NULL: it is not. */
static char *
setting_text(Jsonb *settings, const char *name)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(&settings->root, name, (int) strlen(name), &value) == NULL)
		return NULL;
	if (value.type == jbvString)
		return pnstrdup(value.val.string.val, value.val.string.len);
	return value.type == jbvNumeric ? DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric))) : NULL;
}

/* Agents, team, method and flow go together (PACE-09). */
static void
check_agents(const Request *request)
{
	const char *agents = setting_text(request->settings, "agents");
	const char *method = setting_text(request->settings, "method");
	bool		team = forwards(&request->facts, true);

	if (team && request->team_id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a flow that forwards to the team needs a team"),
				 errhint("Name it in the argument team; portatext.create_team() makes one.")));
	if (!team && request->team_id != 0)
		pt_campaign_bad_argument("team", "The flow does not forward to it: {\"forward\": {\"team\": true}}.");
	if (request->team_id == 0 && forwards(&request->facts, false) && (agents == NULL || strtod(agents, NULL) < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a flow that forwards needs agents"),
				 errhint("Give their number in the argument agents, or a team.")));
	if (request->team_id == 0 && method != NULL && strcmp(method, "preview") == 0)
		pt_campaign_bad_argument("method", "A preview needs the agents of a team.");
}

/* The caller id: numbers of the account's own, or none. */
static void
check_from(int64 account_id, text *from)
{
	PtRefusal	refusal = {PT_ACCEPTED};

	if (from != NULL && pt_sender_choose(account_id, from, EXAMPLE, &refusal) == NULL)
		pt_refusal_raise(&refusal);
}

/* The row of portatext.campaign; returns its id. */
static int64
store_campaign(FunctionCallInfo fcinfo, int64 account_id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign (account_id, kind, name, description, from_number, variables, schedule_id, repeatable)"
		" VALUES ($1, 'telephony', $2, $3, $4, $5, $6, $7) RETURNING campaign_id",
		7, {INT8OID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, INT4OID, BOOLOID}
	};
	int32		schedule_id = pt_campaign_schedule(account_id, ARG_JSONB(SCHEDULE));
	Datum		values[7] = {Int64GetDatum(account_id), PG_GETARG_DATUM(NAME), PG_GETARG_DATUM(DESCRIPTION),
		PG_GETARG_DATUM(FROM_NUMBER), PG_GETARG_DATUM(VARIABLES), Int32GetDatum(schedule_id),
	BoolGetDatum(!PG_ARGISNULL(REPEATABLE) && PG_GETARG_BOOL(REPEATABLE))};
	char		nulls[8] = "       ";
	bool		isnull;

	nulls[2] = PG_ARGISNULL(DESCRIPTION) ? 'n' : ' ';
	nulls[3] = PG_ARGISNULL(FROM_NUMBER) ? 'n' : ' ';
	nulls[4] = PG_ARGISNULL(VARIABLES) ? 'n' : ' ';
	nulls[5] = schedule_id == 0 ? 'n' : ' ';
	pt_plan_run(&plan, values, nulls, SPI_OK_INSERT_RETURNING);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* The row of portatext.call_campaign. */
static void
store_calls(int64 campaign_id, const Request *request)
{
	static PtPlan plan = {
		"INSERT INTO portatext.call_campaign (campaign_id, account_id, trunk_id, team_id, flow, abandon_flow)"
		" VALUES ($1, $2, $3, NULLIF($4, 0), $5, $6)",
		6, {INT8OID, INT8OID, INT8OID, INT8OID, JSONBOID, JSONBOID}
	};
	Datum		values[6] = {Int64GetDatum(campaign_id), Int64GetDatum(request->account_id),
		Int64GetDatum(request->trunk_id), Int64GetDatum(request->team_id), JsonbPGetDatum(request->flow),
	JsonbPGetDatum(request->abandon_flow)};

	pt_plan_run(&plan, values, request->abandon_flow == NULL ? "     n" : NULL, SPI_OK_INSERT);
	pt_call_settings_store(campaign_id, request->settings);
}

PG_FUNCTION_INFO_V1(pt_store_telephony_campaign);

/* portatext.store_telephony_campaign(...): the campaign's id; a job builds its first run. */
Datum
pt_store_telephony_campaign(PG_FUNCTION_ARGS)
{
	Request		request = {.account_id = pt_current_account()};
	int64		campaign_id;
	PtRole		saved;

	if (PG_ARGISNULL(SETTINGS))
		pt_campaign_bad_argument("settings", "It is an object.");
	request.settings = PG_GETARG_JSONB_P(SETTINGS);
	pt_campaign_check_name(ARG_TEXT(NAME));
	pt_campaign_check_variables(ARG_JSONB(VARIABLES));
	if (PG_ARGISNULL(CSV) && !pt_campaign_has_lists(ARG_ARRAY(LISTS)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a campaign needs recipients"),
				 errhint("Give lists or a csv.")));
	check_flows(&request, ARG_JSONB(FLOW), ARG_JSONB(ABANDON_FLOW));
	SPI_connect();
	pt_become_keeper(&saved);
	pt_call_settings_check(request.settings);
	request.team_id = find_team(request.account_id, ARG_TEXT(TEAM));
	check_agents(&request);
	request.trunk_id = find_trunk(request.account_id, !PG_ARGISNULL(TRUNK), PG_ARGISNULL(TRUNK) ? 0 : PG_GETARG_INT64(TRUNK));
	check_from(request.account_id, ARG_TEXT(FROM_NUMBER));
	campaign_id = store_campaign(fcinfo, request.account_id);
	store_calls(campaign_id, &request);
	pt_sources_store(request.account_id, campaign_id, ARG_ARRAY(LISTS), ARG_TEXT(CSV));
	(void) pt_campaign_first_run(campaign_id);
	pt_become_caller(&saved);
	SPI_finish();
	pt_wake_at_commit();
	PG_RETURN_INT64(campaign_id);
}

/* What a campaign has, with its settings after the change; raises 42704 when the caller has none such. */
static void
load_request(int64 campaign_id, int64 account_id, Jsonb *settings, Request *request)
{
	static PtPlan plan = {
		"SELECT k.account_id, k.flow, COALESCE(k.team_id, 0),"
		" jsonb_build_object('agents', k.agents, 'method', k.method) || $3"
		" FROM portatext.call_campaign k WHERE k.campaign_id = $1 AND ($2 = 0 OR k.account_id = $2) FOR UPDATE",
		3, {INT8OID, INT8OID, JSONBOID}
	};
	Datum		values[3] = {Int64GetDatum(campaign_id), Int64GetDatum(account_id), JsonbPGetDatum(settings)};
	bool		isnull;

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("telephony campaign %lld does not exist", (long long) campaign_id)));
	request->account_id = DatumGetInt64(pt_result(0, 1, &isnull));
	request->flow = DatumGetJsonbPCopy(pt_result(0, 2, &isnull));
	request->team_id = DatumGetInt64(pt_result(0, 3, &isnull));
	request->settings = DatumGetJsonbPCopy(pt_result(0, 4, &isnull));
	pt_flow_facts_jsonb(request->flow, &request->facts);
}

PG_FUNCTION_INFO_V1(pt_alter_telephony_campaign);

/* portatext.change_telephony_campaign(campaign, settings, trunk) */
Datum
pt_alter_telephony_campaign(PG_FUNCTION_ARGS)
{
	static PtPlan set_trunk = {
		"UPDATE portatext.call_campaign k SET trunk_id = $2 WHERE k.campaign_id = $1", 2, {INT8OID, INT8OID}
	};
	int64		campaign_id = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);
	Jsonb	   *settings = ARG_JSONB(1);
	Request		request;
	Datum		values[2] = {Int64GetDatum(campaign_id)};
	PtRole		saved;

	if (settings == NULL)
		pt_campaign_bad_argument("settings", "It is an object.");
	SPI_connect();
	pt_become_keeper(&saved);
	pt_call_settings_check(settings);
	load_request(campaign_id, pt_sees_all() ? 0 : pt_current_account(), settings, &request);
	check_agents(&request);
	pt_call_settings_store(campaign_id, settings);
	if (!PG_ARGISNULL(2))
	{
		values[1] = Int64GetDatum(find_trunk(request.account_id, true, PG_GETARG_INT64(2)));
		pt_plan_run(&set_trunk, values, NULL, SPI_OK_UPDATE);
	}
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_VOID();
}
