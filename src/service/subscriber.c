/*
 * subscriber.c
 *	  Opt-in and opt-out of one number: state, evidence, event and what waits,
 *	  in the caller's transaction (SUB-01, SUB-02, SUB-08, SUB-12).
 *
 * Nothing here depends on money (FLOW-14).  The statements name the service and
 * run as the keeper, so that they are planned once for all callers.
 */
#include "service/subscriber.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "service/service.h"
#include "sms/automatic.h"

/* $1 service, $2 number, $3 message, $4 source, $5 evidence, $6 text that was shown. */
#define CONSENT_ARGS 6, {INT8OID, TEXTOID, UUIDOID, TEXTOID, JSONBOID, TEXTOID}

#define KEEP_EVIDENCE(action) \
	"kept AS (INSERT INTO portatext.consent" \
	"  (account_id, service_id, number, action, source, message_id, evidence, shown_text)" \
	"  SELECT s.account_id, s.service_id, $2, '" action "', $4, $3, COALESCE($5, '{}'), $6 FROM s)"

#define TELL(event, cte) \
	"told AS (INSERT INTO portatext.event (account_id, type, subject, payload)" \
	"  SELECT s.account_id, '" event "', s.keyword, pg_catalog.jsonb_build_object('service_id', s.service_id," \
	"      'number', $2, 'source', $4, 'message_id', $3)" \
	"    FROM s, " cte ")"

static PtPlan opt_in_plan = {
	"WITH s AS MATERIALIZED (SELECT x.service_id, x.account_id, x.keyword FROM portatext.service x"
	"  WHERE x.service_id = $1),"
	" joined AS (INSERT INTO portatext.subscriber AS x (service_id, number, account_id, since, changed_at, reminder_due)"
	"  SELECT s.service_id, $2, s.account_id, t.now, t.now, t.now + interval '30 days' FROM s, portatext.now() t (now)"
	"  ON CONFLICT (service_id, number) DO UPDATE SET state = 'active', since = excluded.since,"
	"    changed_at = excluded.changed_at, reminder_due = excluded.reminder_due, reminder_unpaid = false"
	"    WHERE x.state IN ('opted_out', 'cancelled')"
	"  RETURNING 1),"
	KEEP_EVIDENCE("opt_in") ","
	TELL("subscriber.opted_in", "joined")
	" SELECT EXISTS (SELECT FROM joined) FROM s",
	CONSENT_ARGS
};

/*
 * A number that is not there is inserted: so an opt-out waits for the first
 * opt-in of the same number if that is just being written, and comes after it.
 */
static PtPlan opt_out_plan = {
	"WITH s AS MATERIALIZED (SELECT x.service_id, x.account_id, x.keyword FROM portatext.service x"
	"  WHERE x.service_id = $1),"
	" reached AS (INSERT INTO portatext.subscriber AS x (service_id, number, account_id, state, reminder_due)"
	"  SELECT s.service_id, $2, s.account_id, 'opted_out', '-infinity' FROM s"
	"  ON CONFLICT (service_id, number) DO UPDATE SET state = 'opted_out', changed_at = excluded.changed_at,"
	"    reminder_unpaid = false WHERE x.state IN ('active', 'paused')"
	"  RETURNING x.reminder_due > '-infinity' AS subscribed),"
	" gone AS (SELECT FROM reached r WHERE r.subscribed),"
	KEEP_EVIDENCE("opt_out") ","
	TELL("subscriber.opted_out", "gone")
	" SELECT EXISTS (SELECT FROM gone), EXISTS (SELECT FROM reached r WHERE NOT r.subscribed) FROM s",
	CONSENT_ARGS
};

/* Takes back the row of a number that was not there. */
static PtPlan absent_plan = {
	"DELETE FROM portatext.subscriber x WHERE x.service_id = $1 AND x.number::text = $2 AND x.reminder_due = '-infinity'",
	2, {INT8OID, TEXTOID}
};

/* Confirmations of an opt-out are not dropped: each stop word has its answer (FLOW-12). */
static PtPlan take_plan = {
	"WITH o AS (DELETE FROM portatext.outbox x USING portatext.message m"
	"  WHERE x.to_number = $2 AND m.message_id = x.message_id AND m.service_id = $1 AND m.kind <> 'opt_out'"
	"  RETURNING x.message_id),"
	" p AS (DELETE FROM portatext.parked x USING portatext.message m"
	"  WHERE x.to_number = $2 AND m.message_id = x.message_id AND m.service_id = $1 AND m.kind <> 'opt_out'"
	"  RETURNING x.message_id)"
	" SELECT array_agg(w.message_id) FROM (SELECT message_id FROM o UNION ALL SELECT message_id FROM p) w",
	2, {INT8OID, TEXTOID}
};

static PtPlan end_plan = {
	"SELECT portatext.end_unsent($1, 'skipped', $2)", 2, {UUIDARRAYOID, TEXTOID}
};

