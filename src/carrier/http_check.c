/*
 * http_check.c
 *	  The templated adapter's settings: read and checked when a carrier is set up,
 *	  so that no message meets a mistake in them.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/http_state.h"
#include "carrier/signed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const known[] = {
	"template", "documentation", "method", "url", "auth", "query", "headers", "format", "body",
	"callback_url", "ca_file", "validity_min", "validity_max", "success_status", "success_path",
	"success_value", "id_path", "code_path", "text_path", "codes", "receipt_ref", "receipt_id",
	"receipt_status", "receipt_code", "receipt_statuses", "signature", "signature_header",
	"signature_key", "signed", "timestamp_header", "nonce_header", "inbound_from", "inbound_to",
	"inbound_text", "inbound_ref", "inbound_reference", "inbound_part", "inbound_parts", "inbound_event",
	"inbound_event_value", "inbound_type", "inbound_type_value", "inbound_answer", "inbound_answer_type", NULL
};

/* Placeholders that stand for something of the message: no setting's names. */
static const char *const of_message[] = {"from", "from_digits", "to", "to_digits", "id", "validity", NULL};

/* What is checked, and where it is said what is wrong. */
typedef struct Check
{
	PtCarrier  *carrier;
	PtHttpState *state;
	char	   *problem;
	size_t		size;
} Check;

/* Is the name (len octets) in the list? */
static bool
in_list(const char *name, size_t len, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++)
	{
		if (strlen(list[i]) == len && memcmp(list[i], name, len) == 0)
			return true;
	}
	return false;
}

bool
pt_http_known_setting(const char *name, size_t len)
{
	return in_list(name, len, known);
}

/* Says what is wrong with a setting; always false. */
static bool
wrong(const Check *check, const char *setting, const char *what)
{
	snprintf(check->problem, check->size, "the setting %.40s %s", setting, what);
	return false;
}

/* A setting of the carrier; NULL: not set. */
static const char *
get(const Check *check, const char *setting)
{
	return pt_carrier_setting(check->carrier, setting);
}

/* A setting that is one of two words, the first unless set; false: it is neither. */
static bool
get_word(const Check *check, const char *setting, const char *first, const char *second, bool *is_first)
{
	const char *value = get(check, setting);
	char		what[80];

	*is_first = value == NULL || strcmp(value, first) == 0;
	if (*is_first || strcmp(value, second) == 0)
		return true;
	snprintf(what, sizeof(what), "is neither %s nor %s", first, second);
	return wrong(check, setting, what);
}

/* A setting in seconds, 0 unless set. */
static bool
get_seconds(const Check *check, const char *setting, long *seconds)
{
	const char *value = get(check, setting);

	*seconds = value != NULL ? atol(value) : 0;
	if (value == NULL || (value[0] != '\0' && strlen(value) < 10 && value[strspn(value, "0123456789")] == '\0'))
		return true;
	return wrong(check, setting, "is no number of seconds");
}

/* A setting that is an object (or an array); json stays NULL where it is not set. */
static bool
get_json(const Check *check, const char *setting, PtJsonKind kind, PtJson **json)
{
	const char *value = get(check, setting);

	*json = NULL;
	if (value == NULL)
		return true;
	*json = pt_json_parse(value, strlen(value));
	if (*json != NULL && (*json)->values[0].kind == kind)
		return true;
	return wrong(check, setting, kind == PT_JSON_OBJECT ? "is no object" : "is no array");
}

/* Is every member a string, a number, true or false? */
static bool
check_flat(const Check *check, const char *setting, const PtJson *json)
{
	for (int i = json != NULL ? json->values[0].first : 0; i != 0; i = json->values[i].next)
	{
		if (json->values[i].text == NULL)
			return wrong(check, setting, "has a member that is neither a string nor a number");
	}
	return true;
}

