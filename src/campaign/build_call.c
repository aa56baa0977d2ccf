/*
 * build_call.c
 *	  What a build decides on a contact that is to be called.
 */
#include "campaign/build.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "telephony/call_tariff.h"

/* The contact's variables over the campaign's, as the text of a JSON object (CAMP-15). */
static text *
merge_values(const PtOrder *order)
{
	Datum		merged = (Datum) 0;
	char	   *json;

	for (int i = PT_VALUE_LAYERS - 1; i >= 0; i--)
	{
		if (order->values[i] == NULL)
			continue;
		merged = merged == (Datum) 0 ? PointerGetDatum(order->values[i]) :
			DirectFunctionCall2(jsonb_concat, merged, PointerGetDatum(order->values[i]));
	}
	if (merged == (Datum) 0)
		return cstring_to_text("{}");
	json = JsonbToCString(NULL, &DatumGetJsonbP(merged)->root, VARSIZE_ANY(DatumGetPointer(merged)));
	return cstring_to_text(json);
}

/* One of the account's own numbers; without any, and none asked for, the trunk's. */
static void
choose_sender(const PtBuild *build, PtOrder *order, PtRefusal *refusal)
{
	order->sender = pt_sender_choose(build->account->account_id, build->from, order->to, refusal);
	if (order->sender != NULL)
		order->sender = build->from == NULL && order->sender[0] != '+' ? NULL : pstrdup(order->sender);
	else if (build->from == NULL && refusal->code == PT_REFUSE_NO_SENDER)
		refusal->code = PT_ACCEPTED;
}

void
pt_build_check_call(const PtBuild *build, PtBuildItem *item)
{
	PtOrder    *order = &item->order;
	PtRefusal  *refusal = &item->refusal;
	Datum		per_call;
	Datum		per_minute;

	if (order->to[0] == '\0')
		pt_refuse(refusal, PT_REFUSE_BAD_NUMBER, "It cannot be called.");
	else if (!pt_call_tariff_for(build->account->account_id, order->to, &per_call, &per_minute))
		pt_refuse(refusal, PT_REFUSE_NO_TARIFF, "The number is %s.", order->to);
	else if (build->account->suspended)
		pt_refuse(refusal, PT_REFUSE_SUSPENDED, "It is account %lld.", (long long) build->account->account_id);
	else
		choose_sender(build, order, refusal);
	if (refusal->code == PT_ACCEPTED && item->variant->has_variables)
		order->body = merge_values(order);
}
