/*
 * dialer_outcome.c
 *	  What engines have answered waits a few milliseconds for each other and is
 *	  written; a batch that fails is written one by one.
 */
#include "worker/dialer.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "telephony/telephony.h"

#define TRIES_MAX 10			/* of a single call that the engine cannot take */
#define PLACINGS_MAX 3			/* of a call that has never arrived */
#define ASK_SOON_US (3 * USECS_PER_SEC)
#define ASK_AGAIN_US (10 * USECS_PER_SEC)

typedef struct Batch
{
	PtDialTask *tasks[PT_DIAL_FLUSH_COUNT];
	int			n;
	PtColumn	again;			/* calls that have never arrived and are placed again */
	PtDialOrder *orders;		/* of those */
	int			n_orders;
} Batch;

static PtPlan accepted_plan = {
	"UPDATE portatext.call c SET engine_ref = COALESCE(c.engine_ref, u.ref), tries = c.tries + 1,"
	" state = CASE WHEN c.state IN ('placing', 'unclear') THEN 'placed' ELSE c.state END"
	" FROM unnest($1, $2) AS u(id, ref) WHERE c.call_id = u.id AND c.state <> 'ended'",
	2, {UUIDARRAYOID, TEXTARRAYOID},
	.generic = true
};

static PtPlan unclear_plan = {
	"UPDATE portatext.call c SET tries = c.tries + 1, look_at = $3, problem = u.problem,"
	" state = CASE WHEN c.state = 'placing' THEN 'unclear' ELSE c.state END"
	" FROM unnest($1, $2) AS u(id, problem) WHERE c.call_id = u.id AND c.state <> 'ended'",
	3, {UUIDARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID},
	.generic = true
};

/* A single call waits for its engine. */
static PtPlan requeue_plan = {
	"UPDATE portatext.call c SET state = 'queued', tries = c.tries + 1, problem = $2, due_at = $3, look_at = NULL, placed_at = NULL"
	" WHERE c.call_id = $1 AND c.run_id IS NULL AND c.state IN ('placing', 'unclear') AND c.tries < $4",
	4, {UUIDOID, TEXTOID, TIMESTAMPTZOID, INT4OID}
};

/* It has never arrived: may it be placed again, under its own id? */
static PtPlan again_plan = {
	"UPDATE portatext.call c SET state = 'placing', look_at = $2 WHERE c.call_id = $1 AND c.state IN ('placing', 'unclear')"
	" AND c.hang_up_at IS NULL AND c.tries < $3"
	" AND (c.run_id IS NULL OR EXISTS (SELECT FROM portatext.campaign_run r WHERE r.run_id = c.run_id AND r.state = 'running'))",
	3, {UUIDOID, TIMESTAMPTZOID, INT4OID}
};

static PtPlan look_plan = {
	"UPDATE portatext.call c SET look_at = $2 WHERE c.call_id = $1 AND c.state <> 'ended'", 2, {UUIDOID, TIMESTAMPTZOID}
};

/* The engine knows it after all. */
static PtPlan known_plan = {
	"UPDATE portatext.call c SET state = CASE WHEN c.state IN ('placing', 'unclear') THEN 'placed' ELSE c.state END, look_at = $2"
	" WHERE c.call_id = $1 AND c.state <> 'ended'", 2, {UUIDOID, TIMESTAMPTZOID}
};

/* The engine's words, for the call's record. */
static char *
problem_of(const PtDialTask *task)
{
	const PtCallAnswer *a = &task->answer;

	return psprintf("%s%s%s", a->code, a->text[0] == '\0' ? "" : ": ", a->text);
}

/* Runs a plan over one call and a time; true: a row was changed. */
static bool
set_time(PtPlan *plan, const PtDialTask *task, TimestampTz at)
{
	Datum		values[2] = {UUIDPGetDatum(&task->call->id), TimestampTzGetDatum(at)};

	return pt_plan_run_latest(plan, values, NULL, SPI_OK_UPDATE) > 0;
}

/* Is it known that a person answered?  As of when the request was made. */
static const char *
result_of_end(const PtDialTask *task)
{
	return task->call->answered_at != 0 ? "ANSWER" : "CANCELLED";
}

/*
 * The engine has certainly not placed it: a campaign's call was not issued, its target
 * waits (D2, rule 3); a single call is placed later.
 */
