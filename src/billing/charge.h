/*
 * charge.h
 *	  What the billing room's files need of each other.
 */
#ifndef PORTATEXT_CHARGE_H
#define PORTATEXT_CHARGE_H

#include "portatext.h"

/*
 * Before an account's stripes are written otherwise than at commit: takes its
 * gate, so that nobody waits for its stripes while holding some.  Raises 55000
 * when this transaction has spent from it.
 */
extern void pt_close_purse(int64 account_id);

/*
 * The balance in the running statement's snapshot, so that it agrees with what
 * else the statement reads; the newest one once this transaction has spent.
 */
extern Datum pt_balance_of_statement(int64 account_id);

/* Retention alone may open the ledger, and closes it again. */
extern bool pt_ledger_opened;

#endif							/* PORTATEXT_CHARGE_H */
