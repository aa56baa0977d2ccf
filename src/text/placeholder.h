/*
 * placeholder.h
 *	  Texts with variables, {{name}} (TPL-02).
 *
 * Core: no PostgreSQL header, no allocation.  A template is read piece by piece:
 *
 *		size_t		at = 0;
 *		PtPiece		piece;
 *
 *		while (pt_template_next(text, len, &at, &piece) == PT_PIECE_...)
 */
#ifndef PORTATEXT_PLACEHOLDER_H
#define PORTATEXT_PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define PT_VARIABLE_MAX 63		/* bytes of a variable's name */

typedef enum PtPieceKind
{
	PT_PIECE_TEXT,				/* to be copied as it is */
	PT_PIECE_VARIABLE,			/* the name, without the braces and the blanks inside them */
	PT_PIECE_END,
	PT_PIECE_BAD				/* braces that are not closed, a name that is none: from the opening braces to the
								 * closing ones or the end; *at is not of use any more */
} PtPieceKind;

typedef struct PtPiece
{
	const char *data;
	size_t		len;
} PtPiece;

extern PtPieceKind pt_template_next(const char *text, size_t len, size_t *at, PtPiece *piece);

/* Can it be the name of a variable: 1 to 63 bytes, no braces, no control characters, no blank at its ends? */
extern bool pt_variable_name_ok(const char *name, size_t len);

#endif							/* PORTATEXT_PLACEHOLDER_H */
