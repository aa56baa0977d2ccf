/*
 * recheck.c
 *	  May a service's message, which has left the outbox, still be sent?
 *
 * Nothing is taken from caches: the statement's snapshot is newer than the
 * claim's delete, so that an opt-out, a pause or a suspension that has committed
 * by then is seen (LAW-09, SUB-10, SUB-12).
 */
#include "service/service.h"

#include "sms/column.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

/*
 * Of two messages that were accepted at the same time neither acceptance counts
 * the other.  Here each counts those of its month that came before it, and those
 * after it that another claim has taken already (LAW-02).
 */
#define TOO_MANY \
	"(SELECT count(*) FROM portatext.service_message o" \
	"  JOIN portatext.account a ON a.account_id = o.account_id" \
	"  JOIN portatext.service_message x ON x.service_id = o.service_id AND x.number = o.number" \
	"    AND x.message_id <> o.message_id" \
	"    AND date_trunc('month', x.send_at, a.timezone) = date_trunc('month', o.send_at, a.timezone)" \
	"  LEFT JOIN portatext.message m ON m.message_id = x.message_id" \
	"  WHERE o.service_id = u.service_id AND o.number = u.number AND o.message_id = u.id" \
	"    AND (m.state IS NULL OR m.state NOT IN ('rejected', 'expired', 'cancelled', 'skipped'))" \
	"    AND (x.message_id < o.message_id OR NOT (x.message_id = ANY ($1)" \
	"      OR EXISTS (SELECT FROM portatext.outbox w WHERE w.to_number = u.number AND w.message_id = x.message_id)" \
	"      OR EXISTS (SELECT FROM portatext.parked w WHERE w.to_number = u.number AND w.message_id = x.message_id)))" \
	") >= s.frequency"

static PtPlan recheck_plan = {
	"SELECT u.ord::int4, c.segments_per_second::float8,"
	" CASE WHEN s.state = 'suspended' AND u.kind <> 'opt_out' THEN 'service_suspended'"
	"  WHEN s.state = 'closed' THEN 'service_closed'"
	"  WHEN s.state IS NULL OR s.state NOT IN ('active', 'suspended') THEN 'service_not_active'"
	"  WHEN u.kind NOT IN ('ordinary', 'reminder') THEN NULL"
	"  ELSE COALESCE((SELECT CASE b.state WHEN 'active' THEN '' WHEN 'paused' THEN 'subscriber_paused'"
	"      ELSE 'not_subscribed' END FROM portatext.subscriber b"
	"    WHERE b.service_id = u.service_id AND b.number::text = u.number), 'not_subscribed') END,"
	" CASE WHEN s.frequency_rule = 'block' AND u.kind = 'ordinary' THEN " TOO_MANY " END"
	" FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS u(id, service_id, kind, number, ord)"
	" LEFT JOIN portatext.service s ON s.service_id = u.service_id"
	" LEFT JOIN portatext.short_code c ON c.short_code_id = s.short_code_id",
	4, {UUIDARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID},
	.generic = true
};

/* Reads one answer. */
static void
read_answer(uint64 row, PtRecheck *message)
{
	bool		isnull;
	Datum		value = pt_result(row, 2, &isnull);

	message->sender_rate = isnull ? 0 : DatumGetFloat8(value);
	value = pt_result(row, 3, &isnull);
	if (!isnull && VARSIZE_ANY_EXHDR(DatumGetPointer(value)) > 0)
		message->reason = TextDatumGetCString(value);
	value = pt_result(row, 4, &isnull);
	if (message->reason == NULL && !isnull && DatumGetBool(value))
		message->reason = pt_refusal_name(PT_REFUSE_TOO_FREQUENT);
}

void
pt_service_recheck(PtRecheck *messages, int n)
{
	PtColumn	columns[4] = {{UUIDOID}, {INT8OID}, {TEXTOID}, {TEXTOID}};
	Datum		values[4];
	uint64		rows;

	for (int i = 0; i < n; i++)
	{
		pt_column_add_uuid(&columns[0], messages[i].id);
		pt_column_add(&columns[1], Int64GetDatum(messages[i].service_id));
		pt_column_add_text(&columns[2], messages[i].kind);
		pt_column_add_text(&columns[3], messages[i].to);
		messages[i].reason = NULL;
	}
	for (int i = 0; i < 4; i++)
		values[i] = pt_column_array(&columns[i]);
	rows = pt_plan_run(&recheck_plan, values, NULL, SPI_OK_SELECT);
	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;

		read_answer(row, &messages[DatumGetInt32(pt_result(row, 1, &isnull)) - 1]);
	}
}
