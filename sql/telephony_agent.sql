-- Agents: their states, who gets a call, never two, post-call work, statistics.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\set VERBOSITY default
\pset format unaligned
\pset tuples_only on
\pset null -

-- No worker: nobody asks an engine here.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_agent_red LOGIN;
CREATE ROLE regress_agent_blue LOGIN;
SELECT portatext.create_account('agents, red', sandbox => true) AS red, portatext.create_account('agents, blue', sandbox => true) AS blue \gset
SELECT portatext.grant_account('regress_agent_red', :red), portatext.grant_account('regress_agent_blue', :blue);
INSERT INTO portatext.engine (name, adapter) VALUES ('one', 'gateway');
INSERT INTO portatext.trunk (account_id, engine_id, name) VALUES (:red, 1, 'trunk');
CREATE TEMP TABLE start AS SELECT portatext.now() - interval '5 minutes' AS at;
CREATE FUNCTION pg_temp.id(n int) RETURNS uuid LANGUAGE sql AS $$ SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.agents() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', a.name, a.state, a.reason, 'call ' || right(a.call_id::text, 3), CASE WHEN a.pause_next THEN 'pause next' END,
        'until ' || round(EXTRACT(epoch FROM a.wrap_up_until - s.at)::numeric, 1)) FROM portatext.agent a, start s ORDER BY a.agent_id
$$;

SELECT portatext.set_call_tariff('1202', 1, account_id => :red) > 0;

-- Tenants make their own teams and agents, and see nobody else's.
SET SESSION AUTHORIZATION regress_agent_red;
SELECT portatext.create_team('sales'), portatext.create_team('empty');
SELECT portatext.create_team('sales');
SELECT portatext.create_agent(n, 'sip:' || lower(n) || '@pbx', 'sales') FROM unnest('{Ana,Bob,Cleo}'::text[]) n;
SELECT portatext.create_agent('Dora', 'sip:dora@pbx', 'nobody');
SELECT portatext.create_agent('Dora', '', 'sales');
-- Where an agent is dialled says nothing else to an engine; a telephone number, which costs, needs a tariff (BILL-14).
SELECT portatext.create_agent('Dora', 'PJSIP/1&Local/2', 'sales');
SELECT portatext.create_agent('Dora', '12025550103', 'sales');
SELECT portatext.create_agent('Dora', '+442079460000', 'sales');
SELECT portatext.create_agent('Dora', 'sip:+442079460000@pbx', 'sales');
SELECT portatext.alter_agent(3, destination => 'sips:+442079460000;user=phone');
SELECT name, agents FROM portatext.teams ORDER BY 1;
SELECT portatext.alter_agent(3, name => 'Cleopatra', destination => '+12025550103'), portatext.alter_agent(3, team => 'empty'), portatext.alter_agent(3, team => 'sales');
SELECT agent_id, name, team, destination, state FROM portatext.agents ORDER BY 1;
SELECT portatext.drop_team('sales');
SELECT portatext.drop_team('empty');
SET SESSION AUTHORIZATION regress_agent_blue;
SELECT count(*) FROM portatext.agents;
SELECT portatext.set_agent_state(1, 'available');
SELECT portatext.alter_agent(1, name => 'Eve');
SELECT portatext.drop_agent(1);
SELECT portatext.create_agent('Eve', 'sip:eve@pbx', 'sales');
-- An operator moves an agent within its own account only.
RESET SESSION AUTHORIZATION;
SELECT portatext.alter_agent(3, team => 'nobody');
SELECT portatext.alter_agent(3, team => 'sales');
-- What can be asked for.
SET SESSION AUTHORIZATION regress_agent_red;
SELECT portatext.set_agent_state(1, 'on_call');
SELECT portatext.set_agent_state(1, NULL);
SELECT portatext.set_agent_state(99, 'paused');
SELECT portatext.set_agent_state(1, 'paused', 'coffee'), portatext.set_agent_state(2, 'available'), portatext.set_agent_state(2, 'offline');
SELECT portatext.end_wrap_up(1);
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.agents();

-- A campaign with that team; calls whose person waits since 100 seconds after the start.
INSERT INTO portatext.campaign (account_id, name, kind) VALUES (:red, 'calls', 'telephony');
INSERT INTO portatext.call_campaign (campaign_id, account_id, trunk_id, flow, team_id, post_call_work, ner_sample)
    SELECT campaign_id, account_id, 1, '[{"forward":{"team":true}}]', 1, '60 s', 1000000 FROM portatext.campaign;
