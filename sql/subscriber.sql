-- Subscribers: web and paper consent, leaving, carriers' notices, held messages, forgetting (SUB, SVC-14, SVC-16).
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE ROLE regress_sub_red LOGIN;
CREATE ROLE regress_sub_blue LOGIN;
CREATE ROLE regress_sub_op LOGIN IN ROLE portatext_operator;
SELECT portatext.create_account('subscriber, red') AS red, portatext.create_account('subscriber, blue') AS blue \gset
SELECT portatext.grant_account('regress_sub_red', :red), portatext.grant_account('regress_sub_blue', :blue);
INSERT INTO portatext.carrier (name, adapter) VALUES ('subscriber_a', 'kannel'), ('subscriber_b', 'kannel');
SELECT portatext.create_short_code('US', '70001', '{US,CA}', 'subscriber_a') AS code_a,
       portatext.create_short_code('US', '70002', carrier => 'subscriber_b') AS code_b,
       portatext.create_short_code('ES', '70003') AS code_c \gset
INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age, frequency,
        intended_use, message_examples, advertising_examples, tc_url, phone)
    SELECT v.account, v.keyword, v.code, v.country, v.state::portatext.service_state, 'notifications', false, 0, 4, 'u', '{m}', '{}', 'https://example.com', '1'
    FROM (VALUES (:red, 'NEWS', :code_a, 'US', 'approved'), (:red, 'DEALS', :code_a, 'US', 'approved'),
                 (:red, 'TWICE', :code_a, 'US', 'approved'), (:red, 'TWICE', :code_b, 'US', 'approved'),
                 (:red, '12345', :code_b, 'US', 'approved'), (:red, 'AWAY', :code_a, 'US', 'suspended'),
                 (:red, 'OVER', :code_a, 'US', 'closed'), (:blue, 'OTHER', :code_a, 'US', 'approved'),
                 (:blue, 'NEWS', :code_c, 'ES', 'approved')) v (account, keyword, code, country, state);
SELECT service_id AS news FROM portatext.service WHERE account_id = :red AND keyword = 'NEWS' \gset
SELECT service_id AS twice FROM portatext.service WHERE short_code_id = :code_b AND keyword = 'TWICE' \gset
SELECT service_id AS other FROM portatext.service WHERE account_id = :blue AND keyword = 'OTHER' \gset
CREATE FUNCTION pg_temp.events() RETURNS SETOF text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM portatext.event e USING portatext.account a
        WHERE a.account_id = e.account_id AND a.name LIKE 'subscriber, %' RETURNING e.*)
    SELECT concat_ws(' ', g.type, CASE WHEN g.type NOT LIKE 'message.%' THEN g.subject END, g.payload - ARRAY['service_id', 'at', 'message_id'])
        FROM gone g ORDER BY g.event_id $$;
CREATE FUNCTION pg_temp.states(who text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.keyword, c.code, x.number, x.state) FROM portatext.subscriber x
        JOIN portatext.service s USING (service_id) JOIN portatext.short_code c USING (short_code_id)
        WHERE x.number::text LIKE who ORDER BY c.code, s.keyword, x.number $$;
-- A message that waits, as send_sms leaves it.
CREATE FUNCTION pg_temp.wait(of_service bigint, who text, kind text DEFAULT 'ordinary', place text DEFAULT 'outbox') RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    id uuid := portatext.uuid7();
    account bigint := (SELECT account_id FROM portatext.service WHERE service_id = of_service);
BEGIN
    INSERT INTO portatext.message (message_id, account_id, carrier_id, segments, cost, from_number, to_number, encoding, body, kind, service_id)
        SELECT id, account, -1, 1, 1, c.code, who, 'gsm', 'waits', kind::portatext.message_kind, of_service
        FROM portatext.service s JOIN portatext.short_code c USING (short_code_id) WHERE s.service_id = of_service;
    INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount) VALUES (account, id, 'charge', -1);
    IF place = 'outbox' THEN
        INSERT INTO portatext.outbox (lane, due, message_id, to_number) VALUES (-2, portatext.now() + interval '1 hour', id, who);
    ELSE
        INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
            VALUES (place, portatext.now() + interval '1 hour', id, -2, 1, who);
    END IF;
    RETURN id;
