/*
 * service_hook.h
 *	  What the room service does for sending and receiving.
 *
 * sms knows no service: the room above it fills in these functions when the
 * library is loaded (pt_service_init, from _PG_init).
 */
#ifndef PORTATEXT_SERVICE_HOOK_H
#define PORTATEXT_SERVICE_HOOK_H

#include "sms/order.h"

/* A service's message that a dispatcher is about to hand over. */
typedef struct PtRecheck
{
	const pg_uuid_t *id;
	int64		service_id;
	const char *kind;			/* a label of portatext.message_kind */
	const char *to;

	/* answers */
	const char *reason;			/* why it must not be sent; NULL: it may */
	double		sender_rate;	/* segments a second of its short code; 0: the carrier's */
} PtRecheck;

/* A message that has come in, while it is looked for whom it is. */
typedef struct PtInbound
{
	int32		carrier_id;
	const char *from;			/* canonical, or as it came when it is no number */
	const char *to;
	text	   *body;
	TimestampTz since;			/* when it came, if it is taken up again later; 0: now */
} PtInbound;

typedef struct PtServiceHooks
{
	/* Is the sender the short code of a service of the account?  Then a service must be named (LAW-05). */
	bool		(*owns) (int64 account_id, const char *sender, size_t len);

	/*
	 * Finds the service that order->service_name, a keyword or an id, names among the account's: sets
	 * service_id, sender (its short code) and carrier_id (-1: the routes say).
	 * false: there is none, or it may not send.
	 */
	bool		(*choose) (PtOrder *order, PtRefusal *refusal);

	/*
	 * May the service write to these recipients (SVC-11, SVC-13, SUB-10, LAW-02)?
	 * Fills in the refusals of those it may not; sets held for texts to be
	 * reviewed (LAW-07).  All orders share the account; refusals that are there
	 * already are left alone.
	 */
	void		(*check) (PtOrder *const *orders, PtRefusal *const *refusals, int n);

	/*
	 * The same once more in the claim's transaction, by a statement that begins
	 * now (BL-05, SUB-12): state of the service, subscription, frequency.
	 */
	void		(*recheck) (PtRecheck *messages, int n);

	/* Does the service stay with its short code's carrier, whatever the routes say? */
	bool		(*stays) (int64 service_id);

	/*
	 * Is the message for a short code?  Then it is stored for the accounts that it
	 * concerns (pt_inbound_store), acted upon and answered (FLOW); id is the first
	 * stored message's.  false: it concerns no service, and nothing is done.
	 */
	bool		(*inbound) (const PtInbound *message, const pg_uuid_t *id);

	/* Acts upon it and answers once more for one account, which has stored it as id; false: not for a short code. */
	bool		(*redo) (const PtInbound *message, int64 account_id, const pg_uuid_t *id);
} PtServiceHooks;

/* NULL until the room above has registered. */
extern const PtServiceHooks *pt_service_hooks;

/*
 * Stores an inbound message for an account (service_id 0, keyword NULL: a number
 * of its own): charged, also below zero (BILL-10), and announced.
 * inbound_route.c.
 */
extern void pt_inbound_store(const PtInbound *message, int64 account_id, int64 service_id,
							 const char *keyword, const pg_uuid_t *id);

#endif							/* PORTATEXT_SERVICE_HOOK_H */
