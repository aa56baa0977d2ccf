/*
 * dispatcher_task.c
 *	  A claimed message on its way through the network: cut into parts, started,
 *	  answered, decided.
 */
#include "portatext.h"

#include "common/pg_prng.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "carrier/choice.h"
#include "worker/dispatcher.h"

#define RETRY_MAX_S 300			/* back-off of a message */
#define THROTTLE_MAX_S 60
#define BULK_AFTER 8			/* transactional messages before a bulk one */

/*
 * Cuts a text as the carrier takes it; returns the number of parts, or 0 when it
 * cannot be cut.  cut stays NULL where the adapter does not split.
 */
static int
cut_message(const PtMessage *m, const PtCarrier *carrier, PtAnalysis *how, PtPart **cut)
{
	int			parts;

	*cut = NULL;
	if (!pt_text_analyze(m->body, m->body_len, &carrier->text_options, how))
		return 0;
	if (!carrier->adapter->splits)
		return 1;
	if (how->segments > PT_MAX_PARTS)
		return 0;
	*cut = MemoryContextAlloc(pt_dispatcher.context, sizeof(PtPart) * how->segments);
	parts = pt_text_split(m->body, m->body_len, how, *cut);
	return Max(parts, 0);
}

/* A task with room for so many tries. */
static PtTask *
task_allocate(PtChannel *channel, PtMessage *message, int tries)
{
	PtTask	   *task = MemoryContextAllocZero(pt_dispatcher.context,
											  offsetof(PtTask, tries) + sizeof(PtTry) * tries);

	task->channel = channel;
	task->message = message;
	task->outcome.message = message;
	task->outcome.carrier_id = channel->carrier_id;
	dlist_push_tail(&pt_dispatcher.tasks, &task->all);
	return task;
}

/* One try for each part that the carrier does not have yet. */
static void
add_tries(PtTask *task)
{
	for (int part = 1; part <= task->parts_total; part++)
	{
		PtTry	   *try = &task->tries[task->n_tries];

		if (task->parts_total > 1 && pt_message_part_done(task->message, part))
			continue;
		try->task = task;
		try->part = part;
		task->n_tries++;
	}
}

/* A message begins its hand-over; it waits in the channel's open list. */
static PtTask *
task_begin(PtChannel *channel, PtMessage *message)
{
	PtAnalysis	how;
	PtPart	   *cut;
	int			parts = cut_message(message, channel->use->carrier, &how, &cut);
	PtTask	   *task = task_allocate(channel, message, parts);

	task->use = channel->use;
	task->use->users++;
	task->how = how;
	task->cut = cut;
	task->parts_total = parts;
	add_tries(task);
	if (parts == 0)
		task->outcome.code = "cannot_cut";
	if (task->n_tries == 0)
		return task;
	dlist_push_tail(&channel->open, &task->node);
	task->is_open = true;
	channel->open_parts += task->n_tries;
	return task;
}

/* Takes the task out of the open list, with its parts that were not started. */
static void
task_close(PtTask *task)
{
	if (!task->is_open)
		return;
	dlist_delete(&task->node);
	task->is_open = false;
	task->channel->open_parts -= task->n_tries - task->next;
}

void
pt_task_free(PtTask *task)
{
	pt_use_release(task->use);
	if (task->cut != NULL)
		pfree(task->cut);
	if (task->outcome.parts != NULL)
		pfree(task->outcome.parts);
	pfree(task->message);
	pfree(task);
}

/* Seconds with a quarter more or less by chance, in microseconds. */
static int64
jittered(double seconds)
{
	return (int64) (seconds * (0.75 + pg_prng_double(&pg_global_prng_state) / 2) * USECS_PER_SEC);
}

/* What the answers to a task's tries amount to. */
typedef struct Verdict
{
	const PtTry *unclear;
	const PtTry *failed;		/* for good */
	const PtTry *account;
	const PtTry *temporary;
	const PtTry *throttled;
	bool		not_sent;		/* of the temporary ones none reached the peer */
	bool		accepted;		/* a part of this try or an earlier one */
	bool		unstarted;
} Verdict;

