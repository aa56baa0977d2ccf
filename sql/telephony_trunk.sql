-- Trunks, sounds, AMD settings and tariffs of calls (TEL-06, TEL-07, TEL-10).
SET client_min_messages = error;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
SELECT portatext.create_account('trunk, one') AS one, portatext.create_account('trunk, two') AS two \gset
SET portatext.account_id = :one;

-- TEL-07: trunks; without another engine the built-in one dials.
SELECT portatext.create_trunk('main', '192.0.2.1:5060', channels => 30, calls_per_second => 2.5) AS main \gset
SELECT portatext.create_trunk('spare') AS spare \gset
SELECT name, address, engine, channels, calls_per_second FROM portatext.trunks ORDER BY trunk_id;
INSERT INTO portatext.engine (name, adapter, enabled) VALUES ('off', 'gateway', false), ('gate', 'gateway', true);
SELECT portatext.create_trunk('by default') AS third, portatext.create_trunk('by name', engine => 'off') AS fourth \gset
SELECT name, engine FROM portatext.trunks ORDER BY trunk_id;
SELECT portatext.create_trunk('main');
SELECT portatext.create_trunk('x', engine => 'nosuch');
SELECT portatext.create_trunk('');
SELECT portatext.create_trunk(NULL);
SELECT portatext.create_trunk('x', 'a b');
SELECT portatext.create_trunk('x', channels => -1);
SELECT portatext.create_trunk('x', calls_per_second => 'NaN');
SELECT portatext.alter_trunk(:main, channels => 0, address => 'sip.example.com');
SELECT portatext.alter_trunk(:spare, name => 'reserve', engine => 'gate', calls_per_second => 7);
SELECT name, address, engine, channels, calls_per_second FROM portatext.trunks WHERE trunk_id IN (:main, :spare) ORDER BY trunk_id;
SELECT portatext.alter_trunk(:spare, name => 'main');
SELECT portatext.alter_trunk(:spare, channels => 100001);
SELECT portatext.alter_trunk(999999, channels => 1);

-- Which trunk a call takes: the named one, or the only one.
SELECT portatext.use_trunk(:spare) = :spare;
SELECT portatext.use_trunk(NULL);
SELECT portatext.use_trunk(999999);
SELECT portatext.drop_trunk(:third), portatext.drop_trunk(:fourth);
\set VERBOSITY sqlstate
SELECT portatext.drop_trunk(:third);
\set VERBOSITY terse

-- test_trunk asks the engine: the built-in one is there, this one is not.
SELECT portatext.test_trunk(:main) - 'latency_ms', (portatext.test_trunk(:main) ->> 'latency_ms')::int >= 0;
UPDATE portatext.engine SET settings = '{"url": "http://127.0.0.1:1"}' WHERE name = 'gate';
SELECT portatext.test_trunk(:spare) ->> 'reachable', portatext.test_trunk(:spare) ? 'problem';
UPDATE portatext.engine SET settings = '{}' WHERE name = 'gate';
SELECT portatext.test_trunk(:spare) ->> 'reachable', portatext.test_trunk(:spare) ? 'problem';
SELECT portatext.test_trunk(999999);

-- TEL-10: sounds. A frame of MPEG 1 layer III, and of MPEG 2 behind a tag.
SELECT decode('fffb9000' || repeat('00', 413), 'hex') AS mp3,
    decode('49443304000000000004' || '00000000' || 'fff34800' || repeat('00', 140), 'hex') AS tagged \gset
