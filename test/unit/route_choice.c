/*
 * route_choice.c
 *	  The order of routes: prefixes, own and general ones, senders, priority,
 *	  cost, weights; and the notes of carriers tried.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "carrier/choice.h"
#include "tap.h"

#define RECIPIENTS 10000
#define FOREVER INT64_MAX

/* The ids of the routes that concern a recipient, in order: "3 1 2". */
static const char *
order_of(const PtRoute *given, int n, const PtRouteAsk *ask)
{
	static char text[1000];
	PtRoute		routes[100];
	const PtRoute *found[PT_ROUTES_MAX];
	int			count;
	size_t		used = 0;

	memcpy(routes, given, sizeof(PtRoute) * (size_t) n);
	pt_routes_sort(routes, n);
	count = pt_routes_find(routes, n, ask, found);
	text[0] = '\0';
	for (int i = 0; i < count; i++)
		used += (size_t) snprintf(text + used, sizeof(text) - used, "%s%lld", i > 0 ? " " : "",
								  (long long) found[i]->route_id);
	return text;
}

/* Compares the order for a recipient. */
static void
is_order(const PtRoute *routes, int n, const PtRouteAsk *ask, const char *expected, const char *what)
{
	const char *got = order_of(routes, n, ask);

	ok(strcmp(got, expected) == 0, "%s: \"%s\"", what, got);
}

/* Each rule alone decides where the ones before leave it open. */
static void
test_order(void)
{
	static const PtRoute routes[] = {
		{1, 0, "", "", 1, 1, 1, 0.001, 0, FOREVER},
		{2, 0, "", "+49", 1, 100, 1, 9, 0, FOREVER},
		{3, 0, "", "+4917", 1, 200, 1, 9, 0, FOREVER},
		{4, 7, "", "+49", 1, 100, 1, 9, 0, FOREVER},
		{5, 8, "", "+4917", 1, 1, 1, 1, 0, FOREVER},
		{6, 0, "+1555", "+49", 1, 100, 1, 9, 0, FOREVER},
		{7, 0, "", "+49", 1, 50, 1, 9, 0, FOREVER},
		{8, 0, "", "+49", 2, 100, 1, 2, 0, FOREVER},
		{9, 0, "", "+49", 3, 100, 1, HUGE_VAL, 0, FOREVER},
		{10, 0, "", "+4", 1, 1, 1, 1, 0, FOREVER},
		{11, 0, "", "+50", 1, 1, 1, 1, 0, FOREVER},
	};
	PtRouteAsk	ask = {7, false, "+15551234", "+4917012345", 10};

	is_order(routes, 11, &ask, "3 4 6 7 8 2 9 10 1",
			 "longest destination, own, longest sender, priority, cost, unknown cost");
	ask.own_only = true;
	is_order(routes, 11, &ask, "4", "a pinned account knows its own routes alone");
	ask.own_only = false;
	ask.account_id = 8;
	is_order(routes, 11, &ask, "5 3 6 7 8 2 9 10 1", "another account's own come before general ones");
	ask.to = "+3312345";
	is_order(routes, 11, &ask, "1", "only the general one is left");
	ask.to = "+4";
	is_order(routes, 11, &ask, "10 1", "a recipient as long as a prefix");
	is_order(routes, 0, &ask, "", "no routes");
}

/* Sender and dates. */
static void
test_applies(void)
{
	PtRoute		route = {1, 0, "+1555", "", 1, 1, 1, 1, 100, 200};
	PtRouteAsk	ask = {7, false, "+15551234", "+49", 100};

	ok(pt_route_applies(&route, &ask), "in force from its first moment");
	ask.now = 99;
	ok(!pt_route_applies(&route, &ask), "not before");
	ask.now = 200;
	ok(!pt_route_applies(&route, &ask), "not at its end");
	ask.now = 199;
	ask.from = "+1556";
	ok(!pt_route_applies(&route, &ask), "another sender");
	ask.from = "";
	ok(!pt_route_applies(&route, &ask), "no sender");
	route.sender[0] = '\0';
	ok(pt_route_applies(&route, &ask), "any sender");
}

