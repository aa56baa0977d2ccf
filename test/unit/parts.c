/*
 * parts.c
 *	  Messages that come in parts (GEN-09): headers, joining, what comes over HTTP.
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "text/gsm.h"
#include "text/parts.h"
#include "worker/receiver_message.h"

#define WORDS 200

/* Joins in blocks of their own, so that a sanitizer sees every octet; the text, or NULL. */
static char *
join(const PtInPart *parts, int n, int total, const void *octets, size_t len)
{
	size_t		room = pt_parts_room(len, n);
	unsigned char *data = malloc(len + 1);
	char	   *out = malloc(room + 1);
	int			written;

	memcpy(data, octets, len);
	written = pt_parts_join(parts, n, total, data, out, room);
	free(data);
	if (written < 0)
	{
		free(out);
		return NULL;
	}
	out[written] = '\0';
	return out;
}

/* Checks one joining of parts of these lengths. */
static void
check(const char *expected, PtCoding coding, const int *numbers, const size_t *lengths, int n, int total, const char *octets,
	  const char *what)
{
	PtInPart	parts[8];
	size_t		len = 0;
	char	   *text;

	for (int i = 0; i < n; i++)
	{
		parts[i] = (PtInPart) {.number = numbers[i],.coding = coding,.len = lengths[i]};
		len += lengths[i];
	}
	text = join(parts, n, total, octets, len);
	ok(text != NULL && strcmp(text, expected) == 0, "%s", what);
	if (text != NULL && strcmp(text, expected) != 0)
		printf("# got \"%s\"\n", text);
	free(text);
}

static void
test_gaps(void)
{
	check("abc", PT_CODING_TEXT, (int[]) {1, 2, 3}, (size_t[]) {1, 1, 1}, 3, 3, "abc", "GEN-09 all there");
	check("\xE2\x80\xA6" "bc", PT_CODING_TEXT, (int[]) {2, 3}, (size_t[]) {1, 1}, 2, 3, "bc", "GEN-09 the first is missing");
	check("a\xE2\x80\xA6" "c", PT_CODING_TEXT, (int[]) {1, 3}, (size_t[]) {1, 1}, 2, 3, "ac", "GEN-09 one in the middle");
	check("a\xE2\x80\xA6" "d\xE2\x80\xA6", PT_CODING_TEXT, (int[]) {1, 4}, (size_t[]) {1, 1}, 2, 6, "ad", "GEN-09 several: one mark for each gap");
	check("", PT_CODING_TEXT, NULL, NULL, 0, 3, "", "nothing there: no text");
	check("", PT_CODING_TEXT, (int[]) {1, 2}, (size_t[]) {0, 0}, 2, 2, "", "all empty");
}

static void
test_codings(void)
{
	PtInPart	tables[] = {{1, PT_CODING_GSM, 0, 1, 1}, {2, PT_CODING_GSM, 0, 0, 1}, {3, PT_CODING_GSM, 1, 0, 2}};
	PtInPart	mixed[] = {{1, PT_CODING_UCS2, 0, 0, 3}, {2, PT_CODING_GSM, 0, 0, 1}, {3, PT_CODING_OCTETS, 0, 0, 2}};
	char	   *text;

	check("A\xF0\x9F\x98\x80" "B", PT_CODING_UCS2, (int[]) {1, 2}, (size_t[]) {4, 4}, 2, 2, "\0A\xD8\x3D\xDE\0\0B", "GEN-09 a pair cut in two");
	check("A\xEF\xBF\xBD\xE2\x80\xA6\xEF\xBF\xBD" "B", PT_CODING_UCS2, (int[]) {1, 3}, (size_t[]) {4, 4}, 2, 3, "\0A\xD8\x3D\xDE\0\0B",
		  "halves on both sides of a gap are no pair");
	check("\xE2\x82\xAC", PT_CODING_GSM, (int[]) {1, 2}, (size_t[]) {1, 1}, 2, 2, "\x1B\x65", "GEN-09 an escape cut in two");
	check("@\xEF\xBF\xBD", PT_CODING_GSM, (int[]) {1}, (size_t[]) {2}, 1, 1, "\0\x80", "septet 0 is @, 0x80 none");
	check("\xC3\xA9\xEF\xBF\xBD", PT_CODING_OCTETS, (int[]) {1, 2}, (size_t[]) {1, 2}, 2, 2, "\xC3\xA9\0", "octets: UTF-8, cut anywhere; no NUL");
	check("\xC3\xA9x", PT_CODING_OCTETS, (int[]) {1, 2}, (size_t[]) {1, 1}, 2, 2, "\xE9x", "octets: else ISO 8859-1");
	text = join(tables, 3, 3, "\x0B\x0B\x1B\x49", 4);
	ok(strcmp(text, "\xC4\x9E\xC3\x98\xC4\xB0") == 0, "GEN-09 each part has national tables of its own (TS 23.038, A.2, A.3)");
	free(text);
	text = join(mixed, 3, 3, "\0A\0" "B\xE9z", 6);
	ok(strcmp(text, "A\xEF\xBF\xBD" "B\xC3\xA9z") == 0, "parts of different codings; half a unit");
	free(text);
}

