/*
 * http_receipt.c
 *	  What carriers of the templated adapter call back with.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/http_receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "carrier/http_state.h"

#define SIGNED_EXTRA 8192		/* octets of what is signed beside URL, form and body */

bool
pt_call_mapped(const PtCarrier *carrier)
{
	return pt_carrier_setting(carrier, "receipt_status") != NULL;
}

bool
pt_call_signed(const PtCarrier *carrier)
{
	const PtHttpState *state = carrier->state;

	return state->signature != PT_SIGNATURE_SECRET;
}

/* A callback and what is made of it to check its signature. */
typedef struct Signed
{
	const PtCall *call;
	const char *url;
	const char *form;
	size_t		form_len;
	const char *timestamp;
	const char *nonce;
} Signed;

bool
pt_http_signed_slot(void *context, const char *name, size_t len, PtSlotValue *value)
{
	static const char *const names[] = {"url", "form", "body", "timestamp", "nonce"};
	const Signed *s = context;
	size_t		i = 0;

	*value = (PtSlotValue) {NULL, 0, false};
	while (i < 5 && (strlen(names[i]) != len || memcmp(names[i], name, len) != 0))
		i++;
	if (i == 5 || s == NULL)
		return i < 5;
	value->octets = i == 0 ? s->url : i == 1 ? s->form : i == 2 ? s->call->body : i == 3 ? s->timestamp : s->nonce;
	value->len = value->octets == NULL ? 0 : i == 1 ? s->form_len : i == 2 ? s->call->body_len : strlen(value->octets);
	return true;
}

/* By name and then value, octet by octet; for qsort. */
static int
compare_fields(const void *a, const void *b)
{
	const PtJsonValue *one = *(const PtJsonValue *const *) a;
	const PtJsonValue *other = *(const PtJsonValue *const *) b;
	int			names = strcmp(one->name, other->name);

	return names != 0 ? names : strcmp(one->text, other->text);
}

/* Writes the form's fields, sorted, names and values without anything between; repeats once. */
static void
write_fields(PtBuffer *out, const PtJson *form, const PtJsonValue **fields)
{
	int			n = 0;

	for (int i = form->values[0].first; i != 0; i = form->values[i].next)
		fields[n++] = &form->values[i];
	qsort(fields, (size_t) n, sizeof(*fields), compare_fields);
	for (int i = 0; i < n; i++)
	{
		if (i > 0 && compare_fields(&fields[i], &fields[i - 1]) == 0)
			continue;
		pt_buffer_add(out, fields[i]->name);
		pt_buffer_add(out, fields[i]->text);
	}
}

/* The sorted fields as a string; NULL: no memory. */
static char *
sorted_fields(const PtJson *form, size_t size, size_t *len)
{
	char	   *text = malloc(size);
	const PtJsonValue **fields = malloc((form != NULL ? (size_t) form->count : 1) * sizeof(*fields));
	PtBuffer	out;

	if (text != NULL && fields != NULL)
	{
		pt_buffer_init(&out, text, size);
		if (form != NULL)
			write_fields(&out, form, fields);
		*len = out.len;
	}
	else
	{
		free(text);
		text = NULL;
	}
	free(fields);
	return text;
}

/* Is the time that came along within the window? */
static bool
is_timely(const char *timestamp, long now)
{
	char	   *end;
	long long	given;

	if (timestamp == NULL || timestamp[0] < '0' || timestamp[0] > '9')
		return false;
	given = strtoll(timestamp, &end, 10);
	return *end == '\0' && given >= now - PT_SIGNATURE_WINDOW && given <= now + PT_SIGNATURE_WINDOW;
}

