/*
 * init.c
 *	  What the room campaign does for the other rooms is registered here.
 */
#include "campaign/campaign.h"

static const PtCampaignHooks hooks = {
	.recheck = pt_campaign_recheck,
	.responded = pt_campaign_responded
};

void
pt_campaign_init(void)
{
	pt_campaign_hooks = &hooks;
	pt_campaign_build_init();
}