/* Are all the tree's strings sound templates? */
static bool
check_templates(const Check *check, const char *setting, const PtJson *json, const PtSlots *slots)
{
	char		what[160] = "";

	for (int i = 0; json != NULL && i < json->count; i++)
	{
		const PtJsonValue *value = &json->values[i];

		if (value->kind == PT_JSON_TEXT && !pt_http_template_check(value->text, slots, what, sizeof(what)))
		{
			snprintf(check->problem, check->size, "in the setting %s %s", setting, what);
			return false;
		}
	}
	return true;
}

/* Reads all settings that hold JSON, and checks their templates. */
static bool
check_trees(const Check *check, const PtSlots *slots)
{
	PtHttpState *s = check->state;

	return get_json(check, "query", PT_JSON_OBJECT, &s->query) &&
		get_json(check, "headers", PT_JSON_OBJECT, &s->headers) &&
		get_json(check, "body", PT_JSON_OBJECT, &s->body) &&
		get_json(check, "codes", PT_JSON_OBJECT, &s->codes) &&
		get_json(check, "success_status", PT_JSON_ARRAY, &s->success) &&
		get_json(check, "receipt_statuses", PT_JSON_OBJECT, &s->statuses) &&
		check_flat(check, "query", s->query) &&
		check_flat(check, "headers", s->headers) &&
		(!s->form || check_flat(check, "body", s->body)) &&
		check_flat(check, "codes", s->codes) &&
		check_flat(check, "success_status", s->success) &&
		check_flat(check, "receipt_statuses", s->statuses) &&
		check_templates(check, "query", s->query, slots) &&
		check_templates(check, "headers", s->headers, slots) &&
		check_templates(check, "body", s->body, slots);
}

/* Is the setting used as a placeholder somewhere? */
static bool
is_used(const Check *check, const char *key)
{
	static const char *const places[] = {"url", "query", "headers", "body", NULL};
	char		slot[80];

	snprintf(slot, sizeof(slot), "{%.60s}", key);
	for (int i = 0; places[i] != NULL; i++)
	{
		const char *text = get(check, places[i]);

		if (text != NULL && strstr(text, slot) != NULL)
			return true;
	}
	return false;
}

/* Has each setting a meaning? */
static bool
check_names(const Check *check)
{
	const char *name = get(check, "template");

	if (name != NULL && get(check, "documentation") == NULL)
	{
		snprintf(check->problem, check->size,
				 "there is no template \"%.40s\"; portatext.shipped_http_template lists them", name);
		return false;
	}
	for (int i = 0; i < check->carrier->n_settings; i++)
	{
		const char *key = check->carrier->settings[i].key;
		bool		credential = strcmp(key, "username") == 0 || strcmp(key, "password") == 0 ||
			strcmp(key, "receipt_secret") == 0;

		if (in_list(key, strlen(key), of_message))
			return wrong(check, key, "would never be used: the message's own takes its place");
		if (!credential && !pt_http_known_setting(key, strlen(key)) && !is_used(check, key))
		{
			snprintf(check->problem, check->size, "there is no setting \"%.40s\", and no placeholder uses it", key);
			return false;
		}
	}
	return true;
}

/* Makes the credentials' header line. */
static bool
check_auth(const Check *check)
{
	const char *auth = get(check, "auth");
	const char *username = get(check, "username");
	const char *password = get(check, "password");
	PtHttpState *s = check->state;
	char		pair[PT_HTTP_ADDRESS_MAX / 2];
	int			n;

	if (auth == NULL || strcmp(auth, "none") == 0)
		return true;
	if (strcmp(auth, "basic") != 0 && strcmp(auth, "bearer") != 0)
		return wrong(check, "auth", "is neither basic, bearer nor none");
	if (password == NULL || password[0] == '\0' || (auth[1] == 'a' && (username == NULL || username[0] == '\0')))
	{
		snprintf(check->problem, check->size, "user name or password is missing");
		return false;
	}
	if (auth[1] == 'e')
		n = snprintf(s->authorization, sizeof(s->authorization), "Authorization: Bearer %s", password);
	else
	{
		n = snprintf(pair, sizeof(pair), "%s:%s", username, password);
		snprintf(s->authorization, sizeof(s->authorization), "Authorization: Basic ");
		if (n < (int) sizeof(pair))
			pt_base64_encode((const unsigned char *) pair, (size_t) n, s->authorization + strlen(s->authorization));
	}
	if (n < (int) (auth[1] == 'e' ? sizeof(s->authorization) : sizeof(pair)))
		return true;
	snprintf(check->problem, check->size, "user name or password is too long");
	return false;
}

