/*
 * reconcile.c
 *	  Messages that their carrier has had for long without a receipt are listed
 *	  in attention; age alone never fails or refunds one (SMS-08).
 *
 * A mark moves along message_id, which is ordered by time.  It stays LAG_MS
 * behind, so that transactions of that length are still seen.  What has not
 * ended when the mark passes goes into receipt_watch with the time at which its
 * carrier's patience ends.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define LAG_MS 600000
#define BATCH 5000
#define BATCH_TEXT "5000"

static PtPlan mark_plan = {
	.sql = "SELECT r.upto FROM portatext.reconcile_mark r LIMIT 1"
};

/* Watches what has not ended between the ids $1 and $2; $3: now. */
static PtPlan pass_plan = {
	.sql = "WITH page AS MATERIALIZED (SELECT m.message_id, m.inbound, m.step, m.carrier_id,"
	" COALESCE(m.sent_at, greatest(m.send_at, $3)) AS since FROM portatext.message m"
	" WHERE m.message_id > $1 AND m.message_id < $2 ORDER BY m.message_id LIMIT " BATCH_TEXT "),"
	" w AS (INSERT INTO portatext.receipt_watch (due, message_id)"
	" SELECT p.since + COALESCE(c.receipt_timeout, interval '2 days'), p.message_id"
	" FROM page p LEFT JOIN portatext.carriers c ON c.carrier_id = p.carrier_id"
	" WHERE NOT p.inbound AND p.step <> 'final' ON CONFLICT DO NOTHING)"
	" SELECT p.message_id FROM page p ORDER BY p.message_id DESC",
	.nargs = 3,.argtypes = {UUIDOID, UUIDOID, TIMESTAMPTZOID}
};

static PtPlan set_mark_plan = {
	.sql = "WITH moved AS (UPDATE portatext.reconcile_mark SET upto = $1 RETURNING 1)"
	" INSERT INTO portatext.reconcile_mark (upto) SELECT $1 WHERE NOT EXISTS (SELECT FROM moved)",
	.nargs = 1,.argtypes = {UUIDOID}
};

/* Takes what is to be looked at by $1. */
static PtPlan take_plan = {
	.sql = "DELETE FROM portatext.receipt_watch w WHERE w.ctid = ANY (ARRAY("
	" SELECT x.ctid FROM portatext.receipt_watch x WHERE x.due <= $1"
	" ORDER BY x.due, x.message_id LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED))"
	" RETURNING w.message_id",
	.nargs = 1,.argtypes = {TIMESTAMPTZOID}
};

/* Lists those of $1 that are late at $2; the others that have not ended: again. */
static PtPlan list_plan = {
	.sql = "WITH m AS MATERIALIZED (SELECT x.message_id, x.account_id, x.step, x.sent_at,"
	" c.name AS carrier, COALESCE(c.receipt_timeout, interval '2 days') AS patience,"
	" greatest(x.send_at, x.sent_at, $2) AS since"
	" FROM portatext.message x LEFT JOIN portatext.carriers c ON c.carrier_id = x.carrier_id"
	" WHERE x.message_id = ANY ($1) AND x.step <> 'final'),"
	" late AS (INSERT INTO portatext.attention (account_id, kind, message_id, detail)"
	" SELECT m.account_id, 'no_receipt', m.message_id,"
	" format('Carrier %s accepted it at %s; no receipt came within %s.', m.carrier, m.sent_at, m.patience)"
	" FROM m WHERE m.step = 'sent' AND m.sent_at + m.patience <= $2"
	" ON CONFLICT DO NOTHING RETURNING 1)"
	" INSERT INTO portatext.receipt_watch (due, message_id)"
	" SELECT CASE m.step WHEN 'sent' THEN m.sent_at ELSE m.since END + m.patience, m.message_id FROM m"
	" WHERE NOT (m.step = 'sent' AND m.sent_at + m.patience <= $2) ON CONFLICT DO NOTHING",
	.nargs = 2,.argtypes = {UUIDARRAYOID, TIMESTAMPTZOID}
};

Datum
pt_id_at(TimestampTz at)
{
	pg_uuid_t  *id = palloc0(sizeof(pg_uuid_t));
	int64		unix_ms = at / 1000 +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY * 1000;

	for (int i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (unix_ms >> (40 - 8 * i));
	id->data[6] = 0x70;
	return UUIDPGetDatum(id);
}

/* Where the mark stands; at first before every message. */
static Datum
read_mark(void)
{
	bool		isnull;
	pg_uuid_t  *copy = palloc0(sizeof(pg_uuid_t));

	if (pt_plan_run(&mark_plan, NULL, NULL, SPI_OK_SELECT) > 0)
		memcpy(copy, DatumGetUUIDP(pt_result(0, 1, &isnull)), sizeof(pg_uuid_t));
	return UUIDPGetDatum(copy);
}

/* The task that moves the mark. */
void
pt_task_watch_new(void *arg)
{
	PtTask	   *task = arg;
	TimestampTz now = pt_now();
	Datum		values[3];
	uint64		rows;
	bool		isnull;

	values[0] = read_mark();
	values[1] = pt_id_at(TimestampTzPlusMilliseconds(now, -LAG_MS));
	values[2] = TimestampTzGetDatum(now);
	rows = pt_plan_run_latest(&pass_plan, values, NULL, SPI_OK_SELECT);
	if (rows == 0)
		return;
	values[0] = pt_result(0, 1, &isnull);
	pt_plan_run_latest(&set_mark_plan, values, NULL, SPI_OK_INSERT);
	if (rows == BATCH)
		task->next_ms = 0;
}

/* The task that lists messages whose carrier's time is over. */
void
pt_task_watch_due(void *arg)
{
	PtTask	   *task = arg;
	Datum		values[2];
	uint64		rows;

	values[0] = TimestampTzGetDatum(pt_now());
	rows = pt_plan_run(&take_plan, values, NULL, SPI_OK_DELETE_RETURNING);
	if (rows == 0)
		return;
	values[1] = values[0];
	values[0] = pt_ids_of_result(rows);
	pt_plan_run_latest(&list_plan, values, NULL, SPI_OK_INSERT);
	pt_ask_carriers(values[0]);
	if (rows == BATCH)
		task->next_ms = 0;
}
