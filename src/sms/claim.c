/*
 * claim.c
 *	  Taking messages out of the outbox for the hand-over.
 *
 * One transaction: rows leave the outbox (statement 1), their messages are read
 * and checked again with a newer snapshot (statement 2), and what may be sent is
 * noted in a lease.  The rest ends, is parked, or goes back in the same
 * transaction.
 */
#include "portatext.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "sms/campaign_hook.h"
#include "sms/claim.h"
#include "sms/claim_schedule.h"
#include "sms/column.h"
#include "sms/finish.h"
#include "sms/service_hook.h"
#include "text/encoding.h"
#include "worker/shared.h"

/* Rows behind the last claimed key, so that dead index entries are not walked again. */
static PtPlan take_plan = {
	.sql = "DELETE FROM portatext.outbox WHERE ctid = ANY (ARRAY("
	"SELECT o.ctid FROM portatext.outbox o "
	"WHERE o.lane = $1 AND o.due <= $2 AND (o.due, o.message_id) > ($3, $4) "
	"ORDER BY o.lane, o.due, o.message_id LIMIT $5 FOR UPDATE SKIP LOCKED)) "
	"RETURNING message_id, due",
	.nargs = 5,
	.argtypes = {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, INT4OID}
};

/*
 * The re-check (BL-05): reason is null when the message may still be sent.  LIMIT
 * keeps the planner from reading a whole blacklist into a hash table.
 */
static PtPlan check_plan = {
	.sql = "SELECT m.message_id, u.due, u.lane, m.account_id, m.segments, m.attempts, "
	"m.encoding = 'ucs2', m.from_number::text, m.to_number::text, m.body, m.valid_until, "
	"d.segments_per_second::float8, "
	"CASE WHEN m.segments > 1 THEN ARRAY(SELECT p.part::int FROM portatext.message_part p "
	"WHERE p.message_id = m.message_id AND p.state IN ('accepted', 'delivered', 'undelivered')) END, "
	"CASE WHEN m.step <> 'queued' THEN 'moved' "
	"WHEN m.valid_until <= $4 THEN 'expired' "
	"WHEN a.suspended IS DISTINCT FROM false THEN 'suspended' "
	"WHEN d.account_id IS NULL AND m.service_id IS NULL THEN 'sender_gone' "
	"WHEN m.kind = 'stop_confirmation' THEN NULL "
	"WHEN (SELECT true FROM portatext.blacklist b WHERE b.account_id = m.account_id "
	"AND b.number = m.to_number::text LIMIT 1) THEN 'blacklisted' "
	"WHEN (SELECT true FROM portatext.global_blacklist b WHERE b.number = m.to_number::text LIMIT 1) "
	"THEN 'blacklisted' END, m.tried, "
	"m.service_id, CASE WHEN m.service_id IS NOT NULL THEN m.kind::text END, m.group_id, "
	"m.schedule_id, m.own_zone "
	"FROM unnest($1, $2, $3) u(id, due, lane) "
	"JOIN portatext.message m ON m.message_id = u.id "
	"LEFT JOIN portatext.account a ON a.account_id = m.account_id "
	"LEFT JOIN portatext.did d ON d.number = m.from_number::text AND d.account_id = m.account_id "
	"ORDER BY u.due, u.id",
	.nargs = 4,
	.argtypes = {UUIDARRAYOID, TIMESTAMPTZARRAYOID, INT4ARRAYOID, TIMESTAMPTZOID}
};

static PtPlan lease_plan = {
	.sql = "INSERT INTO portatext.lease (worker, ids) VALUES ($1, $2) RETURNING lease_id",
	.nargs = 2,
	.argtypes = {INT8OID, UUIDARRAYOID}
};

static PtPlan park_plan = {
	.sql = "INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number) "
	"SELECT * FROM unnest($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
	.nargs = 6,
	.argtypes = {TEXTARRAYOID, TIMESTAMPTZARRAYOID, UUIDARRAYOID, INT4ARRAYOID, INT2ARRAYOID, TEXTARRAYOID}
};

