-- Handlers of the SDKs' paths (rest.sql): who logs in, profile, password, settings, ACL.

-- Settings of rooms that are not built yet, so that they are there when these are.

CREATE TABLE portatext.api_setting (
    account_id bigint NOT NULL REFERENCES portatext.account,
    name text NOT NULL,
    value jsonb NOT NULL,
    PRIMARY KEY (account_id, name)
);
COMMENT ON TABLE portatext.api_setting IS
    'Settings of an account that nothing heeds yet, kept for automatic recharges and notifications by Amazon SNS (rest_kept_settings()); read by nobody but the owner, for there are secrets among them.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_setting', '');

CREATE FUNCTION portatext.rest_kept_settings(OUT name text, OUT kind text, OUT initial jsonb) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    VALUES ('autorecharge_enabled', 'off', 'false'::jsonb), ('autorecharge_when_credit', 'credits', 'null'), ('autorecharge_total', 'credits', 'null'),
           ('default_card_id', 'card', 'null'),
           ('sns_publish_enabled', 'off', 'false'), ('sns_access_key', 'text', 'null'), ('sns_access_secret', 'secret', 'null'), ('sns_topic', 'text', 'null');
$$;
COMMENT ON FUNCTION portatext.rest_kept_settings() IS
    'Internal: the settings in portatext.api_setting, and what they are before they are set. kind: off (a switch that cannot be on yet), card (there are none yet), credits and text (or null), secret (a text that is never shown).';

