/*
 * imsi.c
 *	  Core: mobile country codes and subscriber identities (ITU-T E.212).
 */
#include <string.h>

#include "number/number.h"

/*
 * Beginnings of an IMSI whose mobile network code has three digits; all others
 * have two.  After published lists of network codes by ITU-T E.212 (state of
 * 2022): whole countries with three-digit codes only.  Three countries mix
 * both lengths (374 Trinidad and Tobago, 405 India, 502 Malaysia): of them the
 * ranges where no two-digit code begins alike.  In 405 03 and 405 04 both
 * lengths are in use and an IMSI does not tell; two digits are assumed.
 */
static const char *const three_digits[] = {
	"302", "310", "311", "312", "313", "314", "315", "316", "330", "334",
	"338", "342", "344", "346", "348", "352", "354", "356", "358", "360",
	"365", "366", "37413", "37414", "376", "40502", "40575", "40579", "4058",
	"4059", "50215", "708", "722", "732", "750"
};

const char *
pt_mcc_region(char first_digit)
{
	switch (first_digit)
	{
		case '0':
			return "test";
		case '2':
			return "Europe";
		case '3':
			return "North America and Caribbean";
		case '4':
			return "Asia and Middle East";
		case '5':
			return "Oceania";
		case '6':
			return "Africa";
		case '7':
			return "South and Central America";
		case '9':
			return "world-wide";
		default:
			return NULL;
	}
}

int
pt_imsi_mnc_length(const char *imsi, size_t len)
{
	for (size_t i = 0; i < sizeof(three_digits) / sizeof(three_digits[0]); i++)
	{
		size_t		n = strlen(three_digits[i]);

		if (n <= len && memcmp(imsi, three_digits[i], n) == 0)
			return 3;
	}
	return 2;
}