static PtPlan back_plan = {
	.sql = "INSERT INTO portatext.outbox (lane, due, message_id, to_number) "
	"SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING",
	.nargs = 4,
	.argtypes = {INT4ARRAYOID, TIMESTAMPTZARRAYOID, UUIDARRAYOID, TEXTARRAYOID}
};

static PtPlan next_plan = {
	.sql = "SELECT o.due FROM portatext.outbox o WHERE o.lane = $1 AND o.due > $2 "
	"ORDER BY o.lane, o.due, o.message_id LIMIT 1",
	.nargs = 2,
	.argtypes = {INT4OID, TIMESTAMPTZOID}
};

static PtPlan poison_plan = {
	.sql = "WITH gone AS (DELETE FROM portatext.outbox "
	"WHERE lane = $1 AND due = $2 AND message_id = $3 RETURNING message_id) "
	"INSERT INTO portatext.attention (account_id, kind, message_id, detail) "
	"SELECT m.account_id, 'failed', m.message_id, $4 FROM gone "
	"JOIN portatext.message m ON m.message_id = gone.message_id ON CONFLICT DO NOTHING",
	.nargs = 4,
	.argtypes = {INT4OID, TIMESTAMPTZOID, UUIDOID, TEXTOID}
};

/* What one claim gathers for its statements. */
typedef struct ClaimWork
{
	PtClaim    *claim;
	PtColumn	ids;			/* taken from the outbox */
	PtColumn	dues;
	PtColumn	lanes;
	PtFinish	finish;
	PtColumn	park[6];
	PtColumn	back[4];
	TimestampTz checked_at;
} ClaimWork;

/* One row of the re-check: what decides about it, and all columns. */
#define CHECK_COLUMNS 20
typedef struct CheckedRow
{
	pg_uuid_t  *id;
	TimestampTz due;
	int32		lane;
	int			segments;
	char	   *from;
	char	   *to;
	double		sender_rate;	/* the sender's own; 0: none */
	bool		part_accepted;
	const char *reason;
	int64		service_id;		/* 0: none */
	const char *kind;			/* of a service's message */
	int64		group_id;		/* 0: none */
	int64		held_run;		/* the paused run that it belongs to; 0: none */
	int32		schedule_id;	/* 0: none */
	TimestampTz opens;			/* when its schedule lets it go; DT_NOEND: it is dealt with */
	Datum		values[CHECK_COLUMNS];
	bool		nulls[CHECK_COLUMNS];
} CheckedRow;

/* Keeps the greatest key that was taken from the lane. */
static void
lane_note_key(PtClaimLane *lane, TimestampTz due, const pg_uuid_t *id)
{
	if (lane->got++ > 0 &&
		(due < lane->last_due ||
		 (due == lane->last_due && memcmp(id, &lane->last_id, sizeof(*id)) < 0)))
		return;
	lane->last_due = due;
	lane->last_id = *id;
}

/* Statement 1: rows of one lane leave the outbox. */
static void
take_lane(ClaimWork *work, PtClaimLane *lane)
{
	Datum		values[5];
	instr_time	start;
	instr_time	end;

	values[0] = Int32GetDatum(lane->lane);
	values[1] = TimestampTzGetDatum(work->claim->now);
	values[2] = TimestampTzGetDatum(lane->after_due);
	values[3] = UUIDPGetDatum(&lane->after_id);
	values[4] = Int32GetDatum(lane->want);
	INSTR_TIME_SET_CURRENT(start);
	pt_plan_run(&take_plan, values, NULL, SPI_OK_DELETE_RETURNING);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	lane->cost_us = (int64) INSTR_TIME_GET_MICROSEC(end);
	lane->got = lane->parked = 0;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		pg_uuid_t  *id = DatumGetUUIDP(pt_result(i, 1, &isnull));
		TimestampTz due = DatumGetTimestampTz(pt_result(i, 2, &isnull));

		lane_note_key(lane, due, id);
		pt_column_add_uuid(&work->ids, id);
		pt_column_add(&work->dues, TimestampTzGetDatum(due));
		pt_column_add(&work->lanes, Int32GetDatum(lane->lane));
	}
}

