/*
 * rate.c
 *	  SQL functions about tariffs.
 */
#include "billing/billing.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "account/account.h"

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
