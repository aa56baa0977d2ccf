/*
 * http_inbound.c
 *	  Inbound messages as carriers of the templated adapter post them: where the
 *	  settings say that sender, recipient, text and id are.
 *
 * Core: no PostgreSQL header.
 */
#include "carrier/http_receipt.h"

#include <string.h>

#include "carrier/http_state.h"

bool
pt_call_reads_messages(const PtCarrier *carrier)
{
	return pt_carrier_setting(carrier, "inbound_text") != NULL;
}

/* What the callback holds at the path that a setting names; NULL: nothing. */
static const char *
field(const PtCarrier *carrier, const PtJson *data, int at, const char *setting)
{
	const char *path = pt_carrier_setting(carrier, setting);

	return path != NULL ? pt_json_text(data, at, path) : NULL;
}

/* Is what lies at the setting's path its value?  true: the setting is not used. */
static bool
has_value(const PtCarrier *carrier, const PtJson *data, int at, const char *path, const char *value)
{
	const char *found = field(carrier, data, at, path);

	return pt_carrier_setting(carrier, path) == NULL ||
		(found != NULL && strcmp(found, pt_carrier_setting(carrier, value)) == 0);
}

bool
pt_call_is_message(const PtCarrier *carrier, const PtJson *data, bool inbound)
{
	if (!pt_call_reads_messages(carrier))
		return false;
	if (pt_carrier_setting(carrier, "inbound_event") == NULL)
		return inbound;
	return has_value(carrier, data, 0, "inbound_event", "inbound_event_value");
}

bool
pt_call_message(const PtCarrier *carrier, const PtJson *data, PtFieldsDone done, void *context, const char **problem)
{
	PtFields	fields = {0};
	int			at = 0;

	if (data->values[0].kind == PT_JSON_ARRAY)
	{
		at = data->values[0].first;
		*problem = "one message at a time";
		if (at == 0 || data->values[at].next != 0)
			return false;
	}
	if (!has_value(carrier, data, at, "inbound_type", "inbound_type_value"))
		return true;
	fields.from = field(carrier, data, at, "inbound_from");
	fields.to = field(carrier, data, at, "inbound_to");
	fields.text = field(carrier, data, at, "inbound_text");
	fields.ref = field(carrier, data, at, "inbound_ref");
	fields.reference = field(carrier, data, at, "inbound_reference");
	fields.part = field(carrier, data, at, "inbound_part");
	fields.parts = field(carrier, data, at, "inbound_parts");
	return done(context, &fields);
}
