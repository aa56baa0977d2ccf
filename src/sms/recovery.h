/*
 * recovery.h
 *	  Leases of dispatchers that ended without writing their outcomes.
 */
#ifndef PORTATEXT_RECOVERY_H
#define PORTATEXT_RECOVERY_H

#include "portatext.h"

/* A new worker number, locked by this session until it ends. */
extern int64 pt_worker_number(void);

typedef struct PtRecovered
{
	int			unclear;
	int			again;			/* back in the outbox */
} PtRecovered;

/* Settles the leases of dead dispatchers inside the caller's transaction. */
extern void pt_recover_leases(int64 own_number, PtRecovered *recovered);

#endif							/* PORTATEXT_RECOVERY_H */
