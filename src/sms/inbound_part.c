/*
 * inbound_part.c
 *	  Messages that come in parts: receive_sms_part(), receive_sms_raw(), and what
 *	  is done when parts stay away (GEN-09).
 *
 * The row of inbound_join arbitrates: who adds a part locks it first, so that of
 * two that bring the last parts the second one sees both.  The carrier's ids of
 * all parts belong to the message from the first part on.
 */
#include "portatext.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "account/account.h"
#include "sms/inbound.h"
#include "sms/inbound_route.h"
#include "text/gsm.h"
#include "text/parts.h"

#define LATE_LIMIT_TEXT "100"

/* One part that has come in. */
typedef struct Fragment
{
	int			reference;
	int			total;
	PtInPart	part;
	bytea	   *data;
} Fragment;

/* The message of a reference that came before, if any, and whether it is still to be joined. */
static PtPlan known_plan = {
	"SELECT m.message_id, j.join_id IS NOT NULL FROM portatext.inbound_ref i"
	" LEFT JOIN portatext.message m ON m.message_id = i.message_id"
	" LEFT JOIN portatext.inbound_join j ON j.join_id = i.message_id"
	" WHERE i.carrier_id = $1 AND i.ref = $2",
	2, {INT4OID, TEXTOID}
};

/* Finds or makes the message's row, and locks it. */
static PtPlan open_plan = {
	"INSERT INTO portatext.inbound_join AS j (join_id, carrier_id, from_number, to_number, reference, parts, last_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, portatext.now())"
	" ON CONFLICT (carrier_id, from_number, to_number, reference, parts)"
	" DO UPDATE SET last_at = EXCLUDED.last_at RETURNING j.join_id",
	6, {UUIDOID, INT4OID, TEXTOID, TEXTOID, INT4OID, INT2OID}
};

/* Is the part there, and is it the same? */
static PtPlan present_plan = {
	"SELECT p.coding = $3 AND p.data = $4 FROM portatext.inbound_part p WHERE p.join_id = $1 AND p.part = $2",
	4, {UUIDOID, INT2OID, INT2OID, BYTEAOID}
};

static PtPlan claim_plan = {
	"INSERT INTO portatext.inbound_ref AS r (carrier_id, ref, message_id) VALUES ($1, $2, $3)"
	" ON CONFLICT (carrier_id, ref) DO UPDATE SET message_id = r.message_id RETURNING r.message_id = $3",
	3, {INT4OID, TEXTOID, UUIDOID}
};

static PtPlan close_empty_plan = {
	"DELETE FROM portatext.inbound_join j WHERE j.join_id = $1"
	" AND NOT EXISTS (SELECT FROM portatext.inbound_part p WHERE p.join_id = $1)",
	1, {UUIDOID}
};

static PtPlan add_plan = {
	"INSERT INTO portatext.inbound_part (join_id, part, coding, single_shift, locking_shift, data, ref)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)",
	7, {UUIDOID, INT2OID, INT2OID, INT2OID, INT2OID, BYTEAOID, TEXTOID}
};

static PtPlan count_plan = {
	"SELECT pg_catalog.count(*) FROM portatext.inbound_part p WHERE p.join_id = $1",
	1, {UUIDOID}
};

static PtPlan parts_plan = {
	"SELECT p.part, p.coding, p.single_shift, p.locking_shift, p.data, p.ref"
	" FROM portatext.inbound_part p WHERE p.join_id = $1 ORDER BY p.part",
	1, {UUIDOID}
};

static PtPlan close_plan = {
	"WITH p AS (DELETE FROM portatext.inbound_part x WHERE x.join_id = $1)"
	" DELETE FROM portatext.inbound_join j WHERE j.join_id = $1",
	1, {UUIDOID}
};

/* An empty message leaves no trace. */
static PtPlan forget_refs_plan = {
	"DELETE FROM portatext.inbound_ref r WHERE r.carrier_id = $2 AND r.message_id = $1"
	" AND r.ref = ANY (ARRAY(SELECT p.ref FROM portatext.inbound_part p WHERE p.join_id = $1))",
	2, {UUIDOID, INT4OID}
};

static PtPlan late_plan = {
	"SELECT j.join_id, j.carrier_id, j.from_number, j.to_number, j.parts FROM portatext.inbound_join j"
	" WHERE j.last_at <= $1 ORDER BY j.last_at LIMIT " LATE_LIMIT_TEXT " FOR UPDATE SKIP LOCKED",
	1, {TIMESTAMPTZOID}
};

static PtPlan postpone_plan = {
	"UPDATE portatext.inbound_join j SET last_at = portatext.now() WHERE j.join_id = $1",
	1, {UUIDOID}
};

