/*
 * request.c
 *	  The REST request of this transaction.
 */
#include "access/request.h"

#include "access/xact.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#include "access/request_internal.h"

static PtRequest current;
static bool known = false;

/* XactCallback: the request ends with its transaction. */
static void
forget(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		known = false;
}

PtRequest *
pt_request_begin(void)
{
	static bool registered = false;

	if (!registered)
		RegisterXactCallback(forget, NULL);
	registered = true;
	memset(&current, 0, sizeof(current));
	known = true;
	return &current;
}

PtRequest *
pt_request_current(void)
{
	return known ? &current : NULL;
}

const PtRequest *
pt_request(void)
{
	return known ? &current : NULL;
}

void
pt_request_require(PtRight right)
{
	if (!known || (current.rights & right) == right)
		return;
	if (current.account_id == 0)
		ereport(ERROR,
				(errcode(MAKE_SQLSTATE('P', 'T', '4', '0', '1')),
				 errmsg("the credentials are missing"),
				 errhint("Send an API key in the header X-Api-Key, or a session token in X-Session-Token.")));
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the right \"%s\" is missing", pt_right_name(right)),
			 errhint("Use an API key that has it.")));
}

/* A setting of PostgREST for this transaction; NULL: there is none. */
static const char *
setting(const char *name)
{
	const char *value = GetConfigOption(name, true, false);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

const char *
pt_client_method(void)
{
	return setting("request.method");
}

const char *
pt_client_path(void)
{
	return setting("request.path");
}

char *
pt_client_header(const char *name)
{
	const char *headers = setting("request.headers");
	Datum		object;
	JsonbValue	buffer;
	JsonbValue *value;

	if (headers == NULL)
		return NULL;
	object = DirectFunctionCall1(jsonb_in, CStringGetDatum(headers));
	value = getKeyJsonValueFromContainer(&DatumGetJsonbP(object)->root, name, (int) strlen(name), &buffer);
	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}
