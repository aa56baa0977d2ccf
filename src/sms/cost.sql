-- room: sms.  What messages cost, before and after.

CREATE FUNCTION portatext.message_cost(to_number portatext.e164, body text) RETURNS numeric
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_message_cost_sql';
COMMENT ON FUNCTION portatext.message_cost(portatext.e164, text) IS
    'Credits that a message costs: segments, as the carrier takes them, times tariff (BILL-01); null without a tariff.';
GRANT EXECUTE ON FUNCTION portatext.message_cost(portatext.e164, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.message_summary(
        since timestamptz, until timestamptz, granularity text DEFAULT 'day')
    RETURNS TABLE (period date, country text, inbound bigint, outbound bigint, credits numeric,
                   inbound_credits numeric, outbound_credits numeric)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mine constant bigint := portatext.current_account();
    zone text;
BEGIN
    IF granularity NOT IN ('day', 'week', 'month') OR granularity IS NULL THEN
        RAISE EXCEPTION 'granularity "%" is not known', granularity USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are day, week and month.';
    END IF;
    SELECT a.timezone INTO zone FROM portatext.account a WHERE a.account_id = mine;
    RETURN QUERY
        SELECT date_trunc(granularity, m.created_at AT TIME ZONE zone)::date AS day,
               CASE WHEN portatext.is_e164(o.other) THEN portatext.number_country(o.other::portatext.e164) END AS land,
               count(*) FILTER (WHERE m.inbound), count(*) FILTER (WHERE NOT m.inbound),
               COALESCE(sum(l.spent), 0), COALESCE(sum(l.spent) FILTER (WHERE m.inbound), 0),
               COALESCE(sum(l.spent) FILTER (WHERE NOT m.inbound), 0)
            FROM portatext.message m
            CROSS JOIN LATERAL (SELECT CASE WHEN m.inbound THEN m.from_number ELSE m.to_number END::text AS other) o
            LEFT JOIN (SELECT e.reference, -sum(e.amount) AS spent FROM portatext.ledger_entry e
                       WHERE e.account_id = mine AND e.kind IN ('charge', 'refund', 'inbound') AND e.created_at >= since
                       GROUP BY e.reference) l ON l.reference = m.message_id
            WHERE m.account_id = mine AND m.created_at >= since AND m.created_at < until
            GROUP BY day, land
            ORDER BY day, land;
END
$$;
COMMENT ON FUNCTION portatext.message_summary(timestamptz, timestamptz, text) IS
    'Messages of the caller''s account and the credits they cost, refunds taken off, by day, week or month of the account''s time zone and by the other side''s country (BILL-19); null: no country''s number.';
GRANT EXECUTE ON FUNCTION portatext.message_summary(timestamptz, timestamptz, text) TO portatext_account, portatext_operator;
