/*
 * gsm.c
 *	  Which encoding a text needs, how many units and segments it has, and
 *	  where it is cut (3GPP TS 23.038, 6.1 and 6.2; TS 23.040, 9.2.3.24.1 and
 *	  9.2.3.24.8).
 *
 * A text is cut greedily and never inside an escape sequence or a surrogate
 * pair, so the number of segments can be more than units / capacity.
 */
#include "gsm.h"

#include "gsm_table.h"
#include "utf8.h"

#define USER_DATA_OCTETS 140	/* of one short message (23.040, 9.2.3.24) */
#define NOT_ENCODABLE (-1)		/* a character is not in the alphabet */
#define NOT_UTF8 (-2)

/* Septets of each ASCII character in the default alphabet; 0 = not in it. */
static const uint8_t ascii_septets[128] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0, 0, /* LF, FF, CR */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* ESC is no character */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, /* [ \ ] ^ */
	0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* no back-tick */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0	/* { | } ~ */
};

/* How a text's characters are counted. */
typedef struct Measure
{
	PtEncoding	encoding;
	const PtAlphabet *alphabet; /* GSM-7 with national tables, else NULL */
} Measure;

static const Measure gsm_default = {PT_GSM7, NULL};
static const Measure ucs2 = {PT_UCS2, NULL};

/*
 * Septets of a character above U+007F in the default alphabet; 0 = not in it.
 * A bit for each character of U+0080 to 00FF and of U+0380 to 03BF.
 */
static inline int
septets_beyond_ascii(uint32_t code_point)
{
	static const uint32_t latin[] = {0, 0x800000BA, 0x914202F0, 0x13461371};
	static const uint32_t greek[] = {0x49180000, 0x00000349};

	if (code_point < 0x100)
		return (int) (latin[(code_point - 0x80) >> 5] >> (code_point & 31) & 1);
	if (code_point >= 0x380 && code_point < 0x3C0)
		return (int) (greek[(code_point - 0x380) >> 5] >> (code_point & 31) & 1);
	return code_point == 0x20AC ? 2 : 0;
}

/* Units of one character; 0 = not in the alphabet. */
static inline int
units_of(const Measure *measure, uint32_t code_point)
{
	int			code;

	if (measure->encoding == PT_UCS2)
		return code_point > 0xFFFF ? 2 : 1;
	if (measure->alphabet == NULL)
		return code_point < 0x80 ? ascii_septets[code_point] : septets_beyond_ascii(code_point);
	code = pt_alphabet_code(measure->alphabet, code_point);
	return code < 0 ? 0 : code < 128 ? 1 : 2;
}

/* Units of a whole text, or NOT_ENCODABLE, or NOT_UTF8. */
static int
count_units(const unsigned char *text, size_t len, const Measure *measure)
{
	int			units = 0;
	size_t		i = 0;

	while (i < len)
	{
		uint32_t	code_point;
		size_t		width = pt_utf8_next(text + i, len - i, &code_point);
		int			cost;

		if (width == 0)
			return NOT_UTF8;
		cost = units_of(measure, code_point);
		if (cost == 0)
			return NOT_ENCODABLE;
		units += cost;
		i += width;
	}
	return units;
}

/*
 * The same for the default alphabet, where most texts are nothing but ASCII:
 * this loop is what gsm_segments costs.
 */
static int
count_default_septets(const unsigned char *text, size_t len)
{
	int			septets = 0;
	size_t		i = 0;

	while (i < len)
	{
		int			cost;
		size_t		width = 1;

		if (text[i] < 0x80)
			cost = ascii_septets[text[i]];
		else
		{
			uint32_t	code_point;

			width = pt_utf8_next(text + i, len - i, &code_point);
			if (width == 0)
				return NOT_UTF8;
			cost = septets_beyond_ascii(code_point);
		}
		if (cost == 0)
			return NOT_ENCODABLE;
		septets += cost;
		i += width;
	}
	return septets;
}

/*
 * Cuts a measured text into parts of at most capacity units; parts may be NULL.
 * Returns the number of parts: an empty text is one.
 */
