/*
 * response.c
 *	  Who has written back to a run, and who has opted out after it.
 *
 * Called for every message that comes in: an account that has no run which may be
 * answered is known without a look at a table.
 */
#include "campaign/campaign.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cache.h"

#define ANSWERED_FOR (INT64CONST(7) * USECS_PER_DAY)	/* after the run's end */

static PtCache accounts_cache = {.tables = {"campaign_run"}};
static HTAB *accounts = NULL;

static PtPlan accounts_plan = {
	"SELECT DISTINCT r.account_id FROM portatext.campaign_run r"
	" WHERE r.state IN ('running', 'paused') OR r.finished_at > $1",
	1, {TIMESTAMPTZOID}
};

/* The newest run that wrote to the number. */
static PtPlan respond_plan = {
	"INSERT INTO portatext.campaign_response (run_id, number, opt_out, account_id, variant)"
	" SELECT r.run_id, r.number, $3, r.account_id, r.variant FROM portatext.campaign_recipient r"
	" WHERE r.number = $2 AND r.message_id IS NOT NULL AND r.run_id IN ("
	"   SELECT n.run_id FROM portatext.campaign_run n WHERE n.account_id = $1"
	"   AND (n.state IN ('running', 'paused') OR n.finished_at > $4))"
	" ORDER BY r.run_id DESC LIMIT 1 ON CONFLICT DO NOTHING",
	4, {INT8OID, TEXTOID, BOOLOID, TIMESTAMPTZOID}
};

/* Loads which accounts have runs that may be answered. */
static void
load_accounts(void)
{
	HASHCTL		ctl = {.keysize = sizeof(int64),.entrysize = sizeof(int64)};
	Datum		since = TimestampTzGetDatum(pt_now() - ANSWERED_FOR);
	uint64		n;
	bool		isnull;

	pt_cache_begin(&accounts_cache);
	n = pt_plan_read(&accounts_plan, &since, NULL);
	if (accounts != NULL)
		hash_destroy(accounts);
	accounts = NULL;
	accounts = hash_create("portatext accounts with campaigns", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	for (uint64 i = 0; i < n; i++)
	{
		int64		account_id = DatumGetInt64(pt_result(i, 1, &isnull));

		hash_search(accounts, &account_id, HASH_ENTER, NULL);
	}
	pt_cache_loaded(&accounts_cache);
}

void
pt_campaign_responded(int64 account_id, const char *number, bool opt_out)
{
	Datum		values[4];
	PtRole		saved;

	pt_become_keeper(&saved);
	if (!pt_cache_fresh(&accounts_cache))
		load_accounts();
	if (hash_search(accounts, &account_id, HASH_FIND, NULL) != NULL)
	{
		values[0] = Int64GetDatum(account_id);
		values[1] = CStringGetTextDatum(number);
		values[2] = BoolGetDatum(opt_out);
		values[3] = TimestampTzGetDatum(pt_now() - ANSWERED_FOR);
		pt_plan_run(&respond_plan, values, NULL, SPI_OK_INSERT);
	}
	pt_become_caller(&saved);
}
