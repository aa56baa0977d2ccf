/*
 * import_sql.c
 *	  import_contacts(): a file in one value, imported in the caller's transaction.
 */
#include "contact/import.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "job/row.h"

#define PIECE 1048576			/* bytes between two looks at the clock */
#define NOTICE_MS 10000

/* Says every now and then how far a long import is. */
static void
say_progress(const PtImport *import, size_t done, size_t total, TimestampTz *said)
{
	TimestampTz now = GetCurrentTimestamp();
	PtImportCounts counts = pt_import_counts(import);

	pt_progress_update(done, counts.refused);
	if (!TimestampDifferenceExceeds(*said, now, NOTICE_MS))
		return;
	*said = now;
	ereport(NOTICE,
			(errmsg("import: %lld of %lld bytes, %lld lines, %lld refused", (long long) done, (long long) total,
					(long long) counts.lines, (long long) counts.refused)));
}

/* Reads the whole file. */
static void
read_all(PtImport *import, const char *data, size_t len)
{
	TimestampTz said = GetCurrentTimestamp();
	size_t		done = 0;

	while (done < len)
	{
		size_t		piece = Min(len - done, PIECE);

		if (!pt_import_feed(import, data + done, piece))
			break;
		done += piece;
		say_progress(import, done, len, &said);
	}
	pt_import_end(import);
}

/* Makes the job that stands for the import: it is open until the import ends it, so no runner takes it. */
static void
make_job(int64 account_id, const PtImportTarget *target, PtJobRow *row)
{
	int64		job_id = pt_job_create(account_id, PT_IMPORT_KIND, pt_import_arguments(target), true);

	(void) pt_job_read(job_id, row, true);
}

void
pt_import_say_refused(const char *what, int64 job_id, const PtImportCounts *counts, const char *first_problem)
{
	ereport(NOTICE,
			(errmsg("the %s were not changed: %lld of %lld lines were refused", what,
					(long long) counts->refused, (long long) counts->lines),
			 first_problem == NULL ? 0 : errdetail("The first is %s", first_problem),
			 errhint("portatext.import_problem lists them for job %lld. With skip_bad the others are imported.",
					 (long long) job_id)));
}

/* The row that import_contacts() returns. */
static Datum
result_row(FunctionCallInfo fcinfo, const PtImportCounts *counts, int64 job_id, bool replaced)
{
	TupleDesc	desc;
	Datum		values[7] = {Int64GetDatum(replaced ? counts->contacts : 0), Int64GetDatum(counts->lines),
		Int64GetDatum(counts->normalised), Int64GetDatum(counts->duplicates), Int64GetDatum(counts->refused),
		Int64GetDatum(job_id), BoolGetDatum(replaced)};
	bool		nulls[7] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("return type must be a row type")));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* Imports the bytes (UTF-8) into the target; the job gets its result. */
static bool
import_all(PtImport *import, const PtImportTarget *target, PtJobRow *row, const char *data, size_t len)
{
	PtJob	   *job = &row->job;
	bool		replaced;

	pt_progress_start(PT_IMPORT_KIND, job->job_id, target->list_id, len);
	read_all(import, data, len);
	pt_progress_end();
	job->total = job->done = len;
	replaced = pt_import_finish(import, target, job);
	pt_job_write(row, "finished");
	return replaced;
}

/* import_contacts() for both types of file. */
static Datum
import_contacts(FunctionCallInfo fcinfo, bool is_text)
{
	int64		account_id = pt_current_account();
	text	   *file = PG_ARGISNULL(1) ? cstring_to_text("") : PG_GETARG_TEXT_PP(1);
	const char *data = VARDATA_ANY(file);
	size_t		len = VARSIZE_ANY_EXHDR(file);
	PtImportTarget target = {.skip_bad = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2)};
	PtImport   *import;
	PtJobRow	row;
	PtImportCounts counts;
	bool		replaced;
	PtRole		saved;

	if (!PG_ARGISNULL(3))
		target.region = text_to_cstring(PG_GETARG_TEXT_PP(3));
	pt_import_check_region(target.region);
	if (is_text && GetDatabaseEncoding() != PG_UTF8)
	{
		data = pg_server_to_any(data, len, PG_UTF8);
		len = strlen(data);
	}
	SPI_connect();
	pt_become_keeper(&saved);
	target.list_id = pt_import_list(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0));
	make_job(account_id, &target, &row);
	import = pt_import_new(account_id, row.job.job_id, target.region, is_text);
	replaced = import_all(import, &target, &row, data, len);
	counts = pt_import_counts(import);
	if (!replaced)
		pt_import_say_refused("contacts", row.job.job_id, &counts, pt_import_first_problem(import));
	pt_become_caller(&saved);
	SPI_finish();
	return result_row(fcinfo, &counts, row.job.job_id, replaced);
}

PG_FUNCTION_INFO_V1(pt_import_contacts);

/* portatext.import_contacts(list text, csv text, skip_bad boolean, region text) */
Datum
pt_import_contacts(PG_FUNCTION_ARGS)
{
	return import_contacts(fcinfo, true);
}

PG_FUNCTION_INFO_V1(pt_import_contacts_bytes);

/* The same of bytea, which is UTF-8. */
Datum
pt_import_contacts_bytes(PG_FUNCTION_ARGS)
{
	return import_contacts(fcinfo, false);
}