END $$;
CREATE FUNCTION pg_temp.ended() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.keyword, m.to_number, m.kind, m.state, m.error_code,
            (SELECT 'refunded' FROM portatext.ledger_entry l WHERE l.reference = m.message_id AND l.kind = 'refund'),
            CASE WHEN EXISTS (SELECT FROM portatext.outbox o WHERE o.message_id = m.message_id)
                   OR EXISTS (SELECT FROM portatext.parked p WHERE p.message_id = m.message_id) THEN 'waits' END)
        FROM portatext.message m JOIN portatext.service s USING (service_id)
        JOIN portatext.account a ON a.account_id = m.account_id
        WHERE a.name LIKE 'subscriber, %' ORDER BY m.message_id $$;
-- The conditions that an index answers, and what is read or sorted beyond.
CREATE FUNCTION pg_temp.conditions(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        CONTINUE WHEN line !~ 'Index Cond.*number|Sort|Seq Scan';
        RETURN NEXT regexp_replace(btrim(line), 'service_id = \d+', 'service_id = n');
    END LOOP;
END $$;

-- SVC-16: consent from a web page or on paper.
SET SESSION AUTHORIZATION regress_sub_red;
SELECT portatext.add_subscriber('news', '+1 212 555 1001', 'web', '{"url": "https://example.com/join", "ip": "192.0.2.7"}', 'I want the news by SMS.');
-- FLOW-12: once more is no second subscription and no second event; the evidence is kept.
SELECT portatext.add_subscriber('NEWS', '+12125551001', 'paper', '{"scan": "form-17.pdf"}');
SELECT number, keyword, state, reminder_due = since + interval '30 days' AS due FROM portatext.subscribers;
SELECT action, source, message_id, evidence, shown_text, actor FROM portatext.subscriber_history('NEWS', '+12125551001');
-- SVC-11: mobile numbers of its countries; in North America any that is not known to be a fixed line.
SELECT portatext.add_subscriber('NEWS', '+14165551001', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('NEWS', '+34612345678', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('NEWS', 'nobody', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('NEWS', NULL, 'web', '{"a": 1}');
-- LAW-04: not without evidence, and a purchase is none.
SELECT portatext.add_subscriber('NEWS', '+12125551002', 'web', '{}');
SELECT portatext.add_subscriber('NEWS', '+12125551002', 'web', NULL);
SELECT portatext.add_subscriber('NEWS', '+12125551002', 'web', '" "');
SELECT portatext.add_subscriber('NEWS', '+12125551002', 'purchase', '{"order": 7}');
SELECT portatext.add_subscriber('NEWS', '+12125551002', 'sms', '{"a": 1}');
SELECT portatext.add_subscriber('NEWS', '+12125551002', NULL, '{"a": 1}');
-- Which service.
SELECT portatext.add_subscriber('NOWHERE', '+12125551002', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('OTHER', '+12125551002', 'web', '{"a": 1}');
\set VERBOSITY sqlstate
SELECT portatext.add_subscriber(:'other', '+12125551002', 'web', '{"a": 1}');
\set VERBOSITY terse
SELECT portatext.add_subscriber('AWAY', '+12125551002', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('OVER', '+12125551002', 'web', '{"a": 1}');
SELECT portatext.add_subscriber(NULL, '+12125551002', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('TWICE', '+12125551002', 'web', '{"a": 1}');
SELECT portatext.add_subscriber(:'twice', '+12125551002', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('12345', '+12125551002', 'web', '{"a": 1}');
\set VERBOSITY default
SET SESSION AUTHORIZATION regress_sub_blue;
SELECT portatext.add_subscriber('NEWS', '+34912345678', 'web', '{"a": 1}');
SELECT portatext.add_subscriber('NEWS', '+34612345678', 'web', '{"a": 1}');
-- GEN-11: each sees its own.
SELECT number, keyword FROM portatext.subscribers ORDER BY 1;
SELECT count(*) FROM portatext.consent;
SELECT count(*) FROM portatext.subscriber_history('NEWS', '+12125551001');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.events();

-- SUB-01, SUB-02, SUB-12: leaving ends what that service has waiting, and nothing else.
SELECT portatext.service_opt_in(service_id, '+12125551001', NULL, 'sms', NULL, NULL) FROM portatext.service
    WHERE account_id = :red AND keyword IN ('DEALS', 'NEWS') ORDER BY keyword;
SELECT count(*) FROM (SELECT pg_temp.wait(:news, '+12125551001'), pg_temp.wait(:news, '+12125551001', place => 's:70001'),
    pg_temp.wait(:news, '+12125551001', 'opt_out'), pg_temp.wait(:news, '+12125551001', 'welcome'), pg_temp.wait(:news, '+14165551001'),
    pg_temp.wait((SELECT service_id FROM portatext.service WHERE account_id = :red AND keyword = 'DEALS'), '+12125551001')) w;
SELECT portatext.service_opt_out(:news, '+12125551001', portatext.uuid7(), 'sms', '{"text": "STOP NEWS"}', 'You have opted out');
SELECT pg_temp.ended();
SELECT pg_temp.states('+12125551001');
-- Once more: no event; the evidence is kept.
SELECT portatext.service_opt_out(:news, '+12125551001', NULL, 'sms', NULL, NULL);
SELECT portatext.service_opt_out(:news, '+12125559999', NULL, 'sms', NULL, NULL);
SELECT action, source, message_id IS NOT NULL, evidence, shown_text FROM portatext.subscriber_history(:'news', '+12125551001');
-- Again in: from now on.
UPDATE portatext.subscriber SET reminder_due = '2001-01-01', since = '2001-01-01' WHERE service_id = :news AND number = '+12125551001';
SELECT portatext.service_opt_in(:news, '+12125551001', NULL, 'sms', NULL, NULL);
SELECT state, since > '2002-01-01', reminder_due = since + interval '30 days' FROM portatext.subscriber WHERE service_id = :news AND number = '+12125551001';
SELECT portatext.service_opt_in(0, '+12125551001', NULL, 'sms', NULL, NULL);
SELECT portatext.service_opt_out(0, '+12125551001', NULL, 'sms', NULL, NULL);
SELECT portatext.service_opt_in(:news, NULL, NULL, 'sms', NULL, NULL);
SELECT pg_temp.events();

-- The account removes a subscriber.
SELECT pg_temp.wait(:news, '+12125551001') IS NOT NULL;
SET SESSION AUTHORIZATION regress_sub_blue;
SELECT portatext.remove_subscriber('OTHER', '+12125551001');
SET SESSION AUTHORIZATION regress_sub_red;
SELECT portatext.remove_subscriber('NEWS', '+12125551001', 'left the club'), portatext.remove_subscriber('NEWS', '+12125551001');
SELECT action, source, evidence FROM portatext.subscriber_history('NEWS', '+12125551001') ORDER BY at DESC LIMIT 1;
SELECT portatext.add_subscriber('NEWS', '+12125551001', 'web', '{"a": 1}');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.ended();
SELECT pg_temp.events();

-- SVC-14: pages and exports.
SET SESSION AUTHORIZATION regress_sub_red;
SELECT portatext.add_subscriber('DEALS', '+1212555' || n, 'web', '{"a": 1}') FROM generate_series(2001, 2003) n;
SELECT number FROM portatext.subscribers WHERE keyword = 'DEALS' AND number > '+12125551001' ORDER BY number LIMIT 2;
COPY (SELECT number FROM portatext.subscribers WHERE keyword = 'DEALS' AND state = 'active' ORDER BY number) TO STDOUT (FORMAT csv, HEADER);
-- A page reads no more than it shows.
SELECT service_id AS deals FROM portatext.services WHERE keyword = 'DEALS' \gset
SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT pg_temp.conditions(format($$SELECT number FROM portatext.subscribers
    WHERE service_id = %s AND number > '+12125551001' ORDER BY number LIMIT 2$$, :deals));

-- SUB-03: carriers' notices.
RESET SESSION AUTHORIZATION;
RESET enable_seqscan; RESET enable_bitmapscan;
SELECT count(*) FROM pg_temp.events();
SELECT count(*) FROM (SELECT portatext.service_opt_in(service_id, n, NULL, 'sms', NULL, NULL)
    FROM portatext.service, unnest('{+12125553001,+12125553002,+12125553003,+12125553004}'::text[]) n
    WHERE keyword IN ('NEWS', 'DEALS', 'OTHER', '12345') AND short_code_id IN (:code_a, :code_b)) s;
SELECT count(*) FROM pg_temp.events();
SET SESSION AUTHORIZATION regress_sub_op;
-- SUB-04: cancelled, on this short code, whoever's services; idempotent.
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'Cancelled', ref => 'n-1');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'Cancelled', ref => 'n-1');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'cancelled');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'cancelled', ref => '');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.states('+12125553001');
SELECT pg_temp.events();
-- SUB-05, SUB-06: paused and resumed, by the name of the carrier.
SELECT portatext.apply_carrier_notice('subscriber_b', '+12125553002', 'paused');
SELECT portatext.apply_carrier_notice('subscriber_b', '+12125553002', 'paused');
SELECT pg_temp.states('+12125553002');
-- An opt-in of one that is paused changes nothing.
SELECT portatext.service_opt_in(service_id, '+12125553002', NULL, 'sms', NULL, NULL) FROM portatext.service WHERE keyword = '12345';
SELECT pg_temp.states('+12125553002');
SELECT portatext.apply_carrier_notice('subscriber_b', '+12125553002', 'resumed', at => portatext.now());
-- What happened before is not applied after it.
SELECT portatext.apply_carrier_notice('subscriber_b', '+12125553002', 'paused', at => (SELECT x.since FROM portatext.subscriber x
    JOIN portatext.service USING (service_id) WHERE number = '+12125553002' AND keyword = '12345'));
SELECT pg_temp.states('+12125553002');
SELECT pg_temp.events();
-- SUB-11: a stop word from a paused subscriber cancels; resumed does not re-subscribe.
SELECT portatext.apply_carrier_notice('70001', '+12125553002', 'paused');
SELECT portatext.service_opt_out(:news, '+12125553002', NULL, 'sms', NULL, NULL);
SELECT portatext.apply_carrier_notice('70001', '+12125553002', 'resumed');
SELECT pg_temp.states('+12125553002');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'resumed');
-- An opt-in after the number was given up is a new subscriber's.
SELECT portatext.service_opt_in(:news, '+12125553001', NULL, 'sms', NULL, NULL);
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'cancelled', at => portatext.now() - interval '1 day');
SELECT pg_temp.states('+12125553001');
SELECT count(*) FROM pg_temp.events();
-- SUB-07: the number is replaced, its reminder date moves along, what waits for the old one ends.
SELECT portatext.add_subscriber(:'news', '+12125553099', 'web', '{"a": 1}');
UPDATE portatext.subscriber SET reminder_due = ('2030-01-0' || right(number, 1))::timestamptz WHERE service_id = :news AND number::text LIKE '+1212555300_';
UPDATE portatext.subscriber SET reminder_due = '2029-12-31' WHERE service_id = :news AND number = '+12125553099';
SELECT count(*) FROM pg_temp.events();
SELECT pg_temp.wait(:news, '+12125553003') IS NOT NULL;
SELECT portatext.apply_carrier_notice('70001', '+12125553003', 'changed', '+12125553103');
SELECT pg_temp.states('+121255531__');
SELECT pg_temp.states('+12125553003');
SELECT to_char(reminder_due, 'YYYY-MM-DD') FROM portatext.subscriber WHERE service_id = :news AND number = '+12125553103';
SELECT action, source, evidence - 'at' FROM portatext.subscriber_history(:'news', '+12125553003');
SELECT action, source, evidence - 'at' FROM portatext.subscriber_history(:'news', '+12125553103');
SELECT w FROM pg_temp.ended() w WHERE w LIKE '%number_changed%';
SELECT pg_temp.events();
-- SUB-09: to one that is subscribed already: one subscriber, the earlier reminder.
SELECT portatext.apply_carrier_notice('70001', '+12125553004', 'changed', '+12125553099');
SELECT number, state, to_char(reminder_due, 'YYYY-MM-DD') FROM portatext.subscriber WHERE service_id = :news AND number IN ('+12125553004', '+12125553099') ORDER BY 1;
-- One that has opted out since stays out; the blacklist is another matter.
SELECT portatext.service_opt_in(:news, '+12125553005', NULL, 'sms', NULL, NULL), portatext.service_opt_in(:news, '+12125553105', NULL, 'sms', NULL, NULL),
    portatext.service_opt_out(:news, '+12125553105', NULL, 'sms', NULL, NULL);
SELECT portatext.apply_carrier_notice('70001', '+12125553005', 'changed', '+12125553105');
SELECT pg_temp.states('+12125553_05');
SELECT action FROM portatext.subscriber_history(:'news', '+12125553105');
-- One that opted out before is somebody else's past.
UPDATE portatext.subscriber SET changed_at = '2001-01-01' WHERE number = '+12125553105';
SELECT portatext.service_opt_in(:news, '+12125553005', NULL, 'sms', NULL, NULL);
SELECT portatext.apply_carrier_notice('70001', '+12125553005', 'changed', '+12125553105');
SELECT pg_temp.states('+12125553_05');
-- A stop word from the new number, which had not subscribed, comes before the notice: it stays out.
SELECT portatext.service_opt_in(:news, '+12125553007', NULL, 'sms', NULL, NULL),
    portatext.service_opt_out(:news, '+12125553107', NULL, 'sms', '{"text": "STOP NEWS"}', NULL);
SELECT portatext.apply_carrier_notice('70001', '+12125553007', 'changed', '+12125553107');
SELECT pg_temp.states('+12125553_07');
SELECT action FROM portatext.subscriber_history(:'news', '+12125553107');
-- SVC-11: to a number that the code does not serve: cancelled.
SELECT portatext.apply_carrier_notice('70001', '+12125553105', 'changed', '+34612345678');
SELECT pg_temp.states('+12125553105');
SELECT pg_temp.states('+34612345678');
-- A paused one stays paused under its new number.
SELECT portatext.service_opt_in(:news, '+12125553006', NULL, 'sms', NULL, NULL);
SELECT portatext.apply_carrier_notice('70001', '+12125553006', 'paused');
SELECT portatext.apply_carrier_notice('70001', '+12125553006', 'changed', '+12125553106');
SELECT pg_temp.states('+12125553_06');
-- Errors; a file's bad row costs itself alone.
\set VERBOSITY terse
SELECT portatext.apply_carrier_notice('79999', '+12125553001', 'cancelled');
SELECT portatext.apply_carrier_notice('nobody', '+12125553001', 'cancelled');
SELECT portatext.apply_carrier_notice(NULL, '+12125553001', 'cancelled');
SELECT portatext.apply_carrier_notice('70001', NULL, 'cancelled');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'gone');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', NULL);
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'changed');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'changed', '+12125553001');
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'paused', '+12125553101');
\set VERBOSITY default
SELECT * FROM portatext.apply_carrier_notices('[{"number": "+12125553001", "status": "paused", "ref": "f-1"},
    {"number": "12", "status": "gone", "ref": "f-2"}, {"number": "+12125553001", "status": "resumed", "at": "yesterday, or so"},
    {"number": "+12125553106", "status": "Resumed", "source": "subscriber_a"}, {"number": "+12125553001", "status": "paused", "ref": "f-1"}]', '70001');
