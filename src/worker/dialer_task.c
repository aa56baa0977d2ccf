/*
 * dialer_task.c
 *	  Requests to engines: queued, started, answered.
 */
#include "worker/dialer.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* What is under way for a call: bits 1 << op. */
typedef struct Busy
{
	pg_uuid_t	id;				/* the key */
	int			ops;
} Busy;

static HTAB *busy = NULL;

/* The entry of a call, made if it is new. */
static Busy *
busy_entry(const pg_uuid_t *id)
{
	HASHCTL		ctl = {.keysize = sizeof(pg_uuid_t),.entrysize = sizeof(Busy)};
	Busy	   *entry;
	bool		found;

	if (busy == NULL)
		busy = hash_create("portatext requests", 1024, &ctl, HASH_ELEM | HASH_BLOBS);
	entry = hash_search(busy, id, HASH_ENTER, &found);
	if (!found)
		entry->ops = 0;
	return entry;
}

/* Is such a request queued, on the wire or not yet written? */
bool
pt_dial_busy(const pg_uuid_t *id, PtCallOp op)
{
	const Busy *entry = busy == NULL ? NULL : hash_search(busy, id, HASH_FIND, NULL);

	return entry != NULL && (entry->ops & (1 << op)) != 0;
}

/* The texts of an order. */
static const char **
texts_of(PtCallOrder *order, int i)
{
	const char **texts[] = {&order->engine_ref, &order->from, &order->to, &order->trunk, &order->trunk_address,
		&order->flow, &order->connect_to, &order->connect_trunk, &order->connect_trunk_address, &order->connect_from,
	&order->abandon_flow, &order->reason};

	return i < lengthof(texts) ? texts[i] : NULL;
}

/* Copies an order with its texts into one piece of memory. */
static PtDialOrder *
copy_order(const PtDialOrder *given)
{
	PtDialOrder *o;
	size_t		size = sizeof(PtDialOrder);
	char	   *at;

	for (int i = 0; texts_of((PtCallOrder *) &given->order, i) != NULL; i++)
	{
		const char *text = *texts_of((PtCallOrder *) &given->order, i);

		size += text == NULL ? 0 : strlen(text) + 1;
	}
	o = MemoryContextAlloc(pt_dialer.context, size);
	*o = *given;
	at = (char *) (o + 1);
	for (int i = 0; texts_of(&o->order, i) != NULL; i++)
	{
		const char **text = texts_of(&o->order, i);
		size_t		length = *text == NULL ? 0 : strlen(*text) + 1;

		if (*text == NULL)
			continue;
		memcpy(at, *text, length);
		*text = at;
		at += length;
	}
	o->order.call_id = o->call_id;
	if (given->order.amd != NULL)
		o->order.amd = &o->amd;
	return o;
}

/* Puts a task where outcomes wait. */
static void
answered(PtDialTask *task)
{
	if (pt_dialer.n_answered++ == 0)
		pt_dialer.oldest_answer = GetCurrentTimestamp();
	dlist_push_tail(&pt_dialer.answered, &task->node);
}

/* Ends a task without having asked the engine. */
static void
answer_unasked(PtDialTask *task, PtCallAnswerClass class, const char *code)
{
	pt_call_answer_set(&task->answer, class, code);
	answered(task);
}

/* A request for each of the calls; the urgent ones, all but ORIGINATE, go first.  The engine of one that is gone fails. */
void
pt_dial_ask(PtCallOp op, const PtDialOrder *orders, int n)
{
	for (int i = 0; i < n; i++)
	{
		PtDialEngine *engine = pt_dial_engine(orders[i].engine_id);
		PtDialTask *task;

		if (engine == NULL || pt_dial_busy(&orders[i].id, op))
			continue;
		task = MemoryContextAllocZero(pt_dialer.context, sizeof(PtDialTask));
		task->op = op;
		task->engine = engine;
		task->call = copy_order(&orders[i]);
		task->answer.retry_after = -1;
		busy_entry(&orders[i].id)->ops |= 1 << op;
		if (op == PT_CALL_ORIGINATE)
			dlist_push_tail(&engine->queue, &task->node);
		else
			dlist_push_head(&engine->queue, &task->node);
		engine->n_queue++;
	}
}

void
pt_dial_task_free(PtDialTask *task)
{
	Busy	   *entry = busy_entry(&task->call->id);

	entry->ops &= ~(1 << task->op);
	if (entry->ops == 0)
		hash_search(busy, &task->call->id, HASH_REMOVE, NULL);
	pt_engine_use_release(task->use);
	free(task->events);
	pfree(task->call);
	pfree(task);
}

static bool full = false;		/* the HTTP engine took no more at the last start */

