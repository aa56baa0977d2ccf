/*
 * carrier_http.c
 *	  The templated adapter: paths, templates, settings, requests, answers, receipts.
 *
 * Libraries: libcurl libcrypto
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "carrier/http_receipt.h"
#include "carrier/http_state.h"

#define ID "0190b0a0-0000-7000-8000-000000000001"
#define MAX_SETTINGS 40

/* ---- JSON and forms ---- */

static void
check_path(const char *json, const char *path, const char *expected)
{
	PtJson	   *tree = pt_json_parse(json, strlen(json));
	const char *found = tree != NULL ? pt_json_text(tree, 0, path) : NULL;

	ok(expected == NULL ? found == NULL : found != NULL && strcmp(found, expected) == 0,
	   "%s of %s: %s", path, json, found != NULL ? found : "none");
	pt_json_free(tree);
}

static void
check_malformed(const char *json, size_t len)
{
	PtJson	   *tree = pt_json_parse(json, len);

	ok(tree == NULL, "malformed: %.30s", json);
	pt_json_free(tree);
}

static void
test_json(void)
{
	char		deep[64];
	char	   *wide = malloc(20000);

	check_path("{\"data\": {\"to\": [{\"status\": \"sent\"}, {\"status\": 7}]}}", "data.to.0.status", "sent");
	check_path("{\"data\": {\"to\": [{\"status\": \"sent\"}, {\"status\": 7}]}}", "data.to.1.status", "7");
	check_path("{\"data\": {\"to\": [{\"status\": \"sent\"}]}}", "data.to.1.status", NULL);
	check_path("{\"data\": {\"to\": []}}", "data.to", NULL);
	check_path("{\"a\": null, \"b\": true}", "a", NULL);
	check_path("{\"a\": null, \"b\": true}", "b", "true");
	check_path("[{\"a\": 1}]", "0.a", "1");
	check_path("{\"type\": \"https://x/errors#1170\"}", "type#", "1170");
	check_path("{\"type\": \"1170\"}", "type#", "1170");
	check_path("{\"a\": \"\\u20ac\\t\"}", "a", "\xe2\x82\xac\t");
	check_path("{\"a\": {\"b\": 1}}", "a.", NULL);
	check_path("{}", "", NULL);
	check_malformed("", 0);
	check_malformed("7", 1);
	check_malformed("\"a\"", 3);
	check_malformed("{\"a\": 1", 7);
	check_malformed("{\"a\": 1} x", 10);
	check_malformed("{\"a\": 1, }", 10);
	check_malformed("{\"a\": \"\0\"}", 10);
	memset(deep, '[', sizeof(deep));
	check_malformed(deep, sizeof(deep));
	memset(wide, ',', 20000);
	for (int i = 0; i < 20000; i += 2)
		wide[i] = '0';
	wide[0] = '[';
	wide[19999] = ']';
	check_malformed(wide, 20000);
	free(wide);
}

static void
test_form(void)
{
	static const char text[] = "To=%2B1555&Body=a+b%26c&Empty=&Alone&a.b=dots";
	PtJson	   *form = pt_json_form(text, sizeof(text) - 1);

	ok(strcmp(pt_json_member(form, "To"), "+1555") == 0, "a form's field");
	ok(strcmp(pt_json_member(form, "Body"), "a b&c") == 0, "decoded");
	ok(strcmp(pt_json_member(form, "Empty"), "") == 0, "empty");
	ok(pt_json_member(form, "Alone") == NULL, "a name alone is no field");
	ok(strcmp(pt_json_member(form, "a.b"), "dots") == 0, "a name with a dot");
	pt_json_free(form);
}

/* ---- carriers ---- */

/* The settings of a carrier, put together for one test. */
typedef struct Set
{
	PtSetting	list[MAX_SETTINGS];
	PtCarrier	carrier;
	char		problem[256];
} Set;

/* Sets, replaces or (value NULL) removes a setting. */
static void
put(Set *set, const char *key, const char *value)
{
	int			i = 0;

	while (i < set->carrier.n_settings && strcmp(set->list[i].key, key) != 0)
		i++;
	set->list[i].key = (char *) key;
	set->list[i].value = (char *) value;
	if (i == set->carrier.n_settings)
		set->carrier.n_settings++;
	if (value == NULL)
		set->list[i] = set->list[--set->carrier.n_settings];
}

