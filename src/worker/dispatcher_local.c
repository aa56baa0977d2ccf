/*
 * dispatcher_local.c
 *	  What follows an accepted message of a carrier without network: receipts
 *	  and replies, as if the network had sent them.
 *
 * A receipt without delay is applied in the transaction of the outcome.  Delayed
 * ones are kept in memory: those that a stopped dispatcher had in mind do not
 * come, and their messages stay in sending, as with a real carrier.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "lib/pairingheap.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "sms/column.h"
#include "text/encoding.h"
#include "worker/dispatcher.h"

#define FOLLOW_BATCH 256
#define FOLLOW_LOCK_TIMEOUT "200ms"

typedef struct Follow
{
	pairingheap_node node;
	TimestampTz due;			/* wall clock */
	int32		carrier_id;
	pg_uuid_t	id;
	char		carrier[64];
	char		status[16];		/* empty: no receipt */
	char		code[32];
	char		reply[160];		/* empty: no reply */
	char		from[20];		/* of the reply */
	char		to[20];
} Follow;

static PtPlan receipts_plan = {
	.sql = "SELECT portatext.apply_receipts($1, $2, $3, $4, $5, $6)",
	.nargs = 6,
	.argtypes = {INT4OID, TEXTARRAYOID, UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
};

static PtPlan reply_plan = {
	.sql = "SELECT portatext.receive_sms($1, $2, $3, $4)",
	.nargs = 4,
	.argtypes = {TEXTOID, TEXTOID, TEXTOID, TEXTOID}
};

static pairingheap *follows = NULL;

/* Receipts of one carrier on their way into apply_receipts(). */
typedef struct Receipts
{
	int32		carrier_id;
	PtColumn	refs;
	PtColumn	ids;
	PtColumn	parts;
	PtColumn	statuses;
	PtColumn	codes;
} Receipts;

#define RECEIPTS_INIT {0, {TEXTOID}, {UUIDOID}, {INT4OID}, {TEXTOID}, {TEXTOID}}

/* The earliest first. */
static int
compare_due(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	TimestampTz x = pairingheap_const_container(Follow, node, a)->due;
	TimestampTz y = pairingheap_const_container(Follow, node, b)->due;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Adds a receipt for a whole message. */
static void
add_receipt(Receipts *receipts, const pg_uuid_t *id, const char *status, const char *code)
{
	pt_column_add_text(&receipts->refs, NULL);
	pt_column_add_uuid(&receipts->ids, id);
	pt_column_add_null(&receipts->parts);
	pt_column_add_text(&receipts->statuses, status);
	pt_column_add_text(&receipts->codes, code);
}

/* Applies the gathered receipts. */
static void
apply_receipts(const Receipts *receipts)
{
	Datum		values[6];

	if (receipts->ids.n == 0)
		return;
	values[0] = Int32GetDatum(receipts->carrier_id);
	values[1] = pt_column_array(&receipts->refs);
	values[2] = pt_column_array(&receipts->ids);
	values[3] = pt_column_array(&receipts->parts);
	values[4] = pt_column_array(&receipts->statuses);
	values[5] = pt_column_array(&receipts->codes);
	pt_plan_run(&receipts_plan, values, NULL, SPI_OK_SELECT);
}

/* The answer of a task to a carrier without network; NULL: another task. */
static const PtAnswer *
local_answer(const PtTask *task)
{
	if (task->outcome.kind != PT_OUTCOME_SENT || task->n_tries != 1 ||
		task->use == NULL || !task->use->carrier->adapter->local)
		return NULL;
	return &task->tries[0].answer;
}

/* Does the receipt come at once? */
static bool
receipt_now(const PtAnswer *answer)
{
	return answer != NULL && answer->receipt_status[0] != '\0' && answer->receipt_delay_ms <= 0;
}

/* Applies the receipts that come at once, carrier by carrier. */
void
pt_local_receipts(PtOutcome *const *outcomes, int n)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);
		Receipts	receipts = RECEIPTS_INIT;

		receipts.carrier_id = channel->carrier_id;
		for (int i = 0; i < n; i++)
		{
			PtTask	   *task = pt_task_of(outcomes[i]);
			const PtAnswer *answer = local_answer(task);

			if (task->channel == channel && receipt_now(answer))
				add_receipt(&receipts, &task->message->id, answer->receipt_status,
							answer->receipt_code);
		}
		apply_receipts(&receipts);
	}
}

