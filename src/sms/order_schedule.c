/*
 * order_schedule.c
 *	  The schedule that orders carry: when they may go out (SCH-01 to SCH-08).
 */
#include "portatext.h"

#include "utils/timestamp.h"

#include "sms/order_schedule.h"

PtOrderSchedule *
pt_order_schedule_read(Jsonb *definition)
{
	PtOrderSchedule *s = palloc0(sizeof(PtOrderSchedule));

	pt_schedule_read(definition, &s->schedule);
	s->definition = definition;
	return s;
}

TimestampTz
pt_order_goes_at(PtOrder *order)
{
	TimestampTz from = pt_now();

	if (order->has_send_at && order->send_at > from)
		from = order->send_at;
	if (order->schedule == NULL || TIMESTAMP_NOT_FINITE(from))
		return from;
	order->own_zone = false;
	return pt_schedule_find_for(&order->schedule->schedule, order->account->account_id,
								order->to, from, &order->own_zone);
}

bool
pt_order_schedule_check(PtOrder *order, PtRefusal *refusal)
{
	if (order->schedule == NULL)
		return true;
	order->opens = pt_order_goes_at(order);
	if (order->opens == DT_NOEND)
		pt_refuse(refusal, PT_REFUSE_NEVER_OPEN, "It opens neither in the time zones of %s nor in the account's.",
				  order->to);
	else if (order->has_valid_until && order->valid_until <= order->opens)
		pt_refuse(refusal, PT_REFUSE_BAD_TIME, "The message would expire before its schedule opens at %s.",
				  timestamptz_to_str(order->opens));
	return refusal->code == PT_ACCEPTED;
}

int32
pt_order_schedule_id(const PtOrder *order)
{
	PtOrderSchedule *s = order->schedule;

	if (s == NULL)
		return 0;
	if (s->schedule_id == 0)
		s->schedule_id = pt_schedule_store(order->account->account_id, s->definition);
	return s->schedule_id;
}
