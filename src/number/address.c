/*
 * address.c
 *	  Core: the form of telephone numbers, short codes and sender names.
 */
#include <string.h>

#include "number/number.h"

#define SHORT_CODE_MIN 3
#define SHORT_CODE_MAX 8
#define SENDER_MAX 11			/* 3GPP TS 23.040 9.1.2.5: ten octets of 7-bit text */

/* Are all len characters ASCII digits? */
static bool
all_digits(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

bool
pt_e164_valid(const char *s, size_t len)
{
	return len >= 3 && len <= 1 + PT_E164_MAX_DIGITS &&
		s[0] == '+' && s[1] != '0' && all_digits(s + 1, len - 1);
}

/* Is c a letter of the ASCII alphabet? */
static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/*
 * Is s a sender name: 1 to 11 letters, digits, blanks and marks that are
 * single characters of the GSM alphabet, at least one letter, no blank at
 * either end, no + in front?
 */
static bool
is_sender_name(const char *s, size_t len)
{
	bool		letter = false;

	if (len == 0 || len > SENDER_MAX || s[0] == '+' || s[0] == ' ' || s[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (is_letter(s[i]))
			letter = true;
		else if ((s[i] < '0' || s[i] > '9') &&
				 (s[i] == '\0' || strchr(" !\"#%&'()*+,-./:;<=>?@_$", s[i]) == NULL))
			return false;
	}
	return letter;
}

PtAddressKind
pt_address_kind(const char *s, size_t len)
{
	if (pt_e164_valid(s, len))
		return PT_ADDRESS_E164;
	if (len >= SHORT_CODE_MIN && len <= SHORT_CODE_MAX && all_digits(s, len))
		return PT_ADDRESS_SHORT_CODE;
	if (is_sender_name(s, len))
		return PT_ADDRESS_ALPHANUMERIC;
	return PT_ADDRESS_INVALID;
}
