-- Making campaigns and building their runs (CAMP-01 to -04, -08, -10, -13, -15, CSV-10, TPL-03, TPL-04, SCH-06).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

-- No worker: the jobs are done here.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_cb_red LOGIN;
CREATE ROLE regress_cb_blue LOGIN;
SELECT portatext.create_account('build, red', sandbox => true) AS red,
    portatext.create_account('build, blue', sandbox => true) AS blue \gset
SELECT portatext.grant_account('regress_cb_red', :red), portatext.grant_account('regress_cb_blue', :blue);
SELECT count(portatext.assign_did(n, :red)) FROM unnest('{+12025550101,+12025550102,+12025550103}'::text[]) n;
SELECT portatext.set_tariff('+1', 1, :red) > 0, portatext.set_tariff('+44', 2.5, :red) > 0, portatext.set_tariff('+7', 3, :red) > 0;
SET portatext.account_id = :red;
SELECT portatext.recharge(100);
RESET portatext.account_id;

CREATE FUNCTION pg_temp.built(campaign bigint) RETURNS TABLE (state text, recipients bigint, skipped bigint, result jsonb)
    LANGUAGE sql AS $$
    SELECT r.state::text, r.recipients, r.skipped, j.result - 'id' FROM portatext.campaign_run r
        JOIN portatext.job j USING (job_id) WHERE r.campaign_id = campaign ORDER BY r.ord DESC LIMIT 1;
$$;
CREATE FUNCTION pg_temp.rows(campaign bigint) RETURNS TABLE (number text, cohort int, place bigint, segments int, cost numeric, body text, reason text)
    LANGUAGE sql AS $$
    SELECT x.number, x.cohort, x.place, x.segments, x.cost, left(x.body, 60), x.reason FROM portatext.campaign_recipient x
        JOIN portatext.campaign_run r USING (run_id)
        WHERE r.campaign_id = campaign AND r.ord = (SELECT max(ord) FROM portatext.campaign_run WHERE campaign_id = campaign)
        ORDER BY 1;
$$;
-- the temporary functions are everybody's
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', (SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema())); END $$;

SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.create_contact_list('first') > 0, portatext.create_contact_list('second') > 0;
SELECT count(*) FROM (SELECT portatext.set_contact(v.number, v.variables::jsonb, v.list) FROM (VALUES
    ('+12025550001', '{"name": "Ann"}', 'first'),
    ('+12025550002', '{"name": "{{name}}"}', 'first'),
    ('+12025550003', NULL, 'first'),
    ('+12025550004', '{"name": "Dee"}', 'first'),
    ('+12025550005', '{"name": "Eve"}', 'first'),
    ('+13055550001', '{"name": "Flo"}', 'first'),
    ('+12025550001', '{"name": "Another Ann"}', 'second'),
    ('+12025550006', NULL, 'second'),
    ('+447911123456', '{"name": "José María, who has a name of more than a segment''s length in characters that are not GSM’s"}', 'second'),
    ('+79161234567', '{"name": "Ivan"}', 'second'),
    ('+5491112345678', '{"name": "Juan"}', 'second'),
    -- own contacts
    ('+12025550001', '{"name": "Own Ann", "city": "Rome"}', NULL),
    ('+12025550006', '{"name": "Own Fay"}', NULL)) v (number, variables, list)) s;
SELECT portatext.blacklist_add('+12025550004');
RESET SESSION AUTHORIZATION;
SELECT portatext.global_blacklist_add('+12025550005');
-- a number that could not have been imported
INSERT INTO portatext.contact (version, number, account_id)
    SELECT l.version, '+99912345678', l.account_id FROM portatext.contact_list l WHERE l.name = 'second';

