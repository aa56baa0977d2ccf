/*
 * route.h
 *	  Which carrier takes a message.
 */
#ifndef PORTATEXT_ROUTE_H
#define PORTATEXT_ROUTE_H

#include "portatext.h"

/*
 * The id of the carrier for a message of this account, or -1 when there is
 * none: what the function named by portatext.route_function says.  The default
 * one costs no query once its cache is filled.
 */
extern int32 pt_route(int64 account_id, const char *from, const char *to);

#endif							/* PORTATEXT_ROUTE_H */
