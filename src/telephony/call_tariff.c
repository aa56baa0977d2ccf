/*
 * call_tariff.c
 *	  Credits for calls by destination (tariffs of kind call).
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "account/account.h"
#include "billing/rate_book.h"
#include "telephony/call_tariff.h"

PG_FUNCTION_INFO_V1(pt_call_tariff_for_sql);

static PtRateBook book = {
	.query = {
		"SELECT prefix, valid_from, valid_to, per_call, per_minute FROM portatext.call_tariff "
		"WHERE COALESCE(account_id, 0) OPERATOR(pg_catalog.=) $1 "
		"AND valid_to OPERATOR(pg_catalog.>) $2 ORDER BY prefix, valid_from",
		2, {INT8OID, TIMESTAMPTZOID}
	},
	.cache = {.tables = {"call_tariff"}},
	.n_amounts = 2
};

/* What is no number with a + (a sip: URI, an extension) has no tariff. */
bool
pt_call_tariff_for(int64 account_id, const char *e164, Datum *per_call, Datum *per_minute)
{
	Datum		amounts[2];

	if (e164[0] != '+' || e164[1] == '\0' || strspn(e164 + 1, "0123456789") != strlen(e164 + 1))
		return false;
	if (!pt_rate_find(&book, account_id, e164, amounts))
		return false;
	*per_call = amounts[0];
	*per_minute = amounts[1];
	return true;
}

bool
pt_call_number_of(const char *destination, char number[PT_E164_SIZE])
{
	bool		uri = strncmp(destination, "sip:", 4) == 0 || strncmp(destination, "sips:", 5) == 0;
	const char *at = uri ? strchr(destination, ':') + 1 : destination;
	size_t		len = at[0] == '+' ? 1 + strspn(at + 1, "0123456789") : 0;

	if (len < 2 || len >= PT_E164_SIZE || (uri ? strchr("@;:", at[len]) == NULL || at[len] == '\0' : at[len] != '\0'))
		return false;
	memcpy(number, at, len);
	number[len] = '\0';
	return true;
}

/* portatext.call_tariff_for(number) */
Datum
pt_call_tariff_for_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	(void) get_call_result_type(fcinfo, NULL, &desc);
	nulls[0] = nulls[1] = !pt_call_tariff_for(pt_current_account(), text_to_cstring(PG_GETARG_TEXT_PP(0)),
											  &values[0], &values[1]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
