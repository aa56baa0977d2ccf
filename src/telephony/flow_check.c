/*
 * flow_check.c
 *	  Call flows as PostgreSQL has them: jsonb, checked against an account's sounds and
 *	  trunks, rendered with variables.
 *
 * The reader of flows wants UTF-8, so texts are converted on the way if the database
 * has another encoding.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "account/account.h"
#include "contact/contact.h"
#include "telephony/call_tariff.h"
#include "telephony/flow_check.h"

PG_FUNCTION_INFO_V1(pt_check_flow_sql);
PG_FUNCTION_INFO_V1(pt_render_flow_sql);

/* Raises what is wrong with a flow. */
static void
raise_problem(const PtFlowProblem *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s: %s", problem->path, problem->text)));
}

/* Reads a flow; false: it is none.  What the steps point to is palloc'd. */
static bool
parse(Jsonb *flow, PtCallFlow **parsed, PtFlowProblem *problem)
{
	char	   *json = JsonbToCString(NULL, &flow->root, VARSIZE(flow));
	char	   *utf8 = pg_server_to_any(json, strlen(json), PG_UTF8);

	*parsed = palloc(sizeof(PtCallFlow));
	return pt_flow_parse(utf8, strlen(utf8), *parsed, problem);
}

/* The canonical text, in UTF-8. */
static char *
write_text(const PtCallFlow *flow)
{
	size_t		size = pt_flow_write(flow, NULL, 0) + 1;
	char	   *out = palloc(size);

	(void) pt_flow_write(flow, out, size);
	return out;
}

/* The canonical form as it is stored. */
static Jsonb *
write_jsonb(const PtCallFlow *flow)
{
	char	   *text = write_text(flow);

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(pg_any_to_server(text, strlen(text), PG_UTF8))));
}

/* Has the account such a sound, or such a trunk?  With lock it stays until the transaction's end. */
static bool
account_has(int64 account_id, bool trunk, int64 id, bool lock)
{
	static PtPlan sound = {
		"SELECT FROM portatext.sound"
		" WHERE account_id OPERATOR(pg_catalog.=) $1 AND sound_id OPERATOR(pg_catalog.=) $2",
		2, {INT8OID, INT8OID}
	};
	static PtPlan lock_sound = {
		"SELECT FROM portatext.sound"
		" WHERE account_id OPERATOR(pg_catalog.=) $1 AND sound_id OPERATOR(pg_catalog.=) $2 FOR KEY SHARE",
		2, {INT8OID, INT8OID}
	};
	static PtPlan of_trunk = {
		"SELECT FROM portatext.trunk"
		" WHERE account_id OPERATOR(pg_catalog.=) $1 AND trunk_id OPERATOR(pg_catalog.=) $2 AND NOT dropped",
		2, {INT8OID, INT8OID}
	};
	static PtPlan lock_trunk = {
		"SELECT FROM portatext.trunk"
		" WHERE account_id OPERATOR(pg_catalog.=) $1 AND trunk_id OPERATOR(pg_catalog.=) $2 AND NOT dropped FOR SHARE",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(account_id), Int64GetDatum(id)};

	if (lock)
		return pt_plan_run(trunk ? &lock_trunk : &lock_sound, values, NULL, SPI_OK_SELECT) > 0;
	return pt_plan_read(trunk ? &of_trunk : &sound, values, NULL) > 0;
}

/* Raises when a step plays or dials through what the account has not. */
static void
check_references(int64 account_id, const PtCallFlow *flow, bool lock)
{
	for (int i = 0; i < flow->n_steps; i++)
	{
		const PtStep *step = &flow->steps[i];
		bool		trunk = step->trunk_id != 0;
		int64		id = trunk ? step->trunk_id : step->sound_id;
		PtFlowProblem problem;

		if (id == 0 || account_has(account_id, trunk, id, lock))
			continue;
		pt_step_path(flow, step, problem.path, sizeof(problem.path));
		snprintf(problem.text, sizeof(problem.text), "%s %lld does not exist", trunk ? "trunk" : "sound", (long long) id);
		raise_problem(&problem);
	}
}

/* Checks a flow for an account. */
static Jsonb *
check(int64 account_id, Jsonb *flow, PtFlowFacts *facts, bool lock)
{
	PtCallFlow *parsed;
	PtFlowProblem problem;
	PtRole		saved;

	if (!parse(flow, &parsed, &problem))
		raise_problem(&problem);
	SPI_connect();
	pt_become_keeper(&saved);
	check_references(account_id, parsed, lock);
	pt_become_caller(&saved);
	SPI_finish();
	if (facts != NULL)
		*facts = parsed->facts;
	return write_jsonb(parsed);
}

/* What it names is locked, so that nobody drops it while it is being stored. */
Jsonb *
pt_flow_check_jsonb(int64 account_id, Jsonb *flow, PtFlowFacts *facts)
{
	return check(account_id, flow, facts, true);
}