INSERT INTO portatext.campaign_run (campaign_id, account_id, ord, state) SELECT campaign_id, account_id, 1, 'running' FROM portatext.campaign;
CREATE FUNCTION pg_temp.make(n int) RETURNS int LANGUAGE sql AS $$
    INSERT INTO portatext.call_target (run_id, number, account_id, cohort, state, attempts)
        SELECT run_id, '+1202555' || to_char(n, 'FM0000'), account_id, 1, 'calling', 1 FROM portatext.campaign_run;
    INSERT INTO portatext.call (call_id, account_id, campaign_id, run_id, engine_id, trunk_id, to_number, state, placed_at)
        SELECT pg_temp.id(n), account_id, campaign_id, run_id, 1, 1, '+1202555' || to_char(n, 'FM0000'), 'placing', at FROM portatext.campaign_run, start;
    SELECT 1;
$$;
CREATE FUNCTION pg_temp.tell(n int, leg text, kind text, at numeric, facts jsonb DEFAULT NULL) RETURNS int LANGUAGE sql AS $$
    SELECT portatext.receive_call_events('one', jsonb_strip_nulls(jsonb_build_object('call_id', pg_temp.id(n), 'leg', leg, 'event', kind,
        'seq', (SELECT count(*) FROM portatext.call_event e WHERE e.call_id = pg_temp.id(n)), 'at', EXTRACT(epoch FROM s.at) + tell.at, lower(leg), facts))) FROM start s
$$;
SELECT count(pg_temp.make(n)) FROM generate_series(1, 9) n;
-- Set by hand, to be the same each time: Bob has waited longest.
UPDATE portatext.agent g SET state = 'available', reason = NULL, state_since = at + (100 - g.agent_id % 2) * interval '1 s', idle_since = at + (100 - g.agent_id % 2 * 10 + CASE name WHEN 'Bob' THEN -20 ELSE 0 END) * interval '1 s'
    FROM start WHERE agent_id < 3;
DELETE FROM portatext.agent_time;

-- Nobody gets a call that does not wait; the longest idle gets the one that does.
SELECT portatext.give_call(pg_temp.id(1)), portatext.give_call(pg_temp.id(99));
SELECT count(pg_temp.tell(n, 'A', 'waiting', 120)) FROM generate_series(1, 5) n;
SELECT portatext.give_call(pg_temp.id(1));
SELECT portatext.give_call(pg_temp.id(1)), portatext.give_call(pg_temp.id(2)), portatext.give_call(pg_temp.id(3));
SELECT * FROM pg_temp.agents();
SELECT state, b_number, connects, live FROM portatext.call WHERE call_id IN (pg_temp.id(1), pg_temp.id(3)) ORDER BY call_id;
-- The index is the net under all that.
UPDATE portatext.call SET agent_id = 2 WHERE call_id = pg_temp.id(3);
-- Busy: no other state but the wish to pause.
SELECT portatext.set_agent_state(2, 'offline');
SELECT portatext.alter_agent(2, name => 'Bert');
SELECT portatext.set_agent_state(2, 'paused'), portatext.set_agent_state(2, 'available'), portatext.set_agent_state(1, 'paused');
SELECT * FROM pg_temp.agents();

-- Bob answers and talks; told again, late or as another agent's it changes nothing.  Then post-call work.
SELECT pg_temp.tell(1, 'B', 'ringing', 121), pg_temp.tell(1, 'B', 'answered', 122), pg_temp.tell(1, 'B', 'ringing', 121);
SELECT * FROM pg_temp.agents();
SELECT portatext.set_disposition(pg_temp.id(1), 'sold', 'on Monday'), portatext.set_disposition(pg_temp.id(1), 'sold twice');
SELECT pg_temp.tell(1, 'B', 'ended', 300, '{"q850":16}');
SELECT state, wrap_up_until - state_since FROM portatext.agent WHERE agent_id = 2;
SELECT pg_temp.tell(1, 'A', 'ended', 300, '{"q850":16}');
SELECT state, result, b_result, contacted, disposition, note, agent FROM portatext.calls WHERE call_id = pg_temp.id(1);
SELECT portatext.end_wrap_up(2);
SELECT portatext.end_wrap_up(2);
SELECT portatext.set_disposition(pg_temp.id(99), 'sold');

