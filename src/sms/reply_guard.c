/*
 * reply_guard.c
 *	  Against two robots that answer each other: so many automatic replies a
 *	  minute from a sender to a number, and no more (DID-07).
 *
 * Each reply is a row, and rows are only added, so that nobody waits.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "sms/inbound_route.h"

static int	replies_per_minute = 5;

void
pt_reply_guard_init(void)
{
	DefineCustomIntVariable("portatext.replies_per_minute",
							"Automatic replies that a number gets from a sender in a minute, at most.",
							"Confirmations of an opt-in, an opt-out or STOP are not counted.",
							&replies_per_minute, 5, 0, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
}

bool
pt_reply_allowed(int64 account_id, const char *sender, const char *number)
{
	static PtPlan plan = {
		"INSERT INTO portatext.reply_guard (account_id, sender, number, replied_at, reply_id)"
		" SELECT $1, $2, $3, $4, portatext.uuid7() FROM (SELECT count(*) AS replies FROM ("
		"    SELECT FROM portatext.reply_guard g WHERE g.account_id = $1 AND g.sender = $2 AND g.number = $3"
		"      AND g.replied_at > $4 - interval '1 minute' LIMIT $5) r) c"
		"  WHERE c.replies < $5",
		5, {INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT8OID}
	};
	Datum		values[5];
	PtRole		saved;
	bool		allowed;

	values[0] = Int64GetDatum(account_id);
	values[1] = CStringGetTextDatum(sender);
	values[2] = CStringGetTextDatum(number);
	values[3] = TimestampTzGetDatum(pt_now());
	values[4] = Int64GetDatum(replies_per_minute);
	pt_become_keeper(&saved);
	allowed = pt_plan_run(&plan, values, NULL, SPI_OK_INSERT) > 0;
	pt_become_caller(&saved);
	if (!allowed)
		ereport(DEBUG1,
				(errmsg("%s has answered %s %d times in a minute and is silent now",
						sender, number, replies_per_minute)));
	return allowed;
}