static int
cut(const unsigned char *text, size_t len, const Measure *measure, int capacity,
	PtPart *parts)
{
	int			count = 0;
	int			units = 0;
	size_t		start = 0;
	size_t		i = 0;

	while (i < len)
	{
		uint32_t	code_point = 0;
		size_t		width = pt_utf8_next(text + i, len - i, &code_point);
		int			cost = units_of(measure, code_point);

		if (units + cost > capacity)
		{
			if (parts != NULL)
				parts[count] = (PtPart) {start, i - start, units};
			count++;
			start = i;
			units = 0;
		}
		units += cost;
		i += width;
	}
	if (parts != NULL)
		parts[count] = (PtPart) {start, i - start, units};
	return count + 1;
}

/*
 * Units that fit beside a header: 3 octets for each national table, 5 or 6 for
 * the concatenation, 1 for the header's length (23.040, 9.2.3.24).
 */
static int
capacity_of(const PtAnalysis *how, bool concatenated)
{
	int			header = 0;
	int			left;

	if (concatenated)
		header += how->wide_reference ? 6 : 5;
	if (how->encoding == PT_GSM7)
		header += (how->single_shift != 0 ? 3 : 0) + (how->locking_shift != 0 ? 3 : 0);
	if (header > 0)
		header++;
	left = USER_DATA_OCTETS - header;
	return how->encoding == PT_GSM7 ? left * 8 / 7 : left / 2;
}

/* Fills in capacity and segments of a text whose units are counted. */
static void
count_segments(const unsigned char *text, size_t len, const Measure *measure,
			   PtAnalysis *how)
{
	how->segments = 1;
	how->capacity = capacity_of(how, false);
	if (how->units <= how->capacity)
		return;
	how->capacity = capacity_of(how, true);
	how->segments = cut(text, len, measure, how->capacity, NULL);
}

/* Replaces best by a way with national tables if that needs fewer segments. */
static void
try_national(const unsigned char *text, size_t len, int single_shift, int locking_shift,
			 PtAnalysis *best)
{
	PtAlphabet	alphabet;
	const Measure measure = {PT_GSM7, &alphabet};
	PtAnalysis	how = *best;

	pt_alphabet_init(&alphabet, single_shift, locking_shift);
	how.units = count_units(text, len, &measure);
	if (how.units < 0)
		return;
	how.encoding = PT_GSM7;
	how.single_shift = single_shift;
	how.locking_shift = locking_shift;
	count_segments(text, len, &measure, &how);
	if (how.segments < best->segments)
		*best = how;
}

/*
 * Decides and counts.  The default alphabet wins over UCS-2 whenever it can hold
 * the text; national tables, which not every handset knows, win only where they
 * need fewer segments, one table over two.
 */
bool
pt_text_analyze(const char *utf8, size_t len, const PtTextOptions *options,
				PtAnalysis *result)
{
	static const PtTextOptions none = {false, 0, 0};
	const unsigned char *text = (const unsigned char *) utf8;
	const Measure *measure = &gsm_default;

	if (options == NULL)
		options = &none;
	if (len > PT_TEXT_MAX_BYTES || !pt_gsm_has_single_shift(options->single_shift) ||
		!pt_gsm_has_locking_shift(options->locking_shift))
		return false;
	*result = (PtAnalysis) {.wide_reference = options->wide_reference};
	result->units = count_default_septets(text, len);
	if (result->units == NOT_ENCODABLE)
	{
		measure = &ucs2;
		result->units = count_units(text, len, measure);
	}
	if (result->units < 0)
		return false;
	result->encoding = measure->encoding;
	count_segments(text, len, measure, result);

	if (result->segments > 1 && options->single_shift != 0)
		try_national(text, len, options->single_shift, 0, result);
	if (result->segments > 1 && options->locking_shift != 0)
		try_national(text, len, 0, options->locking_shift, result);
	if (result->segments > 1 && options->single_shift != 0 && options->locking_shift != 0)
		try_national(text, len, options->single_shift, options->locking_shift, result);
	return true;
}

/* Where an analyzed text is cut; -1 when it needs more than PT_MAX_PARTS. */
int
pt_text_split(const char *utf8, size_t len, const PtAnalysis *how, PtPart *parts)
{
	const unsigned char *text = (const unsigned char *) utf8;
	PtAlphabet	alphabet;
	Measure		measure = {how->encoding, NULL};

	if (how->segments > PT_MAX_PARTS)
		return -1;
	if (how->single_shift != 0 || how->locking_shift != 0)
	{
		pt_alphabet_init(&alphabet, how->single_shift, how->locking_shift);
		measure.alphabet = &alphabet;
	}
	return cut(text, len, &measure, how->capacity, parts);
}
