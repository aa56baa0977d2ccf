/*
 * order.c
 *	  The checks a message passes before it is accepted, and what it costs.
 */
#include "portatext.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "billing/billing.h"
#include "cache.h"
#include "carrier/route.h"
#include "sms/blacklist.h"
#include "sms/order.h"
#include "sms/order_schedule.h"
#include "sms/service_hook.h"
#include "text/encoding.h"

#define MIN_CHARACTERS 5		/* SMS-01; automatic messages need one */

/* The recipient as a canonical number; input is read leniently (NUM-01, NUM-02). */
static bool
check_recipient(PtOrder *order, PtRefusal *refusal)
{
	char	   *given;
	PtNumberError error;

	if (order->to[0] != '\0')
		return true;
	if (order->recipient == NULL)
	{
		pt_refuse(refusal, PT_REFUSE_BAD_NUMBER, "The recipient is null.");
		return false;
	}
	error = pt_number_read(VARDATA_ANY(order->recipient), VARSIZE_ANY_EXHDR(order->recipient),
						   NULL, order->to);
	if (error == PT_NUMBER_OK)
		return true;
	order->to[0] = '\0';
	given = text_to_cstring(order->recipient);
	pt_refuse(refusal, PT_REFUSE_BAD_NUMBER, "The recipient is \"%.*s\".",
			  pg_mbcliplen(given, (int) strlen(given), 100), given);
	return false;
}

/* Encoding and segments as the carrier takes them (GSM-01 to GSM-07). */
static bool
check_body(PtOrder *order, PtRefusal *refusal)
{
	int			needed = order->kind == PT_KIND_ORDINARY ? MIN_CHARACTERS : 1;
	int			characters;

	if (order->body == NULL)
	{
		pt_refuse(refusal, PT_REFUSE_TOO_SHORT, "The text is null.");
		return false;
	}
	if (!order->counted || order->counted_for != order->carrier_id)
	{
		size_t		len;
		const char *utf8 = pt_text_utf8(order->body, &len);

		order->counted_for = order->carrier_id;
		order->counted = pt_text_analyze(utf8, len, pt_carrier_text_options(order->carrier_id),
										 &order->analysis);
	}
	characters = pg_mbstrlen_with_len(VARDATA_ANY(order->body),
									  (int) VARSIZE_ANY_EXHDR(order->body));
	if (characters < needed)
	{
		pt_refuse(refusal, PT_REFUSE_TOO_SHORT, "It has %d of at least %d characters.",
				  characters, needed);
		return false;
	}
	if (!order->counted || order->analysis.segments > PT_MAX_PARTS)
	{
		pt_refuse(refusal, PT_REFUSE_TOO_LONG, "It needs more than %d segments.", PT_MAX_PARTS);
		return false;
	}
	return true;
}

/* segments x tariff (BILL-01, BILL-14). */
static bool
check_price(PtOrder *order, PtRefusal *refusal)
{
	if (!pt_tariff_for(order->account->account_id, order->to, &order->tariff))
	{
		pt_refuse(refusal, PT_REFUSE_NO_TARIFF, "The recipient is %s.", order->to);
		return false;
	}
	if (order->counted)
	{
		Datum		segments = DirectFunctionCall1(int4_numeric,
												   Int32GetDatum(order->analysis.segments));

		order->cost = DirectFunctionCall2(numeric_mul, segments, order->tariff);
		order->priced = true;
	}
	return true;
}

/* Sending and expiry times: finite, in order, not past (a stale code is never sent). */
static bool
check_times(const PtOrder *order, PtRefusal *refusal)
{
	if ((order->has_send_at && TIMESTAMP_NOT_FINITE(order->send_at)) ||
		(order->has_valid_until && TIMESTAMP_NOT_FINITE(order->valid_until)))
	{
		pt_refuse(refusal, PT_REFUSE_BAD_TIME, "A time is infinite.");
		return false;
	}
	if (!order->has_valid_until)
		return true;
	if (order->has_send_at && order->valid_until <= order->send_at)
	{
		pt_refuse(refusal, PT_REFUSE_BAD_TIME, "The message would expire before it is sent.");
		return false;
	}
	if (order->valid_until <= pt_now())
	{
		pt_refuse(refusal, PT_REFUSE_STALE, "It was valid until %s.",
				  timestamptz_to_str(order->valid_until));
		return false;
	}
	return true;
}

/* The blacklists (BL-02). */
static bool
check_blacklist(const PtOrder *order, PtRefusal *refusal)
{
	if (!pt_blacklisted(order->account->account_id, order->to))
		return true;
	pt_refuse(refusal, PT_REFUSE_BLACKLISTED, "The recipient is %s.", order->to);
	return false;
}

