/*
 * pacing_sql.h
 *	  Checks of the arguments of the SQL functions about pacing.
 */
#ifndef PORTATEXT_PACING_SQL_H
#define PORTATEXT_PACING_SQL_H

#define PT_SERVERS_MAX 1000000	/* the formulas take their time: some ns for each server */
#define PT_SECONDS_MAX 86400.0
#define PT_HANDLE_MIN 0.001

/* Both return the value, or raise 22023 with the name in the message: erlang_sql.c. */
extern int	pt_pacing_count(int count, const char *name);
extern double pt_pacing_value(double value, double low, double high, const char *name);

#endif							/* PORTATEXT_PACING_SQL_H */
