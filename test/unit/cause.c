/*
 * cause.c
 *	  Ends of calls: each cause with and without ringing, SIP statuses, what follows
 *	  from each result, when a call has failed for the NER (NER-03, NER-04, NER-06, TEL-30).
 */
#include "tap.h"

#include <string.h>

#include "telephony/cause.h"

typedef struct Case
{
	int			q850;
	int			sip;
	int			alerted;
	const char *result;
} Case;

/* What a real engine reported, and what its table of causes says: -1 is "not told". */
static const Case cases[] = {
	{17, 486, 1, "BUSY"}, {17, 486, 0, "BUSY"}, {17, 600, -1, "BUSY"}, {-1, 486, -1, "BUSY"}, {-1, 600, 1, "BUSY"},
	{19, 480, 1, "NO_ANSWER"}, {19, 487, 1, "NO_ANSWER"}, {-1, 487, 1, "NO_ANSWER"}, {19, -1, -1, "NO_ANSWER"},
	{19, 480, 0, "UNAVAILABLE"}, {-1, 480, 1, "NO_ANSWER"},
	{18, 408, 0, "TIMEOUT"}, {18, -1, -1, "TIMEOUT"}, {-1, 408, 0, "TIMEOUT"}, {18, 408, 1, "NO_ANSWER"},
	{21, 603, 1, "BUSY"}, {21, 603, 0, "REJECTED"}, {21, 403, 0, "REJECTED"}, {-1, 401, -1, "REJECTED"}, {-1, 407, 0, "REJECTED"},
	{1, 404, 0, "INVALID_NUMBER"}, {22, 410, 0, "INVALID_NUMBER"}, {28, 484, 0, "INVALID_NUMBER"},
	{-1, 404, -1, "INVALID_NUMBER"}, {-1, 485, -1, "INVALID_NUMBER"}, {-1, 604, -1, "INVALID_NUMBER"},
	{-1, 410, -1, "INVALID_NUMBER"}, {-1, 484, -1, "INVALID_NUMBER"},
	{2, -1, 0, "NO_ROUTE"}, {3, -1, 0, "NO_ROUTE"}, {5, -1, 0, "NO_ROUTE"}, {25, 483, 0, "NO_ROUTE"}, {27, 502, 0, "NO_ROUTE"},
	{38, 500, 0, "NO_ROUTE"}, {-1, 420, -1, "NO_ROUTE"}, {-1, 483, -1, "NO_ROUTE"}, {-1, 502, -1, "NO_ROUTE"},
	{34, 503, 0, "CONGESTION"}, {41, 500, 0, "CONGESTION"}, {42, 503, 1, "CONGESTION"}, {44, -1, 0, "CONGESTION"},
	{47, -1, -1, "CONGESTION"}, {-1, 503, 0, "CONGESTION"}, {-1, 500, -1, "CONGESTION"},
	{20, 480, 0, "UNAVAILABLE"}, {-1, 480, 0, "UNAVAILABLE"}, {20, -1, -1, "UNAVAILABLE"},
	{55, -1, 0, "INCOMPATIBLE"}, {57, 403, 0, "INCOMPATIBLE"}, {58, 488, 0, "INCOMPATIBLE"}, {63, -1, 0, "INCOMPATIBLE"},
	{65, 415, 0, "INCOMPATIBLE"}, {79, 501, 0, "INCOMPATIBLE"}, {88, 606, 0, "INCOMPATIBLE"}, {127, -1, 0, "INCOMPATIBLE"},
	{-1, 415, -1, "INCOMPATIBLE"}, {-1, 488, -1, "INCOMPATIBLE"}, {-1, 501, -1, "INCOMPATIBLE"}, {-1, 606, -1, "INCOMPATIBLE"},
	{0, -1, 0, "ENGINE_ERROR"}, {0, -1, 1, "ENGINE_ERROR"}, {-1, -1, -1, "ENGINE_ERROR"}, {0, 486, 0, "BUSY"},
	/* Nothing of that answered the call. */
	{16, 487, 1, "NO_ANSWER"}, {16, -1, 0, "UNAVAILABLE"}, {31, -1, 1, "NO_ANSWER"}, {31, -1, 0, "UNAVAILABLE"},
	/* By their class. */
	{43, -1, 0, "CONGESTION"}, {8, -1, 0, "NO_ROUTE"}, {29, -1, 0, "UNAVAILABLE"}, {50, -1, 0, "INCOMPATIBLE"},
	{97, -1, 0, "ENGINE_ERROR"}, {102, 504, 0, "TIMEOUT"}, {111, -1, 0, "ENGINE_ERROR"}, {300, -1, 0, "ENGINE_ERROR"},
	{-1, 499, -1, "INCOMPATIBLE"}, {-1, 599, -1, "CONGESTION"}, {-1, 699, 0, "REJECTED"}, {-1, 302, -1, "ENGINE_ERROR"}
};

