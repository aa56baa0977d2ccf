/*
 * asterisk.c
 *	  The adapter for Asterisk: its settings, the requests it builds (nothing of a value
 *	  may mean anything to a dialplan), what it makes of answers, and what a real
 *	  Asterisk 22 told of each far end (asterisk_recorded.h), up to the call's result
 *	  (TEL-06, TEL-07, TEL-11, TEL-30, NER-03).
 *
 * Libraries: libcurl
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "carrier/json.h"
#include "telephony/cause.h"
#include "telephony/engine.h"

#define ID "0190b0a0-0000-7000-8000-000000000001"

#include "asterisk_recorded.h"

#define WAIT_FLOW "[{\"wait\":{\"seconds\":5}}]"
#define AMD_FLOW \
	"[{\"wait\":{\"seconds\":1}},{\"amd\":{\"if_human\":[{\"play\":{\"sound_id\":3}},{\"forward\":{\"to\":\"+14445550100\"," \
	"\"trunk_id\":7,\"dial_timeout\":9,\"from\":\"+13055550111\"}}],\"if_machine\":[{\"hangup\":{}}]," \
	"\"if_notsure\":[{\"gather\":{\"digits\":4,\"timeout\":6,\"sound_id\":8}},{\"forward\":{\"team\":true}}]}}]"

static PtEngineSetting settings[] = {
	{"url", "http://192.0.2.4:8088/"},
	{"callback_url", "http://192.0.2.1:8080"},
	{"agent", "PJSIP/agent-{agent}"},
	{"username", "portatext"},
	{"password", "p\"w"},
	{"secret", "s3cret"},
};

#define SETTINGS ((int) (sizeof(settings) / sizeof(settings[0])))

static char problem[256];

static PtEngine
engine_of(PtEngineSetting *list, int n)
{
	PtEngine	engine = {.engine_id = 1,.name = "main",.adapter = pt_engine_adapter_find("asterisk"),
	.n_settings = n,.settings = list,.max_in_flight = 4,.timeout_ms = 1234};

	return engine;
}

static PtCallOrder
order_of(const char *flow)
{
	static const PtAmd amd = {2500, 1500, 800, 5000, 100, 50, 2, 256, 5001};
	PtCallOrder order = {.call_id = ID,.engine_ref = "",.from = "+13055550100",.to = "+14445556666",.trunk = "main",
		.trunk_address = "198.51.100.7:5070",.dial_timeout_s = 30,.max_duration_s = 3600,.flow = flow,.amd = &amd,
		.events_url = "http://192.0.2.1:8080/engine/main/events",.sounds_url = "http://192.0.2.1:8080/engine/main/sound/",
		.campaign_id = 7,.iteration = 1,.connect_to = "ann",.connect_trunk = "",.connect_trunk_address = "",
	.connect_from = "",.connect_timeout_s = 15,.reason = "withdrawn"};

	return order;
}

/* The member of the body that was built last, "" if there is none; static memory. */
static const char *
member(const PtHttpRequest *request, const char *object, const char *name)
{
	static char text[4096];
	PtJson	   *json = pt_json_parse(request->body, request->body_len);
	const char *found = NULL;

	for (int i = json != NULL ? (object != NULL ? pt_json_at(json, 0, object)->first : json->values[0].first) : 0;
		 i != 0; i = json->values[i].next)
	{
		if (strcmp(json->values[i].name, name) == 0)
			found = json->values[i].text;
	}
	snprintf(text, sizeof(text), "%s", found != NULL ? found : "");
	pt_json_free(json);
	return text;
}

static bool
has(const PtHttpRequest *request, const char *name, const char *value)
{
	return strcmp(member(request, NULL, name), value) == 0;
}

static bool
variable(const PtHttpRequest *request, const char *name, const char *value)
{
	return strcmp(member(request, "variables", name), value) == 0;
}

