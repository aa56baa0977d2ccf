-- Sending from a service: who may, to whom, how often, and what it costs (SVC, SUB, LAW).
SET client_min_messages = error;
SET timezone = 'UTC';

-- No worker that takes what waits.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

SELECT portatext.balance();
SELECT portatext.create_account('other', sandbox => true) AS other \gset
INSERT INTO portatext.short_code (country, code, countries, segments_per_second)
    VALUES ('US', '12345', '{US,CA}', 10), ('UY', '54321', '{UY}', NULL);
INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age,
        frequency, frequency_rule, intended_use, message_examples, advertising_examples, tc_url, phone)
    SELECT a.account_id, v.keyword, c.short_code_id, COALESCE(c.country, 'US'), v.state::portatext.service_state, 'marketing', false, 18,
        2, v.rule::portatext.frequency_rule, 'tests', '{}', '{}', 'https://example.com/tc', '+12025550111'
    FROM (VALUES
        ('default', 'DEALS', '12345', 'active', 'count'), ('default', 'NEWS', '12345', 'active', 'warn'),
        ('default', 'ALERTS', '12345', 'active', 'block'), ('default', 'ALERTS', '54321', 'active', 'block'),
        ('default', 'LATER', '12345', 'approved', 'warn'), ('default', 'PAUSE', '12345', 'suspended', 'warn'),
        ('default', 'ENDED', '12345', 'closed', 'warn'), ('default', 'ASKED', NULL, 'requested', 'warn'),
        ('other', 'THEIRS', '12345', 'active', 'warn')) v (account, keyword, code, state, rule)
    LEFT JOIN portatext.short_code c ON c.code = v.code
    JOIN portatext.account a ON CASE v.account WHEN 'default' THEN a.is_default ELSE a.name = v.account END;
INSERT INTO portatext.subscriber (service_id, number, account_id, state, reminder_due)
    SELECT s.service_id, v.number, s.account_id, v.state::portatext.subscriber_state, portatext.now() + interval '30 days'
    FROM (VALUES ('+12025550001', 'active'), ('+12025550002', 'active'), ('+12025550003', 'paused'),
        ('+12025550004', 'opted_out'), ('+12025550005', 'cancelled'), ('+12025550006', 'active')) v (number, state),
        portatext.service s WHERE s.short_code_id = 1;
INSERT INTO portatext.subscriber (service_id, number, account_id, reminder_due)
    SELECT s.service_id, n, s.account_id, portatext.now() FROM portatext.service s, unnest(ARRAY['+59894123456', '+59824123456']) n
    WHERE s.short_code_id = 2;
SELECT portatext.blacklist_add('+12025550006');

-- SVC-12: the calls of a number; the short code is the sender, the message is charged as any other
SELECT portatext.send_sms('+12025550001', 'Half price today', service => 'deals') AS id \gset
SELECT m.state, m.from_number, m.to_number, m.kind, s.keyword, m.segments, m.cost FROM portatext.message m
    JOIN portatext.service s USING (service_id) WHERE m.message_id = :'id';
SELECT kind, amount FROM portatext.ledger_entry WHERE reference = :'id';
SELECT x.number, x.surplus, o.lane, o.to_number FROM portatext.service_message x JOIN portatext.outbox o USING (message_id)
    WHERE x.message_id = :'id';
SELECT recipient, sender, carrier_id, segments, cost, sqlstate
    FROM portatext.simulate_sms('+12025550001', 'Half price today', '12345', service => 'DEALS');

-- each refusal, by send_sms and by simulate_sms
\set SHOW_CONTEXT never
CREATE TEMP TABLE attempt (ord int GENERATED ALWAYS AS IDENTITY, title text, number text, service text, sender text);
INSERT INTO attempt (title, number, service, sender) VALUES
    ('no such service', '+12025550001', 'NOPE', NULL),
    ('another account''s', '+12025550001', 'THEIRS', NULL),
    ('not yet active', '+12025550001', 'LATER', NULL),
    ('LAW-09: suspended', '+12025550001', 'PAUSE', NULL),
    ('closed', '+12025550001', 'ENDED', NULL),
    ('requested', '+12025550001', 'ASKED', NULL),
    ('SVC-13, LAW-05: never subscribed', '+12025550009', 'DEALS', NULL),
    ('opted out', '+12025550004', 'DEALS', NULL),
    ('cancelled', '+12025550005', 'DEALS', NULL),
    ('SUB-10: paused', '+12025550003', 'DEALS', NULL),
    ('SVC-11: another country', '+59894123456', 'DEALS', NULL),
    ('SVC-11: a known fixed line', '+59824123456', 'ALERTS', NULL),
    ('blacklisted', '+12025550006', 'DEALS', NULL),
    ('another number as the sender', '+12025550001', 'DEALS', '+12025550100'),
    ('the short code without its service', '+12025550001', NULL, '12345'),
    ('in a list', '+12025550001', NULL, '+12025550100, 12345');
