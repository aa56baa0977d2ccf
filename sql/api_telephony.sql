-- The API's functions for calls and campaigns of calls, and the SDKs' handlers (TEL-02, TEL-06, TEL-09, TEL-10).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset null -

DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_at_red LOGIN;
CREATE ROLE regress_at_blue LOGIN;
SELECT portatext.create_account('api calls, red') AS red, portatext.create_account('api calls, blue') AS blue \gset
SELECT portatext.grant_account('regress_at_red', :red), portatext.grant_account('regress_at_blue', :blue);
SELECT count(portatext.assign_did(n, :red)) FROM unnest('{+12025550101,+12025550102}'::text[]) n;
SELECT portatext.set_call_tariff('1', 0.02) > 0;
SET portatext.account_id = :red;
SELECT portatext.recharge(10);
RESET portatext.account_id;

-- Trunks, sounds, teams, agents: made, seen, changed, deleted; by their account alone.
SET SESSION AUTHORIZATION regress_at_red;
SELECT portatext_api.create_trunk('main', '192.0.2.1', channels => 30, calls_per_second => 5) ->> 'id' AS trunk \gset
SELECT portatext_api.update_trunk(:trunk, calls_per_second => 7.5);
SELECT name, address, channels, calls_per_second FROM portatext_api.trunks;
SELECT portatext_api.test_trunk(:trunk) ->> 'reachable';
SELECT encode(convert_to('ID3', 'UTF8') || '\x0300000000000a'::bytea || '\x00000000000000000000'::bytea
    || (SELECT string_agg('\xfffb9000'::bytea || decode(repeat('00', 413), 'hex'), ''::bytea) FROM generate_series(1, 4)), 'base64') AS mp3 \gset
SELECT portatext_api.create_sound('hello', :'mp3', 'says hello') ->> 'id' AS sound \gset
SELECT portatext_api.create_sound('noise', 'AAAA');
SELECT portatext_api.update_sound(:sound, description => 'says hello twice');
SELECT name, description, bytes FROM portatext_api.sounds;
SELECT portatext_api.sound_file(:sound) = decode(:'mp3', 'base64');
SELECT portatext_api.sound_file(999999);
SELECT portatext_api.create_team('sales') ->> 'id' <> '' AS made;
SELECT portatext_api.create_agent('ann', 'sip:ann@192.0.2.9', 'sales') ->> 'id' AS agent \gset
SELECT portatext_api.update_agent(:agent, destination => '+12025550177');
SELECT portatext_api.set_agent_state(:agent, 'available') ->> 'state';
SELECT portatext_api.set_agent_state(:agent, 'asleep');
SELECT portatext_api.end_wrap_up(:agent);
SELECT name, team, destination, state FROM portatext_api.agents;
SELECT name, agents FROM portatext_api.teams;
SELECT count(*) FROM portatext_api.agent_statistics;
SELECT portatext_api.update_amd_settings('{"max_words": 4}') = portatext_api.amd_settings();

-- A campaign of calls.
SELECT portatext_api.create_telephony_campaign('spring', jsonb_build_array(jsonb_build_object('play', jsonb_build_object('sound_id', :sound))),
    csv => E'number,name\n+12025550001,Ann\n+12025550002,Bob', settings => '{"iterations": 3, "min_iteration_time": 600, "dial_timeout": 20}') - 'job_id' AS made \gset
SELECT :'made'::jsonb - 'id';
SELECT (:'made'::jsonb ->> 'id')::bigint AS id \gset
SELECT portatext_api.create_telephony_campaign('bad', '[{"wait": {"seconds": 1}}]', csv => E'number\n+12025550001', settings => '{"shoe_size": 1}');
SELECT portatext_api.create_telephony_campaign('bad', '[{"wait": {"seconds": 1}}]', csv => E'number\n+12025550001', settings => NULL);
SELECT portatext_api.update_telephony_campaign(:id, '{"agents": 3}') -> 'agents';
SELECT portatext.run_chunk(job_id), portatext.run_chunk(job_id) FROM portatext.campaign_run WHERE campaign_id = :id;
SELECT portatext_api.start_campaign(:id) ->> 'state';
SELECT kind, state, flow -> 0 -> 'play' ->> 'sound_id' = :'sound' AS flow, texts FROM portatext_api.campaigns WHERE id = :id;
SELECT state, recipients, targets_left, agents, method FROM portatext_api.telephony_campaigns WHERE id = :id;
SELECT jsonb_array_length(portatext_api.explain_pacing(:id)) >= 0;
SELECT portatext_api.call_report(:id);
SELECT portatext_api.campaign_report(:id);
SELECT portatext_api.campaign_contacts_page(:id) -> 0;
SELECT number, state, attempts FROM portatext_api.campaign_contacts WHERE campaign_id = :id ORDER BY 1;
SELECT portatext_api.delete_sound(:sound);
SELECT portatext_api.delete_trunk(:trunk);
SELECT portatext_api.delete_team('sales');
SELECT portatext_api.cancel_campaign(:id) ->> 'state';
SELECT portatext_api.delete_campaign(:id);

-- A single call.
SELECT portatext_api.place_call('12025550001', '[{"wait": {"seconds": 1}}]', "from" => '12025550101', client_ref => 'c-1') ->> 'id' AS call \gset
SELECT id = :'call' AS same, "to", "from", client_ref, campaign_id FROM portatext_api.calls;
SELECT portatext_api.set_disposition(:'call', 'sold', 'two pairs');
SELECT disposition, note FROM portatext_api.calls;
SELECT portatext_api.place_call('12025550001', '[{"dance": {}}]');
SELECT portatext_api.place_call('nobody', '[{"wait": {"seconds": 1}}]');
SELECT portatext_api.cancel_call(:'call') ->> 'cancelled';

