/*
 * contacted.c
 *	  The decision about "contacted": each row of its table, every combination of
 *	  inputs, the cases that the table does not name (TEL-20 to TEL-32), engines' words.
 */
#include "tap.h"

#include <string.h>

#include "telephony/contacted.h"
#include "telephony/flow.h"

#define ANY 2					/* of an input: false and true give the same */

/* The full truth table; with ANY it covers all inputs. */
typedef struct Row
{
	int			leg_a;
	int			has_amd;
	int			amd;			/* PtAmdResult; -1: any */
	int			empty;
	int			forward;
	int			leg_b;
	bool		contacted;
	int			rule;
	const char *id;
} Row;

static const Row rows[] = {
	{0, ANY, -1, ANY, ANY, ANY, false, 1, "TEL-20"},
	{1, 0, -1, ANY, 0, ANY, true, 2, "TEL-21"},
	{1, 0, -1, ANY, 1, 0, false, 4, "TEL-23"},
	{1, 0, -1, ANY, 1, 1, true, 3, "TEL-22"},
	{1, 1, PT_AMD_HANGUP, ANY, ANY, ANY, false, 5, "TEL-24"},
	{1, 1, PT_AMD_NONE, ANY, ANY, ANY, false, 5, "TEL-31"},
	{1, 1, PT_AMD_MACHINE, 1, ANY, ANY, false, 6, "TEL-25"},
	{1, 1, PT_AMD_MACHINE, 0, 0, ANY, true, 7, "TEL-26"},
	{1, 1, PT_AMD_MACHINE, 0, 1, 0, false, 8, "TEL-27"},
	{1, 1, PT_AMD_MACHINE, 0, 1, 1, true, 9, "TEL-28"},
	{1, 1, PT_AMD_HUMAN, 1, ANY, ANY, false, 6, "TEL-25"},
	{1, 1, PT_AMD_HUMAN, 0, 0, ANY, true, 7, "TEL-26"},
	{1, 1, PT_AMD_HUMAN, 0, 1, 0, false, 8, "TEL-27"},
	{1, 1, PT_AMD_HUMAN, 0, 1, 1, true, 9, "TEL-28"},
	{1, 1, PT_AMD_NOTSURE, 1, ANY, ANY, false, 6, "TEL-25"},
	{1, 1, PT_AMD_NOTSURE, 0, 0, ANY, true, 7, "TEL-26"},
	{1, 1, PT_AMD_NOTSURE, 0, 1, 0, false, 8, "TEL-27"},
	{1, 1, PT_AMD_NOTSURE, 0, 1, 1, true, 9, "TEL-28"}
};

#define ROWS ((int) (sizeof(rows) / sizeof(rows[0])))

/* One of the 160 combinations of inputs. */
static PtContact
combination(int n)
{
	return (PtContact) {
		.leg_a = n & 1,.has_amd = n >> 1 & 1,.subflow_empty = n >> 2 & 1,
		.has_forward = n >> 3 & 1,.leg_b = n >> 4 & 1,.amd = (PtAmdResult) (n >> 5)
	};
}

/* Is the input among those of a row? */
static bool
in_row(const Row *row, const PtContact *contact)
{
	return (row->leg_a == ANY || row->leg_a == contact->leg_a) &&
		(row->has_amd == ANY || row->has_amd == contact->has_amd) &&
		(row->amd == -1 || row->amd == (int) contact->amd) &&
		(row->empty == ANY || row->empty == contact->subflow_empty) &&
		(row->forward == ANY || row->forward == contact->has_forward) &&
		(row->leg_b == ANY || row->leg_b == contact->leg_b);
}