DO $$
DECLARE
    a record; simulated record;
    state text; message text; detail text; hint text;
BEGIN
    FOR a IN SELECT * FROM attempt ORDER BY ord LOOP
        BEGIN
            PERFORM portatext.send_sms(a.number, 'Half price', a.sender, service => a.service);
            RAISE INFO '%: sent', a.title;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            RAISE INFO '%: % | % | % | %', a.title, state, message, detail, hint;
        END;
        BEGIN
            SELECT s.sqlstate, s.reason INTO simulated
                FROM portatext.simulate_sms(a.number, 'Half price', a.sender, service => a.service) s;
            IF simulated.sqlstate <> state OR simulated.reason <> message || ': ' || detail THEN
                RAISE INFO '   simulated: % %', simulated.sqlstate, simulated.reason;
            END IF;
        EXCEPTION WHEN invalid_parameter_value THEN
            RAISE INFO '   simulated: %', SQLERRM;
        END;
    END LOOP;
END
$$;
-- a number that serves two countries' services of one name gets that of its own
SELECT sender, sqlstate FROM portatext.simulate_sms('+59894123456', 'Half price', service => 'ALERTS');
SELECT sender, sqlstate FROM portatext.simulate_sms('+12025550001', 'Half price', service => 'ALERTS');
SELECT sender, sqlstate FROM portatext.simulate_sms('+59894123456', 'Half price', '54321', service => 'ALERTS');
SELECT sender, sqlstate FROM portatext.simulate_sms('+59894123456', 'Half price', '12345', service => 'ALERTS');
-- a short code cannot be a number of an account, too; one that was made so by hand is not chosen among any (LAW-05)
SELECT portatext.assign_did('12345', :other);
INSERT INTO portatext.did (account_id, number) VALUES (:other, '12345');
SELECT portatext.set_tariff('', 1, :other) > 0 AS tariff;
BEGIN;
SELECT portatext.act_as(:other);
SELECT sender, sqlstate FROM portatext.simulate_sms('+12025550001', 'Half price');
ROLLBACK;

-- the id names a service, too: the one meant among two of a keyword; only an own one; a keyword of the same digits goes before
SELECT s.country, s.state, x.sender, x.sqlstate FROM portatext.service s,
    LATERAL portatext.simulate_sms('+12025550001', 'Half price', service => s.service_id::text) x
    WHERE s.keyword IN ('ALERTS', 'PAUSE', 'ENDED', 'THEIRS') ORDER BY s.keyword, s.country;
SELECT n, x.sqlstate FROM unnest(ARRAY['0', '', '999999999', '99999999999999999999', '1x']) n, LATERAL portatext.simulate_sms('+12025550001', 'Half price', service => n) x;
BEGIN;
INSERT INTO portatext.service (service_id, account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age,
        frequency, intended_use, message_examples, advertising_examples)
    OVERRIDING SYSTEM VALUE SELECT 4321, account_id, 'OTHER1', short_code_id, country, state, purpose, double_opt_in, minimum_age,
        frequency, intended_use, message_examples, advertising_examples FROM portatext.service WHERE keyword = 'LATER';
SELECT x.sender, x.sqlstate FROM portatext.simulate_sms('+12025550001', 'Half price', service => '4321') x;
UPDATE portatext.service SET keyword = '4321' WHERE keyword = 'NEWS';
SELECT x.sender, x.sqlstate FROM portatext.simulate_sms('+12025550001', 'Half price', service => '4321') x;
ROLLBACK;

-- in a batch: skipped one by one, or all undone
SELECT ord, to_number, message_id IS NOT NULL AS sent, sqlstate, reason FROM portatext.send_sms_batch(
    ARRAY['+12025550001', '+12025550002', '+12025550003', '+12025550004', '+12025550006', '+12025550009', '+59894123456',
          '+12025550002', NULL], 'Half price for all', service => 'DEALS');
