/*
 * cost.c
 *	  What a message costs before it is sent.
 */
#include "portatext.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "account/account.h"
#include "billing/billing.h"
#include "carrier/route.h"
#include "sms/order.h"

/* Segments of a text for the carrier that would take it, as send_sms counts them. */
static int
segments_of(text *body, int64 account_id, const char *to)
{
	char	   *utf8 = pg_server_to_any(text_to_cstring(body), VARSIZE_ANY_EXHDR(body), PG_UTF8);
	PtRefusal	refusal;
	const char *from;
	int32		carrier_id;
	PtAnalysis	how;
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	from = pt_sender_choose(account_id, NULL, to, &refusal);
	carrier_id = pt_route(account_id, from ? from : "", to);
	if (!pt_text_analyze(utf8, strlen(utf8),
						 carrier_id < 0 ? NULL : pt_carrier_text_options(carrier_id), &how))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the text cannot be counted")));
	pt_become_caller(&saved);
	SPI_finish();
	return how.segments;
}

PG_FUNCTION_INFO_V1(pt_message_cost_sql);

/* portatext.message_cost(to_number, body): segments times tariff (BILL-01). */
Datum
pt_message_cost_sql(PG_FUNCTION_ARGS)
{
	int64		account_id = pt_current_account();
	char	   *to = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum		credits;
	int			segments;

	if (!pt_tariff_for(account_id, to, &credits))
		PG_RETURN_NULL();
	segments = segments_of(PG_GETARG_TEXT_PP(1), account_id, to);
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_mul, credits,
										NumericGetDatum(int64_to_numeric(segments))));
}
