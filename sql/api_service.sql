-- REST API: services, their texts and subscribers (SVC-05, SVC-14 to SVC-17, FLOW-13, LAW-04, LAW-08).
SET client_min_messages = error;
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- An installation as new as after CREATE EXTENSION, and no worker that takes what waits.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
CREATE ROLE regress_as_red LOGIN;
CREATE ROLE regress_as_blue LOGIN;
SELECT portatext.create_account('as, red') AS red, portatext.create_account('as, blue') AS blue \gset
SELECT portatext.grant_account('regress_as_red', :red), portatext.grant_account('regress_as_blue', :blue);
INSERT INTO portatext.carrier (name, adapter) VALUES ('as', 'kannel');
SELECT portatext.create_short_code('US', '70001', '{US,CA}', 'as', carriers => 'One, Two', international_carriers => 'Three',
    contact_email => 'help@example.com', contact_phone => '+13055550100') AS code,
    portatext.recharge(20, account_id => :red) AS credits, portatext.set_tariff('1', 1) AS tariff \gset

-- SVC-05: a request, answered with the service; what is wrong with it is 422.
SET ROLE regress_as_red;
SELECT s AS asked, s ->> 'id' AS id FROM portatext_api.request_service('deals', 'us', 'marketing', false, 18, 2, 'Offers of the week',
    '{"Half price today"}', '{"Text DEALS to 70001"}') s \gset
SELECT :'asked'::jsonb - 'id' - 'created_at' - 'changed_at';
\set VERBOSITY sqlstate
SELECT portatext_api.request_service('no', 'US', 'marketing', false, 18, 2, 'Offers', '{m}', '{a}');
SELECT portatext_api.request_service('STOP', 'US', 'marketing', false, 18, 2, 'Offers', '{m}', '{a}');
SELECT portatext_api.request_service('NEWS', 'US', 'marketing', false, 18, 0, 'Offers', '{m}', '{a}');
SELECT portatext_api.activate_service(:id);
SELECT portatext_api.activate_service(999);
SELECT portatext_api.service_disclosure(:id);
\set VERBOSITY terse
RESET ROLE;
SELECT portatext.approve_service(:id, '70001', true, 'welcome');

SET ROLE regress_as_red;
-- SVC-17: what is reviewed waits, the rest changes at once.
SELECT s - 'created_at' - 'changed_at' FROM portatext_api.alter_service(:id, '{"frequency": 4, "tc_url": "https://example.com/tc", "phone": "1-305-555-0100"}') s;
SELECT portatext_api.activate_service(:id) ->> 'state';
SELECT keyword, short_code, state, tc_url, review_note, revision FROM portatext_api.services;
SELECT code, country, countries, carriers FROM portatext_api.short_codes;
\set VERBOSITY sqlstate
SELECT portatext_api.alter_service(:id, '{"keyword": "OTHER"}');
SELECT portatext_api.alter_service(:id, '{"tc_url": "nowhere"}');
SELECT portatext_api.alter_service(999, '{}');
\set VERBOSITY terse

-- FLOW-13, LAW-08: its texts and its disclosure.
SELECT t ->> 'kind', t ->> 'own', t ->> 'segments', length(t ->> 'text') > 20 FROM jsonb_array_elements(portatext_api.service_texts(:id)) t;
SELECT portatext_api.set_service_text(:id, 'help', '{keyword}: help {phone}. {tc_url} Msg&data rates may apply. Text STOP to end, HELP for help.');
SELECT t ->> 'own' FROM jsonb_array_elements(portatext_api.service_texts(:id)) t WHERE t ->> 'kind' = 'help';
SELECT portatext_api.set_service_text(:id, 'help') ->> 'text' LIKE '%DEALS%';
SELECT portatext_api.service_disclosure(:id) ->> 'text' LIKE '%70001%STOP DEALS%';
\set VERBOSITY sqlstate
SELECT portatext_api.service_texts(999);
SELECT portatext_api.set_service_text(:id, 'help', 'too little');
SELECT portatext_api.set_service_text(:id, 'auto_reply', 'not a service''s');
\set VERBOSITY terse

