/*
 * gsm_alphabet.c
 *	  The alphabets, capacities and headers against 3GPP TS 23.038 and 23.040
 *	  (GSM-02, GSM-03, GSM-05, GSM-06, GSM-09).
 */
#include "tap.h"

#include <string.h>

#include "text/gsm.h"
#include "text/gsm_table.h"
#include "text/utf8.h"

/* Analyzes one character alone. */
static bool
analyze_one(uint32_t code_point, PtAnalysis *how)
{
	char		utf8[4];

	return pt_text_analyze(utf8, pt_utf8_put(utf8, code_point), NULL, how);
}

/* Counting and table must agree on every character there is. */
static void
test_all_code_points(void)
{
	PtAlphabet	alphabet;
	int			wrong = 0;
	int			in_set = 0;

	pt_alphabet_init(&alphabet, 0, 0);
	for (uint32_t c = 0; c <= 0x10FFFF; c++)
	{
		int			code = pt_alphabet_code(&alphabet, c);
		int			units = code >= 128 ? 2 : code >= 0 ? 1 : c > 0xFFFF ? 2 : 1;
		PtAnalysis	how;

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		in_set += code >= 0;
		if (!analyze_one(c, &how) || how.units != units ||
			how.encoding != (code >= 0 ? PT_GSM7 : PT_UCS2))
			wrong++;
	}
	ok(wrong == 0, "counting agrees with the table on all code points: %d differ", wrong);
	ok(in_set == 137, "GSM-08: 127 characters and 10 by escape, not %d", in_set);
}

/* Each row: is this character in the set, and at which price? */
static void
test_members(void)
{
	static const char *const one = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
	static const char *const two = "\f^{}\\[~]|€";
	static const char *const none = "`çáíóú‘’“”–—…\t\033\177ÀÈêôºª°µΑαωΏ\xE2\x84\xA6\xE2\x82\xA4";
	static const char *const sets[] = {none, one, two};

	for (int septets = 0; septets < 3; septets++)
	{
		const unsigned char *text = (const unsigned char *) sets[septets];
		size_t		left = strlen(sets[septets]);

		while (left > 0)
		{
			uint32_t	c;
			size_t		width = pt_utf8_next(text, left, &c);
			PtAnalysis	how = {0};

			analyze_one(c, &how);
			ok(septets == 0 ? how.encoding == PT_UCS2 : how.encoding == PT_GSM7 && how.units == septets,
			   "GSM-05, GSM-09: U+%04X costs %d septets", (unsigned) c, septets);
			text += width;
			left -= width;
		}
	}
}

