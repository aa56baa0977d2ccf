/*
 * receiver_read.c
 *	  Reads the receiver's requests when they are whole: who signed them, and what
 *	  they say.  Nothing here may raise a PostgreSQL error.
 */
#include "worker/receiver_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UDH_SIZE 514			/* of a header of 256 octets in hexadecimal */

/* A request header; NULL when it is missing. */
static const char *
header(const PtRequest *r, const char *name)
{
	return pt_request_header((void *) r, name);
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
	return pt_message_read(fields, &r->callback.message, &r->problem);
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
read_kannel_message(PtRequest *r, PtFields *fields)
{
	char		udh[UDH_SIZE];

	fields->from = kannel_number(r, "X-Kannel-From", r->from, sizeof(r->from));
	fields->to = kannel_number(r, "X-Kannel-To", r->to, sizeof(r->to));
	fields->udh = pt_kannel_udh(header(r, "X-Kannel-UDH"), udh, sizeof(udh));
	if (fields->ref == NULL && r->user[0] != '\0' && strcmp(r->user, r->callback.carrier) != 0)
		fields->ref = r->user;
	return pt_message_read_octets(fields, r->body != NULL ? r->body : "", r->body_len,
								  pt_charset_of(header(r, "Content-Type")),
								  &r->callback.message, &r->problem) ? 0 : BAD_REQUEST;
}

const char *
pt_request_target(PtRequest *r)
{
	size_t		size = strlen(r->uri) + (r->query != NULL ? strlen(r->query) : 0) + 2;

	if (r->target == NULL)
		r->target = malloc(size);
	if (r->target != NULL)
		snprintf(r->target, size, "%s%s%s", r->uri, r->query != NULL ? "?" : "", r->query != NULL ? r->query : "");
	return r->target;
}

/* Who signed the templated carrier's callback?  0 or the status of an error. */
static unsigned
check_signature(PtRequest *r, const PtReceiverCarrier *carrier, const PtJson *form, long now)
{
	PtCall		call = {.body = r->body,.body_len = r->body_len,.form = form,
		.header = pt_request_header,.context = r,.now = now};

	if (!pt_call_signed(carrier->settings))
		return r->unproven ? UNAVAILABLE : 0;
	call.target = pt_request_target(r);
	if (call.target == NULL)
		return SERVER_ERROR;
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

/* Keeps what the carrier wants to be answered to a message (Twilio: a document without a reply). */
static bool
keep_answer(PtRequest *r, const PtReceiverCarrier *carrier)
{
	const char *text = pt_carrier_setting(carrier->settings, "inbound_answer");
	const char *type = pt_carrier_setting(carrier->settings, "inbound_answer_type");

	if (text == NULL || type == NULL)
		return true;
	r->answer = strdup(text);
	r->answer_type = strdup(type);
	return r->answer != NULL && r->answer_type != NULL;
}

/* A templated carrier's receipts or message, its signature checked. */
static unsigned
read_mapped(PtRequest *r, const PtReceiverCarrier *carrier)
{
	r->problem = "malformed form or JSON";
	if (r->data == NULL)
		return BAD_REQUEST;
	r->callback.inbound = pt_call_is_message(carrier->settings, r->data, r->callback.inbound);
	if (r->callback.inbound)
	{
		if (!keep_answer(r, carrier))
			return SERVER_ERROR;
		return pt_call_message(carrier->settings, r->data, add_message, r, &r->problem) ? 0 : BAD_REQUEST;
	}
	r->problem = "the carrier's settings do not say how receipts are read";
	if (!pt_call_mapped(carrier->settings))
		return BAD_REQUEST;
	return pt_call_receipts(carrier->settings, r->data, add_receipt, r, &r->problem) ? 0 : BAD_REQUEST;
}

/*
 * No text of a database holds a NUL: a message with one is refused (before its
 * fields are read where that destroys the text).
 */
static unsigned
refuse_nul(PtRequest *r, bool json)
{
	r->problem = "there is a NUL in it";
	if (r->query != NULL && pt_form_has_nul(r->query))
		return BAD_REQUEST;
	if (r->body == NULL)
		return 0;
	return strlen(r->body) != r->body_len || (json ? pt_json_has_nul(r->body) : pt_form_has_nul(r->body)) ?
		BAD_REQUEST : 0;
}

/* What came, as the tree that the settings of a templated carrier are about. */
static unsigned
read_templated(PtRequest *r, const PtReceiverCarrier *carrier, long now)
{
	bool		form = r->body != NULL && has_type(r, "application/x-www-form-urlencoded");
	const char *text = r->body != NULL ? r->body : r->query != NULL ? r->query : "";
	bool		json = r->body != NULL && !form;
	unsigned	status;

	if (json && !has_type(r, "application/json"))
		return UNSUPPORTED;
	r->data = json ? pt_json_parse(r->body, r->body_len) : pt_json_form(text, strlen(text));
	status = check_signature(r, carrier, form ? r->data : NULL, now);
	if (status == 0)
		status = read_mapped(r, carrier);
	return status == 0 && r->callback.inbound ? refuse_nul(r, json) : status;
}

/* What any carrier may post: a query, a form or JSON with our names. */
static unsigned
read_plain(PtRequest *r)
{
	PtFieldsDone add = r->callback.inbound ? add_message : add_receipt;
	bool		json = r->body != NULL && has_type(r, "application/json");
	PtFields	fields = {0};

	if (r->callback.inbound && r->post && header(r, "X-Kannel-To") != NULL)
	{
		if (r->query != NULL)
			pt_form_read(r->query, &fields);
		return read_kannel_message(r, &fields);
	}
	if (r->callback.inbound && refuse_nul(r, json) != 0)
		return BAD_REQUEST;
	if (r->query != NULL)
		pt_form_read(r->query, &fields);
	if (json)
	{
		r->problem = "malformed JSON";
		return pt_json_read(r->body, r->body_len, add, r) ? 0 : BAD_REQUEST;
	}
	if (r->body != NULL && !has_type(r, "application/x-www-form-urlencoded"))
		return UNSUPPORTED;
	if (r->body != NULL)
		pt_form_read(r->body, &fields);
	return add(r, &fields) ? 0 : BAD_REQUEST;
}

/* Does the request say anything?  An empty message is dropped without a trace (BILL-12). */
static bool
says_something(const PtCallback *c)
{
	const PtMessage *m = &c->message;

	if (!c->inbound)
		return c->n_receipts > 0;
	return m->from != NULL && (m->parts > 1 || (m->text != NULL ? m->text[0] != '\0' : m->len > 0));
}

unsigned
pt_request_read(PtRequest *r, const PtReceiverCarrier *carrier, long now)
{
	unsigned	status;

	/* The carrier may have changed since the headers came. */
	if (carrier == NULL)
		return NOT_FOUND;
	if (carrier->templated ? carrier->settings == NULL : r->unproven)
		return UNAVAILABLE;
	if (carrier->templated && (!r->callback.inbound || pt_call_reads_messages(carrier->settings)))
		status = read_templated(r, carrier, now);
	else
		status = read_plain(r);
	return status == 0 && !says_something(&r->callback) ? OK : status;
}
