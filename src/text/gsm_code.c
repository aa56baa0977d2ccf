/*
 * gsm_code.c
 *	  Texts to octets and back: unpacked septets or UCS-2 (3GPP TS 23.038, 6.2),
 *	  and the user data header (3GPP TS 23.040, 9.2.3.24).
 *
 * UCS-2 is written and read as UTF-16BE, as networks and handsets do.
 */
#include "gsm.h"

#include <limits.h>

#include "gsm_table.h"
#include "utf8.h"

#define REPLACEMENT 0xFFFD		/* for what cannot be decoded */

/* Information elements of the user data header (23.040, 9.2.3.24). */
#define IE_CONCAT_8 0x00
#define IE_CONCAT_16 0x08
#define IE_SINGLE_SHIFT 0x24
#define IE_LOCKING_SHIFT 0x25

/* One character as septets; returns their number, 0 if it has no code. */
static size_t
put_septets(const PtAlphabet *alphabet, uint32_t code_point, unsigned char *out)
{
	int			code = pt_alphabet_code(alphabet, code_point);

	if (code < 0)
		return 0;
	if (code < 128)
	{
		out[0] = (unsigned char) code;
		return 1;
	}
	out[0] = PT_GSM_ESCAPE;
	out[1] = (unsigned char) (code & 0x7F);
	return 2;
}

/* One character as UTF-16BE; returns the octets: 2, or 4 for a pair. */
static size_t
put_ucs2(uint32_t code_point, unsigned char *out)
{
	uint32_t	unit = code_point;
	size_t		n = 0;

	if (code_point > 0xFFFF)
	{
		uint32_t	high = 0xD800 + ((code_point - 0x10000) >> 10);

		out[n++] = (unsigned char) (high >> 8);
		out[n++] = (unsigned char) high;
		unit = 0xDC00 + ((code_point - 0x10000) & 0x3FF);
	}
	out[n++] = (unsigned char) (unit >> 8);
	out[n++] = (unsigned char) unit;
	return n;
}

/* Encodes a text or part as how says; octets, or -1 (no room or no code). */
int
pt_text_encode(const char *utf8, size_t len, const PtAnalysis *how,
			   unsigned char *out, size_t room)
{
	const unsigned char *text = (const unsigned char *) utf8;
	PtAlphabet	alphabet;
	size_t		written = 0;
	size_t		i = 0;

	if (room > INT_MAX)
		room = INT_MAX;
	if (how->encoding == PT_GSM7)
		pt_alphabet_init(&alphabet, how->single_shift, how->locking_shift);
	while (i < len)
	{
		unsigned char code[4];
		uint32_t	code_point;
		size_t		width = pt_utf8_next(text + i, len - i, &code_point);
		size_t		n;

		if (width == 0)
			return -1;
		n = how->encoding == PT_GSM7 ? put_septets(&alphabet, code_point, code) :
			put_ucs2(code_point, code);
		if (n == 0 || n > room - written)
			return -1;
		for (size_t k = 0; k < n; k++)
			out[written++] = code[k];
		i += width;
	}
	return (int) written;
}

/*
 * Reads one character of septets; returns how many it took.  After the escape
 * an unknown code stands for the main table's character and a second escape
 * for a blank (23.038, 6.2.1.1); an escape at the end is nothing (code point 0).
 */
static size_t
get_septets(const PtAlphabet *alphabet, const unsigned char *in, size_t left,
			uint32_t *code_point)
{
	unsigned	code = in[0];
	size_t		taken = 1;

	*code_point = 0;
	if (code == PT_GSM_ESCAPE)
	{
		if (left < 2)
			return 1;
		code = in[1];
		taken = 2;
		if (code == PT_GSM_ESCAPE)
			*code_point = ' ';
		else if (code < 128)
			*code_point = alphabet->shift[code];
	}
	if (*code_point == 0 && code < 128)
		*code_point = alphabet->main[code];
	if (*code_point == 0)
		*code_point = REPLACEMENT;
	return taken;
}

/*
 * Reads one character of UTF-16BE; returns the octets it took.  U+0000, which
 * no text of a database holds, and halves of pairs or units are replaced.
 */
