/*
 * receipt.c
 *	  Delivery receipts: apply_receipts(), many at a time.
 *
 * One call takes a few set-based steps, whatever the number of receipts: name
 * the messages, lock them in the order of their ids, write the parts, move the
 * messages, and only where it is needed take back what waits in the outbox and
 * refund.  Repeats and receipts in any order end in the same state: a part and a
 * message only move forward, and the first final state wins (SMS-09).
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "account/account.h"
#include "sms/tally.h"

/*
 * Names the messages.  A receipt without own id goes by the carrier's
 * reference; one whose reference is not known (yet) is kept as a stray.  A
 * part counts only where the message has several; by reference only where we
 * split it ourselves.
 */
static PtPlan name_plan = {
	"WITH r AS MATERIALIZED ("
	"  SELECT r.* FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4),"
	"      pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7)) WITH ORDINALITY"
	"    AS r (ref, id, part, status, state, code, ord)),"
	" named AS MATERIALIZED ("
	"  SELECT r.*, COALESCE(r.id, c.message_id) AS target, c.part AS ref_part"
	"    FROM r LEFT JOIN portatext.carrier_ref c"
	"      ON r.id IS NULL AND c.carrier_id = $1 AND c.ref = r.ref),"
	" stray AS ("
	"  INSERT INTO portatext.stray_receipt (carrier_id, ref, part, status, error_code)"
	"    SELECT $1, n.ref, CASE WHEN n.part BETWEEN 1 AND 255 THEN n.part END, n.status, n.code"
	"      FROM named n WHERE n.target IS NULL AND n.ref <> ''"
	"    RETURNING 1),"
	" found AS ("
	"  SELECT n.ord, m.message_id, n.state, n.code, m.step,"
	"      CASE WHEN m.segments = 1 THEN NULL"
	"        WHEN n.id IS NOT NULL THEN n.part"
	"        WHEN EXISTS (SELECT FROM portatext.message_part p WHERE p.message_id = m.message_id)"
	"          THEN COALESCE(n.part, n.ref_part) END AS part"
	"    FROM named n JOIN portatext.message m"
	"      ON m.message_id = n.target AND m.carrier_id = $1 AND NOT m.inbound)"
	" SELECT pg_catalog.count(*), (SELECT pg_catalog.count(*) FROM stray),"
	"    pg_catalog.array_agg(f.message_id ORDER BY f.ord) FILTER (WHERE f.step <> 'final'),"
	"    pg_catalog.array_agg(f.part ORDER BY f.ord) FILTER (WHERE f.step <> 'final'),"
	"    pg_catalog.array_agg(f.state ORDER BY f.ord) FILTER (WHERE f.step <> 'final'),"
	"    pg_catalog.array_agg(f.code ORDER BY f.ord) FILTER (WHERE f.step <> 'final'),"
	"    pg_catalog.bool_or(f.part IS NOT NULL) FILTER (WHERE f.step <> 'final')"
	"  FROM found f",
	7, {INT4OID, TEXTARRAYOID, UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
};

/* Locks what has not ended, in the order of the ids so that no two callers wait for each other. */
static PtPlan lock_plan = {
	"SELECT pg_catalog.array_agg(l.message_id),"
	"    pg_catalog.array_agg(l.message_id) FILTER (WHERE l.step = 'queued')"
	"  FROM (SELECT m.message_id, m.step FROM portatext.message m"
	"      WHERE m.message_id = ANY ($1) AND m.step <> 'final'"
	"      ORDER BY m.message_id FOR NO KEY UPDATE) l",
	1, {UUIDARRAYOID}
};

/* Writes the parts: of several receipts for one the first final one, else the furthest. */
static PtPlan part_plan = {
	"INSERT INTO portatext.message_part AS p (message_id, part, state, error_code)"
	" SELECT DISTINCT ON (r.id, r.part) r.id, r.part, r.state::portatext.part_state,"
	"     CASE WHEN r.state IN ('undelivered', 'rejected') THEN r.code END"
	"   FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
	"      pg_catalog.unnest($3), pg_catalog.unnest($4)) WITH ORDINALITY AS r (id, part, state, code, ord)"
	"   JOIN portatext.message m ON m.message_id = r.id AND m.step <> 'final'"
	"   WHERE r.part BETWEEN 1 AND m.segments AND r.part <= 255"
	"   ORDER BY r.id, r.part, r.state = 'accepted', r.ord"
	" ON CONFLICT (message_id, part) DO UPDATE"
	"   SET state = EXCLUDED.state, error_code = EXCLUDED.error_code, changed_at = portatext.now()"
	"   WHERE p.state < 'delivered' AND p.state < EXCLUDED.state",
	4, {UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID}
};

/*
 * Moves the messages and tells of it.  Parts decide together: one undelivered
 * is enough, rejected only when all are (BILL-04), delivered only when all are.
 * $5 are the messages whose parts count, $6 those that are still queued.  Returns
 * those that are rejected.
 */
static PtPlan move_plan = {
	"WITH whole AS ("
	"  SELECT DISTINCT ON (r.id) r.id, r.state, r.code"
	"    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
	"      pg_catalog.unnest($3), pg_catalog.unnest($4)) WITH ORDINALITY AS r (id, part, state, code, ord)"
	"    WHERE r.part IS NULL"
	"    ORDER BY r.id, r.state = 'accepted', r.ord),"
	" counted AS ("
	"  SELECT m.message_id AS id, m.segments, c.*"
	"    FROM pg_catalog.unnest($5) split (id)"
	"    JOIN portatext.message m ON m.message_id = split.id"
	"    CROSS JOIN LATERAL ("
	"      SELECT pg_catalog.count(*) FILTER (WHERE p.state <> 'unclear') AS known,"
	"          pg_catalog.count(*) FILTER (WHERE p.state = 'delivered') AS delivered,"
	"          pg_catalog.count(*) FILTER (WHERE p.state = 'undelivered') AS undelivered,"
	"          pg_catalog.count(*) FILTER (WHERE p.state = 'rejected') AS rejected,"
	"          (pg_catalog.array_agg(p.error_code ORDER BY p.part)"
	"            FILTER (WHERE p.state IN ('undelivered', 'rejected')))[1] AS code"
	"        FROM portatext.message_part p WHERE p.message_id = m.message_id) c),"
	" verdict AS ("
	"  SELECT w.id, w.state, w.code FROM whole w"
	"  UNION ALL"
	"  SELECT c.id, CASE"
	"      WHEN c.undelivered > 0 OR (c.rejected > 0 AND c.delivered > 0) THEN 'undelivered'"
	"      WHEN c.delivered >= c.segments THEN 'delivered'"
	"      WHEN c.rejected >= c.segments THEN 'rejected'"
	"      WHEN c.known >= c.segments THEN 'accepted' END, c.code"
	"    FROM counted c"
	"    WHERE NOT EXISTS (SELECT FROM whole w WHERE w.id = c.id)),"
	" moved AS ("
	"  UPDATE portatext.message m SET"
	"      state = (CASE v.state WHEN 'accepted' THEN 'sending' ELSE v.state END)::portatext.message_state,"
	"      step = CASE WHEN v.state = 'accepted' THEN 'sent' ELSE 'final' END::portatext.message_step,"
	"      sent_at = CASE WHEN v.state = 'rejected' THEN m.sent_at ELSE COALESCE(m.sent_at, portatext.now()) END,"
	"      finished_at = CASE WHEN v.state <> 'accepted' THEN portatext.now() END,"
	"      error_code = CASE WHEN v.state IN ('undelivered', 'rejected') THEN v.code END,"
	"      error_text = NULL"
	"    FROM verdict v"
	"    WHERE m.message_id = v.id AND m.step <> 'final' AND v.state IS NOT NULL"
	"      AND (v.state <> 'accepted' OR m.step IN ('queued', 'unclear'))"
	"    RETURNING m.account_id, m.message_id, m.state, m.step, m.from_number, m.to_number,"
	"      m.client_ref, m.error_code, m.group_id, m.cost),"
	" told AS ("
	"  INSERT INTO portatext.event (account_id, type, subject, payload)"
	"    SELECT m.account_id, 'message.' || m.state::text, m.message_id::text,"
	"        portatext.message_payload(m.state, m.from_number, m.to_number, m.client_ref, m.error_code)"
	"      FROM moved m JOIN portatext.account a ON a.account_id = m.account_id AND a.message_events"
	"      WHERE m.step = 'final'),"
	" tallied AS ("
	PT_TALLY("moved", "CASE WHEN d.message_id = ANY ($6) THEN 'queued' ELSE 'sending' END", "d.state") "),"
	" settled AS ("
	"  DELETE FROM portatext.attention a USING moved m"
	"    WHERE a.account_id = m.account_id AND a.message_id = m.message_id"
	"      AND (m.step = 'final' OR a.kind = 'unclear'))"
	" SELECT pg_catalog.array_agg(m.message_id) FILTER (WHERE m.state = 'rejected') FROM moved m",
	6, {UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID, UUIDARRAYOID}
};

/*
 * Takes back what would be handed over a second time.  A row that somebody has
 * locked is being claimed or cancelled; both look at the message's step next.
 */
static PtPlan unqueue_plan = {
	"WITH gone AS MATERIALIZED ("
	"  SELECT m.message_id, m.to_number::text AS to_number FROM portatext.message m"
	"    WHERE m.message_id = ANY ($1) AND m.step <> 'queued'),"
	" unparked AS ("
	"  DELETE FROM portatext.parked p USING ("
	"    SELECT x.key, x.due, x.message_id FROM gone g JOIN portatext.parked x"
	"        ON x.to_number = g.to_number AND x.message_id = g.message_id"
	"      FOR UPDATE OF x SKIP LOCKED) d"
	"    WHERE p.key = d.key AND p.due = d.due AND p.message_id = d.message_id)"
	" DELETE FROM portatext.outbox o USING ("
	"    SELECT x.lane, x.due, x.message_id FROM gone g JOIN portatext.outbox x"
	"        ON x.to_number = g.to_number AND x.message_id = g.message_id"
	"      FOR UPDATE OF x SKIP LOCKED) d"
	"    WHERE o.lane = d.lane AND o.due = d.due AND o.message_id = d.message_id",
	1, {UUIDARRAYOID}
};

static PtPlan refund_plan = {
	"SELECT portatext.refund_messages($1, 'rejected by the carrier')",
	1, {UUIDARRAYOID}
};

/* What a receipt's word means for a part or message; NULL: no such word. */
static const char *
state_of_status(const char *status)
{
	static const char *const words[][2] = {
		{"accepted", "accepted"},
		{"buffered", "accepted"},
		{"delivered", "delivered"},
		{"undelivered", "undelivered"},
		{"expired", "undelivered"},
		{"rejected", "rejected"},
	};

	for (int i = 0; i < lengthof(words); i++)
		if (strcmp(status, words[i][0]) == 0)
			return words[i][1];
	return NULL;
}

/* Turns the statuses into states of a part; raises 22023 on a word that is none. */
static Datum
states_of(ArrayType *statuses, int *count)
{
	Datum	   *words;
	bool	   *nulls;

	deconstruct_array(statuses, TEXTOID, -1, false, TYPALIGN_INT, &words, &nulls, count);
	for (int i = 0; i < *count; i++)
	{
		const char *word = nulls[i] ? "" : TextDatumGetCString(words[i]);
		const char *state = state_of_status(word);

		if (state == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid receipt status \"%s\"", word),
					 errhint("Use delivered, undelivered, expired, rejected, accepted or buffered.")));
		words[i] = CStringGetTextDatum(state);
	}
	return PointerGetDatum(construct_array(words, *count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Raises 22023 unless the array has exactly count elements in one dimension. */
static void
check_length(ArrayType *array, int count)
{
	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) != count || ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the arrays of receipts differ in length")));
}

/* Column col of the only row as an SPI argument; sets its place in nulls. */
static Datum
keep(int col, char *null)
{
	bool		isnull;
	Datum		value = pt_result(0, col, &isnull);

	*null = isnull ? 'n' : ' ';
	return value;
}

/* Moves the named messages; values: ids, parts, states, codes, and room for two more. */
static void
move_messages(Datum *values, bool by_parts)
{
	char		nulls[] = "    nn";
	char		null;
	Datum		rejected;

	pt_plan_run(&lock_plan, values, NULL, SPI_OK_SELECT);
	values[4] = keep(1, &null);
	values[5] = keep(2, &nulls[5]);
	if (null == 'n')
		return;
	if (by_parts)
	{
		pt_plan_run(&part_plan, values, NULL, SPI_OK_INSERT);
		nulls[4] = ' ';
	}
	pt_plan_run(&move_plan, values, nulls, SPI_OK_SELECT);
	rejected = keep(1, &null);
	if (nulls[5] != 'n')
		pt_plan_run(&unqueue_plan, &values[5], NULL, SPI_OK_DELETE);
	if (null != 'n')
		pt_plan_run(&refund_plan, &rejected, NULL, SPI_OK_SELECT);
}

PG_FUNCTION_INFO_V1(pt_apply_receipts);

/*
 * portatext.apply_receipts(carrier_id, refs, ids, parts, statuses, codes): how
 * many of the receipts found their message.
 */
Datum
pt_apply_receipts(PG_FUNCTION_ARGS)
{
	Datum		name[7];
	Datum		values[6];
	char		null;
	int			count;
	int64		found;
	int64		strays;

	pt_require_all("receipts are not applied");
	name[0] = PG_GETARG_DATUM(0);
	name[5] = states_of(PG_GETARG_ARRAYTYPE_P(4), &count);
	for (int i = 1; i <= 5; i++)
		check_length(PG_GETARG_ARRAYTYPE_P(i), count);
	name[1] = PG_GETARG_DATUM(1);
	name[2] = PG_GETARG_DATUM(2);
	name[3] = PG_GETARG_DATUM(3);
	name[4] = PG_GETARG_DATUM(4);
	name[6] = PG_GETARG_DATUM(5);

	SPI_connect();
	pt_plan_run(&name_plan, name, NULL, SPI_OK_SELECT);
	found = DatumGetInt64(keep(1, &null));
	strays = DatumGetInt64(keep(2, &null));
	for (int i = 0; i < 4; i++)
		values[i] = keep(3 + i, &null);
	if (found + strays < count)
		ereport(DEBUG1,
				(errmsg_internal("%d receipts of carrier %d name no message and are dropped",
								 (int) (count - found - strays), DatumGetInt32(name[0]))));
	keep(3, &null);
	if (null != 'n')
		move_messages(values, DatumGetBool(keep(7, &null)));
	SPI_finish();
	PG_RETURN_INT64(found);
}
