-- Running campaigns: release, pauses, cancellations, counts, reports (CAMP-04 to -07, -10 to -14, BILL-24).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

-- No worker: batches are released and handed over here.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_cr_red LOGIN;
CREATE ROLE regress_cr_blue LOGIN;
SELECT portatext.create_account('run, red', sandbox => true) AS red,
    portatext.create_account('run, blue', sandbox => true) AS blue \gset
SELECT portatext.grant_account('regress_cr_red', :red), portatext.grant_account('regress_cr_blue', :blue);
SELECT count(portatext.assign_did(n, a)) FROM (VALUES ('+12025550101', :red), ('+12025550102', :red), ('+12025550103', :blue)) v (n, a);
SELECT portatext.set_tariff('+1', 1, :red) > 0, portatext.set_tariff('+1', 1, :blue) > 0;
SET portatext.account_id = :red;
SELECT portatext.recharge(1000);
SET portatext.account_id = :blue;
SELECT portatext.recharge(1000);
RESET portatext.account_id;

-- A campaign that is built, made by hand: n contacts in each of that many cohorts.
CREATE FUNCTION pg_temp.campaign(account bigint, name text, n int, cohorts int DEFAULT 1, texts text[] DEFAULT '{Hello you}') RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    campaign bigint;
    run bigint;
BEGIN
    INSERT INTO portatext.campaign (account_id, name) VALUES (account, campaign.name) RETURNING campaign_id INTO campaign;
    INSERT INTO portatext.campaign_variant (campaign_id, variant, account_id, label, body)
        SELECT campaign, i, account, chr(64 + i::int), texts[i] FROM generate_subscripts(texts, 1) i;
    INSERT INTO portatext.campaign_run (campaign_id, account_id, ord, state, recipients) VALUES (campaign, account, 1, 'ready', n * cohorts)
        RETURNING run_id INTO run;
    INSERT INTO portatext.campaign_cohort (run_id, cohort, account_id, example, zones, places)
        SELECT run, c, account, '+1202555' || c || '001', '{}', n FROM generate_series(1, cohorts) c;
    INSERT INTO portatext.campaign_recipient (run_id, number, account_id, cohort, place, variant, segments, cost, sender)
        SELECT run, '+1202555' || c || lpad(p::text, 3, '0'), account, c, p, 1 + p % array_length(texts, 1), 1, 1,
            (SELECT min(d.number) FROM portatext.did d WHERE d.account_id = account)
        FROM generate_series(1, cohorts) c, generate_series(1, n) p;
    RETURN campaign;
END $$;
-- Turns of the release until nothing more is released.
CREATE FUNCTION pg_temp.release() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint := (SELECT count(*) FROM portatext.message);
BEGIN
    -- as if just started: it is not waited for
    UPDATE portatext.campaign_run SET changed_at = clock_timestamp() WHERE state = 'running';
    FOR i IN 1..10 LOOP
        PERFORM portatext.release_campaigns();
    END LOOP;
    RETURN (SELECT count(*) FROM portatext.message) - before;
END $$;
-- The first n of a campaign that wait end in this state, as if a dispatcher had had them.
CREATE FUNCTION pg_temp.hand_over(campaign bigint, n int, new_state portatext.message_state) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    taken uuid[];
BEGIN
    WITH head AS (SELECT x.message_id FROM portatext.outbox x JOIN portatext.campaign_contact c USING (message_id)
        WHERE c.campaign_id = campaign ORDER BY c.cohort, c.place LIMIT n),
    gone AS (DELETE FROM portatext.outbox o USING head s WHERE o.message_id = s.message_id RETURNING o.message_id)
    SELECT array_agg(message_id) INTO taken FROM gone;
    INSERT INTO portatext.message_tally_change (group_id, state, account_id, messages, credits)
        SELECT m.group_id, s.state, m.account_id, s.n, s.n * m.cost FROM portatext.message m CROSS JOIN LATERAL
            (VALUES (m.state, -1), (new_state, 1)) s (state, n) WHERE m.message_id = ANY (taken);
    UPDATE portatext.message SET state = new_state, step = 'sent' WHERE message_id = ANY (taken);
    RETURN array_length(taken, 1);
