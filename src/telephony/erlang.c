/*
 * erlang.c
 *	  Erlang's formulas for a group of servers: loss, waiting, speed of answer.
 *
 * Core: no PostgreSQL header.  No factorial and no power is ever computed: the
 * inverse of Erlang B obeys 1/B(n) = 1 + (n/a) / B(n-1) with positive terms
 * alone, so nothing cancels and nothing but an utterly small B overflows, to 0.
 */
#include "telephony/erlang.h"

#include <math.h>

#define BISECTIONS 50			/* of a load: more than a double can tell apart */

double
pt_erlang_b(int servers, double load)
{
	double		inverse = 1;

	if (load <= 0)
		return servers > 0 ? 0 : 1;
	if (isinf(load))
		return 1;
	for (int n = 1; n <= servers; n++)
		inverse = 1 + n / load * inverse;
	return 1 / inverse;
}

double
pt_erlang_c(int servers, double load)
{
	double		lost;

	if (load >= servers)
		return 1;
	lost = pt_erlang_b(servers, load);
	return lost / (1 - load / servers * (1 - lost));
}

double
pt_erlang_wait(int servers, double load, double handle, double seconds)
{
	if (load >= servers)
		return 1;
	return pt_erlang_c(servers, load) * exp(-(servers - load) * seconds / handle);
}

double
pt_erlang_asa(int servers, double load, double handle)
{
	if (load >= servers)
		return HUGE_VAL;
	return pt_erlang_c(servers, load) * handle / (servers - load);
}

double
pt_erlang_occupancy(int servers, double load)
{
	return load >= servers ? 1 : load / servers;
}

double
pt_erlang_load(int servers, double occupancy, double waiting, double handle, double seconds)
{
	double		low = 0;
	double		high = servers * fmin(occupancy, 1);

	if (servers <= 0 || waiting >= 1 || pt_erlang_wait(servers, high, handle, seconds) <= waiting)
		return fmax(high, 0);
	for (int i = 0; i < BISECTIONS; i++)
	{
		double		middle = (low + high) / 2;

		if (pt_erlang_wait(servers, middle, handle, seconds) <= waiting)
			low = middle;
		else
			high = middle;
	}
	return low;
}
