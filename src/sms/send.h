/*
 * send.h
 *	  Set-up of sending, and what its SQL functions share.
 */
#ifndef PORTATEXT_SEND_H
#define PORTATEXT_SEND_H

#include "portatext.h"

#include "fmgr.h"
#include "sms/order.h"

extern void pt_send_init(void); /* from _PG_init: settings */

/*
 * The arguments that send_sms, send_sms_batch and simulate_sms have in common,
 * from body on; first is the number of the argument body.
 */
extern void pt_read_order(FunctionCallInfo fcinfo, int first, PtOrder *order);

/*
 * Sends one message by the arguments of send_sms, which all are filled into
 * order with what was found out.  False: its idempotency key was used before,
 * and message_id is that message.  Raises the refusal.  Inside SPI_connect.
 */
extern bool pt_send_order(FunctionCallInfo fcinfo, PtOrder *order, pg_uuid_t *message_id);

/* Warns once a session when no worker will hand anything over. */
extern void pt_warn_unsent(void);

#endif							/* PORTATEXT_SEND_H */
