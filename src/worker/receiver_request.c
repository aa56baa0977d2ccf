/*
 * receiver_request.c
 *	  Reading the receiver's requests: who may call, and what a callback says.
 *
 * Nothing here may raise a PostgreSQL error: libmicrohttpd calls it.  Memory is
 * malloc's.
 */
#include "worker/receiver_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "carrier/http_receipt.h"
#include "text/utf8.h"

#define BODY_LIMIT 65536		/* octets of a request's body */

/* A request header; NULL when it is missing. */
static const char *
header(const PtRequest *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* The carrier that the path names: /receipt/<carrier>, /inbound/<carrier>; 0 or an error. */
static unsigned
route(PtRequest *r, const PtReceiverCarrier **carrier)
{
	const char *name;

	if (strncmp(r->uri, "/receipt/", 9) == 0)
		name = r->uri + 9;
	else if (strncmp(r->uri, "/inbound/", 9) == 0)
	{
		name = r->uri + 9;
		r->callback.inbound = true;
	}
	else
		return NOT_FOUND;
	*carrier = r->hooks->carrier(name);
	return *carrier != NULL ? 0 : NOT_FOUND;
}

/* Does the request carry the carrier's secret? */
static unsigned
authorize(PtRequest *r, const PtReceiverCarrier *carrier)
{
	const char *given = header(r, "Authorization");
	char		secret[PT_SECRET_SIZE];

	if (given == NULL)
		return UNAUTHORIZED;
	if (!pt_authorization_read(given, r->user, secret, sizeof(secret)))
		return FORBIDDEN;
	return pt_secret_equal(secret, carrier->secret) ? 0 : FORBIDDEN;
}

/*
 * May the request go on to its body?  Where callbacks are signed, that is checked
 * when the body is there; and such a key, which may be a public one, opens nothing
 * else.
 */
static unsigned
admit(PtRequest *r, const PtReceiverCarrier *carrier)
{
	if (!carrier->templated)
		return authorize(r, carrier);
	if (carrier->settings == NULL)
		return UNAVAILABLE;
	if (!pt_call_signed(carrier->settings))
		return authorize(r, carrier);
	r->unproven = true;
	return r->callback.inbound ? FORBIDDEN : 0;
}

/* Looks at the request's line and headers; 0 or the status of an error. */
unsigned
pt_request_begin(PtRequest *r, const char *method)
{
	const PtReceiverCarrier *carrier = NULL;
	const char *length = header(r, "Content-Length");
	unsigned	status;

	r->post = strcmp(method, "POST") == 0;
	r->health = strcmp(r->uri, "/health") == 0;
	if (!r->post && strcmp(method, "GET") != 0)
		return NOT_ALLOWED;
	if (r->health)
		return OK;
	status = route(r, &carrier);
	if (status == 0)
		status = admit(r, carrier);
	if (status != 0)
		return status;
	r->callback.carrier_id = carrier->carrier_id;
	snprintf(r->callback.carrier, sizeof(r->callback.carrier), "%s", carrier->name);
	return length != NULL && strtoul(length, NULL, 10) > BODY_LIMIT ? TOO_LARGE : 0;
}

/* Keeps a stretch of the body; 0 or the status of an error. */
unsigned
pt_request_body(PtRequest *r, const char *data, size_t size)
{
	if (size > BODY_LIMIT - r->body_len)
		return TOO_LARGE;
	if (r->body_len + size + 1 > r->body_room)
	{
		size_t		room = (r->body_len + size + 1) * 2;
		char	   *body = realloc(r->body, room);

		if (body == NULL)
			return SERVER_ERROR;
		r->body = body;
		r->body_room = room;
	}
	memcpy(r->body + r->body_len, data, size);
	r->body_len += size;
	r->body[r->body_len] = '\0';
	return 0;
}

/* Is the body of this type? */
static bool
has_type(const PtRequest *r, const char *type)
{
	const char *given = header(r, "Content-Type");
	size_t		len = strlen(type);

	return given != NULL && strncasecmp(given, type, len) == 0 &&
		strchr("; \t", given[len]) != NULL;
}

/* Adds one receipt; PtFieldsDone. */
static bool
add_receipt(void *context, const PtFields *fields)
{
	PtRequest  *r = context;
	PtCallback *c = &r->callback;

	if (c->n_receipts >= r->receipts_room)
	{
		int			room = r->receipts_room * 2 + 1;
		PtReceipt  *receipts = realloc(c->receipts, room * sizeof(PtReceipt));

		r->problem = "out of memory";
		if (receipts == NULL)
			return false;
		c->receipts = receipts;
		r->receipts_room = room;
	}
	if (!pt_receipt_read(fields, &c->receipts[c->n_receipts], &r->problem))
		return false;
	if (c->receipts[c->n_receipts].status != NULL)
		c->n_receipts++;
	return true;
}

/* Takes the one inbound message of a request; PtFieldsDone. */
static bool
add_message(void *context, const PtFields *fields)
{
	PtRequest  *r = context;

	r->problem = "one message at a time";
	if (r->callback.message.from != NULL)
		return false;
	r->callback.message = *fields;
	return pt_inbound_check(fields, &r->problem);
}

/*
 * The octets as UTF-8: what is not is read as ISO 8859-1, so that no message is
 * lost; NUL becomes U+FFFD.  NULL: no memory.
 */
static char *
to_utf8(const char *octets, size_t len)
{
	char	   *text = malloc(len * 3 + 1);
	char	   *out = text;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++)
		out += pt_utf8_put(out, octets[i] == '\0' ? 0xFFFD : (unsigned char) octets[i]);
	*out = '\0';
	return text;
}

