/*
 * word.h
 *	  The words of a text, folded so that the same word written in different ways
 *	  is the same; part of the core.
 *
 * Folded are: case (of all scripts); full-width, circled, mathematical and other
 * compatibility forms (Unicode's NFKD); the marks on Latin letters (Á, ñ); the
 * dotless and the dotted i of Turkish (ı, İ); characters that are not seen
 * (joiners, soft hyphens, directions).  Not folded are letters of other scripts
 * that look like Latin ones, and ø, ł, æ and ß, which are no letters with marks.
 *
 * A word is what is written together in one script: "STOPしてください" begins with
 * the word STOP.  In scripts without blanks (Han, Kana, Thai) each character is a
 * word.  Everything else parts words: white space, punctuation, symbols, emoji,
 * U+200B and octets that are no UTF-8.
 */
#ifndef PORTATEXT_WORD_H
#define PORTATEXT_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_WORD_MAX 64			/* letters of a word that can be compared */

/* What is left of a text. */
typedef struct PtWords
{
	const unsigned char *at;
	size_t		left;
	bool		begun;			/* a word has been read */
} PtWords;

typedef struct PtWord
{
	uint32_t	letters[PT_WORD_MAX];	/* lower case */
	int			n;				/* PT_WORD_MAX + 1: longer, equal to no word */
	bool		joined;			/* only a hyphen stands between it and the word before */
} PtWord;

/* Starts reading a text (UTF-8). */
static inline PtWords
pt_words(const char *text, size_t len)
{
	return (PtWords) {(const unsigned char *) text, len, false};
}

/* Reads the next word; false at the end of the text. */
extern bool pt_word_next(PtWords *words, PtWord *word);

/* The same word? */
extern bool pt_word_equal(const PtWord *a, const PtWord *b);

/* Compares with a word of A-Z and 0-9 as strcmp does; a word with other letters comes after it. */
extern int	pt_word_compare(const PtWord *word, const char *upper);

#endif							/* PORTATEXT_WORD_H */
