/*
 * number.c
 *	  SQL functions on telephone numbers.
 */
#include "portatext.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "number/number.h"

PG_FUNCTION_INFO_V1(pt_is_e164);
PG_FUNCTION_INFO_V1(pt_is_address);

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