/* Makes the address for receipts, as the carrier calls it. */
static bool
check_callback(const Check *check)
{
	const char *base = get(check, "callback_url");
	PtHttpState *s = check->state;
	size_t		len = base != NULL ? strlen(base) : 0;

	if (base == NULL)
		return !is_used(check, "callback_url") || wrong(check, "callback_url", "is missing");
	if (len >= sizeof(s->base) || !pt_http_url_valid(base) || strpbrk(base, "?#") != NULL)
		return wrong(check, "callback_url", "is not an http or https address without user, query and fragment");
	while (len > 0 && base[len - 1] == '/')
		len--;
	snprintf(s->base, sizeof(s->base), "%.*s", (int) len, base);
	snprintf(s->callback, sizeof(s->callback), "%s/receipt/%s", s->base, check->carrier->name);
	return true;
}

/* Is url sound, with nothing of the message before its path? */
static bool
check_url(const Check *check, const PtSlots *slots)
{
	const char *url = get(check, "url");
	PtHttpState *s = check->state;
	char		what[160];
	char		host[PT_HTTP_ADDRESS_MAX];
	size_t		start;

	if (url == NULL)
		return wrong(check, "url", "is missing");
	s->url = url;
	if (!pt_http_template_check(url, slots, what, sizeof(what)))
	{
		snprintf(check->problem, check->size, "in the setting url %s", what);
		return false;
	}
	if (strlen(url) >= sizeof(host) || strstr(url, "://") == NULL || strchr(url, '#') != NULL)
		return wrong(check, "url", "is not an http or https address without user and fragment");
	start = (size_t) (strstr(url, "://") - url) + 3;
	snprintf(host, sizeof(host), "%.*s", (int) (start + strcspn(url + start, "/?")), url);
	if (strstr(host, "{from") != NULL || strstr(host, "{to") != NULL || strstr(host, "{body}") != NULL ||
		strstr(host, "{id}") != NULL || strstr(host, "{validity}") != NULL)
		return wrong(check, "url", "must name the same host for all messages");
	return true;
}

/* Are the headers such that a request can have beside the adapter's own? */
static bool
check_headers(const Check *check)
{
	static const char *const own[] = {"Authorization", "Content-Type", "Content-Length", "Host",
	"Transfer-Encoding", "Connection", "Expect", NULL};
	const PtJson *headers = check->state->headers;
	int			n = 1;

	for (int i = headers != NULL ? headers->values[0].first : 0; i != 0; i = headers->values[i].next)
	{
		const char *name = headers->values[i].name;

		for (int j = check->state->authorization[0] != '\0' ? 0 : 1; own[j] != NULL; j++)
		{
			if (strcasecmp(name, own[j]) == 0)
				return wrong(check, "headers", "has a header that the adapter makes itself");
		}
		if (name[0] == '\0' || strpbrk(name, ": \t\r\n") != NULL || ++n > PT_HTTP_HEADERS)
			return wrong(check, "headers", "has a malformed name, or there are too many");
	}
	return true;
}

