/*
 * query.c
 *	  Running the query of a contact list with its owner's rights, for one account.
 *
 * The query runs in a subtransaction that is always undone: whatever it calls
 * leaves no trace, neither rows nor settings nor locks; advisory locks of a session
 * would stay, and a worker gives those back.  In it the transaction is
 * read-only, the role is the owner in a security-restricted operation, and the
 * identity is the account: the definer functions and policies of the extension
 * show what they would show to that account, also in a worker and for an operator.
 */
#include "contact/query.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "account/account.h"
#include "contact/variables.h"

#define ROWS 1000				/* fetched at once */
#define AGAIN_MS 500			/* between two attempts to end a query that took too long */
#define ATTEMPTS 20				/* then the process ends */

int			pt_query_timeout = 300000;

static bool running = false;	/* a query runs in this process */
static volatile sig_atomic_t timed_out = 0; /* how many times its end was asked for */

/* How the rows are read. */
typedef struct QueryReader
{
	TupleDesc	desc;			/* of the query */
	int			number;			/* column, from 1 */
	FmgrInfo   *outputs;		/* by column, from 0 */
	Oid		   *types;			/* base types */
	int		   *columns;		/* of the variables */
	PtVariableNames *names;
	JsonbValue *values;
	TupleDesc	result;
	Tuplestorestate *store;
	MemoryContext row_context;
} QueryReader;

TupleDesc
pt_query_desc(void)
{
	TupleDesc	desc = CreateTemplateTupleDesc(2);

	TupleDescInitEntry(desc, 1, "number", TEXTOID, -1, 0);
	TupleDescInitEntry(desc, 2, "variables", JSONBOID, -1, 0);
	return desc;
}

/*
 * Time is over: as if the statement were cancelled, again and again, as what the
 * query calls may catch that.  Who does so for long ends with the process.
 */
static void
query_timeout_handler(void)
{
	InterruptPending = true;
	QueryCancelPending = true;
	if (++timed_out > ATTEMPTS)
		ProcDiePending = true;
	SetLatch(MyLatch);
}

static TimeoutId
query_timeout_id(void)
{
	static TimeoutId id = MAX_TIMEOUTS;

	if (id == MAX_TIMEOUTS)
		id = RegisterTimeout(USER_TIMEOUT, query_timeout_handler);
	return id;
}

/* The settings under which it runs; the end of the subtransaction takes them back. */
static void
set_settings(int64 account_id)
{
	char		account[32];
	const char *settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"row_security", "on"},
		{"max_parallel_workers_per_gather", "0"},
		{"datestyle", "ISO"},
		{"intervalstyle", "postgres"},
		{"timezone", "UTC"},
	};

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	snprintf(account, sizeof(account), "%lld", (long long) account_id);
	(void) set_config_option("portatext.account_id", account, PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* Learns the query's columns. */
static void
read_columns(QueryReader *reader)
{
	TupleDesc	desc = reader->desc;
	const char **names = palloc(desc->natts * sizeof(char *));
	int			n = 0;

	reader->outputs = palloc(desc->natts * sizeof(FmgrInfo));
	reader->types = palloc(desc->natts * sizeof(Oid));
	reader->columns = palloc(desc->natts * sizeof(int));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(column->atttypid, &output, &varlena);
		fmgr_info(output, &reader->outputs[i]);
		reader->types[i] = getBaseType(column->atttypid);
		if (strcmp(NameStr(column->attname), "number") == 0 && reader->number == 0)
			reader->number = i + 1;
		else
		{
			reader->columns[n] = i;
			names[n++] = NameStr(column->attname);
		}
	}
	reader->names = pt_variable_names(names, n, NULL);
	reader->values = palloc0((n + 1) * sizeof(JsonbValue));
}

/* A value that is text or written as text; numbers stay numbers, as JSON knows them. */
static void
take_value(QueryReader *reader, int column, Datum datum, bool isnull, JsonbValue *value)
{
	char	   *text;

	value->type = jbvNull;
	if (isnull)
		return;
	if (reader->types[column] == BOOLOID)
	{
		value->type = jbvBool;
		value->val.boolean = DatumGetBool(datum);
		return;
	}
	text = OutputFunctionCall(&reader->outputs[column], datum);
	switch (reader->types[column])
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
			if (strpbrk(text, "NI") == NULL)	/* NaN, Infinity */
			{
				value->type = jbvNumeric;
				value->val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
																		 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
				return;
			}
			break;
		default:
			break;
	}
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = strlen(text);
}

