/*
 * carrier.c
 *	  Adapters: settings, the requests they build, what they make of answers.
 *
 * Libraries: libcurl
 */
#include "tap.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/carrier.h"

#define ID "0190b0a0-0000-7000-8000-000000000001"

static PtSetting kannel_settings[] = {
	{"url", "http://127.0.0.1:13013/cgi-bin/sendsms"},
	{"dlr_url", "http://127.0.0.1:13580"},
	{"username", "user&1"},
	{"password", "pass word/%"},
	{"receipt_secret", "s3cret"},
	{"smsc", "one"},
};

static PtCarrier
carrier_of(const char *adapter, PtSetting *settings, int n)
{
	PtCarrier	carrier = {.name = "main",.adapter = pt_adapter_find(adapter),
	.settings = settings,.n_settings = n,.timeout_ms = 1234};

	return carrier;
}

/* The value of a query parameter, decoded; static memory. */
static const char *
parameter(const char *url, const char *name, int *len)
{
	static char found[2000];
	char		start[64];
	const char *p;
	char	   *decoded;

	snprintf(start, sizeof(start), "%s=", name);
	for (p = strchr(url, '?'); p != NULL; p = strchr(p + 1, '&'))
	{
		if (strncmp(p + 1, start, strlen(start)) == 0)
			break;
	}
	if (p == NULL)
		return NULL;
	p += 1 + strlen(start);
	decoded = curl_easy_unescape(NULL, p, (int) strcspn(p, "&"), len);
	memset(found, 0, sizeof(found));
	memcpy(found, decoded, (size_t) *len);
	curl_free(decoded);
	return found;
}

static bool
has(const char *url, const char *name, const char *value)
{
	int			len = 0;
	const char *found = parameter(url, name, &len);

	return value == NULL ? found == NULL : found != NULL && strcmp(found, value) == 0;
}

/* Builds the request for one part of a text; NULL when the adapter refuses. */
static const char *
build(PtCarrier *carrier, const char *text, int part, long validity_s, bool bulk)
{
	static PtAnalysis how;
	static PtPart parts[PT_MAX_PARTS];
	static PtHttpRequest request;
	PtPartRequest p = {.message_id = ID,.from = "+15550001000",.to = "+15550002000",.body = text,
	.body_len = strlen(text),.how = &how,.part = part,.reference = 0x1234,.bulk = bulk,.validity_s = validity_s};

	pt_text_analyze(text, strlen(text), &carrier->text_options, &how);
	p.parts = pt_text_split(text, strlen(text), &how, parts);
	p.part_text = text + parts[part - 1].offset;
	p.part_len = parts[part - 1].len;
	if (!carrier->adapter->build(carrier, &p, &request))
		return NULL;
	return request.body == NULL && request.timeout_ms == 1234 ? request.url : NULL;
}

static void
test_registry(void)
{
	PtAnswerClass class;

	ok(pt_adapter_find("kannel") == &pt_adapter_kannel && pt_adapter_find("loopback") == &pt_adapter_loopback &&
	   pt_adapter_find("none") == NULL, "adapters by name");
	ok(pt_adapter_kannel.splits && !pt_adapter_loopback.splits && pt_adapter_loopback.local, "what they want");
	ok(strcmp(pt_answer_class_name(PT_ANSWER_REFUSED), "refused") == 0 &&
	   pt_answer_class_find("opted_out", &class) && class == PT_ANSWER_OPTED_OUT &&
	   !pt_answer_class_find("none", &class), "answer classes by name");
	for (int i = 0; pt_adapter_at(i) != NULL; i++)
	{
		for (const PtAdapterRule *rule = pt_adapter_at(i)->rules; rule->code != NULL; rule++)
		{
			if (strlen(rule->code) >= sizeof(((PtAnswer *) NULL)->code) || rule->note == NULL)
				ok(false, "rule %s of %s has a code that fits and a note", rule->code, pt_adapter_at(i)->name);
		}
	}
}