-- What is asked for wrongly.
SET SESSION AUTHORIZATION regress_cb_red;
\set VERBOSITY sqlstate
SELECT portatext.create_campaign(NULL, 'Hello you', lists => '{first}');
SELECT portatext.create_campaign('', 'Hello you', lists => '{first}');
\set VERBOSITY default
SELECT portatext.create_campaign('c', lists => '{first}');
SELECT portatext.create_campaign('c', 'Hello you', 'welcome', lists => '{first}');
SELECT portatext.create_campaign('c', '', lists => '{first}');
SELECT portatext.create_campaign('c', 'Hello {{name', lists => '{first}');
SELECT portatext.create_campaign('c', template => 'nothing', lists => '{first}');
SELECT portatext.create_campaign('c', 'Hello you');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{}');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first,third}');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first,NULL}');
SELECT portatext.create_campaign('c', 'Hello you', all_subscribers => true);
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', service => 'DEALS');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', from_number => '+12025550101, +12025550199');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', variables => '[]');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', variables => '{"a": {"b": 1}}');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', segments_per_second => 0);
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', segments_per_second => 'NaN');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', max_error_rate => 1.1);
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', max_opt_out_rate => 0);
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', minimum_sample => 0);
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', priority => NULL);
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', schedule => '{"any_day": {"from": "25:00", "to": "20:00"}}');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}', schedule => '{"months": [2], "days": [30]}');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '{}');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[1]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[{"label": "A"}]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[{"body": 1}]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[{"body": "Hello", "weight": 0}]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[{"body": "Hello", "weight": 1.5}]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[{"body": "Hello", "text": ""}]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[{"body": "Hello", "label": ""}]');
SELECT portatext.create_campaign('c', lists => '{first}', variants => '[{"body": "Hello", "label": "x"}, {"body": "Hi", "label": "x"}]');
SELECT count(*) FROM portatext.campaign;

-- CAMP-02, CAMP-13, CAMP-15, TPL-03, TPL-04: lists in order, the first wins; who is skipped, and why
SELECT portatext.create_campaign('spring', 'Hello {{name}} from {{city}}', lists => '{first,second,first}',
    variables => '{"city": "Paris", "name": null}') AS spring \gset
SELECT state, reason, recipients FROM portatext.campaign_run WHERE campaign_id = :spring;
SELECT j.kind, j.state, j.arguments = jsonb_build_object('campaign_id', r.campaign_id, 'run_id', r.run_id)
    FROM portatext.campaign_run r JOIN portatext.job j USING (job_id) WHERE r.campaign_id = :spring;
-- CAMP-04: not ready yet
SELECT portatext.campaign_preview(:spring);
SELECT portatext.delete_campaign(:spring);
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :spring \gset
CALL portatext.run_job(:job);
SELECT * FROM pg_temp.built(:spring);
SELECT * FROM pg_temp.rows(:spring);
SELECT total, done, errors FROM portatext.job WHERE job_id = :job;
SELECT cohort, zones, own_zone, places FROM portatext.campaign_cohort JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = :spring;
SELECT type, payload->'run' FROM portatext.event WHERE subject = :'spring' AND type LIKE 'campaign.%';
-- CAMP-08: senders are the account's
SELECT count(*) = count(*) FILTER (WHERE sender IN ('+12025550101', '+12025550102', '+12025550103')) FROM portatext.campaign_recipient WHERE place IS NOT NULL;
-- what it will cost
\pset expanded on
SELECT * FROM portatext.campaign_preview(:spring);
\pset expanded off

-- another account sees nothing of it
SET SESSION AUTHORIZATION regress_cb_blue;
SELECT count(*) FROM portatext.campaign;
SELECT count(*) FROM portatext.campaign_recipient;
SELECT portatext.campaign_preview(:spring);
SELECT portatext.delete_campaign(:spring);
SELECT portatext.test_campaign(:spring, '{+12025550001}');
SELECT portatext.create_campaign('c', 'Hello you', lists => '{first}');
-- one without a number: a reason for all, and the result shows it
SELECT portatext.create_contact_list('first') > 0, portatext.set_contact('+12025550001', NULL, 'first') IS NULL;
SELECT portatext.create_campaign('nobody', 'Hello you', lists => '{first}') AS nobody \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :nobody \gset
CALL portatext.run_job(:job);
SELECT * FROM pg_temp.built(:nobody);
SELECT recipients, segments, total, minimum, histogram, skipped, cohorts FROM portatext.campaign_preview(:nobody);

