/*
 * flow.c
 *	  Call flows: their keys, their canonical form, where their steps stand, and what
 *	  they mean for the decision about "contacted".
 */
#include "telephony/flow.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "telephony/flow_key.h"

#define OF(field) offsetof(PtStep, field)

const PtFlowKey pt_flow_keys[] = {
	{PT_STEP_WAIT, "seconds", PT_VALUE_INT, true, false, OF(seconds), 1, 600, 0},
	{PT_STEP_PLAY, "sound_id", PT_VALUE_ID, true, false, OF(sound_id), 0, 0, 0},
	{PT_STEP_SAY, "text", PT_VALUE_TEXT, true, false, OF(text), 1, 3000, 0},
	{PT_STEP_SAY, "language", PT_VALUE_LANGUAGE, false, false, OF(language), 2, 35, 0},
	{PT_STEP_GATHER, "digits", PT_VALUE_INT, true, false, OF(digits), 1, 32, 0},
	{PT_STEP_GATHER, "timeout", PT_VALUE_INT, false, false, OF(timeout_s), 1, 60, 5},
	{PT_STEP_GATHER, "sound_id", PT_VALUE_ID, false, false, OF(sound_id), 0, 0, 0},
	{PT_STEP_FORWARD, "team", PT_VALUE_TRUE, false, false, OF(team), 0, 0, 0},
	{PT_STEP_FORWARD, "to", PT_VALUE_DESTINATION, false, false, OF(to), 2, 255, 0},
	{PT_STEP_FORWARD, "from", PT_VALUE_CALLER, false, false, OF(from), 2, 16, 0},
	{PT_STEP_FORWARD, "trunk_id", PT_VALUE_ID, false, false, OF(trunk_id), 0, 0, 0},
	{PT_STEP_FORWARD, "outbound_trunk_id", PT_VALUE_ID, false, true, OF(trunk_id), 0, 0, 0},
	{PT_STEP_FORWARD, "dial_timeout", PT_VALUE_INT, false, false, OF(dial_timeout_s), 1, 300, 0},
	{PT_STEP_AMD, "if_human", PT_VALUE_FLOW, false, false, PT_FLOW_IF_HUMAN, 0, 0, 0},
	{PT_STEP_AMD, "if_machine", PT_VALUE_FLOW, false, false, PT_FLOW_IF_MACHINE, 0, 0, 0},
	{PT_STEP_AMD, "if_notsure", PT_VALUE_FLOW, false, false, PT_FLOW_IF_NOTSURE, 0, 0, 0}
};
const int	pt_flow_n_keys = sizeof(pt_flow_keys) / sizeof(pt_flow_keys[0]);

static const char *const step_names[PT_STEP_KINDS] = {
	"wait", "play", "say", "gather", "forward", "amd", "hangup"
};
static const char *const part_names[PT_FLOW_PARTS] = {"", "if_human", "if_machine", "if_notsure"};

/* What is written so far; len goes on behind size. */
typedef struct Out
{
	char	   *data;
	size_t		size;
	size_t		len;
} Out;

/* Appends one byte. */
static void
put(Out *out, char c)
{
	if (out->len < out->size)
		out->data[out->len] = c;
	out->len++;
}

/* Appends a text as it is. */
static void
put_text(Out *out, const char *text)
{
	while (*text != '\0')
		put(out, *text++);
}

/* Appends a number. */
static void
put_number(Out *out, int64_t number)
{
	char		digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, number);
	put_text(out, digits);
}

/* Appends a JSON string; of control characters steps have line feeds and tabs alone. */
static void
put_string(Out *out, const char *text)
{
	put(out, '"');
	for (; *text != '\0'; text++)
	{
		if (*text == '"' || *text == '\\' || *text == '\n' || *text == '\t')
			put(out, '\\');
		put(out, *text == '\n' ? 'n' : *text == '\t' ? 't' : *text);
	}
	put(out, '"');
}

static void put_part(Out *out, const PtCallFlow *flow, PtFlowPart part);

/* Has the step a value for the key? */
static bool
has_value(const PtStep *step, const PtFlowKey *key)
{
	const char *at = (const char *) step + key->offset;

	switch (key->value)
	{
		case PT_VALUE_INT:
			return *(const int *) at != 0;
		case PT_VALUE_ID:
			return *(const int64_t *) at != 0;
		case PT_VALUE_TRUE:
			return *(const bool *) at;
		case PT_VALUE_FLOW:
			return true;
		default:
			return *(const char *const *) at != NULL;
	}
}

/* Appends the value that the step has for the key. */
static void
put_value(Out *out, const PtCallFlow *flow, const PtStep *step, const PtFlowKey *key)
{
	const char *at = (const char *) step + key->offset;

	switch (key->value)
	{
		case PT_VALUE_INT:
			put_number(out, *(const int *) at);
			break;
		case PT_VALUE_ID:
			put_number(out, *(const int64_t *) at);
			break;
		case PT_VALUE_TRUE:
			put_text(out, "true");
			break;
		case PT_VALUE_FLOW:
			put_part(out, flow, (PtFlowPart) key->offset);
			break;
		default:
			put_string(out, *(const char *const *) at);
	}
}