SELECT pg_temp.states('+12125553001');
SET SESSION AUTHORIZATION regress_sub_red;
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'cancelled');
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT portatext.act_as(:red);
SELECT portatext.apply_carrier_notice('70001', '+12125553001', 'cancelled');
ROLLBACK;

-- LAW-09: suspension ends what waits, but confirmations of opt-outs.
SELECT count(*) FROM (SELECT pg_temp.wait(:other, '+12125553099'), pg_temp.wait(:other, '+12125553099', 'opt_out'), pg_temp.wait(:other, '+12125553099', 'help', 'review')) w;
UPDATE portatext.service SET state = 'active' WHERE service_id = :other;
SELECT portatext.suspend_service(:other);
SELECT w FROM pg_temp.ended() w WHERE w LIKE 'OTHER%';

-- LAW-07: held messages.
SELECT pg_temp.wait(:news, '+12125553099', place => 'review') AS first, pg_temp.wait(:news, '+12125553099', place => 'review') AS second,
    pg_temp.wait(:news, '+12125553099', place => 's:70001') AS third \gset
SET SESSION AUTHORIZATION regress_sub_blue;
SELECT count(*) FROM portatext.held_messages;
SET SESSION AUTHORIZATION regress_sub_red;
SELECT keyword, from_number, to_number, body FROM portatext.held_messages;
SELECT portatext.review_message(:'first', true);
SET SESSION AUTHORIZATION regress_sub_op;
SELECT portatext.review_message(:'first', true), portatext.review_message(:'second', false, 'Gambling'), portatext.review_message(:'second', true),
    portatext.review_message(:'third', true), portatext.review_message(portatext.uuid7(), true);
