-- Schedules: reading, opening, and messages that carry one (SCH).
SET client_min_messages = error;
SET timezone = 'UTC';
SET datestyle = 'ISO';
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
\set SHOW_CONTEXT never

-- SCH-03, SCH-04: what a schedule may say
SELECT portatext.check_schedule(s) FROM (VALUES
    (jsonb '{"any_day": {"from": "21:33", "to": "23:15"}}'),
    ('{}'),
    ('{"any_day": [{"from": "09:00", "to": "12:00"}, {"from": "23:59", "to": "24:00"}], "sunday": {"from": "22:00", "to": "00:00"}}'),
    ('{"months": [1, 12], "days": [29, 31], "saturday": [{"from": "00:00", "to": "24:00"}]}')) v(s);

-- and what is refused, each with its reason
DO $$
DECLARE
    bad jsonb;
    state text; message text; detail text; hint text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        '[]', '"any_day"', '{"noon": {"from": "09:00", "to": "12:00"}}', '{"Any_day": {"from": "09:00", "to": "12:00"}}',
        '{"any_day": {"from": "09:00", "to": "09:00"}}', '{"any_day": {"from": "00:00", "to": "00:00"}}',
        '{"any_day": {"from": "24:00", "to": "09:00"}}', '{"any_day": {"from": "09:00", "to": "24:01"}}',
        '{"any_day": {"from": "9:00", "to": "12:00"}}', '{"any_day": {"from": "09:60", "to": "12:00"}}',
        '{"any_day": {"from": 900, "to": "12:00"}}', '{"any_day": {"from": "09-00", "to": "12:00"}}',
        '{"any_day": {"from": "0x:00", "to": "12:00"}}',
        '{"any_day": {"from": "09:00"}}', '{"any_day": {"from": "09:00", "to": "12:00", "days": [1]}}',
        '{"any_day": []}', '{"any_day": "09:00-12:00"}', '{"any_day": [1]}', '{"any_day": [[]]}', '{"sunday": null}',
        '{"months": []}', '{"months": 1}', '{"months": [13]}', '{"months": [0]}', '{"months": [1.5]}', '{"months": ["1"]}',
        '{"months": {"1": 1}}', '{"days": [32]}', '{"days": [-1]}', '{"days": [1e3]}', '{"days": null}',
        '{"months": [2], "days": [30, 31]}', '{"months": [4, 6, 9, 11], "days": [31]}']::jsonb[]
    LOOP
        BEGIN
            PERFORM portatext.check_schedule(bad);
            RAISE WARNING '% was taken', bad;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            RAISE INFO '%: % | % | %', bad, state, message, detail;
        END;
    END LOOP;
    RAISE INFO '%', hint;
END
$$;
SELECT portatext.check_schedule(jsonb_build_object('monday',
    (SELECT jsonb_agg(jsonb_build_object('from', '09:00', 'to', '10:00')) FROM generate_series(1, 17))));
SELECT portatext.check_schedule(jsonb_build_object('days', (SELECT jsonb_agg(1 + i % 31) FROM generate_series(1, 2000) i)));

-- SCH-05: from is inside, to is not, to before from is over midnight
SELECT at::time, portatext.is_open_in('{"any_day": {"from": "09:30", "to": "18:00"}}', '{UTC}', at) AS day,
       portatext.is_open_in('{"any_day": {"from": "18:00", "to": "09:30"}}', '{UTC}', at) AS night
FROM unnest('{2026-03-02 09:29:59.999999+00,2026-03-02 09:30+00,2026-03-02 17:59:59.999999+00,2026-03-02 18:00+00}'::timestamptz[]) at;

-- SCH-04: kinds of restriction are combined by AND, windows by OR; a window over midnight belongs to the day it begins on
SELECT s, portatext.next_open_in(s, '{UTC}', '2026-03-04 12:00+00') FROM (VALUES
    (jsonb '{"any_day": {"from": "09:00", "to": "10:00"}, "wednesday": {"from": "13:00", "to": "14:00"}}'),
    ('{"friday": {"from": "22:00", "to": "02:00"}}'),
    ('{"any_day": [{"from": "10:00", "to": "11:00"}, {"from": "11:30", "to": "12:00"}]}'),
    ('{"days": [31], "any_day": {"from": "23:00", "to": "01:00"}}'),
    ('{"months": [2], "days": [29]}'),
    ('{"months": [2], "days": [29], "sunday": {"from": "09:00", "to": "10:00"}}'),
    ('{}')) v(s);
SELECT portatext.is_open_in('{"days": [31], "any_day": {"from": "23:00", "to": "01:00"}}', '{UTC}', '2026-04-01 00:30+00') AS "begun on the 31st",
       portatext.is_open_in('{"days": [1], "any_day": {"from": "23:00", "to": "01:00"}}', '{UTC}', '2026-04-01 00:30+00') AS "begun on the 31st, the 1st allowed";

