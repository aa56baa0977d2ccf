/*
 * engine.c
 *	  Engine adapters: times, events and requests of the gateway contract, answers,
 *	  settings.
 *
 * Libraries: libcurl libcrypto
 */
#include "tap.h"

#include <string.h>

#include "carrier/json.h"
#include "telephony/gateway.h"

#define ID "0190b0a0-0000-7000-8000-000000000001"
#define LIMIT 4

static PtEngine engine;
static PtEngineSetting settings[16];

/* Configures an engine of the adapter with key, value, ..., NULL; what is wrong, or NULL. */
static const char *
configure(const PtEngineAdapter *adapter, const char *const *pairs)
{
	static char problem[200];

	if (engine.adapter != NULL)
		engine.adapter->release(&engine);
	engine = (PtEngine) {.engine_id = 1,.name = "gw",.adapter = adapter,.settings = settings,.timeout_ms = 3000};
	for (int i = 0; pairs[i] != NULL; i += 2)
		settings[engine.n_settings++] = (PtEngineSetting) {(char *) pairs[i], (char *) pairs[i + 1]};
	return adapter->configure(&engine, problem, sizeof(problem)) ? NULL : problem;
}

#define CONFIGURE(...) configure(&pt_engine_gateway, (const char *const[]) {__VA_ARGS__, NULL})

static void
check_time(const char *text, int64_t expected)
{
	int64_t		micros = 0;
	bool		read = pt_event_time_read(text, &micros);

	ok(expected == 0 ? !read : read && micros == expected, "time %s: %lld", text, read ? (long long) micros : 0);
}

static void
test_times(void)
{
	check_time("1795403723", INT64_C(1795403723000000));
	check_time("1795403723.25", INT64_C(1795403723250000));
	check_time("2026-11-23T03:15:23Z", INT64_C(1795403723000000));
	check_time("2026-11-23T03:15:23.000001Z", INT64_C(1795403723000001));
	check_time("2026-11-23 04:15:23.25+01:00", INT64_C(1795403723250000));
	check_time("2026-11-22T22:15:23-0500", INT64_C(1795403723000000));
	check_time("2024-02-29T00:00:00Z", INT64_C(1709164800000000));
	check_time("2000-12-31T23:59:59.9999999Z", INT64_C(978307199999999));
	check_time("Mon, 23 Nov 2026 03:15:23 +0000", INT64_C(1795403723000000));
	check_time("23 Nov 2026 03:15:23 GMT", INT64_C(1795403723000000));
	check_time("2026-02-29T00:00:00Z", 0);
	check_time("2026-13-01T00:00:00Z", 0);
	check_time("2026-11-23T24:00:00Z", 0);
	check_time("2026-11-23T03:15:23", 0);
	check_time("2026-11-23T03:15:23+99:00", 0);
	check_time("2026-11-23", 0);
	check_time("Mon, 23 Foo 2026 03:15:23 +0000", 0);
	check_time("0", 0);
	check_time("-5", 0);
	check_time("1e9", 0);
	check_time("99999999999999", 0);
	check_time("1.2.3", 0);
	check_time("", 0);
}

static PtCallEvent events[LIMIT];
static char problem[160];

static int
read_events(const char *json)
{
	return pt_gateway_events(json, strlen(json), events, LIMIT, problem, sizeof(problem));
}

/* The text is refused with these words. */
static void
check_refused(const char *json, const char *words)
{
	int			n = read_events(json);

	ok(n == -1 && strcmp(problem, words) == 0, "refused: %.60s: %s", json, n == -1 ? problem : "no");
}

#define EVENT "{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"ringing\"}"

