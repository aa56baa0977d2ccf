/*
 * order_schedule.h
 *	  The schedule that orders carry (SCH-01).
 */
#ifndef PORTATEXT_ORDER_SCHEDULE_H
#define PORTATEXT_ORDER_SCHEDULE_H

#include "portatext.h"

#include "schedule/schedule.h"
#include "sms/order.h"

typedef struct PtOrderSchedule
{
	PtSchedule	schedule;
	int32		schedule_id;	/* 0: not stored yet */
	Jsonb	   *definition;		/* needed while it is not stored */
} PtOrderSchedule;

/* Reads the argument "schedule"; raises 22023 for one that is not valid. */
extern PtOrderSchedule *pt_order_schedule_read(Jsonb *definition);

/* When the order goes at the earliest, by send_at and schedule: DT_NOEND for never.  Sets own_zone. */
extern TimestampTz pt_order_goes_at(PtOrder *order);

/*
 * When the order may go out: fills in opens and own_zone (SCH-02, SCH-07).
 * false, with the reason in refusal: never, or not before it expires.  True for an
 * order without a schedule.
 */
extern bool pt_order_schedule_check(PtOrder *order, PtRefusal *refusal);

/* The schedule's id, storing it if need be; 0: the order has none.  Inside SPI, as the keeper. */
extern int32 pt_order_schedule_id(const PtOrder *order);

#endif							/* PORTATEXT_ORDER_SCHEDULE_H */
