/*
 * http.c
 *	  The templated adapter: any carrier with an HTTP interface, described by its
 *	  settings (docs/carriers.md).  Here: requests and answers.
 *
 * Such carriers split long texts themselves: one request for each message.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/http_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By HTTP status, where neither the settings' codes nor the operator's rules know better. */
static const PtAdapterRule http_rules[] = {
	{"401", PT_ANSWER_ACCOUNT, "The credentials are refused."},
	{"402", PT_ANSWER_ACCOUNT, "The account has no credit."},
	{"403", PT_ANSWER_ACCOUNT, "The account may not do this."},
	{"404", PT_ANSWER_ACCOUNT, "The setting url, or the account in it, is wrong."},
	{"405", PT_ANSWER_ACCOUNT, "The setting url or method is wrong."},
	{"408", PT_ANSWER_TEMPORARY, "The request did not come in time."},
	{"429", PT_ANSWER_THROTTLED, "Too many requests."},
	{"500", PT_ANSWER_TEMPORARY, "The carrier failed."},
	{"502", PT_ANSWER_UNCLEAR, "A proxy lost the carrier, perhaps after it had the message."},
	{"503", PT_ANSWER_TEMPORARY, "The carrier is out of service."},
	{"504", PT_ANSWER_UNCLEAR, "A proxy gave the carrier up, perhaps after it had the message."},
	{"no id", PT_ANSWER_UNCLEAR, "The answer says success, but holds no id: whether it is the carrier's is not certain."},
	{"not sent", PT_ANSWER_TEMPORARY, "The carrier could not be reached; nothing was sent."},
	{"unclear", PT_ANSWER_UNCLEAR, "The connection ended before an answer."},
	{NULL}
};

/* Is the name (len octets) this one? */
static bool
name_is(const char *name, size_t len, const char *expected)
{
	return strlen(expected) == len && memcmp(name, expected, len) == 0;
}

/* A string as a placeholder's value, NULL: none; digits: without the + before it. */
static void
set_text(PtSlotValue *value, const char *text, bool digits)
{
	if (digits && text != NULL && text[0] == '+')
		text++;
	value->octets = text;
	value->len = text != NULL ? strlen(text) : 0;
}

/* The placeholders that differ between messages; false: it is none of them. */
static bool
message_slot(const PtHttpSlots *slots, const char *name, size_t len, PtSlotValue *value)
{
	const PtPartRequest *part = slots->part;

	if (name_is(name, len, "from") || name_is(name, len, "from_digits"))
		set_text(value, part != NULL ? part->from : NULL, len > 4);
	else if (name_is(name, len, "to") || name_is(name, len, "to_digits"))
		set_text(value, part != NULL ? part->to : NULL, len > 2);
	else if (name_is(name, len, "id"))
		set_text(value, part != NULL ? part->message_id : NULL, false);
	else if (name_is(name, len, "validity"))
	{
		value->number = true;
		set_text(value, slots->validity[0] != '\0' ? slots->validity : NULL, false);
	}
	else if (name_is(name, len, "body"))
	{
		value->octets = part != NULL ? part->body : NULL;
		value->len = part != NULL ? part->body_len : 0;
	}
	else
		return false;
	return true;
}

bool
pt_http_slot(void *context, const char *name, size_t len, PtSlotValue *value)
{
	const PtHttpSlots *slots = context;
	const PtCarrier *carrier = slots->carrier;

	*value = (PtSlotValue) {NULL, 0, false};
	if (message_slot(slots, name, len, value))
		return true;
	if (name_is(name, len, "callback_url"))
	{
		set_text(value, slots->state->callback[0] != '\0' ? slots->state->callback : NULL, false);
		return true;
	}
	if (pt_http_known_setting(name, len))
		return false;
	for (int i = 0; i < carrier->n_settings; i++)
	{
		if (name_is(name, len, carrier->settings[i].key))
		{
			set_text(value, carrier->settings[i].value, false);
			return true;
		}
	}
	return false;
}

/* The validity that the carrier is told; empty when the message has none. */
static void
set_validity(PtHttpSlots *slots, long seconds)
{
	const PtHttpState *state = slots->state;

	if (seconds < 0)
		return;
	if (seconds < state->validity_min)
		seconds = state->validity_min;
	if (state->validity_max > 0 && seconds > state->validity_max)
		seconds = state->validity_max;
	snprintf(slots->validity, sizeof(slots->validity), "%ld", seconds);
}

