/*
 * sent.h
 *	  Writing down that carriers have taken messages.
 */
#ifndef PORTATEXT_SENT_H
#define PORTATEXT_SENT_H

#include "sms/claim.h"
#include "sms/column.h"

typedef struct PtSent
{
	PtColumn	ids;
	PtColumn	accounts;		/* of the messages, each once as a rule */
	bool		grouped;		/* some have a group */
} PtSent;

#define PT_SENT_INIT {{UUIDOID}, {INT8OID}}

extern void pt_sent_add(PtSent *sent, const PtMessage *message);
extern void pt_sent_write(PtSent *sent);

#endif							/* PORTATEXT_SENT_H */
