/*
 * flow_act.c
 *	  Stores a message to a short code, changes what it asks to be changed, and
 *	  answers (FLOW-02 to FLOW-05, FLOW-12 to FLOW-14).
 */
#include "service/flow.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "service/subscriber.h"
#include "sms/automatic.h"
#include "sms/campaign_hook.h"
#include "sms/inbound_route.h"

/* What the steps work on. */
typedef struct Act
{
	const PtInbound *message;
	const PtFlowTarget *target;
	PtMessageKind kind;
	const pg_uuid_t *id;		/* of the message as the account has it */
	text	   *body;			/* of the reply; NULL: none */
} Act;

/* The words of the message, as evidence (SVC-16): a jsonb. */
static Datum
evidence(const PtInbound *message)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"text\": ");
	escape_json(&json, text_to_cstring(message->body));
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* Step: the text of the reply. */
static void
render(void *arg)
{
	Act		   *act = arg;
	const PtService *service = pt_service_by_id(act->target->service_id);

	if (service != NULL)
		act->body = pt_service_text(service, act->kind);
}

/* Step: opt-in or opt-out; never depends on money (FLOW-14). */
static void
change(void *arg)
{
	Act		   *act = arg;
	PtConsent	consent = {
		.service_id = act->target->service_id,
		.number = act->message->from,
		.message_id = act->id,
		.source = "sms",
		.evidence = evidence(act->message),
		.shown_text = act->body,
	};

	if (act->kind != PT_KIND_OPT_OUT)
		pt_service_opt_in(&consent);
	else
	{
		pt_service_opt_out(&consent);
		if (pt_campaign_hooks != NULL)
			pt_campaign_hooks->responded(act->target->account_id, act->message->from, true);
	}
}

/*
 * Has the number left since the message came?  Then the opt-in of one that is
 * taken up again is over: the last word counts.
 */
static bool
has_left_since(const Act *act)
{
	static PtPlan plan = {
		"SELECT FROM portatext.consent c WHERE c.service_id = $1 AND c.number = $2"
		" AND c.action IN ('opt_out', 'cancelled') AND c.created_at >= $3 LIMIT 1",
		3, {INT8OID, TEXTOID, TIMESTAMPTZOID}
	};
	Datum		values[3] = {Int64GetDatum(act->target->service_id), CStringGetTextDatum(act->message->from),
		TimestampTzGetDatum(act->message->since)};
	PtRole		saved;
	bool		left;

	if (act->message->since == 0)
		return false;
	pt_become_keeper(&saved);
	left = pt_plan_run_latest(&plan, values, NULL, SPI_OK_SELECT) > 0;
	pt_become_caller(&saved);
	return left;
}

/* Step: no reply when there have been too many in this minute (DID-07). */
static void
ask_guard(void *arg)
{
	Act		   *act = arg;

	if (!pt_reply_allowed(act->target->account_id, act->message->to, act->message->from))
		act->body = NULL;
}

/* Step: the reply; one that cannot be paid or may not be sent is kept as skipped. */
static void
reply(void *arg)
{
	Act		   *act = arg;
	PtAutomatic automatic = {
		.account_id = act->target->account_id,
		.service_id = act->target->service_id,
		.kind = act->kind,
		.from = act->message->to,
		.carrier_id = act->target->carrier_id,
		.to = act->message->from,
		.body = act->body,
		.record = true,
	};
	pg_uuid_t	id;

	pt_send_automatic(&automatic, &id);
}

/* Everything for one service.  What has not been done is not confirmed. */
static void
act_for(Act *act)
{
	const char *what = act->kind == PT_KIND_OPT_OUT ? "opt-out" : "opt-in";

	act->body = NULL;
	if (act->kind == PT_KIND_OPT_IN && has_left_since(act))
		return;
	pt_inbound_step("reply", act->id, render, act);
	if (act->kind == PT_KIND_OPT_OUT || act->kind == PT_KIND_OPT_IN)
	{
		if (!pt_inbound_step(what, act->id, change, act))
			return;
	}
	else if (act->body != NULL && !pt_inbound_step("reply", act->id, ask_guard, act))
		return;
	if (act->body != NULL)
		pt_inbound_step("reply", act->id, reply, act);
}

/* Each account concerned has a row of its own; services of one account share it. */
void
pt_flow_act(const PtInbound *message, const PtFlow *flow, const pg_uuid_t *id)
{
	pg_uuid_t	mine = *id;
	Act			act = {.message = message,.kind = flow->kind,.id = &mine};

	for (int i = 0; i < flow->n; i++)
	{
		const PtFlowTarget *t = &flow->targets[i];

		if (i > 0 && t->account_id != t[-1].account_id)
			pt_uuid7(&mine);
		if (i == 0 || t->account_id != t[-1].account_id)
			pt_inbound_store(message, t->account_id, t->service_id, t->keyword, &mine);
		act.target = t;
		if (act.kind != PT_KIND_ORDINARY)
			act_for(&act);
	}
}

void
pt_flow_redo(const PtInbound *message, const PtFlow *flow, int64 account_id, const pg_uuid_t *id)
{
	Act			act = {.message = message,.kind = flow->kind,.id = id};

	for (int i = 0; i < flow->n && act.kind != PT_KIND_ORDINARY; i++)
	{
		act.target = &flow->targets[i];
		if (act.target->account_id == account_id)
			act_for(&act);
	}
}
