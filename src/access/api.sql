-- The API: who one is.  The first five functions need no credentials.

CREATE FUNCTION portatext_api.login(email text DEFAULT NULL, password text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
    SELECT CASE WHEN t.token IS NULL
                THEN portatext.api_refuse(401, 'e-mail address and password do not belong together')
                ELSE pg_catalog.jsonb_build_object('token', t.token) END
        FROM (SELECT portatext.log_in(email, password) AS token OFFSET 0) t
$$;
COMMENT ON FUNCTION portatext_api.login(text, text) IS
'Log in

With the header Authorization: Basic, or with e-mail address and password in the body. Answers {"token"}, to be sent in the header X-Session-Token; or with status 401. After ten wrong passwords none is right for a quarter of an hour.';
GRANT EXECUTE ON FUNCTION portatext_api.login(text, text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.request_password_reset(email text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
    SELECT '{"requested": true}'::pg_catalog.jsonb FROM (SELECT portatext.request_password_reset(email) OFFSET 0) t
$$;
COMMENT ON FUNCTION portatext_api.request_password_reset(text) IS
'Have a nonce mailed that resets the password

The answer is the same whether there is such a user or not.';
GRANT EXECUTE ON FUNCTION portatext_api.request_password_reset(text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.reset_password(nonce text, new_password text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
    SELECT '{"changed": true}'::pg_catalog.jsonb FROM (SELECT portatext.reset_password(nonce, new_password) OFFSET 0) t
$$;
COMMENT ON FUNCTION portatext_api.reset_password(text, text) IS
'Set a new password with a nonce that was mailed

A nonce is good once, and for a while only; another one is answered with status 404. All sessions end.';
GRANT EXECUTE ON FUNCTION portatext_api.reset_password(text, text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.verify_email(nonce text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
    SELECT '{"verified": true}'::pg_catalog.jsonb FROM (SELECT portatext.verify_email(nonce) OFFSET 0) t
$$;
COMMENT ON FUNCTION portatext_api.verify_email(text) IS
'Verify an e-mail address with a nonce that was mailed

A nonce is good once, and for a while only; another one is answered with status 404.';
GRANT EXECUTE ON FUNCTION portatext_api.verify_email(text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.logout() RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
    SELECT pg_catalog.jsonb_build_object('ended', portatext.log_out())
$$;
COMMENT ON FUNCTION portatext_api.logout() IS
'Log out

Ends the session of the header X-Session-Token; ended is false when the request came with other credentials.';
GRANT EXECUTE ON FUNCTION portatext_api.logout() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.change_password(old_password text, new_password text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT CASE WHEN t.done THEN '{"changed": true}'::pg_catalog.jsonb
                ELSE portatext.api_refuse(403, 'the old password is wrong') END
        FROM (SELECT portatext.change_password(old_password, new_password) AS done OFFSET 0) t
$$;
COMMENT ON FUNCTION portatext_api.change_password(text, text) IS
'Change the password

Of who has logged in, or of the account''s first user. A password has at least 8 characters. The user''s other sessions end.';
GRANT EXECUTE ON FUNCTION portatext_api.change_password(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.request_email_verification() RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT '{"requested": true}'::pg_catalog.jsonb FROM (SELECT portatext.request_email_verification() OFFSET 0) t
$$;
COMMENT ON FUNCTION portatext_api.request_email_verification() IS
'Have a nonce mailed that verifies the e-mail address

To the address of the profile.';
GRANT EXECUTE ON FUNCTION portatext_api.request_email_verification() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.profile() RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.profile()
$$;
COMMENT ON FUNCTION portatext_api.profile() IS
'Who has logged in

first_name, last_name, email, email_verified and language of the user (with an API key: of the account''s first), company, callback_url and timezone of the account.';
GRANT EXECUTE ON FUNCTION portatext_api.profile() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.set_profile(profile jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT portatext.set_profile(profile)
$$;
COMMENT ON FUNCTION portatext_api.set_profile(jsonb) IS
'Change the profile

What is named in profile is changed, and the answer is all of it. A new e-mail address must be verified before one can log in with it; null takes callback_url away.';
GRANT EXECUTE ON FUNCTION portatext_api.set_profile(jsonb) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.create_api_key(
        name text, rights portatext.api_right[] DEFAULT '{read,send,manage,account}', addresses cidr[] DEFAULT NULL,
        requests_per_minute int DEFAULT NULL, expires_at timestamptz DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT pg_catalog.jsonb_build_object('api_key', portatext.create_api_key(name, rights, addresses, requests_per_minute, expires_at))
$$;
COMMENT ON FUNCTION portatext_api.create_api_key(text, portatext.api_right[], cidr[], int, timestamptz) IS
'Make an API key

The answer {"api_key"} shows it this once. It may do what rights says (read, send, manage, account), from the networks in addresses, or else from those of the ACL.';
GRANT EXECUTE ON FUNCTION portatext_api.create_api_key(text, portatext.api_right[], cidr[], int, timestamptz) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.revoke_api_key(key_id bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT '{"revoked": true}'::pg_catalog.jsonb FROM (SELECT portatext.revoke_api_key(key_id) OFFSET 0) t
$$;
COMMENT ON FUNCTION portatext_api.revoke_api_key(bigint) IS
'Revoke an API key

It is good no more, from the next request on.';
GRANT EXECUTE ON FUNCTION portatext_api.revoke_api_key(bigint) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.api_keys WITH (security_invoker, security_barrier) AS
    SELECT k.key_id, k.name, k.prefix, k.rights, k.addresses, k.requests_per_minute,
           k.created_at, k.expires_at, k.revoked_at, k.last_used_at
    FROM portatext.api_key k;
COMMENT ON VIEW portatext_api.api_keys IS
'API keys

Without the keys themselves, which are shown when they are made.';
COMMENT ON COLUMN portatext_api.api_keys.prefix IS 'The beginning of the key, to recognise it by.';
COMMENT ON COLUMN portatext_api.api_keys.addresses IS 'Networks from which the key is good; null: those of the ACL.';
COMMENT ON COLUMN portatext_api.api_keys.requests_per_minute IS 'Null: what is usual.';
COMMENT ON COLUMN portatext_api.api_keys.last_used_at IS 'Some seconds late.';
GRANT SELECT ON portatext_api.api_keys TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.acl WITH (security_invoker, security_barrier) AS
    SELECT pg_catalog.host(a.network) AS ip, pg_catalog.masklen(a.network) AS netmask, a.description, a.ord AS position
    FROM portatext.api_acl a;
COMMENT ON VIEW portatext_api.acl IS
'Networks from which API keys without addresses of their own are good

Without entries they are good nowhere.';
COMMENT ON COLUMN portatext_api.acl.netmask IS 'Length of the prefix.';
COMMENT ON COLUMN portatext_api.acl.position IS 'Place in the list.';
GRANT SELECT ON portatext_api.acl TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.set_acl(acl jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT portatext.set_api_acl(acl)
$$;
COMMENT ON FUNCTION portatext_api.set_acl(jsonb) IS
'Say from where API keys are good

Replaces the whole list: [{"ip": "192.0.2.0", "netmask": 24, "description": "office"}]. 0.0.0.0 with netmask 0 is everywhere.';
GRANT EXECUTE ON FUNCTION portatext_api.set_acl(jsonb) TO portatext_account, portatext_operator;