/* Appends {"play":{"sound_id":3}}. */
static void
put_step(Out *out, const PtCallFlow *flow, const PtStep *step)
{
	bool		first = true;

	put_text(out, "{\"");
	put_text(out, step_names[step->kind]);
	put_text(out, "\":{");
	for (int i = 0; i < pt_flow_n_keys; i++)
	{
		const PtFlowKey *key = &pt_flow_keys[i];

		if (key->kind != step->kind || key->alias || !has_value(step, key))
			continue;
		if (!first)
			put(out, ',');
		first = false;
		put_string(out, key->name);
		put(out, ':');
		put_value(out, flow, step, key);
	}
	put_text(out, "}}");
}

/* Appends the array of one part's steps. */
static void
put_part(Out *out, const PtCallFlow *flow, PtFlowPart part)
{
	bool		first = true;

	put(out, '[');
	for (int i = 0; i < flow->n_steps; i++)
	{
		if (flow->steps[i].part != part)
			continue;
		if (!first)
			put(out, ',');
		first = false;
		put_step(out, flow, &flow->steps[i]);
	}
	put(out, ']');
}

size_t
pt_flow_write(const PtCallFlow *flow, char *out, size_t size)
{
	Out			to = {out, size, 0};

	put_part(&to, flow, PT_FLOW_MAIN);
	if (size > 0)
		out[to.len < size ? to.len : size - 1] = '\0';
	return to.len;
}

void
pt_step_path(const PtCallFlow *flow, const PtStep *step, char *path, size_t size)
{
	int			amd = 0;

	for (int i = 0; i < flow->n_steps; i++)
		if (flow->steps[i].kind == PT_STEP_AMD)
			amd = flow->steps[i].index;
	if (step->part == PT_FLOW_MAIN)
		snprintf(path, size, "flow[%d].%s", step->index, step_names[step->kind]);
	else
		snprintf(path, size, "flow[%d].amd.%s[%d].%s", amd, part_names[step->part], step->index,
				 step_names[step->kind]);
}

const char *
pt_step_name(PtStepKind kind)
{
	return step_names[kind];
}

const char *
pt_flow_part_name(PtFlowPart part)
{
	return part_names[part];
}

/* How many digits a text begins with. */
static size_t
count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* What may be in a sip: URI: nothing that ends it in a header, and no headers of its own (?, &). */
static bool
sip_uri_ok(const char *rest)
{
	if (*rest == '\0' || *rest == '@')
		return false;
	for (; *rest != '\0'; rest++)
		if (!isalnum((unsigned char) *rest) && strchr("-_.!~*'()+#%@:;=[]$", *rest) == NULL)
			return false;
	return true;
}

bool
pt_destination_ok(const char *to)
{
	size_t		n;

	if (strncmp(to, "sip:", 4) == 0)
		return sip_uri_ok(to + 4);
	if (strncmp(to, "sips:", 5) == 0)
		return sip_uri_ok(to + 5);
	if (to[0] == '+')
	{
		n = count_digits(to + 1);
		return to[1] != '0' && n >= 7 && n <= 15 && to[1 + n] == '\0';
	}
	n = count_digits(to);
	return n >= 2 && n <= 6 && to[n] == '\0';
}

PtFlowPart
pt_flow_part_of(PtAmdResult amd)
{
	static const PtFlowPart parts[] = {
		[PT_AMD_NONE] = PT_FLOW_MAIN,
		[PT_AMD_HUMAN] = PT_FLOW_IF_HUMAN,
		[PT_AMD_MACHINE] = PT_FLOW_IF_MACHINE,
		[PT_AMD_NOTSURE] = PT_FLOW_IF_NOTSURE,
		[PT_AMD_HANGUP] = PT_FLOW_MAIN
	};

	return parts[amd];
}

/* "Flow has forward" looks at the flow in force (TEL-05). */
bool
pt_flow_contacted(const PtFlowFacts *facts, bool a_answered, PtAmdResult amd, bool b_answered)
{
	PtFlowPart	part = facts->has_amd ? pt_flow_part_of(amd) : PT_FLOW_MAIN;
	const PtSubflow *sub = part != PT_FLOW_MAIN ? &facts->sub[part - PT_FLOW_IF_HUMAN] : NULL;
	PtContact	contact = {
		.leg_a = a_answered,
		.has_amd = facts->has_amd,
		.amd = amd,
		.subflow_empty = sub != NULL && sub->empty,
		.has_forward = sub != NULL ? sub->forward : facts->main_forward,
		.leg_b = b_answered
	};

	return pt_is_contacted(&contact);
}
