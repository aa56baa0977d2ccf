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

/*
 * The variables stored with their recipients (to) in the account's own
 * contacts, into values[PT_VALUES_OF_CONTACT], in the current memory context
 * (TPL-02).  Inside SPI, as the keeper.
 */
extern void pt_orders_find_values(PtOrder *const *orders, int n);

#endif							/* PORTATEXT_MANY_H */