/* UTF-8 as a text of the database; '?' stands for what its encoding does not have. */
static text *
server_text(const char *utf8, int len)
{
	int			encoding = GetDatabaseEncoding();
	Oid			converter = encoding == PG_UTF8 || encoding == PG_SQL_ASCII ? InvalidOid :
		FindDefaultConversionProc(PG_UTF8, encoding);
	int			room = len * MAX_CONVERSION_GROWTH + 1;
	char	   *out;
	int			used = 0;

	if (!OidIsValid(converter))
		return cstring_to_text_with_len(utf8, len);
	out = palloc(room);
	while (len > 0)
	{
		int			taken = pg_do_encoding_conversion_buf(converter, PG_UTF8, encoding, (unsigned char *) utf8, len,
														  (unsigned char *) out + used, room - used, true);

		used += strlen(out + used);
		if (taken < len)
		{
			out[used++] = '?';
			taken += pg_utf_mblen((const unsigned char *) utf8 + taken);
		}
		utf8 += taken;
		len -= taken;
	}
	return cstring_to_text_with_len(out, used);
}

/* The text of so many parts, whose octets lie one after the other; NULL: it is empty. */
static text *
joined_text(const PtInPart *parts, int n, int total, const unsigned char *data, size_t octets)
{
	size_t		room = pt_parts_room(octets, n);
	char	   *utf8 = palloc(room);
	int			len = pt_parts_join(parts, n, total, data, utf8, room);

	return len > 0 ? server_text(utf8, len) : NULL;
}

/* A column of a part's row that is a small number. */
static int
small_number(uint64 row, int col)
{
	bool		isnull;

	return DatumGetInt16(pt_result(row, col, &isnull));
}

/* Reads the parts that are there: their text, and the first one's reference for the arrival. */
static text *
read_parts(PtArrival *arrival, int total)
{
	Datum		id = UUIDPGetDatum(&arrival->id);
	int			n = (int) pt_plan_run_latest(&parts_plan, &id, NULL, SPI_OK_SELECT);
	PtInPart   *parts = palloc0((n + 1) * sizeof(PtInPart));
	StringInfoData octets;

	initStringInfo(&octets);
	arrival->ref = NULL;
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		bytea	   *data = DatumGetByteaPP(pt_result(i, 5, &isnull));
		Datum		ref;

		parts[i].number = small_number(i, 1);
		parts[i].coding = (PtCoding) small_number(i, 2);
		parts[i].single_shift = small_number(i, 3);
		parts[i].locking_shift = small_number(i, 4);
		parts[i].len = VARSIZE_ANY_EXHDR(data);
		appendBinaryStringInfo(&octets, VARDATA_ANY(data), (int) parts[i].len);
		ref = pt_result(i, 6, &isnull);
		if (arrival->ref == NULL && !isnull)
			arrival->ref = DatumGetTextPP(ref);
	}
	return joined_text(parts, n, total, (unsigned char *) octets.data, octets.len);
}

/* Takes in the message, as far as it is there; false: it is empty, or nobody's. */
static bool
join(PtArrival *arrival, int total)
{
	Datum		values[2] = {UUIDPGetDatum(&arrival->id), Int32GetDatum(arrival->message.carrier_id)};

	arrival->message.body = read_parts(arrival, total);
	if (arrival->message.body == NULL)
		pt_plan_run_latest(&forget_refs_plan, values, NULL, SPI_OK_DELETE);
	pt_plan_run_latest(&close_plan, values, NULL, SPI_OK_DELETE);
	return arrival->message.body != NULL && pt_inbound_deliver(arrival);
}

/*
 * Did a part with this reference come before, and is its message joined?  Then id
 * is its message, if *found.
 */
static bool
is_repeat(PtArrival *arrival, bool *found)
{
	Datum		values[2] = {Int32GetDatum(arrival->message.carrier_id), PointerGetDatum(arrival->ref)};
	bool		isnull;
	Datum		id;

	*found = false;
	if (arrival->ref == NULL || pt_plan_run_latest(&known_plan, values, NULL, SPI_OK_SELECT) == 0 ||
		DatumGetBool(pt_result(0, 2, &isnull)))
		return false;
	id = pt_result(0, 1, &isnull);
	*found = !isnull;
	if (*found)
		arrival->id = *DatumGetUUIDP(id);
	return true;
}

/* Locks the message's row; id becomes the message's. */
static void
open_join(PtArrival *arrival, const Fragment *f)
{
	Datum		values[6] = {UUIDPGetDatum(&arrival->id), Int32GetDatum(arrival->message.carrier_id),
		CStringGetTextDatum(arrival->message.from), CStringGetTextDatum(arrival->message.to),
	Int32GetDatum(f->reference), Int16GetDatum(f->total)};
	bool		isnull;

	pt_plan_run_latest(&open_plan, values, NULL, SPI_OK_INSERT_RETURNING);
	arrival->id = *DatumGetUUIDP(pt_result(0, 1, &isnull));
}

