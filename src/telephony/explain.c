/*
 * explain.c
 *	  Why the dialer placed what it placed: a run's last decision, and the last one that
 *	  placed calls, for people.
 */
#include "portatext.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "telephony/pacing.h"

PG_FUNCTION_INFO_V1(pt_pace_limit_text);

/* portatext.pacing_limit_text(limit): what has kept a decision from placing more, in words; null: not known. */
Datum
pt_pace_limit_text(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (int i = 0; i < PT_PACE_LIMITS; i++)
		if (strcmp(pt_pace_limit_name((PtPaceLimit) i), name) == 0)
			PG_RETURN_TEXT_P(cstring_to_text(pt_pace_limit_words((PtPaceLimit) i)));
	PG_RETURN_NULL();
}
