-- Campaigns of calls: made, built, started, paused, stopped, cancelled, watched, forgotten
-- (TEL-01, TEL-02, TEL-12, CAMP-04, -08, -10, -12, -13, -14, -15, SCH-06, PACE-09, PACE-10, NER-08, NER-09).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

-- No worker: the jobs are done here, and nothing is called.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_tc_red LOGIN;
CREATE ROLE regress_tc_blue LOGIN;
SELECT portatext.create_account('calls, red') AS red, portatext.create_account('calls, blue') AS blue \gset
SELECT portatext.grant_account('regress_tc_red', :red), portatext.grant_account('regress_tc_blue', :blue);
SELECT count(portatext.assign_did(n, :red)) FROM unnest('{+12025550101,+12025550102,+12025550103}'::text[]) n;
SELECT portatext.set_call_tariff('1', 0.02) > 0, portatext.set_call_tariff('44', 0.03) > 0;

-- A campaign's job, done to its end.
CREATE FUNCTION pg_temp.build(campaign bigint) RETURNS TABLE (state text, result jsonb) LANGUAGE plpgsql AS $$
DECLARE
    job bigint := (SELECT r.job_id FROM portatext.campaign_run r WHERE r.campaign_id = campaign ORDER BY r.ord DESC LIMIT 1);
BEGIN
    WHILE portatext.run_chunk(job) LOOP
    END LOOP;
    RETURN QUERY SELECT r.state::text, j.result - 'id' FROM portatext.campaign_run r JOIN portatext.job j USING (job_id) WHERE r.job_id = job;
END
$$;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', (SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema())); END $$;

SET SESSION AUTHORIZATION regress_tc_red;
SELECT E'number,name\n+12025550001,Ann\n+12025550002,\n+13055550001,"Cid ""C"""\n+442079460958,Dee\n+5491112345678,Juan\n' AS csv \gset
-- without a trunk
SELECT portatext.create_telephony_campaign('x', '[{"wait": {"seconds": 1}}]', csv => :'csv');
SELECT portatext.create_trunk('main', '192.0.2.1') AS trunk \gset
SELECT portatext.create_trunk('second', '192.0.2.2') AS trunk2 \gset
SELECT portatext.create_team('sales') > 0;
SELECT portatext.create_team('empty') > 0;
SELECT portatext.blacklist_add('+12025550002');

