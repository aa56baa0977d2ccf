/*
 * count.c
 *	  How many messages of a run are in each state, exactly and without a look at
 *	  the messages.
 */
#include "campaign/run.h"

#include "catalog/pg_type.h"

static PtPlan count_plan = {
	"SELECT COALESCE(sum(c.messages) FILTER (WHERE c.state = 'queued'), 0)::int8,"
	" COALESCE(sum(c.messages) FILTER (WHERE c.state IN ('sending', 'delivered', 'undelivered', 'rejected')), 0)::int8,"
	" COALESCE(sum(c.messages) FILTER (WHERE c.state = 'delivered'), 0)::int8,"
	" COALESCE(sum(c.messages) FILTER (WHERE c.state IN ('undelivered', 'rejected', 'expired')), 0)::int8,"
	" (SELECT count(*) FROM portatext.campaign_response o WHERE o.run_id = $1 AND o.opt_out)"
	" FROM portatext.message_group_count c"
	" WHERE c.group_id = ANY (ARRAY(SELECT g.group_id FROM portatext.campaign_group g WHERE g.run_id = $1))",
	1, {INT8OID}
};

void
pt_run_count(int64 run_id, PtRunCounts *counts)
{
	Datum		value = Int64GetDatum(run_id);
	bool		isnull;

	pt_plan_run_latest(&count_plan, &value, NULL, SPI_OK_SELECT);
	counts->queued = DatumGetInt64(pt_result(0, 1, &isnull));
	counts->handed = DatumGetInt64(pt_result(0, 2, &isnull));
	counts->delivered = DatumGetInt64(pt_result(0, 3, &isnull));
	counts->failed = DatumGetInt64(pt_result(0, 4, &isnull));
	counts->opt_outs = DatumGetInt64(pt_result(0, 5, &isnull));
}