static void
test_kannel_request(void)
{
	PtCarrier	carrier = carrier_of("kannel", kannel_settings, 6);
	char		problem[256] = "";
	const char *url;

	ok(carrier.adapter->configure(&carrier, problem, sizeof(problem)), "sound settings: %s", problem);
	url = build(&carrier, "a+b c&d=e%f#\xc3\xbc\xe2\x82\xac", 1, -1, false);
	ok(url != NULL && strncmp(url, "http://127.0.0.1:13013/cgi-bin/sendsms?", 39) == 0, "address");
	ok(has(url, "username", "user&1") && has(url, "password", "pass word/%"), "credentials, percent-encoded");
	ok(has(url, "from", "+15550001000") && has(url, "to", "+15550002000") && has(url, "smsc", "one"), "numbers, centre");
	ok(has(url, "text", "a+b c&d=e%f#\xc3\xbc\xe2\x82\xac") && has(url, "coding", "0") &&
	   has(url, "charset", "UTF-8") && has(url, "udh", NULL), "one GSM part: UTF-8 text, no header");
	ok(has(url, "dlr-mask", "31") &&
	   has(url, "dlr-url", "http://main:s3cret@127.0.0.1:13580/receipt/main?id=" ID "&part=1&type=%d&answer=%A&event=%I"),
	   "address for receipts, with our id and the secret as user info");
	ok(has(url, "priority", "1") && has(url, "validity", NULL), "transactional, no validity");
	url = build(&carrier, "hello", 1, 7259, true);
	ok(has(url, "priority", "0") && has(url, "validity", "120"), "bulk, validity in whole minutes");
	ok(has(build(&carrier, "hello", 1, 5, true), "validity", "1"), "at least one minute");
	carrier.adapter->release(&carrier);
}

static void
test_kannel_parts(void)
{
	PtCarrier	carrier = carrier_of("kannel", kannel_settings, 6);
	char		problem[256] = "";
	char		emoji[402] = "";
	char		long_gsm[400];
	char		turkish[201] = "";
	const char *url;
	const char *octets;
	int			len;

	/* 67 units a part: a pair would be cut (GSM-06, GSM-07). */
	for (int i = 0; i < 80; i++)
		strcat(emoji, "a\xf0\x9f\x98\x80");
	memset(long_gsm, 'x', sizeof(long_gsm) - 1);
	long_gsm[sizeof(long_gsm) - 1] = '\0';
	carrier.adapter->configure(&carrier, problem, sizeof(problem));
	url = build(&carrier, emoji, 2, -1, false);
	ok(has(url, "coding", "2") && has(url, "charset", "UTF-16BE"), "UCS-2 as UTF-16BE");
	octets = parameter(url, "text", &len);
	ok(len == 132 && memcmp(octets, "\xd8\x3d\xde\x00\0a", 6) == 0, "no pair is cut (%d octets)", len);
	octets = parameter(url, "udh", &len);
	ok(len == 6 && memcmp(octets, "\x05\x00\x03\x34\x04\x02", 6) == 0, "header with an 8-bit reference (GEN-09)");
	ok(has(url, "dlr-url", "http://main:s3cret@127.0.0.1:13580/receipt/main?id=" ID "&part=2&type=%d&answer=%A&event=%I"),
	   "each part has its own receipt");
	carrier.text_options.wide_reference = true;
	octets = parameter(build(&carrier, long_gsm, 3, -1, false), "udh", &len);
	ok(len == 7 && memcmp(octets, "\x06\x08\x04\x12\x34\x03\x03", 7) == 0, "header with a 16-bit reference");
	/* Septets of the Turkish table, written as the default table's characters of the same codes. */
	for (int i = 0; i < 20; i++)
		memcpy(turkish + 10 * i, "\xc5\x9f" "ek\xc4\x9f \xe2\x82\xac", 11);
	carrier.text_options = (PtTextOptions) {.locking_shift = 1};
	url = build(&carrier, turkish, 1, -1, false);
	octets = parameter(url, "udh", &len);
	ok(len == 4 && memcmp(octets, "\x03\x25\x01\x01", 4) == 0, "header that names the Turkish locking shift table");
	ok(has(url, "coding", "0"), "it is a GSM text");
	octets = parameter(url, "text", &len);
	ok(memcmp(octets, "\xc3\xa6" "ek\xc3\xb8 \xc3\xa8", 9) == 0, "its septets as the default table's characters (%s)", octets);
	carrier.adapter->release(&carrier);
}

