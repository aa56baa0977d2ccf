-- Tariffs of calls.

CREATE FUNCTION portatext.set_call_tariff(
        prefix text, per_minute numeric, per_call numeric DEFAULT 0, account_id bigint DEFAULT NULL,
        valid_from timestamptz DEFAULT '-infinity', valid_to timestamptz DEFAULT 'infinity')
    RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.call_tariff AS t (account_id, prefix, per_minute, per_call, valid_from, valid_to)
        VALUES (account_id, ltrim(prefix, '+'), per_minute, per_call, valid_from, valid_to)
        ON CONFLICT (COALESCE(account_id, 0), prefix, valid_from) DO UPDATE
            SET per_minute = EXCLUDED.per_minute, per_call = EXCLUDED.per_call, valid_to = EXCLUDED.valid_to
        RETURNING t.call_tariff_id
$$;
COMMENT ON FUNCTION portatext.set_call_tariff(text, numeric, numeric, bigint, timestamptz, timestamptz) IS
    'Sets the credits for an answered call to numbers that begin with prefix, and for each minute begun of a leg there, for one account or (null) for all, and returns the row''s id. The same prefix, account and valid_from replace the earlier row. For operators.';
GRANT EXECUTE ON FUNCTION portatext.set_call_tariff(text, numeric, numeric, bigint, timestamptz, timestamptz) TO portatext_operator;

CREATE FUNCTION portatext.call_tariff_for(number portatext.e164, OUT per_call numeric, OUT per_minute numeric)
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_call_tariff_for_sql';
COMMENT ON FUNCTION portatext.call_tariff_for(portatext.e164) IS
    'Credits for an answered call to a destination and for each minute begun, for the caller''s account; null: there is no tariff, so nothing can be called there.';
GRANT EXECUTE ON FUNCTION portatext.call_tariff_for(portatext.e164) TO portatext_account, portatext_operator;

CREATE VIEW portatext.call_tariffs WITH (security_barrier) AS
    SELECT DISTINCT ON (t.prefix)
           t.prefix, t.per_call, t.per_minute, t.per_call * a.credit_price AS call_price, t.per_minute * a.credit_price AS minute_price,
           t.account_id IS NOT NULL AS own, t.valid_from, t.valid_to
        FROM portatext.account a
        JOIN portatext.call_tariff t ON t.account_id = a.account_id OR (t.account_id IS NULL AND NOT a.sandbox)
        WHERE a.account_id = (SELECT portatext.known_account())
          AND t.valid_from <= portatext.now() AND t.valid_to > portatext.now()
        ORDER BY t.prefix, t.account_id NULLS LAST, t.valid_from DESC;
COMMENT ON VIEW portatext.call_tariffs IS
    'The tariffs of calls in force for the caller''s account: credits for an answered call and for each minute begun of a leg, by prefix, with prices in money if the account''s price of a credit is known; own: agreed for this account.';
GRANT SELECT ON portatext.call_tariffs TO portatext_account, portatext_operator;