/* Keeps one row. */
static void
keep_row(QueryReader *reader, HeapTuple row)
{
	Datum		result[2];
	bool		nulls[2];
	Datum		datum;
	Jsonb	   *variables;

	for (int i = 0; i < reader->names->n; i++)
	{
		datum = SPI_getbinval(row, reader->desc, reader->columns[i] + 1, &nulls[0]);
		take_value(reader, reader->columns[i], datum, nulls[0], &reader->values[i]);
	}
	variables = pt_variables_make(reader->names, reader->values);
	datum = SPI_getbinval(row, reader->desc, reader->number, &nulls[0]);
	result[0] = nulls[0] ? (Datum) 0 :
		CStringGetTextDatum(OutputFunctionCall(&reader->outputs[reader->number - 1], datum));
	nulls[1] = variables == NULL;
	result[1] = PointerGetDatum(variables);
	tuplestore_putvalues(reader->store, reader->result, result, nulls);
}

/* Fetches the rows until there are no more. */
static void
read_rows(QueryReader *reader, Portal portal)
{
	MemoryContext old;

	reader->row_context = AllocSetContextCreate(CurrentMemoryContext, "portatext query row",
												ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, ROWS);
		if (SPI_processed == 0)
			break;
		old = MemoryContextSwitchTo(reader->row_context);
		for (uint64 i = 0; i < SPI_processed; i++)
			keep_row(reader, SPI_tuptable->vals[i]);
		MemoryContextSwitchTo(old);
		MemoryContextReset(reader->row_context);
		SPI_freetuptable(SPI_tuptable);
	}
}

/* Runs it; the caller has set the role and the settings. */
static void
run_query(const char *query, Tuplestorestate *store, bool begin_only)
{
	QueryReader reader = {.store = store};
	SPIPlanPtr	plan;
	Portal		portal;

	SPI_connect();
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("the query of a contact list is no query any more")));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, false);
	if (!begin_only)
	{
		reader.desc = portal->tupDesc;
		reader.result = pt_query_desc();
		read_columns(&reader);
		read_rows(&reader, portal);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}

/*
 * Raises the query's error (NULL: none) anew, after its subtransaction is undone,
 * or that its time was over, which it may not have noticed at its very end.
 */
static void
raise_again(ErrorData *error)
{
	if (timed_out > 0)
		QueryCancelPending = false;
	if (timed_out > 0 && (error == NULL || error->sqlerrcode == ERRCODE_QUERY_CANCELED))
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("the query of a contact list took longer than %d ms", pt_query_timeout),
				 errhint("Make it faster, or have portatext.query_timeout raised.")));
	ReThrowError(error);
}

/* Raises 0A000 when the query that runs has led to another one, which would take over its time. */
static void
check_outermost(void)
{
	if (running)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the query of a contact list uses another list that is a query"),
				 errhint("Write what the other query does into this one.")));
}

/* Begins to measure the query's time. */
static void
start_clock(TimeoutId timeout)
{
	timed_out = 0;
	if (pt_query_timeout > 0)
		enable_timeout_every(timeout, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pt_query_timeout), AGAIN_MS);
}

void
pt_query_run(const char *query, Oid owner, int64 account_id, Tuplestorestate *store, bool begin_only)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner resource_owner = CurrentResourceOwner;
	TimeoutId	timeout = query_timeout_id();
	ErrorData  *error = NULL;

	check_outermost();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		running = true;
		set_settings(account_id);
		XactReadOnly = true;
		SetUserIdAndSecContext(owner, SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
		start_clock(timeout);
		run_query(query, store, begin_only);
		disable_timeout(timeout, false);
	}
	PG_CATCH();
	{
		disable_timeout(timeout, false);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	running = false;
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = resource_owner;
	if (pt_is_worker())
		LockReleaseSession(USER_LOCKMETHOD);
	if (error != NULL || timed_out > 0)
		raise_again(error);
}
