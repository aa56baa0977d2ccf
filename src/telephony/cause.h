/*
 * cause.h
 *	  What a leg's end means: from its Q.850 cause and whether it rang to a result, and
 *	  from the result to what follows for the target, the trunk and the NER.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_CAUSE_H
#define PORTATEXT_CAUSE_H

#include <stdbool.h>

/* In the order of the enum portatext.call_result. */
typedef enum PtCallResult
{
	PT_RESULT_ANSWER,
	PT_RESULT_BUSY,
	PT_RESULT_NO_ANSWER,
	PT_RESULT_TIMEOUT,
	PT_RESULT_REJECTED,
	PT_RESULT_INVALID_NUMBER,
	PT_RESULT_NO_ROUTE,
	PT_RESULT_CONGESTION,
	PT_RESULT_UNAVAILABLE,
	PT_RESULT_INCOMPATIBLE,
	PT_RESULT_ENGINE_ERROR,
	PT_RESULT_NO_CREDITS,
	PT_RESULT_BLACKLISTED,
	PT_RESULT_CANCELLED
} PtCallResult;

#define PT_CALL_RESULTS (PT_RESULT_CANCELLED + 1)

/* What follows when leg A has ended so. */
typedef struct PtResultRule
{
	PtCallResult result;
	const char *name;			/* as in the enum portatext.call_result */
	bool		issued;			/* a call was made: counts for the NER and the iterations */
	bool		ner_failed;		/* NER-03, for leg A */
	int			retry_after_s;	/* default delay before the next iteration; min_iteration_time is the lower bound */
	int			stops_after;	/* the target is given up when it happened so often; 0: never for that */
	bool		slows_trunk;	/* the trunk (or its engine) is in trouble: fewer calls a second for a while */
} PtResultRule;

/* A row of the table: such a cause, with or without ringing, gives that result. */
typedef struct PtCause
{
	int			q850;
	int			alerted;		/* 1, 0; -1: not told, or no matter */
	PtCallResult result;
} PtCause;

/* A leg that has ended: q850, sip and alerted may be -1 (not told).  Answered: ANSWER, whatever ended it. */
extern PtCallResult pt_call_result_of(bool answered, int q850, int sip, int alerted);

/* The Q.850 cause for which a SIP status stands (RFC 3398 8.2.6.1, with the exceptions in cause.c); -1: none. */
extern int	pt_cause_of_sip(int status);

extern const PtResultRule *pt_call_result_rule(PtCallResult result);
extern const char *pt_call_result_name(PtCallResult result);
extern bool pt_call_result_find(const char *name, PtCallResult *result);

/* NER-03, NER-04: has the call failed?  b is looked at only when leg B was tried. */
extern bool pt_call_ner_failed(PtCallResult a, bool b_tried, PtCallResult b);

/* The rows of the table, for portatext.call_causes, from 0; NULL after the last. */
extern const PtCause *pt_cause_at(int i);

#endif							/* PORTATEXT_CAUSE_H */
