/*
 * transliterate.c
 *	  Replaces characters that are not in the GSM 03.38 set, so that a text needs
 *	  fewer segments.
 *
 * What is in the set stays as it is.  A character with its combining marks is
 * looked up, in this order, as its composed form (e + U+0301 is é), in the table
 * below, in ICU's Latin-ASCII, and as what remains of its compatibility
 * decomposition without marks.  A word (letters and marks) of which one letter
 * has no equivalent stays whole; romanize tries ICU's Any-Latin on it.
 *
 * Libraries: icu-i18n icu-uc
 */
#include "transliterate.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "gsm.h"
#include "utf8.h"

#define WORD_MAX 96				/* code points looked at together */
#define UNITS_MAX 1024			/* UTF-16 units of what ICU makes of them */
#define OCTETS_MAX (3 * UNITS_MAX)

/* Typographic characters and look-alikes, by code point. */
typedef struct Substitute
{
	uint32_t	code_point;
	const char *utf8;
} Substitute;

static const Substitute substitutes[] = {
	{0x0009, " "}, {0x000B, "\n"}, {0x0060, "'"}, {0x0085, "\n"}, {0x00A0, " "},
	{0x00AB, "\""}, {0x00AD, ""}, {0x00B4, "'"}, {0x00B5, "u"}, {0x00B7, "."},
	{0x00BB, "\""}, {0x00D7, "x"}, {0x02B9, "'"}, {0x02BA, "\""}, {0x02BB, "'"},
	{0x02BC, "'"}, {0x02BD, "'"}, {0x02C8, "'"}, {0x02CA, "'"}, {0x02CB, "'"},
	/* Greek capitals that look like Latin ones; the others are in the set */
	{0x0391, "A"}, {0x0392, "B"}, {0x0395, "E"}, {0x0396, "Z"}, {0x0397, "H"},
	{0x0399, "I"}, {0x039A, "K"}, {0x039C, "M"}, {0x039D, "N"}, {0x039F, "O"},
	{0x03A1, "P"}, {0x03A4, "T"}, {0x03A5, "Y"}, {0x03A7, "X"},
	{0x200B, ""}, {0x2010, "-"}, {0x2011, "-"}, {0x2012, "-"}, {0x2013, "-"},
	{0x2014, "-"}, {0x2015, "-"}, {0x2018, "'"}, {0x2019, "'"}, {0x201A, "'"},
	{0x201B, "'"}, {0x201C, "\""}, {0x201D, "\""}, {0x201E, "\""}, {0x201F, "\""},
	{0x2022, "*"}, {0x2023, "*"}, {0x2026, "..."}, {0x2028, "\n"}, {0x2029, "\n"},
	{0x2032, "'"}, {0x2033, "\""}, {0x2039, "'"}, {0x203A, "'"}, {0x2043, "*"},
	{0x2044, "/"}, {0x2060, ""}, {0x20A4, "£"}, {0x2206, "Δ"}, {0x2212, "-"},
	{0x2215, "/"}, {0x2219, "."}, {0x25AA, "*"}, {0x25CF, "*"}, {0x25E6, "*"},
	{0xFEFF, ""}
};

/* ICU's objects, opened on first use and kept for the life of the process. */
static UTransliterator *latin_ascii;
static UTransliterator *any_latin;
static const UNormalizer2 *nfc;
static const UNormalizer2 *nfkd;

/* A text being transliterated. */
typedef struct Work
{
	bool		romanize;
	PtPieceSink sink;
	void	   *context;
} Work;

/* What stands for a piece of text, in UTF-8. */
typedef struct Result
{
	char		utf8[OCTETS_MAX];
	size_t		len;
} Result;

/* Opens a transliterator by its ASCII name. */
static UTransliterator *
open_transliterator(const char *name, UErrorCode *status)
{
	UChar		id[64];

	u_uastrcpy(id, name);
	return utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, status);
}

