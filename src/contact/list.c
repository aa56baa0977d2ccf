/*
 * list.c
 *	  Finding a contact list; evaluating one that is a query (CAMP-02).
 */
#include "contact/contact.h"

#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "account/account.h"
#include "contact/import.h"
#include "contact/query.h"
#include "contact/rows.h"
#include "number/number.h"

/* The id that the name may be, or -1. */
static int64
as_id(const text *name)
{
	const char *digits = text_to_cstring(name);

	if (*digits == '\0' || strlen(digits) > 18 || strspn(digits, "0123456789") != strlen(digits))
		return -1;
	return strtoll(digits, NULL, 10);
}

/* Reads the list's row; raises 42704 when there is none. query and owner in the current context, NULL for a list of contacts. */
static void
find_list(int64 account_id, const text *name, PtContactList *list, char **query, char **owner)
{
	static PtPlan plan = {
		"SELECT list_id, version, query, query_owner FROM portatext.contact_list"
		" WHERE account_id = $1 AND (name = $2 OR list_id = $3)"
		" ORDER BY (name = $2) IS TRUE DESC LIMIT 1",
		3, {INT8OID, TEXTOID, INT8OID}
	};
	Datum		values[3];
	bool		isnull;

	values[0] = Int64GetDatum(account_id);
	values[1] = PointerGetDatum(name);
	values[2] = Int64GetDatum(as_id(name));
	if (pt_plan_read(&plan, values, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("contact list \"%s\" does not exist", text_to_cstring(name)),
				 errhint("The view portatext.contact_lists has the names and ids.")));
	memset(list, 0, sizeof(*list));
	list->list_id = DatumGetInt64(pt_result(0, 1, &isnull));
	list->version = DatumGetInt64(pt_result(0, 2, &isnull));
	*query = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3);
	*owner = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 4);
	list->is_query = *query != NULL;
}

/* Runs the list's query into a new tuplestore. */
static Tuplestorestate *
run_list(int64 account_id, const text *name, const char *query, const char *owner)
{
	Tuplestorestate *store;
	Oid			role = get_role_oid(owner, true);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\", who owns the query of contact list \"%s\", does not exist",
						owner, text_to_cstring(name)),
				 errhint("Make the list anew.")));
	store = tuplestore_begin_heap(false, false, work_mem);
	pt_query_run(query, role, account_id, store, false);
	return store;
}

/* Notes a row of a query whose number is none. */
static void
refuse_row(PtContactList *list, const char *number, int len)
{
	if (list->refused++ == 0)
		strlcpy(list->example, pt_shown(number, len), sizeof(list->example));
}

/* Adds one row of a query, or refuses it. */
static void
add_row(PtContactList *list, PtContactRows *rows, TupleTableSlot *slot)
{
	PtNumberError error;
	text	   *given;
	text	   *number;

	slot_getallattrs(slot);
	if (slot->tts_isnull[0])
	{
		refuse_row(list, "", 0);
		return;
	}
	given = DatumGetTextPP(slot->tts_values[0]);
	if (pt_try_e164(given, NULL, &number, &error))
		pt_rows_add(rows, text_to_cstring(number),
					slot->tts_isnull[1] ? NULL : DatumGetJsonbP(slot->tts_values[1]));
	else
		refuse_row(list, VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given));
}

/* The query's rows become the contacts of a new version that is retired at once. */
static void
evaluate(int64 account_id, PtContactList *list, Tuplestorestate *store)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(pt_query_desc(), &TTSOpsMinimalTuple);
	PtContactRows *rows;
	MemoryContext row;
	MemoryContext old;

	list->version = pt_version_new();
	rows = pt_rows_new(account_id, list->version, true);
	row = AllocSetContextCreate(CurrentMemoryContext, "portatext query row", ALLOCSET_DEFAULT_SIZES);
	while (tuplestore_gettupleslot(store, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(row);
		add_row(list, rows, slot);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row);
	}
	pt_rows_flush(rows);
	ExecDropSingleTupleTableSlot(slot);
	pt_version_retire(account_id, list->version);
}

void
pt_list_open(int64 account_id, const text *name, PtContactList *list)
{
	char	   *query;
	char	   *owner;
	Tuplestorestate *store;

	find_list(account_id, name, list, &query, &owner);
	if (!list->is_query)
		return;
	store = run_list(account_id, name, query, owner);
	evaluate(account_id, list, store);
	tuplestore_end(store);
}

