/*
 * inbound.c
 *	  Messages that come in: receive_sms().
 *
 * A message is stored, charged and announced for whoever it is for, and does
 * what it sets off, in one transaction (inbound_route.c).  What is nobody's is
 * kept for the operator; inbound_again.c takes it in again.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "account/account.h"
#include "cache.h"
#include "number/number.h"
#include "sms/inbound.h"
#include "sms/inbound_route.h"

static PtPlan carrier_plan = {
	"SELECT c.carrier_id FROM portatext.carriers c WHERE c.name = $1",
	1, {TEXTOID}
};

static PtPlan claim_ref_plan = {
	"INSERT INTO portatext.inbound_ref (carrier_id, ref, message_id) VALUES ($1, $2, $3)"
	" ON CONFLICT DO NOTHING",
	3, {INT4OID, TEXTOID, UUIDOID}
};

/* The message that an earlier call with the same reference made. */
static PtPlan earlier_plan = {
	"SELECT m.message_id FROM portatext.inbound_ref i"
	" JOIN portatext.message m ON m.message_id = i.message_id"
	" WHERE i.carrier_id = $1 AND i.ref = $2",
	2, {INT4OID, TEXTOID}
};

static PtPlan unrouted_plan = {
	"INSERT INTO portatext.unrouted (unrouted_id, from_number, to_number, body, carrier_id, ref)"
	" VALUES ($1, $2, $3, $4, $5, $6)",
	6, {UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, TEXTOID}
};

/* The carrier's id as a value; raises 42704 when there is no such carrier.  Inside SPI. */
static Datum
carrier_by_name(Datum name)
{
	bool		isnull;

	if (pt_plan_run(&carrier_plan, &name, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("carrier \"%s\" does not exist", TextDatumGetCString(name)),
				 errhint("The view portatext.carriers lists the carriers.")));
	return pt_result(0, 1, &isnull);
}

/* The carrier that was asked for last is remembered: most messages are one's. */
int32
pt_inbound_carrier(Datum name)
{
	static PtCache cache = {.tables = {"carrier"}};
	static char known[NAMEDATALEN];
	static int32 carrier_id;
	char	   *wanted = TextDatumGetCString(name);

	if (pt_cache_fresh(&cache) && strcmp(wanted, known) == 0)
		return carrier_id;
	pt_cache_begin(&cache);
	carrier_id = DatumGetInt32(carrier_by_name(name));
	strlcpy(known, strlen(wanted) < sizeof(known) ? wanted : "", sizeof(known));
	pt_cache_loaded(&cache);
	return carrier_id;
}

PG_FUNCTION_INFO_V1(pt_carrier_number);

/* portatext.carrier_number(text) */
Datum
pt_carrier_number(PG_FUNCTION_ARGS)
{
	Datum		number;

	SPI_connect();
	number = carrier_by_name(PG_GETARG_DATUM(0));
	SPI_finish();
	PG_RETURN_DATUM(number);
}

/*
 * A number as carriers write it, in our form: separators dropped, 00 or nothing
 * before 9 or more digits read as +.  What is no address even then is returned
 * as it came, with ok false.
 */
static char *
read_address(const char *raw, bool *ok)
{
	char	   *number = (char *) palloc(strlen(raw) + 2) + 1;	/* room for + */
	size_t		n = 0;

	*ok = true;
	for (const char *p = raw; *p != '\0'; p++)
		if (strchr(" -.()", *p) == NULL)
			number[n++] = *p;
	number[n] = '\0';
	if (strncmp(number, "00", 2) == 0)
		*++number = '+';
	else if (n >= 9 && number[0] != '+')
		*--number = '+';
	if (pt_e164_valid(number, strlen(number)))
		return number;
	*ok = pt_address_kind(raw, strlen(raw)) != PT_ADDRESS_INVALID;
	return pstrdup(raw);
}

void
pt_inbound_addresses(PtArrival *arrival, const char *from, const char *to)
{
	bool		from_ok;
	bool		to_ok;

	arrival->message.from = read_address(from, &from_ok);
	arrival->message.to = read_address(to, &to_ok);
	arrival->addresses_ok = from_ok && to_ok;
}

/*
 * Is the carrier's reference new?  It is remembered as arrival->id's.  false: it
 * came before; *known tells whether its message is there, which id then is.
 */
static bool
claim_ref(PtArrival *arrival, bool *known)
{
	Datum		values[3] = {Int32GetDatum(arrival->message.carrier_id),
		PointerGetDatum(arrival->ref), UUIDPGetDatum(&arrival->id)};
	bool		isnull;

	*known = false;
	if (pt_plan_run(&claim_ref_plan, values, NULL, SPI_OK_INSERT) > 0)
		return true;
	*known = pt_plan_run(&earlier_plan, values, NULL, SPI_OK_SELECT) > 0;
	if (*known)
		arrival->id = *DatumGetUUIDP(pt_result(0, 1, &isnull));
	return false;
}

/* Keeps a message that belongs to nobody. */
static void
keep_unrouted(const PtArrival *arrival)
{
	const PtInbound *m = &arrival->message;
	Datum		values[6] = {UUIDPGetDatum(&arrival->id), CStringGetTextDatum(m->from),
		CStringGetTextDatum(m->to), PointerGetDatum(m->body), Int32GetDatum(m->carrier_id),
	PointerGetDatum(arrival->ref)};

	pt_plan_run(&unrouted_plan, values, arrival->ref == NULL ? "     n" : NULL, SPI_OK_INSERT);
}

bool
pt_inbound_deliver(PtArrival *arrival)
{
	if (arrival->addresses_ok && pt_inbound_route(&arrival->message, &arrival->id))
		return true;
	keep_unrouted(arrival);
	return false;
}

/* Raises 22004 when one of the arguments before body is null. */
static void
check_arguments(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"carrier", "from_number", "to_number"};

	for (int i = 0; i < lengthof(names); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be null", names[i])));
}

bool
pt_inbound_take(PtArrival *arrival)
{
	bool		known;

	if (arrival->ref != NULL && !claim_ref(arrival, &known))
		return known;
	return pt_inbound_deliver(arrival);
}

PG_FUNCTION_INFO_V1(pt_receive_sms);

/*
 * portatext.receive_sms(carrier, from_number, to_number, body, ref): the id of
 * the message, null when the text is empty (BILL-12) or nobody owns to_number.
 */
Datum
pt_receive_sms(PG_FUNCTION_ARGS)
{
	PtArrival	arrival = {.ref = NULL};
	pg_uuid_t  *id;
	bool		taken;

	pt_require_all("messages are not received");
	check_arguments(fcinfo);
	if (PG_ARGISNULL(3) || VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(3)) == 0)
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(4) && VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(4)) > 0)
		arrival.ref = PG_GETARG_TEXT_PP(4);
	arrival.message.body = PG_GETARG_TEXT_PP(3);
	pt_inbound_addresses(&arrival, TextDatumGetCString(PG_GETARG_DATUM(1)), TextDatumGetCString(PG_GETARG_DATUM(2)));
	pt_uuid7(&arrival.id);
	SPI_connect();
	arrival.message.carrier_id = pt_inbound_carrier(PG_GETARG_DATUM(0));
	taken = pt_inbound_take(&arrival);
	SPI_finish();
	if (!taken)
		PG_RETURN_NULL();
	id = palloc(sizeof(pg_uuid_t));
	*id = arrival.id;
	PG_RETURN_UUID_P(id);
}
