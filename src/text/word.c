/*
 * word.c
 *	  Cuts a text into folded words (word.h).
 *
 * Libraries: icu-uc
 */
#include "word.h"

#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/utf16.h>

#include "utf8.h"

#define FOLD_MAX 20				/* the longest decomposition has 18 code points */
#define NO_CHARACTER 0xFFFD		/* in place of octets that are no UTF-8 */

typedef enum Part
{
	PART_GAP,					/* parts words */
	PART_HYPHEN,				/* parts words, or joins two to one compound */
	PART_NOTHING,				/* is not seen */
	PART_MARK,					/* belongs to the letter before */
	PART_LETTER,				/* a letter or digit */
	PART_WHOLE					/* a word by itself */
} Part;

/* A character as it counts in a word. */
typedef struct Folded
{
	Part		part;
	UScriptCode script;			/* USCRIPT_COMMON: of any (digits) */
	int			n;
	uint32_t	letters[FOLD_MAX];
} Folded;

static bool
is_ascii_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Case is folded; ı has neither a case folding nor a decomposition to i. */
static uint32_t
fold_letter(uint32_t c)
{
	return c == 0x131 ? 'i' : (uint32_t) u_foldCase((UChar32) c, U_FOLD_CASE_DEFAULT);
}

/* Appends a letter; a mark on a Latin letter is left out.  Returns the new length. */
static int
append(uint32_t *letters, int n, int room, uint32_t c)
{
	if ((U_GET_GC_MASK((UChar32) c) & U_GC_M_MASK) != 0 && n > 0 && n <= room && is_ascii_letter(letters[n - 1]))
		return n;
	if (n < room)
		letters[n] = c;
	return n < room ? n + 1 : room + 1;
}

/* Decomposes and folds a character that is not ASCII. */
static void
fold(uint32_t c, Folded *result)
{
	UErrorCode	status = U_ZERO_ERROR;
	UChar		units[FOLD_MAX];
	const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&status);
	int32_t		len = U_FAILURE(status) ? -1 : unorm2_getDecomposition(nfkd, (UChar32) c, units, FOLD_MAX, &status);

	result->n = 0;
	result->letters[0] = fold_letter(c);
	if (U_FAILURE(status) || len <= 0)
		result->n = 1;
	else
		for (int32_t i = 0; i < len;)
		{
			UChar32		piece;

			U16_NEXT(units, i, len, piece);
			result->n = append(result->letters, result->n, FOLD_MAX, fold_letter((uint32_t) piece));
		}
	status = U_ZERO_ERROR;
	result->script = uscript_getScript((UChar32) result->letters[0], &status);
	if (result->script == USCRIPT_INHERITED || U_FAILURE(status))
		result->script = USCRIPT_COMMON;
}

static bool
all_ascii(const Folded *folded)
{
	for (int i = 0; i < folded->n; i++)
		if (!is_ascii_letter(folded->letters[i]))
			return false;
	return folded->n > 0;
}

/* What a character that is not ASCII is; letters have been folded. */
static Part
part_of(uint32_t c, const Folded *folded)
{
	uint32_t	category = U_GET_GC_MASK((UChar32) c);

	if (c == 0x200B)
		return PART_GAP;
	if (u_hasBinaryProperty((UChar32) c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
		return PART_NOTHING;
	if (c == 0x2010 || c == 0x2011 || c == 0xFE63 || c == 0xFF0D)
		return PART_HYPHEN;
	if ((category & U_GC_M_MASK) != 0)
		return PART_MARK;
	if ((category & (U_GC_L_MASK | U_GC_N_MASK)) == 0)	/* circled letters are symbols */
		return u_isUAlphabetic((UChar32) c) && all_ascii(folded) ? PART_LETTER : PART_GAP;
	if (all_ascii(folded))
		return PART_LETTER;
	switch (u_getIntPropertyValue((UChar32) c, UCHAR_WORD_BREAK))
	{
		case U_WB_ALETTER:
		case U_WB_HEBREW_LETTER:
		case U_WB_NUMERIC:
			return PART_LETTER;
		default:				/* Unicode Standard Annex 29: the scripts without blanks */
			return PART_WHOLE;
	}
}

/* Says what a character is and how it counts. */
static void
look_at(uint32_t c, Folded *result)
{
	if (c >= 0x80)
	{
		fold(c, result);
		result->part = part_of(c, result);
		return;
	}
	result->letters[0] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	result->n = 1;
	result->script = c >= 'A' ? USCRIPT_LATIN : USCRIPT_COMMON;
	result->part = c == '-' ? PART_HYPHEN : is_ascii_letter(result->letters[0]) ? PART_LETTER : PART_GAP;
}

bool
pt_word_next(PtWords *words, PtWord *word)
{
	UScriptCode script = USCRIPT_COMMON;
	bool		whole = false;
	int			gaps = 0;
	int			hyphens = 0;

	for (word->n = 0; words->left > 0;)
	{
		uint32_t	c = NO_CHARACTER;
		size_t		width = pt_utf8_next(words->at, words->left, &c);
		Folded		folded;

		look_at(c, &folded);
		if (folded.part >= PART_LETTER)
		{
			bool		other = folded.script != script && folded.script != USCRIPT_COMMON && script != USCRIPT_COMMON;

			if (word->n > 0 && (whole || folded.part == PART_WHOLE || other))
				break;
			whole = folded.part == PART_WHOLE;
			if (folded.script != USCRIPT_COMMON)
				script = folded.script;
		}
		else if (folded.part <= PART_HYPHEN && word->n > 0)
			break;
		gaps += folded.part == PART_GAP;
		hyphens += folded.part == PART_HYPHEN;
		if (folded.part >= PART_LETTER || (folded.part == PART_MARK && word->n > 0))
			for (int i = 0; i < folded.n; i++)
				word->n = append(word->letters, word->n, PT_WORD_MAX, folded.letters[i]);
		words->at += width > 0 ? width : 1;
		words->left -= width > 0 ? width : 1;
	}
	word->joined = words->begun && hyphens == 1 && gaps == 0;
	words->begun = true;
	return word->n > 0;
}

bool
pt_word_equal(const PtWord *a, const PtWord *b)
{
	return a->n == b->n && a->n <= PT_WORD_MAX &&
		memcmp(a->letters, b->letters, sizeof(a->letters[0]) * (size_t) a->n) == 0;
}

int
pt_word_compare(const PtWord *word, const char *upper)
{
	int			i;

	if (word->n > PT_WORD_MAX)
		return 1;
	for (i = 0; i < word->n; i++)
	{
		uint32_t	c = word->letters[i];

		if (c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (c != (unsigned char) upper[i])
			return c > (unsigned char) upper[i] ? 1 : -1;
	}
	return upper[i] == '\0' ? 0 : -1;
}
