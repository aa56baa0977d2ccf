/*
 * login.c
 *	  E-mail address and password (API-02): log in, log out, change the password.
 *
 * Whoever guesses must not learn whether an address is a user's: what is done for
 * both is the same, a row of portatext.api_attempt and one verification.  The try
 * is counted before the password is looked at, and a wrong one is answered, not
 * raised, as that would take the count back.  A client can have a request fail after
 * the answer is made (with a cast in "select"), so it is counted in shared memory too.
 */
#include "access/access.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "access/limit.h"
#include "account/account.h"

#define SESSION_PREFIX "pts_"
#define SESSION_LENGTH 40
#define TRIES 10				/* as in the statement of count_try() */

typedef struct User
{
	int64		user_id;
	int64		account_id;
	char	   *verifier;		/* NULL: there is no such user */
} User;

/*
 * Passwords are for requests, which end by committing: in a session of SQL a
 * rollback would take back the count.  Raises 42501.
 */
static void
require_request(void)
{
	if (pt_request() == NULL && !pt_is_operator())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("passwords are checked for the API alone")));
}

/*
 * Counts a try; false: there were too many, and whatever the password is, it is wrong.
 * *id is the address in shared memory.  The row's lock keeps others waiting, so that
 * right passwords at the same time are not taken for many tries.
 */
static bool
count_try(Datum email, TimestampTz now, int64 *id)
{
	static PtPlan plan = {
		"INSERT INTO portatext.api_attempt AS t (hash, tries, last_at)"
		" VALUES (sha256(convert_to(lower($1), 'UTF8')), 1, $2)"
		" ON CONFLICT (hash) DO UPDATE SET last_at = $2,"
		"  tries = CASE WHEN t.last_at <= $2 - interval '15 minutes' THEN 1 ELSE t.tries + 1 END"
		" WHERE t.tries < 10 OR t.last_at <= $2 - interval '15 minutes'"
		" RETURNING " PT_ATTEMPT_ID("t.hash"),
		2, {TEXTOID, TIMESTAMPTZOID}
	};
	Datum		values[2] = {email, TimestampTzGetDatum(now)};
	int64		reset;
	bool		isnull;

	*id = 0;
	if (pt_plan_run_latest(&plan, values, NULL, SPI_OK_INSERT_RETURNING) == 0)
		return false;
	*id = DatumGetInt64(pt_result(0, 1, &isnull));
	return pt_limit_take(PT_LIMIT_PASSWORD, *id, TRIES, now, &reset);
}

/* The right password: what was counted is forgotten. */
static void
forget_tries(Datum email, int64 id)
{
	static PtPlan plan = {
		"DELETE FROM portatext.api_attempt t WHERE t.hash = sha256(convert_to(lower($1), 'UTF8'))",
		1, {TEXTOID}
	};

	pt_plan_run_latest(&plan, &email, NULL, SPI_OK_DELETE);
	pt_limit_forget(PT_LIMIT_PASSWORD, id);
}

/* The user with this address; verifier is NULL when there is none. */
static void
find_user(Datum email, User *user)
{
	static PtPlan plan = {
		"SELECT u.user_id, u.account_id, u.secret FROM portatext.api_user u WHERE lower(u.email) = lower($1)",
		1, {TEXTOID}
	};
	bool		isnull;

	memset(user, 0, sizeof(*user));
	if (pt_plan_read(&plan, &email, NULL) == 0)
		return;
	user->user_id = DatumGetInt64(pt_result(0, 1, &isnull));
	user->account_id = DatumGetInt64(pt_result(0, 2, &isnull));
	user->verifier = TextDatumGetCString(pt_result(0, 3, &isnull));
}

/* Is it the user's password?  The caller is inside SPI_connect, as the keeper. */
static bool
check_password(Datum email, const char *password, User *user)
{
	int64		id;
	bool		allowed = count_try(email, pt_now(), &id);
	bool		fits;

	find_user(email, user);
	fits = pt_password_fits(password, user->verifier);
	if (!allowed || !fits)
		return false;
	forget_tries(email, id);
	return true;
}

/* Makes a session and returns its token, palloc'd. */
static char *
make_session(const User *user)
{
	static PtPlan plan = {
		"INSERT INTO portatext.api_session (hash, account_id, user_id, created_at, expires_at)"
		" VALUES ($1, $2, $3, $4, $4 + make_interval(secs => $5))",
		5, {BYTEAOID, INT8OID, INT8OID, TIMESTAMPTZOID, FLOAT8OID}
	};
	char	   *token = pt_secret_new(SESSION_PREFIX, SESSION_LENGTH);
	Datum		values[5] = {
		pt_secret_hash(token), Int64GetDatum(user->account_id), Int64GetDatum(user->user_id),
		TimestampTzGetDatum(pt_now()), Float8GetDatum(pt_api_session_lifetime)
	};

	pt_plan_run_latest(&plan, values, NULL, SPI_OK_INSERT);
	return token;
}

/* Address and password from the call or the request's Authorization; false: neither has them. */
static bool
read_credentials(FunctionCallInfo fcinfo, const char **email, const char **password)
{
	char	   *header;

	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
	{
		*email = text_to_cstring(PG_GETARG_TEXT_PP(0));
		*password = text_to_cstring(PG_GETARG_TEXT_PP(1));
		return true;
	}
	header = PG_ARGISNULL(0) && PG_ARGISNULL(1) ? pt_client_header("authorization") : NULL;
	if (header == NULL || !pt_read_basic(header, palloc(strlen(header) + 1), email, password))
		return false;
	return pg_verifymbstr(*email, (int) strlen(*email), true) &&
		pg_verifymbstr(*password, (int) strlen(*password), true);
}

