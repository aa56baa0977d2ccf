/*
 * campaign_hook.c
 *	  Where the room campaign leaves what it does for sending and receiving.
 */
#include "sms/campaign_hook.h"

const PtCampaignHooks *pt_campaign_hooks = NULL;
