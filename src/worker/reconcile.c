/*
 * reconcile.c
 *	  Messages that their carrier has had for long without a receipt are listed
 *	  in attention; age alone never fails or refunds one (SMS-08).
 *
 * A mark moves along message_id, which is ordered by time, LAG_MS behind.  What
 * has not ended when the mark passes goes into receipt_watch with the time at
 * which its carrier's patience ends.  A transaction longer than that commits
 * messages behind the mark: a second mark follows, and passes an id only when
 * every transaction has ended that ran when the first one had passed it.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define LAG_MS 600000
#define BATCH 5000
#define BATCH_TEXT "5000"

/* The marks, the oldest transaction that has not ended and the next to begin. */
static PtPlan marks_plan = {
	.sql = "SELECT r.upto, r.late, pg_snapshot_xmin(s)::text::int8, pg_snapshot_xmax(s)::text::int8"
	" FROM portatext.reconcile_mark r, pg_current_snapshot() s LIMIT 1"
};

/* Watches what has not ended between the ids $1 and $2; a second time it does nothing. */
static PtPlan pass_plan = {
	.sql = "WITH page AS MATERIALIZED (SELECT m.message_id, m.inbound, m.step, m.carrier_id,"
	" COALESCE(m.sent_at, greatest(m.send_at, m.created_at)) AS since FROM portatext.message m"
	" WHERE m.message_id > $1 AND m.message_id < $2 ORDER BY m.message_id LIMIT " BATCH_TEXT "),"
	" w AS (INSERT INTO portatext.receipt_watch (due, message_id)"
	" SELECT p.since + COALESCE(c.receipt_timeout, interval '2 days'), p.message_id"
	" FROM page p LEFT JOIN portatext.carriers c ON c.carrier_id = p.carrier_id"
	" WHERE NOT p.inbound AND p.step <> 'final' ON CONFLICT DO NOTHING)"
	" SELECT p.message_id FROM page p ORDER BY p.message_id DESC",
	.nargs = 2,.argtypes = {UUIDOID, UUIDOID}
};

static PtPlan set_mark_plan = {
	.sql = "WITH moved AS (UPDATE portatext.reconcile_mark SET upto = $1 RETURNING 1)"
	" INSERT INTO portatext.reconcile_mark (upto) SELECT $1 WHERE NOT EXISTS (SELECT FROM moved)",
	.nargs = 1,.argtypes = {UUIDOID}
};

static PtPlan set_late_plan = {
	.sql = "UPDATE portatext.reconcile_mark SET late = $1",
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

typedef struct Marks
{
	pg_uuid_t	upto;
	pg_uuid_t	late;			/* the one that follows */
	int64		oldest;			/* transaction that has not ended */
	int64		next;			/* transaction to begin */
} Marks;

/* Column col of the only row; before every message when it is null. */
static pg_uuid_t
mark_at(int col)
{
	pg_uuid_t	mark = {{0}};
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	if (!isnull)
		memcpy(&mark, DatumGetUUIDP(value), sizeof(pg_uuid_t));
	return mark;
}

/* Reads where the marks stand; false: no message was ever seen. */
static bool
read_marks(Marks *marks)
{
	bool		isnull;

	memset(marks, 0, sizeof(Marks));
	if (pt_plan_run_latest(&marks_plan, NULL, NULL, SPI_OK_SELECT) == 0)
		return false;
	marks->upto = mark_at(1);
	marks->late = mark_at(2);
	marks->oldest = DatumGetInt64(pt_result(0, 3, &isnull));
	marks->next = DatumGetInt64(pt_result(0, 4, &isnull));
	return true;
}

/* Watches a batch of what lies between the ids and moves the mark; true: there may be more. */
static bool
pass(pg_uuid_t *from, Datum before, PtPlan *set_plan, int set)
{
	Datum		values[2] = {UUIDPGetDatum(from), before};
	uint64		rows = pt_plan_run_latest(&pass_plan, values, NULL, SPI_OK_SELECT);
	bool		isnull;

	if (rows == 0)
		return false;
	values[0] = pt_result(0, 1, &isnull);
	pt_plan_run_latest(set_plan, values, NULL, set);
	return rows == BATCH;
}

/* The task that moves the mark. */
void
pt_task_watch_new(void *arg)
{
	PtTask *task = arg;
	Marks		marks;

	read_marks(&marks);
	if (pass(&marks.upto, pt_id_at(TimestampTzPlusMilliseconds(pt_now(), -LAG_MS)),
			 &set_mark_plan, SPI_OK_INSERT))
		task->next_ms = 0;
}

/*
 * The task that moves the second mark: it notes where the first one stands, waits
 * for every transaction of that time (prepared ones, too), and looks once more.
 */
void
pt_task_watch_late(void *arg)
{
	static pg_uuid_t before;
	static int64 horizon = 0;	/* 0: nothing is noted */
	PtTask *task = arg;
	Marks		marks;

	if (!read_marks(&marks) || (horizon != 0 && marks.oldest < horizon))
		return;
	if (horizon != 0 && pass(&marks.late, UUIDPGetDatum(&before), &set_late_plan, SPI_OK_UPDATE))
	{
		task->next_ms = 0;
		return;
	}
	before = marks.upto;
	horizon = marks.next;
}

/* The task that lists messages whose carrier's time is over. */
void
pt_task_watch_due(void *arg)
{
	PtTask *task = arg;
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