static size_t
get_ucs2(const unsigned char *in, size_t left, uint32_t *code_point)
{
	uint32_t	unit;
	uint32_t	low;

	*code_point = REPLACEMENT;
	if (left < 2)
		return left;
	unit = (uint32_t) in[0] << 8 | in[1];
	if ((unit & 0xF800) != 0xD800)
	{
		if (unit != 0)
			*code_point = unit;
		return 2;
	}
	if (unit >= 0xDC00 || left < 4)
		return 2;
	low = (uint32_t) in[2] << 8 | in[3];
	if ((low & 0xFC00) != 0xDC00)
		return 2;
	*code_point = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
	return 4;
}

/* Decodes received octets to UTF-8; octets written, or -1 without room. */
int
pt_text_decode(const unsigned char *in, size_t len, const PtAnalysis *how,
			   char *out, size_t room)
{
	PtAlphabet	alphabet;
	size_t		written = 0;
	size_t		i = 0;

	if (room > INT_MAX)
		room = INT_MAX;
	if (how->encoding == PT_GSM7)
		pt_alphabet_init(&alphabet, how->single_shift, how->locking_shift);
	while (i < len)
	{
		char		utf8[4];
		uint32_t	code_point;
		size_t		n;

		if (how->encoding == PT_GSM7)
			i += get_septets(&alphabet, in + i, len - i, &code_point);
		else
			i += get_ucs2(in + i, len - i, &code_point);
		if (code_point == 0)
			continue;
		n = pt_utf8_put(utf8, code_point);
		if (n > room - written)
			return -1;
		for (size_t k = 0; k < n; k++)
			out[written++] = utf8[k];
	}
	return (int) written;
}

/* Adds an information element of one octet; returns the header's new length. */
static int
put_language(unsigned char *out, int octets, unsigned char element, int language)
{
	if (language == 0)
		return octets;
	out[octets] = element;
	out[octets + 1] = 1;
	out[octets + 2] = (unsigned char) language;
	return octets + 3;
}

/* Writes the user data header of a part; returns its octets, 0 = none. */
int
pt_text_udh(const PtAnalysis *how, unsigned reference, int total, int part,
			unsigned char *out)
{
	int			n = 1;

	if (total > 1)
	{
		out[n++] = how->wide_reference ? IE_CONCAT_16 : IE_CONCAT_8;
		out[n++] = how->wide_reference ? 4 : 3;
		if (how->wide_reference)
			out[n++] = (unsigned char) (reference >> 8);
		out[n++] = (unsigned char) reference;
		out[n++] = (unsigned char) total;
		out[n++] = (unsigned char) part;
	}
	if (how->encoding == PT_GSM7)
	{
		n = put_language(out, n, IE_SINGLE_SHIFT, how->single_shift);
		n = put_language(out, n, IE_LOCKING_SHIFT, how->locking_shift);
	}
	if (n == 1)
		return 0;
	out[0] = (unsigned char) (n - 1);
	return n;
}

/* Takes over a concatenation element; part 0 or above total is ignored. */
static void
read_concatenation(const unsigned char *data, bool wide, PtUdh *udh)
{
	int			total = data[wide ? 2 : 1];
	int			part = data[wide ? 3 : 2];

	if (part == 0 || part > total)
		return;
	udh->wide_reference = wide;
	udh->reference = wide ? (unsigned) data[0] << 8 | data[1] : data[0];
	udh->total = total;
	udh->part = part;
}

/* Reads a header; unknown elements and languages are skipped, as they must be. */
bool
pt_text_read_udh(const unsigned char *in, size_t len, PtUdh *udh)
{
	size_t		i = 1;
	size_t		end;

	*udh = (PtUdh) {.total = 1, .part = 1};
	if (len == 0 || (end = (size_t) in[0] + 1) > len)
		return false;
	while (i < end)
	{
		unsigned char element = in[i];
		const unsigned char *data = in + i + 2;
		size_t		data_len;

		if (end - i < 2)
			return false;
		data_len = in[i + 1];
		if (data_len > end - i - 2)
			return false;
		if (element == IE_CONCAT_8 && data_len == 3)
			read_concatenation(data, false, udh);
		else if (element == IE_CONCAT_16 && data_len == 4)
			read_concatenation(data, true, udh);
		else if (element == IE_SINGLE_SHIFT && data_len == 1 && pt_gsm_has_single_shift(data[0]))
			udh->single_shift = data[0];
		else if (element == IE_LOCKING_SHIFT && data_len == 1 && pt_gsm_has_locking_shift(data[0]))
			udh->locking_shift = data[0];
		i += 2 + data_len;
	}
	udh->octets = (int) end;
	return true;
}
