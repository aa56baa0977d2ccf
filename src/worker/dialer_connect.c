/*
 * dialer_connect.c
 *	  Persons who wait for an agent: each gets the one who has been idle longest, or,
 *	  when none is there within connect_within, is abandoned.
 */
#include "worker/dialer.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "telephony/apply.h"
#include "telephony/telephony.h"
#include "worker/installation.h"

#define WAITING_MAX 500

static PtPlan waiting_plan = {
	"SELECT c.call_id, c.waiting_at + COALESCE(k.connect_within, interval '2 seconds')"
	" FROM portatext.call c LEFT JOIN portatext.call_campaign k ON k.campaign_id = c.campaign_id"
	" WHERE c.waiting_at IS NOT NULL AND c.b_answered_at IS NULL AND c.abandoned_at IS NULL AND c.ended_at IS NULL"
	" AND c.state = 'waiting' AND c.hang_up_at IS NULL ORDER BY c.waiting_at LIMIT $1",
	1, {INT4OID}
};

static PtPlan abandon_plan = {
	"UPDATE portatext.call c SET abandoned_at = $2, live = true WHERE c.call_id = ANY ($1) AND c.state <> 'ended'",
	2, {UUIDARRAYOID, TIMESTAMPTZOID},
	.generic = true
};

/* What one turn leads to. */
typedef struct Turn
{
	PtDialOrder *connect;
	int			n_connect;
	PtDialOrder *abandon;
	int			n_abandon;
	TimestampTz next;			/* when the next one is to be abandoned */
} Turn;

/* A person who waits. */
typedef struct Waiting
{
	pg_uuid_t	id;
	TimestampTz until;
} Waiting;

static TimestampTz connect_at = DT_NOEND;

TimestampTz
pt_dial_connect_at(void)
{
	return connect_at;
}

/* Copies the rows. */
static Waiting *
read_waiting(int *n)
{
	Datum		limit = Int32GetDatum(WAITING_MAX);
	Waiting    *list;
	bool		isnull;

	*n = (int) pt_plan_run_latest(&waiting_plan, &limit, NULL, SPI_OK_SELECT);
	list = palloc_array(Waiting, Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		list[i].id = *DatumGetUUIDP(pt_result(i, 1, &isnull));
		list[i].until = DatumGetTimestampTz(pt_result(i, 2, &isnull));
	}
	return list;
}

/* Marks those whom nobody could take. */
static void
abandon(const PtColumn *ids, TimestampTz now)
{
	Datum		values[2];

	if (ids->n == 0)
		return;
	values[0] = pt_column_array(ids);
	values[1] = TimestampTzGetDatum(now);
	pt_plan_run_latest(&abandon_plan, values, NULL, SPI_OK_UPDATE);
}

/* PtTxBody: all who wait. */
static void
connect_body(void *arg)
{
	Turn	   *turn = arg;
	MemoryContext keep = CurrentMemoryContext;	/* SPI's own ends with the transaction */
	TimestampTz now = pt_now();
	PtColumn	taken = {UUIDOID};
	PtColumn	left = {UUIDOID};
	Waiting    *list;
	PtRole		saved;
	int			n;

	if (!pt_installation_ok())
		return;
	pt_become_keeper(&saved);
	list = read_waiting(&n);
	if (n > 0)
		(void) pt_agents_wake(now);
	for (int i = 0; i < n; i++)
	{
		if (list[i].until > now && pt_agent_take(&list[i].id, now))
			pt_column_add_uuid(&taken, &list[i].id);
		else if (list[i].until <= now)
			pt_column_add_uuid(&left, &list[i].id);
		else
			turn->next = Min(turn->next, list[i].until);
	}
	abandon(&left, now);
	if (taken.n > 0)
		turn->n_connect = pt_call_orders(pt_column_array(&taken), keep, &turn->connect);
	if (left.n > 0)
		turn->n_abandon = pt_call_orders(pt_column_array(&left), keep, &turn->abandon);
	pt_become_caller(&saved);
	PT_POINT("call_connect");
}

/* Connects or abandons all who wait; called when something has changed, and when the next one's time is over. */
void
pt_dial_connect(void)
{
	Turn		turn = {.next = DT_NOEND};

	if (!pt_session_tx("connecting calls", connect_body, &turn))
	{
		connect_at = pt_now() + USECS_PER_SEC;
		return;
	}
	connect_at = turn.next;
	pt_dial_ask(PT_CALL_CONNECT, turn.connect, turn.n_connect);
	pt_dial_ask(PT_CALL_ABANDON, turn.abandon, turn.n_abandon);
}

/*
 * The engine has not rung the agent: he is free, and the person waits for another one.
 * In a transaction, as the keeper.
 */
void
pt_dial_connect_failed(const pg_uuid_t *id, TimestampTz now)
{
	static PtPlan plan = {
		"UPDATE portatext.call c SET state = 'waiting', agent_id = NULL, b_number = NULL FROM portatext.agent g"
		" WHERE c.call_id = $1 AND c.state = 'connecting' AND g.agent_id = c.agent_id"
		" AND g.call_id = c.call_id RETURNING g.agent_id",
		1, {UUIDOID}
	};
	Datum		value = UUIDPGetDatum(id);
	PtAgentMove move = {.state = "available",.at = now};
	bool		isnull;

	if (pt_plan_run_latest(&plan, &value, NULL, SPI_OK_UPDATE_RETURNING) == 0)
		return;
	move.agent_id = DatumGetInt64(pt_result(0, 1, &isnull));
	(void) pt_agent_move(&move);
	connect_at = now;
}
