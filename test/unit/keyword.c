/*
 * keyword.c
 *	  What a text to a short code asks for: every line of test/data/keyword.tsv,
 *	  and every reserved word in both orders, three cases and many surroundings
 *	  (FLOW-06, FLOW-07, FLOW-11, SVC-08, SVC-09, SVC-10, DID-04, LAW-07).
 *
 * Run from the root of the project.
 */
#include "tap.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/keyword.h"
#include "text/utf8.h"

#define MAX_LINE 4096
#define MAX_FIELDS 5

static const char *const keywords[] = {
	"BAJA1", "DEALS", "ENDGAME", "HELPDESK", "INFO", "LIVING2", "NEWS", "PLEASE", "STOPPER", "YESNOW"
};
#define KEYWORDS ((int) (sizeof(keywords) / sizeof(keywords[0])))

static const char *const listed[] = {
	"casino", "free money", "año nuevo", "ставка", "赌博", "जुआ", "e-cigarette"
};
#define LISTED ((int) (sizeof(listed) / sizeof(listed[0])))

static const char *const actions[] = {"other", "alone", "yes", "help", "stop"};

/* The reserved words with what they ask for (SVC-10). */
static const struct
{
	const char *word;
	PtKeywordAction action;
	bool		first;			/* also counts as the first word of a longer text */
}			reserved[] =
{
	{"YES", PT_KEYWORD_YES, false}, {"HELP", PT_KEYWORD_HELP, false},
	{"STOP", PT_KEYWORD_STOP, true}, {"CANCEL", PT_KEYWORD_STOP, false},
	{"QUIT", PT_KEYWORD_STOP, false}, {"UNSUBSCRIBE", PT_KEYWORD_STOP, true},
	{"END", PT_KEYWORD_STOP, false}, {"BAJA", PT_KEYWORD_STOP, false}
};
#define RESERVED ((int) (sizeof(reserved) / sizeof(reserved[0])))

/* What may stand before, between and after two words without changing anything. */
static const char *const around[] = {
	" ", "  ", "\t", "\n", "\r\n", ", ", ". ", "! ", "? ", "; ", ": ", "-", "/", "\"", "' ", "*", "_", "(", ")", "[", "~",
	"\u00A0", "\u3000", "\u200B", "\u2026", "\u00A1", "\u00BF", "\u201C", "\u00AB", "\u3002", "\uFF01",
	"\u2764\uFE0F", "\U0001F6D1", "\U0001F44D\U0001F3FD", " \U0001F468\u200D\U0001F469 ", "\xFF", "\xC3"
};
#define AROUND ((int) (sizeof(around) / sizeof(around[0])))

/* Reads a hexadecimal number of n digits. */
static uint32_t
hex(const char *digits, size_t n)
{
	char		copy[9] = {0};

	memcpy(copy, digits, n);
	return (uint32_t) strtoul(copy, NULL, 16);
}

/* Replaces the escapes of the data file in place; returns the octets. */
static size_t
unescape(char *text)
{
	const char *in = text;
	char	   *out = text;

	while (*in != '\0')
	{
		if (*in != '\\')
		{
			*out++ = *in++;
			continue;
		}
		switch (in[1])
		{
			case 'x':
				*out++ = (char) hex(in + 2, 2);
				in += 4;
				break;
			case 'u':
				out += pt_utf8_put(out, hex(in + 2, 4));
				in += 6;
				break;
			case 'U':
				out += pt_utf8_put(out, hex(in + 2, 6));
				in += 8;
				break;
			default:
				*out++ = in[1] == 'n' ? '\n' : '\t';
				in += 2;
		}
	}
	return (size_t) (out - text);
}

/* Parses a copy that ends where the text ends, so that sanitizers see what is read behind it. */
static PtKeywordMessage
parse(const char *text, size_t len)
{
	char	   *copy = malloc(len > 0 ? len : 1);
	PtKeywordMessage result;

	memcpy(copy, text, len);
	result = pt_parse_keyword_message(copy, len, keywords, KEYWORDS);
	free(copy);
	return result;
}

static const char *
keyword_name(int keyword)
{
	return keyword < 0 ? "-" : keyword < KEYWORDS ? keywords[keyword] : "out of range";
}

static bool
is(PtKeywordMessage result, PtKeywordAction action, const char *keyword)
{
	return result.action == action && strcmp(keyword_name(result.keyword), keyword) == 0;
}