/* Every cut of an encoded text gives the text again. */
static void
test_cuts(void)
{
	static const char text[] = "a\xE2\x82\xAC\xF0\x9F\x98\x80\xC4\x9E{z";
	PtAnalysis	how = {.encoding = PT_UCS2};
	unsigned char octets[WORDS];
	int			len = pt_text_encode(text, sizeof(text) - 1, &how, octets, sizeof(octets));
	bool		good = len > 0;

	for (int cut = 0; cut <= len; cut++)
	{
		PtInPart	parts[2] = {{1, PT_CODING_UCS2, 0, 0, (size_t) cut}, {2, PT_CODING_UCS2, 0, 0, (size_t) (len - cut)}};
		char	   *joined = join(parts, 2, 2, octets, (size_t) len);

		good = good && joined != NULL && strcmp(joined, text) == 0;
		free(joined);
	}
	ok(good, "GEN-09 wherever it is cut");
	{
		PtInPart	part = {1, PT_CODING_TEXT, 0, 0, 3};
		char		out[3];

		ok(pt_parts_join(&part, 1, 1, (const unsigned char *) "abc", out, sizeof(out)) == -1, "no room: says so");
	}
}

/* Reads fields; the problem, or NULL. */
static const char *
problem_of(const PtFields *fields)
{
	PtMessage	message;
	const char *problem = NULL;
	bool		good = pt_message_read(fields, &message, &problem);

	free(message.room);
	return good ? NULL : problem;
}

static void
test_fields(void)
{
	PtFields	f = {.from = "1",.to = "2"};
	PtMessage	m;
	const char *problem;

	f.text = "caf\xE9";
	ok(pt_message_read(&f, &m, &problem) && strcmp(m.text, "caf\xC3\xA9") == 0 && m.parts == 1, "not UTF-8: ISO 8859-1");
	free(m.room);
	f.text = "x";
	f.udh = "0608040102030a";
	ok(!pt_message_read(&f, &m, &problem) || m.parts != 3, "part 10 of 3 is no part");
	free(m.room);
	f.udh = "06080401020302";
	ok(pt_message_read(&f, &m, &problem) && m.reference == 0x10102 && m.part == 2 && m.parts == 3, "GEN-09 a 16-bit reference");
	free(m.room);
	f.udh = "050003020302";
	ok(pt_message_read(&f, &m, &problem) && m.reference == 2 && m.part == 2 && m.parts == 3, "GEN-09 an 8-bit reference");
	free(m.room);
	f.data = "4142";
	f.coding = "1";
	ok(pt_message_read(&f, &m, &problem) && m.text == NULL && m.len == 2 && memcmp(m.data, "AB", 2) == 0 &&
	   m.coding == 1 && m.udh_len == 6 && m.udh[0] == 5, "raw octets");
	free(m.room);
	ok(problem_of(&(PtFields) {.from = "1",.to = "2",.data = "414"}) != NULL, "half an octet");
	ok(problem_of(&(PtFields) {.from = "1",.to = "2",.data = "4g"}) != NULL, "no digit");
	ok(problem_of(&(PtFields) {.from = "1",.to = "2",.data = "41",.coding = "3"}) != NULL, "no coding");
	ok(problem_of(&(PtFields) {.from = "1",.to = "2",.data = "41",.udh = "0500"}) != NULL, "a header that ends too soon");
	ok(problem_of(&(PtFields) {.from = "1",.to = "2",.text = "x",.part = "3",.parts = "2"}) != NULL, "part 3 of 2");
	ok(problem_of(&(PtFields) {.from = "1",.text = "x"}) != NULL, "to nobody");
	ok(problem_of(&(PtFields) {.from = "1",.to = "2"}) == NULL, "no text is an empty text");
}

