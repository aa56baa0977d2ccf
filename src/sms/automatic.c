/*
 * automatic.c
 *	  Messages that the platform sends by itself: checked, priced, charged and
 *	  stored by the code of send_sms (BILL-13).
 */
#include "sms/automatic.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "billing/billing.h"
#include "sms/store.h"
#include "worker/shared.h"

/* The message as an order. */
static void
read_order(const PtAutomatic *message, PtOrder *order)
{
	memset(order, 0, sizeof(*order));
	order->account = pt_account_get(message->account_id);
	order->recipient = cstring_to_text(message->to);
	order->body = message->body;
	order->bulk = message->kind == PT_KIND_REMINDER;
	order->kind = message->kind;
	order->sender = message->from;
	order->service_id = message->service_id;
	order->carrier_id = message->carrier_id;
}

/* Keeps what could not be sent (FLOW-14): it ends at once and costs nothing. */
static void
record_unsent(const PtAutomatic *message, const PtOrder *order, const PtRefusal *refusal, const pg_uuid_t *id)
{
	static const char *const kinds[PT_KINDS] = PT_KIND_NAMES;
	static PtPlan plan = {
		"WITH m AS (INSERT INTO portatext.message (message_id, account_id, state, step, priority, carrier_id,"
		"   segments, cost, from_number, to_number, encoding, body, finished_at, error_code, error_text,"
		"   kind, service_id)"
		" VALUES ($1, $2, 'skipped', 'final', CASE WHEN $3 THEN 'bulk' ELSE 'transactional' END::portatext.message_priority,"
		"   $4, $5, 0, $6, $7, $8, $9, portatext.now(), $10, $11, $12::portatext.message_kind, NULLIF($13, 0)))"
		" INSERT INTO portatext.event (account_id, type, subject, payload)"
		" SELECT $2, 'message.skipped', $1::text, jsonb_build_object('state', 'skipped', 'from', $6,"
		"   'to', $7, 'error_code', $10)"
		" FROM portatext.account a WHERE a.account_id = $2 AND a.message_events",
		13, {UUIDOID, INT8OID, BOOLOID, INT4OID, INT2OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
		TEXTOID, TEXTOID, INT8OID}
	};
	Datum		values[13];

	if (pt_address_kind(message->to, strlen(message->to)) == PT_ADDRESS_INVALID)
		return;
	values[0] = UUIDPGetDatum(id);
	values[1] = Int64GetDatum(message->account_id);
	values[2] = BoolGetDatum(order->bulk);
	values[3] = Int32GetDatum(order->carrier_id);
	values[4] = Int16GetDatum(order->counted ? (int16) Min(order->analysis.segments, PG_INT16_MAX) : 0);
	values[5] = CStringGetTextDatum(message->from);
	values[6] = CStringGetTextDatum(message->to);
	values[7] = CStringGetTextDatum(pt_encoding_name(order->analysis.encoding));
	values[8] = PointerGetDatum(message->body);
	values[9] = CStringGetTextDatum(pt_refusal_name(refusal->code));
	values[10] = CStringGetTextDatum(pt_refusal_message(refusal->code));
	values[11] = CStringGetTextDatum(kinds[message->kind]);
	values[12] = Int64GetDatum(message->service_id);
	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}

/*
 * Is a row of it to be kept?  A reminder that is refused for what lies with the
 * account or its carrier is tried every day, so it leaves none.
 */
static bool
is_kept(const PtAutomatic *message, PtRefusalCode code)
{
	return message->record && (message->kind != PT_KIND_REMINDER ||
							   code == PT_REFUSE_NO_CREDITS || code == PT_REFUSE_BLACKLISTED);
}

PtRefusalCode
pt_send_automatic(const PtAutomatic *message, pg_uuid_t *id)
{
	PtOrder		order;
	PtRefusal	refusal;
	PtRole		saved;

	pt_uuid7(id);
	read_order(message, &order);
	pt_become_keeper(&saved);
	if (pt_order_check(&order, PT_ASK_LISTS, &refusal) &&
		!pt_charge(message->account_id, order.cost))
		pt_refuse(&refusal, PT_REFUSE_NO_CREDITS, "It cannot be paid.");
	if (refusal.code == PT_ACCEPTED)
	{
		pt_store_one(&order, UUIDPGetDatum(id));
		pt_wake_at_commit();
	}
	else if (is_kept(message, refusal.code))
		record_unsent(message, &order, &refusal, id);
	pt_become_caller(&saved);
	return refusal.code;
}