SELECT portatext.create_sound('hello', :'mp3', 'what we say') AS hello, portatext.create_sound('bye', :'tagged') AS bye \gset
SELECT name, description, bytes, digest = encode(sha256(:'mp3'), 'hex') FROM portatext.sounds ORDER BY sound_id;
SELECT portatext.create_sound('hello', :'mp3');
SELECT portatext.create_sound('', :'mp3');
SELECT portatext.create_sound('x', NULL);
SELECT portatext.create_sound('x', '');
SELECT portatext.create_sound('x', 'RIFF....WAVEfmt ');
SELECT portatext.create_sound('x', '\xfffb9000');
SELECT portatext.create_sound('x', :'mp3'::bytea || 'RIFF');
SELECT portatext.create_sound('x', decode(repeat('00', 10485761), 'hex'));
SELECT portatext.alter_sound(:hello, content => :'tagged'), portatext.alter_sound(:bye, 'good bye', 'at the end');
SELECT name, description, bytes, digest = encode(sha256(:'tagged'), 'hex') FROM portatext.sounds ORDER BY sound_id;
SELECT portatext.alter_sound(:hello, name => 'good bye');
SELECT portatext.alter_sound(:hello, name => '');
SELECT portatext.alter_sound(:hello, content => 'x');
SELECT portatext.alter_sound(999999, name => 'x');

-- What an unfinished campaign or a call uses stays.
INSERT INTO portatext.campaign (account_id, kind, name) VALUES (:one, 'telephony', 'c') RETURNING campaign_id AS campaign \gset
INSERT INTO portatext.campaign_run (campaign_id, account_id, ord, state) VALUES (:campaign, :one, 1, 'paused');
INSERT INTO portatext.call_campaign (campaign_id, account_id, trunk_id, flow)
    VALUES (:campaign, :one, :main, portatext.check_flow(format('[{"amd": {"if_machine": [{"play": {"sound_id": %s}}]}}]', :hello)::jsonb));
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RETURN 'done';
EXCEPTION WHEN object_in_use THEN
    RETURN regexp_replace(SQLERRM, '[0-9a-f-]{36}|[0-9]+', '#', 'g');
END $$;
SELECT pg_temp.refused(format('SELECT portatext.drop_sound(%s)', :hello)), pg_temp.refused(format('SELECT portatext.drop_trunk(%s)', :main));
UPDATE portatext.call_campaign SET flow = '[{"hangup": {}}]', abandon_flow = format('[{"play": {"sound_id": %s}}]', :hello)::jsonb, trunk_id = :spare;
SELECT pg_temp.refused(format('SELECT portatext.drop_sound(%s)', :hello)), pg_temp.refused(format('SELECT portatext.drop_trunk(%s)', :main));
INSERT INTO portatext.call (account_id, engine_id, trunk_id, to_number, flow, state)
    SELECT :one, t.engine_id, t.trunk_id, '+12223334444', format('[{"play": {"sound_id": %s}}]', :bye)::jsonb, 'queued' FROM portatext.trunk t WHERE t.trunk_id = :spare;
SELECT pg_temp.refused(format('SELECT portatext.drop_sound(%s)', :bye)), pg_temp.refused(format('SELECT portatext.drop_trunk(%s)', :spare));
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT portatext.drop_sound(:bye);
ROLLBACK;
UPDATE portatext.campaign_run SET state = 'finished';
UPDATE portatext.call SET state = 'ended', ended_at = portatext.now(), result = 'CANCELLED';
SELECT pg_temp.refused(format('SELECT portatext.drop_sound(%s)', s)) FROM (VALUES (:hello), (:bye)) v (s);
SELECT pg_temp.refused(format('SELECT portatext.drop_trunk(%s)', :spare));
SELECT count(*) FROM portatext.trunks;
SELECT count(*) FROM portatext.sounds;
SELECT portatext.drop_sound(999999);
-- A name is free again.
SELECT portatext.create_trunk('reserve') > 0;
SELECT name, portatext.use_trunk(NULL) = trunk_id FROM portatext.trunks;

-- Of others, and for an account's own role.
SET portatext.account_id = :two;
SELECT portatext.use_trunk(NULL);
SET ROLE portatext_account;
SELECT count(*) FROM portatext.trunks;
SELECT portatext.alter_trunk(999999, name => 'mine');
SELECT portatext.create_trunk('main') > 0, portatext.create_sound('hello', :'mp3') > 0;
SELECT t.name, s.name FROM portatext.trunks t, portatext.sounds s;
SELECT portatext.set_call_tariff('1', 1);
RESET ROLE;

