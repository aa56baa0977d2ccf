/*
 * run.h
 *	  What the files that release, count and end the messages of a run share.
 *
 * Everything here is called inside SPI, as the keeper.
 */
#ifndef PORTATEXT_RUN_H
#define PORTATEXT_RUN_H

#include "portatext.h"

#include "account/account.h"
#include "schedule/schedule.h"

/* Messages of a run, by what became of them; exact in the newest snapshot: count.c. */
typedef struct PtRunCounts
{
	int64		queued;
	int64		handed;			/* a carrier has or had it: sending, delivered, undelivered, rejected */
	int64		delivered;
	int64		failed;			/* undelivered, rejected, expired */
	int64		opt_outs;
} PtRunCounts;

extern void pt_run_count(int64 run_id, PtRunCounts *counts);

/* A run whose row this transaction has locked. */
typedef struct PtRun
{
	int64		run_id;
	int64		campaign_id;
	const PtAccount *account;
	text	   *from;			/* NULL: any */
	text	   *service;		/* NULL: none */
	bool		bulk;
	int32		schedule_id;	/* 0: none */
	double		rate;			/* segments a second; 0: no limit */
	double		max_error_rate; /* 0: none */
	double		max_opt_out_rate;
	int			minimum_sample;
	PtRunCounts before;			/* when it was resumed last */
	PtRunCounts counts;			/* now */
	TimestampTz paced_until;	/* due time of the last message released */
	TimestampTz sampled_at;		/* 0: never */
	int64		sampled_handed;
	double		per_second;		/* 0: not known */
} PtRun;

/* A cohort of a run, with what a turn changes. */
typedef struct PtCohort
{
	int32		cohort;
	char	   *example;
	int64		places;
	int64		released;
	int64		deferred;
	TimestampTz opens_at;
	int64		read_to;		/* the last place of this turn's batch; 0: it is not in it */
	int64		skipped;		/* by this turn */
	int64		cancelled;
} PtCohort;

/*
 * The reason why the run must pause by its own rates, or NULL: pace.c.
 */
extern const char *pt_run_rate_reason(const PtRun *run);

/* How many messages more may wait in the outbox; deferred: those that wait for a later window. */
extern int64 pt_run_room(const PtRun *run, int64 deferred);

/* How long one segment takes at the run's pace, in microseconds; 0: no limit. */
extern double pt_run_segment_us(const PtRun *run);

/* Up to when messages are due that may be released now. */
extern TimestampTz pt_run_horizon(const PtRun *run, TimestampTz now);

/* Notes how fast the run goes, and up to when messages are due. */
extern void pt_run_note_pace(PtRun *run, TimestampTz now, bool released);

/*
 * Releases up to room recipients of the open cohorts; returns how many places were passed.
 * *pause: why the run must pause (no_credits, ...), or NULL: batch.c.
 */
extern int64 pt_run_release(PtRun *run, PtCohort *cohorts, int n, int64 room, const char **pause);

/*
 * Messages of a run that were set aside while it was paused go back to the
 * outbox, or end as cancelled; at most so many.  Return how many: parked.c.
 */
extern int64 pt_run_unpark(int64 run_id, int limit);
extern int64 pt_run_end_parked(int64 run_id, int limit);

/* Ends the waiting messages of a cancelled run as cancelled, with their refunds: cancel.c. */
extern void pt_run_end_waiting(int64 run_id);

/* Lets the calls of a cancelled run be hung up that were not answered yet: withdraw.c. */
extern void pt_run_withdraw_calls(int64 run_id);

/* The counters of a run, if it calls: withdraw.c. */
extern void pt_run_begin_calls(int64 run_id);

/*
 * Takes a number out of a run that calls, and withdraws its call unless that was
 * answered; false: it has been called, or is being called: withdraw.c.
 */
extern bool pt_run_cancel_target(int64 run_id, Datum number);

#define PT_RUN_WINDOW 5000		/* messages of a run that wait in the outbox, at most */

#endif							/* PORTATEXT_RUN_H */
