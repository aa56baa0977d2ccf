/*
 * choice.c
 *	  Which routes concern a message, and in which order they are tried.
 *
 * Routes are kept sorted by destination, so that those of a recipient are found
 * by one binary search for each of its prefixes.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* By destination, then by id. */
static int
compare_destinations(const void *a, const void *b)
{
	const PtRoute *x = a;
	const PtRoute *y = b;
	int			order = strcmp(x->destination, y->destination);

	if (order != 0)
		return order;
	return x->route_id < y->route_id ? -1 : x->route_id > y->route_id;
}

void
pt_routes_sort(PtRoute *routes, int n)
{
	if (n > 1)
		qsort(routes, (size_t) n, sizeof(PtRoute), compare_destinations);
}

/* The first route whose destination is not before the prefix of that length. */
static int
first_of(const PtRoute *routes, int n, const char *to, size_t len)
{
	int			low = 0;
	int			high = n;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strncmp(routes[middle].destination, to, len);

		/* What goes on behind the prefix is after it. */
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* FNV-1a. */
static uint64_t
hash_text(const char *text)
{
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char) *text) * UINT64_C(1099511628211);
	return hash;
}

/* The finalizer of MurmurHash3: each bit of the result depends on all. */
static uint64_t
mix(uint64_t hash)
{
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ (hash >> 33);
}

double
pt_weighted_rank(const char *key, const char *who, int32_t weight)
{
	double		u = ((double) (mix(hash_text(who) ^ mix(hash_text(key))) >> 11) + 0.5) / 9007199254740992.0;

	return weight <= 0 ? u - 1 : (double) weight / -log(u);
}

/* The rank of a route's carrier for a recipient. */
static double
route_rank(const PtRoute *route, const char *to)
{
	char		key[16];
	uint32_t	id = (uint32_t) route->carrier_id;

	for (int i = 0; i < 8; i++)
		key[i] = (char) ('a' + ((id >> (4 * i)) & 15));
	key[8] = '\0';
	return pt_weighted_rank(key, to, route->weight);
}

/* Less than 0: a is tried before b.  Both concern the recipient. */
static int
compare_routes(const PtRoute *a, const PtRoute *b, const char *to)
{
	int			longer = (int) strlen(b->destination) - (int) strlen(a->destination);
	int			sender = (int) strlen(b->sender) - (int) strlen(a->sender);
	double		rank_a;
	double		rank_b;

	if (longer != 0)
		return longer;
	if ((a->account_id != 0) != (b->account_id != 0))
		return a->account_id != 0 ? -1 : 1;
	if (sender != 0)
		return sender;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->cost < b->cost || a->cost > b->cost)
		return a->cost < b->cost ? -1 : 1;
	rank_a = route_rank(a, to);
	rank_b = route_rank(b, to);
	if (rank_a > rank_b || rank_a < rank_b)
		return rank_a > rank_b ? -1 : 1;
	return a->route_id < b->route_id ? -1 : 1;
}

/* Puts a route into its place; the last one falls out when there is no room. */
static int
insert_route(const PtRoute **found, int n, const PtRoute *route, const char *to)
{
	int			place = n;

	while (place > 0 && compare_routes(route, found[place - 1], to) < 0)
		place--;
	if (place >= PT_ROUTES_MAX)
		return n;
	if (n == PT_ROUTES_MAX)
		n--;
	memmove(&found[place + 1], &found[place], sizeof(found[0]) * (size_t) (n - place));
	found[place] = route;
	return n + 1;
}

int
pt_routes_find(const PtRoute *routes, int n, const PtRouteAsk *ask,
			   const PtRoute *found[PT_ROUTES_MAX])
{
	int			count = 0;
	int			len = (int) strlen(ask->to);

	if (len > PT_PREFIX_SIZE - 1)
		len = PT_PREFIX_SIZE - 1;
	for (; n > 0 && len >= 0; len--)
	{
		for (int i = first_of(routes, n, ask->to, (size_t) len);
			 i < n && strncmp(routes[i].destination, ask->to, (size_t) len) == 0 &&
			 routes[i].destination[len] == '\0'; i++)
		{
			int64_t		owner = routes[i].account_id;

			if (owner == ask->account_id || (owner == 0 && !ask->own_only))
				count = insert_route(found, count, &routes[i], ask->to);
		}
	}
	return count;
}

bool
pt_route_sender_fits(const PtRoute *route, const PtRouteAsk *ask)
{
	return strncmp(route->sender, ask->from, strlen(route->sender)) == 0;
}

bool
pt_route_in_force(const PtRoute *route, const PtRouteAsk *ask)
{
	return route->valid_from <= ask->now && ask->now < route->valid_to;
}

bool
pt_route_applies(const PtRoute *route, const PtRouteAsk *ask)
{
	return pt_route_sender_fits(route, ask) && pt_route_in_force(route, ask);
}

int32_t
pt_tried_note(int32_t carrier_id, bool refused)
{
	return refused ? -1 - carrier_id : carrier_id;
}

bool
pt_tried_has(const int32_t *tried, int n, int32_t carrier_id)
{
	for (int i = 0; i < n; i++)
	{
		if (tried[i] == carrier_id || tried[i] == -1 - carrier_id)
			return true;
	}
	return false;
}

int
pt_tried_failed(const int32_t *tried, int n)
{
	int			failed = 0;

	for (int i = 0; i < n; i++)
		failed += tried[i] >= 0;
	return failed;
}
