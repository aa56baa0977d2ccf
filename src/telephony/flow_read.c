/*
 * flow_read.c
 *	  Reads call flows from JSON and says where one is wrong.
 *
 * A flow is an array of objects of one key each; an amd object has three arrays of the
 * same kind.  There is no deeper nesting and everything unknown is an error, so
 * that the reader never recurses further than one sub-flow.
 */
#include "telephony/flow.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/flow_key.h"
#include "text/json_read.h"
#include "text/placeholder.h"
#include "text/utf8.h"

/* Where the reader is. */
typedef struct Reader
{
	PtJsonReader json;
	PtCallFlow *flow;
	PtFlowProblem *problem;
	PtFlowPart	part;
	int			index;			/* in the part */
	int			amd_index;		/* of the amd object in the main flow, while it is read */
	const char *step;			/* name of the object; NULL: not known yet */
	const char *key;			/* NULL: not known yet */
} Reader;

static bool read_part(Reader *reader, PtFlowPart part);

/* The path of what is being read. */
static void
write_path(const Reader *reader, char *path, size_t size)
{
	char		step[40] = "";

	if (reader->index < 0)
		step[0] = '\0';
	else if (reader->step == NULL)
		snprintf(step, sizeof(step), "[%d]", reader->index);
	else
		snprintf(step, sizeof(step), "[%d].%s%s%s", reader->index, reader->step,
				 reader->key != NULL ? "." : "", reader->key != NULL ? reader->key : "");
	if (reader->part == PT_FLOW_MAIN)
		snprintf(path, size, "flow%s", step);
	else
		snprintf(path, size, "flow[%d].amd.%s%s", reader->amd_index, pt_flow_part_name(reader->part), step);
}

/* Says what is wrong here; returns false. */
static bool __attribute__((format(printf, 2, 3)))
fail(Reader *reader, const char *format,...)
{
	va_list		args;

	write_path(reader, reader->problem->path, sizeof(reader->problem->path));
	va_start(args, format);
	vsnprintf(reader->problem->text, sizeof(reader->problem->text), format, args);
	va_end(args);
	return false;
}

/* Fails with a name that the flow's author has chosen: its beginning, printable. */
static bool
fail_name(Reader *reader, const char *what, const char *name)
{
	char		shown[32];
	size_t		n = 0;

	for (; n < sizeof(shown) - 1 && name[n] != '\0'; n++)
		shown[n] = name[n] >= ' ' && name[n] <= '~' && name[n] != '"' ? name[n] : '?';
	shown[n] = '\0';
	return fail(reader, "%s \"%s\" is not known", what, shown);
}

/* Reads a quoted text. */
static bool
read_quoted(Reader *reader, char **text)
{
	return pt_json_take(&reader->json, '"') && pt_json_string(&reader->json, text);
}

/* Reads "name":, if the object does not end here. */
static bool
read_name(Reader *reader, char **name)
{
	if (read_quoted(reader, name) && pt_json_take(&reader->json, ':'))
		return true;
	return fail(reader, "is no well-formed object");
}

/* Reads a whole number from min to max. */
static bool
read_whole(Reader *reader, int64_t min, int64_t max, int64_t *value)
{
	char	   *word;
	size_t		len;

	pt_json_blanks(&reader->json);
	if (pt_json_word(&reader->json, &word) && word != NULL)
	{
		len = strspn(word, "0123456789");
		*value = len > 0 && len <= 18 && word[len] == '\0' ? strtoll(word, NULL, 10) : -1;
		if (*value >= min && *value <= max)
			return true;
	}
	if (max == INT64_MAX)
		return fail(reader, "must be the id of one, a whole number");
	return fail(reader, "must be a whole number from %lld to %lld", (long long) min, (long long) max);
}

/* Is it well-formed UTF-8 without control characters, but for line feeds and tabs? */
static bool
is_plain(const char *text)
{
	const unsigned char *at = (const unsigned char *) text;
	size_t		left = strlen(text);

	while (left > 0)
	{
		uint32_t	c;
		size_t		width = pt_utf8_next(at, left, &c);

		if (width == 0 || (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0))
			return false;
		at += width;
		left -= width;
	}
	return true;
}

