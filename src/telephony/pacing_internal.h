/*
 * pacing_internal.h
 *	  Between the parts of the pacing core.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_PACING_INTERNAL_H
#define PORTATEXT_PACING_INTERNAL_H

#include "telephony/pacing.h"

/* What becomes of calls as they ring: pacing_curve.c. */
typedef struct PtCurve
{
	double		answered[PT_PACE_SECONDS + 1];	/* share answered until this age */
	double		ringing[PT_PACE_SECONDS + 1];	/* share that still rings at this age */
	double		p;				/* share answered at any age, of calls that are set up */
	double		set_up;			/* share of all that does not fail at once */
	double		plain_p;		/* the same, not raised */
	double		raise;			/* chances are taken for so many times as high, so as not to fall too far */
	double		answer_s;		/* mean age of those */
	double		ring_s;			/* mean age at which a call stops to ring */
	double		calls;			/* behind the curve */
} PtCurve;

/* Ringing calls by second of age; a curve takes them as calls that have not ended yet. */
typedef struct PtRinging
{
	int			n;
	int			count[PT_PACE_SECONDS];
	double		age[PT_PACE_SECONDS];	/* sum of the ages of those */
} PtRinging;

extern void pt_curve_init(PtPace *pace);
extern void pt_curve_count(PtRinging *ringing, const double *ages, int n);
extern void pt_curve_fade(PtPace *pace, double passed);
extern void pt_curve_take(PtPace *pace, double age, bool answered, bool known);
extern void pt_curve_build(PtCurve *curve, const PtPace *pace, const PtRinging *ringing);
extern double pt_curve_answer(const PtCurve *curve, double age, double within);
extern double pt_curve_new(const PtCurve *curve, double within);
extern double pt_curve_quantile(const PtCurve *curve, double share);

/* Budget of abandoned calls: pacing_budget.c. */
extern void pt_budget_init(PtPace *pace);
extern void pt_budget_live(PtPace *pace, bool abandoned);
extern double pt_budget_threshold(const PtPace *pace, const PtPaceInput *input);
extern double pt_budget_left(const PtPace *pace);
extern bool pt_budget_spent(const PtPace *pace, bool predictive, bool alone);
extern void pt_budget_rest(PtPace *pace, double ceiling, double passed);

/* The look-ahead of the predictive method: pacing_ahead.c. */
extern int	pt_ahead_room(PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input,
						  const PtRinging *own, const PtCurve *curve, PtPaceOutput *output);

#endif							/* PORTATEXT_PACING_INTERNAL_H */
