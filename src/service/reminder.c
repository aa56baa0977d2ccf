/*
 * reminder.c
 *	  Subscription reminders: every 30 days for each subscriber (FLOW-01, FLOW-15
 *	  to FLOW-17).
 *
 * A subscriber's hour of the day is the hash of its number, within the waking
 * hours of all the zones that the number may be in, so that whoever subscribed in
 * one minute is not reminded in one minute.  Due rows are found by an index,
 * locked with SKIP LOCKED, and in the same transaction the message is queued and
 * the next date set: a reminder is never sent twice.
 */
#include "service/reminder.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "number/number.h"
#include "service/subscriber.h"
#include "service/waking.h"
#include "sms/column.h"

#define PERIOD (30 * USECS_PER_DAY)
#define CLOCK_CHANGE (3 * USECS_PER_HOUR)	/* what a clock change may take from a period */
#define PUNCTUAL (2 * USECS_PER_HOUR)	/* later than that counts from when it was sent */
#define MORE_ROWS 200			/* that only get a better time */
#define UNIX_SHIFT ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* A subscriber whose date has come. */
typedef struct Due
{
	int64		service_id;
	int64		account_id;
	char	   *number;
	TimestampTz at;
	bool		active;			/* the service */
	char	   *zone;			/* the account's */
} Due;

/* What is to be written. */
typedef struct Changes
{
	PtColumn	columns[4];		/* service, number, date, unpaid */
} Changes;

/* At most $2 that are due by $1. */
static PtPlan due_plan = {
	"SELECT x.service_id, x.account_id, x.number::text, x.reminder_due, s.state = 'active', a.timezone"
	" FROM (SELECT y.service_id, y.account_id, y.number, y.reminder_due FROM portatext.subscriber y"
	"   WHERE y.state = 'active' AND NOT y.reminder_unpaid AND y.reminder_due <= $1"
	"   ORDER BY y.reminder_due LIMIT $2 FOR UPDATE SKIP LOCKED) x"
	" JOIN portatext.service s ON s.service_id = x.service_id"
	" JOIN portatext.account a ON a.account_id = x.account_id",
	2, {TIMESTAMPTZOID, INT4OID}
};

static PtPlan change_plan = {
	"UPDATE portatext.subscriber x SET reminder_due = u.due, reminder_unpaid = u.unpaid"
	" FROM unnest($1, $2, $3, $4) u(service_id, number, due, unpaid)"
	" WHERE x.service_id = u.service_id AND x.number::text = u.number",
	4, {INT8ARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, BOOLARRAYOID}
};

/* Keeps the service as it is until the transaction's end: no row when it is active (again). */
static PtPlan inactive_plan = {
	"SELECT FROM portatext.service s WHERE s.service_id = $1 AND s.state <> 'active' FOR SHARE",
	1, {INT8OID}
};

static int64
to_unix(TimestampTz at)
{
	return at / USECS_PER_SEC + UNIX_SHIFT;
}

/* What a zone is east of UTC at that time, in seconds; false: no such zone. */
static bool
zone_offset(const char *name, TimestampTz at, int *east)
{
	pg_tz	   *zone = pg_tzset(name);
	struct pg_tm tm;
	fsec_t		fsec;
	int			west;

	if (zone == NULL || timestamp2tm(at, &west, &tm, &fsec, NULL, zone) != 0)
		return false;
	*east = -west;
	return true;
}

/*
 * The waking hours around that time: of all zones that the number may be in;
 * where it may be anywhere, or the zones are never awake at once, of the account's.
 */
static void
waking_hours(const Due *due, TimestampTz at, PtWaking *waking)
{
	const char *zones[PT_ZONES_MAX];
	int			offsets[PT_ZONES_MAX];
	int			known = 0;
	int			n = pt_number_timezones(due->number, strlen(due->number), zones, PT_ZONES_MAX);

	for (int i = 0; i < n; i++)
		known += zone_offset(zones[i], at, &offsets[known]);
	pt_waking_hours(waking, offsets, known);
	if (known > 0 && waking->minutes > 0)
		return;
	if (!zone_offset(due->zone, at, &offsets[0]))
		offsets[0] = 0;
	pt_waking_hours(waking, offsets, 1);
}

/* The subscriber's own time of the day, the first from then on. */
static TimestampTz
own_time(const Due *due, TimestampTz from)
{
	uint32		hash = hash_bytes((const unsigned char *) due->number, (int) strlen(due->number)) ^
		hash_bytes_uint32((uint32) due->service_id);
	PtWaking	waking;

	waking_hours(due, from, &waking);
	return (pt_waking_slot(&waking, to_unix(from), hash) - UNIX_SHIFT) * USECS_PER_SEC;
}

static bool
is_awake(const Due *due, TimestampTz now)
{
	PtWaking	waking;

	waking_hours(due, now, &waking);
	return pt_waking_at(&waking, to_unix(now));
}

static void
change(Changes *changes, const Due *due, TimestampTz next, bool unpaid)
{
	pt_column_add(&changes->columns[0], Int64GetDatum(due->service_id));
	pt_column_add_text(&changes->columns[1], due->number);
	pt_column_add(&changes->columns[2], TimestampTzGetDatum(next));
	pt_column_add(&changes->columns[3], BoolGetDatum(unpaid));
}