CREATE FUNCTION portatext.rest_check_setting(name text, kind text, value jsonb) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE kind
        WHEN 'off' THEN portatext.rest_check(jsonb_typeof(value) = 'boolean', 400, concat(name, ' is not true or false'))
                    AND portatext.rest_check(value = 'false', 403, concat(name, ' is not offered yet'))
        WHEN 'card' THEN portatext.rest_check(value = 'null', 403, concat(name, ': cards are not offered yet'))
        WHEN 'credits' THEN portatext.rest_check(value = 'null' OR CASE WHEN jsonb_typeof(value) = 'number' THEN value >= '0' AND value < '1000000000000' END,
                                                 400, concat(name, ' is not a number of credits'))
        ELSE portatext.rest_check(value = 'null' OR jsonb_typeof(value) = 'string' AND octet_length(value #>> '{}') <= 1000,
                                  400, concat(name, ' is not a text of at most 1000 bytes')) END;
$$;
COMMENT ON FUNCTION portatext.rest_check_setting(text, text, jsonb) IS
    'Internal: true if the setting can have the value; else ends the request with status 400, or with 403 when what it switches on is not offered yet.';

CREATE FUNCTION portatext.rest_amd(settings jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_object_agg(CASE WHEN starts_with(e.key, 'amd_') THEN e.key ELSE 'amd_' || e.key END, e.value)
        FROM jsonb_each(portatext.set_amd(settings)) e;
$$;
COMMENT ON FUNCTION portatext.rest_amd(jsonb) IS
    'Internal: changes settings of the detection of answering machines (null: none) and gives all of them as the SDKs call them (TEL-06).';

CREATE FUNCTION portatext.rest_show_settings() RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.account_settings() || portatext.rest_amd(NULL) || jsonb_object_agg(k.name, COALESCE(s.value, k.initial))
        FROM portatext.rest_kept_settings() k
        LEFT JOIN portatext.api_setting s ON s.name = k.name AND s.account_id = (SELECT portatext.current_account())
        WHERE k.kind <> 'secret';
$$;
COMMENT ON FUNCTION portatext.rest_show_settings() IS
    'Internal: all settings of the caller''s account as the SDKs know them, but for the secret one.';

CREATE FUNCTION portatext.rest_keep_settings(changes jsonb) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH kept AS (
        INSERT INTO portatext.api_setting AS s (account_id, name, value)
            SELECT portatext.current_account(), k.name, changes -> k.name FROM portatext.rest_kept_settings() k
            WHERE changes ? k.name AND portatext.rest_check_setting(k.name, k.kind, changes -> k.name)
            ON CONFLICT ON CONSTRAINT api_setting_pkey DO UPDATE SET value = EXCLUDED.value
            RETURNING 1)
    SELECT count(*) FROM kept;
$$;
COMMENT ON FUNCTION portatext.rest_keep_settings(jsonb) IS
    'Internal: keeps those of the settings that belong into portatext.api_setting; how many they are.';

CREATE FUNCTION portatext.rest_needs(body jsonb, name text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN portatext.rest_check(jsonb_typeof(body -> name) = 'string', 400, concat(name, ' is missing, or is not a text'))
                THEN body ->> name END;
$$;
COMMENT ON FUNCTION portatext.rest_needs(jsonb, text) IS
    'Internal: a member of a body that must be there as a text; else the request ends with status 400.';

CREATE FUNCTION portatext.rest_profile() RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM portatext.api_user u WHERE u.account_id = a.account_id) THEN portatext.profile()
                ELSE jsonb_build_object('company', COALESCE(p.company, ''), 'callback_url', p.callback_url, 'timezone', a.timezone) END
        FROM portatext.account a LEFT JOIN portatext.api_profile p USING (account_id)
        WHERE a.account_id = portatext.current_account();
$$;
COMMENT ON FUNCTION portatext.rest_profile() IS
    'Internal: profile(); of an account without users only what is the account''s.';
GRANT EXECUTE ON FUNCTION portatext.rest_show_settings(), portatext.rest_amd(jsonb), portatext.rest_keep_settings(jsonb), portatext.rest_profile() TO portatext_account;
GRANT EXECUTE ON FUNCTION portatext.rest_needs(jsonb, text) TO portatext_account, portatext_anonymous;

-- Logging in.

CREATE FUNCTION portatext.rest_login(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
    SELECT CASE WHEN t.token IS NULL THEN portatext.api_refuse(401, 'e-mail address and password do not belong together')
                ELSE jsonb_build_object('token', t.token) END
        FROM (SELECT portatext.log_in() OFFSET 0) t (token)
$$;
COMMENT ON FUNCTION portatext.rest_login(jsonb, bytea) IS
    'Handler: POST login, with the header Authorization: Basic.';

-- Who one is.

CREATE FUNCTION portatext.rest_me(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_profile() || jsonb_build_object('credits', portatext.balance())
$$;
COMMENT ON FUNCTION portatext.rest_me(jsonb, bytea) IS
    'Handler: GET me: the profile of who has logged in (with an API key: of the account''s first user), and the account''s credits.';

CREATE FUNCTION portatext.rest_me_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right account
    SELECT portatext.set_profile(request -> 'body') || jsonb_build_object('credits', portatext.balance())
$$;
COMMENT ON FUNCTION portatext.rest_me_change(jsonb, bytea) IS
    'Handler: PUT me: changes what the body names.';

CREATE FUNCTION portatext.rest_password_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right account
    SELECT CASE WHEN c.done THEN '{}'::jsonb ELSE portatext.api_refuse(403, 'the old password is wrong') END
        FROM (SELECT portatext.change_password(portatext.rest_needs(request -> 'body', 'old_password'),
                                               portatext.rest_needs(request -> 'body', 'new_password')) OFFSET 0) c (done)
$$;
COMMENT ON FUNCTION portatext.rest_password_change(jsonb, bytea) IS 'Handler: PUT me/password.';

CREATE FUNCTION portatext.rest_password_ask(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
    SELECT '{}'::jsonb FROM (SELECT portatext.request_password_reset(portatext.rest_needs(request -> 'body', 'email')) OFFSET 0) r
$$;
COMMENT ON FUNCTION portatext.rest_password_ask(jsonb, bytea) IS
    'Handler: POST me/password/reset: the same answer whether there is such a user or not (API-06).';

CREATE FUNCTION portatext.rest_password_reset(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
    SELECT '{}'::jsonb FROM (SELECT portatext.reset_password(request #>> '{path,nonce}',
                                        portatext.rest_needs(request -> 'body', 'new_password')) OFFSET 0) r
$$;
COMMENT ON FUNCTION portatext.rest_password_reset(jsonb, bytea) IS 'Handler: PUT me/password/reset/{nonce}.';

CREATE FUNCTION portatext.rest_email_ask(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right account
    SELECT '{}'::jsonb FROM (SELECT portatext.request_email_verification() OFFSET 0) r
$$;
COMMENT ON FUNCTION portatext.rest_email_ask(jsonb, bytea) IS 'Handler: POST me/email_verify.';

CREATE FUNCTION portatext.rest_email_verify(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
    SELECT '{}'::jsonb FROM (SELECT portatext.verify_email(request #>> '{path,nonce}') OFFSET 0) r
$$;
COMMENT ON FUNCTION portatext.rest_email_verify(jsonb, bytea) IS 'Handler: PUT me/email_verify/{nonce}.';

-- Settings and ACL.

CREATE FUNCTION portatext.rest_settings(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_show_settings()
$$;
COMMENT ON FUNCTION portatext.rest_settings(jsonb, bytea) IS
    'Handler: GET me/settings: all settings but sns_access_secret, which is never shown.';

CREATE FUNCTION portatext.rest_settings_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right account
    SELECT CASE WHEN s.done IS NOT NULL THEN portatext.rest_show_settings() END
        FROM (SELECT portatext.rest_keep_settings(request -> 'body'),
                     portatext.rest_amd((SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(request -> 'body') e
                                         WHERE starts_with(e.key, 'amd_'))) OFFSET 0) k (n, amd)
        CROSS JOIN LATERAL (SELECT portatext.account_settings(
                                       (request -> 'body') - CASE WHEN k.n >= 0 AND k.amd IS NOT NULL THEN
                                           ARRAY(SELECT x.name FROM portatext.rest_kept_settings() x
                                                 UNION ALL SELECT a FROM jsonb_object_keys(k.amd) a) END)
                            OFFSET 0) s (done)
$$;
COMMENT ON FUNCTION portatext.rest_settings_change(jsonb, bytea) IS
    'Handler: PATCH me/settings: changes the settings that the body names and answers with all. Those of rooms that are not built yet are kept and shown; what they would switch on is refused.';

CREATE FUNCTION portatext.rest_acl(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('acl', portatext.api_acl_entries())
$$;
COMMENT ON FUNCTION portatext.rest_acl(jsonb, bytea) IS 'Handler: GET acl.';

CREATE FUNCTION portatext.rest_acl_set(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right account
    SELECT jsonb_build_object('acl', portatext.set_api_acl(request #> '{body,acl}'))
$$;
COMMENT ON FUNCTION portatext.rest_acl_set(jsonb, bytea) IS
    'Handler: PUT acl: replaces the networks from which API keys are good.';
GRANT EXECUTE ON FUNCTION portatext.rest_login(jsonb, bytea), portatext.rest_password_ask(jsonb, bytea),
    portatext.rest_password_reset(jsonb, bytea), portatext.rest_email_verify(jsonb, bytea) TO portatext_account, portatext_anonymous;
GRANT EXECUTE ON FUNCTION portatext.rest_kept_settings(), portatext.rest_me(jsonb, bytea), portatext.rest_me_change(jsonb, bytea),
    portatext.rest_password_change(jsonb, bytea), portatext.rest_email_ask(jsonb, bytea), portatext.rest_settings(jsonb, bytea),
    portatext.rest_settings_change(jsonb, bytea), portatext.rest_acl(jsonb, bytea), portatext.rest_acl_set(jsonb, bytea)
    TO portatext_account;
