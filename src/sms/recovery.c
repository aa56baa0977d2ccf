/*
 * recovery.c
 *	  Leases of dispatchers that ended without writing their outcomes.
 *
 * A dispatcher holds the advisory lock of its number as long as its session
 * lives; who can take that lock knows that it is dead.  Whether its messages
 * went out is not known: they become unclear, except where trying again is safe
 * (the carrier honours an idempotency key, or nothing leaves the process).
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "sms/finish.h"
#include "sms/recovery.h"
#include "sms/tally.h"

/* Users' advisory locks have 1 or 2 here (pg_advisory_lock). */
#define WORKER_LOCK_CLASS 4

static PtPlan number_plan = {
	.sql = "SELECT nextval('portatext.worker_number_seq')",
};

static PtPlan owners_plan = {
	.sql = "SELECT DISTINCT worker FROM portatext.lease WHERE worker <> $1",
	.nargs = 1,
	.argtypes = {INT8OID}
};

/* A lease may still name messages that have been sent since, and those that wait again after that. */
static PtPlan take_plan = {
	.sql = "WITH dead AS (DELETE FROM portatext.lease WHERE worker = $1 RETURNING ids) "
	"SELECT array_agg(m.message_id ORDER BY m.message_id) FROM dead, unnest(dead.ids) i "
	"JOIN portatext.message m ON m.message_id = i WHERE m.step = 'queued' "
	"AND NOT EXISTS (SELECT FROM portatext.outbox o "
	"WHERE o.to_number = m.to_number::text AND o.message_id = m.message_id) "
	"AND NOT EXISTS (SELECT FROM portatext.parked p "
	"WHERE p.to_number = m.to_number::text AND p.message_id = m.message_id) "
	"AND NOT EXISTS (SELECT FROM portatext.lease l WHERE l.worker <> $1 AND m.message_id = ANY (l.ids))",
	.nargs = 1,
	.argtypes = {INT8OID}
};

static PtPlan again_plan = {
	.sql = "INSERT INTO portatext.outbox (lane, due, message_id, to_number) "
	"SELECT m.carrier_id * 2 + (m.priority = 'bulk')::int, portatext.now(), m.message_id, m.to_number "
	"FROM unnest($1) u(id) JOIN portatext.message m ON m.message_id = u.id "
	"JOIN portatext.carriers c ON c.carrier_id = m.carrier_id "
	"WHERE m.step = 'queued' AND (c.idempotent OR c.adapter = 'loopback') "
	"ON CONFLICT DO NOTHING",
	.nargs = 1,
	.argtypes = {UUIDARRAYOID}
};

static PtPlan unclear_plan = {
	.sql = "WITH done AS ("
	"UPDATE portatext.message m SET step = 'unclear', state = 'sending', "
	"error_code = 'unclear', error_text = 'the dispatcher ended during the hand-over' "
	"FROM unnest($1) u(id) WHERE m.message_id = u.id AND m.step = 'queued' "
	"AND NOT EXISTS (SELECT FROM portatext.carriers c WHERE c.carrier_id = m.carrier_id "
	"AND (c.idempotent OR c.adapter = 'loopback')) "
	"RETURNING " PT_EVENT_COLUMNS "), "
	"told AS (" PT_MESSAGE_EVENTS "), "
	"tallied AS (" PT_TALLY("done", "'queued'", "d.state") ") "
	"INSERT INTO portatext.attention (account_id, kind, message_id, detail) "
	"SELECT account_id, 'unclear', message_id, error_text FROM done ON CONFLICT DO NOTHING",
	.nargs = 1,
	.argtypes = {UUIDARRAYOID}
};

/* The lock that says: the dispatcher of this number is alive. */
static void
worker_locktag(LOCKTAG *tag, int64 number)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (number >> 32), (uint32) number,
						 WORKER_LOCK_CLASS);
}

int64
pt_worker_number(void)
{
	LOCKTAG		tag;
	bool		isnull;
	int64		number;

	pt_plan_run(&number_plan, NULL, NULL, SPI_OK_SELECT);
	number = DatumGetInt64(pt_result(0, 1, &isnull));
	worker_locktag(&tag, number);
	if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("worker number " INT64_FORMAT " is in use", number),
				 errhint("Has the sequence portatext.worker_number_seq been set back?")));
	return number;
}

/* Is the dispatcher dead?  Then nobody else settles its leases in this transaction. */
static bool
worker_is_dead(int64 number)
{
	LOCKTAG		tag;

	worker_locktag(&tag, number);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/* Settles what one dead dispatcher had claimed. */
static void
recover_worker(int64 number, PtRecovered *recovered)
{
	Datum		values[1] = {Int64GetDatum(number)};
	bool		isnull;

	pt_plan_run(&take_plan, values, NULL, SPI_OK_SELECT);
	values[0] = pt_result(0, 1, &isnull);
	if (isnull)
		return;
	recovered->again += (int) pt_plan_run(&again_plan, values, NULL, SPI_OK_INSERT);
	recovered->unclear += (int) pt_plan_run(&unclear_plan, values, NULL, SPI_OK_INSERT);
}

void
pt_recover_leases(int64 own_number, PtRecovered *recovered)
{
	Datum		values[1] = {Int64GetDatum(own_number)};
	uint64		n = pt_plan_run(&owners_plan, values, NULL, SPI_OK_SELECT);
	int64	   *numbers = palloc_array(int64, n + 1);

	memset(recovered, 0, sizeof(*recovered));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		numbers[i] = DatumGetInt64(pt_result(i, 1, &isnull));
	}
	for (uint64 i = 0; i < n; i++)
		if (worker_is_dead(numbers[i]))
			recover_worker(numbers[i], recovered);
}
