/*
 * reminder.h
 *	  Subscription reminders (FLOW-01, FLOW-15 to FLOW-17).
 */
#ifndef PORTATEXT_REMINDER_H
#define PORTATEXT_REMINDER_H

#include "portatext.h"

typedef struct PtReminded
{
	int			sent;			/* queued, charged */
	int			tried;			/* these, and what was refused */
	bool		more;			/* others may be due */
} PtReminded;

/*
 * One batch of due subscribers in the caller's transaction: at most so many are
 * tried, others get a better time.  Rows that another transaction has
 * are left to it.  Inside SPI, by a worker or an operator.
 */
extern PtReminded pt_reminders_send(int most);

/* Notes that an account cannot pay reminders now: reminder_unpaid.c. */
extern void pt_reminders_note_unpaid(int64 account_id);

/*
 * Lets reminders that could not be paid be due again, where the account has got
 * credits; true: there may be more.  Inside SPI.
 */
extern bool pt_reminders_retry(void);

#endif							/* PORTATEXT_REMINDER_H */
