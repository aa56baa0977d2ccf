/*
 * dialer_local.c
 *	  Engines without a network: what happens in their calls is computed here, and
 *	  applied when its time has come, as if they had told it.
 *
 * The course of a call is a function of its id and of what was done with it, which is
 * in its row: after a restart it is derived anew, and what was applied already changes
 * nothing.
 */
#include "worker/dialer.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "lib/pairingheap.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "telephony/telephony.h"
#include "worker/installation.h"

#define LOCAL_BATCH 256
#define COURSE_MAX 16
#define EPOCH_US ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/* A call whose next event is known, or is to be looked for at once. */
typedef struct Local
{
	pg_uuid_t	id;				/* the key */
	pairingheap_node node;
	bool		waits;			/* it is in the heap */
	int32		engine_id;
	TimestampTz at;				/* business clock */
	int64		after;			/* microseconds since 1970: what was told until then */
	int64		told;			/* the same by the transaction under way */
	TimestampTz next;			/* found by it; DT_NOEND: nothing follows by itself */
	bool		gone;			/* it has ended */
} Local;

typedef struct Batch
{
	Local	   *calls[LOCAL_BATCH];
	int			n;
} Batch;

static HTAB *locals = NULL;
static pairingheap *heap = NULL;

/* The earliest first. */
static int
compare_at(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	TimestampTz x = pairingheap_const_container(Local, node, a)->at;
	TimestampTz y = pairingheap_const_container(Local, node, b)->at;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Makes table and heap. */
static void
prepare(void)
{
	HASHCTL		ctl = {.keysize = sizeof(pg_uuid_t),.entrysize = sizeof(Local)};
	MemoryContext old;

	if (locals != NULL)
		return;
	locals = hash_create("portatext local calls", 256, &ctl, HASH_ELEM | HASH_BLOBS);
	old = MemoryContextSwitchTo(pt_dialer.context);
	heap = pairingheap_allocate(compare_at, NULL);
	MemoryContextSwitchTo(old);
}

/* Sets when the call is looked at again. */
static void
set_time(Local *local, TimestampTz at)
{
	if (local->waits)
		pairingheap_remove(heap, &local->node);
	local->at = at;
	local->waits = at != DT_NOEND;
	if (local->waits)
		pairingheap_add(heap, &local->node);
}

void
pt_dial_local_watch(const pg_uuid_t *id, int32 engine_id)
{
	Local	   *local;
	bool		found;

	prepare();
	local = hash_search(locals, id, HASH_ENTER, &found);
	if (!found)
	{
		pg_uuid_t	key = local->id;

		memset(local, 0, sizeof(*local));
		local->id = key;
		local->engine_id = engine_id;
	}
	set_time(local, 0);
}

/* Calls of the image that are not watched yet: those of before a restart. */
void
pt_dial_local_watch_all(void)
{
	PtDialCall **calls;
	int			n = pt_dial_calls(&calls);

	for (int i = 0; i < n; i++)
	{
		const PtDialEngine *engine = pt_dial_engine(calls[i]->engine_id);

		if (engine == NULL || engine->use == NULL || !engine->use->engine->adapter->local)
			continue;
		if (calls[i]->ended_at != 0 || calls[i]->state < PT_STATE_PLACED)
			continue;
		prepare();
		if (hash_search(locals, &calls[i]->id, HASH_FIND, NULL) == NULL)
			pt_dial_local_watch(&calls[i]->id, calls[i]->engine_id);
	}
}

TimestampTz
pt_dial_local_at(void)
{
	if (heap == NULL || pairingheap_is_empty(heap))
		return DT_NOEND;
	return pairingheap_container(Local, node, pairingheap_first(heap))->at;
}

/* Microseconds since 1970; 0: none. */
static int64
epoch(TimestampTz at)
{
	return at == 0 ? 0 : at + EPOCH_US;
}

/* The batch's entry of a call. */
static Local *
entry_of(const Batch *batch, const pg_uuid_t *id)
{
	for (int i = 0; i < batch->n; i++)
		if (memcmp(&batch->calls[i]->id, id, sizeof(pg_uuid_t)) == 0)
			return batch->calls[i];
	return NULL;
}

/* The course of a call from a time on (-1: as it is in truth); returns how many events, in their order. */
static int
course_of(const PtDialOrder *order, int64 after, PtCallEvent *course)
{
	PtDialEngine *engine = pt_dial_engine(order->engine_id);

	memset(course, 0, sizeof(PtCallEvent) * COURSE_MAX);
	if (engine == NULL || engine->use == NULL || order->placed_at == 0)
		return 0;
	return engine->use->engine->adapter->local_events(engine->use->engine, &order->order, epoch(order->placed_at),
													  epoch(order->state >= PT_STATE_CONNECTING ? order->connect_at : 0),
													  epoch(order->abandoned_at), epoch(order->hang_up_at), after,
													  course, COURSE_MAX);
}

/* What has become of a call, for STATUS; palloc'ed.  In a transaction. */
int
pt_dial_local_truth(const PtDialOrder *order, PtCallEvent **events)
{
	int64		now = epoch(pt_now());
	int			all;
	int			n = 0;

	*events = palloc(sizeof(PtCallEvent) * COURSE_MAX);
	all = course_of(order, -1, *events);
	while (n < all && (*events)[n].at <= now)
		strlcpy((*events)[n++].call_id, order->call_id, PT_CALL_ID_SIZE);
	return n;
}

/* Adds the events of a call whose time has come, and finds when the next one is due. */
static int
collect(Local *local, const PtDialOrder *order, int64 now, PtCallEvent *events)
{
	PtCallEvent course[COURSE_MAX];
	int			n = 0;
	int			all;

	local->gone = order->ended_at != 0;
	if (local->gone)
		return 0;
	all = course_of(order, local->after, course);
	while (n < all && course[n].at <= now)
	{
		events[n] = course[n];
		strlcpy(events[n].call_id, order->call_id, PT_CALL_ID_SIZE);
		local->told = Max(local->told, course[n].at);
		n++;
	}
	if (n < all)
		local->next = course[n].at - EPOCH_US;
	else if (all == COURSE_MAX)
		local->next = 0;
	return n;
}

/* PtTxBody: the events of a batch, by engine. */
static void
local_body(void *arg)
{
	Batch	   *batch = arg;
	MemoryContext keep = CurrentMemoryContext;	/* SPI's own ends with the transaction */
	PtColumn	ids = {UUIDOID};
	PtDialOrder *orders;
	PtCallEvent *events;
	int64		now = epoch(pt_now());
	PtRole		saved;
	int			n_orders;

	if (!pt_installation_ok())
		return;
	pt_become_keeper(&saved);
	for (int i = 0; i < batch->n; i++)
		pt_column_add_uuid(&ids, &batch->calls[i]->id);
	n_orders = pt_call_orders(pt_column_array(&ids), keep, &orders);
	events = palloc(sizeof(PtCallEvent) * COURSE_MAX * Max(n_orders, 1));
	for (int i = 0, next; i < n_orders; i = next)
	{
		int			n = 0;

		for (next = i; next < n_orders && orders[next].engine_id == orders[i].engine_id; next++)
			n += collect(entry_of(batch, &orders[next].id), &orders[next], now, events + n);
		if (n > 0)
			pt_call_events_apply(orders[i].engine_id, events, n);
	}
	pt_become_caller(&saved);
	PT_POINT("call_local");
}

/* Takes what is due. */
static void
take_batch(Batch *batch, TimestampTz now)
{
	batch->n = 0;
	while (batch->n < LOCAL_BATCH && pt_dial_local_at() <= now)
	{
		Local	   *local = pairingheap_container(Local, node, pairingheap_remove_first(heap));

		local->waits = false;
		local->gone = true;		/* unless its row is found */
		local->next = DT_NOEND;
		local->told = local->after;
		batch->calls[batch->n++] = local;
	}
}

/* Applies events whose time has come. */
void
pt_dial_local_run(void)
{
	Batch		batch;

	take_batch(&batch, pt_now());
	if (batch.n == 0)
		return;
	if (!pt_session_tx("calls of the built-in engine", local_body, &batch))
	{
		for (int i = 0; i < batch.n; i++)
			set_time(batch.calls[i], pt_now() + USECS_PER_SEC);
		return;
	}
	for (int i = 0; i < batch.n; i++)
	{
		Local	   *local = batch.calls[i];

		local->after = local->told;
		if (local->gone)
			hash_search(locals, &local->id, HASH_REMOVE, NULL);
		else
			set_time(local, local->next);
	}
}