static void
not_placed(const PtDialTask *task, TimestampTz now)
{
	int			wait = Min(1 << Min(task->call->tries, 6), 60);
	Datum		values[4] = {UUIDPGetDatum(&task->call->id), CStringGetTextDatum(problem_of(task)),
	TimestampTzGetDatum(now + Max(wait, task->answer.retry_after) * USECS_PER_SEC), Int32GetDatum(TRIES_MAX)};

	if (task->answer.class == PT_CALL_NO_CAPACITY)
		pt_dial_trunk_failed(task->call->trunk_id, now);
	if (task->call->run_id == 0 && pt_plan_run_latest(&requeue_plan, values, NULL, SPI_OK_UPDATE) > 0)
		return;
	(void) pt_call_end(&task->call->id, "ENGINE_ERROR", PT_CALL_UNKNOWN, problem_of(task));
}

/* What became of a request to place a call; the columns gather those of which many are written at once. */
static void
originated(const PtDialTask *task, TimestampTz now, PtColumn *accepted, PtColumn *unclear)
{
	switch (task->answer.class)
	{
		case PT_CALL_ACCEPTED:
			pt_column_add_uuid(&accepted[0], &task->call->id);
			pt_column_add_text(&accepted[1], task->answer.ref);
			pt_dial_trunk_took(task->call->trunk_id);
			break;
		case PT_CALL_UNCLEAR:
			pt_column_add_uuid(&unclear[0], &task->call->id);
			pt_column_add_text(&unclear[1], problem_of(task));
			break;
		case PT_CALL_REFUSED:
			/* For ever: it uses up an iteration, and an engine that refuses everything stops the run by its NER. */
			(void) pt_call_end(&task->call->id, "NO_ROUTE", PT_CALL_UNKNOWN, problem_of(task));
			break;
		default:
			not_placed(task, now);
	}
}

/* Has the call, which was unclear when the engine was asked, been heard of since? */
static bool
heard_of(const PtDialTask *task)
{
	static PtPlan plan = {
		"SELECT FROM portatext.call c WHERE c.call_id = $1 AND c.state > 'unclear'", 1, {UUIDOID}
	};
	Datum		value = UUIDPGetDatum(&task->call->id);

	return pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT) > 0;
}

/* The engine does not know it: never arrived, or over.  If it was heard of meanwhile the engine is asked once more. */
static void
not_there(Batch *batch, const PtDialTask *task, TimestampTz now)
{
	Datum		values[3] = {UUIDPGetDatum(&task->call->id), TimestampTzGetDatum(now + ASK_AGAIN_US), Int32GetDatum(PLACINGS_MAX)};
	bool		arrived = task->call->state > PT_STATE_UNCLEAR;

	if (!arrived && pt_plan_run_latest(&again_plan, values, NULL, SPI_OK_UPDATE) > 0)
	{
		pt_column_add_uuid(&batch->again, &task->call->id);
		return;
	}
	if (!arrived && heard_of(task))
	{
		(void) set_time(&look_plan, task, now + ASK_AGAIN_US);
		return;
	}
	(void) pt_call_end(&task->call->id, task->call->answered_at != 0 ? "ANSWER" : arrived ? "TIMEOUT" : "CANCELLED",
					   PT_CALL_UNKNOWN, arrived ? "the engine does not know it any more" : "it never reached the engine");
}

/* What became of the question after a call. */
static void
status_told(Batch *batch, const PtDialTask *task, TimestampTz now)
{
	PtCallEvent *events = task->events;
	int			n = task->n_events;

	if (task->answer.class == PT_CALL_NOT_THERE)
	{
		not_there(batch, task, now);
		return;
	}
	if (task->answer.class == PT_CALL_ACCEPTED)
		(void) set_time(&known_plan, task, now + ASK_AGAIN_US);
	else
		(void) set_time(&look_plan, task, now + ASK_AGAIN_US);
	if (task->engine->use != NULL && task->engine->use->engine->adapter->local)
		n = pt_dial_local_truth(task->call, &events);
	if (n > 0)
		pt_call_events_apply(task->engine->engine_id, events, n);
}

/* What became of the other requests. */
static void
other_answered(const PtDialTask *task, TimestampTz now)
{
	PtCallAnswerClass class = task->answer.class;

	if (task->op == PT_CALL_HANG_UP && class == PT_CALL_NOT_THERE)
		(void) pt_call_end(&task->call->id, result_of_end(task), PT_CALL_UNKNOWN, NULL);
	else if (task->op != PT_CALL_HANG_UP && class == PT_CALL_NOT_THERE)
		(void) set_time(&look_plan, task, now);
	else if (task->op == PT_CALL_CONNECT && class != PT_CALL_ACCEPTED && class != PT_CALL_UNCLEAR)
		pt_dial_connect_failed(&task->call->id, now);
}

