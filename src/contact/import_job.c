/*
 * import_job.c
 *	  Jobs of the kind contact_import: a file that was uploaded in blocks, read in chunks.
 *
 * The position says behind which record the last chunk has ended; the next one
 * begins in the block that holds the byte behind it.  Blocks that were read are
 * deleted, so a job that was abandoned cannot begin again.
 */
#include "contact/import.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "contact/rows.h"

#define CHUNK_MS 100
#define BLOCKS 4				/* read at once */

/* All bytes of the file. */
static int64
file_size(int64 job_id)
{
	static PtPlan plan = {
		"SELECT b.start + octet_length(b.data) FROM portatext.import_block b WHERE b.job_id = $1"
		" ORDER BY b.start DESC LIMIT 1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(job_id);
	bool		isnull;

	return pt_plan_run(&plan, &value, NULL, SPI_OK_SELECT) == 0 ? 0 : DatumGetInt64(pt_result(0, 1, &isnull));
}

/* The start of the block with that byte. */
static int64
block_of(int64 job_id, int64 offset)
{
	static PtPlan plan = {
		"SELECT b.start FROM portatext.import_block b WHERE b.job_id = $1 AND b.start <= $2"
		" ORDER BY b.start DESC LIMIT 1",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(job_id), Int64GetDatum(offset)};
	bool		isnull;

	return pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) == 0 ? 0 : DatumGetInt64(pt_result(0, 1, &isnull));
}

/* Feeds the blocks from *start on, which is moved behind them; false: there are none, or no more is wanted. */
static bool
feed_blocks(PtImport *import, int64 job_id, int64 *start, int64 skip)
{
	static PtPlan plan = {
		"SELECT b.data FROM portatext.import_block b WHERE b.job_id = $1 AND b.start >= $2 ORDER BY b.start LIMIT $3",
		3, {INT8OID, INT8OID, INT8OID}
	};
	Datum		values[3] = {Int64GetDatum(job_id), Int64GetDatum(*start), Int64GetDatum(BLOCKS)};
	uint64		n = pt_plan_run(&plan, values, NULL, SPI_OK_SELECT);
	SPITupleTable *table = SPI_tuptable;
	bool		more = n > 0;

	for (uint64 i = 0; i < n && more; i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(table->vals[i], table->tupdesc, 1, &isnull);
		bytea	   *data = DatumGetByteaPP(value);
		int64		len = VARSIZE_ANY_EXHDR(data);

		more = pt_import_feed(import, VARDATA_ANY(data) + skip, len - skip);
		skip = 0;
		*start += len;
		if ((Pointer) data != DatumGetPointer(value))
			pfree(data);
	}
	SPI_freetuptable(table);
	return more;
}

/* Reads for about CHUNK_MS, but at least one record; false: all was read. */
static bool
read_chunk(PtImport *import, int64 job_id)
{
	TimestampTz begun = GetCurrentTimestamp();
	int64		offset = pt_import_offset(import);
	int64		start = block_of(job_id, offset);
	int64		skip = offset - start;

	while (feed_blocks(import, job_id, &start, skip))
	{
		skip = 0;
		pt_progress_update(pt_import_offset(import), pt_import_counts(import).refused);
		if (pt_import_offset(import) > offset &&
			TimestampDifferenceExceeds(begun, GetCurrentTimestamp(), CHUNK_MS))
			return true;
	}
	pt_import_end(import);
	return false;
}

/* Deletes the blocks before this byte's; all for -1. */
static void
delete_blocks(int64 job_id, int64 before)
{
	static PtPlan plan = {
		"DELETE FROM portatext.import_block b WHERE b.job_id = $1 AND ($2 < 0 OR b.start < $2)",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(job_id), Int64GetDatum(before)};

	pt_plan_run(&plan, values, NULL, SPI_OK_DELETE);
}

/* What the job was asked for. */
static PtImportTarget
target_of(const PtJob *job)
{
	JsonbValue	found;
	PtImportTarget target = {.list_id = pt_job_int(job->arguments, "list_id", 0),
	.region = pt_job_text(job->arguments, "region")};

	target.skip_bad = getKeyJsonValueFromContainer(&job->arguments->root, "skip_bad", strlen("skip_bad"),
												   &found) != NULL &&
		found.type == jbvBool && found.val.boolean;
	return target;
}

/* The import's state as the job's position. */
static Jsonb *
position_of(const PtImport *import)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	pt_import_save(import, &state);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* One chunk. */
static bool
import_chunk(PtJob *job)
{
	PtImportTarget target = target_of(job);
	PtImport   *import;
	bool		more;
	PtRole		saved;

	pt_become_keeper(&saved);
	if (job->total < 0)
		job->total = file_size(job->job_id);
	pt_progress_start(PT_IMPORT_KIND, job->job_id, target.list_id, job->total);
	import = pt_import_resume(job->account_id, job->job_id, target.region, job->position);
	more = read_chunk(import, job->job_id);
	pt_import_flush(import);
	PT_POINT("contact_import_chunk");
	job->done = more ? pt_import_offset(import) : job->total;
	job->errors = pt_import_counts(import).refused;
	if (!more)
		(void) pt_import_finish(import, &target, job);
	delete_blocks(job->job_id, more ? block_of(job->job_id, pt_import_offset(import)) : -1);
	job->position = position_of(import);
	pt_become_caller(&saved);
	return !more;
}

/* The list stays as it was; the new version and the blocks go. */
static void
import_abandon(PtJob *job)
{
	int64		version = pt_job_int(job->position, "version", 0);
	PtRole		saved;

	pt_become_keeper(&saved);
	if (version != 0)
		pt_version_retire(job->account_id, version);
	delete_blocks(job->job_id, -1);
	pt_become_caller(&saved);
}

static const PtJobKind import_kind = {.name = PT_IMPORT_KIND,.chunk = import_chunk,.abandon = import_abandon};

void
pt_import_job_init(void)
{
	pt_job_register(&import_kind);
}
