-- REST API: messages (GEN-01, GEN-08, SMS-11 to SMS-15, SCH-10).
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
CREATE ROLE regress_am_red LOGIN;
CREATE ROLE regress_am_blue LOGIN;
INSERT INTO portatext.carrier (name, adapter) VALUES ('am', 'kannel');
SELECT portatext.create_account('am, red') AS red, portatext.create_account('am, blue') AS blue \gset
SELECT portatext.grant_account('regress_am_red', :red), portatext.grant_account('regress_am_blue', :blue);
SELECT portatext.recharge(20, account_id => :red) AS credits, portatext.recharge(20, account_id => :blue) AS more,
       portatext.set_tariff('1', 1) AS tariff, portatext.assign_did('+15557770001', :red) AS did,
       portatext.assign_did('+15557770002', :red, weight => 0) AS second, portatext.assign_did('+15557770003', :blue) AS third \gset
SELECT portatext.blacklist_add('+12025550666') FROM portatext.act_as(:red);
RESET portatext.account_id;

-- Sending answers with what was stored; numbers are digits.
SET ROLE regress_am_red;
SELECT s AS sent, s ->> 'id' AS id FROM portatext_api.send_sms('12025550123', 'Hello from the API', client_ref => 'order "9"') s \gset
SELECT :'sent'::jsonb - 'id';
SELECT state, direction, number, "from", "to", text, encoding, segments, cost, client_ref, campaign_id
    FROM portatext_api.messages WHERE id = :'id';
-- every argument of portatext.send_sms
SELECT portatext_api.send_sms("to" => '+12025550124', text => 'Hi {{name}}, ñandú', "from" => '["15557770002", "+15557770001"]',
    variables => '{"name": "Ana"}', schedule => '{"any_day": {"from": "00:00", "to": "24:00"}}', send_at => '2100-01-01 12:00+00',
    valid_until => '2100-01-02 12:00+00', priority => 'bulk', idempotency_key => 'k1') - 'id';
SELECT portatext_api.send_sms('12025550124', 'another text', idempotency_key => 'k1') - 'id';
SELECT count(*), string_agg(DISTINCT text, '|') FROM portatext_api.messages WHERE number = '12025550124';
SELECT portatext_api.send_sms('12025550125', 'From one named', "from" => '15557770002') ->> 'from';
SELECT portatext_api.send_sms('12025550125', 'From any one', "from" => 'any') ->> 'status';

-- Errors have the HTTP status in their SQLSTATE.
\set VERBOSITY sqlstate
SELECT portatext_api.send_sms('12025550123', 'four');
SELECT portatext_api.send_sms('12025550666', 'To a blacklisted one');
SELECT portatext_api.send_sms('1', 'To no number');
SELECT portatext_api.send_sms('12025550123', repeat('a', 153 * 100));
SELECT portatext_api.send_sms('12025550123', 'From another''s', "from" => '15557770003');
SELECT portatext_api.send_sms('12025550123', template => 'missing');
SELECT portatext_api.send_sms('12025550123', 'text', template => 'and a template');
SELECT portatext_api.send_sms('12025550123', 'Hello {{you}}', variables => '{}');
SELECT portatext_api.send_sms('12025550123', 'At that time', schedule => '{"noon": 1}');
\set VERBOSITY terse
-- In a request of PostgREST they are JSON with a code, a hint, and the status in the detail.
BEGIN;
SELECT set_config('request.method', 'POST', true);
\set VERBOSITY default
SELECT portatext_api.send_sms('12025550666', 'To a blacklisted one');
ROLLBACK;
BEGIN;
SELECT set_config('request.method', 'POST', true);
SELECT portatext_api.send_sms('12025550123', repeat('a', 153 * 100));
ROLLBACK;
\set VERBOSITY terse

