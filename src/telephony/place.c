/*
 * place.c
 *	  Single calls (TEL-09): place_call() makes one that the dialer places when its time
 *	  has come and a line is free, cancel_call() withdraws it or hangs up.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "contact/contact.h"
#include "number/number.h"
#include "schedule/schedule.h"
#include "sms/blacklist.h"
#include "sms/order.h"
#include "telephony/call_tariff.h"
#include "telephony/flow_check.h"
#include "telephony/telephony.h"
#include "worker/installation.h"
#include "worker/shared.h"

#define DIAL_TIMEOUT_MAX 300

enum
{
	TO_NUMBER, FLOW, FROM_NUMBER, TRUNK, DIAL_TIMEOUT, SCHEDULE, SEND_AT, VARIABLES, CLIENT_REF, KEY
};

/* A call as it is asked for, and what was found out. */
typedef struct Request
{
	const PtAccount *account;
	char		to[PT_E164_SIZE];
	Jsonb	   *flow;
	PtFlowFacts facts;
	char	   *rendered;		/* the flow's text with them, UTF-8 */
	Jsonb	   *variables;
	const char *from;			/* NULL: none */
	int64		trunk_id;
	int32		engine_id;
	int			dial_timeout;
	int32		schedule_id;	/* 0: none */
	TimestampTz due_at;
	text	   *client_ref;
	pg_uuid_t	id;
} Request;

static PtPlan insert_plan = {
	"INSERT INTO portatext.call (call_id, account_id, engine_id, trunk_id, from_number, to_number, flow, variables, has_amd,"
	"  dial_timeout, state, due_at, schedule_id, client_ref)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, 'queued', $11, $12, $13)",
	13, {UUIDOID, INT8OID, INT4OID, INT8OID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, BOOLOID, INT4OID, TIMESTAMPTZOID, INT4OID,
	TEXTOID}
};

static PtPlan trunk_plan = {
	"SELECT t.trunk_id, t.engine_id FROM portatext.trunk t WHERE t.account_id = $1 AND NOT t.dropped"
	" AND ($2 IS NULL OR t.trunk_id = $2) ORDER BY 1 LIMIT 2 FOR SHARE",
	2, {INT8OID, INT8OID}
};

static PtPlan hang_up_plan = {
	"UPDATE portatext.call c SET hang_up_at = $2, hang_up_reason = 'cancelled' WHERE c.call_id = $1 AND c.state <> 'ended'"
	" AND c.hang_up_at IS NULL",
	2, {UUIDOID, TIMESTAMPTZOID}
};

static PtPlan find_plan = {
	"SELECT c.state = 'queued', c.ended_at IS NOT NULL FROM portatext.call c WHERE c.call_id = $1 AND ($2 = 0 OR c.account_id = $2)"
	" FOR NO KEY UPDATE",
	2, {UUIDOID, INT8OID}
};

/* Raises the refusal of that code. */
pg_noreturn static void
refuse(PtRefusalCode code, const char *detail, const char *value)
{
	PtRefusal	refusal;

	pt_refuse(&refusal, code, detail, value);
	pt_refusal_raise(&refusal);
}

/* Raises 22004 for an argument that must be given. */
static void
require(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}

/* The number, in canonical form. */
static void
read_number(Request *request, text *given)
{
	if (pt_number_read(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), NULL, request->to) != PT_NUMBER_OK)
		refuse(PT_REFUSE_BAD_NUMBER, "The number is \"%s\".", text_to_cstring(given));
}

/* The flow, with the values of its variables: the call's own before the contact's. */
static void
read_flow(Request *request, Jsonb *given)
{
	PtFlowProblem problem;
	const Jsonb *layers[2] = {request->variables, NULL};
	const char *unpriced;

	request->flow = pt_flow_check_jsonb(request->account->account_id, given, &request->facts);
	if (request->facts.main_team || request->facts.sub[0].team || request->facts.sub[1].team || request->facts.sub[2].team)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a single call has no team to be forwarded to"),
				 errhint("Forward it to a number: {\"forward\": {\"to\": \"...\"}}.")));
	if (request->facts.has_variables)
		layers[1] = pt_contact_variables(request->account->account_id, request->to);
	request->rendered = pt_call_flow_fill(request->flow, layers, lengthof(layers), &problem);
	if (request->rendered == NULL)
		refuse(PT_REFUSE_MISSING_VARIABLE, "%s", psprintf("%s: %s", problem.path, problem.text));
	unpriced = pt_call_flow_unpriced(request->account->account_id, request->rendered);
	if (unpriced != NULL)
		refuse(PT_REFUSE_NO_TARIFF, "The flow forwards to %s.", unpriced);
}

