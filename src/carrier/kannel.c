/*
 * kannel.c
 *	  Adapter for the SMS gateway Kannel: its sendsms interface (user guide
 *	  1.4.5, "Sending SMS through HTTP").
 *
 * Kannel cuts what is too long, cuts surrogate pairs and asks for a receipt for
 * the first part only, and it answers 202 to all of that: so each part is a
 * request of its own, with its own user data header and its own receipt.  The
 * answer holds no id: the message's own one goes into dlr-url.
 *
 * Core: no PostgreSQL header.
 *
 * Libraries: libcurl
 */
#include "carrier/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/http_util.h"

/*
 * 1 delivered, 2 failed, 4 buffered, 8 taken and 16 refused by the centre; not
 * 32, intermediate reports.
 */
#define DLR_MASK "31"
#define PRIORITY_BULK "0"
#define PRIORITY_TRANSACTIONAL "1"
#define SETTING_MAX 512			/* octets of a setting */

typedef struct KannelState
{
	char		prefix[4 * SETTING_MAX];	/* URL, user, password, smsc */
	char		dlr[8 * SETTING_MAX];	/* "&dlr-url=", and the address for receipts, encoded, up to the message's id */
	char		url[16384];		/* of the request that was built last */
	const char *ca_file;
} KannelState;

static const PtAdapterRule kannel_rules[] = {
	{"202", PT_ANSWER_ACCEPTED, "Kannel has stored the message, also while the centre is not connected."},
	{"400", PT_ANSWER_REFUSED, "A parameter is missing or bad."},
	{"Authorization failed", PT_ANSWER_ACCOUNT, "Status 403: user, password or our address is refused."},
	{"Not routable", PT_ANSWER_TEMPORARY, "Status 403: no running centre takes it; it may just be stopped."},
	{"401", PT_ANSWER_ACCOUNT, "A proxy before Kannel wants other credentials."},
	{"403", PT_ANSWER_ACCOUNT, "Any other refusal of access."},
	{"404", PT_ANSWER_ACCOUNT, "The setting url is wrong."},
	{"405", PT_ANSWER_ACCOUNT, "The setting url is wrong."},
	{"408", PT_ANSWER_TEMPORARY, "The request did not come in time."},
	{"429", PT_ANSWER_THROTTLED, "A proxy before Kannel limits the rate."},
	{"500", PT_ANSWER_TEMPORARY, "Kannel failed."},
	{"502", PT_ANSWER_UNCLEAR, "A proxy lost Kannel, perhaps after Kannel had the message."},
	{"503", PT_ANSWER_THROTTLED, "Kannel's queues are full."},
	{"504", PT_ANSWER_UNCLEAR, "A proxy gave Kannel up, perhaps after Kannel had the message."},
	{"not sent", PT_ANSWER_TEMPORARY, "Kannel could not be reached; nothing was sent."},
	{"unclear", PT_ANSWER_UNCLEAR, "The connection ended before an answer."},
	{NULL}
};

/* Characters that pass through Kannel's reading of a URL's user info unchanged. */
static bool
plain_secret(const char *text)
{
	return text[0] != '\0' &&
		text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")] == '\0';
}

/* Appends "&name=value", the value percent-encoded. */
static void
add_parameter(PtBuffer *buffer, const char *name, const char *value, size_t len)
{
	pt_buffer_add(buffer, "&");
	pt_buffer_add(buffer, name);
	pt_buffer_add(buffer, "=");
	pt_buffer_add_encoded(buffer, value, len);
}

/* The same for a string. */
static void
add_text(PtBuffer *buffer, const char *name, const char *value)
{
	add_parameter(buffer, name, value, strlen(value));
}

/* Is the setting an address that a path or query can be appended to?  If not, problem says so. */
static bool
check_address(const char *key, const char *value, char *problem, size_t size)
{
	if (value == NULL)
		snprintf(problem, size, "the setting %s is missing", key);
	else if (strlen(value) > SETTING_MAX || !pt_http_url_valid(value) || strpbrk(value, "?#%") != NULL)
		snprintf(problem, size,
				 "the setting %s is not an http or https address without user, query, fragment and percent sign", key);
	else
		return true;
	return false;
}

/* Are all settings there and sound? */
static bool
check_settings(const PtCarrier *carrier, char *problem, size_t size)
{
	static const char *const known[] = {"url", "dlr_url", "smsc", "ca_file", NULL};
	const char *unknown = pt_carrier_unknown_setting(carrier, known);
	const char *username = pt_carrier_setting(carrier, "username");
	const char *password = pt_carrier_setting(carrier, "password");
	const char *secret = pt_carrier_setting(carrier, "receipt_secret");

	if (unknown != NULL)
		snprintf(problem, size, "there is no setting \"%.40s\"", unknown);
	else if (carrier->text_options.single_shift != 0)
		snprintf(problem, size, "Kannel cannot send national single shift tables");
	else if (username == NULL || password == NULL)
		snprintf(problem, size, "user name or password is missing");
	else if (secret == NULL || !plain_secret(secret))
		snprintf(problem, size, "the receipt secret is missing or has other characters than letters, digits and . _ ~ -");
	else
		return check_address("url", pt_carrier_setting(carrier, "url"), problem, size) &&
			check_address("dlr_url", pt_carrier_setting(carrier, "dlr_url"), problem, size);
	return false;
}