-- the clock is changed: an hour that is left out never opens, one that is repeated opens twice
SELECT portatext.next_open_in('{"any_day": {"from": "02:15", "to": "02:45"}}', '{Europe/Madrid}', at)
FROM unnest('{2026-03-29 00:00+00,2026-10-25 00:00+00,2026-10-25 00:45+00}'::timestamptz[]) at;
SELECT portatext.next_open_in('{"months": [3], "days": [29], "sunday": {"from": "02:00", "to": "03:00"}}', '{Europe/Madrid}', '2026-01-01 00:00+00') AS "never";

-- SCH-06: all zones at once
SELECT zones, portatext.next_open_in('{"any_day": {"from": "09:00", "to": "18:00"}}', zones, '2026-07-01 00:00+00')
FROM (VALUES (ARRAY['Europe/Madrid', 'America/New_York']), ('{Asia/Kathmandu}'), ('{Pacific/Guam,Pacific/Honolulu}'), ('{Pacific/Guam,Europe/Madrid,America/New_York}'), ('{}')) v(zones);
SELECT portatext.next_open_in('{}', '{Europe/Madrid,Mars/Olympus}', now());
SELECT portatext.next_open_in('{}', ARRAY['UTC', NULL], now());
SELECT portatext.next_open_in('{}', ARRAY[repeat('x', 300)], now());
SELECT portatext.is_open_in('{}', (SELECT array_agg('UTC'::text) FROM generate_series(1, 65)), now());
SELECT portatext.is_open_in('{}', '{UTC}', 'infinity');
SELECT portatext.is_open_in('[]', '{UTC}', now());

-- by number: +34 has one zone; +1 by its area code, or any of North America's; +7 7 two
SELECT n, cardinality(portatext.number_timezones(n)) AS zones,
       portatext.next_open('{"any_day": {"from": "09:00", "to": "18:00"}}', n, '2026-07-01 00:00+00')
FROM unnest('{+34600000000,+12025550123,+18005550123,+74951234567,+77011234567,+8821312345}'::portatext.e164[]) n;
-- SCH-07: never open in all of them at once, or none is known: the account's zone
SELECT portatext.account_settings('{"timezone": "Asia/Kathmandu"}') ->> 'timezone' AS zone;
SELECT n, portatext.next_open('{"any_day": {"from": "09:00", "to": "18:00"}}', n, '2026-07-01 00:00+00'),
       portatext.is_open('{"any_day": {"from": "09:00", "to": "18:00"}}', n, '2026-07-01 04:00+00')
FROM unnest('{+34600000000,+18005550123,+8821312345}'::portatext.e164[]) n;
SELECT portatext.account_settings('{"timezone": "Europe/Madrid"}') ->> 'timezone' AS zone;
SELECT portatext.next_open('{"months": [3], "days": [29], "sunday": {"from": "02:00", "to": "03:00"}}', '+34600000000');
SELECT portatext.is_open('{"months": [3], "days": [29], "sunday": {"from": "02:00", "to": "03:00"}}', '+34600000000');
SELECT portatext.is_open('{}', '+34600000000') AS "no restriction";