/* A carrier that posts forms and signs receipts as Twilio does. */
static void
begin(Set *set)
{
	memset(set, 0, sizeof(*set));
	set->carrier.adapter = pt_adapter_find("http");
	set->carrier.settings = set->list;
	set->carrier.timeout_ms = 1234;
	strcpy(set->carrier.name, "main");
	put(set, "url", "https://api.example/{account}/send");
	put(set, "account", "A/1");
	put(set, "auth", "basic");
	put(set, "username", "user");
	put(set, "password", "pass:word");
	put(set, "receipt_secret", "12345");
	put(set, "format", "form");
	put(set, "body", "{\"To\": \"{to}\", \"From\": \"{from_digits}\", \"Body\": \"{body}\", \"Call\": \"{callback_url}\", "
		"\"Valid\": \"{validity}\", \"Flag\": true}");
	put(set, "callback_url", "https://sms.example/");
	put(set, "id_path", "sid");
	put(set, "code_path", "code");
	put(set, "text_path", "message");
	put(set, "codes", "{\"21211\": \"bad_number\", \"500\": \"unclear\"}");
	put(set, "receipt_ref", "Sid");
	put(set, "receipt_status", "Status");
	put(set, "receipt_code", "Error");
	put(set, "receipt_statuses", "{\"delivered\": \"delivered\", \"failed\": \"undelivered\"}");
	put(set, "signature", "hmac-sha1");
	put(set, "signature_header", "X-Sign");
	put(set, "signed", "{url}{form}");
}

/* Configures; false: set->problem says why not. */
static bool
configure(Set *set)
{
	return set->carrier.adapter->configure(&set->carrier, set->problem, sizeof(set->problem));
}

static void
finish(Set *set)
{
	set->carrier.adapter->release(&set->carrier);
}

/* Builds the request for one text. */
static bool
build(Set *set, const char *from, const char *text, long validity_s, PtHttpRequest *request)
{
	static PtAnalysis how;
	PtPartRequest part = {.message_id = ID,.from = from,.to = "+15550002000",.body = text,
		.body_len = strlen(text),.how = &how,.part = 1,.parts = 1,.part_text = text,
	.part_len = strlen(text),.validity_s = validity_s};

	pt_text_analyze(text, strlen(text), NULL, &how);
	return set->carrier.adapter->build(&set->carrier, &part, request);
}

static void
test_request_form(void)
{
	Set			set;
	PtHttpRequest r;

	begin(&set);
	put(&set, "validity_max", "36000");
	ok(configure(&set), "set up: %s", set.problem);
	ok(!set.carrier.adapter->splits && !set.carrier.adapter->local, "one request for each message");
	ok(build(&set, "+15550001000", "50 % & \xe2\x82\xac {x}\n", -1, &r), "built");
	ok(strcmp(r.url, "https://api.example/A%2F1/send") == 0, "placeholders of the URL are encoded: %s", r.url);
	ok(strcmp(r.body, "To=%2B15550002000&From=15550001000&Body=50%20%25%20%26%20%E2%82%AC%20%7Bx%7D%0A&"
			  "Call=https%3A%2F%2Fsms.example%2Freceipt%2Fmain&Flag=true") == 0, "the form: %s", r.body);
	ok(r.body_len == strlen(r.body), "its length");
	ok(strcmp(r.content_type, "application/x-www-form-urlencoded") == 0, "its type");
	ok(strcmp(r.headers[0], "Authorization: Basic dXNlcjpwYXNzOndvcmQ=") == 0 && r.headers[1] == NULL, "Basic (RFC 7617)");
	build(&set, "SHOP", "x", 90000, &r);
	ok(strstr(r.body, "From=SHOP&") != NULL && strstr(r.body, "&Valid=36000&") != NULL, "a name, a capped validity: %s", r.body);
	finish(&set);
}

