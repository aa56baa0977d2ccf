-- Messages to short codes and what they set off (SVC-01, SVC-07 to SVC-11, SVC-15, FLOW-02 to FLOW-14, SUB-01, SUB-02, SUB-11, LAW-09).
SET client_min_messages = error;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

-- An installation as new as after CREATE EXTENSION, and no worker that takes what waits.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
SET portatext.replies_per_minute = 1000;
INSERT INTO portatext.carrier (name, adapter) VALUES ('flow_a', 'kannel'), ('flow_b', 'kannel');
SELECT portatext.create_account('one') AS one, portatext.create_account('two') AS two, portatext.create_account('poor') AS poor \gset
SELECT portatext.recharge(1000, account_id => :one) AS one_has, portatext.recharge(1000, account_id => :two) AS two_has,
    portatext.set_tariff('1', 1) AS tariff, portatext.set_tariff('49', 2) AS german \gset
SELECT portatext.create_short_code('US', '12345', ARRAY['US', 'CA']) AS shared, portatext.create_short_code('US', '54321') AS single,
    portatext.create_short_code('US', '22222') AS us, portatext.create_short_code('DE', '22222') AS de,
    portatext.create_short_code('CA', '33333', carrier => 'flow_a') AS a, portatext.create_short_code('US', '33333', carrier => 'flow_b') AS b \gset
CREATE FUNCTION pg_temp.make(keyword text, account bigint, code_id bigint, double boolean, purpose portatext.service_purpose DEFAULT 'marketing',
        state portatext.service_state DEFAULT 'active') RETURNS void LANGUAGE sql AS $$
    INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age, frequency,
            intended_use, message_examples, advertising_examples, tc_url, phone)
        SELECT account, keyword, code_id, c.country, state, purpose, double, 18, 30, 'Test', '{}', '{}', 'example.com/tc', '+15557770100'
            FROM portatext.short_code c WHERE c.short_code_id = code_id $$;
-- GEN-07: keywords tell the services of two accounts on one short code apart.
SELECT pg_temp.make('DEALS', :one, :shared, false), pg_temp.make('NEWS', :one, :shared, true, 'notifications'),
    pg_temp.make('GAMES', :two, :shared, true), pg_temp.make('SOLO', :one, :single, false),
    pg_temp.make('HERE', :one, :us, false), pg_temp.make('HIER', :two, :de, false),
    pg_temp.make('NORTH', :one, :a, false), pg_temp.make('SOUTH', :one, :b, false);

-- What a message sets off: its rows and the replies, with what was booked for each.
CREATE FUNCTION pg_temp.texts(sender text, code text, body text, carrier text DEFAULT 'flow_a') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before constant text := COALESCE((SELECT max(m.message_id::text) FROM portatext.message m), '');
    lost constant bigint := (SELECT count(*) FROM portatext.unrouted);
BEGIN
    PERFORM portatext.receive_sms(carrier, sender, code, body);
    RETURN QUERY SELECT concat_ws(' ', a.name, s.keyword, CASE WHEN m.inbound THEN m.body ELSE m.kind::text END, m.state, m.error_code,
            (SELECT string_agg(l.kind || ' ' || l.amount, ',') FROM portatext.ledger_entry l WHERE l.reference = m.message_id))
        FROM portatext.message m JOIN portatext.account a USING (account_id) LEFT JOIN portatext.service s USING (service_id)
        WHERE m.message_id::text > before ORDER BY m.message_id;
    RETURN QUERY SELECT 'unrouted: ' || u.body FROM portatext.unrouted u ORDER BY u.unrouted_id OFFSET lost;
END $$;
-- Who is subscribed to what, how often it was said so, and what events told it.
CREATE FUNCTION pg_temp.subscribed(person text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.keyword, x.state,
            (SELECT string_agg(c.action, ',' ORDER BY c.consent_id) FROM portatext.consent c WHERE c.service_id = s.service_id AND c.number = person),
            '/', (SELECT string_agg(e.type, ',' ORDER BY e.event_id) FROM portatext.event e
                  WHERE e.subject = s.keyword AND e.payload ->> 'number' = person))
        FROM portatext.service s JOIN portatext.subscriber x USING (service_id) WHERE x.number = person ORDER BY s.service_id $$;