/* What is special about single languages; each code with its code point. */
static void
test_languages(void)
{
	static const struct
	{
		int			single_shift;
		int			locking_shift;
		int			code;
		uint32_t	code_point;
	}			facts[] = {
		{1, 0, 0x1B63, 0x00E7}, {0, 1, 0x60, 0x00E7}, {0, 1, 0x04, 0x20AC},
		{2, 0, 0x1B09, 0x00E7}, {2, 0, 0x1B75, 0x00FA}, {3, 0, 0x1B7F, 0x00E2},
		{0, 3, 0x15, 0x221E}, {0, 3, 0x18, 0x20AC}, {3, 3, 0x7B, 0x00E3},
		{4, 4, 0x28, ')'}, {4, 4, 0x29, '('}, {4, 4, 0x1B41, 'A'}, {0, 4, -1, 'A'},
		{6, 6, 0x15, 0x0915}, {6, 6, 0x1B1C, 0x0966}, {0, 7, 0x24, 0x0CA1},
		{0, 7, 0x3D, 0x0CAA}, {12, 0, -1, 0x20AC}, {11, 0, 0x1B65, 0x20AC},
		{13, 13, 0x00, 0x0627}, {13, 13, 0x1B3F, 0x06D4}, {5, 5, 0x1B13, 0x00A1},
		{0, 9, 0x47, 0x0B33}, {0, 1, 0x1F, 0x00C9}, {0, 13, 0x2C, ','}
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
	{
		PtAlphabet	alphabet;
		int			code;

		pt_alphabet_init(&alphabet, facts[i].single_shift, facts[i].locking_shift);
		code = pt_alphabet_code(&alphabet, facts[i].code_point);
		ok(code == facts[i].code, "tables %d and %d: U+%04X has code %X, found %X",
		   facts[i].single_shift, facts[i].locking_shift,
		   (unsigned) facts[i].code_point, (unsigned) facts[i].code, (unsigned) code);
	}
	ok(!pt_gsm_has_locking_shift(2) && pt_gsm_has_single_shift(2), "Spanish has no locking table");
	ok(!pt_gsm_has_single_shift(14) && !pt_gsm_has_single_shift(-1) &&
	   !pt_gsm_has_locking_shift(14) && !pt_gsm_has_locking_shift(-1), "languages are 0 to 13");
}

/* Texts at the edges of each row of the capacities (23.040, 9.2.3.24). */
static void
test_capacities(void)
{
	static const struct
	{
		const char *character;
		int			count;
		PtTextOptions options;
		int			segments;
		int			capacity;
		int			header;
	}			rows[] = {
		{"a", 160, {false, 0, 0}, 1, 160, 0}, {"a", 161, {false, 0, 0}, 2, 153, 6},
		{"a", 161, {true, 0, 0}, 2, 152, 7}, {"a", 306, {true, 0, 0}, 3, 152, 7},
		{"я", 70, {false, 0, 0}, 1, 70, 0}, {"я", 71, {false, 0, 0}, 2, 67, 6},
		{"я", 71, {true, 0, 0}, 2, 66, 7}, {"я", 134, {true, 0, 0}, 3, 66, 7},
		{"ç", 70, {false, 1, 1}, 1, 70, 0}, /* UCS-2 is as cheap */
		{"ç", 134, {false, 1, 0}, 2, 67, 6}, /* and here: 2 x 149 would do */
		{"ç", 77, {false, 1, 0}, 1, 155, 4}, {"ç", 155, {false, 0, 1}, 1, 155, 4},
		{"ç", 156, {false, 0, 1}, 2, 149, 9}, {"ç", 156, {true, 0, 1}, 2, 148, 10},
		{"ş", 155, {false, 1, 1}, 1, 155, 4}, /* one table is enough */
		{"१क", 72, {false, 6, 6}, 2, 146, 12}, {"१क", 72, {true, 6, 6}, 2, 145, 13},
		{"१क", 50, {false, 6, 6}, 1, 152, 7}
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		char		text[2048] = "";
		unsigned char header[PT_UDH_MAX_OCTETS];
		PtAnalysis	how = {0};
		int			octets;

		for (int k = 0; k < rows[i].count; k++)
			strcat(text, rows[i].character);
		pt_text_analyze(text, strlen(text), &rows[i].options, &how);
		octets = pt_text_udh(&how, 1, how.segments, 1, header);
		ok(how.segments == rows[i].segments && how.capacity == rows[i].capacity,
		   "GSM-02, GSM-03: %d x %s: %d segments of %d, expected %d of %d", rows[i].count,
		   rows[i].character, how.segments, how.capacity, rows[i].segments, rows[i].capacity);
		ok(octets == rows[i].header, "header of %d octets, found %d", rows[i].header, octets);
	}
}

/* The header's octets, written and read back. */
static void
test_headers(void)
{
	static const unsigned char narrow[] = {5, 0, 3, 0x34, 3, 2};
	static const unsigned char widest[] = {12, 8, 4, 0x12, 0x34, 3, 2, 0x24, 1, 6, 0x25, 1, 6};
	static const unsigned char ports[] = {11, 5, 4, 0x0B, 0x84, 0x23, 0xF0, 0, 3, 7, 2, 1};
	static const unsigned char part_0[] = {5, 0, 3, 1, 2, 0};
	static const unsigned char beyond[] = {5, 0, 3, 1, 2, 3};
	static const unsigned char cut_short[] = {5, 0, 4, 1, 2, 1};
	static const unsigned char lone_octet[] = {6, 0, 3, 1, 2, 1, 0};
	PtAnalysis	how = {.encoding = PT_GSM7};
	unsigned char out[PT_UDH_MAX_OCTETS];
	PtUdh		udh;

	ok(pt_text_udh(&how, 0x1234, 1, 1, out) == 0, "a single message has no header");
	ok(pt_text_udh(&how, 0x1234, 3, 2, out) == 6 && memcmp(out, narrow, 6) == 0,
	   "8-bit reference: its low octet");
	how = (PtAnalysis) {.encoding = PT_GSM7, .wide_reference = true, .single_shift = 6, .locking_shift = 6};
	ok(pt_text_udh(&how, 0x1234, 3, 2, out) == 13 && memcmp(out, widest, 13) == 0,
	   "16-bit reference and both tables");
	ok(pt_text_read_udh(widest, sizeof(widest), &udh) && udh.octets == 13 && udh.wide_reference &&
	   udh.reference == 0x1234 && udh.total == 3 && udh.part == 2 &&
	   udh.single_shift == 6 && udh.locking_shift == 6, "and read back");
	ok(pt_text_read_udh(ports, sizeof(ports), &udh) && udh.reference == 7 && udh.total == 2 &&
	   udh.part == 1 && !udh.wide_reference, "unknown elements are skipped");
	ok(pt_text_read_udh(part_0, 6, &udh) && udh.total == 1 && udh.part == 1, "part 0 is ignored");
	ok(pt_text_read_udh(beyond, 6, &udh) && udh.total == 1 && udh.part == 1, "part above total is ignored");
	ok(!pt_text_read_udh(cut_short, 6, &udh), "element longer than the header");
	ok(!pt_text_read_udh(lone_octet, 7, &udh), "element without length");
	ok(!pt_text_read_udh(narrow, 5, &udh), "header longer than what is there");
	ok(!pt_text_read_udh(narrow, 0, &udh), "no header at all");
}

/* Received octets, good and bad. */
static void
test_decoding(void)
{
	static const struct
	{
		PtEncoding	encoding;
		const char *in;
		size_t		len;
		const char *out;
	}			cases[] = {
		{PT_GSM7, "\x00\x1B\x65\x11", 4, "@€_"},
		{PT_GSM7, "a\x1B\x1B" "b", 4, "a b"},
		{PT_GSM7, "\x1B" "a", 2, "a"},
		{PT_GSM7, "a\x1B", 2, "a"},
		{PT_GSM7, "\x80\x1B\xFF", 3, "\xEF\xBF\xBD\xEF\xBF\xBD"},
		{PT_UCS2, "\x04\x4F\xD8\x3D\xDE\x00", 6, "я😀"},
		{PT_UCS2, "\xD8\x3D\x00\x41\xDE\x00", 6, "\xEF\xBF\xBD" "A\xEF\xBF\xBD"},
		{PT_UCS2, "\x00\x41\x00\x00\x42", 5, "A\xEF\xBF\xBD\xEF\xBF\xBD"},
		{PT_UCS2, "\xD8\x3D", 2, "\xEF\xBF\xBD"}
	};
	PtAnalysis	gsm = {.encoding = PT_GSM7};
	unsigned char octets[3];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PtAnalysis	how = {.encoding = cases[i].encoding};
		char		out[64];
		int			len = pt_text_decode((const unsigned char *) cases[i].in, cases[i].len, &how, out, sizeof(out));

		ok(len == (int) strlen(cases[i].out) && memcmp(out, cases[i].out, (size_t) len) == 0,
		   "octets %zu decode to %s", i, cases[i].out);
		ok(pt_text_decode((const unsigned char *) cases[i].in, cases[i].len, &how, out, (size_t) len - 1) == -1,
		   "one octet less room is not enough");
	}
	ok(pt_text_encode("ç", 2, &gsm, octets, 3) == -1, "no code, no octets");
	ok(pt_text_encode("€€", 6, &gsm, octets, 3) == -1, "no room, no octets");
	ok(pt_text_encode("€a", 4, &gsm, octets, 3) == 3 && memcmp(octets, "\x1B\x65" "a", 3) == 0, "escape pair and letter");
}

