/*
 * claim_schedule.c
 *	  The schedules of messages, asked again at the claim (SCH-09): one whose
 *	  window has closed while it was throttled or tried again waits for the next.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "utils/uuid.h"

#include "schedule/schedule.h"
#include "sms/claim_schedule.h"
#include "sms/column.h"

static PtPlan failed_plan = {
	.sql = "INSERT INTO portatext.attention (account_id, kind, message_id, detail) "
	"SELECT u.account_id, 'failed', u.id, 'Its schedule cannot be read, or never opens.' "
	"FROM unnest($1, $2) u(account_id, id) ON CONFLICT DO NOTHING",
	.nargs = 2,
	.argtypes = {INT8ARRAYOID, UUIDARRAYOID}
};

void
pt_schedules_recheck(PtScheduleRecheck *asked, int n, TimestampTz now)
{
	PtColumn	failed[2] = {{INT8OID}, {UUIDOID}};

	for (int i = 0; i < n; i++)
	{
		PtScheduleRecheck *a = &asked[i];
		const PtSchedule *schedule = pt_schedule_by_id(a->schedule_id);

		a->opens = schedule == NULL ? DT_NOEND :
			pt_schedule_find_for(schedule, a->account_id, a->to, now, &a->own_zone);
		if (a->opens != DT_NOEND)
			continue;
		pt_column_add(&failed[0], Int64GetDatum(a->account_id));
		pt_column_add_uuid(&failed[1], a->id);
	}
	pt_column_run(&failed_plan, failed, SPI_OK_INSERT);
}
