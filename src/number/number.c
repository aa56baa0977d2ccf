/*
 * number.c
 *	  SQL functions on telephone numbers: domains, reading, numbering plan.
 */
#include "portatext.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "number/number.h"

#define SHOWN_BYTES 60			/* of an offending input in messages */

PG_FUNCTION_INFO_V1(pt_is_e164);
PG_FUNCTION_INFO_V1(pt_is_address);
PG_FUNCTION_INFO_V1(pt_digits_sql);
PG_FUNCTION_INFO_V1(pt_to_e164_sql);
PG_FUNCTION_INFO_V1(pt_number_country_sql);
PG_FUNCTION_INFO_V1(pt_number_type_sql);
PG_FUNCTION_INFO_V1(pt_number_possible_sql);
PG_FUNCTION_INFO_V1(pt_number_assigned_sql);
PG_FUNCTION_INFO_V1(pt_number_timezones_sql);
PG_FUNCTION_INFO_V1(pt_number_operator_sql);

/* is_e164(text) returns bool: the check of domain e164 (NUM-01, NUM-02). */
Datum
pt_is_e164(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(pt_e164_valid(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

/* is_address(text) returns bool: the check of domain address (NUM-02, NUM-03). */
Datum
pt_is_address(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(pt_address_kind(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)) !=
				   PT_ADDRESS_INVALID);
}

/* A sentence on what is wrong with the input; the region is not. */
const char *
pt_number_problem(PtNumberError error)
{
	switch (error)
	{
		case PT_NUMBER_UNKNOWN_COUNTRY:
			return "No country code begins like this.";
		case PT_NUMBER_TOO_SHORT:
			return "The number has too few digits for its country.";
		case PT_NUMBER_TOO_LONG:
			return "The number has too many digits for its country.";
		case PT_NUMBER_LOCAL_ONLY:
			return "The number has no area code.";
		case PT_NUMBER_BAD_LENGTH:
			return "No number of its country has that many digits.";
		default:
			return "The text is not a telephone number.";
	}
}

const char *
pt_shown(const char *data, int len)
{
	int			shown = pg_mbcliplen(data, len, SHOWN_BYTES);

	return psprintf("%.*s%s", shown, data, shown < len ? "..." : "");
}

void
pt_number_raise(const text *input, const char *region, PtNumberError error)
{
	if (error == PT_NUMBER_NO_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while reading a telephone number.")));
	if (error == PT_NUMBER_UNKNOWN_REGION && region != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown region: \"%s\"", pt_shown(region, strlen(region))),
				 errhint("A region is an ISO 3166-1 code of two letters, such as US.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid telephone number: \"%s\"",
					pt_shown(VARDATA_ANY(input), VARSIZE_ANY_EXHDR(input))),
			 errdetail("%s", pt_number_problem(error)),
			 region == NULL ?
			 errhint("Write the number with its country code, such as +12223334444, or name the region of a national number.") :
			 errhint("Write the number as dialled in region %s, or with + and its country code.", region)));
	pg_unreachable();
}

bool
pt_try_e164(const text *input, const char *region, text **out, PtNumberError *error)
{
	const char *data = VARDATA_ANY(input);
	size_t		len = VARSIZE_ANY_EXHDR(input);
	char		e164[PT_E164_SIZE];

	if (GetDatabaseEncoding() != PG_UTF8)
	{
		char	   *utf8 = pg_server_to_any(data, len, PG_UTF8);

		if (utf8 != data)
			len = strlen(utf8);
		*error = pt_number_read(utf8, len, region, e164);
	}
	else
		*error = pt_number_read(data, len, region, e164);
	if (*error == PT_NUMBER_OK)
		*out = cstring_to_text(e164);
	return *error == PT_NUMBER_OK;
}

text *
pt_to_e164(text *input, const char *region)
{
	PtNumberError error;
	text	   *out;

	if (!pt_try_e164(input, region, &out, &error))
		pt_number_raise(input, region, error);
	return out;
}

/* portatext.digits(text): the text without a leading +; never raises. */
Datum
pt_digits_sql(PG_FUNCTION_ARGS)
{
	text	   *number = PG_GETARG_TEXT_PP(0);
	const char *start = VARDATA_ANY(number);
	int			len = VARSIZE_ANY_EXHDR(number);

	if (len > 0 && start[0] == '+')
		PG_RETURN_TEXT_P(cstring_to_text_with_len(start + 1, len - 1));
	PG_RETURN_TEXT_P(number);
}

/* to_e164(text, region text) returns e164: raises 22023 (NUM-01, NUM-02). */
Datum
pt_to_e164_sql(PG_FUNCTION_ARGS)
{
	char	   *region = NULL;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		region = text_to_cstring(PG_GETARG_TEXT_PP(1));
	PG_RETURN_TEXT_P(pt_to_e164(PG_GETARG_TEXT_PP(0), region));
}

/* The numbering plan's view of the number in argument 0. */
static PtNumberPlan
plan_of(FunctionCallInfo fcinfo)
{
	text	   *number = PG_GETARG_TEXT_PP(0);
	PtNumberPlan plan;

	pt_number_plan(VARDATA_ANY(number), VARSIZE_ANY_EXHDR(number), &plan);
	return plan;
}

/* number_country(e164) returns text: ISO 3166-1 alpha-2, or null. */
Datum
pt_number_country_sql(PG_FUNCTION_ARGS)
{
	PtNumberPlan plan = plan_of(fcinfo);

	if (plan.country == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(plan.country));
}

/* number_type(e164) returns text: the line type by numbering plan. */
Datum
pt_number_type_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(pt_line_type_name(plan_of(fcinfo).type)));
}

/* number_possible(e164) returns bool: country code known, length in use. */
Datum
pt_number_possible_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(plan_of(fcinfo).possible);
}

/* number_assigned(e164) returns bool: in a range of the numbering plan. */
Datum
pt_number_assigned_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(plan_of(fcinfo).assigned);
}

/* number_timezones(e164) returns text[]: empty when nothing is known. */
Datum
pt_number_timezones_sql(PG_FUNCTION_ARGS)
{
	text	   *number = PG_GETARG_TEXT_PP(0);
	const char *zones[PT_ZONES_MAX];
	Datum		elements[PT_ZONES_MAX];
	int			n = pt_number_timezones(VARDATA_ANY(number), VARSIZE_ANY_EXHDR(number),
										zones, PT_ZONES_MAX);

	for (int i = 0; i < n; i++)
		elements[i] = CStringGetTextDatum(zones[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A UTF-8 name in the server encoding, or NULL when it has no such characters. */
static text *
name_to_server(const char *name)
{
	int			encoding = GetDatabaseEncoding();
	int			len = strlen(name);
	unsigned char buf[PT_OPERATOR_SIZE * MAX_CONVERSION_GROWTH];
	Oid			convert;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return cstring_to_text(name);
	convert = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(convert) ||
		pg_do_encoding_conversion_buf(convert, PG_UTF8, encoding,
									  (unsigned char *) unconstify(char *, name), len,
									  buf, sizeof(buf), true) != len)
		return NULL;
	return cstring_to_text((char *) buf);
}

/* number_operator_hint(e164) returns text: null when unknown (North America). */
Datum
pt_number_operator_sql(PG_FUNCTION_ARGS)
{
	text	   *number = PG_GETARG_TEXT_PP(0);
	const char *name = pt_number_operator(VARDATA_ANY(number), VARSIZE_ANY_EXHDR(number));
	text	   *result = name == NULL ? NULL : name_to_server(name);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}
