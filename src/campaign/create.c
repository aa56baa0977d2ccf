/*
 * create.c
 *	  create_campaign: checks what is asked for, stores it and makes the job that
 *	  builds the first run (CAMP-01 to CAMP-04).
 */
#include "portatext.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "account/account.h"
#include "campaign/campaign.h"
#include "campaign/create.h"
#include "campaign/source.h"
#include "campaign/variant.h"
#include "schedule/schedule.h"
#include "sms/order.h"
#include "sms/service_hook.h"
#include "worker/shared.h"

#define ARG_TEXT(n) (PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n))
#define EXAMPLE "+12025550100"	/* a number, where a check wants one */

/* The arguments of portatext.create_campaign, in their order. */
typedef enum Argument
{
	NAME, BODY, TEMPLATE, VARIABLES, FROM_NUMBER, SERVICE, LISTS, CSV, ALL_SUBSCRIBERS, SCHEDULE,
	DESCRIPTION, PRIORITY, SEGMENTS_PER_SECOND, REPEATABLE, VARIANTS, MAX_ERROR_RATE, MAX_OPT_OUT_RATE,
	MINIMUM_SAMPLE
} Argument;

pg_noreturn void
pt_campaign_bad_argument(const char *name, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" cannot be used", name),
			 errdetail("%s", detail)));
	pg_unreachable();
}

/* Raises 22023 unless the argument is null or a number above 0 and at most that. */
static void
check_figure(FunctionCallInfo fcinfo, Argument n, const char *name, double most, const char *detail)
{
	double		value;

	if (PG_ARGISNULL(n))
		return;
	value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, PG_GETARG_DATUM(n)));
	if (isnan(value) || value <= 0 || value > most || isinf(value))
		pt_campaign_bad_argument(name, detail);
}

void
pt_campaign_check_name(const text *name)
{
	if (name == NULL || VARSIZE_ANY_EXHDR(name) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a campaign needs a name")));
}

/* What has a range is within it. */
static void
check_figures(FunctionCallInfo fcinfo)
{
	pt_campaign_check_name(ARG_TEXT(NAME));
	check_figure(fcinfo, SEGMENTS_PER_SECOND, "segments_per_second", HUGE_VAL, "It is above 0, or null for no limit.");
	check_figure(fcinfo, MAX_ERROR_RATE, "max_error_rate", 1, "It is a share, above 0 and at most 1.");
	check_figure(fcinfo, MAX_OPT_OUT_RATE, "max_opt_out_rate", 1, "It is a share, above 0 and at most 1.");
	if (PG_ARGISNULL(MINIMUM_SAMPLE) || PG_GETARG_INT32(MINIMUM_SAMPLE) < 1)
		pt_campaign_bad_argument("minimum_sample", "It is a number of messages, 1 at least.");
	if (PG_ARGISNULL(PRIORITY))
		pt_campaign_bad_argument("priority", "It is transactional or bulk.");
}

void
pt_campaign_check_variables(Jsonb *variables)
{
	JsonbIterator *it;
	JsonbValue	value;

	if (variables == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(variables))
		pt_campaign_bad_argument("variables", "It is an object.");
	it = JsonbIteratorInit(&variables->root);
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &value, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type == jbvBinary)
			pt_campaign_bad_argument("variables", "A value is a string, a number or a boolean.");
	}
}

/*
 * The sender: an active service of the account, or numbers of its own (CAMP-08).
 * Raises the refusal that a message would get.
 */
static void
check_sender(FunctionCallInfo fcinfo, const PtAccount *account)
{
	PtOrder		order = {.account = account, .from = ARG_TEXT(FROM_NUMBER), .service_name = ARG_TEXT(SERVICE)};
	PtRefusal	refusal = {PT_ACCEPTED};

	strlcpy(order.to, EXAMPLE, sizeof(order.to));
	if (order.service_name != NULL)
		(void) pt_service_hooks->choose(&order, &refusal);
	else if (order.from != NULL)
		(void) pt_sender_choose(account->account_id, order.from, order.to, &refusal);
	if (refusal.code != PT_ACCEPTED)
		pt_refusal_raise(&refusal);
}

bool
pt_campaign_has_lists(ArrayType *lists)
{
	return lists != NULL && ArrayGetNItems(ARR_NDIM(lists), ARR_DIMS(lists)) > 0;
}

/* At least one source, and a service for its subscribers (CAMP-02, CAMP-03). */
static void
check_sources(FunctionCallInfo fcinfo)
{
	bool		all = !PG_ARGISNULL(ALL_SUBSCRIBERS) && PG_GETARG_BOOL(ALL_SUBSCRIBERS);

	if (all && PG_ARGISNULL(SERVICE))
		pt_campaign_bad_argument("all_subscribers", "No service is given.");
	if (!all && PG_ARGISNULL(CSV) && !pt_campaign_has_lists(PG_ARGISNULL(LISTS) ? NULL : PG_GETARG_ARRAYTYPE_P(LISTS)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a campaign needs recipients"),
				 errhint("Give lists, a csv or a service with all_subscribers.")));
}