-- Ana does not answer: she is paused, her wish with her; the call waits, and Bob gets it.
SELECT pg_temp.tell(2, 'B', 'ended', 140, '{"q850":19,"alerted":true}');
SELECT * FROM pg_temp.agents();
SELECT state, agent_id, b_number, b_result, connects FROM portatext.call WHERE call_id = pg_temp.id(2);
SELECT portatext.give_call(pg_temp.id(2));
-- What is told of her leg after that is not Bob's.
SELECT pg_temp.tell(2, 'B', 'answered', 141, '{"to":"sip:ana@pbx"}');
SELECT state, agent_id, b_number, b_answered_at, connects FROM portatext.call WHERE call_id = pg_temp.id(2);
-- The caller hangs up before he answers: he keeps his place and has nothing to write down.
SELECT idle_since AS idle FROM portatext.agent WHERE agent_id = 2 \gset
SELECT pg_temp.tell(2, 'A', 'ended', 299, '{"q850":16}');
SELECT state, idle_since = :'idle' AS same_place, wrap_up_until FROM portatext.agent WHERE agent_id = 2;
SELECT result, b_result, contacted FROM portatext.call WHERE call_id = pg_temp.id(2);

-- Post-call work ends by itself; who asked for a pause has it then.
SELECT portatext.give_call(pg_temp.id(3)), pg_temp.tell(3, 'B', 'answered', 300), portatext.set_agent_state(2, 'paused');
SELECT pg_temp.tell(3, 'A', 'ended', 300, '{"q850":16}');
SELECT state, pause_next FROM portatext.agent WHERE agent_id = 2;
SELECT portatext.set_agent_state(2, 'paused', 'late'), portatext.wake_agents();
UPDATE portatext.agent SET wrap_up_until = state_since WHERE agent_id = 2;
SELECT portatext.wake_agents(), portatext.wake_agents();
SELECT state, reason, pause_next FROM portatext.agent WHERE agent_id = 2;
-- No post-call work: available at once.
UPDATE portatext.call_campaign SET post_call_work = '0';
SELECT portatext.set_agent_state(2, 'available');
SELECT portatext.give_call(pg_temp.id(4)), pg_temp.tell(4, 'B', 'answered', 300), pg_temp.tell(4, 'A', 'ended', 300, '{"q850":16}');
SELECT state, idle_since IS NOT NULL FROM portatext.agent WHERE agent_id = 2;

-- Two callers, one agent: the second waits.  She is not reached at all.
SELECT portatext.set_agent_state(2, 'offline'), portatext.set_agent_state(1, 'available');
SELECT pg_temp.tell(6, 'A', 'waiting', 200), portatext.give_call(pg_temp.id(5)), portatext.give_call(pg_temp.id(6));
SELECT pg_temp.tell(5, 'B', 'ended', 201, '{"q850":34}');
SELECT state, reason FROM portatext.agent WHERE agent_id = 1;
SELECT portatext.settle_call(pg_temp.id(5), 'ANSWER'), portatext.settle_call(pg_temp.id(6), 'ANSWER');
SELECT result, b_result, contacted, agent_id FROM portatext.call WHERE call_id IN (pg_temp.id(5), pg_temp.id(6)) ORDER BY call_id;