-- SCH-06: one cohort for each set of zones; numbers without a zone have the account's
SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.create_campaign('zones', 'Hello all of you', lists => '{first,second}',
    schedule => '{"any_day": {"from": "09:00", "to": "18:00"}}', priority => 'transactional') AS zones \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :zones \gset
CALL portatext.run_job(:job);
SELECT c.cohort, c.example, cardinality(c.zones) > 0, c.own_zone, c.places,
        (SELECT array_agg(x.place ORDER BY x.place) FROM portatext.campaign_recipient x WHERE x.run_id = c.run_id AND x.cohort = c.cohort)
    FROM portatext.campaign_cohort c JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = :zones ORDER BY 1;
SELECT count(*), count(body) FROM pg_temp.rows(:zones) WHERE reason IS NULL;

-- SCH-07: no zone is known (international freephone), and zones that are never open at once: the account's zone, which is noted
RESET SESSION AUTHORIZATION;
SELECT portatext.set_tariff('+800', 1, :red) > 0;
SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.create_contact_list('nowhere') > 0, portatext.set_contact('+80012345678', NULL, 'nowhere') IS NULL,
    portatext.set_contact('+18002345678', NULL, 'nowhere') IS NULL;
SELECT portatext.create_campaign('own zone', 'Hello all of you', lists => '{nowhere}', schedule => '{"any_day": {"from": "09:00", "to": "09:30"}}') AS own \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :own \gset
CALL portatext.run_job(:job);
SELECT c.example, cardinality(c.zones), c.own_zone FROM portatext.campaign_cohort c JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = :own ORDER BY 1;

-- A/B: templates and texts, fixed for each contact, also in the next run
SELECT portatext.create_template('short', 'Hi {{name}}!') > 0;
SELECT portatext.create_contact_list('many') > 0;
RESET SESSION AUTHORIZATION;
INSERT INTO portatext.contact SELECT l.version, '+1202' || (6000000 + i), l.account_id, '{"name": "you"}'
    FROM portatext.contact_list l, generate_series(1, 6000) i WHERE l.name = 'many';
SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.create_campaign('ab', lists => '{many}', repeatable => true,
    variants => '[{"label": "plain", "weight": 3, "body": "Hello everybody"}, {"template": "short"}]') AS ab \gset
SELECT variant, label, weight, body FROM portatext.campaign_variant WHERE campaign_id = :ab ORDER BY 1;
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :ab \gset
CALL portatext.run_job(:job);
-- within four standard deviations of 3 : 1
SELECT abs(count(*) FILTER (WHERE variant = 1) - 4500) < 4 * sqrt(6000 * 0.75 * 0.25), count(*) FILTER (WHERE variant = 2 AND body = 'Hi you!') = count(*) FILTER (WHERE variant = 2),
    count(*) FILTER (WHERE variant = 1 AND body IS NOT NULL) FROM portatext.campaign_recipient JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = :ab;
RESET SESSION AUTHORIZATION;
UPDATE portatext.campaign_run SET state = 'finished' WHERE campaign_id = :ab;
SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.start_campaign(:ab);
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :ab AND ord = 2 \gset
CALL portatext.run_job(:job);
-- CAMP-10: variant and sender are the same
SELECT r.ord, r.state, r.recipients FROM portatext.campaign_run r WHERE campaign_id = :ab ORDER BY 1;
SELECT count(*) FROM portatext.campaign_recipient a JOIN portatext.campaign_recipient b USING (number, variant, sender)
    JOIN portatext.campaign_run ra ON ra.run_id = a.run_id AND ra.ord = 1 JOIN portatext.campaign_run rb ON rb.run_id = b.run_id AND rb.ord = 2
    WHERE ra.campaign_id = :ab AND rb.campaign_id = :ab;