/* The trunk: the account's own one unless it has several. */
static void
find_trunk(Request *request, bool given, int64 id)
{
	Datum		values[2] = {Int64GetDatum(request->account->account_id), Int64GetDatum(id)};
	uint64		n = pt_plan_run_latest(&trunk_plan, values, given ? NULL : " n", SPI_OK_SELECT);
	bool		isnull;

	if (n == 0 && given)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("trunk %lld does not exist", (long long) id),
				 errhint("The view portatext.trunks lists the account's trunks.")));
	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a call needs a trunk"),
				 n == 0 ? errhint("portatext.create_trunk() makes one.") :
				 errdetail("The account has several, so that it must be named.")));
	request->trunk_id = DatumGetInt64(pt_result(0, 1, &isnull));
	request->engine_id = DatumGetInt32(pt_result(0, 2, &isnull));
}

/* The caller id: one of the account's numbers; an account that has none calls without. */
static void
find_sender(Request *request, const text *given)
{
	PtRefusal	refusal = {PT_ACCEPTED};

	request->from = pt_sender_choose(request->account->account_id, given, request->to, &refusal);
	if (request->from == NULL && given != NULL)
		pt_refusal_raise(&refusal);
}

/* When it may be placed (SCH-01, SCH-02). */
static void
find_time(Request *request, Jsonb *schedule)
{
	PtSchedule	read;
	bool		own_zone;

	if (schedule == NULL)
		return;
	pt_schedule_read(schedule, &read);
	request->due_at = pt_schedule_next_for(&read, request->account->account_id, request->to, request->due_at, &own_zone);
	request->schedule_id = pt_schedule_store(request->account->account_id, schedule);
}