/* Causes to results. */
static void
test_causes(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		const char *result = pt_call_result_name(pt_call_result_of(false, c->q850, c->sip, c->alerted));

		ok(strcmp(result, c->result) == 0, "cause %d, SIP %d, rang %d: %s (%s)", c->q850, c->sip, c->alerted, c->result, result);
	}
	ok(pt_call_result_of(true, 16, 200, 1) == PT_RESULT_ANSWER && pt_call_result_of(true, 31, -1, -1) == PT_RESULT_ANSWER &&
	   pt_call_result_of(true, 0, -1, 0) == PT_RESULT_ANSWER && pt_call_result_of(true, 17, 486, 1) == PT_RESULT_ANSWER,
	   "once answered, no cause makes it anything but ANSWER");
}

/* The table that portatext.call_causes shows is what decides. */
static void
test_table(void)
{
	const PtCause *cause;
	int			n = 0;
	int			wrong = 0;

	for (; (cause = pt_cause_at(n)) != NULL; n++)
		wrong += pt_call_result_of(false, cause->q850, -1, cause->alerted) != cause->result;
	ok(n > 30 && wrong == 0 && pt_cause_at(-1) == NULL, "each of the %d rows of the table gives its result", n);
}

/* What follows from results. */
static void
test_rules(void)
{
	PtCallResult found;
	int			wrong = 0;

	for (int i = 0; i < PT_CALL_RESULTS; i++)
	{
		const PtResultRule *rule = pt_call_result_rule((PtCallResult) i);
		bool		fine = i == PT_RESULT_ANSWER || i == PT_RESULT_BUSY || i == PT_RESULT_NO_ANSWER;

		wrong += rule->result != (PtCallResult) i || !pt_call_result_find(rule->name, &found) || found != rule->result;
		ok(rule->ner_failed == (rule->issued && !fine), "NER-03: %s on leg A %s", rule->name,
		   rule->ner_failed ? "has failed" : rule->issued ? "has not failed" : "was not issued");
	}
	ok(wrong == 0 && !pt_call_result_find("answer", &found), "results are found by their names");
	ok(pt_call_result_rule(PT_RESULT_BUSY)->retry_after_s < pt_call_result_rule(PT_RESULT_NO_ANSWER)->retry_after_s,
	   "who is busy is called again sooner than who did not answer");
	ok(pt_call_result_rule(PT_RESULT_INVALID_NUMBER)->stops_after == 2 &&
	   pt_call_result_rule(PT_RESULT_INCOMPATIBLE)->stops_after == 1 &&
	   pt_call_result_rule(PT_RESULT_BLACKLISTED)->stops_after == 1 &&
	   pt_call_result_rule(PT_RESULT_BUSY)->stops_after == 0,
	   "a number that does not exist gets two calls, one that may not or cannot be called no more");
	ok(pt_call_result_rule(PT_RESULT_CONGESTION)->slows_trunk && pt_call_result_rule(PT_RESULT_REJECTED)->slows_trunk &&
	   !pt_call_result_rule(PT_RESULT_BUSY)->slows_trunk, "congestion and refusals slow the trunk down");
}

/* One call, once. */
static void
test_ner(void)
{
	ok(!pt_call_ner_failed(PT_RESULT_ANSWER, false, PT_RESULT_BUSY), "NER-04: without leg B it cannot fail on leg B");
	ok(pt_call_ner_failed(PT_RESULT_ANSWER, true, PT_RESULT_BUSY), "NER-03: BUSY on leg B has failed (NER-10)");
	ok(pt_call_ner_failed(PT_RESULT_ANSWER, true, PT_RESULT_NO_ANSWER), "NER-03: NO_ANSWER on leg B has failed");
	ok(!pt_call_ner_failed(PT_RESULT_ANSWER, true, PT_RESULT_ANSWER), "both answered");
	ok(pt_call_ner_failed(PT_RESULT_CONGESTION, true, PT_RESULT_BUSY), "NER-04: failed on both legs is failed");
	ok(pt_call_ner_failed(PT_RESULT_REJECTED, false, PT_RESULT_ANSWER), "NER-06: a rejection has failed, unlike in E.425");
	ok(!pt_call_ner_failed(PT_RESULT_CANCELLED, true, PT_RESULT_CANCELLED), "a call that was withdrawn was not issued");
}

int
main(void)
{
	test_causes();
	test_table();
	test_rules();
	test_ner();
	return tap_done();
}
