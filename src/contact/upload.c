/*
 * upload.c
 *	  Bringing a file of any size into the server: start_import, then COPY to
 *	  contact_upload or upload_contacts(), then finish_upload.
 *
 * Lines are gathered to blocks, so memory does not grow with the file.  A
 * statement that writes to the view begins with an empty block and ends with the
 * writing of the last one: nothing is left in memory between statements.
 */
#include "contact/import.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "account/account.h"
#include "job/row.h"

#define BLOCK 65536

typedef struct Upload
{
	MemoryContext context;		/* of this struct; ends with the statement or its transaction */
	MemoryContextCallback callback;
	int64		job_id;			/* 0: none yet */
	int64		account_id;
	int64		start;			/* of the block in the file */
	int			len;
	char		data[BLOCK];
} Upload;

static Upload *upload = NULL;	/* of the statement that is running; NULL: none */
static int64 current_import = 0;	/* what start_import() has made in this session */

/* Raises 42704 unless the import is the account's; no lock is taken before this. */
static void
check_owner(int64 account_id, int64 job_id)
{
	static PtPlan plan = {
		"SELECT FROM portatext.job j WHERE j.job_id = $1 AND j.account_id = $2 AND j.kind = '" PT_IMPORT_KIND "'",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(job_id), Int64GetDatum(account_id)};

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("import %lld does not exist", (long long) job_id),
				 errhint("Begin with SELECT portatext.start_import('list').")));
}

/*
 * Raises unless the caller may upload to the import; returns the size that it has.
 * Sessions that upload to one import follow each other, a transaction each.
 */
static int64
check_import(int64 account_id, int64 job_id)
{
	static PtPlan plan = {
		"SELECT j.state = 'open', COALESCE((SELECT b.start + octet_length(b.data) FROM portatext.import_block b"
		" WHERE b.job_id = j.job_id ORDER BY b.start DESC LIMIT 1), 0)"
		" FROM portatext.job j WHERE j.job_id = $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(job_id);
	bool		isnull;

	check_owner(account_id, job_id);
	pt_job_wait_lock(job_id);
	if (pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT) == 0 ||
		!DatumGetBool(pt_result(0, 1, &isnull)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the file of import %lld is complete", (long long) job_id),
				 errhint("Begin another import with SELECT portatext.start_import('list').")));
	return DatumGetInt64(pt_result(0, 2, &isnull));
}

/* Stores one block. */
static void
insert_block(int64 account_id, int64 job_id, int64 start, const char *data, int len)
{
	static PtPlan plan = {
		"INSERT INTO portatext.import_block (job_id, start, account_id, data) VALUES ($1, $2, $3, $4)",
		4, {INT8OID, INT8OID, INT8OID, BYTEAOID}
	};
	Datum		values[4] = {Int64GetDatum(job_id), Int64GetDatum(start), Int64GetDatum(account_id),
	PointerGetDatum(cstring_to_text_with_len(data, len))};

	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}

/* Stores what is in memory. */
static void
flush(void)
{
	PtRole		saved;

	if (upload->len == 0)
		return;
	SPI_connect();
	pt_become_keeper(&saved);
	insert_block(upload->account_id, upload->job_id, upload->start, upload->data, upload->len);
	pt_become_caller(&saved);
	SPI_finish();
	upload->start += upload->len;
	upload->len = 0;
}

/* The session's import where none is named. */
static int64
import_or_current(bool isnull, int64 job_id)
{
	if (!isnull)
		return job_id;
	if (current_import == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no import was begun in this session"),
				 errhint("Begin with SELECT portatext.start_import('list'), or give a job_id.")));
	return current_import;
}

/* The lines that follow are for this import. */
static void
turn_to(int64 job_id)
{
	PtRole		saved;

	flush();
	upload->job_id = job_id;
	upload->account_id = pt_current_account();
	SPI_connect();
	pt_become_keeper(&saved);
	upload->start = check_import(upload->account_id, job_id);
	pt_become_caller(&saved);
	SPI_finish();
}

/* Adds bytes to the block; writes it when it is full. */
static void
append(const char *data, size_t len)
{
	while (len > 0)
	{
		size_t		n = Min(len, BLOCK - upload->len);

		memcpy(upload->data + upload->len, data, n);
		upload->len += n;
		data += n;
		len -= n;
		if (upload->len == BLOCK)
			flush();
	}
}

