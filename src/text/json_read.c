/*
 * json_read.c
 *	  The words of JSON: strings, numbers and literals, read in place.
 */
#include "text/json_read.h"

#include <stdint.h>
#include <string.h>

#include "text/utf8.h"

void
pt_json_blanks(PtJsonReader *r)
{
	while (r->at < r->end && *r->at != '\0' && strchr(" \t\r\n", *r->at) != NULL)
		r->at++;
}

bool
pt_json_take(PtJsonReader *r, char c)
{
	pt_json_blanks(r);
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* The value of a hexadecimal digit; -1 for any other octet. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads four hexadecimal digits; -1: there are none. */
static int32_t
read_hex(PtJsonReader *r)
{
	int32_t		value = 0;

	for (int i = 0; i < 4; i++)
	{
		int			digit = hex_digit(*r->at);	/* NUL at the end is none */

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
		r->at++;
	}
	return value;
}

/* Reads what follows \u; a lone surrogate and U+0000 become U+FFFD. */
static bool
read_code_point(PtJsonReader *r, uint32_t *code_point)
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
read_escape(PtJsonReader *r, char **out)
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

bool
pt_json_string(PtJsonReader *r, char **text)
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

/* The word is moved one place to the left to make room for its end. */
bool
pt_json_word(PtJsonReader *r, char **text)
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
