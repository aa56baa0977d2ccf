/*
 * json.c
 *	  What a carrier says, as a tree.
 */
#include "carrier/json.h"

#include <stdlib.h>
#include <string.h>

#include "text/json_read.h"
#include "worker/receiver_fields.h"

static int	read_value(PtJson *json, PtJsonReader *r, int depth, const char *name);

/* A new value; its place, or -1: there are too many, or no memory. */
static int
value_add(PtJson *json, PtJsonKind kind, const char *name, const char *text)
{
	if (json->count >= json->room)
	{
		int			room = json->room == 0 ? 32 : json->room * 2;
		PtJsonValue *values;

		if (room > PT_JSON_VALUES)
			return -1;
		values = realloc(json->values, (size_t) room * sizeof(PtJsonValue));
		if (values == NULL)
			return -1;
		json->values = values;
		json->room = room;
	}
	json->values[json->count] = (PtJsonValue) {kind, name, text, 0, 0};
	return json->count++;
}

/* Hangs child behind the last one of parent (last: its place, 0: none so far). */
static void
value_hang(PtJson *json, int parent, int *last, int child)
{
	if (*last == 0)
		json->values[parent].first = child;
	else
		json->values[*last].next = child;
	*last = child;
}

/* Reads the members of an object or the elements of an array, the bracket taken. */
static bool
read_children(PtJson *json, PtJsonReader *r, int depth, int parent, bool members)
{
	char		end = members ? '}' : ']';
	int			last = 0;

	if (pt_json_take(r, end))
		return true;
	do
	{
		char	   *name = NULL;
		int			child;

		if (members && (!pt_json_take(r, '"') || !pt_json_string(r, &name) || !pt_json_take(r, ':')))
			return false;
		child = read_value(json, r, depth, name);
		if (child < 0)
			return false;
		value_hang(json, parent, &last, child);
	} while (pt_json_take(r, ','));
	return pt_json_take(r, end);
}

/* Reads any value; its place, or -1. */
static int
read_value(PtJson *json, PtJsonReader *r, int depth, const char *name)
{
	char	   *text = NULL;
	bool		object;
	int			at;

	if (depth >= PT_JSON_DEPTH)
		return -1;
	if (pt_json_take(r, '"'))
		return pt_json_string(r, &text) ? value_add(json, PT_JSON_TEXT, name, text) : -1;
	object = pt_json_take(r, '{');
	if (object || pt_json_take(r, '['))
	{
		at = value_add(json, object ? PT_JSON_OBJECT : PT_JSON_ARRAY, name, NULL);
		return at >= 0 && read_children(json, r, depth + 1, at, object) ? at : -1;
	}
	/* A word makes room for its end by moving to the left: not at the start. */
	if (depth == 0 || !pt_json_word(r, &text))
		return -1;
	return value_add(json, text == NULL ? PT_JSON_NULL : PT_JSON_WORD, name, text);
}

/* An empty tree over a copy of the text; NULL: no memory. */
static PtJson *
json_make(const char *text, size_t len)
{
	PtJson	   *json = calloc(1, sizeof(PtJson));

	if (json == NULL)
		return NULL;
	json->text = malloc(len + 1);
	if (json->text == NULL)
	{
		free(json);
		return NULL;
	}
	if (len > 0)
		memcpy(json->text, text, len);
	json->text[len] = '\0';
	return json;
}

void
pt_json_free(PtJson *json)
{
	if (json == NULL)
		return;
	free(json->values);
	free(json->text);
	free(json);
}

PtJson *
pt_json_parse(const char *text, size_t len)
{
	PtJson	   *json = json_make(text, len);
	PtJsonReader r;

	if (json == NULL)
		return NULL;
	r.at = json->text;
	r.end = json->text + len;
	if (read_value(json, &r, 0, NULL) == 0 && json->values[0].text == NULL)
	{
		pt_json_blanks(&r);
		if (r.at == r.end)
			return json;
	}
	pt_json_free(json);
	return NULL;
}

PtJson *
pt_json_form(const char *text, size_t len)
{
	PtJson	   *json = json_make(text, len);
	int			last = 0;
	int			child = 0;
	char	   *rest;

	if (json == NULL)
		return NULL;
	if (value_add(json, PT_JSON_OBJECT, NULL, NULL) < 0)
		child = -1;
	rest = json->text;
	while (child >= 0 && rest != NULL)
	{
		char	   *name = strsep(&rest, "&");
		char	   *value = strchr(name, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		pt_form_decode(name);
		pt_form_decode(value);
		child = value_add(json, PT_JSON_TEXT, name, value);
		if (child > 0)
			value_hang(json, 0, &last, child);
	}
	if (child >= 0)
		return json;
	pt_json_free(json);
	return NULL;
}

/* The child of this name or, in an array, at this position; 0: none. */
static int
find_child(const PtJson *json, int at, const char *name, size_t len)
{
	const PtJsonValue *value = &json->values[at];
	int			position = 0;

	for (int i = value->first; i != 0; i = json->values[i].next, position++)
	{
		const char *own = json->values[i].name;
		char	   *end;

		if (own != NULL ? strlen(own) == len && memcmp(own, name, len) == 0 :
			name[0] >= '0' && name[0] <= '9' && strtol(name, &end, 10) == position && end == name + len)
			return i;
	}
	return 0;
}

/* The place of the value that len octets of path name; -1: there is none. */
static int
find_path(const PtJson *json, int at, const char *path, size_t len)
{
	const char *end = path + len;

	for (;;)
	{
		const char *dot = memchr(path, '.', (size_t) (end - path));
		size_t		step = (size_t) ((dot != NULL ? dot : end) - path);

		at = find_child(json, at, path, step);
		if (at == 0)
			return -1;
		if (dot == NULL)
			return at;
		path = dot + 1;
	}
}

const PtJsonValue *
pt_json_at(const PtJson *json, int at, const char *path)
{
	int			found = find_path(json, at, path, strlen(path));

	return found >= 0 ? &json->values[found] : NULL;
}

const char *
pt_json_text(const PtJson *json, int at, const char *path)
{
	size_t		len = strlen(path);
	bool		fragment = len > 0 && path[len - 1] == '#';
	int			found = find_path(json, at, path, fragment ? len - 1 : len);
	const char *text = found >= 0 ? json->values[found].text : NULL;
	const char *mark = fragment && text != NULL ? strrchr(text, '#') : NULL;

	return mark != NULL ? mark + 1 : text;
}

const char *
pt_json_member(const PtJson *json, const char *name)
{
	int			found = find_child(json, 0, name, strlen(name));

	return found != 0 ? json->values[found].text : NULL;
}
