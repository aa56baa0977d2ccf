/*
 * settle.h
 *	  Writing at commit what a transaction has spent.
 */
#ifndef PORTATEXT_SETTLE_H
#define PORTATEXT_SETTLE_H

extern void pt_settle_init(void);	/* registers the transaction callback */

#endif							/* PORTATEXT_SETTLE_H */