void
pt_flow_facts_jsonb(Jsonb *flow, PtFlowFacts *facts)
{
	PtCallFlow *parsed;
	PtFlowProblem problem;

	if (!parse(flow, &parsed, &problem))
		raise_problem(&problem);
	*facts = parsed->facts;
	pfree(parsed);
}

/* Fills in one text of a step, UTF-8; false: a variable has no value. */
static bool
fill_text(const char **body, const Jsonb *const *layers, int n, PtFlowProblem *problem)
{
	char	   *server = pg_any_to_server(*body, strlen(*body), PG_UTF8);
	PtTemplate *template = pt_template_read(cstring_to_text(server));
	char	   *missing;
	text	   *filled = pt_template_render(template, layers, n, &missing);
	char	   *out;

	if (filled == NULL)
	{
		snprintf(problem->text, sizeof(problem->text), "variable \"%s\" has no value", missing);
		return false;
	}
	out = text_to_cstring(filled);
	*body = pg_server_to_any(out, strlen(out), PG_UTF8);
	return true;
}

/* Fills in all texts. */
static bool
fill_steps(PtCallFlow *flow, const Jsonb *const *layers, int n, PtFlowProblem *problem)
{
	for (int i = 0; i < flow->n_steps; i++)
	{
		PtStep	   *step = &flow->steps[i];

		pt_step_path(flow, step, problem->path, sizeof(problem->path));
		if (step->text != NULL && !fill_text(&step->text, layers, n, problem))
			return false;
		if (step->to != NULL && !fill_text(&step->to, layers, n, problem))
			return false;
	}
	return true;
}

/* What came out is read again: values may be too long, no destination, or have braces. */
static bool
check_filled(const char *text, PtFlowProblem *problem)
{
	PtCallFlow *flow = palloc(sizeof(PtCallFlow));
	bool		good = pt_flow_parse(text, strlen(text), flow, problem);

	if (good && flow->facts.has_variables)
	{
		snprintf(problem->path, sizeof(problem->path), "flow");
		snprintf(problem->text, sizeof(problem->text), "a variable's value has braces");
		good = false;
	}
	pfree(flow);
	return good;
}

char *
pt_call_flow_fill(Jsonb *flow, const Jsonb *const *layers, int n, PtFlowProblem *problem)
{
	PtCallFlow *parsed;
	char	   *text = NULL;

	if (parse(flow, &parsed, problem) &&
		(!parsed->facts.has_variables || fill_steps(parsed, layers, n, problem)))
		text = write_text(parsed);
	if (text != NULL && parsed->facts.has_variables && !check_filled(text, problem))
		text = NULL;
	pfree(parsed);
	return text;
}

char *
pt_call_flow_destination(const char *flow, PtAmdResult amd)
{
	PtCallFlow *parsed = palloc(sizeof(PtCallFlow));
	PtFlowPart	part = pt_flow_part_of(amd);
	PtFlowProblem problem;
	const char *found = NULL;

	if (!pt_flow_parse(flow, strlen(flow), parsed, &problem))
		parsed->n_steps = 0;
	for (int i = 0; i < parsed->n_steps; i++)
		if (parsed->steps[i].to != NULL && (found == NULL || parsed->steps[i].part == part))
			found = parsed->steps[i].to;
	found = found == NULL ? NULL : pstrdup(found);
	pfree(parsed);
	return (char *) found;
}

char *
pt_call_flow_unpriced(int64 account_id, const char *flow)
{
	PtCallFlow *parsed = palloc(sizeof(PtCallFlow));
	PtFlowProblem problem;
	char		number[PT_E164_SIZE];
	char	   *found = NULL;
	Datum		price[2];

	if (!pt_flow_parse(flow, strlen(flow), parsed, &problem))
		parsed->n_steps = 0;
	for (int i = 0; found == NULL && i < parsed->n_steps; i++)
		if (parsed->steps[i].to != NULL && pt_call_number_of(parsed->steps[i].to, number) &&
			!pt_call_tariff_for(account_id, number, &price[0], &price[1]))
			found = pstrdup(number);
	pfree(parsed);
	return found;
}

/* portatext.check_flow(flow) */
Datum
pt_check_flow_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(check(pt_current_account(), PG_GETARG_JSONB_P(0), NULL, false));
}

/* portatext.render_flow(flow, variables) */
Datum
pt_render_flow_sql(PG_FUNCTION_ARGS)
{
	const Jsonb *variables = PG_GETARG_JSONB_P(1);
	PtFlowProblem problem;
	char	   *text = pt_call_flow_fill(PG_GETARG_JSONB_P(0), &variables, 1, &problem);

	if (text == NULL)
		raise_problem(&problem);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(pg_any_to_server(text, strlen(text), PG_UTF8))));
}
