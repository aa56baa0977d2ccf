/*
 * claim_call_order.c
 *	  Calls as adapters want them.
 */
#include "telephony/claim_call.h"

#include "catalog/pg_type.h"
#include "telephony/flow_check.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* The defaults are those of portatext.amd_setting. */
static PtPlan orders_plan = {
	"SELECT c.call_id, c.engine_id, c.trunk_id, c.run_id, c.state::text, c.placed_at, c.connect_at, c.abandoned_at,"
	" c.hang_up_at, c.answered_at, c.ended_at, c.tries, c.engine_ref, c.from_number, c.to_number::text, t.name, t.address,"
	" c.dial_timeout, c.max_duration, COALESCE(c.flow, k.flow)::text, c.campaign_id, c.iteration, g.destination,"
	" COALESCE(extract(epoch FROM k.agent_timeout), 15)::int4, k.abandon_flow::text, c.hang_up_reason, c.has_amd,"
	" COALESCE(a.initial_silence, 2500), COALESCE(a.max_greeting_length, 1500), COALESCE(a.after_greeting_silence, 800),"
	" COALESCE(a.total_time, 5000), COALESCE(a.min_word_length, 100), COALESCE(a.between_words_silence, 50),"
	" COALESCE(a.max_words, 2), COALESCE(a.silence_threshold, 256), COALESCE(a.max_word_length, 5000),"
	" CASE WHEN strpos(k.abandon_flow::text, '{{') > 0 THEN k.abandon_flow END, c.variables"
	" FROM unnest($1) AS u(id) JOIN portatext.call c ON c.call_id = u.id"
	" JOIN portatext.trunk t ON t.trunk_id = c.trunk_id"
	" LEFT JOIN portatext.call_campaign k ON k.campaign_id = c.campaign_id"
	" LEFT JOIN portatext.agent g ON g.agent_id = c.agent_id"
	" LEFT JOIN portatext.amd_setting a ON a.account_id = c.account_id",
	1, {UUIDARRAYOID},
	.generic = true
};

static const char *const state_names[] = {
	"queued", "placing", "unclear", "placed", "ringing", "answered", "waiting", "connecting", "connected", "ended"
};

/* A time or 64-bit integer; 0: null. */
static int64
int_or_zero(uint64 row, int col)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* A text, palloc'ed; empty: null. */
static char *
text_of(uint64 row, int col)
{
	bool		isnull;
	Datum		value = pt_result(row, col, &isnull);

	return isnull ? pstrdup("") : TextDatumGetCString(value);
}

static int
int4_of(uint64 row, int col)
{
	bool		isnull;

	return DatumGetInt32(pt_result(row, col, &isnull));
}

/* The text or NULL when it is empty. */
static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

/* State and times. */
static void
read_head(PtDialOrder *o, uint64 row)
{
	bool		isnull;
	char	   *state = text_of(row, 5);

	o->id = *DatumGetUUIDP(pt_result(row, 1, &isnull));
	strlcpy(o->call_id, DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&o->id))), sizeof(o->call_id));
	o->engine_id = int4_of(row, 2);
	o->trunk_id = int_or_zero(row, 3);
	o->run_id = int_or_zero(row, 4);
	o->state = PT_STATE_ENDED;
	for (int i = 0; i < lengthof(state_names); i++)
		if (strcmp(state_names[i], state) == 0)
			o->state = (PtCallState) i;
	o->placed_at = int_or_zero(row, 6);
	o->connect_at = int_or_zero(row, 7);
	o->abandoned_at = int_or_zero(row, 8);
	o->hang_up_at = int_or_zero(row, 9);
	o->answered_at = int_or_zero(row, 10);
	o->ended_at = int_or_zero(row, 11);
	o->tries = DatumGetInt16(pt_result(row, 12, &isnull));
}

/* What a person is told whom no agent can take, with the contact's variables; one is missing: nothing (TPL-03). */
static const char *
abandon_flow_of(uint64 row)
{
	PtFlowProblem problem;
	const Jsonb *layers[1] = {NULL};
	Jsonb	   *flow;
	Datum		value;
	bool		isnull;

	value = pt_result(row, 37, &isnull);
	if (isnull)
		return or_null(text_of(row, 25));
	flow = DatumGetJsonbP(value);
	value = pt_result(row, 38, &isnull);
	if (!isnull)
		layers[0] = DatumGetJsonbP(value);
	return pt_call_flow_fill(flow, layers, 1, &problem);
}

/* What the adapter gets. */
static void
read_order(PtDialOrder *o, uint64 row)
{
	bool		isnull;
	PtCallOrder *order = &o->order;

	order->call_id = o->call_id;
	order->engine_ref = text_of(row, 13);
	order->from = text_of(row, 14);
	order->to = text_of(row, 15);
	order->trunk = text_of(row, 16);
	order->trunk_address = text_of(row, 17);
	order->dial_timeout_s = int4_of(row, 18);
	order->max_duration_s = int4_of(row, 19);
	order->flow = text_of(row, 20);
	order->campaign_id = int_or_zero(row, 21);
	order->iteration = DatumGetInt16(pt_result(row, 22, &isnull));
	order->connect_to = text_of(row, 23);
	order->connect_trunk = order->connect_trunk_address = "";
	order->connect_from = order->from;
	order->connect_timeout_s = int4_of(row, 24);
	order->abandon_flow = abandon_flow_of(row);
	order->reason = text_of(row, 26);
	order->events_url = order->sounds_url = "";
	if (DatumGetBool(pt_result(row, 27, &isnull)))
		order->amd = &o->amd;
}

/* The settings of answering machine detection. */
static void
read_amd(PtAmd *amd, uint64 row)
{
	*amd = (PtAmd) {.initial_silence = int4_of(row, 28),.max_greeting_length = int4_of(row, 29),
		.after_greeting_silence = int4_of(row, 30),.total_time = int4_of(row, 31),
		.min_word_length = int4_of(row, 32),.between_words_silence = int4_of(row, 33),.max_words = int4_of(row, 34),
	.silence_threshold = int4_of(row, 35),.max_word_length = int4_of(row, 36)};
}

int
pt_call_orders(Datum ids, MemoryContext into, PtDialOrder **orders)
{
	int			n = (int) pt_plan_run_latest(&orders_plan, &ids, NULL, SPI_OK_SELECT);
	MemoryContext old = MemoryContextSwitchTo(into);

	*orders = palloc0_array(PtDialOrder, Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		read_head(&(*orders)[i], i);
		read_order(&(*orders)[i], i);
		read_amd(&(*orders)[i].amd, i);
	}
	MemoryContextSwitchTo(old);
	return n;
}
