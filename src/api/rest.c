/*
 * rest.c
 *	  The paths of the PortaText SDKs: from a request to its handler and back.
 *
 * nginx makes every request a POST of one function (docs/nginx.conf).  Its answer is
 * always a body, with status and headers in PostgREST's settings; an error is caught
 * here, so that counters and the refusal's row of the handler's caller stay, and so
 * that the client gets the SDKs' envelope.
 */
#include "api/api.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "access/request.h"
#include "api/rest_json.h"
#include "api/rest_request.h"

/* What the client gets. */
typedef struct Answer
{
	int			status;
	const char *type;			/* Content-Type */
	const char *allow;			/* of 405 */
	int64		reset;			/* of 429: epoch second */
	StringInfoData body;
} Answer;

static bool in_rest = false;

bool
pt_api_in_rest(void)
{
	return in_rest;
}

/* Makes the answer an error of the SDKs' envelope: each line of why, and more unless it is NULL. */
static void
refuse(Answer *answer, int status, const char *why, const char *more)
{
	answer->status = status;
	answer->type = pt_rest_media_type(PT_REST_JSON);
	resetStringInfo(&answer->body);
	appendStringInfoString(&answer->body, "{\"success\":false,\"error_description\":[");
	for (const char *line = why, *end; *(end = line + strcspn(line, "\n")) != '\0'; line = end + 1)
	{
		escape_json(&answer->body, pnstrdup(line, end - line));
		appendStringInfoChar(&answer->body, ',');
		why = end + 1;
	}
	escape_json(&answer->body, why);
	if (more != NULL)
	{
		appendStringInfoChar(&answer->body, ',');
		escape_json(&answer->body, more);
	}
	appendStringInfoString(&answer->body, "]}");
}

/* The request of this transaction, from the headers that nginx adds. */
static PtRestAsked
read_request(bytea *body)
{
	PtRestAsked asked = {
		.method = pt_client_header("x-original-method"),
		.uri = pt_client_header("x-original-uri"),
		.content_type = pt_client_header("x-original-content-type"),
		.accept = pt_client_header("x-original-accept"),
		.has_body = VARSIZE_ANY_EXHDR(body) > 0,
	};

	return asked;
}

/* No row of the table is for the request. */
static void
refuse_path(Answer *answer, const PtRestAsked *asked, const PtRestMatch *match)
{
	char		allow[64];

	switch (match->status)
	{
		case 400:
			refuse(answer, 400, "the path is not URL-encoded UTF-8", NULL);
			break;
		case 405:
			pt_rest_allow(match->path, allow, sizeof(allow));
			answer->allow = pstrdup(allow);
			refuse(answer, 405, psprintf("%s is not a method of this path", asked->method), NULL);
			break;
		case 406:
			refuse(answer, 406, "this cannot be given in the media type that Accept asks for", NULL);
			break;
		case 415:
			refuse(answer, 415, "a body of this Content-Type cannot be read here", NULL);
			break;
		default:
			refuse(answer, 404, "there is no such path", NULL);
	}
}

/* The handler's function; InvalidOid and the answer when the caller may not call it. */
static Oid
find_handler(const PtRestRoute *route, Answer *answer)
{
	Oid			types[2] = {JSONBOID, BYTEAOID};
	/* The schema's own right is not asked: who may call the handler is said beside it. */
	Oid			handler = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(route->handler),
										  PointerGetDatum(buildoidvector(types, 2)),
										  ObjectIdGetDatum(get_namespace_oid("portatext", false)));
	const PtRequest *request = pt_request();

	if (!OidIsValid(handler))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("there is no handler %s", route->handler)));
	if (PT_MAY_EXECUTE(handler))
		return handler;
	if (request == NULL || request->account_id == 0)
		refuse(answer, 401, "credentials are missing", NULL);
	else
		refuse(answer, 403, "this is not allowed", NULL);
	return InvalidOid;
}

/* Makes the answer of what the handler returned: JSON with success, or a file. */
static void
accept_result(Answer *answer, PtRestMedia gives, Datum result, bool isnull)
{
	answer->status = 200;
	answer->type = pt_rest_media_type(gives);
	if (gives == PT_REST_CSV && !isnull)
	{
		answer->type = "text/csv; charset=utf-8";
		appendStringInfoString(&answer->body, TextDatumGetCString(result));
	}
	else if (gives == PT_REST_JSON)
	{
		const char *object = isnull ? "{}" : DatumGetCString(DirectFunctionCall1(jsonb_out, result));

		if (object[0] != '{')
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("a handler's result is no object")));
		appendStringInfo(&answer->body, "{\"success\": true%s%s", object[1] == '}' ? "" : ", ", object + 1);
	}
	else if (isnull)
		refuse(answer, 404, "there is no file", NULL);
	else
	{
		bytea	   *file = DatumGetByteaPP(result);

		appendBinaryStringInfo(&answer->body, VARDATA_ANY(file), (int) VARSIZE_ANY_EXHDR(file));
	}
}

