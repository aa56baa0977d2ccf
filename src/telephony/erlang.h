/*
 * erlang.h
 *	  Erlang's formulas for a group of servers: loss, waiting, speed of answer.
 *
 * Core: no PostgreSQL header.  load is the offered load in erlangs (arrivals a
 * second times seconds of handling), not negative; servers is not negative.
 */
#ifndef PORTATEXT_ERLANG_H
#define PORTATEXT_ERLANG_H

/* Erlang B: the share of arrivals that find all servers busy and are lost. */
extern double pt_erlang_b(int servers, double load);

/* Erlang C: the share that has to wait; 1 when the load is as large as the servers (PACE-06). */
extern double pt_erlang_c(int servers, double load);

/* The share that waits longer than the seconds; handle: mean seconds of handling. */
extern double pt_erlang_wait(int servers, double load, double handle, double seconds);

/* Mean seconds until the answer; infinite when the load is as large as the servers. */
extern double pt_erlang_asa(int servers, double load, double handle);

/* The share of their time that the servers work, 0 to 1; 1 without servers. */
extern double pt_erlang_occupancy(int servers, double load);

/*
 * The largest load with load / servers <= occupancy, of which not more than the
 * share waiting (1: any) has to wait longer than the seconds (PACE-05).
 */
extern double pt_erlang_load(int servers, double occupancy, double waiting, double handle, double seconds);

#endif							/* PORTATEXT_ERLANG_H */
