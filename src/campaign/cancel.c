/*
 * cancel.c
 *	  What is left of a cancelled run, and single contacts that are cancelled (CAMP-12).
 */
#include "campaign/campaign.h"

#include "campaign/lifecycle.h"
#include "campaign/run.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#define LOOKS 20				/* for a release that is at work to end */
#define LOOK_US 10000L
#define REACH (PT_RUN_WINDOW + PT_RELEASE_BATCH)	/* messages that wait are among the last released */

static PtPlan cohorts_plan = {
	"SELECT c.cohort, c.released FROM portatext.campaign_cohort c WHERE c.run_id = $1 AND c.released > 0",
	1, {INT8OID}
};

/* Whoever deletes the row of outbox or parked has the message, as in cancel_sms(). */
static PtPlan end_plan = {
	"WITH r AS MATERIALIZED (SELECT x.message_id, x.number FROM portatext.campaign_recipient x"
	"   WHERE x.run_id = $1 AND x.cohort = $2 AND x.place > $3 AND x.place <= $4 AND x.message_id IS NOT NULL),"
	" o AS (DELETE FROM portatext.outbox w USING r"
	"   WHERE w.to_number = r.number AND w.message_id = r.message_id RETURNING w.message_id),"
	" p AS (DELETE FROM portatext.parked w USING r"
	"   WHERE w.to_number = r.number AND w.message_id = r.message_id RETURNING w.message_id)"
	" SELECT portatext.end_unsent(ARRAY(SELECT message_id FROM o UNION ALL SELECT message_id FROM p),"
	"   'cancelled', 'cancelled')",
	4, {INT8OID, INT4OID, INT8OID, INT8OID},
	.generic = true
};

/* Ends those of the places behind from, up to to, that wait. */
static int64
end_places(int64 run_id, int32 cohort, int64 from, int64 to)
{
	Datum		values[4] = {Int64GetDatum(run_id), Int32GetDatum(cohort), Int64GetDatum(from), Int64GetDatum(to)};
	bool		isnull;

	pt_plan_run_latest(&end_plan, values, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/*
 * Looks through what was released last, as long as there are messages that
 * wait.  What a dispatcher has in hand, or waits longer than that, is ended
 * by the claim.
 */
void
pt_run_end_waiting(int64 run_id)
{
	Datum		value = Int64GetDatum(run_id);
	PtRunCounts counts;
	int64	   *cohorts;
	int			n;
	bool		isnull;

	while (pt_run_end_parked(run_id, PT_RELEASE_BATCH) > 0)
		CHECK_FOR_INTERRUPTS();
	pt_run_count(run_id, &counts);
	n = (int) pt_plan_run_latest(&cohorts_plan, &value, NULL, SPI_OK_SELECT);
	cohorts = palloc_array(int64, Max(2 * n, 1));
	for (int i = 0; i < 2 * n; i++)
		cohorts[i] = i % 2 == 0 ? DatumGetInt32(pt_result(i / 2, 1, &isnull)) : DatumGetInt64(pt_result(i / 2, 2, &isnull));
	for (int64 back = 0; back < REACH; back += PT_RELEASE_BATCH)
	{
		for (int i = 0; i < n && counts.queued > 0; i++)
		{
			int64		to = cohorts[2 * i + 1] - back;

			CHECK_FOR_INTERRUPTS();
			if (to > 0)
				counts.queued -= end_places(run_id, (int32) cohorts[2 * i], Max(to - PT_RELEASE_BATCH, 0), to);
		}
	}
}

/* A contact of a run as it stands. */
typedef struct Contact
{
	bool		released;		/* it has a message */
	bool		over;			/* it gets none: skipped, or its message has ended unsent */
	Datum		message_id;
} Contact;

/* Looks at the contact; raises 42704 when the run has none of that number. */
static void
find_contact(int64 campaign_id, int64 run_id, Datum number, Contact *contact)
{
	static PtPlan plan = {
		"SELECT r.message_id, r.reason IS NOT NULL OR COALESCE(m.state IN ('expired', 'cancelled', 'skipped'), false)"
		" FROM portatext.campaign_recipient r LEFT JOIN portatext.message m ON m.message_id = r.message_id"
		" WHERE r.run_id = $1 AND r.number = $2",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(run_id), number};
	bool		isnull;

	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("campaign %lld has no contact %s", (long long) campaign_id, TextDatumGetCString(number))));
	contact->message_id = pt_result(0, 1, &isnull);
	contact->released = !isnull;
	contact->over = DatumGetBool(pt_result(0, 2, &isnull));
}

/* Notes the cancellation, which the release and the claim ask for. */
static void
note_cancellation(int64 run_id, Datum number)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign_cancellation (run_id, number, account_id)"
		" SELECT r.run_id, $2, r.account_id FROM portatext.campaign_run r WHERE r.run_id = $1 ON CONFLICT DO NOTHING",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(run_id), number};

	pt_plan_run_latest(&plan, values, NULL, SPI_OK_INSERT);
}

/* Keeps releases of the run out until this transaction ends; false: one is at work. */
static bool
keep_releases_out(int64 run_id)
{
	static PtPlan plan = {
		"SELECT FROM portatext.campaign_run r WHERE r.run_id = $1 FOR SHARE SKIP LOCKED", 1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);

	return pt_plan_run_latest(&plan, &value, NULL, SPI_OK_SELECT) > 0;
}

/*
 * Cancels the contact.  One without a message will get none if no release
 * is at work; that is waited for, but not long.  *message: there is one, which is to be cancelled.
 */
static bool
cancel_contact(int64 campaign_id, int64 run_id, Datum number, Contact *contact)
{
	find_contact(campaign_id, run_id, number, contact);
	note_cancellation(run_id, number);
	for (int look = 0; look < LOOKS; look++)
	{
		bool		kept_out = keep_releases_out(run_id);

		find_contact(campaign_id, run_id, number, contact);
		if (contact->over || contact->released || kept_out)
			return contact->over || !contact->released;
		pg_usleep(LOOK_US);
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* Takes the message back if it still waits. */
static bool
cancel_message(Datum message_id)
{
	static PtPlan plan = {"SELECT portatext.cancel_sms($1)", 1, {UUIDOID}};
	bool		isnull;

	pt_plan_run_latest(&plan, &message_id, NULL, SPI_OK_SELECT);
	return DatumGetBool(pt_result(0, 1, &isnull));
}

PG_FUNCTION_INFO_V1(pt_cancel_campaign_contact);

/* portatext.cancel_campaign_contact(campaign, number): true when it certainly gets no message any more. */
Datum
pt_cancel_campaign_contact(PG_FUNCTION_ARGS)
{
	int64		campaign_id = PG_GETARG_INT64(0);
	Contact		contact = {false};
	Datum		number = pt_contact_number(PG_GETARG_DATUM(1));
	int64		run_id;
	bool		cancelled;
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	run_id = pt_campaign_newest_run(campaign_id, 0);
	cancelled = cancel_contact(campaign_id, run_id, number, &contact) && pt_run_cancel_target(run_id, number);
	pt_become_caller(&saved);
	if (!cancelled && contact.released)
		cancelled = cancel_message(contact.message_id);
	SPI_finish();
	PG_RETURN_BOOL(cancelled);
}
