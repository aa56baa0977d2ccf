-- Engines: set-up by operators, its mistakes, and what an engine tells (TEL-11).
SET client_min_messages = error;
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

-- Set-up.
SELECT portatext.create_engine('gw', 'gateway', '{"url": "http://127.0.0.1:1/", "callback_url": "http://127.0.0.1:2"}', password => 'hidden');
SELECT portatext.create_engine('tw', 'http', '{"template": "twilio", "account": "AC1", "callback_url": "https://r.example"}', 'AC1', 'token');
SELECT portatext.create_engine('test', 'loopback', '{"busy": 0.2, "machine": 0.1, "talk_mean": 20}', max_in_flight => 5, timeout => '1 s');
SELECT name, adapter, enabled, max_in_flight, timeout, settings, username, has_password, has_callback_secret, trunks FROM portatext.engines ORDER BY name;
SELECT length(callback_secret) FROM portatext.engine_secret ORDER BY engine_id;
SELECT portatext.loopback_engine() = portatext.loopback_engine();
SELECT adapter FROM portatext.engines WHERE name = 'loopback';

-- Mistakes.
SELECT portatext.create_engine('gw', 'gateway', '{"url": "http://127.0.0.1:1/", "callback_url": "http://127.0.0.1:2"}');
SELECT portatext.create_engine('x', 'pigeon', '{}');
SELECT portatext.create_engine('x', 'gateway', '{}');
SELECT portatext.create_engine('x', 'gateway', '[]');
SELECT portatext.create_engine('x', 'gateway', NULL);
SELECT portatext.create_engine('x', 'gateway', '{"url": "http://127.0.0.1:1/", "callback_url": "http://127.0.0.1:2", "password": "p"}');
SELECT portatext.create_engine('x', 'loopback', '{"busy": 2}');
SELECT portatext.create_engine('x', 'http', '{"template": "nobody"}');
SELECT portatext.create_engine('X y', 'loopback');
SELECT portatext.alter_engine('gw', '{"url": "nowhere", "callback_url": "http://127.0.0.1:2"}');
SELECT portatext.alter_engine('nobody', enabled => false);

-- Changes.
SELECT portatext.alter_engine('gw', '{"url": "http://127.0.0.1:3", "callback_url": "http://127.0.0.1:2"}', callback_secret => 'mine', max_in_flight => 7);
SELECT e.settings ->> 'url', e.max_in_flight, s.callback_secret, s.password FROM portatext.engine e JOIN portatext.engine_secret s USING (engine_id) WHERE name = 'gw';
SELECT portatext.disable_engine('gw');
SELECT enabled FROM portatext.engines WHERE name = 'gw';
SELECT portatext.enable_engine('gw');
SELECT enabled FROM portatext.engines WHERE name = 'gw';

-- What an engine tells.
SELECT portatext.create_account('calls', sandbox => true) AS account \gset
INSERT INTO portatext.trunk (account_id, engine_id, name) VALUES (:account, portatext.engine_number('test'), 'trunk');
INSERT INTO portatext.call (call_id, account_id, engine_id, trunk_id, to_number, state, placed_at, flow)
    SELECT '01900000-0000-7000-8000-000000000001', :account, engine_id, trunk_id, '+12025550100', 'placing', portatext.now(), '[{"hangup":{}}]' FROM portatext.trunk;
SELECT portatext.receive_call_events('test', '[{"call_id": "01900000-0000-7000-8000-000000000001", "seq": 1, "event": "ringing"}]');
SELECT portatext.receive_call_events('test', '{"call_id": "01900000-0000-7000-8000-000000000001", "seq": 1, "event": "ringing"}');
SELECT portatext.receive_call_events('test', '[]');
SELECT state FROM portatext.call;
SELECT portatext.receive_call_events('test', '[{"call_id": "01900000-0000-7000-8000-000000000001", "seq": 2, "event": "sings"}]');
SELECT portatext.receive_call_events('test', '7');
SELECT portatext.receive_call_events('nobody', '[]');
SELECT portatext.drop_engine('test');
DELETE FROM portatext.trunk;
SELECT portatext.drop_engine('test');
SELECT portatext.receive_call_events('test', '[{"call_id": "01900000-0000-7000-8000-000000000001", "seq": 3, "event": "ended", "a": {"q850": 17}}]');
SELECT state, result FROM portatext.call;
SELECT portatext.drop_engine('test');
SET portatext.account_id = :account;
SELECT portatext.drop_engine('gw');
RESET portatext.account_id;
SELECT portatext.drop_engine('gw');
SELECT name FROM portatext.engines ORDER BY name;

-- Operators alone.
SET ROLE portatext_account;
SELECT portatext.create_engine('mine', 'loopback');
SELECT * FROM portatext.engines;
SELECT portatext.receive_call_events('tw', '[]');
RESET ROLE;
SET ROLE portatext_operator;
SELECT portatext.create_engine('mine', 'loopback') > 0;
RESET ROLE;
