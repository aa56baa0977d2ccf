/*
 * rules.c
 *	  What the adapters' codes mean, for SQL: the adapters' own tables are the
 *	  one source.
 */
#include "portatext.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "carrier/carrier.h"

PG_FUNCTION_INFO_V1(pt_adapter_rules);

/* portatext.adapter_rules(): adapter, code, class (as text), note. */
Datum
pt_adapter_rules(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; pt_adapter_at(i) != NULL; i++)
	{
		const PtAdapter *adapter = pt_adapter_at(i);

		for (const PtAdapterRule *rule = adapter->rules; rule->code != NULL; rule++)
		{
			Datum		values[4];
			bool		nulls[4] = {false};

			values[0] = CStringGetTextDatum(adapter->name);
			values[1] = CStringGetTextDatum(rule->code);
			values[2] = CStringGetTextDatum(pt_answer_class_name(rule->class));
			values[3] = CStringGetTextDatum(rule->note);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}
