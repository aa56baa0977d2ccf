/*
 * outcome.h
 *	  Writing down what became of claimed messages.
 */
#ifndef PORTATEXT_OUTCOME_H
#define PORTATEXT_OUTCOME_H

#include "sms/claim.h"

typedef enum PtOutcomeKind
{
	PT_OUTCOME_SENT,			/* the carrier has it, whole */
	PT_OUTCOME_FAILED,			/* ended at the hand-over */
	PT_OUTCOME_AGAIN,			/* tried; to be tried again at due */
	PT_OUTCOME_BACK,			/* not tried; back to the outbox as it was */
	PT_OUTCOME_UNCLEAR			/* whether the carrier has it is not known */
} PtOutcomeKind;

/* A part that was handed over by this try. */
typedef struct PtPartOutcome
{
	int			part;
	const char *state;			/* a label of portatext.part_state */
	const char *code;			/* NULL when accepted */
	const char *ref;			/* the carrier's id, NULL or empty: none */
} PtPartOutcome;

typedef struct PtOutcome
{
	PtMessage  *message;
	int32		carrier_id;
	PtOutcomeKind kind;
	bool		attempt;		/* AGAIN: counts as a try */
	bool		part_accepted;	/* FAILED: not refunded (BILL-05) */
	bool		opted_out;		/* FAILED: the account's blacklist learns it */
	bool		stops_carrier;	/* AGAIN: the carrier refuses our account */
	bool		may_move;		/* AGAIN, FAILED: no carrier has any of it, another one may try */
	bool		refused;		/* FAILED: for good, by this carrier */
	bool		exhausted;		/* FAILED: no tries are left */
	TimestampTz due;			/* AGAIN, or when a new round begins */
	const char *code;			/* of the failure, or NULL */
	const char *text;
	int			parts_total;
	int			n_parts;
	PtPartOutcome *parts;

	/* what pt_failover_decide says, instead of AGAIN or FAILED */
	bool		moves;
	int32		next_carrier;
	TimestampTz next_due;
	int			n_tried;
	int32		tried[PT_TRIED_MAX];
} PtOutcome;

/*
 * Writes the outcomes inside the caller's transaction and SPI connection and
 * takes the messages out of their leases; sorts the array by message.
 */
extern void pt_outcome_write(PtOutcome **outcomes, int n);

/* After the commit: frees leases that became empty. */
extern void pt_outcome_written(PtOutcome **outcomes, int n);

/* Marks a message whose outcome cannot be written: attention row, out of its lease. */
extern void pt_outcome_poison(PtOutcome *outcome, const char *detail);

#endif							/* PORTATEXT_OUTCOME_H */
