/*
 * idempotency.c
 *	  One message per idempotency key: a second call answers with the first.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "sms/order.h"
#include "sms/send.h"

static int	key_lifetime_s = 86400;

void
pt_send_init(void)
{
	DefineCustomIntVariable("portatext.idempotency_lifetime",
							"How long an idempotency key is remembered.",
							NULL, &key_lifetime_s, 86400, 1, INT_MAX / 2,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
}

/* Reads the message of the key into message_id; false: none in force. */
static bool
read_key(const PtOrder *order, pg_uuid_t *message_id)
{
	static PtPlan plan = {
		"SELECT message_id FROM portatext.idempotency"
		" WHERE account_id = $1 AND key = $2 AND expires_at > $3",
		3, {INT8OID, TEXTOID, TIMESTAMPTZOID}
	};
	Datum		values[3] = {
		Int64GetDatum(order->account->account_id), PointerGetDatum(order->key),
		TimestampTzGetDatum(pt_now())
	};
	bool		isnull;

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		return false;
	*message_id = *DatumGetUUIDP(pt_result(0, 1, &isnull));
	return true;
}

/* Has the key been used?  Then its message is in message_id. */
bool
pt_key_find(const PtOrder *order, pg_uuid_t *message_id)
{
	return order->key != NULL && read_key(order, message_id);
}

/*
 * Takes the key for the new message in message_id.  Waits for a concurrent
 * transaction that has taken it; when that commits, returns true with its
 * message in message_id.
 */
bool
pt_key_claim(const PtOrder *order, pg_uuid_t *message_id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.idempotency AS i (account_id, key, message_id, expires_at)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (account_id, key) DO UPDATE"
		" SET message_id = excluded.message_id, expires_at = excluded.expires_at"
		" WHERE i.expires_at <= $5",
		5, {INT8OID, TEXTOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
	};
	TimestampTz now = pt_now();
	Datum		values[5];

	if (order->key == NULL)
		return false;
	values[0] = Int64GetDatum(order->account->account_id);
	values[1] = PointerGetDatum(order->key);
	values[2] = UUIDPGetDatum(message_id);
	values[3] = TimestampTzGetDatum(now + (int64) key_lifetime_s * USECS_PER_SEC);
	values[4] = TimestampTzGetDatum(now);
	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_INSERT) == 1)
		return false;
	if (read_key(order, message_id))
		return true;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("the idempotency key was used by a concurrent transaction"),
			 errhint("Retry the transaction.")));
}