/* PtTxBody: the outcomes of a batch. */
static void
write_body(void *arg)
{
	Batch	   *batch = arg;
	MemoryContext keep = CurrentMemoryContext;	/* SPI's own ends with the transaction */
	PtColumn	accepted[2] = {{UUIDOID}, {TEXTOID}};
	PtColumn	unclear[2] = {{UUIDOID}, {TEXTOID}};
	TimestampTz now = pt_now();
	PtRole		saved;

	batch->again = (PtColumn) {UUIDOID};
	pt_become_keeper(&saved);
	for (int i = 0; i < batch->n; i++)
	{
		PtDialTask *task = batch->tasks[i];

		if (task->op == PT_CALL_ORIGINATE)
			originated(task, now, accepted, unclear);
		else if (task->op == PT_CALL_STATUS)
			status_told(batch, task, now);
		else
			other_answered(task, now);
	}
	pt_column_run(&accepted_plan, accepted, SPI_OK_UPDATE);
	if (unclear[0].n > 0)
	{
		Datum		values[3] = {pt_column_array(&unclear[0]), pt_column_array(&unclear[1]),
		TimestampTzGetDatum(now + ASK_SOON_US)};

		pt_plan_run_latest(&unclear_plan, values, NULL, SPI_OK_UPDATE);
	}
	if (batch->again.n > 0)
		batch->n_orders = pt_call_orders(pt_column_array(&batch->again), keep, &batch->orders);
	pt_become_caller(&saved);
	PT_POINT("call_outcome");
}

/* Counts an answer in the worker's slot. */
static void
count(const PtDialTask *task)
{
	static const PtCounter counters[] = {
		[PT_CALL_ACCEPTED] = PT_COUNT_SENT,
		[PT_CALL_NOT_THERE] = PT_COUNT_RETRIED,
		[PT_CALL_NO_CAPACITY] = PT_COUNT_RETRIED,
		[PT_CALL_FAILED] = PT_COUNT_RETRIED,
		[PT_CALL_REFUSED] = PT_COUNT_REFUSED,
		[PT_CALL_UNCLEAR] = PT_COUNT_UNCLEAR
	};

	if (task->op == PT_CALL_ORIGINATE)
		pt_slot_count(counters[task->answer.class], 1);
}

/* After the commit. */
static void
written(Batch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		PtDialTask *task = batch->tasks[i];

		count(task);
		if (task->engine->use != NULL && task->engine->use->engine->adapter->local)
			pt_dial_local_watch(&task->call->id, task->engine->engine_id);
		pt_dial_task_free(task);
	}
	pt_dial_ask(PT_CALL_ORIGINATE, batch->orders, batch->n_orders);
}

/*
 * Writes the outcomes of a failed batch one by one.  One that cannot be written is
 * dropped: its call is looked after by the tick and the sweep, which ask the engine.
 */
static void
write_singly(Batch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		Batch		one = {.tasks = {batch->tasks[i]},.n = 1};

		if (!pt_session_tx("writing an answer", write_body, &one))
			one.n_orders = 0;
		written(&one);
	}
}

/* Is it time to write? */
static bool
is_due(void)
{
	if (pt_dialer.n_answered == 0)
		return false;
	return pt_dialer.n_answered >= PT_DIAL_FLUSH_COUNT || pt_dialer.in_flight == 0 ||
		pt_dialer.oldest_answer + PT_DIAL_FLUSH_US <= GetCurrentTimestamp();
}

/* Writes what is due. */
void
pt_dial_flush(void)
{
	while (is_due())
	{
		Batch		batch = {.n = 0};

		while (batch.n < PT_DIAL_FLUSH_COUNT && !dlist_is_empty(&pt_dialer.answered))
		{
			batch.tasks[batch.n++] = dlist_container(PtDialTask, node, dlist_pop_head_node(&pt_dialer.answered));
			pt_dialer.n_answered--;
		}
		pt_dialer.oldest_answer = GetCurrentTimestamp();
		if (pt_session_tx("writing answers of engines", write_body, &batch))
			written(&batch);
		else
			write_singly(&batch);
	}
}
