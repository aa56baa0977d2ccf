/*
 * reminder_unpaid.c
 *	  Reminders that could not be paid are due again after the next top-up
 *	  (FLOW-15).
 *
 * What an account had when one of its reminders could not be paid is kept in
 * this process: more than that means a top-up.  Each is followed by as many
 * retries as it has credits, so that a small one does not set off all of them; a
 * day later the count begins anew, for reminders may cost less than a credit.
 */
#include "service/reminder.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#define BATCH 500

/* An account with reminders that wait for credits. */
typedef struct Waiting
{
	int64		account_id;
	double		funds;			/* when it was looked at: credits that it may spend */
	double		left;			/* retries that these may pay */
	TimestampTz since;
} Waiting;

/* Accounts with such reminders, by a skip scan, and what they may spend. */
static PtPlan accounts_plan = {
	"WITH RECURSIVE k (account_id) AS ("
	" (SELECT x.account_id FROM portatext.subscriber x WHERE x.reminder_unpaid ORDER BY x.account_id LIMIT 1)"
	" UNION ALL"
	" SELECT (SELECT x.account_id FROM portatext.subscriber x WHERE x.reminder_unpaid AND x.account_id > k.account_id"
	"   ORDER BY x.account_id LIMIT 1) FROM k WHERE k.account_id IS NOT NULL)"
	" SELECT k.account_id, (portatext.balance(k.account_id) + COALESCE(a.credit_limit, 0))::float8"
	" FROM k JOIN portatext.account a ON a.account_id = k.account_id"
};

static PtPlan funds_plan = {
	"SELECT a.account_id, (portatext.balance(a.account_id) + COALESCE(a.credit_limit, 0))::float8"
	" FROM portatext.account a WHERE a.account_id = $1",
	1, {INT8OID}
};

/* At most $2 of account $1 are due now, each at its own time of the day. */
static PtPlan retry_plan = {
	"UPDATE portatext.subscriber x SET reminder_unpaid = false, reminder_due = $3 WHERE x.ctid = ANY (ARRAY("
	" SELECT y.ctid FROM portatext.subscriber y WHERE y.account_id = $1 AND y.reminder_unpaid"
	" LIMIT $2 FOR UPDATE SKIP LOCKED))",
	3, {INT8OID, INT4OID, TIMESTAMPTZOID}
};

static HTAB *accounts = NULL;

/* The account's entry, with the funds of now when it is new, a day old, or has got more. */
static Waiting *
entry_of(int64 account_id, double funds, TimestampTz now)
{
	HASHCTL		ctl = {.keysize = sizeof(int64),.entrysize = sizeof(Waiting)};
	Waiting    *waiting;
	bool		found;

	if (accounts == NULL)
		accounts = hash_create("portatext unpaid reminders", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	waiting = hash_search(accounts, &account_id, HASH_ENTER, &found);
	if (!found || funds > waiting->funds || now < waiting->since || now - waiting->since > USECS_PER_DAY)
	{
		waiting->funds = funds;
		waiting->left = funds;
		waiting->since = now;
	}
	return waiting;
}

void
pt_reminders_note_unpaid(int64 account_id)
{
	Datum		value = Int64GetDatum(account_id);
	double		funds;
	Waiting    *waiting;
	bool		isnull;

	if (pt_plan_run_latest(&funds_plan, &value, NULL, SPI_OK_SELECT) == 0)
		return;
	funds = DatumGetFloat8(pt_result(0, 2, &isnull));
	waiting = entry_of(account_id, funds, pt_now());
	waiting->funds = funds;
	waiting->left = 0;
}

/* Retries of one account; true: there may be more. */
static bool
retry_account(int64 account_id, double funds, TimestampTz now)
{
	Waiting    *waiting = entry_of(account_id, funds, now);
	Datum		values[3];
	int			most = (int) Min(BATCH, ceil(waiting->left));
	uint64		retried;

	if (most < 1)
		return false;
	values[0] = Int64GetDatum(account_id);
	values[1] = Int32GetDatum(most);
	values[2] = TimestampTzGetDatum(now);
	retried = pt_plan_run_latest(&retry_plan, values, NULL, SPI_OK_UPDATE);
	waiting->left -= (double) retried;
	return retried == BATCH;
}

bool
pt_reminders_retry(void)
{
	TimestampTz now = pt_now();
	bool		more = false;
	PtRole		saved;
	uint64		rows;
	int64	   *ids;
	double	   *funds;
	bool		isnull;

	pt_become_keeper(&saved);
	rows = pt_plan_run_latest(&accounts_plan, NULL, NULL, SPI_OK_SELECT);
	ids = palloc_array(int64, Max(rows, 1));
	funds = palloc_array(double, Max(rows, 1));
	for (uint64 i = 0; i < rows; i++)
	{
		ids[i] = DatumGetInt64(pt_result(i, 1, &isnull));
		funds[i] = DatumGetFloat8(pt_result(i, 2, &isnull));
	}
	for (uint64 i = 0; i < rows; i++)
		more |= retry_account(ids[i], funds[i], now);
	pt_become_caller(&saved);
	return more;
}