-- TEL-06: nine settings for the detection of machines.
SET portatext.account_id = :one;
SELECT portatext.set_amd();
SELECT portatext.set_amd('{"amd_total_time": 4000, "max_words": 3}') -> 'total_time';
SELECT total_time, max_words, initial_silence FROM portatext.amd_setting;
SELECT portatext.set_amd('{"total_time": null}') - 'initial_silence';
SELECT portatext.set_amd() -> 'max_words';
SELECT portatext.set_amd('{"words": 3}');
SELECT portatext.set_amd('{"max_words": 1001}');
SELECT portatext.set_amd('{"silence_threshold": 32768}');
SELECT portatext.set_amd('{"total_time": -1}');
SELECT portatext.set_amd('{"total_time": 1.5}');
SELECT portatext.set_amd('{"total_time": "5"}');
SELECT portatext.set_amd('{"total_time": [1]}');
SELECT portatext.set_amd('[]');
-- The defaults of the function are those of the table.
SET portatext.account_id = :two;
SELECT portatext.set_amd() AS before \gset
INSERT INTO portatext.amd_setting (account_id) VALUES (:two);
SELECT portatext.set_amd() = :'before'::jsonb;

-- BILL-01 for calls: longest prefix, own row before the general one, validity.
SELECT portatext.set_call_tariff('1', 1.5, 0.25) > 0, portatext.set_call_tariff('+44', 2) > 0, portatext.set_call_tariff('447', 3) > 0,
    portatext.set_call_tariff('44', 1, 0.5, :one) > 0;
SELECT portatext.call_tariff_for('+12223334444'), portatext.call_tariff_for('+442079460000'), portatext.call_tariff_for('+447700900123');
SET portatext.account_id = :one;
SELECT portatext.call_tariff_for('+12223334444'), portatext.call_tariff_for('+442079460000'), portatext.call_tariff_for('+447700900123');
SELECT (portatext.call_tariff_for('+34600000000')).per_minute IS NULL;
SELECT prefix, per_call, per_minute, own FROM portatext.call_tariffs ORDER BY prefix;
SELECT portatext.set_call_tariff('1', 9, 0, NULL, portatext.now() + interval '1 hour') > 0;
SELECT portatext.call_tariff_for('+12223334444');
SELECT portatext.set_call_tariff('1', 4, 0, NULL, portatext.now() - interval '1 hour', portatext.now() + interval '1 hour') > 0;
SELECT portatext.call_tariff_for('+12223334444');
SELECT portatext.set_call_tariff('44', 6, 0, :one) > 0, portatext.call_tariff_for('+442079460000');
UPDATE portatext.account SET credit_price = 0.1 WHERE account_id = :one;
SELECT prefix, call_price, minute_price FROM portatext.call_tariffs WHERE own;
UPDATE portatext.account SET sandbox = true WHERE account_id = :two;
SET portatext.account_id = :two;
SELECT (portatext.call_tariff_for('+12223334444')).per_minute IS NULL, (SELECT count(*) FROM portatext.call_tariffs);
-- A sandbox account, whose credits are nobody's money, has the built-in engine alone.
SELECT portatext.create_trunk('sand') AS sand \gset
SELECT engine FROM portatext.trunks WHERE trunk_id = :sand;
SELECT portatext.create_trunk('gate', engine => 'gate');
SELECT portatext.alter_trunk(:sand, engine => 'gate');
SELECT portatext.create_trunk('loop', engine => 'loopback') > 0;
SELECT portatext.set_call_tariff('x', 1);
SELECT portatext.set_call_tariff('1', -1);
SELECT portatext.set_call_tariff('1', 1, 'NaN');
RESET portatext.account_id;
