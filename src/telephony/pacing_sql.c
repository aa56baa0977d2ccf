/*
 * pacing_sql.c
 *	  portatext.calls_to_place(): the formula of PACE-05 for given numbers.
 */
#include "portatext.h"

#include "fmgr.h"

#include "telephony/erlang.h"
#include "telephony/pacing.h"
#include "telephony/pacing_sql.h"

#define P_ANSWER_MIN 0.001		/* PACE-08: no division blows up */

PG_FUNCTION_INFO_V1(pt_calls_to_place_sql);

/*
 * portatext.calls_to_place(agents, busy, wrap_up, ringing, acd, post_call_work,
 * p_answer, occupancy, waiting_probability, waiting_time)
 */
Datum
pt_calls_to_place_sql(PG_FUNCTION_ARGS)
{
	int			agents = pt_pacing_count(PG_GETARG_INT32(0), "number of agents");
	int			busy = pt_pacing_count(PG_GETARG_INT32(1), "number of busy agents");
	int			wrap_up = pt_pacing_count(PG_GETARG_INT32(2), "number of agents in wrap-up");
	int			ringing = pt_pacing_count(PG_GETARG_INT32(3), "number of ringing calls");
	double		acd = pt_pacing_value(PG_GETARG_FLOAT8(4), PT_HANDLE_MIN, PT_SECONDS_MAX, "average call duration");
	double		work = pt_pacing_value(PG_GETARG_FLOAT8(5), 0, PT_SECONDS_MAX, "post-call work");
	double		p_answer = pt_pacing_value(PG_GETARG_FLOAT8(6), P_ANSWER_MIN, 1, "probability of answer");
	double		occupancy = pt_pacing_value(PG_GETARG_FLOAT8(7), 0, 1, "occupancy");
	double		waiting = pt_pacing_value(PG_GETARG_FLOAT8(8), 0, 1, "waiting probability");
	double		seconds = pt_pacing_value(PG_GETARG_FLOAT8(9), 0, PT_SECONDS_MAX, "waiting time");
	double		load = pt_erlang_load(agents, occupancy, waiting, acd + work, seconds);

	PG_RETURN_INT32(pt_pace_calls(load, busy + wrap_up, ringing, p_answer));
}
