/*
 * receipt_parse.c
 *	  Callbacks of carriers: forms, Kannel's bits and answers, credentials.
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "worker/receiver_parse.h"

#define ID "01900000-0000-7000-8000-000000000001"

/* Are both NULL, or equal? */
static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Reads a form in a block of its own, so that a sanitizer sees every octet. */
static char *
read_form(const char *form, PtFields *fields)
{
	char	   *text = strdup(form);

	memset(fields, 0, sizeof(*fields));
	pt_form_read(text, fields);
	return text;
}

static void
test_form(void)
{
	PtFields	f;
	char	   *text;

	text = read_form("id=" ID "&part=2&type=34&answer=id%3A7+stat%3aEXPIRED&event=9", &f);
	ok(same(f.id, ID) && same(f.part, "2") && same(f.type, "34") && same(f.answer, "id:7 stat:EXPIRED"),
	   "form: escapes and blanks");
	free(text);
	text = read_form("ref=a%2&status=%zz&code=%00&text=%F0%9F%98%80&to", &f);
	ok(same(f.ref, "a%2") && same(f.status, "%zz"), "form: a malformed escape stays");
	ok(same(f.code, "\xEF\xBF\xBD"), "form: no NUL gets in");
	ok(same(f.text, "\xF0\x9F\x98\x80") && f.to == NULL, "form: UTF-8; a name without value is none");
	free(text);
	text = read_form("&&=&id=1&id=2&%69d=3&", &f);
	ok(same(f.id, "3"), "form: the last of several counts, names are decoded too");
	free(text);
	text = read_form("", &f);
	ok(f.id == NULL, "form: empty");
	free(text);
}

