/*
 * keyword.c
 *	  What a text to a short code asks for (keyword.h), and words in texts.
 */
#include "keyword.h"

#include "text/word.h"

/* The words that no keyword may be (SVC-03), with what they ask for (SVC-10). */
static const struct
{
	const char *word;
	PtKeywordAction action;
	bool		begins;			/* counts as the first word of a longer text (FLOW-07) */
}			reserved_words[] =
{
	{"STOP", PT_KEYWORD_STOP, true},
	{"CANCEL", PT_KEYWORD_STOP, false},
	{"QUIT", PT_KEYWORD_STOP, false},
	{"UNSUBSCRIBE", PT_KEYWORD_STOP, true},
	{"END", PT_KEYWORD_STOP, false},
	{"BAJA", PT_KEYWORD_STOP, false},
	{"HELP", PT_KEYWORD_HELP, false},
	{"YES", PT_KEYWORD_YES, false}
};

/* What has been seen of a text. */
typedef struct Seen
{
	int			words;
	int			others;			/* words that are neither reserved nor a keyword */
	bool		begins;			/* with STOP or UNSUBSCRIBE */
	PtKeywordAction action;		/* the strongest of the reserved words; OTHER: none */
	int			keyword;		/* the first; -1: none */
	bool		several;		/* different keywords */
} Seen;

/* The reserved word's index; -1: it is none. */
static int
find_reserved(const PtWord *word)
{
	for (int i = 0; i < (int) (sizeof(reserved_words) / sizeof(reserved_words[0])); i++)
		if (pt_word_compare(word, reserved_words[i].word) == 0)
			return i;
	return -1;
}

/* The keyword's index; -1: it is none. */
static int
find_keyword(const PtWord *word, const char *const *keywords, int n)
{
	int			low = 0;

	while (low < n)
	{
		int			middle = low + (n - low) / 2;
		int			order = pt_word_compare(word, keywords[middle]);

		if (order == 0)
			return middle;
		if (order > 0)
			low = middle + 1;
		else
			n = middle;
	}
	return -1;
}

/* Counts one word. */
static void
see_word(Seen *seen, const PtWord *word, const char *const *keywords, int n)
{
	int			reserved = find_reserved(word);
	int			keyword = reserved < 0 ? find_keyword(word, keywords, n) : -1;

	if (reserved >= 0)
	{
		if (seen->words == 0)
			seen->begins = reserved_words[reserved].begins;
		if (seen->action < reserved_words[reserved].action)
			seen->action = reserved_words[reserved].action;
	}
	else if (keyword >= 0)
	{
		if (seen->keyword < 0)
			seen->keyword = keyword;
		else if (seen->keyword != keyword)
			seen->several = true;
	}
	else
		seen->others++;
	seen->words++;
}

PtKeywordMessage
pt_parse_keyword_message(const char *text, size_t len, const char *const *keywords, int n)
{
	PtWords		words = pt_words(text, len);
	PtWord		word;
	Seen		seen = {.action = PT_KEYWORD_OTHER, .keyword = -1};
	PtKeywordMessage result;

	while (pt_word_next(&words, &word))
		see_word(&seen, &word, keywords, n);
	result.keyword = seen.keyword;
	if (seen.others == 0 ? seen.action == PT_KEYWORD_STOP : seen.begins && seen.keyword >= 0)
	{
		result.action = PT_KEYWORD_STOP;
		if (seen.several)
			result.keyword = -1;
	}
	else if (seen.others > 0 || seen.several)
		result.action = PT_KEYWORD_OTHER;
	else if (seen.action == PT_KEYWORD_OTHER && seen.keyword >= 0)
		result.action = PT_KEYWORD_ALONE;
	else
		result.action = seen.action;
	result.stop_first = result.action == PT_KEYWORD_OTHER && seen.begins && seen.keyword < 0;
	return result;
}

bool
pt_reserved_word(const char *text, size_t len)
{
	PtWords		words = pt_words(text, len);
	PtWord		word;

	return pt_word_next(&words, &word) && find_reserved(&word) >= 0 && !pt_word_next(&words, &word);
}

bool
pt_has_stop(const char *text, size_t len)
{
	PtWords		words = pt_words(text, len);
	PtWord		word;
	bool		found = false;	/* the word before is STOP, unless a compound follows */

	while (pt_word_next(&words, &word))
	{
		if (found && !word.joined)
			return true;
		found = !word.joined && pt_word_compare(&word, "STOP") == 0;
	}
	return found;
}

/* Do the words of phrase follow one another from here on? */
static bool
begins_with(PtWords words, const char *phrase)
{
	size_t		len = 0;
	PtWords		wanted;
	PtWord		want;
	PtWord		word;
	bool		any = false;

	while (phrase[len] != '\0')
		len++;
	for (wanted = pt_words(phrase, len); pt_word_next(&wanted, &want); any = true)
		if (!pt_word_next(&words, &word) || !pt_word_equal(&word, &want))
			return false;
	return any;
}

int
pt_find_listed_word(const char *text, size_t len, const char *const *phrases, int n)
{
	PtWords		words = pt_words(text, len);
	PtWord		word;

	for (PtWords here = words; pt_word_next(&words, &word); here = words)
		for (int i = 0; i < n; i++)
		{
			unsigned char first = (unsigned char) phrases[i][0];

			/* Most words differ in their first letter. */
			if ((first | 0x20) >= 'a' && (first | 0x20) <= 'z' && word.letters[0] < 0x80 &&
				word.letters[0] != (first | 0x20u))
				continue;
			if (begins_with(here, phrases[i]))
				return i;
		}
	return -1;
}