/* Builds a request with a setting changed or added (NULL: as they are). */
static bool
build_with(const char *key, const char *value, PtCallOp op, const PtCallOrder *order, PtHttpRequest *request)
{
	static PtEngine engine;
	static PtEngineSetting list[SETTINGS + 1];
	int			n = SETTINGS;

	if (engine.state != NULL)
		engine.adapter->release(&engine);
	memcpy(list, settings, sizeof(settings));
	for (int i = 0; key != NULL && i < n; i++)
	{
		if (strcmp(list[i].key, key) == 0)
			list[i--] = list[--n];
	}
	if (key != NULL && value != NULL)
		list[n++] = (PtEngineSetting)
	{
		(char *) key, (char *) value
	};
	engine = engine_of(list, n);
	problem[0] = '\0';
	return engine.adapter->configure(&engine, problem, sizeof(problem)) &&
		(order == NULL || engine.adapter->build(&engine, op, order, request));
}

static bool
build(PtCallOp op, const PtCallOrder *order, PtHttpRequest *request)
{
	return build_with(NULL, NULL, op, order, request);
}

static void
test_settings(void)
{
	static const struct
	{
		const char *key;
		const char *value;
		const char *words;
	}			bad[] = {
		{"url", NULL, "url is missing"}, {"url", "ftp://a", "url is not"}, {"callback_url", NULL, "callback_url is missing"},
		{"password", NULL, "password is missing"}, {"secret", NULL, "callback secret is missing"},
		{"secret", "a^b", "callback secret"}, {"secret", "a,b", "callback secret"}, {"context", "a b", "context"},
		{"context", "x,s,1", "context"}, {"endpoint", "a&b", "endpoint"}, {"endpoint", "", "endpoint"},
		{"agent", "Local/{agent}|x", "agent"}, {"agent", "System(x)", "agent"}, {"prefix", "+1", "prefix"},
		{"plus", "yes", "plus"}, {"say", "1", "say"}, {"color", "red", "no setting \"color\""}
	};

	ok(build(PT_ENGINE_TEST, NULL, NULL), "sound settings %s", problem);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!build_with(bad[i].key, bad[i].value, PT_ENGINE_TEST, NULL, NULL) && strstr(problem, bad[i].words) != NULL,
		   "setting %s = %s: %s", bad[i].key, bad[i].value != NULL ? bad[i].value : "(none)", problem);
}

/* TEL-06, TEL-07: leg A goes to the trunk's address, with the account's nine settings. */
static void
test_originate(void)
{
	PtHttpRequest request;
	PtCallOrder order = order_of(AMD_FLOW);

	ok(build(PT_CALL_ORIGINATE, &order, &request) && strcmp(request.url, "http://192.0.2.4:8088/ari/channels") == 0 &&
	   strcmp(request.method, "POST") == 0 && strcmp(request.content_type, "application/json") == 0 &&
	   request.timeout_ms == 1234, "originate: where to");
	ok(strcmp(request.headers[0], "Authorization: Basic cG9ydGF0ZXh0OnAidw==") == 0 && request.headers[1] == NULL,
	   "originate: credentials");
	ok(has(&request, "endpoint", "PJSIP/portatext/sip:+14445556666@198.51.100.7:5070") && has(&request, "channelId", ID) &&
	   has(&request, "context", "portatext") && has(&request, "extension", "s") && has(&request, "callerId", "+13055550100") &&
	   strstr(request.body, "\"timeout\":30,") != NULL, "originate: the channel has the call's id; the time-out is a number");
	ok(strncmp(strstr(request.body, "\"variables\":{"), "\"variables\":{\"CHANNEL(hangup_handler_push)\":\"portatext-end,s,1\"",
			   60) == 0, "originate: the hangup handler is set first");
	ok(variable(&request, "__PT_ID", ID) && variable(&request, "__PT_URL", "http://192.0.2.1:8080/engine/main/events") &&
	   variable(&request, "__PT_LOGIN", "main:s3cret") && variable(&request, "PT_MAX", "3600") &&
	   variable(&request, "PT_SOUNDS", "http://main:s3cret@192.0.2.1:8080/engine/main/sound/"), "originate: addresses");
	ok(variable(&request, "PT_AMD", "2500,1500,800,5000,100,50,2,256,5001"), "originate: the nine settings of AMD");
	ok(variable(&request, "PT_MAIN", "wait|1~amd") && variable(&request, "PT_MACHINE", "hangup") &&
	   variable(&request, "PT_HUMAN", "play|3~forward|PJSIP/+14445550100@trunk-7|+13055550111|9|+14445550100") &&
	   variable(&request, "PT_NOTSURE", "gather|4|6|8~team"), "originate: the flow as steps");
	order = order_of(WAIT_FLOW);
	order.amd = NULL;
	order.from = "";
	ok(build(PT_CALL_ORIGINATE, &order, &request) && variable(&request, "PT_AMD", "") && variable(&request, "PT_HUMAN", "") &&
	   variable(&request, "PT_MAIN", "wait|5") && has(&request, "callerId", ""), "originate: without AMD and caller id");
}