/* A setting is changed (value) or taken away (NULL): is it refused? */
static bool
refused(const char *key, const char *value)
{
	PtSetting	settings[7];
	PtCarrier	carrier;
	char		problem[256] = "";
	int			n = 0;
	bool		sound;

	for (int i = 0; i < 6; i++)
	{
		if (strcmp(kannel_settings[i].key, key) != 0)
			settings[n++] = kannel_settings[i];
	}
	if (value != NULL)
	{
		settings[n].key = (char *) key;
		settings[n++].value = (char *) value;
	}
	carrier = carrier_of("kannel", settings, n);
	sound = carrier.adapter->configure(&carrier, problem, sizeof(problem));
	carrier.adapter->release(&carrier);
	ok(strstr(problem, "pass word") == NULL && strstr(problem, "s3cret") == NULL, "no secret in: %s", problem);
	return !sound && problem[0] != '\0';
}

static void
test_kannel_settings(void)
{
	static const char *const bad_urls[] = {
		"", "x", "ftp://h/", "http://", "http://u:p@h/", "http://h/?a=1", "http://h/#a", "http://h/a b",
		"http://h/\r\nX: 1", "http://h:99999/", "http://h/%41", NULL
	};
	char		big[2000];

	for (int i = 0; bad_urls[i] != NULL; i++)
		ok(refused("url", bad_urls[i]) && refused("dlr_url", bad_urls[i]), "address %d refused", i);
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ok(refused("password", big) && refused("smsc", big), "settings that are too long refused");
	ok(refused("url", NULL) && refused("dlr_url", NULL), "a missing address refused");
	ok(refused("username", NULL) && refused("password", NULL), "missing credentials refused");
	ok(refused("receipt_secret", NULL) && refused("receipt_secret", "a:b") && refused("receipt_secret", ""),
	   "a receipt secret that user info cannot carry refused");
	ok(refused("colour", "red"), "an unknown setting refused");
	ok(!refused("dlr_url", "https://proxy.example/sms/"), "a proxy's path and https are fine");
	ok(!refused("dlr_url", "http://[::1]:13580"), "an IPv6 address is fine");
}

/* What Kannel's answer means. */
static PtAnswer
kannel_says(PtCarrier *carrier, PtHttpFate fate, long status, const char *body, const char *problem)
{
	PtHttpResult result = {.fate = fate,.status = status,.body = body,.body_len = strlen(body),
	.retry_after = status == 503 ? 9 : -1,.problem = problem};
	PtAnswer	answer;

	pt_carrier_classify(carrier, &result, &answer);
	return answer;
}