int64
pt_own_contacts(int64 account_id)
{
	static PtPlan plan = {
		"SELECT version FROM portatext.contact_list WHERE account_id = $1 AND name IS NULL",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(account_id);
	bool		isnull;

	if (pt_plan_read(&plan, &value, NULL) == 0)
		return 0;
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* One row of query_list_contacts(). */
static void
return_row(ReturnSetInfo *rsinfo, TupleTableSlot *slot)
{
	Datum		values[3] = {0};
	bool		nulls[3] = {false, false, true};
	PtNumberError error = PT_NUMBER_NOT_A_NUMBER;
	text	   *number;

	slot_getallattrs(slot);
	nulls[0] = slot->tts_isnull[0];
	nulls[1] = slot->tts_isnull[1];
	values[1] = slot->tts_values[1];
	if (!nulls[0])
	{
		values[0] = slot->tts_values[0];
		if (pt_try_e164(DatumGetTextPP(values[0]), NULL, &number, &error))
			values[0] = PointerGetDatum(number);
	}
	nulls[2] = error == PT_NUMBER_OK;
	if (!nulls[2])
		values[2] = CStringGetTextDatum(pt_number_problem(error));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(pt_query_list_contacts);

/* portatext.query_list_contacts(list text): the query's rows, also bad ones; raises 42809 for a list that is no query. */
Datum
pt_query_list_contacts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		account_id = pt_current_account();
	text	   *name = PG_GETARG_TEXT_PP(0);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(pt_query_desc(), &TTSOpsMinimalTuple);
	PtContactList list;
	char	   *query;
	char	   *owner;
	Tuplestorestate *store;
	PtRole		saved;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	pt_become_keeper(&saved);
	find_list(account_id, name, &list, &query, &owner);
	if (!list.is_query)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("contact list \"%s\" is no query", text_to_cstring(name)),
				 errhint("contacts_of() shows its contacts.")));
	store = run_list(account_id, name, query, owner);
	while (tuplestore_gettupleslot(store, true, false, slot))
		return_row(rsinfo, slot);
	tuplestore_end(store);
	pt_become_caller(&saved);
	SPI_finish();
	return (Datum) 0;
}

/* Raises 42710. */
static void
name_taken(const text *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("contact list \"%s\" already exists", text_to_cstring(name))));
}

PG_FUNCTION_INFO_V1(pt_create_query_list);

/*
 * portatext.create_query_list(name text, query text, description text): the
 * caller's role owns the query.  Raises 22023 for what is no query of a list,
 * 42501 for what the caller may not read, 42710 when the name is taken.
 */
Datum
pt_create_query_list(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"INSERT INTO portatext.contact_list (account_id, name, query, query_owner, description)"
		" VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING list_id",
		5, {INT8OID, TEXTOID, TEXTOID, NAMEOID, TEXTOID}
	};
	int64		account_id = pt_current_account();
	Datum		values[5];
	bool		isnull;
	PtRole		saved;
	int64		list_id;

	for (int i = 0; i < 2; i++)
		if (PG_ARGISNULL(i) || VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(i)) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a query list needs a name and a query")));
	values[0] = Int64GetDatum(account_id);
	values[1] = PG_GETARG_DATUM(0);
	values[2] = CStringGetTextDatum(pt_query_check(text_to_cstring(PG_GETARG_TEXT_PP(1))));
	values[3] = DirectFunctionCall1(namein, CStringGetDatum(GetUserNameFromId(GetUserId(), false)));
	values[4] = PG_GETARG_DATUM(2);
	pt_query_run(TextDatumGetCString(values[2]), GetUserId(), account_id, NULL, true);
	SPI_connect();
	pt_become_keeper(&saved);
	if (pt_plan_run(&plan, values, PG_ARGISNULL(2) ? "    n" : NULL, SPI_OK_INSERT_RETURNING) == 0)
		name_taken(PG_GETARG_TEXT_PP(0));
	list_id = DatumGetInt64(pt_result(0, 1, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_INT64(list_id);
}

void
pt_contact_init(void)
{
	DefineCustomIntVariable("portatext.query_timeout",
							"How long the query of a contact list may run.",
							"Zero: for ever.",
							&pt_query_timeout, 300000, 0, INT_MAX, PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	pt_import_job_init();
}
