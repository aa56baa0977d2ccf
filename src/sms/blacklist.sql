-- Who never receives a message (BL).

CREATE FUNCTION portatext.is_blacklisted(number portatext.e164) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM portatext.blacklist b
                   WHERE b.account_id = portatext.current_account() AND b.number::text = is_blacklisted.number::text)
        OR EXISTS (SELECT FROM portatext.global_blacklist g WHERE g.number::text = is_blacklisted.number::text);
$$;
COMMENT ON FUNCTION portatext.is_blacklisted(portatext.e164) IS
    'Is the number on the account''s blacklist or on the operator''s global one?';
GRANT EXECUTE ON FUNCTION portatext.is_blacklisted(portatext.e164) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.blacklist_add(number text, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO portatext.blacklist (account_id, number, reason)
    VALUES (portatext.current_account(), portatext.to_e164(blacklist_add.number), blacklist_add.reason)
    ON CONFLICT DO NOTHING;
    SELECT portatext.drop_waiting(portatext.current_account(), portatext.to_e164(blacklist_add.number)::text, 'blacklisted');
$$;
COMMENT ON FUNCTION portatext.blacklist_add(text, text) IS
    'Puts a number on the account''s blacklist (BL-01) and ends, with a refund, its messages that still wait (BL-05). Returns how many those were.';
GRANT EXECUTE ON FUNCTION portatext.blacklist_add(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.blacklist_remove(number text) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH d AS (
        DELETE FROM portatext.blacklist b
        WHERE b.account_id = portatext.current_account()
          AND b.number::text = portatext.to_e164(blacklist_remove.number)::text
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM d);
$$;
COMMENT ON FUNCTION portatext.blacklist_remove(text) IS
    'Takes a number off the account''s blacklist; false: it was not on it.';
GRANT EXECUTE ON FUNCTION portatext.blacklist_remove(text) TO portatext_account, portatext_operator;
GRANT SELECT ON portatext.blacklist TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.global_blacklist_add(number text, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO portatext.global_blacklist (number, reason)
    VALUES (portatext.to_e164(global_blacklist_add.number), global_blacklist_add.reason)
    ON CONFLICT DO NOTHING;
    SELECT portatext.drop_waiting(NULL, portatext.to_e164(global_blacklist_add.number)::text, 'blacklisted');
$$;
COMMENT ON FUNCTION portatext.global_blacklist_add(text, text) IS
    'Operators: puts a number on the blacklist of all accounts and ends, with a refund, its messages that still wait. Returns how many those were.';
GRANT EXECUTE ON FUNCTION portatext.global_blacklist_add(text, text) TO portatext_operator;

CREATE FUNCTION portatext.global_blacklist_remove(number text) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH d AS (
        DELETE FROM portatext.global_blacklist b
        WHERE b.number::text = portatext.to_e164(global_blacklist_remove.number)::text
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM d);
$$;
COMMENT ON FUNCTION portatext.global_blacklist_remove(text) IS
    'Operators: takes a number off the global blacklist; false: it was not on it.';
GRANT EXECUTE ON FUNCTION portatext.global_blacklist_remove(text) TO portatext_operator;
GRANT SELECT ON portatext.global_blacklist TO portatext_operator;

CREATE FUNCTION portatext.take_opt_outs() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '20ms'
AS $$
DECLARE
    account bigint;
BEGIN
    FOR account IN SELECT DISTINCT o.account_id FROM portatext.opt_out o LOOP
        BEGIN
            WITH gone AS (
                DELETE FROM portatext.opt_out o WHERE o.account_id = account RETURNING o.number
            )
            INSERT INTO portatext.blacklist (account_id, number, reason)
                SELECT DISTINCT account, g.number, 'opted out at the carrier' FROM gone g
                ON CONFLICT DO NOTHING;
        EXCEPTION WHEN lock_not_available THEN
            NULL;   -- the account is adding such a number itself: the next turn takes them
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION portatext.take_opt_outs() IS
    'For the scheduler: numbers that have opted out at a carrier enter their accounts'' blacklists. An account with an open transaction in the way delays its own only.';
