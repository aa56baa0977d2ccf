-- The network effectiveness ratio: exact, stops with the call that crosses it, counts anew after a restart (NER-01 to NER-10, ALERT-21).
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

SELECT portatext.create_account('ner', sandbox => true) AS account \gset
INSERT INTO portatext.engine (name, adapter) VALUES ('one', 'gateway');
INSERT INTO portatext.trunk (account_id, engine_id, name) VALUES (:account, 1, 'trunk');
CREATE FUNCTION pg_temp.campaign(min_ner numeric, sample int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    account bigint := (SELECT account_id FROM portatext.account WHERE name = 'ner');
    campaign bigint;
    run bigint;
BEGIN
    INSERT INTO portatext.campaign (account_id, name, kind) VALUES (account, 'ner', 'telephony') RETURNING campaign_id INTO campaign;
    INSERT INTO portatext.call_campaign (campaign_id, account_id, trunk_id, flow, min_ner, ner_sample)
        VALUES (campaign, account, 1, '[{"forward":{"to":"+12025550199"}}]', campaign.min_ner, sample);
    INSERT INTO portatext.campaign_run (campaign_id, account_id, ord, state) VALUES (campaign, account, 1, 'running') RETURNING run_id INTO run;
    RETURN run;
END $$;
-- A batch of calls that end in this order.  Letters: A answered and connected, B busy, N no answer, C congestion, I invalid,
-- b leg B busy, n leg B did not answer, c congestion and leg B busy as well, - answered without leg B, W withdrawn.
CREATE FUNCTION pg_temp.ends(run bigint, letters text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[] := ARRAY(SELECT portatext.uuid7() FROM generate_series(1, length(letters)));
    base bigint := (SELECT count(*) FROM portatext.call);
BEGIN
    INSERT INTO portatext.call (call_id, account_id, campaign_id, run_id, engine_id, trunk_id, to_number, state, placed_at, hang_up_at)
        SELECT ids[i], r.account_id, r.campaign_id, run, 1, 1, '+1202' || to_char(base + i, 'FM0000000'), 'ringing', portatext.now() - interval '1 minute',
            CASE substr(letters, i, 1) WHEN 'W' THEN portatext.now() - interval '30 s' END
        FROM portatext.campaign_run r, generate_series(1, length(letters)) i WHERE r.run_id = run;
    -- at most 64 events at a time are read
    FOR part IN 0..(length(letters) - 1) / 60 LOOP
        PERFORM portatext.receive_call_events('one', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'call_id', ids[i], 'leg', 'A', 'seq', 1, 'event', 'ended',
                'a', jsonb_build_object('q850', CASE l WHEN 'B' THEN 17 WHEN 'N' THEN 19 WHEN 'C' THEN 34 WHEN 'c' THEN 34 WHEN 'I' THEN 1 WHEN 'W' THEN 19 ELSE 16 END, 'alerted', l NOT IN ('C', 'c', 'I'),
                    'answered_at', CASE WHEN l IN ('A', 'b', 'n', '-') THEN EXTRACT(epoch FROM portatext.now() - interval '20 s') END),
                'b', CASE WHEN l IN ('A', 'b', 'n', 'c') THEN jsonb_build_object('q850', CASE l WHEN 'A' THEN 16 WHEN 'n' THEN 19 ELSE 17 END,
                    'answered_at', CASE l WHEN 'A' THEN EXTRACT(epoch FROM portatext.now() - interval '19 s') END) END)) ORDER BY i)
            FROM generate_series(part * 60 + 1, least(part * 60 + 60, length(letters))) i, substr(letters, i, 1) l));
    END LOOP;
    RETURN (SELECT concat_ws(' ', r.state, r.reason, 'issued=' || n.issued, 'failed=' || n.failed, 'calls=' || n.calls)
        FROM portatext.campaign_run r JOIN portatext.call_run n USING (run_id) WHERE r.run_id = run);
END $$;

