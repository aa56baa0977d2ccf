/*
 * engine_http.c
 *	  The adapter http: requests by templates, flows as TwiML, callbacks by field
 *	  names and words, and what they are answered.
 *
 * Libraries: libcurl libcrypto
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "telephony/engine_http.h"
#include "telephony/engine_twiml.h"

#define ID "0190b0a0-0000-7000-8000-000000000001"
#define BASE "http://h/r/engine/tw/"

static PtEngine engine;
static PtEngineSetting settings[64];
static char problem[200];

static const char *const sound[] = {
	"callback_url", "http://h/r/", "auth", "basic", "username", "AC1", "password", "token", "secret", "s&1", "format", "form",
	"account", "AC1", "amd_word", "Enable", "id_path", "sid", "code_path", "code", "text_path", "message",
	"ops", "{\"originate\":{\"url\":\"http://x/{account}/Calls.json\",\"headers\":{\"X-Call\":\"{call_id}\"},"
	"\"body\":{\"To\":\"{to}\",\"From\":\"{from}\","
	"\"Twiml\":\"{twiml}\",\"MachineDetection\":\"{amd_word}\",\"StatusCallback\":\"{events_url}?call={call_id}\","
	"\"Ev\":[\"a\",\"b\"]}},\"connect\":{\"url\":\"http://x/Calls/{engine_ref}.json\",\"body\":{\"Twiml\":\"{twiml}\"}},"
	"\"abandon\":{\"url\":\"http://x/Calls/{engine_ref}.json\",\"body\":{\"Twiml\":\"{twiml}\"}},"
	"\"hang_up\":{\"method\":\"DELETE\",\"url\":\"http://x/Calls/{engine_ref}.json\"},"
	"\"status\":{\"url\":\"http://x/Calls/{engine_ref}.json\"}}",
	"classes", "{\"20404\":\"not_there\",\"20429\":\"no_capacity\",\"400\":\"failed\"}",
	"event_ref", "CallSid", "event_kind", "CallStatus", "event_seq", "SequenceNumber", "event_at", "Timestamp",
	"event_sip", "SipResponseCode", "event_duration", "CallDuration", "event_digits", "Digits", "event_dialled", "DialCallStatus",
	"dialled_word", "completed", "event_amd", "AnsweredBy",
	"event_kinds", "{\"ringing\":\"ringing\",\"in-progress\":\"answered\",\"completed\":\"ended\",\"busy\":\"ended\","
	"\"no-answer\":\"ended\",\"failed\":\"ended\"}",
	"event_causes", "{\"completed\":\"16 answered\",\"busy\":\"17\",\"no-answer\":\"19 alerted\",\"failed\":\"sip\"}",
	"event_amds", "{\"human\":\"HUMAN\",\"machine_start\":\"MACHINE\",\"unknown\":\"NOTSURE\"}",
	"status_ref", "sid", "status_kind", "status", "status_at", "end_time", "status_duration", "duration",
	"signature", "hmac-sha1", "signature_key", "password", "signature_header", "X-Sig", "signed", "{url}{form}", NULL
};

/* Configures with the sound settings, key's value replaced (NULL: taken away); what is wrong, or NULL. */
static const char *
configure(const char *key, const char *value)
{
	bool		there = false;

	if (engine.adapter != NULL)
		engine.adapter->release(&engine);
	engine = (PtEngine) {.engine_id = 1,.name = "tw",.adapter = &pt_engine_http,.settings = settings,.timeout_ms = 3000};
	for (int i = 0; sound[i] != NULL; i += 2)
	{
		bool		same = key != NULL && strcmp(sound[i], key) == 0;

		there = there || same;
		if (!same || value != NULL)
			settings[engine.n_settings++] = (PtEngineSetting) {(char *) sound[i], (char *) (same ? value : sound[i + 1])};
	}
	if (key != NULL && !there)
		settings[engine.n_settings++] = (PtEngineSetting) {(char *) key, (char *) value};
	return pt_engine_http.configure(&engine, problem, sizeof(problem)) ? NULL : problem;
}

static void
check_unsound(const char *key, const char *value, const char *words)
{
	const char *said = configure(key, value);

	ok(said != NULL && strstr(said, words) != NULL, "%s: %s", key, said != NULL ? said : "taken");
}