/* Are the braces of a text those of variables?  *any: there are some. */
static bool
braces_ok(const char *text, bool *any)
{
	size_t		at = 0;
	PtPiece		piece;
	PtPieceKind kind;

	*any = false;
	while ((kind = pt_template_next(text, strlen(text), &at, &piece)) != PT_PIECE_END)
	{
		if (kind == PT_PIECE_BAD)
			return false;
		*any |= kind == PT_PIECE_VARIABLE;
	}
	return true;
}

/* A language tag (RFC 5646) by its form: en, es-419, zh-Hant-TW. */
static bool
is_language(const char *text)
{
	size_t		n = 0;

	while (isalpha((unsigned char) text[n]))
		n++;
	if (n < 2 || n > 3)
		return false;
	for (text += n; *text == '-'; text += n + 1)
	{
		for (n = 0; isalnum((unsigned char) text[1 + n]);)
			n++;
		if (n < 1 || n > 8)
			return false;
	}
	return *text == '\0';
}

/* A caller id: digits, a + before them or not. */
static bool
is_caller(const char *text)
{
	const char *digits = text + (text[0] == '+');
	size_t		n = strspn(digits, "0123456789");

	return n >= 2 && n <= 15 && digits[n] == '\0';
}

/* Is a text good for its key? */
static bool
check_text(Reader *reader, const PtFlowKey *key, const char *text)
{
	bool		variables = false;

	if (!is_plain(text))
		return fail(reader, "has control characters or is no UTF-8");
	if (strlen(text) < (size_t) key->min || strlen(text) > (size_t) key->max)
		return fail(reader, "must have %d to %d bytes", key->min, key->max);
	if (key->value == PT_VALUE_LANGUAGE)
		return is_language(text) || fail(reader, "must be a language tag such as en or es-419");
	if (key->value == PT_VALUE_CALLER)
		return is_caller(text) || fail(reader, "must be a number of 2 to 15 digits");
	if (!braces_ok(text, &variables))
		return fail(reader, "has braces that are no {{variable}}");
	reader->flow->facts.has_variables |= variables;
	if (key->value == PT_VALUE_TEXT || variables || pt_destination_ok(text))
		return true;
	return fail(reader, "must be + and 7 to 15 digits, an extension of 2 to 6 digits, or a sip: URI");
}

/* Takes null if it is next: as if the key was not there. */
static bool
take_null(Reader *reader)
{
	PtJsonReader *json = &reader->json;

	pt_json_blanks(json);
	if (json->end - json->at < 4 || memcmp(json->at, "null", 4) != 0)
		return false;
	json->at += 4;
	return true;
}

/* Takes true if it is next. */
static bool
take_true(Reader *reader)
{
	char	   *word;

	pt_json_blanks(&reader->json);
	return pt_json_word(&reader->json, &word) && word != NULL && strcmp(word, "true") == 0;
}

/* Reads the value of a key into the step. */
static bool
read_value(Reader *reader, const PtFlowKey *key, PtStep *step)
{
	char	   *at = (char *) step + key->offset;
	char	   *text = NULL;
	int64_t		number = 0;

	switch (key->value)
	{
		case PT_VALUE_INT:
			if (!read_whole(reader, key->min, key->max, &number))
				return false;
			*(int *) at = (int) number;
			return true;
		case PT_VALUE_ID:
			return read_whole(reader, 1, INT64_MAX, (int64_t *) at);
		case PT_VALUE_TRUE:
			*(bool *) at = take_true(reader);
			return *(bool *) at || fail(reader, "must be true");
		case PT_VALUE_FLOW:
			return read_part(reader, (PtFlowPart) key->offset);
		default:
			if (!read_quoted(reader, &text))
				return fail(reader, "must be a text");
			*(const char **) at = text;
			return check_text(reader, key, text);
	}
}

/* The key of an object of this kind; -1: it has none of that name. */
static int
find_key(PtStepKind kind, const char *name)
{
	for (int i = 0; i < pt_flow_n_keys; i++)
		if (pt_flow_keys[i].kind == kind && strcmp(pt_flow_keys[i].name, name) == 0)
			return i;
	return -1;
}

