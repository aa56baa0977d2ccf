/*
 * build_load.c
 *	  Reads what a campaign is to send.
 */
#include "campaign/build.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

/* Column col of the first row as a text that outlives the next statement; NULL: null. */
static text *
text_result(int col)
{
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	return isnull ? NULL : DatumGetTextPCopy(value);
}

void
pt_build_load(PtBuild *build, int64 account_id)
{
	static PtPlan plan = {
		"SELECT c.from_number, c.service, c.variables, c.schedule_id, c.priority = 'bulk', c.all_subscribers, c.account_id,"
		" k.campaign_id IS NOT NULL, k.team_id IS NOT NULL OR strpos(concat(k.flow, k.abandon_flow), '{{') > 0"
		" FROM portatext.campaign c LEFT JOIN portatext.call_campaign k ON k.campaign_id = c.campaign_id"
		" WHERE c.campaign_id = $1 AND ($2 = 0 OR c.account_id = $2)",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(build->campaign_id), Int64GetDatum(account_id)};
	Datum		value;
	bool		isnull;
	bool		no_value;
	int32		schedule_id;
	bool		variables;

	if (pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("campaign %lld does not exist", (long long) build->campaign_id)));
	build->from = text_result(1);
	build->service = text_result(2);
	value = pt_result(0, 3, &isnull);
	if (!isnull)
		build->variables = DatumGetJsonbPCopy(value);
	build->bulk = DatumGetBool(pt_result(0, 5, &isnull));
	build->all_subscribers = DatumGetBool(pt_result(0, 6, &isnull));
	account_id = DatumGetInt64(pt_result(0, 7, &isnull));
	schedule_id = DatumGetInt32(pt_result(0, 4, &isnull));
	build->calls = DatumGetBool(pt_result(0, 8, &no_value));
	variables = DatumGetBool(pt_result(0, 9, &no_value));
	build->schedule = isnull ? NULL : pt_schedule_by_id(schedule_id);
	build->account = pt_account_get(account_id);
	if (build->calls)
		pt_variants_none(variables, &build->variants);
	else
		pt_variants_load(build->campaign_id, &build->variants);
}
