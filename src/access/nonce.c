/*
 * nonce.c
 *	  Password reset and e-mail verification by nonces that are mailed (API-06).
 *
 * A nonce is good once and for a while.  Asking for one tells nothing: for an
 * address that is nobody's the same row is written, which leads nowhere.
 */
#include "access/access.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "access/limit.h"

#define NONCE_LENGTH 43

/* So many for an address in an hour; more are not written, and nobody is told. */
#define ADD_NONCE(kind, email, users) \
	"INSERT INTO portatext.api_nonce (hash, account_id, user_id, kind, email, unsent, created_at, expires_at)" \
	" SELECT $1, u.account_id, u.user_id, '" kind "', " email ", $2, $3, $3 + make_interval(secs => $4)" \
	" FROM " users \
	" WHERE (SELECT count(*) FROM portatext.api_nonce n WHERE n.email = " email \
	"  AND n.kind = '" kind "' AND n.created_at > $3 - interval '1 hour') < 5"

/* Runs one of the statements above for the user or address. */
static void
add_nonce(PtPlan *plan, Datum whose)
{
	char	   *nonce = pt_secret_new("", NONCE_LENGTH);
	Datum		values[5] = {
		pt_secret_hash(nonce), CStringGetTextDatum(nonce), TimestampTzGetDatum(pt_now()),
		Float8GetDatum(pt_api_nonce_lifetime), whose
	};
	PtRole		saved;

	SPI_connect();
	pt_become_keeper(&saved);
	pt_plan_run_latest(plan, values, NULL, SPI_OK_INSERT);
	pt_become_caller(&saved);
	SPI_finish();
}

PG_FUNCTION_INFO_V1(pt_request_password_reset);

/* portatext.request_password_reset(email text) */
Datum
pt_request_password_reset(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		ADD_NONCE("password_reset", "lower($5)",
				  "(VALUES (1)) AS one LEFT JOIN portatext.api_user u ON lower(u.email) = lower($5)"),
		5, {BYTEAOID, TEXTOID, TIMESTAMPTZOID, FLOAT8OID, TEXTOID}
	};

	if (VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(0)) > 254)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the e-mail address is too long")));
	add_nonce(&plan, PG_GETARG_DATUM(0));
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(pt_add_email_nonce);

/* portatext.add_email_nonce(user_id bigint): for the address that waits to be verified. */
Datum
pt_add_email_nonce(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		ADD_NONCE("email_verify", "lower(COALESCE(u.new_email, u.email))",
				  "(SELECT x.* FROM portatext.api_user x WHERE x.user_id = $5) AS u"),
		5, {BYTEAOID, TEXTOID, TIMESTAMPTZOID, FLOAT8OID, INT8OID}
	};

	add_nonce(&plan, PG_GETARG_DATUM(0));
	PG_RETURN_VOID();
}

/*
 * Runs the statement that uses the nonce up and returns the number that it returns;
 * raises 42704 unless it has done something.
 */
static int64
use_nonce(PtPlan *plan, int ok, text *nonce, Datum *values)
{
	PtRole		saved;
	uint64		done;
	int64		number = 0;
	bool		isnull;

	values[0] = pt_secret_hash(text_to_cstring(nonce));
	values[1] = TimestampTzGetDatum(pt_now());
	SPI_connect();
	pt_become_keeper(&saved);
	done = pt_plan_run_latest(plan, values, NULL, ok);
	if (done > 0)
		number = DatumGetInt64(pt_result(0, 1, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
	if (done == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the nonce is not valid"),
				 errhint("It is good once, and for a while only. Ask for another.")));
	return number;
}

PG_FUNCTION_INFO_V1(pt_reset_password);

/* portatext.reset_password(nonce text, new_password text): ends all sessions (ALERT-05). */
Datum
pt_reset_password(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"WITH used AS (DELETE FROM portatext.api_nonce n"
		"  WHERE n.hash = $1 AND n.kind = 'password_reset' AND n.expires_at > $2 RETURNING n.user_id, n.email),"
		" changed AS (UPDATE portatext.api_user u SET secret = $3 FROM used"
		"  WHERE u.user_id = used.user_id AND lower(u.email) = used.email RETURNING u.user_id, u.account_id, u.email),"
		" ended AS (DELETE FROM portatext.api_session s USING changed c WHERE s.user_id = c.user_id),"
		" useless AS (DELETE FROM portatext.api_nonce n USING changed c"
		"  WHERE n.user_id = c.user_id AND n.kind = 'password_reset' AND n.hash <> $1),"
		" freed AS (DELETE FROM portatext.api_attempt t USING changed c"
		"  WHERE t.hash = sha256(convert_to(lower(c.email), 'UTF8')))"
		" INSERT INTO portatext.event (account_id, type, subject, payload)"
		" SELECT c.account_id, 'account.password_changed', c.user_id::text, jsonb_build_object('email', c.email) FROM changed c"
		" RETURNING " PT_ATTEMPT_ID("sha256(convert_to(lower(payload ->> 'email'), 'UTF8'))"),
		3, {BYTEAOID, TIMESTAMPTZOID, TEXTOID}
	};
	Datum		values[3];

	values[2] = CStringGetTextDatum(pt_password_verifier(text_to_cstring(PG_GETARG_TEXT_PP(1))));
	pt_limit_forget(PT_LIMIT_PASSWORD, use_nonce(&plan, SPI_OK_INSERT_RETURNING, PG_GETARG_TEXT_PP(0), values));
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(pt_verify_email);

/* portatext.verify_email(nonce text): the address that the nonce was mailed to is the user's. */
Datum
pt_verify_email(PG_FUNCTION_ARGS)
{
	static PtPlan plan = {
		"WITH used AS (DELETE FROM portatext.api_nonce n"
		"  WHERE n.hash = $1 AND n.kind = 'email_verify' AND n.expires_at > $2 RETURNING n.user_id, n.email)"
		" UPDATE portatext.api_user u SET email_verified_at = $2, new_email = NULL, email = COALESCE(u.new_email, u.email)"
		" FROM used WHERE u.user_id = used.user_id AND lower(COALESCE(u.new_email, u.email)) = used.email"
		"  AND NOT EXISTS (SELECT FROM portatext.api_user o WHERE lower(o.email) = used.email AND o.user_id <> u.user_id)"
		" RETURNING u.user_id",
		2, {BYTEAOID, TIMESTAMPTZOID}
	};
	Datum		values[2];

	(void) use_nonce(&plan, SPI_OK_UPDATE_RETURNING, PG_GETARG_TEXT_PP(0), values);
	PG_RETURN_VOID();
}
