/*
 * retention.c
 *	  Old bookings give way to one row that carries their sum forward.
 *
 * The ledger is append-only for everybody; it is opened here for one statement
 * that deletes and books the sum, so that the balance is the sum of the ledger
 * in every snapshot (BILL-20).
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"

#include "billing/charge.h"

static PtPlan retire_plan = {
	"SELECT r.seen, r.last_id, r.kept_id, r.gone FROM portatext.retire_entries($1, $2, $3, $4) r",
	4, {INT8OID, UUIDOID, UUIDOID, TIMESTAMPTZOID}
};

PG_FUNCTION_INFO_V1(pt_retire_ledger);

/* portatext.retire_ledger(account, from_id, below, older_than) */
Datum
pt_retire_ledger(PG_FUNCTION_ARGS)
{
	Datum		values[4];
	HeapTupleHeader row;

	for (int i = 0; i < lengthof(values); i++)
		values[i] = PG_GETARG_DATUM(i);
	SPI_connect();
	PG_TRY();
	{
		pt_ledger_opened = true;
		pt_plan_run_latest(&retire_plan, values, NULL, SPI_OK_SELECT);
	}
	PG_FINALLY();
	{
		pt_ledger_opened = false;
	}
	PG_END_TRY();
	row = SPI_returntuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
	SPI_finish();
	PG_RETURN_HEAPTUPLEHEADER(row);
}