RESET SESSION AUTHORIZATION;
SELECT m.state, m.error_code, m.error_text, o.lane FROM portatext.message m LEFT JOIN portatext.outbox o USING (message_id)
    WHERE m.message_id IN (:'first', :'second', :'third') ORDER BY m.message_id;

-- FLOW-03: an active service answers, also consent from a web page; FLOW-14: who cannot be answered is subscribed all the same.
UPDATE portatext.service SET state = 'active' WHERE service_id = :news;
SET SESSION AUTHORIZATION regress_sub_red;
SELECT portatext.add_subscriber('NEWS', '+12125557001', 'web', '{"a": 1}');
RESET SESSION AUTHORIZATION;
SELECT portatext.recharge(10, NULL, :red), portatext.set_tariff('1', 1, :red) IS NOT NULL, portatext.alter_short_code(:code_a, carrier => 'loopback');
SET SESSION AUTHORIZATION regress_sub_red;
SELECT portatext.add_subscriber('NEWS', '+12125557002', 'web', '{"a": 1}'), portatext.add_subscriber('NEWS', '+12125557002', 'web', '{"a": 1}'),
    portatext.add_subscriber('NEWS', '+12125557003', 'web', '{"a": 1}', confirm => false);
RESET SESSION AUTHORIZATION;
SELECT pg_temp.states('+12125557___');
SELECT to_number, kind, CASE state WHEN 'skipped' THEN 'skipped' ELSE 'sent' END, error_code, cost, body FROM portatext.message
    WHERE to_number::text LIKE '+12125557___' ORDER BY message_id;

