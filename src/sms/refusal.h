/*
 * refusal.h
 *	  Why a message is refused: one SQLSTATE each, in class SM.
 *
 * docs/sending.md documents the table; the two are compared by a test.
 */
#ifndef PORTATEXT_REFUSAL_H
#define PORTATEXT_REFUSAL_H

#include "portatext.h"

typedef enum PtRefusalCode
{
	PT_ACCEPTED,
	PT_REFUSE_TOO_SHORT,
	PT_REFUSE_TOO_LONG,
	PT_REFUSE_BAD_NUMBER,
	PT_REFUSE_NO_TARIFF,
	PT_REFUSE_BLACKLISTED,
	PT_REFUSE_NO_CREDITS,
	PT_REFUSE_NO_SENDER,
	PT_REFUSE_UNKNOWN_SENDER,
	PT_REFUSE_SUSPENDED,
	PT_REFUSE_NO_CARRIER,
	PT_REFUSE_BAD_TIME,
	PT_REFUSE_STALE,
	PT_REFUSE_DUPLICATE,
	PT_REFUSE_UNKNOWN_SERVICE,
	PT_REFUSE_SERVICE_NOT_ACTIVE,
	PT_REFUSE_NOT_SUBSCRIBED,
	PT_REFUSE_SUBSCRIBER_PAUSED,
	PT_REFUSE_NOT_SERVED,
	PT_REFUSE_TOO_FREQUENT,
	PT_REFUSE_MISSING_VARIABLE,
	PT_REFUSE_UNKNOWN_TEMPLATE,
	PT_REFUSE_NEVER_OPEN,
	PT_REFUSE_NOT_OFFERED,
	PT_REFUSALS
} PtRefusalCode;

typedef struct PtRefusal
{
	PtRefusalCode code;
	char		detail[300];	/* a sentence */
} PtRefusal;

extern void pt_refuse(PtRefusal *refusal, PtRefusalCode code, const char *detail,...) pg_attribute_printf(3, 4);
extern const char *pt_refusal_sqlstate(PtRefusalCode code);
extern const char *pt_refusal_name(PtRefusalCode code);
extern const char *pt_refusal_message(PtRefusalCode code);
pg_noreturn extern void pt_refusal_raise(const PtRefusal *refusal);

#endif							/* PORTATEXT_REFUSAL_H */
