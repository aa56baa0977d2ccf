/*
 * http_receipt.c
 *	  What carriers of the templated adapter call back with.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/http_receipt.h"

#include "carrier/http_state.h"

bool
pt_call_mapped(const PtCarrier *carrier)
{
	return pt_carrier_setting(carrier, "receipt_status") != NULL;
}

bool
pt_call_signed(const PtCarrier *carrier)
{
	const PtHttpState *state = carrier->state;

	return state->signature != PT_SIGNATURE_SECRET;
}

PtCallTrust
pt_call_trust(const PtCarrier *carrier, const PtCall *call)
{
	const PtHttpState *state = carrier->state;
	PtSignedRule rule = {
		.scheme = state->signature,
		.key = state->key,
		.text = pt_carrier_setting(carrier, "signed"),
		.header = pt_carrier_setting(carrier, "signature_header"),
		.timestamp_header = pt_carrier_setting(carrier, "timestamp_header"),
		.nonce_header = pt_carrier_setting(carrier, "nonce_header"),
		.base = state->base,
	};

	return pt_signed_trust(&rule, call);
}

/* What a receipt holds at the path that a setting names; NULL: nothing. */
static const char *
field(const PtCarrier *carrier, const PtJson *data, int at, const char *setting)
{
	const char *path = pt_carrier_setting(carrier, setting);

	return path != NULL ? pt_json_text(data, at, path) : NULL;
}

/* One receipt. */
static bool
one_receipt(const PtCarrier *carrier, const PtJson *data, int at, PtFieldsDone done, void *context,
			const char **problem)
{
	const PtHttpState *state = carrier->state;
	const char *status = field(carrier, data, at, "receipt_status");
	PtFields	fields = {0};

	*problem = "there is no status where the carrier's settings say";
	if (status == NULL)
		return false;
	fields.status = pt_json_member(state->statuses, status);
	if (fields.status == NULL)
		return true;
	fields.id = field(carrier, data, at, "receipt_id");
	fields.ref = field(carrier, data, at, "receipt_ref");
	fields.code = field(carrier, data, at, "receipt_code");
	return done(context, &fields);
}

bool
pt_call_receipts(const PtCarrier *carrier, const PtJson *data, PtFieldsDone done, void *context, const char **problem)
{
	if (data->values[0].kind != PT_JSON_ARRAY)
		return one_receipt(carrier, data, 0, done, context, problem);
	for (int i = data->values[0].first; i != 0; i = data->values[i].next)
	{
		if (!one_receipt(carrier, data, i, done, context, problem))
			return false;
	}
	return true;
}