static void
test_request_json(void)
{
	Set			set;
	PtHttpRequest r;

	begin(&set);
	put(&set, "format", "json");
	put(&set, "auth", "bearer");
	put(&set, "headers", "{\"X-Id\": \"{id}\", \"X-Ttl\": \"{validity}\"}");
	put(&set, "query", "{\"from\": \"{from}\", \"v\": 2}");
	put(&set, "body", "{\"to\": [\"{to}\"], \"text\": \"{body}\", \"ttl\": \"{validity}\", \"n\": {\"a\": null, \"b\": false, \"c\": \"{{{account}}}\"}}");
	ok(configure(&set), "set up: %s", set.problem);
	ok(build(&set, "+15550001000", "say \"hi\\\" \xe2\x82\xac\n\x01", 60, &r), "built");
	ok(strcmp(r.body, "{\"to\":[\"+15550002000\"],\"text\":\"say \\\"hi\\\\\\\" \xe2\x82\xac\\u000a\\u0001\",\"ttl\":60,"
			  "\"n\":{\"a\":null,\"b\":false,\"c\":\"{A/1}\"}}") == 0, "the JSON: %s", r.body);
	ok(strcmp(r.url, "https://api.example/A%2F1/send?from=%2B15550001000&v=2") == 0, "the query: %s", r.url);
	ok(strcmp(r.headers[0], "Authorization: Bearer pass:word") == 0 &&
	   strcmp(r.headers[1], "X-Id: " ID) == 0 && strcmp(r.headers[2], "X-Ttl: 60") == 0 && r.headers[3] == NULL, "headers");
	build(&set, "+15550001000", "x", -1, &r);
	ok(strstr(r.body, "ttl") == NULL && r.headers[2] == NULL, "what has no value is left out: %s", r.body);
	finish(&set);
}

static void
test_request_get(void)
{
	Set			set;
	PtHttpRequest r;

	begin(&set);
	put(&set, "method", "GET");
	put(&set, "body", NULL);
	put(&set, "auth", NULL);
	put(&set, "query", "{\"key\": \"{password}\", \"text\": \"{body}\"}");
	ok(configure(&set), "set up: %s", set.problem);
	ok(build(&set, "+15550001000", "a b", -1, &r) && r.body == NULL, "a GET has no body");
	ok(strcmp(r.url, "https://api.example/A%2F1/send?key=pass%3Aword&text=a%20b") == 0, "all in the query: %s", r.url);
	ok(r.headers[0] == NULL, "no credentials in the headers");
	finish(&set);
	begin(&set);
	put(&set, "headers", "{\"X-Text\": \"{body}\"}");
	ok(configure(&set), "a text in a header");
	ok(!build(&set, "+15550001000", "a\r\nX-Other: b", -1, &r), "cannot begin another header: not built");
	ok(build(&set, "+15550001000", "a", -1, &r), "and hurts no other message");
	finish(&set);
}

/* Each of these is refused, with a word on it and without the credentials. */
static void
test_settings(void)
{
	static char too_long[600];
	static const struct
	{
		const char *key;
		const char *value;
		const char *says;
	}			bad[] = {
		{"url", NULL, "account"},
		{"url", "api.example/{account}", "url"},
		{"url", "ftp://api.example/{account}", "url"},
		{"url", "https://u:pass:word@h/{account}", "url"},
		{"url", "https://{to}.example/{account}", "host"},
		{"url", "https://h/{account}/{where}", "{where}"},
		{"url", "https://h/{account}{", "brace"},
		{"account", NULL, "{account}"},
		{"colour", "red", "colour"},
		{"from", "+12025550100", "would never be used"},
		{"password", too_long, "too long"},
		{"template", "nobody's", "nobody's"},
		{"method", "PUT", "method"},
		{"format", "xml", "format"},
		{"auth", "digest", "auth"},
		{"username", NULL, "user name"},
		{"password", NULL, "password"},
		{"body", "[1]", "body"},
		{"body", "{\"a\": ", "body"},
		{"body", "{\"a\": {\"b\": 1}}", "body"},
		{"body", "{\"a\": \"{nothing}\"}", "{nothing}"},
		{"headers", "{\"A B\": \"x\"}", "headers"},
		{"headers", "{\"authorization\": \"x\"}", "headers"},
		{"headers", "{\"X\": \"a\\nb\"}", "headers"},
		{"codes", "{\"1\": \"perhaps\"}", "codes"},
		{"success_status", "[99]", "success_status"},
		{"success_path", "a", "success_value"},
		{"validity_max", "1 day", "validity_max"},
		{"callback_url", NULL, "callback_url"},
		{"callback_url", "https://h/?a", "callback_url"},
		{"receipt_statuses", "{\"sent\": \"gone\"}", "receipt_statuses"},
		{"receipt_statuses", NULL, "receipt_statuses"},
		{"receipt_ref", NULL, "receipt_ref"},
		{"signature", "rot13", "signature"},
		{"signature", "ed25519", "ed25519"},
		{"signature_key", "username", "signature_key"},
		{"receipt_secret", NULL, "receipt secret"},
		{"signed", "{url}{nothing}", "{nothing}"},
		{"signed", "{timestamp}", "timestamp_header"},
		{"signed", NULL, "signed"},
		{"signature_header", NULL, "signature_header"},
		{"receipt_status", NULL, "receipt_status"},
	};
	Set			set;

	memset(too_long, 'x', sizeof(too_long) - 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		begin(&set);
		put(&set, bad[i].key, bad[i].value);
		ok(!configure(&set) && strstr(set.problem, bad[i].says) != NULL && strstr(set.problem, "pass:word") == NULL,
		   "%s %s: %s", bad[i].key, bad[i].value == NULL ? "missing" : bad[i].value == too_long ? "too long" : bad[i].value, set.problem);
		finish(&set);
	}
	begin(&set);
	put(&set, "url", NULL);
	put(&set, "account", NULL);
	ok(!configure(&set) && strstr(set.problem, "url is missing") != NULL, "no address: %s", set.problem);
	finish(&set);
	begin(&set);
	set.carrier.text_options.single_shift = 1;
	ok(!configure(&set), "no national tables: %s", set.problem);
	finish(&set);
}

