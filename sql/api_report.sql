-- The API as a tenant: summary and reference data (BILL-19, NUM-07, GEN-06, GSM-01).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_ar_red LOGIN;
CREATE ROLE regress_ar_blue LOGIN;
SELECT portatext.create_account('red', timezone => 'Europe/Madrid') AS red, portatext.create_account('blue') AS blue \gset
SELECT portatext.grant_account('regress_ar_red', :red), portatext.grant_account('regress_ar_blue', :blue);
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hinted text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hinted = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, NULLIF(hinted, ''));
END $$;

-- In Madrid 23:00 UTC begins the next day in winter, 22:00 UTC in summer.
INSERT INTO portatext.message (message_id, account_id, inbound, state, step, carrier_id, segments, cost, from_number, to_number, encoding, body, created_at)
    SELECT portatext.uuid7(), :red, inbound, state::portatext.message_state, 'final', 0, 1, cost,
           CASE WHEN inbound THEN party ELSE '+12025550100' END, CASE WHEN inbound THEN '+12025550100' ELSE party END, 'gsm', 'Hello', at::timestamptz
    FROM (VALUES
        (false, 'delivered', 2.5, '+34600123456', '2026-01-31 22:59:59Z'),
        (false, 'undelivered', 2.5, '+34600123456', '2026-01-31 23:00:00Z'),
        (false, 'sending', 2.5, '+34600123457', '2026-02-01 10:00:00Z'),
        (false, 'rejected', 2.5, '+34600123458', '2026-02-01 11:00:00Z'),
        (false, 'delivered', 1, '+12042345678', '2026-02-01 12:00:00Z'),
        (false, 'delivered', 1, '+13055550199', '2026-02-02 12:00:00Z'),
        (true, 'received', 0.5, '+34600123456', '2026-02-01 13:00:00Z'),
        (true, 'received', 0, '12345', '2026-02-08 22:59:59Z'),
        (true, 'received', 0.5, '+34600123456', '2026-02-08 23:00:00Z'),
        (false, 'delivered', 1, '+13055550199', '2026-06-30 22:00:00Z')) m (inbound, state, cost, party, at);
INSERT INTO portatext.message (message_id, account_id, carrier_id, segments, cost, from_number, to_number, encoding, body, created_at)
    VALUES (portatext.uuid7(), :blue, 0, 1, 9, '+12025550101', '+34600123456', 'gsm', 'Hello', '2026-02-01 10:00:00Z');
INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, created_at)
    SELECT m.account_id, m.message_id, k.kind::portatext.ledger_kind, k.sign * m.cost, m.created_at
    FROM portatext.message m CROSS JOIN (VALUES ('charge', -1), ('inbound', -1), ('refund', 1)) k (kind, sign)
    WHERE m.cost > 0 AND CASE k.kind WHEN 'inbound' THEN m.inbound WHEN 'charge' THEN NOT m.inbound ELSE m.state = 'rejected' END;

SET SESSION AUTHORIZATION regress_ar_red;
BEGIN READ ONLY;
-- BILL-19: by date, week and month, and by country, in both directions; in the account's time zone
SELECT portatext_api.summary_csv('2026-01-31', '2026-02-09');
SELECT portatext_api.summary_csv('2026-01-31', '2026-02-09', 'week');
SELECT portatext_api.summary_csv('2026-01-31', '2026-07-01', 'month');
SELECT portatext_api.summary_csv('2026-02-01', '2026-02-01', country => 'es');
SELECT jsonb_pretty(portatext_api.summary('2026-02-01', '2026-02-01', country => 'ES'));
SELECT portatext_api.summary('2020-01-01', '2020-12-31');
-- all of it
SELECT sum((s ->> 'inbound')::int), sum((s ->> 'outbound')::int), sum((s ->> 'credits')::numeric)
    FROM jsonb_array_elements(portatext_api.summary('2026-01-01', '2026-12-31')) s;
