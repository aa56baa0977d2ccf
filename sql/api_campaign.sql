-- The API as a tenant: campaigns (CAMP-01 to -04, -12, -14, -15, CSV-07, GEN-08).
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

CREATE ROLE regress_ap_red LOGIN;
CREATE ROLE regress_ap_blue LOGIN;
SELECT portatext.create_account('red', sandbox => true) AS red, portatext.create_account('blue', sandbox => true) AS blue \gset
SELECT portatext.grant_account('regress_ap_red', :red), portatext.grant_account('regress_ap_blue', :blue);
SELECT count(portatext.assign_did(n, :red)) FROM unnest('{+12025550101,+12025550102}'::text[]) n;
SELECT portatext.set_tariff('+1', 1, :red) > 0;
SELECT portatext.recharge(100, account_id => :red);
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hinted text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hinted = PG_EXCEPTION_HINT;
    RETURN regexp_replace(concat_ws(' | ', SQLSTATE, SQLERRM, NULLIF(hinted, '')), '(campaign|Job) \d+', '\1 N', 'g');
END $$;

SET SESSION AUTHORIZATION regress_ap_red;
SELECT count(*) FROM (SELECT portatext_api.create_contact_list(n) FROM unnest('{vip,rest}'::text[]) n) l;
SELECT portatext_api.import_contacts(E'number,name\n12025550111,Ann\n12025550112,Bob\n442071838750,Far\n', 'vip') ->> 'contacts';
SELECT portatext_api.import_contacts(E'number\n12025550112\n12025550113\n', 'rest') ->> 'contacts';

-- CAMP-02, CAMP-08, CAMP-15: to several lists, from several numbers, with defaults for variables
SELECT portatext_api.create_campaign('spring', 'Hello {{name}}', "from" => '["12025550101", "12025550102"]', lists => '{vip,rest}',
    variables => '{"name": "friend"}', description => 'the first', schedule => '{"any_day": {"from": "00:00", "to": "23:59"}}') AS made \gset
SELECT :'made'::jsonb - 'id' - 'job_id';
SELECT :'made'::jsonb ->> 'id' AS id, :'made'::jsonb ->> 'job_id' AS job \gset
SELECT name, description, state, reason, run, "from", service, texts, variables, cardinality(list_ids), all_subscribers, schedule, priority, repeatable, recipients
    FROM portatext_api.campaigns WHERE id = :id;
SELECT kind, state, percent FROM portatext_api.jobs WHERE id = :job;
SELECT pg_temp.refused(format('SELECT portatext_api.campaign_preview(%s)', :id));
CALL portatext.run_job(:job);
SELECT kind, state, percent, (result ->> 'id')::bigint = :id, result ->> 'status' FROM portatext_api.jobs WHERE id = :job;
-- CAMP-04: it does not start by itself
SELECT state, recipients FROM portatext_api.campaigns;
BEGIN READ ONLY;
SELECT portatext_api.campaign_preview(:id);
SELECT number, state, reason, message_id, variant, segments, cost, "from" IN ('12025550101', '12025550102') FROM portatext_api.campaign_contacts
    WHERE campaign_id = :id AND run = 1 ORDER BY number;
SELECT name, run, state, recipients, pending, queued, skipped, cancelled, credits FROM portatext_api.campaign_progress WHERE id = :id;
COMMIT;

-- To look at it first.
SELECT jsonb_pretty(jsonb_agg(t - 'id')), count(t ->> 'id')
    FROM jsonb_array_elements(portatext_api.test_campaign(:id, '{12025550111,442071838750,12}')) t;
-- CAMP-12: one contact is taken out
SELECT portatext_api.cancel_campaign_contact(:id, '12025550113');
SELECT portatext_api.start_campaign(:id) - 'id' - 'job_id';
RESET SESSION AUTHORIZATION;
SELECT count(portatext.release_campaigns()) FROM generate_series(1, 5);
SET SESSION AUTHORIZATION regress_ap_red;
SELECT portatext_api.pause_campaign(:id) - 'id' - 'job_id';
SELECT state, reason FROM portatext_api.campaigns;
SELECT portatext_api.resume_campaign(:id) - 'id' - 'job_id';
SELECT name, run, state, recipients, pending, queued, skipped, cancelled, credits FROM portatext_api.campaign_progress WHERE id = :id;
SELECT jsonb_pretty(portatext_api.campaign_report(:id));
SELECT regexp_replace(portatext_api.export_campaign_contacts(:id), '[0-9a-f]{8}-[0-9a-f-]{27}', 'ID', 'g');
-- in pages
SELECT p ->> 'number', p ->> 'state', p - 'number' - 'state' - 'message_id' FROM jsonb_array_elements(portatext_api.campaign_contacts_page(:id, page_size => 2)) p;
SELECT p ->> 'number', p ->> 'reason' FROM jsonb_array_elements(portatext_api.campaign_contacts_page(:id, '12025550112')) p;
SELECT portatext_api.campaign_contacts_page(:id, '442071838750');
-- CAMP-12: the file goes in again as a contact list
SELECT portatext_api.import_contacts(portatext_api.export_campaign_contacts(:id), 'rest') ->> 'contacts';
SELECT pg_temp.refused(format('SELECT portatext_api.delete_campaign(%s)', :id));
SELECT portatext_api.cancel_campaign(:id) - 'id' - 'job_id';
SELECT state, count(*) FROM portatext_api.campaign_contacts WHERE campaign_id = :id GROUP BY 1 ORDER BY 1;
SELECT run, state, reason, recipients, skipped, job_id IS NOT NULL, finished_at >= started_at FROM portatext_api.campaign_runs WHERE campaign_id = :id;
SELECT DISTINCT ON (payload ->> 'status') type, payload ->> 'status', (payload ->> 'id')::bigint = :id FROM portatext_api.events WHERE type LIKE 'campaign.%' ORDER BY payload ->> 'status';