CREATE FUNCTION pg_temp.last(OUT chars int, OUT segments int, OUT body text) RETURNS record LANGUAGE sql AS $$
    SELECT char_length(m.body), m.segments, m.body FROM portatext.message m WHERE NOT m.inbound ORDER BY m.message_id DESC LIMIT 1 $$;

-- FLOW-05, FLOW-06: what names a service and asks for nothing gets the welcome: 142 + 3k + t + u characters (FLOW-13).
SELECT pg_temp.texts('+15551230001', '12345', 'Tell me about deals, please');
SELECT l.*, l.chars = 142 + 3 * 5 + length('marketing') + length('example.com/tc') FROM pg_temp.last() l;
SELECT pg_temp.subscribed('+15551230001');
-- SVC-07, FLOW-03: under single opt-in the keyword alone subscribes: 134 + 3k + t.
SELECT pg_temp.texts('+15551230001', '12345', ' deals! ');
SELECT l.*, l.chars = 134 + 3 * 5 + length('marketing') FROM pg_temp.last() l;
SELECT pg_temp.subscribed('+15551230001');
-- FLOW-12, SUB-02: again: the same answer, one subscription, no second event.
SELECT pg_temp.texts('+15551230001', '12345', 'YES DEALS');
SELECT pg_temp.subscribed('+15551230001');
-- SVC-08, FLOW-08: under double opt-in the keyword alone only tells what to do; both orders subscribe (SVC-09).
SELECT pg_temp.texts('+15551230001', '12345', 'NEWS');
SELECT l.* FROM pg_temp.last() l;
SELECT pg_temp.texts('+15551230001', '12345', 'news yes');
SELECT l.*, l.chars = 134 + 3 * 4 + length('notification') FROM pg_temp.last() l;
SELECT pg_temp.texts('+15551230001', '12345', 'Yes, Games.');
SELECT pg_temp.subscribed('+15551230001');
-- FLOW-02: help: 90 + 2k + u + p.
SELECT pg_temp.texts('+15551230001', '12345', 'HELP NEWS');
SELECT l.*, l.chars = 90 + 2 * 4 + length('example.com/tc') + length('+15557770100') FROM pg_temp.last() l;
-- FLOW-04, SUB-01: a stop word ends that subscription at once: 71 + k; nothing else ends.
SELECT pg_temp.texts('+15551230001', '12345', 'QUIT NEWS');
SELECT l.*, l.chars = 71 + 4 FROM pg_temp.last() l;
-- FLOW-06: YES and a stop word together: an opt-out.
SELECT pg_temp.texts('+15551230001', '12345', 'YES STOP GAMES');
SELECT pg_temp.subscribed('+15551230001');
-- FLOW-12: who is not subscribed is answered all the same; no event.
SELECT pg_temp.texts('+15551230002', '12345', 'STOP DEALS');
SELECT pg_temp.subscribed('+15551230002'), count(*) FROM portatext.event WHERE payload ->> 'number' = '+15551230002';
-- FLOW-07: in a longer text only STOP and UNSUBSCRIBE, as its first word, and only with a keyword.
SELECT pg_temp.texts('+15551230001', '12345', 'stop sending me DEALS');
SELECT pg_temp.texts('+15551230001', '12345', 'when does the DEALS week end');
-- Back again; the account's events carry the service.
SELECT pg_temp.texts('+15551230001', '12345', 'DEALS');
SELECT pg_temp.subscribed('+15551230001');
SELECT payload FROM portatext.event WHERE type = 'message.received' ORDER BY event_id DESC LIMIT 1;

-- The evidence: the message, its words, the answer (SVC-16).
SELECT c.action, c.source, c.evidence, c.shown_text, m.body, m.to_number, m.from_number
    FROM portatext.consent c JOIN portatext.message m USING (message_id) WHERE c.number = '+15551230001' ORDER BY c.consent_id LIMIT 1;

-- SUB-12: what waits for somebody who leaves is not sent, and refunded.
SELECT count(*) FROM pg_temp.texts('+15551230012', '12345', 'DEALS');
BEGIN;
SELECT portatext.act_as(:one);
SELECT portatext.send_sms('+15551230012', 'Shoes, two for one', service => 'DEALS', send_at => now() + interval '1 hour') AS waits \gset
COMMIT;
SELECT pg_temp.texts('+15551230012', '12345', 'STOP DEALS');
SELECT m.state, m.error_code, (SELECT sum(l.amount) FROM portatext.ledger_entry l WHERE l.reference = m.message_id)
    FROM portatext.message m WHERE m.message_id = :'waits';
