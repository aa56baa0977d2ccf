/*
 * batch.c
 *	  Sending to many recipients, with a result for each, so that one bad number
 *	  does not undo a million good ones; send_sms_batch.
 *
 * Recipients are taken in chunks: checks and charges in memory, blacklists, values
 * of variables and rows as sets.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "billing/billing.h"
#include "sms/batch.h"
#include "sms/many.h"
#include "sms/send.h"
#include "sms/store.h"
#include "worker/shared.h"

/* SPI leaves its own context behind, which lives as long as the call; what belongs to the chunk does not. */
static void
enter_chunk(const PtBatch *batch)
{
	MemoryContextSwitchTo(batch->chunk_context);
}

static bool
accepted(const PtBatchItem *item)
{
	return item->refusal.code == PT_ACCEPTED && !item->repeated;
}

/* Notes the recipient; refuses it when the batch has it already (SMS-15). */
static void
check_duplicate(PtBatch *batch, PtBatchItem *item)
{
	bool		found;

	if (batch->seen == NULL)
		return;
	hash_search(batch->seen, item->order.to, HASH_ENTER, &found);
	if (found)
		pt_refuse(&item->refusal, PT_REFUSE_DUPLICATE, "The recipient is %s.", item->order.to);
}

/* The idempotency key of one recipient: the batch's, a slash and the number. */
static text *
item_key(const PtBatch *batch, const PtBatchItem *item)
{
	if (batch->base.key == NULL)
		return NULL;
	return cstring_to_text(psprintf("%s/%s", text_to_cstring(batch->base.key), item->order.to));
}

/* Checks one recipient, all but blacklist, subscription and funds. */
static void
check_item(PtBatch *batch, PtBatchItem *item)
{
	enter_chunk(batch);
	item->repeated = false;
	if (!pt_order_check(&item->order, PT_LISTS_ASKED, &item->refusal))
		return;
	check_duplicate(batch, item);
	if (item->refusal.code != PT_ACCEPTED)
		return;
	item->order.key = item_key(batch, item);
	item->repeated = pt_key_find(&item->order, &item->message_id);
}

/* Checks them; a text that is the same for all is counted once. */
static void
check_items(PtBatch *batch)
{
	for (int i = 0; i < batch->count; i++)
	{
		PtOrder    *order = &batch->items[i].order;

		if (batch->base.template == NULL)
		{
			order->counted = batch->base.counted;
			order->counted_for = batch->base.counted_for;
			order->analysis = batch->base.analysis;
		}
		check_item(batch, &batch->items[i]);
		if (batch->base.template != NULL || !order->counted)
			continue;
		batch->base.counted = true;
		batch->base.counted_for = order->counted_for;
		batch->base.analysis = order->analysis;
	}
}

/* What is stored with each recipient in the account's own contacts, for a text with variables. */
static void
find_values(PtBatch *batch)
{
	PtOrder   **orders = palloc_array(PtOrder *, batch->count);

	if (batch->base.template == NULL)
		return;
	for (int i = 0; i < batch->count; i++)
	{
		PtOrder    *order = &batch->items[i].order;

		orders[i] = order;
		/* What is no number is refused by the check. */
		if (order->to[0] == '\0' && order->recipient != NULL &&
			pt_number_read(VARDATA_ANY(order->recipient), VARSIZE_ANY_EXHDR(order->recipient),
						   NULL, order->to) != PT_NUMBER_OK)
			order->to[0] = '\0';
	}
	pt_orders_find_values(orders, batch->count);
}

/* Blacklists and services, asked for the whole chunk. */
static void
check_lists(PtBatch *batch)
{
	PtOrder   **orders;
	PtRefusal **refusals;
	int			n = 0;

	enter_chunk(batch);
	orders = palloc_array(PtOrder *, batch->count);
	refusals = palloc_array(PtRefusal *, batch->count);
	for (int i = 0; i < batch->count; i++)
	{
		if (!accepted(&batch->items[i]))
			continue;
		orders[n] = &batch->items[i].order;
		refusals[n++] = &batch->items[i].refusal;
	}
	pt_orders_ask_lists(orders, refusals, n);
}

/* Charges one recipient, or refuses it for lack of credits. */
static void
charge_item(PtBatchItem *item)
{
	if (!accepted(item))
		return;
	pt_uuid7(&item->message_id);
	item->repeated = pt_key_claim(&item->order, &item->message_id);
	if (item->repeated)
		return;
	if (!pt_charge(item->order.account->account_id, item->order.cost))
		pt_refuse(&item->refusal, PT_REFUSE_NO_CREDITS, "The message costs %s credits.",
				  DatumGetCString(DirectFunctionCall1(numeric_out, item->order.cost)));
}

/* Gives back the idempotency key of a recipient that could not be paid. */
static void
release_key(const PtBatchItem *item)
{
	static PtPlan plan = {
		"DELETE FROM portatext.idempotency WHERE account_id = $1 AND key = $2 AND message_id = $3",
		3, {INT8OID, TEXTOID, UUIDOID}
	};
	Datum		values[3];

	if (item->order.key == NULL || item->refusal.code != PT_REFUSE_NO_CREDITS)
		return;
	values[0] = Int64GetDatum(item->order.account->account_id);
	values[1] = PointerGetDatum(item->order.key);
	values[2] = UUIDPGetDatum(&item->message_id);
	pt_plan_run(&plan, values, NULL, SPI_OK_DELETE);
}