/* Keeps what is to follow the message after a delay. */
static void
follow_later(const PtTask *task, long delay_ms, bool receipt, bool reply)
{
	const PtAnswer *answer = &task->tries[0].answer;
	Follow	   *f = MemoryContextAllocZero(pt_dispatcher.context, sizeof(Follow));

	if (follows == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(pt_dispatcher.context);

		follows = pairingheap_allocate(compare_due, NULL);
		MemoryContextSwitchTo(old);
	}
	f->due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), delay_ms);
	f->carrier_id = task->channel->carrier_id;
	f->id = task->message->id;
	strlcpy(f->carrier, task->use->carrier->name, sizeof(f->carrier));
	strlcpy(f->status, receipt ? answer->receipt_status : "", sizeof(f->status));
	strlcpy(f->code, answer->receipt_code, sizeof(f->code));
	strlcpy(f->reply, reply ? answer->reply : "", sizeof(f->reply));
	strlcpy(f->from, task->message->to, sizeof(f->from));
	strlcpy(f->to, task->message->from, sizeof(f->to));
	pairingheap_add(follows, &f->node);
}

/* After the commit of its outcome: what is still to follow the message. */
void
pt_local_follow(const PtTask *task)
{
	const PtAnswer *answer = local_answer(task);

	if (answer == NULL)
		return;
	if (answer->receipt_status[0] != '\0')
	{
		if (!receipt_now(answer))
			follow_later(task, answer->receipt_delay_ms, true, false);
		if (answer->receipt_twice)
			follow_later(task, answer->receipt_delay_ms + 1, true, false);
	}
	if (answer->reply[0] != '\0')
		follow_later(task, answer->receipt_delay_ms, false, true);
}

/* What is due now, at most a batch. */
typedef struct FollowBatch
{
	Follow	   *items[FOLLOW_BATCH];
	int			n;
} FollowBatch;

/* A text from the recipient to the sender. */
static void
receive_reply(const Follow *f)
{
	Datum		values[4] = {
		CStringGetTextDatum(f->carrier),
		CStringGetTextDatum(f->from),
		CStringGetTextDatum(f->to),
		pt_utf8_text(f->reply, strlen(f->reply))
	};

	pt_plan_run(&reply_plan, values, NULL, SPI_OK_SELECT);
}

/* PtTxBody: receipts and replies that are due, of one carrier. */
static void
follow_body(void *arg)
{
	FollowBatch *batch = arg;
	Receipts	receipts = RECEIPTS_INIT;

	receipts.carrier_id = batch->items[0]->carrier_id;
	for (int i = 0; i < batch->n; i++)
	{
		const Follow *f = batch->items[i];

		if (f->status[0] != '\0')
			add_receipt(&receipts, &f->id, f->status, f->code);
		if (f->reply[0] != '\0')
			receive_reply(f);
	}
	apply_receipts(&receipts);
}

/* Takes what is due, of one carrier. */
static void
take_due(FollowBatch *batch)
{
	TimestampTz now = GetCurrentTimestamp();

	batch->n = 0;
	while (batch->n < FOLLOW_BATCH && !pairingheap_is_empty(follows))
	{
		Follow	   *f = pairingheap_container(Follow, node, pairingheap_first(follows));

		if (f->due > now || (batch->n > 0 && f->carrier_id != batch->items[0]->carrier_id))
			break;
		(void) pairingheap_remove_first(follows);
		batch->items[batch->n++] = f;
	}
}

/*
 * Applies a batch; one that fails is applied one by one.  A reply is charged, so
 * it may meet a balance that somebody holds: no other message waits for that.
 */
static void
apply_batch(FollowBatch *batch)
{
	bool		done;

	SetConfigOption("lock_timeout", FOLLOW_LOCK_TIMEOUT, PGC_SUSET, PGC_S_OVERRIDE);
	done = pt_session_tx("applying loopback receipts", follow_body, batch);
	for (int i = 0; i < batch->n && !done && batch->n > 1; i++)
	{
		FollowBatch one = {.items = {batch->items[i]},.n = 1};

		(void) pt_session_tx("applying loopback receipts", follow_body, &one);
	}
	SetConfigOption("lock_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
}

/* Applies one batch of what is due. */
void
pt_local_run(void)
{
	FollowBatch batch;

	if (follows == NULL)
		return;
	take_due(&batch);
	if (batch.n == 0)
		return;
	apply_batch(&batch);
	for (int i = 0; i < batch.n; i++)
		pfree(batch.items[i]);
}

long
pt_local_timeout_ms(void)
{
	if (follows == NULL || pairingheap_is_empty(follows))
		return -1;
	return pt_ms_until(pairingheap_container(Follow, node, pairingheap_first(follows))->due);
}