int32
pt_campaign_schedule(int64 account_id, Jsonb *given)
{
	PtSchedule	schedule;
	bool		own_zone;

	if (given == NULL)
		return 0;
	pt_schedule_read(given, &schedule);
	(void) pt_schedule_next_for(&schedule, account_id, EXAMPLE, pt_now(), &own_zone);
	return pt_schedule_store(account_id, given);
}

/* An argument as it is. */
static void
pass(FunctionCallInfo fcinfo, Argument n, Datum *value, char *isnull)
{
	*value = PG_GETARG_DATUM(n);
	*isnull = PG_ARGISNULL(n) ? 'n' : ' ';
}

static bool
flag(FunctionCallInfo fcinfo, Argument n)
{
	return !PG_ARGISNULL(n) && PG_GETARG_BOOL(n);
}

/* The row of portatext.campaign; returns its id. */
static int64
store_campaign(FunctionCallInfo fcinfo, int64 account_id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.campaign (account_id, name, description, from_number, service, variables,"
		"  schedule_id, priority, segments_per_second, repeatable, all_subscribers, max_error_rate,"
		"  max_opt_out_rate, minimum_sample)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8::portatext.message_priority, $9, $10, $11, $12, $13, $14)"
		" RETURNING campaign_id",
		14, {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, INT4OID, TEXTOID, NUMERICOID, BOOLOID,
		BOOLOID, NUMERICOID, NUMERICOID, INT4OID}
	};
	Datum		values[14];
	char		nulls[15] = "              ";
	bool		isnull;

	values[0] = Int64GetDatum(account_id);
	pass(fcinfo, NAME, &values[1], &nulls[1]);
	pass(fcinfo, DESCRIPTION, &values[2], &nulls[2]);
	pass(fcinfo, FROM_NUMBER, &values[3], &nulls[3]);
	pass(fcinfo, SERVICE, &values[4], &nulls[4]);
	pass(fcinfo, VARIABLES, &values[5], &nulls[5]);
	values[6] = Int32GetDatum(pt_campaign_schedule(account_id, PG_ARGISNULL(SCHEDULE) ? NULL : PG_GETARG_JSONB_P(SCHEDULE)));
	nulls[6] = DatumGetInt32(values[6]) == 0 ? 'n' : ' ';
	values[7] = CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(PRIORITY))));
	pass(fcinfo, SEGMENTS_PER_SECOND, &values[8], &nulls[8]);
	values[9] = BoolGetDatum(flag(fcinfo, REPEATABLE));
	values[10] = BoolGetDatum(flag(fcinfo, ALL_SUBSCRIBERS));
	pass(fcinfo, MAX_ERROR_RATE, &values[11], &nulls[11]);
	pass(fcinfo, MAX_OPT_OUT_RATE, &values[12], &nulls[12]);
	pass(fcinfo, MINIMUM_SAMPLE, &values[13], &nulls[13]);
	pt_plan_run(&plan, values, nulls, SPI_OK_INSERT_RETURNING);
	return DatumGetInt64(pt_result(0, 1, &isnull));
}

PG_FUNCTION_INFO_V1(pt_create_campaign);

/* portatext.create_campaign(name, ...): the campaign's id; a job builds its first run. */
Datum
pt_create_campaign(PG_FUNCTION_ARGS)
{
	const PtAccount *account;
	PtVariants	variants;
	int64		campaign_id;
	PtRole		saved;

	SPI_connect();
	check_figures(fcinfo);
	pt_campaign_check_variables(PG_ARGISNULL(VARIABLES) ? NULL : PG_GETARG_JSONB_P(VARIABLES));
	check_sources(fcinfo);
	account = pt_account_get(pt_current_account());
	pt_become_keeper(&saved);
	pt_variants_read(account->account_id, ARG_TEXT(BODY), ARG_TEXT(TEMPLATE),
					 PG_ARGISNULL(VARIANTS) ? NULL : PG_GETARG_JSONB_P(VARIANTS), &variants);
	check_sender(fcinfo, account);
	campaign_id = store_campaign(fcinfo, account->account_id);
	pt_variants_store(account->account_id, campaign_id, &variants);
	pt_sources_store(account->account_id, campaign_id,
					 PG_ARGISNULL(LISTS) ? NULL : PG_GETARG_ARRAYTYPE_P(LISTS), ARG_TEXT(CSV));
	(void) pt_campaign_first_run(campaign_id);
	pt_become_caller(&saved);
	SPI_finish();
	pt_wake_at_commit();
	PG_RETURN_INT64(campaign_id);
}