-- A message that the carrier brings again changes nothing and is not answered again.
SELECT portatext.receive_sms('flow_a', '+15551230012', '12345', 'DEALS', ref => 'F1') = portatext.receive_sms('flow_a', '+15551230012', '12345', 'DEALS', ref => 'F1');
SELECT count(*) FILTER (WHERE inbound), count(*) FILTER (WHERE NOT inbound) FROM portatext.message m
    WHERE '+15551230012' IN (m.from_number, m.to_number);
-- An empty text leaves nothing behind (BILL-12).
SELECT pg_temp.texts('+15551230012', '12345', '');

-- FLOW-11: a bare stop word ends all subscriptions of that code, one confirmation each; each account has its own row.
SELECT count(*) FROM unnest(ARRAY['NEWS', 'GAMES']) k, pg_temp.texts('+15551230001', '12345', k || ' yes');
SELECT pg_temp.texts('+15551230001', '54321', 'YES');
SELECT pg_temp.texts('+15551230001', '12345', 'Help');
SELECT pg_temp.texts('+15551230001', '12345', 'baja');
SELECT pg_temp.subscribed('+15551230001');
SELECT s.keyword, m.from_number, m.body, m.account_id = c.account_id
    FROM portatext.consent c JOIN portatext.message m USING (message_id) JOIN portatext.service s ON s.service_id = c.service_id
    WHERE c.evidence ->> 'text' = 'baja' ORDER BY 1;
-- ... else it is the last that wrote to the number, which also keeps what names no service; else nobody's.
SELECT pg_temp.texts('+15551230001', '12345', 'STOP');
SELECT pg_temp.texts('+15551230001', '12345', 'HELP');
SELECT pg_temp.texts('+15551230001', '12345', 'YES');
SELECT pg_temp.texts('+15551230001', '12345', 'Good morning');
INSERT INTO portatext.service_message (service_id, number, message_id, account_id)
    SELECT service_id, '+15551230001', portatext.uuid7(), account_id FROM portatext.service WHERE keyword IN ('DEALS', 'GAMES') ORDER BY service_id;
SELECT pg_temp.texts('+15551230001', '12345', 'STOP');
SELECT pg_temp.texts('+15551230001', '12345', 'HELP');
SELECT pg_temp.texts('+15551230001', '12345', 'YES');
SELECT pg_temp.texts('+15551230001', '12345', 'Good morning');
-- On a code with one service there is no doubt.
SELECT pg_temp.texts('+15551230003', '54321', 'Good morning');
SELECT pg_temp.texts('+15551230003', '54321', 'HELP');
SELECT pg_temp.texts('+15551230003', '54321', 'yes');
SELECT pg_temp.texts('+15551230003', '54321', 'Unsubscribe');
SELECT pg_temp.subscribed('+15551230003');

-- SVC-01: the same digits in two countries: the sender's country, or the carrier, tells.
SELECT pg_temp.texts('+15551230004', '22222', 'HERE');
SELECT pg_temp.texts('+4915112345678', '22222', 'HIER');
SELECT pg_temp.texts('+33612345678', '22222', 'STOP HERE');
SELECT pg_temp.texts('+15551230004', '33333', 'NORTH');
SELECT pg_temp.texts('+15551230004', '33333', 'SOUTH', 'flow_b');
SELECT pg_temp.texts('+15551230004', '44444', 'DEALS');

-- SVC-11: numbers that the code does not serve: stored, no subscription, no reply but the confirmation of an opt-out.
SELECT pg_temp.texts('+4915112345678', '12345', k) FROM unnest(ARRAY['DEALS', 'HELP DEALS', 'STOP DEALS']) k;
SELECT pg_temp.subscribed('+4915112345678');
-- Senders that are no telephone numbers cannot be answered.
SELECT pg_temp.texts('ACME', '12345', k) FROM unnest(ARRAY['DEALS', 'STOP DEALS', 'STOP']) k;

