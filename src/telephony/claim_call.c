/*
 * claim_call.c
 *	  Calls of a run are made: rows in state placing, with the credits for their first
 *	  minute, before any engine is asked (BL-04, TEL-12).
 */
#include "telephony/claim_call.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "campaign/campaign.h"
#include "sms/refusal.h"
#include "telephony/target.h"
#include "telephony/telephony.h"
#include "worker/shared.h"

static PtPlan lock_plan = {
	"SELECT FROM portatext.campaign_run r WHERE r.run_id = $1 AND r.state = 'running' FOR NO KEY UPDATE SKIP LOCKED",
	1, {INT8OID}
};

static PtPlan insert_plan = {
	"INSERT INTO portatext.call (call_id, account_id, campaign_id, run_id, iteration, engine_id, trunk_id, from_number,"
	"  to_number, flow, variables, has_amd, dial_timeout, max_duration, state, placed_at, look_at)"
	" SELECT u.id, $1, $2, $3, u.iteration, $4, $5, u.sender, u.number, u.flow::jsonb, u.variables, $6, $7, $8,"
	"  'placing', $9, $10 FROM unnest($11, $12, $13, $14, $15, $16) AS u(id, iteration, sender, number, flow, variables)",
	16, {INT8OID, INT8OID, INT8OID, INT4OID, INT8OID, BOOLOID, INT4OID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID,
	UUIDARRAYOID, INT2ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, JSONBARRAYOID},
	.generic = true
};

static PtPlan delete_plan = {
	"DELETE FROM portatext.call c WHERE c.call_id = ANY ($1)", 1, {UUIDARRAYOID},
	.generic = true
};

/* Nothing that could still lead to a call; asked as of now. */
static PtPlan finished_plan = {
	"SELECT FROM portatext.campaign_run r WHERE r.run_id = $1"
	" AND NOT EXISTS (SELECT FROM portatext.campaign_cohort k WHERE k.run_id = $1 AND k.released < k.places)"
	" AND NOT EXISTS (SELECT FROM portatext.call_target t JOIN portatext.campaign_cohort k"
	"   ON k.run_id = t.run_id AND k.cohort = t.cohort WHERE k.run_id = $1 AND t.due_at IS NOT NULL)"
	" AND NOT EXISTS (SELECT FROM portatext.call c WHERE c.run_id = $1 AND c.ended_at IS NULL)"
	" AND NOT EXISTS (SELECT FROM portatext.call_target t WHERE $2 AND t.run_id = $1 AND t.state = 'preview')",
	2, {INT8OID, BOOLOID}
};

/* Locks the run; false: it is locked by somebody, or does not run any more. */
static bool
lock_run(const PtDialRun *run)
{
	Datum		value = Int64GetDatum(run->run_id);

	return pt_plan_run_latest(&lock_plan, &value, NULL, SPI_OK_SELECT) > 0;
}

/* Is the target called? */
static bool
is_called(const PtTarget *target)
{
	return strcmp(target->state, "calling") == 0;
}

/* Adds a call's values. */
static void
add_call(PtColumn *columns, const PtTarget *t)
{
	pt_column_add_uuid(&columns[0], &t->id);
	pt_column_add(&columns[1], Int16GetDatum(t->attempts));
	pt_column_add_text(&columns[2], t->from);
	pt_column_add_text(&columns[3], t->number);
	pt_column_add_text(&columns[4], t->flow);
	if (t->variables != NULL)
		pt_column_add(&columns[5], JsonbPGetDatum(t->variables));
	else
		pt_column_add_null(&columns[5]);
}

/* Inserts the rows of all that are called. */
static void
insert_calls(const PtDialRun *run, const PtTarget *targets, int n, TimestampTz now)
{
	PtColumn	columns[6] = {{UUIDOID}, {INT2OID}, {TEXTOID}, {TEXTOID}, {TEXTOID}, {JSONBOID}};
	Datum		values[16] = {Int64GetDatum(run->account_id), Int64GetDatum(run->campaign_id),
		Int64GetDatum(run->run_id), Int32GetDatum(run->engine_id), Int64GetDatum(run->trunk_id),
		BoolGetDatum(run->facts.has_amd), Int32GetDatum(run->dial_timeout_s), Int32GetDatum(run->max_duration_s),
	TimestampTzGetDatum(now)};

	for (int i = 0; i < n; i++)
		if (is_called(&targets[i]))
			add_call(columns, &targets[i]);
	if (columns[0].n == 0)
		return;
	values[9] = TimestampTzGetDatum(now + (run->dial_timeout_s + PT_LOOK_AFTER_S) * USECS_PER_SEC);
	for (int i = 0; i < lengthof(columns); i++)
		values[i + 10] = pt_column_array(&columns[i]);
	pt_plan_run_latest(&insert_plan, values, NULL, SPI_OK_INSERT);
}

