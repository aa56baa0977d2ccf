/*
 * campaign.h
 *	  Campaigns: what the files of this room offer each other and the runner.
 */
#ifndef PORTATEXT_CAMPAIGN_H
#define PORTATEXT_CAMPAIGN_H

#include "portatext.h"

#include "sms/campaign_hook.h"

#define PT_RELEASE_BATCH 1000	/* recipients in one transaction, at most */

extern void pt_campaign_init(void); /* from _PG_init: hooks, job kind */

/*
 * Sets the state of a run and writes the event campaign.<state>; wakes the runner at
 * commit.  reason: NULL, or why.  Inside SPI, as the keeper, with the run's row
 * locked or not yet seen by others: state.c.
 */
extern void pt_campaign_set_state(int64 run_id, const char *state, const char *reason);

/*
 * Makes a run of the campaign, in state building, and the job that builds it: its
 * first, which waits to be started, or another one, which starts by itself when it
 * is built.  Returns its id.  Raises 42704.  build.c.  Inside SPI, as the keeper.
 */
#define PT_BUILD_JOB "campaign_create"
extern int64 pt_campaign_first_run(int64 campaign_id);
extern int64 pt_campaign_new_run(int64 campaign_id);
extern void pt_campaign_build_init(void);

/* Makes the job that deletes what there is of these runs but their own rows; returns its id: forget.c. */
#define PT_FORGET_JOB "campaign_forget"
extern int64 pt_campaign_forget(int64 account_id, const int64 *runs, int n);
extern void pt_campaign_forget_init(void);

/*
 * One turn of the release over all runs that run: tops up what waits in
 * the outbox, pauses runs by their rates or for lack of credits, ends runs that
 * are through.  At most PT_RELEASE_BATCH recipients of one run; the runs take turns.  In
 * the caller's transaction, inside SPI.  Returns in how many ms the next turn is wanted.
 */
extern long pt_campaign_turn(void);

/*
 * After a turn that an error has undone: its run waits for a while, and if it was
 * somebody's open transaction (locked), which mostly is the account's, all runs of the
 * account do; false: the error was no run's.
 */
extern bool pt_campaign_turn_failed(bool locked);

/*
 * Runs the plan of a statement that is to walk along an index, whatever the
 * statistics say: they may be of a time when its tables were small.  by_index.c.
 */
extern uint64 pt_run_by_index(PtPlan *plan, const Datum *values, int expected);

/* recheck.c, response.c */
extern void pt_campaign_recheck(PtGroupRecheck *messages, int n);
extern void pt_campaign_responded(int64 account_id, const char *number, bool opt_out);

#endif							/* PORTATEXT_CAMPAIGN_H */