static void
test_events(void)
{
	ok(read_events("[]") == 0 && read_events(" [ ] ") == 0, "an empty array");
	ok(read_events(EVENT) == 1 && events[0].leg == 'A' && events[0].kind == PT_EVENT_RINGING && events[0].at == 0 &&
	   !events[0].a.known && events[0].a.q850 == PT_CALL_UNKNOWN && events[0].a.alerted == PT_CALL_UNKNOWN, "one event alone");
	ok(read_events("[" EVENT " , " EVENT "]\n") == 2, "two");
	ok(read_events("{\"call_id\":\"" ID "\",\"leg\":\"B\",\"seq\":7,\"event\":\"ended\",\"at\":\"2026-11-23T03:15:23Z\","
				   "\"a\":{\"alerted\":true,\"answered_at\":1795403720},\"b\":{\"q850\":17,\"sip\":486,\"alerted\":false,"
				   "\"ended_at\":1795403723.5,\"to\":\"sip:x@y\"},\"amd\":\"HUMAN\",\"amd_cause\":\"a]}\\\"b\",\"digits\":\"12#\"}") == 1,
	   "a whole one");
	ok(events[0].leg == 'B' && events[0].seq == 7 && events[0].at == INT64_C(1795403723000000) &&
	   events[0].a.known && events[0].a.alerted == 1 && events[0].a.answered_at == INT64_C(1795403720000000) &&
	   events[0].b.q850 == 17 && events[0].b.sip == 486 && events[0].b.alerted == 0 &&
	   events[0].b.ended_at == INT64_C(1795403723500000) && strcmp(events[0].b.to, "sip:x@y") == 0 &&
	   strcmp(events[0].amd, "HUMAN") == 0 && strcmp(events[0].amd_cause, "a]}\"b") == 0 && strcmp(events[0].digits, "12#") == 0,
	   "all of it is read");
	ok(read_events("{\"ref\":\"x1\",\"seq\":0,\"event\":\"placed\"}") == 1 && events[0].call_id[0] == '\0' &&
	   strcmp(events[0].engine_ref, "x1") == 0, "the engine's own id will do");
	check_refused("", "malformed JSON: an array of events, or one");
	check_refused("7", "malformed JSON: an array of events, or one");
	check_refused("[" EVENT, "malformed JSON: an array of events, or one");
	check_refused("[" EVENT ",]", "event 1: it is no object");
	check_refused("[" EVENT ",{\"a\"}]", "event 1: it is malformed JSON");
	check_refused("[1]", "event 0: it is no object");
	check_refused("{\"seq\":1,\"event\":\"ringing\"}", "call_id is missing");
	check_refused("[" EVENT ",{\"call_id\":\"x\",\"seq\":1,\"event\":\"ringing\"}]", "event 1: call_id is no UUID");
	check_refused("{\"call_id\":\"" ID "\",\"event\":\"ringing\"}", "seq is missing or no whole number");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":-1,\"event\":\"ringing\"}", "seq is missing or no whole number");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"rings\"}",
				  "event is none of placed, ringing, answered, amd, digits, waiting, ended");
	check_refused("{\"call_id\":\"" ID "\",\"leg\":\"C\",\"seq\":1,\"event\":\"ringing\"}", "leg is neither A nor B");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"ended\",\"a\":{\"q850\":128}}", "q850 is no cause from 0 to 127");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"ended\",\"a\":{\"sip\":\"x\"}}", "sip is no status from 100 to 699");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"ended\",\"b\":{\"alerted\":1}}", "alerted is neither true nor false");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"ended\",\"at\":\"now\"}", "at is no time");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"amd\"}", "amd is missing");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"amd\",\"amd\":\"human\"}", "amd is none of HUMAN, MACHINE, NOTSURE, HANGUP");
	check_refused("{\"call_id\":\"" ID "\",\"seq\":1,\"event\":\"digits\",\"digits\":\"12x\"}", "digits are not up to 32 keys");
	check_refused("[" EVENT "," EVENT "," EVENT "," EVENT "," EVENT "]", "there are more than 4 events");
}

static void
test_settings(void)
{
	static char long_url[700];

	memset(long_url, 'x', sizeof(long_url) - 1);
	memcpy(long_url, "http://", 7);
	ok(CONFIGURE("url", "http://127.0.0.1:1/") != NULL, "callback_url missing: %s", CONFIGURE("url", "http://127.0.0.1:1/"));
	ok(CONFIGURE("callback_url", "http://h") != NULL, "url missing: %s", CONFIGURE("callback_url", "http://h"));
	ok(CONFIGURE("url", "ftp://x", "callback_url", "http://h") != NULL, "%s", CONFIGURE("url", "ftp://x", "callback_url", "http://h"));
	ok(CONFIGURE("url", long_url, "callback_url", "http://h") != NULL, "too long");
	ok(CONFIGURE("url", "http://u:p@x", "callback_url", "http://h") != NULL, "credentials do not belong into the address");
	ok(CONFIGURE("url", "http://x", "callback_url", "http://h", "colour", "red") != NULL, "unknown: %s",
	   CONFIGURE("url", "http://x", "callback_url", "http://h", "colour", "red"));
	ok(CONFIGURE("url", "http://x", "callback_url", "http://h", "auth", "basic") != NULL, "%s",
	   CONFIGURE("url", "http://x", "callback_url", "http://h", "auth", "basic"));
	ok(CONFIGURE("url", "http://x", "callback_url", "http://h", "auth", "digest") != NULL, "%s",
	   CONFIGURE("url", "http://x", "callback_url", "http://h", "auth", "digest"));
	ok(CONFIGURE("url", "http://x", "callback_url", "http://h", "username", "u", "password", "p") == NULL, "sound");
}