-- NER-03, NER-04: what fails; one call fails once; without leg B nothing of it can; what was not issued does not count.
SELECT pg_temp.campaign(0.8, 1000000) AS run \gset
SELECT l, pg_temp.ends(:run, l) FROM regexp_split_to_table('ABN-CIbncW', '') l;
-- NER-05: exactly 80 % goes on; the next failure stops it, with the figures of that call and the event (NER-01, NER-09, ALERT-21).
SELECT pg_temp.campaign(0.8, 20) AS run \gset
SELECT pg_temp.ends(:run, 'AAAABNAA-ANABAAAC');
SELECT pg_temp.ends(:run, 'bCC');
SELECT pg_temp.ends(:run, 'C');
SELECT type, payload - ARRAY['id', 'run'] FROM portatext.event WHERE type LIKE 'campaign.%' ORDER BY event_id;
-- Calls that were up when it stopped are counted; it is stopped once.
SELECT pg_temp.ends(:run, 'CCC'), (SELECT count(*) FROM portatext.event WHERE type = 'campaign.stopped');
-- NER-02: 100 calls, 15 congestion, 30 forwarded of which 4 busy: 81 %; 6 busy: 79 %.
SELECT pg_temp.campaign(0.8, 100) AS run \gset
SELECT pg_temp.ends(:run, repeat('C', 15) || repeat('b', 4) || repeat('A', 26) || repeat('B', 30) || repeat('N', 25));
SELECT pg_temp.campaign(0.8, 100) AS run \gset
SELECT pg_temp.ends(:run, repeat('C', 15) || repeat('b', 6) || repeat('A', 24) || repeat('B', 30) || repeat('N', 25));
-- NER-07: nothing is stopped before the sample is there, then with the call that completes it; a sample of 1 stops with the first.
SELECT pg_temp.campaign(0.8, 20) AS run \gset
SELECT pg_temp.ends(:run, repeat('C', 19));
SELECT pg_temp.ends(:run, 'A');
SELECT pg_temp.campaign(0.8, 1) AS run \gset
SELECT pg_temp.ends(:run, 'C');
-- In one batch: the call that crosses it, not the last one, is in the figures.
SELECT pg_temp.campaign(0.8, 5) AS run \gset
SELECT pg_temp.ends(:run, 'AAAACCAAAAAAAAAAAAAAAAAAAAAAAAA');
SELECT payload -> 'issued', payload -> 'failed', payload -> 'ner', payload -> 'min_ner' FROM portatext.event WHERE type = 'campaign.stopped' ORDER BY event_id DESC LIMIT 1;
-- NER-10: busy agents are failures.
SELECT pg_temp.campaign(0.8, 20) AS run \gset
SELECT pg_temp.ends(:run, repeat('A', 16) || repeat('b', 5));

-- A trunk that begins to fail at call 300: by the formula it stops at the first n with failed / n > 0.2, one call a time.
SELECT pg_temp.campaign(0.8, 20) AS run \gset
CREATE FUNCTION pg_temp.until_stopped(run bigint) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.ends(run, repeat('ABNA', 75));
    FOR n IN 301..500 LOOP
        IF pg_temp.ends(run, 'C') LIKE 'stopped%' THEN
            RETURN n;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
SELECT pg_temp.until_stopped(:run) AS stopped, min(n) AS by_formula FROM generate_series(301, 500) n WHERE (n - 300)::numeric / n > 0.2;

-- NER-08: started again, only calls since then count.
SET portatext.account_id = :account;
SELECT portatext.resume_campaign((SELECT campaign_id FROM portatext.campaign_run WHERE run_id = :run));
RESET portatext.account_id;
SELECT pg_temp.ends(:run, repeat('C', 4) || repeat('A', 15));
SELECT pg_temp.ends(:run, 'C');

-- NER-09: one that was paused meanwhile stays paused; it is looked at again when it goes on.
SELECT pg_temp.campaign(0.8, 2) AS run \gset
UPDATE portatext.campaign_run SET state = 'paused', reason = 'requested' WHERE run_id = :run;
SELECT pg_temp.ends(:run, 'CC');
UPDATE portatext.campaign_run SET state = 'running', reason = NULL WHERE run_id = :run;
SELECT pg_temp.ends(:run, 'A');
