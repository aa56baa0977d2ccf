/*
 * choice.h
 *	  Which routes concern a message, and in which order they are tried.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_CHOICE_H
#define PORTATEXT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_PREFIX_SIZE	17		/* '+', 15 digits or a name of 11 characters, NUL */
#define PT_ROUTES_MAX	64		/* routes looked at for one message */

/* A row of portatext.route. */
typedef struct PtRoute
{
	int64_t		route_id;
	int64_t		account_id;		/* 0: of all accounts */
	char		sender[PT_PREFIX_SIZE]; /* the sender begins so; empty: any */
	char		destination[PT_PREFIX_SIZE];	/* the recipient begins so; empty: any */
	int32_t		carrier_id;
	int32_t		priority;
	int32_t		weight;
	double		cost;			/* HUGE_VAL: not known */
	int64_t		valid_from;		/* microseconds, as TimestampTz */
	int64_t		valid_to;
} PtRoute;

/* The message that asks. */
typedef struct PtRouteAsk
{
	int64_t		account_id;
	bool		own_only;		/* the account is pinned: general routes do not concern it */
	const char *from;
	const char *to;
	int64_t		now;
} PtRouteAsk;

/* Can a carrier be given messages?  The better ones first. */
typedef enum PtStanding
{
	PT_STANDING_GOOD,
	PT_STANDING_OPEN,			/* its circuit breaker is open */
	PT_STANDING_STOPPED,
	PT_STANDING_DISABLED
} PtStanding;

/* Sorts routes as pt_routes_find needs them. */
extern void pt_routes_sort(PtRoute *routes, int n);

/*
 * Routes of this account, or of all, whose destination the recipient begins
 * with, in the order in which they are tried: longest destination, own before
 * general, longest sender, priority, cost, and by chance in proportion to their
 * weights, the same for the same recipient at each time.  Writes at most
 * PT_ROUTES_MAX pointers and returns how many.  Sender and dates are not asked:
 * see pt_route_applies.
 */
extern int	pt_routes_find(const PtRoute *routes, int n, const PtRouteAsk *ask,
						   const PtRoute *found[PT_ROUTES_MAX]);

/* Does the sender begin as the route says, and is it in force now? */
extern bool pt_route_sender_fits(const PtRoute *route, const PtRouteAsk *ask);
extern bool pt_route_in_force(const PtRoute *route, const PtRouteAsk *ask);
extern bool pt_route_applies(const PtRoute *route, const PtRouteAsk *ask);

/*
 * Weighted rendezvous hashing: of several keys the one with the highest rank is
 * taken; over many whos each key wins in proportion to its weight, and a who
 * keeps its key when others come or go.  A weight of 0 ranks below all others.
 */
extern double pt_weighted_rank(const char *key, const char *who, int32_t weight);

/*
 * What message.tried notes of a carrier: its id, or, when it refused the message
 * for good, the id's complement, which is negative.
 */
extern int32_t pt_tried_note(int32_t carrier_id, bool refused);
extern bool pt_tried_has(const int32_t *tried, int n, int32_t carrier_id);
extern int	pt_tried_failed(const int32_t *tried, int n);	/* how many did not refuse */

#endif							/* PORTATEXT_CHOICE_H */