/* The order's entry for a lane that was asked for. */
static PtClaimLane *
find_lane(PtClaim *claim, int32 lane)
{
	for (int i = 0; i < claim->n_lanes; i++)
		if (claim->lanes[i].lane == lane)
			return &claim->lanes[i];
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("lane %d was not asked for", lane)));
}

/* Reads a row of the re-check. */
static void
read_row(uint64 row, CheckedRow *r)
{
	heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, r->values, r->nulls);
	r->id = DatumGetUUIDP(r->values[0]);
	r->due = DatumGetTimestampTz(r->values[1]);
	r->lane = DatumGetInt32(r->values[2]);
	r->segments = DatumGetInt16(r->values[4]);
	r->from = TextDatumGetCString(r->values[7]);
	r->to = TextDatumGetCString(r->values[8]);
	r->sender_rate = r->nulls[11] ? 0 : DatumGetFloat8(r->values[11]);
	r->part_accepted = !r->nulls[12] && ARR_NDIM(DatumGetArrayTypeP(r->values[12])) > 0;
	r->reason = r->nulls[13] ? NULL : TextDatumGetCString(r->values[13]);
	r->service_id = r->nulls[15] ? 0 : DatumGetInt64(r->values[15]);
	r->kind = r->service_id != 0 ? TextDatumGetCString(r->values[16]) : NULL;
	r->group_id = r->nulls[17] ? 0 : DatumGetInt64(r->values[17]);
	r->held_run = 0;
	r->schedule_id = r->nulls[18] ? 0 : DatumGetInt32(r->values[18]);
	r->opens = DT_NOBEGIN;
}

/* Ends a message that must not be sent any more; one that moved on is left alone. */
static void
refuse_row(ClaimWork *work, const CheckedRow *r)
{
	bool		named = strcmp(r->reason, "expired") == 0 || strcmp(r->reason, "cancelled") == 0;
	const char *state = named ? r->reason : "skipped";

	if (strcmp(r->reason, "moved") == 0)
		return;
	/* The carrier has a part: that is not refunded (BILL-05). */
	if (r->part_accepted)
		state = "undelivered";
	pt_finish_add(&work->finish, r->id, state, r->reason, NULL);
	work->claim->n_skipped++;
}

/* Sets a message aside, under that key and with that time. */
static void
park_row(ClaimWork *work, const CheckedRow *r, const char *key, TimestampTz due)
{
	pt_column_add_text(&work->park[0], key);
	pt_column_add(&work->park[1], TimestampTzGetDatum(due));
	pt_column_add_uuid(&work->park[2], r->id);
	pt_column_add(&work->park[3], Int32GetDatum(r->lane));
	pt_column_add(&work->park[4], Int16GetDatum(r->segments));
	pt_column_add_text(&work->park[5], r->to);
	work->claim->n_parked++;
	find_lane(work->claim, r->lane)->parked++;
}

/* Puts a row back: where it was, as the carrier has no tokens for it, or to when its schedule opens. */
static void
put_back_row(ClaimWork *work, const CheckedRow *r, TimestampTz due)
{
	pt_column_add(&work->back[0], Int32GetDatum(r->lane));
	pt_column_add(&work->back[1], TimestampTzGetDatum(due));
	pt_column_add_uuid(&work->back[2], r->id);
	pt_column_add_text(&work->back[3], r->to);
}