/* Marks a key as seen, with all that mean the same; false: it was seen before. */
static bool
see_key(int i, unsigned *seen)
{
	bool		first = (*seen & (1u << i)) == 0;

	for (int j = 0; j < pt_flow_n_keys; j++)
		if (pt_flow_keys[j].kind == pt_flow_keys[i].kind && pt_flow_keys[j].offset == pt_flow_keys[i].offset)
			*seen |= 1u << j;
	return first;
}

/* Fills in what is not there, and complains if it must be. */
static bool
complete(Reader *reader, PtStep *step, unsigned given)
{
	for (int i = 0; i < pt_flow_n_keys; i++)
	{
		const PtFlowKey *key = &pt_flow_keys[i];

		if (key->kind != step->kind || (given & (1u << i)) != 0)
			continue;
		if (key->required)
			return fail(reader, "needs %s", key->name);
		if (key->standard != 0)
			*(int *) ((char *) step + key->offset) = key->standard;
	}
	if (step->kind != PT_STEP_FORWARD)
		return true;
	if (step->team && (step->to != NULL || step->from != NULL || step->trunk_id != 0 || step->dial_timeout_s != 0))
		return fail(reader, "to the team has nothing else");
	return step->team || step->to != NULL || fail(reader, "needs to, or team");
}

/* Reads one key and its value, if that is not null. */
static bool
read_member(Reader *reader, PtStep *step, unsigned *seen, unsigned *given)
{
	char	   *name = "";
	int			i;

	if (!read_name(reader, &name))
		return false;
	i = find_key(step->kind, name);
	if (i < 0)
		return fail_name(reader, "key", name);
	reader->key = pt_flow_keys[i].name;
	if (!see_key(i, seen))
		return fail(reader, "is there twice");
	if (!take_null(reader))
	{
		if (!read_value(reader, &pt_flow_keys[i], step))
			return false;
		(void) see_key(i, given);
	}
	reader->key = NULL;
	return true;
}

/* Reads what a step's object says: {"seconds": 5}. */
static bool
read_body(Reader *reader, PtStep *step)
{
	unsigned	seen = 0;
	unsigned	given = 0;

	if (!pt_json_take(&reader->json, '{'))
		return fail(reader, "must be an object");
	if (!pt_json_take(&reader->json, '}'))
	{
		do
		{
			if (!read_member(reader, step, &seen, &given))
				return false;
		} while (pt_json_take(&reader->json, ','));
		if (!pt_json_take(&reader->json, '}'))
			return fail(reader, "is no well-formed object");
	}
	return complete(reader, step, given);
}

/* The kind of an object of this name; -1: there is none. */
static int
find_kind(const char *name)
{
	for (int kind = 0; kind < PT_STEP_KINDS; kind++)
		if (strcmp(pt_step_name((PtStepKind) kind), name) == 0)
			return kind;
	return -1;
}

/* May a step of this kind stand here, behind last (NULL: it is the first of its part)? */
static bool
may_stand(Reader *reader, PtStepKind kind, const PtStep *last)
{
	if (reader->flow->n_steps == PT_FLOW_STEPS)
		return fail(reader, "is one too many: a flow has at most %d objects", PT_FLOW_STEPS);
	if (last != NULL && (last->kind == PT_STEP_FORWARD || last->kind == PT_STEP_AMD || last->kind == PT_STEP_HANGUP))
		return fail(reader, "is never reached: nothing may stand behind %s", pt_step_name(last->kind));
	if (kind == PT_STEP_AMD && reader->part != PT_FLOW_MAIN)
		return fail(reader, "must not stand in another amd");
	return true;
}

/* Adds a step of this name behind last; NULL: it cannot stand here. */
static PtStep *
add_step(Reader *reader, const char *name, const PtStep *last)
{
	PtStep	   *step = &reader->flow->steps[reader->flow->n_steps];
	int			kind = find_kind(name);

	if (kind < 0)
	{
		(void) fail_name(reader, "object", name);
		return NULL;
	}
	reader->step = pt_step_name((PtStepKind) kind);
	if (!may_stand(reader, (PtStepKind) kind, last))
		return NULL;
	*step = (PtStep) {.kind = (PtStepKind) kind,.part = reader->part,.index = reader->index};
	reader->flow->n_steps++;
	if (kind == PT_STEP_AMD)
		reader->amd_index = reader->index;
	return step;
}