/* Appends a header line to the request's; false: there are too many. */
static bool
add_line(PtHttpState *state, int *n, const char *line)
{
	if (*n >= PT_HTTP_HEADERS)
		return false;
	state->lines[(*n)++] = line;
	state->lines[*n] = NULL;
	return true;
}

/* Renders the header lines into out. */
static bool
build_headers(PtHttpState *state, PtBuffer *out, const PtSlots *slots)
{
	const PtJson *headers = state->headers;
	int			n = 0;

	state->lines[0] = NULL;
	if (state->authorization[0] != '\0' && !add_line(state, &n, state->authorization))
		return false;
	for (int i = headers != NULL ? headers->values[0].first : 0; i != 0; i = headers->values[i].next)
	{
		const char *line = out->data + out->len;

		if (pt_http_template_absent(headers->values[i].text, slots))
			continue;
		pt_buffer_add(out, headers->values[i].name);
		pt_buffer_add(out, ": ");
		pt_http_template_render(out, headers->values[i].text, PT_ENCODE_PLAIN, slots);
		pt_buffer_append(out, "", 1);
		if (out->overflow || !add_line(state, &n, line))
			return false;
	}
	return true;
}

/* Renders the address with its query into out. */
static void
build_url(const PtHttpState *state, PtBuffer *out, const PtSlots *slots)
{
	pt_http_template_render(out, state->url, PT_ENCODE_PERCENT, slots);
	if (state->query == NULL)
		return;
	pt_buffer_add(out, strchr(state->url, '?') != NULL ? "&" : "?");
	pt_http_template_form(out, state->query, 0, slots);
}

/* PtAdapter.build */
bool
pt_http_build(PtCarrier *carrier, const PtPartRequest *part, PtHttpRequest *request)
{
	PtHttpState *state = carrier->state;
	PtHttpSlots context = {carrier, state, part, ""};
	PtSlots		slots = {pt_http_slot, &context};
	PtBuffer	url;
	PtBuffer	body;
	PtBuffer	headers;

	pt_buffer_init(&url, state->room, PT_HTTP_URL_SIZE);
	pt_buffer_init(&body, state->room + PT_HTTP_URL_SIZE, PT_HTTP_BODY_SIZE);
	pt_buffer_init(&headers, state->room + PT_HTTP_URL_SIZE + PT_HTTP_BODY_SIZE, PT_HTTP_HEADERS_SIZE);
	set_validity(&context, part->validity_s);
	memset(request, 0, sizeof(*request));
	build_url(state, &url, &slots);
	if (state->body != NULL && state->form)
		pt_http_template_form(&body, state->body, 0, &slots);
	else if (state->body != NULL)
		pt_http_template_json(&body, state->body, 0, &slots);
	if (!build_headers(state, &headers, &slots) || url.overflow || body.overflow)
		return false;
	request->url = url.data;
	request->headers = state->lines;
	request->ca_file = pt_carrier_setting(carrier, "ca_file");
	request->timeout_ms = carrier->timeout_ms;
	if (state->post)
	{
		request->body = body.data;
		request->body_len = body.len;
		if (state->body != NULL)
			request->content_type = state->form ? "application/x-www-form-urlencoded" : "application/json";
	}
	return pt_http_request_valid(request);
}

/* What the answer holds at the path that a setting names; NULL: nothing. */
static const char *
found(const PtCarrier *carrier, const PtJson *json, const char *setting)
{
	const char *path = pt_carrier_setting(carrier, setting);

	return path != NULL && json != NULL ? pt_json_text(json, 0, path) : NULL;
}

/* Is it one of the statuses that mean success? */
static bool
status_succeeds(const PtHttpState *state, long status)
{
	const PtJson *list = state->success;

	if (list == NULL)
		return status >= 200 && status < 300;
	for (int i = list->values[0].first; i != 0; i = list->values[i].next)
	{
		if (strtol(list->values[i].text, NULL, 10) == status)
			return true;
	}
	return false;
}

/* Does what the answer says at success_path stand against success? */
static bool
content_fails(const PtCarrier *carrier, const PtJson *json)
{
	const char *value = found(carrier, json, "success_path");

	return value != NULL && strcmp(value, pt_carrier_setting(carrier, "success_value")) != 0;
}

/* Can the id be kept?  Carriers' ids are printable ASCII. */
static bool
id_fits(const char *id)
{
	size_t		len = 0;

	while (id[len] > ' ' && id[len] <= '~')
		len++;
	return len > 0 && id[len] == '\0' && len < sizeof(((PtAnswer *) NULL)->ref);
}

