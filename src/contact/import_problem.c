/*
 * import_problem.c
 *	  What is wrong with lines of an import, collected for import_problem.
 */
#include "contact/import.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "number/number.h"

#define COLUMNS 5				/* line, kind, given, number, problem */

struct PtProblems
{
	int64		account_id;
	int64		job_id;
	MemoryContext context;
	int			n;
	Datum		values[COLUMNS][PT_PROBLEMS];
	bool		nulls[COLUMNS][PT_PROBLEMS];
};

PtProblems *
pt_problems_new(int64 account_id, int64 job_id)
{
	PtProblems *problems = palloc0(sizeof(PtProblems));

	problems->account_id = account_id;
	problems->job_id = job_id;
	problems->context = AllocSetContextCreate(CurrentMemoryContext, "portatext import problems",
											  ALLOCSET_DEFAULT_SIZES);
	return problems;
}

/* One text of the new row; NULL: null. */
static void
put(PtProblems *problems, int column, const char *value)
{
	problems->nulls[column][problems->n] = value == NULL;
	if (value != NULL)
		problems->values[column][problems->n] = CStringGetTextDatum(value);
}

void
pt_problems_add(PtProblems *problems, int64 line, const char *kind, const char *given, int given_len,
				const char *number, const char *problem)
{
	MemoryContext old;

	if (problems->job_id == 0)
		return;
	if (problems->n == PT_PROBLEMS)
		pt_problems_flush(problems);
	old = MemoryContextSwitchTo(problems->context);
	problems->values[0][problems->n] = Int64GetDatum(line);
	put(problems, 1, kind);
	put(problems, 2, given == NULL ? NULL : pt_shown(given, given_len));
	put(problems, 3, number);
	put(problems, 4, problem);
	problems->n++;
	MemoryContextSwitchTo(old);
}

/* A column as an array. */
static Datum
array_of(PtProblems *problems, int column, Oid type)
{
	int			lower = 1;
	bool		by_value = type == INT8OID && FLOAT8PASSBYVAL;

	return PointerGetDatum(construct_md_array(problems->values[column], problems->nulls[column], 1, &problems->n,
											  &lower, type, type == INT8OID ? sizeof(int64) : -1, by_value,
											  type == INT8OID ? TYPALIGN_DOUBLE : TYPALIGN_INT));
}

void
pt_problems_flush(PtProblems *problems)
{
	static PtPlan plan = {
		"INSERT INTO portatext.import_problem (job_id, account_id, line, kind, given, number, problem)"
		" SELECT $1, $2, u.* FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) u",
		7, {INT8OID, INT8OID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID},
		.generic = true
	};
	Datum		values[7];

	if (problems->n == 0)
		return;
	values[0] = Int64GetDatum(problems->job_id);
	values[1] = Int64GetDatum(problems->account_id);
	for (int i = 0; i < COLUMNS; i++)
		values[i + 2] = array_of(problems, i, i == 0 ? INT8OID : TEXTOID);
	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
	problems->n = 0;
	MemoryContextReset(problems->context);
}
