/*
 * authenticate.c
 *	  portatext_api.authenticate(): what PostgREST calls before every request.
 *
 * It finds out who the client is, counts the request, and makes the transaction
 * act for the client's account as the role portatext_account.  It writes nothing:
 * GETs are read only, and what is refused is rolled back.  Only the login role of
 * PostgREST may call it, which is known by its being a member of
 * portatext_anonymous: anybody else could set the request's headers and claims.
 */
#include "access/access.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/json.h"

#include "access/limit.h"
#include "access/request_internal.h"
#include "api/api.h"

/* Raises 42501 unless PostgREST's login role is calling. */
static void
require_gateway(void)
{
	if (!is_member_of_role(GetSessionUserId(), get_role_oid("portatext_anonymous", false)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("requests are authenticated for PostgREST alone"),
				 errhint("Its login role is a member of portatext_anonymous; no other role should be.")));
}

/* Is it one of the SDKs' paths, for which rest() answers? */
static bool
on_sdk_path(void)
{
	const char *path = pt_client_path();

	return path != NULL && (strcmp(path, "/rpc/rest") == 0 || strcmp(path, "/rest") == 0);
}

/* Who pays for the request: whoever is known to make it, else its address. */
static PtLimitKind
counted_as(const PtRequest *request, int64 *id)
{
	PtAddress	address;

	if (request->status == 0 && request->credential == PT_CREDENTIAL_KEY)
	{
		*id = request->key_id;
		return PT_LIMIT_KEY;
	}
	if (request->status == 0 && request->credential == PT_CREDENTIAL_SESSION)
	{
		*id = request->user_id;
		return PT_LIMIT_SESSION;
	}
	if (request->status == 0 && request->credential == PT_CREDENTIAL_JWT)
	{
		*id = request->account_id;
		return PT_LIMIT_ACCOUNT;
	}
	pt_client_address(&address);
	*id = (int64) hash_bytes_extended(address.network, sizeof(address.network), 0);
	return PT_LIMIT_ADDRESS;
}

/* Counts the request; most: what the credential allows in a minute, 0: what is usual. */
static void
count_request(PtRequest *request, int most)
{
	int64		id;
	PtLimitKind kind = counted_as(request, &id);

	if (kind == PT_LIMIT_ADDRESS)
		most = pt_api_anonymous_per_minute;
	else if (most == 0)
		most = pt_api_requests_per_minute;
	if (pt_limit_take(kind, id, most, pt_now(), &request->reset))
		return;
	request->status = 0;
	pt_request_refuse(request, 429, "too many requests");
}

/* Functions say themselves what they need; for lists the path and the verb do. */
static void
check_path(PtRequest *request)
{
	const char *path = pt_client_path();
	const char *method = pt_client_method();
	PtRight		right = PT_RIGHT_MANAGE;

	if (path == NULL || method == NULL || strncmp(path, "/rpc/", 5) == 0 || on_sdk_path())
		return;
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0)
		right = PT_RIGHT_READ;
	if (request->rights & right)
		return;
	if (request->account_id != 0)
		pt_request_refuse(request, 403, right == PT_RIGHT_READ ? "the right \"read\" is missing" : "the right \"manage\" is missing");
	else if (strcmp(path, "/") != 0)
		pt_request_refuse(request, 401, "the credentials are missing");
}

/* The 429 in the form in which PostgREST takes headers (API-04). */
static void
raise_limit(const PtRequest *request)
{
	StringInfoData body;

	initStringInfo(&body);
	appendStringInfo(&body, "{\"code\":\"%s\",\"message\":", request->slug);
	escape_json(&body, request->refusal);
	appendStringInfoString(&body, ",\"details\":null,\"hint\":\"Try again at the second that the header X-Rate-Limit-Reset says.\"}");
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE('P', 'G', 'R', 'S', 'T')),
			 errmsg_internal("%s", body.data),
			 errdetail_internal("{\"status\":%d,\"headers\":{\"X-Rate-Limit-Reset\":\"%lld\"}}",
								request->status, (long long) request->reset)));
}

/* Raises the refusal as SQLSTATE PT and the status. */
static void
raise_refusal(const PtRequest *request)
{
	char		code[8];

	if (request->status == 429)
		raise_limit(request);
	snprintf(code, sizeof(code), "PT%03d", request->status);
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4])),
			 errmsg("%s", request->refusal)));
}

/* Until the transaction's end it acts for this account, 0: none, as this role. */
static void
act(int64 account_id, const char *role)
{
	char		value[32] = "";

	if (account_id != 0)
		snprintf(value, sizeof(value), "%lld", (long long) account_id);
	(void) set_config_option("portatext.account_id", value,
							 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	(void) set_config_option("role", role,
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/* The whole of it; errors are for the caller to shape. */
static void
authenticate(void)
{
	PtRequest  *request = pt_request_begin();
	int			most;

	pt_identify(request, &most);
	count_request(request, most);
	check_path(request);
	if (request->status != 0)
	{
		request->credential = PT_CREDENTIAL_NONE;
		request->account_id = request->key_id = request->user_id = 0;
		request->rights = PT_RIGHT_NONE;
		if (!on_sdk_path())
			raise_refusal(request);
	}
	act(request->account_id, request->account_id == 0 ? "portatext_anonymous" : "portatext_account");
}

PG_FUNCTION_INFO_V1(pt_authenticate);

/* portatext_api.authenticate(): raises PT401, PT403 or 429 (API-02, API-04). */
Datum
pt_authenticate(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;

	/* It is a function of the API too; there it has nothing left to do. */
	if (pt_request() != NULL)
		PG_RETURN_VOID();
	PG_TRY();
	{
		require_gateway();
		authenticate();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		pt_api_rethrow();
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}
