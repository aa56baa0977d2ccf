/*
 * subscriber.h
 *	  Who subscribes to a service, who leaves it, and the evidence of both.
 */
#ifndef PORTATEXT_SUBSCRIBER_H
#define PORTATEXT_SUBSCRIBER_H

#include "portatext.h"

#include "sms/kind.h"
#include "sms/refusal.h"

typedef struct PtConsent
{
	int64		service_id;
	const char *number;			/* canonical */
	const pg_uuid_t *message_id;	/* the inbound message that said so; NULL: none */
	const char *source;			/* as in the table consent: sms, web, paper ... */
	Datum		evidence;		/* jsonb; 0: none */
	text	   *shown_text;		/* NULL: none */
} PtConsent;

/*
 * Subscribes the number and keeps the evidence; true: it was not subscribed
 * (an event tells it).  One that a carrier has paused stays paused.  Inside SPI.
 */
extern bool pt_service_opt_in(const PtConsent *consent);

/*
 * Ends the subscription, keeps the evidence and ends what waits of the service
 * for the number; true: it was subscribed (an event tells it).  Inside SPI.
 */
extern bool pt_service_opt_out(const PtConsent *consent);

/*
 * Ends, with a refund, what the service has waiting for the number, but not
 * confirmations of an opt-out; code says why.  Inside SPI, as the keeper.
 */
extern int64 pt_drop_waiting_service(int64 service_id, const char *number, const char *code);

/*
 * Queues a service's automatic text of a kind for a number; what cannot be sent is
 * kept as skipped, and the answer says why (FLOW-14).  Inside SPI.
 */
extern PtRefusalCode pt_service_tell(int64 service_id, const char *number, PtMessageKind kind);

#endif							/* PORTATEXT_SUBSCRIBER_H */
