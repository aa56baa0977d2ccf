/*
 * inbound_again.c
 *	  Inbound messages that are taken up again when the cause of their failure is
 *	  gone: route_unrouted().
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "number/number.h"
#include "sms/inbound_route.h"

static PtPlan unrouted_plan = {
	"SELECT u.from_number, u.to_number, u.body, u.carrier_id, u.received_at"
	" FROM portatext.unrouted u WHERE u.unrouted_id = $1 FOR UPDATE",
	1, {UUIDOID}
};

/* The carrier's reference leads to the message from now on. */
static PtPlan routed_plan = {
	"WITH gone AS (DELETE FROM portatext.unrouted u WHERE u.unrouted_id = $1 RETURNING u.carrier_id, u.ref)"
	" UPDATE portatext.inbound_ref i SET message_id = $2 FROM gone g"
	"  WHERE i.carrier_id = g.carrier_id AND i.ref = g.ref AND i.message_id = $1",
	2, {UUIDOID, UUIDOID}
};

/* Reads the message of the row that was found. */
static void
read_message(PtInbound *message)
{
	bool		isnull;

	message->from = TextDatumGetCString(pt_result(0, 1, &isnull));
	message->to = TextDatumGetCString(pt_result(0, 2, &isnull));
	message->body = DatumGetTextPCopy(pt_result(0, 3, &isnull));
	message->carrier_id = DatumGetInt32(pt_result(0, 4, &isnull));
	message->since = DatumGetTimestampTz(pt_result(0, 5, &isnull));
}

/* Is the text an address, so that it may be one of somebody's? */
static bool
is_address(const char *text)
{
	return pt_address_kind(text, strlen(text)) != PT_ADDRESS_INVALID;
}

PG_FUNCTION_INFO_V1(pt_route_unrouted);

/* portatext.route_unrouted(unrouted_id): the id of the message; null: it has no place, or is not there. */
Datum
pt_route_unrouted(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	Datum		values[2] = {PG_GETARG_DATUM(0), UUIDPGetDatum(id)};
	PtInbound	message;
	bool		routed = false;

	pt_require_all("messages are not routed again");
	pt_uuid7(id);
	SPI_connect();
	if (pt_plan_run(&unrouted_plan, values, NULL, SPI_OK_SELECT) > 0)
	{
		read_message(&message);
		routed = is_address(message.from) && is_address(message.to) && pt_inbound_route(&message, id);
	}
	if (routed)
		pt_plan_run(&routed_plan, values, NULL, SPI_OK_UPDATE);
	SPI_finish();
	if (!routed)
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(id);
}
