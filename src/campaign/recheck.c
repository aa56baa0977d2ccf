/*
 * recheck.c
 *	  May a campaign's message, which has left the outbox, still be sent (CAMP-14)?
 *
 * Which run a group belongs to never changes and is remembered.  What may change
 * is read by statements that begin after the claim's delete, so that a pause
 * or a cancellation that has committed by then is seen.  A run that is out of
 * funds still sends what is paid (CAMP-05).  A run that is gone was deleted, and so
 * cancelled or never started: what waits of it ends.
 */
#include "campaign/campaign.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "sms/column.h"

#define GROUPS_KEPT 10000

/* Which run a group is of. */
typedef struct GroupRun
{
	int64		group_id;		/* the key */
	int64		run_id;			/* 0: no run's */
} GroupRun;

/* How a run stands now. */
typedef struct RunState
{
	int64		run_id;
	bool		paused;			/* and what it has released is held */
	bool		cancelled;
	bool		has_cancelled;	/* some of its contacts are cancelled */
} RunState;

static PtPlan group_plan = {
	"SELECT g.run_id FROM portatext.campaign_group g WHERE g.group_id = $1", 1, {INT8OID}
};

static PtPlan runs_plan = {
	"SELECT r.run_id, r.state = 'paused' AND r.reason IS DISTINCT FROM 'no_credits', r.state = 'cancelled',"
	" EXISTS (SELECT FROM portatext.campaign_cancellation c WHERE c.run_id = r.run_id)"
	" FROM portatext.campaign_run r WHERE r.run_id = ANY ($1)",
	1, {INT8ARRAYOID},
	.generic = true
};

static PtPlan contacts_plan = {
	"SELECT u.ord::int4 FROM unnest($1, $2) WITH ORDINALITY AS u(run_id, number, ord)"
	" JOIN portatext.campaign_cancellation c ON c.run_id = u.run_id AND c.number = u.number",
	2, {INT8ARRAYOID, TEXTARRAYOID},
	.generic = true
};

/* The run of a group, remembered; 0: it is no run's. */
static int64
run_of(int64 group_id)
{
	static HTAB *known = NULL;
	HASHCTL		ctl = {.keysize = sizeof(int64),.entrysize = sizeof(GroupRun)};
	Datum		value = Int64GetDatum(group_id);
	GroupRun   *entry;
	int64		run_id = 0;
	bool		found;

	if (known != NULL && hash_get_num_entries(known) >= GROUPS_KEPT)
	{
		hash_destroy(known);
		known = NULL;
	}
	if (known == NULL)
		known = hash_create("portatext runs of groups", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	entry = hash_search(known, &group_id, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->run_id;
	if (pt_plan_run(&group_plan, &value, NULL, SPI_OK_SELECT) > 0)
		run_id = DatumGetInt64(pt_result(0, 1, &found));
	entry = hash_search(known, &group_id, HASH_ENTER, &found);
	entry->run_id = run_id;
	return run_id;
}

/* The runs of the messages, each once; their number. */
static int
collect_runs(const PtGroupRecheck *messages, int n, int64 *run_ids, PtColumn *runs)
{
	int64		last = 0;

	for (int i = 0; i < n; i++)
	{
		bool		known = i > 0 && messages[i].group_id == messages[i - 1].group_id;

		run_ids[i] = known ? run_ids[i - 1] : run_of(messages[i].group_id);
		if (run_ids[i] != 0 && run_ids[i] != last)
			pt_column_add(runs, Int64GetDatum(run_ids[i]));
		last = run_ids[i];
	}
	return runs->n;
}

/* How the runs stand; their number is returned. */
static int
ask_runs(const PtColumn *runs, RunState **states)
{
	Datum		value = pt_column_array(runs);
	int			n = (int) pt_plan_run(&runs_plan, &value, NULL, SPI_OK_SELECT);
	bool		isnull;

	*states = palloc_array(RunState, Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		(*states)[i].run_id = DatumGetInt64(pt_result(i, 1, &isnull));
		(*states)[i].paused = DatumGetBool(pt_result(i, 2, &isnull));
		(*states)[i].cancelled = DatumGetBool(pt_result(i, 3, &isnull));
		(*states)[i].has_cancelled = DatumGetBool(pt_result(i, 4, &isnull));
	}
	return n;
}

/* Answers for a message by its run; true: its contact may be cancelled. */
static bool
answer(PtGroupRecheck *message, int64 run_id, const RunState *states, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (states[i].run_id != run_id)
			continue;
		if (states[i].cancelled)
			message->reason = "cancelled";
		else if (states[i].paused)
			message->held_run = run_id;
		return states[i].has_cancelled && !states[i].cancelled;
	}
	/* Its campaign was deleted. */
	message->reason = "cancelled";
	return false;
}

/* Those of the listed messages whose contacts are cancelled; a pause of the run is of no matter to them. */
static void
ask_contacts(PtGroupRecheck *messages, const int *which, const PtColumn *columns)
{
	Datum		values[2] = {pt_column_array(&columns[0]), pt_column_array(&columns[1])};
	uint64		n = pt_plan_run(&contacts_plan, values, NULL, SPI_OK_SELECT);
	bool		isnull;

	for (uint64 i = 0; i < n; i++)
	{
		PtGroupRecheck *message = &messages[which[DatumGetInt32(pt_result(i, 1, &isnull)) - 1]];

		message->reason = "cancelled";
		message->held_run = 0;
	}
}

void
pt_campaign_recheck(PtGroupRecheck *messages, int n)
{
	int64	   *run_ids = palloc_array(int64, Max(n, 1));
	int		   *which = palloc_array(int, Max(n, 1));
	PtColumn	runs = {INT8OID};
	PtColumn	contacts[2] = {{INT8OID}, {TEXTOID}};
	RunState   *states;
	int			n_states;

	for (int i = 0; i < n; i++)
	{
		messages[i].reason = NULL;
		messages[i].held_run = 0;
	}
	if (collect_runs(messages, n, run_ids, &runs) == 0)
		return;
	n_states = ask_runs(&runs, &states);
	for (int i = 0; i < n; i++)
	{
		if (run_ids[i] == 0 || !answer(&messages[i], run_ids[i], states, n_states))
			continue;
		which[contacts[0].n] = i;
		pt_column_add(&contacts[0], Int64GetDatum(run_ids[i]));
		pt_column_add_text(&contacts[1], messages[i].to);
	}
	if (contacts[0].n > 0)
		ask_contacts(messages, which, contacts);
}
