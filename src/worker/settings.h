/*
 * settings.h
 *	  The settings of the workers (docs/operations.md has a line for each).
 */
#ifndef PORTATEXT_SETTINGS_H
#define PORTATEXT_SETTINGS_H

#include "portatext.h"

extern char *pt_databases;		/* portatext.databases; empty: all */
extern int	pt_dispatchers;		/* portatext.dispatchers */
extern char *pt_receiver_address;	/* portatext.receiver_address */
extern int	pt_receiver_port;	/* portatext.receiver_port; 0: off */
extern int	pt_shutdown_grace;	/* portatext.shutdown_grace, milliseconds */
extern int	pt_inbound_part_timeout;	/* portatext.inbound_part_timeout, seconds */
extern double pt_sender_min_delivered;	/* portatext.sender_min_delivered */
extern int	pt_sender_min_receipts; /* portatext.sender_min_receipts */
extern char *pt_installation_setting;	/* portatext.installation_id */
extern double pt_reminder_rate; /* portatext.reminder_rate, reminders a second */
extern int	pt_retention_messages;	/* portatext.retention_messages, days; 0: for ever */
extern int	pt_retention_events;
extern int	pt_retention_ledger;
extern int	pt_retention_jobs;

extern void pt_settings_init(void); /* from _PG_init */

/* Is this database one of portatext.databases? */
extern bool pt_database_listed(const char *name);

#endif							/* PORTATEXT_SETTINGS_H */
