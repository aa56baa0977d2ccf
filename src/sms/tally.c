/*
 * tally.c
 *	  Summing up what has changed message_tally.
 */
#include "sms/tally.h"

#include "catalog/pg_type.h"

#define CHANGES_PER_TURN 5000

/*
 * Rows that somebody else has locked are left to him; in the order of the key,
 * so that no two wait for each other.
 */
static PtPlan absorb_plan = {
	.sql = "WITH taken AS (DELETE FROM portatext.message_tally_change g WHERE g.ctid = ANY (ARRAY("
	"SELECT x.ctid FROM portatext.message_tally_change x LIMIT $1 FOR UPDATE SKIP LOCKED)) "
	"RETURNING g.group_id, g.state, g.account_id, g.messages, g.credits), "
	"added AS (INSERT INTO portatext.message_tally AS t (group_id, state, account_id, messages, credits) "
	"SELECT k.group_id, k.state, k.account_id, sum(k.messages), sum(k.credits) FROM taken k "
	"GROUP BY k.group_id, k.state, k.account_id ORDER BY k.group_id, k.state "
	"ON CONFLICT (group_id, state) DO UPDATE SET messages = t.messages + EXCLUDED.messages, "
	"credits = t.credits + EXCLUDED.credits) "
	"SELECT count(*) FROM taken",
	.nargs = 1,
	.argtypes = {INT4OID}
};

bool
pt_tally_absorb(void)
{
	Datum		most = Int32GetDatum(CHANGES_PER_TURN);
	bool		isnull;

	pt_plan_run(&absorb_plan, &most, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull)) == CHANGES_PER_TURN;
}