static void
test_settings(void)
{
	ok(configure(NULL, NULL) == NULL, "sound settings: %s", problem);
	check_unsound("callback_url", NULL, "callback_url is missing");
	check_unsound("ops", NULL, "ops is missing");
	check_unsound("ops", "[]", "ops is no object");
	check_unsound("ops", "{\"originate\":{\"url\":\"http://x\"}}", "needs originate and hang_up");
	check_unsound("ops", "{\"call\":{\"url\":\"http://x\"}}", "none of originate");
	check_unsound("ops", "{\"originate\":7}", "no object");
	check_unsound("ops", "{\"originate\":{\"url\":\"http://x\",\"verb\":\"GET\"}}", "something other than");
	check_unsound("ops", "{\"originate\":{\"url\":\"http://x\",\"method\":\"PATCH\"}}", "none of GET, POST, PUT, DELETE");
	check_unsound("ops", "{\"originate\":{\"body\":{}}}", "without url");
	check_unsound("ops", "{\"originate\":{\"url\":\"http://x\",\"body\":[]}}", "no object");
	check_unsound("ops", "{\"originate\":{\"url\":\"http://x/{nothing}\"},\"hang_up\":{\"url\":\"http://x\"}}", "{nothing}");
	check_unsound("ops", "{\"originate\":{\"url\":\"ftp://x/{account}?call={call_id}\"},\"hang_up\":{\"url\":\"http://x\"}}", "none that could be sent");
	check_unsound("format", "xml", "neither json nor form");
	check_unsound("classes", "{\"1\":\"fine\"}", "none of accepted");
	check_unsound("event_kinds", "{\"x\":\"rings\"}", "no kind of event");
	check_unsound("event_causes", "{\"x\":\"200\"}", "neither a cause");
	check_unsound("event_causes", "{\"x\":\"17 rang\"}", "neither a cause");
	check_unsound("event_amds", "{\"x\":\"human\"}", "none of HUMAN");
	check_unsound("event_kind", NULL, "missing");
	check_unsound("signature", "md5", "none of secret");
	check_unsound("signature_key", "key", "neither callback_secret nor password");
	check_unsound("signed", NULL, "needs signed");
	check_unsound("signed", "{x}", "{x}");
	check_unsound("colour", "red", "no setting \"colour\"");
	check_unsound("template", "none", "no template \"none\"");
	check_unsound("password", NULL, "missing");
}

static PtCallOrder order;
static PtHttpRequest request;

/* The order for a flow. */
static void
order_flow(const char *flow)
{
	static const PtAmd amd = {1, 2, 3, 4, 5, 6, 7, 8, 9};

	order = (PtCallOrder) {.call_id = ID,.engine_ref = "CA7",.from = "+12025550100",.to = "+12025550101",.trunk = "t",
		.trunk_address = "",.dial_timeout_s = 30,.max_duration_s = 60,.flow = flow,.iteration = 1,.connect_to = "sip:a@b?x&y",
		.connect_from = "",.connect_timeout_s = 15,.reason = "cancelled"
	};
	if (strstr(flow, "amd") != NULL)
		order.amd = &amd;
}

/* The document of a flow; NULL: none. */
static const char *
document(const char *flow)
{
	static char text[PT_ENGINE_TEXT_SIZE];
	static const PtTwiml how = {ID, BASE "events", BASE "sound/", "s&1", "+12025550100", 0};
	PtBuffer	out;

	pt_buffer_init(&out, text, sizeof(text));
	return pt_twiml_flow(&out, &how, flow) ? text : NULL;
}

static void
check_document(const char *flow, const char *expected)
{
	const char *made = document(flow);

	ok(made != NULL && strcmp(made, expected) == 0, "%s: %s", flow, made != NULL ? made : "none");
}

#define LINK(event) BASE "events?call=" ID "&amp;event=" event