/* A target whose call is not made after all. */
static void
undo(PtTarget *target, const char *state, const char *reason, TimestampTz now, PtColumn *undone)
{
	target->state = state;
	target->reason = reason;
	target->due_at = now;
	target->attempts--;
	target->day_attempts--;
	pt_column_add_uuid(undone, &target->id);
}

/*
 * Takes the credits call by call (BILL-24); true: all that there is a tariff for are paid.  From the first that is
 * not on they are undone.
 */
static bool
reserve_calls(const PtDialRun *run, PtTarget *targets, int n, TimestampTz now, PtColumn *undone, PtColumn *ids)
{
	bool		paid = true;

	for (int i = 0; i < n; i++)
	{
		PtTarget   *t = &targets[i];
		bool		tariff = true;

		if (!is_called(t))
			continue;
		if (paid && pt_call_reserve(&t->id, run->account_id, t->number, &tariff))
		{
			pt_column_add_uuid(ids, &t->id);
			continue;
		}
		if (!tariff)
		{
			undo(t, "skipped", pt_refusal_name(PT_REFUSE_NO_TARIFF), now, undone);
			continue;
		}
		paid = false;
		undo(t, "waiting", NULL, now, undone);
	}
	return paid;
}

/* Writes the targets whose calls were undone again, and deletes those calls. */
static void
write_undone(const PtDialRun *run, const PtTarget *targets, int n, const PtColumn *undone)
{
	Datum		value;

	if (undone->n == 0)
		return;
	value = pt_column_array(undone);
	pt_plan_run_latest(&delete_plan, &value, NULL, SPI_OK_DELETE);
	for (int i = 0; i < n; i++)
		if (!is_called(&targets[i]))
			pt_targets_write(run, &targets[i], 1);
}

/* How many calls the trunk's rate allows; their tokens are taken. */
static int
take_tokens(const PtDialRun *run, int want, TimestampTz now)
{
	char		key[32];

	snprintf(key, sizeof(key), "trunk:%lld", (long long) run->trunk_id);
	if (run->calls_per_second <= 0)
		return want;
	want = (int) Min(want, pt_bucket_level(key, run->calls_per_second, now));
	if (want <= 0 || pt_bucket_take(key, run->calls_per_second, want, now) != 0)
		return 0;
	return want;
}

void
pt_calls_claim(PtDialRun *run, TimestampTz now, PtColumn *ids)
{
	PtColumn	undone = {UUIDOID};
	PtTarget   *targets;
	int			want = take_tokens(run, run->place, now);
	int			n;

	if (want <= 0 || !lock_run(run) || pt_ner_check(run->run_id))
		return;
	n = pt_targets_read(run, want, now, &targets);
	pt_targets_check(run, targets, n, now);
	pt_targets_write(run, targets, n);
	insert_calls(run, targets, n, now);
	PT_POINT("call_stored");
	if (!reserve_calls(run, targets, n, now, &undone, ids))
		pt_campaign_set_state(run->run_id, "paused", pt_refusal_name(PT_REFUSE_NO_CREDITS));
	write_undone(run, targets, n, &undone);
	pt_cursors_write(run, targets, n);
}

bool
pt_run_finish(PtDialRun *run)
{
	Datum		values[2] = {Int64GetDatum(run->run_id), BoolGetDatum(run->preview)};

	if (!lock_run(run))
		return false;
	if (run->unreadable)
	{
		pt_campaign_set_state(run->run_id, "paused", "unreadable_schedule");
		return false;
	}
	if (pt_plan_run_latest(&finished_plan, values, NULL, SPI_OK_SELECT) == 0)
		return false;
	pt_campaign_set_state(run->run_id, "finished", NULL);
	return true;
}
