/*
 * settings.c
 *	  The settings of the workers.
 */
#include "worker/settings.h"

#include "utils/guc.h"
#include "utils/varlena.h"

#define MAX_RETENTION 36500	/* days */

char	   *pt_databases = NULL;
int			pt_dispatchers = 1;
char	   *pt_receiver_address = NULL;
int			pt_receiver_port = 0;
int			pt_shutdown_grace = 2000;
int			pt_inbound_part_timeout = 600;
double		pt_sender_min_delivered = 0.5;
int			pt_sender_min_receipts = 50;
char	   *pt_installation_setting = NULL;
double		pt_reminder_rate = 50;
int			pt_retention_messages = 0;
int			pt_retention_events = 0;
int			pt_retention_ledger = 0;
int			pt_retention_jobs = 30;

/* Splits a list of database names; false when its syntax is wrong. */
static bool
split_names(const char *value, char **copy, List **names)
{
	*copy = pstrdup(value);
	return SplitIdentifierString(*copy, ',', names);
}

/* portatext.databases must be a list of names. */
static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *copy;
	List	   *names;

	if (!split_names(*newval, &copy, &names))
	{
		GUC_check_errdetail("The value is no list of database names separated by commas.");
		return false;
	}
	list_free(names);
	pfree(copy);
	return true;
}

bool
pt_database_listed(const char *name)
{
	char	   *copy;
	List	   *names;
	ListCell   *cell;
	bool		found;

	if (pt_databases == NULL || !split_names(pt_databases, &copy, &names))
		return true;
	found = names == NIL;
	foreach(cell, names)
		found = found || strcmp(name, (char *) lfirst(cell)) == 0;
	list_free(names);
	pfree(copy);
	return found;
}

/* Settings of the whole server, changed by a reload. */
static void
define_server_settings(void)
{
	DefineCustomStringVariable("portatext.databases",
							   "Databases in which the workers run.",
							   "A list of names; empty: every database that holds the extension.",
							   &pt_databases, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   check_databases, NULL, NULL);
	DefineCustomIntVariable("portatext.shutdown_grace",
							"How long a dispatcher that is told to leave waits for answers.",
							"What has no answer by then becomes unclear.",
							&pt_shutdown_grace, 2000, 0, 60000, PGC_SIGHUP,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("portatext.installation_id",
							   "Name of this installation on this host.",
							   "Workers refuse a database that was adopted under another name.",
							   &pt_installation_setting, "", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
}

/* Settings that a database may have for itself (ALTER DATABASE ... SET). */
static void
define_database_settings(void)
{
	DefineCustomIntVariable("portatext.dispatchers",
							"Dispatchers in each database.",
							"0: nothing is sent.",
							&pt_dispatchers, 1, 0, 8, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomRealVariable("portatext.sender_min_delivered",
							 "Share of a sender's messages that must arrive for it to be chosen among several.",
							 "0: senders are always chosen.",
							 &pt_sender_min_delivered, 0.5, 0, 1, PGC_SUSET, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.sender_min_receipts",
							"Receipts of the last hour below which nothing is said about a sender.",
							NULL, &pt_sender_min_receipts, 50, 1, 1000000, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.inbound_part_timeout",
							"How long the missing parts of an inbound message are waited for.",
							"It runs from the last part that came; then the message is taken in as far as it is there.",
							&pt_inbound_part_timeout, 600, 1, 86400, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomRealVariable("portatext.reminder_rate",
							 "Subscription reminders a second, at most.",
							 "0: none are sent.",
							 &pt_reminder_rate, 50, 0, 10000, PGC_SUSET, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.receiver_port",
							"TCP port of the listener for carriers' callbacks.",
							"0: no listener.",
							&pt_receiver_port, 0, 0, 65535, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomStringVariable("portatext.receiver_address",
							   "Address on which the listener for carriers' callbacks listens.",
							   NULL, &pt_receiver_address, "127.0.0.1", PGC_SUSET, 0,
							   NULL, NULL, NULL);
}

/* For how many days data is kept; a database may have its own. */
static void
define_retention_settings(void)
{
	DefineCustomIntVariable("portatext.retention_messages",
							"Days after which messages that have ended are deleted.",
							"0: they are kept for ever.",
							&pt_retention_messages, 0, 0, MAX_RETENTION, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.retention_events",
							"Days after which events are deleted.",
							"0: they are kept for ever.",
							&pt_retention_events, 0, 0, MAX_RETENTION, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.retention_ledger",
							"Days after which bookings are carried forward as one sum.",
							"0: they are kept for ever.",
							&pt_retention_ledger, 0, 0, MAX_RETENTION, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("portatext.retention_jobs",
							"Days after which jobs that have ended are deleted.",
							"0: they are kept for ever.",
							&pt_retention_jobs, 30, 0, MAX_RETENTION, PGC_SUSET, 0,
							NULL, NULL, NULL);
}

/* Defines the settings of this room. */
void
pt_settings_init(void)
{
	define_server_settings();
	define_database_settings();
	define_retention_settings();
}