static void
test_documents(void)
{
	const char *made;

	check_document("[{\"wait\":{\"seconds\":5}},{\"play\":{\"sound_id\":3}},{\"hangup\":{}}]",
				   "<Response><Pause length=\"5\"/><Play>" BASE "sound/3?secret=s%261</Play><Hangup/></Response>");
	check_document("[{\"say\":{\"text\":\"a <b> & \\\"c\\\"\",\"language\":\"en\"}}]",
				   "<Response><Say language=\"en\">a &lt;b&gt; &amp; &quot;c&quot;</Say></Response>");
	check_document("[{\"forward\":{\"to\":\"+12025550102\",\"dial_timeout\":9}}]",
				   "<Response><Dial timeout=\"9\" callerId=\"+12025550100\"><Number "
				   "statusCallbackEvent=\"initiated ringing answered completed\" statusCallback=\"" BASE "events?call=" ID
				   "&amp;leg=B\">+12025550102</Number></Dial></Response>");
	check_document("[{\"forward\":{\"team\":true}}]", "<Response><Redirect method=\"POST\">" LINK("waiting") "</Redirect></Response>");
	made = document("[{\"gather\":{\"digits\":2,\"timeout\":4}},{\"hangup\":{}}]");
	ok(made != NULL && strstr(made, "<Gather numDigits=\"2\" timeout=\"4\" method=\"POST\" action=\"" LINK("digits") "&amp;n=1&amp;next=") != NULL &&
	   strstr(made, "\"></Gather><Hangup/></Response>") != NULL, "keys: %s", made);
	made = document("[{\"amd\":{\"if_human\":[{\"forward\":{\"team\":true}}],\"if_machine\":[],\"if_notsure\":[]}}]");
	ok(made != NULL && strstr(made, LINK("amd") "&amp;human=") != NULL && strstr(made, "&amp;machine=W10&amp;notsure=W10</Redirect>") != NULL,
	   "the verdict: %s", made);
	ok(document("[{\"dance\":{}}]") == NULL && document("{") == NULL, "what is no flow is no document");
}

static void
test_requests(void)
{
	char		flow[9000];

	configure(NULL, NULL);
	order_flow("[{\"hangup\":{}}]");
	ok(pt_engine_http_build(&engine, PT_CALL_ORIGINATE, &order, &request) && strcmp(request.url, "http://x/AC1/Calls.json") == 0, "url");
	ok(strcmp(request.body, "To=%2B12025550101&From=%2B12025550100&Twiml=%3CResponse%3E%3CHangup%2F%3E%3C%2FResponse%3E"
			  "&StatusCallback=http%3A%2F%2Fh%2Fr%2Fengine%2Ftw%2Fevents%3Fcall%3D" ID "&Ev=a&Ev=b") == 0, "%s", request.body);
	ok(strcmp(request.headers[0], "Authorization: Basic QUMxOnRva2Vu") == 0 && strcmp(request.headers[1], "X-Call: " ID) == 0, "headers");
	order_flow("[{\"amd\":{\"if_human\":[],\"if_machine\":[],\"if_notsure\":[]}}]");
	ok(pt_engine_http_build(&engine, PT_CALL_ORIGINATE, &order, &request) && strstr(request.body, "&MachineDetection=Enable&") != NULL, "detection is asked for");
	ok(pt_engine_http_build(&engine, PT_CALL_CONNECT, &order, &request) && strcmp(request.url, "http://x/Calls/CA7.json") == 0 &&
	   strstr(request.body, "dialled") != NULL && strstr(request.body, "sip%3Aa%40b%3Fx%26amp%3By") != NULL, "connect: %s", request.body);
	ok(pt_engine_http_build(&engine, PT_CALL_ABANDON, &order, &request) &&
	   strcmp(request.body, "Twiml=%3CResponse%3E%3CHangup%2F%3E%3C%2FResponse%3E") == 0, "abandon: %s", request.body);
	ok(pt_engine_http_build(&engine, PT_CALL_HANG_UP, &order, &request) && strcmp(request.method, "DELETE") == 0 && request.body == NULL, "hang up");
	ok(!pt_engine_http_build(&engine, PT_ENGINE_TEST, &order, &request), "a request without a template cannot be made");
	order.engine_ref = "";
	ok(!pt_engine_http_build(&engine, PT_CALL_STATUS, &order, &request), "nor one about a call whose id is not known");
	snprintf(flow, sizeof(flow), "[{\"say\":{\"text\":\"%0500d\"}}", 7);
	for (int i = 0; i < 9; i++)
		snprintf(flow + strlen(flow), sizeof(flow) - strlen(flow), ",{\"say\":{\"text\":\"%0500d\"}}", 7);
	strcat(flow, "]");
	order_flow(flow);
	ok(!pt_engine_http_build(&engine, PT_CALL_ORIGINATE, &order, &request), "nor one with a document that is too long");
}

static PtCallEvent event;
static char body[500];

/* Reads a callback; how many events. */
static int
read_callback(const char *query, const char *form)
{
	char		copy[3000];
	PtEngineCallback in = {.method = "POST",.path = "events",.query = copy,.content_type = "application/x-www-form-urlencoded",.body = body};

	snprintf(copy, sizeof(copy), "%s", query);
	snprintf(body, sizeof(body), "%s", form);
	in.body_len = strlen(body);
	return pt_engine_http_events(&engine, &in, &event, 1, problem, sizeof(problem));
}

