/*
 * flow.c
 *	  What a message to a short code asks for, and of which services.
 *
 *	text				named or the only one	none named, several on the code
 *	stop word			that one				all subscribed, else the last that wrote
 *	HELP				that one				all subscribed, else the last that wrote
 *	YES					opt-in					kept for the last that wrote, no reply
 *	keyword alone		opt-in, or welcome
 *	anything else		welcome					kept for the last that wrote, no reply
 *
 * A stop word without a keyword, and HELP, go to all that the number has
 * subscribed to (FLOW-11) also when the code has one service only: it is the
 * same one.  What finds no service is nobody's.
 */
#include "service/flow.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "service/keyword.h"
#include "service/short_code.h"
#include "sms/inbound_route.h"
#include "text/encoding.h"

static PtPlan subscribed_plan = {
	"SELECT s.service_id FROM portatext.subscriber s"
	" WHERE s.number = $1::text AND s.state IN ('active', 'paused') ORDER BY s.account_id, s.service_id",
	1, {TEXTOID}
};

/* The service that wrote to the number last; each is asked through the primary key. */
static PtPlan last_plan = {
	"SELECT l.service_id FROM unnest($2::bigint[]) AS s (service_id),"
	" LATERAL (SELECT m.service_id, m.message_id FROM portatext.service_message m"
	"   WHERE m.service_id = s.service_id AND m.number = $1 ORDER BY m.message_id DESC LIMIT 1) l"
	" ORDER BY l.message_id DESC LIMIT 1",
	2, {TEXTOID, INT8ARRAYOID}
};

/* The message and the services it may be for. */
typedef struct Reading
{
	const PtInbound *message;
	PtShortCode code;
	bool		answerable;		/* the sender is a telephone number */
	PtFlow	   *flow;
} Reading;

/* The code's service of this id; NULL: another code's. */
static const PtService *
service_of(const Reading *r, int64 service_id)
{
	for (int i = 0; i < r->code.n; i++)
		if (r->code.services[i].service_id == service_id)
			return &r->code.services[i];
	return NULL;
}

/* Adds a service to those concerned. */
static void
add_target(Reading *r, const PtService *service)
{
	PtFlowTarget *t = &r->flow->targets[r->flow->n++];

	t->service_id = service->service_id;
	t->account_id = service->account_id;
	t->carrier_id = service->carrier_id;
	t->open = service->state == PT_SERVICE_ACTIVE && r->answerable &&
		pt_service_serves(service, r->message->from);
	t->double_opt_in = service->double_opt_in;
	strlcpy(t->keyword, service->keyword, sizeof(t->keyword));
}

/* Adds the services of the code that the statement's rows name. */
static void
add_rows(Reading *r, PtPlan *plan, const Datum *values)
{
	PtRole		saved;
	uint64		rows;

	pt_become_keeper(&saved);
	rows = pt_plan_run(plan, values, NULL, SPI_OK_SELECT);
	pt_become_caller(&saved);
	for (uint64 i = 0; i < rows && r->flow->n < r->code.n; i++)
	{
		bool		isnull;
		const PtService *service = service_of(r, DatumGetInt64(pt_result(i, 1, &isnull)));

		if (service != NULL)
			add_target(r, service);
	}
}

/* Those that the sender has subscribed to, paused ones too (SUB-11). */
static void
add_subscribed(Reading *r)
{
	Datum		number = CStringGetTextDatum(r->message->from);

	add_rows(r, &subscribed_plan, &number);
}

/* The one that wrote to the sender last, if any. */
static void
add_last_writer(Reading *r)
{
	Datum	   *ids = palloc(r->code.n * sizeof(Datum));
	Datum		values[2];

	for (int i = 0; i < r->code.n; i++)
		ids[i] = Int64GetDatum(r->code.services[i].service_id);
	values[0] = CStringGetTextDatum(r->message->from);
	values[1] = PointerGetDatum(construct_array(ids, r->code.n, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	add_rows(r, &last_plan, values);
}

/* The services of a text that names none; *certain: the sender means them. */
static void
add_unnamed(Reading *r, bool all_subscribed, bool *certain)
{
	*certain = true;
	if (r->code.n == 1)
		add_target(r, &r->code.services[0]);
	else if (r->answerable)
	{
		if (all_subscribed)
			add_subscribed(r);
		if (r->flow->n > 0)
			return;
		*certain = all_subscribed;
		add_last_writer(r);
	}
}

/* The reply to an action, if the first service concerned is the one meant. */
static PtMessageKind
reply_kind(PtKeywordAction action, const PtFlowTarget *target)
{
	switch (action)
	{
		case PT_KEYWORD_STOP:
			return PT_KIND_OPT_OUT;
		case PT_KEYWORD_HELP:
			return PT_KIND_HELP;
		case PT_KEYWORD_YES:
			return PT_KIND_OPT_IN;
		case PT_KEYWORD_ALONE:
			return target->double_opt_in ? PT_KIND_WELCOME : PT_KIND_OPT_IN;
		default:
			return PT_KIND_WELCOME;
	}
}

/*
 * Only open services do more than opt-outs (SVC-11, LAW-09): the others are left
 * out.  When none is open, the first keeps the message without a reply.
 */
static void
leave_out_closed(PtFlow *flow)
{
	int			open = 0;

	for (int i = 0; i < flow->n; i++)
		if (flow->targets[i].open)
			flow->targets[open++] = flow->targets[i];
	flow->n = Max(open, Min(flow->n, 1));
	if (open == 0)
		flow->kind = PT_KIND_ORDINARY;
}

void
pt_flow_read(const PtInbound *message, PtFlow *flow)
{
	Reading		r = {.message = message,.flow = flow};
	PtKeywordMessage asked;
	size_t		len;
	const char *utf8 = pt_text_utf8(message->body, &len);
	bool		certain = true;

	flow->n = 0;
	flow->kind = PT_KIND_ORDINARY;
	if (!pt_short_code_find(message, &r.code))
		return;
	asked = pt_parse_keyword_message(utf8, len, r.code.keywords, r.code.n);
	r.answerable = pt_inbound_answerable(message);
	flow->targets = palloc(r.code.n * sizeof(PtFlowTarget));
	if (asked.keyword >= 0)
		add_target(&r, &r.code.services[asked.keyword]);
	else
		add_unnamed(&r, asked.action == PT_KEYWORD_STOP || asked.action == PT_KEYWORD_HELP, &certain);
	if (flow->n == 0 || !certain || !r.answerable)
		return;
	flow->kind = reply_kind(asked.action, &flow->targets[0]);
	if (flow->kind != PT_KIND_OPT_OUT)
		leave_out_closed(flow);
}

bool
pt_service_inbound(const PtInbound *message, const pg_uuid_t *id)
{
	PtFlow		flow;

	pt_flow_read(message, &flow);
	if (flow.n == 0)
		return false;
	pt_flow_act(message, &flow, id);
	return true;
}