END $$;
CREATE FUNCTION pg_temp.progress(campaign bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', p.state, p.reason, '|', p.recipients, '=', p.pending, 'pending', p.queued, 'queued', p.sending, 'sending', p.delivered, 'delivered',
            p.undelivered, 'undelivered', p.skipped, 'skipped', p.cancelled, 'cancelled |', p.credits::int, 'credits')
        FROM portatext.campaign_progress p WHERE p.campaign_id = campaign $$;

-- A run from start to end (CAMP-04, CAMP-11): nothing is charged before the release (BILL-24).
SELECT pg_temp.campaign(:red, 'plain', 30, 2) AS id \gset
SET SESSION AUTHORIZATION regress_cr_red;
SELECT portatext.balance();
\set VERBOSITY terse
SELECT portatext.resume_campaign(:id);
SELECT portatext.pause_campaign(:id);
SELECT portatext.start_campaign(:id);
SET client_min_messages = notice;
SELECT portatext.start_campaign(:id);
SELECT portatext.resume_campaign(:id);
SET client_min_messages = error;
SELECT portatext.release_campaigns();
RESET SESSION AUTHORIZATION;
SELECT pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT portatext.balance() FROM (SELECT set_config('portatext.account_id', :'red', false)) s;
RESET portatext.account_id;
SELECT pg_temp.hand_over(:id, 60, 'sending');
SELECT pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT type, payload - 'id' FROM portatext.event WHERE type LIKE 'campaign.%' ORDER BY event_id;
SET SESSION AUTHORIZATION regress_cr_red;
SELECT portatext.pause_campaign(:id);
SELECT portatext.cancel_campaign(:id);
\set VERBOSITY default
SELECT portatext.start_campaign(:id);
-- another account's, or nobody's
SET SESSION AUTHORIZATION regress_cr_blue;
SELECT portatext.start_campaign(:id);
SELECT portatext.cancel_campaign_contact(:id, '+12025551001');
SELECT * FROM portatext.campaign_contacts(:id);
SELECT count(*) FROM portatext.campaign_progress;
SELECT * FROM portatext.campaign_report(0);
RESET SESSION AUTHORIZATION;
SELECT portatext.campaign_run_of(:id, 7);
\set VERBOSITY terse