/* Makes sure that the inbound text is UTF-8; len counts NULs in it. */
static unsigned
convert_text(PtRequest *r, const char *text, size_t len)
{
	r->callback.message.text = text;
	if (strlen(text) == len && pt_utf8_valid(text))
		return 0;
	r->converted = to_utf8(text, len);
	r->callback.message.text = r->converted;
	return r->converted != NULL ? 0 : SERVER_ERROR;
}

/* A number in a Kannel header, in which + may come as %2B; NULL: none or too long. */
static const char *
kannel_number(const PtRequest *r, const char *name, char *out, size_t size)
{
	const char *value = header(r, name);

	if (value == NULL || strlen(value) >= size)
		return NULL;
	if (strncasecmp(value, "%2B", 3) == 0)
		snprintf(out, size, "+%s", value + 3);
	else
		snprintf(out, size, "%s", value);
	return out;
}

/*
 * Kannel's post-url: the body is the text, the rest is in headers.  A user name
 * other than the carrier's (http://%I:secret@host/...) is the message's id.
 */
static unsigned
finish_kannel_message(PtRequest *r, PtFields *fields)
{
	fields->from = kannel_number(r, "X-Kannel-From", r->from, sizeof(r->from));
	fields->to = kannel_number(r, "X-Kannel-To", r->to, sizeof(r->to));
	if (fields->ref == NULL && r->user[0] != '\0' && strcmp(r->user, r->callback.carrier) != 0)
		fields->ref = r->user;
	if (!add_message(r, fields))
		return BAD_REQUEST;
	return r->body != NULL ? convert_text(r, r->body, r->body_len) : convert_text(r, "", 0);
}

/* A request header by name; for PtCall. */
static const char *
call_header(void *context, const char *name)
{
	return header(context, name);
}

/* Who signed the templated carrier's callback?  0 or the status of an error. */
static unsigned
check_signature(PtRequest *r, const PtReceiverCarrier *carrier, const PtJson *form)
{
	size_t		size = strlen(r->uri) + (r->query != NULL ? strlen(r->query) : 0) + 2;
	PtCall		call = {.body = r->body,.body_len = r->body_len,.form = form,
		.header = call_header,.context = r,.now = r->hooks->now()};

	if (!pt_call_signed(carrier->settings))
		return r->unproven ? UNAVAILABLE : 0;
	r->target = malloc(size);
	if (r->target == NULL)
		return SERVER_ERROR;
	snprintf(r->target, size, "%s%s%s", r->uri, r->query != NULL ? "?" : "", r->query != NULL ? r->query : "");
	call.target = r->target;
	switch (pt_call_trust(carrier->settings, &call))
	{
		case PT_CALL_TRUSTED:
			return 0;
		case PT_CALL_UNSIGNED:
			return UNAUTHORIZED;
		default:
			return FORBIDDEN;
	}
}

/* A templated carrier's receipts; 0 or the status of an error. */
static unsigned
finish_templated(PtRequest *r, const PtReceiverCarrier *carrier)
{
	bool		form = r->body != NULL && has_type(r, "application/x-www-form-urlencoded");
	const char *text = r->body != NULL ? r->body : r->query != NULL ? r->query : "";
	unsigned	status;

	if (r->body != NULL && !form && !has_type(r, "application/json"))
		return UNSUPPORTED;
	r->data = form || r->body == NULL ? pt_json_form(text, strlen(text)) : pt_json_parse(r->body, r->body_len);
	status = check_signature(r, carrier, form ? r->data : NULL);
	if (status != 0)
		return status;
	r->problem = "malformed form or JSON";
	if (r->data == NULL ||
		!pt_call_receipts(carrier->settings, r->data, add_receipt, r, &r->problem))
		return BAD_REQUEST;
	return r->callback.n_receipts > 0 ? 0 : OK;
}

/* The request is whole: reads it; 0 or the status of an error. */
unsigned
pt_request_finish(PtRequest *r)
{
	const PtReceiverCarrier *carrier = r->hooks->carrier(r->callback.carrier);
	PtFieldsDone add = r->callback.inbound ? add_message : add_receipt;
	PtFields	fields = {0};
	const char *text;

	/* The carrier may have changed since the headers came. */
	if (carrier == NULL)
		return NOT_FOUND;
	if (carrier->templated ? carrier->settings == NULL : r->unproven)
		return UNAVAILABLE;
	if (carrier->templated && !r->callback.inbound)
		return finish_templated(r, carrier);
	if (r->query != NULL)
		pt_form_read(r->query, &fields);
	if (r->callback.inbound && r->post && header(r, "X-Kannel-To") != NULL)
		return finish_kannel_message(r, &fields);
	if (r->body != NULL && has_type(r, "application/json"))
	{
		r->problem = "malformed JSON";
		if (!pt_json_read(r->body, r->body_len, add, r))
			return BAD_REQUEST;
	}
	else
	{
		if (r->body != NULL && !has_type(r, "application/x-www-form-urlencoded"))
			return UNSUPPORTED;
		if (r->body != NULL)
			pt_form_read(r->body, &fields);
		if (!add(r, &fields))
			return BAD_REQUEST;
	}
	if (!r->callback.inbound)
		return r->callback.n_receipts > 0 ? 0 : OK;
	text = r->callback.message.text != NULL ? r->callback.message.text : "";
	return convert_text(r, text, strlen(text));
}