/* What needs no row of the call. */
static void
check(FunctionCallInfo fcinfo, Request *request)
{
	Datum		per_call;
	Datum		per_minute;
	TimestampTz now = pt_now();

	if (request->account->suspended)
		refuse(PT_REFUSE_SUSPENDED, "It is account %s.", psprintf("%lld", (long long) request->account->account_id));
	read_number(request, PG_GETARG_TEXT_PP(TO_NUMBER));
	request->variables = PG_ARGISNULL(VARIABLES) ? NULL : PG_GETARG_JSONB_P(VARIABLES);
	if (request->variables != NULL && !JB_ROOT_IS_OBJECT(request->variables))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variables must be a JSON object")));
	read_flow(request, PG_GETARG_JSONB_P(FLOW));
	request->dial_timeout = PG_GETARG_INT32(DIAL_TIMEOUT);
	if (request->dial_timeout < 1 || request->dial_timeout > DIAL_TIMEOUT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dial_timeout must be from 1 to %d seconds", DIAL_TIMEOUT_MAX)));
	find_trunk(request, !PG_ARGISNULL(TRUNK), PG_ARGISNULL(TRUNK) ? 0 : PG_GETARG_INT64(TRUNK));
	find_sender(request, PG_ARGISNULL(FROM_NUMBER) ? NULL : PG_GETARG_TEXT_PP(FROM_NUMBER));
	if (pt_blacklisted(request->account->account_id, request->to))
		refuse(PT_REFUSE_BLACKLISTED, "The number is %s.", request->to);
	if (!pt_call_tariff_for(request->account->account_id, request->to, &per_call, &per_minute))
		refuse(PT_REFUSE_NO_TARIFF, "The number is %s.", request->to);
	request->due_at = PG_ARGISNULL(SEND_AT) ? now : Max(PG_GETARG_TIMESTAMPTZ(SEND_AT), now);
	find_time(request, PG_ARGISNULL(SCHEDULE) ? NULL : PG_GETARG_JSONB_P(SCHEDULE));
	request->client_ref = PG_ARGISNULL(CLIENT_REF) ? NULL : PG_GETARG_TEXT_PP(CLIENT_REF);
}

/* Writes its row. */
static void
store(const Request *request)
{
	Datum		values[13];
	char		nulls[14] = "             ";
	const char *flow = pg_any_to_server(request->rendered, (int) strlen(request->rendered), PG_UTF8);

	values[0] = UUIDPGetDatum(&request->id);
	values[1] = Int64GetDatum(request->account->account_id);
	values[2] = Int32GetDatum(request->engine_id);
	values[3] = Int64GetDatum(request->trunk_id);
	nulls[4] = request->from == NULL ? 'n' : ' ';
	values[4] = request->from == NULL ? (Datum) 0 : CStringGetTextDatum(request->from);
	values[5] = CStringGetTextDatum(request->to);
	values[6] = CStringGetTextDatum(flow);
	nulls[7] = request->variables == NULL ? 'n' : ' ';
	values[7] = PointerGetDatum(request->variables);
	values[8] = BoolGetDatum(request->facts.has_amd);
	values[9] = Int32GetDatum(request->dial_timeout);
	values[10] = TimestampTzGetDatum(request->due_at);
	nulls[11] = request->schedule_id == 0 ? 'n' : ' ';
	values[11] = Int32GetDatum(request->schedule_id);
	nulls[12] = request->client_ref == NULL ? 'n' : ' ';
	values[12] = PointerGetDatum(request->client_ref);
	pt_plan_run_latest(&insert_plan, values, nulls, SPI_OK_INSERT);
}

/* Checks and stores a call with the credits for its first minute, unless its key is known; its id is request->id. */
static void
place(FunctionCallInfo fcinfo, Request *request)
{
	PtOrder		keyed = {.account = request->account};
	bool		tariff;

	if (!PG_ARGISNULL(KEY))
		keyed.key = cstring_to_text(psprintf("call:%s", text_to_cstring(PG_GETARG_TEXT_PP(KEY))));
	if (pt_key_find(&keyed, &request->id))
		return;
	check(fcinfo, request);
	pt_uuid7(&request->id);
	if (pt_key_claim(&keyed, &request->id))
		return;
	pt_installation_note();
	store(request);
	if (!pt_call_reserve(&request->id, request->account->account_id, request->to, &tariff))
		refuse(PT_REFUSE_NO_CREDITS, "%s", "The first minute of the call cannot be paid.");
	pt_wake_kind_at_commit(PT_DIALER);
}

PG_FUNCTION_INFO_V1(pt_place_call);

/* portatext.place_call(to_number, flow, ...): the call's id; raises on refusal. */
Datum
pt_place_call(PG_FUNCTION_ARGS)
{
	Request		request = {0};
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	PtRole		saved;

	require(fcinfo, TO_NUMBER, "to_number");
	require(fcinfo, FLOW, "flow");
	require(fcinfo, DIAL_TIMEOUT, "dial_timeout");
	request.account = pt_account_get(pt_current_account());
	SPI_connect();
	pt_become_keeper(&saved);
	place(fcinfo, &request);
	pt_become_caller(&saved);
	SPI_finish();
	*id = request.id;
	PG_RETURN_UUID_P(id);
}

/* Ends a call that waits, or asks for the end of one that does not; false: it had ended. */
static bool
cancel(const pg_uuid_t *id)
{
	Datum		values[2] = {UUIDPGetDatum(id), Int64GetDatum(pt_sees_all() ? 0 : pt_current_account())};
	bool		isnull;
	bool		queued;

	if (pt_plan_run_latest(&find_plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("call %s does not exist", DatumGetCString(DirectFunctionCall1(uuid_out, values[0]))),
				 errhint("The view portatext.calls lists them.")));
	if (DatumGetBool(pt_result(0, 2, &isnull)))
		return false;
	queued = DatumGetBool(pt_result(0, 1, &isnull));
	values[1] = TimestampTzGetDatum(pt_now());
	pt_plan_run_latest(&hang_up_plan, values, NULL, SPI_OK_UPDATE);
	if (queued)
		(void) pt_call_end(id, "CANCELLED", PT_CALL_UNKNOWN, NULL);
	pt_wake_kind_at_commit(PT_DIALER);
	return true;
}

PG_FUNCTION_INFO_V1(pt_cancel_call);

/* portatext.cancel_call(call) */
Datum
pt_cancel_call(PG_FUNCTION_ARGS)
{
	PtRole		saved;
	bool		done;

	SPI_connect();
	pt_become_keeper(&saved);
	done = cancel(PG_GETARG_UUID_P(0));
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_BOOL(done);
}