/* How trunks are named. */
static void
test_endpoints(void)
{
	PtHttpRequest request;
	PtCallOrder order = order_of(WAIT_FLOW);

	order.trunk_address = "";
	ok(build(PT_CALL_ORIGINATE, &order, &request) && has(&request, "endpoint", "PJSIP/+14445556666@portatext"),
	   "a trunk without an address: the endpoint's own contact");
	ok(build_with("endpoint", "cust-{trunk}", PT_CALL_ORIGINATE, &order, &request) &&
	   has(&request, "endpoint", "PJSIP/+14445556666@cust-main"), "an endpoint for each trunk");
	order.trunk = "a&PJSIP/b";
	ok(!build_with("endpoint", "{trunk}", PT_CALL_ORIGINATE, &order, &request), "a trunk's name that is no endpoint's is refused");
	order = order_of(WAIT_FLOW);
	ok(build_with("plus", "false", PT_CALL_ORIGINATE, &order, &request) && has(&request, "callerId", "13055550100") &&
	   has(&request, "endpoint", "PJSIP/portatext/sip:14445556666@198.51.100.7:5070"), "numbers without +");
	ok(build_with("prefix", "00", PT_CALL_ORIGINATE, &order, &request) &&
	   has(&request, "endpoint", "PJSIP/portatext/sip:+0014445556666@198.51.100.7:5070"), "a prefix");
	order.trunk_address = "[2001:db8::1]:5060";
	ok(build(PT_CALL_ORIGINATE, &order, &request) &&
	   has(&request, "endpoint", "PJSIP/portatext/sip:+14445556666@[2001:db8::1]:5060"), "an IPv6 address");
}

