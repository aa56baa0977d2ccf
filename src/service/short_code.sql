-- room: service.  The operator's short codes, and what accounts may see of them.

CREATE VIEW portatext.short_codes WITH (security_barrier) AS
    SELECT c.short_code_id, c.code, c.country, c.countries, c.carriers, c.international_carriers,
           c.contact_email, c.contact_phone
        FROM portatext.short_code c
        WHERE portatext.sees_all()
           OR EXISTS (SELECT FROM portatext.service s WHERE s.short_code_id = c.short_code_id);
COMMENT ON VIEW portatext.short_codes IS
    'The short codes that the caller''s services are on; for operators all.';
GRANT SELECT ON portatext.short_codes TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.check_short_code(c portatext.short_code) RETURNS portatext.short_code
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    c.country := upper(c.country);
    c.countries := COALESCE((SELECT array_agg(DISTINCT upper(x) ORDER BY upper(x)) FROM unnest(c.countries) x), ARRAY[c.country]);
    IF c.code::text !~ '^[0-9]{5,6}$' THEN
        RAISE EXCEPTION 'short code "%" does not have 5 or 6 digits', c.code
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Longer numbers are given to accounts with assign_did().';
    END IF;
    IF EXISTS (SELECT FROM unnest(c.countries || c.country) x WHERE x !~ '^[A-Z]{2}$') THEN
        RAISE EXCEPTION 'country "%" is not a code of two letters',
            (SELECT x FROM unnest(c.country || c.countries) x WHERE x !~ '^[A-Z]{2}$' LIMIT 1)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Countries are named by ISO 3166, such as US.';
    END IF;
    IF c.country <> ALL (c.countries) THEN
        RAISE EXCEPTION 'short code % does not serve its own country %', c.code, c.country
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name its own country among the countries it serves.';
    END IF;
    IF c.segments_per_second < 0 THEN
        RAISE EXCEPTION 'segments_per_second must not be negative' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    c.segments_per_second := NULLIF(c.segments_per_second, 0);
    RETURN c;
END
$$;
COMMENT ON FUNCTION portatext.check_short_code(portatext.short_code) IS
    'Internal: the row with its countries in upper case, and its own alone when none are named; raises what is wrong with it.';