SELECT ord, sqlstate FROM portatext.send_sms_batch(ARRAY['+12025550001'], 'Half price', service => 'NOPE');
SELECT count(*) FROM portatext.send_sms_batch(ARRAY['+12025550001', '+12025550003'], 'Half price', service => 'DEALS', on_error => 'raise');
SELECT m.to_number, m.kind, m.priority, m.cost, count(x.message_id) AS noted, count(o.message_id) AS waits, count(l.reference) AS charged
    FROM portatext.message m LEFT JOIN portatext.service_message x USING (message_id) LEFT JOIN portatext.outbox o USING (message_id)
    LEFT JOIN portatext.ledger_entry l ON l.reference = m.message_id
    WHERE m.body = 'Half price for all' GROUP BY m.message_id ORDER BY 1;

-- LAW-02: counted; warned of once a subscriber and month; blocked
SELECT count(portatext.send_sms('+12025550001', 'Hello again ' || i, service => 'DEALS')) FROM generate_series(1, 3) i;
SELECT count(portatext.send_sms('+12025550001', 'Some news ' || i, service => 'NEWS')) FROM generate_series(1, 4) i;
SELECT count(*) FROM portatext.send_sms_batch(ARRAY['+12025550001', '+12025550002'], 'More news', service => 'NEWS');
SELECT s.keyword, x.number, count(*), count(*) FILTER (WHERE x.surplus) AS noted FROM portatext.service_message x
    JOIN portatext.service s USING (service_id) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT e.type, e.subject, e.payload - 'message_id' AS payload, m.body FROM portatext.event e
    JOIN portatext.message m ON m.message_id::text = e.payload ->> 'message_id' WHERE e.type LIKE 'service.%' ORDER BY e.event_id;
SELECT portatext.send_sms('+12025550001', 'Alert 1', service => 'ALERTS') AS first \gset
SELECT portatext.send_sms('+12025550001', 'Alert 2', service => 'ALERTS') AS second \gset
SELECT portatext.send_sms('+12025550001', 'Alert 3', service => 'ALERTS');
SELECT sqlstate, reason FROM portatext.simulate_sms('+12025550001', 'Alert 3', service => 'ALERTS');
SELECT to_number, sqlstate FROM portatext.send_sms_batch(ARRAY['+12025550001', '+12025550002'], 'Alert 3', service => 'ALERTS');
-- one that was taken back does not count, nor does another month
SELECT portatext.cancel_sms(:'first');
SELECT portatext.send_sms('+12025550001', 'Alert 4', service => 'ALERTS') IS NOT NULL AS sent;
UPDATE portatext.service_message SET send_at = date_trunc('month', portatext.now()) - interval '1 second' WHERE message_id = :'second';
SELECT portatext.send_sms('+12025550001', 'Alert 5', service => 'ALERTS') IS NOT NULL AS sent;
SELECT portatext.send_sms('+12025550001', 'Alert 6', service => 'ALERTS') IS NOT NULL AS sent;
-- the month is that of the account's time zone, here behind UTC
UPDATE portatext.account SET timezone = 'Etc/GMT+12' WHERE is_default;
UPDATE portatext.service_message x SET send_at = date_trunc('month', portatext.now() AT TIME ZONE 'Etc/GMT+12') AT TIME ZONE 'Etc/GMT+12' - interval '1 second'
    FROM portatext.message m WHERE m.message_id = x.message_id AND m.body = 'Alert 5';
SELECT portatext.send_sms('+12025550001', 'Alert 7', service => 'ALERTS') IS NOT NULL AS sent;
UPDATE portatext.account SET timezone = 'UTC' WHERE is_default;
-- what is to be sent later counts in the month of that time, and a time that is over is now
SELECT count(portatext.send_sms('+12025550002', 'Alert of next month', service => 'ALERTS', send_at => date_trunc('month', portatext.now()) + interval '1 month')) FROM generate_series(1, 2);
SELECT portatext.send_sms('+12025550002', 'Alert of this month', service => 'ALERTS') IS NOT NULL AS sent;
SELECT sqlstate FROM portatext.simulate_sms('+12025550002', 'Alert', service => 'ALERTS', send_at => date_trunc('month', portatext.now()) + interval '40 days');
SELECT portatext.send_sms('+12025550002', 'Alert of last month', service => 'ALERTS', send_at => portatext.now() - interval '1 month');

-- LAW-07: a word of the list holds the message, charged; it is found where it waits
INSERT INTO portatext.review_word VALUES ('casino'), ('poker night');
SELECT portatext.send_sms('+12025550001', 'Visit our CASINO!', service => 'DEALS') AS held \gset
SELECT portatext.send_sms('+12025550001', 'Visit our casinos', service => 'DEALS') AS other_word \gset
SELECT count(*) FROM portatext.send_sms_batch(ARRAY['+12025550001', '+12025550002'], 'The poker night begins', service => 'DEALS', valid_until => now() + interval '1 day');
SELECT m.body, m.state, m.cost, p.key, p.due, p.segments, p.to_number, o.message_id IS NOT NULL AS in_outbox
    FROM portatext.message m LEFT JOIN portatext.parked p USING (message_id) LEFT JOIN portatext.outbox o USING (message_id)
    WHERE m.body ~ 'casino|CASINO|poker' ORDER BY m.message_id;