/* What goes to a call that waits, and ends it. */
static void
test_orders(void)
{
	PtHttpRequest request;
	PtCallOrder order = order_of(WAIT_FLOW);

	ok(build(PT_CALL_CONNECT, &order, &request) && strcmp(request.url, "http://192.0.2.4:8088/ari/asterisk/variable") == 0 &&
	   strcmp(request.method, "POST") == 0 && has(&request, "variable", "SHARED(PT_ORDER," ID ")") &&
	   has(&request, "value", "forward|PJSIP/agent-ann|+13055550100|15|ann"), "connect: an agent by name");
	order.connect_to = "+14445550199";
	order.connect_from = "+13055550122";
	ok(build(PT_CALL_CONNECT, &order, &request) &&
	   has(&request, "value", "forward|PJSIP/portatext/sip:+14445550199@198.51.100.7:5070|+13055550122|15|+14445550199"),
	   "connect: a number through the same trunk");
	order.connect_trunk = "other";
	order.connect_trunk_address = "203.0.113.9";
	ok(build(PT_CALL_CONNECT, &order, &request) &&
	   has(&request, "value", "forward|PJSIP/portatext/sip:+14445550199@203.0.113.9|+13055550122|15|+14445550199"),
	   "connect: through another trunk");
	order.connect_to = "sip:ann@192.0.2.9;transport=tcp";
	ok(build(PT_CALL_CONNECT, &order, &request) && has(&request, "value", "forward|PJSIP/portatext/sip:ann@192.0.2.9;"
													   "transport=tcp|+13055550122|15|sip:ann@192.0.2.9;transport=tcp"),
	   "connect: a SIP URI");
	ok(build(PT_CALL_ABANDON, &order, &request) && has(&request, "value", "abandon"), "abandon: just the end");
	order.abandon_flow = "[{\"play\":{\"sound_id\":12}},{\"wait\":{\"seconds\":1}}]";
	ok(build(PT_CALL_ABANDON, &order, &request) && has(&request, "value", "abandon~play|12~wait|1"), "abandon: with a flow");
	ok(build(PT_CALL_HANG_UP, &order, &request) && strcmp(request.method, "DELETE") == 0 && request.body == NULL &&
	   strcmp(request.url, "http://192.0.2.4:8088/ari/channels/" ID "?reason_code=16") == 0, "hang up");
	ok(build(PT_CALL_STATUS, &order, &request) && request.method == NULL && request.body == NULL &&
	   strcmp(request.url, "http://192.0.2.4:8088/ari/channels/" ID) == 0, "status");
	ok(build(PT_ENGINE_TEST, &order, &request) && request.body == NULL &&
	   strcmp(request.url, "http://192.0.2.4:8088/ari/asterisk/info") == 0, "test of the engine");
}

/* Nothing that comes from the database may mean anything to a dialplan. */
static void
test_injection(void)
{
	static const char *const hostile[] = {
		"+1444&PJSIP/x", "+1444,30,g", "+1444|x", "+1444~hangup", "+1444)", "+1444^x", "+1444${SHELL(id)}", "+1444 5", "+1444@evil",
		"sip:a@b,30", "sip:a&PJSIP/c@d", "sip:a@b|c", "sip:a@b~hangup", "sip:${SHELL(id)}@b", "sip:a@b)", "sip:a@b\"", "sip:a@b\\",
		"sip:a@b\n", "sip:nobody", "ann&bob", "ann/x", "ann bob", "${ann}", "Local/s@other", "", "+", "#", "ann\xc3\xa9", NULL
	};
	PtHttpRequest request;
	char		flow[256];

	for (int i = 0; hostile[i] != NULL; i++)
	{
		const char *text = hostile[i];
		bool		uri = strncmp(text, "sip:", 4) == 0;
		PtCallOrder order = order_of(WAIT_FLOW);

		order.connect_to = text;
		ok(!build(PT_CALL_CONNECT, &order, &request), "hostile text %d: no agent", i);
		order = order_of(WAIT_FLOW);
		order.to = text;
		ok(uri || !build(PT_CALL_ORIGINATE, &order, &request), "hostile text %d: nobody to call", i);
		order = order_of(WAIT_FLOW);
		order.from = order.connect_from = text;
		ok(text[0] == '\0' || (!build(PT_CALL_ORIGINATE, &order, &request) && !build(PT_CALL_CONNECT, &order, &request)),
		   "hostile text %d: no caller id", i);
		order = order_of(WAIT_FLOW);
		order.trunk_address = text;
		ok(text[0] == '\0' || uri || !build(PT_CALL_ORIGINATE, &order, &request), "hostile text %d: no trunk's address", i);
		order = order_of(WAIT_FLOW);
		order.call_id = text;
		ok(!build(PT_CALL_STATUS, &order, &request) && !build(PT_CALL_CONNECT, &order, &request), "hostile text %d: no call's id", i);
		snprintf(flow, sizeof(flow), "[{\"forward\":{\"to\":\"%s%s\"}}]", uri ? "" : "sip:a@", text);
		order = order_of(flow);
		ok(!build(PT_CALL_ORIGINATE, &order, &request), "hostile text %d: no forward", i);
	}
}

