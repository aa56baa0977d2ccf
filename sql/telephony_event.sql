-- What engines tell of calls: applied once, in any order; what follows from an end
-- (TEL-03, TEL-04, TEL-13, TEL-20 to TEL-32).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\set VERBOSITY terse
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

SELECT portatext.create_account('calls', sandbox => true) AS account \gset
INSERT INTO portatext.engine (name, adapter) VALUES ('one', 'gateway'), ('two', 'gateway');
INSERT INTO portatext.trunk (account_id, engine_id, name) VALUES (:account, 1, 'trunk');
CREATE TEMP TABLE start AS SELECT portatext.now() - interval '1 hour' AS at;

-- A campaign that runs, made by hand.
CREATE FUNCTION pg_temp.campaign(flow jsonb, iterations int DEFAULT 3, apart interval DEFAULT '0', delays jsonb DEFAULT '{}', sample int DEFAULT 1000000)
    RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    account bigint := (SELECT account_id FROM portatext.account WHERE name = 'calls');
    campaign bigint;
    run bigint;
BEGIN
    INSERT INTO portatext.campaign (account_id, name, kind) VALUES (account, 'calls', 'telephony') RETURNING campaign_id INTO campaign;
    INSERT INTO portatext.call_campaign (campaign_id, account_id, trunk_id, flow, iterations, min_iteration_time, retry_delays, ner_sample)
        VALUES (campaign, account, 1, flow, campaign.iterations, apart, delays, sample);
    INSERT INTO portatext.campaign_run (campaign_id, account_id, ord, state) VALUES (campaign, account, 1, 'running') RETURNING run_id INTO run;
    RETURN run;
END $$;
-- Call n of a run as the dialer leaves it when it asks the engine: placed at the start.
CREATE FUNCTION pg_temp.id(n int) RETURNS uuid LANGUAGE sql AS $$ SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.make(n int, run bigint, number int DEFAULT NULL) RETURNS int LANGUAGE sql AS $$
    INSERT INTO portatext.call_target AS t (run_id, number, account_id, cohort, state, attempts, day, day_attempts)
        SELECT run, '+1202555' || to_char(COALESCE(number, n), 'FM0000'), r.account_id, 1, 'calling', 1, '2026-01-01', 1
            FROM portatext.campaign_run r WHERE r.run_id = run
        ON CONFLICT (run_id, number) DO UPDATE SET state = 'calling', attempts = t.attempts + 1, day_attempts = t.day_attempts + 1, due_at = NULL;
    INSERT INTO portatext.call (call_id, account_id, campaign_id, run_id, engine_id, trunk_id, to_number, state, placed_at, created_at)
        SELECT pg_temp.id(n), r.account_id, r.campaign_id, run, 1, 1, '+1202555' || to_char(COALESCE(number, n), 'FM0000'), 'placing', s.at, s.at
            FROM portatext.campaign_run r, start s WHERE r.run_id = run;
    SELECT 1;
$$;
-- An event at so many seconds after the start; more: what else it says, with seconds in the keys that end in _at.
CREATE FUNCTION pg_temp.leg(facts jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_object_agg(k, CASE WHEN k LIKE '%\_at' THEN to_jsonb(EXTRACT(epoch FROM s.at) + v::text::numeric) ELSE v END)
        FROM jsonb_each(facts) x (k, v), start s
$$;
CREATE FUNCTION pg_temp.ev(n int, leg text, seq int, kind text, at numeric, a jsonb DEFAULT NULL, b jsonb DEFAULT NULL, more jsonb DEFAULT '{}')
    RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('call_id', pg_temp.id(n), 'leg', leg, 'seq', seq, 'event', kind,
            'at', EXTRACT(epoch FROM s.at) + ev.at, 'a', pg_temp.leg(a), 'b', pg_temp.leg(b))) || more
        FROM start s