/* Sends one request; false: the HTTP engine is full. */
static bool
send_request(PtDialTask *task)
{
	PtDialEngine *line = task->engine;
	PtEngine   *engine = line->use->engine;
	PtHttpRequest request = {0};

	task->call->order.events_url = line->events_url;
	task->call->order.sounds_url = line->sounds_url;
	if (!engine->adapter->build(engine, task->op, &task->call->order, &request))
	{
		answer_unasked(task, PT_CALL_REFUSED, "cannot");
		return true;
	}
	request.timeout_ms = engine->timeout_ms;
	request.tag = task;
	if (!pt_http_start(pt_dialer.http, &request))
		return false;
	task->use = line->use;
	task->use->users++;
	line->in_flight++;
	pt_dialer.in_flight++;
	return true;
}

/* Starts what the engine's window admits. */
static int
start_engine(PtDialEngine *engine)
{
	int			started = 0;

	while (!dlist_is_empty(&engine->queue))
	{
		PtDialTask *task = dlist_head_element(PtDialTask, node, &engine->queue);
		bool		local = engine->use != NULL && engine->use->engine->adapter->local;

		if (!local && engine->use != NULL && task->op == PT_CALL_ORIGINATE && pt_dial_is_open(engine))
			local = false;
		else if (!local && engine->use != NULL && engine->in_flight >= pt_dial_window(engine))
			break;
		dlist_delete(&task->node);
		engine->n_queue--;
		if (local)
			answer_unasked(task, PT_CALL_ACCEPTED, "");
		else if (engine->use == NULL || pt_dialer.draining ||
				 (task->op == PT_CALL_ORIGINATE && pt_dial_is_open(engine)))
			answer_unasked(task, PT_CALL_FAILED, "not_asked");
		else if (send_request(task))
			started++;
		else
		{
			dlist_push_head(&engine->queue, &task->node);
			engine->n_queue++;
			full = true;
			break;
		}
	}
	return started;
}

/*
 * Is there a request that could be on the wire, but is not?  An engine that answers
 * fast may have answered all that the last start had asked.
 */
bool
pt_dial_to_start(void)
{
	dlist_iter	iter;

	if (full)
		return false;
	dlist_foreach(iter, &pt_dialer.engines)
	{
		PtDialEngine *engine = dlist_container(PtDialEngine, node, iter.cur);

		if (!dlist_is_empty(&engine->queue) && engine->in_flight < pt_dial_window(engine))
			return true;
	}
	return false;
}

void
pt_dial_start(void)
{
	int			started = 0;
	dlist_iter	iter;

	full = false;
	dlist_foreach(iter, &pt_dialer.engines)
		started += start_engine(dlist_container(PtDialEngine, node, iter.cur));
	if (started == 0)
		return;
	pt_http_run(pt_dialer.http);
	PT_POINT("call_sent");
}

/* What the answer to STATUS tells of the call. */
static void
read_status(PtDialTask *task, const PtHttpResult *result)
{
	PtEngine   *engine = task->use->engine;
	char		problem[160];
	char	   *body = strdup(result->body == NULL ? "" : result->body);
	PtEngineCallback in = {.method = "GET",.path = "status",.query = strdup(""),.content_type = "application/json",
	.body = body,.body_len = body == NULL ? 0 : strlen(body)};
	PtCallEvent *events = calloc(PT_STATUS_EVENTS, sizeof(PtCallEvent));
	int			n = 0;

	if (body != NULL && in.query != NULL && events != NULL)
		n = engine->adapter->read_events(engine, &in, events, PT_STATUS_EVENTS, problem, sizeof(problem));
	for (int i = 0; i < n; i++)
		if (events[i].call_id[0] == '\0')
			strlcpy(events[i].call_id, task->call->call_id, sizeof(events[i].call_id));
	free(body);
	free(in.query);
	if (n > 0)
	{
		task->events = events;
		task->n_events = n;
	}
	else
		free(events);
}

/* PtHttpDone: an answer, or none. */
void
pt_dial_http_ended(void *context, const PtHttpResult *result)
{
	PtDialTask *task = result->tag;

	task->engine->in_flight--;
	pt_dialer.in_flight--;
	task->use->engine->adapter->classify(task->use->engine, task->op, result, &task->answer);
	if (task->op == PT_CALL_STATUS && task->answer.class == PT_CALL_ACCEPTED)
		read_status(task, result);
	pt_dial_answered(task->engine, &task->answer);
	answered(task);
}

/* When leaving: what has not been started is not asked any more; what is on the wire stays as it is in the table. */
void
pt_dial_give_up(void)
{
	pt_dialer.draining = true;
	pt_dial_start();
}