/* The start of each request, up to what differs between messages. */
static void
make_prefix(const PtCarrier *carrier, PtBuffer *buffer)
{
	const char *smsc = pt_carrier_setting(carrier, "smsc");

	pt_buffer_add(buffer, pt_carrier_setting(carrier, "url"));
	pt_buffer_add(buffer, "?dlr-mask=" DLR_MASK);
	add_text(buffer, "username", pt_carrier_setting(carrier, "username"));
	add_text(buffer, "password", pt_carrier_setting(carrier, "password"));
	if (smsc != NULL)
		add_text(buffer, "smsc", smsc);
}

/*
 * The address for receipts: http://NAME:SECRET@host/receipt/NAME.  Kannel turns
 * the user info into an Authorization header, so the secret is in no path.
 */
static void
make_dlr_address(const PtCarrier *carrier, PtBuffer *buffer)
{
	const char *base = pt_carrier_setting(carrier, "dlr_url");
	size_t		len = strlen(base);
	size_t		scheme = (size_t) (strstr(base, "://") - base) + 3;
	char		path[sizeof(carrier->name) + 16];
	char		start[16];
	size_t		path_len;

	path_len = (size_t) snprintf(path, sizeof(path), "/receipt/%s", carrier->name);
	snprintf(start, sizeof(start), "%.*s", (int) scheme, base);
	pt_buffer_add(buffer, start);
	pt_buffer_add(buffer, carrier->name);
	pt_buffer_add(buffer, ":");
	pt_buffer_add(buffer, pt_carrier_setting(carrier, "receipt_secret"));
	pt_buffer_add(buffer, "@");
	pt_buffer_add(buffer, base + scheme);
	if (buffer->len > 0 && buffer->data[buffer->len - 1] == '/')
		buffer->data[--buffer->len] = '\0';
	if (len < path_len || strcmp(base + len - path_len, path) != 0)
		pt_buffer_add(buffer, path);
}

/* The part of a request that names the address, the same for all messages. */
static void
make_dlr(const PtCarrier *carrier, PtBuffer *buffer)
{
	char		address[4 * SETTING_MAX];
	PtBuffer	plain;

	pt_buffer_init(&plain, address, sizeof(address));
	make_dlr_address(carrier, &plain);
	pt_buffer_add(&plain, "?id=");
	add_text(buffer, "dlr-url", address);
	buffer->overflow = buffer->overflow || plain.overflow;
}

/* PtAdapter.configure */
static bool
kannel_configure(PtCarrier *carrier, char *problem, size_t size)
{
	KannelState *state;
	PtBuffer	prefix;
	PtBuffer	dlr;

	if (!check_settings(carrier, problem, size))
		return false;
	state = calloc(1, sizeof(KannelState));
	carrier->state = state;
	if (state == NULL)
	{
		snprintf(problem, size, "out of memory");
		return false;
	}
	state->ca_file = pt_carrier_setting(carrier, "ca_file");
	pt_buffer_init(&prefix, state->prefix, sizeof(state->prefix));
	pt_buffer_init(&dlr, state->dlr, sizeof(state->dlr));
	make_prefix(carrier, &prefix);
	make_dlr(carrier, &dlr);
	if (prefix.overflow || dlr.overflow)
	{
		snprintf(problem, size, "the settings are too long");
		return false;
	}
	return true;
}

/* PtAdapter.release */
static void
kannel_release(PtCarrier *carrier)
{
	free(carrier->state);
	carrier->state = NULL;
}

/*
 * Appends dlr-url.  Kannel fills in %d (event type), %A (the centre's words) and
 * %I (id of the event, the same when it repeats the call).
 */
static void
add_dlr(PtBuffer *buffer, const KannelState *state, const PtPartRequest *part)
{
	char		number[16];

	snprintf(number, sizeof(number), "%d", part->part);
	pt_buffer_add(buffer, state->dlr);
	pt_buffer_add_encoded(buffer, part->message_id, strlen(part->message_id));
	pt_buffer_add(buffer, "%26part%3D");
	pt_buffer_add(buffer, number);
	pt_buffer_add(buffer, "%26type%3D%25d%26answer%3D%25A%26event%3D%25I");
}

/*
 * Appends text that uses a national locking shift table.  Kannel knows the
 * default alphabet only: each septet is written as the character that has the
 * same code there.
 */
