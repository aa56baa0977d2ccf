/*
 * message.c
 *	  The answer to a client that sends one message: what was stored, without
 *	  reading it again.
 */
#include "api/api.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "sms/send.h"
#include "sms/store.h"

/* An object that is being built. */
typedef struct Answer
{
	JsonbParseState *state;
} Answer;

/* Adds a member; its value is already of one of the scalar types. */
static void
add_value(Answer *answer, const char *name, JsonbValue *value)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	pushJsonbValue(&answer->state, WJB_KEY, &key);
	pushJsonbValue(&answer->state, WJB_VALUE, value);
}

/* Adds a string of that many octets; NULL: null. */
static void
add_octets(Answer *answer, const char *name, const char *octets, int len)
{
	JsonbValue	value = {.type = octets == NULL ? jbvNull : jbvString};

	if (octets != NULL)
	{
		value.val.string.val = unconstify(char *, octets);
		value.val.string.len = len;
	}
	add_value(answer, name, &value);
}

static void
add_string(Answer *answer, const char *name, const char *string)
{
	add_octets(answer, name, string, string == NULL ? 0 : strlen(string));
}

/* Adds a numeric. */
static void
add_number(Answer *answer, const char *name, Datum number)
{
	JsonbValue	value = {.type = jbvNumeric};

	value.val.numeric = DatumGetNumeric(number);
	add_value(answer, name, &value);
}

/* A number as the API shows it. */
static const char *
digits(const char *number)
{
	return number[0] == '+' ? number + 1 : number;
}

/* Adds the time before which it is not sent, in the session's time zone; null: none. */
static void
add_send_at(Answer *answer, const PtOrder *order)
{
	char		buffer[MAXDATELEN + 1];
	TimestampTz at = order->schedule != NULL ? order->opens : order->send_at;

	if (order->schedule == NULL && !order->has_send_at)
		add_string(answer, "send_at", NULL);
	else
		add_string(answer, "send_at", pstrdup(JsonEncodeDateTime(buffer, TimestampTzGetDatum(at), TIMESTAMPTZOID, NULL)));
}

/* The answer for an order that was stored just now. */
static Datum
answer_stored(const PtOrder *order, const pg_uuid_t *message_id)
{
	Answer		answer = {NULL};
	JsonbValue	held = {.type = jbvBool};
	const text *ref = order->client_ref;

	held.val.boolean = order->held;
	pushJsonbValue(&answer.state, WJB_BEGIN_OBJECT, NULL);
	add_string(&answer, "id", DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(message_id))));
	add_string(&answer, "status", "queued");
	add_string(&answer, "from", digits(order->sender));
	add_string(&answer, "to", digits(order->to));
	add_string(&answer, "encoding", pt_encoding_name(order->analysis.encoding));
	add_number(&answer, "segments", DirectFunctionCall1(int4_numeric, Int32GetDatum(order->analysis.segments)));
	add_number(&answer, "cost", order->cost);
	add_octets(&answer, "client_ref", ref == NULL ? NULL : VARDATA_ANY(ref), ref == NULL ? 0 : VARSIZE_ANY_EXHDR(ref));
	add_send_at(&answer, order);
	add_value(&answer, "held", &held);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&answer.state, WJB_END_OBJECT, NULL)));
}

/* The same for a message that is there already, because its key was used before; null: it has been forgotten. */
static Datum
answer_known(const pg_uuid_t *message_id, bool *isnull)
{
	static PtPlan plan = {
		"SELECT jsonb_build_object('id', m.message_id, 'status', m.state, 'from', portatext.digits(m.from_number),"
		" 'to', portatext.digits(m.to_number), 'encoding', m.encoding, 'segments', m.segments, 'cost', m.cost,"
		" 'client_ref', m.client_ref, 'send_at', COALESCE((SELECT NULLIF(o.due, m.created_at) FROM portatext.outbox o"
		"  WHERE o.to_number = m.to_number::text AND o.message_id = m.message_id), m.send_at), 'held', EXISTS (SELECT FROM portatext.parked p"
		"  WHERE p.to_number = m.to_number::text AND p.message_id = m.message_id AND p.key = 'review'))"
		" FROM portatext.message m WHERE m.message_id = $1",
		1, {UUIDOID}
	};
	Datum		value = UUIDPGetDatum(message_id);

	*isnull = true;
	if (pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT) == 0)
		return (Datum) 0;
	return pt_result(0, 1, isnull);
}

PG_FUNCTION_INFO_V1(pt_api_send_sms);

/* portatext.api_send_sms(to_number, body, ...): send_sms, with what a client wants to know as its answer. */
Datum
pt_api_send_sms(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *message_id = palloc(sizeof(pg_uuid_t));
	PtOrder		order;
	Datum		answer;
	bool		isnull = false;

	SPI_connect();
	if (pt_send_order(fcinfo, &order, message_id))
		answer = answer_stored(&order, message_id);
	else
		answer = answer_known(message_id, &isnull);
	if (!isnull)
		answer = SPI_datumTransfer(answer, false, -1);
	SPI_finish();
	pt_warn_unsent();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(answer);
}

PG_FUNCTION_INFO_V1(pt_api_id);

/* portatext.api_id(uuid): the same; never raises. */
Datum
pt_api_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
