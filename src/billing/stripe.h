/*
 * stripe.h
 *	  One row of balance_stripe, found, locked and written by its key.
 */
#ifndef PORTATEXT_STRIPE_H
#define PORTATEXT_STRIPE_H

#include "portatext.h"

#include "billing/purse.h"

/*
 * Locks one free stripe that suffices alone and notes it in the purse; false: there
 * is none that could be had at once, and nothing was locked.
 */
extern bool pt_stripe_lock_one(PtPurse *purse, int64 need);

/* Locks every stripe that is free and not yet held, whatever is in it. */
extern void pt_stripe_lock_free(PtPurse *purse);

/*
 * Takes spent from a stripe that this transaction has locked.  False, with
 * nothing done: the table has triggers, which only SQL would fire.  Raises
 * XX001 when the row is missing.
 */
extern bool pt_stripe_write(int64 account_id, int stripe, int64 spent);

/* Raises XX001: a stripe's row, which this transaction has locked, is not there. */
pg_noreturn extern void pt_stripe_missing(int64 account_id, int stripe);

#endif							/* PORTATEXT_STRIPE_H */
