/*
 * template.c
 *	  Texts with {placeholders}.
 */
#include "carrier/template.h"

#include <stdio.h>
#include <string.h>

/*
 * The next piece of a template: a stretch of plain text, or a placeholder's name
 * (slot).  Returns where the piece after it begins; NULL at the end, and, with
 * *broken, where a brace has no partner.
 */
static const char *
next_piece(const char *at, const char **piece, size_t *len, bool *slot, bool *broken)
{
	size_t		plain = strcspn(at, "{}");

	*slot = false;
	*piece = at;
	*len = plain;
	*broken = false;
	if (at[0] == '\0')
		return NULL;
	if (plain > 0)
		return at + plain;
	if (at[1] == at[0])			/* a doubled brace stands for one */
	{
		*len = 1;
		return at + 2;
	}
	*slot = true;
	*piece = at + 1;
	*len = strcspn(at + 1, "{}");
	*broken = at[0] == '}' || *len == 0 || at[1 + *len] != '}';
	return *broken ? NULL : at + *len + 2;
}

bool
pt_http_template_check(const char *text, const PtSlots *slots, char *problem, size_t size)
{
	const char *piece;
	size_t		len;
	bool		slot;
	bool		broken;
	PtSlotValue value;

	for (const char *at = text; (at = next_piece(at, &piece, &len, &slot, &broken)) != NULL;)
	{
		if (slot && !slots->find(slots->context, piece, len, &value))
		{
			snprintf(problem, size, "there is neither a placeholder nor a setting {%.*s}", (int) (len < 40 ? len : 40), piece);
			return false;
		}
	}
	if (broken)
		snprintf(problem, size, "a brace has no partner (a brace itself is written twice)");
	return !broken;
}

/* The value of a text that is one placeholder and nothing else; false: it is more. */
static bool
single_slot(const char *text, const PtSlots *slots, PtSlotValue *value)
{
	const char *piece;
	size_t		len;
	bool		slot;
	bool		broken;
	const char *after = next_piece(text, &piece, &len, &slot, &broken);

	return after != NULL && slot && *after == '\0' && slots->find(slots->context, piece, len, value);
}

bool
pt_http_template_absent(const char *text, const PtSlots *slots)
{
	PtSlotValue value = {NULL, 0, false};

	return single_slot(text, slots, &value) && value.octets == NULL;
}

/* Appends octets, encoded. */
static void
add_encoded(PtBuffer *out, const char *octets, size_t len, PtEncode encode)
{
	if (encode == PT_ENCODE_PERCENT)
		pt_buffer_add_encoded(out, octets, len);
	else if (encode == PT_ENCODE_JSON)
		pt_buffer_add_json(out, octets, len);
	else
		pt_buffer_append(out, octets, len);
}

/* Appends the text; the template's own stretches are encoded only where whole is set. */
static void
render(PtBuffer *out, const char *text, PtEncode encode, bool whole, const PtSlots *slots)
{
	const char *piece;
	size_t		len;
	bool		slot;
	bool		broken;

	for (const char *at = text; (at = next_piece(at, &piece, &len, &slot, &broken)) != NULL;)
	{
		PtSlotValue value = {NULL, 0, false};

		if (!slot)
			add_encoded(out, piece, len, whole ? encode : PT_ENCODE_PLAIN);
		else if (slots->find(slots->context, piece, len, &value) && value.octets != NULL)
			add_encoded(out, value.octets, value.len, encode);
	}
}

void
pt_http_template_render(PtBuffer *out, const char *text, PtEncode encode, const PtSlots *slots)
{
	render(out, text, encode, false, slots);
}

/* Appends a JSON string; a number alone has no quotes. */
static void
json_text(PtBuffer *out, const char *text, const PtSlots *slots)
{
	PtSlotValue value = {NULL, 0, false};

	if (single_slot(text, slots, &value) && value.octets != NULL && value.number)
	{
		pt_buffer_append(out, value.octets, value.len);
		return;
	}
	pt_buffer_add(out, "\"");
	render(out, text, PT_ENCODE_JSON, true, slots);
	pt_buffer_add(out, "\"");
}

/* Appends the children of an object or array with commas between. */
static void
json_children(PtBuffer *out, const PtJson *json, int at, const PtSlots *slots)
{
	bool		first = true;

	for (int i = json->values[at].first; i != 0; i = json->values[i].next)
	{
		const PtJsonValue *child = &json->values[i];

		if (child->kind == PT_JSON_TEXT && pt_http_template_absent(child->text, slots))
			continue;
		if (!first)
			pt_buffer_add(out, ",");
		first = false;
		if (child->name != NULL)
		{
			pt_buffer_add(out, "\"");
			pt_buffer_add_json(out, child->name, strlen(child->name));
			pt_buffer_add(out, "\":");
		}
		pt_http_template_json(out, json, i, slots);
	}
}

void
pt_http_template_json(PtBuffer *out, const PtJson *json, int at, const PtSlots *slots)
{
	const PtJsonValue *value = &json->values[at];

	switch (value->kind)
	{
		case PT_JSON_NULL:
			pt_buffer_add(out, "null");
			break;
		case PT_JSON_WORD:
			pt_buffer_add(out, value->text);
			break;
		case PT_JSON_TEXT:
			json_text(out, value->text, slots);
			break;
		default:
			pt_buffer_add(out, value->kind == PT_JSON_OBJECT ? "{" : "[");
			json_children(out, json, at, slots);
			pt_buffer_add(out, value->kind == PT_JSON_OBJECT ? "}" : "]");
	}
}

/* Appends name=value, rendered. */
static void
form_field(PtBuffer *out, const char *name, const char *text, bool *first, const PtSlots *slots)
{
	if (!*first)
		pt_buffer_add(out, "&");
	*first = false;
	pt_buffer_add_encoded(out, name, strlen(name));
	pt_buffer_add(out, "=");
	render(out, text, PT_ENCODE_PERCENT, true, slots);
}

void
pt_http_template_form(PtBuffer *out, const PtJson *json, int at, const PtSlots *slots)
{
	bool		first = true;

	for (int i = json->values[at].first; i != 0; i = json->values[i].next)
	{
		const PtJsonValue *field = &json->values[i];

		for (int j = field->kind == PT_JSON_ARRAY ? field->first : 0; j != 0; j = json->values[j].next)
		{
			if (json->values[j].text != NULL)
				form_field(out, field->name, json->values[j].text, &first, slots);
		}
		if (field->text == NULL || (field->kind == PT_JSON_TEXT && pt_http_template_absent(field->text, slots)))
			continue;
		form_field(out, field->name, field->text, &first, slots);
	}
}