-- The SDKs' handlers.
CREATE FUNCTION pg_temp.sdk(handler text, request jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    EXECUTE format('SELECT portatext.%I($1, NULL)', handler) INTO answer USING '{"page": 1, "query": {}}'::jsonb || request;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN jsonb_build_object(SQLSTATE, SQLERRM);
END
$$;
SELECT pg_temp.sdk('rest_calls', '{}') #- '{calls,0,id}' #- '{calls,0,date}' #- '{calls,0,finished_at}' #- '{calls,0,status}' #- '{calls,0,leg_a}' #- '{calls,0,placed_at}';
SELECT jsonb_array_length(pg_temp.sdk('rest_calls', jsonb_build_object('query', q)) -> 'calls') FROM unnest(ARRAY['{"number": "12025550001"}', '{"number": "12025550009"}',
    '{"campaign_id": "7"}', '{"date_from": "2020-01-01T00:00:00", "sort_field": "date", "sort_order": "asc"}', '{"date_from": "2100-01-01T00:00:00"}',
    '{"date_to": "2020-01-01T00:00:00"}']::jsonb[]) q;
SELECT pg_temp.sdk('rest_calls', jsonb_build_object('query', q)) FROM unnest(ARRAY['{"sort_field": "shoe_size"}', '{"sort_order": "up"}', '{"campaign_id": "x"}', '{"status": "x"}']::jsonb[]) q;
SELECT pg_temp.sdk('rest_call_place', jsonb_build_object('body', b)) FROM unnest(ARRAY['[]', '{"to": "12025550001"}', '{"flow": []}', '{"to": "1", "flow": [{"wait": {"seconds": 1}}]}']::jsonb[]) b;
SELECT pg_temp.sdk('rest_trunks', '{}') #- '{trunks,0,id}';
SELECT pg_temp.sdk('rest_trunk', '{"path": {"id": "999999"}}');
SELECT pg_temp.sdk('rest_trunk_create', '{"body": {"ip": "192.0.2.1"}}');
SELECT pg_temp.sdk('rest_sound', '{"path": {"id": "999999"}}');
SELECT pg_temp.sdk('rest_sound_create', '{"query": {}}');
SELECT pg_temp.sdk('rest_campaign_create', jsonb_build_object('body', '{"type": "telephony", "name": "x", "from": "12025550101"}'::jsonb || b)) FROM unnest(ARRAY[
    '{}', '{"settings": 7}', '{"settings": {}}', '{"settings": {"flow": []}}', '{"settings": {"flow": [{"wait": {"seconds": 1}}]}}',
    '{"settings": {"flow": [{"wait": {"seconds": 1}}]}, "contact_list_ids": [999999]}',
    '{"settings": {"flow": [{"wait": {"seconds": 1}}], "min_iteration_time": "x"}}', '{"service_id": 1, "settings": {"flow": []}}']::jsonb[]) b;

-- Another account sees nothing of it.
SET SESSION AUTHORIZATION regress_at_blue;
SELECT (SELECT count(*) FROM portatext_api.calls), (SELECT count(*) FROM portatext_api.trunks), (SELECT count(*) FROM portatext_api.sounds),
       (SELECT count(*) FROM portatext_api.agents), (SELECT count(*) FROM portatext_api.telephony_campaigns);
SELECT portatext_api.sound_file(:sound);
SELECT portatext_api.update_trunk(:trunk, 'mine');
\set VERBOSITY sqlstate
SELECT portatext_api.cancel_call(:'call');
\set VERBOSITY terse
SELECT portatext_api.set_agent_state(:agent, 'available');

RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_at_red;
SELECT portatext_api.delete_agent(:agent);
SELECT portatext_api.delete_team('sales');
SELECT portatext_api.delete_sound(:sound);
SELECT portatext_api.delete_trunk(:trunk);
SELECT (SELECT count(*) FROM portatext_api.trunks), (SELECT count(*) FROM portatext_api.sounds), (SELECT count(*) FROM portatext_api.teams);
-- Preview.
SELECT portatext_api.create_trunk('look') ->> 'id' AS trunk \gset
SELECT portatext_api.create_team('look') ->> 'id' <> '' AS made;
SELECT portatext_api.create_agent('bob', 'sip:bob@192.0.2.9', 'look') ->> 'id' AS agent \gset
SELECT portatext_api.set_agent_state(:agent, 'available') ->> 'state';
SELECT portatext_api.create_telephony_campaign('look', '[{"forward": {"team": true}}]', csv => E'number,name\n+12025550003,Cid\n+12025550004,Dee', team => 'look', trunk_id => :trunk, variables => '{"name": "you"}',
    settings => '{"method": "preview"}') ->> 'id' AS id \gset
SELECT portatext.run_chunk(job_id), portatext.run_chunk(job_id) FROM portatext.campaign_run WHERE campaign_id = :id;
SELECT portatext_api.start_campaign(:id) ->> 'state';
SELECT portatext_api.next_target(:agent, :id);
SELECT portatext_api.agent_skip(:agent, true);
SELECT portatext_api.next_target(:agent, :id) ->> 'number';
SELECT portatext_api.agent_dial(:agent) ->> 'id' <> '' AS called;
SELECT "to", iteration FROM portatext_api.calls WHERE campaign_id = :id;
SELECT portatext_api.cancel_campaign(:id) ->> 'state';

DROP FUNCTION pg_temp.sdk(text, jsonb);
RESET SESSION AUTHORIZATION;
SELECT portatext.revoke_account('regress_at_red'), portatext.revoke_account('regress_at_blue');
DROP ROLE regress_at_red, regress_at_blue;
