/*
 * receiver_json.c
 *	  Reads JSON callbacks: an object, or an array of objects (RFC 8259).
 *
 * Strings are decoded in place (an escape is never shorter than what it stands
 * for); values that are objects or arrays are checked and dropped.
 */
#include <string.h>

#include "text/json_read.h"
#include "worker/receiver_fields.h"

static bool read_value(PtJsonReader *r, int depth, char **text);

/* Reads the members of an object, the brace taken, into fields unless that is NULL. */
static bool
read_object(PtJsonReader *r, int depth, PtFields *fields)
{
	char	   *name;
	char	   *value;

	if (pt_json_take(r, '}'))
		return true;
	do
	{
		if (!pt_json_take(r, '"') || !pt_json_string(r, &name) || !pt_json_take(r, ':') ||
			!read_value(r, depth, &value))
			return false;
		if (fields != NULL && value != NULL)
			pt_field_set(fields, name, value);
	} while (pt_json_take(r, ','));
	return pt_json_take(r, '}');
}

/* Reads the elements of an array, the bracket taken, and drops them. */
static bool
read_array(PtJsonReader *r, int depth)
{
	char	   *value;

	if (pt_json_take(r, ']'))
		return true;
	do
	{
		if (!read_value(r, depth, &value))
			return false;
	} while (pt_json_take(r, ','));
	return pt_json_take(r, ']');
}

/* Reads any value; text is NULL for null, objects and arrays. */
static bool
read_value(PtJsonReader *r, int depth, char **text)
{
	*text = NULL;
	if (depth >= PT_JSON_DEPTH)
		return false;
	if (pt_json_take(r, '"'))
		return pt_json_string(r, text);
	if (pt_json_take(r, '{'))
		return read_object(r, depth + 1, NULL);
	if (pt_json_take(r, '['))
		return read_array(r, depth + 1);
	return pt_json_word(r, text);
}

/* Reads one object and hands it over. */
static bool
read_one(PtJsonReader *r, PtFieldsDone done, void *context)
{
	PtFields	fields = {0};

	return pt_json_take(r, '{') && read_object(r, 1, &fields) && done(context, &fields);
}

bool
pt_json_read(char *text, size_t len, PtFieldsDone done, void *context)
{
	PtJsonReader r = {text, text + len};

	if (pt_json_take(&r, '['))
	{
		if (!pt_json_take(&r, ']'))
		{
			do
			{
				if (!read_one(&r, done, context))
					return false;
			} while (pt_json_take(&r, ','));
			if (!pt_json_take(&r, ']'))
				return false;
		}
	}
	else if (!read_one(&r, done, context))
		return false;
	pt_json_blanks(&r);
	return r.at == r.end;
}