static void
test_callbacks(void)
{
	ok(read_callback("call=" ID, "CallSid=CA7&CallStatus=ringing&SequenceNumber=1&Timestamp=Mon%2C+23+Nov+2026+03%3A15%3A23+%2B0000") == 1 &&
	   event.kind == PT_EVENT_RINGING && event.leg == 'A' && event.seq == 1 && strcmp(event.call_id, ID) == 0 &&
	   strcmp(event.engine_ref, "CA7") == 0 && event.a.alerted == 1 && event.a.ringing_at == INT64_C(1795403723000000), "ringing");
	ok(read_callback("call=" ID, "CallSid=CA7&CallStatus=busy&SequenceNumber=2&SipResponseCode=486") == 1 &&
	   event.kind == PT_EVENT_ENDED && event.a.q850 == 17 && event.a.sip == 486 && event.a.answered_at == 0, "busy");
	ok(read_callback("call=" ID, "CallSid=CA7&CallStatus=no-answer&SequenceNumber=2") == 1 && event.a.q850 == 19 && event.a.alerted == 1, "no answer");
	ok(read_callback("call=" ID, "CallSid=CA7&CallStatus=failed&SipResponseCode=404") == 1 && event.a.q850 == PT_CALL_UNKNOWN &&
	   event.a.sip == 404, "failed: by the SIP status");
	ok(read_callback("", "CallSid=CA7&CallStatus=completed&CallDuration=12&AnsweredBy=machine_start&Timestamp=2026-11-23T03:15:23Z") == 1 &&
	   event.call_id[0] == '\0' && event.a.q850 == 16 && event.a.answered_at == INT64_C(1795403711000000) &&
	   strcmp(event.amd, "MACHINE") == 0, "completed tells when it was answered, and by whom");
	ok(read_callback("call=" ID "&leg=B", "CallSid=CB1&CallStatus=in-progress&SequenceNumber=2") == 1 && event.leg == 'B' &&
	   event.engine_ref[0] == '\0' && event.seq > 255 && event.b.known && !event.a.known, "leg B");
	{
		int64_t		seq = event.seq;

		ok(read_callback("call=" ID "&leg=B", "CallSid=CB2&CallStatus=in-progress&SequenceNumber=2") == 1 && event.seq != seq,
		   "another leg B has other numbers");
	}
	ok(read_callback("call=" ID "&event=digits&n=2", "CallSid=CA7&Digits=12%23") == 1 && event.kind == PT_EVENT_DIGITS &&
	   strcmp(event.digits, "12#") == 0, "keys");
	ok(read_callback("call=" ID "&event=amd", "CallSid=CA7&AnsweredBy=human&CallStatus=in-progress") == 1 && event.kind == PT_EVENT_AMD &&
	   strcmp(event.amd, "HUMAN") == 0 && strcmp(event.amd_cause, "human") == 0, "the verdict");
	ok(read_callback("call=" ID "&event=waiting", "CallSid=CA7&CallStatus=in-progress") == 1 && event.kind == PT_EVENT_WAITING, "waiting");
	ok(read_callback("call=" ID "&event=dialled", "CallSid=CA7&DialCallStatus=busy") == 0, "how the dialling ended is no event");
	ok(read_callback("call=" ID, "CallSid=CA7&CallStatus=queued") == 0, "nor is a word that is not in event_kinds");
	ok(read_callback("call=x", "CallStatus=busy") == -1 && strcmp(problem, "call is no UUID") == 0, "refused: %s", problem);
	ok(read_callback("", "CallStatus=busy") == -1, "refused: %s", problem);
}

static void
test_status(void)
{
	char		query[] = "";
	char		json[] = "{\"sid\":\"CA7\",\"status\":\"completed\",\"duration\":\"60\",\"end_time\":\"Mon, 23 Nov 2026 03:15:23 +0000\"}";
	PtEngineCallback in = {.method = "GET",.path = "status",.query = query,.content_type = "",.body = json,.body_len = strlen(json)};

	ok(pt_engine_http_events(&engine, &in, &event, 1, problem, sizeof(problem)) == 1 && event.kind == PT_EVENT_ENDED &&
	   strcmp(event.engine_ref, "CA7") == 0 && event.a.q850 == 16 && event.a.answered_at == INT64_C(1795403663000000), "the answer to STATUS");
	snprintf(json, sizeof(json), "{\"sid\":\"CA7\"");
	in.body_len = strlen(json);
	ok(pt_engine_http_events(&engine, &in, &event, 1, problem, sizeof(problem)) == -1, "malformed: %s", problem);
}

