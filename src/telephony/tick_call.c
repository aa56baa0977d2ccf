/*
 * tick_call.c
 *	  The image of all calls that have not ended or that have just ended.
 */
#include "telephony/tick.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

static const char *const state_names[] = {
	"queued", "placing", "unclear", "placed", "ringing", "answered", "waiting", "connecting", "connected", "ended"
};

static PtPlan calls_plan = {
	"SELECT c.call_id, c.run_id, c.trunk_id, c.engine_id, c.state::text, c.due_at, c.placed_at, c.answered_at,"
	" c.waiting_at, c.connect_at, c.b_ringing_at, c.b_answered_at, c.b_ended_at, c.abandoned_at, c.hang_up_at,"
	" c.ended_at, c.max_duration, c.live, c.result::text, c.agent_id IS NOT NULL"
	" FROM portatext.call c WHERE NOT c.observed",
	0, {0}
};

static HTAB *calls = NULL;

PtDialCall *
pt_dial_call(const pg_uuid_t *id)
{
	return calls == NULL ? NULL : hash_search(calls, id, HASH_FIND, NULL);
}

int
pt_dial_calls(PtDialCall ***list)
{
	HASH_SEQ_STATUS scan;
	PtDialCall *call;
	int			n = 0;

	*list = NULL;
	if (calls == NULL)
		return 0;
	*list = palloc_array(PtDialCall *, Max(hash_get_num_entries(calls), 1));
	hash_seq_init(&scan, calls);
	while ((call = hash_seq_search(&scan)) != NULL)
		(*list)[n++] = call;
	return n;
}

/* A state by its name. */
static PtCallState
state_of(const char *name)
{
	for (int i = 0; i < lengthof(state_names); i++)
		if (strcmp(state_names[i], name) == 0)
			return (PtCallState) i;
	return PT_STATE_ENDED;
}

/* A time or a 64-bit integer; 0: null. */
static int64
int_or_zero(uint64 row, int col)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* What follows from the result of a call that has ended. */
static void
read_result(PtDialCall *call, uint64 row)
{
	bool		isnull;
	Datum		value = pt_result(row, 19, &isnull);
	PtCallResult result;

	call->issued = call->slows_trunk = false;
	if (isnull || !pt_call_result_find(TextDatumGetCString(value), &result))
		return;
	call->issued = pt_call_result_rule(result)->issued;
	call->slows_trunk = pt_call_result_rule(result)->slows_trunk;
}

/* A row of the image. */
static void
read_call(PtDialCall *call, uint64 row)
{
	bool		isnull;

	call->run_id = int_or_zero(row, 2);
	call->trunk_id = int_or_zero(row, 3);
	call->engine_id = DatumGetInt32(pt_result(row, 4, &isnull));
	call->state = state_of(TextDatumGetCString(pt_result(row, 5, &isnull)));
	call->due_at = int_or_zero(row, 6);
	call->placed_at = int_or_zero(row, 7);
	call->answered_at = int_or_zero(row, 8);
	call->waiting_at = int_or_zero(row, 9);
	call->connect_at = int_or_zero(row, 10);
	call->b_ringing_at = int_or_zero(row, 11);
	call->b_answered_at = int_or_zero(row, 12);
	call->b_ended_at = int_or_zero(row, 13);
	call->abandoned_at = int_or_zero(row, 14);
	call->hang_up_at = int_or_zero(row, 15);
	call->ended_at = int_or_zero(row, 16);
	call->max_duration = DatumGetInt32(pt_result(row, 17, &isnull));
	call->live = DatumGetBool(pt_result(row, 18, &isnull));
	call->has_agent = DatumGetBool(pt_result(row, 20, &isnull));
	read_result(call, row);
}

/* Forgets calls that are not to be looked at any more. */
static void
forget_calls(uint64 tick)
{
	HASH_SEQ_STATUS scan;
	PtDialCall *call;

	hash_seq_init(&scan, calls);
	while ((call = hash_seq_search(&scan)) != NULL)
		if (call->seen != tick)
			hash_search(calls, &call->id, HASH_REMOVE, NULL);
}

void
pt_tick_read_calls(uint64 tick)
{
	HASHCTL		ctl = {.keysize = sizeof(pg_uuid_t),.entrysize = sizeof(PtDialCall)};
	uint64		n = pt_plan_run_latest(&calls_plan, NULL, NULL, SPI_OK_SELECT);

	if (calls == NULL)
		calls = hash_create("portatext calls", 1024, &ctl, HASH_ELEM | HASH_BLOBS);
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		bool		found;
		PtDialCall *call = hash_search(calls, DatumGetUUIDP(pt_result(i, 1, &isnull)), HASH_ENTER, &found);

		if (!found)
			call->told = 0;
		call->seen = tick;
		read_call(call, i);
		if (!found || call->ended_at == 0)
			call->learnt = false;
	}
	forget_calls(tick);
}