/* Takes the sender's and the carrier's tokens (SMS-17); false: the row is dealt with. */
static bool
take_tokens(ClaimWork *work, const CheckedRow *r)
{
	PtClaimLane *lane = find_lane(work->claim, r->lane);
	double		sender_rate = r->sender_rate > 0 ? r->sender_rate : lane->sender_rate;
	char		sender_key[64];
	char		carrier_key[32];
	int64		wait;

	if (lane->token_wait_us > 0)
	{
		put_back_row(work, r, r->due);
		return false;
	}
	snprintf(sender_key, sizeof(sender_key), "s:%s", r->from);
	snprintf(carrier_key, sizeof(carrier_key), "c:%d", lane->carrier_id);
	if (sender_rate > 0 &&
		(wait = pt_bucket_take(sender_key, sender_rate, r->segments, work->claim->now)) > 0)
	{
		park_row(work, r, sender_key, work->claim->now + wait);
		return false;
	}
	if (lane->carrier_rate <= 0 ||
		(wait = pt_bucket_take(carrier_key, lane->carrier_rate, r->segments, work->claim->now)) <= 0)
		return true;
	if (sender_rate > 0)
		pt_bucket_return(sender_key, sender_rate, r->segments);
	lane->token_wait_us = wait;
	put_back_row(work, r, r->due);
	return false;
}

/* Notes which parts the carrier has from an earlier try. */
static void
read_parts_done(PtMessage *message, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const int32 *parts = (const int32 *) ARR_DATA_PTR(array);

	message->part_accepted = n > 0;
	for (int i = 0; i < n; i++)
		message->parts_done[(parts[i] - 1) / 8] |= 1 << ((parts[i] - 1) % 8);
}

/* Notes which carriers have tried it. */
static void
read_tried(PtMessage *message, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	message->n_tried = Min(n, PT_TRIED_MAX);
	memcpy(message->tried, ARR_DATA_PTR(array), sizeof(int32) * message->n_tried);
}

/* Copies a string to *where, which moves behind it. */
static const char *
place_string(char **where, const char *text, size_t len)
{
	char	   *copy = *where;

	memcpy(copy, text, len);
	copy[len] = '\0';
	*where += len + 1;
	return copy;
}

/* Makes the dispatcher's copy of a message that may be sent. */
static void
keep_row(ClaimWork *work, const CheckedRow *r, const char *body, size_t body_len)
{
	size_t		from_len = strlen(r->from);
	size_t		to_len = strlen(r->to);
	PtMessage  *m = MemoryContextAllocZero(work->claim->context, sizeof(PtMessage) + from_len +
										   to_len + body_len + 3);
	char	   *where = (char *) (m + 1);

	dlist_push_tail(&work->claim->taken, &m->node);
	work->claim->n_taken++;
	m->id = *r->id;
	strlcpy(m->id_text, DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(r->id))),
			sizeof(m->id_text));
	m->lane = r->lane;
	m->due = r->due;
	m->segments = r->segments;
	m->account_id = DatumGetInt64(r->values[3]);
	m->service_id = r->service_id;
	m->group_id = r->group_id;
	m->attempts = DatumGetInt16(r->values[5]);
	m->ucs2 = DatumGetBool(r->values[6]);
	m->valid_until = r->nulls[10] ? DT_NOEND : DatumGetTimestampTz(r->values[10]);
	if (!r->nulls[12])
		read_parts_done(m, r->values[12]);
	if (!r->nulls[14])
		read_tried(m, r->values[14]);
	m->checked_at = work->checked_at;
	m->from = place_string(&where, r->from, from_len);
	m->to = place_string(&where, r->to, to_len);
	m->body = place_string(&where, body, body_len);
	m->body_len = body_len;
}

/* Asks the room service about its messages; SPI_tuptable stays as it was. */
static void
check_services(CheckedRow *rows, uint64 n)
{
	PtRecheck  *asked = palloc_array(PtRecheck, n);
	CheckedRow **whose = palloc_array(CheckedRow *, n);
	SPITupleTable *table = SPI_tuptable;
	int			m = 0;

	for (uint64 i = 0; i < n; i++)
	{
		CheckedRow *r = &rows[i];

		if (r->service_id == 0 || r->reason != NULL)
			continue;
		asked[m] = (PtRecheck) {.id = r->id, .service_id = r->service_id, .kind = r->kind, .to = r->to};
		whose[m++] = r;
	}
	if (m > 0)
		pt_service_hooks->recheck(asked, m);
	for (int i = 0; i < m; i++)
	{
		whose[i]->reason = asked[i].reason;
		whose[i]->sender_rate = asked[i].sender_rate;
	}
	SPI_tuptable = table;
}

