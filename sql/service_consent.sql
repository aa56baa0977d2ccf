-- An opt-out is never missed: the same digits in several countries, numbers, changed carriers, errors (SUB-01, SUB-11, FLOW-04, FLOW-07, FLOW-11, SMS-16).
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
INSERT INTO portatext.carrier (name, adapter) VALUES ('old', 'kannel'), ('new', 'kannel');
SELECT portatext.create_account('one') AS one, portatext.create_account('two') AS two \gset
SELECT portatext.recharge(1000, account_id => :one) AS one_has, portatext.recharge(1000, account_id => :two) AS two_has,
    portatext.set_tariff('1', 1) AS tariff \gset
SELECT portatext.create_short_code('US', '12345', ARRAY['US', 'CA']) AS us \gset
CREATE FUNCTION pg_temp.make(keyword text, account bigint, code_id bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age, frequency,
            intended_use, message_examples, advertising_examples, tc_url, phone)
        SELECT account, keyword, code_id, c.country, 'active', 'marketing', false, 18, 30, 'Test', '{}', '{}', 'example.com/tc', '+15557770100'
            FROM portatext.short_code c WHERE c.short_code_id = code_id $$;
-- What a message sets off: its rows and the replies, with what was booked for each.
CREATE FUNCTION pg_temp.since(before text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', a.name, s.keyword, s.country, CASE WHEN m.inbound THEN m.body ELSE m.kind::text END, m.state, m.error_code,
            (SELECT string_agg(l.kind || ' ' || l.amount, ',') FROM portatext.ledger_entry l WHERE l.reference = m.message_id))
        FROM portatext.message m JOIN portatext.account a USING (account_id) LEFT JOIN portatext.service s USING (service_id)
        WHERE m.message_id::text > before ORDER BY m.message_id $$;
