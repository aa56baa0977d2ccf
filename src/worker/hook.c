/*
 * hook.c
 *	  The utility hook: statements that want a database without sessions get its
 *	  workers out of the way, and the launcher hears of extensions and databases
 *	  that come or go.
 */
#include "worker/internal.h"

#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "tcop/utility.h"
#include "utils/acl.h"

#define HOLD_WAIT_MS 10000		/* after that the statement says itself who is connected */
#define HOLD_STEP_MS 10

static ProcessUtility_hook_type previous_utility = NULL;
static bool holding = false;	/* this transaction keeps workers out of a database */

/* The template of CREATE DATABASE; NULL: the default one, which has no workers. */
static const char *
template_of(const CreatedbStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = (DefElem *) lfirst(cell);

		if (strcmp(option->defname, "template") == 0 && option->arg != NULL)
			return defGetString(option);
	}
	return NULL;
}

/* Does ALTER DATABASE move the database to another tablespace? */
static bool
moves_database(const AlterDatabaseStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->options)
		if (strcmp(((DefElem *) lfirst(cell))->defname, "tablespace") == 0)
			return true;
	return false;
}

/* The database that the statement wants without sessions, or NULL. */
static const char *
wanted_empty(Node *parsetree)
{
	if (IsA(parsetree, DropdbStmt))
		return ((DropdbStmt *) parsetree)->dbname;
	if (IsA(parsetree, CreatedbStmt))
		return template_of((CreatedbStmt *) parsetree);
	if (IsA(parsetree, RenameStmt) && ((RenameStmt *) parsetree)->renameType == OBJECT_DATABASE)
		return ((RenameStmt *) parsetree)->subname;
	if (IsA(parsetree, AlterDatabaseStmt) && moves_database((AlterDatabaseStmt *) parsetree))
		return ((AlterDatabaseStmt *) parsetree)->dbname;
	return NULL;
}

/* Do databases come or go with this statement, or may they have workers now? */
static bool
changes_databases(Node *parsetree)
{
	return IsA(parsetree, CreatedbStmt) || IsA(parsetree, DropdbStmt) ||
		IsA(parsetree, AlterDatabaseStmt) ||
		(IsA(parsetree, RenameStmt) && ((RenameStmt *) parsetree)->renameType == OBJECT_DATABASE);
}

/* May this statement create or drop the extension? */
static bool
changes_extensions(Node *parsetree)
{
	if (IsA(parsetree, DropStmt))
		return ((DropStmt *) parsetree)->removeType == OBJECT_EXTENSION ||
			((DropStmt *) parsetree)->removeType == OBJECT_SCHEMA;
	return IsA(parsetree, CreateExtensionStmt) || IsA(parsetree, DropOwnedStmt);
}

/* Lets the workers come back to every database that this backend has held. */
static void
release(XactEvent event, void *arg)
{
	if (!holding || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT))
		return;
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PT_MAX_DATABASES; i++)
		for (int j = 0; j < PT_MAX_HOLDERS; j++)
			if (pt_shared->databases[i].hold_pids[j] == MyProcPid)
				pt_shared->databases[i].hold_pids[j] = 0;
	LWLockRelease(pt_shared->lock);
	holding = false;
	pt_wake_launcher(true);
}

/* Notes this backend among the holders of a database; false: there are too many. */
static bool
note_holder(PtDatabase *entry)
{
	int			place = -1;

	for (int i = PT_MAX_HOLDERS - 1; i >= 0; i--)
	{
		if (entry->hold_pids[i] == MyProcPid)
			return true;
		if (entry->hold_pids[i] == 0)
			place = i;
	}
	if (place >= 0)
		entry->hold_pids[place] = MyProcPid;
	return place >= 0;
}

/*
 * Asks the launcher to keep the database empty until this transaction ends;
 * false: it has no workers, or others are asking for that already.
 */
static bool
hold(Oid database)
{
	static bool registered = false;
	PtDatabase *entry;
	bool		found = false;

	if (!registered)
		RegisterXactCallback(release, NULL);
	registered = true;
	LWLockAcquire(pt_shared->lock, LW_EXCLUSIVE);
	entry = pt_database_find(database);
	if (entry != NULL)
		found = note_holder(entry);
	LWLockRelease(pt_shared->lock);
	holding = holding || found;
	return found;
}

/* Has the launcher seen the hold, and have all workers left? */
static bool
is_empty(Oid database)
{
	PtDatabase *entry;
	bool		empty;

	LWLockAcquire(pt_shared->lock, LW_SHARED);
	entry = pt_database_find(database);
	empty = entry == NULL || (entry->seen_held && entry->children == 0);
	LWLockRelease(pt_shared->lock);
	return empty && pt_slots_of(database) == 0;
}

/* Waits until the workers have left, for a bounded time. */
static void
wait_empty(Oid database)
{
	pt_wake_launcher(false);
	for (int ms = 0; ms < HOLD_WAIT_MS && !is_empty(database); ms += HOLD_STEP_MS)
	{
		(void) WaitLatch(MyLatch, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, HOLD_STEP_MS, PG_WAIT_EXTENSION);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Does the statement drop or update this extension, or may it, as it drops what a
 * role owns or the extension's schema?  It then locks every table of
 * it, in an order of its own: a worker in between would be a deadlock.
 */
static bool
wants_extension(Node *parsetree)
{
	ListCell   *cell;

	if (IsA(parsetree, AlterExtensionStmt))
		return strcmp(((AlterExtensionStmt *) parsetree)->extname, "portatext") == 0;
	if (IsA(parsetree, DropOwnedStmt))
		return true;
	if (!IsA(parsetree, DropStmt) ||
		(((DropStmt *) parsetree)->removeType != OBJECT_EXTENSION &&
		 ((DropStmt *) parsetree)->removeType != OBJECT_SCHEMA))
		return false;
	foreach(cell, ((DropStmt *) parsetree)->objects)
		if (strcmp(strVal(lfirst(cell)), "portatext") == 0)
			return true;
	return false;
}

/* The database to hold for this statement; InvalidOid: none, or not the caller's. */
static Oid
database_to_hold(Node *parsetree)
{
	const char *name = wanted_empty(parsetree);
	Oid			database;

	if (wants_extension(parsetree) && IsTransactionState() && superuser())
		return MyDatabaseId;
	if (name == NULL || !IsTransactionState())
		return InvalidOid;
	database = get_database_oid(name, true);
	if (!OidIsValid(database) || database == MyDatabaseId ||
		!PT_OWNS_DATABASE(database, GetUserId()))
		return InvalidOid;
	return database;
}

/* Passes the statement on. */
static void
pass_on(PlannedStmt *pstmt, const char *query, bool read_only, ProcessUtilityContext context,
		ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	if (previous_utility)
		previous_utility(pstmt, query, read_only, context, params, env, dest, qc);
	else
		standard_ProcessUtility(pstmt, query, read_only, context, params, env, dest, qc);
}

/* The hook itself. */
static void
utility(PlannedStmt *pstmt, const char *query, bool read_only, ProcessUtilityContext context,
		ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	Node	   *parsetree = pstmt->utilityStmt;
	bool		databases = changes_databases(parsetree);
	bool		extensions = changes_extensions(parsetree);
	Oid			wanted = database_to_hold(parsetree);

	if (OidIsValid(wanted) && hold(wanted))
		wait_empty(wanted);
	pass_on(pstmt, query, read_only, context, params, env, dest, qc);
	if (databases || extensions)
		pt_extension_changed_at_commit();
}

/* Installs the hook; only while preloading. */
void
pt_hook_init(void)
{
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = utility;
}