SELECT type FROM portatext.event WHERE subject = :'ab' AND type LIKE 'campaign.%' ORDER BY event_id;

-- CSV-10: a build reads the list as it was when it began; a run holds its recipients
SELECT portatext.create_campaign('snapshot', 'Hello all of you', lists => '{first}') AS snap \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :snap \gset
SELECT portatext.run_chunk(:job);
RESET SESSION AUTHORIZATION;
WITH v AS (UPDATE portatext.contact_list SET version = nextval('portatext.contact_version_seq') WHERE name = 'first' AND account_id = :red RETURNING version)
    INSERT INTO portatext.contact SELECT version, '+12025559999', :red FROM v;
SET SESSION AUTHORIZATION regress_cb_red;
CALL portatext.run_job(:job);
SELECT count(*), bool_or(number = '+12025559999') FROM pg_temp.rows(:snap);
SELECT portatext.blacklist_remove('+12025550004');
SELECT reason FROM pg_temp.rows(:snap) WHERE number = '+12025550004';

-- a campaign that is cancelled, or whose job is, while it is built: nothing stays of it
SELECT portatext.create_campaign('one', 'Hello all of you', lists => '{many}') AS one \gset
SELECT run_id AS run, job_id AS job FROM portatext.campaign_run WHERE campaign_id = :one \gset
SELECT portatext.run_chunk(:job), portatext.run_chunk(:job);
SELECT portatext.cancel_campaign(:one);
SELECT state, reason FROM portatext.campaign_run WHERE campaign_id = :one;
SELECT state FROM portatext.job WHERE job_id = :job;
SELECT count(*) FROM portatext.campaign_recipient WHERE run_id = :run;
SELECT job_id AS forget FROM portatext.job WHERE kind = 'campaign_forget' AND arguments->'runs' @> :'run' \gset
CALL portatext.run_job(:forget);
SELECT count(*) FROM portatext.campaign_recipient WHERE run_id = :run;
SELECT portatext.create_campaign('two', 'Hello all of you', lists => '{many}') AS two \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :two \gset
SELECT portatext.cancel_job(:job);
SELECT state, reason FROM portatext.campaign_run WHERE campaign_id = :two;
-- one whose run was ended without its job
SELECT portatext.create_campaign('three', 'Hello all of you', lists => '{many}') AS three \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :three \gset
RESET SESSION AUTHORIZATION;
UPDATE portatext.campaign_run SET state = 'cancelled' WHERE campaign_id = :three;
SET SESSION AUTHORIZATION regress_cb_red;
CALL portatext.run_job(:job);
SELECT state, result->>'status' FROM portatext.job WHERE job_id = :job;
-- a list that was deleted
SELECT portatext.create_contact_list('gone') > 0;
SELECT portatext.create_campaign('four', 'Hello all of you', lists => '{gone}') AS four \gset
SELECT portatext.delete_contact_list('gone');
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :four \gset
CALL portatext.run_job(:job);

-- lists that are queries: evaluated when the build begins
RESET SESSION AUTHORIZATION;
CREATE TABLE regress_cb_customer (phone text, name text);
INSERT INTO regress_cb_customer VALUES ('1 (202) 555-0201', 'Gil'), ('+12025550202', 'Hal'), ('none', 'Ian');
SET portatext.account_id = :red;
SELECT portatext.create_query_list('customers', 'SELECT phone AS number, name FROM regress_cb_customer') > 0;
RESET portatext.account_id;
SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.create_campaign('query', 'Hello {{name}}', lists => '{customers}') AS query \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :query \gset
SELECT portatext.run_chunk(:job);
RESET SESSION AUTHORIZATION;
INSERT INTO regress_cb_customer VALUES ('+12025550203', 'Too late');
SET SESSION AUTHORIZATION regress_cb_red;
CALL portatext.run_job(:job);
SELECT * FROM pg_temp.built(:query);
SELECT number, body FROM pg_temp.rows(:query);