/*
 * Is the part there already?  If with other content, the sender has used the
 * reference again: the earlier message is taken in as far as it came, and this
 * part begins another.
 */
static bool
is_present(PtArrival *arrival, const Fragment *f)
{
	Datum		values[4] = {UUIDPGetDatum(&arrival->id), Int16GetDatum(f->part.number),
	Int16GetDatum(f->part.coding), PointerGetDatum(f->data)};
	PtArrival	earlier = *arrival;
	bool		isnull;

	if (pt_plan_run_latest(&present_plan, values, NULL, SPI_OK_SELECT) == 0)
		return false;
	if (DatumGetBool(pt_result(0, 1, &isnull)))
		return true;
	join(&earlier, f->total);
	pt_uuid7(&arrival->id);
	open_join(arrival, f);
	return false;
}

/* Remembers the part's reference; false: it is another message's, taken in by somebody else just now. */
static bool
claim_ref(PtArrival *arrival)
{
	Datum		values[3] = {Int32GetDatum(arrival->message.carrier_id), PointerGetDatum(arrival->ref),
	UUIDPGetDatum(&arrival->id)};
	bool		isnull;

	if (arrival->ref == NULL)
		return true;
	pt_plan_run_latest(&claim_plan, values, NULL, SPI_OK_INSERT_RETURNING);
	if (DatumGetBool(pt_result(0, 1, &isnull)))
		return true;
	pt_plan_run_latest(&close_empty_plan, &values[2], NULL, SPI_OK_DELETE);
	return false;
}

/* Adds the part; how many are there now? */
static int64
add_part(PtArrival *arrival, const Fragment *f)
{
	Datum		values[7] = {UUIDPGetDatum(&arrival->id), Int16GetDatum(f->part.number),
		Int16GetDatum(f->part.coding), Int16GetDatum(f->part.single_shift),
		Int16GetDatum(f->part.locking_shift), PointerGetDatum(f->data), PointerGetDatum(arrival->ref)};
	bool		isnull;

	pt_plan_run_latest(&add_plan, values, arrival->ref != NULL ? NULL : "      n", SPI_OK_INSERT);
	PT_POINT("inbound_part_added");
	pt_plan_run_latest(&count_plan, values, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* Takes one part in; true: arrival->id is the message that it belongs to. */
static bool
take_part(PtArrival *arrival, const Fragment *f)
{
	bool		found;
	bool		present;

	pt_uuid7(&arrival->id);
	if (is_repeat(arrival, &found))
		return found;
	open_join(arrival, f);
	present = is_present(arrival, f);
	if (!claim_ref(arrival) || present || add_part(arrival, f) < f->total)
		return false;
	return join(arrival, f->total);
}

/* Reads the arguments that all have; false: one of the others is null and there is nothing to take in. */
static void
read_arguments(FunctionCallInfo fcinfo, PtArrival *arrival, int ref)
{
	static const char *const names[] = {"carrier", "from_number", "to_number"};

	pt_require_all("messages are not received");
	for (int i = 0; i < lengthof(names); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be null", names[i])));
	memset(arrival, 0, sizeof(*arrival));
	if (!PG_ARGISNULL(ref) && VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(ref)) > 0)
		arrival->ref = PG_GETARG_TEXT_PP(ref);
	pt_inbound_addresses(arrival, TextDatumGetCString(PG_GETARG_DATUM(1)), TextDatumGetCString(PG_GETARG_DATUM(2)));
}

/* Takes the message (parts: 1) or part in; the function's result. */
static Datum
take(FunctionCallInfo fcinfo, PtArrival *arrival, const Fragment *f)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	bool		taken;

	SPI_connect();
	arrival->message.carrier_id = pt_inbound_carrier(PG_GETARG_DATUM(0));
	if (f->total > 1)
		taken = take_part(arrival, f);
	else
	{
		pt_uuid7(&arrival->id);
		taken = arrival->message.body != NULL && pt_inbound_take(arrival);
	}
	SPI_finish();
	if (!taken)
		PG_RETURN_NULL();
	*id = arrival->id;
	PG_RETURN_UUID_P(id);
}

/* An argument that is a number from low to high; null is fallback, where that is in range. */
static int
number_argument(FunctionCallInfo fcinfo, int arg, const char *name, int low, int high, int fallback)
{
	int			value = PG_ARGISNULL(arg) ? fallback : PG_GETARG_INT32(arg);

	if (value < low || value > high)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between %d and %d", name, low, high)));
	return value;
}

PG_FUNCTION_INFO_V1(pt_receive_sms_part);

/* portatext.receive_sms_part(carrier, from_number, to_number, body, reference, part, parts, ref) */
Datum
pt_receive_sms_part(PG_FUNCTION_ARGS)
{
	PtArrival	arrival;
	Fragment	f = {.part.coding = PT_CODING_TEXT};
	char	   *body = PG_ARGISNULL(3) ? "" : TextDatumGetCString(PG_GETARG_DATUM(3));

	read_arguments(fcinfo, &arrival, 7);
	f.reference = number_argument(fcinfo, 4, "reference", 0, INT_MAX, 0);
	f.total = number_argument(fcinfo, 6, "parts", 1, PT_MAX_PARTS, 0);
	f.part.number = number_argument(fcinfo, 5, "part", 1, f.total, 0);
	f.data = (bytea *) cstring_to_text(pg_server_to_any(body, (int) strlen(body), PG_UTF8));
	arrival.message.body = body[0] != '\0' ? PG_GETARG_TEXT_PP(3) : NULL;
	return take(fcinfo, &arrival, &f);
}

/* What the header says of the part; raises 22023 when it is malformed. */
static void
read_header(bytea *header, Fragment *f)
{
	PtUdh		udh;

	if (VARSIZE_ANY_EXHDR(header) == 0)
		return;
	if (!pt_text_read_udh((unsigned char *) VARDATA_ANY(header), VARSIZE_ANY_EXHDR(header), &udh))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the user data header is malformed"),
				 errdetail("It begins with its length and holds information elements (3GPP TS 23.040, 9.2.3.24).")));
	f->reference = (int) udh.reference + (udh.wide_reference ? PT_WIDE_REFERENCE : 0);
	f->total = udh.total;
	f->part.number = udh.part;
	f->part.single_shift = udh.single_shift;
	f->part.locking_shift = udh.locking_shift;
}