/*
 * Sends within a subtransaction, so that an error costs this subscriber's
 * reminder alone: it is logged and tried again a day later.  false: an error.
 */
static bool
send_alone(const Due *due, PtRefusalCode *answer)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		PT_POINT("reminder");
		*answer = pt_service_tell(due->service_id, due->number, PT_KIND_REMINDER);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
			ReThrowError(error);
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("a reminder of service %lld cannot be sent: %s",
						(long long) due->service_id, error->message)));
		FreeErrorData(error);
		done = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

/* The date after a reminder that was meant for then and is sent now. */
static TimestampTz
next_date(const Due *due, TimestampTz meant, TimestampTz now)
{
	TimestampTz from = now - meant <= PUNCTUAL ? meant : now;

	return own_time(due, from + PERIOD - CLOCK_CHANGE);
}

/* Sends one reminder; returns whether it is queued. */
static bool
remind(const Due *due, TimestampTz meant, TimestampTz now, Changes *changes)
{
	PtRefusalCode answer;

	if (!send_alone(due, &answer))
	{
		change(changes, due, own_time(due, now + USECS_PER_DAY - CLOCK_CHANGE), false);
		return false;
	}
	switch (answer)
	{
		case PT_REFUSE_NO_CREDITS:
			pt_reminders_note_unpaid(due->account_id);
			change(changes, due, due->at, true);
			return false;
		case PT_ACCEPTED:
		case PT_REFUSE_BLACKLISTED:
			change(changes, due, next_date(due, meant, now), false);
			return answer == PT_ACCEPTED;
		default:
			change(changes, due, own_time(due, now + USECS_PER_DAY - CLOCK_CHANGE), false);
			return false;
	}
}

/*
 * Subscribers of a service that is not active have no date until it is
 * (move_service() gives them one then).
 */
static void
wait_for_service(const Due *due, Changes *changes)
{
	Datum		value = Int64GetDatum(due->service_id);

	if (pt_plan_run_latest(&inactive_plan, &value, NULL, SPI_OK_SELECT) > 0)
		change(changes, due, DT_NOEND, false);
}

/* Copies the due rows out of SPI_tuptable, which the next statement replaces. */
static Due *
read_due(uint64 rows)
{
	Due		   *list = palloc0_array(Due, Max(rows, 1));
	bool		isnull;

	for (uint64 i = 0; i < rows; i++)
	{
		list[i].service_id = DatumGetInt64(pt_result(i, 1, &isnull));
		list[i].account_id = DatumGetInt64(pt_result(i, 2, &isnull));
		list[i].number = TextDatumGetCString(pt_result(i, 3, &isnull));
		list[i].at = DatumGetTimestampTz(pt_result(i, 4, &isnull));
		list[i].active = DatumGetBool(pt_result(i, 5, &isnull));
		list[i].zone = TextDatumGetCString(pt_result(i, 6, &isnull));
	}
	return list;
}

/* Handles one subscriber of an active service; at most so many are tried, whether they can be sent or not. */
static void
handle(const Due *due, TimestampTz now, int most, PtReminded *done, Changes *changes)
{
	TimestampTz meant = own_time(due, due->at);

	if (meant > now)
		change(changes, due, meant, false);
	else if (!is_awake(due, now))
		change(changes, due, own_time(due, now), false);
	else if (done->tried < most)
	{
		done->tried++;
		done->sent += remind(due, meant, now, changes);
	}
}

PtReminded
pt_reminders_send(int most)
{
	TimestampTz now = pt_now();
	Changes		changes = {{{INT8OID}, {TEXTOID}, {TIMESTAMPTZOID}, {BOOLOID}}};
	Datum		values[2] = {TimestampTzGetDatum(now), Int32GetDatum(most + MORE_ROWS)};
	PtRole		saved;
	uint64		rows;
	Due		   *list;
	PtReminded	done = {0};

	pt_become_keeper(&saved);
	rows = pt_plan_run_latest(&due_plan, values, NULL, SPI_OK_SELECT);
	list = read_due(rows);
	/* First what waits for rows of services: nothing is charged before that. */
	for (uint64 i = 0; i < rows; i++)
		if (!list[i].active)
			wait_for_service(&list[i], &changes);
	for (uint64 i = 0; i < rows; i++)
		if (list[i].active)
			handle(&list[i], now, most, &done, &changes);
	PT_POINT("reminders_queued");
	pt_column_run(&change_plan, changes.columns, SPI_OK_UPDATE);
	pt_become_caller(&saved);
	done.more = rows == (uint64) most + MORE_ROWS || done.tried == most;
	return done;
}

PG_FUNCTION_INFO_V1(pt_send_reminders);

/* portatext.send_reminders(most): how many were sent. */
Datum
pt_send_reminders(PG_FUNCTION_ARGS)
{
	int			most = PG_GETARG_INT32(0);
	PtReminded	reminded;

	pt_require_all("reminders are not sent");
	if (most < 1 || most > 10000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d reminders cannot be sent at a time", most),
				 errhint("Give a number between 1 and 10000.")));
	SPI_connect();
	reminded = pt_reminders_send(most);
	SPI_finish();
	PG_RETURN_INT32(reminded.sent);
}
