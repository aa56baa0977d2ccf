/*
 * read.c
 *	  Core: from what people write to a canonical number.
 *
 * Canonical input is recognised by the tables alone; the rest goes to
 * libphonenumber.
 */
#include <string.h>

#include "number/number.h"
#include "number/number_data.h"
#include "number/phonelib.h"

#define INPUT_MAX 250			/* bytes; libphonenumber's own limit */

/*
 * Is this canonical already, that is, would libphonenumber give it back
 * unchanged?  Not sure of a number that begins like a national prefix
 * (+44 (0)20 ..., +52 1 ...), unless the plan has such a range.
 */
static bool
is_canonical(const char *s, size_t len)
{
	PtNumberPlan plan;
	const PtCountryCode *code;
	size_t		national;
	unsigned	first;

	if (!pt_number_possible(s, len))
		return false;
	code = pt_country_code(s, len, &national);
	first = 1U << (s[national] - '0');
	if ((code->prefix_digits & first) == 0)
		return true;
	return (code->assigned_prefix_digits & first) == 0 &&
		pt_number_plan(s, len, &plan) && plan.assigned;
}

/* What is wrong with the length of "+" and digits, or PT_NUMBER_OK. */
static PtNumberError
check_length(const char *s, size_t len)
{
	const PtCountryCode *code;
	size_t		national;
	unsigned	digits;
	unsigned	above;

	if (!pt_e164_valid(s, len))
		return PT_NUMBER_NOT_A_NUMBER;
	code = pt_country_code(s, len, &national);
	if (code == NULL)
		return PT_NUMBER_UNKNOWN_COUNTRY;
	digits = len - national;
	if ((code->lengths >> digits & 1) != 0)
		return PT_NUMBER_OK;
	if ((code->local_lengths >> digits & 1) != 0)
		return PT_NUMBER_LOCAL_ONLY;
	above = code->lengths >> digits;
	if (above == 0)
		return PT_NUMBER_TOO_LONG;
	if (above << digits == code->lengths)
		return PT_NUMBER_TOO_SHORT;
	return PT_NUMBER_BAD_LENGTH;
}

/* The upper-case form of a region the numbering plan knows, or NULL. */
static const char *
known_region(const char *region)
{
	char		upper[3];

	if (strlen(region) != 2)
		return NULL;
	for (int i = 0; i < 2; i++)
		upper[i] = region[i] >= 'a' && region[i] <= 'z' ? region[i] - 'a' + 'A' : region[i];
	upper[2] = '\0';
	for (unsigned i = 1; i < pt_region_count; i++)
		if (memcmp(pt_region_names[i], upper, 2) == 0)
			return pt_region_names[i];
	return NULL;
}

/* Length of the blanks, brackets and a "tel:" that may precede a number. */
static size_t
leading_marks(const char *s, size_t len)
{
	size_t		i = strspn(s, " \t\r\n([");

	if (len - i > 4 && memcmp(s + i, "tel:", 4) == 0)
		i += 4;
	return i + strspn(s + i, " ([");
}

/*
 * Writes the input with "+" in front of the country code to out (INPUT_MAX + 2
 * bytes): bare digits carry it (NUM-02), 00 is the usual international prefix.
 */
static size_t
with_plus(const char *input, size_t len, char *out)
{
	static const char full_width_plus[] = "\xEF\xBC\x8B";	/* U+FF0B */
	size_t		skip = leading_marks(input, len);

	if (input[skip] == '+' || strncmp(input + skip, full_width_plus, 3) == 0)
	{
		memcpy(out, input, len);
		return len;
	}
	if (strncmp(input + skip, "00", 2) == 0)
		skip += 2;
	out[0] = '+';
	memcpy(out + 1, input + skip, len - skip);
	return len - skip + 1;
}

/* May a number begin with this byte? Bytes above 127: digits of other scripts. */
static bool
may_begin(char c)
{
	return c == '+' || (c >= '0' && c <= '9') || ((unsigned char) c) > 127;
}

/*
 * The library removes one national prefix of several (+44 00 20 ...); reads its
 * result again until nothing changes, so that a canonical number stays itself;
 * the error of the last reading, if there was one.
 */
static PtNumberError
settle(char number[PT_E164_SIZE])
{
	char		again[PT_E164_SIZE];
	PtNumberError error;

	for (int i = 0; i < PT_E164_MAX_DIGITS && !is_canonical(number, strlen(number)); i++)
	{
		error = pt_phonelib_read(number, strlen(number), "ZZ", again);
		if (error == PT_NUMBER_OK)
			error = check_length(again, strlen(again));
		if (error != PT_NUMBER_OK || strcmp(again, number) == 0)
			return error;
		memcpy(number, again, PT_E164_SIZE);
	}
	return PT_NUMBER_OK;
}

/* Reading by the library; input is NUL-terminated and at most INPUT_MAX long. */
static PtNumberError
read_by_library(const char *input, size_t len, const char *region,
				char out[PT_E164_SIZE])
{
	PtNumberError error;

	if (!may_begin(input[leading_marks(input, len)]))
		return PT_NUMBER_NOT_A_NUMBER;
	if (region != NULL)
		error = pt_phonelib_read(input, len, region, out);
	else
	{
		char		copy[INPUT_MAX + 2];

		len = with_plus(input, len, copy);
		error = pt_phonelib_read(copy, len, "ZZ", out);
	}
	if (error == PT_NUMBER_OK)
		error = check_length(out, strlen(out));
	if (error == PT_NUMBER_OK)
		error = settle(out);
	return error;
}

/* Is the input "+" and digits, or without a region digits, that are canonical? */
static bool
read_canonical(const char *input, size_t len, const char *region,
			   char out[PT_E164_SIZE])
{
	size_t		plus = len > 0 && input[0] == '+' ? 0 : 1;

	if (len + plus >= PT_E164_SIZE || (plus == 1 && region != NULL))
		return false;
	out[0] = '+';
	memcpy(out + plus, input, len);
	out[len + plus] = '\0';
	return is_canonical(out, len + plus);
}

PtNumberError
pt_number_read(const char *input, size_t len, const char *region,
			   char out[PT_E164_SIZE])
{
	char		copy[INPUT_MAX + 1];

	if (region != NULL && (region = known_region(region)) == NULL)
		return PT_NUMBER_UNKNOWN_REGION;
	if (read_canonical(input, len, region, out))
		return PT_NUMBER_OK;
	if (len > INPUT_MAX)
		return PT_NUMBER_NOT_A_NUMBER;
	memcpy(copy, input, len);
	copy[len] = '\0';
	return read_by_library(copy, strlen(copy), region, out);
}

void
pt_number_warm(void)
{
	pt_phonelib_warm();
}