/* Sorts one answer into the verdict. */
static void
judge_try(Verdict *verdict, const PtTry *try)
{
	if (try->state != PT_TRY_ANSWERED)
	{
		verdict->unstarted = true;
		return;
	}
	switch (try->answer.class)
	{
		case PT_ANSWER_ACCEPTED:
			verdict->accepted = true;
			break;
		case PT_ANSWER_THROTTLED:
			verdict->throttled = try;
			break;
		case PT_ANSWER_TEMPORARY:
			verdict->temporary = try;
			if (!try->not_sent)
				verdict->not_sent = false;
			break;
		case PT_ANSWER_UNCLEAR:
			verdict->unclear = try;
			break;
		case PT_ANSWER_ACCOUNT:
			verdict->account = try;
			break;
		default:
			verdict->failed = try;
	}
}

/* The failure that the outcome tells of. */
static void
outcome_reason(PtOutcome *o, const PtTry *try)
{
	o->code = try->answer.code[0] != '\0' ? try->answer.code : pt_answer_class_name(try->answer.class);
	o->text = try->answer.text;
}

/* Ended at the hand-over. */
static void
decide_failed(PtOutcome *o, const Verdict *verdict, const PtTry *try)
{
	o->kind = PT_OUTCOME_FAILED;
	o->part_accepted = verdict->accepted;
	o->opted_out = try->answer.class == PT_ANSWER_OPTED_OUT;
	outcome_reason(o, try);
}

/*
 * Counts tries and sets when the next round of carriers may begin, round being
 * the number of them that fail in turn: each gets its max_attempts.
 */
static void
decide_round(PtTask *task, int round, double retry_after)
{
	PtOutcome  *o = &task->outcome;
	int			attempts = task->message->attempts;
	double		wait = Min(1 << Min(attempts / round, 10), RETRY_MAX_S);

	o->exhausted = o->attempt && attempts + 1 >= task->use->carrier->max_attempts * round;
	o->due = pt_now() + Max(jittered(wait), (int64) (retry_after * USECS_PER_SEC));
}

/*
 * A temporary failure: tried again later, up to the carrier's max_attempts.  A
 * request that certainly did not leave counts as no attempt: an outage of the
 * carrier ends no message.
 */
static void
decide_temporary(PtTask *task, const Verdict *verdict, const PtTry *try)
{
	PtOutcome  *o = &task->outcome;
	const PtMessage *m = task->message;

	o->attempt = !verdict->not_sent;
	decide_round(task, pt_tried_failed(m->tried, m->n_tried) + 1, try->answer.retry_after);
	if (o->exhausted)
		decide_failed(o, verdict, try);
	else
		o->kind = PT_OUTCOME_AGAIN;
	o->may_move = !verdict->accepted;
	outcome_reason(o, try);
}

/* Refused by this carrier; others may take it, or those that failed before. */
static void
decide_refused(PtTask *task, const Verdict *verdict)
{
	PtOutcome  *o = &task->outcome;
	const PtMessage *m = task->message;

	o->attempt = true;
	decide_round(task, Max(pt_tried_failed(m->tried, m->n_tried), 1), 0);
	o->refused = true;
	o->may_move = !verdict->accepted;
}

/* The carrier takes no more for now: later, and no attempt counts. */
static void
decide_throttled(PtTask *task, const PtTry *try)
{
	PtChannel  *channel = task->channel;
	double		wait = Min(1 << Min(channel->throttle_level, 10), THROTTLE_MAX_S);

	if (channel->throttle_level < 10 && try->answer.retry_after < 0)
		channel->throttle_level++;
	if (try->answer.retry_after >= 0)
		wait = Max(try->answer.retry_after, 1);
	task->outcome.kind = PT_OUTCOME_AGAIN;
	/* Not before the carrier's own time. */
	task->outcome.due = pt_now() + (int64) (wait * USECS_PER_SEC) + jittered(wait / 4);
	outcome_reason(&task->outcome, try);
}

