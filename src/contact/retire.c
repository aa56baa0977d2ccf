/*
 * retire.c
 *	  Deleting the contacts of versions that nothing names any more.
 */
#include "contact/contact.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "account/account.h"

#define BATCH 5000				/* contacts deleted in one transaction */

/*
 * The oldest version that may be deleted, or 0: a day after it was replaced, and
 * not while its account has a job that may still read it.
 */
static int64
next_version(void)
{
	static PtPlan plan = {
		"SELECT r.version FROM portatext.retired_version r"
		" WHERE r.since < $1 - interval '1 day'"
		" AND NOT EXISTS (SELECT FROM portatext.job j WHERE j.account_id = r.account_id"
		" AND j.finished_at IS NULL AND j.state IN ('queued', 'running') AND j.created_at <= r.since + interval '1 day')"
		" ORDER BY r.version LIMIT 1 FOR UPDATE OF r SKIP LOCKED",
		1, {TIMESTAMPTZOID}
	};
	Datum		now = TimestampTzGetDatum(pt_now());
	bool		isnull;

	if (pt_plan_run(&plan, &now, NULL, SPI_OK_SELECT) == 0)
		return 0;
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

int64
pt_contacts_retire(void)
{
	static PtPlan contacts = {
		"DELETE FROM portatext.contact c WHERE c.ctid = ANY (ARRAY("
		"SELECT x.ctid FROM portatext.contact x WHERE x.version = $1 LIMIT $2))",
		2, {INT8OID, INT8OID}
	};
	static PtPlan version_plan = {
		"DELETE FROM portatext.retired_version WHERE version = $1",
		1, {INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(next_version()), Int64GetDatum(BATCH)};
	uint64		deleted;

	if (DatumGetInt64(values[0]) == 0)
		return 0;
	deleted = pt_plan_run(&contacts, values, NULL, SPI_OK_DELETE);
	if (deleted < BATCH)
		pt_plan_run(&version_plan, values, NULL, SPI_OK_DELETE);
	return deleted + 1;
}

PG_FUNCTION_INFO_V1(pt_contacts_retire_sql);

/* portatext.retire_contacts() */
Datum
pt_contacts_retire_sql(PG_FUNCTION_ARGS)
{
	PtRole		saved;
	int64		done;

	pt_require_all("contacts are not deleted");
	SPI_connect();
	pt_become_keeper(&saved);
	done = pt_contacts_retire();
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(done);
}