/* SMS-05; Kannel's type is a bit mask, not a value. */
static void
test_kannel(void)
{
	static const struct
	{
		int			type;
		const char *answer;
		const char *status;
		const char *code;
	}			cases[] = {
		{8, "ACK/", "accepted", ""},
		{1, "id:7 sub:001 dlvrd:001 stat:DELIVRD err:000 text:stat:UNDELIV", "delivered", "DELIVRD"},
		{2, "id:7 stat:UNDELIV err:001 text:", "undelivered", "UNDELIV/001"},
		{34, "id:7 stat:EXPIRED err:002", "expired", "EXPIRED/002"},
		{34, "", "undelivered", ""},
		{2, "id:7 stat:REJECTD err:003", "undelivered", "REJECTD/003"},
		{16, "NACK/0x0000000b/Invalid Destination Address", "rejected", "0x0000000b"},
		{16, "NACK/Retries Exceeded", "rejected", "Retries Exceeded"},
		{4, "", "buffered", ""},
		{12, "ACK/", "accepted", ""},
		{32, "", NULL, ""},
		{0, "", NULL, ""},
		{1 + 2 + 8 + 16, "", "delivered", ""},
		{2, "xstat:DELIVRD stat:UNDELIV err:0000", "undelivered", "UNDELIV"},
		{2, "stat:AVERYLONGWORDTHATGOESONANDONANDON err:12345678901234567890", "undelivered", "AVERYLONGWORDTHATGOESONANDONANDO"},
		{2, "stat:\x01\x80UNDELIV", "undelivered", "UNDELIV"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		code[PT_RECEIPT_CODE_SIZE];

		pt_kannel_code(cases[i].answer, code, sizeof(code));
		ok(same(pt_kannel_status(cases[i].type, cases[i].answer), cases[i].status) &&
		   same(code, cases[i].code),
		   "SMS-05 Kannel type %d \"%s\"", cases[i].type, i < 14 ? cases[i].answer : "...");
	}
}

static void
test_receipt(void)
{
	static const struct
	{
		const char *form;
		const char *problem;	/* NULL: good */
	}			cases[] = {
		{"id=" ID "&part=255&type=8", NULL},
		{"ref=x&status=DELIVERED", NULL},
		{"id=" ID "&type=32", NULL},
		{"id=" ID, "status is missing or unknown"},
		{"id=" ID "&status=lost", "status is missing or unknown"},
		{"status=delivered", "id and ref are missing"},
		{"ref=&status=delivered", "id and ref are missing"},
		{"id=" ID "0&status=delivered", "id is no UUID"},
		{"id=0190000000007000-8000-000000000001&status=delivered", "id is no UUID"},
		{"id=&status=delivered", "id is no UUID"},
		{"ref=%ff&status=delivered", "ref is too long or not UTF-8"},
		{"id=" ID "&part=0&type=8", "part is no number from 1 to 255"},
		{"id=" ID "&part=256&type=8", "part is no number from 1 to 255"},
		{"id=" ID "&part=-1&type=8", "part is no number from 1 to 255"},
		{"id=" ID "&part=1x&type=8", "part is no number from 1 to 255"},
		{"id=" ID "&part=99999999999999999999&type=8", "part is no number from 1 to 255"},
		{"id=" ID "&type=", "type is no number"},
		{"id=" ID "&type=%25d", "type is no number"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PtFields	fields;
		PtReceipt	receipt;
		const char *problem;
		char	   *text = read_form(cases[i].form, &fields);
		bool		good = pt_receipt_read(&fields, &receipt, &problem);

		ok(good ? cases[i].problem == NULL : same(problem, cases[i].problem),
		   "receipt %s", cases[i].form);
		free(text);
	}
}

static void
test_words(void)
{
	ok(same(pt_receipt_status("DeLiVrD"), "delivered") && same(pt_receipt_status("failed"), "undelivered") &&
	   same(pt_receipt_status("REJECTD"), "undelivered") && same(pt_receipt_status("rejected"), "rejected"),
	   "BILL-06 SMPP's REJECTD comes after acceptance, rejected before");
	ok(pt_receipt_status("") == NULL && pt_receipt_status("deliver") == NULL, "unknown words");
	ok(pt_uuid_form(ID) && pt_uuid_form("ABCDEFab-0000-7000-8000-000000000001") && !pt_uuid_form("") &&
	   !pt_uuid_form("01900000-0000-7000-8000-00000000000g"), "form of a UUID");
	ok(pt_utf8_valid("\xC3\xA4") && !pt_utf8_valid("\xE4") && !pt_utf8_valid("\xC0\x80") && pt_utf8_valid(""),
	   "UTF-8");
}

static void
test_inbound(void)
{
	PtFields	good = {.from = "+15551234567", .to = "12345"};
	PtFields	no_from = {.to = "12345"};
	PtFields	bad_to = {.from = "1", .to = "\xFF"};
	PtFields	long_to = {.from = "1", .to = "00000000000000000000000000000000000000000000000000000000000000000"};
	const char *problem;

	ok(pt_inbound_check(&good, &problem), "SMS-16 an inbound message");
	ok(!pt_inbound_check(&no_from, &problem) && same(problem, "from is missing or malformed"), "inbound without from");
	ok(!pt_inbound_check(&bad_to, &problem) && same(problem, "to is missing or malformed"), "inbound to no UTF-8");
	ok(!pt_inbound_check(&long_to, &problem), "inbound to a number too long");
}

/* Reads a header with room for 16 octets. */
static bool
credentials(const char *header, const char *name, const char *secret)
{
	char		n[16];
	char		s[16];

	return pt_authorization_read(header, n, s, sizeof(n)) && same(n, name) && same(s, secret);
}

static void
test_credentials(void)
{
	ok(credentials("Basic QWxhZGRpbjpvcGVu", "Aladdin", "open"), "Basic");
	ok(credentials("basic OnM6eA==", "", "s:x"), "Basic: empty name, colon in the secret");
	ok(credentials("Bearer abc", "", "abc"), "Bearer");
	ok(!credentials("Basic QWxhZGRpbg==", "Aladdin", ""), "Basic without colon");
	ok(!credentials("Basic !!", "", "") && !credentials("Basic", "", "") && !credentials("", "", ""), "no credentials");
	ok(!credentials("Basic YTphYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh", "", ""), "Basic: too long");
	ok(!credentials("Bearer 0123456789abcdef", "", ""), "Bearer: too long");
	ok(!credentials("Basic OgA=", "", ""), "Basic: a NUL in it");
	ok(pt_secret_equal("abc", "abc") && !pt_secret_equal("abc", "abd") && !pt_secret_equal("ab", "abc") &&
	   !pt_secret_equal("abcabc", "abc"), "secrets compared");
	ok(!pt_secret_equal("", "") && !pt_secret_equal("a", ""), "an empty secret equals nothing");
}

int
main(void)
{
	test_form();
	test_kannel();
	test_receipt();
	test_words();
	test_inbound();
	test_credentials();
	return tap_done();
}