static void
test_octets(void)
{
	PtFields	f = {.from = "1",.to = "2",.udh = "050003020302"};
	PtMessage	m;
	const char *problem;
	char		hex[16];

	ok(pt_message_read_octets(&f, "\x93\xE9\x81", 3, PT_CHARSET_WINDOWS, &m, &problem) &&
	   strcmp(m.text, "\xE2\x80\x9C\xC3\xA9\xC2\x81") == 0, "windows-1252");
	free(m.room);
	ok(pt_message_read_octets(&f, "\xC3\xA9", 2, PT_CHARSET_LATIN1, &m, &problem) && strcmp(m.text, "\xC3\x83\xC2\xA9") == 0,
	   "what is named counts, not what it looks like");
	free(m.room);
	ok(pt_message_read_octets(&f, "\0A", 2, PT_CHARSET_UTF16, &m, &problem) && m.text == NULL && m.coding == 2 && m.len == 2 && m.part == 2,
	   "UTF-16 is raw");
	free(m.room);
	ok(!pt_message_read_octets(&f, "a\0b", 3, PT_CHARSET_GUESS, &m, &problem), "no NUL in a text");
	free(m.room);
	ok(pt_charset_of("text/plain; charset=\"UTF-16BE\"") == PT_CHARSET_UTF16 && pt_charset_of("text/plain;charset=ISO-8859-1") == PT_CHARSET_LATIN1 &&
	   pt_charset_of("text/plain; charset=WINDOWS-1252; x=y") == PT_CHARSET_WINDOWS && pt_charset_of("text/plain; charset=utf-8") == PT_CHARSET_GUESS &&
	   pt_charset_of("text/plain; charset=utf-16bex") == PT_CHARSET_GUESS && pt_charset_of("application/octet-stream") == PT_CHARSET_OCTETS &&
	   pt_charset_of("text/plain") == PT_CHARSET_GUESS && pt_charset_of(NULL) == PT_CHARSET_GUESS, "character sets");
	ok(strcmp(pt_kannel_udh("%05%00+A%1b", hex, sizeof(hex)), "050020411b") == 0, "Kannel's header: percent-encoded");
	ok(pt_kannel_udh("%05%00%03%02%03%02%00%00", hex, sizeof(hex)) == NULL, "Kannel's header: too long");
	ok(strcmp(pt_kannel_udh("050003", hex, sizeof(hex)), "050003") == 0 && pt_kannel_udh(NULL, hex, sizeof(hex)) == NULL,
	   "Kannel's header: in hexadecimal, or none");
	ok(pt_form_has_nul("a=%00") && !pt_form_has_nul("a=%01"), "a NUL in a form");
	ok(pt_json_has_nul("{\"a\":\"x\\u0000\"}") && pt_json_has_nul("\\\\\\u0000") && !pt_json_has_nul("\\\\u0000") && !pt_json_has_nul("\\u0001\\"),
	   "a NUL in JSON");
}

int
main(void)
{
	test_gaps();
	test_codings();
	test_cuts();
	test_fields();
	test_octets();
	return tap_done();
}
