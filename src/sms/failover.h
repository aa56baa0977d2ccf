/*
 * failover.h
 *	  Where a message goes whose carrier could not take it.
 */
#ifndef PORTATEXT_FAILOVER_H
#define PORTATEXT_FAILOVER_H

#include "sms/outcome.h"

/*
 * Decides, inside the transaction that writes the outcome, whether another
 * carrier is to try: fills in moves, next_carrier, next_due and next_tried.
 * Nothing else of the outcome changes, so that a failed write can be repeated.
 */
extern void pt_failover_decide(PtOutcome *outcome);

#endif							/* PORTATEXT_FAILOVER_H */