PG_FUNCTION_INFO_V1(pt_receive_sms_raw);

/* portatext.receive_sms_raw(carrier, from_number, to_number, data, coding, udh, ref) */
Datum
pt_receive_sms_raw(PG_FUNCTION_ARGS)
{
	PtArrival	arrival;
	Fragment	f = {.total = 1,.part.number = 1};

	read_arguments(fcinfo, &arrival, 6);
	f.part.coding = (PtCoding) number_argument(fcinfo, 4, "coding", PT_CODING_GSM, PT_CODING_UCS2, PT_CODING_GSM);
	if (!PG_ARGISNULL(5))
		read_header(PG_GETARG_BYTEA_PP(5), &f);
	f.data = PG_ARGISNULL(3) ? (bytea *) cstring_to_text("") : PG_GETARG_BYTEA_PP(3);
	f.part.len = VARSIZE_ANY_EXHDR(f.data);
	if (f.total == 1)
		arrival.message.body = joined_text(&f.part, 1, 1, (unsigned char *) VARDATA_ANY(f.data), f.part.len);
	return take(fcinfo, &arrival, &f);
}

/* A message to be taken in as far as it came. */
typedef struct Late
{
	PtArrival	arrival;
	int			total;
} Late;

/* PtInboundStep */
static void
join_late(void *arg)
{
	Late	   *late = arg;

	join(&late->arrival, late->total);
}

/* Takes one in; what cannot be is tried again when as much time has passed. */
static void
take_late(Late *late)
{
	pg_uuid_t	id = late->arrival.id;
	Datum		value = UUIDPGetDatum(&id);
	ErrorData  *error = pt_inbound_try(join_late, late);

	if (error == NULL)
		return;
	pt_plan_run_latest(&postpone_plan, &value, NULL, SPI_OK_UPDATE);
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("the parts of inbound message %s cannot be taken in yet: %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, value)), error->message)));
	FreeErrorData(error);
}

PG_FUNCTION_INFO_V1(pt_join_late_parts);

/* portatext.join_late_parts(before) */
Datum
pt_join_late_parts(PG_FUNCTION_ARGS)
{
	Datum		before = PG_GETARG_DATUM(0);
	SPITupleTable *rows;
	uint64		n;

	pt_require_all("messages are not received");
	SPI_connect();
	n = pt_plan_run_latest(&late_plan, &before, NULL, SPI_OK_SELECT);
	rows = SPI_tuptable;
	for (uint64 i = 0; i < n; i++)
	{
		HeapTuple	row = rows->vals[i];
		Late		late = {.total = 0};
		bool		isnull;

		late.arrival.id = *DatumGetUUIDP(SPI_getbinval(row, rows->tupdesc, 1, &isnull));
		late.arrival.message.carrier_id = DatumGetInt32(SPI_getbinval(row, rows->tupdesc, 2, &isnull));
		pt_inbound_addresses(&late.arrival, SPI_getvalue(row, rows->tupdesc, 3), SPI_getvalue(row, rows->tupdesc, 4));
		late.total = DatumGetInt16(SPI_getbinval(row, rows->tupdesc, 5, &isnull));
		take_late(&late);
	}
	SPI_finish();
	PG_RETURN_INT64((int64) n);
}
