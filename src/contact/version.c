/*
 * version.c
 *	  Numbers of the versions of contact lists.
 */
#include "contact/rows.h"

#include "catalog/pg_type.h"

int64
pt_version_new(void)
{
	static PtPlan plan = {
		"SELECT pg_catalog.nextval('portatext.contact_version_seq'::pg_catalog.regclass)",
		0, {0}
	};
	bool		isnull;

	pt_plan_run(&plan, NULL, NULL, SPI_OK_SELECT);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

void
pt_version_retire(int64 account_id, int64 version)
{
	static PtPlan plan = {
		"INSERT INTO portatext.retired_version (version, account_id) VALUES ($1, $2)"
		" ON CONFLICT DO NOTHING",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {Int64GetDatum(version), Int64GetDatum(account_id)};

	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
}
