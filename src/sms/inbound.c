/*
 * inbound.c
 *	  Messages that come in: receive_sms().
 *
 * A message is matched to the account that owns the number it was sent to
 * (SMS-16), stored, charged, even below zero (BILL-08, BILL-10), and announced,
 * in one transaction.  What matches no account is kept for the operator.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "account/account.h"
#include "billing/billing.h"
#include "number/number.h"

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

/* Stores and announces; no row when no account owns the number. */
static PtPlan store_plan = {
	"WITH owner AS ("
	"  SELECT a.account_id, a.inbound_cost, a.message_events, d.number"
	"    FROM portatext.did d JOIN portatext.account a ON a.account_id = d.account_id"
	"    WHERE d.number = $3::text),"
	" stored AS ("
	"  INSERT INTO portatext.message (message_id, account_id, inbound, state, step, carrier_id, segments,"
	"      cost, from_number, to_number, encoding, body, finished_at)"
	"    SELECT $1, o.account_id, true, 'received', 'final', $5, LEAST(s.segments, 32767),"
	"        o.inbound_cost, $2, o.number, s.encoding, $4, portatext.now()"
	"      FROM owner o, portatext.sms_analyze($4) s"
	"    RETURNING account_id, message_id, from_number, to_number, cost),"
	" told AS ("
	"  INSERT INTO portatext.event (account_id, type, subject, payload)"
	"    SELECT s.account_id, 'message.received', s.message_id::text,"
	"        portatext.message_payload('received', s.from_number, s.to_number, NULL, NULL)"
	"      FROM stored s, owner o WHERE o.message_events)"
	" SELECT s.account_id, s.cost FROM stored s",
	5, {UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT4OID}
};

static PtPlan book_plan = {
	"INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount)"
	" SELECT $1, $2, 'inbound', - $3 WHERE $3 > 0",
	3, {INT8OID, UUIDOID, NUMERICOID}
};

static PtPlan unrouted_plan = {
	"INSERT INTO portatext.unrouted (unrouted_id, from_number, to_number, body, carrier_id, ref)"
	" VALUES ($1, $2, $3, $4, $5, $6)",
	6, {UUIDOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, TEXTOID}
};

/* The carrier's id; raises 42704 when there is no such carrier.  Inside SPI. */
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

/* False when the same reference came before; earlier is then its message or *none. */
static bool
first_time(Datum carrier, Datum ref, Datum id, Datum *earlier, bool *none)
{
	Datum		values[3] = {carrier, ref, id};

	if (pt_plan_run(&claim_ref_plan, values, NULL, SPI_OK_INSERT) > 0)
		return true;
	*none = pt_plan_run(&earlier_plan, values, NULL, SPI_OK_SELECT) == 0;
	if (!*none)
		*earlier = pt_result(0, 1, none);
	return false;
}

/* Keeps a message that belongs to nobody. */
static void
keep_unrouted(Datum *values, Datum ref, bool no_ref)
{
	Datum		all[6] = {values[0], values[1], values[2], values[3], values[4], ref};

	pt_plan_run(&unrouted_plan, all, no_ref ? "     n" : NULL, SPI_OK_INSERT);
}

/* Stores and charges; false: it belongs to nobody.  values as store_plan takes them. */
static bool
store(Datum *values)
{
	Datum		booking[3];
	bool		isnull;

	if (pt_plan_run(&store_plan, values, NULL, SPI_OK_SELECT) == 0)
		return false;
	booking[0] = pt_result(0, 1, &isnull);
	booking[1] = values[0];
	booking[2] = pt_result(0, 2, &isnull);
	pt_plan_run(&book_plan, booking, NULL, SPI_OK_INSERT);
	pt_debit(DatumGetInt64(booking[0]), booking[2]);
	return true;
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

PG_FUNCTION_INFO_V1(pt_receive_sms);

/*
 * portatext.receive_sms(carrier, from_number, to_number, body, ref): the id of
 * the message, null when the text is empty (BILL-12) or nobody owns to_number.
 */
Datum
pt_receive_sms(PG_FUNCTION_ARGS)
{
	bool		no_ref = PG_ARGISNULL(4) || VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(4)) == 0;
	Datum		ref = no_ref ? (Datum) 0 : PG_GETARG_DATUM(4);
	Datum		values[5];
	Datum		earlier;
	bool		none;
	bool		from_ok;
	bool		to_ok;

	pt_require_all("messages are not received");
	check_arguments(fcinfo);
	if (PG_ARGISNULL(3) || VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(3)) == 0)
		PG_RETURN_NULL();
	values[0] = pt_uuid7_datum();
	values[1] = CStringGetTextDatum(read_address(TextDatumGetCString(PG_GETARG_DATUM(1)), &from_ok));
	values[2] = CStringGetTextDatum(read_address(TextDatumGetCString(PG_GETARG_DATUM(2)), &to_ok));
	values[3] = PG_GETARG_DATUM(3);

	SPI_connect();
	values[4] = carrier_by_name(PG_GETARG_DATUM(0));
	if (!no_ref && !first_time(values[4], ref, values[0], &earlier, &none))
	{
		earlier = none ? (Datum) 0 : SPI_datumTransfer(earlier, false, UUID_LEN);
		SPI_finish();
		if (none)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(earlier);
	}
	none = !(from_ok && to_ok && store(values));
	if (none)
		keep_unrouted(values, ref, no_ref);
	SPI_finish();
	if (none)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(values[0]);
}