/* Writes the chunk's accepted recipients. */
static void
store_chunk(PtBatch *batch)
{
	const PtOrder **orders;
	Datum	   *ids;
	int			n = 0;

	enter_chunk(batch);
	orders = palloc_array(const PtOrder *, batch->count);
	ids = palloc_array(Datum, batch->count);
	for (int i = 0; i < batch->count; i++)
	{
		PtBatchItem *item = &batch->items[i];

		release_key(item);
		if (!accepted(item))
			continue;
		orders[n] = &item->order;
		ids[n] = UUIDPGetDatum(&item->message_id);
		n++;
	}
	enter_chunk(batch);
	if (n > 0)
		pt_store_many(orders, ids, n);
}

/* Returns the chunk's rows: ord, to_number, message_id, sqlstate, reason. */
static void
report_chunk(PtBatch *batch)
{
	for (int i = 0; i < batch->count; i++)
	{
		PtBatchItem *item = &batch->items[i];
		bool		refused = item->refusal.code != PT_ACCEPTED;
		bool		nulls[5] = {false, false, refused, !refused, !refused};
		Datum		values[5];

		if (refused && batch->raise)
			pt_refusal_raise(&item->refusal);
		nulls[1] = item->order.to[0] == '\0' && item->order.recipient == NULL;
		values[0] = Int64GetDatum(batch->ord + i);
		values[1] = item->order.to[0] != '\0' || nulls[1] ? CStringGetTextDatum(item->order.to) :
			PointerGetDatum(item->order.recipient);
		values[2] = UUIDPGetDatum(&item->message_id);
		values[3] = CStringGetTextDatum(pt_refusal_sqlstate(item->refusal.code));
		values[4] = refused ? PointerGetDatum(cstring_to_text(psprintf("%s: %s",
																	   pt_refusal_message(item->refusal.code),
																	   item->refusal.detail))) : (Datum) 0;
		tuplestore_putvalues(batch->rsinfo->setResult, batch->rsinfo->setDesc, values, nulls);
	}
}

PtBatchItem *
pt_batch_items(PtBatch *batch, int n)
{
	batch->items = MemoryContextAlloc(batch->chunk_context, n * sizeof(PtBatchItem));
	batch->count = n;
	for (int i = 0; i < n; i++)
		batch->items[i].order = batch->base;
	return batch->items;
}

void
pt_batch_run(PtBatch *batch)
{
	MemoryContext old = CurrentMemoryContext;

	enter_chunk(batch);
	find_values(batch);
	check_items(batch);
	check_lists(batch);
	for (int i = 0; i < batch->count; i++)
	{
		enter_chunk(batch);
		charge_item(&batch->items[i]);
	}
	if (!batch->raise)
		store_chunk(batch);
	enter_chunk(batch);
	report_chunk(batch);
	if (batch->raise)
		store_chunk(batch);
	MemoryContextSwitchTo(old);
	MemoryContextReset(batch->chunk_context);
	batch->ord += batch->count;
}

/* Reads on_error: 'skip' or 'raise'. */
static bool
read_on_error(FunctionCallInfo fcinfo, int n)
{
	char	   *word = PG_ARGISNULL(n) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(n));

	if (strcmp(word, "raise") == 0)
		return true;
	if (strcmp(word, "skip") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for on_error: \"%s\"", word),
				 errhint("Use 'skip' or 'raise'.")));
	return false;
}

/* The set of recipients a batch has seen. */
static HTAB *
new_seen_set(int64 expected)
{
	HASHCTL		ctl = {.keysize = PT_E164_SIZE, .entrysize = PT_E164_SIZE, .hcxt = CurrentMemoryContext};

	return hash_create("portatext batch recipients", Max(expected, 16), &ctl,
					   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

void
pt_batch_begin(PtBatch *batch, FunctionCallInfo fcinfo)
{
	memset(batch, 0, sizeof(*batch));
	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	batch->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	pt_read_order(fcinfo, 1, &batch->base);
	batch->raise = read_on_error(fcinfo, 12);
	batch->base.account = pt_account_get(pt_current_account());
	batch->ord = 1;
	batch->chunk_context = AllocSetContextCreate(CurrentMemoryContext, "portatext batch chunk",
												 ALLOCSET_DEFAULT_SIZES);
	pt_become_keeper(&batch->saved);
	pt_order_find_text(&batch->base);
}

void
pt_batch_end(PtBatch *batch)
{
	pt_become_caller(&batch->saved);
	SPI_finish();
	pt_wake_at_commit();
	pt_warn_unsent();
}

PG_FUNCTION_INFO_V1(pt_send_sms_batch);

/* portatext.send_sms_batch(numbers, body, ..., on_error): a row for each number. */
Datum
pt_send_sms_batch(PG_FUNCTION_ARGS)
{
	PtBatch		batch;
	Datum	   *numbers;
	bool	   *isnull;
	int			n = 0;

	pt_batch_begin(&batch, fcinfo);
	if (!PG_ARGISNULL(0))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT,
						  &numbers, &isnull, &n);
	batch.seen = new_seen_set(n);
	for (int at = 0; at < n; at += PT_BATCH_CHUNK)
	{
		int			count = Min(PT_BATCH_CHUNK, n - at);
		PtBatchItem *items = pt_batch_items(&batch, count);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < count; i++)
			items[i].order.recipient = isnull[at + i] ? NULL : DatumGetTextPP(numbers[at + i]);
		pt_batch_run(&batch);
	}
	pt_batch_end(&batch);
	return (Datum) 0;
}
