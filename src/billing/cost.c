/*
 * cost.c
 *	  SQL functions about tariffs and costs.
 */
#include "billing/billing.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "account/account.h"
#include "text/gsm.h"

PG_FUNCTION_INFO_V1(pt_tariff_for_sql);

/* portatext.tariff_for(number) */
Datum
pt_tariff_for_sql(PG_FUNCTION_ARGS)
{
	Datum		credits;

	if (!pt_tariff_for(pt_current_account(), text_to_cstring(PG_GETARG_TEXT_PP(0)), &credits))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(credits);
}

/* Segments of a text in the server's encoding, by the usual service. */
static int
segments_of(text *body)
{
	char	   *utf8 = pg_server_to_any(text_to_cstring(body), VARSIZE_ANY_EXHDR(body), PG_UTF8);
	PtAnalysis	how;

	if (!pt_text_analyze(utf8, strlen(utf8), NULL, &how))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the text cannot be counted")));
	return how.segments;
}

PG_FUNCTION_INFO_V1(pt_message_cost_sql);

/* portatext.message_cost(to_number, body): segments times tariff. */
Datum
pt_message_cost_sql(PG_FUNCTION_ARGS)
{
	int			segments = segments_of(PG_GETARG_TEXT_PP(1));
	Datum		credits;

	if (!pt_tariff_for(pt_current_account(), text_to_cstring(PG_GETARG_TEXT_PP(0)), &credits))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_mul, credits,
										NumericGetDatum(int64_to_numeric(segments))));
}