-- CAMP-03: subscribers of a service
RESET SESSION AUTHORIZATION;
INSERT INTO portatext.short_code (country, code, countries) VALUES ('US', '54545', '{US}');
INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age,
        frequency, frequency_rule, intended_use, message_examples, advertising_examples, tc_url, phone)
    SELECT :red, k, short_code_id, 'US', s::portatext.service_state, 'marketing', false, 18, 2, 'count', 'tests', '{}', '{}', 'https://example.com/tc', '+12025550111'
    FROM portatext.short_code, (VALUES ('DEALS', 'active'), ('LATER', 'approved')) v (k, s) WHERE code = '54545';
INSERT INTO portatext.subscriber (service_id, number, account_id, state, reminder_due)
    SELECT s.service_id, v.number, s.account_id, v.state::portatext.subscriber_state, portatext.now() + interval '30 days'
    FROM portatext.service s, (VALUES ('+12025550001', 'active'), ('+12025550006', 'active'), ('+12025550003', 'paused'),
        ('+12025550004', 'opted_out'), ('+12025550005', 'active')) v (number, state) WHERE s.keyword = 'DEALS';
SELECT service_id AS deals FROM portatext.service WHERE keyword = 'DEALS' \gset
SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.create_campaign('s', 'Hello {{name}}', service => 'LATER', all_subscribers => true);
SELECT portatext.create_campaign('s', 'Hello you', service => 'DEALS', from_number => '+12025550101', all_subscribers => true);
SELECT portatext.create_campaign('subscribers', 'Hello {{name}}', service => 'deals', all_subscribers => true,
    variables => '{"name": "subscriber"}') AS subs \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :subs \gset
CALL portatext.run_job(:job);
SELECT number, body, reason FROM pg_temp.rows(:subs);
SELECT DISTINCT sender FROM portatext.campaign_recipient JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = :subs;
-- and a list, to the service's subscribers, by the service's id
SELECT portatext.create_campaign('listed', 'Hello all of you', service => :'deals', lists => '{second}', all_subscribers => true) AS listed \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :listed \gset
CALL portatext.run_job(:job);
SELECT number, reason FROM pg_temp.rows(:listed);

-- CAMP-03: contacts in the request; they go before those of the lists
SELECT portatext.create_campaign('csv', 'Hello {{name}}', csv => E'number,name\n+12025550001,Zoe\nnobody,Yan\n');
SELECT portatext.create_campaign('csv', 'Hello {{name}}', csv => E'number,name\n');
SELECT portatext.create_campaign('csv', 'Hello {{name}}', csv => E'name,city\n1,2\n');
SELECT portatext.create_campaign('csv', 'Hello {{name}}', lists => '{second}', csv => E'number,name\n+12025550001,Zoe\n1 (202) 555-0007,Xia\n') AS csv \gset
SELECT job_id AS job FROM portatext.campaign_run WHERE campaign_id = :csv \gset
CALL portatext.run_job(:job);
SELECT number, body, reason FROM pg_temp.rows(:csv);
SELECT ord, list_id IS NULL AS of_the_request FROM portatext.campaign_source WHERE campaign_id = :csv ORDER BY 1;
SELECT ord, to_number, message_id IS NOT NULL AS sent FROM portatext.test_campaign(:csv, '{+12025550007}');

