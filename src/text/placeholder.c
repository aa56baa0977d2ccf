/*
 * placeholder.c
 *	  Texts with variables, {{name}}: cut into pieces (TPL-02).
 *
 * Two opening braces begin a variable wherever they are; single braces, and
 * closing ones that close nothing, are plain text.
 */
#include "placeholder.h"

#include <string.h>

/* A blank that may surround a name. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Can it be the name of a variable? */
bool
pt_variable_name_ok(const char *name, size_t len)
{
	if (len == 0 || len > PT_VARIABLE_MAX || is_blank(name[0]) || is_blank(name[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (c < 0x20 || c == 0x7F || c == '{' || c == '}')
			return false;
	}
	return true;
}

/* The first of two equal characters that stand side by side; NULL if there are none. */
static const char *
find_pair(const char *text, const char *end, char c)
{
	while (text < end && (text = memchr(text, c, (size_t) (end - text))) != NULL)
	{
		if (text + 1 < end && text[1] == c)
			return text;
		text++;
	}
	return NULL;
}

/* Reads the variable at start, whose braces are open; *behind is set behind the closing ones. */
static PtPieceKind
read_variable(const char *start, const char *end, const char **behind, PtPiece *piece)
{
	const char *name = start + 2;
	const char *stop = find_pair(name, end, '}');

	piece->data = start;
	piece->len = (size_t) (end - start);
	if (stop == NULL)
		return PT_PIECE_BAD;
	*behind = stop + 2;
	piece->len = (size_t) (*behind - start);
	while (name < stop && is_blank(*name))
		name++;
	while (stop > name && is_blank(stop[-1]))
		stop--;
	if (!pt_variable_name_ok(name, (size_t) (stop - name)))
		return PT_PIECE_BAD;
	piece->data = name;
	piece->len = (size_t) (stop - name);
	return PT_PIECE_VARIABLE;
}

/*
 * The next piece of a text, from *at on, which is moved behind it (not for
 * PT_PIECE_BAD, whose piece is all from the opening braces to the closing ones or the end).
 */
PtPieceKind
pt_template_next(const char *text, size_t len, size_t *at, PtPiece *piece)
{
	const char *here = text + *at;
	const char *end = text + len;
	const char *open;
	PtPieceKind kind = PT_PIECE_TEXT;

	piece->data = here;
	piece->len = 0;
	if (*at >= len)
		return PT_PIECE_END;
	open = find_pair(here, end, '{');
	if (open == here)
		kind = read_variable(open, end, &here, piece);
	else
	{
		here = open != NULL ? open : end;
		piece->len = (size_t) (here - piece->data);
	}
	*at = (size_t) (here - text);
	return kind;
}