COMMIT;
SELECT pg_temp.refused(s) FROM unnest(ARRAY[
    $$SELECT portatext_api.summary(granularity => 'day')$$,
    $$SELECT portatext_api.summary(granularity => NULL)$$,
    $$SELECT portatext_api.summary('2026-02-02', '2026-02-01')$$,
    $$SELECT portatext_api.summary_csv('-infinity', 'infinity')$$]) s;
SET SESSION AUTHORIZATION regress_ar_blue;
SELECT portatext_api.summary_csv('2026-01-01', '2026-12-31');

-- By default: this month until today.
RESET SESSION AUTHORIZATION;
WITH m AS (INSERT INTO portatext.message (message_id, account_id, carrier_id, segments, cost, from_number, to_number, encoding, body)
    VALUES (portatext.uuid7(), :blue, 0, 1, 3, '+12025550101', '+34600123456', 'gsm', 'Hello') RETURNING *)
INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount) SELECT m.account_id, m.message_id, 'charge', -m.cost FROM m;
SET SESSION AUTHORIZATION regress_ar_blue;
SELECT (s ->> 'date')::date = date_trunc('month', portatext.now())::date, s - 'date' FROM jsonb_array_elements(portatext_api.summary(granularity => 'month')) s;

-- Dialled prefixes: the longest one tells the country of a number.
SELECT prefix, country, name FROM portatext_api.destinations WHERE prefix IN ('1', '1204', '1787', '34', '35', '44', '441534', '7', '77') ORDER BY prefix;
SELECT count(*) > 300, count(*) = count(DISTINCT prefix), min(prefix), bool_and(prefix ~ '^[1-9][0-9]{0,7}$'), bool_and(name <> country),
    count(DISTINCT country) FROM portatext_api.destinations;
SELECT n, portatext.number_country(('+' || n)::portatext.e164),
    (SELECT d.country FROM portatext_api.destinations d WHERE starts_with(n, d.prefix) ORDER BY length(d.prefix) DESC LIMIT 1)
    FROM unnest('{12042345678,13055550199,17872345678,34600123456,447797712345,447911234567,77012345678,79161234567,262269123456,390669812345}'::text[]) n;

-- NUM-07: operators with where they come from
SELECT count(*) > 500, bool_and(source <> ''), bool_and(source_date < '2030-01-01') FROM portatext_api.operators;
SELECT mcc, mnc, country, name FROM portatext_api.operators WHERE country = 'UY' ORDER BY mcc, mnc;
SELECT mcc FROM portatext_api.operators ORDER BY country, mcc, mnc LIMIT 1;
-- GSM-01: the alphabet
SELECT count(*), count(*) FILTER (WHERE escaped), sum(septets) FROM portatext_api.gsm_charset;
SELECT "character", code_point, code, escaped, septets FROM portatext_api.gsm_charset WHERE "character" IN ('@', '€');
-- every time zone may be set
SELECT count(*) > 300, bool_or(name = 'Europe/Madrid'), bool_or(name LIKE 'posix%'), bool_and(utc_offset IS NOT NULL) FROM portatext_api.timezones;
SELECT portatext_api.update_settings(jsonb_build_object('timezone', (SELECT max(name) FROM portatext_api.timezones))) ->> 'timezone' = (SELECT max(name) FROM portatext_api.timezones);
-- GEN-06
SELECT k FROM jsonb_object_keys(portatext_api.version()) k ORDER BY k COLLATE "C";
SELECT portatext_api.version() ->> 'portatext' = (SELECT extversion FROM pg_extension WHERE extname = 'portatext');
SELECT v, p FROM unnest('{destinations,operators,gsm_charset,timezones}'::text[]) v, unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) p
    WHERE has_table_privilege('portatext_api.' || v, p);

RESET SESSION AUTHORIZATION;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP ROLE regress_ar_red, regress_ar_blue;
