/*
 * automatic.h
 *	  Messages that the platform sends by itself: replies and reminders (BILL-13).
 */
#ifndef PORTATEXT_AUTOMATIC_H
#define PORTATEXT_AUTOMATIC_H

#include "sms/kind.h"
#include "sms/order.h"

typedef struct PtAutomatic
{
	int64		account_id;
	int64		service_id;		/* 0: from a number of the account's own */
	PtMessageKind kind;
	const char *from;			/* short code or number, as the account owns it */
	int32		carrier_id;		/* -1: the routes say */
	const char *to;				/* canonical number */
	text	   *body;			/* the final text; SMS-01 does not bind it */
	bool		record;			/* keep a row of what could not be sent (FLOW-14); of a
								 * reminder only for credits or a blacklist */
} PtAutomatic;

/*
 * Prices, charges and queues the message in the caller's transaction; id is
 * always filled in.  When it cannot be sent (no credits, no tariff, blacklisted
 * unless it is a confirmation of STOP, account suspended ...) nothing is raised:
 * the answer is that refusal, and with record the message is kept as skipped,
 * not charged, with the refusal's name as error_code.  PT_ACCEPTED: it is queued.
 * Inside SPI_connect; the caller may see every account (worker or operator).
 */
extern PtRefusalCode pt_send_automatic(const PtAutomatic *message, pg_uuid_t *id);

#endif							/* PORTATEXT_AUTOMATIC_H */
