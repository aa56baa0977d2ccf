/*
 * many.c
 *	  What is asked for many orders of one account at once, for batches and campaigns.
 */
#include "sms/many.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sms/blacklist.h"
#include "sms/service_hook.h"

/* Their numbers, as an array. */
static Datum
recipients(PtOrder *const *orders, int n)
{
	Datum	   *numbers = palloc_array(Datum, n);

	for (int i = 0; i < n; i++)
		numbers[i] = CStringGetTextDatum(orders[i]->to);
	return PointerGetDatum(construct_array(numbers, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Asks both blacklists for all of them (BL-03). */
static void
ask_blacklists(PtOrder *const *orders, PtRefusal *const *refusals, int n)
{
	Datum	   *numbers = palloc_array(Datum, n);
	bool	   *found = palloc_array(bool, n);

	for (int i = 0; i < n; i++)
		numbers[i] = CStringGetTextDatum(orders[i]->to);
	pt_blacklisted_many(orders[0]->account->account_id, numbers, n, found);
	for (int i = 0; i < n; i++)
	{
		if (found[i] && refusals[i]->code == PT_ACCEPTED)
			pt_refuse(refusals[i], PT_REFUSE_BLACKLISTED, "The recipient is %s.", orders[i]->to);
	}
}

/* Asks whether the services of those that have one may write to their recipients. */
static void
ask_services(PtOrder *const *orders, PtRefusal *const *refusals, int n)
{
	PtOrder   **asked = palloc_array(PtOrder *, n);
	PtRefusal **answers = palloc_array(PtRefusal *, n);
	int			m = 0;

	for (int i = 0; i < n; i++)
	{
		if (orders[i]->service_id == 0 || refusals[i]->code != PT_ACCEPTED)
			continue;
		asked[m] = orders[i];
		answers[m++] = refusals[i];
	}
	if (m > 0 && pt_service_hooks != NULL)
		pt_service_hooks->check(asked, answers, m);
}

void
pt_orders_ask_lists(PtOrder *const *orders, PtRefusal *const *refusals, int n)
{
	if (n == 0)
		return;
	ask_blacklists(orders, refusals, n);
	ask_services(orders, refusals, n);
}

void
pt_orders_find_values(PtOrder *const *orders, int n)
{
	static PtPlan plan = {
		"SELECT u.ord::int4, (SELECT c.variables FROM portatext.contact c"
		"   WHERE c.version = l.version AND c.number::text = u.number LIMIT 1)"
		" FROM portatext.contact_list l, unnest($2::text[]) WITH ORDINALITY AS u(number, ord)"
		" WHERE l.account_id = $1 AND l.name IS NULL",
		2, {INT8OID, TEXTARRAYOID}
	};
	MemoryContext context = CurrentMemoryContext;
	Datum		values[2];
	uint64		rows;

	if (n == 0)
		return;
	values[0] = Int64GetDatum(orders[0]->account->account_id);
	values[1] = recipients(orders, n);
	rows = pt_plan_run(&plan, values, NULL, SPI_OK_SELECT);
	MemoryContextSwitchTo(context); /* which SPI has left */
	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;
		int			i = DatumGetInt32(pt_result(row, 1, &isnull)) - 1;
		Datum		stored = pt_result(row, 2, &isnull);

		orders[i]->values[PT_VALUES_OF_CONTACT] = isnull ? NULL : DatumGetJsonbPCopy(stored);
	}
	SPI_freetuptable(SPI_tuptable);
}
