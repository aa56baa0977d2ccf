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
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH d AS (
        INSERT INTO portatext.did AS d (account_id, number, segments_per_second, weight)
        VALUES (COALESCE(assign_did.account_id, portatext.current_account()),
                portatext.to_address(assign_did.number), assign_did.segments_per_second,
                assign_did.weight)
        RETURNING d.did_id, d.account_id, d.number
    ), noted AS (
        INSERT INTO portatext.event (account_id, type, subject)
        SELECT d.account_id, 'did.assigned', d.number FROM d
    )
    SELECT d.did_id FROM d;
$$;
COMMENT ON FUNCTION portatext.assign_did(text, bigint, numeric, int) IS
    'Operators: gives a sender (a telephone number, a short code or an alphanumeric name) to an account, null: the current one; an event tells it (DID-10). segments_per_second: its own pace. weight: its share among several, 0: only when it is named.';
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
