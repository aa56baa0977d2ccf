/*
 * ask.c
 *	  Messages whose receipt did not come in their carrier's time: carriers that
 *	  can tell what became of them are asked (SMS-08).  The others' stay listed in
 *	  attention.
 */
#include "worker/scheduler.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "carrier/carrier.h"

static PtPlan late_plan = {
	.sql = "SELECT m.message_id, m.carrier_id, c.adapter, m.to_number::text"
	" FROM portatext.message m JOIN portatext.carriers c ON c.carrier_id = m.carrier_id"
	" WHERE m.message_id = ANY ($1) AND m.step = 'sent' AND EXISTS (SELECT FROM portatext.attention a"
	"  WHERE a.account_id = m.account_id AND a.kind = 'no_receipt' AND a.message_id = m.message_id)"
	" ORDER BY m.message_id",
	.nargs = 1,.argtypes = {UUIDARRAYOID}
};

static PtPlan apply_plan = {
	.sql = "SELECT portatext.apply_receipts($1, ARRAY[NULL::text], ARRAY[$2], ARRAY[NULL::int],"
	" ARRAY[$3], ARRAY[$4])",
	.nargs = 4,.argtypes = {INT4OID, UUIDOID, TEXTOID, TEXTOID}
};

/* A listed message. */
typedef struct Late
{
	Datum		message_id;
	Datum		carrier_id;
	const PtAdapter *adapter;
	char	   *to;
} Late;

/* Reads the listed messages of ids into the current context. */
static Late *
read_late(Datum ids, uint64 *n)
{
	Late	   *list;

	*n = pt_plan_run_latest(&late_plan, &ids, NULL, SPI_OK_SELECT);
	list = palloc(*n * sizeof(Late) + 1);
	for (uint64 i = 0; i < *n; i++)
	{
		bool		isnull;

		list[i].message_id = pt_result(i, 1, &isnull);
		list[i].carrier_id = pt_result(i, 2, &isnull);
		list[i].adapter = pt_adapter_find(TextDatumGetCString(pt_result(i, 3, &isnull)));
		list[i].to = TextDatumGetCString(pt_result(i, 4, &isnull));
	}
	return list;
}

/* Asks for one message; its receipt, if there is one, is applied like any other. */
static void
ask(const Late *late)
{
	const char *status;
	const char *code;
	Datum		values[4];

	if (late->adapter == NULL || late->adapter->ask_local == NULL ||
		!late->adapter->ask_local(late->to, &status, &code))
		return;
	values[0] = late->carrier_id;
	values[1] = late->message_id;
	values[2] = CStringGetTextDatum(status);
	values[3] = CStringGetTextDatum(code);
	pt_plan_run_latest(&apply_plan, values, NULL, SPI_OK_SELECT);
}

void
pt_ask_carriers(Datum ids)
{
	uint64		n;
	Late	   *list = read_late(ids, &n);

	for (uint64 i = 0; i < n; i++)
		ask(&list[i]);
}