-- SCH-01, SCH-08: messages with a schedule wait for it; each schedule is kept once (Japan's clocks are never changed)
CREATE FUNCTION pg_temp.shut() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('any_day', jsonb_build_object(
        'from', to_char(now() AT TIME ZONE 'Asia/Tokyo' + interval '2 hours', 'HH24:00'),
        'to', to_char(now() AT TIME ZONE 'Asia/Tokyo' + interval '3 hours', 'HH24:00')))
$$;
SELECT portatext.send_sms('+819012345678', 'Hello you', schedule => pg_temp.shut()) AS waits \gset
SELECT portatext.send_sms('+819012345678', 'Hello you', schedule => '{}') AS goes \gset
SELECT portatext.send_sms('+819012345678', 'Hello you', schedule => '{}') AS same \gset
SELECT portatext.send_sms('+819012345678', 'Hello you', schedule => '{}', send_at => now() + interval '3 days',
                          valid_until => now() + interval '4 days') AS later \gset
SELECT portatext.send_sms('+819012345678', 'Hello you', schedule => pg_temp.shut(), send_at => now() + interval '3 days') AS both \gset
SELECT portatext.send_sms('+819012345678', 'Hello you') AS plain \gset
SELECT n.name, m.schedule_id IS NOT NULL AS scheduled, m.own_zone, m.state,
       CASE WHEN o.due <= m.created_at THEN 'at once' WHEN o.due = m.send_at THEN 'send_at'
            WHEN o.due = portatext.next_open_in(s.definition, '{Asia/Tokyo}', GREATEST(m.send_at, m.created_at)) THEN 'next_open' END AS due
FROM (VALUES (1, 'waits', :'waits'), (2, 'goes', :'goes'), (3, 'same', :'same'), (4, 'later', :'later'), (5, 'both', :'both'), (6, 'plain', :'plain')) n(ord, name, id)
JOIN portatext.message m ON m.message_id = n.id::uuid
JOIN portatext.outbox o ON o.message_id = m.message_id
LEFT JOIN portatext.schedule s USING (schedule_id) ORDER BY n.ord;
SELECT count(*), count(DISTINCT definition) AS different, count(DISTINCT account_id) AS accounts FROM portatext.schedule;
SELECT count(*) FROM portatext.expiry;

-- SCH-07: the fact is recorded
CREATE TEMP TABLE sent AS SELECT * FROM portatext.send_sms_batch('{+34600000001,+18005550123,+8821312345}', 'Hello you',
     schedule => '{"any_day": {"from": "09:00", "to": "12:00"}}');
SELECT s.to_number, m.own_zone, o.due = portatext.next_open_in('{"any_day": {"from": "09:00", "to": "12:00"}}', '{Europe/Madrid}', m.created_at) OR o.due <= m.created_at AS due
FROM sent s JOIN portatext.message m USING (message_id) JOIN portatext.outbox o USING (message_id) ORDER BY s.ord;

-- refused: not before it expires; never; not valid
SELECT sqlstate, regexp_replace(reason, 'at [0-9].*', 'at ...') AS reason
FROM portatext.simulate_sms('+819012345678', 'Hello you', schedule => pg_temp.shut(), valid_until => now() + interval '10 minutes');
SELECT sqlstate, reason
FROM portatext.simulate_sms('+34600000000', 'Hello you', schedule => '{"months": [3], "days": [29], "sunday": {"from": "02:00", "to": "03:00"}}');
SELECT to_number, sqlstate, message_id IS NOT NULL AS sent
FROM portatext.send_sms_batch('{+34600000000,+12025550123}', 'Hello you',
                              schedule => '{"months": [3], "days": [29], "sunday": {"from": "02:00", "to": "03:00"}}');
SELECT portatext.send_sms('+34600000000', 'Hello you', schedule => '{"noon": 1}');
SELECT portatext.send_sms_batch('{+34600000000}', 'Hello you', schedule => '[]');

-- SCH-10: a waiting one can be cancelled, with its refund
SELECT portatext.cancel_sms(:'waits');
SELECT m.state, EXISTS (SELECT FROM portatext.outbox o WHERE o.message_id = m.message_id) AS queued,
       (SELECT sum(l.amount) FROM portatext.ledger_entry l WHERE l.reference = m.message_id) AS paid
FROM portatext.message m WHERE message_id = :'waits';
SELECT * FROM portatext.check_balances();

-- LAW-02: a service's message counts for the month in which it is to go
INSERT INTO portatext.short_code (country, code, countries) VALUES ('US', '12345', '{JP}');
INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age,
        frequency, frequency_rule, intended_use, message_examples, advertising_examples, tc_url, phone)
    SELECT a.account_id, 'DEALS', 1, 'US', 'active', 'marketing', false, 18, 1, 'block', 'tests', '{}', '{}',
        'https://example.com/tc', '+12025550111' FROM portatext.account a WHERE a.is_default;
INSERT INTO portatext.subscriber (service_id, number, account_id, reminder_due)
    SELECT 1, '+819012345678', account_id, now() FROM portatext.service;
CREATE FUNCTION pg_temp.in_month(later int) RETURNS text LANGUAGE sql AS $$
    SELECT COALESCE(sqlstate, 'accepted') FROM portatext.send_sms_batch('{+819012345678}', 'Half price', service => 'DEALS',
        schedule => jsonb_build_object('days', '[15]'::jsonb, 'months', jsonb_build_array(
            extract(month FROM date_trunc('month', now()) + make_interval(months => later)))))
$$;
SELECT later, pg_temp.in_month(later) FROM unnest('{2,3,2,4,3}'::int[]) WITH ORDINALITY AS m(later, ord) ORDER BY ord;

-- one account's schedules are not another's
SET client_min_messages = error;
DROP ROLE IF EXISTS regress_schedule;
CREATE ROLE regress_schedule IN ROLE portatext_account;
SELECT portatext.create_account('other', timezone => 'Asia/Tokyo') AS other \gset
SELECT set_config('portatext.account_id', :'other', false) IS NOT NULL AS set;
SET ROLE regress_schedule;
SELECT count(*) FROM portatext.schedule;
SELECT portatext.next_open('{"any_day": {"from": "09:00", "to": "18:00"}}', '+8821312345', '2026-07-01 12:00+00');
RESET ROLE;
RESET portatext.account_id;
DROP ROLE regress_schedule;
