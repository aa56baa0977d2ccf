/*
 * order_text.c
 *	  The text of an order: as it is given, or rendered from a template (TPL-01 to TPL-04).
 */
#include "sms/order.h"

#include "utils/builtins.h"

/* Raises unless the arguments of the text go together. */
static void
check_arguments(const PtOrder *order)
{
	const Jsonb *given = order->values[PT_VALUES_GIVEN];

	if (order->body != NULL && order->template_name != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("both a body and a template are given"),
				 errhint("Give null for one of them.")));
	if (given != NULL && !JB_ROOT_IS_OBJECT(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variables are not a JSON object"),
				 errhint("Give them as in {\"name\": \"value\"}.")));
}

void
pt_order_find_text(PtOrder *order)
{
	char	   *missing;

	check_arguments(order);
	if (order->template_name != NULL)
		order->body = pt_template_find(order->account->account_id, order->template_name);
	else if (order->values[PT_VALUES_GIVEN] == NULL)
		return;
	if (order->body != NULL)
		order->template = pt_template_read(order->body);
	/* A text without variables is the same for all. */
	if (order->template != NULL && !pt_template_has_variables(order->template))
	{
		order->body = pt_template_render(order->template, NULL, 0, &missing);
		order->template = NULL;
	}
}

bool
pt_order_render(PtOrder *order, PtListCheck lists, PtRefusal *refusal)
{
	char	   *missing;

	if (order->template_name != NULL && order->body == NULL)
	{
		pt_refuse(refusal, PT_REFUSE_UNKNOWN_TEMPLATE, "It is \"%s\".",
				  text_to_cstring(order->template_name));
		return false;
	}
	if (order->template == NULL)
		return true;
	if (lists == PT_ASK_LISTS)
		order->values[PT_VALUES_OF_CONTACT] = pt_contact_variables(order->account->account_id, order->to);
	order->body = pt_template_render(order->template, order->values, PT_VALUE_LAYERS, &missing);
	order->counted = false;
	if (order->body != NULL)
		return true;
	pt_refuse(refusal, PT_REFUSE_MISSING_VARIABLE, "The variable \"%s\" has no value for %s.",
			  missing, order->to);
	return false;
}
