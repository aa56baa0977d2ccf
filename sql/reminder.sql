-- test build only
-- Reminders: 30 days, once, at a time of the day of the subscriber's own, within its waking hours (FLOW-01, FLOW-15, FLOW-16).
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SET timezone = 'UTC';

SELECT portatext.create_account('reminder', timezone => 'Asia/Kathmandu') AS account \gset
SELECT portatext.create_short_code('US', '80001', '{US,ES,CA}', 'loopback') AS code \gset
SELECT portatext.set_tariff('', 1, :account) IS NOT NULL;
INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age, frequency,
        intended_use, message_examples, advertising_examples, tc_url, phone)
    SELECT :account, k, :code, 'US', 'active', 'notifications', false, 0, 4, 'u', '{m}', '{}', 'https://example.com', '1'
    FROM unnest('{REMIND,SECOND}'::text[]) k;
SELECT service_id AS remind FROM portatext.service WHERE account_id = :account AND keyword = 'REMIND' \gset
SELECT service_id AS second FROM portatext.service WHERE account_id = :account AND keyword = 'SECOND' \gset
-- Other tests' subscribers are none of this one's.
UPDATE portatext.subscriber SET reminder_due = 'infinity';
-- The business clock is put at a time; what passes meanwhile is less than an hour.
CREATE FUNCTION pg_temp.at(t timestamptz) RETURNS void LANGUAGE sql AS $$
    SELECT set_config('portatext.clock_offset', extract(epoch FROM t - clock_timestamp())::text, false) $$;
CREATE FUNCTION pg_temp.reminders() RETURNS TABLE (number text, n bigint) LANGUAGE sql AS $$
    SELECT m.to_number::text, count(*) FROM portatext.message m JOIN portatext.account a USING (account_id)
        WHERE a.name = 'reminder' AND m.kind = 'reminder' AND m.state NOT IN ('skipped', 'rejected') GROUP BY 1 ORDER BY 1 $$;
