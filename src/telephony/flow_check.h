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
 * account's, which are locked against being dropped until the transaction's end.  Returns
 * the canonical form; facts may be NULL.  Raises 22023 with the path.
 */
extern Jsonb *pt_flow_check_jsonb(int64 account_id, Jsonb *flow, PtFlowFacts *facts);

/* The facts of a flow that was checked when it was stored; anything wrong with it is an internal error. */
extern void pt_flow_facts_jsonb(Jsonb *flow, PtFlowFacts *facts);

/*
 * The canonical text of a stored flow (UTF-8, what PtCallOrder.flow wants), {{variables}} filled in from
 * layers, of which the first goes before the others (JSON objects or NULL: call, contact, campaign),
 * palloc'd.  NULL: a variable has no value, or what came out cannot be said or dialled; problem says where.
 * Raises 22023 for a variable that is an object or array.
 */
extern char *pt_call_flow_fill(Jsonb *flow, const Jsonb *const *layers, int n, PtFlowProblem *problem);

/*
 * Where a flow forwards after that verdict, palloc'd: a number, an address, an extension.  NULL: to a team, or nowhere.
 */
extern char *pt_call_flow_destination(const char *flow, PtAmdResult amd);

/* The first telephone number to which a flow forwards and for which the account has no tariff (BILL-14), palloc'd; NULL: none. */
extern char *pt_call_flow_unpriced(int64 account_id, const char *flow);

#endif							/* PORTATEXT_FLOW_CHECK_H */
