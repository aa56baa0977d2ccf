/*
 * contacted.h
 *	  Does a call count as contact with its target (TEL-03, TEL-20 to TEL-32)?
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_CONTACTED_H
#define PORTATEXT_CONTACTED_H

#include <stdbool.h>

/* The verdict of answering machine detection; names as in the enum portatext.amd_result. */
typedef enum PtAmdResult
{
	PT_AMD_NONE,				/* none was reported */
	PT_AMD_HUMAN,
	PT_AMD_MACHINE,
	PT_AMD_NOTSURE,
	PT_AMD_HANGUP				/* the callee was gone before there was one */
} PtAmdResult;

typedef struct PtContact
{
	bool		leg_a;			/* leg A was answered (result ANSWER) */
	bool		has_amd;		/* the flow has AMD */
	PtAmdResult amd;
	bool		subflow_empty;	/* the sub-flow of that result is empty */
	bool		has_forward;	/* of the flow in force: with AMD that sub-flow, else the main flow */
	bool		leg_b;			/* leg B was answered */
} PtContact;

/* The rule of the table that decides, 1 to 9. */
extern int	pt_contacted_rule(const PtContact *contact);

/* True: never called again in this campaign; false: the next iteration tries it again. */
extern bool pt_is_contacted(const PtContact *contact);

/* "HUMAN"; PT_AMD_NONE: "". */
extern const char *pt_amd_name(PtAmdResult amd);

/*
 * Reads an engine's word for it, of whatever case: Asterisk's, Twilio's (machine_start,
 * fax, ...), Bandwidth's (answering-machine, silence, ...) or ours; false: it is none of them.
 */
extern bool pt_amd_find(const char *word, PtAmdResult *amd);

#endif							/* PORTATEXT_CONTACTED_H */
