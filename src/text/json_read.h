/*
 * json_read.h
 *	  The words of JSON (RFC 8259): strings, numbers and literals, read in place.
 *
 * Part of the core: no PostgreSQL header, no allocation.
 */
#ifndef PORTATEXT_JSON_READ_H
#define PORTATEXT_JSON_READ_H

#include <stdbool.h>

#define PT_JSON_DEPTH 16		/* deepest nesting that is read */

typedef struct PtJsonReader
{
	char	   *at;
	char	   *end;			/* *end is NUL */
} PtJsonReader;

/* Steps over white space. */
extern void pt_json_blanks(PtJsonReader *r);

/* Takes the character, after white space, if it is next. */
extern bool pt_json_take(PtJsonReader *r, char c);

/*
 * Reads a string, the opening quote taken; it is left decoded and terminated (an
 * escape is never shorter than what it stands for; U+0000 becomes U+FFFD).
 */
extern bool pt_json_string(PtJsonReader *r, char **text);

/* Reads a number or literal; text is NULL for null. */
extern bool pt_json_word(PtJsonReader *r, char **text);

#endif							/* PORTATEXT_JSON_READ_H */