/* Tests one line of the file; shown is the text as the file writes it. */
static void
test_line(char **fields, const char *shown)
{
	size_t		len = unescape(fields[1]);

	if (strcmp(fields[0], "message") == 0)
	{
		PtKeywordMessage result = parse(fields[1], len);

		ok(strcmp(actions[result.action], fields[2]) == 0 && is(result, result.action, fields[3]),
		   "\"%s\" is %s %s", shown, actions[result.action], keyword_name(result.keyword));
	}
	else if (strcmp(fields[0], "stop") == 0)
		ok(pt_has_stop(fields[1], len) == (strcmp(fields[2], "yes") == 0),
		   "DID-04: stop in \"%s\": %s", shown, fields[2]);
	else
	{
		int			found = pt_find_listed_word(fields[1], len, listed, LISTED);

		ok(strcmp(found < 0 ? "-" : listed[found], fields[2]) == 0,
		   "LAW-07: in \"%s\": %s", shown, found < 0 ? "-" : listed[found]);
	}
}

/* Tests the file. */
static void
test_file(const char *name)
{
	static char line[MAX_LINE];
	static char shown[MAX_LINE];
	FILE	   *file = fopen(name, "r");
	int			tested = 0;

	if (!ok(file != NULL, "opened %s", name))
		return;
	while (fgets(line, sizeof(line), file) != NULL)
	{
		char	   *fields[MAX_FIELDS] = {0};
		char	   *rest = line;
		int			n = 0;

		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		while (rest != NULL && n < MAX_FIELDS)
		{
			fields[n++] = rest;
			rest = strchr(rest, '\t');
			if (rest != NULL)
				*rest++ = '\0';
		}
		if (n < 3 || (strcmp(fields[0], "message") == 0 && n < 4))
		{
			ok(false, "line with too few fields: %s", line);
			continue;
		}
		strcpy(shown, fields[1]);
		test_line(fields, shown);
		tested++;
	}
	fclose(file);
	ok(tested > 150, "the file has more than 150 lines: %d", tested);
}

/* Writes a word in one of three cases: upper, lower, Capitalized. */
static const char *
in_case(const char *word, int which, char *out)
{
	int			i;

	for (i = 0; word[i] != '\0'; i++)
		out[i] = (char) (which == 0 || (which == 2 && i == 0) ? word[i] : tolower((unsigned char) word[i]));
	out[i] = '\0';
	return out;
}

/* A reserved word, bare and with the keyword in both orders, with one surrounding. */
static bool
test_surrounding(int r, int which, const char *mark)
{
	char		word[32];
	char		keyword[32];
	char		text[256];
	bool		good = true;

	in_case(reserved[r].word, which, word);
	in_case("DEALS", (which + r) % 3, keyword);
#define EXPECT(named, ...) \
	do { \
		int len_ = snprintf(text, sizeof(text), __VA_ARGS__); \
		if (!is(parse(text, (size_t) len_), reserved[r].action, named)) \
		{ \
			good = false; \
			printf("# not understood: %s\n", text); \
		} \
	} while (0)
	EXPECT("-", "%s", word);
	EXPECT("-", "%s%s", mark, word);
	EXPECT("-", "%s%s%s", mark, word, mark);
	EXPECT("DEALS", "%s%s%s", word, mark, keyword);
	EXPECT("DEALS", "%s%s%s", keyword, mark, word);
	EXPECT("DEALS", "%s%s%s%s%s", mark, word, mark, keyword, mark);
	EXPECT("DEALS", "%s%s%s%s%s", mark, keyword, mark, word, mark);
#undef EXPECT
	return good;
}

/* Every reserved word in every case and surrounding (FLOW-07, SVC-09). */
static void
test_surroundings(void)
{
	for (int r = 0; r < RESERVED; r++)
		for (int i = 0; i < AROUND; i++)
		{
			bool		good = true;

			for (int which = 0; which < 3; which++)
				good &= test_surrounding(r, which, around[i]);
			ok(good, "FLOW-07: %s with \"%s\" around, bare and with the keyword", reserved[r].word,
			   (unsigned char) around[i][0] >= 0xC3 && around[i][1] == '\0' ? "no UTF-8" :
			   isspace((unsigned char) around[i][0]) ? "white space" : around[i]);
		}
}

/* Every reserved word in sentences: only STOP and UNSUBSCRIBE count, and only as the first word. */
static void
test_sentences(void)
{
	static const char *const first[] = {"%s sending me DEALS", "%s the deals of your shop, thank you", "\"%s\": no more DEALS"};
	static const char *const inside[] = {"can I %s sending DEALS", "DEALS, %s it now", "I said %s to DEALS", "the deals never %s"};
	char		text[256];

	for (int r = 0; r < RESERVED; r++)
	{
		for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		{
			int			len = snprintf(text, sizeof(text), first[i], reserved[r].word);

			ok(is(parse(text, (size_t) len), reserved[r].first ? PT_KEYWORD_STOP : PT_KEYWORD_OTHER, "DEALS"),
			   "FLOW-07: %s", text);
		}
		for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		{
			int			len = snprintf(text, sizeof(text), inside[i], reserved[r].word);

			ok(is(parse(text, (size_t) len), PT_KEYWORD_OTHER, "DEALS"), "FLOW-07: %s", text);
		}
	}
}