static bool
add_national_text(PtBuffer *buffer, const unsigned char *septets, int n)
{
	static const PtAnalysis plain = {.encoding = PT_GSM7};
	char		text[PT_PART_MAX_OCTETS * 3 + 1];
	int			len = pt_text_decode(septets, (size_t) n, &plain, text, sizeof(text));

	if (len < 0)
		return false;
	add_parameter(buffer, "text", text, (size_t) len);
	return true;
}

/* Appends text, coding and charset; false: the part cannot be encoded. */
static bool
add_body(PtBuffer *buffer, const PtPartRequest *part)
{
	const PtAnalysis *how = part->how;
	unsigned char octets[PT_PART_MAX_OCTETS];
	int			n = pt_text_encode(part->part_text, part->part_len, how, octets, sizeof(octets));

	if (n < 0)
		return false;
	if (how->encoding == PT_UCS2)
	{
		pt_buffer_add(buffer, "&coding=2&charset=UTF-16BE");
		add_parameter(buffer, "text", (const char *) octets, (size_t) n);
		return true;
	}
	pt_buffer_add(buffer, "&coding=0&charset=UTF-8");
	if (how->locking_shift != 0)
		return add_national_text(buffer, octets, n);
	add_parameter(buffer, "text", part->part_text, part->part_len);
	return true;
}

/* Appends the user data header, where there is one. */
static void
add_udh(PtBuffer *buffer, const PtPartRequest *part)
{
	unsigned char header[PT_UDH_MAX_OCTETS];
	int			n = pt_text_udh(part->how, part->reference, part->parts, part->part, header);

	if (n > 0)
		add_parameter(buffer, "udh", (const char *) header, (size_t) n);
}

/* Appends the minutes left, at least one: Kannel knows no shorter validity. */
static void
add_validity(PtBuffer *buffer, long seconds)
{
	char		minutes[24];

	if (seconds < 0)
		return;
	snprintf(minutes, sizeof(minutes), "%ld", seconds < 60 ? 1 : seconds / 60);
	add_text(buffer, "validity", minutes);
}

/* PtAdapter.build */
static bool
kannel_build(PtCarrier *carrier, const PtPartRequest *part, PtHttpRequest *request)
{
	KannelState *state = carrier->state;
	PtBuffer	buffer;

	pt_buffer_init(&buffer, state->url, sizeof(state->url));
	pt_buffer_add(&buffer, state->prefix);
	add_text(&buffer, "priority", part->bulk ? PRIORITY_BULK : PRIORITY_TRANSACTIONAL);
	add_text(&buffer, "from", part->from);
	add_text(&buffer, "to", part->to);
	add_validity(&buffer, part->validity_s);
	add_udh(&buffer, part);
	add_dlr(&buffer, state, part);
	if (!add_body(&buffer, part) || buffer.overflow)
		return false;
	memset(request, 0, sizeof(*request));
	request->url = state->url;
	request->ca_file = state->ca_file;
	request->timeout_ms = carrier->timeout_ms;
	return true;
}

/* The code of an answer: mostly its status; Kannel's two kinds of 403 are told apart by their text. */
static void
set_status_code(const PtCarrier *carrier, const PtHttpResult *result, PtAnswer *answer)
{
	static const char *const texts[] = {"Authorization failed", "Not routable", NULL};
	char		code[24];
	PtAnswerClass fallback = PT_ANSWER_REFUSED;

	for (int i = 0; result->status == 403 && texts[i] != NULL; i++)
	{
		if (strncmp(result->body, texts[i], strlen(texts[i])) == 0)
		{
			pt_answer_set(carrier, answer, texts[i], PT_ANSWER_ACCOUNT);
			return;
		}
	}
	snprintf(code, sizeof(code), "%ld", result->status);
	if (result->status < 300)
		fallback = PT_ANSWER_UNCLEAR;	/* not Kannel's, who says 202 */
	else if (result->status < 400)
		fallback = PT_ANSWER_ACCOUNT;	/* the setting url is wrong */
	else if (result->status >= 500)
		fallback = PT_ANSWER_TEMPORARY;
	pt_answer_set(carrier, answer, code, fallback);
}

/* PtAdapter.classify */
static void
kannel_classify(PtCarrier *carrier, const PtHttpResult *result, PtAnswer *answer)
{
	answer->retry_after = result->retry_after;
	if (result->status > 0)
	{
		set_status_code(carrier, result, answer);
		pt_answer_say(carrier, answer, result->body);
		return;
	}
	if (result->fate == PT_HTTP_NOT_SENT)
		pt_answer_set(carrier, answer, "not sent", PT_ANSWER_TEMPORARY);
	else
		pt_answer_set(carrier, answer, "unclear", PT_ANSWER_UNCLEAR);
	pt_answer_say(carrier, answer, result->problem != NULL ? result->problem : "no answer");
}

const PtAdapter pt_adapter_kannel = {
	.name = "kannel",
	.splits = true,
	.configure = kannel_configure,
	.release = kannel_release,
	.build = kannel_build,
	.classify = kannel_classify,
	.rules = kannel_rules,
};
