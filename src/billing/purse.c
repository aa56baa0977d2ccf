/*
 * purse.c
 *	  What this transaction holds of the accounts' balances (README.md).
 *
 * No statement is run here.  Memory belongs to the top transaction.
 */
#include "billing/purse.h"

#include "access/xact.h"
#include "utils/memutils.h"

static PtPurse *purses = NULL;	/* by ascending account */
static PtPurse *last_used = NULL;
static int	deepest = 0;		/* no note is of a deeper level */

PtPurse *
pt_purse_first(void)
{
	return purses;
}

PtPurse *
pt_purse_find(int64 account_id)
{
	PtPurse    *purse;

	if (last_used != NULL && last_used->account_id == account_id)
		return last_used;
	for (purse = purses; purse != NULL; purse = purse->next)
	{
		if (purse->account_id == account_id)
			return last_used = purse;
	}
	return NULL;
}

PtPurse *
pt_purse(int64 account_id)
{
	PtPurse    *purse = pt_purse_find(account_id);
	PtPurse   **place = &purses;

	if (purse != NULL)
		return purse;
	purse = MemoryContextAllocZero(TopTransactionContext, sizeof(PtPurse));
	purse->account_id = account_id;
	while (*place != NULL && (*place)->account_id < account_id)
		place = &(*place)->next;
	purse->next = *place;
	return last_used = *place = purse;
}

bool
pt_purse_others(const PtPurse *purse)
{
	for (const PtPurse *other = purses; other != NULL; other = other->next)
	{
		if (other != purse && other->mask != 0)
			return true;
	}
	return false;
}

void
pt_purse_hold(PtPurse *purse, int stripe, int64 amount, int64 allowance, bool unlimited)
{
	PtHeld	   *held = &purse->held[stripe];

	held->level = GetCurrentTransactionNestLevel();
	held->unlimited = unlimited;
	held->allowance = allowance;
	held->locked_room = unlimited ? PT_NO_LIMIT : amount + allowance;
	held->room = held->locked_room;
	held->spent = NULL;
	purse->mask |= (uint32) 1 << stripe;
	deepest = Max(deepest, held->level);
}

void
pt_purse_written(PtPurse *purse, int stripe, int64 amount)
{
	purse->held[stripe].locked_room -= amount;
	purse->ahead = true;
}

void
pt_purse_spend(PtPurse *purse, int stripe, int64 amount)
{
	PtHeld	   *held = &purse->held[stripe];
	int			level = GetCurrentTransactionNestLevel();

	Assert(purse->mask & ((uint32) 1 << stripe));
	if (held->spent == NULL || held->spent->level != level)
	{
		PtSpending *made = MemoryContextAlloc(TopTransactionContext, sizeof(PtSpending));

		made->below = held->spent;
		made->level = level;
		made->amount = 0;
		held->spent = made;
		deepest = Max(deepest, level);
	}
	held->spent->amount += amount;
	held->room -= amount;
	purse->current = stripe;
}

int64
pt_purse_room(const PtPurse *purse)
{
	int64		room = 0;

	for (int i = 0; i < PT_STRIPES; i++)
	{
		if (purse->mask & ((uint32) 1 << i))
			room += purse->held[i].room;
	}
	return room;
}

int64
pt_purse_unwritten(const PtPurse *purse)
{
	int64		spent = 0;

	for (int i = 0; i < PT_STRIPES; i++)
	{
		if (purse->mask & ((uint32) 1 << i))
			spent += purse->held[i].locked_room - purse->held[i].room;
	}
	return spent;
}

bool
pt_purse_take(PtPurse *purse, int64 amount, bool force)
{
	int			current = purse->current;

	if (purse->mask & ((uint32) 1 << current) && purse->held[current].room >= amount)
	{
		pt_purse_spend(purse, current, amount);
		return true;
	}
	if (!force && pt_purse_room(purse) < amount)
		return false;
	for (int i = 0; i < PT_STRIPES && amount > 0; i++)
	{
		int64		part = Min(purse->held[i].room, amount);

		if (!(purse->mask & ((uint32) 1 << i)) || part <= 0)
			continue;
		pt_purse_spend(purse, i, part);
		amount -= part;
	}
	if (amount > 0)
		pt_purse_spend(purse, 0, amount);
	return true;
}

/* Takes back what a stripe's notes say of that level or deeper ones. */
static void
undo_held(PtPurse *purse, int stripe, int level)
{
	PtHeld	   *held = &purse->held[stripe];

	while (held->spent != NULL && held->spent->level >= level)
	{
		PtSpending *gone = held->spent;

		held->room += gone->amount;
		held->spent = gone->below;
		pfree(gone);
	}
	if (held->level >= level)
		purse->mask &= ~((uint32) 1 << stripe);
}

/* Gives what a stripe's notes say of that level to the one above it. */
static void
merge_held(PtHeld *held, int level)
{
	PtSpending *spent = held->spent;

	if (held->level >= level)
		held->level = level - 1;
	if (spent == NULL || spent->level < level)
		return;
	spent->level = level - 1;
	if (spent->below != NULL && spent->below->level == level - 1)
	{
		spent->below->amount += spent->amount;
		held->spent = spent->below;
		pfree(spent);
	}
}

void
pt_purse_undo(int level)
{
	if (level > deepest)
		return;
	for (PtPurse *purse = purses; purse != NULL; purse = purse->next)
	{
		for (int i = 0; i < PT_STRIPES; i++)
		{
			if (purse->mask & ((uint32) 1 << i))
				undo_held(purse, i, level);
		}
	}
	deepest = level - 1;
}

void
pt_purse_merge(int level)
{
	if (level > deepest)
		return;
	for (PtPurse *purse = purses; purse != NULL; purse = purse->next)
	{
		for (int i = 0; i < PT_STRIPES; i++)
		{
			if (purse->mask & ((uint32) 1 << i))
				merge_held(&purse->held[i], level);
		}
	}
	deepest = level - 1;
}

void
pt_purse_drop_all(void)
{
	purses = last_used = NULL;
	deepest = 0;
}
