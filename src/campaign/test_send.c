/*
 * test_send.c
 *	  test_campaign: a campaign's texts, as its recipients would get them, to
 *	  numbers that the caller names.
 */
#include "portatext.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "billing/billing.h"
#include "campaign/build.h"
#include "sms/send.h"
#include "sms/store.h"
#include "worker/shared.h"

#define NUMBERS 100				/* at most */

/* The variables that the first of the campaign's lists with this number has for it; NULL: none. */
static Jsonb *
list_variables(int64 campaign_id, const char *number)
{
	static PtPlan plan = {
		"SELECT c.variables FROM portatext.campaign_source s"
		" LEFT JOIN portatext.contact_list l ON l.list_id = s.list_id"
		" JOIN portatext.contact c ON c.version = COALESCE(s.version, l.version) AND c.number::text = $2"
		" WHERE s.campaign_id = $1 ORDER BY s.ord LIMIT 1",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(campaign_id), CStringGetTextDatum(number)};
	bool		isnull = true;
	Datum		variables = (Datum) 0;

	if (pt_plan_run(&plan, values, NULL, SPI_OK_SELECT) > 0)
		variables = pt_result(0, 1, &isnull);
	return isnull ? NULL : DatumGetJsonbPCopy(variables);
}

/* Puts in the number's values: its list's, its own, the campaign's (CAMP-15); false: refused. */
static bool
render(const PtBuild *build, PtOrder *order, PtRefusal *refusal)
{
	order->values[0] = list_variables(build->campaign_id, order->to);
	order->values[1] = pt_contact_variables(build->account->account_id, order->to);
	order->values[2] = build->variables;
	if (!pt_order_render(order, PT_LISTS_ASKED, refusal))
		return false;
	order->template = NULL;
	return true;
}

/* Checks, charges and stores one message. */
static void
send_one(const PtBuild *build, PtOrder *order, pg_uuid_t *id, PtRefusal *refusal)
{
	text	   *recipient = order->recipient;
	bool		known = recipient != NULL &&
		pt_number_read(VARDATA_ANY(recipient), VARSIZE_ANY_EXHDR(recipient), NULL, order->to) == PT_NUMBER_OK;

	refusal->code = PT_ACCEPTED;
	if (!known)
		order->to[0] = '\0';
	if ((known && !render(build, order, refusal)) || !pt_order_check(order, PT_ASK_LISTS, refusal))
		return;
	if (!pt_charge(order->account->account_id, order->cost))
	{
		pt_refuse(refusal, PT_REFUSE_NO_CREDITS, "The message costs %s credits.",
				  DatumGetCString(DirectFunctionCall1(numeric_out, order->cost)));
		return;
	}
	pt_uuid7(id);
	pt_store_one(order, UUIDPGetDatum(id));
}

/* Its row: ord, to_number, message_id, sqlstate, reason, variant. */
static void
report(ReturnSetInfo *rsinfo, int64 ord, const PtOrder *order, const pg_uuid_t *id,
	   const PtRefusal *refusal, const PtVariant *variant)
{
	bool		refused = refusal->code != PT_ACCEPTED;
	bool		nulls[6] = {false, false, refused, !refused, !refused, false};
	Datum		values[6];

	nulls[1] = order->to[0] == '\0' && order->recipient == NULL;
	values[0] = Int64GetDatum(ord);
	values[1] = order->to[0] != '\0' || nulls[1] ? CStringGetTextDatum(order->to) : PointerGetDatum(order->recipient);
	values[2] = UUIDPGetDatum(id);
	values[3] = CStringGetTextDatum(pt_refusal_sqlstate(refusal->code));
	values[4] = refused ? CStringGetTextDatum(psprintf("%s: %s", pt_refusal_message(refusal->code), refusal->detail)) : (Datum) 0;
	values[5] = CStringGetTextDatum(variant->label);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* Every text of the campaign to one number. */
static void
send_all(const PtBuild *build, text *recipient, ReturnSetInfo *rsinfo, int64 *ord)
{
	for (int i = 0; i < build->variants.n; i++)
	{
		const PtVariant *variant = &build->variants.list[i];
		PtOrder		order = {0};
		pg_uuid_t  *id = palloc0(sizeof(pg_uuid_t));
		PtRefusal	refusal;

		CHECK_FOR_INTERRUPTS();
		order.account = build->account;
		order.recipient = recipient;
		order.from = build->from;
		order.service_name = build->service;
		order.body = variant->body;
		order.template = variant->has_variables ? variant->template : NULL;
		send_one(build, &order, id, &refusal);
		report(rsinfo, ++*ord, &order, id, &refusal, variant);
	}
}

PG_FUNCTION_INFO_V1(pt_test_campaign);

/* portatext.test_campaign(campaign, numbers): a row for each number and text. */
Datum
pt_test_campaign(PG_FUNCTION_ARGS)
{
	PtBuild		build = {.campaign_id = PG_GETARG_INT64(0)};
	Datum	   *numbers;
	bool	   *isnull;
	int			n;
	int64		ord = 0;
	int64		account_id;
	PtRole		saved;

	InitMaterializedSRF(fcinfo, 0);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &numbers, &isnull, &n);
	if (n > NUMBERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a test is sent to at most %d numbers", NUMBERS)));
	account_id = pt_sees_all() ? 0 : pt_current_account();
	SPI_connect();
	pt_become_keeper(&saved);
	pt_build_load(&build, account_id);
	if (build.calls)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("campaign %lld calls its contacts and has no text", (long long) build.campaign_id),
				 errhint("portatext.place_call() tries its flow with one number.")));
	for (int i = 0; i < n; i++)
		send_all(&build, isnull[i] ? NULL : DatumGetTextPP(numbers[i]), (ReturnSetInfo *) fcinfo->resultinfo, &ord);
	pt_become_caller(&saved);
	SPI_finish();
	pt_wake_at_commit();
	pt_warn_unsent();
	return (Datum) 0;
}
