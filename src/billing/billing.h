/*
 * billing.h
 *	  Tariffs and the balance.
 */
#ifndef PORTATEXT_BILLING_H
#define PORTATEXT_BILLING_H

#include "portatext.h"

/*
 * Credits per segment (a numeric Datum, valid until the transaction's end) for
 * a canonical number; false when no tariff covers it (BILL-14).
 */
extern bool pt_tariff_for(int64 account_id, const char *e164, Datum *credits);

/*
 * Takes amount (numeric, >= 0) from the account's balance for outbound traffic,
 * exact at commit, undone with the (sub)transaction.  Returns false, and takes
 * nothing, when the funds do not suffice.  The caller writes the ledger row.
 */
extern bool pt_charge(int64 account_id, Datum amount);

/* Takes amount even if the balance goes below zero (inbound, debits). */
extern void pt_debit(int64 account_id, Datum amount);

/* The balance as this transaction sees it, its own charges included. */
extern Datum pt_balance(int64 account_id);

/*
 * What pt_charge could take now if no other transaction spent: the balance and
 * the credit limit; false: there is no limit.
 */
extern bool pt_spendable(int64 account_id, Datum *credits);

/*
 * Moves booked credits into the stripes, as far as those are free; false when
 * stripe 0 is not, and nothing was done.
 */
extern bool pt_absorb(int64 account_id);

extern void pt_billing_init(void);	/* from _PG_init: transaction callbacks */

#endif							/* PORTATEXT_BILLING_H */
