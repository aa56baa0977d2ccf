/*
 * receiver_parse.c
 *	  Reads what carriers call back with: forms, receipts, credentials.
 */
#include "worker/receiver_parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/utf8.h"
#include "worker/receiver_fields.h"

/* Where each name's value goes; different carriers, different names. */
static const struct
{
	const char *name;
	size_t		place;
}			field_names[] = {
	{"id", offsetof(PtFields, id)},
	{"message_id", offsetof(PtFields, id)},
	{"ref", offsetof(PtFields, ref)},
	{"part", offsetof(PtFields, part)},
	{"status", offsetof(PtFields, status)},
	{"code", offsetof(PtFields, code)},
	{"error_code", offsetof(PtFields, code)},
	{"type", offsetof(PtFields, type)},
	{"answer", offsetof(PtFields, answer)},
	{"from", offsetof(PtFields, from)},
	{"to", offsetof(PtFields, to)},
	{"text", offsetof(PtFields, text)},
	{"body", offsetof(PtFields, text)},
	{"reference", offsetof(PtFields, reference)},
	{"parts", offsetof(PtFields, parts)},
	{"udh", offsetof(PtFields, udh)},
	{"coding", offsetof(PtFields, coding)},
	{"data", offsetof(PtFields, data)},
};

/* Keeps the value of a known name, drops others. */
void
pt_field_set(PtFields *fields, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(field_names) / sizeof(field_names[0]); i++)
		if (strcmp(field_names[i].name, name) == 0)
			memcpy((char *) fields + field_names[i].place, &value, sizeof(value));
}

/* The value of a hexadecimal digit; -1 for any other octet. */
int
pt_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void
pt_form_decode(char *text)
{
	char	   *out = text;

	for (const char *in = text; *in != '\0'; in++)
	{
		int			high = *in == '%' ? pt_hex_digit(in[1]) : -1;
		int			low = high >= 0 ? pt_hex_digit(in[2]) : -1;

		if (low < 0)
		{
			*out++ = *in == '+' ? ' ' : *in;
			continue;
		}
		in += 2;
		if (high + low == 0)
			out += pt_utf8_put(out, 0xFFFD);
		else
			*out++ = (char) (high << 4 | low);
	}
	*out = '\0';
}

void
pt_form_read(char *text, PtFields *fields)
{
	char	   *rest = text;

	while (rest != NULL)
	{
		char	   *name = strsep(&rest, "&");
		char	   *value = strchr(name, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		pt_form_decode(name);
		pt_form_decode(value);
		pt_field_set(fields, name, value);
	}
}

bool
pt_uuid_form(const char *text)
{
	for (int i = 0; i < PT_UUID_CHARS; i++)
	{
		bool		dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : pt_hex_digit(text[i]) < 0)
			return false;
	}
	return text[PT_UUID_CHARS] == '\0';
}

bool
pt_utf8_valid(const char *text)
{
	size_t		left = strlen(text);

	while (left > 0)
	{
		uint32_t	code_point;
		size_t		width = pt_utf8_next((const unsigned char *) text, left, &code_point);

		if (width == 0)
			return false;
		text += width;
		left -= width;
	}
	return true;
}

/* A decimal number of at most limit; -1 when text is none. */
static int
read_number(const char *text, int limit)
{
	char	   *end;
	long		value;

	if (*text < '0' || *text > '9')
		return -1;
	value = strtol(text, &end, 10);
	return *end != '\0' || value > limit ? -1 : (int) value;
}

const char *
pt_receipt_status(const char *word)
{
	static const char *const words[][2] = {
		{"delivered", "delivered"}, {"delivrd", "delivered"},
		{"undelivered", "undelivered"}, {"undeliv", "undelivered"}, {"failed", "undelivered"},
		{"rejectd", "undelivered"}, {"deleted", "undelivered"}, {"undeliverable", "undelivered"},
		{"expired", "expired"}, {"rejected", "rejected"},
		{"accepted", "accepted"}, {"acceptd", "accepted"}, {"sent", "accepted"},
		{"buffered", "buffered"}, {"queued", "buffered"}, {"enroute", "buffered"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i][0], word) == 0)
			return words[i][1];
	return NULL;
}

/* The text after key in a receipt's text ("id:1 stat:DELIVRD err:000"); its length in len. */
static const char *
receipt_part(const char *answer, const char *key, size_t *len)
{
	const char *at = strstr(answer, key);

	while (at != NULL && at != answer && at[-1] != ' ')
		at = strstr(at + 1, key);
	if (at == NULL)
		return NULL;
	at += strlen(key);
	*len = strcspn(at, " ");
	return at;
}

const char *
pt_kannel_status(int type, const char *answer)
{
	const char *stat;
	size_t		len;

	if ((type & 1) != 0)
		return "delivered";
	if ((type & 16) != 0)
		return "rejected";
	if ((type & 2) != 0)
	{
		stat = receipt_part(answer, "stat:", &len);
		return stat != NULL && len == 7 && memcmp(stat, "EXPIRED", 7) == 0 ?
			"expired" : "undelivered";
	}
	if ((type & 8) != 0)
		return "accepted";
	return (type & 4) != 0 ? "buffered" : NULL;
}

