/*
 * pacing_name.c
 *	  Names of pacing methods, and words for what has kept a decision from placing more.
 *
 * Core: no PostgreSQL header.
 */
#include <stddef.h>

#include "telephony/pacing.h"

static const char *const methods[PT_PACE_METHODS] = {
	[PT_PACE_LINES] = "lines",
	[PT_PACE_PROGRESSIVE] = "progressive",
	[PT_PACE_RATIO] = "ratio",
	[PT_PACE_ERLANG] = "erlang",
	[PT_PACE_PREDICTIVE] = "predictive"
};

static const struct
{
	const char *name;
	const char *words;
}			limits[PT_PACE_LIMITS] = {
	[PT_PACE_FREE] = {"none", "Nothing keeps the campaign from placing calls."},
	[PT_PACE_BY_AGENTS] = {"agents", "The answer of one call more would be too likely to find no agent."},
	[PT_PACE_BY_ABANDONMENT] = {"abandonment",
	"The allowed abandoned calls are used up: a call is placed only for an agent who is idle."},
	[PT_PACE_BY_OCCUPANCY] = {"occupancy", "The agents work as large a share of their time as they shall."},
	[PT_PACE_BY_ERLANG] = {"erlang", "The load that Erlang C allows for these agents is reached."},
	[PT_PACE_BY_RATIO] = {"ratio", "Each idle agent has the calls that the ratio allows."},
	[PT_PACE_BY_CAP] = {"cap", "As many calls ring as these agents can need."},
	[PT_PACE_BY_LINES] = {"lines", "The trunk has no more free lines."},
	[PT_PACE_BY_TARGETS] = {"targets", "No more targets may be called now."},
	[PT_PACE_BY_RATE] = {"rate", "The trunk takes no more calls in this second."}
};

const char *
pt_pace_method_name(PtPaceMethod method)
{
	return (unsigned) method < PT_PACE_METHODS ? methods[method] : NULL;
}

const char *
pt_pace_limit_name(PtPaceLimit limit)
{
	return (unsigned) limit < PT_PACE_LIMITS ? limits[limit].name : NULL;
}

const char *
pt_pace_limit_words(PtPaceLimit limit)
{
	return (unsigned) limit < PT_PACE_LIMITS ? limits[limit].words : NULL;
}