static void
test_kannel_answers(void)
{
	static const struct
	{
		PtHttpFate	fate;
		long		status;
		const char *body;
		PtAnswerClass class;
		const char *code;
	}			cases[] = {
		{PT_HTTP_ANSWERED, 202, "0: Accepted for delivery", PT_ANSWER_ACCEPTED, "202"},
		{PT_HTTP_ANSWERED, 202, "3: Queued for later delivery", PT_ANSWER_ACCEPTED, "202"},
		{PT_HTTP_UNCLEAR, 202, "", PT_ANSWER_ACCEPTED, "202"},
		{PT_HTTP_ANSWERED, 200, "<html>", PT_ANSWER_UNCLEAR, "200"},
		{PT_HTTP_ANSWERED, 302, "", PT_ANSWER_ACCOUNT, "302"},
		{PT_HTTP_ANSWERED, 400, "Missing receiver number, rejected", PT_ANSWER_REFUSED, "400"},
		{PT_HTTP_ANSWERED, 403, "Authorization failed for sendsms", PT_ANSWER_ACCOUNT, "Authorization failed"},
		{PT_HTTP_ANSWERED, 403, "Not routable. Do not try again.", PT_ANSWER_TEMPORARY, "Not routable"},
		{PT_HTTP_ANSWERED, 403, "", PT_ANSWER_ACCOUNT, "403"},
		{PT_HTTP_ANSWERED, 404, "", PT_ANSWER_ACCOUNT, "404"},
		{PT_HTTP_ANSWERED, 418, "", PT_ANSWER_REFUSED, "418"},
		{PT_HTTP_ANSWERED, 500, "", PT_ANSWER_TEMPORARY, "500"},
		{PT_HTTP_ANSWERED, 503, "Temporal failure, try again later.", PT_ANSWER_THROTTLED, "503"},
		{PT_HTTP_ANSWERED, 504, "", PT_ANSWER_UNCLEAR, "504"},
		{PT_HTTP_ANSWERED, 599, "", PT_ANSWER_TEMPORARY, "599"},
		{PT_HTTP_NOT_SENT, 0, "", PT_ANSWER_TEMPORARY, "not sent"},
		{PT_HTTP_UNCLEAR, 0, "", PT_ANSWER_UNCLEAR, "unclear"},
	};
	PtCarrier	carrier = carrier_of("kannel", kannel_settings, 6);
	PtAnswerRule rules[] = {{"400", PT_ANSWER_FILTERED}, {"400", PT_ANSWER_ACCOUNT}};
	PtAnswer	answer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		answer = kannel_says(&carrier, cases[i].fate, cases[i].status, cases[i].body, "connect");
		ok(answer.class == cases[i].class && strcmp(answer.code, cases[i].code) == 0 && answer.ref[0] == '\0' &&
		   answer.receipt_status[0] == '\0', "status %ld \"%s\": %s", cases[i].status, cases[i].body,
		   pt_answer_class_name(answer.class));
	}
	ok(kannel_says(&carrier, PT_HTTP_ANSWERED, 503, "", NULL).retry_after == 9, "Retry-After is passed on");
	answer = kannel_says(&carrier, PT_HTTP_ANSWERED, 400, "Bad\x01\xff thing\r\nmore", NULL);
	ok(strcmp(answer.text, "Bad?? thing") == 0, "one printable line of the body is kept");
	answer = kannel_says(&carrier, PT_HTTP_ANSWERED, 404, "/cgi-bin/sendsms?password=pass word/% not found", NULL);
	ok(answer.text[0] == '\0', "a body with the password is not kept");
	answer = kannel_says(&carrier, PT_HTTP_ANSWERED, 404, "password=pass%20word%2f%25 not found", NULL);
	ok(answer.text[0] == '\0', "nor with the encoded password");
	answer = kannel_says(&carrier, PT_HTTP_ANSWERED, 404, "http://main:s3cret@127.0.0.1", NULL);
	ok(answer.text[0] == '\0', "nor with the receipt secret");
	carrier.rules = rules;
	carrier.n_rules = 2;
	ok(kannel_says(&carrier, PT_HTTP_ANSWERED, 400, "", NULL).class == PT_ANSWER_FILTERED,
	   "the operator's rule wins, the first one first");
}

/* What loopback makes of a recipient. */
static PtAnswer
loopback_says(PtCarrier *carrier, const char *to, const char *id)
{
	PtPartRequest part = {.message_id = id,.from = "+15550001000",.to = to,.body = "Hello",.body_len = 5,
	.part = 1,.parts = 1,.part_text = "Hello",.part_len = 5};
	PtAnswer	answer;

	pt_carrier_answer_local(carrier, &part, &answer);
	return answer;
}

