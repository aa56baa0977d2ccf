/*
 * loopback_call.c
 *	  The adapter loopback: an engine in the process itself, without network, for
 *	  tests and the demo.  Here: its settings (docs/engines.md has them).
 *
 * Core: no PostgreSQL header.
 */
#include "telephony/loopback_call.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A setting that is a number. */
typedef struct Number
{
	const char *key;
	size_t		offset;			/* of a double in PtLoopback */
	double		usual;
	double		least;
	double		most;
} Number;

#define AT(field) offsetof(PtLoopback, field)

static const Number numbers[] = {
	{"setup", AT(setup), 1, 0, 60},
	{"ring_min", AT(ring_min), 6, 0, 300},
	{"ring_max", AT(ring_max), 25, 0, 300},
	{"talk_mean", AT(talk_mean), 60, 0, 86400},
	{"talk_sigma", AT(talk_sigma), 0.8, 0, 3},
	{"amd_min", AT(amd_min), 1.8, 0, 60},
	{"amd_max", AT(amd_max), 2.6, 0, 60},
	{"agent_answer", AT(agent_answer), 1, 0, 1},
	{"agent_delay_min", AT(agent_delay_min), 0.1, 0, 300},
	{"agent_delay_max", AT(agent_delay_max), 0.5, 0, 300},
	{"patience", AT(patience), 30, 0, 86400},
	{"sound_seconds", AT(sound_seconds), 10, 0, 86400},
	{"event_delay", AT(event_delay), 0, 0, 3600},
	{"duplicates", AT(duplicates), 0, 0, 1},
	{"reordering", AT(reordering), 0, 0, 1},
	{"loss", AT(loss), 0, 0, 1},
};

#define NUMBERS ((int) (sizeof(numbers) / sizeof(numbers[0])))

/* In the order of PtScene. */
static const char *const share_keys[PT_SCENE_SHARES] = {
	"answer", "machine", "notsure", "hangup", "busy", "no_answer", "invalid", "congestion"
};

static const char *const talk_names[] = {"lognormal", "exponential", "fixed"};

/* Reads a number within bounds; false: problem says what is wrong. */
static bool
read_number(const PtEngine *engine, const char *key, double least, double most, double *value, char *problem, size_t size)
{
	const char *text = pt_engine_setting(engine, key);
	char	   *end;

	if (text == NULL)
		return true;
	*value = strtod(text, &end);
	if (end != text && *end == '\0' && *value >= least && *value <= most)
		return true;
	snprintf(problem, size, "the setting %s is not a number from %g to %g", key, least, most);
	return false;
}

/* Reads the shares; answer is what the others leave, unless it is set. */
static bool
read_shares(const PtEngine *engine, PtLoopback *state, char *problem, size_t size)
{
	double		sum = 0;

	for (int i = PT_SCENE_SHARES - 1; i >= 0; i--)
	{
		if (i == PT_SCENE_ANSWER)
			state->shares[i] = fmax(0, 1 - sum);
		if (!read_number(engine, share_keys[i], 0, 1, &state->shares[i], problem, size))
			return false;
		sum += state->shares[i];
	}
	if (sum > 0 && sum <= 1 + 1e-9)
		return true;
	snprintf(problem, size, "the shares of outcomes are together not more than 0 and at most 1");
	return false;
}

/* Reads what is no number. */
static bool
read_words(const PtEngine *engine, PtLoopback *state, char *problem, size_t size)
{
	const char *talk = pt_engine_setting(engine, "talk_distribution");
	const char *scenes = pt_engine_setting(engine, "scenes");
	const char *seed = pt_engine_setting(engine, "seed");
	char	   *end;

	while (talk != NULL && strcmp(talk, talk_names[state->talk]) != 0)
	{
		if (state->talk == PT_TALK_FIXED)
		{
			snprintf(problem, size, "the setting talk_distribution is none of lognormal, exponential, fixed");
			return false;
		}
		state->talk++;
	}
	state->scenes = scenes == NULL || strcmp(scenes, "true") == 0;
	if (!state->scenes && strcmp(scenes, "false") != 0)
	{
		snprintf(problem, size, "the setting scenes is neither true nor false");
		return false;
	}
	if (seed == NULL)
		return true;
	state->seed = strtoull(seed, &end, 10);
	if (end != seed && *end == '\0')
		return true;
	snprintf(problem, size, "the setting seed is not a whole number");
	return false;
}

