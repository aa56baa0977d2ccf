/*
 * holder.h
 *	  Waiting for whoever holds a stripe.
 */
#ifndef PORTATEXT_HOLDER_H
#define PORTATEXT_HOLDER_H

#include "postgres.h"

/* Until then the stripe may be had, or not; no lock is kept. */
extern void pt_wait_for_holder(int64 account_id, int stripe);

#endif							/* PORTATEXT_HOLDER_H */
