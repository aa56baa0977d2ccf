/*
 * attention.c
 *	  Why a message needs attention, as text: an enum's = is not leakproof, so under
 *	  row-level security no index serves it.
 */
#include "portatext.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pt_attention_label);

/* portatext.attention_label(kind): its name. */
Datum
pt_attention_label(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(0)))));
}
