/*
 * portatext.c
 *	  Module start: settings and hooks of all rooms.
 */
#include "portatext.h"

#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"

#include "access/access.h"
#include "access/limit.h"
#include "account/account.h"
#include "billing/billing.h"
#include "campaign/campaign.h"
#include "carrier/load.h"
#include "clock.h"
#include "contact/contact.h"
#include "job/job.h"
#include "number/number.h"
#include "service/service.h"
#include "sms/inbound_route.h"
#include "sms/send.h"
#include "telephony/telephony.h"
#include "worker/room.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* Called once per process; in the postmaster when preloaded. */
void
_PG_init(void)
{
	pt_clock_init();
	pt_account_init();
	pt_billing_init();
	pt_job_init();
	pt_carrier_init();
	pt_contact_init();
	if (process_shared_preload_libraries_in_progress)
		pt_number_warm();
	pt_send_init();
	pt_service_init();
	pt_reply_guard_init();
	pt_campaign_init();
	pt_telephony_init();
	pt_access_init();
	pt_limit_request();
	pt_worker_init();
	MarkGUCPrefixReserved("portatext");
}

Oid
pt_extension_oid(void)
{
	return get_extension_oid("portatext", true);
}

Oid
pt_owner_oid(void)
{
	return get_role_oid("portatext_owner", true);
}
