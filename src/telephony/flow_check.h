/*
 * flow_check.h
 *	  Flows as PostgreSQL has them: checked against the account's sounds and trunks when
 *	  they are stored, rendered with a contact's variables when a call is placed.
 */
#ifndef PORTATEXT_FLOW_CHECK_H
#define PORTATEXT_FLOW_CHECK_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "telephony/flow.h"

/*
 * Checks a flow for an account: its form, and that its sounds and trunks are the
 * account's.  Returns the canonical form; facts may be NULL.  Raises 22023 with the path.  Not inside SPI.
 */
extern Jsonb *pt_flow_check_jsonb(int64 account_id, Jsonb *flow, PtFlowFacts *facts);

/* The facts of a flow that was checked when it was stored; anything wrong with it is an internal error. */
extern void pt_flow_facts_jsonb(Jsonb *flow, PtFlowFacts *facts);

/*
 * The canonical text of a stored flow with {{variables}} filled in (a JSON object; NULL:
 * none; one that is not there is empty), palloc'd.  NULL: a destination or text is of no use then; problem says which.
 * Raises nothing.
 */
extern char *pt_flow_render(Jsonb *flow, Jsonb *variables, PtFlowProblem *problem);

#endif							/* PORTATEXT_FLOW_CHECK_H */
