/*
 * installation.h
 *	  Is this database the one that was meant to send, or a copy of it?
 */
#ifndef PORTATEXT_INSTALLATION_H
#define PORTATEXT_INSTALLATION_H

#include "portatext.h"

/*
 * May this database's messages be handed over from here?  Called inside every
 * claiming transaction, in SPI_connect.  false: claim nothing (said once in the
 * log and shown by pg_stat_portatext_worker).
 */
extern bool pt_installation_ok(void);

/* Does the data belong to another place?  A database in which nobody has sent yet is no copy. */
extern bool pt_installation_is_copy(void);

/*
 * Called by everything that inserts into the outbox for a user, as
 * portatext_owner and before the insert, in SPI_connect: the first send of a
 * database writes down which place it belongs to.  Costs nothing afterwards.
 */
extern void pt_installation_note(void);

#endif							/* PORTATEXT_INSTALLATION_H */