-- SVC-16: a subscription by written consent; the welcome text is charged.
SELECT portatext_api.add_subscriber('DEALS', '12025550401', 'web', '{"url": "https://example.com"}', 'I agree');
SELECT portatext_api.add_subscriber('deals', '+12025550401', 'web', '{"url": "https://example.com"}');
SELECT portatext_api.add_subscriber(:'id', '12025550402', 'paper', '{"scan": "7.pdf"}', confirm => false);
SELECT number, kind, service_id = :id, cost FROM portatext_api.messages ORDER BY id;
SELECT service_id = :id, keyword, number, state FROM portatext_api.subscribers ORDER BY number;
SELECT h ->> 'action', h ->> 'source', h -> 'evidence', h ->> 'shown_text', h ->> 'actor' = session_user
    FROM jsonb_array_elements(portatext_api.subscriber_history('DEALS', '12025550401')) h;
SELECT number, action, source, evidence, actor = session_user FROM portatext_api.consents ORDER BY id;
SELECT portatext_api.subscriber_history('DEALS', '12025550499');
SELECT portatext_api.remove_subscriber('DEALS', '12025550402', 'moved'), portatext_api.remove_subscriber('DEALS', '12025550402');
SELECT number, state FROM portatext_api.subscribers WHERE service_id = :id AND number = '12025550402';
-- SVC-12, SVC-13: it writes to its subscribers only.
SELECT s - 'id' FROM portatext_api.send_sms('12025550401', 'Half price today', service => 'DEALS') s;
BEGIN;
SELECT set_config('request.method', 'POST', true);
SELECT portatext_api.send_sms('12025550402', 'Half price today', service => 'DEALS');
ROLLBACK;
\set VERBOSITY sqlstate
SELECT portatext_api.add_subscriber('DEALS', '12025550403', 'web', '{}');
SELECT portatext_api.add_subscriber('DEALS', '12025550403', 'bought', '{"url": "https://example.com"}');
SELECT portatext_api.add_subscriber('DEALS', '34600123456', 'web', '{"url": "https://example.com"}');
SELECT portatext_api.add_subscriber('NOPE', '12025550403', 'web', '{"url": "https://example.com"}');
SELECT portatext_api.remove_subscriber('NOPE', '12025550403');
SELECT portatext_api.subscriber_history('NOPE', '12025550403');
\set VERBOSITY terse

-- LAW-07: a message with a listed word is held, and the answer says so.
RESET ROLE;
SELECT portatext.add_review_word('casino');
SET ROLE regress_as_red;
SELECT s -> 'held', s -> 'status' FROM portatext_api.send_sms('12025550401', 'Our casino is open', service => 'DEALS', idempotency_key => 'h1') s;
SELECT s -> 'held' FROM portatext_api.send_sms('12025550401', 'Our casino is open', service => 'DEALS', idempotency_key => 'h1') s;
SELECT service, "from", "to", text FROM portatext_api.held_messages;

-- Another account: not there.
SET ROLE regress_as_blue;
SELECT count(*) FROM portatext_api.services;
SELECT count(*) FROM portatext_api.subscribers;
SELECT count(*) FROM portatext_api.consents;
SELECT count(*) FROM portatext_api.held_messages;
SELECT count(*) FROM portatext_api.short_codes;
\set VERBOSITY sqlstate
SELECT portatext_api.alter_service(:id, '{"phone": "1"}');
SELECT portatext_api.close_service(:id);
SELECT portatext_api.set_service_text(:id, 'help');
SELECT portatext_api.service_texts(:id);
SELECT portatext_api.add_subscriber(:'id', '12025550403', 'web', '{"url": "https://example.com"}');
\set VERBOSITY terse

-- The end of a service: what waits is refunded.
SET ROLE regress_as_red;
SELECT s ->> 'state', s -> 'ended' FROM portatext_api.close_service(:id) s;
\set VERBOSITY sqlstate
SELECT portatext_api.close_service(:id);
\set VERBOSITY terse
RESET ROLE;

-- One subscriber of many: by the index.
INSERT INTO portatext.subscriber (service_id, number, account_id, reminder_due)
    SELECT :id, '+1786' || 6000000 + i, :red, portatext.now() FROM generate_series(1, 20000) i;
ANALYZE portatext.subscriber;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Scan.* x$|Sort' THEN
            RETURN NEXT regexp_replace(line, '.*->|^ +', '');
        END IF;
    END LOOP;
END $$;
SET ROLE regress_as_red;
SELECT pg_temp.plan(format($$SELECT * FROM portatext_api.subscribers WHERE service_id = %s AND number > '17866005000' ORDER BY number LIMIT 100$$, :id));
RESET ROLE;
SELECT portatext.revoke_account('regress_as_red'), portatext.revoke_account('regress_as_blue');
DROP ROLE regress_as_red, regress_as_blue;