/* Texts to be spoken are encoded; without the operator's context for it such a flow is refused. */
static void
test_say(void)
{
	PtHttpRequest request;
	PtCallOrder order = order_of("[{\"say\":{\"text\":\"Hi, ${SHELL(id)}~|) \\u00e9\",\"language\":\"en\"}}]");

	ok(!build(PT_CALL_ORIGINATE, &order, &request), "say is refused where nothing can speak");
	ok(build_with("say", "true", PT_CALL_ORIGINATE, &order, &request) &&
	   variable(&request, "PT_MAIN", "say|en|Hi%2C%20%24%7BSHELL%28id%29%7D%7E%7C%29%20%C3%A9"), "a text is percent-encoded: %s", member(&request, "variables", "PT_MAIN"));
}

/* A flow that a dialplan's variable could not hold. */
static void
test_limits(void)
{
	static char flow[9000] = "[";
	PtHttpRequest request;
	PtCallOrder order;

	for (int i = 0; i < 60; i++)
		sprintf(flow + strlen(flow), "%s{\"forward\":{\"to\":\"sip:agent-number-%d@a-rather-long-host-name.example.com\"}}",
				i > 0 ? "," : "", i);
	strcat(flow, "]");
	order = order_of(flow);
	ok(!build(PT_CALL_ORIGINATE, &order, &request), "a flow that does not fit in a variable is refused");
	order = order_of("no flow");
	ok(!build(PT_CALL_ORIGINATE, &order, &request), "what is no flow is refused");
}

/* What Asterisk answered, and others in its place. */
static void
test_classify(void)
{
	static const struct
	{
		PtCallOp	op;
		long		status;
		const char *body;
		PtCallAnswerClass class;
	}			rows[] = {
		{PT_CALL_ORIGINATE, 200, "{\"id\":\"x\"}", PT_CALL_ACCEPTED},
		{PT_CALL_ORIGINATE, 409, "{\"message\":\"Channel with given unique ID already exists\"}", PT_CALL_ACCEPTED},
		{PT_CALL_ORIGINATE, 500, "{\"error\":\"Allocation failed\"}", PT_CALL_FAILED},
		{PT_CALL_ORIGINATE, 500, "<html>", PT_CALL_UNCLEAR},
		{PT_CALL_ORIGINATE, 502, "", PT_CALL_UNCLEAR},
		{PT_CALL_ORIGINATE, 503, "", PT_CALL_NO_CAPACITY},
		{PT_CALL_ORIGINATE, 429, "", PT_CALL_NO_CAPACITY},
		{PT_CALL_ORIGINATE, 400, "{\"message\":\"Invalid endpoint specified\"}", PT_CALL_REFUSED},
		{PT_CALL_ORIGINATE, 401, "{\"message\":\"Authentication required\"}", PT_CALL_FAILED},
		{PT_CALL_ORIGINATE, 403, "", PT_CALL_FAILED},
		{PT_CALL_ORIGINATE, 404, "<title>404 Not Found</title>", PT_CALL_FAILED},
		{PT_CALL_STATUS, 200, "{}", PT_CALL_ACCEPTED},
		{PT_CALL_STATUS, 404, "{\"message\":\"Channel not found\"}", PT_CALL_NOT_THERE},
		{PT_CALL_STATUS, 404, "{\"message\":\"Resource not found\"}", PT_CALL_FAILED},
		{PT_CALL_STATUS, 404, "<title>404 Not Found</title>", PT_CALL_FAILED},
		{PT_CALL_STATUS, 503, "", PT_CALL_NO_CAPACITY},
		{PT_CALL_HANG_UP, 204, "", PT_CALL_ACCEPTED},
		{PT_CALL_HANG_UP, 404, "{\"message\":\"Channel not found\"}", PT_CALL_NOT_THERE},
		{PT_CALL_CONNECT, 204, "", PT_CALL_ACCEPTED},
		{PT_CALL_ABANDON, 204, "", PT_CALL_ACCEPTED},
		{PT_ENGINE_TEST, 200, "{\"system\":{\"version\":\"22.10.1\"}}", PT_CALL_ACCEPTED}
	};
	PtEngine	engine = engine_of(settings, SETTINGS);
	PtCallAnswer answer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		PtHttpResult result = {.fate = PT_HTTP_ANSWERED,.status = rows[i].status,.body = rows[i].body,
		.body_len = strlen(rows[i].body),.retry_after = -1};

		engine.adapter->classify(&engine, rows[i].op, &result, &answer);
		ok(answer.class == rows[i].class && atol(answer.code) == rows[i].status, "operation %d, %ld %s: class %d (%s)",
		   rows[i].op, rows[i].status, rows[i].body, answer.class, answer.text);
	}
	ok(strcmp(answer.text, "22.10.1") == 0, "the test tells the version");
	for (int fate = PT_HTTP_NOT_SENT; fate <= PT_HTTP_UNCLEAR; fate++)
	{
		PtHttpResult result = {.fate = (PtHttpFate) fate,.problem = "timeout",.retry_after = -1};

		engine.adapter->classify(&engine, PT_CALL_ORIGINATE, &result, &answer);
		ok(answer.class == (fate == PT_HTTP_NOT_SENT ? PT_CALL_FAILED : PT_CALL_UNCLEAR) && strcmp(answer.text, "timeout") == 0,
		   "no answer: class %d", answer.class);
	}
}

