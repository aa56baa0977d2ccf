/*
 * dialer_sweep.c
 *	  What happens to calls by time alone: those that went silent are asked about and
 *	  closed (TEL-13), those that are to be hung up are, agents who do not answer miss
 *	  their call, minutes are paid on.
 */
#include "worker/dialer.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "telephony/apply.h"
#include "telephony/telephony.h"
#include "worker/installation.h"

#define LOOK_MAX 500
#define ASK_AGAIN_US (15 * USECS_PER_SEC)
#define TALK_LOOK_US (60 * USECS_PER_SEC)
#define CLOSE_US (60 * USECS_PER_SEC)	/* after its last moment a call is closed whatever the engine says */
#define HANG_UP_AGAIN_US (5 * USECS_PER_SEC)
#define HANG_UP_CLOSE_US (30 * USECS_PER_SEC)
#define PAY_AHEAD_US (5 * USECS_PER_SEC)
#define AGENT_SLACK_US USECS_PER_SEC
#define CAUSE_NO_ANSWER 19

static PtPlan look_plan = {
	"SELECT c.call_id, c.answered_at IS NOT NULL, COALESCE(c.answered_at + make_interval(secs => c.max_duration),"
	" COALESCE(c.placed_at, c.created_at) + make_interval(secs => c.dial_timeout)) FROM portatext.call c"
	" WHERE c.look_at <= $1 AND c.ended_at IS NULL AND c.state NOT IN ('queued', 'placing') ORDER BY c.look_at LIMIT $2",
	2, {TIMESTAMPTZOID, INT4OID}
};

static PtPlan set_look_plan = {
	"UPDATE portatext.call c SET look_at = $2 WHERE c.call_id = ANY ($1) AND c.state <> 'ended'",
	2, {UUIDARRAYOID, TIMESTAMPTZOID},
	.generic = true
};

/* Nobody in this process is asking for them: an earlier one was. */
static PtPlan orphan_plan = {
	"UPDATE portatext.call c SET state = 'unclear', look_at = $2 WHERE c.call_id = ANY ($1) AND c.state = 'placing'",
	2, {UUIDARRAYOID, TIMESTAMPTZOID},
	.generic = true
};

static PtPlan mark_plan = {
	"UPDATE portatext.call c SET hang_up_at = $2, hang_up_reason = $3 WHERE c.call_id = ANY ($1) AND c.hang_up_at IS NULL"
	" AND c.state <> 'ended'",
	3, {UUIDARRAYOID, TIMESTAMPTZOID, TEXTOID},
	.generic = true
};

static PtPlan hang_up_plan = {
	"SELECT c.call_id, c.hang_up_at, c.state = 'queued', c.answered_at IS NOT NULL FROM portatext.call c"
	" WHERE c.hang_up_at <= $1 AND c.ended_at IS NULL ORDER BY c.hang_up_at LIMIT $2",
	2, {TIMESTAMPTZOID, INT4OID}
};

/* What a sweep leads to. */
typedef struct Sweep
{
	MemoryContext keep;			/* SPI's own ends with the transaction */
	PtDialOrder *ask;
	int			n_ask;
	PtDialOrder *hang_up;
	int			n_hang_up;
} Sweep;

/* When a call was asked to be hung up. */
typedef struct Hung
{
	pg_uuid_t	id;				/* the key */
	TimestampTz at;
} Hung;

static HTAB *hung = NULL;

/* Sets a time of many calls. */
static void
set_times(PtPlan *plan, const PtColumn *ids, TimestampTz at)
{
	Datum		values[2];

	if (ids->n == 0)
		return;
	values[0] = pt_column_array(ids);
	values[1] = TimestampTzGetDatum(at);
	pt_plan_run_latest(plan, values, NULL, SPI_OK_UPDATE);
}

