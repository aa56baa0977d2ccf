/*
 * refuse.c
 *	  For functions of the API: refusals that keep what was written, secrets, rights.
 */
#include "access/access.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "access/request_internal.h"
#include "api/api.h"

/*
 * The body of an error as PostgREST makes it, for an answer with a status of its own;
 * on the SDKs' path rest() answers with the status that is noted in the request.
 */
static Datum
refusal_body(PtRequest *request)
{
	StringInfoData body;

	initStringInfo(&body);
	appendStringInfo(&body, "{\"code\":\"%s\",\"message\":", request->slug);
	escape_json(&body, request->refusal);
	appendStringInfoString(&body, ",\"details\":null,\"hint\":null}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(body.data));
}

PG_FUNCTION_INFO_V1(pt_api_refuse);

/* portatext.api_refuse(status int, message text): the answer; nothing is rolled back. */
Datum
pt_api_refuse(PG_FUNCTION_ARGS)
{
	PtRequest	request = {0};
	char	   *message = text_to_cstring(PG_GETARG_TEXT_PP(1));

	pt_request_refuse(&request, PG_GETARG_INT32(0), message);
	if (pt_request() != NULL)
		pt_request_refuse(pt_request_current(), PG_GETARG_INT32(0), message);
	(void) set_config_option("response.status", psprintf("%d", request.status),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	PG_RETURN_DATUM(refusal_body(&request));
}

PG_FUNCTION_INFO_V1(pt_access_secret);

/* portatext.access_secret(prefix text, length int) */
Datum
pt_access_secret(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(pt_secret_new(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_INT32(1))));
}

PG_FUNCTION_INFO_V1(pt_password_verifier_sql);

/* portatext.password_verifier(password text) */
Datum
pt_password_verifier_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(pt_password_verifier(text_to_cstring(PG_GETARG_TEXT_PP(0)))));
}

PG_FUNCTION_INFO_V1(pt_access_require);

/* portatext.access_require(rights text[]): raises unless the request has all of them. */
Datum
pt_access_require(PG_FUNCTION_ARGS)
{
	Datum	   *names;
	bool	   *nulls;
	int			n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			pt_request_require(pt_right_named(VARDATA_ANY(names[i]), (int) VARSIZE_ANY_EXHDR(names[i])));
	PG_RETURN_VOID();
}