-- A request with the header Idempotency-Key is done once; the key is of this request alone.
SELECT set_config('request.headers', '{"idempotency-key": "once-1"}', false);
SELECT s AS first FROM portatext_api.send_sms('12025550130', 'Only once') s \gset
SELECT portatext_api.send_sms('12025550130', 'Only once') = :'first';
SELECT count(*) FROM portatext_api.messages WHERE number = '12025550130';
\set VERBOSITY sqlstate
SELECT portatext_api.send_sms('12025550130', 'Something else');
SELECT portatext_api.send_sms_batch('{12025550130}', 'Only once');
\set VERBOSITY terse
SELECT set_config('request.headers', '{"idempotency-key": "once-2"}', false);
SELECT b AS first FROM portatext_api.send_sms_batch('{12025550131,12025550132}', 'Only once') b \gset
SELECT portatext_api.send_sms_batch('{12025550131,12025550132}', 'Only once') = :'first';
SELECT count(*) FROM portatext_api.messages WHERE number IN ('12025550131', '12025550132');
SELECT set_config('request.headers', '', false);

-- Many numbers: what was queued, what was refused.
SELECT jsonb_pretty(jsonb_set(b, '{messages}', (SELECT jsonb_agg(m - 'id' || jsonb_build_object('queued', m ? 'id') ORDER BY ord)
        FROM jsonb_array_elements(b -> 'messages') WITH ORDINALITY e (m, ord))))
    FROM portatext_api.send_sms_batch('{12025550201,+12025550202,12025550201,12025550666,x}', 'To all of you') b;
SELECT portatext_api.send_sms_batch('{}', 'To nobody');
\set VERBOSITY sqlstate
SELECT portatext_api.send_sms_batch('{12025550201,x}', 'All or nothing', on_error => 'raise');
SELECT portatext_api.send_sms_batch('{12025550201}', 'All or nothing', on_error => 'perhaps');
\set VERBOSITY terse
-- Lists: a group, of which message_groups tells.
SELECT portatext.create_contact_list('friends') AS friends \gset
SELECT portatext.set_contact('+12025550301', '{"name": "Ana"}', 'friends'), portatext.set_contact('+12025550302', NULL, 'friends');
SELECT s - 'group_id' AS answer, s ->> 'group_id' AS grp FROM portatext_api.send_sms_to_lists(ARRAY[:'friends'], 'Hello {{name}}', variables => '{}') s \gset
SELECT :'answer';
SELECT messages, queued, sending, delivered, failed, cancelled, credits FROM portatext_api.message_groups WHERE id = :grp;
SELECT number, text FROM portatext_api.messages WHERE group_id = :grp;
\set VERBOSITY sqlstate
SELECT portatext_api.send_sms_to_lists('{missing}', 'Hello to nobody');
\set VERBOSITY terse

-- Simulation: nothing is stored or charged.
SELECT portatext_api.simulate_sms('12025550123', 'Hello {{name}}', variables => '{"name": "Ana"}') - 'balance';
SELECT portatext_api.simulate_sms(text => repeat('ñ', 160) || 'ж', country => 'US') - 'balance' - 'text' - 'to';
SELECT s -> 'accepted', s -> 'code' FROM portatext_api.simulate_sms('12025550666', 'Hello you') s;
\set VERBOSITY sqlstate
SELECT portatext_api.simulate_sms(text => 'Hello you', country => 'XX');
\set VERBOSITY terse

-- Cancelling.
SELECT portatext_api.cancel_sms(:'id') -> 'cancelled', portatext_api.cancel_sms(:'id') -> 'cancelled';
SELECT state, error_code FROM portatext_api.messages WHERE id = :'id';
\set VERBOSITY sqlstate
SELECT portatext_api.cancel_sms('00000000-0000-7000-8000-000000000000');
SELECT portatext_api.cancel_sms(NULL);
\set VERBOSITY terse
SELECT jsonb_array_length(portatext_api.refusals()) = (SELECT count(*) FROM portatext.refusals()), portatext_api.refusals() -> 5 ->> 'code';

-- Inbound messages are in the same view: number is who wrote.
RESET ROLE;
SELECT portatext.receive_sms('am', '+12025550123', '+15557770001', 'An answer') IS NOT NULL;
SET ROLE regress_am_red;
SELECT direction, state, number, "from", "to", text FROM portatext_api.messages WHERE number = '12025550123' ORDER BY id;

-- What needs attention.
RESET ROLE;
INSERT INTO portatext.attention (account_id, kind, message_id, detail) VALUES (:red, 'unclear', :'id', 'the carrier broke off');
SET ROLE regress_am_red;
SELECT kind, reason, direction, number, "to", client_ref FROM portatext_api.attention;
SELECT count(*) FROM portatext_api.held_messages;