-- CAMP-13: skipped with the reason, not charged, and the run goes on; a sender that is gone is chosen anew (CAMP-10).
SELECT pg_temp.campaign(:red, 'skips', 12, 1, '{Hello first,Hello second}') AS id \gset
UPDATE portatext.campaign_recipient SET sender = '+12025550199' WHERE number = '+12025551005' AND run_id = portatext.campaign_run_of(:id);
SET SESSION AUTHORIZATION regress_cr_red;
SELECT portatext.blacklist_add('+12025551003') + portatext.blacklist_add('+12025551004');
SELECT portatext.cancel_campaign_contact(:id, '1 (202) 555-1001'), portatext.cancel_campaign_contact(:id, '+12025551001');
SELECT portatext.cancel_campaign_contact(:id, '+12025559999');
SELECT pg_temp.progress(:id);
SELECT portatext.start_campaign(:id);
RESET SESSION AUTHORIZATION;
SELECT pg_temp.release();
SELECT pg_temp.progress(:id);
SET SESSION AUTHORIZATION regress_cr_red;
SELECT number, state, reason, message_id IS NOT NULL, variant, segments, cost FROM portatext.campaign_contacts(:id, NULL, 5);
SELECT number, state FROM portatext.campaign_contacts(:id, '+12025551005', 2);
SELECT regexp_replace(l, '[0-9a-f-]{36}', 'uuid') FROM portatext.export_campaign_contacts(:id) l LIMIT 5;
SELECT number, sender FROM portatext.campaign_contact WHERE campaign_id = :id AND number IN ('+12025551005', '+12025551006') ORDER BY 1;
SELECT sender = '+12025550199' FROM portatext.campaign_recipient WHERE number = '+12025551005' AND message_id IS NOT NULL;
-- CAMP-12: one that waits is cancelled and refunded; one that was handed over is not
SELECT portatext.cancel_campaign_contact(:id, '+12025551006');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.hand_over(:id, 4, 'delivered');
SELECT portatext.cancel_campaign_contact(:id, '+12025551002');
SELECT pg_temp.progress(:id);
-- replies and opt-outs, once each
SELECT portatext.receive_sms('loopback', '+12025551002', '+12025550101', 'Thank you') IS NOT NULL, portatext.receive_sms('loopback', '+12025551002', '+12025550101', 'Thanks') IS NOT NULL;
UPDATE portatext.did SET stop_detection = true WHERE number = '+12025550101';
SELECT portatext.receive_sms('loopback', '+12025551008', '+12025550101', 'STOP') IS NOT NULL;
-- nobody of the campaign
SELECT portatext.receive_sms('loopback', '+12025557777', '+12025550101', 'Hello') IS NOT NULL;
SELECT number, opt_out, variant FROM portatext.campaign_response ORDER BY 1, 2;
SELECT replies, opt_outs FROM portatext.campaign_progress WHERE campaign_id = :id;
SET SESSION AUTHORIZATION regress_cr_red;
SELECT * FROM portatext.campaign_report(:id);
-- CAMP-14: what waits is cancelled and refunded, what was not released is, too
SELECT portatext.cancel_campaign(:id);
SET client_min_messages = notice;
SELECT portatext.cancel_campaign(:id);
SET client_min_messages = error;
SELECT portatext.start_campaign(:id);
SELECT pg_temp.progress(:id);
SELECT portatext.balance();
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM portatext.check_balances();

-- CAMP-05 to CAMP-07: out of funds in the middle; what is paid is not held, a top-up changes nothing.
SELECT pg_temp.campaign(:blue, 'poor', 20) AS id \gset
SET portatext.account_id = :blue;
SELECT portatext.debit(portatext.balance() - 7);
SELECT portatext.start_campaign(:id);
RESET portatext.account_id;
SELECT pg_temp.release(), pg_temp.release();
SELECT pg_temp.progress(:id);
SET portatext.account_id = :blue;
SELECT portatext.recharge(100);
RESET portatext.account_id;
SELECT pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT portatext.resume_campaign(:id), pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT count(*), count(DISTINCT to_number) FROM portatext.message WHERE account_id = :blue;
-- an account that is suspended loses no contact by it
SELECT pg_temp.hand_over(:id, 20, 'delivered'), pg_temp.release();
SELECT pg_temp.campaign(:blue, 'suspended', 5) AS id \gset
SELECT portatext.start_campaign(:id);
UPDATE portatext.account SET suspended = true WHERE account_id = :blue;
SELECT pg_temp.release();
SELECT pg_temp.progress(:id);
UPDATE portatext.account SET suspended = false WHERE account_id = :blue;
SELECT portatext.resume_campaign(:id), pg_temp.release();
SELECT pg_temp.progress(:id);

-- CAMP-14: what a claim has set aside goes out after the resumption, or is cancelled.
SELECT portatext.pause_campaign(:id);
SET client_min_messages = notice;
SELECT portatext.pause_campaign(:id);
SET client_min_messages = error;
WITH gone AS (DELETE FROM portatext.outbox o USING portatext.campaign_contact c WHERE c.message_id = o.message_id AND c.campaign_id = :id RETURNING o.*)
    INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
    SELECT 'run:' || portatext.campaign_run_of(:id), g.due, g.message_id, g.lane, 1, g.to_number FROM gone g;
SELECT portatext.resume_campaign(:id), (SELECT count(*) FROM portatext.parked), (SELECT count(*) FROM portatext.outbox o JOIN portatext.campaign_contact c USING (message_id) WHERE c.campaign_id = :id);
SELECT count(*) FROM portatext.outbox o JOIN portatext.campaign_contact c USING (message_id) WHERE c.campaign_id = :id;
-- set aside by a claim that still saw the pause: the release finds them
WITH gone AS (DELETE FROM portatext.outbox o USING portatext.campaign_contact c WHERE c.message_id = o.message_id AND c.campaign_id = :id AND c.place <= 2 RETURNING o.*)
    INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
    SELECT 'run:' || portatext.campaign_run_of(:id), g.due, g.message_id, g.lane, 1, g.to_number FROM gone g;