/* Asks the room campaign about the messages that have a group (CAMP-14). */
static void
check_groups(CheckedRow *rows, uint64 n)
{
	PtGroupRecheck *asked = palloc_array(PtGroupRecheck, n);
	CheckedRow **whose = palloc_array(CheckedRow *, n);
	SPITupleTable *table = SPI_tuptable;
	int			m = 0;

	for (uint64 i = 0; i < n; i++)
	{
		CheckedRow *r = &rows[i];

		if (r->group_id == 0 || r->reason != NULL)
			continue;
		asked[m] = (PtGroupRecheck) {.id = r->id, .group_id = r->group_id, .to = r->to};
		whose[m++] = r;
	}
	if (m > 0 && pt_campaign_hooks != NULL)
		pt_campaign_hooks->recheck(asked, m);
	for (int i = 0; i < m; i++)
	{
		whose[i]->reason = asked[i].reason;
		whose[i]->held_run = asked[i].held_run;
	}
	SPI_tuptable = table;
}

/* Asks the schedules of the messages that have one and may go otherwise. */
static void
check_schedules(CheckedRow *rows, uint64 n, TimestampTz now)
{
	PtScheduleRecheck *asked = palloc_array(PtScheduleRecheck, n);
	CheckedRow **whose = palloc_array(CheckedRow *, n);
	SPITupleTable *table = SPI_tuptable;
	int			m = 0;

	for (uint64 i = 0; i < n; i++)
	{
		CheckedRow *r = &rows[i];

		if (r->schedule_id == 0 || r->reason != NULL || r->held_run != 0)
			continue;
		asked[m] = (PtScheduleRecheck) {.id = r->id, .account_id = DatumGetInt64(r->values[3]),
			.schedule_id = r->schedule_id, .own_zone = DatumGetBool(r->values[19]), .to = r->to};
		whose[m++] = r;
	}
	pt_schedules_recheck(asked, m, now);
	for (int i = 0; i < m; i++)
		whose[i]->opens = asked[i].opens;
	SPI_tuptable = table;
}

/* Sets a paused run's message aside until somebody resumes or cancels the run. */
static void
hold_row(ClaimWork *work, const CheckedRow *r)
{
	char		key[32];

	snprintf(key, sizeof(key), PT_RUN_KEY "%lld", (long long) r->held_run);
	park_row(work, r, key, r->due);
}

/* Puts a message whose schedule is closed back to when it opens; one of which that cannot be said is noted already. */
static void
wait_row(ClaimWork *work, const CheckedRow *r)
{
	find_lane(work->claim, r->lane)->parked++;
	if (r->opens != DT_NOEND)
		put_back_row(work, r, r->opens);
}

/* Ends, sets aside or keeps a message. */
static void
decide_row(ClaimWork *work, const CheckedRow *r)
{
	size_t		len;
	const char *body;

	if (r->reason != NULL || r->held_run != 0)
	{
		(r->reason != NULL ? refuse_row : hold_row) (work, r);
		return;
	}
	if (r->opens > work->claim->now)
	{
		wait_row(work, r);
		return;
	}
	if (!take_tokens(work, r))
		return;
	body = pt_text_utf8(DatumGetTextPP(r->values[9]), &len);
	keep_row(work, r, body, len);
}

