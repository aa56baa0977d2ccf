/*
 * receiver_message.c
 *	  Inbound messages as they come over HTTP.
 */
#include "worker/receiver_message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/gsm.h"
#include "text/parts.h"
#include "text/utf8.h"
#include "worker/receiver_fields.h"

#define CODING_MAX 2

/* What windows-1252 has in place of the control characters 0x80 to 0x9F; 0: the same. */
static const uint16_t windows[32] = {
	0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
	0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178
};

bool
pt_form_has_nul(const char *form)
{
	return strstr(form, "%00") != NULL;
}

bool
pt_json_has_nul(const char *json)
{
	for (const char *p = strchr(json, '\\'); p != NULL; p = strchr(p, '\\'))
	{
		if (strncmp(p, "\\u0000", 6) == 0)
			return true;
		p += p[1] != '\0' ? 2 : 1;
	}
	return false;
}

PtCharset
pt_charset_of(const char *content_type)
{
	static const struct
	{
		const char *name;
		PtCharset	charset;
	}			names[] = {
		{"iso-8859-1", PT_CHARSET_LATIN1}, {"latin1", PT_CHARSET_LATIN1},
		{"windows-1252", PT_CHARSET_WINDOWS}, {"cp1252", PT_CHARSET_WINDOWS},
		{"utf-16be", PT_CHARSET_UTF16}, {"ucs-2", PT_CHARSET_UTF16}
	};
	const char *at = content_type != NULL ? content_type : "";

	if (strncasecmp(at, "application/octet-stream", 24) == 0)
		return PT_CHARSET_OCTETS;
	while (*at != '\0' && strncasecmp(at, "charset=", 8) != 0)
		at++;
	if (*at == '\0')
		return PT_CHARSET_GUESS;
	at += 8;
	at += *at == '"';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		size_t		len = strlen(names[i].name);

		if (strncasecmp(at, names[i].name, len) == 0 && strchr("\"; \t", at[len]) != NULL)
			return names[i].charset;
	}
	return PT_CHARSET_GUESS;
}

const char *
pt_kannel_udh(const char *value, char *out, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t		n = 0;

	if (value == NULL || value[0] != '%')
		return value;
	for (const char *p = value; *p != '\0'; p++)
	{
		unsigned	octet = *p == '+' ? ' ' : (unsigned char) *p;

		if (*p == '%' && pt_hex_digit(p[1]) >= 0 && pt_hex_digit(p[2]) >= 0)
		{
			octet = (unsigned) (pt_hex_digit(p[1]) << 4 | pt_hex_digit(p[2]));
			p += 2;
		}
		if (n + 2 >= size)
			return NULL;
		out[n++] = digits[octet >> 4];
		out[n++] = digits[octet & 15];
	}
	out[n] = '\0';
	return out;
}

/* Sets the text from octets of a set with one octet per character; false: no memory. */
static bool
convert(PtMessage *message, const char *octets, size_t len, PtCharset charset)
{
	char	   *out = malloc(len * 3 + 1);

	message->text = message->room = out;
	if (out == NULL)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		unsigned	c = (unsigned char) octets[i];

		if (charset == PT_CHARSET_WINDOWS && c >= 0x80 && c < 0xA0 && windows[c - 0x80] != 0)
			c = windows[c - 0x80];
		out += pt_utf8_put(out, c);
	}
	*out = '\0';
	return true;
}

/* Sets the text; octets are NUL-terminated. */
static bool
read_text(PtMessage *message, const char *octets, size_t len, PtCharset charset, const char **problem)
{
	*problem = "the text holds a NUL";
	if (strlen(octets) != len)
		return false;
	message->text = octets;
	if (charset == PT_CHARSET_GUESS && pt_utf8_valid(octets))
		return true;
	*problem = "out of memory";
	return convert(message, octets, len, charset);
}

/* Decodes len hexadecimal digits; false: they are none, or an odd number. */
static bool
read_hex(const char *digits, size_t len, unsigned char *out)
{
	for (size_t i = 0; i + 1 < len; i += 2)
	{
		int			high = pt_hex_digit(digits[i]);
		int			low = pt_hex_digit(digits[i + 1]);

		if (high < 0 || low < 0)
			return false;
		*out++ = (unsigned char) (high << 4 | low);
	}
	return len % 2 == 0;
}

