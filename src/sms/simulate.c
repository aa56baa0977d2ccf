/*
 * simulate.c
 *	  simulate_sms: what send_sms would do, without doing it (SMS-11, SMS-12).
 */
#include "portatext.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "billing/billing.h"
#include "sms/send.h"
#include "sms/store.h"

/* Columns of simulate_sms's row. */
enum
{
	SIM_TO, SIM_FROM, SIM_CARRIER, SIM_BODY, SIM_ENCODING, SIM_UNITS, SIM_SEGMENTS,
	SIM_CAPACITY, SIM_TARIFF, SIM_COST, SIM_BALANCE, SIM_SQLSTATE, SIM_REASON, SIM_COLUMNS
};

/* Would the balance, or the credit limit, pay for it?  A look, not a reservation. */
static void
check_funds(const PtOrder *order, PtRefusal *refusal)
{
	Datum		spendable;

	if (!order->priced || refusal->code != PT_ACCEPTED)
		return;
	if (pt_spendable(order->account->account_id, &spendable) &&
		DatumGetBool(DirectFunctionCall2(numeric_lt, spendable, order->cost)))
		pt_refuse(refusal, PT_REFUSE_NO_CREDITS, "The message costs %s credits.",
				  DatumGetCString(DirectFunctionCall1(numeric_out, order->cost)));
}

/* Sets a column that was found out. */
static void
set_column(Datum *values, bool *nulls, int column, bool known, Datum value)
{
	nulls[column] = !known;
	values[column] = known ? value : (Datum) 0;
}

/* The row: what is known of the order and, when it would be refused, why. */
static void
fill_row(const PtOrder *order, Datum balance, const PtRefusal *refusal, Datum *values, bool *nulls)
{
	bool		refused = refusal->code != PT_ACCEPTED;

	memset(values, 0, SIM_COLUMNS * sizeof(Datum));
	set_column(values, nulls, SIM_TO, order->to[0] != '\0', CStringGetTextDatum(order->to));
	set_column(values, nulls, SIM_FROM, order->sender != NULL,
			   order->sender ? CStringGetTextDatum(order->sender) : (Datum) 0);
	set_column(values, nulls, SIM_CARRIER, order->carrier_id >= 0, Int32GetDatum(order->carrier_id));
	set_column(values, nulls, SIM_BODY, order->body != NULL, PointerGetDatum(order->body));
	set_column(values, nulls, SIM_ENCODING, order->counted,
			   CStringGetTextDatum(pt_encoding_name(order->analysis.encoding)));
	set_column(values, nulls, SIM_UNITS, order->counted, Int32GetDatum(order->analysis.units));
	set_column(values, nulls, SIM_SEGMENTS, order->counted, Int32GetDatum(order->analysis.segments));
	set_column(values, nulls, SIM_CAPACITY, order->counted, Int32GetDatum(order->analysis.capacity));
	set_column(values, nulls, SIM_TARIFF, order->priced, order->tariff);
	set_column(values, nulls, SIM_COST, order->priced, order->cost);
	set_column(values, nulls, SIM_BALANCE, true, balance);
	set_column(values, nulls, SIM_SQLSTATE, refused,
			   CStringGetTextDatum(pt_refusal_sqlstate(refusal->code)));
	set_column(values, nulls, SIM_REASON, refused,
			   refused ? PointerGetDatum(cstring_to_text(psprintf("%s: %s", pt_refusal_message(refusal->code),
																  refusal->detail))) : (Datum) 0);
}

/* The recipient: the number given, or an example of the country's numbers. */
static text *
read_recipient(FunctionCallInfo fcinfo)
{
	char		example[PT_E164_SIZE];
	char	   *country;

	if (!PG_ARGISNULL(0) || PG_ARGISNULL(12))
		return PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0);
	country = text_to_cstring(PG_GETARG_TEXT_PP(12));
	if (!pt_number_example(country, example))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown country: \"%s\"", country),
				 errhint("Give an ISO 3166-1 code such as US.")));
	return cstring_to_text(example);
}

PG_FUNCTION_INFO_V1(pt_simulate_sms);

/* portatext.simulate_sms(to_number, body, ...): one row; changes nothing. */
Datum
pt_simulate_sms(PG_FUNCTION_ARGS)
{
	PtOrder		order;
	PtRefusal	refusal;
	TupleDesc	desc;
	HeapTuple	tuple;
	Datum		balance;
	Datum		values[SIM_COLUMNS];
	bool		nulls[SIM_COLUMNS];
	PtRole		saved;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	SPI_connect();
	pt_read_order(fcinfo, 1, &order);
	order.recipient = read_recipient(fcinfo);
	order.account = pt_account_get(pt_current_account());
	balance = pt_balance(order.account->account_id);
	pt_become_keeper(&saved);
	pt_order_find_text(&order);
	if (pt_order_check(&order, PT_ASK_LISTS, &refusal))
		check_funds(&order, &refusal);
	pt_become_caller(&saved);
	fill_row(&order, balance, &refusal, values, nulls);
	tuple = SPI_copytuple(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