int64
pt_drop_waiting_service(int64 service_id, const char *number, const char *code)
{
	Datum		values[2] = {Int64GetDatum(service_id), CStringGetTextDatum(number)};
	bool		isnull;

	pt_plan_run_latest(&take_plan, values, NULL, SPI_OK_SELECT);
	values[0] = pt_result(0, 1, &isnull);
	if (isnull)
		return 0;
	values[1] = CStringGetTextDatum(code);
	pt_plan_run_latest(&end_plan, values, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* Runs one of the two statements; raises 42704 when there is no such service. */
static bool
apply(PtPlan *plan, const PtConsent *consent)
{
	Datum		values[6];
	char		nulls[7] = "      ";
	bool		isnull;

	values[0] = Int64GetDatum(consent->service_id);
	values[1] = CStringGetTextDatum(consent->number);
	values[2] = UUIDPGetDatum(consent->message_id);
	values[3] = CStringGetTextDatum(consent->source);
	values[4] = consent->evidence;
	values[5] = PointerGetDatum(consent->shown_text);
	for (int i = 2; i < 6; i++)
		if (DatumGetPointer(values[i]) == NULL)
			nulls[i] = 'n';
	if (pt_plan_run_latest(plan, values, nulls, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("service " INT64_FORMAT " does not exist", consent->service_id)));
	return DatumGetBool(pt_result(0, 1, &isnull));
}

bool
pt_service_opt_in(const PtConsent *consent)
{
	PtRole		saved;
	bool		joined;

	pt_become_keeper(&saved);
	joined = apply(&opt_in_plan, consent);
	pt_become_caller(&saved);
	return joined;
}

bool
pt_service_opt_out(const PtConsent *consent)
{
	Datum		number[2] = {Int64GetDatum(consent->service_id), CStringGetTextDatum(consent->number)};
	PtRole		saved;
	bool		gone;
	bool		isnull;

	pt_become_keeper(&saved);
	gone = apply(&opt_out_plan, consent);
	if (DatumGetBool(pt_result(0, 2, &isnull)))
		pt_plan_run_latest(&absent_plan, number, NULL, SPI_OK_DELETE);
	PT_POINT("service_opted_out");
	pt_drop_waiting_service(consent->service_id, consent->number, "not_subscribed");
	pt_become_caller(&saved);
	return gone;
}

PtRefusalCode
pt_service_tell(int64 service_id, const char *number, PtMessageKind kind)
{
	const PtService *service = pt_service_by_id(service_id);
	PtAutomatic message = {.kind = kind,.to = number,.record = true};
	PtRefusal	refusal;
	pg_uuid_t	id;

	if (service == NULL)
		return PT_REFUSE_UNKNOWN_SERVICE;
	if (!pt_service_may_send(service, kind, &refusal))
		return refusal.code;
	message.account_id = service->account_id;
	message.service_id = service->service_id;
	message.from = service->code;
	message.carrier_id = service->carrier_id;
	message.body = pt_service_text(service, kind);
	return pt_send_automatic(&message, &id);
}

/* The arguments of both SQL functions; only the last three may be null. */
static PtConsent
consent_arguments(FunctionCallInfo fcinfo)
{
	PtConsent	consent;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("service, number and source must not be null")));
	consent.service_id = PG_GETARG_INT64(0);
	consent.number = TextDatumGetCString(PG_GETARG_DATUM(1));
	consent.message_id = PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);
	consent.source = TextDatumGetCString(PG_GETARG_DATUM(3));
	consent.evidence = PG_ARGISNULL(4) ? (Datum) 0 : PG_GETARG_DATUM(4);
	consent.shown_text = PG_ARGISNULL(5) ? NULL : PG_GETARG_TEXT_PP(5);
	return consent;
}

PG_FUNCTION_INFO_V1(pt_service_opt_in_sql);

/* portatext.service_opt_in(service_id, number, message_id, source, evidence, shown_text) */
Datum
pt_service_opt_in_sql(PG_FUNCTION_ARGS)
{
	PtConsent	consent = consent_arguments(fcinfo);
	bool		joined;

	SPI_connect();
	joined = pt_service_opt_in(&consent);
	SPI_finish();
	PG_RETURN_BOOL(joined);
}

PG_FUNCTION_INFO_V1(pt_service_opt_out_sql);

/* portatext.service_opt_out(service_id, number, message_id, source, evidence, shown_text) */
Datum
pt_service_opt_out_sql(PG_FUNCTION_ARGS)
{
	PtConsent	consent = consent_arguments(fcinfo);
	bool		gone;

	SPI_connect();
	gone = pt_service_opt_out(&consent);
	SPI_finish();
	PG_RETURN_BOOL(gone);
}

PG_FUNCTION_INFO_V1(pt_drop_waiting_service_sql);

/* portatext.drop_waiting_service(service_id, recipient, code) */
Datum
pt_drop_waiting_service_sql(PG_FUNCTION_ARGS)
{
	char	   *recipient = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *code = text_to_cstring(PG_GETARG_TEXT_PP(2));
	PtRole		saved;
	int64		ended;

	SPI_connect();
	pt_become_keeper(&saved);
	ended = pt_drop_waiting_service(PG_GETARG_INT64(0), recipient, code);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(ended);
}

PG_FUNCTION_INFO_V1(pt_service_greet_sql);

/* portatext.service_greet(service_id, number): the text after an opt-in (FLOW-03); why not, or null. */
Datum
pt_service_greet_sql(PG_FUNCTION_ARGS)
{
	char	   *number = text_to_cstring(PG_GETARG_TEXT_PP(1));
	PtRefusalCode answer;

	SPI_connect();
	answer = pt_service_tell(PG_GETARG_INT64(0), number, PT_KIND_OPT_IN);
	SPI_finish();
	if (answer == PT_ACCEPTED)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(pt_refusal_name(answer)));
}
