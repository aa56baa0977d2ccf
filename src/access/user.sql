-- Users, passwords, sessions, nonces, the profile.

-- What the functions here share.

CREATE FUNCTION portatext.access_secret(prefix text, length int) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_access_secret';
COMMENT ON FUNCTION portatext.access_secret(text, int) IS
    'Internal: the prefix and so many random characters out of 62.';

CREATE FUNCTION portatext.password_verifier(password text) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_password_verifier_sql';
COMMENT ON FUNCTION portatext.password_verifier(text) IS
    'Internal: the SCRAM-SHA-256 verifier of a password of 8 characters to 512 bytes.';

CREATE FUNCTION portatext.access_require(rights text[]) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_access_require';
COMMENT ON FUNCTION portatext.access_require(text[]) IS
    'Internal: raises unless the request has all of these rights; outside of requests it has.';

CREATE FUNCTION portatext.access_user() RETURNS bigint
    LANGUAGE c STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_access_user';
COMMENT ON FUNCTION portatext.access_user() IS
    'Internal: who has logged in, or else the account''s first user.';

CREATE FUNCTION portatext.api_refuse(status int, message text) RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_api_refuse';
COMMENT ON FUNCTION portatext.api_refuse(int, text) IS
    'Internal: the answer with this HTTP status (as in PTnnn) of a request that fails, and is not rolled back.';