/* Reads a callback; how many events. */
static int
read_body(const char *path, const char *body, PtCallEvent *event)
{
	PtEngine	engine = engine_of(settings, SETTINGS);
	char	   *copy = strdup(body);
	PtEngineCallback in = {.method = "POST",.path = path,.query = copy + strlen(copy),
	.content_type = "application/x-www-form-urlencoded",.body = copy,.body_len = strlen(copy)};
	int			n;

	problem[0] = '\0';
	n = engine.adapter->read_events(&engine, &in, event, 1, problem, sizeof(problem));
	free(copy);
	return n;
}

/* Each far end, as it was recorded: cause, ringing, and what the call's result is. */
static void
test_recorded(void)
{
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++)
	{
		const Recorded *r = &recorded[i];
		PtCallEvent event;
		int			n = read_body("events", r->body, &event);
		const PtLegFacts *leg = r->of == 'A' ? &event.a : &event.b;
		const char *result = pt_call_result_name(pt_call_result_of(leg->answered_at != 0, leg->q850, leg->sip, leg->alerted));

		ok(n == 1 && strcmp(event.call_id, ID) == 0 && event.leg == r->leg && strcmp(pt_call_event_name(event.kind), r->kind) == 0 &&
		   leg->known && leg->q850 == r->q850 && leg->alerted == r->alerted && leg->sip == PT_CALL_UNKNOWN &&
		   strcmp(result, r->result) == 0 && strcmp(event.amd, r->amd) == 0,
		   "%s: leg %c %s, cause %d, rang %d, %s, AMD %s %s", r->name, event.leg, pt_call_event_name(event.kind), leg->q850,
		   leg->alerted, result, event.amd, problem);
	}
}

/* Times, digits and leg B as they stand in an end that repeats everything. */
static void
test_facts(void)
{
	PtCallEvent event;

	ok(read_body("events", "call_id=" ID "&leg=A&seq=4&event=ended&at=1795405594.231&a_answered=1795405591.230&amd=HUMAN&"
				 "amd_cause=HUMAN-800-800&digits=12*7&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795405594.231&"
				 "b_to=%2B15550007&b_dialled=1795405591.236&b_timeout=5&b_answered=1795405591.740&b_rang=14", &event) == 1 &&
	   event.seq == 14 && event.at == 1795405594231000 && event.a.answered_at == 1795405591230000 &&
	   event.a.ended_at == 1795405594231000 && strcmp(event.amd_cause, "HUMAN-800-800") == 0 &&
	   strcmp(event.digits, "12*7") == 0, "an end repeats times, AMD and digits");
	ok(event.b.known && strcmp(event.b.to, "+15550007") == 0 && event.b.answered_at == 1795405591740000 &&
	   event.b.ringing_at == 1795405591250000 && event.b.alerted == 1 && event.b.ended_at == event.a.ended_at,
	   "leg B ended with leg A, when its own channel was slower");
	ok(read_body("events", "call_id=" ID "&leg=A&seq=1&event=answered&at=1.5&a_answered=1.5", &event) == 1 && !event.b.known &&
	   event.b.q850 == PT_CALL_UNKNOWN, "no leg B");
}