-- test_campaign: every text, charged, no recipient
SELECT portatext.balance();
SELECT ord, to_number, message_id IS NOT NULL AS sent, sqlstate, reason, variant FROM portatext.test_campaign(:spring, '{12025550006,+12025550001,+447911123456,+12025550005,nobody,NULL}');
SELECT ord, to_number, message_id IS NOT NULL AS sent, sqlstate, reason, variant FROM portatext.test_campaign(:ab, '{+12026000001,+12027000001}');
SELECT to_number, body, priority, cost FROM portatext.message ORDER BY message_id;
SELECT portatext.balance();
SELECT count(*) FROM portatext.campaign_recipient WHERE message_id IS NOT NULL;
SELECT portatext.test_campaign(0, '{+12025550001}');
SELECT portatext.test_campaign(:spring, array_fill('+12025550001'::text, '{101}'));
SELECT count(*), min(reason) FROM portatext.test_campaign(:spring, array_fill('+12025550001'::text, '{100}')) WHERE message_id IS NULL;

-- contacts of the request go with the campaign
SELECT version FROM portatext.campaign_source WHERE campaign_id = :csv AND version IS NOT NULL \gset
SELECT portatext.delete_campaign(:csv);
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM portatext.retired_version WHERE version = :version;
SET SESSION AUTHORIZATION regress_cb_red;

-- BL-03: many numbers at once, in any order, those between many blacklisted ones too
RESET SESSION AUTHORIZATION;
INSERT INTO portatext.blacklist (account_id, number) SELECT :red, '+1202' || (7000000 + i) FROM generate_series(1, 3000) i WHERE i % 3 > 0;
SET SESSION AUTHORIZATION regress_cb_red;
SELECT count(*), count(*) FILTER (WHERE b.sqlstate = 'SM005'), count(*) FILTER (WHERE (b.sqlstate = 'SM005') IS DISTINCT FROM portatext.is_blacklisted(b.to_number))
    FROM (SELECT array_agg('+1202' || (7000000 + i) ORDER BY i) FROM generate_series(1, 3000, 40) i
        UNION ALL SELECT array_agg('+1202' || (7000000 + i) ORDER BY i) FROM generate_series(2900, 3100) i
        UNION ALL SELECT array_agg('+1202' || (7000000 + i) ORDER BY i DESC) FROM generate_series(2900, 3100) i
        UNION ALL SELECT array_agg('+1202' || (7000000 + i) ORDER BY i * 7919 % 3001) FROM generate_series(1, 3000) i) v (numbers),
    portatext.send_sms_batch(v.numbers, repeat('x', 153 * 250)) b WHERE b.sqlstate <> 'SM013';

-- what a caller may not
SELECT portatext.forget_runs(:red, '{1}');

-- delete_campaign: not while it is sent; what was sent stays
RESET SESSION AUTHORIZATION;
UPDATE portatext.campaign_run SET state = 'paused' WHERE campaign_id = :spring;
SET SESSION AUTHORIZATION regress_cb_red;
SELECT portatext.delete_campaign(:spring);
RESET SESSION AUTHORIZATION;
UPDATE portatext.campaign_run SET state = 'finished' WHERE campaign_id IN (:spring, :ab);
SET SESSION AUTHORIZATION regress_cb_red;
SELECT array_agg(run_id ORDER BY run_id) AS runs FROM portatext.campaign_run WHERE campaign_id IN (:ab) \gset
SELECT portatext.delete_campaign(:ab);
SELECT portatext.delete_campaign(:ab);
SELECT portatext.campaign_preview(:ab);
SELECT job_id AS job FROM portatext.job WHERE kind = 'campaign_forget' ORDER BY job_id DESC LIMIT 1 \gset
SELECT count(*) FROM portatext.campaign_recipient WHERE run_id = ANY (:'runs');
CALL portatext.run_job(:job);
SELECT state, done FROM portatext.job WHERE job_id = :job;
SELECT count(*) FROM portatext.campaign_recipient WHERE run_id = ANY (:'runs');
SELECT count(*) FROM portatext.campaign_cohort WHERE run_id = ANY (:'runs');

RESET SESSION AUTHORIZATION;
DROP TABLE regress_cb_customer;
SELECT portatext.revoke_account('regress_cb_red'), portatext.revoke_account('regress_cb_blue');
DROP ROLE regress_cb_red, regress_cb_blue;
