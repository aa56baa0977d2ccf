/*
 * trunk_test.c
 *	  portatext.test_trunk(): is the engine of a trunk there?
 *
 * The calling backend asks it by itself: one request, no call.
 */
#include "telephony/telephony.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "account/account.h"

PG_FUNCTION_INFO_V1(pt_test_trunk_sql);

/* What came of the question. */
typedef struct Probe
{
	PtEngine   *engine;
	PtCallAnswer answer;
	bool		ended;
	instr_time	began;
	int64		latency_ms;
} Probe;

/* The answer has come, or none will. */
static void
probe_ended(void *context, const PtHttpResult *result)
{
	Probe	   *probe = context;
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, probe->began);
	probe->latency_ms = (int64) INSTR_TIME_GET_MILLISEC(now);
	probe->engine->adapter->classify(probe->engine, PT_ENGINE_TEST, result, &probe->answer);
	probe->ended = true;
}

/* Runs the request to its end; interrupts are served. */
static void
wait_for_end(PtHttpEngine *http, Probe *probe)
{
	while (!probe->ended)
	{
		long		ms = pt_http_timeout_ms(http);

		(void) WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH,
								 pt_http_fd(http), ms < 0 || ms > 1000 ? 1000 : ms, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		pt_http_run(http);
	}
}

/* Sends the request. */
static void
send_request(const PtHttpRequest *request, Probe *probe)
{
	PtHttpEngine *http = pt_http_create(1, probe_ended, probe);

	if (http == NULL)
	{
		pt_call_answer_set(&probe->answer, PT_CALL_FAILED, "no memory");
		return;
	}
	PG_TRY();
	{
		INSTR_TIME_SET_CURRENT(probe->began);
		pt_call_answer_set(&probe->answer, PT_CALL_FAILED, "not sent");
		if (pt_http_start(http, request))
			wait_for_end(http, probe);
	}
	PG_FINALLY();
	{
		pt_http_destroy(http);
	}
	PG_END_TRY();
}

/* Asks the engine; the built-in one is always there. */
static void
ask(Probe *probe, const PtCallOrder *order)
{
	PtHttpRequest request;

	if (probe->engine->adapter->local)
		pt_call_answer_set(&probe->answer, PT_CALL_ACCEPTED, "loopback");
	else if (!probe->engine->adapter->build(probe->engine, PT_ENGINE_TEST, order, &request))
		pt_call_answer_set(&probe->answer, PT_CALL_REFUSED, "cannot be asked");
	else
		send_request(&request, probe);
}

/* Adds a member to an object. */
static void
add_member(JsonbParseState **state, const char *name, JsonbValue *value)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = (int) strlen(name);
	(void) pushJsonbValue(state, WJB_KEY, &key);
	(void) pushJsonbValue(state, WJB_VALUE, value);
}

/* The same with a text, which must be in the database's encoding. */
static void
add_text(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = pg_any_to_server(text, strlen(text), PG_UTF8);
	value.val.string.len = (int) strlen(value.val.string.val);
	add_member(state, name, &value);
}

/* {"reachable": true, "latency_ms": 12, "said": "ok"} or {"reachable": false, "problem": "connect"} */
static Jsonb *
report(bool reachable, int64 latency_ms, const char *code, const char *text)
{
	JsonbParseState *state = NULL;
	JsonbValue	value = {.type = jbvBool};

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	value.val.boolean = reachable;
	add_member(&state, "reachable", &value);
	if (reachable)
	{
		value.type = jbvNumeric;
		value.val.numeric = int64_to_numeric(latency_ms);
		add_member(&state, "latency_ms", &value);
		if (text[0] != '\0')
			add_text(&state, "said", text);
	}
	else
		add_text(&state, "problem", text[0] != '\0' ? psprintf("%s: %s", code, text) : code);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* The trunk's row; raises 42704 when the account has none.  Returns the engine. */
static int32
read_trunk(int64 account_id, int64 trunk_id, PtCallOrder *order, MemoryContext context)
{
	static PtPlan plan = {
		"SELECT engine_id, name, COALESCE(address, '') FROM portatext.trunk"
		" WHERE account_id OPERATOR(pg_catalog.=) $1 AND trunk_id OPERATOR(pg_catalog.=) $2 AND NOT dropped",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), Int64GetDatum(trunk_id)};
	bool		isnull;

	if (pt_plan_read(&plan, values, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("trunk %lld does not exist", (long long) trunk_id),
				 errhint("The view portatext.trunks lists them.")));
	order->trunk = MemoryContextStrdup(context, TextDatumGetCString(pt_result(0, 2, &isnull)));
	order->trunk_address = MemoryContextStrdup(context, TextDatumGetCString(pt_result(0, 3, &isnull)));
	return DatumGetInt32(pt_result(0, 1, &isnull));
}

/* Reads the trunk and its engine; NULL: problem says why it cannot be used. */
static PtEngine *
load(int64 trunk_id, PtCallOrder *order, char *problem, size_t size)
{
	int64		account_id = pt_current_account();
	MemoryContext context = CurrentMemoryContext;
	PtEngine   *engine;
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	engine = pt_engine_load(read_trunk(account_id, trunk_id, order, context), problem, size);
	pt_become_caller(&saved);
	SPI_finish();
	return engine;
}

/* portatext.test_trunk(trunk_id) */
Datum
pt_test_trunk_sql(PG_FUNCTION_ARGS)
{
	PtCallOrder order = {.call_id = "", .engine_ref = ""};
	char		problem[200] = "";
	Probe		probe = {.engine = load(PG_GETARG_INT64(0), &order, problem, sizeof(problem))};

	if (probe.engine == NULL)
		PG_RETURN_JSONB_P(report(false, 0, "engine", problem));
	PG_TRY();
	{
		ask(&probe, &order);
	}
	PG_FINALLY();
	{
		pt_engine_free(probe.engine);
	}
	PG_END_TRY();
	PG_RETURN_JSONB_P(report(probe.answer.class == PT_CALL_ACCEPTED, probe.latency_ms,
							 probe.answer.code, probe.answer.text));
}
