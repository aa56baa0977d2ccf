/*
 * language.c
 *	  The procedural language portatext_api: one statement, planned once per
 *	  process, whose errors are given to a REST client as such (decision 0024).
 *
 * A body is one SQL statement in which arguments go by their names.  Lines before
 * it that begin with # are directives: "#right send" asks what the caller's key
 * may do, "#once" heeds the header Idempotency-Key, "#replan" plans the statement for
 * each call's arguments.  The result is the first column of the first row.
 */
#include "api/api.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "access/request.h"
#include "api/directive.h"

/* A compiled function. */
typedef struct Routine
{
	Oid			oid;			/* the key */
	TransactionId xmin;			/* of its row, to notice a replacement */
	ItemPointerData tid;
	MemoryContext context;		/* of all that follows; NULL: not compiled */
	char	   *name;
	PtDirectives directives;
	bool		read_only;
	int			n_args;
	char	  **arg_names;
	Oid		   *arg_types;
	Oid			result_type;
	int16		result_len;
	bool		result_by_value;
	SPIPlanPtr	plan;
} Routine;

/* The argument in this place, from 1, as a node of the statement. */
static Node *
argument_node(Routine *routine, int place)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = place;
	param->paramtype = routine->arg_types[place - 1];
	param->paramtypmod = -1;
	param->paramcollid = get_typcollation(param->paramtype);
	param->location = -1;
	return (Node *) param;
}

/* A name in the statement that is no column: an argument. */
static Node *
argument_reference(ParseState *pstate, ColumnRef *cref, Node *var)
{
	Routine    *routine = pstate->p_ref_hook_state;
	const char *name;

	if (var != NULL || list_length(cref->fields) != 1 || !IsA(linitial(cref->fields), String))
		return NULL;
	name = strVal(linitial(cref->fields));
	for (int i = 0; i < routine->n_args; i++)
		if (strcmp(routine->arg_names[i], name) == 0)
			return argument_node(routine, i + 1);
	return NULL;
}

/* $1 and so on: an argument by its place, for those without a name. */
static Node *
argument_place(ParseState *pstate, ParamRef *pref)
{
	Routine    *routine = pstate->p_ref_hook_state;

	if (pref->number < 1 || pref->number > routine->n_args)
		return NULL;
	return argument_node(routine, pref->number);
}

/* ParserSetupHook */
static void
set_up_parser(ParseState *pstate, void *arg)
{
	pstate->p_post_columnref_hook = argument_reference;
	pstate->p_paramref_hook = argument_place;
	pstate->p_ref_hook_state = arg;
}

/* The input arguments' names and types. */
static void
read_arguments(Routine *routine, HeapTuple row)
{
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			n = get_func_arg_info(row, &types, &names, &modes);

	routine->arg_names = palloc_array(char *, Max(n, 1));
	routine->arg_types = palloc_array(Oid, Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (modes != NULL && modes[i] != PROARGMODE_IN)
			continue;
		routine->arg_names[routine->n_args] = names == NULL ? "" : names[i];
		routine->arg_types[routine->n_args++] = types[i];
	}
}

/* Reads the function's row and plans its statement.  The caller is inside SPI_connect. */
static void
compile(Routine *routine, HeapTuple row)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(row);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "portatext_api routine", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	const char *body;
	bool		isnull;

	routine->name = pstrdup(NameStr(form->proname));
	routine->read_only = form->provolatile != PROVOLATILE_VOLATILE;
	routine->n_args = 0;
	read_arguments(routine, row);
	routine->result_type = form->prorettype;
	get_typlenbyval(form->prorettype, &routine->result_len, &routine->result_by_value);
	body = TextDatumGetCString(SysCacheGetAttr(PROCOID, row, Anum_pg_proc_prosrc, &isnull));
	if (!pt_read_directives(&body, &routine->directives) || form->proretset ||
		(routine->directives.once && form->prorettype != JSONBOID))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function \"%s\" is no function of the language portatext_api", routine->name)));
	routine->plan = SPI_prepare_params(body, set_up_parser, routine,
									   routine->directives.replan ? CURSOR_OPT_CUSTOM_PLAN : 0);
	if (routine->plan == NULL || SPI_keepplan(routine->plan) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("function \"%s\" could not be planned", routine->name)));
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, TopMemoryContext);
	routine->context = context;
}

