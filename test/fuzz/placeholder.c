/*
 * placeholder.c
 *	  Fuzzer of texts with variables: the pieces in their order are the whole
 *	  text, and names are names.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/placeholder.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size > 0 ? size : 1);	/* a byte behind the end is noticed */
	size_t		at = 0;
	PtPieceKind last = PT_PIECE_END;

	if (size > 0)
		memcpy(text, data, size);
	for (;;)
	{
		size_t		from = at;
		PtPiece		piece;
		PtPieceKind kind = pt_template_next(text, size, &at, &piece);

		if (kind == PT_PIECE_END)
		{
			must(from == size);
			break;
		}
		must(piece.data >= text + from && piece.len > 0 && piece.data + piece.len <= text + size);
		if (kind == PT_PIECE_BAD)
		{
			must(piece.data == text + from && piece.len >= 2 && memcmp(piece.data, "{{", 2) == 0);
			break;
		}
		must(at > from && at <= size);
		if (kind == PT_PIECE_TEXT)
		{
			must(piece.data == text + from && at == from + piece.len && last != PT_PIECE_TEXT);
			for (size_t i = 1; i < piece.len; i++)
				must(piece.data[i - 1] != '{' || piece.data[i] != '{');
		}
		else
			must(pt_variable_name_ok(piece.data, piece.len) &&
				 memcmp(text + from, "{{", 2) == 0 && memcmp(text + at - 2, "}}", 2) == 0);
		last = kind;
	}
	free(text);
	return 0;
}