-- LAW-09: a suspended service takes nobody in and answers nothing but opt-outs.
SELECT pg_temp.texts('+15551230005', '12345', 'YES GAMES');
UPDATE portatext.service SET state = 'suspended' WHERE keyword = 'GAMES';
SELECT pg_temp.texts('+15551230005', '12345', k) FROM unnest(ARRAY['GAMES', 'HELP', 'STOP']) k;
SELECT pg_temp.subscribed('+15551230005');
UPDATE portatext.service SET state = 'active' WHERE keyword = 'GAMES';

-- SUB-11: a stop word from a paused subscriber ends the subscription, with or without the keyword.
SELECT count(*) FROM unnest(ARRAY['NEWS', 'GAMES']) k, pg_temp.texts('+15551230006', '12345', k || ' yes');
UPDATE portatext.subscriber SET state = 'paused' WHERE number = '+15551230006';
SELECT pg_temp.texts('+15551230006', '12345', k) FROM unnest(ARRAY['END NEWS', 'END']) k;
SELECT pg_temp.subscribed('+15551230006');

-- SVC-15: the blacklist binds replies, not what the number wants.
BEGIN;
SELECT portatext.act_as(:one);
SELECT portatext.blacklist_add('+15551230007');
COMMIT;
SELECT pg_temp.texts('+15551230007', '12345', k) FROM unnest(ARRAY['DEALS', 'HELP DEALS', 'STOP DEALS']) k;
SELECT pg_temp.subscribed('+15551230007');

-- FLOW-14: nothing depends on money: the reply that cannot be paid is kept as not sent; the inbound is charged (BILL-10).
SELECT pg_temp.make('POOR', :poor, :shared, false);
SELECT pg_temp.texts('+15551230008', '12345', k) FROM unnest(ARRAY['POOR', 'HELP POOR', 'STOP POOR']) k;
SELECT pg_temp.subscribed('+15551230008');
SELECT portatext.balance(:poor);

-- The loop guard: help and welcome have it, opt-in and opt-out not.
SET portatext.replies_per_minute = 2;
SELECT pg_temp.texts('+15551230009', '12345', k) FROM unnest(ARRAY['HELP DEALS', 'DEALS?! Really', 'HELP DEALS', 'DEALS', 'STOP DEALS', 'STOP DEALS', 'STOP DEALS']) k;

-- An error in what a message sets off is raised once; brought again, the message is stored without the step that failed.
CREATE FUNCTION pg_temp.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON portatext.subscriber FOR EACH ROW EXECUTE FUNCTION pg_temp.fail();
CREATE TRIGGER fail BEFORE INSERT ON portatext.outbox FOR EACH ROW WHEN (NEW.to_number = '+15551230011') EXECUTE FUNCTION pg_temp.fail();
SELECT pg_temp.texts('+15551230010', '12345', 'YES DEALS');
SELECT pg_temp.texts('+15551230010', '12345', 'YES DEALS');
-- Others are not concerned; what can be done is done: an opt-out goes before its confirmation.
SELECT pg_temp.texts('+15551230003', '12345', 'HELP DEALS');
DROP TRIGGER fail ON portatext.subscriber;
INSERT INTO portatext.subscriber (service_id, number, account_id, reminder_due)
    SELECT service_id, '+15551230011', account_id, now() FROM portatext.service WHERE keyword = 'DEALS';
SELECT pg_temp.texts('+15551230011', '12345', 'STOP');
SELECT pg_temp.subscribed('+15551230010');
SELECT pg_temp.subscribed('+15551230011');
DROP TRIGGER fail ON portatext.outbox;
SELECT pg_temp.texts('+15551230010', '12345', 'YES DEALS');
-- An error of the moment is raised again and again: the message is to be brought later.
CREATE OR REPLACE FUNCTION pg_temp.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = 'lock_not_available'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON portatext.subscriber FOR EACH ROW EXECUTE FUNCTION pg_temp.fail();
SELECT pg_temp.texts('+15551230011', '12345', 'YES DEALS');
SELECT pg_temp.texts('+15551230011', '12345', 'YES DEALS');
DROP TRIGGER fail ON portatext.subscriber;

SELECT * FROM portatext.check_balances();

-- What follows finds nothing of this.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