/* What the carrier makes of an answer. */
static PtAnswer
answer(Set *set, long status, const char *body)
{
	PtHttpResult result = {.fate = PT_HTTP_ANSWERED,.status = status,.body = body,
	.body_len = strlen(body),.retry_after = status == 429 ? 30 : -1};
	PtAnswer	a;

	pt_carrier_classify(&set->carrier, &result, &a);
	return a;
}

static void
check_answer(Set *set, long status, const char *body, PtAnswerClass class, const char *code, const char *ref)
{
	PtAnswer	a = answer(set, status, body);

	ok(a.class == class && strcmp(a.code, code) == 0 && strcmp(a.ref, ref) == 0,
	   "%ld %.60s: %s %s %s", status, body, pt_answer_class_name(a.class), a.code, a.ref);
}

static void
test_answers(void)
{
	Set			set;
	PtAnswer	a;
	PtHttpResult nothing = {.fate = PT_HTTP_NOT_SENT,.retry_after = -1,.problem = "connect"};
	char		long_id[200];

	begin(&set);
	configure(&set);
	check_answer(&set, 201, "{\"sid\": \"SM1\"}", PT_ANSWER_ACCEPTED, "201", "SM1");
	check_answer(&set, 201, "{\"other\": \"SM1\"}", PT_ANSWER_UNCLEAR, "no id", "");
	check_answer(&set, 201, "{\"sid\": \"\"}", PT_ANSWER_UNCLEAR, "no id", "");
	check_answer(&set, 201, "{\"sid\": \"SM", PT_ANSWER_UNCLEAR, "no id", "");
	check_answer(&set, 200, "<html>log in</html>", PT_ANSWER_UNCLEAR, "no id", "");
	snprintf(long_id, sizeof(long_id), "{\"sid\": \"%0150d\"}", 1);
	check_answer(&set, 201, long_id, PT_ANSWER_UNCLEAR, "no id", "");
	check_answer(&set, 400, "{\"code\": 21211, \"message\": \"x\"}", PT_ANSWER_BAD_NUMBER, "21211", "");
	check_answer(&set, 400, "{\"code\": 1}", PT_ANSWER_REFUSED, "1", "");
	check_answer(&set, 201, "{\"sid\": \"SM\xff\"}", PT_ANSWER_UNCLEAR, "no id", "");
	check_answer(&set, 201, "{\"sid\": \"SM\\n1\"}", PT_ANSWER_UNCLEAR, "no id", "");
	check_answer(&set, 400, "{\"code\": \"a\xff\\t\"}", PT_ANSWER_REFUSED, "a??", "");
	check_answer(&set, 400, "{\"code\": \"pass:word\"}", PT_ANSWER_REFUSED, "400", "");
	check_answer(&set, 400, "{\"code\": \"123456789 123456789 123456789 123\"}", PT_ANSWER_REFUSED, "400", "");
	check_answer(&set, 400, "garbage", PT_ANSWER_REFUSED, "400", "");
	check_answer(&set, 401, "", PT_ANSWER_ACCOUNT, "401", "");
	check_answer(&set, 401, "{\"code\": 7}", PT_ANSWER_ACCOUNT, "7", "");
	check_answer(&set, 429, "{}", PT_ANSWER_THROTTLED, "429", "");
	check_answer(&set, 302, "", PT_ANSWER_ACCOUNT, "302", "");
	check_answer(&set, 500, "", PT_ANSWER_UNCLEAR, "500", "");
	check_answer(&set, 501, "", PT_ANSWER_TEMPORARY, "501", "");
	check_answer(&set, 503, "", PT_ANSWER_TEMPORARY, "503", "");
	check_answer(&set, 504, "", PT_ANSWER_UNCLEAR, "504", "");
	ok(answer(&set, 429, "{}").retry_after == 30, "Retry-After is kept");
	a = answer(&set, 400, "{\"message\": \"not this one\"}");
	ok(strcmp(a.text, "not this one") == 0, "its words: %s", a.text);
	ok(answer(&set, 400, "{\"message\": \"pass:word is wrong\"}").text[0] == '\0', "not with the password in them");
	ok(answer(&set, 400, "{\"message\": \"dXNlcjpwYXNzOndvcmQ= is wrong\"}").text[0] == '\0', "nor as Basic has it");
	pt_carrier_classify(&set.carrier, &nothing, &a);
	ok(a.class == PT_ANSWER_TEMPORARY && strcmp(a.text, "connect") == 0, "nothing was sent");
	nothing.fate = PT_HTTP_UNCLEAR;
	pt_carrier_classify(&set.carrier, &nothing, &a);
	ok(a.class == PT_ANSWER_UNCLEAR, "no answer");
	finish(&set);
}

