/*
 * call_flow.c
 *	  Fuzzer of the reader of call flows: whatever is read has a canonical form that
 *	  reads back as itself and within its limits; whatever is not has a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/flow.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static PtCallFlow flow;
static PtCallFlow again;
static char canon[PT_FLOW_MAX + 1];
static char canon_again[PT_FLOW_MAX + 1];

/* Stops the fuzzer at a broken promise. */
static void
must(int holds)
{
	if (!holds)
		abort();
}

/* What holds of every flow that was read. */
static void
check_steps(void)
{
	char		path[80];

	must(flow.n_steps > 0 && flow.n_steps <= PT_FLOW_STEPS);
	for (int i = 0; i < flow.n_steps; i++)
	{
		const PtStep *step = &flow.steps[i];
		const PtStep *before = i > 0 ? &flow.steps[i - 1] : NULL;

		must((flow.facts.needs & PT_FLOW_NEEDS(step->kind)) != 0);
		must(step->index == (before != NULL && before->part == step->part ? before->index + 1 : 0));
		must(step->kind != PT_STEP_AMD || (step->part == PT_FLOW_MAIN && flow.facts.has_amd));
		must(step->kind != PT_STEP_FORWARD || step->team != (step->to != NULL));
		must(step->to == NULL || flow.facts.has_variables || pt_destination_ok(step->to));
		pt_step_path(&flow, step, path, sizeof(path));
		must(strlen(path) < sizeof(path) - 1 && strncmp(path, "flow[", 5) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PtFlowProblem problem;
	char	   *json = malloc(size > 0 ? size : 1);
	size_t		len;

	memcpy(json, data, size);
	if (!pt_flow_parse(json, size, &flow, &problem))
		must(problem.path[0] != '\0' && problem.text[0] != '\0');
	else
	{
		check_steps();
		len = pt_flow_write(&flow, canon, sizeof(canon));
		must(len < sizeof(canon) && strlen(canon) == len);
		must(pt_flow_parse(canon, len, &again, &problem));
		must(pt_flow_write(&again, canon_again, sizeof(canon_again)) == len && strcmp(canon, canon_again) == 0);
		must(memcmp(&flow.facts, &again.facts, sizeof(flow.facts)) == 0);
	}
	free(json);
	return 0;
}