/* Has each setting a meaning? */
static bool
check_names(const PtEngine *engine, char *problem, size_t size)
{
	const char *known[NUMBERS + PT_SCENE_SHARES + 4];
	const char *unknown;
	int			n = 0;

	for (int i = 0; i < NUMBERS; i++)
		known[n++] = numbers[i].key;
	for (int i = 0; i < PT_SCENE_SHARES; i++)
		known[n++] = share_keys[i];
	known[n++] = "talk_distribution";
	known[n++] = "scenes";
	known[n++] = "seed";
	known[n] = NULL;
	unknown = pt_engine_unknown_setting(engine, known);
	if (unknown == NULL)
		return true;
	snprintf(problem, size, "there is no setting \"%.40s\"", unknown);
	return false;
}

/* PtEngineAdapter.configure */
static bool
loopback_configure(PtEngine *engine, char *problem, size_t size)
{
	PtLoopback *state = calloc(1, sizeof(PtLoopback));

	engine->state = state;
	if (state == NULL)
	{
		snprintf(problem, size, "out of memory");
		return false;
	}
	if (!check_names(engine, problem, size))
		return false;
	for (int i = 0; i < NUMBERS; i++)
	{
		const Number *number = &numbers[i];
		double	   *value = (void *) ((char *) state + number->offset);

		*value = number->usual;
		if (!read_number(engine, number->key, number->least, number->most, value, problem, size))
			return false;
	}
	if (state->ring_max < state->ring_min)
		state->ring_max = state->ring_min;
	if (state->amd_max < state->amd_min)
		state->amd_max = state->amd_min;
	if (state->agent_delay_max < state->agent_delay_min)
		state->agent_delay_max = state->agent_delay_min;
	return read_shares(engine, state, problem, size) && read_words(engine, state, problem, size);
}

/* PtEngineAdapter.release */
static void
loopback_release(PtEngine *engine)
{
	free(engine->state);
	engine->state = NULL;
}

/* PtEngineAdapter.build: there is nobody to ask. */
static bool
loopback_build(PtEngine *engine, PtCallOp op, const PtCallOrder *order, PtHttpRequest *request)
{
	return false;
}

/* PtEngineAdapter.classify: it takes everything. */
static void
loopback_classify(PtEngine *engine, PtCallOp op, const PtHttpResult *result, PtCallAnswer *answer)
{
	pt_call_answer_set(answer, PT_CALL_ACCEPTED, "loopback");
}

/* PtEngineAdapter.read_events: it calls nobody back. */
static int
loopback_read(PtEngine *engine, const PtEngineCallback *in, PtCallEvent *events, int limit, char *problem, size_t size)
{
	snprintf(problem, size, "the built-in engine calls nobody back");
	return -1;
}

/* PtEngineAdapter.local_events */
static int
loopback_events(PtEngine *engine, const PtCallOrder *order, int64_t placed, int64_t connected,
				int64_t abandoned, int64_t hung_up, int64_t after, PtCallEvent *events, int limit)
{
	return pt_loopback_course(engine->state, order, placed, connected, abandoned, hung_up, after, events, limit);
}

const PtEngineAdapter pt_engine_loopback = {
	.name = "loopback",
	.local = true,
	.configure = loopback_configure,
	.release = loopback_release,
	.build = loopback_build,
	.classify = loopback_classify,
	.read_events = loopback_read,
	.local_events = loopback_events,
};