/* A carrier that answers 200 to everything and tells in the content (Vonage's older interface). */
static void
test_success_rule(void)
{
	Set			set;

	begin(&set);
	put(&set, "success_path", "messages.0.status");
	put(&set, "success_value", "0");
	put(&set, "success_status", "[200]");
	put(&set, "id_path", "messages.0.message-id");
	put(&set, "code_path", "messages.0.status");
	put(&set, "codes", "{\"1\": \"throttled\", \"4\": \"account\"}");
	ok(configure(&set), "set up: %s", set.problem);
	check_answer(&set, 200, "{\"messages\": [{\"status\": \"0\", \"message-id\": \"V1\"}]}", PT_ANSWER_ACCEPTED, "200", "V1");
	check_answer(&set, 200, "{\"messages\": [{\"status\": \"1\"}]}", PT_ANSWER_THROTTLED, "1", "");
	check_answer(&set, 200, "{\"messages\": [{\"status\": \"4\"}]}", PT_ANSWER_ACCOUNT, "4", "");
	check_answer(&set, 200, "{\"messages\": [{\"status\": \"3\"}]}", PT_ANSWER_REFUSED, "3", "");
	check_answer(&set, 200, "{\"messages\": []}", PT_ANSWER_UNCLEAR, "no id", "");
	check_answer(&set, 201, "{\"messages\": [{\"status\": \"0\", \"message-id\": \"V1\"}]}", PT_ANSWER_UNCLEAR, "no id", "");
	finish(&set);
}

/* ---- callbacks ---- */

static const char *given_signature;
static const char *given_time;

static const char *
give_header(void *context, const char *name)
{
	if (strcmp(name, "X-Sign") == 0)
		return given_signature;
	return strcmp(name, "X-Time") == 0 ? given_time : NULL;
}

static PtCallTrust
trust(Set *set, const char *target, const char *body, const char *signature)
{
	PtJson	   *form = pt_json_form(body, strlen(body));
	PtCall		call = {.target = target,.body = body,.body_len = strlen(body),.form = form,
	.header = give_header,.now = 1000};
	PtCallTrust result;

	given_signature = signature;
	result = pt_call_trust(&set->carrier, &call);
	pt_json_free(form);
	return result;
}

