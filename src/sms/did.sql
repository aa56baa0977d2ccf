-- Senders and the accounts that own them (GEN-03).

CREATE FUNCTION portatext.to_address(sender text) RETURNS portatext.address
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN sender ~ '^[0-9]{3,8}$' OR sender ~ '[A-Za-z]' THEN sender
                ELSE portatext.to_e164(sender)::text END::portatext.address;
$$;
COMMENT ON FUNCTION portatext.to_address(text) IS
    'A sender as it is stored: short codes and alphanumeric names as they are, telephone numbers canonical.';
GRANT EXECUTE ON FUNCTION portatext.to_address(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.assign_did(number text, account_id bigint DEFAULT NULL,
                                     segments_per_second numeric DEFAULT NULL, weight int DEFAULT 1) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    sender constant portatext.address := portatext.to_address(assign_did.number);
    owner constant bigint := COALESCE(assign_did.account_id, portatext.current_account());
    id bigint;
BEGIN
    IF EXISTS (SELECT FROM portatext.short_code c WHERE c.code::text = sender::text) THEN
        RAISE EXCEPTION '"%" is a short code of services', sender
            USING ERRCODE = 'object_in_use',
                HINT = 'What comes in for it is the services''. drop_short_code() removes a short code without services.';
    END IF;
    INSERT INTO portatext.did AS d (account_id, number, segments_per_second, weight)
        VALUES (owner, sender, assign_did.segments_per_second, assign_did.weight)
        RETURNING d.did_id INTO id;
    INSERT INTO portatext.event (account_id, type, subject) VALUES (owner, 'did.assigned', sender);
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.assign_did(text, bigint, numeric, int) IS
    'Operators: gives a sender (a telephone number, an alphanumeric name, or a short code that is not one of create_short_code()) to an account, null: the current one; an event tells it (DID-10). segments_per_second: its own pace. weight: its share among several, 0: only when it is named.';
GRANT EXECUTE ON FUNCTION portatext.assign_did(text, bigint, numeric, int) TO portatext_operator;

CREATE FUNCTION portatext.weigh_did(number text, weight int) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH d AS (
        UPDATE portatext.did d SET weight = weigh_did.weight
        WHERE d.number::text = portatext.to_address(weigh_did.number)::text
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM d);
$$;
COMMENT ON FUNCTION portatext.weigh_did(text, int) IS
    'Operators: sets the share of a sender among several of its account; 0: only when it is named. false: nobody owns it.';
GRANT EXECUTE ON FUNCTION portatext.weigh_did(text, int) TO portatext_operator;

CREATE FUNCTION portatext.remove_did(number text) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH d AS (
        DELETE FROM portatext.did d
        WHERE d.number::text = portatext.to_address(remove_did.number)::text
        RETURNING d.account_id, d.number
    ), noted AS (
        INSERT INTO portatext.event (account_id, type, subject)
        SELECT d.account_id, 'did.removed', d.number FROM d
    )
    SELECT EXISTS (SELECT FROM d);
$$;
COMMENT ON FUNCTION portatext.remove_did(text) IS
    'Operators: takes a sender from its account; what waits to be sent from it is skipped and refunded at the claim. false: nobody owned it.';
GRANT EXECUTE ON FUNCTION portatext.remove_did(text) TO portatext_operator;
GRANT SELECT ON portatext.did TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.check_automatic_text(what text, body text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF char_length(body) < 5 THEN
        RAISE EXCEPTION '% has fewer than 5 characters', what USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It is sent as a message, which has at least 5.';
    END IF;
    IF (SELECT a.segments FROM portatext.sms_analyze(body) a) > 255 THEN
        RAISE EXCEPTION '% needs more than 255 segments', what USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Shorten it.';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.check_automatic_text(text, text) IS
    'Internal: raises when a text could not be sent (SMS-01, DID-08).';

CREATE FUNCTION portatext.did_settings(number text, settings jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    d portatext.did;
    unknown text;
BEGIN
    SELECT * INTO d FROM portatext.did x
        WHERE x.number::text = portatext.to_address(did_settings.number)::text
          AND (x.account_id = portatext.known_account() OR portatext.sees_all()) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'number "%" is none of the account''s', number USING ERRCODE = 'undefined_object',
            HINT = 'The table portatext.did lists them.';
    END IF;
    SELECT k INTO unknown FROM jsonb_object_keys(settings) k
        WHERE k NOT IN ('stop_detection', 'stop_text', 'auto_reply', 'cnam_enabled');
    IF FOUND THEN
        RAISE EXCEPTION 'setting "%" of a number does not exist', unknown USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are stop_detection, stop_text, auto_reply and cnam_enabled.';
    END IF;
    PERFORM portatext.check_automatic_text('stop_text', settings ->> 'stop_text');
    PERFORM portatext.check_automatic_text('auto_reply', settings ->> 'auto_reply');
    UPDATE portatext.did x SET
        stop_detection = COALESCE((settings ->> 'stop_detection')::boolean, x.stop_detection),
        stop_text = COALESCE(settings ->> 'stop_text', x.stop_text),
        auto_reply = CASE WHEN settings ? 'auto_reply' THEN settings ->> 'auto_reply' ELSE x.auto_reply END,
        cnam_enabled = COALESCE((settings ->> 'cnam_enabled')::boolean, x.cnam_enabled)
        WHERE x.did_id = d.did_id AND settings <> '{}';
    RETURN (SELECT jsonb_build_object('stop_detection', x.stop_detection, 'stop_text', x.stop_text,
                                      'auto_reply', x.auto_reply, 'cnam_enabled', x.cnam_enabled)
            FROM portatext.did x WHERE x.did_id = d.did_id);
END
$$;
COMMENT ON FUNCTION portatext.did_settings(text, jsonb) IS
    'Changes the named settings of one of the caller''s numbers and returns all: stop_detection (DID-01), stop_text (the confirmation that follows), auto_reply (DID-06; null: none), cnam_enabled. Texts have at least 5 characters (DID-08).';
GRANT EXECUTE ON FUNCTION portatext.did_settings(text, jsonb) TO portatext_account, portatext_operator;