/* Calls that went silent: asked about, and closed when even that does not help. */
static void
look_at_silent(Sweep *sweep, TimestampTz now)
{
	Datum		values[2] = {TimestampTzGetDatum(now), Int32GetDatum(LOOK_MAX)};
	int			n = (int) pt_plan_run_latest(&look_plan, values, NULL, SPI_OK_SELECT);
	SPITupleTable *rows = SPI_tuptable;
	PtColumn	ask = {UUIDOID};
	bool		isnull;

	for (int i = 0; i < n; i++)
	{
		pg_uuid_t  *id = DatumGetUUIDP(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));
		bool		answered = DatumGetBool(SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &isnull));
		TimestampTz last = DatumGetTimestampTz(SPI_getbinval(rows->vals[i], rows->tupdesc, 3, &isnull));

		if (last + CLOSE_US <= now)
			(void) pt_call_end(id, answered ? "ANSWER" : "TIMEOUT", PT_CALL_UNKNOWN, "the engine has told nothing more");
		else
			pt_column_add_uuid(&ask, id);
	}
	set_times(&set_look_plan, &ask, now + ASK_AGAIN_US);
	if (ask.n > 0)
		sweep->n_ask = pt_call_orders(pt_column_array(&ask), sweep->keep, &sweep->ask);
}

/* Writes hang_up_at for calls. */
static void
mark(const PtColumn *ids, TimestampTz now, const char *reason)
{
	Datum		values[3];

	if (ids->n == 0)
		return;
	values[0] = pt_column_array(ids);
	values[1] = TimestampTzGetDatum(now);
	values[2] = CStringGetTextDatum(reason);
	pt_plan_run_latest(&mark_plan, values, NULL, SPI_OK_UPDATE);
}

/* The agent has not answered: told as if the engine had, so that what follows is the same. */
static void
agent_missed(const PtDialCall *call, TimestampTz now)
{
	PtCallEvent event;

	memset(&event, 0, sizeof(event));
	strlcpy(event.call_id, DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&call->id))), sizeof(event.call_id));
	event.leg = 'B';
	event.seq = -now;
	event.kind = PT_EVENT_ENDED;
	event.a.q850 = event.a.sip = event.a.alerted = PT_CALL_UNKNOWN;
	event.b = event.a;
	event.b.known = true;
	event.b.q850 = CAUSE_NO_ANSWER;
	(void) pt_call_events_apply(call->engine_id, &event, 1);
}

/* Is the agent's time over? */
static bool
is_missed(const PtDialRun *run, const PtDialCall *call, TimestampTz now)
{
	return call->state == PT_STATE_CONNECTING && call->has_agent && call->b_answered_at == 0 && call->connect_at != 0 &&
		call->connect_at + (TimestampTz) (run->agent_timeout_s * USECS_PER_SEC) + AGENT_SLACK_US <= now;
}

/* The calls of the image, by their times. */
static void
look_at_image(TimestampTz now)
{
	PtColumn	orphans = {UUIDOID};
	PtColumn	too_long = {UUIDOID};
	PtColumn	cancelled = {UUIDOID};
	PtColumn	withdrawn = {UUIDOID};
	PtDialCall **calls;
	int			n = pt_dial_calls(&calls);

	for (int i = 0; i < n; i++)
	{
		const PtDialCall *call = calls[i];
		PtDialRun  *run = call->run_id == 0 ? NULL : pt_dial_run(call->run_id);

		if (call->ended_at != 0)
			continue;
		if (call->state == PT_STATE_PLACING && !pt_dial_busy(&call->id, PT_CALL_ORIGINATE))
			pt_column_add_uuid(&orphans, &call->id);
		if (run != NULL && is_missed(run, call, now))
			agent_missed(call, now);
		if (call->hang_up_at != 0)
			continue;
		if (call->answered_at != 0 && call->answered_at + call->max_duration * USECS_PER_SEC <= now)
			pt_column_add_uuid(&too_long, &call->id);
		else if (run != NULL && run->cancelled && call->answered_at == 0)
			pt_column_add_uuid(&cancelled, &call->id);
		else if (run != NULL && run->withdraw > 0 && call->waiting_at == 0 && call->state >= PT_STATE_PLACED &&
				 call->state <= PT_STATE_RINGING && now - call->placed_at >= run->withdraw_from_s * USECS_PER_SEC)
		{
			run->withdraw--;
			pt_column_add_uuid(&withdrawn, &call->id);
		}
	}
	set_times(&orphan_plan, &orphans, now);
	mark(&too_long, now, "too_long");
	mark(&cancelled, now, "cancelled");
	mark(&withdrawn, now, "withdrawn");
}