/* A decimal number of at most limit, or -1; fallback where there is none. */
static int
read_number(const char *text, int limit, int fallback)
{
	char	   *end;
	long		value;

	if (text == NULL || *text == '\0')
		return fallback;
	value = strtol(text, &end, 10);
	return *text < '0' || *text > '9' || *end != '\0' || value > limit ? -1 : (int) value;
}

/* Which part of which message it is, from fields of its own. */
static bool
read_place(const PtFields *fields, PtMessage *message, const char **problem)
{
	message->reference = read_number(fields->reference, PT_WIDE_REFERENCE - 1, 0);
	message->parts = read_number(fields->parts, PT_MAX_PARTS, 1);
	message->part = read_number(fields->part, PT_MAX_PARTS, 1);
	*problem = "reference, part and parts do not fit together";
	return message->reference >= 0 && message->parts > 0 && message->part > 0 && message->part <= message->parts;
}

/* The same from a text's user data header (hexadecimal). */
static bool
read_header(const char *digits, PtMessage *message, const char **problem)
{
	unsigned char header[256];
	size_t		len = strlen(digits);
	PtUdh		udh;

	*problem = "the user data header is malformed";
	if (len / 2 > sizeof(header) || !read_hex(digits, len, header) || !pt_text_read_udh(header, len / 2, &udh))
		return false;
	message->reference = (int) udh.reference + (udh.wide_reference ? PT_WIDE_REFERENCE : 0);
	message->part = udh.part;
	message->parts = udh.total;
	return true;
}

/* Is there a header, and what does it say of the part? */
static bool
read_part(const PtFields *fields, PtMessage *message, const char **problem)
{
	if (fields->udh != NULL && fields->udh[0] != '\0')
		return read_header(fields->udh, message, problem);
	return read_place(fields, message, problem);
}

/* Sender, recipient and reference. */
static bool
read_addresses(const PtFields *fields, PtMessage *message, const char **problem)
{
	memset(message, 0, sizeof(*message));
	message->from = fields->from;
	message->to = fields->to;
	message->ref = fields->ref;
	return pt_inbound_check(fields, problem);
}

/* Raw octets, and the header in hexadecimal. */
static bool
read_raw(const PtFields *fields, const unsigned char *data, size_t len, unsigned char *header,
		 PtMessage *message, const char **problem)
{
	message->data = data;
	message->len = len;
	message->udh_len = fields->udh != NULL ? strlen(fields->udh) / 2 : 0;
	if (message->udh_len == 0)
		return true;
	message->udh = header;
	if (!read_header(fields->udh, message, problem))
		return false;
	return read_hex(fields->udh, message->udh_len * 2, header);
}

/* Fields with data: raw octets in hexadecimal. */
static bool
read_hex_data(const PtFields *fields, PtMessage *message, const char **problem)
{
	size_t		digits = strlen(fields->data);
	unsigned char *room = malloc(digits / 2 + (fields->udh != NULL ? strlen(fields->udh) / 2 : 0) + 1);

	message->room = (char *) room;
	*problem = "out of memory";
	if (room == NULL)
		return false;
	*problem = "data is not hexadecimal";
	if (!read_hex(fields->data, digits, room))
		return false;
	*problem = "coding is none of 0, 1 and 2";
	message->coding = read_number(fields->coding, CODING_MAX, 0);
	return message->coding >= 0 && read_raw(fields, room, digits / 2, room + digits / 2, message, problem);
}

bool
pt_message_read(const PtFields *fields, PtMessage *message, const char **problem)
{
	const char *text = fields->text != NULL ? fields->text : "";

	if (!read_addresses(fields, message, problem))
		return false;
	if (fields->data != NULL)
		return read_hex_data(fields, message, problem);
	return read_part(fields, message, problem) &&
		read_text(message, text, strlen(text), PT_CHARSET_GUESS, problem);
}

bool
pt_message_read_octets(const PtFields *fields, const char *octets, size_t len, PtCharset charset,
					   PtMessage *message, const char **problem)
{
	if (!read_addresses(fields, message, problem))
		return false;
	if (charset != PT_CHARSET_UTF16 && charset != PT_CHARSET_OCTETS)
		return read_part(fields, message, problem) && read_text(message, octets, len, charset, problem);
	message->coding = charset == PT_CHARSET_UTF16 ? 2 : 1;
	message->room = malloc(fields->udh != NULL ? strlen(fields->udh) / 2 + 1 : 1);
	*problem = "out of memory";
	return message->room != NULL &&
		read_raw(fields, (const unsigned char *) octets, len, (unsigned char *) message->room, message, problem);
}