/* One row of the view. */
static void
take_line(TriggerData *trigger)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		isnull;
	Datum		value = heap_getattr(trigger->tg_trigtuple, 1, desc, &isnull);
	int64		job_id = import_or_current(isnull, isnull ? 0 : DatumGetInt64(value));

	if (job_id != upload->job_id)
		turn_to(job_id);
	value = heap_getattr(trigger->tg_trigtuple, 2, desc, &isnull);
	if (!isnull)
	{
		text	   *line = DatumGetTextPP(value);
		int			len = VARSIZE_ANY_EXHDR(line);
		char	   *utf8 = pg_server_to_any(VARDATA_ANY(line), len, PG_UTF8);

		append(utf8, utf8 == VARDATA_ANY(line) ? len : strlen(utf8));
	}
	append("\n", 1);
}

/* The statement has ended, or its transaction. */
static void
forget_upload(void *arg)
{
	upload = NULL;
}

/*
 * A statement begins.  One that writes to the view while another one does, by a
 * function that this one calls or by WITH, would write to the same place in the file.
 */
static void
begin_upload(void)
{
	MemoryContext context;

	if (upload != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("lines are being written to contact_upload already"),
				 errdetail("One statement cannot do so within another."),
				 errhint("Write them one after the other, or use portatext.upload_contacts().")));
	context = AllocSetContextCreate(CurTransactionContext, "portatext upload", ALLOCSET_DEFAULT_SIZES);
	upload = MemoryContextAllocZero(context, sizeof(Upload));
	upload->context = context;
	upload->callback.func = forget_upload;
	MemoryContextRegisterResetCallback(context, &upload->callback);
}

PG_FUNCTION_INFO_V1(pt_contact_upload);

/* The triggers of contact_upload: before the statement, in the place of a row, after the statement. */
Datum
pt_contact_upload(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by the trigger manager", "contact_upload_line")));
	if (TRIGGER_FIRED_INSTEAD(trigger->tg_event))
	{
		take_line(trigger);
		/* The row itself would be kept by the server until the statement ends. */
		PG_RETURN_POINTER(heap_copytuple(trigger->tg_trigtuple));
	}
	if (TRIGGER_FIRED_BEFORE(trigger->tg_event))
		begin_upload();
	else
	{
		flush();
		MemoryContextDelete(upload->context);
	}
	PG_RETURN_POINTER(NULL);
}

PG_FUNCTION_INFO_V1(pt_start_import);

/* portatext.start_import(list text, skip_bad boolean, region text): the job, whose file is still to come. */
Datum
pt_start_import(PG_FUNCTION_ARGS)
{
	PtImportTarget target = {.skip_bad = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1)};
	int64		account_id = pt_current_account();
	PtRole		saved;

	if (!PG_ARGISNULL(2))
		target.region = text_to_cstring(PG_GETARG_TEXT_PP(2));
	pt_import_check_region(target.region);
	SPI_connect();
	pt_become_keeper(&saved);
	target.list_id = pt_import_list(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0));
	current_import = pt_job_create(account_id, PT_IMPORT_KIND, pt_import_arguments(&target), true);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(current_import);
}

PG_FUNCTION_INFO_V1(pt_upload_contacts);

/* portatext.upload_contacts(data bytea, job_id bigint): adds bytes to the import's file. */
Datum
pt_upload_contacts(PG_FUNCTION_ARGS)
{
	bytea	   *data;
	int			len;
	int64		job_id;
	int64		account_id;
	int64		start;
	PtRole		saved;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("data must not be null")));
	data = PG_GETARG_BYTEA_PP(0);
	len = VARSIZE_ANY_EXHDR(data);
	job_id = import_or_current(PG_ARGISNULL(1), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1));
	account_id = pt_current_account();
	SPI_connect();
	pt_become_keeper(&saved);
	start = check_import(account_id, job_id);
	for (int at = 0; at < len; at += BLOCK)
		insert_block(account_id, job_id, start + at, VARDATA_ANY(data) + at, Min(BLOCK, len - at));
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(start + len);
}

PG_FUNCTION_INFO_V1(pt_finish_upload);

/* portatext.finish_upload(job_id bigint): the file is complete, and the runner imports it. */
Datum
pt_finish_upload(PG_FUNCTION_ARGS)
{
	int64		job_id = import_or_current(PG_ARGISNULL(0), PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0));
	int64		account_id = pt_current_account();
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	(void) check_import(account_id, job_id);
	(void) pt_job_queue(job_id);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(job_id);
}