/* What is malformed says which field. */
static void
test_malformed(void)
{
	static const char *const bad[][2] = {
		{"", "form"}, {"leg=A&seq=1&event=ended", "call_id"}, {"call_id=x&leg=A&seq=1&event=ended", "call_id"},
		{"call_id=" ID "&seq=1&event=ended", "leg"}, {"call_id=" ID "&leg=C&seq=1&event=ended", "leg"},
		{"call_id=" ID "&leg=A&event=ended", "seq"}, {"call_id=" ID "&leg=A&seq=-1&event=ended", "seq"},
		{"call_id=" ID "&leg=A&seq=999999&event=ended", "seq"}, {"call_id=" ID "&leg=A&seq=1&event=gone", "event"},
		{"call_id=" ID "&leg=A&seq=1", "event"}, {"call_id=" ID "&leg=A&seq=1&event=ended&at=soon", "at"},
		{"call_id=" ID "&leg=A&seq=1&event=ended&a_cause=128", "cause"}, {"call_id=" ID "&leg=A&seq=1&event=ended&b_cause=x", "cause"},
		{"call_id=" ID "&leg=A&seq=1&event=ended&a_ended=x", "ended"}, {"call_id=" ID "&leg=A&seq=1&event=amd", "amd"},
		{"call_id=" ID "&leg=A&seq=1&event=amd&amd=DOG", "amd"}
	};
	PtCallEvent event;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(read_body("events", bad[i][0], &event) == -1 && strstr(problem, bad[i][1]) != NULL, "%s: %s", bad[i][0], problem);
	ok(read_body("other", "call_id=" ID "&leg=A&seq=1&event=ended", &event) == -1, "another path: %s", problem);
}

/* A channel as ARI tells it, to the question what has become of a call. */
static void
test_status(void)
{
	PtCallEvent event;

	ok(read_body("status", "{\"id\":\"" ID "\",\"name\":\"PJSIP/portatext-00000052\",\"state\":\"Ringing\",\"caller\":{\"name\":\"\"}}",
				 &event) == 1 && event.kind == PT_EVENT_RINGING && event.leg == 'A' && strcmp(event.call_id, ID) == 0 &&
	   event.a.alerted == 1, "status: ringing");
	ok(read_body("status", "{\"id\":\"" ID "\",\"state\":\"Up\"}", &event) == 1 && event.kind == PT_EVENT_ANSWERED &&
	   event.a.answered_at == 0, "status: answered");
	ok(read_body("status", "{\"id\":\"" ID "\",\"state\":\"Down\"}", &event) == 1 && event.kind == PT_EVENT_PLACED &&
	   event.a.alerted == PT_CALL_UNKNOWN && event.seq < 10, "status: placed");
	ok(read_body("status", "{\"id\":\"x\",\"state\":\"Up\"}", &event) == -1 && read_body("status", "<html>", &event) == -1 &&
	   read_body("status", "{\"id\":\"" ID "\"}", &event) == -1, "status: no channel");
}

int
main(void)
{
	test_settings();
	test_originate();
	test_endpoints();
	test_orders();
	test_injection();
	test_say();
	test_limits();
	test_classify();
	test_recorded();
	test_facts();
	test_malformed();
	test_status();
	return tap_done();
}
