/*
 * short_code.h
 *	  The services of the short code that a message was sent to.
 */
#ifndef PORTATEXT_SHORT_CODE_H
#define PORTATEXT_SHORT_CODE_H

#include "service/service.h"

/* Services of one short code, or of several with the same digits, by country and keyword; as long-lived as pt_services()'s. */
typedef struct PtShortCode
{
	const PtService *services;
	const char *const *keywords;	/* theirs, in the same order */
	int			n;
} PtShortCode;

/* The services of all short codes with these digits, in whatever countries; returns how many. */
extern int	pt_short_code_digits(const char *digits, PtShortCode *all);

/*
 * Of those with the message's digits the one that is meant, by carrier and
 * sender (SVC-01).  false: it cannot be told which; code->n is 0 then.
 */
extern bool pt_short_code_find(const PtInbound *message, const PtShortCode *all, PtShortCode *code);

#endif							/* PORTATEXT_SHORT_CODE_H */
