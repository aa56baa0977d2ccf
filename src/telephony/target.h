/*
 * target.h
 *	  Targets of a run that are about to be called.
 */
#ifndef PORTATEXT_TARGET_H
#define PORTATEXT_TARGET_H

#include "portatext.h"

#include "utils/date.h"
#include "utils/jsonb.h"

#include "telephony/tick.h"

typedef struct PtTarget
{
	char	   *number;
	int32		cohort;
	PtDialCohort *group;		/* NULL: it is called again */
	int64		place;			/* behind the cursor; 0: it is called again */
	int			attempts;		/* so far */
	DateADT		day;			/* which day_attempts counts */
	int			day_attempts;
	bool		has_day;
	char	   *sender;			/* as it was built; NULL: none */
	char	   *body;			/* as it was built: its variables; NULL: none */
	bool		cancelled;
	/* found out */
	const char *state;			/* portatext.target_state */
	const char *reason;			/* of a state that is not calling */
	TimestampTz due_at;			/* of state waiting */
	DateADT		today;			/* in its own zone */
	const char *from;			/* NULL: none */
	char	   *flow;			/* NULL: the campaign's */
	Jsonb	   *variables;		/* NULL: none */
	pg_uuid_t	id;				/* of the call, when the state is calling */
} PtTarget;

/* Up to want targets: those that are due again, then fresh ones of open cohorts; palloc'ed.  Moves the cohorts' cursors in memory. */
extern int	pt_targets_read(PtDialRun *run, int want, TimestampTz now, PtTarget **targets);

/* Decides on each: called, put off, skipped (BL-04, TEL-04, CAMP-12). */
extern void pt_targets_check(PtDialRun *run, PtTarget *targets, int n, TimestampTz now);

/* Writes their rows, and the cursors of the cohorts. */
extern void pt_targets_write(const PtDialRun *run, const PtTarget *targets, int n);
extern void pt_cursors_write(const PtDialRun *run, const PtTarget *targets, int n);

#endif							/* PORTATEXT_TARGET_H */