/* Do the codes name classes, the statuses ours, the success rule statuses of HTTP? */
static bool
check_maps(const Check *check)
{
	static const char *const ours[] = {"delivered", "undelivered", "expired", "rejected", "accepted", "buffered", NULL};
	const PtHttpState *s = check->state;
	PtAnswerClass class;

	for (int i = s->codes != NULL ? s->codes->values[0].first : 0; i != 0; i = s->codes->values[i].next)
	{
		if (!pt_answer_class_find(s->codes->values[i].text, &class))
			return wrong(check, "codes", "has a class that is none of portatext.answer_class");
	}
	for (int i = s->success != NULL ? s->success->values[0].first : 0; i != 0; i = s->success->values[i].next)
	{
		long		status = strtol(s->success->values[i].text, NULL, 10);

		if (status < 200 || status > 599)
			return wrong(check, "success_status", "has a number that is no HTTP status");
	}
	for (int i = s->statuses != NULL ? s->statuses->values[0].first : 0; i != 0; i = s->statuses->values[i].next)
	{
		int			j = 0;

		while (ours[j] != NULL && strcmp(ours[j], s->statuses->values[i].text) != 0)
			j++;
		if (ours[j] == NULL)
			return wrong(check, "receipt_statuses", "has a value that is no status of a receipt");
	}
	if ((get(check, "success_path") == NULL) != (get(check, "success_value") == NULL))
		return wrong(check, "success_path", "and success_value belong together");
	if (get(check, "receipt_status") != NULL &&
		(s->statuses == NULL || (get(check, "receipt_ref") == NULL && get(check, "receipt_id") == NULL)))
		return wrong(check, "receipt_status", "needs receipt_statuses, and receipt_ref or receipt_id");
	return true;
}

/* Is what is signed sound, with all that it is made of? */
static bool
check_signed(const Check *check)
{
	PtSlots		slots = {pt_signed_slot, NULL};
	const char *text = get(check, "signed");
	char		what[160];

	if (text == NULL || get(check, "signature_header") == NULL)
		return wrong(check, "signature", "needs signed and signature_header");
	if (!pt_http_template_check(text, &slots, what, sizeof(what)))
	{
		snprintf(check->problem, check->size, "in the setting signed %s", what);
		return false;
	}
	if (strstr(text, "{url}") != NULL && check->state->base[0] == '\0')
		return wrong(check, "callback_url", "is missing: the carrier signs it");
	if ((strstr(text, "{timestamp}") != NULL) != (get(check, "timestamp_header") != NULL) ||
		(strstr(text, "{nonce}") != NULL) != (get(check, "nonce_header") != NULL))
		return wrong(check, "signed", "and timestamp_header or nonce_header do not fit together");
	return true;
}

/* Do the settings for inbound messages fit together? */
static bool
check_inbound(const Check *check)
{
	static const char *const together[][2] = {
		{"inbound_from", "inbound_to"}, {"inbound_from", "inbound_text"},
		{"inbound_reference", "inbound_part"}, {"inbound_reference", "inbound_parts"},
		{"inbound_event", "inbound_event_value"}, {"inbound_type", "inbound_type_value"},
		{"inbound_answer", "inbound_answer_type"}
	};
	char		what[80];

	for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++)
	{
		if ((get(check, together[i][0]) == NULL) == (get(check, together[i][1]) == NULL))
			continue;
		snprintf(what, sizeof(what), "and %s belong together", together[i][1]);
		return wrong(check, together[i][0], what);
	}
	for (int i = 0; i < check->carrier->n_settings; i++)
	{
		if (strncmp(check->carrier->settings[i].key, "inbound_", 8) == 0 && get(check, "inbound_text") == NULL)
			return wrong(check, check->carrier->settings[i].key, "needs inbound_from, inbound_to and inbound_text");
	}
	if (get(check, "inbound_answer") != NULL &&
		(strlen(get(check, "inbound_answer")) >= PT_HTTP_ANSWER_SIZE ||
		 strlen(get(check, "inbound_answer_type")) >= PT_HTTP_ANSWER_TYPE_SIZE ||
		 strpbrk(get(check, "inbound_answer_type"), "\r\n") != NULL))
		return wrong(check, "inbound_answer", "or its type is too long, or its type is malformed");
	return true;
}