static PtHttpRequest request;
static PtCallOrder order;

/* The request for op: method or NULL, the path behind the address, and the body. */
static void
check_request(PtCallOp op, const char *method, const char *url, const char *body)
{
	bool		built = pt_engine_gateway.build(&engine, op, &order, &request);

	ok(built && strcmp(request.url, url) == 0 && (method == NULL) == (request.method == NULL) &&
	   (method == NULL || strcmp(request.method, method) == 0), "%s", built ? request.url : "not built");
	ok(body == NULL ? request.body == NULL : request.body != NULL && strcmp(request.body, body) == 0, "%s",
	   request.body != NULL ? request.body : "no body");
}

static void
test_requests(void)
{
	static const PtAmd amd = {1, 2, 3, 4, 5, 6, 7, 8, 9};

	CONFIGURE("url", "http://x:8/e/", "callback_url", "http://h/r/", "password", "p\"w");
	order = (PtCallOrder) {.call_id = ID,.engine_ref = "",.from = "+12025550100",.to = "+12025550101",.trunk = "a\"b",
		.trunk_address = "192.0.2.1",.dial_timeout_s = 30,.max_duration_s = 60,.flow = "[{\"hangup\":{}}]",.amd = &amd,
		.events_url = "http://h/r/engine/gw/events",.sounds_url = "http://h/r/engine/gw/sound/",.campaign_id = 7,.iteration = 2,
		.connect_to = "sip:a@b",.connect_trunk = "",.connect_trunk_address = "",.connect_from = "",.connect_timeout_s = 15,
		.reason = "no credits"
	};
	check_request(PT_CALL_ORIGINATE, NULL, "http://x:8/e/v1/calls",
				  "{\"call_id\":\"" ID "\",\"campaign_id\":7,\"iteration\":2,\"from\":\"+12025550100\",\"to\":\"+12025550101\","
				  "\"trunk\":{\"name\":\"a\\\"b\",\"address\":\"192.0.2.1\"},\"dial_timeout\":30,\"max_duration\":60,"
				  "\"flow\":[{\"hangup\":{}}],\"amd\":{\"initial_silence\":1,\"max_greeting_length\":2,\"after_greeting_silence\":3,"
				  "\"total_time\":4,\"min_word_length\":5,\"between_words_silence\":6,\"max_words\":7,\"silence_threshold\":8,"
				  "\"max_word_length\":9},\"callback\":{\"events\":\"http://h/r/engine/gw/events\","
				  "\"sounds\":\"http://h/r/engine/gw/sound/\"}}");
	ok(request.headers[0] != NULL && strcmp(request.headers[0], "Authorization: Bearer p\"w") == 0, "the password as a token");
	check_request(PT_CALL_CONNECT, NULL, "http://x:8/e/v1/calls/" ID "/connect",
				  "{\"to\":\"sip:a@b\",\"trunk\":{\"name\":\"a\\\"b\",\"address\":\"192.0.2.1\"},\"timeout\":15}");
	check_request(PT_CALL_ABANDON, NULL, "http://x:8/e/v1/calls/" ID "/abandon", "{\"flow\":[]}");
	check_request(PT_CALL_HANG_UP, "DELETE", "http://x:8/e/v1/calls/" ID "?reason=no%20credits", NULL);
	check_request(PT_CALL_STATUS, NULL, "http://x:8/e/v1/calls/" ID, NULL);
	check_request(PT_ENGINE_TEST, NULL, "http://x:8/e/v1/health", NULL);
}

