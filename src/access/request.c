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
#include "utils/memutils.h"

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

/* The request's headers, read once for each request; NULL: there are none. */
static Jsonb *
headers(void)
{
	static MemoryContext context = NULL;
	static char *text = NULL;
	static Jsonb *object = NULL;
	const char *given = setting("request.headers");
	MemoryContext caller;

	if (given == NULL)
		return NULL;
	if (text != NULL && strcmp(text, given) == 0)
		return object;
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "portatext request headers", ALLOCSET_SMALL_SIZES);
	text = NULL;
	MemoryContextReset(context);
	caller = MemoryContextSwitchTo(context);
	object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(given)));
	/* A session of SQL can set them to anything. */
	if (!JB_ROOT_IS_OBJECT(object))
		object = NULL;
	text = pstrdup(given);
	MemoryContextSwitchTo(caller);
	return object;
}

char *
pt_client_header(const char *name)
{
	Jsonb	   *object = headers();
	JsonbValue	buffer;
	JsonbValue *value;

	if (object == NULL)
		return NULL;
	value = getKeyJsonValueFromContainer(&object->root, name, (int) strlen(name), &buffer);
	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}
