/*
 * query_check.c
 *	  Is the text a query that a contact list may be made of?
 */
#include "contact/query.h"

#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/guc.h"
#include "utils/ruleutils.h"

#include "contact/variables.h"

/* Raises what is wrong with the query. */
static void
refuse_query(const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the query of a contact list %s", what),
			 errhint("%s", hint)));
}

/* Its one statement, parsed. */
static RawStmt *
one_select(const char *query)
{
	List	   *statements = raw_parser(query, RAW_PARSE_DEFAULT);
	RawStmt    *statement;

	if (list_length(statements) != 1)
		refuse_query("is not one statement", "Give one SELECT.");
	statement = linitial_node(RawStmt, statements);
	if (!IsA(statement->stmt, SelectStmt))
		refuse_query("is not a SELECT", "Give one SELECT.");
	return statement;
}

/* Raises when it could change, lock or lose what it reads. */
static void
check_harmless(Query *query)
{
	if (query->commandType != CMD_SELECT || query->utilityStmt != NULL || query->hasModifyingCTE)
		refuse_query("changes data", "Give one SELECT without INTO and without INSERT, UPDATE or DELETE in WITH.");
	if (query->rowMarks != NIL)
		refuse_query("locks rows", "Leave FOR UPDATE and FOR SHARE out.");
	if (isQueryUsingTempRelation(query))
		refuse_query("reads a temporary table", "Other sessions run it, too; they do not see that table.");
}

/* Raises unless there is a column number and the others can be variables. */
static void
check_columns(Query *query)
{
	const char **names = palloc((list_length(query->targetList) + 1) * sizeof(char *));
	int			n = 0;
	bool		found = false;
	ListCell   *cell;

	foreach(cell, query->targetList)
	{
		TargetEntry *column = lfirst_node(TargetEntry, cell);

		if (column->resjunk)
			continue;
		if (strcmp(column->resname, "number") == 0 && !found)
			found = true;
		else
			names[n++] = column->resname;
	}
	if (!found)
		refuse_query("has no column \"number\"", "Name the column with the telephone numbers so: SELECT phone AS number, ...");
	(void) pt_variable_names(names, n, NULL);
}

/* Its text with every name qualified. */
static char *
qualified_text(Query *query)
{
	int			nest = NewGUCNestLevel();
	char	   *result;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	result = pg_get_querydef(query, false);
	AtEOXact_GUC(true, nest);
	return result;
}

/* A position in an error of the parser is one in the query, not in the caller's statement. */
static void
place_error(void *text)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(text);
	}
}

char *
pt_query_check(const char *text)
{
	ErrorContextCallback callback = {error_context_stack, place_error, (void *) text};
	Query	   *query;

	error_context_stack = &callback;
	query = parse_analyze_fixedparams(one_select(text), text, NULL, 0, NULL);
	error_context_stack = callback.previous;
	check_harmless(query);
	check_columns(query);
	return qualified_text(query);
}
