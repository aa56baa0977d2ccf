/*
 * many.h
 *	  What is asked for many orders of one account at once, for batches and campaigns.
 */
#ifndef PORTATEXT_MANY_H
#define PORTATEXT_MANY_H

#include "sms/order.h"

/*
 * Blacklists (BL-03), and whether the orders' services may write to their
 * recipients: fills in the refusals of those that may not be sent; refusals that
 * are there already are left alone.  After pt_order_check(..., PT_LISTS_ASKED, ...)
 * for orders of one account, inside SPI, as the keeper.
 */
extern void pt_orders_ask_lists(PtOrder *const *orders, PtRefusal *const *refusals, int n);

#endif							/* PORTATEXT_MANY_H */