/* Statement 2: the messages as they are now, and what is to become of them. */
static void
check_rows(ClaimWork *work)
{
	Datum		values[4];
	uint64		n;
	CheckedRow *rows;
	bool		services = false;
	bool		groups = false;
	bool		schedules = false;

	values[0] = pt_column_array(&work->ids);
	values[1] = pt_column_array(&work->dues);
	values[2] = pt_column_array(&work->lanes);
	values[3] = TimestampTzGetDatum(work->claim->now);
	work->checked_at = GetCurrentTimestamp();
	n = pt_plan_run(&check_plan, values, NULL, SPI_OK_SELECT);
	rows = palloc_array(CheckedRow, n);
	for (uint64 i = 0; i < n; i++)
	{
		read_row(i, &rows[i]);
		services = services || rows[i].service_id != 0;
		groups = groups || rows[i].group_id != 0;
		schedules = schedules || rows[i].schedule_id != 0;
	}
	if (services)
		check_services(rows, n);
	if (groups)
		check_groups(rows, n);
	if (schedules)
		check_schedules(rows, n, work->claim->now);
	for (uint64 i = 0; i < n; i++)
		decide_row(work, &rows[i]);
}

/* Notes before the hand-over what is going to be handed over. */
static void
write_lease(PtClaim *claim)
{
	PtColumn	ids = {UUIDOID};
	PtLease    *lease;
	Datum		values[2];
	bool		isnull;
	dlist_iter	iter;

	if (claim->n_taken == 0)
		return;
	lease = MemoryContextAllocZero(claim->context, sizeof(PtLease));
	lease->left = claim->n_taken;
	dlist_foreach(iter, &claim->taken)
	{
		PtMessage  *message = dlist_container(PtMessage, node, iter.cur);

		message->lease = lease;
		pt_column_add_uuid(&ids, &message->id);
	}
	values[0] = Int64GetDatum(claim->worker);
	values[1] = pt_column_array(&ids);
	pt_plan_run(&lease_plan, values, NULL, SPI_OK_INSERT_RETURNING);
	lease->lease_id = DatumGetInt64(pt_result(0, 1, &isnull));
}

/*
 * Claims up to the wanted number of messages of each lane; see PtClaim for what
 * comes back.  Raises what the statements raise.
 */
void
pt_claim(PtClaim *claim)
{
	ClaimWork	work = {
		.claim = claim,
		.ids = {UUIDOID}, .dues = {TIMESTAMPTZOID}, .lanes = {INT4OID},
		.finish = PT_FINISH_INIT,
		.park = {{TEXTOID}, {TIMESTAMPTZOID}, {UUIDOID}, {INT4OID}, {INT2OID}, {TEXTOID}},
		.back = {{INT4OID}, {TIMESTAMPTZOID}, {UUIDOID}, {TEXTOID}}
	};

	dlist_init(&claim->taken);
	claim->n_taken = claim->n_skipped = claim->n_parked = 0;
	for (int i = 0; i < claim->n_lanes; i++)
		take_lane(&work, &claim->lanes[i]);
	if (work.ids.n == 0)
		return;
	check_rows(&work);
	pt_finish_write(&work.finish, "not handed over");
	pt_column_run(&park_plan, work.park, SPI_OK_INSERT);
	pt_column_run(&back_plan, work.back, SPI_OK_INSERT);
	write_lease(claim);
	PT_POINT("claim_before_commit");
}

void
pt_claim_forget(PtClaim *claim)
{
	PtLease    *lease = NULL;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &claim->taken)
	{
		PtMessage  *message = dlist_container(PtMessage, node, iter.cur);

		lease = message->lease;
		pfree(message);
	}
	if (lease != NULL)
		pfree(lease);
	dlist_init(&claim->taken);
	claim->n_taken = 0;
}

void
pt_claim_poison(int32 lane, TimestampTz due, const pg_uuid_t *id, const char *detail)
{
	Datum		values[4] = {
		Int32GetDatum(lane), TimestampTzGetDatum(due), UUIDPGetDatum(id),
		CStringGetTextDatum(detail)
	};

	pt_plan_run(&poison_plan, values, NULL, SPI_OK_INSERT);
}

TimestampTz
pt_claim_next_due(int32 lane, TimestampTz now)
{
	Datum		values[2] = {Int32GetDatum(lane), TimestampTzGetDatum(now)};
	bool		isnull;

	if (pt_plan_run(&next_plan, values, NULL, SPI_OK_SELECT) == 0)
		return DT_NOEND;
	return DatumGetTimestampTz(pt_result(0, 1, &isnull));
}
