/*
 * inbound_route.h
 *	  What a message that has come in goes through.
 */
#ifndef PORTATEXT_INBOUND_ROUTE_H
#define PORTATEXT_INBOUND_ROUTE_H

#include "sms/service_hook.h"

/*
 * Finds whose the message is, stores it for them and does what it sets off;
 * id: of the (first) message stored.  false: nobody's, and nothing is done.
 * Inside SPI_connect, as portatext_owner who sees every account.
 * inbound_route.c.
 */
extern bool pt_inbound_route(const PtInbound *message, const pg_uuid_t *id);

/* A number of an account's own, as far as it matters for what comes in. */
typedef struct PtDid
{
	int64		account_id;
	bool		stop_detection;
	text	   *stop_text;
	text	   *auto_reply;		/* NULL: none, or none to this sender */
} PtDid;

/* What a stored message to the number sets off (DID-01 to DID-07): did_inbound.c. */
extern void pt_did_inbound(const PtInbound *message, const PtDid *did, const pg_uuid_t *id);

/*
 * One step of what a stored message sets off; what: for the log, "opt-out".
 * After an error this process takes care for a while: an error in a step then
 * undoes that step alone, is logged, and the answer is false.  The first error
 * is raised: who brings messages tries again.  inbound_step.c.
 */
typedef void (*PtInboundStep) (void *arg);
extern bool pt_inbound_step(const char *what, const pg_uuid_t *id, PtInboundStep step, void *arg);

/* Runs the step in a subtransaction: the error that it ended with, what it did being undone; NULL: none. */
extern ErrorData *pt_inbound_try(PtInboundStep step, void *arg);

/* Runs what calls pt_inbound_step() in such a way that each error is raised. */
extern void pt_inbound_redoing(PtInboundStep all, void *arg);

/*
 * What a stored message sets off once more, as far as it concerns the account:
 * nothing is stored or charged but replies.  inbound_route.c.
 */
extern void pt_inbound_redo(const PtInbound *message, int64 account_id, const pg_uuid_t *id);

/* Has a step failed, since this was asked last, whose message would now be stored without it? */
extern bool pt_inbound_worth_repeating(void);

/* Is this text a telephone number, so that it can be answered? */
extern bool pt_inbound_answerable(const PtInbound *message);

/*
 * May the sender write to the number by itself now, or has it done so
 * portatext.replies_per_minute times in the last minute (DID-07)?  true is
 * counted.  reply_guard.c.
 */
extern bool pt_reply_allowed(int64 account_id, const char *sender, const char *number);

extern void pt_reply_guard_init(void);	/* from _PG_init: setting */

#endif							/* PORTATEXT_INBOUND_ROUTE_H */
