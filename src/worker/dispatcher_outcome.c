/*
 * dispatcher_outcome.c
 *	  Decided messages wait here a few milliseconds for each other and are
 *	  written in one transaction; a batch that fails is written one by one.
 */
#include "portatext.h"

#include "utils/timestamp.h"

#include "worker/dispatcher.h"

#define RETRY_US USECS_PER_SEC	/* after a failed write */
#define POISON_FAILURES 3

typedef struct WriteBatch
{
	PtOutcome  *outcomes[PT_FLUSH_COUNT];
	int			n;
} WriteBatch;

/* Takes over a task whose fate is decided. */
void
pt_outcome_queue(PtTask *task)
{
	if (pt_dispatcher.n_outcomes++ == 0)
		pt_dispatcher.oldest_outcome = GetCurrentTimestamp();
	dlist_push_tail(&pt_dispatcher.outcomes, &task->node);
}

/* When the outcomes are to be written that wait. */
static TimestampTz
flush_at(void)
{
	bool		busy = pt_tasks_oldest() != DT_NOEND;

	return Max(pt_dispatcher.retry_outcomes_at,
			   pt_dispatcher.oldest_outcome + (busy ? PT_FLUSH_BUSY_US : PT_FLUSH_US));
}

/* Is it time to write? */
bool
pt_outcomes_due(void)
{
	TimestampTz now = GetCurrentTimestamp();

	if (pt_dispatcher.n_outcomes == 0 || pt_dispatcher.retry_outcomes_at > now)
		return false;
	return pt_dispatcher.n_outcomes >= PT_FLUSH_COUNT || pt_dispatcher.in_flight == 0 ||
		flush_at() <= now;
}

long
pt_outcomes_timeout_ms(void)
{
	if (pt_dispatcher.n_outcomes == 0)
		return -1;
	return pt_ms_until(flush_at());
}

/* PtTxBody: the outcomes of many messages. */
static void
write_body(void *arg)
{
	WriteBatch *batch = arg;

	pt_outcome_write(batch->outcomes, batch->n);
	pt_local_receipts(batch->outcomes, batch->n);
	PT_POINT("outcome_before_commit");
}

/* PtTxBody: a message whose outcome cannot be written. */
static void
poison_body(void *arg)
{
	static const char *const kinds[] = {
		[PT_OUTCOME_SENT] = "the carrier has it",
		[PT_OUTCOME_FAILED] = "the carrier refused it",
		[PT_OUTCOME_AGAIN] = "it was to be tried again",
		[PT_OUTCOME_BACK] = "nothing was handed over",
		[PT_OUTCOME_UNCLEAR] = "whether the carrier has it is not known"
	};
	PtOutcome  *outcome = ((WriteBatch *) arg)->outcomes[0];

	pt_outcome_poison(outcome, psprintf("the outcome of the hand-over could not be written: %s",
										kinds[outcome->kind]));
}

/* Counts what a written outcome was; the scheduler takes opt-outs. */
static void
count_outcome(const PtOutcome *o)
{
	static const PtCounter counters[] = {
		[PT_OUTCOME_SENT] = PT_COUNT_SENT,
		[PT_OUTCOME_FAILED] = PT_COUNT_REFUSED,
		[PT_OUTCOME_AGAIN] = PT_COUNT_RETRIED,
		[PT_OUTCOME_UNCLEAR] = PT_COUNT_UNCLEAR
	};

	if (o->moves)
		pt_slot_count(PT_COUNT_RETRIED, 1);
	else if (o->kind != PT_OUTCOME_BACK)
		pt_slot_count(counters[o->kind], 1);
	if (o->opted_out)
		pt_wake(PT_SCHEDULER);
}

/* Where the lane is to be looked into for a message that is back in the outbox. */
static void
note_return(const PtTask *task)
{
	const PtOutcome *o = &task->outcome;
	PtChannel  *channel = o->moves ? pt_channel_find(o->next_carrier) : task->channel;
	PtLaneState *lane;

	if (channel == NULL)
		return;
	lane = &channel->lanes[o->message->lane % 2];
	if (o->moves)
	{
		lane->next_due = Min(lane->next_due, o->next_due);
		return;
	}
	if (o->kind == PT_OUTCOME_AGAIN)
		lane->next_due = Min(lane->next_due, o->due);
	if (o->kind == PT_OUTCOME_BACK)
		lane->next_due = Min(lane->next_due, o->message->due);
}

/* After the commit: what follows, and nothing of the messages is needed any more. */
static void
batch_written(WriteBatch *batch, bool follow)
{
	pt_outcome_written(batch->outcomes, batch->n);
	for (int i = 0; i < batch->n; i++)
	{
		PtTask	   *task = pt_task_of(batch->outcomes[i]);

		if (follow)
		{
			count_outcome(batch->outcomes[i]);
			note_return(task);
			pt_local_follow(task);
		}
		pt_task_free(task);
	}
}

/* Writes one outcome alone; false: it stays for another time. */
static bool
write_alone(PtOutcome *outcome)
{
	WriteBatch	one = {.outcomes = {outcome},.n = 1};
	PtTask	   *task = pt_task_of(outcome);

	if (pt_session_tx("writing an outcome", write_body, &one))
	{
		batch_written(&one, true);
		return true;
	}
	pt_slot_count(PT_COUNT_ERRORS, 1);
	if (++task->write_failures < POISON_FAILURES ||
		!pt_session_tx("marking a message", poison_body, &one))
		return false;
	batch_written(&one, false);
	return true;
}

/* Writes the outcomes of a failed batch one by one; what fails again waits. */
static void
write_singly(WriteBatch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		PtOutcome  *outcome = batch->outcomes[i];

		if (write_alone(outcome))
			continue;
		pt_outcome_queue(pt_task_of(outcome));
		pt_dispatcher.retry_outcomes_at = GetCurrentTimestamp() + RETRY_US;
	}
}

/* Takes up to a batch of waiting outcomes. */
static void
take_batch(WriteBatch *batch)
{
	batch->n = 0;
	while (batch->n < PT_FLUSH_COUNT && !dlist_is_empty(&pt_dispatcher.outcomes))
	{
		PtTask	   *task = dlist_container(PtTask, node,
										   dlist_pop_head_node(&pt_dispatcher.outcomes));

		batch->outcomes[batch->n++] = &task->outcome;
		pt_dispatcher.n_outcomes--;
	}
	pt_dispatcher.oldest_outcome = GetCurrentTimestamp();
}

/* Writes one batch. */
void
pt_outcomes_flush(void)
{
	WriteBatch	batch;

	pt_dispatcher.retry_outcomes_at = 0;
	take_batch(&batch);
	if (batch.n == 0)
		return;
	if (!pt_session_tx("writing outcomes", write_body, &batch))
	{
		write_singly(&batch);
		return;
	}
	PT_POINT("outcome_committed");
	batch_written(&batch, true);
}
