/*
 * flow.h
 *	  What a message to a short code asks for, and of whom.
 */
#ifndef PORTATEXT_FLOW_H
#define PORTATEXT_FLOW_H

#include "service/service.h"

/* A service that the message concerns; a copy of what is needed of it. */
typedef struct PtFlowTarget
{
	int64		service_id;
	int64		account_id;
	int32		carrier_id;		/* -1: the routes say */
	bool		open;			/* active and serves the sender: does more than opt-outs */
	bool		double_opt_in;
	char		keyword[17];	/* SVC-02 */
} PtFlowTarget;

/* What is to be done: kind is that of the reply, PT_KIND_ORDINARY: nothing but store. */
typedef struct PtFlow
{
	PtMessageKind kind;
	PtFlowTarget *targets;		/* by account */
	int			n;				/* 0: it is nobody's */
} PtFlow;

/* Reads the message (FLOW-06 to FLOW-08, FLOW-11): flow.c. */
extern void pt_flow_read(const PtInbound *message, PtFlow *flow);

/* Stores, acts and answers; id is the first stored message's: flow_act.c. */
extern void pt_flow_act(const PtInbound *message, const PtFlow *flow, const pg_uuid_t *id);

/* Acts and answers once more for the account that has stored the message as id: flow_act.c. */
extern void pt_flow_redo(const PtInbound *message, const PtFlow *flow, int64 account_id, const pg_uuid_t *id);

#endif							/* PORTATEXT_FLOW_H */