-- Works through days by the quarter of an hour; returns how many were sent.
CREATE FUNCTION pg_temp.work(since timestamptz, until timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    t timestamptz := since;
    sent bigint := 0;
BEGIN
    WHILE t < until LOOP
        PERFORM pg_temp.at(t);
        sent := sent + portatext.send_reminders(1000);
        t := t + interval '15 minutes';
    END LOOP;
    RETURN sent;
END $$;

SELECT pg_temp.at('2031-03-01 10:00Z');
SELECT portatext.recharge(1000, NULL, :account);
-- 90 in Madrid, 90 in New York, and one that may be anywhere, all at the same minute.
SELECT count(portatext.service_opt_in(:remind, n, NULL, 'sms', NULL, NULL)) FROM (
    SELECT '+346123450' || i FROM generate_series(10, 99) i UNION ALL
    SELECT '+121255500' || i FROM generate_series(10, 99) i UNION ALL
    SELECT '+12223334444') x (n);
SELECT count(*) FROM portatext.subscriber WHERE service_id = :remind AND reminder_due BETWEEN '2031-03-31 10:00Z' AND '2031-03-31 11:00Z';
-- FLOW-15: none before 30 days.
SELECT pg_temp.work('2031-03-30 00:00Z', '2031-03-31 10:00Z');
-- Then within a day, each once.
SELECT pg_temp.work('2031-03-31 11:00Z', '2031-04-01 12:00Z');
SELECT count(*), min(n), max(n) FROM pg_temp.reminders();
SELECT body, priority, cost FROM portatext.message WHERE account_id = :account AND kind = 'reminder' LIMIT 1;
-- Within the waking hours of their own zones; the one that may be anywhere by the account's clock.
CREATE FUNCTION pg_temp.local_hours() RETURNS TABLE (zone text, earliest int, latest int, hours bigint, busiest bigint) LANGUAGE sql AS $$
    WITH m AS (SELECT z.zone, extract(hour FROM m.created_at AT TIME ZONE z.zone)::int AS hour
        FROM portatext.message m JOIN portatext.account a USING (account_id),
             LATERAL (SELECT CASE left(m.to_number, 4) WHEN '+346' THEN 'Europe/Madrid' WHEN '+121' THEN 'America/New_York' ELSE a.timezone END) z (zone)
        WHERE a.name = 'reminder' AND m.kind = 'reminder' AND m.created_at > portatext.now() - interval '3 days')
    SELECT m.zone, min(m.hour), max(m.hour), count(DISTINCT m.hour), (SELECT max(c) FROM (SELECT count(*) AS c FROM m x WHERE x.zone = m.zone GROUP BY x.hour) y)
        FROM m GROUP BY m.zone ORDER BY m.zone $$;
-- Spread over the day: each hour has some, none has many.
SELECT zone, earliest >= 9 AS from_9, latest < 20 AS to_20, hours >= 10 OR zone LIKE 'Asia%' AS spread, busiest < 25 AS no_burst FROM pg_temp.local_hours();
-- The next date is 30 days later at the same time of the day, in summer and in winter.
SELECT count(*), bool_and(abs(extract(epoch FROM x.reminder_due - m.created_at - interval '30 days')) < 5000)
    FROM portatext.subscriber x JOIN portatext.message m ON m.to_number = x.number AND m.service_id = x.service_id AND m.kind = 'reminder'
    WHERE x.service_id = :remind;
-- The second month: again each once.
SELECT pg_temp.work('2031-04-30 00:00Z', '2031-05-02 00:00Z');
SELECT count(*), min(n), max(n) FROM pg_temp.reminders();
SELECT zone, earliest >= 9 AS from_9, latest < 20 AS to_20, hours >= 10 OR zone LIKE 'Asia%' AS spread, busiest < 25 AS no_burst FROM pg_temp.local_hours();
-- Twice in a row sends nothing twice.
SELECT portatext.send_reminders(1000), portatext.send_reminders(1000);

-- A week without a scheduler: in the middle of the night nobody is woken, and a batch sends no more than it is told.
SELECT pg_temp.at('2031-06-07 02:00Z');
SELECT portatext.send_reminders(1000);
SELECT count(*) FILTER (WHERE reminder_due > '2031-06-07 02:00Z') - count(*) FROM portatext.subscriber WHERE service_id = :remind;
SELECT pg_temp.at('2031-06-14 15:00Z');
SELECT portatext.send_reminders(7), portatext.send_reminders(7);
SELECT pg_temp.work('2031-06-14 15:30Z', '2031-06-15 20:00Z') + 14;
SELECT count(*), min(n), max(n) FROM pg_temp.reminders();
-- 30 days from the last reminder.
SELECT count(*), bool_and(reminder_due >= '2031-07-14 11:00Z') FROM portatext.subscriber WHERE service_id = :remind;

-- FLOW-16: paused ones get none, and one when the pause is over; who has left gets none.
UPDATE portatext.subscriber SET reminder_due = 'infinity' WHERE service_id = :remind;
SELECT pg_temp.at('2031-08-01 10:00Z');
SELECT count(portatext.service_opt_in(:second, n, NULL, 'sms', NULL, NULL)) FROM unnest('{+34612345001,+34612345002,+34612345003,+34612345004}'::text[]) n;
SELECT portatext.apply_carrier_notice('80001', '+34612345001', 'paused'), portatext.service_opt_out(:second, '+34612345002', NULL, 'sms', NULL, NULL),
    portatext.apply_carrier_notice('80001', '+34612345003', 'cancelled');
SELECT pg_temp.work('2031-08-31 00:00Z', '2031-09-05 00:00Z');
SELECT portatext.apply_carrier_notice('80001', '+34612345001', 'resumed');
SELECT pg_temp.work('2031-09-05 00:00Z', '2031-09-07 00:00Z');
SELECT number, n FROM pg_temp.reminders() WHERE number LIKE '+3461234500_';
-- A blacklisted one gets none, and none later for that month.
INSERT INTO portatext.blacklist (account_id, number) VALUES (:account, '+34612345004');
SELECT pg_temp.work('2031-09-30 00:00Z', '2031-10-03 00:00Z');
SELECT x.reminder_due > '2031-10-29' FROM portatext.subscriber x WHERE number = '+34612345004';
DELETE FROM portatext.blacklist WHERE account_id = :account;

-- LAW-09: a suspended service sends none; afterwards one, not one for each month.
SELECT portatext.suspend_service(:second) >= 0;
SELECT pg_temp.work('2031-10-29 00:00Z', '2031-11-03 00:00Z');
SELECT pg_temp.work('2031-12-20 00:00Z', '2031-12-21 00:00Z');
SELECT number, reminder_due FROM portatext.subscriber WHERE service_id = :second AND state = 'active' ORDER BY number;
SELECT portatext.resume_service(:second);
SELECT pg_temp.work('2031-12-21 00:00Z', '2031-12-23 00:00Z');
SELECT number, n FROM pg_temp.reminders() WHERE number LIKE '+3461234500_';

-- FLOW-15: one that cannot be paid is marked, kept as not sent, and not tried again until there are credits.
SELECT portatext.debit(portatext.balance(:account), NULL, :account);
SELECT pg_temp.work('2032-01-19 00:00Z', '2032-01-23 00:00Z');
SELECT number, reminder_unpaid FROM portatext.subscriber WHERE service_id = :second AND state = 'active' ORDER BY number;
SELECT to_number, state, error_code, cost FROM portatext.message WHERE account_id = :account AND kind = 'reminder' AND error_code = 'no_credits' ORDER BY 1;

-- One that is too dear keeps back no other.
SELECT portatext.recharge(10, NULL, :account) > 0;
UPDATE portatext.subscriber SET reminder_unpaid = false WHERE service_id = :second;
SELECT portatext.set_tariff('34612345001', 1000, :account) IS NOT NULL;
SELECT pg_temp.work('2032-01-24 00:00Z', '2032-01-26 00:00Z');
SELECT number, reminder_unpaid, reminder_due > '2032-02-01' AS reminded FROM portatext.subscriber WHERE service_id = :second AND state = 'active' ORDER BY number;
-- An account that may not send is asked again every day.
SELECT portatext.suspend_account(:account);
UPDATE portatext.subscriber SET reminder_due = '2032-03-01 00:00Z', reminder_unpaid = false WHERE number = '+34612345004' AND service_id = :second;
SELECT pg_temp.work('2032-03-01 00:00Z', '2032-03-02 20:00Z');
SELECT reminder_due BETWEEN '2032-03-03' AND '2032-03-04' FROM portatext.subscriber WHERE number = '+34612345004' AND service_id = :second;
-- Nothing is kept of that, and no more are tried at a time than would be sent (FLOW-15).
UPDATE portatext.subscriber SET reminder_due = '2032-03-02 00:00Z', reminder_unpaid = false WHERE service_id = :second AND state = 'active';
SELECT pg_temp.at('2032-03-02 17:00Z');
SELECT portatext.send_reminders(1);
SELECT count(*), count(*) FILTER (WHERE reminder_due > '2032-03-02 18:00Z') FROM portatext.subscriber WHERE service_id = :second AND state = 'active';
SELECT count(*) FROM portatext.message WHERE account_id = :account AND kind = 'reminder' AND created_at > '2032-03-01 00:00Z';
SELECT portatext.suspend_account(:account, false);
SELECT pg_temp.work('2032-03-03 00:00Z', '2032-03-04 00:00Z');

-- Errors.
SELECT portatext.send_reminders(0);
SELECT portatext.send_reminders(20000);
BEGIN;
SELECT portatext.act_as(:account);
SELECT portatext.send_reminders();
ROLLBACK;
RESET portatext.clock_offset;
UPDATE portatext.subscriber SET reminder_due = 'infinity' WHERE account_id = :account;
SELECT count(portatext.close_service(s)) FROM unnest(ARRAY[:remind, :second]) s;
