/*
 * keyword.h
 *	  What a text to a short code asks for (FLOW-06, FLOW-07, FLOW-11).
 *
 * Core: no PostgreSQL header.  Texts are UTF-8; octets that are none part words.
 * text/word.h says what a word is and how words are folded: full-width letters,
 * accents, the dotless and the dotted i.  More is understood than people would
 * usually write, because a missed opt-out is the worse error.
 */
#ifndef PORTATEXT_KEYWORD_H
#define PORTATEXT_KEYWORD_H

#include <stdbool.h>
#include <stddef.h>

typedef enum PtKeywordAction
{
	PT_KEYWORD_OTHER,			/* none of the below */
	PT_KEYWORD_ALONE,			/* the keyword and nothing else */
	PT_KEYWORD_YES,				/* with YES, in either order */
	PT_KEYWORD_HELP,			/* HELP, with a keyword or bare */
	PT_KEYWORD_STOP				/* a stop word, with a keyword or bare */
} PtKeywordAction;

typedef struct PtKeywordMessage
{
	PtKeywordAction action;
	int			keyword;		/* index of the (first) keyword that is named; -1: none,
								 * or a stop word beside several: all are meant */
	bool		stop_first;		/* OTHER, names no keyword, but begins with STOP or
								 * UNSUBSCRIBE: from a subscriber it is a stop word */
} PtKeywordMessage;

/*
 * Precedence: stop, HELP, YES.  These words count when there is nothing but them
 * and the keyword, in any order; STOP and UNSUBSCRIBE also when a longer text
 * begins with them and names a keyword.  keywords: the short code's, upper case,
 * sorted by strcmp.
 */
extern PtKeywordMessage pt_parse_keyword_message(const char *text, size_t len,
												 const char *const *keywords, int n);

/* Is one of the six stop words, HELP or YES (any case)? */
extern bool pt_reserved_word(const char *text, size_t len);

/* Does the text hold the word STOP (DID-04), not as part of a compound with a hyphen? */
extern bool pt_has_stop(const char *text, size_t len);

/*
 * Does the text hold one of the words or phrases (lower case, any script;
 * LAW-07)?  The index of the one that comes first in the text; -1: none.
 */
extern int	pt_find_listed_word(const char *text, size_t len, const char *const *phrases, int n);

#endif							/* PORTATEXT_KEYWORD_H */
