/*
 * number.h
 *	  Telephone numbers: checks, the numbering plan, and reading of input.
 *
 * The first part is core: it needs no PostgreSQL header.
 */
#ifndef PORTATEXT_NUMBER_H
#define PORTATEXT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C"
{
#endif

#define PT_E164_MAX_DIGITS	15	/* ITU-T E.164 section 6: country code included */
#define PT_E164_SIZE		(1 + PT_E164_MAX_DIGITS + 1)	/* '+', digits, NUL */

/*
 * "+" and 2 to 15 digits, the first not 0 (NUM-01, NUM-02).  Says nothing
 * about the numbering plan.
 */
extern bool pt_e164_valid(const char *s, size_t len);

/*
 * What the from and to of a message may be: an E.164 number, a short code of
 * 3 to 8 digits, or an alphanumeric sender (3GPP TS 23.040 9.1.2.5: at most 11
 * characters of the GSM alphabet; here printable ASCII with a letter in it).
 */
typedef enum PtAddressKind
{
	PT_ADDRESS_INVALID,
	PT_ADDRESS_E164,
	PT_ADDRESS_SHORT_CODE,
	PT_ADDRESS_ALPHANUMERIC
} PtAddressKind;

extern PtAddressKind pt_address_kind(const char *s, size_t len);

/* Line type by numbering plan; ported numbers make it a hint. */
typedef enum PtLineType
{
	PT_LINE_UNKNOWN,
	PT_LINE_FIXED,
	PT_LINE_MOBILE,
	PT_LINE_FIXED_OR_MOBILE,	/* the plan does not tell, e.g. North America */
	PT_LINE_TOLL_FREE,
	PT_LINE_PREMIUM_RATE,
	PT_LINE_SHARED_COST,
	PT_LINE_VOIP,
	PT_LINE_PERSONAL,
	PT_LINE_PAGER,
	PT_LINE_UAN,				/* company-wide access number */
	PT_LINE_VOICEMAIL
} PtLineType;

#define PT_LINE_TYPE_COUNT (PT_LINE_VOICEMAIL + 1)

/* "mobile" etc.; the words number_type() answers with. */
extern const char *pt_line_type_name(PtLineType type);

typedef struct PtNumberPlan
{
	int			country_code;	/* 1 to 999; 0: not a known country code */
	const char *country;		/* ISO 3166-1 alpha-2, or NULL: not a country's */
	PtLineType	type;
	bool		possible;		/* country code known, length in use there */
	bool		assigned;		/* a range of the numbering plan covers it */
} PtNumberPlan;

/*
 * Looks a canonical number ("+" and digits) up in the numbering plan.  Some 50
 * ns; no library, no memory.  Returns plan->possible.
 */
extern bool pt_number_plan(const char *e164, size_t len, PtNumberPlan *plan);

/* Country code known and length possible: what acceptance of a message asks. */
extern bool pt_number_possible(const char *e164, size_t len);

/* ISO 3166-1 alpha-2 code of a NUL-terminated canonical number, or NULL. */
extern const char *pt_number_country(const char *e164);

/*
 * Time zones of a canonical number, as static strings; returns how many of
 * them were written to zones (at most max).
 */
extern int	pt_number_timezones(const char *e164, size_t len,
								const char **zones, int max);
#define PT_ZONES_MAX 64

/*
 * The operator that the number's range was given to, in UTF-8, or NULL (always
 * in North America).  A hint: numbers are ported.
 */
extern const char *pt_number_operator(const char *e164, size_t len);
#define PT_OPERATOR_SIZE 128	/* no name is longer, NUL included */

/* What is wrong with an input that is no number. */
typedef enum PtNumberError
{
	PT_NUMBER_OK,
	PT_NUMBER_NOT_A_NUMBER,
	PT_NUMBER_UNKNOWN_COUNTRY,	/* no such country code */
	PT_NUMBER_TOO_SHORT,
	PT_NUMBER_TOO_LONG,
	PT_NUMBER_LOCAL_ONLY,		/* a number without its area code */
	PT_NUMBER_BAD_LENGTH,		/* between the lengths in use */
	PT_NUMBER_UNKNOWN_REGION,	/* the region, not the number */
	PT_NUMBER_NO_MEMORY
} PtNumberError;

/*
 * Reads a telephone number as people write it (UTF-8).  region is an ISO
 * 3166-1 code or NULL; NULL means that the number carries its country code,
 * with or without "+".  Input that is canonical already costs a table look-up,
 * anything else a call of libphonenumber (20 to 120 us).  Never raises.
 */
extern PtNumberError pt_number_read(const char *input, size_t len,
									const char *region, char out[PT_E164_SIZE]);

/* "Europe" for '2' (NUM-05); NULL for a first digit without a region. */
extern const char *pt_mcc_region(char first_digit);

/* Digits of the mobile network code in an IMSI (NUM-04): 2 or 3. */
extern int	pt_imsi_mnc_length(const char *imsi, size_t len);

/*
 * An example of the mobile numbers of a country (ISO 3166-1 code); false: there
 * is none.  For prices by country.
 */
extern bool pt_number_example(const char *region, char out[PT_E164_SIZE]);

/* Loads libphonenumber's tables; in the postmaster, so that backends inherit them. */
extern void pt_number_warm(void);

#ifdef __cplusplus
}
#endif

/* The second part is for code inside the server. */
#ifdef POSTGRES_H
/*
 * to_e164() for C callers: input in the server encoding, region NULL or an ISO
 * code.  Raises invalid_parameter_value with detail and hint.
 */
extern text *pt_to_e164(text *input, const char *region);

/* The same without raising: false leaves *error set and *out alone. */
extern bool pt_try_e164(const text *input, const char *region, text **out,
						PtNumberError *error);

/* Raises what pt_to_e164 raises for that error. */
extern void pt_number_raise(const text *input, const char *region,
							PtNumberError error) __attribute__((noreturn));

/* What is wrong with the input, as a sentence. */
extern const char *pt_number_problem(PtNumberError error);

/* An offending input for a message: its first 60 bytes, "..." if there are more. */
extern const char *pt_shown(const char *data, int len);
#endif

#endif							/* PORTATEXT_NUMBER_H */