static void
test_loopback(void)
{
	static const struct
	{
		const char *to;
		PtAnswerClass class;
		const char *receipt;
		const char *code;
		long		delay_ms;
		bool		twice;
		const char *reply;
	}			cases[] = {
		{"+15550000001", PT_ANSWER_BAD_NUMBER, "", "", 0, false, ""},
		{"+15550000002", PT_ANSWER_ACCEPTED, "undelivered", "001", 0, false, ""},
		{"+15550000003", PT_ANSWER_ACCEPTED, "expired", "002", 0, false, ""},
		{"+15550000004", PT_ANSWER_ACCEPTED, "rejected", "003", 0, false, ""},
		{"+15550000005", PT_ANSWER_ACCEPTED, "", "", 0, false, ""},
		{"+15550000007", PT_ANSWER_TEMPORARY, "", "", 0, false, ""},
		{"+15550000008", PT_ANSWER_ACCEPTED, "delivered", "", 2000, false, ""},
		{"+15550000009", PT_ANSWER_ACCEPTED, "delivered", "", 0, true, ""},
		{"+15550000010", PT_ANSWER_ACCEPTED, "delivered", "", 0, false, "reply to: Hello"},
		{"+15550000011", PT_ANSWER_UNCLEAR, "", "", 0, false, ""},
		{"+15550000012", PT_ANSWER_OPTED_OUT, "", "", 0, false, ""},
		{"+15550000013", PT_ANSWER_ACCOUNT, "", "", 0, false, ""},
		{"+15550000014", PT_ANSWER_FILTERED, "", "", 0, false, ""},
		{"+15550000015", PT_ANSWER_REFUSED, "", "", 0, false, ""},
		{"+15550001234", PT_ANSWER_ACCEPTED, "delivered", "", 0, false, ""},
		{"123", PT_ANSWER_ACCEPTED, "delivered", "", 0, false, ""},
	};
	PtCarrier	carrier = carrier_of("loopback", NULL, 0);
	char		problem[256] = "";

	ok(carrier.adapter->configure(&carrier, problem, sizeof(problem)), "loopback needs no settings");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PtAnswer	answer = loopback_says(&carrier, cases[i].to, ID);

		ok(answer.class == cases[i].class && strcmp(answer.receipt_status, cases[i].receipt) == 0 &&
		   strcmp(answer.receipt_code, cases[i].code) == 0 && answer.receipt_delay_ms == cases[i].delay_ms &&
		   answer.receipt_twice == cases[i].twice && strcmp(answer.reply, cases[i].reply) == 0,
		   "loopback %s: %s", cases[i].to, pt_answer_class_name(answer.class));
	}
	ok(loopback_says(&carrier, "+15550000006", "one").class == PT_ANSWER_THROTTLED &&
	   loopback_says(&carrier, "+15550000006", "two").class == PT_ANSWER_THROTTLED &&
	   strcmp(loopback_says(&carrier, "+15550000006", "one").receipt_status, "delivered") == 0 &&
	   loopback_says(&carrier, "+15550000006", "two").class == PT_ANSWER_ACCEPTED,
	   "loopback 0006: each message is throttled once");
	carrier.adapter->release(&carrier);
}

static void
test_loopback_settings(void)
{
	PtSetting	settings[] = {{"receipt_delay_ms", "20"}, {"fail", "temporary"}};
	PtSetting	bad[][1] = {{{"receipt_delay_ms", "-1"}}, {{"receipt_delay_ms", "1x"}}, {{"receipt_delay_ms", ""}},
	{{"fail", "often"}}, {{"colour", "red"}}};
	PtCarrier	carrier = carrier_of("loopback", settings, 1);
	char		problem[256];

	carrier.adapter->configure(&carrier, problem, sizeof(problem));
	ok(loopback_says(&carrier, "+15550001234", ID).receipt_delay_ms == 20 &&
	   loopback_says(&carrier, "+15550000008", ID).receipt_delay_ms == 2020, "receipt_delay_ms is added");
	carrier.adapter->release(&carrier);
	carrier = carrier_of("loopback", settings, 2);
	carrier.adapter->configure(&carrier, problem, sizeof(problem));
	ok(loopback_says(&carrier, "+15550001234", ID).class == PT_ANSWER_TEMPORARY, "fail");
	carrier.adapter->release(&carrier);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		problem[0] = '\0';
		carrier = carrier_of("loopback", bad[i], 1);
		ok(!carrier.adapter->configure(&carrier, problem, sizeof(problem)) && problem[0] != '\0',
		   "bad setting refused: %s", problem);
		carrier.adapter->release(&carrier);
	}
}

/* The reply quotes the text and is cut at a character. */
static void
test_reply(void)
{
	PtCarrier	carrier = carrier_of("loopback", NULL, 0);
	char		problem[256];
	char		text[301];
	PtPartRequest part = {.message_id = ID,.to = "+15550000010",.body = text,.body_len = 300};
	PtAnswer	answer;
	size_t		len;

	for (int i = 0; i < 100; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 4);
	carrier.adapter->configure(&carrier, problem, sizeof(problem));
	pt_carrier_answer_local(&carrier, &part, &answer);
	len = strlen(answer.reply);
	ok(len == 10 + 147 && memcmp(answer.reply + len - 3, "\xe2\x82\xac", 3) == 0, "a long reply is cut at a character (%zu)", len);
	carrier.adapter->release(&carrier);
}

int
main(void)
{
	test_registry();
	test_kannel_request();
	test_kannel_parts();
	test_kannel_settings();
	test_kannel_answers();
	test_loopback();
	test_loopback_settings();
	test_reply();
	return tap_done();
}