-- What an API key may do is asked before anything is done.
RESET ROLE;
SELECT portatext.create_api_key('look', '{read}', '{0.0.0.0/0}') AS look, portatext.create_api_key('send', '{send}', '{0.0.0.0/0}') AS send
    FROM portatext.act_as(:red) \gset
RESET portatext.account_id;
CREATE ROLE regress_am_rest LOGIN NOINHERIT;
GRANT portatext_anonymous, portatext_account TO regress_am_rest;
CREATE FUNCTION pg_temp.request(key text, path text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.method', 'POST', true), set_config('request.path', path, true),
            set_config('request.headers', json_build_object('x-api-key', key, 'x-real-ip', '192.0.2.1')::text, true);
END $$;
SET SESSION AUTHORIZATION regress_am_rest;
SET ROLE portatext_anonymous;
BEGIN;
SELECT FROM pg_temp.request(:'look', '/rpc/send_sms');
SELECT portatext_api.authenticate();
SELECT current_user, s -> 'accepted' FROM portatext_api.simulate_sms('12025550123', 'Hello you') s;
SELECT portatext_api.send_sms('12025550123', 'Hello you');
ROLLBACK;
BEGIN;
SELECT FROM pg_temp.request(:'send', '/rpc/send_sms');
SELECT portatext_api.authenticate();
SELECT s ->> 'status' FROM portatext_api.send_sms('12025550123', 'Hello you') s;
SAVEPOINT one;
SELECT portatext_api.simulate_sms('12025550123', 'Hello you');
ROLLBACK TO one;
SELECT portatext_api.blacklist_add('12025550123');
ROLLBACK;
RESET SESSION AUTHORIZATION;

-- Another account sees and cancels nothing of it.
SET ROLE regress_am_blue;
SELECT count(*) FROM portatext_api.messages;
SELECT count(*) FROM portatext_api.attention;
SELECT count(*) FROM portatext_api.message_groups;
\set VERBOSITY sqlstate
SELECT portatext_api.cancel_sms(:'id');
\set VERBOSITY terse
RESET ROLE;

-- The offered filters go by an index under row-level security: no function in them leaks.
INSERT INTO portatext.message (message_id, account_id, carrier_id, segments, cost, from_number, to_number, encoding, body, client_ref, campaign_id, created_at)
    SELECT portatext.uuid7(), CASE WHEN i % 10 = 0 THEN :blue ELSE :red END, 1, 1, 1, '+15557770001', '+1202' || 5000000 + i % 5000, 'gsm', 'bulk',
           'ref' || i, i / 1000, portatext.now() - i * interval '1 minute'
    FROM generate_series(1, 20000) i;
ANALYZE portatext.message;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Scan|Sort' THEN
            RETURN NEXT regexp_replace(line, '.*->|^ +', '');
        END IF;
    END LOOP;
END $$;
SET ROLE regress_am_red;
SELECT pg_temp.plan('SELECT * FROM portatext_api.messages ORDER BY id DESC LIMIT 100');
SELECT pg_temp.plan($$SELECT * FROM portatext_api.messages WHERE number = '12025000007' ORDER BY id DESC LIMIT 100$$);
SELECT pg_temp.plan($$SELECT * FROM portatext_api.messages WHERE client_ref = 'ref7' ORDER BY id DESC LIMIT 100$$);
SELECT pg_temp.plan($$SELECT * FROM portatext_api.messages WHERE campaign_id = 7 ORDER BY id DESC LIMIT 100$$);
SELECT pg_temp.plan($$SELECT * FROM portatext_api.messages WHERE created_at < now() - interval '10 days' ORDER BY created_at DESC LIMIT 100$$);
SELECT pg_temp.plan($$SELECT * FROM portatext_api.messages WHERE id < '00000000-0000-7000-8000-000000000000' ORDER BY id DESC LIMIT 100$$);
RESET ROLE;
SELECT portatext.revoke_account('regress_am_red'), portatext.revoke_account('regress_am_blue');
DROP ROLE regress_am_red, regress_am_blue, regress_am_rest;