/* Is the request refused by authenticate() or, without an error, by its handler?  Then that is the answer. */
static bool
refused(Answer *answer)
{
	const PtRequest *request = pt_request();

	if (request == NULL || request->status == 0)
		return false;
	answer->reset = request->reset;
	refuse(answer, request->status, request->refusal, NULL);
	return true;
}

/* Serves a request; errors are raised. */
static void
serve(bytea *body, Answer *answer)
{
	PtRestAsked asked = read_request(body);
	PtRestMatch *match = palloc(sizeof(PtRestMatch));
	LOCAL_FCINFO(call, 2);
	FmgrInfo	function;
	Oid			handler;
	Datum		result;

	if (refused(answer))
		return;
	pt_rest_match(&asked, match);
	if (match->status != 0)
	{
		refuse_path(answer, &asked, match);
		return;
	}
	handler = find_handler(match->route, answer);
	if (!OidIsValid(handler))
		return;
	fmgr_info(handler, &function);
	InitFunctionCallInfoData(*call, &function, 2, InvalidOid, NULL, NULL);
	call->args[0].value = pt_rest_request(&asked, match, VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body));
	call->args[0].isnull = false;
	call->args[1].value = PointerGetDatum(body);
	call->args[1].isnull = false;
	result = FunctionCallInvoke(call);
	/* Refused without an error, so that what was counted stays. */
	if (!refused(answer))
		accept_result(answer, match->route->gives, result, call->isnull);
}

/* The SDKs know few statuses. */
static int
known_status(int status)
{
	switch (status)
	{
		case 409:
		case 413:
		case 422:
			return 400;
		case 503:
			return 500;
		default:
			return status;
	}
}

/* Makes the answer of an error that was raised.  What is internal is logged and not told. */
static void
refuse_error(Answer *answer, const ErrorData *error)
{
	const char *slug;
	int			given = pt_api_status(error->sqlerrcode, &slug);
	int			status = known_status(given);
	const char *detail = error->constraint_name == NULL ? error->detail : NULL;

	if (given == 500)
	{
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("portatext API: %s", error->message)));
		refuse(answer, 500, "internal error", NULL);
	}
	else if (status == 500)
		refuse(answer, 500, "this could not be done now", "Try again later.");
	else
		refuse(answer, status, error->message, detail);
}

/* Serves a request in a subtransaction, which an error rolls back. */
static void
serve_apart(bytea *body, Answer *answer)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		in_rest = true;
		serve(body, answer);
		in_rest = false;
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		in_rest = false;
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		refuse_error(answer, error);
	}
	PG_END_TRY();
}

/* A setting that PostgREST reads after the request. */
static void
set_response(const char *name, const char *value)
{
	set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/* Tells PostgREST status and headers. */
static void
set_answer(const Answer *answer)
{
	StringInfoData headers;

	initStringInfo(&headers);
	appendStringInfo(&headers, "[{\"Content-Type\":\"%s\"}", answer->type);
	if (answer->allow != NULL)
		appendStringInfo(&headers, ",{\"Allow\":\"%s\"}", answer->allow);
	if (answer->status == 429)
		appendStringInfo(&headers, ",{\"X-Rate-Limit-Reset\":\"%lld\"}", (long long) answer->reset);
	appendStringInfoChar(&headers, ']');
	set_response("response.status", psprintf("%d", answer->status));
	set_response("response.headers", headers.data);
}

/* The body's octets: JSON in ASCII, CSV in UTF-8, files as they are. */
static bytea *
body_octets(const Answer *answer)
{
	bool		json = strcmp(answer->type, pt_rest_media_type(PT_REST_JSON)) == 0;
	bool		text = json || strncmp(answer->type, "text/", 5) == 0;
	char	   *data = answer->body.data;
	size_t		len = (size_t) answer->body.len;
	bytea	   *octets;

	if (text)
	{
		data = pg_server_to_any(data, (int) len, PG_UTF8);
		len = data == answer->body.data ? len : strlen(data);
	}
	octets = palloc(VARHDRSZ + (json ? pt_json_ascii(data, len, NULL) : len));
	if (json)
		len = pt_json_ascii(data, len, VARDATA(octets));
	else
		memcpy(VARDATA(octets), data, len);
	SET_VARSIZE(octets, VARHDRSZ + len);
	return octets;
}

PG_FUNCTION_INFO_V1(pt_rest);

/* portatext_api.rest(bytea): see the head of this file. */
Datum
pt_rest(PG_FUNCTION_ARGS)
{
	bytea	   *body = PG_GETARG_BYTEA_PP(0);
	Answer		answer = {0};

	initStringInfo(&answer.body);
	serve_apart(body, &answer);
	set_answer(&answer);
	PG_RETURN_BYTEA_P(body_octets(&answer));
}

PG_FUNCTION_INFO_V1(pt_rest_raise);

/* portatext.rest_raise(int, text): raises PTnnn. */
Datum
pt_rest_raise(PG_FUNCTION_ARGS)
{
	char		code[8];

	snprintf(code, sizeof(code), "PT%03d", PG_GETARG_INT32(0) % 1000);
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4])),
			 errmsg("%s", text_to_cstring(PG_GETARG_TEXT_PP(1)))));
}
