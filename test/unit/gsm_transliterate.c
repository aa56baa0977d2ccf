/*
 * gsm_transliterate.c
 *	  What is replaced by what, and what must hold for any text: characters of the
 *	  set stay, replacements are in the set, a second pass changes nothing.
 *
 * Libraries: icu-i18n icu-uc
 */
#include "tap.h"

#include <string.h>

#include "text/gsm.h"
#include "text/transliterate.h"
#include "text/utf8.h"

#define TEXTS 3000
#define MAX_TEXT 8192

/* What the sink has seen. */
typedef struct Seen
{
	char		original[MAX_TEXT];
	size_t		original_len;
	char		result[MAX_TEXT];
	size_t		len;
	int			replaced;
	bool		all_gsm;		/* every replacement is in the set */
	bool		none_gsm;		/* no original was */
} Seen;

/* Whether a piece is in the GSM set. */
static bool
is_gsm(const char *utf8, size_t len)
{
	PtAnalysis	how;

	return pt_text_analyze(utf8, len, NULL, &how) && how.encoding == PT_GSM7;
}

/* Sink that notes everything. */
static void
note(void *context, const char *original, size_t original_len,
	 const char *replacement, size_t replacement_len, bool replaced)
{
	Seen	   *seen = context;

	memcpy(seen->original + seen->original_len, original, original_len);
	seen->original_len += original_len;
	memcpy(seen->result + seen->len, replacement, replacement_len);
	seen->len += replacement_len;
	if (!replaced)
		return;
	seen->replaced++;
	seen->all_gsm = seen->all_gsm && is_gsm(replacement, replacement_len);
	seen->none_gsm = seen->none_gsm && !is_gsm(original, original_len);
}

/* Transliterates a text from scratch. */
static void
run(const char *text, size_t len, bool romanize, Seen *seen)
{
	*seen = (Seen) {.all_gsm = true, .none_gsm = true};
	pt_transliterate(text, len, romanize, note, seen);
}

/* Texts and what becomes of them. */
static void
test_cases(void)
{
	static const struct
	{
		const char *text;
		bool		romanize;
		const char *result;
	}			cases[] = {
		{"", false, ""},
		{"àéèìòùñäöüßåæø¡¿§¤¥£ΔΦΓΛΩΠΨΣΘΞ[€]", true, "àéèìòùñäöüßåæø¡¿§¤¥£ΔΦΓΛΩΠΨΣΘΞ[€]"},
		{"“It’s” – «so» — ‚x‘ „y“…", false, "\"It's\" - \"so\" - 'x' \"y\"..."},
		{"a\xC2\xA0" "b\tc\xE2\x80\x8B" "d\xEF\xBB\xBF`´", false, "a b cd''"},
		{"• one ● two ◦ three", false, "* one * two * three"},
		{"ça va, œuvre, Łódź, ığdır, Đà Nẵng", false, "ca va, oeuvre, Lodz, igdir, Dà Nang"},
		{"cafe\xCC\x81 n\xCC\x83 x\xCC\x81", false, "café ñ x"},
		{"\xE2\x84\xA6\xE2\x88\x86\xE2\x82\xA4\xE2\x84\xAB", false, "ΩΔ£Å"},
		{"½ m² © ® ™ ﬁ ×", false, " 1/2 m2 (C) (R) TM fi x"},
		{"ＡＢ，", false, "AB,"},
		{"ΚΑΛΗΜΈΡΑ", false, "KAΛHMEPA"},
		{"Καλημέρα", false, "Καλημέρα"},
		{"Καλημέρα", true, "Kalemera"},
		{"Привет, Žižka", false, "Привет, Zizka"},
		{"Привет, Žižka", true, "Privet, Zizka"},
		{"你好", false, "你好"},
		{"你好", true, "ni hao"},
		{"👨‍👩‍👧 ❤️ 🇫🇷", true, "👨‍👩‍👧 ❤️ 🇫🇷"},
		{"1️⃣", false, "1"},
		{"25°C", true, "25°C"},
		{"नमस्ते १२", false, "नमस्ते १२"},
		{"नमस्ते", true, "namaste"}
	};
	static Seen seen;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		run(cases[i].text, strlen(cases[i].text), cases[i].romanize, &seen);
		ok(seen.len == strlen(cases[i].result) && memcmp(seen.result, cases[i].result, seen.len) == 0,
		   "%s becomes %s, found %.*s", cases[i].text, cases[i].result, (int) seen.len, seen.result);
	}
}

/* xorshift64*: a number below limit. */
static uint32_t
below(uint32_t limit)
{
	static uint64_t state = 0xD1B54A32D192ED03u;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t) ((state * 0x2545F4914F6CDD1Du) >> 33) % limit;
}

/* A random text of characters from several scripts; returns its octets. */
static size_t
random_text(char *out)
{
	static const uint32_t blocks[][2] = {
		{0x20, 0x60}, {0xA0, 0x160}, {0x300, 0x70}, {0x370, 0x190}, {0x1E00, 0x100},
		{0x2000, 0x70}, {0x900, 0x80}, {0x1F600, 0x50}, {0xFB00, 7}, {0x5D0, 0x80}
	};
	uint32_t	count = below(60);
	size_t		len = 0;

	for (uint32_t i = 0; i < count; i++)
	{
		const uint32_t *block = blocks[below(3) ? below(2) : below(10)];

		len += pt_utf8_put(out + len, block[0] + below(block[1]));
	}
	return len;
}

/* What holds for any text. */
static void
test_properties(void)
{
	static Seen seen;
	static Seen again;
	int			lost = 0;
	int			not_gsm = 0;
	int			touched = 0;
	int			changed = 0;
	int			replaced = 0;

	for (int i = 0; i < TEXTS; i++)
	{
		char		text[400];
		size_t		len = random_text(text);
		bool		romanize = below(2) == 0;

		run(text, len, romanize, &seen);
		run(seen.result, seen.len, romanize, &again);
		lost += seen.original_len != len || memcmp(seen.original, text, len) != 0;
		not_gsm += !seen.all_gsm;
		touched += !seen.none_gsm;
		changed += again.len != seen.len || memcmp(again.result, seen.result, seen.len) != 0;
		replaced += seen.replaced;
	}
	ok(lost == 0, "the originals joined are the text: %d failures", lost);
	ok(not_gsm == 0, "replacements are in the set: %d failures", not_gsm);
	ok(touched == 0, "what is in the set stays: %d failures", touched);
	ok(changed == 0, "a second pass changes nothing: %d failures", changed);
	ok(replaced > TEXTS, "the texts held something to replace: %d", replaced);
}

int
main(void)
{
	test_cases();
	test_properties();
	return tap_done();
}