GRANT EXECUTE ON FUNCTION portatext.api_refuse(int, text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext.require_email(email text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF email IS NULL OR email !~ '^[^@[:space:]]+@[^@[:space:]]+$' OR octet_length(email) > 254 THEN
        RAISE EXCEPTION '"%" is not an e-mail address', left(email, 100) USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.require_email(text) IS 'Internal: raises unless it looks like an e-mail address.';

-- Users.

CREATE FUNCTION portatext.create_user(
        email text, password text, first_name text DEFAULT '', last_name text DEFAULT '', language text DEFAULT 'en')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM portatext.require_email(email);
    IF password IS NULL THEN
        RAISE EXCEPTION 'the password is missing' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF language !~ '^[a-z]{2}$' THEN
        RAISE EXCEPTION '"%" is not a language', language USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Two letters of ISO 639-1.';
    END IF;
    INSERT INTO portatext.api_user (account_id, email, secret, first_name, last_name, language)
        VALUES (portatext.current_account(), email, portatext.password_verifier(password),
                COALESCE(first_name, ''), COALESCE(last_name, ''), COALESCE(language, 'en'))
        ON CONFLICT DO NOTHING
        RETURNING user_id INTO made;
    IF made IS NULL THEN
        RAISE EXCEPTION 'there is a user with the address "%"', email USING ERRCODE = 'duplicate_object';
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.create_user(text, text, text, text, text) IS
    'Makes a user of the current account (act_as()), who can log in to the API, and returns the number. The password has at least 8 characters; language is ISO 639-1. For operators.';
GRANT EXECUTE ON FUNCTION portatext.create_user(text, text, text, text, text) TO portatext_operator;

CREATE FUNCTION portatext.log_in(email text DEFAULT NULL, password text DEFAULT NULL) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_log_in';
COMMENT ON FUNCTION portatext.log_in(text, text) IS
    'A session token, or null when address and password do not belong together; without arguments they are read from the request''s Authorization. After ten wrong passwords none is right for 15 minutes. For requests of the API, and operators.';
GRANT EXECUTE ON FUNCTION portatext.log_in(text, text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext.log_out() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_log_out';
COMMENT ON FUNCTION portatext.log_out() IS 'Ends the session whose token the request has; false: it has none.';
GRANT EXECUTE ON FUNCTION portatext.log_out() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.change_password(old_password text, new_password text) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_change_password';
COMMENT ON FUNCTION portatext.change_password(text, text) IS
    'Changes the password of who has logged in, or else of the account''s first user, and ends the other sessions; event account.password_changed. False: the old password is wrong, which counts as in log_in(). For requests of the API, and operators.';
GRANT EXECUTE ON FUNCTION portatext.change_password(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.request_password_reset(email text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_request_password_reset';
COMMENT ON FUNCTION portatext.request_password_reset(text) IS
    'Makes a nonce to be mailed, if a user has the address; it says nothing about that. At most five in an hour for an address.';
GRANT EXECUTE ON FUNCTION portatext.request_password_reset(text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext.reset_password(nonce text, new_password text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_reset_password';
COMMENT ON FUNCTION portatext.reset_password(text, text) IS
    'Sets the password of the user to whom the nonce was mailed, and ends all sessions; event account.password_changed. Raises undefined_object for a nonce that is not valid.';
GRANT EXECUTE ON FUNCTION portatext.reset_password(text, text) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext.add_email_nonce(user_id bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_add_email_nonce';
COMMENT ON FUNCTION portatext.add_email_nonce(bigint) IS
    'Internal: makes a nonce to be mailed to the address of the user that waits to be verified.';

CREATE FUNCTION portatext.request_email_verification() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT portatext.add_email_nonce(portatext.access_user()) $$;
COMMENT ON FUNCTION portatext.request_email_verification() IS
    'Makes a nonce to be mailed to the address that waits to be verified. At most five in an hour for an address.';
GRANT EXECUTE ON FUNCTION portatext.request_email_verification() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.verify_email(nonce text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_verify_email';
COMMENT ON FUNCTION portatext.verify_email(text) IS
    'The address to which the nonce was mailed is verified, and is the one to log in with. Raises undefined_object for a nonce that is not valid.';
GRANT EXECUTE ON FUNCTION portatext.verify_email(text) TO portatext_anonymous, portatext_account, portatext_operator;

-- The profile.

CREATE FUNCTION portatext.profile() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_build_object(
        'first_name', u.first_name, 'last_name', u.last_name,
        'email', COALESCE(u.new_email, u.email),
        'email_verified', u.new_email IS NULL AND u.email_verified_at IS NOT NULL,
        'company', COALESCE(p.company, ''), 'callback_url', p.callback_url,
        'timezone', a.timezone, 'language', u.language)
    FROM portatext.account a
    LEFT JOIN portatext.api_profile p USING (account_id)
    CROSS JOIN portatext.api_user u
    WHERE a.account_id = portatext.current_account() AND u.user_id = portatext.access_user()
$$;
COMMENT ON FUNCTION portatext.profile() IS
    'first_name, last_name, email, email_verified and language of who has logged in, or else of the account''s first user; company, callback_url and timezone of the account.';
GRANT EXECUTE ON FUNCTION portatext.profile() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.check_profile(changes jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    wrong text;
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'the profile is no object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.key INTO wrong FROM jsonb_each(changes) c
        WHERE c.key NOT IN ('first_name', 'last_name', 'email', 'company', 'callback_url', 'timezone', 'language')
           OR jsonb_typeof(c.value) <> 'string' AND NOT (c.key = 'callback_url' AND jsonb_typeof(c.value) = 'null')
           OR octet_length(c.value #>> '{}') > 1000
           OR c.key = 'language' AND c.value #>> '{}' !~ '^[a-z]{2}$'
           OR c.key = 'callback_url' AND c.value #>> '{}' !~ '^https?://[^[:space:]]+$'
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'profile: "%" is not valid', wrong USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are the texts first_name, last_name, email, company, callback_url (http or https; null: none), timezone and language (two letters of ISO 639-1).';
    END IF;
    IF changes ? 'email' THEN
        PERFORM portatext.require_email(changes ->> 'email');
    END IF;
    IF changes ? 'timezone' AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = changes ->> 'timezone') THEN
        RAISE EXCEPTION 'time zone "%" is not known', changes ->> 'timezone' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The view pg_timezone_names lists them.';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.check_profile(jsonb) IS 'Internal: raises unless set_profile() can do with it.';

CREATE FUNCTION portatext.set_profile(changes jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mine constant bigint := portatext.current_account();
    me constant bigint := portatext.access_user();
    login text;
    before jsonb;
    after jsonb;
    changed jsonb;
BEGIN
    PERFORM portatext.check_profile(changes);
    SELECT u.email INTO login FROM portatext.api_user u WHERE u.user_id = me FOR UPDATE;
    before := portatext.profile();
    UPDATE portatext.api_user u SET
        first_name = COALESCE(changes ->> 'first_name', u.first_name),
        last_name = COALESCE(changes ->> 'last_name', u.last_name),
        language = COALESCE(changes ->> 'language', u.language),
        -- Only its owner can say that the address is theirs (verify_email).
        new_email = CASE WHEN lower(changes ->> 'email') = lower(u.email) THEN NULL ELSE COALESCE(changes ->> 'email', u.new_email) END
        WHERE u.user_id = me;
    INSERT INTO portatext.api_profile AS p (account_id, company, callback_url)
        VALUES (mine, COALESCE(changes ->> 'company', ''), changes ->> 'callback_url')
        ON CONFLICT (account_id) DO UPDATE SET
            company = COALESCE(changes ->> 'company', p.company),
            callback_url = CASE WHEN changes ? 'callback_url' THEN changes ->> 'callback_url' ELSE p.callback_url END;
    -- Every statement on this table makes all processes read it again.
    IF before ->> 'timezone' <> changes ->> 'timezone' THEN
        UPDATE portatext.account a SET timezone = changes ->> 'timezone' WHERE a.account_id = mine;
    END IF;
    after := portatext.profile();
    SELECT jsonb_agg(a.key ORDER BY a.key) INTO changed FROM jsonb_each(after) a
        WHERE a.key <> 'email_verified' AND a.value IS DISTINCT FROM before -> a.key;
    IF changed IS NOT NULL THEN
        INSERT INTO portatext.event (account_id, type, subject, payload)
            VALUES (mine, 'account.profile_changed', me::text,
                    jsonb_build_object('changed', changed, 'email', after -> 'email', 'old_email', login));
    END IF;
    RETURN after;
END
$$;
COMMENT ON FUNCTION portatext.set_profile(jsonb) IS
    'Changes what is named of profile(), and returns all of it; event account.profile_changed (what was changed, the address of the profile, and the one to log in with, both to be told). A new e-mail address is the one to log in with when it has been verified. A null callback_url takes it away.';
GRANT EXECUTE ON FUNCTION portatext.set_profile(jsonb) TO portatext_account, portatext_operator;
