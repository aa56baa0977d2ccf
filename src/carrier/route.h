/*
 * route.h
 *	  Which carrier takes a message.
 */
#ifndef PORTATEXT_ROUTE_H
#define PORTATEXT_ROUTE_H

#include "portatext.h"

#include "carrier/choice.h"

/*
 * The id of the carrier for a message of this account, or -1 when there is
 * none: what the function named by portatext.route_function says.  The default
 * one costs no query once its caches are filled.
 */
extern int32 pt_route(int64 account_id, const char *from, const char *to);

/* May the carrier have the message?  (Its text would be counted otherwise.) */
typedef bool (*PtRouteFits) (int32 carrier_id, void *arg);

/*
 * The next route's carrier for a message that could not be handed over: one that
 * is enabled, not stopped and not tried; its breaker may be open only with
 * allow_open.  -1: there is none; always so for sandbox accounts, without
 * routes, and where an operator's function chooses.
 */
extern int32 pt_route_next(int64 account_id, const char *from, const char *to,
						   const int32 *tried, int n_tried, bool allow_open,
						   PtRouteFits fits, void *arg);

/*
 * The message as the routes see it.  false: routes do not concern it (a sandbox
 * account, or an operator's function chooses); what pt_route says holds.
 */
extern bool pt_route_ask(int64 account_id, const char *from, const char *to, PtRouteAsk *ask);

/* The routes that concern it: pt_routes_find over the cached table. */
extern int	pt_route_find(const PtRouteAsk *ask, const PtRoute *found[PT_ROUTES_MAX]);

extern PtStanding pt_carrier_standing(int32 carrier_id);

/* The carrier when no route applies (pinned to the account, or lowest priority); -1: none. */
extern int32 pt_route_without(int64 account_id);

#endif							/* PORTATEXT_ROUTE_H */
