/*
 * engine_receive.c
 *	  portatext.receive_call_events(): events of calls from SQL.
 */
#include "telephony/telephony.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "telephony/gateway.h"

/* The id of the engine of this name; raises 42704.  Inside SPI. */
static int32
engine_number(Datum name)
{
	static PtPlan plan = {"SELECT portatext.engine_number($1)", 1, {TEXTOID}};
	bool		isnull;

	pt_plan_read(&plan, &name, NULL);
	return DatumGetInt32(pt_result(0, 1, &isnull));
}

/* Reads the events, palloc'ed; raises 22023. */
static PtCallEvent *
read_events(Jsonb *jsonb, int *n)
{
	char	   *text = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	PtCallEvent *events = palloc(PT_CALL_EVENTS_MAX * sizeof(PtCallEvent));
	char		problem[160];

	text = pg_server_to_any(text, (int) strlen(text), PG_UTF8);
	*n = pt_gateway_events(text, strlen(text), events, PT_CALL_EVENTS_MAX, problem, sizeof(problem));
	if (*n < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the events cannot be read: %s", problem),
				 errhint("docs/engines.md has their form.")));
	return events;
}

PG_FUNCTION_INFO_V1(pt_receive_call_events);

/* portatext.receive_call_events(engine, events) */
Datum
pt_receive_call_events(PG_FUNCTION_ARGS)
{
	int			n;
	PtCallEvent *events = read_events(PG_GETARG_JSONB_P(1), &n);
	int32		engine_id;
	int			applied = 0;
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	engine_id = engine_number(PG_GETARG_DATUM(0));
	if (n > 0)
		applied = pt_call_events_apply(engine_id, events, n);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT32(applied);
}
