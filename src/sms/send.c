/*
 * send.c
 *	  send_sms: checks, prices, charges and stores one message in the caller's
 *	  transaction (BILL-03).
 */
#include "portatext.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "billing/billing.h"
#include "sms/order_schedule.h"
#include "sms/send.h"
#include "sms/store.h"
#include "worker/shared.h"

#define ARG_TEXT(n) (PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n))

/* Is the enum value of portatext.message_priority 'bulk'? */
static bool
is_bulk(Oid value)
{
	HeapTuple	tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(value));
	bool		bulk;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid internal value for enum: %u", value)));
	bulk = strcmp(NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel), "bulk") == 0;
	ReleaseSysCache(tuple);
	return bulk;
}

/* body, from_number, template, variables, service, schedule, send_at, ... */
void
pt_read_order(FunctionCallInfo fcinfo, int first, PtOrder *order)
{
	memset(order, 0, sizeof(*order));
	order->body = ARG_TEXT(first);
	order->from = ARG_TEXT(first + 1);
	order->template_name = ARG_TEXT(first + 2);
	order->values[PT_VALUES_GIVEN] = PG_ARGISNULL(first + 3) ? NULL : PG_GETARG_JSONB_P(first + 3);
	order->service_name = ARG_TEXT(first + 4);
	if (!PG_ARGISNULL(first + 5))
		order->schedule = pt_order_schedule_read(PG_GETARG_JSONB_P(first + 5));
	order->has_send_at = !PG_ARGISNULL(first + 6);
	if (order->has_send_at)
		order->send_at = PG_GETARG_TIMESTAMPTZ(first + 6);
	order->has_valid_until = !PG_ARGISNULL(first + 7);
	if (order->has_valid_until)
		order->valid_until = PG_GETARG_TIMESTAMPTZ(first + 7);
	order->bulk = !PG_ARGISNULL(first + 8) && is_bulk(PG_GETARG_OID(first + 8));
	order->client_ref = ARG_TEXT(first + 9);
	order->key = ARG_TEXT(first + 10);
}

/* Warns once a session when no worker will hand anything over. */
void
pt_warn_unsent(void)
{
	static bool warned = false;
	const char *problem;

	if (warned || (problem = pt_workers_problem()) == NULL)
		return;
	warned = true;
	ereport(WARNING,
			(errmsg("messages are queued, but no portatext worker serves this database"),
			 errhint("%s", problem)));
}

/* Charges and stores a checked order; the message's id is message_id. */
static void
accept_order(const PtOrder *order, const pg_uuid_t *message_id)
{
	PtRefusal	refusal;

	if (!pt_charge(order->account->account_id, order->cost))
	{
		pt_refuse(&refusal, PT_REFUSE_NO_CREDITS, "The message costs %s credits.",
				  DatumGetCString(DirectFunctionCall1(numeric_out, order->cost)));
		pt_refusal_raise(&refusal);
	}
	pt_store_one(order, UUIDPGetDatum(message_id));
	pt_wake_at_commit();
}

bool
pt_send_order(FunctionCallInfo fcinfo, PtOrder *order, pg_uuid_t *message_id)
{
	PtRefusal	refusal;
	PtRole		saved;
	bool		known;

	pt_read_order(fcinfo, 1, order);
	order->recipient = ARG_TEXT(0);
	order->account = pt_account_get(pt_current_account());
	pt_become_keeper(&saved);
	known = pt_key_find(order, message_id);
	if (!known)
	{
		pt_order_find_text(order);
		if (!pt_order_check(order, PT_ASK_LISTS, &refusal))
			pt_refusal_raise(&refusal);
		pt_uuid7(message_id);
		known = pt_key_claim(order, message_id);
		if (!known)
			accept_order(order, message_id);
	}
	pt_become_caller(&saved);
	return !known;
}

PG_FUNCTION_INFO_V1(pt_send_sms);

/* portatext.send_sms(to_number, body, ...): the message's id; raises on refusal. */
Datum
pt_send_sms(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *message_id = palloc(sizeof(pg_uuid_t));
	PtOrder		order;

	SPI_connect();
	pt_send_order(fcinfo, &order, message_id);
	SPI_finish();
	pt_warn_unsent();
	PG_RETURN_UUID_P(message_id);
}
