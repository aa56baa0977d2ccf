/*
 * rest_json.c
 *	  JSON in ASCII alone.  No PostgreSQL header.
 */
#include "api/rest_json.h"

#include <stdint.h>

#include "text/utf8.h"

/* Writes \uXXXX for a UTF-16 unit unless out is NULL; returns its length. */
static size_t
put_unit(char *out, unsigned unit)
{
	static const char digits[] = "0123456789abcdef";

	if (out != NULL)
	{
		out[0] = '\\';
		out[1] = 'u';
		for (int i = 0; i < 4; i++)
			out[2 + i] = digits[unit >> (12 - 4 * i) & 0xF];
	}
	return 6;
}

size_t
pt_json_ascii(const char *json, size_t len, char *out)
{
	size_t		n = 0;

	for (size_t at = 0; at < len;)
	{
		uint32_t	c;
		size_t		width = pt_utf8_next((const unsigned char *) json + at, len - at, &c);

		at += width > 0 ? width : 1;
		if (width == 0)
			c = 0xFFFD;
		if (c < 0x80)
		{
			if (out != NULL)
				out[n] = (char) c;
			n++;
			continue;
		}
		if (c > 0xFFFF)
		{
			c -= 0x10000;
			n += put_unit(out == NULL ? NULL : out + n, 0xD800 | c >> 10);
			c = 0xDC00 | (c & 0x3FF);
		}
		n += put_unit(out == NULL ? NULL : out + n, c);
	}
	return n;
}