/* Reads {"play": {...}}; *last becomes it. */
static bool
read_step(Reader *reader, PtStep **last)
{
	char	   *name;

	reader->step = reader->key = NULL;
	if (!pt_json_take(&reader->json, '{'))
		return fail(reader, "must be an object");
	if (pt_json_take(&reader->json, '}'))
		return fail(reader, "is empty");
	if (!read_name(reader, &name))
		return false;
	*last = add_step(reader, name, *last);
	if (*last == NULL || !read_body(reader, *last))
		return false;
	if (!pt_json_take(&reader->json, '}'))
		return fail(reader, "must be the only key of its object");
	return true;
}

/* Reads the array of a part's steps. */
static bool
read_steps(Reader *reader)
{
	PtStep	   *last = NULL;

	reader->index = -1;
	reader->step = reader->key = NULL;
	if (!pt_json_take(&reader->json, '['))
		return fail(reader, "must be an array");
	if (pt_json_take(&reader->json, ']'))
		return true;
	do
	{
		reader->index++;
		if (!read_step(reader, &last))
			return false;
	} while (pt_json_take(&reader->json, ','));
	reader->index = -1;
	return pt_json_take(&reader->json, ']') || fail(reader, "is no well-formed array");
}

/* Reads a sub-flow, and is then back where it was. */
static bool
read_part(Reader *reader, PtFlowPart part)
{
	Reader		outer = *reader;

	reader->part = part;
	if (!read_steps(reader))
		return false;
	outer.json = reader->json;
	*reader = outer;
	return true;
}

/* What the steps say together. */
static void
find_facts(PtCallFlow *flow)
{
	PtFlowFacts *facts = &flow->facts;

	for (int i = 0; i < 3; i++)
		facts->sub[i].empty = true;
	for (int i = 0; i < flow->n_steps; i++)
	{
		const PtStep *step = &flow->steps[i];
		bool		forward = step->kind == PT_STEP_FORWARD;
		PtSubflow  *sub = step->part != PT_FLOW_MAIN ? &facts->sub[step->part - PT_FLOW_IF_HUMAN] : NULL;

		facts->needs |= PT_FLOW_NEEDS(step->kind);
		facts->has_amd |= step->kind == PT_STEP_AMD;
		if (sub == NULL)
		{
			facts->main_forward |= forward;
			facts->main_team |= step->team;
			continue;
		}
		sub->empty = false;
		sub->forward |= forward;
		sub->team |= step->team;
	}
}

/* Sub-flows are written in a fixed order: so are the steps, by part, then index. */
static void
sort_steps(PtCallFlow *flow)
{
	for (int i = 1; i < flow->n_steps; i++)
	{
		PtStep		step = flow->steps[i];
		int			j = i;

		for (; j > 0 && flow->steps[j - 1].part > step.part; j--)
			flow->steps[j] = flow->steps[j - 1];
		flow->steps[j] = step;
	}
}

bool
pt_flow_parse(const char *json, size_t len, PtCallFlow *flow, PtFlowProblem *problem)
{
	Reader		reader = {.flow = flow,.problem = problem,.index = -1};

	flow->n_steps = 0;
	memset(&flow->facts, 0, sizeof(flow->facts));
	problem->path[0] = problem->text[0] = '\0';
	if (len > PT_FLOW_INPUT_MAX)
		return fail(&reader, "is longer than %d bytes", PT_FLOW_MAX);
	memcpy(flow->json, json, len);
	flow->json[len] = '\0';
	reader.json.at = flow->json;
	reader.json.end = flow->json + len;
	if (!read_steps(&reader))
		return false;
	pt_json_blanks(&reader.json);
	if (reader.json.at != reader.json.end)
		return fail(&reader, "is followed by something else");
	if (flow->n_steps == 0)
		return fail(&reader, "is empty");
	sort_steps(flow);
	find_facts(flow);
	return pt_flow_write(flow, NULL, 0) <= PT_FLOW_MAX || fail(&reader, "is longer than %d bytes", PT_FLOW_MAX);
}

bool
pt_flow_facts(const char *json, size_t len, PtFlowFacts *facts, PtFlowProblem *problem)
{
	PtCallFlow	flow;

	if (!pt_flow_parse(json, len, &flow, problem))
		return false;
	*facts = flow.facts;
	return true;
}
