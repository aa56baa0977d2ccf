/*
 * receiver_json.c
 *	  Reads JSON callbacks: an object, or an array of objects (RFC 8259).
 *
 * Strings are decoded in place (an escape is never shorter than what it stands
 * for); values that are objects or arrays are checked and dropped.
 */
#include <stdint.h>
#include <string.h>

#include "text/utf8.h"
#include "worker/receiver_fields.h"

#define JSON_DEPTH 16			/* deepest nesting that is read */

typedef struct Reader
{
	char	   *at;
	char	   *end;			/* *end is NUL */
} Reader;

static bool read_value(Reader *r, int depth, char **text);

/* Steps over white space. */
static void
skip_blanks(Reader *r)
{
	while (r->at < r->end && *r->at != '\0' && strchr(" \t\r\n", *r->at) != NULL)
		r->at++;
}

/* Takes the character, after white space, if it is next. */
static bool
take(Reader *r, char c)
{
	skip_blanks(r);
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* Reads four hexadecimal digits; -1: there are none. */
static int32_t
read_hex(Reader *r)
{
	int32_t		value = 0;

	for (int i = 0; i < 4; i++)
	{
		int			digit = pt_hex_digit(*r->at);	/* NUL at the end is none */

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
		r->at++;
	}
	return value;
}

/* Reads what follows \u; a lone surrogate and U+0000 become U+FFFD. */
static bool
read_code_point(Reader *r, uint32_t *code_point)
{
	int32_t		high = read_hex(r);
	int32_t		low;

	if (high < 0)
		return false;
	*code_point = (uint32_t) high;
	if (high == 0 || (high & 0xFC00) == 0xDC00)
		*code_point = 0xFFFD;
	if ((high & 0xFC00) != 0xD800)
		return true;
	*code_point = 0xFFFD;
	if (r->at[0] != '\\' || r->at[1] != 'u')
		return true;
	r->at += 2;
	low = read_hex(r);
	if (low < 0)
		return false;
	if ((low & 0xFC00) == 0xDC00)
		*code_point = 0x10000 + ((uint32_t) (high & 0x3FF) << 10) + (uint32_t) (low & 0x3FF);
	else
		r->at -= 6;				/* an escape of its own */
	return true;
}

/* Reads the escape after a backslash, writing what it stands for. */
static bool
read_escape(Reader *r, char **out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	char		c = *r->at++;
	const char *at = c != '\0' ? strchr(from, c) : NULL;
	uint32_t	code_point;

	if (at != NULL)
	{
		*(*out)++ = to[at - from];
		return true;
	}
	if (c != 'u' || !read_code_point(r, &code_point))
		return false;
	*out += pt_utf8_put(*out, code_point);
	return true;
}

/* Reads a string, the opening quote taken; it is left decoded and terminated. */
static bool
read_string(Reader *r, char **text)
{
	char	   *out = r->at;

	*text = out;
	while (r->at < r->end)
	{
		char		c = *r->at++;

		if (c == '"')
		{
			*out = '\0';
			return true;
		}
		if ((unsigned char) c < ' ')
			return false;
		if (c != '\\')
			*out++ = c;
		else if (r->at >= r->end || !read_escape(r, &out))
			return false;
	}
	return false;
}

/* Reads a number or literal; moved one place to the left to make room for its end. */
static bool
read_word(Reader *r, char **text)
{
	size_t		len = strcspn(r->at, " \t\r\n,]}[{:\"\\");

	if (len == 0 || r->at + len > r->end)
		return false;
	*text = r->at - 1;
	memmove(*text, r->at, len);
	(*text)[len] = '\0';
	r->at += len;
	if (strspn(*text, "0123456789+-.eE") == len)
		return strpbrk(*text, "0123456789") != NULL;
	if (strcmp(*text, "null") == 0)
	{
		*text = NULL;
		return true;
	}
	return strcmp(*text, "true") == 0 || strcmp(*text, "false") == 0;
}

/* Reads the members of an object, the brace taken, into fields unless that is NULL. */
static bool
read_object(Reader *r, int depth, PtFields *fields)
{
	char	   *name;
	char	   *value;

	if (take(r, '}'))
		return true;
	do
	{
		if (!take(r, '"') || !read_string(r, &name) || !take(r, ':') ||
			!read_value(r, depth, &value))
			return false;
		if (fields != NULL && value != NULL)
			pt_field_set(fields, name, value);
	} while (take(r, ','));
	return take(r, '}');
}

/* Reads the elements of an array, the bracket taken, and drops them. */
static bool
read_array(Reader *r, int depth)
{
	char	   *value;

	if (take(r, ']'))
		return true;
	do
	{
		if (!read_value(r, depth, &value))
			return false;
	} while (take(r, ','));
	return take(r, ']');
}

/* Reads any value; text is NULL for null, objects and arrays. */
static bool
read_value(Reader *r, int depth, char **text)
{
	*text = NULL;
	if (depth >= JSON_DEPTH)
		return false;
	if (take(r, '"'))
		return read_string(r, text);
	if (take(r, '{'))
		return read_object(r, depth + 1, NULL);
	if (take(r, '['))
		return read_array(r, depth + 1);
	return read_word(r, text);
}

/* Reads one object and hands it over. */
static bool
read_one(Reader *r, PtFieldsDone done, void *context)
{
	PtFields	fields = {0};

	return take(r, '{') && read_object(r, 1, &fields) && done(context, &fields);
}

bool
pt_json_read(char *text, size_t len, PtFieldsDone done, void *context)
{
	Reader		r = {text, text + len};

	if (take(&r, '['))
	{
		if (!take(&r, ']'))
		{
			do
			{
				if (!read_one(&r, done, context))
					return false;
			} while (take(&r, ','));
			if (!take(&r, ']'))
				return false;
		}
	}
	else if (!read_one(&r, done, context))
		return false;
	skip_blanks(&r);
	return r.at == r.end;
}
