/*
 * campaign_hook.h
 *	  What the room campaign does for the claim and for what comes in; sms knows no campaign.
 */
#ifndef PORTATEXT_CAMPAIGN_HOOK_H
#define PORTATEXT_CAMPAIGN_HOOK_H

#include "portatext.h"

/* A message with a group that a dispatcher is about to hand over. */
typedef struct PtGroupRecheck
{
	const pg_uuid_t *id;
	int64		group_id;
	const char *to;

	/* answers */
	const char *reason;			/* why it must not be sent ('cancelled': it ends as cancelled); NULL: it may */
	int64		held_run;		/* the run that is paused: it is parked with the key run:<id>; 0: none */
} PtGroupRecheck;

typedef struct PtCampaignHooks
{
	/*
	 * Asks, in the claim's transaction and by a statement that begins now, whether the runs
	 * of these messages still run and their contacts are not cancelled (CAMP-14).
	 */
	void		(*recheck) (PtGroupRecheck *messages, int n);

	/* A message has come in for the account, or its sender has opted out: which run was it written to by? */
	void		(*responded) (int64 account_id, const char *number, bool opt_out);
} PtCampaignHooks;

/* NULL until the room above has registered. */
extern const PtCampaignHooks *pt_campaign_hooks;

#endif							/* PORTATEXT_CAMPAIGN_HOOK_H */