/* What is refused. */
static void
test_refusals(void)
{
	static const char *const bad[] = {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
	"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "a\xE2\x82", "ç\xFF"};
	static char text[PT_MAX_PARTS * 153 + 1];
	static PtPart parts[PT_MAX_PARTS];
	PtTextOptions spanish = {.locking_shift = 2};
	PtAnalysis	how;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!pt_text_analyze(bad[i], strlen(bad[i]), NULL, &how), "not UTF-8: case %zu", i);
	ok(!pt_text_analyze("a", 1, &spanish, &how), "no such table");
	ok(!pt_text_analyze("a", (size_t) PT_TEXT_MAX_BYTES + 1, NULL, &how), "too long to be counted");
	memset(text, 'a', sizeof(text));
	ok(pt_text_analyze(text, sizeof(text), NULL, &how) && how.segments == 256 &&
	   pt_text_split(text, sizeof(text), &how, parts) == -1, "256 segments are counted but not cut");
	ok(pt_text_analyze(text, sizeof(text) - 1, NULL, &how) && how.segments == 255 &&
	   pt_text_split(text, sizeof(text) - 1, &how, parts) == 255, "255 segments are cut");
	ok(pt_text_analyze("", 0, NULL, &how) && how.segments == 1 && how.units == 0 &&
	   pt_text_split("", 0, &how, parts) == 1 && parts[0].len == 0, "an empty text is one message");
}

int
main(void)
{
	test_all_code_points();
	test_members();
	test_languages();
	test_capacities();
	test_headers();
	test_decoding();
	test_refusals();
	return tap_done();
}