SELECT pg_temp.release();
SELECT count(*) FROM portatext.outbox o JOIN portatext.campaign_contact c USING (message_id) WHERE c.campaign_id = :id;
-- the same after a cancellation
WITH gone AS (DELETE FROM portatext.outbox o USING portatext.campaign_contact c WHERE c.message_id = o.message_id AND c.campaign_id = :id AND c.place = 1 RETURNING o.*)
    INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
    SELECT 'run:0', g.due, g.message_id, g.lane, 1, '' FROM gone g;
SELECT portatext.cancel_campaign(:id), pg_temp.progress(:id);
UPDATE portatext.parked SET key = 'run:' || portatext.campaign_run_of(:id) WHERE key = 'run:0';
SELECT pg_sleep(1.1), pg_temp.release();
SELECT pg_temp.progress(:id);

-- Rates: the run stops by itself, and after a resumption they count anew.
SELECT pg_temp.campaign(:red, 'errors', 40) AS id \gset
UPDATE portatext.campaign SET max_error_rate = 0.5, minimum_sample = 10 WHERE campaign_id = :id;
SELECT portatext.start_campaign(:id), pg_temp.release();
SELECT pg_temp.hand_over(:id, 9, 'undelivered'), pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT pg_temp.hand_over(:id, 1, 'undelivered'), pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT portatext.resume_campaign(:id), pg_temp.release();
SELECT pg_temp.hand_over(:id, 5, 'undelivered'), pg_temp.hand_over(:id, 5, 'delivered'), pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT portatext.cancel_campaign(:id);
SELECT pg_temp.campaign(:red, 'opt-outs', 40) AS id \gset
UPDATE portatext.campaign SET max_opt_out_rate = 0.1, minimum_sample = 10 WHERE campaign_id = :id;
SELECT portatext.start_campaign(:id), pg_temp.release();
SELECT pg_temp.hand_over(:id, 15, 'sending'), pg_temp.release();
SELECT count(portatext.receive_sms('loopback', '+1202555' || i, '+12025550101', 'Stop')) FROM generate_series(1010, 1011) i;
SELECT pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT portatext.cancel_campaign(:id);

-- What is being built starts when it is built, or does not any more.
SELECT pg_temp.campaign(:red, 'building', 1) AS id \gset
UPDATE portatext.campaign_run SET state = 'building' WHERE run_id = portatext.campaign_run_of(:id);
SELECT portatext.start_campaign(:id), start_when_built FROM portatext.campaign_run WHERE campaign_id = :id;
SELECT start_when_built FROM portatext.campaign_run WHERE campaign_id = :id;
SELECT portatext.pause_campaign(:id);
SELECT start_when_built FROM portatext.campaign_run WHERE campaign_id = :id;
SELECT portatext.cancel_campaign(:id);
-- A number is forgotten, also where it is still pending: the run goes on behind it.
SELECT pg_temp.campaign(:red, 'forgotten', 3) AS id \gset
SELECT portatext.cancel_campaign_contact(:id, '+12025551003');
CALL portatext.forget_number('+12025551003');
CALL portatext.forget_number('+12025551005');
SELECT count(*) FROM portatext.campaign_contact WHERE number IN ('+12025551003', '+12025551005');
SELECT portatext.start_campaign(:id), pg_temp.release();
SELECT released = places FROM portatext.campaign_cohort WHERE run_id = portatext.campaign_run_of(:id);
SELECT pg_temp.progress(:id);
SET SESSION AUTHORIZATION regress_cr_blue;
SELECT portatext.forget_campaign_contact(:red, '+12025551002');
RESET SESSION AUTHORIZATION;
SELECT * FROM portatext.check_balances();