SELECT portatext.send_sms('+12025550001', 'From a number: casino') IS NOT NULL AS sent;
SELECT count(*) FROM portatext.parked;
-- approved: due at its own time
SELECT portatext.send_sms('+12025550001', 'Our casino opens', service => 'DEALS', send_at => portatext.now() + interval '2 days') AS later,
    portatext.send_sms('+12025550001', 'Our casino is open', service => 'DEALS') AS now \gset
SELECT portatext.review_message(:'later', true), portatext.review_message(:'now', true);
SELECT m.body, o.due > portatext.now() + interval '1 day' AS later, o.due = COALESCE(m.send_at, m.created_at) AS own_time
    FROM portatext.outbox o JOIN portatext.message m USING (message_id) WHERE m.body LIKE 'Our casino%' ORDER BY m.message_id;
-- the account is told, if it wants to be
SELECT e.type, m.body, e.payload FROM portatext.event e JOIN portatext.message m ON m.message_id::text = e.subject
    WHERE e.type IN ('message.held', 'message.released') ORDER BY m.message_id, e.event_id;
UPDATE portatext.account SET message_events = false WHERE is_default;
SELECT portatext.send_sms('+12025550001', 'Our casino is quiet', service => 'DEALS') AS quiet \gset
SELECT portatext.review_message(:'quiet', true), count(*) FROM portatext.event WHERE subject = :'quiet';
UPDATE portatext.account SET message_events = true WHERE is_default;
SELECT portatext.cancel_sms(:'held');
SELECT state, cost, (SELECT sum(amount) FROM portatext.ledger_entry WHERE reference = message_id) AS paid
    FROM portatext.message WHERE message_id = :'held';
SELECT portatext.service_opt_out(s.service_id, '+12025550001', NULL, 'account', NULL, NULL) FROM portatext.service s WHERE s.keyword = 'DEALS';
SELECT portatext.blacklist_add('+12025550002') > 0 AS dropped;
SELECT count(*) FROM portatext.parked;
SELECT DISTINCT m.state, m.error_code FROM portatext.message m WHERE m.body = 'The poker night begins' ORDER BY 2;
DELETE FROM portatext.review_word;

-- BILL-13, DID-03, FLOW-14: automatic messages cost as others; one confirmation passes the blacklist,
-- and what cannot be paid is kept as not sent
UPDATE portatext.did SET stop_detection = true, stop_text = 'Bye', auto_reply = 'Hi' WHERE number = '+12025550100';
SELECT portatext.receive_sms('loopback', '+12025550007', '+12025550100', 'Hello') IS NOT NULL AS received;
SELECT portatext.receive_sms('loopback', '+12025550008', '+12025550100', 'Please stop') IS NOT NULL AS received;
SELECT kind, state, from_number, to_number, body, cost, service_id FROM portatext.message WHERE kind <> 'ordinary' ORDER BY message_id;
SELECT portatext.is_blacklisted('+12025550008');
SELECT portatext.debit(portatext.balance(), NULL) IS NOT NULL AS poor;
SELECT portatext.receive_sms('loopback', '+12025550010', '+12025550100', 'Hello') IS NOT NULL AS received;
SELECT portatext.receive_sms('loopback', '+12025550011', '+12025550100', 'stop it') IS NOT NULL AS received;
SELECT kind, state, step, to_number, cost, error_code, error_text, finished_at IS NOT NULL AS ended,
    EXISTS (SELECT FROM portatext.ledger_entry l WHERE l.reference = message_id) AS charged,
    EXISTS (SELECT FROM portatext.outbox o WHERE o.message_id = m.message_id) AS waits
    FROM portatext.message m WHERE kind <> 'ordinary' AND state = 'skipped' ORDER BY message_id;
SELECT portatext.is_blacklisted('+12025550011') AS all_the_same;

-- the books
SELECT * FROM portatext.check_balances();
SELECT count(*) AS unpaid FROM portatext.message m WHERE NOT m.inbound AND m.cost <> -COALESCE(
    (SELECT sum(l.amount) FROM portatext.ledger_entry l WHERE l.reference = m.message_id AND l.kind = 'charge'), 0);
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
