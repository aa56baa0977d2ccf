/*
 * words_sql.c
 *	  SQL functions: what a text asks for, and a country's name.
 */
#include "portatext.h"

#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "service/keyword.h"
#include "text/encoding.h"

#define COUNTRY_NAME_MAX 100

PG_FUNCTION_INFO_V1(pt_parse_keyword_message_sql);
PG_FUNCTION_INFO_V1(pt_country_name_sql);

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The array's elements in upper case and sorted, without nulls. */
static const char **
read_keywords(ArrayType *array, int *n)
{
	Datum	   *items;
	bool	   *nulls;
	int			count;
	const char **keywords;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, &count);
	keywords = palloc((count + 1) * sizeof(char *));
	*n = 0;
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			keywords[(*n)++] = asc_toupper(VARDATA_ANY(DatumGetTextPP(items[i])), VARSIZE_ANY_EXHDR(DatumGetTextPP(items[i])));
	qsort(keywords, *n, sizeof(char *), compare_strings);
	return keywords;
}

/* parse_keyword_message(body, keywords) → (action, keyword) (FLOW-06, FLOW-07, FLOW-11). */
Datum
pt_parse_keyword_message_sql(PG_FUNCTION_ARGS)
{
	static const char *const actions[] = {"other", "alone", "yes", "help", "stop"};
	size_t		len;
	const char *body = pt_text_utf8(PG_GETARG_TEXT_PP(0), &len);
	int			n;
	const char **keywords = read_keywords(PG_GETARG_ARRAYTYPE_P(1), &n);
	PtKeywordMessage message = pt_parse_keyword_message(body, len, keywords, n);
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, message.keyword < 0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("return type must be a row type")));
	values[0] = CStringGetTextDatum(actions[message.action]);
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(keywords[message.keyword]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* country_name(code) → text: in English, after Unicode's CLDR; the code itself if that has no name for it. */
Datum
pt_country_name_sql(PG_FUNCTION_ARGS)
{
	const char *code = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char		locale[16];
	UChar		units[COUNTRY_NAME_MAX];
	char		name[COUNTRY_NAME_MAX * 3 + 1];
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		len;

	if (strlen(code) != 2)
		PG_RETURN_TEXT_P(PG_GETARG_TEXT_PP(0));
	snprintf(locale, sizeof(locale), "und_%s", code);
	len = uloc_getDisplayCountry(locale, "en", units, COUNTRY_NAME_MAX, &status);
	u_strToUTF8(name, sizeof(name), &len, units, U_FAILURE(status) ? 0 : len, &status);
	if (U_FAILURE(status) || len == 0)
		PG_RETURN_TEXT_P(PG_GETARG_TEXT_PP(0));
	PG_RETURN_DATUM(pt_utf8_text(name, (size_t) len));
}