-- A run that rests keeps no rate that is next to nothing: its end would lie beyond what a timestamp can be.
SELECT pg_temp.campaign(:red, 'resting', 3) AS id \gset
SELECT portatext.start_campaign(:id), pg_temp.release();
UPDATE portatext.campaign_pace SET sampled_at = portatext.now() - interval '10 s', per_second = 0.011
    WHERE run_id = portatext.campaign_run_of(:id);
SELECT pg_temp.release();
SELECT state, queued, per_second, eta FROM portatext.campaign_progress WHERE campaign_id = :id;
SELECT portatext.cancel_campaign(:id);

-- The pace: also of messages with a schedule, and where it is out of all proportion.
INSERT INTO portatext.schedule (account_id, definition) VALUES (:red, '{"any_day": {"from": "00:00", "to": "24:00"}}') RETURNING schedule_id AS schedule \gset
SELECT pg_temp.campaign(:red, 'paced', 9) AS id \gset
UPDATE portatext.campaign SET schedule_id = :schedule, segments_per_second = 10 WHERE campaign_id = :id;
SELECT portatext.start_campaign(:id), pg_temp.release();
SELECT count(*), bool_and(o.due = m.send_at), max(o.due) > min(o.due) FROM portatext.outbox o
    JOIN portatext.message m USING (message_id) JOIN portatext.campaign_contact c USING (message_id) WHERE c.campaign_id = :id;
SELECT portatext.cancel_campaign(:id);
SELECT pg_temp.campaign(:red, 'slow', 3) AS id \gset
UPDATE portatext.campaign SET segments_per_second = 1e-300 WHERE campaign_id = :id;
SELECT portatext.start_campaign(:id), pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT paced_until > portatext.now() + interval '1 day' FROM portatext.campaign_pace WHERE run_id = portatext.campaign_run_of(:id);
SELECT portatext.cancel_campaign(:id);
SELECT pg_temp.campaign(:red, 'fast', 3) AS id \gset
UPDATE portatext.campaign SET segments_per_second = 1e300 WHERE campaign_id = :id;
SELECT portatext.start_campaign(:id), pg_temp.release();
SELECT pg_temp.progress(:id);

-- SCH-09: a schedule that cannot be read pauses the run
SELECT pg_temp.campaign(:red, 'unreadable', 3) AS id \gset
INSERT INTO portatext.schedule (account_id, definition) VALUES (:red, '{"any_day": {"from": "99:00", "to": "24:00"}}') RETURNING schedule_id AS schedule \gset
UPDATE portatext.campaign SET schedule_id = :schedule WHERE campaign_id = :id;
SELECT portatext.start_campaign(:id), pg_temp.release();
SELECT pg_temp.progress(:id);
SELECT portatext.cancel_campaign(:id);
SELECT max(campaign_id) AS id FROM portatext.campaign WHERE name = 'fast' \gset

-- CAMP-14: a server that was down for long, or was restored, when a message was set aside for a run that was being cancelled
WITH gone AS (DELETE FROM portatext.outbox o USING portatext.campaign_contact c WHERE c.message_id = o.message_id AND c.campaign_id = :id RETURNING o.*)
    INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
    SELECT 'run:0', g.due, g.message_id, g.lane, 1, '' FROM gone g;
SELECT portatext.cancel_campaign(:id);
UPDATE portatext.parked SET key = 'run:' || portatext.campaign_run_of(:id) WHERE key = 'run:0';
UPDATE portatext.campaign_run SET finished_at = finished_at - interval '2 h' WHERE campaign_id = :id;
SELECT current_user AS me \gset
\c - :me
SELECT state, queued, cancelled, credits FROM portatext.campaign_progress WHERE campaign_id = :id;
SELECT portatext.release_campaigns() >= 0;
SELECT state, queued, cancelled, credits FROM portatext.campaign_progress WHERE campaign_id = :id;
SET client_min_messages = error;

DROP OWNED BY regress_cr_red, regress_cr_blue;
DROP ROLE regress_cr_red, regress_cr_blue;
-- nothing of it waits in the other tests
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