/* Each row for all inputs that belong to it; together the rows are all inputs, each once. */
static void
test_rows(void)
{
	int			covered = 0;

	for (int i = 0; i < ROWS; i++)
	{
		int			n = 0;
		int			wrong = 0;

		for (int j = 0; j < 160; j++)
		{
			PtContact	contact = combination(j);

			if (!in_row(&rows[i], &contact))
				continue;
			n++;
			wrong += pt_is_contacted(&contact) != rows[i].contacted || pt_contacted_rule(&contact) != rows[i].rule;
		}
		covered += n;
		ok(n > 0 && wrong == 0, "%s: row %d, rule %d: %s for all its %d inputs", rows[i].id, i + 1, rows[i].rule,
		   rows[i].contacted ? "contacted" : "called again", n);
	}
	ok(covered == 160, "the rows are all 160 inputs, each once");
}

/* By the facts of a flow: which flow is in force (TEL-05), and the cases that the table does not name. */
static void
test_flows(void)
{
	PtFlowFacts facts = {.main_forward = true,.sub = {{true, false, false}, {true, false, false}, {true, false, false}}};

	ok(!pt_flow_contacted(&facts, true, PT_AMD_NONE, false), "TEL-32: gone before the forward: no leg B, called again");
	ok(pt_flow_contacted(&facts, true, PT_AMD_HUMAN, true), "without AMD its result does not matter");
	facts = (PtFlowFacts) {.sub = {{true, false, false}, {true, false, false}, {true, false, false}}};
	ok(pt_flow_contacted(&facts, true, PT_AMD_NONE, false), "no forward: gone in the middle of a sound is contacted");
	ok(!pt_flow_contacted(&facts, false, PT_AMD_NONE, false), "TEL-30: leg A must have been answered");
	facts = (PtFlowFacts) {
		.has_amd = true,.main_forward = true,
		.sub = {{false, true, false}, {false, false, false}, {true, false, false}}
	};
	ok(!pt_flow_contacted(&facts, true, PT_AMD_HUMAN, false), "TEL-27: a forward in if_human needs leg B ...");
	ok(pt_flow_contacted(&facts, true, PT_AMD_HUMAN, true), "TEL-28: ... answered");
	ok(pt_flow_contacted(&facts, true, PT_AMD_MACHINE, false), "TEL-05: if_machine without a forward counts, not the main flow's");
	ok(!pt_flow_contacted(&facts, true, PT_AMD_NOTSURE, true), "TEL-29: an empty if_notsure means: call again");
	ok(!pt_flow_contacted(&facts, true, PT_AMD_HANGUP, true), "TEL-24: gone during the detection");
	ok(!pt_flow_contacted(&facts, true, PT_AMD_NONE, true), "TEL-31: no result is like HANGUP");
}

/* What engines call it. */
static void
test_words(void)
{
	static const struct
	{
		const char *word;
		PtAmdResult amd;
	}			words[] = {
		{"HUMAN", PT_AMD_HUMAN}, {"MACHINE", PT_AMD_MACHINE}, {"NOTSURE", PT_AMD_NOTSURE}, {"HANGUP", PT_AMD_HANGUP},
		{"human", PT_AMD_HUMAN}, {"machine_start", PT_AMD_MACHINE}, {"machine_end_beep", PT_AMD_MACHINE},
		{"machine_end_silence", PT_AMD_MACHINE}, {"machine_end_other", PT_AMD_MACHINE}, {"fax", PT_AMD_MACHINE},
		{"unknown", PT_AMD_NOTSURE}, {"answering-machine", PT_AMD_MACHINE}, {"silence", PT_AMD_NOTSURE},
		{"timeout", PT_AMD_NOTSURE}, {"error", PT_AMD_NOTSURE}
	};
	PtAmdResult amd;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ok(pt_amd_find(words[i].word, &amd) && amd == words[i].amd, "an engine's \"%s\" is %s", words[i].word,
		   pt_amd_name(words[i].amd));
	ok(!pt_amd_find("", &amd) && !pt_amd_find("NOANSWER", &amd) && !pt_amd_find("humans", &amd), "other words are none");
	ok(strcmp(pt_amd_name(PT_AMD_NONE), "") == 0, "no result has no name");
}

int
main(void)
{
	test_rows();
	test_flows();
	test_words();
	return tap_done();
}