/* How callbacks are signed, and with which key. */
static bool
check_signature(const Check *check)
{
	PtHttpState *s = check->state;
	const char *name = get(check, "signature");
	bool		receipt_secret;

	if (!pt_signature_find(name != NULL ? name : "secret", &s->signature))
		return wrong(check, "signature", "is none of secret, hmac-sha1, hmac-sha256, ed25519, jwt-hs256");
	if (!get_word(check, "signature_key", "receipt_secret", "password", &receipt_secret))
		return false;
	if (s->signature == PT_SIGNATURE_SECRET)
		return true;
	if (get(check, "receipt_status") == NULL && get(check, "inbound_text") == NULL)
		return wrong(check, "signature", "needs receipt_status or inbound_text: signed callbacks are read by them");
	s->key = get(check, receipt_secret ? "receipt_secret" : "password");
	if (!pt_signature_key_valid(s->signature, s->key))
	{
		snprintf(check->problem, check->size, "the %s is not a key for %s",
				 receipt_secret ? "receipt secret" : "password", name);
		return false;
	}
	return s->signature == PT_SIGNATURE_JWT_HS256 || check_signed(check);
}

/* Can a message like any other be turned into a request? */
static bool
check_request(const Check *check)
{
	static const char text[] = "Hello";
	PtAnalysis	how;
	PtHttpRequest request;
	PtPartRequest part = {.message_id = "00000000-0000-7000-8000-000000000000",.from = "+12025550100",
		.to = "+12025550101",.body = text,.body_len = sizeof(text) - 1,.how = &how,.part = 1,.parts = 1,
	.part_text = text,.part_len = sizeof(text) - 1,.validity_s = 3600};

	pt_text_analyze(text, sizeof(text) - 1, NULL, &how);
	if (!pt_http_build(check->carrier, &part, &request))
	{
		snprintf(check->problem, check->size, "url, headers and body make no request that could be sent");
		return false;
	}
	return pt_http_url_valid(request.url) ||
		wrong(check, "url", "is not an http or https address without user and fragment");
}

/* Reads and checks all settings. */
static bool
check_all(const Check *check, const PtSlots *slots)
{
	PtHttpState *s = check->state;
	bool		post;
	bool		json;

	if (check->carrier->text_options.single_shift != 0 || check->carrier->text_options.locking_shift != 0)
	{
		snprintf(check->problem, check->size, "the carrier encodes texts itself: no national tables");
		return false;
	}
	if (!check_names(check) || !get_word(check, "method", "POST", "GET", &post) ||
		!get_word(check, "format", "json", "form", &json))
		return false;
	s->post = post;
	s->form = !json;
	if (!post && get(check, "body") != NULL)
		return wrong(check, "body", "does not go with the method GET");
	return check_callback(check) && check_url(check, slots) && check_trees(check, slots) &&
		check_auth(check) && check_headers(check) && check_maps(check) &&
		get_seconds(check, "validity_min", &s->validity_min) &&
		get_seconds(check, "validity_max", &s->validity_max) &&
		check_inbound(check) && check_signature(check) && check_request(check);
}

/* PtAdapter.configure */
bool
pt_http_configure(PtCarrier *carrier, char *problem, size_t size)
{
	PtHttpState *state = calloc(1, sizeof(PtHttpState));
	Check		check = {carrier, state, problem, size};
	PtHttpSlots context = {carrier, state, NULL, ""};
	PtSlots		slots = {pt_http_slot, &context};

	carrier->state = state;
	if (state != NULL)
		state->room = malloc(PT_HTTP_URL_SIZE + PT_HTTP_BODY_SIZE + PT_HTTP_HEADERS_SIZE);
	if (state == NULL || state->room == NULL)
	{
		snprintf(problem, size, "out of memory");
		return false;
	}
	return check_all(&check, &slots);
}

/* PtAdapter.release */
void
pt_http_release(PtCarrier *carrier)
{
	PtHttpState *state = carrier->state;

	if (state == NULL)
		return;
	pt_json_free(state->query);
	pt_json_free(state->headers);
	pt_json_free(state->body);
	pt_json_free(state->success);
	pt_json_free(state->codes);
	pt_json_free(state->statuses);
	free(state->room);
	free(state);
	carrier->state = NULL;
}
