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
        SELECT a.timezone AS zone, (portatext.now() AT TIME ZONE a.timezone)::date AS today
        FROM portatext.account a WHERE a.account_id = portatext.current_account()),
    days AS MATERIALIZED (
        SELECT a.zone,
               COALESCE(date_from, date_trunc('month', COALESCE(date_to, a.today))::date) AS first,
               COALESCE(date_to, GREATEST(a.today, date_from)) AS last
        FROM account a),
    range AS MATERIALIZED (
        SELECT d.first::timestamp AT TIME ZONE d.zone AS low, (d.last + 1)::timestamp AT TIME ZONE d.zone AS high
        FROM days d WHERE portatext.check_summary(d.first, d.last, granularity))
    SELECT m.period, m.country, m.inbound, m.outbound,
           trim_scale(m.inbound_credits), trim_scale(m.outbound_credits), trim_scale(m.credits)
    FROM range r CROSS JOIN LATERAL portatext.message_summary(r.low, r.high, CASE granularity WHEN 'date' THEN 'day' ELSE granularity END) m
    WHERE of_country IS NULL OR m.country = upper(of_country)
    ORDER BY m.period, m.country NULLS LAST;
$$;
COMMENT ON FUNCTION portatext.summary(date, date, text, text) IS
    'message_summary() by days: from the first to the last one (in the account''s time zone; by default this month until today), by date, week or month (date is its first day; weeks begin on monday), of one country or of all (BILL-19).';
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
