/*
 * carrier.c
 *	  Fuzzer: Kannel's answers, settings, and the requests built from any text.
 *
 * The first octet chooses what the rest is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carrier/carrier.h"
#include "worker/http_util.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An answer of any status and body. */
static void
fuzz_answer(const uint8_t *data, size_t size)
{
	PtSetting	settings[] = {{"password", "p"}, {"receipt_secret", "r/s"}};
	PtCarrier	carrier = {.adapter = &pt_adapter_kannel,.settings = settings,.n_settings = 2};
	PtHttpResult result = {.fate = PT_HTTP_ANSWERED,.retry_after = -1};
	PtAnswer	answer;
	char	   *body;

	if (size < 2)
		return;
	result.status = 100 + (data[0] << 1) + (data[1] & 1);
	body = malloc(size - 1);
	memcpy(body, data + 2, size - 2);
	body[size - 2] = '\0';
	result.body = body;
	result.body_len = size - 2;
	pt_carrier_classify(&carrier, &result, &answer);
	if (strlen(answer.text) >= sizeof(answer.text) || strchr(answer.text, 'p') != NULL ||
		(answer.class == PT_ANSWER_ACCEPTED) != (result.status == 202))
		abort();
	free(body);
}

/* Any text as one message, in all its parts. */
static void
fuzz_request(const uint8_t *data, size_t size, int locking)
{
	PtSetting	settings[] = {
		{"url", "http://h/"}, {"dlr_url", "http://r"}, {"username", "u"}, {"password", "p"}, {"receipt_secret", "s"}
	};
	PtCarrier	carrier = {.name = "main",.adapter = &pt_adapter_kannel,.settings = settings,.n_settings = 5};
	PtAnalysis	how;
	PtPart		parts[PT_MAX_PARTS];
	char		problem[128];
	int			n;

	carrier.text_options.locking_shift = locking;
	if (!pt_text_analyze((const char *) data, size, &carrier.text_options, &how))
		return;
	if (!carrier.adapter->configure(&carrier, problem, sizeof(problem)))
		abort();
	n = pt_text_split((const char *) data, size, &how, parts);
	for (int i = 0; i < n; i++)
	{
		PtPartRequest part = {.message_id = "0190b0a0-0000-7000-8000-000000000001",.from = "A B",.to = "+15550001000",
			.body = (const char *) data,.body_len = size,.how = &how,.part = i + 1,.parts = n,
			.part_text = (const char *) data + parts[i].offset,.part_len = parts[i].len,.validity_s = -1};
		PtHttpRequest request;

		if (!carrier.adapter->build(&carrier, &part, &request) || !pt_http_request_valid(&request))
			abort();
	}
	carrier.adapter->release(&carrier);
}

/* A setting with any value: what is accepted makes requests that can be sent. */
static void
fuzz_setting(const uint8_t *data, size_t size, const char *key)
{
	char	   *value = malloc(size + 1);
	PtSetting	settings[] = {
		{"url", "http://h/"}, {"dlr_url", "http://r"}, {"username", "u"}, {"password", "p"}, {"receipt_secret", "s"}
	};
	PtCarrier	carrier = {.name = "main",.adapter = &pt_adapter_kannel,.settings = settings,.n_settings = 5};
	PtAnalysis	how;
	PtPartRequest part = {.message_id = "1",.from = "1",.to = "2",.body = "x",.body_len = 1,.how = &how,.part = 1,
	.parts = 1,.part_text = "x",.part_len = 1,.validity_s = -1};
	PtHttpRequest request;
	char		problem[128];

	memcpy(value, data, size);
	value[size] = '\0';
	for (int i = 0; i < 5; i++)
	{
		if (strcmp(settings[i].key, key) == 0)
			settings[i].value = value;
	}
	pt_text_analyze("x", 1, NULL, &how);
	if (carrier.adapter->configure(&carrier, problem, sizeof(problem)) &&
		(!carrier.adapter->build(&carrier, &part, &request) || !pt_http_request_valid(&request)))
		abort();
	carrier.adapter->release(&carrier);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {"url", "dlr_url", "username", "password", "receipt_secret"};
	long		seconds;

	if (size < 1)
		return 0;
	switch (data[0] % 9)
	{
		case 0:
			fuzz_answer(data + 1, size - 1);
			break;
		case 1:
			fuzz_request(data + 1, size - 1, 0);
			break;
		case 2:
			fuzz_request(data + 1, size - 1, 1);
			break;
		case 3:
			seconds = pt_http_retry_after((const char *) data + 1, size - 1, 1000000000);
			if (seconds < -1 || seconds > 86400)
				abort();
			break;
		default:
			fuzz_setting(data + 1, size - 1, keys[data[0] % 9 - 4]);
	}
	return 0;
}
