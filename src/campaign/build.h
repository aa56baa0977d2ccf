/*
 * build.h
 *	  What the files that build a run share: the job, a slice of its contacts, and
 *	  the cohorts they are put in.
 */
#ifndef PORTATEXT_BUILD_H
#define PORTATEXT_BUILD_H

#include "portatext.h"

#include "campaign/source.h"
#include "campaign/variant.h"
#include "job/job.h"
#include "schedule/schedule.h"
#include "sms/order.h"

/* The campaign of a build, and how far it has come. */
typedef struct PtBuild
{
	/* the run and its campaign */
	int64		campaign_id;
	int64		run_id;
	const PtAccount *account;
	text	   *from;			/* NULL: any */
	text	   *service;		/* NULL: none */
	Jsonb	   *variables;		/* defaults; NULL: none */
	const PtSchedule *schedule; /* NULL: none */
	bool		bulk;
	bool		all_subscribers;
	bool		calls;			/* kind telephony: no texts */
	PtVariants	variants;		/* of calls: a single one, without a body */

	/* the job's position */
	PtSources	sources;
	int64		own;			/* version of the account's own contacts; 0: it has none */
	int			source;			/* which one is being read */
	char		after[PT_E164_SIZE];	/* its last number that was */
	int64		skipped[PT_REFUSALS];	/* by reason */
	int64		duplicates;
	bool		rewritten;		/* a number was not in its canonical form */
} PtBuild;

/* One contact of a slice. */
typedef struct PtBuildItem
{
	PtOrder		order;
	PtRefusal	refusal;
	const PtVariant *variant;
	const char *number;			/* canonical, or as it was given if it is no number */
	bool		rewritten;		/* canonical form and given one differ */
	bool		duplicate;		/* the run has the number already */
	int32		cohort;
	int64		place;			/* 0: skipped */
} PtBuildItem;

typedef struct PtBuildSlice
{
	PtBuildItem *items;
	int			n;
} PtBuildSlice;

/*
 * Fills in the campaign of campaign_id; raises 42704 when the account has none
 * (0: any account).  build_load.c.  Inside SPI, as the keeper.
 */
extern void pt_build_load(PtBuild *build, int64 account_id);

/* Reads the next contacts and decides on each; build_contact.c.  false: the source has no more behind them. */
extern bool pt_build_read(PtBuild *build, PtBuildSlice *slice);

/*
 * The checks of a contact that is to be called, all but blacklists: tariff and
 * sender, and the variables of its flow as the body; build_call.c.
 */
extern void pt_build_check_call(const PtBuild *build, PtBuildItem *item);

/*
 * Cohorts of the run, in the current memory context, then places for those that are to be
 * written to, and at the end what has changed is stored; build_cohort.c.
 */
typedef struct PtCohorts PtCohorts;
extern PtCohorts *pt_cohorts_load(const PtBuild *build);
extern void pt_cohorts_place(PtCohorts *cohorts, PtBuildSlice *slice);
extern void pt_cohorts_store(const PtCohorts *cohorts);

/* Writes the rows; build_write.c. */
extern void pt_build_write(const PtBuild *build, const PtBuildSlice *slice);

#endif							/* PORTATEXT_BUILD_H */
