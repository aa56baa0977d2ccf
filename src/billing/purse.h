/*
 * purse.h
 *	  What this transaction holds of the accounts' balances.
 *
 * A purse is the set of stripes of one account that the transaction has locked,
 * with what it has spent from each.  Everything is undone with its
 * (sub)transaction and gone at the transaction's end.  Amounts are millionths
 * of a credit.
 */
#ifndef PORTATEXT_PURSE_H
#define PORTATEXT_PURSE_H

#include "postgres.h"

#define PT_STRIPES 16
#define PT_ALL_STRIPES ((1 << PT_STRIPES) - 1)
#define PT_NO_LIMIT (PG_INT64_MAX / 64) /* room of a stripe that may owe anything */

/* What one (sub)transaction has spent from a stripe. */
typedef struct PtSpending
{
	struct PtSpending *below;
	int			level;			/* nesting level of the transaction */
	int64		amount;			/* negative: credits absorbed */
} PtSpending;

typedef struct PtHeld
{
	int			level;			/* of the (sub)transaction that locked the row */
	bool		unlimited;
	int64		locked_room;	/* amount + allowance as stored now */
	int64		room;			/* what may still be spent */
	int64		allowance;
	PtSpending *spent;			/* innermost level first */
} PtHeld;

typedef struct PtPurse
{
	struct PtPurse *next;		/* by ascending account */
	int64		account_id;
	uint32		mask;			/* bit n: stripe n is held */
	int			current;		/* the stripe last spent from */
	int			wanted;			/* the first stripe that was not to be had */
	bool		ahead;			/* something spent is written already */
	int64		largest;		/* greatest amount asked for at one time */
	PtHeld		held[PT_STRIPES];
} PtPurse;

/* The account's purse; made when missing. */
extern PtPurse *pt_purse(int64 account_id);

/* The account's purse, or NULL. */
extern PtPurse *pt_purse_find(int64 account_id);

/* The first of all purses, in ascending order of accounts, or NULL. */
extern PtPurse *pt_purse_first(void);

/* Does the transaction hold a stripe of another account? */
extern bool pt_purse_others(const PtPurse *purse);

/* Notes a stripe that was locked by the current (sub)transaction. */
extern void pt_purse_hold(PtPurse *purse, int stripe, int64 amount, int64 allowance, bool unlimited);

/*
 * The stored row of a stripe just noted has become smaller by an amount that is
 * to be spent next, in the same (sub)transaction.
 */
extern void pt_purse_written(PtPurse *purse, int stripe, int64 amount);

/* Spends amount from a held stripe, whatever its room; negative adds to it. */
extern void pt_purse_spend(PtPurse *purse, int stripe, int64 amount);

/* What may still be spent from all stripes held together. */
extern int64 pt_purse_room(const PtPurse *purse);

/* Spent by this transaction and not yet written. */
extern int64 pt_purse_unwritten(const PtPurse *purse);

/*
 * Spends amount from the stripes held, if they suffice.  With force whatever is
 * missing is taken from stripe 0, which must then be held.
 */
extern bool pt_purse_take(PtPurse *purse, int64 amount, bool force);

/* The subtransaction at that level was rolled back, or became its parent's. */
extern void pt_purse_undo(int level);
extern void pt_purse_merge(int level);

/* The transaction is over. */
extern void pt_purse_drop_all(void);

#endif							/* PORTATEXT_PURSE_H */
