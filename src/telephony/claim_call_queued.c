/*
 * claim_call_queued.c
 *	  Calls that wait for their time or a line: single calls (TEL-09), and those of
 *	  campaigns that an agent has asked for.
 */
#include "telephony/claim_call.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "schedule/schedule.h"
#include "sms/blacklist.h"
#include "telephony/telephony.h"
#include "worker/shared.h"

#define CLOSED_US (5 * SECS_PER_MINUTE * USECS_PER_SEC)	/* until a schedule that says nothing is read again */
#define PUT_OFF_US USECS_PER_SEC	/* no line is free, or no call a second is left */

static PtPlan queued_plan = {
	"SELECT c.call_id, c.account_id, c.to_number::text, COALESCE(c.schedule_id, 0), c.trunk_id, c.engine_id,"
	" COALESCE(t.channels, 0), COALESCE(t.calls_per_second, 0)::float8, c.reserved > 0, a.suspended,"
	" COALESCE(r.state <> 'running', false), c.dial_timeout, a.sandbox AND e.adapter <> 'loopback'"
	" FROM portatext.call c JOIN portatext.trunk t ON t.trunk_id = c.trunk_id"
	" JOIN portatext.engine e ON e.engine_id = c.engine_id"
	" JOIN portatext.account a ON a.account_id = c.account_id"
	" LEFT JOIN portatext.campaign_run r ON r.run_id = c.run_id"
	" WHERE c.placed_at IS NULL AND c.ended_at IS NULL AND c.state = 'queued' AND c.due_at <= $1 AND c.hang_up_at IS NULL"
	" ORDER BY c.due_at, c.call_id LIMIT $2 FOR UPDATE OF c SKIP LOCKED",
	2, {TIMESTAMPTZOID, INT8OID}
};

static PtPlan next_plan = {
	"SELECT c.due_at FROM portatext.call c WHERE c.placed_at IS NULL AND c.ended_at IS NULL AND c.state = 'queued'"
	" AND c.hang_up_at IS NULL ORDER BY c.due_at LIMIT 1",
	0, {0}
};

static PtPlan put_off_plan = {
	"UPDATE portatext.call c SET due_at = $2 WHERE c.call_id = $1", 2, {UUIDOID, TIMESTAMPTZOID}
};

