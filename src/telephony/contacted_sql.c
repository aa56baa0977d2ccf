/*
 * contacted_sql.c
 *	  SQL functions about the ends of calls: the decision about "contacted", the
 *	  table of causes, the network effectiveness ratio.
 */
#include "portatext.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "telephony/cause.h"
#include "telephony/contacted.h"

PG_FUNCTION_INFO_V1(pt_is_contacted_sql);
PG_FUNCTION_INFO_V1(pt_amd_word_sql);
PG_FUNCTION_INFO_V1(pt_call_causes_sql);

/* An AMD result by its name or an engine's word for it; null: none. */
static PtAmdResult
read_amd(FunctionCallInfo fcinfo, int arg)
{
	PtAmdResult amd = PT_AMD_NONE;
	char	   *word;

	if (PG_ARGISNULL(arg))
		return amd;
	word = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	if (*word != '\0' && !pt_amd_find(word, &amd))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is no result of answering machine detection", word),
				 errhint("The results are HUMAN, MACHINE, NOTSURE and HANGUP.")));
	return amd;
}

/* A boolean; null: false. */
static bool
read_bool(FunctionCallInfo fcinfo, int arg)
{
	return !PG_ARGISNULL(arg) && PG_GETARG_BOOL(arg);
}

/* portatext.is_contacted(leg_a, has_amd, amd_result, subflow_empty, has_forward, leg_b) */
Datum
pt_is_contacted_sql(PG_FUNCTION_ARGS)
{
	PtContact	contact = {
		.leg_a = read_bool(fcinfo, 0),
		.has_amd = read_bool(fcinfo, 1),
		.amd = read_amd(fcinfo, 2),
		.subflow_empty = read_bool(fcinfo, 3),
		.has_forward = read_bool(fcinfo, 4),
		.leg_b = read_bool(fcinfo, 5)
	};

	PG_RETURN_BOOL(pt_is_contacted(&contact));
}

/* portatext.amd_result_of(word) */
Datum
pt_amd_word_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(pt_amd_name(read_amd(fcinfo, 0))));
}

/* Adds a row of portatext.call_cause_table(); cause NULL: a result without one. */
static void
put_row(ReturnSetInfo *result, const PtCause *cause, const PtResultRule *rule)
{
	Datum		values[8];
	bool		nulls[8] = {false};
	Interval   *delay = palloc0(sizeof(Interval));

	delay->time = (TimeOffset) rule->retry_after_s * USECS_PER_SEC;
	nulls[0] = cause == NULL;
	values[0] = Int16GetDatum(cause != NULL ? cause->q850 : 0);
	nulls[1] = cause == NULL || cause->alerted < 0;
	values[1] = BoolGetDatum(cause != NULL && cause->alerted == 1);
	values[2] = CStringGetTextDatum(rule->name);
	values[3] = BoolGetDatum(rule->issued);
	values[4] = BoolGetDatum(rule->ner_failed);
	nulls[5] = rule->stops_after == 1;
	values[5] = IntervalPGetDatum(delay);
	nulls[6] = rule->stops_after == 0;
	values[6] = Int16GetDatum(rule->stops_after);
	values[7] = BoolGetDatum(rule->slows_trunk);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Does a cause lead to the result? */
static bool
has_cause(PtCallResult result)
{
	const PtCause *cause;

	for (int i = 0; (cause = pt_cause_at(i)) != NULL; i++)
		if (cause->result == result)
			return true;
	return false;
}

/* portatext.call_cause_table(): the rows that decide, then the results that no cause leads to. */
Datum
pt_call_causes_sql(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const PtCause *cause;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; (cause = pt_cause_at(i)) != NULL; i++)
		put_row(result, cause, pt_call_result_rule(cause->result));
	for (int i = 0; i < PT_CALL_RESULTS; i++)
		if (!has_cause((PtCallResult) i))
			put_row(result, NULL, pt_call_result_rule((PtCallResult) i));
	PG_RETURN_NULL();
}
