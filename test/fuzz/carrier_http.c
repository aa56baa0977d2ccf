/*
 * carrier_http.c
 *	  Fuzzer of the templated adapter: settings, texts, answers, signed callbacks.
 *
 * The first octet chooses what the rest is.
 */
#include <stdlib.h>
#include <string.h>

#include "carrier/http_receipt.h"
#include "carrier/http_state.h"
#include "worker/receiver_message.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SETTINGS 20

/* A carrier in a few settings; those of the fuzzer replace theirs. */
static void
fill(PtSetting *settings)
{
	static char *const values[SETTINGS][2] = {
		{"url", "https://h/{account}?x={to}"}, {"account", "A"}, {"auth", "bearer"}, {"password", "secret"},
		{"receipt_secret", "key"}, {"callback_url", "https://c"}, {"id_path", "a.0.id"}, {"code_path", "type#"},
		{"text_path", "text"}, {"codes", "{\"7\": \"throttled\"}"}, {"receipt_ref", "a.0.id"},
		{"receipt_status", "status"}, {"receipt_statuses", "{\"d\": \"delivered\"}"}, {"signature", "jwt-hs256"},
		{"headers", "{\"X\": \"{id}\"}"}, {"body", "{\"t\": [\"{body}\", {\"v\": \"{validity}\"}], \"f\": \"{from_digits}\"}"},
		{"inbound_from", "a.0.id"}, {"inbound_to", "status"}, {"inbound_text", "text"}, {"inbound_ref", "type#"},
	};

	for (int i = 0; i < SETTINGS; i++)
	{
		settings[i].key = values[i][0];
		settings[i].value = values[i][1];
	}
}

/* A request for the text; what is built can be sent, and its JSON can be read. */
static void
build(PtCarrier *carrier, const char *text, size_t len, bool json)
{
	PtAnalysis	how;
	PtHttpRequest request;
	PtPartRequest part = {.message_id = "0190b0a0-0000-7000-8000-000000000001",.from = "A B",.to = "+15550001000",
		.body = text,.body_len = len,.how = &how,.part = 1,.parts = 1,.part_text = text,.part_len = len,
	.validity_s = 60};
	PtJson	   *tree;

	if (!pt_text_analyze(text, len, NULL, &how) || !carrier->adapter->build(carrier, &part, &request))
		return;
	if (!pt_http_request_valid(&request))
		abort();
	if (!json)
		return;
	tree = pt_json_parse(request.body, request.body_len);
	if (tree == NULL && memchr(text, '\0', len) == NULL)
		abort();
	pt_json_free(tree);
}

/* An answer of any content. */
static void
classify(PtCarrier *carrier, const char *text, size_t len)
{
	PtHttpResult result = {.fate = PT_HTTP_ANSWERED,.status = 200 + (len % 4) * 100,.body = text,.body_len = len};
	PtAnswer	answer;

	pt_carrier_classify(carrier, &result, &answer);
	if (strlen(answer.text) >= sizeof(answer.text) || strstr(answer.text, "secret") != NULL ||
		(answer.class == PT_ANSWER_ACCEPTED && answer.ref[0] == '\0'))
		abort();
}

static const char *header_text;

static const char *
give_header(void *context, const char *name)
{
	return header_text;
}

/* PtFieldsDone: only our own words come out. */
static bool
look(void *context, const PtFields *fields)
{
	if (strcmp(fields->status, "delivered") != 0)
		abort();
	return true;
}

/* PtFieldsDone: what is taken for a message is UTF-8. */
static bool
look_message(void *context, const PtFields *fields)
{
	PtMessage	message;
	const char *problem = NULL;

	if (!pt_message_read(fields, &message, &problem) ? problem == NULL : !pt_utf8_valid(message.text))
		abort();
	free(message.room);
	return true;
}

/* A callback: no text is a signature, any text is read without harm. */
static void
call_back(PtCarrier *carrier, const char *text, size_t len)
{
	PtJson	   *json = pt_json_parse(text, len);
	PtJson	   *form = pt_json_form(text, len);
	PtCall		call = {.target = "/receipt/x",.body = text,.body_len = len,.form = form,.header = give_header,.now = 1};
	const char *problem;

	header_text = text;
	if (pt_call_trust(carrier, &call) == PT_CALL_TRUSTED)
		abort();
	if (json != NULL)
	{
		pt_call_receipts(carrier, json, look, NULL, &problem);
		if (pt_call_is_message(carrier, json, true))
			pt_call_message(carrier, json, look_message, NULL, &problem);
	}
	if (form != NULL)
	{
		pt_call_receipts(carrier, form, look, NULL, &problem);
		if (pt_call_is_message(carrier, form, true))
			pt_call_message(carrier, form, look_message, NULL, &problem);
	}
	pt_json_free(json);
	pt_json_free(form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *const schemes[] = {"jwt-hs256", "hmac-sha1", "hmac-sha256"};
	PtSetting	settings[SETTINGS + 3];
	PtCarrier	carrier = {.name = "main",.adapter = &pt_adapter_http,.settings = settings,.n_settings = SETTINGS};
	char		problem[256] = "";
	char	   *text;
	int			what;

	if (size < 1)
		return 0;
	what = data[0] % 26;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	fill(settings);
	if (what >= 6)
		settings[what - 6].value = text;
	else if (what >= 3)
	{
		settings[13].value = schemes[what - 3];
		settings[SETTINGS] = (PtSetting) {"signed", "{url}|{form}|{body}"};
		settings[SETTINGS + 1] = (PtSetting) {"signature_header", "X"};
		carrier.n_settings += what > 3 ? 2 : 0;
	}
	if (carrier.adapter->configure(&carrier, problem, sizeof(problem)))
	{
		if (what == 0)
			classify(&carrier, text, size - 1);
		else if (what >= 3 && what < 6)
			call_back(&carrier, text, size - 1);
		else
			build(&carrier, what < 3 ? text : "x", what < 3 ? size - 1 : 1, what < 3);
	}
	else if (what < 6 || problem[0] == '\0')
		abort();
	carrier.adapter->release(&carrier);
	free(text);
	return 0;
}
