/*
 * kind.h
 *	  What a message is for: portatext.message_kind.
 */
#ifndef PORTATEXT_KIND_H
#define PORTATEXT_KIND_H

typedef enum PtMessageKind
{
	PT_KIND_ORDINARY,
	PT_KIND_HELP,				/* FLOW-02 */
	PT_KIND_OPT_IN,				/* FLOW-03 */
	PT_KIND_OPT_OUT,			/* FLOW-04 */
	PT_KIND_WELCOME,			/* FLOW-05 */
	PT_KIND_REMINDER,			/* FLOW-01 */
	PT_KIND_STOP_CONFIRMATION,	/* DID-02 */
	PT_KIND_AUTO_REPLY			/* DID-06 */
} PtMessageKind;

#define PT_KINDS (PT_KIND_AUTO_REPLY + 1)

/* The labels of portatext.message_kind, in the same order. */
#define PT_KIND_NAMES \
	{"ordinary", "help", "opt_in", "opt_out", "welcome", "reminder", "stop_confirmation", "auto_reply"}

#endif							/* PORTATEXT_KIND_H */
