/*
 * tariff.c
 *	  Credits per segment by destination.
 */
#include "billing/billing.h"

#include "catalog/pg_type.h"

#include "billing/rate_book.h"

static PtRateBook book = {
	.query = {
		"SELECT prefix, valid_from, valid_to, credits FROM portatext.tariff "
		"WHERE COALESCE(account_id, 0) OPERATOR(pg_catalog.=) $1 "
		"AND valid_to OPERATOR(pg_catalog.>) $2 ORDER BY prefix, valid_from",
		2, {INT8OID, TIMESTAMPTZOID}
	},
	.cache = {.tables = {"tariff"}},
	.n_amounts = 1
};

bool
pt_tariff_for(int64 account_id, const char *e164, Datum *credits)
{
	return pt_rate_find(&book, account_id, e164, credits);
}