/* FLOW-07: a text that begins with STOP or UNSUBSCRIBE and names no keyword says so, nothing else does. */
static void
test_stop_first(void)
{
	static const char *const begin[] = {
		"%s ALL", "%s 2", "%s Sent from my iPhone", "%s sending me this", " \"%s\", thanks!", "%s HELP me", "%s DEALZ"
	};
	static const char *const others[] = {"%s", "%s DEALS", "%s sending me DEALS", "please %s", "HELP %s me", "I said %s to this"};
	char		text[256];

	for (int r = 0; r < RESERVED; r++)
	{
		for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		{
			PtKeywordMessage result = parse(text, (size_t) snprintf(text, sizeof(text), begin[i], reserved[r].word));

			ok(is(result, PT_KEYWORD_OTHER, "-") && result.stop_first == reserved[r].first,
			   "FLOW-07: \"%s\" %s with a stop word", text, reserved[r].first ? "begins" : "does not begin");
		}
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		{
			PtKeywordMessage result = parse(text, (size_t) snprintf(text, sizeof(text), others[i], reserved[r].word));

			ok(!result.stop_first, "FLOW-07: \"%s\" does not begin with one without a keyword", text);
		}
	}
}

/* FLOW-06: of every pair of reserved words the stronger counts, in any order and place. */
static void
test_precedence(void)
{
	char		text[256];

	for (int a = 0; a < RESERVED; a++)
		for (int b = 0; b < RESERVED; b++)
		{
			PtKeywordAction stronger = reserved[a].action > reserved[b].action ? reserved[a].action : reserved[b].action;
			const char *const words[3] = {reserved[a].word, reserved[b].word, "deals"};
			static const int orders[3][3] = {{0, 1, 2}, {0, 2, 1}, {2, 0, 1}};
			bool		good = true;

			for (int i = 0; i < 3; i++)
			{
				int			len = snprintf(text, sizeof(text), "%s %s %s", words[orders[i][0]], words[orders[i][1]], words[orders[i][2]]);

				good &= is(parse(text, (size_t) len), stronger, "DEALS");
			}
			ok(good, "FLOW-06: %s and %s is %s", words[0], words[1], actions[stronger]);
		}
}

/* Which words no keyword may be (SVC-03). */
static void
test_reserved(void)
{
	static const char *const others[] = {"", "DEALS", "STOPS", "AYUDA", "Y", "YESS", "STO", "STOP STOP", "END1"};
	char		word[32];

	for (int r = 0; r < RESERVED; r++)
		for (int which = 0; which < 3; which++)
		{
			in_case(reserved[r].word, which, word);
			ok(pt_reserved_word(word, strlen(word)), "SVC-03: %s is reserved", word);
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(!pt_reserved_word(others[i], strlen(others[i])), "SVC-03: %s is not reserved", others[i]);
}

/* Short codes without keywords, a very long word and a text full of words. */
static void
test_limits(void)
{
	static char text[60001];
	PtKeywordMessage none = pt_parse_keyword_message("STOP DEALS", 10, NULL, 0);

	ok(none.action == PT_KEYWORD_OTHER && none.keyword == -1, "no keyword on the short code");
	none = pt_parse_keyword_message("stop", 4, NULL, 0);
	ok(none.action == PT_KEYWORD_STOP && none.keyword == -1, "FLOW-11: a bare stop word without keywords");
	memset(text, 'S', sizeof(text) - 1);
	ok(is(parse(text, sizeof(text) - 1), PT_KEYWORD_OTHER, "-"), "a word of 60,000 letters");
	ok(!pt_has_stop(text, sizeof(text) - 1), "a word of 60,000 letters is not STOP");
	for (size_t i = 0; i < sizeof(text) - 1; i += 5)
		memcpy(text + i, "stop ", 5);
	ok(is(parse(text, sizeof(text) - 1), PT_KEYWORD_STOP, "-"), "12,000 times the word stop");
	memcpy(text + 30000, "deals", 5);
	ok(is(parse(text, sizeof(text) - 1), PT_KEYWORD_OTHER, "-"), "a keyword glued to a word is none");
	memcpy(text + 30000, "news stop ", 10);
	ok(is(parse(text, sizeof(text) - 1), PT_KEYWORD_STOP, "NEWS"), "and once the keyword");
}

int
main(void)
{
	test_file("test/data/keyword.tsv");
	test_surroundings();
	test_sentences();
	test_stop_first();
	test_precedence();
	test_reserved();
	test_limits();
	return tap_done();
}
