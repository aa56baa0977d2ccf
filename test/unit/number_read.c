/*
 * number_read.c
 *	  Reading of telephone numbers as people write them, with libphonenumber.
 */
#include <stdlib.h>
#include <string.h>

#include "number/number.h"
#include "number/phonelib.h"
#include "tap.h"

#define SAMPLES "test/unit/number_samples.tsv"

typedef struct Case
{
	const char *input;
	const char *region;
	const char *expected;		/* NULL: the error */
	PtNumberError error;
} Case;

static const Case cases[] = {
	/* NUM-01, NUM-02: with and without +, as in the FAQ's CSV */
	{"12223334444", NULL, "+12223334444", 0},
	{"13334445555", NULL, "+13334445555", 0},
	{"+12223334444", NULL, "+12223334444", 0},
	{"+12223334444", "DE", "+12223334444", 0},
	{" 1 (222) 333-4444 ", NULL, "+12223334444", 0},
	{"+1.222.333.4444", NULL, "+12223334444", 0},
	{"(+598) 99 123 456", NULL, "+59899123456", 0},
	{"00598 99 123 456", NULL, "+59899123456", 0},
	{"tel:+1-305-570-2828", NULL, "+13055702828", 0},
	{"tel:1-305-570-2828", NULL, "+13055702828", 0},
	{"\xEF\xBC\x8B" "1 305 570 2828", NULL, "+13055702828", 0},
	/* national forms */
	{"(305) 570-2828", "US", "+13055702828", 0},
	{"1 305 570 2828", "us", "+13055702828", 0},
	{"011 598 99 123 456", "US", "+59899123456", 0},
	{"099 123 456", "UY", "+59899123456", 0},
	{"020 7946 0018", "GB", "+442079460018", 0},
	{"030/123456", "DE", "+4930123456", 0},
	{"06 6982", "IT", "+39066982", 0},
	{"8 (916) 123-45-67", "RU", "+79161234567", 0},
	{"11 15 2345 6789", "AR", "+5491123456789", 0},
	{"tel:305-570-2828", "US", "+13055702828", 0},
	/* a national prefix that does not belong there */
	{"+44 (0)20 7946 0018", NULL, "+442079460018", 0},
	{"+4402079460018", NULL, "+442079460018", 0},
	{"+390612345678", NULL, "+390612345678", 0},
	/* letters; an extension is not part of E.164 */
	{"1-800-FLOWERS", NULL, "+18003569377", 0},
	{"(800) FLOWERS", "US", "+18003569377", 0},
	{"(305) 570-2828 ext. 5", "US", "+13055702828", 0},
	/* errors */
	{"", NULL, NULL, PT_NUMBER_NOT_A_NUMBER},
	{"+", NULL, NULL, PT_NUMBER_NOT_A_NUMBER},
	{"   ", "US", NULL, PT_NUMBER_NOT_A_NUMBER},
	{"abc", NULL, NULL, PT_NUMBER_NOT_A_NUMBER},
	{"call 305 570 2828", "US", NULL, PT_NUMBER_NOT_A_NUMBER},
	{"12223334444,John", NULL, NULL, PT_NUMBER_NOT_A_NUMBER},
	{"+999123456789", NULL, NULL, PT_NUMBER_UNKNOWN_COUNTRY},
	{"0123456789", NULL, NULL, PT_NUMBER_UNKNOWN_COUNTRY},
	{"+1222333444", NULL, NULL, PT_NUMBER_TOO_SHORT},
	{"(305) 570-2828", NULL, NULL, PT_NUMBER_TOO_SHORT},
	{"+122233344445", NULL, NULL, PT_NUMBER_TOO_LONG},
	{"+1222333444455556666", NULL, NULL, PT_NUMBER_TOO_LONG},
	{"+12223333", NULL, NULL, PT_NUMBER_LOCAL_ONLY},
	{"5551234", "US", NULL, PT_NUMBER_LOCAL_ONLY},
	{"+79123456789012", NULL, NULL, PT_NUMBER_BAD_LENGTH},
	{"305 570 2828", "XX", NULL, PT_NUMBER_UNKNOWN_REGION},
	{"305 570 2828", "USA", NULL, PT_NUMBER_UNKNOWN_REGION},
	{"+12223334444", "", NULL, PT_NUMBER_UNKNOWN_REGION}
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		char		out[PT_E164_SIZE] = "";
		PtNumberError error = pt_number_read(c->input, strlen(c->input), c->region, out);

		if (c->expected != NULL)
			ok(error == PT_NUMBER_OK && strcmp(out, c->expected) == 0,
			   "\"%s\" %s: %s", c->input, c->region ? c->region : "", out);
		else
			ok(error == c->error, "\"%s\" %s: error %d", c->input,
			   c->region ? c->region : "", error);
	}
}

/* Input of any length and any bytes is answered, and a result is possible. */
static void
test_odd_input(void)
{
	char		input[400];
	char		out[PT_E164_SIZE];
	int			wrong = 0;

	srand(7);
	for (int i = 0; i < 3000; i++)
	{
		static const char alphabet[] = "0123456789012345678901234567890123456789+ ()-.xX/;e=\xEF\xBC\x8B";
		size_t		len = rand() % (i % 10 == 0 ? sizeof(input) : 25);

		for (size_t j = 0; j < len; j++)
			input[j] = alphabet[rand() % sizeof(alphabet)];
		if (pt_number_read(input, len, i % 2 ? "US" : NULL, out) == PT_NUMBER_OK)
			wrong += !pt_number_possible(out, strlen(out));
	}
	ok(wrong == 0, "odd input gives possible numbers or an error");
}

/* What the tables take for canonical, the library gives back unchanged. */
static void
test_fast_path(void)
{
	FILE	   *file = fopen(SAMPLES, "r");
	char		line[2048];
	char		fast[PT_E164_SIZE];
	char		slow[PT_E164_SIZE];
	int			count = 0;

	if (!ok(file != NULL, "%s can be read", SAMPLES))
		return;
	while (fgets(line, sizeof(line), file) != NULL)
	{
		size_t		len = strcspn(line, "\t");

		line[len] = '\0';
		if (line[0] != '+' || pt_number_read(line, len, NULL, fast) != PT_NUMBER_OK)
			continue;
		count++;
		if (strcmp(fast, line) == 0 &&
			(pt_phonelib_read(line, len, "ZZ", slow) != PT_NUMBER_OK || strcmp(slow, line) != 0))
			ok(false, "%s: the library makes %s of it", line, slow);
		if (pt_number_read(fast, strlen(fast), NULL, slow) != PT_NUMBER_OK || strcmp(fast, slow) != 0)
			ok(false, "%s is read as %s at the second time", fast, slow);
	}
	fclose(file);
	ok(count > 1000, "%d samples are read as the library reads them, and once more alike", count);
}

int
main(void)
{
	pt_number_warm();
	test_cases();
	test_fast_path();
	test_odd_input();
	return tap_done();
}
