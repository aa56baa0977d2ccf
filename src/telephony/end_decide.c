/*
 * end_decide.c
 *	  What the end of a call means: results of both legs, contacted or not,
 *	  abandoned or not.  Decided in the row, before it is written.
 */
#include "telephony/apply.h"

#include "utils/timestamp.h"

#define SKEW_US (5 * USECS_PER_SEC) /* by so much may an engine's clock be behind */

/*
 * Leg A's result.  Who was hung up by us before it was answered was withdrawn,
 * unless the engine tells of a fate that is not the hang-up's.
 */
static PtCallResult
result_a(const PtCallRow *row)
{
	PtCallResult result = pt_call_result_of(row->answered_at != 0, row->q850, row->sip, row->alerted);

	if (row->answered_at != 0 || row->hang_up_at == 0 || row->hang_up_at > row->ended_at + SKEW_US)
		return result;
	switch (result)
	{
		case PT_RESULT_BUSY:
		case PT_RESULT_REJECTED:
		case PT_RESULT_INVALID_NUMBER:
		case PT_RESULT_NO_ROUTE:
		case PT_RESULT_CONGESTION:
		case PT_RESULT_INCOMPATIBLE:
			return result;
		default:
			return PT_RESULT_CANCELLED;
	}
}

/* Was leg B tried, as far as the engine has told? */
static bool
b_tried(const PtCallRow *row)
{
	return row->b_result != PT_CALL_UNKNOWN || row->b_ringing_at != 0 || row->b_answered_at != 0 ||
		(row->connects == 0 && row->phase >= PT_PHASE_CONNECTING);
}

/* Leg B ends with leg A, if it was up; who was still ringing was not reached. */
static void
end_b(PtCallRow *row)
{
	if (row->b_answered_at != 0)
	{
		row->b_result = PT_RESULT_ANSWER;
		row->b_answered_at = Min(row->b_answered_at, row->ended_at);
	}
	else if (row->b_result == PT_CALL_UNKNOWN)
		row->b_result = PT_RESULT_CANCELLED;
	if (row->b_ended_at == 0)
		row->b_ended_at = row->ended_at;
	row->b_ended_at = Max(Min(row->b_ended_at, row->ended_at), row->b_answered_at);
}

/*
 * Did nobody take the person in time?  By the clock from waiting_at; without a team
 * also when the destination refused while the person was still there.
 */
static bool
was_abandoned(const PtCallRow *row, const PtCallRules *rules)
{
	TimestampTz limit = row->waiting_at + rules->connect_within;

	if (row->b_answered_at != 0)
		return row->b_answered_at > limit;
	return row->ended_at > limit ||
		(row->connects == 0 && row->b_ended_at != 0 && row->b_ended_at < row->ended_at);
}

/* Times in the order of life, whatever the events said. */
static void
straighten(PtCallRow *row)
{
	if (row->answered_at > row->ended_at)
		row->answered_at = row->ended_at;
	if (row->ringing_at != 0 && row->answered_at != 0 && row->ringing_at > row->answered_at)
		row->ringing_at = row->answered_at;
	if (row->ringing_at > row->ended_at)
		row->ringing_at = row->ended_at;
	if (row->waiting_at != 0)
		row->waiting_at = Min(Max(row->waiting_at, row->answered_at), row->ended_at);
}

/* What a call of a campaign is besides. */
static void
judge(PtCallRow *row)
{
	const PtCallRules *rules = pt_call_rules(row->campaign_id);

	row->contacted = pt_flow_contacted(&rules->facts, row->result == PT_RESULT_ANSWER, row->amd,
									   row->b_result == PT_RESULT_ANSWER);
	row->live &= row->result == PT_RESULT_ANSWER;
	if (row->live && row->abandoned_at == 0 && row->waiting_at != 0 && was_abandoned(row, rules))
		row->abandoned_at = Min(row->waiting_at + rules->connect_within, row->ended_at);
}

void
pt_call_row_end(PtCallRow *row, TimestampTz now)
{
	const PtResultRule *rule;
	bool		told = row->result == PT_CALL_UNKNOWN;	/* by the engine */

	if (row->ended_at == 0)
		row->ended_at = now;
	straighten(row);
	if (told)
		row->result = result_a(row);
	rule = pt_call_result_rule((PtCallResult) row->result);
	/* An engine's error that it has not told itself: it never had the call. */
	row->issued = rule->issued && (told || row->result != PT_RESULT_ENGINE_ERROR);
	row->uses_iteration = rule->issued && row->result != PT_RESULT_ENGINE_ERROR;
	if (b_tried(row))
		end_b(row);
	if (row->run_id != 0)
		judge(row);
	row->freed_agent = row->agent_id;
	row->phase = PT_PHASE_ENDED;
	row->look_at = 0;
	row->changed = true;
	row->metered = true;
}