CREATE FUNCTION pg_temp.texts(sender text, code text, body text, carrier text DEFAULT 'old', ref text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before constant text := COALESCE((SELECT max(m.message_id::text) FROM portatext.message m), '');
    lost constant bigint := (SELECT count(*) FROM portatext.unrouted);
BEGIN
    PERFORM portatext.receive_sms(carrier, sender, code, body, ref);
    RETURN QUERY SELECT * FROM pg_temp.since(before);
    RETURN QUERY SELECT 'unrouted: ' || u.body FROM portatext.unrouted u ORDER BY u.unrouted_id OFFSET lost;
END $$;
CREATE FUNCTION pg_temp.subscribed(person text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.keyword, s.country, x.state)
        FROM portatext.service s JOIN portatext.subscriber x USING (service_id) WHERE x.number = person ORDER BY s.service_id $$;

-- A Canadian subscribes on the code that serves Canada from the US; then Canada has a code with these digits.
SELECT pg_temp.make('DEALS', :one, :us);
SELECT count(*) FROM unnest(ARRAY['+16135550101', '+16135550102', '+16135550103', '+16135550104']) n, pg_temp.texts(n, '12345', 'YES DEALS');
SELECT portatext.create_short_code('CA', '12345') AS ca \gset
SELECT pg_temp.make('DEALS', :two, :ca), pg_temp.make('NEWS', :one, :ca);
-- FLOW-04: STOP with the keyword ends it on both, each account has its own row.
SELECT pg_temp.texts('+16135550101', '12345', 'STOP DEALS');
SELECT pg_temp.subscribed('+16135550101');
-- FLOW-11: a bare one ends all, one confirmation each and one row an account.
SELECT count(*) FROM unnest(ARRAY['YES DEALS', 'YES NEWS']) t, pg_temp.texts('+16135550102', '12345', t);
SELECT pg_temp.subscribed('+16135550102');
SELECT pg_temp.texts('+16135550102', '12345', 'stop');
SELECT pg_temp.subscribed('+16135550102');
-- A paused one, too (SUB-11), and when the own code does not have the keyword.
UPDATE portatext.subscriber SET state = 'paused' WHERE number = '+16135550103';
UPDATE portatext.service SET state = 'closed' WHERE short_code_id = :ca AND keyword = 'DEALS';
SELECT pg_temp.texts('+16135550103', '12345', 'stop sending me deals');
SELECT pg_temp.subscribed('+16135550103');
-- What another keyword names stays.
SELECT pg_temp.texts('+16135550104', '12345', 'STOP NEWS');
SELECT pg_temp.subscribed('+16135550104');

-- A number of an account cannot have a short code's digits, in whatever order they come.
SELECT portatext.assign_did('12345', :two);
SELECT portatext.assign_did('77777', :two) > 0;
SELECT portatext.create_short_code('US', '77777');
-- SMS-16: if it has all the same, opt-outs are not swallowed, and what no service wants is the number's.
INSERT INTO portatext.did (account_id, number) VALUES (:two, '12345');
SELECT pg_temp.texts('+16135550104', '12345', 'STOP');
SELECT pg_temp.subscribed('+16135550104');
SELECT pg_temp.texts('+4915112345678', '12345', 'Hello');
DELETE FROM portatext.did WHERE number = '12345';

-- FLOW-07: a text that begins with STOP or UNSUBSCRIBE and names no keyword is a bare stop word from a subscriber, and only from one.
SELECT portatext.create_short_code('US', '22222') AS plain \gset
SELECT pg_temp.make(k, a, :plain) FROM (VALUES ('SHOES', :one), ('HATS1', :two)) v (k, a);
SELECT count(*) FROM unnest(ARRAY['SHOES', 'HATS1']) k, pg_temp.texts('+12025550201', '22222', 'YES ' || k);
SELECT pg_temp.texts('+12025550201', '22222', 'Stop Sent from my iPhone');
SELECT pg_temp.subscribed('+12025550201');
-- What is left of a subscription after each text.
CREATE FUNCTION pg_temp.after(body text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.texts('+12025550202', '22222', 'YES SHOES');
    PERFORM pg_temp.texts('+12025550202', '22222', body);
    RETURN QUERY SELECT body || ': ' || x.state FROM portatext.subscriber x JOIN portatext.service s USING (service_id)
        WHERE x.number = '+12025550202' AND s.keyword = 'SHOES';
END $$;
SELECT pg_temp.after(t) FROM unnest(ARRAY['STOP ALL', 'STOP 2', 'stop sending me this', 'Unsubscribe me!', 'stop HATS1 and SHOES',
    'stop by HATS1?', 'end of the sale?', 'please stop', 'HELP STOP me']) t;
SELECT count(*) FROM pg_temp.texts('+12025550202', '22222', 'YES SHOES');
UPDATE portatext.subscriber SET state = 'paused' WHERE number = '+12025550202';
SELECT pg_temp.texts('+12025550202', '22222', 'STOP it');
SELECT pg_temp.texts('+12025550203', '22222', 'STOP it');

-- A short code changes its carrier: what the old one still brings is taken, STOP above all (SVC-01).
SELECT portatext.create_short_code('US', '55555', carrier => 'old') AS moved \gset
SELECT pg_temp.make('MOVED', :one, :moved);
SELECT pg_temp.texts('+12025550101', '55555', 'YES MOVED');
SELECT portatext.alter_short_code(:moved, carrier => 'new');
SELECT pg_temp.texts('+12025550101', '55555', 'STOP');
SELECT pg_temp.subscribed('+12025550101');
SELECT pg_temp.texts('+12025550101', '55555', 'YES MOVED', 'new');

-- What was nobody's is taken in again when it has a place (SMS-16): charged once, in the end.
SELECT pg_temp.texts('+12025550102', '66666', t, 'old', r) FROM (VALUES ('YES LATER', 'L1'), ('STOP LATER', 'L2'), ('STOP', NULL)) v (t, r);
SELECT pg_temp.texts('nobody at all', '66666', 'STOP');
SELECT count(*), count(portatext.route_unrouted(unrouted_id)) FROM portatext.unrouted;
SELECT portatext.create_short_code('US', '66666') AS late \gset
SELECT pg_temp.make('LATER', :two, :late);
SELECT unrouted_id AS yes FROM portatext.unrouted WHERE ref = 'L1' \gset
SELECT unrouted_id AS stop FROM portatext.unrouted WHERE ref = 'L2' \gset
SELECT max(message_id::text) AS before FROM portatext.message \gset
SELECT portatext.route_unrouted(:'yes') IS NOT NULL AS routed, portatext.route_unrouted(:'yes') IS NULL AS once;
SELECT pg_temp.since(:'before');
SELECT pg_temp.subscribed('+12025550102');
SELECT portatext.receive_sms('old', '+12025550102', '66666', 'YES LATER', 'L1') = message_id AS same FROM portatext.message WHERE body = 'YES LATER';
SELECT max(message_id::text) AS before FROM portatext.message \gset
SELECT portatext.route_unrouted(:'stop') IS NOT NULL AS routed;
SELECT pg_temp.since(:'before');
SELECT pg_temp.subscribed('+12025550102');
-- An opt-in that came before the number left does not count any more.
INSERT INTO portatext.unrouted (unrouted_id, carrier_id, from_number, to_number, body, received_at)
    SELECT :'yes', carrier_id, '+12025550102', '66666', 'YES LATER', portatext.now() - interval '1 hour' FROM portatext.carrier WHERE name = 'old';
SELECT max(message_id::text) AS before FROM portatext.message \gset
SELECT portatext.route_unrouted(:'yes') IS NOT NULL AS routed;
SELECT pg_temp.since(:'before');
SELECT pg_temp.subscribed('+12025550102');
SELECT count(*), count(portatext.route_unrouted(unrouted_id)) FROM portatext.unrouted;
SELECT from_number, to_number, body, ref FROM portatext.unrouted;
BEGIN;
SELECT portatext.act_as(:one);
SELECT portatext.route_unrouted(:'yes');
ROLLBACK;

-- An opt-out that an error undid is listed, and made up for when the cause is gone (SUB-01, DID-01).
CREATE FUNCTION pg_temp.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
SELECT count(*) FROM unnest(ARRAY['+12025550103', '+12025550104']) n, pg_temp.texts(n, '66666', 'YES LATER');
SELECT portatext.assign_did('+12025550190', :one) > 0, portatext.did_settings('+12025550190', '{"stop_detection": true}') ->> 'stop_detection';
CREATE TRIGGER fail BEFORE UPDATE ON portatext.subscriber FOR EACH ROW EXECUTE FUNCTION pg_temp.fail();
CREATE TRIGGER fail BEFORE INSERT ON portatext.blacklist FOR EACH ROW EXECUTE FUNCTION pg_temp.fail();
SELECT portatext.receive_sms('old', '+12025550103', '66666', 'STOP', 'S1');
SELECT portatext.receive_sms('old', '+12025550103', '66666', 'STOP', 'S1') AS stop \gset
SELECT portatext.receive_sms('old', '+12025550103', '12025550190', 'stop', 'S2') AS did \gset
SELECT pg_temp.subscribed('+12025550103');
SELECT kind, detail, from_number, state, step FROM portatext.needs_attention ORDER BY message_id;
SELECT severity, problem, detail ~ '^2 messages' FROM portatext.health() WHERE problem = 'attention_undone';
\set VERBOSITY sqlstate
SELECT portatext.settle_message(:'stop', 'sent');
\set VERBOSITY terse
-- The cause is still there.
SELECT portatext.redo_inbound(:'stop');
SELECT count(*) FROM portatext.needs_attention;
DROP TRIGGER fail ON portatext.subscriber;
DROP TRIGGER fail ON portatext.blacklist;
-- A repeat of the message alone changes nothing; redo_inbound() does, once.
SELECT portatext.receive_sms('old', '+12025550103', '66666', 'STOP', 'S1') = :'stop';
SELECT pg_temp.subscribed('+12025550103');
SELECT max(message_id::text) AS before FROM portatext.message \gset
SELECT portatext.redo_inbound(:'stop'), portatext.redo_inbound(:'stop'), portatext.redo_inbound(:'did'), portatext.redo_inbound(portatext.uuid7());
SELECT pg_temp.since(:'before');
SELECT pg_temp.subscribed('+12025550103');
SELECT account_id = :one, number, reason FROM portatext.blacklist;
SELECT count(*) FROM portatext.needs_attention;
SELECT count(*) FROM portatext.health() WHERE problem = 'attention_undone';
SELECT l.kind, l.amount FROM portatext.ledger_entry l WHERE l.reference = :'stop';
SELECT c.action, c.message_id = :'stop' FROM portatext.consent c WHERE c.number = '+12025550103' ORDER BY c.consent_id;
SELECT type FROM portatext.event WHERE subject = :'stop' ORDER BY event_id;
-- The account cannot.
BEGIN;
SELECT portatext.act_as(:one);
SELECT portatext.redo_inbound(:'stop');
ROLLBACK;
SELECT * FROM portatext.check_balances();

-- What follows finds nothing of this.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