/* Opens what is not open yet; returns the name of ICU's error or NULL. */
static const char *
open_all(void)
{
	UErrorCode	status = U_ZERO_ERROR;

	if (nfc == NULL)
		nfc = unorm2_getNFCInstance(&status);
	if (nfkd == NULL)
		nfkd = unorm2_getNFKDInstance(&status);
	if (latin_ascii == NULL)
		latin_ascii = open_transliterator("Latin-ASCII", &status);
	if (any_latin == NULL)
		any_latin = open_transliterator("Any-Latin; Latin-ASCII", &status);
	return U_FAILURE(status) ? u_errorName(status) : NULL;
}

/* Whether all of a text is in the GSM set. */
static bool
is_gsm(const char *utf8, size_t len)
{
	PtAnalysis	how;

	return pt_text_analyze(utf8, len, NULL, &how) && how.encoding == PT_GSM7;
}

/* Compares a code point with a substitute's, for bsearch. */
static int
compare_code_point(const void *key, const void *entry)
{
	uint32_t	code_point = *(const uint32_t *) key;
	uint32_t	other = ((const Substitute *) entry)->code_point;

	return (code_point > other) - (code_point < other);
}

/* The substitute of a character, or NULL. */
static const char *
substitute_of(uint32_t code_point)
{
	const Substitute *found = bsearch(&code_point, substitutes,
									  sizeof(substitutes) / sizeof(substitutes[0]),
									  sizeof(substitutes[0]), compare_code_point);

	return found != NULL ? found->utf8 : NULL;
}

/* Puts UTF-16 into the result; true if that is in the GSM set and not empty. */
static bool
accept_units(const UChar *units, int32_t count, Result *result)
{
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		len;

	u_strToUTF8(result->utf8, OCTETS_MAX, &len, units, count, &status);
	if (U_FAILURE(status) || len == 0)
		return false;
	result->len = (size_t) len;
	return is_gsm(result->utf8, result->len);
}

/* Puts what a transliterator makes of UTF-16 into the result; see accept_units. */
static bool
accept_transliterated(const UTransliterator *how, const UChar *units, int32_t count,
					  Result *result)
{
	UChar		buffer[UNITS_MAX];
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		limit = count;

	u_memcpy(buffer, units, count);
	utrans_transUChars(how, buffer, &count, UNITS_MAX, 0, &limit, &status);
	return U_SUCCESS(status) && accept_units(buffer, count, result);
}

/* Appends a code point's substitute, or itself, to UTF-16. */
static int32_t
append_substitute(UChar *units, int32_t count, UChar32 c)
{
	const char *substitute = substitute_of((uint32_t) c);
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		added = 0;

	if (substitute == NULL)
	{
		U16_APPEND_UNSAFE(units, count, c);
		return count;
	}
	u_strFromUTF8(units + count, UNITS_MAX - count, &added, substitute, -1, &status);
	return count + added;
}

/* Takes marks off the compatibility decomposition and tries what remains. */
static bool
accept_without_marks(const UChar *units, int32_t count, Result *result)
{
	UChar		decomposed[UNITS_MAX / 4];
	UChar		bare[UNITS_MAX];
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		n = 0;
	int32_t		i = 0;

	count = unorm2_normalize(nfkd, units, count, decomposed, UNITS_MAX / 4, &status);
	if (U_FAILURE(status))
		return false;
	while (i < count)
	{
		UChar32		c;

		U16_NEXT(decomposed, i, count, c);
		if ((U_GET_GC_MASK(c) & U_GC_M_MASK) == 0)
			n = append_substitute(bare, n, c);
	}
	return accept_units(bare, n, result) || accept_transliterated(latin_ascii, bare, n, result);
}

/*
 * Finds what stands for a cluster, a character with its marks; false when it
 * has no equivalent.
 */
