/*
 * by_index.c
 *	  Statements of the build that read large tables in small pieces.
 */
#include "campaign/campaign.h"

#include "utils/guc.h"

/* Until the nest level ends. */
static void
forbid(const char *setting)
{
	(void) set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

uint64
pt_run_by_index(PtPlan *plan, const Datum *values, int expected)
{
	int			level = NewGUCNestLevel();
	uint64		n;

	forbid("enable_seqscan");
	forbid("enable_bitmapscan");
	forbid("enable_sort");
	n = pt_plan_run(plan, values, NULL, expected);
	AtEOXact_GUC(true, level);
	return n;
}