/* What a callback is answered. */
static const char *
reply(const char *query, const char *form)
{
	static char copy[3000];
	PtEngineCallback in = {.method = "POST",.path = "events",.query = copy,.content_type = "application/x-www-form-urlencoded",.body = body};
	const char *type = NULL;

	snprintf(copy, sizeof(copy), "%s", query);
	snprintf(body, sizeof(body), "%s", form);
	in.body_len = strlen(body);
	return pt_engine_http_reply(&engine, &in, &type);
}

static void
test_replies(void)
{
	const char *made;
	char		query[3000];

	ok(reply("call=" ID, "CallStatus=ringing") == NULL, "a word on progress is answered with nothing");
	made = reply("call=" ID "&event=waiting", "");
	ok(made != NULL && strstr(made, "<Pause length=\"60\"/>") != NULL && strstr(made, LINK("still")) != NULL, "waiting: %s", made);
	made = reply("call=" ID "&event=dialled", "DialCallStatus=completed");
	ok(made != NULL && strcmp(made, "<Response><Hangup/></Response>") == 0, "they have talked: the end");
	made = reply("call=" ID "&event=dialled", "DialCallStatus=no-answer");
	ok(made != NULL && strstr(made, "<Pause") != NULL, "the agent did not answer: the person waits on");
	made = document("[{\"amd\":{\"if_human\":[{\"say\":{\"text\":\"hi\"}}],\"if_machine\":[{\"say\":{\"text\":\"bye\"}}],\"if_notsure\":[]}}]");
	snprintf(query, sizeof(query), "call=" ID "&event=amd&human=%s", strstr(made, "human=") + 6);
	for (char *c = query; (c = strstr(c, "&amp;")) != NULL; c++)
		memmove(c + 1, c + 5, strlen(c + 5) + 1);
	query[strcspn(query, "<")] = '\0';
	made = reply(query, "AnsweredBy=human");
	ok(made != NULL && strcmp(made, "<Response><Say>hi</Say></Response>") == 0, "the flow for a person: %s", made);
	made = reply(query, "AnsweredBy=machine_start");
	ok(made != NULL && strcmp(made, "<Response><Say>bye</Say></Response>") == 0, "the flow for a machine: %s", made);
	made = reply(query, "");
	ok(made != NULL && strcmp(made, "<Response><Hangup/></Response>") == 0, "no verdict, and an empty flow for that: %s", made);
	made = reply("call=" ID "&event=digits&n=1&next=%25", "Digits=1");
	ok(made != NULL && strcmp(made, "<Response><Hangup/></Response>") == 0, "what is no flow ends the call");
}

static void
test_answers(void)
{
	static const struct
	{
		PtCallOp	op;
		long		status;
		const char *text;
		PtCallAnswerClass class;
	}			rows[] = {
		{PT_CALL_ORIGINATE, 201, "{\"sid\":\"CA7\"}", PT_CALL_ACCEPTED},
		{PT_CALL_ORIGINATE, 200, "<html>", PT_CALL_UNCLEAR},
		{PT_CALL_ORIGINATE, 400, "{\"code\":21211}", PT_CALL_FAILED},
		{PT_CALL_ORIGINATE, 422, "{\"code\":21211}", PT_CALL_REFUSED},
		{PT_CALL_ORIGINATE, 400, "{\"code\":20429}", PT_CALL_NO_CAPACITY},
		{PT_CALL_ORIGINATE, 401, "", PT_CALL_FAILED},
		{PT_CALL_ORIGINATE, 500, "", PT_CALL_UNCLEAR},
		{PT_CALL_CONNECT, 404, "{\"code\":20404}", PT_CALL_NOT_THERE},
		{PT_CALL_HANG_UP, 404, "", PT_CALL_NOT_THERE}
	};
	PtCallAnswer answer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		PtHttpResult result = {.status = rows[i].status,.body = rows[i].text,.body_len = strlen(rows[i].text),.retry_after = -1};

		pt_engine_http.classify(&engine, rows[i].op, &result, &answer);
		ok(answer.class == rows[i].class, "%ld %s: %d %s", rows[i].status, rows[i].text, (int) answer.class, answer.code);
	}
}

int
main(void)
{
	test_settings();
	test_documents();
	test_requests();
	test_callbacks();
	test_status();
	test_replies();
	test_answers();
	engine.adapter->release(&engine);
	return tap_done();
}
