/*
 * import_end.c
 *	  What an import is for, and its end: the list is replaced at once or not at all (CSV-05, CSV-06).
 */
#include "contact/import.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "contact/rows.h"

int64
pt_import_list(const text *list)
{
	static PtPlan plan = {
		"SELECT l.list_id, l.query IS NULL, l.name FROM portatext.contact_list_named($1) l",
		1, {TEXTOID}
	};
	Datum		value = PointerGetDatum(list);
	bool		isnull;

	pt_plan_run(&plan, &value, list == NULL ? "n" : NULL, SPI_OK_SELECT);
	if (!DatumGetBool(pt_result(0, 2, &isnull)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("contact list \"%s\" is a query", TextDatumGetCString(pt_result(0, 3, &isnull))),
				 errhint("Its contacts are those that the query finds.")));
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

/* Runs jsonb_build_object. */
static Jsonb *
json_of(PtPlan *plan, const Datum *values, const char *nulls)
{
	bool		isnull;

	pt_plan_run(plan, values, nulls, SPI_OK_SELECT);
	return DatumGetJsonbPCopy(pt_result(0, 1, &isnull));
}

Jsonb *
pt_import_arguments(const PtImportTarget *target)
{
	static PtPlan plan = {
		"SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('list_id', $1, 'skip_bad', $2, 'region', $3))",
		3, {INT8OID, BOOLOID, TEXTOID}
	};
	Datum		values[3] = {Int64GetDatum(target->list_id), BoolGetDatum(target->skip_bad)};

	if (target->region != NULL)
		values[2] = CStringGetTextDatum(target->region);
	return json_of(&plan, values, target->region == NULL ? "  n" : NULL);
}

/* The new version takes the place of the old one, which is retired; false: the list is gone. */
static bool
replace_list(int64 account_id, int64 list_id, int64 version)
{
	static PtPlan plan = {
		"WITH old AS (SELECT version FROM portatext.contact_list WHERE list_id = $1 AND account_id = $3 FOR NO KEY UPDATE),"
		" new AS (UPDATE portatext.contact_list l SET version = $2, changed_at = portatext.now()"
		"   FROM old WHERE l.list_id = $1 RETURNING old.version)"
		" INSERT INTO portatext.retired_version (version, account_id) SELECT n.version, $3 FROM new n",
		3, {INT8OID, INT8OID, INT8OID}
	};
	Datum		values[3] = {Int64GetDatum(list_id), Int64GetDatum(version), Int64GetDatum(account_id)};

	return pt_plan_run_latest(&plan, values, NULL, SPI_OK_INSERT) == 1;
}

/* The job's result. */
static Jsonb *
result_of(int64 list_id, const PtImportCounts *counts, bool replaced, const char *first_problem)
{
	static PtPlan plan = {
		"SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('list_id', $1, 'contacts', $2, 'lines', $3,"
		" 'normalised', $4, 'duplicates', $5, 'refused', $6, 'replaced', $7, 'first_problem', $8))",
		8, {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, BOOLOID, TEXTOID}
	};
	Datum		values[8] = {Int64GetDatum(list_id), Int64GetDatum(counts->contacts), Int64GetDatum(counts->lines),
		Int64GetDatum(counts->normalised), Int64GetDatum(counts->duplicates), Int64GetDatum(counts->refused),
		BoolGetDatum(replaced)};

	if (first_problem != NULL)
		values[7] = CStringGetTextDatum(first_problem);
	return json_of(&plan, values, first_problem == NULL ? "       n" : NULL);
}

bool
pt_import_finish(PtImport *import, const PtImportTarget *target, PtJob *job)
{
	PtImportCounts counts = pt_import_counts(import);
	const char *problem = pt_import_first_problem(import);
	int64		version = pt_import_version(import);
	bool		good = pt_import_has_header(import) && (counts.refused == 0 || target->skip_bad);
	bool		replaced = good && replace_list(job->account_id, target->list_id, version);

	if (good && !replaced)
		problem = "the list was deleted meanwhile";
	if (!replaced)
	{
		counts.contacts = 0;
		pt_version_retire(job->account_id, version);
	}
	job->errors = counts.refused;
	job->result = result_of(target->list_id, &counts, replaced, problem);
	return replaced;
}
