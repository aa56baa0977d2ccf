-- SDK operations 87, 88, 90 to 94: tariffs, summary, reference data, versions (API-01, BILL-15, BILL-19, NUM-07, GEN-06).
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

CREATE ROLE regress_rest_red LOGIN;
CREATE ROLE regress_rest_blue LOGIN;
SELECT portatext.create_account('rest data, red', sandbox => true, timezone => 'Europe/Madrid') AS red,
    portatext.create_account('rest data, blue', sandbox => true) AS blue \gset
SELECT portatext.grant_account('regress_rest_red', :red), portatext.grant_account('regress_rest_blue', :blue);
SELECT count(portatext.set_tariff(p, c, :red)) FROM (VALUES ('+34', 2), ('+346', 1.5), ('+1787', 3)) v (p, c);
UPDATE portatext.account SET credit_price = 0.5 WHERE account_id = :red;

SET SESSION AUTHORIZATION regress_rest_red;

-- 87, 88: tariffs
SELECT t FROM jsonb_array_elements(portatext.rest_tariffs('{}', NULL) -> 'tariffs') t;
SELECT portatext.rest_tariff('{"path": {"country": "es"}}', NULL);
SELECT portatext.rest_tariff('{"path": {"country": "PR"}}', NULL);
SELECT portatext.rest_tariff('{"path": {"country": "FR"}}', NULL);
SELECT portatext.rest_tariff('{"path": {"country": "nowhere"}}', NULL);

-- 91, 94
SELECT portatext.rest_timezones('{}', NULL) -> 'timezones' ?& '{Europe/Madrid,America/New_York,UTC}';
SELECT portatext.rest_version('{}', NULL) -> 'version' ?& '{portatext,PostgreSQL,libcurl}';

-- 92: operators
SELECT a - 'operators', jsonb_array_length(a -> 'operators'), a #> '{operators,0}' ?& '{country,mcc,mnc,name,source,source_date}'
    FROM (SELECT portatext.rest_operators('{"page": 1, "query": {}}', NULL) - 'total_pages') x (a);
SELECT every(o.first <= o.next) FROM (SELECT e #>> '{country}' AS first, lead(e #>> '{country}') OVER (ORDER BY n) AS next
    FROM jsonb_array_elements(portatext.rest_operators('{"page": 2, "query": {"sort_by": "country"}}', NULL) -> 'operators') WITH ORDINALITY x (e, n)) o;
SELECT every(o.first >= o.next), max(o.first) FROM (SELECT e #>> '{mcc}' AS first, lead(e #>> '{mcc}') OVER (ORDER BY n) AS next
    FROM jsonb_array_elements(portatext.rest_operators('{"page": 1, "query": {"sort_by": "mcc", "order": "desc"}}', NULL) -> 'operators') WITH ORDINALITY x (e, n)) o
    WHERE o.next IS NOT NULL;
SELECT (a ->> 'total_pages')::bigint = (count(*) + 49) / 50
    FROM portatext.operators o, portatext.rest_operators('{"page": 1, "query": {}}', NULL) a GROUP BY a;
SELECT portatext.rest_operators('{"page": 100000, "query": {}}', NULL) -> 'operators';
SELECT count(*) FILTER (WHERE l.line = 'country,mcc,mnc,name'), count(*) - 2 = (SELECT count(*) FROM portatext.operators),
       bool_or(l.line = 'ES,214,01,Vodafone')
    FROM regexp_split_to_table(portatext.rest_operators_csv('{"query": {"sort_by": "mcc"}}', NULL), '\n') l (line);
SELECT portatext.rest_operators('{"page": 1, "query": {"sort_by": "name"}}', NULL);
SELECT portatext.rest_operators_csv('{"query": {"order": "up"}}', NULL);

-- 93: destinations
SELECT a ->> 'page', jsonb_array_length(a -> 'destinations'), a #>> '{destinations,0,country}', a #>> '{destinations,0,destination}'
    FROM portatext.rest_destinations('{"page": 1, "query": {}}', NULL) a;
SELECT a #>> '{destinations,0,country}', a #>> '{destinations,0,destination}'
    FROM portatext.rest_destinations('{"page": 1, "query": {"sort_by": "destination", "order": "desc"}}', NULL) a;
SELECT count(*) - 2 = (SELECT count(*) FROM portatext.destinations()), bool_or(l.line = '34,ES,Spain')
    FROM regexp_split_to_table(portatext.rest_destinations_csv('{"query": {}}', NULL), '\n') l (line);
SELECT portatext.rest_destinations('{"page": 1, "query": {"sort_by": "mcc"}}', NULL);

-- 90: the summary, in the account's time zone
RESET SESSION AUTHORIZATION;
INSERT INTO portatext.message (message_id, account_id, inbound, from_number, to_number, body, encoding, segments, cost, state, step, created_at, carrier_id)
    SELECT portatext.uuid7(), :red, v.inbound, CASE WHEN v.inbound THEN v.party ELSE '+12025550100' END,
           CASE WHEN v.inbound THEN '+12025550100' ELSE v.party END, 'Hello', 'gsm', 1, 2, v.state::portatext.message_state, 'final', v.at,
           (SELECT c.carrier_id FROM portatext.carriers c WHERE c.name = 'loopback')
    FROM (VALUES (false, '+34600000001', 'delivered', '2020-01-31 22:59:59+00'::timestamptz), (false, '+34600000001', 'delivered', '2020-01-31 23:00+00'),
                 (true, '+34600000001', 'received', '2020-02-01 10:00+00'), (false, '+12025550199', 'delivered', '2020-02-03 10:00+00'),
                 (true, '72345', 'received', '2020-02-29 22:30+00')) v (inbound, party, state, at);
INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, created_at)
    SELECT m.account_id, m.message_id, CASE WHEN m.inbound THEN 'inbound' ELSE 'charge' END::portatext.ledger_kind, -m.cost, m.created_at
    FROM portatext.message m WHERE m.account_id = :red;
SET SESSION AUTHORIZATION regress_rest_red;
SELECT s FROM jsonb_array_elements(portatext.rest_summary('{"query": {"date_from": "2020-01-01T00:00:00", "date_to": "2020-02-29T23:59:59", "granularity": "month"}}', NULL) -> 'summary') s;
SELECT portatext.rest_summary_csv('{"query": {"date_from": "2020-02-01", "date_to": "2020-02-29"}}', NULL);
SELECT portatext.rest_summary_csv('{"query": {"date_from": "2020-02-01", "date_to": "2020-02-03T10:59:59", "granularity": "week"}}', NULL);
SELECT portatext.rest_summary_csv('{"query": {"date_from": "2020-02-01T10:00:01Z", "date_to": "2020-02-03T09:59:58Z"}}', NULL);
SELECT portatext.rest_summary('{"query": {}}', NULL);
SELECT portatext.rest_summary('{"query": {"granularity": "day"}}', NULL);
SELECT portatext.rest_summary('{"query": {"date_from": "yesterday-ish"}}', NULL);

-- nobody sees another's
SET SESSION AUTHORIZATION regress_rest_blue;
SELECT portatext.rest_summary('{"query": {"date_from": "2020-01-01"}}', NULL), portatext.rest_tariffs('{}', NULL);
RESET SESSION AUTHORIZATION;
DELETE FROM portatext.message WHERE account_id = :red;
DROP ROLE regress_rest_red, regress_rest_blue;
DELETE FROM portatext.account_role WHERE account_id IN (:red, :blue);
