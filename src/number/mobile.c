/*
 * mobile.c
 *	  SQL functions on mobile country codes and subscriber identities.
 */
#include "portatext.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "number/number.h"

#define MCC_DIGITS 3
#define IMSI_MIN_DIGITS 6		/* shortest: country, network, one digit */
#define IMSI_MAX_DIGITS 15		/* ITU-T E.212 clause 6 */

PG_FUNCTION_INFO_V1(pt_mcc_region_sql);
PG_FUNCTION_INFO_V1(pt_imsi_parts);

/* Is s between min and max digits long, and nothing but digits? */
static bool
is_digits(const char *s, size_t min, size_t max)
{
	size_t		n = strspn(s, "0123456789");

	return s[n] == '\0' && n >= min && n <= max;
}

/* mcc_region(text) returns text: NUM-05; null for 1 and 8, else 22023. */
Datum
pt_mcc_region_sql(PG_FUNCTION_ARGS)
{
	char	   *mcc = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *region;

	if (!is_digits(mcc, MCC_DIGITS, MCC_DIGITS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid mobile country code: \"%s\"", pt_shown(mcc, strlen(mcc))),
				 errhint("A mobile country code has three digits, such as 310.")));
	region = pt_mcc_region(mcc[0]);
	if (region == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(region));
}

/* imsi_parts(text) returns (mcc, mnc, msin): NUM-04, NUM-06; 22023. */
Datum
pt_imsi_parts(PG_FUNCTION_ARGS)
{
	char	   *imsi = text_to_cstring(PG_GETARG_TEXT_PP(0));
	size_t		len = strlen(imsi);
	int			mnc;
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	mnc = pt_imsi_mnc_length(imsi, len);
	if (!is_digits(imsi, IMSI_MIN_DIGITS, IMSI_MAX_DIGITS) || len <= MCC_DIGITS + mnc)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid subscriber identity: \"%s\"", pt_shown(imsi, len)),
				 errdetail("An IMSI has at most 15 digits: country code, network code and subscriber."),
				 errhint("Pass the digits without blanks or other marks, such as 310150123456789.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("return type must be a row type")));
	values[0] = PointerGetDatum(cstring_to_text_with_len(imsi, MCC_DIGITS));
	values[1] = PointerGetDatum(cstring_to_text_with_len(imsi + MCC_DIGITS, mnc));
	values[2] = CStringGetTextDatum(imsi + MCC_DIGITS + mnc);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