/* Is the signature the carrier's over what its settings say? */
static bool
check_signed_text(const PtCarrier *carrier, Signed *s, const char *given)
{
	const PtHttpState *state = carrier->state;
	size_t		size = strlen(s->call->target) + s->call->body_len * 2 + strlen(state->base) + SIGNED_EXTRA;
	char	   *text = malloc(size);
	char	   *url = malloc(size);
	char	   *form = sorted_fields(s->call->form, size, &s->form_len);
	PtSlots		slots = {pt_http_signed_slot, s};
	PtBuffer	out;
	bool		valid = false;

	if (text != NULL && url != NULL && form != NULL)
	{
		snprintf(url, size, "%s%s", state->base, s->call->target);
		s->url = url;
		s->form = form;
		pt_buffer_init(&out, text, size);
		pt_http_template_render(&out, pt_carrier_setting(carrier, "signed"), PT_ENCODE_PLAIN, &slots);
		valid = !out.overflow && pt_signature_valid(state->signature, state->key, text, out.len, given);
	}
	free(text);
	free(url);
	free(form);
	return valid;
}

/* A header that a setting names; NULL: not set, or it did not come. */
static const char *
named_header(const PtCarrier *carrier, const PtCall *call, const char *setting)
{
	const char *name = pt_carrier_setting(carrier, setting);

	return name != NULL ? call->header(call->context, name) : NULL;
}

/* The same for a JSON Web Token in the Authorization header. */
static PtCallTrust
token_trust(const PtCarrier *carrier, const PtCall *call)
{
	const PtHttpState *state = carrier->state;
	const char *given = call->header(call->context, "Authorization");

	if (given == NULL)
		return PT_CALL_UNSIGNED;
	if (strncasecmp(given, "Bearer ", 7) != 0)
		return PT_CALL_FORGED;
	return pt_jwt_valid(given + 7, state->key, call->body != NULL ? call->body : "", call->body_len, call->now) ?
		PT_CALL_TRUSTED : PT_CALL_FORGED;
}

PtCallTrust
pt_call_trust(const PtCarrier *carrier, const PtCall *call)
{
	const PtHttpState *state = carrier->state;
	const char *given = named_header(carrier, call, "signature_header");
	Signed		s = {.call = call};

	if (state->signature == PT_SIGNATURE_JWT_HS256)
		return token_trust(carrier, call);
	if (given == NULL)
		return PT_CALL_UNSIGNED;
	s.timestamp = named_header(carrier, call, "timestamp_header");
	s.nonce = named_header(carrier, call, "nonce_header");
	if (pt_carrier_setting(carrier, "timestamp_header") != NULL && !is_timely(s.timestamp, call->now))
		return PT_CALL_FORGED;
	return check_signed_text(carrier, &s, given) ? PT_CALL_TRUSTED : PT_CALL_FORGED;
}

/* What a receipt holds at the path that a setting names; NULL: nothing. */
static const char *
field(const PtCarrier *carrier, const PtJson *data, int at, const char *setting)
{
	const char *path = pt_carrier_setting(carrier, setting);

	return path != NULL ? pt_json_text(data, at, path) : NULL;
}

/* One receipt. */
static bool
one_receipt(const PtCarrier *carrier, const PtJson *data, int at, PtFieldsDone done, void *context,
			const char **problem)
{
	const PtHttpState *state = carrier->state;
	const char *status = field(carrier, data, at, "receipt_status");
	PtFields	fields = {0};

	*problem = "there is no status where the carrier's settings say";
	if (status == NULL)
		return false;
	fields.status = pt_json_member(state->statuses, status);
	if (fields.status == NULL)
		return true;
	fields.id = field(carrier, data, at, "receipt_id");
	fields.ref = field(carrier, data, at, "receipt_ref");
	fields.code = field(carrier, data, at, "receipt_code");
	return done(context, &fields);
}

bool
pt_call_receipts(const PtCarrier *carrier, const PtJson *data, PtFieldsDone done, void *context, const char **problem)
{
	if (data->values[0].kind != PT_JSON_ARRAY)
		return one_receipt(carrier, data, 0, done, context, problem);
	for (int i = data->values[0].first; i != 0; i = data->values[i].next)
	{
		if (!one_receipt(carrier, data, i, done, context, problem))
			return false;
	}
	return true;
}
