/*
 * loopback_call.h
 *	  The built-in engine: its settings, and the course of a call by them.
 *
 * Core: no PostgreSQL header.
 */
#ifndef PORTATEXT_LOOPBACK_CALL_H
#define PORTATEXT_LOOPBACK_CALL_H

#include "telephony/engine.h"

/* What a call comes to; the first eight have a share in the settings, all a number that stands for them. */
typedef enum PtScene
{
	PT_SCENE_ANSWER,
	PT_SCENE_MACHINE,
	PT_SCENE_NOTSURE,
	PT_SCENE_HANGUP,
	PT_SCENE_BUSY,
	PT_SCENE_NO_ANSWER,
	PT_SCENE_INVALID,
	PT_SCENE_CONGESTION,
	PT_SCENE_REJECTED,
	PT_SCENE_DECLINED,
	PT_SCENE_TIMEOUT,
	PT_SCENE_UNAVAILABLE,
	PT_SCENE_INCOMPATIBLE,
	PT_SCENE_ENGINE_ERROR,
	PT_SCENE_NO_ROUTE
} PtScene;

#define PT_SCENE_SHARES 8
#define PT_COURSE_EVENTS 48		/* most of one call */

typedef enum PtTalk
{
	PT_TALK_LOGNORMAL,
	PT_TALK_EXPONENTIAL,
	PT_TALK_FIXED
} PtTalk;

/* Times in seconds, shares from 0 to 1. */
typedef struct PtLoopback
{
	double		shares[PT_SCENE_SHARES];
	bool		scenes;			/* the last four digits of a number decide */
	uint64_t	seed;
	double		setup;			/* until it rings */
	double		ring_min;
	double		ring_max;
	PtTalk		talk;
	double		talk_mean;
	double		talk_sigma;		/* of the logarithm */
	double		amd_min;
	double		amd_max;
	double		agent_answer;
	double		agent_delay_min;
	double		agent_delay_max;
	double		patience;		/* of a person who waits for an agent */
	double		sound_seconds;	/* of any sound */
	double		event_delay;	/* at most */
	double		duplicates;
	double		reordering;
	double		loss;
} PtLoopback;

/* The parameters of PtEngineAdapter.local_events. */
extern int	pt_loopback_course(const PtLoopback *settings, const PtCallOrder *order, int64_t placed,
							   int64_t connected, int64_t abandoned, int64_t hung_up, int64_t after,
							   PtCallEvent *events, int limit);

#endif							/* PORTATEXT_LOOPBACK_CALL_H */