$$;
CREATE FUNCTION pg_temp.tell(VARIADIC events jsonb[]) RETURNS int LANGUAGE sql AS $$ SELECT portatext.receive_call_events('one', to_jsonb(events)) $$;
-- Seconds after the start.
CREATE FUNCTION pg_temp.s(t timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT COALESCE(round(EXTRACT(epoch FROM t - s.at)::numeric, 1)::text, '-') FROM start s $$;
CREATE FUNCTION pg_temp.shows(n int) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', c.state, c.result, 'ring=' || pg_temp.s(c.ringing_at), 'answer=' || pg_temp.s(c.answered_at), 'wait=' || pg_temp.s(c.waiting_at),
        'end=' || pg_temp.s(c.ended_at), 'amd=' || c.amd, 'cause=' || c.q850, 'b=' || concat_ws('/', c.b_number, c.b_result, pg_temp.s(c.b_ringing_at), pg_temp.s(c.b_answered_at), pg_temp.s(c.b_ended_at)),
        CASE WHEN c.live THEN 'live' END, CASE WHEN c.abandoned_at IS NOT NULL THEN 'abandoned' END, CASE WHEN c.contacted THEN 'contacted' END)
    FROM portatext.call c WHERE c.call_id = pg_temp.id(n)
$$;
CREATE FUNCTION pg_temp.target(n int) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', t.state, 'attempts=' || t.attempts, 'day=' || t.day_attempts, 'due=' || pg_temp.s(t.due_at), t.last_result, t.reason)
    FROM portatext.call_target t JOIN portatext.call c ON c.run_id = t.run_id AND c.to_number::text = t.number WHERE c.call_id = pg_temp.id(n)
$$;

-- A whole call, step by step.
SELECT pg_temp.campaign('[{"amd":{"if_human":[{"forward":{"to":"+12025550199"}}],"if_machine":[],"if_notsure":[{"hangup":{}}]}}]') AS run \gset
SELECT pg_temp.make(1, :run);
SELECT pg_temp.tell(pg_temp.ev(1, 'A', 1, 'placed', 0.2)), pg_temp.shows(1);
SELECT pg_temp.tell(pg_temp.ev(1, 'A', 2, 'ringing', 2)), pg_temp.shows(1);
SELECT pg_temp.tell(pg_temp.ev(1, 'A', 3, 'answered', 10)), pg_temp.shows(1);
SELECT pg_temp.tell(pg_temp.ev(1, 'A', 4, 'amd', 12, more => '{"amd":"HUMAN","amd_cause":"HUMAN-800-800"}')), pg_temp.shows(1);
SELECT pg_temp.tell(pg_temp.ev(1, 'B', 1, 'ringing', 12.5, b => '{"to":"+12025550199"}')), pg_temp.shows(1);
SELECT pg_temp.tell(pg_temp.ev(1, 'B', 2, 'answered', 13)), pg_temp.shows(1);
SELECT pg_temp.tell(pg_temp.ev(1, 'B', 3, 'ended', 73, b => '{"q850":16}')), pg_temp.shows(1);
SELECT pg_temp.tell(pg_temp.ev(1, 'A', 5, 'ended', 74, a => '{"q850":16,"answered_at":10,"ended_at":74}', b => '{"q850":16,"answered_at":13,"ended_at":73}', more => '{"amd":"HUMAN"}')), pg_temp.shows(1);
SELECT pg_temp.target(1);
SELECT issued, failed, calls, answered, contacted, given_up, live, abandoned, talk_seconds, talks FROM portatext.call_run WHERE run_id = :run;
SELECT live, abandoned FROM portatext.call_abandonment;
SELECT leg, seq, kind, pg_temp.s(at), facts FROM portatext.call_event WHERE call_id = pg_temp.id(1) ORDER BY at, leg, seq;
-- One event for the account, unless it wants none.
SELECT type, subject, payload - ARRAY['answered_at', 'ended_at', 'campaign'] FROM portatext.event WHERE type LIKE 'call.%';
UPDATE portatext.account SET message_events = false WHERE account_id = :account;

-- Every subset of the earlier events, in order and backwards, twice each, then the end: always the same call.
CREATE FUNCTION pg_temp.course(n int) RETURNS jsonb[] LANGUAGE sql AS $$ SELECT ARRAY[
    pg_temp.ev(n, 'A', 1, 'placed', 0.2), pg_temp.ev(n, 'A', 2, 'ringing', 2), pg_temp.ev(n, 'A', 3, 'answered', 10),
    pg_temp.ev(n, 'A', 4, 'amd', 12, more => '{"amd":"HUMAN","amd_cause":"HUMAN-800-800"}'), pg_temp.ev(n, 'B', 1, 'ringing', 12.5, b => '{"to":"+12025550199"}'),
    pg_temp.ev(n, 'B', 2, 'answered', 13), pg_temp.ev(n, 'B', 3, 'ended', 73, b => '{"q850":16}')] $$;
