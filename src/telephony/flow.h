/*
 * flow.h
 *	  Call flows: what happens in a call once it is answered (TEL-05, TEL-09, TEL-10).
 *
 * A flow is a JSON array of objects with one key each; docs/flows.md has them all.
 * It is read into steps, the main flow's first, then those of the sub-flows of
 * answering machine detection (AMD), and written in one canonical form.
 *
 * Core: no PostgreSQL header, no allocation.
 */
#ifndef PORTATEXT_CALL_FLOW_H
#define PORTATEXT_CALL_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "telephony/contacted.h"

#define PT_FLOW_MAX 16384		/* bytes of the canonical form */
#define PT_FLOW_INPUT_MAX 20480 /* bytes of what is read: blanks may be in it */
#define PT_FLOW_STEPS 64		/* objects, those of sub-flows counted */

typedef enum PtStepKind
{
	PT_STEP_WAIT,
	PT_STEP_PLAY,
	PT_STEP_SAY,
	PT_STEP_GATHER,
	PT_STEP_FORWARD,
	PT_STEP_AMD,
	PT_STEP_HANGUP
} PtStepKind;

#define PT_STEP_KINDS 7

/* The flows of which a flow consists; the sub-flows follow the order of PtFlowFacts.sub. */
typedef enum PtFlowPart
{
	PT_FLOW_MAIN,
	PT_FLOW_IF_HUMAN,
	PT_FLOW_IF_MACHINE,
	PT_FLOW_IF_NOTSURE
} PtFlowPart;

#define PT_FLOW_PARTS 4

typedef struct PtStep
{
	PtStepKind	kind;
	PtFlowPart	part;
	int			index;			/* in its part, from 0 */
	int			seconds;		/* wait */
	int64_t		sound_id;		/* play; gather: played first, 0: nothing */
	const char *text;			/* say: UTF-8, may have {{variables}} until it is rendered */
	const char *language;		/* say: a language tag; NULL: the engine's own */
	int			digits;			/* gather: how many */
	int			timeout_s;		/* gather: for each of them */
	bool		team;			/* forward: to an agent of the campaign's team; then none of these: */
	const char *to;				/* forward: +E.164, 2 to 6 digits, a sip: URI, or a text with {{variables}} */
	const char *from;			/* forward: caller id; NULL: leg A's number as the engine has it */
	int64_t		trunk_id;		/* forward: 0: the call's own trunk */
	int			dial_timeout_s; /* forward: 0: as long as the engine likes */
} PtStep;

/* What a flow's author said, as the decision about "contacted" and the dialer need it. */
typedef struct PtSubflow
{
	bool		empty;
	bool		forward;		/* to a destination or to the team */
	bool		team;			/* to the team */
} PtSubflow;

typedef struct PtFlowFacts
{
	bool		has_amd;
	bool		main_forward;
	bool		main_team;
	PtSubflow	sub[3];			/* if_human, if_machine, if_notsure; without AMD: all empty */
	bool		has_variables;	/* must be rendered with a contact's variables before it is placed */
	unsigned	needs;			/* bit 1 << PtStepKind: what the engine must be able to do */
} PtFlowFacts;

#define PT_FLOW_NEEDS(kind) (1u << (kind))

typedef struct PtCallFlow
{
	int			n_steps;
	PtStep		steps[PT_FLOW_STEPS];	/* by part, then index */
	PtFlowFacts facts;
	char		json[PT_FLOW_INPUT_MAX + 1];	/* what the steps' texts point into */
} PtCallFlow;					/* about 26 kB; must not be moved */

typedef struct PtFlowProblem
{
	char		path[80];		/* "flow[1].amd.if_human[0].play.sound_id" */
	char		text[120];		/* "must be a whole number from 1 to 600" */
} PtFlowProblem;

/* Reads and checks a flow; false: problem says what is wrong, and where. */
extern bool pt_flow_parse(const char *json, size_t len, PtCallFlow *flow, PtFlowProblem *problem);

/* The same for callers who want nothing but its facts. */
extern bool pt_flow_facts(const char *json, size_t len, PtFlowFacts *facts, PtFlowProblem *problem);

/*
 * Writes the canonical form: no blanks, keys in a fixed order, defaults filled in.  It
 * reads back as the same flow.  Returns its length, without the NUL; nothing is
 * written behind size.
 */
extern size_t pt_flow_write(const PtCallFlow *flow, char *out, size_t size);

/* Where a step stands: "flow[1].amd.if_human[0].play". */
extern void pt_step_path(const PtCallFlow *flow, const PtStep *step, char *path, size_t size);

extern const char *pt_step_name(PtStepKind kind);	/* "wait" */
extern const char *pt_flow_part_name(PtFlowPart part);	/* "if_human"; main: "" */

/* May it be dialled for a forward: + and 7 to 15 digits, 2 to 6 digits, or a sip: or sips: URI? */
extern bool pt_destination_ok(const char *to);

/* Which sub-flow an AMD result selects; PT_FLOW_MAIN: none (no result, HANGUP). */
extern PtFlowPart pt_flow_part_of(PtAmdResult amd);

/* Is a target contacted (TEL-20 to TEL-32) when a call with such a flow ended like this? */
extern bool pt_flow_contacted(const PtFlowFacts *facts, bool a_answered, PtAmdResult amd, bool b_answered);

#endif							/* PORTATEXT_CALL_FLOW_H */
