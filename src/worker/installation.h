/*
 * installation.h
 *	  Is this database the one that was meant to send, or a copy of it?
 */
#ifndef PORTATEXT_INSTALLATION_H
#define PORTATEXT_INSTALLATION_H

#include "portatext.h"

/*
 * May workers act on this database's data?  Called inside every claiming
 * transaction and before scheduled tasks, in SPI_connect.  false: do nothing (a
 * copy is said once in the log and shown by pg_stat_portatext_worker).
 */
extern bool pt_installation_ok(void);

/*
 * Called by everything that inserts into the outbox for a user, as
 * portatext_owner and before the insert, in SPI_connect: the first of a
 * database writes down which place it belongs to.  Costs nothing afterwards.
 */
extern void pt_installation_note(void);

#endif							/* PORTATEXT_INSTALLATION_H */