-- What is asked for wrongly.
CREATE FUNCTION pg_temp.wrong(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE format('SELECT portatext.create_telephony_campaign(name => %L, %s)', 'wrong', arguments);
    RETURN 'made';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' / ', SQLSTATE, message, NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;
SELECT pg_temp.wrong(a) FROM unnest(ARRAY[
    $a$flow => NULL, csv => E'number\n+12025550001'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]'$a$,
    $a$flow => '[{"dance": {}}]', csv => E'number\n+12025550001'$a$,
    $a$flow => '[{"play": {"sound_id": 77}}]', csv => E'number\n+12025550001'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', csv => E'number\n+12025550001'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', csv => E'number\n+12025550001', trunk => 999999$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', lists => '{nobody}', trunk => (SELECT min(trunk_id) FROM portatext.trunks)$a$]) a;
SELECT pg_temp.wrong(concat('csv => E''number\n+12025550001'', trunk => (SELECT min(trunk_id) FROM portatext.trunks), ', a)) FROM unnest(ARRAY[
    $a$flow => '[{"forward": {"to": "+12025550199"}}]'$a$,
    $a$flow => '[{"amd": {"if_human": [{"forward": {"to": "+12025550199"}}], "if_machine": [], "if_notsure": []}}]'$a$,
    $a$flow => '[{"forward": {"to": "+5491112345678"}}]', agents => 3$a$,
    $a$flow => '[{"forward": {"team": true}}]', agents => 3$a$,
    $a$flow => '[{"forward": {"team": true}}]', team => 'nobody'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', team => 'sales'$a$,
    $a$flow => '[{"forward": {"to": "+12025550199"}}]', agents => 3, method => 'preview'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', abandon_flow => '[{"forward": {"to": "+12025550199"}}]'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', from_number => '+12025550999'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', schedule => '{"any_day": {"from": "09:00", "to": "09:00"}}'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', variables => '[]'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', agents => -1$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', iterations => 0$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', min_iteration_time => '-1 minute'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', post_call_work => '2 hours'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', dial_timeout => '0'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', max_duration => '2 days'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', max_calls_per_day => 0$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', occupancy => 0$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', ratio => 0.5$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', waiting_probability => 1$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', max_abandonment => 1.1$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', abandonment_window => '1 minute'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', connect_within => '2 minutes'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', agent_timeout => '0'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', min_ring => '-1'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', acd_seed => '0'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', answer_seed => 0$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', min_ner => 2$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', ner_sample => 0$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', retry_delays => '{"NOBODY": 5}'$a$,
    $a$flow => '[{"wait": {"seconds": 1}}]', retry_delays => '[]'$a$]) a;
SELECT count(*) FROM portatext.campaign;

-- TEL-02, CAMP-13: built without texts; PACE-09: a flow that forwards nowhere needs no agents.
SELECT portatext.create_telephony_campaign('reminder', '[{"say": {"text": "Hello {{name}}, see you {{day}}"}}]', csv => :'csv',
    from_number => '+12025550101,+12025550102,+12025550103', trunk => :trunk, variables => '{"name": "you", "day": "monday"}',
    schedule => '{"any_day": {"from": "09:00", "to": "20:00"}}', iterations => 3, min_iteration_time => '10 minutes',
    retry_delays => '{"BUSY": 300, "NO_ANSWER": -1, "ABANDONED": 60}', description => 'of the dentist') AS id \gset
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.build(:id);
SELECT r.number, r.cohort, r.place, r.variant, r.segments, r.cost, r.sender IS NOT NULL AS sender, r.body, r.reason
    FROM portatext.campaign_recipient r JOIN portatext.campaign_run n USING (run_id) WHERE n.campaign_id = :id ORDER BY 1;
SELECT c.cohort, c.zones, c.places FROM portatext.campaign_cohort c JOIN portatext.campaign_run n USING (run_id) WHERE n.campaign_id = :id ORDER BY 1;
SELECT kind, name, description, from_number, variables FROM portatext.campaign WHERE campaign_id = :id;
SELECT issued, failed, calls, contacted FROM portatext.call_run;
SELECT count(*) FROM portatext.campaign_variant;
SET SESSION AUTHORIZATION regress_tc_red;
SELECT jsonb_pretty(portatext.telephony_settings(:id) - 'trunk'), portatext.telephony_settings(:id) -> 'trunk' = :'trunk' AS trunk;

-- CAMP-10: a callee's number is the same one in the next run; CAMP-08: several share.
SELECT portatext.create_telephony_campaign('many', '[{"wait": {"seconds": 1}}]', trunk => :trunk, from_number => '+12025550101,+12025550102,+12025550103',
    csv => E'number\n' || string_agg(format('+1305556%s', i), E'\n'), repeatable => true) AS many FROM generate_series(1000, 3999) i \gset
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.build(:many);
SELECT sender, count(*) BETWEEN 900 AND 1100 FROM portatext.campaign_recipient r JOIN portatext.campaign_run n USING (run_id) WHERE n.campaign_id = :many GROUP BY 1 ORDER BY 1;
SELECT portatext.start_campaign(:many);
UPDATE portatext.campaign_run SET state = 'finished', finished_at = portatext.now() WHERE campaign_id = :many;
SELECT portatext.start_campaign(:many);
SELECT state FROM pg_temp.build(:many);
SELECT count(*), count(DISTINCT r.number), count(DISTINCT (r.number, r.sender)) FROM portatext.campaign_recipient r JOIN portatext.campaign_run n USING (run_id) WHERE n.campaign_id = :many;
SELECT count(*) FROM portatext.call_run;
SELECT portatext.cancel_campaign(:many);

-- What is of messages alone says so.
SET SESSION AUTHORIZATION regress_tc_red;
SELECT * FROM portatext.campaign_preview(:id);
SELECT * FROM portatext.campaign_report(:id);
SELECT * FROM portatext.test_campaign(:id, '{+12025550001}');
SELECT count(*) FROM portatext.campaign_progress;

-- CAMP-04: the life of a campaign; the runner leaves its recipients to the dialer.
SELECT portatext.pause_campaign(:id);
SELECT portatext.start_campaign(:id), portatext.pause_campaign(:id), portatext.resume_campaign(:id);
RESET SESSION AUTHORIZATION;
SELECT portatext.release_campaigns() > 0;
SELECT state FROM portatext.campaign_run WHERE campaign_id = :id;
SELECT count(*) FROM portatext.message;

-- Settings while it runs.
SET SESSION AUTHORIZATION regress_tc_red;
SELECT s - 'trunk' ->> 'agents', s ->> 'method', s ->> 'ratio', s ->> 'dial_timeout', s ->> 'max_calls_per_day', s ->> 'trunk' = :'trunk2'
    FROM portatext.alter_telephony_campaign(:id, jsonb_build_object('agents', 5, 'method', 'power', 'ratio', 3, 'dial_timeout', 20,
        'max_calls_per_day', 4, 'trunk', :trunk2)) s;
SELECT s ->> 'max_calls_per_day' FROM portatext.alter_telephony_campaign(:id, '{"max_calls_per_day": null, "min_ring": "5 seconds"}') s;
SELECT portatext.alter_telephony_campaign(:id, '{"shoe_size": 42}');
SELECT portatext.alter_telephony_campaign(:id, '{"agents": null}');
SELECT portatext.alter_telephony_campaign(:id, '{"agents": 1.5}');
SELECT portatext.alter_telephony_campaign(:id, '{"method": "magic"}');
SELECT portatext.alter_telephony_campaign(:id, '{"method": "preview"}');
SELECT portatext.alter_telephony_campaign(:id, '{"dial_timeout": "soon"}');
SELECT portatext.alter_telephony_campaign(:id, '{"trunk": 999999}');
SELECT portatext.alter_telephony_campaign(:id, '[]');
SELECT portatext.alter_telephony_campaign(999999, '{}');
SET SESSION AUTHORIZATION regress_tc_blue;
SELECT portatext.alter_telephony_campaign(:id, '{"agents": 1}');
SELECT portatext.telephony_settings(:id);
SELECT portatext.start_campaign(:id);
SELECT count(*) FROM portatext.telephony_campaigns;
SELECT * FROM portatext.call_report(:id);

-- As the dialer and the events leave it: one contacted, one waiting, one being called.
RESET SESSION AUTHORIZATION;
SELECT run_id AS run FROM portatext.campaign_run WHERE campaign_id = :id \gset
SELECT engine_id AS engine FROM portatext.trunk WHERE trunk_id = :trunk \gset
INSERT INTO portatext.call (account_id, campaign_id, run_id, engine_id, trunk_id, to_number, state, result, contacted, live, answered_at,
        ended_at, b_answered_at, b_ended_at, b_result, amd, disposition, cost, iteration, abandoned_at)
    VALUES (:red, :id, :run, :engine, :trunk, '+12025550001', 'ended', 'ANSWER', true, true, now(), now(), now() - interval '90 s', now() - interval '30 s', 'ANSWER', 'HUMAN', 'sold', 0.06, 2, NULL),
           (:red, :id, :run, :engine, :trunk, '+12025550001', 'ended', 'BUSY', false, false, NULL, now(), NULL, NULL, NULL, NULL, NULL, 0, 1, NULL),
           (:red, :id, :run, :engine, :trunk, '+13055550001', 'ended', 'ANSWER', false, true, now(), now(), NULL, NULL, NULL, 'HUMAN', NULL, 0.02, 1, now());
INSERT INTO portatext.call (account_id, campaign_id, run_id, engine_id, trunk_id, to_number, state, answered_at)
    VALUES (:red, :id, :run, :engine, :trunk, '+442079460958', 'ringing', NULL);
INSERT INTO portatext.call_target (run_id, number, account_id, cohort, state, attempts, due_at, last_result)
    VALUES (:run, '+12025550001', :red, 1, 'contacted', 2, NULL, 'ANSWER'), (:run, '+13055550001', :red, 1, 'waiting', 1, '2099-01-01', 'ANSWER'),
           (:run, '+442079460958', :red, 2, 'calling', 1, NULL, NULL);
UPDATE portatext.call_run SET issued = 3, failed = 1, calls = 3, answered = 2, contacted = 1, live = 2, abandoned = 1, talk_seconds = 60, talks = 1 WHERE run_id = :run;
INSERT INTO portatext.call_abandonment VALUES (:id, date_trunc('hour', now()), :red, 200, 5), (:id, now() - interval '40 days', :red, 100, 90);
INSERT INTO portatext.call_pace (run_id, account_id, ticked_at, decision) VALUES (:run, :red, now(), '{"place": 2, "limit": "agents", "occupancy": 0.8712, "acd_s": 61.4, "p_answer": 0.314}');
SET SESSION AUTHORIZATION regress_tc_red;
\pset tuples_only off
SELECT name, state, agents, calls, used, lost, ner, acd, p, "left", won, gone, placed FROM portatext.telephony_campaigns WHERE id = :id;
\pset tuples_only on
SELECT recipients, skipped, calls, contacted, given_up, targets_left, ringing, active, live, abandoned, abandonment, ner, utilisation
    FROM portatext.telephony_progress WHERE campaign_id = :id;
SELECT * FROM portatext.call_report(:id);
SELECT number, state, reason, attempts, due_at IS NOT NULL FROM portatext.campaign_contacts(:id);
SELECT * FROM portatext.export_campaign_contacts(:id);

-- NER-08, NER-09: stopped is no pause; who lets it go on begins a new count.
RESET SESSION AUTHORIZATION;
UPDATE portatext.campaign_run SET state = 'stopped', reason = 'low_ner' WHERE run_id = :run;
SET SESSION AUTHORIZATION regress_tc_red;
SELECT state FROM portatext.telephony_campaigns WHERE id = :id;
SELECT portatext.start_campaign(:id);
SELECT portatext.pause_campaign(:id);
SELECT portatext.delete_campaign(:id);
SELECT portatext.resume_campaign(:id);
SELECT issued, failed, calls, answered FROM portatext.call_run WHERE run_id = :run;
RESET SESSION AUTHORIZATION;
UPDATE portatext.call_run SET issued = 7 WHERE run_id = :run;
SET SESSION AUTHORIZATION regress_tc_red;
SELECT portatext.pause_campaign(:id), portatext.resume_campaign(:id);
SELECT issued FROM portatext.call_run WHERE run_id = :run;

-- CAMP-12: one contact. Contacted: too late; waiting: no call any more; ringing: withdrawn, but it was called.
SELECT portatext.cancel_campaign_contact(:id, n) FROM unnest('{+12025550001,+13055550001,+442079460958,+12025550002}'::text[]) n;
SELECT to_number, hang_up_reason FROM portatext.call WHERE run_id = :run AND ended_at IS NULL;
SELECT number, state FROM portatext.campaign_contacts(:id);

-- CAMP-14, TEL-12: cancelling hangs up what rings, not what is answered.
RESET SESSION AUTHORIZATION;
UPDATE portatext.call SET hang_up_at = NULL, hang_up_reason = NULL WHERE ended_at IS NULL;
INSERT INTO portatext.call (account_id, campaign_id, run_id, engine_id, trunk_id, to_number, state, answered_at)
    VALUES (:red, :id, :run, :engine, :trunk, '+12025550077', 'connected', now());
SET SESSION AUTHORIZATION regress_tc_red;
SELECT portatext.cancel_campaign(:id);
SELECT to_number, state, hang_up_reason FROM portatext.call WHERE run_id = :run AND ended_at IS NULL ORDER BY 1;
SELECT state, "left" FROM portatext.telephony_campaigns WHERE id = :id;

-- A campaign that has calls stays; then it goes, and its job takes the rest.
SELECT portatext.delete_campaign(:id);
RESET SESSION AUTHORIZATION;
UPDATE portatext.call SET state = 'ended', ended_at = now() WHERE ended_at IS NULL;
SELECT portatext.forget_campaign_contact(:red, '+12025550001');
SELECT count(*) FROM portatext.call_target WHERE run_id = :run AND number = '+12025550001';
SELECT portatext.delete_campaign(:id);
SELECT portatext.run_chunk(job_id), portatext.run_chunk(job_id), portatext.run_chunk(job_id) FROM portatext.job WHERE kind = 'campaign_forget' AND arguments -> 'runs' @> :'run';
SELECT (SELECT count(*) FROM portatext.call_target), (SELECT count(*) FROM portatext.call_run WHERE run_id = :run),
       (SELECT count(*) FROM portatext.call_pace), (SELECT count(*) FROM portatext.call_abandonment),
       (SELECT count(*) FROM portatext.call_campaign WHERE campaign_id = :id), (SELECT count(*) > 0 FROM portatext.call);

-- A team's agents, by their states.
SET SESSION AUTHORIZATION regress_tc_red;
SELECT count(portatext.create_agent(n, 'sip:' || n, 'sales')) FROM unnest('{ann,bob,cid}'::text[]) n;
SELECT portatext.create_telephony_campaign('team', '[{"forward": {"team": true}}]', csv => E'number\n+12025550001', trunk => :trunk, team => 'sales', method => 'preview') AS id \gset
SELECT portatext.set_agent_state(agent_id, CASE name WHEN 'ann' THEN 'available' ELSE 'paused' END) FROM portatext.agents WHERE name <> 'cid' ORDER BY name;
SELECT agents FROM portatext.telephony_campaigns WHERE id = :id;
SELECT agents, available, on_call, paused FROM portatext.telephony_progress WHERE campaign_id = :id;
RESET SESSION AUTHORIZATION;

-- PACE-10: the cap of agents is an operator's.
SET portatext.account_id = :red;
SELECT portatext.account_settings('{"max_agents": 2}') -> 'max_agents';
SELECT portatext.account_settings('{"max_agents": -1}');
SELECT portatext.account_settings('{"max_agents": null}') -> 'max_agents';
RESET portatext.account_id;
SET SESSION AUTHORIZATION regress_tc_red;
SELECT portatext.account_settings('{"max_agents": 1000}');
RESET SESSION AUTHORIZATION;
SELECT portatext.revoke_account('regress_tc_red'), portatext.revoke_account('regress_tc_blue');
DROP FUNCTION pg_temp.wrong(text);
DROP ROLE regress_tc_red, regress_tc_blue;