CREATE FUNCTION pg_temp.final(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT pg_temp.ev(n, 'A', 5, 'ended', 74,
    a => '{"q850":16,"alerted":true,"ringing_at":2,"answered_at":10,"ended_at":74}',
    b => '{"q850":16,"to":"+12025550199","ringing_at":12.5,"answered_at":13,"ended_at":73}', more => '{"amd":"HUMAN","amd_cause":"HUMAN-800-800"}') $$;
CREATE FUNCTION pg_temp.lose(first int, run bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    told bigint := 0;
BEGIN
    FOR i IN 0..255 LOOP
        PERFORM pg_temp.make(first + i, run);
        told := told + COALESCE((SELECT pg_temp.tell(VARIADIC array_agg(e ORDER BY CASE WHEN i < 128 THEN o ELSE -o END))
            FROM unnest(pg_temp.course(first + i) || pg_temp.course(first + i)) WITH ORDINALITY u (e, o) WHERE i & (1 << ((o - 1) % 7)::int) <> 0), 0);
        told := told + pg_temp.tell(pg_temp.final(first + i), pg_temp.final(first + i));
    END LOOP;
    RETURN told;
END $$;
SELECT pg_temp.lose(1000, :run) = 256 + 128 * 7 AS each_once;
SELECT pg_temp.shows(n), count(*) FROM generate_series(1000, 1255) n GROUP BY 1;
SELECT calls, issued, failed, answered, contacted, live, abandoned, talk_seconds FROM portatext.call_run WHERE run_id = :run;
-- The end comes first, then all the rest: nothing of it is even written down.
SELECT pg_temp.make(2, :run);
SELECT pg_temp.tell(pg_temp.final(2)), pg_temp.tell(VARIADIC pg_temp.course(2)), pg_temp.tell(pg_temp.final(2)), pg_temp.shows(2),
    (SELECT count(*) FROM portatext.call_event WHERE call_id = pg_temp.id(2));

-- Harmless: nobody's, another engine's, no id at all, not asked for yet; and by the engine's own id.
SELECT pg_temp.make(3, :run);
SELECT pg_temp.tell(pg_temp.ev(99, 'A', 1, 'ringing', 1)), pg_temp.tell(pg_temp.ev(3, 'A', 1, 'ringing', 1) - 'call_id' || '{"ref":"nonsense"}');
SELECT portatext.receive_call_events('two', jsonb_build_array(pg_temp.ev(3, 'A', 1, 'ended', 1, a => '{"q850":17}'))), pg_temp.shows(3);
UPDATE portatext.call SET state = 'queued' WHERE call_id = pg_temp.id(3);
SELECT pg_temp.tell(pg_temp.ev(3, 'A', 1, 'ringing', 1)), pg_temp.shows(3);
UPDATE portatext.call SET state = 'unclear', engine_ref = 'ref-3' WHERE call_id = pg_temp.id(3);
SELECT portatext.receive_call_events('two', jsonb_build_array(pg_temp.ev(3, 'A', 1, 'ringing', 1) - 'call_id' || '{"ref":"ref-3"}'));
SELECT pg_temp.tell(pg_temp.ev(3, 'A', 1, 'ringing', 1) - 'call_id' || '{"ref":"ref-3"}'), pg_temp.shows(3);
-- Times that cannot be: before it was placed, in the future.
SELECT pg_temp.tell(pg_temp.ev(3, 'A', 2, 'answered', -500)), pg_temp.shows(3);
SELECT pg_temp.tell(pg_temp.ev(3, 'A', 3, 'ended', 90000, a => '{"q850":16}'));
SELECT ended_at BETWEEN portatext.now() - interval '1 minute' AND portatext.now(), result, answered_at = ringing_at, answered_at = placed_at
    FROM portatext.call WHERE call_id = pg_temp.id(3);

-- What was keyed: each gather by its event, or all of it by the end.
SELECT pg_temp.make(4, :run), pg_temp.make(5, :run);
SELECT pg_temp.tell(pg_temp.ev(4, 'A', 2, 'digits', 20, more => '{"digits":"34"}'), pg_temp.ev(4, 'A', 1, 'digits', 10, more => '{"digits":"12"}')),
    pg_temp.tell(pg_temp.ev(4, 'A', 3, 'ended', 30, a => '{"q850":16}')), pg_temp.tell(pg_temp.ev(5, 'A', 3, 'ended', 30, a => '{"q850":16,"answered_at":3}', more => '{"digits":"1234#"}'));
SELECT digits FROM portatext.call WHERE call_id IN (pg_temp.id(4), pg_temp.id(5));

-- TEL-20 to TEL-32: the decision table, each row by a call of its own.
CREATE TEMP TABLE verdict (n int, rule text, leg_a text, amd text, flow jsonb, leg_b int, contacted boolean);
INSERT INTO verdict
    SELECT 100 + row_number() OVER (), *
    FROM (VALUES
        ('TEL-20 busy', '17', NULL, '[{"play":{"sound_id":1}}]'::jsonb, NULL::int, false), ('TEL-20 no answer', '19', NULL, '[{"play":{"sound_id":1}}]', NULL, false),
        ('TEL-20 congestion', '34', NULL, '[{"forward":{"to":"+12025550199"}}]', NULL, false),
        ('TEL-21 no forward', 'up', NULL, '[{"play":{"sound_id":1}}]', NULL, true),
        ('TEL-22 leg B answered', 'up', NULL, '[{"forward":{"to":"+12025550199"}}]', 16, true),
        ('TEL-23 leg B busy', 'up', NULL, '[{"forward":{"to":"+12025550199"}}]', 17, false),
        ('TEL-32 gone before the forward', 'up', NULL, '[{"wait":{"seconds":5}},{"forward":{"to":"+12025550199"}}]', NULL, false),
        ('TEL-24 gone during the detection', 'up', 'HANGUP', '[{"amd":{"if_human":[{"play":{"sound_id":1}}],"if_machine":[],"if_notsure":[]}}]', NULL, false),
        ('TEL-31 no verdict', 'up', NULL, '[{"amd":{"if_human":[{"play":{"sound_id":1}}],"if_machine":[],"if_notsure":[]}}]', NULL, false)
        ) v (rule, leg_a, amd, flow, leg_b, contacted)
    UNION ALL
    SELECT 120 + row_number() OVER (ORDER BY a, f), concat_ws(' ', 'TEL-' || (ARRAY['25, TEL-29', '26', '28', '27'])[f], a, (ARRAY['empty', 'no forward', 'leg B answered', 'leg B busy'])[f]), 'up', a,
        jsonb_build_array(jsonb_build_object('amd', '{"if_human":[{"hangup":{}}],"if_machine":[{"hangup":{}}],"if_notsure":[{"hangup":{}}]}'::jsonb
            || jsonb_build_object('if_' || lower(a), (ARRAY['[]', '[{"play":{"sound_id":1}}]', '[{"forward":{"to":"+12025550199"}}]', '[{"forward":{"to":"+12025550199"}}]'])[f]::jsonb))),
        (ARRAY[NULL, NULL, 16, 17])[f], f IN (2, 3)
    FROM unnest('{HUMAN,MACHINE,NOTSURE}'::text[]) a, generate_series(1, 4) f;
SELECT count(pg_temp.make(v.n, pg_temp.campaign(v.flow))) FROM verdict v;
SELECT v.rule, pg_temp.tell(CASE WHEN v.leg_a = 'up'
        THEN pg_temp.ev(v.n, 'A', 9, 'ended', 60, a => '{"q850":16,"answered_at":5,"ended_at":60}', more => jsonb_strip_nulls(jsonb_build_object('amd', v.amd)),
            b => CASE WHEN v.leg_b = 16 THEN '{"to":"+12025550199","q850":16,"answered_at":7,"ended_at":60}' WHEN v.leg_b = 17 THEN '{"to":"+12025550199","q850":17,"ended_at":8}'::jsonb END)
        ELSE pg_temp.ev(v.n, 'A', 9, 'ended', 60, a => jsonb_build_object('q850', v.leg_a::int, 'alerted', true)) END)
    FROM verdict v ORDER BY v.n;
SELECT v.rule, c.result, c.b_result, c.contacted, t.state, c.contacted = v.contacted AND (t.state = 'contacted') = v.contacted AS right
    FROM verdict v JOIN portatext.call c ON c.call_id = pg_temp.id(v.n) JOIN portatext.call_target t ON t.run_id = c.run_id ORDER BY v.n;

-- TEL-04: iterations, not before min_iteration_time after the last call, later when the result says so.
SELECT pg_temp.campaign('[{"play":{"sound_id":1}}]', 3, '10 minutes', '{"BUSY": 1800, "NO_ROUTE": -1}') AS run \gset
CREATE FUNCTION pg_temp.ends(n int, run bigint, q850 int, number int, OUT told int, OUT call text, OUT target text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.make(n, run, number);
    told := pg_temp.tell(pg_temp.ev(n, 'A', 1, 'ended', 30, a => jsonb_build_object('q850', q850, 'alerted', q850 IN (17, 19))));
    SELECT concat_ws(' ', c.result) INTO call FROM portatext.call c WHERE c.call_id = pg_temp.id(n);
    target := pg_temp.target(n);
END $$;
SELECT * FROM pg_temp.ends(201, :run, 17, 201);
SELECT * FROM pg_temp.ends(202, :run, 19, 201);
SELECT * FROM pg_temp.ends(203, :run, 17, 201);
-- A number that does not exist is called twice, one without a route never again.
SELECT * FROM pg_temp.ends(204, :run, 1, 204);
SELECT * FROM pg_temp.ends(205, :run, 1, 204);
SELECT * FROM pg_temp.ends(206, :run, 3, 206);
SELECT given_up, calls, issued, failed FROM portatext.call_run WHERE run_id = :run;
-- What was withdrawn, or never reached the engine, uses up no iteration and is not in the NER.
SELECT pg_temp.make(210, :run), pg_temp.make(211, :run), pg_temp.make(212, :run), pg_temp.make(213, :run);
UPDATE portatext.call SET hang_up_at = placed_at + interval '20 s', hang_up_reason = CASE call_id WHEN pg_temp.id(210) THEN 'withdrawn' ELSE 'cancelled' END WHERE call_id IN (pg_temp.id(210), pg_temp.id(212), pg_temp.id(213));
SELECT pg_temp.tell(pg_temp.ev(210, 'A', 1, 'ended', 21, a => '{"q850":19,"alerted":true}')), pg_temp.target(210);
SELECT portatext.settle_call(pg_temp.id(211), 'ENGINE_ERROR', 'HTTP 500'), portatext.settle_call(pg_temp.id(211), 'ANSWER');
SELECT result, problem, split_part(pg_temp.target(211), 'due', 1) FROM portatext.call WHERE call_id = pg_temp.id(211);
SELECT pg_temp.tell(pg_temp.ev(212, 'A', 1, 'ended', 21, a => '{"q850":16,"alerted":true}')), pg_temp.target(212);
-- It was busy before the engine heard of the hang-up.
SELECT pg_temp.tell(pg_temp.ev(213, 'A', 1, 'ended', 21, a => '{"q850":17}')), pg_temp.target(213);
SELECT calls, issued, failed FROM portatext.call_run WHERE run_id = :run;
-- A contact that was cancelled during its call is not called again; nor one of a cancelled campaign; one that was contacted stays so.
SELECT pg_temp.make(220, :run), pg_temp.make(221, :run);
INSERT INTO portatext.campaign_cancellation (run_id, number, account_id) VALUES (:run, '+12025550220', :account), (:run, '+12025550221', :account);
SELECT pg_temp.tell(pg_temp.ev(220, 'A', 1, 'ended', 30, a => '{"q850":19}')), pg_temp.target(220);
SELECT pg_temp.tell(pg_temp.ev(221, 'A', 1, 'ended', 30, a => '{"q850":16,"answered_at":3}')), pg_temp.target(221);

-- TEL-13: nothing more comes.  What is known of it counts.
SELECT pg_temp.make(230, :run), pg_temp.make(231, :run);
SELECT portatext.settle_call(pg_temp.id(230), 'TIMEOUT', 'nothing was told');
SELECT result, problem, split_part(pg_temp.target(230), 'due', 1) FROM portatext.call WHERE call_id = pg_temp.id(230);
SELECT pg_temp.tell(pg_temp.ev(231, 'A', 1, 'answered', 5));
SELECT portatext.settle_call(pg_temp.id(231), 'ANSWER'), pg_temp.target(231);
SELECT portatext.settle_call(NULL, 'ANSWER');

-- Abandoned: who waited longer than connect_within, or whose destination refused while the person was there.
SELECT pg_temp.campaign('[{"forward":{"to":"+12025550199"}}]') AS run \gset
SELECT count(pg_temp.make(n, :run)) FROM generate_series(240, 244) n;
SELECT count(pg_temp.tell(pg_temp.ev(n, 'A', 1, 'answered', 5), pg_temp.ev(n, 'B', 1, 'ringing', 6, b => '{"to":"+12025550199"}'))) FROM generate_series(240, 244) n;
SELECT pg_temp.tell(pg_temp.ev(240, 'B', 2, 'answered', 7.9), pg_temp.ev(240, 'A', 2, 'ended', 60, a => '{"q850":16}')), pg_temp.shows(240);
SELECT pg_temp.tell(pg_temp.ev(241, 'B', 2, 'answered', 8.1), pg_temp.ev(241, 'A', 2, 'ended', 60, a => '{"q850":16}')), pg_temp.shows(241);
SELECT pg_temp.tell(pg_temp.ev(242, 'A', 2, 'ended', 7.5, a => '{"q850":16}')), pg_temp.shows(242);
SELECT pg_temp.tell(pg_temp.ev(243, 'A', 2, 'ended', 9, a => '{"q850":16}')), pg_temp.shows(243);
SELECT pg_temp.tell(pg_temp.ev(244, 'B', 2, 'ended', 6.5, b => '{"q850":17}'), pg_temp.ev(244, 'A', 2, 'ended', 7, a => '{"q850":16}')), pg_temp.shows(244);
SELECT calls, live, abandoned, talk_seconds, talks, failed FROM portatext.call_run WHERE run_id = :run;
SELECT live, abandoned FROM portatext.call_abandonment WHERE campaign_id = (SELECT campaign_id FROM portatext.campaign_run WHERE run_id = :run);

-- A single call: no target, no verdict.
INSERT INTO portatext.call (call_id, account_id, engine_id, trunk_id, to_number, flow, state, placed_at) SELECT pg_temp.id(300), :account, 1, 1, '+12025550300', '[]', 'placing', at FROM start;
SELECT pg_temp.tell(pg_temp.final(300)), pg_temp.shows(300), contacted FROM portatext.call WHERE call_id = pg_temp.id(300);

-- The account's view of its calls; another account sees none of them.
SELECT call_id, to_number, state, result, duration, talk, connect_time, trunk, cost FROM portatext.calls WHERE call_id IN (pg_temp.id(1), pg_temp.id(300)) ORDER BY 1;
SELECT portatext.create_account('others', sandbox => true) AS others \gset
SET portatext.account_id = :others;
SET ROLE portatext_account;
SELECT count(*) FROM portatext.calls;
SELECT * FROM portatext.forget_calls(:account, '+12025550300', '00000000-0000-0000-0000-000000000000');
RESET ROLE;
RESET portatext.account_id;

-- Retention and forget_number().
SELECT seen, gone FROM portatext.retire_calls('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', portatext.now() - interval '2 hours');
SET portatext.account_id = :account;
CALL portatext.forget_number('+12025550300');
CALL portatext.forget_number('+12025550199');
RESET portatext.account_id;
SELECT to_number, b_number, flow, digits, result FROM portatext.call WHERE call_id = pg_temp.id(300);
SELECT count(*) FROM portatext.call WHERE '+12025550199' IN (to_number::text, b_number) OR EXISTS (SELECT FROM portatext.call_event e WHERE e.facts ->> 'to' = '+12025550199');
SELECT gone FROM portatext.retire_calls('01900000-0000-7000-8000-000000000200', 'ffffffff-ffff-ffff-ffff-ffffffffffff', portatext.now());
SELECT count(*) FROM portatext.call_event e WHERE NOT EXISTS (SELECT FROM portatext.call c WHERE c.call_id = e.call_id);
SELECT count(*) FROM portatext.call WHERE call_id >= '01900000-0000-7000-8000-000000000200';