-- CAMP-03, CSV-07: recipients that come with the request; texts that are compared
SELECT portatext_api.create_campaign('two', variants => '[{"text": "Hello you"}, {"text": "Good day", "weight": 2, "label": "formal"}]',
    csv => E'number\n12025550114\n12025550115\n') ->> 'id' AS two \gset
SELECT texts, list_ids, "from" FROM portatext_api.campaigns WHERE id = :two;
SELECT job_id AS job FROM portatext_api.campaigns WHERE id = :two \gset
SELECT portatext_api.cancel_job(:job), portatext_api.cancel_job(:job);
SELECT state, reason FROM portatext_api.campaigns WHERE id = :two;
SELECT pg_temp.refused(format('SELECT portatext_api.retry_job(%s)', :job)) ~ '^PT409 ';
SELECT portatext_api.delete_campaign(:two);
SELECT count(*) FROM portatext_api.campaigns WHERE id = :two;

SELECT pg_temp.refused(format(s, :id)) FROM unnest(ARRAY[
    $$SELECT portatext_api.create_campaign('')$$,
    $$SELECT portatext_api.create_campaign('x', 'Hello you')$$,
    $$SELECT portatext_api.create_campaign('x', 'Hello you', lists => '{nowhere}')$$,
    $$SELECT portatext_api.create_campaign('x', 'Hello you', lists => '{vip}', "from" => '12025550199')$$,
    $$SELECT portatext_api.create_campaign('x', 'Hello you', lists => '{vip}', template => 'hello')$$,
    $$SELECT portatext_api.create_campaign('x', template => 'nowhere', lists => '{vip}')$$,
    $$SELECT portatext_api.create_campaign('x', 'Hello you', lists => '{vip}', schedule => '{"never": {}}')$$,
    $$SELECT portatext_api.start_campaign(%s)$$,
    $$SELECT portatext_api.start_campaign(999999)$$,
    $$SELECT portatext_api.pause_campaign(%s)$$,
    $$SELECT portatext_api.resume_campaign(%s)$$,
    $$SELECT portatext_api.cancel_campaign(999999)$$,
    $$SELECT portatext_api.delete_campaign(999999)$$,
    $$SELECT portatext_api.cancel_campaign_contact(%s, '12')$$,
    $$SELECT portatext_api.cancel_campaign_contact(%s, '12025550999')$$,
    $$SELECT portatext_api.campaign_preview(999999)$$,
    $$SELECT portatext_api.campaign_report(%s, 9)$$,
    $$SELECT portatext_api.export_campaign_contacts(999999)$$,
    $$SELECT portatext_api.campaign_contacts_page(999999)$$,
    $$SELECT portatext_api.test_campaign(%s, '{}')$$,
    $$SELECT portatext_api.cancel_job(999999)$$,
    $$SELECT portatext_api.retry_job(999999)$$]) s;

-- What is no number is shown as it was given, and pages go on behind it.
RESET SESSION AUTHORIZATION;
INSERT INTO portatext.campaign_recipient (run_id, number, account_id, reason)
    SELECT n.run_id, x, n.account_id, 'bad_number' FROM portatext.campaign_run n, unnest('{12,77}'::text[]) x WHERE n.campaign_id = :id;
SET SESSION AUTHORIZATION regress_ap_red;
SELECT number, state, reason FROM portatext_api.campaign_contacts WHERE campaign_id = :id AND reason = 'bad_number' ORDER BY number;
SELECT p ->> 'number' FROM jsonb_array_elements(portatext_api.campaign_contacts_page(:id, '442071838750', 1)) p;
SELECT p ->> 'number' FROM jsonb_array_elements(portatext_api.campaign_contacts_page(:id, '12')) p;
SELECT portatext_api.campaign_contacts_page(:id, '77');

-- GEN-11
SET SESSION AUTHORIZATION regress_ap_blue;
SELECT (SELECT count(*) FROM portatext_api.campaigns), (SELECT count(*) FROM portatext_api.campaign_progress),
    (SELECT count(*) FROM portatext_api.campaign_contacts), (SELECT count(*) FROM portatext_api.jobs), (SELECT count(*) FROM portatext_api.campaign_runs),
    (SELECT count(*) FROM portatext_api.events);
SELECT pg_temp.refused(format('SELECT portatext_api.%I(%s)', f, :id))
    FROM unnest('{start_campaign,pause_campaign,resume_campaign,cancel_campaign,delete_campaign,campaign_preview,campaign_report,campaign_contacts_page,export_campaign_contacts}'::text[]) f;
SELECT pg_temp.refused(format($$SELECT portatext_api.cancel_campaign_contact(%s, '12025550111')$$, :id));
SELECT pg_temp.refused(format($$SELECT portatext_api.test_campaign(%s, '{12025550111}')$$, :id));
SELECT pg_temp.refused($$SELECT portatext_api.create_campaign('x', 'Hello you', lists => '{vip}')$$);
SELECT v, p FROM unnest('{campaigns,campaign_progress,campaign_contacts,campaign_runs,events}'::text[]) v, unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) p
    WHERE has_table_privilege('portatext_api.' || v, p);

RESET SESSION AUTHORIZATION;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP ROLE regress_ap_red, regress_ap_blue;
