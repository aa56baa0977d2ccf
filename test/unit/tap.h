/*
 * tap.h
 *	  Test results in the Test Anything Protocol, for plain C programs.
 *
 * Use ok(condition, "what, with %s", values) for each assertion and end main
 * with return tap_done(); the plan is printed last.
 */
#ifndef PORTATEXT_TAP_H
#define PORTATEXT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int	tap_count = 0;
static int	tap_failed = 0;

__attribute__((format(printf, 2, 3)))
static bool
ok(bool passed, const char *what,...)
{
	va_list		args;

	tap_count++;
	if (!passed)
		tap_failed++;
	printf("%sok %d - ", passed ? "" : "not ", tap_count);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	putchar('\n');
	return passed;
}

static int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed == 0 && tap_count > 0 ? 0 : 1;
}

#endif							/* PORTATEXT_TAP_H */
