/*
 * inbound_again.c
 *	  Inbound messages that are taken up again when the cause of their failure is
 *	  gone: route_unrouted(), redo_inbound().
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

/* The row in attention is locked first, so that of two calls one finds nothing. */
static PtPlan undone_plan = {
	"WITH a AS MATERIALIZED (SELECT x.account_id, x.message_id FROM portatext.attention x"
	"   WHERE x.kind = 'undone' AND x.message_id = $1"
	"     AND x.account_id = (SELECT y.account_id FROM portatext.message y WHERE y.message_id = $1) FOR UPDATE)"
	" SELECT m.from_number::text, m.to_number::text, m.body, m.carrier_id, m.created_at, m.account_id"
	"   FROM a JOIN portatext.message m ON m.message_id = a.message_id",
	1, {UUIDOID}
};

static PtPlan done_plan = {
	"WITH done AS (DELETE FROM portatext.attention a WHERE a.account_id = $2 AND a.kind = 'undone' AND a.message_id = $1"
	"   RETURNING a.account_id, a.message_id)"
	" INSERT INTO portatext.event (account_id, type, subject)"
	"   SELECT d.account_id, 'inbound.redone', d.message_id::text FROM done d",
	2, {UUIDOID, INT8OID}
};

/* A message whose effect is made up for. */
typedef struct Redo
{
	PtInbound	message;
	int64		account_id;
	const pg_uuid_t *id;
} Redo;

/* PtInboundStep */
static void
redo(void *arg)
{
	Redo	   *r = arg;

	pt_inbound_redo(&r->message, r->account_id, r->id);
}

PG_FUNCTION_INFO_V1(pt_redo_inbound);

/* portatext.redo_inbound(message_id): was something undone? */
Datum
pt_redo_inbound(PG_FUNCTION_ARGS)
{
	Redo		r = {.id = PG_GETARG_UUID_P(0)};
	Datum		values[2] = {PG_GETARG_DATUM(0)};
	bool		undone;
	bool		isnull;

	pt_require_all("messages are not acted upon again");
	SPI_connect();
	undone = pt_plan_run(&undone_plan, values, NULL, SPI_OK_SELECT) > 0;
	if (undone)
	{
		values[1] = pt_result(0, 6, &isnull);
		r.account_id = DatumGetInt64(values[1]);
		read_message(&r.message);
		pt_inbound_redoing(redo, &r);
		pt_plan_run(&done_plan, values, NULL, SPI_OK_INSERT);
	}
	SPI_finish();
	PG_RETURN_BOOL(undone);
}