-- forget_number(): an opt-out stays known; the rest loses the number.
SELECT portatext.service_opt_in(:news, '+12125554001', NULL, 'web', '{"ip": "192.0.2.9"}', 'I agree'),
    portatext.service_opt_out(:news, '+12125554001', NULL, 'sms', '{"text": "STOP"}', 'Good bye'),
    portatext.service_opt_in(:other, '+12125554001', NULL, 'web', '{"ip": "192.0.2.9"}', 'I agree'),
    portatext.apply_carrier_notice('70001', '+12125554001', 'changed', '+12125554002');
INSERT INTO portatext.service_message (service_id, number, message_id, account_id) VALUES (:news, '+12125554001', portatext.uuid7(), :red);
CALL portatext.forget_number('+12125554001');
SELECT s.keyword, c.number, c.action, c.evidence - 'at', c.shown_text FROM portatext.consent c JOIN portatext.service s USING (service_id)
    WHERE c.number LIKE '+12125554%' OR c.number = '+10000000000' AND s.keyword IN ('NEWS', 'OTHER') ORDER BY c.consent_id;
SELECT pg_temp.states('+12125554001');
SELECT count(*) FROM portatext.service_message WHERE number = '+12125554001';
SELECT count(*) FROM portatext.carrier_notice WHERE '+12125554001' IN (number, new_number);
SELECT count(*) FROM portatext.event WHERE payload::text LIKE '%+12125554001%' OR subject LIKE '%+12125554001%';
-- A tenant forgets its own only; an active subscription ends.
SET SESSION AUTHORIZATION regress_sub_red;
CALL portatext.forget_number('+12125553099');
\set VERBOSITY terse
SELECT portatext.forget_subscriber(:blue, '+12125553099');
SELECT portatext.forget_subscriber(NULL, '+12125553099');
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
SELECT pg_temp.states('+12125553099');

-- Retention of the room.
INSERT INTO portatext.service_message (service_id, number, message_id, account_id, send_at)
    SELECT :news, '+12125556' || n, portatext.uuid7(), :red, portatext.now() - n * interval '10 days' FROM generate_series(0, 9) n;
INSERT INTO portatext.reply_guard (account_id, sender, number, replied_at, reply_id)
    SELECT :red, '70001', '+12125556001', portatext.now() - n * interval '50 minutes', portatext.uuid7() FROM generate_series(0, 2) n;
UPDATE portatext.carrier_notice SET created_at = portatext.now() - interval '63 days' WHERE ref = 'n-1';
SELECT portatext.retire_service_messages(0, 100000), portatext.retire_service_rest();
SELECT count(*) FROM portatext.service_message WHERE number LIKE '+12125556%';
SELECT count(*) FROM portatext.reply_guard WHERE number = '+12125556001';
SELECT count(*) FROM portatext.carrier_notice WHERE ref = 'n-1';

DELETE FROM portatext.account_role WHERE role_name LIKE 'regress_sub%';
DROP ROLE regress_sub_red, regress_sub_blue, regress_sub_op;
