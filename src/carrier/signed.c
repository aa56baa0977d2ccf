/*
 * signed.c
 *	  Who signed a callback, by what the settings say is signed.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/signed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/http_util.h"

#define SIGNED_EXTRA 8192		/* octets of what is signed beside URL, form and body */

/* A callback and what is made of it to check its signature. */
typedef struct Signed
{
	const PtSignedRule *rule;
	const PtCall *call;
	const char *url;
	const char *form;
	size_t		form_len;
	const char *timestamp;
	const char *nonce;
} Signed;

bool
pt_signed_slot(void *context, const char *name, size_t len, PtSlotValue *value)
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

/* Is the signature the peer's over what the rule says? */
static bool
check_signed_text(Signed *s, const char *given)
{
	const PtSignedRule *rule = s->rule;
	size_t		size = strlen(s->call->target) + s->call->body_len * 2 + strlen(rule->base) + SIGNED_EXTRA;
	char	   *text = malloc(size);
	char	   *url = malloc(size);
	char	   *form = sorted_fields(s->call->form, size, &s->form_len);
	PtSlots		slots = {pt_signed_slot, s};
	PtBuffer	out;
	bool		valid = false;

	if (text != NULL && url != NULL && form != NULL)
	{
		snprintf(url, size, "%s%s", rule->base, s->call->target);
		s->url = url;
		s->form = form;
		pt_buffer_init(&out, text, size);
		pt_http_template_render(&out, rule->text, PT_ENCODE_PLAIN, &slots);
		valid = !out.overflow && pt_signature_valid(rule->scheme, rule->key, text, out.len, given);
	}
	free(text);
	free(url);
	free(form);
	return valid;
}

/* A header of the callback by its name (NULL: none); NULL: it did not come. */
static const char *
named_header(const PtCall *call, const char *name)
{
	return name != NULL ? call->header(call->context, name) : NULL;
}

/* The same for a JSON Web Token in the Authorization header. */
static PtCallTrust
token_trust(const PtSignedRule *rule, const PtCall *call)
{
	const char *given = call->header(call->context, "Authorization");

	if (given == NULL)
		return PT_CALL_UNSIGNED;
	if (strncasecmp(given, "Bearer ", 7) != 0)
		return PT_CALL_FORGED;
	return pt_jwt_valid(given + 7, rule->key, call->body != NULL ? call->body : "", call->body_len, call->now) ?
		PT_CALL_TRUSTED : PT_CALL_FORGED;
}

PtCallTrust
pt_signed_trust(const PtSignedRule *rule, const PtCall *call)
{
	const char *given = named_header(call, rule->header);
	Signed		s = {.rule = rule,.call = call};

	if (rule->scheme == PT_SIGNATURE_JWT_HS256)
		return token_trust(rule, call);
	if (given == NULL)
		return PT_CALL_UNSIGNED;
	s.timestamp = named_header(call, rule->timestamp_header);
	s.nonce = named_header(call, rule->nonce_header);
	if (rule->timestamp_header != NULL && !is_timely(s.timestamp, call->now))
		return PT_CALL_FORGED;
	return check_signed_text(&s, given) ? PT_CALL_TRUSTED : PT_CALL_FORGED;
}
