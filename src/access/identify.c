/*
 * identify.c
 *	  Who makes a REST request: session token, API key, or the role and the claims
 *	  of a token that PostgREST has verified (API-02).
 *
 * Secrets are looked up by their SHA-256, so what a wrong one takes says nothing
 * about the right ones.
 */
#include "access/access.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "api/api.h"

void
pt_request_refuse(PtRequest *request, int status, const char *message)
{
	char		code[8];

	if (request->status != 0)
		return;
	snprintf(code, sizeof(code), "PT%03d", status);
	request->status = pt_api_status(MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]), &request->slug);
	strlcpy(request->refusal, message, sizeof(request->refusal));
}

int
pt_rights_in(const char *array)
{
	int			rights = PT_RIGHT_NONE;

	for (const char *at = array; *at != '\0';)
	{
		int			len = (int) strspn(at, "abcdefghijklmnopqrstuvwxyz_");

		rights |= pt_right_named(at, len);
		at += Max(len, 1);
	}
	return rights;
}

/* The first row of a statement run past row-level security; the caller is inside SPI_connect. */
static bool
look_up(PtPlan *plan, const Datum *values, const char *nulls)
{
	PtRole		saved;
	bool		found;

	pt_become_keeper(&saved);
	found = pt_plan_read(plan, values, nulls) > 0;
	pt_become_caller(&saved);
	return found;
}

/*
 * The API key; it is good from its own addresses, or else from the account's.  A
 * key that came from elsewhere is no wrong key: SDKs try again after a 401.
 */
static void
identify_key(PtRequest *request, const char *secret, int *most)
{
	PtAddress	address;
	bool		known = pt_client_address(&address);
	PtApiKey	key;

	if (!pt_api_key_find(secret, known ? &address : NULL, &key))
	{
		pt_request_refuse(request, 401, "the API key is not valid");
		return;
	}
	if (!key.allowed)
	{
		pt_request_refuse(request, 403, "the API key is not valid from this address");
		return;
	}
	request->credential = PT_CREDENTIAL_KEY;
	request->key_id = key.key_id;
	request->account_id = key.account_id;
	request->rights = key.rights;
	*most = key.most;
}

/* The session token that log_in() gave. */
static void
identify_session(PtRequest *request, const char *token)
{
	static PtPlan plan = {
		"SELECT s.account_id, s.user_id FROM portatext.api_session s"
		" WHERE s.hash OPERATOR(pg_catalog.=) $1 AND s.expires_at OPERATOR(pg_catalog.>) $2",
		2, {BYTEAOID, TIMESTAMPTZOID}
	};
	Datum		values[2] = {pt_secret_hash(token), TimestampTzGetDatum(pt_now())};
	bool		isnull;

	if (!look_up(&plan, values, NULL))
	{
		pt_request_refuse(request, 401, "the session token is not valid");
		return;
	}
	request->credential = PT_CREDENTIAL_SESSION;
	request->account_id = DatumGetInt64(pt_result(0, 1, &isnull));
	request->user_id = DatumGetInt64(pt_result(0, 2, &isnull));
	request->rights = PT_RIGHT_ALL;
}

/* A claim of the verified token; NULL: it is not there. */
static JsonbValue *
claim(const char *name)
{
	const char *claims = GetConfigOption("request.jwt.claims", true, false);
	Jsonb	   *object;

	if (claims == NULL || claims[0] == '\0')
		return NULL;
	object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(claims)));
	if (!JB_ROOT_IS_OBJECT(object))
		return NULL;
	return getKeyJsonValueFromContainer(&object->root, name, (int) strlen(name), NULL);
}

/* A claim that is a string or a number, as text; NULL: it is something else, or not there. */
static char *
claim_text(const char *name)
{
	JsonbValue *value = claim(name);

	if (value != NULL && value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value != NULL && value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return NULL;
}

/*
 * What the token allows: all unless it says so, in an array of names or in one text;
 * a claim that is something else gives nothing away.
 */
static int
claimed_rights(void)
{
	JsonbValue *value = claim("rights");
	int			rights = PT_RIGHT_NONE;

	if (value == NULL)
		return PT_RIGHT_ALL;
	if (value->type == jbvString)
		return pt_rights_in(pnstrdup(value->val.string.val, value->val.string.len));
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return PT_RIGHT_NONE;
	for (uint32 i = 0; i < JsonContainerSize(value->val.binary.data); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(value->val.binary.data, i);

		if (name->type == jbvString)
			rights |= pt_right_named(name->val.string.val, name->val.string.len);
	}
	return rights;
}

/* The account that the token names; 0: none, or one that does not exist. */
static int64
claimed_account(void)
{
	static PtPlan plan = {
		"SELECT a.account_id FROM portatext.account a WHERE a.account_id OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}
	};
	char	   *text = claim_text("account_id");
	char	   *end;
	Datum		value;

	if (text == NULL || *text < '1' || *text > '9')
		return 0;
	errno = 0;
	value = Int64GetDatum(strtoll(text, &end, 10));
	if (errno != 0 || *end != '\0' || !look_up(&plan, &value, NULL))
		return 0;
	return DatumGetInt64(value);
}

/*
 * The role that PostgREST has taken because a token that it verified says so; false:
 * it is the one of requests without a token.
 */
static bool
identify_token(PtRequest *request)
{
	Oid			role = GetOuterUserId();

	if (role == GetSessionUserId() || role == get_role_oid("portatext_anonymous", false))
		return false;
	if (!has_privs_of_role(role, get_role_oid("portatext_account", false)))
	{
		pt_request_refuse(request, 403, "the token's role may not use the API");
		return true;
	}
	request->account_id = claimed_account();
	if (request->account_id == 0)
	{
		pt_request_refuse(request, 401, "the token names no account");
		return true;
	}
	request->credential = PT_CREDENTIAL_JWT;
	request->rights = claimed_rights();
	return true;
}

/* A header that is there and not empty; NULL: there is none. */
static char *
credential(const char *header)
{
	char	   *value = pt_client_header(header);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

void
pt_identify(PtRequest *request, int *most)
{
	char	   *secret;

	*most = 0;
	SPI_connect();
	if ((secret = credential("x-session-token")) != NULL)
		identify_session(request, secret);
	else if ((secret = credential("x-api-key")) != NULL)
		identify_key(request, secret, most);
	else if (!identify_token(request) && (secret = credential("authorization")) != NULL &&
			 pg_strncasecmp(secret, "basic ", 6) == 0)
		request->credential = PT_CREDENTIAL_BASIC;
	SPI_finish();
}