/*
 * The sender: that of an automatic message is given, else the service's short
 * code or one of the account's own numbers.  NULL: refused.
 */
static void
choose_sender(PtOrder *order, PtRefusal *refusal)
{
	if (order->kind != PT_KIND_ORDINARY)
		return;
	if (order->service_name != NULL && pt_service_hooks == NULL)
		pt_refuse(refusal, PT_REFUSE_NOT_OFFERED, "The argument \"service\" is given.");
	else if (order->service_name != NULL)
		(void) pt_service_hooks->choose(order, refusal);
	else
		order->sender = pt_sender_choose(order->account->account_id, order->from, order->to, refusal);
	if (order->sender != NULL)	/* the cache may be loaded anew before the order is stored */
		order->sender = pstrdup(order->sender);
}

/*
 * The carrier: the short code's own, if it has one that is enabled, else what
 * the routes say; also for a sandbox account, whose credits one carrier alone
 * honours.
 */
static void
choose_carrier(PtOrder *order)
{
	if (order->carrier_id < 0 || order->account->sandbox)
		order->carrier_id = pt_route(order->account->account_id,
									 order->sender == NULL ? "" : order->sender, order->to);
	else if (pt_carrier_standing(order->carrier_id) == PT_STANDING_DISABLED)
		order->carrier_id = -1;
}

/* May the service, if there is one, write to this number? */
static bool
check_service(PtOrder *order, PtRefusal *refusal)
{
	if (order->service_id != 0 && pt_service_hooks != NULL)
		pt_service_hooks->check(&order, &refusal, 1);
	return refusal->code == PT_ACCEPTED;
}

bool
pt_order_check(PtOrder *order, PtListCheck lists, PtRefusal *refusal)
{
	bool		ask = lists == PT_ASK_LISTS;
	PtRefusal	sender_refusal;

	refusal->code = PT_ACCEPTED;
	if (order->kind == PT_KIND_ORDINARY)
		order->carrier_id = -1;
	if (!check_recipient(order, refusal))
		return false;
	choose_sender(order, &sender_refusal);
	choose_carrier(order);
	if (!pt_order_render(order, lists, refusal) || !check_body(order, refusal) ||
		!check_price(order, refusal))
		return false;
	if (order->account->suspended)
		pt_refuse(refusal, PT_REFUSE_SUSPENDED, "It is account %lld.",
				  (long long) order->account->account_id);
	else if (ask && order->kind != PT_KIND_STOP_CONFIRMATION && !check_blacklist(order, refusal))
		return false;
	else if (order->sender == NULL)
		*refusal = sender_refusal;
	else if (ask && !check_service(order, refusal))
		return false;
	else if (order->carrier_id < 0)
		pt_refuse(refusal, PT_REFUSE_NO_CARRIER, "No carrier is set up and enabled for the account.");
	else
		return check_times(order, refusal) && pt_order_schedule_check(order, refusal);
	return false;
}

/* The text options of the carriers, by carrier id; loopback has 0. */
typedef struct CarrierOptions
{
	int32		carrier_id;
	PtTextOptions options;
} CarrierOptions;

static PtCache options_cache = {.tables = {"carrier"}};
static CarrierOptions *options_list = NULL;
static int	options_count = 0;

/* Loads the options of every carrier; there are few. */
static void
load_options(void)
{
	static PtPlan plan = {
		"SELECT carrier_id, wide_reference, single_shift, locking_shift FROM portatext.carriers",
		0, {0}
	};
	uint64		n;

	pt_cache_begin(&options_cache);
	n = pt_plan_read(&plan, NULL, NULL);
	if (options_list != NULL)
		pfree(options_list);
	options_count = 0;
	options_list = MemoryContextAllocZero(TopMemoryContext, (n + 1) * sizeof(CarrierOptions));
	for (uint64 i = 0; i < n; i++)
	{
		CarrierOptions *o = &options_list[i];
		bool		isnull;

		o->carrier_id = DatumGetInt32(pt_result(i, 1, &isnull));
		o->options.wide_reference = DatumGetBool(pt_result(i, 2, &isnull));
		o->options.single_shift = DatumGetInt16(pt_result(i, 3, &isnull));
		o->options.locking_shift = DatumGetInt16(pt_result(i, 4, &isnull));
	}
	options_count = (int) n;
	pt_cache_loaded(&options_cache);
}

/* NULL: the carrier is not known, count as usual. */
const PtTextOptions *
pt_carrier_text_options(int32 carrier_id)
{
	if (carrier_id < 0)
		return NULL;
	if (!pt_cache_fresh(&options_cache))
		load_options();
	for (int i = 0; i < options_count; i++)
	{
		if (options_list[i].carrier_id == carrier_id)
			return &options_list[i].options;
	}
	return NULL;
}
