-- Handlers of the SDKs' paths (rest.sql): tariffs, summary, reference data, versions.

CREATE FUNCTION portatext.rest_choice(request jsonb, name text, choices text[]) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN portatext.rest_check(c.choice = ANY (choices), 400, format('%s is not one of %s', name, array_to_string(choices, ', ')))
                THEN c.choice END
        FROM (SELECT COALESCE(request #>> ARRAY['query', name], choices[1])) c (choice);
$$;
COMMENT ON FUNCTION portatext.rest_choice(jsonb, text, text[]) IS
    'Internal: a member of a request''s query, which has one of the values, by default the first; else the request ends with status 400.';

-- Tariffs.

CREATE FUNCTION portatext.rest_tariffs(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('tariffs', COALESCE(jsonb_agg(jsonb_build_object(
               'country', t.country, 'name', t.name, 'prefix', t.prefix, 'credits', t.credits, 'price', t.price)
               ORDER BY t.country, t.prefix), '[]'))
        FROM portatext.country_tariffs t
$$;
COMMENT ON FUNCTION portatext.rest_tariffs(jsonb, bytea) IS
    'Handler: GET tariffs: credits for each segment by country and prefix (BILL-15), of which the longest that a number begins with counts; price in money, if that of a credit is known. All on one page.';

CREATE FUNCTION portatext.rest_tariff(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('country', c.country, 'name', portatext.country_name(c.country), 'tariffs', portatext.rest_found(
               (SELECT jsonb_agg(jsonb_build_object('prefix', t.prefix, 'credits', t.credits, 'price', t.price) ORDER BY t.prefix)
                FROM portatext.country_tariffs t WHERE t.country = c.country), concat('a tariff for ', c.country)))
        FROM (SELECT upper(request #>> '{path,country}')) c (country)
$$;
COMMENT ON FUNCTION portatext.rest_tariff(jsonb, bytea) IS
    'Handler: GET tariffs/{country}: the tariffs for the numbers of a country; 404 when nothing can be sent there.';

-- The summary (BILL-19).

CREATE FUNCTION portatext.rest_moment(moment text, last boolean) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN moment IS NULL AND last THEN 'infinity'
                WHEN moment IS NULL THEN date_trunc('month', portatext.now() AT TIME ZONE a.timezone) AT TIME ZONE a.timezone
                WHEN NOT last THEN portatext.rest_time(moment)
                WHEN moment ~ ':' THEN portatext.rest_time(moment) + interval '1 s'
                ELSE (moment::date + 1)::timestamp AT TIME ZONE a.timezone END
        FROM portatext.account a WHERE a.account_id = portatext.current_account();
$$;
COMMENT ON FUNCTION portatext.rest_moment(text, boolean) IS
    'Internal: the beginning or, if last, the end of a span, in the account''s time zone unless an offset is given. A last day or second is a part of the span. Null: the beginning of this month, or no end.';

CREATE FUNCTION portatext.rest_summary_rows(request jsonb)
    RETURNS TABLE (date date, country text, inbound bigint, outbound bigint, credits numeric)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT m.period, m.country, m.inbound, m.outbound, m.credits
        FROM (SELECT portatext.rest_moment(request #>> '{query,date_from}', false), portatext.rest_moment(request #>> '{query,date_to}', true),
                     CASE portatext.rest_choice(request, 'granularity', '{date,week,month}') WHEN 'date' THEN 'day'
                          WHEN 'week' THEN 'week' ELSE 'month' END OFFSET 0) s (since, until, granularity)
        CROSS JOIN LATERAL portatext.message_summary(s.since, s.until, s.granularity) m;
$$;
COMMENT ON FUNCTION portatext.rest_summary_rows(jsonb) IS
    'Internal: the account''s messages and credits by country and date, week (its monday) or month (its first day), as the request''s query asks.';
GRANT EXECUTE ON FUNCTION portatext.rest_choice(jsonb, text, text[]), portatext.rest_summary_rows(jsonb) TO portatext_account;

CREATE FUNCTION portatext.rest_summary(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('summary', COALESCE(jsonb_agg(to_jsonb(s) ORDER BY s.date, s.country), '[]'))
        FROM portatext.rest_summary_rows(request) s
$$;
COMMENT ON FUNCTION portatext.rest_summary(jsonb, bytea) IS
    'Handler: GET summary: messages in and out and credits by granularity (date, week, month) and country (null: not known), from date_from to date_to; by default this month by date.';

CREATE FUNCTION portatext.rest_summary_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT E'date,country,inbound,outbound,credits\n'
           || COALESCE(string_agg(concat_ws(',', to_char(s.date, 'YYYY-MM-DD'), COALESCE(s.country, ''), s.inbound, s.outbound, s.credits) || E'\n', ''
                                  ORDER BY s.date, s.country), '')
        FROM portatext.rest_summary_rows(request) s
$$;
COMMENT ON FUNCTION portatext.rest_summary_csv(jsonb, bytea) IS 'Handler: GET summary as CSV.';

-- Reference data.

CREATE FUNCTION portatext.rest_timezones(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('timezones', jsonb_agg(z.name ORDER BY z.name)) FROM portatext_api.timezones z
$$;
COMMENT ON FUNCTION portatext.rest_timezones(jsonb, bytea) IS 'Handler: GET timezones: names for the profile''s timezone.';

CREATE FUNCTION portatext.rest_sorted_operators(request jsonb)
    RETURNS TABLE (place bigint, country text, mcc text, mnc text, name text, source text, source_date date)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT row_number() OVER (ORDER BY CASE WHEN h.falling THEN o.sorted END COLLATE "C" DESC, o.sorted COLLATE "C"),
           o.country, o.mcc, o.mnc, o.name, o.source, o.source_date
        FROM (SELECT portatext.rest_choice(request, 'sort_by', '{country,mcc}'),
                     portatext.rest_choice(request, 'order', '{asc,desc}') = 'desc' OFFSET 0) h (sort_by, falling)
        CROSS JOIN LATERAL (SELECT x.*, concat_ws(' ', CASE WHEN h.sort_by = 'country' THEN x.country END, x.mcc, x.mnc) AS sorted
                            FROM portatext.operators x) o;
$$;
COMMENT ON FUNCTION portatext.rest_sorted_operators(jsonb) IS
    'Internal: all mobile operators in the order that the request''s query asks for, and the place of each in it.';

CREATE FUNCTION portatext.rest_sorted_destinations(request jsonb)
    RETURNS TABLE (place bigint, prefix text, country text, destination text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT row_number() OVER (ORDER BY CASE WHEN h.falling THEN d.sorted END COLLATE "C" DESC, d.sorted COLLATE "C"),
           d.prefix, d.country, d.name
        FROM (SELECT portatext.rest_choice(request, 'sort_by', '{country,destination}'),
                     portatext.rest_choice(request, 'order', '{asc,desc}') = 'desc' OFFSET 0) h (sort_by, falling)
        CROSS JOIN LATERAL (SELECT x.prefix, x.country, n.name,
                                   concat_ws(' ', CASE WHEN h.sort_by = 'country' THEN x.country ELSE n.name END, x.prefix) AS sorted
                            FROM portatext.destinations() x
                            CROSS JOIN LATERAL (SELECT portatext.country_name(x.country) OFFSET 0) n (name)) d;
$$;
COMMENT ON FUNCTION portatext.rest_sorted_destinations(jsonb) IS
    'Internal: all dialled prefixes in the order that the request''s query asks for, and the place of each in it.';

GRANT EXECUTE ON FUNCTION portatext.rest_sorted_operators(jsonb), portatext.rest_sorted_destinations(jsonb),
    portatext.csv_quoted(text) TO portatext_account;

CREATE FUNCTION portatext.rest_operators(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_page('operators',
            jsonb_agg(to_jsonb(o) - 'place' ORDER BY o.place)
                FILTER (WHERE o.place > portatext.rest_offset(request) AND o.place <= portatext.rest_offset(request) + 50),
            request, count(*))
        FROM portatext.rest_sorted_operators(request) o
$$;
COMMENT ON FUNCTION portatext.rest_operators(jsonb, bytea) IS
    'Handler: GET operators: the known mobile operators (NUM-07) with the source of each and its date; sort_by country or mcc, order asc or desc.';

CREATE FUNCTION portatext.rest_operators_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.api_file(array_prepend('country,mcc,mnc,name',
            array_agg(concat_ws(',', o.country, o.mcc, o.mnc, portatext.csv_quoted(o.name)) ORDER BY o.place)))
        FROM portatext.rest_sorted_operators(request) o
$$;
COMMENT ON FUNCTION portatext.rest_operators_csv(jsonb, bytea) IS 'Handler: GET operators as CSV, all of them.';

CREATE FUNCTION portatext.rest_destinations(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_page('destinations',
            jsonb_agg(to_jsonb(d) - 'place' ORDER BY d.place)
                FILTER (WHERE d.place > portatext.rest_offset(request) AND d.place <= portatext.rest_offset(request) + 50),
            request, count(*))
        FROM portatext.rest_sorted_destinations(request) d
$$;
COMMENT ON FUNCTION portatext.rest_destinations(jsonb, bytea) IS
    'Handler: GET destinations: dialled prefixes and their countries; sort_by country (code) or destination (name), order asc or desc.';

CREATE FUNCTION portatext.rest_destinations_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.api_file(array_prepend('prefix,country,destination',
            array_agg(concat_ws(',', d.prefix, d.country, portatext.csv_quoted(d.destination)) ORDER BY d.place)))
        FROM portatext.rest_sorted_destinations(request) d
$$;
COMMENT ON FUNCTION portatext.rest_destinations_csv(jsonb, bytea) IS 'Handler: GET destinations as CSV, all of them.';

CREATE FUNCTION portatext.rest_version(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('version', jsonb_object_agg(v.component, v.version)) FROM portatext.versions() v
$$;
COMMENT ON FUNCTION portatext.rest_version(jsonb, bytea) IS
    'Handler: GET version: the versions of the components in use (GEN-06).';
GRANT EXECUTE ON FUNCTION portatext.rest_tariffs(jsonb, bytea), portatext.rest_tariff(jsonb, bytea),
    portatext.rest_summary(jsonb, bytea), portatext.rest_summary_csv(jsonb, bytea), portatext.rest_timezones(jsonb, bytea),
    portatext.rest_operators(jsonb, bytea), portatext.rest_operators_csv(jsonb, bytea), portatext.rest_destinations(jsonb, bytea),
    portatext.rest_destinations_csv(jsonb, bytea), portatext.rest_version(jsonb, bytea) TO portatext_account;