/* Twilio's example once more, from the request as it comes. */
static void
test_trust(void)
{
	static const char body[] = "Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE";
	static const char signature[] = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
	Set			set;

	begin(&set);
	put(&set, "callback_url", "https://mycompany.com");
	configure(&set);
	ok(pt_call_mapped(&set.carrier) && pt_call_signed(&set.carrier), "signed receipts");
	ok(trust(&set, "/myapp.php?foo=1&bar=2", body, signature) == PT_CALL_TRUSTED, "URL and sorted fields");
	ok(trust(&set, "/myapp.php?foo=1&bar=3", body, signature) == PT_CALL_FORGED, "another URL");
	ok(trust(&set, "/myapp.php?foo=1&bar=2", "Digits=1235", signature) == PT_CALL_FORGED, "other fields");
	ok(trust(&set, "/myapp.php?foo=1&bar=2", body, "") == PT_CALL_FORGED, "an empty signature");
	ok(trust(&set, "/myapp.php?foo=1&bar=2", body, NULL) == PT_CALL_UNSIGNED, "no signature");
	finish(&set);

	/* printf '1000|hello' | openssl dgst -sha256 -hmac 12345 */
	begin(&set);
	put(&set, "signature", "hmac-sha256");
	put(&set, "timestamp_header", "X-Time");
	put(&set, "signed", "{timestamp}|{body}");
	configure(&set);
	given_time = "1000";
	ok(trust(&set, "/", "hello", "36b81350454e4f530fb66117ac4a9ac25db346a4010f29eef1276e5baa9f43ea") == PT_CALL_TRUSTED, "time and raw body");
	given_time = "1001";
	ok(trust(&set, "/", "hello", "36b81350454e4f530fb66117ac4a9ac25db346a4010f29eef1276e5baa9f43ea") == PT_CALL_FORGED, "another time than the signed one");
	given_time = "600";
	ok(trust(&set, "/", "hello", "bc91fae5e4bb143332ecbd546d3a41db2e4464c725752855efc94135a6871e6a") == PT_CALL_FORGED, "a replay after more than five minutes");
	given_time = NULL;
	ok(trust(&set, "/", "hello", "36b81350454e4f530fb66117ac4a9ac25db346a4010f29eef1276e5baa9f43ea") == PT_CALL_FORGED, "no time");
	finish(&set);
}

/* PtFieldsDone: writes ref:status:code; into context. */
static bool
write_down(void *context, const PtFields *fields)
{
	strcat(context, fields->ref != NULL ? fields->ref : "-");
	strcat(context, ":");
	strcat(context, fields->status);
	strcat(context, ":");
	strcat(context, fields->code != NULL ? fields->code : "-");
	strcat(context, ";");
	return true;
}

static void
check_receipts(Set *set, const char *json, const char *expected)
{
	PtJson	   *data = pt_json_parse(json, strlen(json));
	char		out[200] = "";
	const char *problem = NULL;
	bool		read = pt_call_receipts(&set->carrier, data, write_down, out, &problem);

	ok(expected == NULL ? !read && problem != NULL : read && strcmp(out, expected) == 0, "SMS-05 %s: %s", json, out);
	pt_json_free(data);
}

static void
test_receipts(void)
{
	Set			set;

	begin(&set);
	configure(&set);
	check_receipts(&set, "{\"Sid\": \"1\", \"Status\": \"delivered\"}", "1:delivered:-;");
	check_receipts(&set, "[{\"Sid\": \"1\", \"Status\": \"failed\", \"Error\": 7}, {\"Sid\": \"2\", \"Status\": \"delivered\"}]",
				   "1:undelivered:7;2:delivered:-;");
	check_receipts(&set, "{\"Sid\": \"1\", \"Status\": \"scheduled\"}", "");
	check_receipts(&set, "{\"Status\": \"delivered\"}", "-:delivered:-;");
	check_receipts(&set, "{\"Sid\": \"1\"}", NULL);
	check_receipts(&set, "[[]]", NULL);
	finish(&set);
}

int
main(void)
{
	test_json();
	test_form();
	test_request_form();
	test_request_json();
	test_request_get();
	test_settings();
	test_answers();
	test_success_rule();
	test_trust();
	test_receipts();
	return tap_done();
}
