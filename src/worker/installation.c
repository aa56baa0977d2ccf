/*
 * installation.c
 *	  Is this database the one that was meant to send, or a copy of it?
 *
 * The table portatext.installation says which server, database and
 * installation_id the data belongs to.  The first account or send writes its row;
 * it is dumped, so a restored dump brings a row of another database with it.
 * Workers do something only when there is a row and every row names this place, so
 * that half a restored dump, in which the row is still missing, is left alone, too;
 * adopt() makes it so.
 */
#include "worker/internal.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "worker/installation.h"
#include "worker/settings.h"

/* The three things that name this place, as parameters of the statements. */
#define PLACE_TYPES {INT8OID, OIDOID, TEXTOID}

static void
place(Datum *values)
{
	const char *id = pt_installation_setting != NULL ? pt_installation_setting : "";

	values[0] = Int64GetDatum((int64) GetSystemIdentifier());
	values[1] = ObjectIdGetDatum(MyDatabaseId);
	values[2] = CStringGetTextDatum(id);
}

/* Rows of other places, and of this one.  The caller is inside SPI_connect. */
static void
count_rows(int64 *own, int64 *foreign)
{
	static PtPlan plan = {
		.sql = "SELECT count(*) FILTER (WHERE here), count(*) FILTER (WHERE NOT here)"
		" FROM (SELECT system_identifier OPERATOR(pg_catalog.=) $1"
		" AND database_oid OPERATOR(pg_catalog.=) $2"
		" AND installation_id OPERATOR(pg_catalog.=) $3 AS here"
		" FROM portatext.installation) AS i",
		.nargs = 3,.argtypes = PLACE_TYPES
	};
	Datum		values[3];
	bool		isnull;

	place(values);
	pt_plan_run(&plan, values, NULL, SPI_OK_SELECT);
	*own = DatumGetInt64(pt_result(0, 1, &isnull));
	*foreign = DatumGetInt64(pt_result(0, 2, &isnull));
}

/* Shows in the view, and once in the log (by the scheduler), that this is a copy. */
static void
show_copy(bool copy)
{
	static bool shown = false;

	if (pt_my_slot == NULL)
		return;
	if (copy)
		pt_slot_activity(PT_NOT_ADOPTED);
	else if (shown)
		pt_slot_activity(PT_WORKING);
	if (copy && !shown && pt_my_slot->kind == PT_SCHEDULER)
		ereport(LOG,
				(errmsg("portatext: nothing is sent: the data of database %u belongs to another place",
						MyDatabaseId),
				 errdetail("The server, the database or portatext.installation_id is not the one that is stored."),
				 errhint("If this database is to send, run SELECT portatext.adopt() in it.")));
	shown = copy;
}

/*
 * Not cached: a restore may bring the foreign row at any time, and the table
 * has one row.  A database without accounts has no row: silent, too.
 */
bool
pt_installation_ok(void)
{
	int64		own;
	int64		foreign;

	count_rows(&own, &foreign);
	show_copy(foreign > 0);
	return own > 0 && foreign == 0;
}

/* Writes this place's row. */
static void
insert_row(void)
{
	static PtPlan plan = {
		.sql = "INSERT INTO portatext.installation (system_identifier, database_oid, installation_id)"
		" VALUES ($1, $2, $3)",
		.nargs = 3,.argtypes = PLACE_TYPES
	};
	Datum		values[3];

	place(values);
	pt_plan_run(&plan, values, NULL, SPI_OK_INSERT);
	pt_wake_at_commit();
}

/* Does the table have a row, and if not, does nothing wait to be sent? */
static bool
is_first_send(void)
{
	static PtPlan plan = {
		.sql = "SELECT NOT (EXISTS (SELECT FROM portatext.installation)"
		" OR EXISTS (SELECT FROM portatext.outbox)"
		" OR EXISTS (SELECT FROM portatext.parked)"
		" OR EXISTS (SELECT FROM portatext.lease))"
	};
	bool		isnull;

	pt_plan_run_latest(&plan, NULL, NULL, SPI_OK_SELECT);
	return DatumGetBool(pt_result(0, 1, &isnull));
}

/*
 * Two first senders at one time both write a row: harmless, and neither waits.
 * What a transaction has written may be rolled back, so the row counts as known
 * only when another transaction finds it.
 */
void
pt_installation_note(void)
{
	static Oid	known = InvalidOid;	/* the extension's table whose row is known */
	static TransactionId wrote = InvalidTransactionId;
	static TransactionId looked = InvalidTransactionId;
	TransactionId self = GetTopTransactionId();
	Oid			table;

	if (looked == self)
		return;
	table = get_relname_relid("installation", get_namespace_oid("portatext", true));
	if (known != table && is_first_send())
	{
		insert_row();
		wrote = self;
	}
	else if (wrote != self)
	{
		known = table;
		looked = self;
	}
}

PG_FUNCTION_INFO_V1(pt_note_installation);

/* note_installation(): called when an account is made. */
Datum
pt_note_installation(PG_FUNCTION_ARGS)
{
	SPI_connect();
	pt_installation_note();
	SPI_finish();
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(pt_adopt);

/* adopt(): from now on this place may send what the database holds. */
Datum
pt_adopt(PG_FUNCTION_ARGS)
{
	static PtPlan empty = {.sql = "DELETE FROM portatext.installation"};

	SPI_connect();
	pt_plan_run(&empty, NULL, NULL, SPI_OK_DELETE);
	insert_row();
	SPI_finish();
	pt_extension_changed_at_commit();
	PG_RETURN_VOID();
}
