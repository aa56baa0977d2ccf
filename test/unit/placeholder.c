/*
 * placeholder.c
 *	  Texts with variables, cut into pieces (TPL-02).
 */
#include "tap.h"

#include <string.h>

#include "text/placeholder.h"

#define LONGEST "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"

/* The pieces of a text: text as it is, <name>, and !rest for what is bad. */
static void
cut(const char *text, char *out)
{
	size_t		at = 0;
	PtPiece		piece;
	PtPieceKind kind;

	while ((kind = pt_template_next(text, strlen(text), &at, &piece)) != PT_PIECE_END)
	{
		if (kind != PT_PIECE_TEXT)
			*out++ = kind == PT_PIECE_VARIABLE ? '<' : '!';
		memcpy(out, piece.data, piece.len);
		out += piece.len;
		if (kind != PT_PIECE_BAD)
			*out++ = kind == PT_PIECE_VARIABLE ? '>' : '.';
		else
			break;
	}
	*out = '\0';
}

static const struct
{
	const char *text;
	const char *pieces;
}			vectors[] =
{
	{"", ""},
	{"no variable", "no variable."},
	{"Dear {{first_name}}, hello", "Dear .<first_name>, hello."},
	{"{{a}}{{b}}", "<a><b>"},
	{"{{ a }} {{\t b c\t}}", "<a> .<b c>"},
	{"{a} } }} {b {", "{a} } }} {b {."},
	{"{ {a}}", "{ {a}}."},
	{"{{a}}}", "<a>}."},
	{"{{\u00e9\u20ac}}", "<\u00e9\u20ac>"},
	{"{{" LONGEST "}}", "<" LONGEST ">"},
	{"x{{" LONGEST "4}}y", "x.!{{" LONGEST "4}}"},
	{"{{", "!{{"},
	{"x {{a", "x .!{{a"},
	{"{{a}", "!{{a}"},
	{"{{a} }", "!{{a} }"},
	{"{{}}", "!{{}}"},
	{"{{ \t}} b", "!{{ \t}}"},
	{"{{{a}}}", "!{{{a}}"},
	{"{{a{b}}", "!{{a{b}}"},
	{"{{a}b}}", "!{{a}b}}"},
	{"{{a\nb}}", "!{{a\nb}}"},
	{"{{a {{b}}", "!{{a {{b}}"},
	{"{{\na}}", "!{{\na}}"},
	{"{{a\x7F}}", "!{{a\x7F}}"},
};
#define VECTORS ((int) (sizeof(vectors) / sizeof(vectors[0])))

int
main(void)
{
	char		out[512];
	size_t		at = 0;
	PtPiece		piece;

	for (int i = 0; i < VECTORS; i++)
	{
		cut(vectors[i].text, out);
		if (!ok(strcmp(out, vectors[i].pieces) == 0, "TPL-02: vector %d", i))
			printf("# %s\n# %s\n", vectors[i].text, out);
	}
	ok(pt_template_next("a\0{{b}}", 7, &at, &piece) == PT_PIECE_TEXT && piece.len == 2, "NUL is text");
	at = 0;
	ok(pt_template_next("{{b}}}}", 5, &at, &piece) == PT_PIECE_VARIABLE && at == 5, "the end is that given");
	at = 0;
	ok(pt_template_next("{{b}}", 4, &at, &piece) == PT_PIECE_BAD && at == 0, "half of the closing braces closes nothing");

	ok(pt_variable_name_ok("first name", 10) && pt_variable_name_ok("\u00e9", 2) && pt_variable_name_ok(LONGEST, 63),
	   "names");
	ok(!pt_variable_name_ok("", 0) && !pt_variable_name_ok(" a", 2) && !pt_variable_name_ok("a\t", 2) &&
	   !pt_variable_name_ok("a{", 2) && !pt_variable_name_ok("}", 1) && !pt_variable_name_ok("a\nb", 3) &&
	   !pt_variable_name_ok("a\0b", 3) && !pt_variable_name_ok(LONGEST "4", 64), "no names");
	return tap_done();
}