/* Appends at most len printable ASCII characters. */
static void
code_append(char *code, size_t size, const char *text, size_t len)
{
	size_t		used = strlen(code);

	for (size_t i = 0; i < len && used + 1 < size; i++)
		if (text[i] >= ' ' && text[i] <= '~')
			code[used++] = text[i];
	code[used] = '\0';
}

void
pt_kannel_code(const char *answer, char *code, size_t size)
{
	const char *stat;
	const char *err;
	size_t		len;

	code[0] = '\0';
	if (strncmp(answer, "NACK/", 5) == 0)
	{
		code_append(code, size, answer + 5, strcspn(answer + 5, "/"));
		return;
	}
	stat = receipt_part(answer, "stat:", &len);
	if (stat == NULL)
		return;
	code_append(code, size, stat, len);
	err = receipt_part(answer, "err:", &len);
	if (err != NULL && strspn(err, "0") < len)
	{
		code_append(code, size, "/", 1);
		code_append(code, size, err, len);
	}
}

/* Status and code of a receipt; false: neither Kannel's nor ours. */
static bool
read_outcome(const PtFields *fields, PtReceipt *receipt, const char **problem)
{
	const char *answer = fields->answer != NULL ? fields->answer : "";

	if (fields->type != NULL)
	{
		int			type = read_number(fields->type, 0xFFFF);

		*problem = "type is no number";
		receipt->status = pt_kannel_status(type, answer);
		pt_kannel_code(answer, receipt->code, sizeof(receipt->code));
		return type >= 0;
	}
	if (fields->code != NULL)
		code_append(receipt->code, sizeof(receipt->code), fields->code, strlen(fields->code));
	*problem = "status is missing or unknown";
	receipt->status = fields->status != NULL ? pt_receipt_status(fields->status) : NULL;
	return receipt->status != NULL;
}

bool
pt_receipt_read(const PtFields *fields, PtReceipt *receipt, const char **problem)
{
	memset(receipt, 0, sizeof(*receipt));
	receipt->id = fields->id;
	receipt->ref = fields->ref;
	*problem = "id is no UUID";
	if (fields->id != NULL && !pt_uuid_form(fields->id))
		return false;
	*problem = "id and ref are missing";
	if (fields->id == NULL && (fields->ref == NULL || fields->ref[0] == '\0'))
		return false;
	*problem = "ref is too long or not UTF-8";
	if (fields->ref != NULL &&
		(strlen(fields->ref) > PT_RECEIPT_REF_MAX || !pt_utf8_valid(fields->ref)))
		return false;
	*problem = "part is no number from 1 to 255";
	if (fields->part != NULL)
	{
		receipt->part = read_number(fields->part, PT_RECEIPT_PART_MAX);
		if (receipt->part < 1)
			return false;
	}
	return read_outcome(fields, receipt, problem);
}

/* Is this a number as carriers may write it? */
static bool
number_fits(const char *number)
{
	return number != NULL && number[0] != '\0' &&
		strlen(number) <= PT_INBOUND_NUMBER_MAX && pt_utf8_valid(number);
}

bool
pt_inbound_check(const PtFields *fields, const char **problem)
{
	*problem = "from is missing or malformed";
	if (!number_fits(fields->from))
		return false;
	*problem = "to is missing or malformed";
	if (!number_fits(fields->to))
		return false;
	*problem = "ref is too long or not UTF-8";
	return fields->ref == NULL ||
		(strlen(fields->ref) <= PT_RECEIPT_REF_MAX && pt_utf8_valid(fields->ref));
}

/* The value of a base64 digit (RFC 4648, section 4); -1 for any other octet. */
static int
base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int) (at - digits) : -1;
}

/* Decodes base64 into out; false: malformed, a NUL in it, or no room. */
static bool
base64_decode(const char *in, char *out, size_t size)
{
	uint32_t	bits = 0;
	int			count = 0;
	size_t		n = 0;

	for (; base64_digit(*in) >= 0; in++)
	{
		bits = bits << 6 | (uint32_t) base64_digit(*in);
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		out[n] = (char) (bits >> count);
		if (out[n] == '\0' || ++n >= size)
			return false;
	}
	out[n] = '\0';
	return in[strspn(in, "=")] == '\0';
}

bool
pt_authorization_read(const char *header, char *name, char *secret, size_t size)
{
	char	   *colon;

	name[0] = '\0';
	if (strncasecmp(header, "Bearer ", 7) == 0)
	{
		if (strlen(header + 7) >= size)
			return false;
		memcpy(secret, header + 7, strlen(header + 7) + 1);
		return true;
	}
	if (strncasecmp(header, "Basic ", 6) != 0 || !base64_decode(header + 6, name, size))
		return false;
	colon = strchr(name, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	memcpy(secret, colon + 1, strlen(colon + 1) + 1);
	return true;
}

bool
pt_secret_equal(const char *given, const char *expected)
{
	size_t		given_len = strlen(given);
	size_t		expected_len = strlen(expected);
	volatile unsigned char differs = given_len != expected_len || expected_len == 0;

	for (size_t i = 0; i < given_len; i++)
		differs |= (unsigned char) (given[i] ^ expected[expected_len > 0 ? i % expected_len : 0]);
	return differs == 0;
}