PG_FUNCTION_INFO_V1(pt_log_in);

/* portatext.log_in(email text, password text): a session token, or null. */
Datum
pt_log_in(PG_FUNCTION_ARGS)
{
	const char *email;
	const char *password;
	MemoryContext caller = CurrentMemoryContext;
	char	   *token = NULL;
	PtRole		saved;
	User		user;

	require_request();
	if (!read_credentials(fcinfo, &email, &password))
		PG_RETURN_NULL();
	SPI_connect();
	pt_become_keeper(&saved);
	if (check_password(CStringGetTextDatum(email), password, &user))
		token = MemoryContextStrdup(caller, make_session(&user));
	pt_become_caller(&saved);
	SPI_finish();
	if (token == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(token));
}

/* The hash of the session of this request; false: it has none. */
static bool
own_session(Datum *hash)
{
	const PtRequest *request = pt_request();

	if (request == NULL || request->credential != PT_CREDENTIAL_SESSION)
		return false;
	*hash = pt_secret_hash(pt_client_header("x-session-token"));
	return true;
}

PG_FUNCTION_INFO_V1(pt_log_out);

/* portatext.log_out(): ends the session of this request; false: it has none. */
Datum
pt_log_out(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"DELETE FROM portatext.api_session s WHERE s.hash = $1",
		1, {BYTEAOID}
	};
	Datum		hash;
	PtRole		saved;

	if (!own_session(&hash))
		PG_RETURN_BOOL(false);
	SPI_connect();
	pt_become_keeper(&saved);
	pt_plan_run_latest(&plan, &hash, NULL, SPI_OK_DELETE);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_BOOL(true);
}

int64
pt_request_user(void)
{
	static PtPlan plan = {
		"SELECT u.user_id FROM portatext.api_user u WHERE u.account_id = $1 ORDER BY u.user_id LIMIT 1",
		1, {INT8OID}
	};
	const PtRequest *request = pt_request();
	Datum		account = Int64GetDatum(pt_current_account());
	PtRole		saved;
	int64		found = 0;
	bool		isnull;

	if (request != NULL && request->user_id != 0)
		return request->user_id;
	SPI_connect();
	pt_become_keeper(&saved);
	if (pt_plan_read(&plan, &account, NULL) > 0)
		found = DatumGetInt64(pt_result(0, 1, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
	return found;
}

PG_FUNCTION_INFO_V1(pt_access_user);

/* portatext.access_user(): the user that a request's own settings are about; raises 55000. */
Datum
pt_access_user(PG_FUNCTION_ARGS)
{
	int64		user_id = pt_request_user();

	if (user_id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the account has no user"),
				 errhint("An operator can make one with create_user().")));
	PG_RETURN_INT64(user_id);
}

/* The address of a user. */
static Datum
email_of(int64 user_id)
{
	static PtPlan plan = {
		"SELECT u.email FROM portatext.api_user u WHERE u.user_id = $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(user_id);
	bool		isnull;

	pt_plan_read(&plan, &value, NULL);
	return pt_result(0, 1, &isnull);
}

/* Writes the new verifier, ends the user's other sessions and tells of it (ALERT-05). */
static void
write_password(const User *user, const char *verifier)
{
	static PtPlan plan = {
		"WITH changed AS (UPDATE portatext.api_user u SET secret = $2 WHERE u.user_id = $1"
		"  RETURNING u.user_id, u.account_id, u.email),"
		" ended AS (DELETE FROM portatext.api_session s WHERE s.user_id = $1 AND s.hash IS DISTINCT FROM $3),"
		" useless AS (DELETE FROM portatext.api_nonce n WHERE n.user_id = $1 AND n.kind = 'password_reset')"
		" INSERT INTO portatext.event (account_id, type, subject, payload)"
		" SELECT c.account_id, 'account.password_changed', c.user_id::text, jsonb_build_object('email', c.email) FROM changed c",
		3, {INT8OID, TEXTOID, BYTEAOID}
	};
	Datum		values[3] = {Int64GetDatum(user->user_id), CStringGetTextDatum(verifier), (Datum) 0};
	bool		session = own_session(&values[2]);

	pt_plan_run_latest(&plan, values, session ? NULL : "  n", SPI_OK_INSERT);
}

PG_FUNCTION_INFO_V1(pt_change_password);

/* portatext.change_password(text, text): false: the old one is wrong.  Raises 22023 for the new one. */
Datum
pt_change_password(PG_FUNCTION_ARGS)
{
	char	   *old_password = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *verifier = pt_password_verifier(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	int64		user_id;
	PtRole		saved;
	User		user;
	bool		right;

	require_request();
	user_id = DatumGetInt64(DirectFunctionCall1(pt_access_user, (Datum) 0));
	SPI_connect();
	pt_become_keeper(&saved);
	right = check_password(email_of(user_id), old_password, &user);
	if (right)
		write_password(&user, verifier);
	pt_become_caller(&saved);
	SPI_finish();
	PG_RETURN_BOOL(right);
}
