/*
 * keyword.h
 *	  What a text to a short code asks for (FLOW-06, FLOW-07, FLOW-11).
 *
 * Core: no PostgreSQL header.  Texts are UTF-8.
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
	int			keyword;		/* index of the keyword that is named; -1: none */
} PtKeywordMessage;

/* keywords: the short code's, upper case, sorted by strcmp. */
extern PtKeywordMessage pt_parse_keyword_message(const char *text, size_t len,
												 const char *const *keywords, int n);

/* Is one of the six stop words, HELP or YES (any case)? */
extern bool pt_reserved_word(const char *word, size_t len);

/* Does the text hold the word STOP (DID-04)? */
extern bool pt_has_stop(const char *text, size_t len);

/* Does the text hold one of the words or phrases (lower case, any script; LAW-07)?  Its index, or -1. */
extern int	pt_find_listed_word(const char *text, size_t len, const char *const *words, int n);

#endif							/* PORTATEXT_KEYWORD_H */
