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
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/resowner.h"

#include "sms/inbound_route.h"

#define CAREFUL_STEPS 10000		/* without an error, until no more care is taken */

static int	careful = 0;		/* steps that are still run with care */
static bool failed_plainly = false; /* since it was asked last */

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

bool
pt_inbound_step(const char *what, const pg_uuid_t *id, PtInboundStep step, void *arg)
{
	ErrorData  *error;

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
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("inbound message %s is stored without its %s: %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id))),
					what, error->message),
			 error->context != NULL ? errcontext("%s", error->context) : 0));
	FreeErrorData(error);
	return false;
}

bool
pt_inbound_worth_repeating(void)
{
	bool		answer = failed_plainly;

	failed_plainly = false;
	return answer;
}
