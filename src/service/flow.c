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
 *
 * The same digits may be short codes in several countries.  A stop word also
 * ends what the number has subscribed to on the others (of the same keyword, or
 * all): which code somebody meant is a guess, and a missed opt-out is the worse
 * error.  For the same reason a text that begins with STOP or UNSUBSCRIBE and
 * names no keyword is a bare stop word when it comes from a subscriber.
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
	PtShortCode code;			/* n is 0: it cannot be told */
	PtShortCode all;			/* with its digits */
	bool		answerable;		/* the sender is a telephone number */
	PtFlow	   *flow;
} Reading;

/* The service of this id among these; NULL: it is none of them. */
static const PtService *
service_of(const PtShortCode *among, int64 service_id)
{
	for (int i = 0; i < among->n; i++)
		if (among->services[i].service_id == service_id)
			return &among->services[i];
	return NULL;
}

/* The service with this keyword on the code; NULL: there is none. */
static const PtService *
service_named(const PtShortCode *code, const char *keyword)
{
	for (int i = 0; i < code->n; i++)
		if (strcmp(code->keywords[i], keyword) == 0)
			return &code->services[i];
	return NULL;
}

/* Adds a service to those concerned, once. */
static void
add_target(Reading *r, const PtService *service)
{
	PtFlowTarget *t = &r->flow->targets[r->flow->n];

	for (int i = 0; i < r->flow->n; i++)
		if (r->flow->targets[i].service_id == service->service_id)
			return;
	r->flow->n++;
	t->service_id = service->service_id;
	t->account_id = service->account_id;
	t->carrier_id = service->carrier_id;
	t->open = service->state == PT_SERVICE_ACTIVE && r->answerable &&
		pt_service_serves(service, r->message->from);
	t->double_opt_in = service->double_opt_in;
	strlcpy(t->keyword, service->keyword, sizeof(t->keyword));
}

/* Adds those of the services that the statement's rows name; keyword NULL: any. */
static void
add_rows(Reading *r, PtPlan *plan, const Datum *values, const PtShortCode *among, const char *keyword)
{
	PtRole		saved;
	uint64		rows;

	pt_become_keeper(&saved);
	rows = pt_plan_run(plan, values, NULL, SPI_OK_SELECT);
	pt_become_caller(&saved);
	for (uint64 i = 0; i < rows; i++)
	{
		bool		isnull;
		const PtService *service = service_of(among, DatumGetInt64(pt_result(i, 1, &isnull)));

		if (service != NULL && (keyword == NULL || strcmp(service->keyword, keyword) == 0))
			add_target(r, service);
	}
}

/* Those that the sender has subscribed to, paused ones too (SUB-11). */
static void
add_subscribed(Reading *r, const PtShortCode *among, const char *keyword)
{
	Datum		number = CStringGetTextDatum(r->message->from);

	add_rows(r, &subscribed_plan, &number, among, keyword);
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
	add_rows(r, &last_plan, values, &r->code, NULL);
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
			add_subscribed(r, &r->code, NULL);
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

/* By account, then by id */
static int
compare_targets(const void *a, const void *b)
{
	const PtFlowTarget *left = a;
	const PtFlowTarget *right = b;
	int			order = (left->account_id > right->account_id) - (left->account_id < right->account_id);

	return order != 0 ? order : (left->service_id > right->service_id) - (left->service_id < right->service_id);
}

static int
compare_keywords(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The keywords of all codes with the digits, sorted. */
static const char *const *
all_keywords(const PtShortCode *all)
{
	const char **keywords;

	if (all->services[0].short_code_id == all->services[all->n - 1].short_code_id)
		return all->keywords;
	keywords = palloc(all->n * sizeof(char *));
	memcpy(keywords, all->keywords, all->n * sizeof(char *));
	qsort(keywords, all->n, sizeof(char *), compare_keywords);
	return keywords;
}

/*
 * Is it a stop word, with a keyword of any code that has the digits or bare, or
 * a subscriber's text that begins with one and names no keyword?
 * Then whom it concerns: who is named on the sender's own code, and all that the
 * sender has subscribed to on the digits.
 */
static bool
read_stop(Reading *r, const char *utf8, size_t len)
{
	const char *const *keywords = all_keywords(&r->all);
	PtKeywordMessage asked = pt_parse_keyword_message(utf8, len, keywords, r->all.n);
	const char *keyword = asked.keyword < 0 ? NULL : keywords[asked.keyword];
	const PtService *named = keyword == NULL ? NULL : service_named(&r->code, keyword);
	bool		certain_stop = asked.action == PT_KEYWORD_STOP;
	bool		certain;

	if (!certain_stop && !asked.stop_first)
		return false;
	if (named != NULL)
		add_target(r, named);
	add_subscribed(r, &r->all, keyword);
	if (certain_stop && keyword == NULL && (r->code.n == 1 || r->flow->n == 0))
		add_unnamed(r, true, &certain);
	if (r->flow->n > 1)
		qsort(r->flow->targets, r->flow->n, sizeof(PtFlowTarget), compare_targets);
	if (r->flow->n > 0 && r->answerable)
		r->flow->kind = PT_KIND_OPT_OUT;
	return certain_stop || r->flow->n > 0;
}

/* Anything but a stop word, for the services of the sender's own code. */
static void
read_other(Reading *r, const char *utf8, size_t len)
{
	PtKeywordMessage asked = pt_parse_keyword_message(utf8, len, r->code.keywords, r->code.n);
	bool		certain = true;

	if (asked.keyword >= 0)
		add_target(r, &r->code.services[asked.keyword]);
	else
		add_unnamed(r, asked.action == PT_KEYWORD_HELP, &certain);
	if (r->flow->n == 0 || !certain || !r->answerable)
		return;
	r->flow->kind = reply_kind(asked.action, &r->flow->targets[0]);
	leave_out_closed(r->flow);
}

void
pt_flow_read(const PtInbound *message, PtFlow *flow)
{
	Reading		r = {.message = message,.flow = flow};
	size_t		len;
	const char *utf8;

	flow->n = 0;
	flow->kind = PT_KIND_ORDINARY;
	if (pt_short_code_digits(message->to, &r.all) == 0)
		return;
	(void) pt_short_code_find(message, &r.all, &r.code);
	utf8 = pt_text_utf8(message->body, &len);
	r.answerable = pt_inbound_answerable(message);
	flow->targets = palloc(r.all.n * sizeof(PtFlowTarget));
	if (!read_stop(&r, utf8, len) && r.code.n > 0)
		read_other(&r, utf8, len);
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

bool
pt_service_redo(const PtInbound *message, int64 account_id, const pg_uuid_t *id)
{
	PtFlow		flow;

	pt_flow_read(message, &flow);
	if (flow.n == 0)
		return false;
	pt_flow_redo(message, &flow, account_id, id);
	return true;
}