/* Is a call to be asked (again) to be hung up?  Notes that it is. */
static bool
hang_up_now(const pg_uuid_t *id, TimestampTz now)
{
	HASHCTL		ctl = {.keysize = sizeof(pg_uuid_t),.entrysize = sizeof(Hung)};
	Hung	   *entry;
	bool		found;

	if (hung != NULL && hash_get_num_entries(hung) > 10 * LOOK_MAX)
	{
		hash_destroy(hung);
		hung = NULL;
	}
	if (hung == NULL)
		hung = hash_create("portatext hang-ups", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	entry = hash_search(hung, id, HASH_ENTER, &found);
	if (found && entry->at <= now && now - entry->at < HANG_UP_AGAIN_US)
		return false;
	entry->at = now;
	return true;
}

/* Calls that are to end: the engine is asked; what waits ends at once, and what does not end in half a minute, too. */
static void
hang_up(Sweep *sweep, TimestampTz now)
{
	Datum		values[2] = {TimestampTzGetDatum(now), Int32GetDatum(LOOK_MAX)};
	int			n = (int) pt_plan_run_latest(&hang_up_plan, values, NULL, SPI_OK_SELECT);
	SPITupleTable *rows = SPI_tuptable;
	PtColumn	ids = {UUIDOID};
	bool		isnull;

	for (int i = 0; i < n; i++)
	{
		pg_uuid_t  *id = DatumGetUUIDP(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));
		TimestampTz since = DatumGetTimestampTz(SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &isnull));
		bool		queued = DatumGetBool(SPI_getbinval(rows->vals[i], rows->tupdesc, 3, &isnull));
		bool		answered = DatumGetBool(SPI_getbinval(rows->vals[i], rows->tupdesc, 4, &isnull));

		if (queued || since + HANG_UP_CLOSE_US <= now)
			(void) pt_call_end(id, answered ? "ANSWER" : "CANCELLED", PT_CALL_UNKNOWN, NULL);
		else if (hang_up_now(id, now))
			pt_column_add_uuid(&ids, id);
	}
	if (ids.n > 0)
		sweep->n_hang_up = pt_call_orders(pt_column_array(&ids), sweep->keep, &sweep->hang_up);
}

/* PtTxBody: what is to be hung up. */
static void
hang_up_body(void *arg)
{
	Sweep	   *sweep = arg;
	PtRole		saved;

	sweep->keep = CurrentMemoryContext;
	if (!pt_installation_ok())
		return;
	pt_become_keeper(&saved);
	hang_up(sweep, pt_now());
	pt_become_caller(&saved);
}

/* PtTxBody: all by time. */
static void
sweep_body(void *arg)
{
	Sweep	   *sweep = arg;
	TimestampTz now = pt_now();
	PtRole		saved;

	sweep->keep = CurrentMemoryContext;
	if (!pt_installation_ok())
		return;
	pt_become_keeper(&saved);
	look_at_image(now);
	look_at_silent(sweep, now);
	(void) pt_calls_pay_on(now + PAY_AHEAD_US);
	hang_up(sweep, now);
	pt_become_caller(&saved);
	PT_POINT("call_sweep");
}

/* After the commit. */
static void
ask(const Sweep *sweep)
{
	pt_dial_ask(PT_CALL_STATUS, sweep->ask, sweep->n_ask);
	pt_dial_ask(PT_CALL_HANG_UP, sweep->hang_up, sweep->n_hang_up);
}

void
pt_dial_sweep(void)
{
	Sweep		sweep = {0};

	if (pt_session_tx("looking after calls", sweep_body, &sweep))
		ask(&sweep);
}

/* Between two sweeps: calls are hung up as soon as somebody wants it. */
void
pt_dial_hang_up(void)
{
	Sweep		sweep = {0};

	if (pt_session_tx("hanging up", hang_up_body, &sweep))
		ask(&sweep);
}
