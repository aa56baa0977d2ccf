/*
 * tally.h
 *	  How many messages of each group are in each state, kept without scanning them.
 *
 * Every statement that changes the state of messages adds what it changes for
 * those with a group to message_tally_change, in the same statement.  Nobody waits for
 * a row there; the runner sums the rows up into message_tally.
 */
#ifndef PORTATEXT_TALLY_H
#define PORTATEXT_TALLY_H

#include "portatext.h"

/*
 * The part of a statement that does so.  source is a CTE of the changed messages
 * with their group_id, account_id and cost; before and after are their states,
 * expressions over its alias d.  Rows without a group, or in the same state, add nothing.
 */
#define PT_TALLY(source, before, after) \
	"INSERT INTO portatext.message_tally_change (group_id, state, account_id, messages, credits) " \
	"SELECT d.group_id, c.state, d.account_id, sum(c.n), " \
	"sum(CASE WHEN c.state IN ('rejected', 'expired', 'cancelled', 'skipped') THEN 0 ELSE c.n * d.cost END) " \
	"FROM " source " d CROSS JOIN LATERAL (VALUES ((" before ")::portatext.message_state, -1), (" after ", 1)) " \
	"c (state, n) WHERE d.group_id IS NOT NULL AND (" before ")::portatext.message_state <> " after " " \
	"GROUP BY d.group_id, c.state, d.account_id"

/*
 * Sums up some of the changes; true: there are more.  In the caller's transaction and SPI
 * connection, as the keeper or as a worker.
 */
extern bool pt_tally_absorb(void);

#endif							/* PORTATEXT_TALLY_H */
