/*
 * inbound_route.c
 *	  For whom a message is that has come in, and how it is kept (SMS-16).
 *
 * A short code with services, which is the room service's, goes before a number
 * of an account: else a number with its digits would swallow the opt-outs.  The message is stored, charged, even below zero (BILL-08,
 * BILL-10), and announced in one statement.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "billing/billing.h"
#include "sms/campaign_hook.h"
#include "sms/inbound_route.h"
#include "sms/store.h"
#include "text/encoding.h"

/* Two of the installation's numbers that answer by themselves do not answer each other. */
static PtPlan did_plan = {
	"SELECT d.account_id, d.stop_detection, d.stop_text, CASE WHEN d.auto_reply IS NOT NULL AND NOT EXISTS ("
	"    SELECT FROM portatext.did o WHERE o.number = $2::text AND o.auto_reply IS NOT NULL) THEN d.auto_reply END"
	" FROM portatext.did d WHERE d.number = $1::text",
	2, {TEXTOID, TEXTOID}
};

/* The argument of the step. */
typedef struct Response
{
	int64		account_id;
	const char *number;
} Response;

static PtPlan store_plan = {
	"WITH a AS ("
	"  SELECT a.inbound_cost AS cost, a.message_events FROM portatext.account a WHERE a.account_id = $2),"
	" stored AS ("
	"  INSERT INTO portatext.message (message_id, account_id, inbound, state, step, carrier_id, segments,"
	"      cost, from_number, to_number, encoding, body, created_at, finished_at, service_id)"
	"    SELECT $1, $2, true, 'received', 'final', $3, $4, a.cost, $5, $6, $7, $8, $9, $9, $10 FROM a),"
	" told AS ("
	"  INSERT INTO portatext.event (account_id, type, subject, payload, created_at)"
	"    SELECT $2, 'message.received', $1::text, pg_catalog.jsonb_strip_nulls("
	"        pg_catalog.jsonb_build_object('state', 'received', 'from', $5, 'to', $6, 'service', $11::text)), $9"
	"      FROM a WHERE a.message_events),"
	" booked AS ("
	"  INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, created_at)"
	"    SELECT $2, $1, 'inbound', - a.cost, $9 FROM a WHERE a.cost > 0)"
	" SELECT a.cost FROM a",
	11, {UUIDOID, INT8OID, INT4OID, INT2OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID,
	INT8OID, TEXTOID}
};

/* Encoding and segments of a text as it came; at most what the column holds. */
static void
analyze(text *body, PtAnalysis *analysis)
{
	size_t		len;
	const char *utf8 = pt_text_utf8(body, &len);

	if (!pt_text_analyze(utf8, len, NULL, analysis))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("the text of an inbound message cannot be read")));
	analysis->segments = Min(analysis->segments, PG_INT16_MAX);
}

/* Step: a campaign that wrote to this number has an answer. */
static void
respond(void *arg)
{
	const Response *r = arg;

	pt_campaign_hooks->responded(r->account_id, r->number, false);
}

/* Tells the room campaign, if it is there, that the account's message has come in. */
static void
tell_campaigns(const PtInbound *message, int64 account_id, const pg_uuid_t *id)
{
	Response	response = {.account_id = account_id,.number = message->from};

	if (pt_campaign_hooks != NULL)
		pt_inbound_step("response", id, respond, &response);
}

void
pt_inbound_store(const PtInbound *message, int64 account_id, int64 service_id, const char *keyword,
				 const pg_uuid_t *id)
{
	PtAnalysis	analysis;
	Datum		values[11];
	char		nulls[12] = "           ";
	PtRole		saved;
	bool		isnull;

	analyze(message->body, &analysis);
	values[0] = UUIDPGetDatum(id);
	values[1] = Int64GetDatum(account_id);
	values[2] = Int32GetDatum(message->carrier_id);
	values[3] = Int16GetDatum((int16) analysis.segments);
	values[4] = CStringGetTextDatum(message->from);
	values[5] = CStringGetTextDatum(message->to);
	values[6] = CStringGetTextDatum(pt_encoding_name(analysis.encoding));
	values[7] = PointerGetDatum(message->body);
	values[8] = TimestampTzGetDatum(pt_now());
	values[9] = Int64GetDatum(service_id);
	nulls[9] = service_id == 0 ? 'n' : ' ';
	nulls[10] = keyword == NULL ? 'n' : ' ';
	if (keyword != NULL)
		values[10] = CStringGetTextDatum(keyword);
	pt_become_keeper(&saved);
	if (pt_plan_run(&store_plan, values, nulls, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("account %lld does not exist", (long long) account_id)));
	pt_become_caller(&saved);
	pt_debit(account_id, pt_result(0, 1, &isnull));
	tell_campaigns(message, account_id, id);
}

bool
pt_inbound_answerable(const PtInbound *message)
{
	return pt_number_possible(message->from, strlen(message->from));
}

/* Whose number it was sent to; false: no account's. */
static bool
find_did(const PtInbound *message, PtDid *did)
{
	Datum		values[2] = {CStringGetTextDatum(message->to), CStringGetTextDatum(message->from)};
	PtRole		saved;
	uint64		found;
	bool		isnull;
	Datum		reply;

	pt_become_keeper(&saved);
	found = pt_plan_run(&did_plan, values, NULL, SPI_OK_SELECT);
	pt_become_caller(&saved);
	if (found == 0)
		return false;
	did->account_id = DatumGetInt64(pt_result(0, 1, &isnull));
	did->stop_detection = DatumGetBool(pt_result(0, 2, &isnull));
	did->stop_text = DatumGetTextPP(pt_result(0, 3, &isnull));
	reply = pt_result(0, 4, &isnull);
	did->auto_reply = isnull ? NULL : DatumGetTextPP(reply);
	return true;
}

bool
pt_inbound_route(const PtInbound *message, const pg_uuid_t *id)
{
	PtDid		did;

	if (pt_service_hooks != NULL && pt_service_hooks->inbound != NULL &&
		pt_service_hooks->inbound(message, id))
		return true;
	if (!find_did(message, &did))
		return false;
	pt_inbound_store(message, did.account_id, 0, NULL, id);
	pt_did_inbound(message, &did, id);
	return true;
}

void
pt_inbound_redo(const PtInbound *message, int64 account_id, const pg_uuid_t *id)
{
	PtDid		did;

	tell_campaigns(message, account_id, id);
	if (pt_service_hooks != NULL && pt_service_hooks->redo != NULL &&
		pt_service_hooks->redo(message, account_id, id))
		return;
	if (find_did(message, &did) && did.account_id == account_id)
		pt_did_inbound(message, &did, id);
}
