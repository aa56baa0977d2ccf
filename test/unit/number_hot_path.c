/*
 * number_hot_path.c
 *	  A canonical number never reaches libphonenumber.
 *
 * The library is replaced by a counter.
 */
#include <string.h>

#include "number/number.h"
#include "number/phonelib.h"
#include "tap.h"

static int	calls = 0;

PtNumberError
pt_phonelib_read(const char *input, size_t len, const char *region, char out[PT_E164_SIZE])
{
	calls++;
	return PT_NUMBER_NOT_A_NUMBER;
}

void
pt_phonelib_warm(void)
{
	calls++;
}

static const char *const canonical[] = {
	"+12223334444", "12223334444", "13334445555", "+15550001000", "+59899123456",
	"+447911123456", "+390612345678", "+4930123456", "+5491123456789", "+541123456789",
	"+79161234567", "+2250123456789", "+80012345678"
};

static const char *const other[] = {
	"+1 222 333 4444", "(222) 333-4444", "+4402079460018", "+5215512345678", "+1222"
};

int
main(void)
{
	char		out[PT_E164_SIZE];

	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++)
	{
		const char *digits = canonical[i] + (canonical[i][0] == '+');
		PtNumberError error;

		calls = 0;
		error = pt_number_read(canonical[i], strlen(canonical[i]), NULL, out);
		ok(calls == 0 && error == PT_NUMBER_OK && out[0] == '+' && strcmp(out + 1, digits) == 0,
		   "%s needs no library", canonical[i]);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
	{
		calls = 0;
		pt_number_read(other[i], strlen(other[i]), NULL, out);
		ok(calls == 1, "%s is read by the library", other[i]);
	}
	calls = 0;
	ok(pt_number_read("305 570 2828", 12, "XX", out) == PT_NUMBER_UNKNOWN_REGION && calls == 0,
	   "an unknown region needs no library");
	return tap_done();
}