-- Preview: nobody is called before an agent has seen the target.
UPDATE portatext.call_campaign SET method = 'preview', min_iteration_time = '10 minutes', iterations = 2;
INSERT INTO portatext.campaign_cohort (run_id, cohort, account_id, example, zones, places) SELECT run_id, 1, account_id, '+12025550301', '{}', 5 FROM portatext.campaign_run;
INSERT INTO portatext.campaign_recipient (run_id, number, account_id, cohort, place, body) SELECT run_id, '+1202555030' || n, account_id, 1, n, format('{"name": "Nr %s"}', n) FROM portatext.campaign_run, generate_series(1, 5) n;
INSERT INTO portatext.campaign_cancellation (run_id, number, account_id) SELECT run_id, '+12025550301', account_id FROM portatext.campaign_run;
CREATE FUNCTION pg_temp.targets() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', right(number, 3), state, attempts, reason, 'agent ' || agent_id, round(EXTRACT(epoch FROM due_at - portatext.now()) / 60) || ' min') FROM portatext.call_target WHERE number LIKE '%030_' ORDER BY number
$$;
SET SESSION AUTHORIZATION regress_agent_red;
SELECT portatext.blacklist_add('+12025550302');
SELECT * FROM portatext.next_target(2, 1);
SELECT portatext.set_agent_state(1, 'available'), portatext.set_agent_state(2, 'available');
SELECT * FROM portatext.next_target(2, 99);
SELECT * FROM portatext.next_target(2, 1);
SELECT * FROM portatext.next_target(2, 1);
SELECT portatext.set_agent_state(2, 'offline');
SELECT * FROM portatext.next_target(1, 1);
SELECT portatext.agent_skip(1, again => true);
SELECT portatext.agent_skip(1);
SELECT portatext.agent_dial(1);
SELECT * FROM portatext.next_target(1, 1);
SELECT portatext.agent_skip(1);
SELECT * FROM portatext.next_target(1, 1);
-- The call is the agent's from the beginning.
SELECT portatext.agent_dial(2) AS call \gset
SELECT portatext.agent_dial(2);
SELECT portatext.agent_skip(2);
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.targets();
SELECT name, state, call_id = :'call' AS this_call FROM portatext.agents WHERE agent_id = 2;
SELECT state, agent_id, iteration, to_number, variables FROM portatext.call WHERE call_id = :'call';
UPDATE portatext.call SET state = 'placing', placed_at = at FROM start WHERE call_id = :'call';
SELECT portatext.receive_call_events('one', jsonb_build_object('call_id', :'call', 'leg', 'A', 'event', 'waiting', 'seq', 1)), portatext.give_call(:'call');
SELECT name, state FROM portatext.agents WHERE agent_id = 2;
SELECT portatext.receive_call_events('one', jsonb_build_object('call_id', :'call', 'leg', 'B', 'event', 'answered', 'seq', 1)), portatext.receive_call_events('one', jsonb_build_object('call_id', :'call', 'leg', 'A', 'event', 'ended', 'seq', 2));
SELECT name, state FROM portatext.agents WHERE agent_id = 2;
-- It is not answered: the agent is free again, the target comes again.
UPDATE portatext.call_target SET due_at = portatext.now() WHERE number = '+12025550304';
SELECT * FROM portatext.next_target(1, 1);
SELECT portatext.agent_dial(1) AS call \gset
SELECT portatext.settle_call(:'call', 'BUSY');
SELECT name, state FROM portatext.agents WHERE agent_id = 1;
-- Cancelled while the agent looks at it; blacklisted.
UPDATE portatext.call_target SET due_at = portatext.now() WHERE number = '+12025550304';
SELECT * FROM portatext.next_target(1, 1);
SET SESSION AUTHORIZATION regress_agent_red;
SELECT portatext.blacklist_add('+12025550304');
SELECT portatext.agent_dial(1);
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.targets();
SELECT name, state FROM portatext.agents WHERE agent_id = 1;
UPDATE portatext.campaign_run SET state = 'paused';
SELECT * FROM portatext.next_target(1, 1);
SELECT released, skipped, cancelled FROM portatext.campaign_cohort;

-- Statistics: times in states that have ended, split at midnight.
SELECT agent_id, sum(calls), sum(missed) FROM portatext.agent_time GROUP BY 1 ORDER BY 1;
DELETE FROM portatext.agent_time;
UPDATE portatext.agent SET state = 'available', state_since = date_trunc('day', portatext.now()) - interval '25 hours' WHERE agent_id = 3;
SELECT portatext.set_agent_state(3, 'paused');
SELECT date_trunc('day', portatext.now())::date - day AS days_ago, CASE WHEN day < portatext.now()::date THEN available END, utilisation FROM portatext.agent_statistics WHERE agent_id = 3 ORDER BY day;
SELECT portatext.retire_agent_times(portatext.now() - interval '1 day'), (SELECT count(*) FROM portatext.agent_time);
SELECT count(*) FROM portatext.agent_time;
-- Time offline is nobody's; and who goes home leaves the statistics of the day.
SELECT portatext.set_agent_state(3, 'offline'), portatext.set_agent_state(3, 'available');
SELECT portatext.drop_agent(3);
SELECT agent_id, count(*) FROM portatext.agent_time GROUP BY 1 ORDER BY 1;

RESET SESSION AUTHORIZATION;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP ROLE regress_agent_red, regress_agent_blue;