static bool
replace_cluster(const char *utf8, size_t len, Result *result)
{
	UChar		units[WORD_MAX * 2];
	UChar		composed[WORD_MAX * 2];
	UErrorCode	status = U_ZERO_ERROR;
	uint32_t	first = 0;
	const char *substitute;
	int32_t		count;

	if (pt_utf8_next((const unsigned char *) utf8, len, &first) == len &&
		(substitute = substitute_of(first)) != NULL)
	{
		result->len = strlen(substitute);
		memcpy(result->utf8, substitute, result->len);
		return true;
	}
	u_strFromUTF8(units, WORD_MAX * 2, &count, utf8, (int32_t) len, &status);
	count = unorm2_normalize(nfc, units, count, composed, WORD_MAX * 2, &status);
	if (U_FAILURE(status))
		return false;
	return accept_units(composed, count, result) ||
		accept_transliterated(latin_ascii, composed, count, result) ||
		accept_without_marks(composed, count, result);
}

/* Finds the Latin letters that stand for a word of another script. */
static bool
replace_word(const char *utf8, size_t len, Result *result)
{
	UChar		units[WORD_MAX * 2];
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		count;

	u_strFromUTF8(units, WORD_MAX * 2, &count, utf8, (int32_t) len, &status);
	return U_SUCCESS(status) && accept_transliterated(any_latin, units, count, result);
}

/* Octets of the characters of some categories at the start of a text. */
static size_t
span(const char *utf8, size_t len, uint32_t categories, int limit)
{
	size_t		end = 0;

	for (; limit > 0; limit--)
	{
		uint32_t	c;
		size_t		width = pt_utf8_next((const unsigned char *) utf8 + end, len - end, &c);

		if (width == 0 || (U_GET_GC_MASK((UChar32) c) & categories) == 0)
			break;
		end += width;
	}
	return end;
}

/* Octets of the character and the marks at the start of a text. */
static size_t
cluster_len(const char *utf8, size_t len)
{
	uint32_t	c;
	size_t		width = pt_utf8_next((const unsigned char *) utf8, len, &c);

	return width + span(utf8 + width, len - width, U_GC_M_MASK, WORD_MAX / 4);
}

/* Hands a piece to the sink; a NULL result leaves it as it is. */
static void
emit(const Work *work, const char *utf8, size_t len, const Result *result)
{
	if (result == NULL)
		work->sink(work->context, utf8, len, utf8, len, false);
	else
		work->sink(work->context, utf8, len, result->utf8, result->len, true);
}

/*
 * Hands on the clusters of a word, replaced where they are not in the set; with
 * dry_run only finds out whether all have an equivalent.
 */
static bool
replace_clusters(const Work *work, const char *utf8, size_t len, bool dry_run)
{
	Result		result;

	for (size_t i = 0; i < len;)
	{
		size_t		n = cluster_len(utf8 + i, len - i);

		if (is_gsm(utf8 + i, n))
		{
			if (!dry_run)
				emit(work, utf8 + i, n, NULL);
		}
		else if (!replace_cluster(utf8 + i, n, &result))
			return false;
		else if (!dry_run)
			emit(work, utf8 + i, n, &result);
		i += n;
	}
	return true;
}

/* Transliterates one word or one cluster between words. */
static void
do_word(const Work *work, const char *utf8, size_t len)
{
	Result		result;

	if (is_gsm(utf8, len))
		emit(work, utf8, len, NULL);
	else if (replace_clusters(work, utf8, len, true))
		replace_clusters(work, utf8, len, false);
	else if (work->romanize && replace_word(utf8, len, &result))
		emit(work, utf8, len, &result);
	else
		emit(work, utf8, len, NULL);
}

/* Walks over the words of a text; the name of ICU's error or NULL. */
const char *
pt_transliterate(const char *utf8, size_t len, bool romanize, PtPieceSink sink,
				 void *context)
{
	const Work	work = {romanize, sink, context};
	const char *error = open_all();

	if (error != NULL)
		return error;
	for (size_t i = 0; i < len;)
	{
		size_t		n = span(utf8 + i, len - i, U_GC_L_MASK | U_GC_M_MASK, WORD_MAX);

		if (n == 0)
			n = cluster_len(utf8 + i, len - i);
		do_word(&work, utf8 + i, n);
		i += n;
	}
	return NULL;
}