static PtPlan place_plan = {
	"UPDATE portatext.call c SET state = 'placing', placed_at = $2, look_at = $3 WHERE c.call_id = $1",
	3, {UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
};

/* A call that waits. */
typedef struct Queued
{
	pg_uuid_t	id;
	int64		account_id;
	char	   *to;
	int32		schedule_id;
	int64		trunk_id;
	int32		engine_id;
	int			channels;
	double		rate;
	bool		reserved;
	bool		suspended;
	bool		stopped;		/* its run does not run */
	int			dial_timeout;
	bool		barred;			/* a sandbox account on an engine that is not the built-in one */
} Queued;

/* Copies the rows. */
static Queued *
read_queued(TimestampTz now, int limit, int *n)
{
	Datum		values[2] = {TimestampTzGetDatum(now), Int64GetDatum(limit)};
	Queued	   *list;
	bool		isnull;

	*n = (int) pt_plan_run_latest(&queued_plan, values, NULL, SPI_OK_SELECT);
	list = palloc_array(Queued, Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		Queued	   *q = &list[i];

		q->id = *DatumGetUUIDP(pt_result(i, 1, &isnull));
		q->account_id = DatumGetInt64(pt_result(i, 2, &isnull));
		q->to = TextDatumGetCString(pt_result(i, 3, &isnull));
		q->schedule_id = DatumGetInt32(pt_result(i, 4, &isnull));
		q->trunk_id = DatumGetInt64(pt_result(i, 5, &isnull));
		q->engine_id = DatumGetInt32(pt_result(i, 6, &isnull));
		q->channels = DatumGetInt32(pt_result(i, 7, &isnull));
		q->rate = DatumGetFloat8(pt_result(i, 8, &isnull));
		q->reserved = DatumGetBool(pt_result(i, 9, &isnull));
		q->suspended = DatumGetBool(pt_result(i, 10, &isnull));
		q->stopped = DatumGetBool(pt_result(i, 11, &isnull));
		q->dial_timeout = DatumGetInt32(pt_result(i, 12, &isnull));
		q->barred = DatumGetBool(pt_result(i, 13, &isnull));
	}
	return list;
}

/* It waits until then. */
static void
put_off(const Queued *q, TimestampTz until)
{
	Datum		values[2] = {UUIDPGetDatum(&q->id), TimestampTzGetDatum(until)};

	pt_plan_run_latest(&put_off_plan, values, NULL, SPI_OK_UPDATE);
}

/* When its schedule opens (SCH-08); now: it is open.  One that cannot be read, or never opens, is not. */
static TimestampTz
opens_at(const Queued *q, TimestampTz now)
{
	const PtSchedule *schedule;
	bool		own_zone = false;
	TimestampTz opens;

	if (q->schedule_id == 0)
		return now;
	schedule = pt_schedule_by_id(q->schedule_id);
	opens = schedule == NULL ? DT_NOEND : pt_schedule_find_for(schedule, q->account_id, q->to, now, &own_zone);
	return opens == DT_NOEND ? now + CLOSED_US : opens;
}

/* Does the trunk have a line and a token for it?  They are taken. */
static bool
take_line(const Queued *q, TimestampTz now, PtEngineRoom room)
{
	PtDialTrunk *trunk = pt_dial_trunk(q->trunk_id);
	char		key[32];

	snprintf(key, sizeof(key), "trunk:%lld", (long long) q->trunk_id);
	if (trunk->hold_until > now || (q->channels > 0 && trunk->used >= q->channels) || room(q->engine_id, 0) == 0)
		return false;
	if (q->rate > 0 && pt_bucket_take(key, q->rate, 1, now) != 0)
		return false;
	trunk->used++;
	(void) room(q->engine_id, 1);
	return true;
}

/* Decides on one: placed (true), put off, or ended. */
static bool
place(const Queued *q, TimestampTz now, PtEngineRoom room)
{
	TimestampTz opens = opens_at(q, now);
	bool		tariff = true;
	Datum		values[3] = {UUIDPGetDatum(&q->id), TimestampTzGetDatum(now),
	TimestampTzGetDatum(now + (q->dial_timeout + PT_LOOK_AFTER_S) * USECS_PER_SEC)};

	if (opens > now)
		put_off(q, opens);
	else if (q->stopped || q->suspended)
		(void) pt_call_end(&q->id, "CANCELLED", PT_CALL_UNKNOWN, q->stopped ? "its campaign does not run" : "the account is suspended");
	else if (q->barred)
		(void) pt_call_end(&q->id, "CANCELLED", PT_CALL_UNKNOWN, "a sandbox account dials through the engine loopback only");
	else if (pt_blacklisted(q->account_id, q->to))
		(void) pt_call_end(&q->id, "BLACKLISTED", PT_CALL_UNKNOWN, NULL);
	else if (!take_line(q, now, room))
		put_off(q, now + PUT_OFF_US);
	else if (!q->reserved && !pt_call_reserve(&q->id, q->account_id, q->to, &tariff))
		(void) pt_call_end(&q->id, "NO_CREDITS", PT_CALL_UNKNOWN, tariff ? NULL : "there is no tariff for the number");
	else
	{
		pt_plan_run_latest(&place_plan, values, NULL, SPI_OK_UPDATE);
		return true;
	}
	return false;
}

void
pt_queued_claim(TimestampTz now, PtEngineRoom room, int limit, PtColumn *ids)
{
	int			n;
	Queued	   *list = read_queued(now, limit, &n);

	for (int i = 0; i < n; i++)
		if (place(&list[i], now, room))
			pt_column_add_uuid(ids, &list[i].id);
}

TimestampTz
pt_queued_next(void)
{
	bool		isnull;

	if (pt_plan_run_latest(&next_plan, NULL, NULL, SPI_OK_SELECT) == 0)
		return DT_NOEND;
	return DatumGetTimestampTz(pt_result(0, 1, &isnull));
}