/* Whether the carrier has it is not known: tried again only where that is safe (BILL-22). */
static void
decide_unclear(PtTask *task, const Verdict *verdict, const PtTry *try)
{
	const PtCarrier *carrier = task->use->carrier;

	if (carrier->idempotent && task->message->attempts + 1 < carrier->max_attempts)
	{
		Verdict		reached = *verdict;

		reached.not_sent = false;
		decide_temporary(task, &reached, try);
		return;
	}
	task->outcome.kind = PT_OUTCOME_UNCLEAR;
	outcome_reason(&task->outcome, try);
}

/* What is known of the parts that were tried; strings stay in the tries. */
static void
outcome_parts(PtTask *task)
{
	PtOutcome  *o = &task->outcome;

	o->parts_total = task->parts_total;
	o->parts = MemoryContextAllocZero(pt_dispatcher.context,
									  sizeof(PtPartOutcome) * Max(task->n_tries, 1));
	for (int i = 0; i < task->n_tries; i++)
	{
		const PtTry *try = &task->tries[i];
		PtPartOutcome *part = &o->parts[o->n_parts];
		bool		accepted = try->answer.class == PT_ANSWER_ACCEPTED;
		bool		unclear = try->answer.class == PT_ANSWER_UNCLEAR;

		if (try->state != PT_TRY_ANSWERED ||
			(!accepted && !unclear && o->kind != PT_OUTCOME_FAILED))
			continue;
		part->part = try->part;
		part->state = accepted ? "accepted" : unclear ? "unclear" : "rejected";
		part->code = accepted ? NULL : try->answer.code;
		part->ref = try->answer.ref;
		o->n_parts++;
	}
}

/* Decides what becomes of the message: the worst answer to a part decides. */
static void
task_decide(PtTask *task)
{
	Verdict		v = {.not_sent = true,.accepted = task->message->part_accepted};
	PtOutcome  *o = &task->outcome;

	task_close(task);
	dlist_delete(&task->all);
	for (int i = 0; i < task->n_tries; i++)
		judge_try(&v, &task->tries[i]);
	if (o->code != NULL)
	{
		o->kind = PT_OUTCOME_FAILED;
		o->part_accepted = v.accepted;
		decide_refused(task, &v);
	}
	else if (v.unclear != NULL)
		decide_unclear(task, &v, v.unclear);
	else if (v.failed != NULL)
	{
		decide_failed(o, &v, v.failed);
		if (v.failed->answer.class == PT_ANSWER_REFUSED)
			decide_refused(task, &v);
	}
	else if (v.account != NULL)
	{
		o->kind = PT_OUTCOME_AGAIN;
		o->stops_carrier = true;
		o->may_move = !v.accepted;
		o->due = task->message->due;
		outcome_reason(o, v.account);
	}
	else if (v.temporary != NULL)
		decide_temporary(task, &v, v.temporary);
	else if (v.throttled != NULL)
		decide_throttled(task, v.throttled);
	else
		o->kind = v.unstarted ? PT_OUTCOME_BACK : PT_OUTCOME_SENT;
	outcome_parts(task);
	pt_outcome_queue(task);
}

/* Counts the answers that have come for a task. */
static void
count_answers(PtTask *task)
{
	for (int i = 0; i < task->next; i++)
	{
		PtTry	   *try = &task->tries[i];

		if (try->state != PT_TRY_ANSWERED || try->counted)
			continue;
		try->counted = true;
		pt_channel_answered(task->channel, try);
		if (try->answer.class != PT_ANSWER_ACCEPTED)
			task->halted = true;
	}
}

/* Takes note of new answers and decides when they are the last ones. */
static void
task_answered(PtTask *task)
{
	count_answers(task);
	if (task->halted)
		task_close(task);
	if (task->on_wire == 0 && (task->halted || task->next == task->n_tries))
		task_decide(task);
}

/*
 * PtHttpDone: a request has ended.  Called from inside the engine: no palloc, no
 * ereport here.
 */
void
pt_http_ended(void *context, const PtHttpResult *result)
{
	PtTry	   *try = result->tag;
	PtTask	   *task = try->task;

	pt_carrier_classify(task->use->carrier, result, &try->answer);
	/* A request that cannot even be made is not the carrier's outage. */
	try->not_sent = result->fate == PT_HTTP_NOT_SENT &&
		(result->problem == NULL || strcmp(result->problem, "request") != 0);
	try->state = PT_TRY_ANSWERED;
	task->on_wire--;
	task->channel->in_flight--;
	pt_dispatcher.in_flight--;
	if (!task->is_answered)
		dlist_push_tail(&pt_dispatcher.answered, &task->answered);
	task->is_answered = true;
}

