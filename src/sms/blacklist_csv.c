/*
 * blacklist_csv.c
 *	  import_blacklist(): numbers of a CSV file enter the account's blacklist (BL-06).
 *
 * The file is read as one of contacts is, into a version that no list names; what
 * is good in it is then added in one statement.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "account/account.h"
#include "contact/import.h"
#include "contact/rows.h"
#include "job/row.h"

/* Adds the numbers of the version; returns how many were not on the list before. */
static int64
add_numbers(int64 account_id, int64 version)
{
	static PtPlan plan = {
		"INSERT INTO portatext.blacklist (account_id, number, reason)"
		" SELECT $1, c.number, c.variables ->> 'reason' FROM portatext.contact c"
		" WHERE c.version = $2 AND c.account_id = $1 ORDER BY c.number ON CONFLICT DO NOTHING",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), Int64GetDatum(version)};

	return pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}

/* Ends the job that stands for the import. */
static void
end_job(PtJobRow *row, const PtImportCounts *counts, int64 added, bool imported)
{
	row->job.errors = counts->refused;
	row->job.done = counts->lines;
	row->job.result = pt_job_json(psprintf("{\"added\": %lld, \"lines\": %lld, \"refused\": %lld, \"imported\": %s}",
										   (long long) added, (long long) counts->lines,
										   (long long) counts->refused, imported ? "true" : "false"));
	pt_job_write(row, "finished");
}

/* The row that is returned. */
static Datum
result_row(FunctionCallInfo fcinfo, const PtImportCounts *counts, int64 added, int64 job_id, bool imported)
{
	TupleDesc	desc;
	Datum		values[7] = {Int64GetDatum(added), Int64GetDatum(counts->lines), Int64GetDatum(counts->normalised),
		Int64GetDatum(counts->duplicates), Int64GetDatum(counts->refused), Int64GetDatum(job_id), BoolGetDatum(imported)};
	bool		nulls[7] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("return type must be a row type")));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

PG_FUNCTION_INFO_V1(pt_import_blacklist);

/* portatext.import_blacklist(csv text, skip_bad boolean, region text) */
Datum
pt_import_blacklist(PG_FUNCTION_ARGS)
{
	text	   *file = PG_ARGISNULL(0) ? cstring_to_text("") : PG_GETARG_TEXT_PP(0);
	bool		skip_bad = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	const char *region = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	int64		account_id = pt_current_account();
	PtImportCounts counts;
	const char *problem;
	int64		version;
	int64		added = 0;
	bool		imported;
	PtJobRow	row;
	PtRole		saved;

	pt_import_check_region(region);
	SPI_connect();
	pt_become_keeper(&saved);
	(void) pt_job_read(pt_job_create(account_id, "blacklist_import", pt_job_json("{}"), true), &row, true);
	imported = pt_import_text(account_id, row.job.job_id, file, region, &version, &counts, &problem);
	imported = imported && (skip_bad || counts.refused == 0);
	if (imported)
		added = add_numbers(account_id, version);
	else
		pt_import_say_refused("blacklisted numbers", row.job.job_id, &counts, problem);
	pt_version_retire(account_id, version);
	end_job(&row, &counts, added, imported);
	pt_become_caller(&saved);
	SPI_finish();
	return result_row(fcinfo, &counts, added, row.job.job_id, imported);
}
