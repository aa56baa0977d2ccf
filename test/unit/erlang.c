/*
 * erlang.c
 *	  Erlang's formulas against values computed with 60 digits
 *	  (test/data/erlang_vectors.tsv), and their bounds (PACE-05 to PACE-07).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "telephony/erlang.h"

#define VECTORS "test/data/erlang_vectors.tsv"
#define TOLERANCE 1e-12

/* Columns of the file. */
enum
{
	SERVERS, LOAD, HANDLE, SECONDS, ERLANG_B, ERLANG_C, WAIT, SERVICE_LEVEL, OCCUPANCY, ASA, COLUMNS
};

/* How far a value is from the right one, in shares of that. */
static double
error_of(double value, double right)
{
	if (value == right)
		return 0;
	if (right == 0 || !isfinite(right) || !isfinite(value))
		return HUGE_VAL;
	return fabs(value - right) / fabs(right);
}

/* The greatest error of the five functions on one line. */
static double
worst_error(const double *v)
{
	int			servers = (int) v[SERVERS];
	double		errors[] = {
		error_of(pt_erlang_b(servers, v[LOAD]), v[ERLANG_B]),
		error_of(pt_erlang_c(servers, v[LOAD]), v[ERLANG_C]),
		error_of(pt_erlang_wait(servers, v[LOAD], v[HANDLE], v[SECONDS]), v[WAIT]),
		error_of(pt_erlang_occupancy(servers, v[LOAD]), v[OCCUPANCY]),
		error_of(pt_erlang_asa(servers, v[LOAD], v[HANDLE]), v[ASA]),
	};
	double		worst = 0;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		worst = fmax(worst, errors[i]);
	return worst;
}

static void
test_vectors(void)
{
	FILE	   *file = fopen(VECTORS, "r");
	char		line[1000];
	int			rows = 0;

	if (!ok(file != NULL, "%s", VECTORS))
		return;
	while (fgets(line, sizeof(line), file) != NULL)
	{
		double		v[COLUMNS];
		char	   *at = line;
		double		worst;

		if (strncmp(line, "servers", 7) == 0)
			continue;
		for (int i = 0; i < COLUMNS; i++)
			v[i] = strtod(at, &at);
		worst = worst_error(v);
		ok(worst <= TOLERANCE, "%g servers, load %g, %g s of %g: relative error %.1e",
		   v[SERVERS], v[LOAD], v[SECONDS], v[HANDLE], worst);
		rows++;
	}
	fclose(file);
	ok(rows == 75, "all 75 lines: %d", rows);
}

/* The values that PACE-07 prints with six decimals. */
static void
test_printed(void)
{
	static const struct
	{
		int			servers;
		double		load;
		double		c;
	}			printed[] = {
		{1, 0.9, 0.9}, {2, 1.8, 0.852632}, {5, 4.5, 0.762493}, {10, 8, 0.409180},
		{10, 9, 0.668732}, {20, 18, 0.550769}, {50, 45, 0.363864}, {100, 90, 0.216940}
	};

	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++)
	{
		double		c = pt_erlang_c(printed[i].servers, printed[i].load);

		ok(fabs(c - printed[i].c) < 5.1e-7, "PACE-07: C(%d, %g) = %.6f", printed[i].servers, printed[i].load, c);
	}
}

/* Erlang B by its definition, (a^n / n!) / sum over k of a^k / k!, while that does not overflow. */
static double
plain_b(int servers, double load)
{
	double		term = 1;
	double		sum = 1;

	for (int k = 1; k <= servers; k++)
	{
		term *= load / k;
		sum += term;
	}
	return term / sum;
}

static void
test_definition(void)
{
	double		worst = 0;

	for (int servers = 0; servers <= 100; servers++)
	{
		for (double load = 0.25; load < 150; load *= 1.7)
			worst = fmax(worst, error_of(pt_erlang_b(servers, load), plain_b(servers, load)));
	}
	ok(worst < 1e-12, "Erlang B as it is defined, 0 to 100 servers: relative error %.1e", worst);
}

static void
test_edges(void)
{
	ok(pt_erlang_b(0, 0) == 1 && pt_erlang_c(0, 0) == 1, "without servers everything is lost or waits");
	ok(pt_erlang_b(3, 0) == 0 && pt_erlang_c(3, 0) == 0 && pt_erlang_asa(3, 0, 60) == 0, "without load nothing is");
	ok(pt_erlang_b(3, HUGE_VAL) == 1 && pt_erlang_c(3, HUGE_VAL) == 1, "an infinite load");
	ok(pt_erlang_c(3, 3) == 1 && isinf(pt_erlang_asa(3, 3, 60)), "as much load as servers: the queue grows without end");
	ok(pt_erlang_wait(3, 4, 60, 1e9) == 1, "everybody waits for ever with more load than servers");
	ok(pt_erlang_b(1000, 1) == 0 || pt_erlang_b(1000, 1) < 1e-300, "what is too small is 0, not an overflow");
	ok(pt_erlang_c(10000, 9999.9) < 1 && pt_erlang_c(10000, 9999.9) > 0.98, "10,000 servers");
}

/* PACE-05: the greatest load that both bounds allow. */
static void
test_load(void)
{
	double		load;

	ok(pt_erlang_load(20, 0.9, 1, 60, 0) == 18, "PACE-05: by occupancy alone");
	ok(pt_erlang_load(0, 0.9, 0.5, 60, 0) == 0, "no agents, no load");
	ok(pt_erlang_load(20, 0.1, 0.5, 60, 0) == 2, "the occupancy binds, not the waiting");
	load = pt_erlang_load(20, 1, 0.1, 60, 0);
	ok(pt_erlang_c(20, load) <= 0.1 && pt_erlang_c(20, load + 1e-6) > 0.1,
	   "PACE-05: ErlangC(20, %.6f) is just below 0.1", load);
	load = pt_erlang_load(20, 1, 0.1, 60, 5);
	ok(pt_erlang_wait(20, load, 60, 5) <= 0.1 && pt_erlang_wait(20, load + 1e-6, 60, 5) > 0.1,
	   "one of ten waits for more than five seconds at %.6f", load);
	ok(pt_erlang_load(20, 1, 0, 60, 0) < 0.1, "nobody at all may wait");
}

int
main(void)
{
	test_vectors();
	test_printed();
	test_definition();
	test_edges();
	test_load();
	return tap_done();
}
