-- API keys, the networks they may come from, and the opening of an account.

CREATE FUNCTION portatext.create_api_key(
        name text,
        rights portatext.api_right[] DEFAULT '{read,send,manage,account}',
        addresses cidr[] DEFAULT NULL,
        requests_per_minute int DEFAULT NULL,
        expires_at timestamptz DEFAULT NULL)
    RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    start constant text := portatext.access_secret('pt_', 8);
    made constant text := start || portatext.access_secret('_', 32);
    most constant int := current_setting('portatext.api_requests_per_minute')::int;
BEGIN
    IF COALESCE(name, '') = '' OR octet_length(name) > 1000 THEN
        RAISE EXCEPTION 'the key needs a name' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It has at most 1000 bytes.';
    END IF;
    IF COALESCE(cardinality(rights), 0) = 0 OR array_position(rights, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'the key needs a right' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are read, send, manage and account.';
    END IF;
    IF array_position(addresses, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'an address is null' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF requests_per_minute < 1 OR requests_per_minute > most AND NOT portatext.is_operator() THEN
        RAISE EXCEPTION 'requests_per_minute is not from 1 to %', most USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Operators can allow more.';
    END IF;
    -- Nobody gives away more than they have.
    PERFORM portatext.access_require(rights::text[]);
    INSERT INTO portatext.api_key (account_id, name, prefix, hash, rights, addresses, requests_per_minute, expires_at)
        VALUES (portatext.current_account(), name, start, sha256(convert_to(made, 'UTF8')),
                ARRAY(SELECT DISTINCT r FROM unnest(rights) r ORDER BY r), addresses, requests_per_minute, expires_at);
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.create_api_key(text, portatext.api_right[], cidr[], int, timestamptz) IS
    'Makes an API key and returns it; it is shown this once. addresses: networks that it may come from (null: those of set_api_acl()); requests_per_minute: null for portatext.api_requests_per_minute. A request can give only rights that it has.';
GRANT EXECUTE ON FUNCTION portatext.create_api_key(text, portatext.api_right[], cidr[], int, timestamptz) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.revoke_api_key(key_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    UPDATE portatext.api_key k SET revoked_at = COALESCE(k.revoked_at, portatext.now())
        WHERE k.key_id = revoke_api_key.key_id AND k.account_id = portatext.current_account();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'API key % does not exist', key_id USING ERRCODE = 'undefined_object';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.revoke_api_key(bigint) IS
    'The key is good no more, from the next request on. Raises undefined_object if the account has no such key.';
GRANT EXECUTE ON FUNCTION portatext.revoke_api_key(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.api_network(entry jsonb) RETURNS cidr
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    address inet;
    bits int;
BEGIN
    IF jsonb_typeof(entry -> 'ip') IS DISTINCT FROM 'string' OR entry ->> 'ip' ~ '/' THEN
        RAISE EXCEPTION 'ip' USING ERRCODE = 'invalid_text_representation';
    END IF;
    address := (entry ->> 'ip')::inet;
    bits := COALESCE((entry ->> 'netmask')::int, masklen(address));
    RETURN network(set_masklen(address, bits));
EXCEPTION
    WHEN data_exception THEN
        RAISE EXCEPTION '% is not an address with a netmask', left(entry::text, 100) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example {"ip": "192.0.2.0", "netmask": 24, "description": "office"}; netmask is the length of the prefix.';
END
$$;
COMMENT ON FUNCTION portatext.api_network(jsonb) IS
    'Internal: the network of an entry of set_api_acl(), whose address may have host bits.';

CREATE FUNCTION portatext.api_acl_entries() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(jsonb_agg(jsonb_build_object('ip', host(a.network), 'netmask', masklen(a.network),
                                                 'description', a.description) ORDER BY a.ord), '[]')
        FROM portatext.api_acl a WHERE a.account_id = portatext.current_account()
$$;
COMMENT ON FUNCTION portatext.api_acl_entries() IS 'The account''s networks as set_api_acl() takes them.';
GRANT EXECUTE ON FUNCTION portatext.api_acl_entries() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.set_api_acl(acl jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mine constant bigint := portatext.current_account();
    before jsonb;
    after jsonb;
BEGIN
    IF jsonb_typeof(acl) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'the ACL is no array' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF jsonb_array_length(acl) > 1000 THEN
        RAISE EXCEPTION 'the ACL has more than 1000 entries' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    PERFORM FROM portatext.account a WHERE a.account_id = mine FOR NO KEY UPDATE;   -- one at a time
    before := portatext.api_acl_entries();
    DELETE FROM portatext.api_acl a WHERE a.account_id = mine;
    INSERT INTO portatext.api_acl (account_id, network, description, ord)
        SELECT mine, portatext.api_network(e.entry), left(COALESCE(e.entry ->> 'description', ''), 1000), e.ord
            FROM jsonb_array_elements(acl) WITH ORDINALITY e (entry, ord)
            ORDER BY e.ord
        ON CONFLICT DO NOTHING;
    SELECT COALESCE(jsonb_agg(jsonb_build_object('ip', host(a.network), 'netmask', masklen(a.network),
                                                 'description', a.description) ORDER BY a.ord), '[]')
        INTO after FROM portatext.api_acl a WHERE a.account_id = mine;
    IF after <> before THEN
        INSERT INTO portatext.event (account_id, type, payload)
            VALUES (mine, 'account.acl_changed', jsonb_build_object('acl', after, 'old_acl', before));
    END IF;
    RETURN after;
END
$$;
COMMENT ON FUNCTION portatext.set_api_acl(jsonb) IS
    'Replaces the networks from which the account''s API keys are good, and returns them: an array of {"ip", "netmask", "description"}; netmask is a prefix length, and bits of the host are cleared. 0.0.0.0 with netmask 0 is everywhere; without entries keys are good nowhere. Event account.acl_changed.';
GRANT EXECUTE ON FUNCTION portatext.set_api_acl(jsonb) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.open_account(
        name text, email text, password text, first_name text DEFAULT '', last_name text DEFAULT '',
        company text DEFAULT '', timezone text DEFAULT 'UTC', language text DEFAULT 'en',
        kind portatext.account_kind DEFAULT 'prepaid', carrier text DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    before constant text := NULLIF(current_setting('portatext.account_id', true), '');
    made constant bigint := portatext.create_account(name, kind, NULL, false, carrier, timezone);
    user_id bigint;
    key text;
BEGIN
    PERFORM portatext.act_as(made);
    user_id := portatext.create_user(email, password, first_name, last_name, language);
    key := portatext.create_api_key(name);
    PERFORM portatext.note_opening(email, company);
    PERFORM portatext.request_email_verification();
    PERFORM portatext.act_as(before::bigint);
    RETURN jsonb_build_object('account_id', made, 'user_id', user_id, 'api_key', key);
END
$$;
COMMENT ON FUNCTION portatext.open_account(text, text, text, text, text, text, text, text, portatext.account_kind, text) IS
    'Signs a customer up: an account without credits, a user, an API key, which is good from nowhere until set_api_acl() says from where, and a nonce to verify the e-mail address; returns account_id, user_id and api_key, which is shown this once. Event account.opened. For operators.';
GRANT EXECUTE ON FUNCTION portatext.open_account(text, text, text, text, text, text, text, text, portatext.account_kind, text) TO portatext_operator;

CREATE FUNCTION portatext.note_opening(email text, company text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.api_profile (account_id, company)
        VALUES (portatext.current_account(), COALESCE(company, ''));
    INSERT INTO portatext.event (account_id, type, payload)
        SELECT a.account_id, 'account.opened', jsonb_build_object('name', a.name, 'email', email)
            FROM portatext.account a WHERE a.account_id = portatext.current_account()
$$;
COMMENT ON FUNCTION portatext.note_opening(text, text) IS 'Internal: the part of open_account() that operators cannot do.';
GRANT EXECUTE ON FUNCTION portatext.note_opening(text, text) TO portatext_operator;