/* The answer means success; whether it is the carrier's shows the id. */
static void
set_success(const PtCarrier *carrier, const PtJson *json, const char *status, PtAnswer *answer)
{
	const char *id = found(carrier, json, "id_path");
	bool		identified = id != NULL ? id_fits(id) : pt_carrier_setting(carrier, "id_path") == NULL;

	if (!identified ||
		(pt_carrier_setting(carrier, "success_path") != NULL && found(carrier, json, "success_path") == NULL))
	{
		pt_answer_set(carrier, answer, "no id", PT_ANSWER_UNCLEAR);
		return;
	}
	pt_answer_set(carrier, answer, status, PT_ANSWER_ACCEPTED);
	answer->class = PT_ANSWER_ACCEPTED;
	snprintf(answer->ref, sizeof(answer->ref), "%s", id != NULL ? id : "");
}

/* What a status means that nobody has named. */
static PtAnswerClass
class_of_status(long status)
{
	if (status < 300)
		return PT_ANSWER_REFUSED;	/* the answer's content says no */
	if (status < 400)
		return PT_ANSWER_ACCOUNT;	/* the setting url is wrong */
	return status < 500 ? PT_ANSWER_REFUSED : PT_ANSWER_TEMPORARY;
}

/* Takes over the carrier's own code: printable, and without a secret in it. */
static void
set_own_code(const PtCarrier *carrier, const char *code, PtAnswer *answer)
{
	pt_answer_say(carrier, answer, code);
	if (answer->text[0] != '\0' && strlen(answer->text) < sizeof(answer->code))
		memcpy(answer->code, answer->text, strlen(answer->text) + 1);
	answer->text[0] = '\0';
}

/* The answer means a failure: by the carrier's code, else by the status. */
static void
set_failure(const PtCarrier *carrier, const PtJson *json, const char *status, long number, PtAnswer *answer)
{
	const PtHttpState *state = carrier->state;
	const char *code = found(carrier, json, "code_path");
	const char *class;

	pt_answer_set(carrier, answer, status, class_of_status(number));
	class = state->codes != NULL ? pt_json_member(state->codes, status) : NULL;
	if (code != NULL)
	{
		const char *own = state->codes != NULL ? pt_json_member(state->codes, code) : NULL;

		set_own_code(carrier, code, answer);
		class = own != NULL ? own : class;
	}
	if (class != NULL)
		pt_answer_class_find(class, &answer->class);
}

/* Keeps what the carrier said, in its words or else the start of the answer. */
static void
say(const PtCarrier *carrier, const PtJson *json, const PtHttpResult *result, PtAnswer *answer)
{
	const PtHttpState *state = carrier->state;
	const char *text = found(carrier, json, "text_path");
	const char *credentials = strrchr(state->authorization, ' ');

	if (text == NULL)
		text = result->body != NULL ? result->body : "";
	if (credentials == NULL || strstr(text, credentials + 1) == NULL)
		pt_answer_say(carrier, answer, text);
}

/* PtAdapter.classify */
static void
http_classify(PtCarrier *carrier, const PtHttpResult *result, PtAnswer *answer)
{
	PtHttpState *state = carrier->state;
	char		status[24];
	PtJson	   *json;

	answer->retry_after = result->retry_after;
	if (result->status <= 0)
	{
		if (result->fate == PT_HTTP_NOT_SENT)
			pt_answer_set(carrier, answer, "not sent", PT_ANSWER_TEMPORARY);
		else
			pt_answer_set(carrier, answer, "unclear", PT_ANSWER_UNCLEAR);
		pt_answer_say(carrier, answer, result->problem != NULL ? result->problem : "no answer");
		return;
	}
	snprintf(status, sizeof(status), "%ld", result->status);
	json = result->body != NULL ? pt_json_parse(result->body, result->body_len) : NULL;
	if (status_succeeds(state, result->status) && !content_fails(carrier, json))
		set_success(carrier, json, status, answer);
	else if (result->status < 300 && !status_succeeds(state, result->status))
		pt_answer_set(carrier, answer, "no id", PT_ANSWER_UNCLEAR);
	else
		set_failure(carrier, json, status, result->status, answer);
	if (answer->class != PT_ANSWER_ACCEPTED)
		say(carrier, json, result, answer);
	pt_json_free(json);
}

const PtAdapter pt_adapter_http = {
	.name = "http",
	.splits = false,
	.configure = pt_http_configure,
	.release = pt_http_release,
	.build = pt_http_build,
	.classify = http_classify,
	.rules = http_rules,
};
