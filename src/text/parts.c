/*
 * parts.c
 *	  Messages that come in parts, joined.
 */
#include "text/parts.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "text/gsm.h"
#include "text/utf8.h"

#define ELLIPSIS 0x2026			/* stands for parts that are missing */
#define REPLACEMENT 0xFFFD
#define OCTETS_PER_OCTET 3		/* of UTF-8, at most, for one that came in */

size_t
pt_parts_room(size_t octets, int n)
{
	return (octets + (size_t) n + 1) * OCTETS_PER_OCTET + 1;	/* put() asks for 4 */
}

/* Writes one character; -1: no room. */
static int
put(char *out, size_t room, uint32_t code_point)
{
	return room < 4 ? -1 : (int) pt_utf8_put(out, code_point);
}

/* Are the octets UTF-8? */
static bool
is_utf8(const unsigned char *data, size_t len)
{
	uint32_t	code_point;

	while (len > 0)
	{
		size_t		width = pt_utf8_next(data, len, &code_point);

		if (width == 0)
			return false;
		data += width;
		len -= width;
	}
	return true;
}

/* Octets as UTF-8, or else as ISO 8859-1; NUL becomes U+FFFD. */
static int
put_octets(const unsigned char *data, size_t len, char *out, size_t room)
{
	bool		utf8 = is_utf8(data, len);
	size_t		written = 0;

	while (len > 0)
	{
		uint32_t	code_point = data[0];
		size_t		width = utf8 ? pt_utf8_next(data, len, &code_point) : 1;
		int			n = put(out + written, room - written, code_point != 0 ? code_point : REPLACEMENT);

		if (n < 0)
			return -1;
		written += (size_t) n;
		data += width;
		len -= width;
	}
	return (int) written;
}

/* Decodes the octets of parts like this one. */
static int
decode(const PtInPart *part, const unsigned char *data, size_t len, char *out, size_t room)
{
	PtAnalysis	how = {.encoding = part->coding == PT_CODING_UCS2 ? PT_UCS2 : PT_GSM7,
		.single_shift = part->single_shift,.locking_shift = part->locking_shift};

	if (part->coding == PT_CODING_GSM || part->coding == PT_CODING_UCS2)
		return pt_text_decode(data, len, &how, out, room);
	return put_octets(data, len, out, room);
}

/* Can the part be decoded in one go with the one before it? */
static bool
goes_on(const PtInPart *part)
{
	const PtInPart *before = part - 1;

	return part->number == before->number + 1 && part->coding == before->coding &&
		part->single_shift == before->single_shift && part->locking_shift == before->locking_shift;
}

int
pt_parts_join(const PtInPart *parts, int n, int total, const unsigned char *data, char *out, size_t room)
{
	size_t		written = 0;
	int			expected = 1;
	int			added = 0;

	if (room > INT_MAX)
		room = INT_MAX;
	for (int i = 0; i < n && added >= 0;)
	{
		const PtInPart *first = &parts[i];
		size_t		len = first->len;

		if (first->number != expected && (added = put(out + written, room - written, ELLIPSIS)) > 0)
			written += (size_t) added;
		for (i++; i < n && goes_on(&parts[i]); i++)
			len += parts[i].len;
		if (added >= 0 && (added = decode(first, data, len, out + written, room - written)) > 0)
			written += (size_t) added;
		data += len;
		expected = parts[i - 1].number + 1;
	}
	if (added >= 0 && n > 0 && expected <= total && (added = put(out + written, room - written, ELLIPSIS)) > 0)
		written += (size_t) added;
	return added < 0 ? -1 : (int) written;
}