static void
test_answers(void)
{
	static const struct
	{
		PtCallOp	op;
		long		status;
		PtCallAnswerClass class;
	}			rows[] = {
		{PT_CALL_ORIGINATE, 202, PT_CALL_ACCEPTED}, {PT_CALL_ORIGINATE, 200, PT_CALL_ACCEPTED},
		{PT_CALL_ORIGINATE, 409, PT_CALL_ACCEPTED}, {PT_CALL_ORIGINATE, 400, PT_CALL_REFUSED},
		{PT_CALL_ORIGINATE, 404, PT_CALL_FAILED}, {PT_CALL_ORIGINATE, 401, PT_CALL_FAILED},
		{PT_CALL_ORIGINATE, 429, PT_CALL_NO_CAPACITY}, {PT_CALL_ORIGINATE, 503, PT_CALL_NO_CAPACITY},
		{PT_CALL_ORIGINATE, 500, PT_CALL_UNCLEAR}, {PT_CALL_ORIGINATE, 302, PT_CALL_FAILED},
		{PT_CALL_STATUS, 404, PT_CALL_NOT_THERE}, {PT_CALL_STATUS, 200, PT_CALL_ACCEPTED},
		{PT_CALL_HANG_UP, 404, PT_CALL_NOT_THERE}, {PT_CALL_HANG_UP, 204, PT_CALL_ACCEPTED},
		{PT_CALL_CONNECT, 410, PT_CALL_NOT_THERE}, {PT_CALL_CONNECT, 409, PT_CALL_ACCEPTED},
		{PT_ENGINE_TEST, 404, PT_CALL_FAILED}
	};
	PtCallAnswer answer;
	PtHttpResult result = {.body = "",.retry_after = -1};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		result.status = rows[i].status;
		pt_engine_gateway.classify(&engine, rows[i].op, &result, &answer);
		ok(answer.class == rows[i].class, "request %d, status %ld: class %d", (int) rows[i].op, rows[i].status, (int) answer.class);
	}
	result = (PtHttpResult) {.fate = PT_HTTP_NOT_SENT,.body = "",.problem = "connect",.retry_after = -1};
	pt_engine_gateway.classify(&engine, PT_CALL_ORIGINATE, &result, &answer);
	ok(answer.class == PT_CALL_FAILED && strcmp(answer.text, "connect") == 0, "nothing was sent");
	result.fate = PT_HTTP_UNCLEAR;
	pt_engine_gateway.classify(&engine, PT_CALL_ORIGINATE, &result, &answer);
	ok(answer.class == PT_CALL_UNCLEAR, "no answer came");
	result = (PtHttpResult) {.status = 202,.body = "{\"id\":\"ch-7\"}",.body_len = 13,.retry_after = -1};
	pt_engine_gateway.classify(&engine, PT_CALL_ORIGINATE, &result, &answer);
	ok(strcmp(answer.ref, "ch-7") == 0, "the engine's id");
	result = (PtHttpResult) {.status = 503,.body = "{\"message\":\"full\\u0007\"}",.body_len = 24,.retry_after = 9};
	pt_engine_gateway.classify(&engine, PT_CALL_ORIGINATE, &result, &answer);
	ok(answer.retry_after == 9 && strncmp(answer.text, "full", 4) == 0, "what it says: %s", answer.text);
	result = (PtHttpResult) {.status = 400,.body = "bad token p%22w",.body_len = 15,.retry_after = -1};
	pt_engine_gateway.classify(&engine, PT_CALL_ORIGINATE, &result, &answer);
	ok(answer.text[0] == '\0', "but not with a secret in it");
}

static void
test_urls(void)
{
	char		urls[2][200];
	char		small[2][20];

	pt_engine_callback_urls(&engine, urls[0], urls[1], sizeof(urls[0]));
	ok(strcmp(urls[0], "http://h/r/engine/gw/events") == 0 && strcmp(urls[1], "http://h/r/engine/gw/sound/") == 0, "%s", urls[0]);
	pt_engine_callback_urls(&engine, small[0], small[1], sizeof(small[0]));
	ok(small[0][0] == '\0' && small[1][0] == '\0', "no room: nothing");
}

int
main(void)
{
	test_times();
	test_events();
	test_settings();
	test_requests();
	test_answers();
	test_urls();
	engine.adapter->release(&engine);
	return tap_done();
}