/* Share of the recipients whose first route is this one. */
static double
share_of(const PtRoute *routes, int n, int64_t route_id)
{
	int			won = 0;

	for (int i = 0; i < RECIPIENTS; i++)
	{
		const PtRoute *found[PT_ROUTES_MAX];
		char		to[PT_PREFIX_SIZE];
		PtRouteAsk	ask = {1, false, "", to, 10};

		snprintf(to, sizeof(to), "+1555%07d", i);
		won += pt_routes_find(routes, n, &ask, found) == n && found[0]->route_id == route_id;
	}
	return (double) won / RECIPIENTS;
}

/* Weights share the recipients out; weight 0 is last. */
static void
test_weights(void)
{
	static const PtRoute routes[] = {
		{1, 0, "", "", 1, 1, 1, 1, 0, FOREVER},
		{2, 0, "", "", 2, 1, 3, 1, 0, FOREVER},
		{3, 0, "", "", 3, 1, 6, 1, 0, FOREVER},
		{4, 0, "", "", 4, 1, 0, 1, 0, FOREVER},
	};
	double		one = share_of(routes, 4, 1);
	double		three = share_of(routes, 4, 2);
	double		six = share_of(routes, 4, 3);
	int			moved = 0;

	ok(one > 0.08 && one < 0.12, "weight 1 of 10 gets a tenth: %.3f", one);
	ok(three > 0.27 && three < 0.33, "weight 3 of 10: %.3f", three);
	ok(six > 0.56 && six < 0.64, "weight 6 of 10: %.3f", six);
	ok(share_of(routes, 4, 4) <= 0.0, "weight 0 gets none while there are others");
	for (int i = 0; i < RECIPIENTS; i++)
	{
		const PtRoute *all[PT_ROUTES_MAX];
		const PtRoute *fewer[PT_ROUTES_MAX];
		char		to[PT_PREFIX_SIZE];
		PtRouteAsk	ask = {1, false, "", to, 10};

		snprintf(to, sizeof(to), "+1555%07d", i);
		pt_routes_find(routes, 3, &ask, all);
		pt_routes_find(routes + 1, 2, &ask, fewer);
		moved += all[0]->route_id != 1 && all[0]->route_id != fewer[0]->route_id;
	}
	ok(moved == 0, "CAMP-10: recipients of the others stay when one goes: %d moved", moved);
}

/* More routes than are looked at: the best ones are kept. */
static void
test_many(void)
{
	PtRoute		routes[100];
	const PtRoute *found[PT_ROUTES_MAX];
	PtRouteAsk	ask = {1, false, "", "+1555", 10};
	bool		best = true;

	for (int i = 0; i < 100; i++)
	{
		PtRoute		route = {i + 1, 0, "", "+1", 1, 100 - i, 1, 1, 0, FOREVER};

		routes[i] = route;
	}
	pt_routes_sort(routes, 100);
	ok(pt_routes_find(routes, 100, &ask, found) == PT_ROUTES_MAX, "at most so many are looked at");
	for (int i = 0; i < PT_ROUTES_MAX; i++)
		best = best && found[i]->priority == i + 1;
	ok(best, "and those are the best, in order");
}

/* What is noted of carriers tried. */
static void
test_tried(void)
{
	int32_t		tried[3] = {pt_tried_note(0, true), pt_tried_note(5, false), pt_tried_note(6, true)};

	ok(tried[0] < 0 && tried[2] < 0, "a refusal is noted as a negative number, also of carrier 0");
	ok(pt_tried_has(tried, 3, 0) && pt_tried_has(tried, 3, 5) && pt_tried_has(tried, 3, 6), "all are known");
	ok(!pt_tried_has(tried, 3, 1), "another is not");
	ok(pt_tried_failed(tried, 3) == 1, "one failed for the time being");
}

int
main(void)
{
	test_order();
	test_applies();
	test_weights();
	test_many();
	test_tried();
	return tap_done();
}
