/*
 * cancel.c
 *	  cancel_sms: takes back a message that still waits (SCH-10).
 *
 * Whoever deletes the outbox row has the message: the dispatcher's claim or the
 * cancellation, never both.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "account/account.h"
#include "fmgr.h"

#define LOOKS 3					/* for a row that is moved while it is looked for */

/* The recipient and the state of the caller's message; raises when there is none. */
static char *
find_message(Datum message_id, char **state)
{
	static PtPlan plan = {
		"SELECT to_number::text, state::text FROM portatext.message"
		" WHERE message_id = $1 AND ($3 OR account_id = $2)",
		3, {UUIDOID, INT8OID, BOOLOID}
	};
	bool		all = pt_sees_all();
	Datum		values[3] = {message_id, (Datum) 0, BoolGetDatum(all)};
	bool		isnull;

	values[1] = Int64GetDatum(all ? 0 : pt_current_account());
	if (pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("message %s does not exist",
						DatumGetCString(DirectFunctionCall1(uuid_out, message_id)))));
	*state = TextDatumGetCString(pt_result(0, 2, &isnull));
	return TextDatumGetCString(pt_result(0, 1, &isnull));
}

/* Takes the waiting row; false when somebody else has it or had it. */
static bool
take_waiting(Datum message_id, const char *recipient)
{
	static PtPlan plan = {
		"WITH o AS (DELETE FROM portatext.outbox WHERE to_number = $2 AND message_id = $1 RETURNING 1),"
		" p AS (DELETE FROM portatext.parked WHERE to_number = $2 AND message_id = $1 RETURNING 1)"
		" SELECT FROM o UNION ALL SELECT FROM p",
		2, {UUIDOID, TEXTOID}
	};
	Datum		values[2] = {message_id, CStringGetTextDatum(recipient)};

	return pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) > 0;
}

/* Ends the message as cancelled, with its refund; false when it has ended otherwise. */
static bool
end_cancelled(Datum message_id)
{
	static PtPlan plan = {
		"SELECT portatext.end_unsent(ARRAY[$1], 'cancelled', 'cancelled')", 1, {UUIDOID}
	};

	bool		isnull;

	pt_plan_run(&plan, &message_id, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull)) > 0;
}

/*
 * Takes the message back.  Who parks or puts back a row has it in another place
 * afterwards: it is looked for again, with a newer snapshot.
 */
static bool
cancel(Datum message_id, const char *recipient)
{
	for (int look = 0; look < LOOKS; look++)
	{
		if (take_waiting(message_id, recipient))
			return end_cancelled(message_id);
	}
	return false;
}

PG_FUNCTION_INFO_V1(pt_cancel_sms);

/* portatext.cancel_sms(message_id): true when the message is cancelled. */
Datum
pt_cancel_sms(PG_FUNCTION_ARGS)
{
	Datum		message_id = PG_GETARG_DATUM(0);
	char	   *state;
	char	   *recipient;
	bool		cancelled;

	SPI_connect();
	recipient = find_message(message_id, &state);
	cancelled = strcmp(state, "cancelled") == 0;
	if (strcmp(state, "queued") == 0)
		cancelled = cancel(message_id, recipient);
	SPI_finish();
	PG_RETURN_BOOL(cancelled);
}
