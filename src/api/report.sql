-- room: api.  What was sent and received, by period and country (BILL-19).

CREATE FUNCTION portatext.check_summary(date_from date, date_to date, granularity text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF granularity IS NULL OR granularity NOT IN ('date', 'week', 'month') THEN
        RAISE EXCEPTION 'a summary is by date, week or month, not by "%"', granularity USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT isfinite(date_from) OR NOT isfinite(date_to) OR date_from > date_to THEN
        RAISE EXCEPTION 'a summary cannot be from % to %', date_from, date_to USING ERRCODE = 'invalid_parameter_value',
            HINT = 'date_from is the first day, date_to the last one.';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION portatext.check_summary(date, date, text) IS
    'Internal: raises invalid_parameter_value for a granularity that there is not, and for days in the wrong order.';

CREATE FUNCTION portatext.summary(date_from date DEFAULT NULL, date_to date DEFAULT NULL, granularity text DEFAULT 'date', of_country text DEFAULT NULL)
    RETURNS TABLE (date date, country text, inbound bigint, outbound bigint, inbound_credits numeric, outbound_credits numeric, credits numeric)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH account AS MATERIALIZED (
        SELECT a.account_id, a.timezone AS zone, (portatext.now() AT TIME ZONE a.timezone)::date AS today
        FROM portatext.account a WHERE a.account_id = portatext.current_account()),
    days AS MATERIALIZED (
        SELECT a.account_id, a.zone,
               COALESCE(date_from, date_trunc('month', COALESCE(date_to, a.today))::date) AS first,
               COALESCE(date_to, GREATEST(a.today, date_from)) AS last
        FROM account a),
    range AS MATERIALIZED (
        SELECT d.account_id, d.zone, d.first::timestamp AT TIME ZONE d.zone AS low, (d.last + 1)::timestamp AT TIME ZONE d.zone AS high
        FROM days d WHERE portatext.check_summary(d.first, d.last, granularity)),
    counted AS (
        SELECT date_trunc(CASE granularity WHEN 'date' THEN 'day' ELSE granularity END, m.created_at AT TIME ZONE r.zone)::date AS date,
               portatext.number_country((CASE WHEN m.party LIKE '+%' THEN m.party END)::portatext.e164) AS country,
               m.inbound, m.credits
        FROM range r CROSS JOIN LATERAL (
            SELECT x.created_at, x.inbound, CASE WHEN x.inbound THEN x.from_number ELSE x.to_number END::text AS party,
                   CASE WHEN x.state IN ('rejected', 'expired', 'cancelled', 'skipped') THEN 0 ELSE x.cost END AS credits
            FROM portatext.message x
            WHERE x.account_id = r.account_id AND x.created_at >= r.low AND x.created_at < r.high) m)
    SELECT c.date, c.country, count(*) FILTER (WHERE c.inbound), count(*) FILTER (WHERE NOT c.inbound),
           trim_scale(COALESCE(sum(c.credits) FILTER (WHERE c.inbound), 0)),
           trim_scale(COALESCE(sum(c.credits) FILTER (WHERE NOT c.inbound), 0)), trim_scale(sum(c.credits))
    FROM counted c
    WHERE of_country IS NULL OR c.country = upper(of_country)
    GROUP BY c.date, c.country
    ORDER BY c.date, c.country NULLS LAST;
$$;
COMMENT ON FUNCTION portatext.summary(date, date, text, text) IS
    'The account''s messages from the first to the last day (its time zone; by default this month until today), by date, week or month and by country: how many came in and went out, and the credits spent (BILL-19). date is the first day of the week (monday) or month; country that of the other side, null: not known; refunded messages count with 0 credits.';
GRANT EXECUTE ON FUNCTION portatext.summary(date, date, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.summary_file(date_from date, date_to date, granularity text, of_country text) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.api_file(ARRAY['date,country,inbound,outbound,inbound_credits,outbound_credits,credits'] || ARRAY(
        SELECT portatext.csv_record(ARRAY[to_char(s.date, 'YYYY-MM-DD'), COALESCE(s.country, ''), s.inbound::text, s.outbound::text,
                                          s.inbound_credits::text, s.outbound_credits::text, s.credits::text])
        FROM portatext.summary(date_from, date_to, granularity, of_country) s ORDER BY s.date, s.country NULLS LAST))
$$;
COMMENT ON FUNCTION portatext.summary_file(date, date, text, text) IS 'The same as a CSV file.';
GRANT EXECUTE ON FUNCTION portatext.summary_file(date, date, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.summary(date_from date DEFAULT NULL, date_to date DEFAULT NULL, granularity text DEFAULT 'date', country text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT COALESCE(pg_catalog.jsonb_agg(s ORDER BY s.date, s.country NULLS LAST), '[]')
    FROM portatext.summary(date_from, date_to, granularity, country) s
$$;
COMMENT ON FUNCTION portatext_api.summary(date, date, text, text) IS
'Messages and credits by period and country

date_from and date_to: the first and the last day, in the account''s time zone; by default this month until today. granularity: date, week or month. country: an ISO 3166-1 code, for one country alone.

Answers [{"date", "country", "inbound", "outbound", "inbound_credits", "outbound_credits", "credits"}]: date is the first day of the week (monday) or month; country that of the other side, null when it is not known, as with short codes; inbound and outbound are how many messages there were, refunded ones count with 0 credits. Periods and countries without messages are left out. summary_csv gives the same as a file.';

CREATE FUNCTION portatext_api.summary_csv(date_from date DEFAULT NULL, date_to date DEFAULT NULL, granularity text DEFAULT 'date', country text DEFAULT NULL) RETURNS portatext_api."text/csv"
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.summary_file(date_from, date_to, granularity, country)
$$;
COMMENT ON FUNCTION portatext_api.summary_csv(date, date, text, text) IS
'Messages and credits by period and country, as a CSV file

Like summary, with Accept: text/csv.';
GRANT EXECUTE ON FUNCTION portatext_api.summary(date, date, text, text), portatext_api.summary_csv(date, date, text, text)
    TO portatext_account, portatext_operator;