CREATE FUNCTION portatext.create_short_code(
        country text, code text, countries text[] DEFAULT NULL, carrier text DEFAULT NULL,
        segments_per_second numeric DEFAULT NULL, carriers text DEFAULT NULL,
        international_carriers text DEFAULT NULL, contact_email text DEFAULT NULL, contact_phone text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    c portatext.short_code;
    id bigint;
BEGIN
    IF create_short_code.country IS NULL OR create_short_code.code IS NULL THEN
        RAISE EXCEPTION 'country and code must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    c.country := create_short_code.country;
    c.code := create_short_code.code;
    c.countries := create_short_code.countries;
    c.segments_per_second := create_short_code.segments_per_second;
    c := portatext.check_short_code(c);
    IF create_short_code.carrier IS NOT NULL THEN
        c.carrier_id := portatext.carrier_number(create_short_code.carrier);
    END IF;
    IF EXISTS (SELECT FROM portatext.did d WHERE d.number::text = c.code::text) THEN
        RAISE EXCEPTION '"%" is a number of an account', c.code
            USING ERRCODE = 'object_in_use', HINT = 'remove_did() takes it from the account.';
    END IF;
    INSERT INTO portatext.short_code AS s (country, code, countries, carrier_id, segments_per_second, carriers,
            international_carriers, contact_email, contact_phone)
        VALUES (c.country, c.code, c.countries, c.carrier_id, c.segments_per_second, create_short_code.carriers,
            create_short_code.international_carriers, create_short_code.contact_email, create_short_code.contact_phone)
        ON CONFLICT (code, country) DO NOTHING
        RETURNING s.short_code_id INTO id;
    IF id IS NULL THEN
        RAISE EXCEPTION 'short code % of % already exists', c.code, c.country
            USING ERRCODE = 'duplicate_object', HINT = 'alter_short_code() changes it.';
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.create_short_code(text, text, text[], text, numeric, text, text, text, text) IS
    'Operators: enters a short code (5 or 6 digits) of a country and returns its id. countries: those whose mobile numbers it serves, its own among them (SVC-11). carrier: the name of the one that takes its messages, and that tells codes with the same digits apart; null: any. segments_per_second: its own pace. The rest is for the disclosure (LAW-08).';
GRANT EXECUTE ON FUNCTION portatext.create_short_code(text, text, text[], text, numeric, text, text, text, text) TO portatext_operator;

CREATE FUNCTION portatext.alter_short_code(
        short_code_id bigint, countries text[] DEFAULT NULL, carrier text DEFAULT NULL,
        segments_per_second numeric DEFAULT NULL, carriers text DEFAULT NULL,
        international_carriers text DEFAULT NULL, contact_email text DEFAULT NULL, contact_phone text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    c portatext.short_code;
BEGIN
    SELECT * INTO c FROM portatext.short_code x WHERE x.short_code_id = alter_short_code.short_code_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'short code % does not exist', alter_short_code.short_code_id
            USING ERRCODE = 'undefined_object', HINT = 'The view portatext.short_codes lists them.';
    END IF;
    c.countries := COALESCE(alter_short_code.countries, c.countries);
    c.segments_per_second := COALESCE(alter_short_code.segments_per_second, c.segments_per_second);
    c := portatext.check_short_code(c);
    IF alter_short_code.carrier IS NOT NULL THEN
        c.carrier_id := CASE WHEN alter_short_code.carrier <> '' THEN portatext.carrier_number(alter_short_code.carrier) END;
    END IF;
    UPDATE portatext.short_code x SET
        countries = c.countries, carrier_id = c.carrier_id, segments_per_second = c.segments_per_second,
        carriers = COALESCE(alter_short_code.carriers, x.carriers),
        international_carriers = COALESCE(alter_short_code.international_carriers, x.international_carriers),
        contact_email = COALESCE(alter_short_code.contact_email, x.contact_email),
        contact_phone = COALESCE(alter_short_code.contact_phone, x.contact_phone)
        WHERE x.short_code_id = c.short_code_id;
END
$$;
COMMENT ON FUNCTION portatext.alter_short_code(bigint, text[], text, numeric, text, text, text, text) IS
    'Operators: changes what is not null. carrier '''': any; segments_per_second 0: the carrier''s.';
GRANT EXECUTE ON FUNCTION portatext.alter_short_code(bigint, text[], text, numeric, text, text, text, text) TO portatext_operator;

CREATE FUNCTION portatext.drop_short_code(short_code_id bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    digits text;
BEGIN
    IF NOT portatext.sees_all() THEN
        RAISE EXCEPTION 'short codes are not dropped on behalf of one account'
            USING ERRCODE = 'insufficient_privilege', HINT = 'RESET portatext.account_id as an operator.';
    END IF;
    SELECT c.code INTO digits FROM portatext.short_code c
        WHERE c.short_code_id = drop_short_code.short_code_id FOR UPDATE;
    IF EXISTS (SELECT FROM portatext.service s
               WHERE s.short_code_id = drop_short_code.short_code_id AND s.state <> 'closed') THEN
        RAISE EXCEPTION 'short code % has services', digits
            USING ERRCODE = 'object_in_use', HINT = 'close_service() ends a service.';
    END IF;
    UPDATE portatext.service s SET short_code_id = NULL WHERE s.short_code_id = drop_short_code.short_code_id;
    DELETE FROM portatext.short_code c WHERE c.short_code_id = drop_short_code.short_code_id;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION portatext.drop_short_code(bigint) IS
    'Operators: removes a short code on which no service is left but closed ones. False: there is none.';
GRANT EXECUTE ON FUNCTION portatext.drop_short_code(bigint) TO portatext_operator;