/* Works on what pt_http_run brought. */
void
pt_tasks_answered(void)
{
	if (dlist_is_empty(&pt_dispatcher.answered))
		return;
	PT_POINT("answer_received");
	while (!dlist_is_empty(&pt_dispatcher.answered))
	{
		PtTask	   *task = dlist_container(PtTask, answered,
										   dlist_pop_head_node(&pt_dispatcher.answered));

		task->is_answered = false;
		task_answered(task);
	}
}

/* What an adapter sees of a try. */
static void
fill_request(const PtTry *try, PtPartRequest *part)
{
	const PtTask *task = try->task;
	const PtMessage *m = task->message;
	bool		splits = task->cut != NULL;

	part->message_id = m->id_text;
	part->from = m->from;
	part->to = m->to;
	part->body = m->body;
	part->body_len = m->body_len;
	part->how = &task->how;
	part->part = try->part;
	part->parts = task->parts_total;
	part->part_text = splits ? m->body + task->cut[try->part - 1].offset : m->body;
	part->part_len = splits ? task->cut[try->part - 1].len : m->body_len;
	/* The same at each try, so that parts of two tries join. */
	part->reference = (uint16_t) (m->id.data[14] << 8 | m->id.data[15]);
	part->bulk = m->lane % 2 == 1;
	part->validity_s = m->valid_until == DT_NOEND ? -1 :
		(long) Max((m->valid_until - pt_now()) / USECS_PER_SEC, 1);
}

/* Answers without the network. */
static void
start_local(PtTry *try, const PtPartRequest *part)
{
	PtTask	   *task = try->task;

	pt_carrier_answer_local(task->use->carrier, part, &try->answer);
	try->state = PT_TRY_ANSWERED;
	task->next++;
	task->channel->open_parts--;
	task_answered(task);
}

/* Nothing could be built for the part: as if refused. */
static void
start_failed(PtTry *try)
{
	PtTask	   *task = try->task;

	try->answer.class = PT_ANSWER_REFUSED;
	try->answer.retry_after = -1;
	strlcpy(try->answer.code, "cannot_build", sizeof(try->answer.code));
	try->state = PT_TRY_ANSWERED;
	task->next++;
	task->channel->open_parts--;
	task_answered(task);
}

/* Starts the next part of a task; false: the engine takes no more now. */
static bool
start_next(PtTask *task)
{
	PtTry	   *try = &task->tries[task->next];
	PtCarrier  *carrier = task->use->carrier;
	PtPartRequest part;
	PtHttpRequest request = {0};

	fill_request(try, &part);
	if (carrier->adapter->local)
	{
		start_local(try, &part);
		return true;
	}
	if (!carrier->adapter->build(carrier, &part, &request))
	{
		start_failed(try);
		return true;
	}
	request.tag = try;
	request.timeout_ms = carrier->timeout_ms;
	if (!pt_http_start(pt_dispatcher.engine, &request))
		return false;
	try->state = PT_TRY_ON_WIRE;
	task->next++;
	task->on_wire++;
	task->channel->open_parts--;
	task->channel->in_flight++;
	pt_dispatcher.in_flight++;
	if (task->next == task->n_tries)
		task_close(task);
	return true;
}

/* The next message to begin: eight transactional ones, then a bulk one. */
static PtMessage *
next_ready(PtChannel *channel)
{
	PtLaneState *urgent = &channel->lanes[0];
	PtLaneState *bulk = &channel->lanes[1];
	PtLaneState *lane = urgent;

	if (bulk->n_ready > 0 && (urgent->n_ready == 0 || channel->urgent_run >= BULK_AFTER))
		lane = bulk;
	if (lane->n_ready == 0)
		return NULL;
	channel->urgent_run = lane == bulk ? 0 : channel->urgent_run + 1;
	lane->n_ready--;
	return dlist_container(PtMessage, node, dlist_pop_head_node(&lane->ready));
}

