/*
 * inbound_step.c
 *	  Keeps an error in what a message sets off from the message itself.
 *
 * Messages come in batches of one transaction.  A subtransaction for each step
 * would cost every message something for an error that hardly ever comes, so a
 * process begins without them.  Its first error undoes the batch, as any error
 * does; from then on, for a while, each step has a subtransaction of its own,
 * and the message that failed is stored when it is brought again.
 */
#include "portatext.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/resowner.h"

#include "sms/inbound_route.h"

#define CAREFUL_STEPS 10000		/* without an error, until no more care is taken */

static int	careful = 0;		/* steps that are still run with care */
static bool failed_plainly = false; /* since it was asked last */
static bool redoing = false;	/* an operator waits for the outcome: errors are raised */

/*
 * Is it an error of the moment (locks, resources, a server that stops), so that
 * the message should rather be brought again?
 */
static bool
is_passing(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
			return true;
		default:
			return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE;
	}
}

/* Runs the step as it is; notes that it failed. */
static void
run_plainly(PtInboundStep step, void *arg)
{
	PG_TRY();
	{
		step(arg);
	}
	PG_CATCH();
	{
		if (!is_passing(geterrcode()))
		{
			careful = CAREFUL_STEPS;
			failed_plainly = true;
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
}

ErrorData *
pt_inbound_try(PtInboundStep step, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		step(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* A stored message, and what has not been done for it. */
typedef struct Undone
{
	const pg_uuid_t *id;
	const char *what;
	const char *cause;
} Undone;

/*
 * Step: the event that tells it, also the account: somebody who has left may
 * still get messages.  The operator finds it in attention.
 */
static void
tell_undone(void *arg)
{
	static PtPlan plan = {
		"WITH listed AS (INSERT INTO portatext.attention AS a (account_id, kind, message_id, detail)"
		"   SELECT m.account_id, 'undone', m.message_id, $2 || ': ' || $3"
		"     FROM portatext.message m WHERE m.message_id = $1"
		"   ON CONFLICT (account_id, kind, message_id) DO UPDATE SET detail = a.detail || '; ' || excluded.detail)"
		" INSERT INTO portatext.event (account_id, type, subject, payload)"
		" SELECT m.account_id, 'inbound.undone', m.message_id::text, jsonb_strip_nulls(jsonb_build_object("
		"     'effect', $2, 'from', m.from_number, 'to', m.to_number, 'service_id', m.service_id))"
		"   FROM portatext.message m WHERE m.message_id = $1",
		3, {UUIDOID, TEXTOID, TEXTOID}
	};
	const Undone *undone = arg;
	Datum		values[3] = {UUIDPGetDatum(undone->id), CStringGetTextDatum(undone->what),
		CStringGetTextDatum(undone->cause)};

	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}

/* Logs the error of a step, and tells it by an event if that is possible. */
static void
report_undone(const char *what, const pg_uuid_t *id, const ErrorData *cause)
{
	Undone		undone = {id, what, cause->message};
	ErrorData  *error;

	ereport(LOG,
			(errcode(cause->sqlerrcode),
			 errmsg("inbound message %s is stored without its %s: %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id))),
					what, cause->message),
			 cause->context != NULL ? errcontext("%s", cause->context) : 0));
	error = pt_inbound_try(tell_undone, &undone);
	if (error != NULL && is_passing(error->sqlerrcode))
		ReThrowError(error);
	if (error != NULL)
		FreeErrorData(error);
}

bool
pt_inbound_step(const char *what, const pg_uuid_t *id, PtInboundStep step, void *arg)
{
	ErrorData  *error;

	if (redoing)
	{
		step(arg);
		return true;
	}
	if (careful == 0)
	{
		run_plainly(step, arg);
		return true;
	}
	error = pt_inbound_try(step, arg);
	if (error == NULL)
	{
		careful--;
		return true;
	}
	careful = CAREFUL_STEPS;
	if (is_passing(error->sqlerrcode))
		ReThrowError(error);
	report_undone(what, id, error);
	FreeErrorData(error);
	return false;
}

void
pt_inbound_redoing(PtInboundStep all, void *arg)
{
	redoing = true;
	PG_TRY();
	{
		all(arg);
	}
	PG_FINALLY();
	{
		redoing = false;
	}
	PG_END_TRY();
}

bool
pt_inbound_worth_repeating(void)
{
	bool		answer = failed_plainly;

	failed_plainly = false;
	return answer;
}
