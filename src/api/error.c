/*
 * error.c
 *	  Errors as REST clients get them: HTTP status, a short name, the hint.
 */
#include "api/api.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "access/request.h"
#include "sms/refusal.h"

typedef struct ErrorStatus
{
	const char *sqlstate;		/* five characters, or the class */
	int			status;
	const char *slug;
} ErrorStatus;

/* The first match counts. */
static const ErrorStatus statuses[] = {
	{"42704", 404, "not_found"},
	{"02000", 404, "not_found"},
	{"42710", 409, "already_exists"},
	{"23505", 409, "already_exists"},
	{"23503", 409, "in_use"},
	{"55000", 409, "wrong_state"},
	{"55006", 409, "in_use"},
	{"55P03", 409, "busy"},
	{"42501", 403, "forbidden"},
	{"0A000", 403, "not_offered"},
	{"54", 413, "too_large"},
	{"22", 422, "invalid"},
	{"23", 422, "invalid"},
	/* A statement of the API that is wrong itself. */
	{"42601", 500, "server_error"},
	{"42702", 500, "server_error"},
	{"42703", 500, "server_error"},
	{"42803", 500, "server_error"},
	{"42883", 500, "server_error"},
	{"42P01", 500, "server_error"},
	{"42", 422, "invalid"},
	{"25006", 405, "invalid_method"},
	{"40", 503, "try_again"},
	{"53", 503, "try_again"},
	{"57014", 503, "too_slow"},
	{"57", 503, "try_again"},
};

/* A refused message: what is left of the account is 402, the rest 422. */
static int
refusal_status(const char *state, const char **slug)
{
	for (int i = PT_ACCEPTED + 1; i < PT_REFUSALS; i++)
	{
		if (strcmp(pt_refusal_sqlstate(i), state) != 0)
			continue;
		*slug = pt_refusal_name(i);
		return i == PT_REFUSE_NO_CREDITS ? 402 : i == PT_REFUSE_SUSPENDED ? 403 : 422;
	}
	*slug = "refused";
	return 422;
}

/* SQLSTATE PTnnn, which says the status itself. */
static int
stated_status(const char *state, const char **slug)
{
	static const ErrorStatus names[] = {
		{"400", 400, "invalid"}, {"401", 401, "invalid_credentials"}, {"402", 402, "no_credits"},
		{"403", 403, "forbidden"}, {"404", 404, "not_found"}, {"405", 405, "invalid_method"},
		{"406", 406, "not_acceptable"}, {"409", 409, "wrong_state"}, {"413", 413, "too_large"},
		{"415", 415, "invalid_media"}, {"422", 422, "invalid"}, {"429", 429, "rate_limited"},
		{"503", 503, "try_again"},
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(names[i].sqlstate, state + 2) != 0)
			continue;
		*slug = names[i].slug;
		return names[i].status;
	}
	*slug = "server_error";
	return 500;
}

int
pt_api_status(int sqlerrcode, const char **slug)
{
	const char *state = unpack_sql_state(sqlerrcode);

	if (strncmp(state, "SM", 2) == 0)
		return refusal_status(state, slug);
	if (strncmp(state, "PT", 2) == 0)
		return stated_status(state, slug);
	for (int i = 0; i < lengthof(statuses); i++)
	{
		if (strncmp(state, statuses[i].sqlstate, strlen(statuses[i].sqlstate)) != 0)
			continue;
		*slug = statuses[i].slug;
		return statuses[i].status;
	}
	*slug = "server_error";
	return 500;
}

/* "name": value, null for what is missing. */
static void
add_member(StringInfo json, const char *name, const char *value)
{
	appendStringInfo(json, "%s\"%s\":", json->len > 1 ? "," : "", name);
	if (value == NULL)
		appendStringInfoString(json, "null");
	else
		escape_json(json, value);
}

/* The error in the form that PostgREST takes apart: message and detail are JSON. */
static void
raise_for_postgrest(const ErrorData *error, int status, const char *slug)
{
	StringInfoData body;

	initStringInfo(&body);
	appendStringInfoChar(&body, '{');
	add_member(&body, "code", slug);
	add_member(&body, "message", error->message);
	add_member(&body, "details", error->detail);
	add_member(&body, "hint", error->hint);
	appendStringInfoChar(&body, '}');
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE('P', 'G', 'R', 'S', 'T')),
			 errmsg_internal("%s", body.data),
			 errdetail_internal("{\"status\":%d,\"headers\":{}}", status)));
}

void
pt_api_rethrow(void)
{
	ErrorData  *error = CopyErrorData();
	const char *slug;
	int			status = pt_api_status(error->sqlerrcode, &slug);
	char		code[8];

	/* What ends the session, and what has this form already, goes on as it is. */
	if (error->elevel > ERROR || error->sqlerrcode == MAKE_SQLSTATE('P', 'G', 'R', 'S', 'T'))
		PG_RE_THROW();
	FlushErrorState();
	/* On the SDKs' path the caller makes the answer. */
	if (pt_client_method() != NULL && !pt_api_in_rest())
	{
		/* Internal errors tell a client nothing; the log has them. */
		if (status == 500)
			ereport(LOG,
					(errcode(error->sqlerrcode),
					 errmsg("portatext API: %s", error->message)));
		if (status == 500)
		{
			error->message = "internal error";
			error->detail = error->hint = NULL;
		}
		raise_for_postgrest(error, status, slug);
	}
	if (status != 500)
	{
		snprintf(code, sizeof(code), "PT%03d", status);
		error->sqlerrcode = MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]);
	}
	ReThrowError(error);
}