/* Begins the next message; false: there is none. */
static bool
begin_next(PtChannel *channel)
{
	PtMessage  *message = next_ready(channel);
	PtTask	   *task;

	if (message == NULL)
		return false;
	task = task_begin(channel, message);
	if (!task->is_open)
		task_decide(task);
	return true;
}

/* Fills the channel's window; returns the requests put on the wire. */
int
pt_tasks_start(PtChannel *channel)
{
	int			window = pt_channel_window(channel);
	int			before = channel->in_flight;

	while (channel->in_flight < window && pt_dispatcher.n_outcomes < PT_UNWRITTEN_MAX)
	{
		if (dlist_is_empty(&channel->open))
		{
			if (!begin_next(channel))
				break;
			continue;
		}
		if (!start_next(dlist_head_element(PtTask, node, &channel->open)))
			break;
	}
	return channel->in_flight - before;
}

/* Puts a message back to the outbox of which nothing was started. */
static void
put_back(PtChannel *channel, PtMessage *message)
{
	PtTask	   *task = task_allocate(channel, message, 0);

	dlist_delete(&task->all);
	task->outcome.kind = PT_OUTCOME_BACK;
	pt_outcome_queue(task);
}

/*
 * Puts back what was checked before that time and is not started; of messages
 * begun, only what is on the wire goes on.
 */
void
pt_tasks_put_back(PtChannel *channel, TimestampTz checked_before)
{
	dlist_mutable_iter iter;

	for (int i = 0; i < 2; i++)
		dlist_foreach_modify(iter, &channel->lanes[i].ready)
		{
			PtMessage  *message = dlist_container(PtMessage, node, iter.cur);

			/* They lie in the order of their checks. */
			if (message->checked_at >= checked_before)
				break;
			dlist_delete(&message->node);
			channel->lanes[i].n_ready--;
			/* It lies before the last claimed key. */
			channel->lanes[i].full_scan_at = 0;
			channel->lanes[i].maybe = true;
			put_back(channel, message);
		}
	dlist_foreach_modify(iter, &channel->open)
	{
		PtTask	   *task = dlist_container(PtTask, node, iter.cur);

		if (task->message->checked_at >= checked_before)
			continue;
		task->halted = true;
		task_close(task);
		channel->lanes[task->message->lane % 2].full_scan_at = 0;
		if (task->on_wire == 0)
			task_decide(task);
	}
}

/* When what is claimed and not started was checked first; DT_NOEND: nothing. */
TimestampTz
pt_tasks_oldest(void)
{
	TimestampTz oldest = DT_NOEND;
	dlist_iter	iter;

	dlist_foreach(iter, &pt_dispatcher.channels)
	{
		PtChannel  *channel = dlist_container(PtChannel, node, iter.cur);

		for (int i = 0; i < 2; i++)
			if (channel->lanes[i].n_ready > 0)
				oldest = Min(oldest, dlist_head_element(PtMessage, node,
														&channel->lanes[i].ready)->checked_at);
		if (!dlist_is_empty(&channel->open))
			oldest = Min(oldest, dlist_head_element(PtTask, node,
													&channel->open)->message->checked_at);
	}
	return oldest;
}

/* What is still on the wire is unclear. */
static void
give_up(PtTask *task)
{
	for (int i = 0; i < task->next; i++)
	{
		PtTry	   *try = &task->tries[i];

		if (try->state != PT_TRY_ON_WIRE)
			continue;
		try->state = PT_TRY_ANSWERED;
		try->answer.class = PT_ANSWER_UNCLEAR;
		try->answer.retry_after = -1;
		strlcpy(try->answer.code, "stopped", sizeof(try->answer.code));
		strlcpy(try->answer.text, "the dispatcher stopped before the answer",
				sizeof(try->answer.text));
	}
	task->on_wire = 0;
	task->halted = true;
	task_decide(task);
}

/* The dispatcher leaves: every message without an answer gets its outcome now. */
void
pt_tasks_give_up(void)
{
	while (!dlist_is_empty(&pt_dispatcher.tasks))
		give_up(dlist_head_element(PtTask, all, &pt_dispatcher.tasks));
}
