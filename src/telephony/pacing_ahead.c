/*
 * pacing_ahead.c
 *	  The predictive method: how likely is it that an answer finds no agent?
 *
 * Core: no PostgreSQL header.  Answers and agents that become free are looked
 * ahead to at the times at which a call placed now is likely to be answered.
 * Both are sums of many independent chances, so their difference is taken as
 * normal, with the uncertainty of the ring curve itself added; the chance that
 * it exceeds the idle agents, averaged over those times, is the chance of loss.
 * The cost depends on seconds of ring age, not on calls or agents.
 */
#include "telephony/pacing_internal.h"

#include <math.h>

#define POINTS 6				/* of the look-ahead */
#define PATIENCE_USED 0.8		/* share of the callers' patience that may pass */
#define MODEL_ERROR 0.05		/* relative, of the ring curve, however many calls are behind it */
#define CAP_SHARE 1.25			/* of the calls that keep all agents busy */
#define CAP_DEVIATIONS 3.0
#define PLACE_MAX 1e6

/* What is expected until one point of time. */
typedef struct Point
{
	double		after;			/* seconds from now */
	double		answers;
	double		answers_var;
	double		frees;
	double		frees_var;
	double		new_answer;		/* chance that a call placed now is answered until then */
} Point;

typedef struct Ahead
{
	Point		points[POINTS];
	double		relvar;			/* relative variance of the ring curve */
	double		free;			/* idle agents less waiting callers */
} Ahead;

/* Adds one independent chance, times over. */
static void
add_chance(double *mean, double *var, double chance, double times)
{
	*mean += times * chance;
	*var += times * chance * (1 - chance);
}

/* Answers of calls that ring. */
static void
add_answers(Point *point, const PtRinging *ringing, const PtCurve *curve)
{
	for (int b = 0; b < PT_PACE_SECONDS && ringing->n > 0; b++)
	{
		int			n = ringing->count[b];

		if (n > 0)
			add_chance(&point->answers, &point->answers_var,
					   pt_curve_answer(curve, ringing->age[b] / n, point->after), n);
	}
}

/* Agents that are done until then, patience included. */
static void
add_frees(Point *point, const PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input)
{
	double		until = point->after + settings->patience_s * PATIENCE_USED;
	double		talk_left = until - settings->wrap_up_s;

	if (talk_left > 0)
		add_chance(&point->frees, &point->frees_var, 1 - exp(-talk_left / pace->acd), input->n_talking);
	for (int i = 0; i < input->n_wrap_up; i++)
	{
		double		left = input->wrap_left[i];

		if (left < 0)
			add_chance(&point->frees, &point->frees_var,
					   1 - exp(-until / fmax(settings->wrap_up_s, 1)), 1);
		else
			point->frees += left <= until;
	}
}

/* Chance that an answer finds no agent at this point, with so many calls more. */
static double
loss_at(const Ahead *ahead, const Point *point, int more)
{
	double		answers = point->answers + more * point->new_answer;
	double		var = point->answers_var + more * point->new_answer * (1 - point->new_answer)
		+ ahead->relvar * answers * answers + point->frees_var;
	double		over = answers - point->frees - ahead->free + 0.5;

	return 0.5 * erfc(-over / sqrt(2 * (var + 1e-9)));
}

/* The mean over the look-ahead. */
static double
loss_with(const Ahead *ahead, int more)
{
	double		sum = 0;

	for (int j = 0; j < POINTS; j++)
		sum += loss_at(ahead, &ahead->points[j], more);
	return sum / POINTS;
}

/*
 * The greatest number of calls more, up to most, each of which was placed while
 * the chance of loss was not above the threshold.
 */
static int
calls_within(const Ahead *ahead, double threshold, int most)
{
	int			low = 0;
	int			high = most + 1;	/* too many */

	if (most <= 0 || loss_with(ahead, 0) > threshold)
		return 0;
	low = 1;
	while (low + 1 < high)
	{
		int			middle = low + (high - low > 2 * low ? low : (high - low) / 2);

		if (loss_with(ahead, middle - 1) <= threshold)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Looks ahead, with the calls of all campaigns of these agents. */
static void
look_ahead(Ahead *ahead, const PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input,
		   const PtRinging *own, const PtCurve *curve)
{
	double		counted = curve->calls * curve->p;

	ahead->relvar = (1 - curve->p) / fmax(counted, 0.1) + MODEL_ERROR * MODEL_ERROR;
	ahead->free = input->idle - input->waiting;
	for (int j = 0; j < POINTS; j++)
	{
		Point	   *point = &ahead->points[j];

		*point = (Point) {.after = pt_curve_quantile(curve, (j + 0.5) / POINTS)};
		point->new_answer = pt_curve_new(curve, point->after);
		add_answers(point, own, curve);
		add_frees(point, pace, settings, input);
	}
	for (int i = 0; i < input->n_others; i++)
	{
		PtRinging	ringing;
		PtCurve		other;

		pt_curve_count(&ringing, input->others[i].ages, input->others[i].n);
		pt_curve_build(&other, input->others[i].pace, &ringing);
		for (int j = 0; j < POINTS; j++)
			add_answers(&ahead->points[j], &ringing, &other);
	}
}

/* Calls that may ring: those that keep all agents busy, and some more. */
static double
line_cap(const PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input, const PtCurve *curve)
{
	double		feed = input->agents / (pace->acd + settings->wrap_up_s) / curve->p * curve->ring_s;

	return CAP_SHARE * feed + CAP_DEVIATIONS * sqrt(feed) + input->idle / (2 * curve->p) + 2;
}

/* The means over the look-ahead, for the occupancy ceiling and the explanation. */
static void
take_means(PtPaceOutput *output, const Ahead *ahead)
{
	double		each = 0;

	for (int j = 0; j < POINTS; j++)
	{
		const Point *point = &ahead->points[j];

		output->horizon_s += point->after / POINTS;
		output->expected_answers += point->answers / POINTS;
		output->expected_frees += point->frees / POINTS;
		each += point->new_answer / POINTS;
	}
	output->new_answer = each;
	output->expected_busy = output->busy + output->waiting + output->expected_answers - output->expected_frees;
}

/* Calls that may be placed now, by the chance of loss; fills what explains it. */
int
pt_ahead_room(PtPace *pace, const PtPaceSettings *settings, const PtPaceInput *input,
			  const PtRinging *own, const PtCurve *curve, PtPaceOutput *output)
{
	Ahead		ahead;
	int			most;
	int			room;

	look_ahead(&ahead, pace, settings, input, own, curve);
	take_means(output, &ahead);
	output->line_cap = line_cap(pace, settings, input, curve);
	most = (int) fmin(fmax(output->line_cap - output->ringing - output->others_ringing, 0), PLACE_MAX);
	room = calls_within(&ahead, output->threshold, most);
	output->loss = loss_with(&ahead, room);
	output->limit = room >= most ? PT_PACE_BY_CAP : PT_PACE_BY_AGENTS;
	pace->in_flight = ahead.points[POINTS - 1].answers;
	return room;
}