/* The compiled function, anew if its row has changed. */
static Routine *
find_routine(Oid oid)
{
	static HTAB *routines = NULL;
	HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(Routine)};
	HeapTuple	row = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	Routine    *routine;
	bool		found;

	if (!HeapTupleIsValid(row))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("function %u has gone", oid)));
	if (routines == NULL)
		routines = hash_create("portatext_api routines", 128, &ctl, HASH_ELEM | HASH_BLOBS);
	routine = hash_search(routines, &oid, HASH_ENTER, &found);
	if (!found)
		routine->context = NULL;
	if (routine->context != NULL && (routine->xmin != HeapTupleHeaderGetRawXmin(row->t_data) ||
									 !ItemPointerEquals(&routine->tid, &row->t_self)))
	{
		SPI_freeplan(routine->plan);
		MemoryContextDelete(routine->context);
		routine->context = NULL;
	}
	if (routine->context == NULL)
		compile(routine, row);
	routine->xmin = HeapTupleHeaderGetRawXmin(row->t_data);
	routine->tid = row->t_self;
	ReleaseSysCache(row);
	return routine;
}

/* The call's arguments for the plan. */
static ParamListInfo
call_parameters(FunctionCallInfo fcinfo, Routine *routine)
{
	ParamListInfo params = makeParamList(routine->n_args);

	params->parserSetup = set_up_parser;
	params->parserSetupArg = routine;
	for (int i = 0; i < routine->n_args; i++)
	{
		params->params[i].value = fcinfo->args[i].value;
		params->params[i].isnull = fcinfo->args[i].isnull;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = routine->arg_types[i];
	}
	return params;
}

/* Runs the statement; the result is valid until SPI_finish. */
static Datum
run(FunctionCallInfo fcinfo, Routine *routine)
{
	SPIExecuteOptions options = {.params = call_parameters(fcinfo, routine),.read_only = routine->read_only};
	int			code = SPI_execute_plan_extended(routine->plan, &options);

	if (code < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("function \"%s\": %s", routine->name, SPI_result_code_string(code))));
	fcinfo->isnull = true;
	if (routine->result_type == VOIDOID || SPI_tuptable == NULL || SPI_processed == 0)
		return (Datum) 0;
	return pt_result(0, 1, &fcinfo->isnull);
}

/* Is a function with #once at work?  Those that it calls are a part of its request. */
static bool once_at_work = false;

/* Runs the statement unless this request was answered before; the result is valid until SPI_finish. */
static Datum
run_once(FunctionCallInfo fcinfo, Routine *routine)
{
	PtOnce		once;
	Datum		result;

	once_at_work = true;
	if (!pt_once_begin(fcinfo, routine->arg_types, routine->name, &once, &result, &fcinfo->isnull))
	{
		result = run(fcinfo, routine);
		pt_once_end(&once, result, fcinfo->isnull);
	}
	once_at_work = false;
	return result;
}

/* The whole call, inside SPI_connect: rights, a repeated request, the statement. */
static Datum
call(FunctionCallInfo fcinfo)
{
	Routine    *routine = find_routine(fcinfo->flinfo->fn_oid);
	Datum		result;

	pt_request_require(routine->directives.right);
	result = routine->directives.once && !once_at_work ? run_once(fcinfo, routine) : run(fcinfo, routine);
	if (fcinfo->isnull)
		return (Datum) 0;
	return SPI_datumTransfer(result, routine->result_by_value, routine->result_len);
}

PG_FUNCTION_INFO_V1(pt_api_handler);

/* portatext.api_handler(): the call handler of the language. */
Datum
pt_api_handler(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	bool		part_of_once = once_at_work;
	Datum		result = (Datum) 0;

	PG_TRY();
	{
		SPI_connect();
		result = call(fcinfo);
		SPI_finish();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		once_at_work = part_of_once;
		pt_api_rethrow();
	}
	PG_END_TRY();
	return result;
}
