/*
 * to_lists.c
 *	  send_sms_to_lists: one text to the contacts of lists (SMS-13), each number
 *	  once (SMS-15).
 *
 * The contacts are read by a cursor, with one snapshot: a list that is changed
 * meanwhile is read as it was.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sms/batch.h"
#include "sms/column.h"

/* A number that is in several lists has the variables of the first of them. */
static PtPlan contacts_plan = {
	"SELECT DISTINCT ON (c.number::text COLLATE \"C\") c.number::text, CASE WHEN $2 THEN c.variables END"
	" FROM unnest($1::int8[]) WITH ORDINALITY AS l (version, ord)"
	" JOIN portatext.contact c ON c.version = l.version"
	" ORDER BY c.number::text COLLATE \"C\", l.ord",
	2, {INT8ARRAYOID, BOOLOID},
	.generic = true
};

/* The versions of the lists to be read; raises 42704 for a list that is not there. */
static Datum
open_lists(const PtBatch *batch, ArrayType *names)
{
	PtColumn	versions = {INT8OID};
	Datum	   *elements;
	bool	   *isnull;
	int			n;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elements, &isnull, &n);
	for (int i = 0; i < n; i++)
	{
		PtContactList list;

		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a list must not be null")));
		pt_list_open(batch->base.account->account_id, DatumGetTextPP(elements[i]), &list);
		pt_column_add(&versions, Int64GetDatum(list.version));
	}
	return pt_column_array(&versions);
}

/* The messages of one call are counted together. */
static int64
new_group(int64 account_id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.message_group (account_id) VALUES ($1) RETURNING group_id", 1, {INT8OID}
	};
	Datum		value = Int64GetDatum(account_id);
	bool		isnull;

	pt_plan_run(&plan, &value, NULL, SPI_OK_INSERT_RETURNING);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* Makes items of the contacts that were fetched. */
static void
take_contacts(PtBatch *batch)
{
	PtBatchItem *items = pt_batch_items(batch, (int) SPI_processed);
	MemoryContext old = MemoryContextSwitchTo(batch->chunk_context);

	for (int i = 0; i < batch->count; i++)
	{
		bool		isnull;
		char	   *number = TextDatumGetCString(pt_result(i, 1, &isnull));
		Datum		stored = pt_result(i, 2, &isnull);

		strlcpy(items[i].order.to, number, sizeof(items[i].order.to));
		items[i].order.values[PT_VALUES_OF_LIST] = isnull ? NULL : DatumGetJsonbPCopy(stored);
	}
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

PG_FUNCTION_INFO_V1(pt_send_sms_to_lists);

/* portatext.send_sms_to_lists(lists, body, ..., on_error): a row for each contact. */
Datum
pt_send_sms_to_lists(PG_FUNCTION_ARGS)
{
	PtBatch		batch;
	Datum		values[2];
	Portal		contacts;

	pt_batch_begin(&batch, fcinfo);
	if (!PG_ARGISNULL(0))
	{
		values[0] = open_lists(&batch, PG_GETARG_ARRAYTYPE_P(0));
		values[1] = BoolGetDatum(batch.base.template != NULL);
		batch.base.group_id = new_group(batch.base.account->account_id);
		contacts = pt_plan_cursor(&contacts_plan, values, NULL);
		for (;;)
		{
			CHECK_FOR_INTERRUPTS();
			SPI_cursor_fetch(contacts, true, PT_BATCH_CHUNK);
			if (SPI_processed == 0)
				break;
			take_contacts(&batch);
			pt_batch_run(&batch);
		}
		SPI_cursor_close(contacts);
	}
	pt_batch_end(&batch);
	return (Datum) 0;
}
