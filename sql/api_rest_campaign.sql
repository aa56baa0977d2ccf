-- SDK operations 35 to 41: campaigns (API-01, CAMP-01 to CAMP-04, CAMP-08, CAMP-12, CSV-07).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

-- No worker: jobs are done here.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_rest_red LOGIN;
CREATE ROLE regress_rest_blue LOGIN;
SELECT portatext.create_account('rest campaign, red', sandbox => true) AS red, portatext.create_account('rest campaign, blue') AS blue \gset
SELECT portatext.grant_account('regress_rest_red', :red), portatext.grant_account('regress_rest_blue', :blue);
SELECT count(portatext.assign_did(n, :red)) FROM unnest('{+12025550101,+12025550102}'::text[]) n;
SELECT portatext.set_tariff('+1', 1, :red) > 0;
SET portatext.account_id = :red;
SELECT portatext.recharge(100);
RESET portatext.account_id;

SET SESSION AUTHORIZATION regress_rest_red;
SET client_min_messages = error;
SELECT portatext.create_contact_list('friends') AS list, portatext.create_template('greeting', 'Hello {{name}}, how are you?') AS template \gset
SELECT portatext.set_contact('12025550' || n, jsonb_build_object('name', 'No. ' || n), 'friends') FROM generate_series(101, 103) n;

-- what is refused
SELECT portatext.rest_campaign_create('{"body": {"type": "telephony", "name": "x"}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"type": "fax", "name": "x"}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": ["text"]}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": {"text": "Hello you"}, "contact_list_ids": "friends"}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": {"text": "Hello you"}, "contact_list_ids": ["friends"]}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": {"text": "Hello you"}, "contact_list_ids": [0]}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": {"text": "Hello you"}}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": {"template_id": 0}}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": {"text": "Hello you"}, "service_id": "short"}}', NULL);
SELECT portatext.rest_campaign_create('{"body": {"name": "x", "settings": {"text": "Hello you"}, "service_id": 0, "all_subscribers": true}}', NULL);
SELECT portatext.rest_campaign_create(jsonb_build_object('body', jsonb_build_object('name', 'x', 'from', '{"a": 1}'::jsonb,
    'contact_list_ids', ARRAY[:list], 'settings', '{"text": "Hello you"}'::jsonb)), NULL);
SELECT portatext.rest_campaign_create(jsonb_build_object('body', jsonb_build_object('name', 'x', 'from', '13015550100',
    'contact_list_ids', ARRAY[:list], 'settings', '{"text": "Hello you"}'::jsonb)), NULL);
SELECT portatext.rest_campaign_create(jsonb_build_object('body', jsonb_build_object('name', 'x', 'schedule', '{"any_hour": {}}'::jsonb,
    'contact_list_ids', ARRAY[:list], 'settings', '{"text": "Hello you"}'::jsonb)), NULL);
SELECT portatext.rest_campaigns('{"page": 1}', NULL);

-- 36: a job builds it (CAMP-04)
SELECT j ->> 'job_id' AS job, j ->> 'campaign_id' AS id FROM portatext.rest_campaign_create(jsonb_build_object('body', jsonb_build_object(
    'type', 'sms', 'name', 'spring sale', 'description', 'shoes', 'from', '["12025550101", "12025550102"]'::jsonb,
    'contact_list_ids', ARRAY[:list], 'schedule', '{"any_day": {"from": "00:00", "to": "24:00"}}'::jsonb,
    'settings', jsonb_build_object('template_id', :template, 'variables', '{"name": "friend"}'::jsonb))), NULL) j \gset
SELECT jsonb_build_object('page', 1, 'path', jsonb_build_object('id', :'id')) AS path \gset
SELECT portatext.rest_campaign(:'path', NULL) ->> 'status';
CALL portatext.run_job(:job);
SELECT result ->> 'status', result ->> 'id' = :'id' FROM portatext.job WHERE job_id = :job;
SELECT portatext.rest_campaign(:'path', NULL) - '{id,created_at,started_at,finished_at,contact_list_ids}'::text[];
SELECT portatext.rest_campaign(:'path', NULL) -> 'contact_list_ids' = jsonb_build_array(:list);
SELECT c - '{id,created_at}'::text[] FROM jsonb_array_elements(portatext.rest_campaigns('{"page": 1}', NULL) -> 'campaigns') c;
SELECT portatext.rest_campaigns('{"page": 2}', NULL);

-- 39, 40: the contacts and their states
SELECT portatext.rest_campaign_contacts(:'path', NULL);
SELECT portatext.rest_campaign_contacts_csv(:'path', NULL);
SELECT jsonb_set(:'path', '{path,number}', '"12025550103"') AS contact \gset
SELECT portatext.rest_campaign_contact_cancel(:'contact', NULL);
SELECT portatext.rest_campaign_contact_cancel(jsonb_set(:'contact', '{path,number}', '"12025550199"'), NULL);
SELECT c ->> 'number', c ->> 'status' FROM jsonb_array_elements(portatext.rest_campaign_contacts(:'path', NULL) -> 'contacts') c;
SELECT portatext.rest_campaign_contacts(:'path'::jsonb || '{"page": 2}', NULL);

-- 41: the life cycle
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {"action": "begin"}}', NULL);
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {}}', NULL);
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {"action": "resume"}}', NULL) ->> 'status';
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {"action": "start"}}', NULL) ->> 'status';
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {"action": "pause"}}', NULL) ->> 'status';
SELECT portatext.rest_campaign_delete(:'path', NULL);
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {"action": "resume"}}', NULL) ->> 'status';
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {"action": "cancel"}}', NULL) ->> 'status';
SELECT portatext.rest_campaign(:'path', NULL) ->> 'status', portatext.rest_campaign(:'path', NULL) ->> 'cancelled';

-- 36 with a file: settings is the whole campaign (CSV-07)
SELECT portatext.rest_campaign_create_csv('{"query": {}}', E'number,name\n12025550104,Ana\n');
SELECT portatext.rest_campaign_create_csv('{"query": {"settings": "name=x"}}', E'number,name\n12025550104,Ana\n');
SELECT portatext.rest_campaign_create_csv('{"query": {"settings": "[1]"}}', E'number,name\n12025550104,Ana\n');
SELECT portatext.rest_campaign_create_csv('{"query": {"settings": "{\"name\": \"x\", \"all_subscribers\": true, \"settings\": {\"text\": \"Hello {{name}}\"}}"}}', E'number,name\n12025550104,Ana\n');
SELECT portatext.rest_campaign_create_csv('{"query": {"settings": "{\"name\": \"x\", \"settings\": {\"text\": \"Hello {{name}}\"}}"}}', E'number,name\n1,Ana\n');
SELECT portatext.rest_campaign_create_csv('{"query": {"settings": "{\"name\": \"x\", \"settings\": {\"text\": \"Hello {{name}}\"}}"}}', '\xff');
SELECT j ->> 'job_id' AS job, j ->> 'campaign_id' AS id2 FROM portatext.rest_campaign_create_csv(
    '{"query": {"settings": "{\"type\": \"sms\", \"name\": \"by file\", \"from\": \"any\", \"settings\": {\"text\": \"Hello {{name}}\"}}"}}',
    E'number,name\n12025550104,Ana\n17135550105,Jo\n') j \gset
CALL portatext.run_job(:job);
SELECT c ->> 'from', c ->> 'status', c ->> 'contacts', c -> 'settings', c -> 'contact_list_ids', c -> 'schedule'
    FROM portatext.rest_campaign(jsonb_build_object('path', jsonb_build_object('id', :'id2')), NULL) c;
SELECT c ->> 'id' = :'id2', c ->> 'name' FROM jsonb_array_elements(portatext.rest_campaigns('{"page": 1}', NULL) -> 'campaigns') c;

-- to all subscribers of a service; its id is never a keyword
RESET SESSION AUTHORIZATION;
SELECT portatext.create_short_code('US', '55512', ARRAY['US']) > 0;
SET SESSION AUTHORIZATION regress_rest_red;
SELECT portatext.request_service('SHOP', 'US', 'marketing', false, 18, 30, 'News', ARRAY['SHOP: news'], ARRAY['SHOP'],
    'https://shop.example', '+12025550100') AS service \gset
RESET SESSION AUTHORIZATION;
SELECT portatext.approve_service(:service, '55512', true);
SET SESSION AUTHORIZATION regress_rest_red;
SELECT portatext.activate_service(:service);
SELECT portatext.add_subscriber('SHOP', '+12025550107', 'web', '{"url": "https://shop.example"}', 'Yes, I want news', false);
SELECT j ->> 'job_id' AS job, j ->> 'campaign_id' AS id3 FROM portatext.rest_campaign_create(jsonb_build_object('body', jsonb_build_object(
    'name', 'news', 'service_id', :service, 'all_subscribers', true, 'settings', '{"text": "Hello you"}'::jsonb)), NULL) j \gset
CALL portatext.run_job(:job);
SELECT (c ->> 'service_id')::bigint = :service, c ->> 'all_subscribers', c ->> 'from', c ->> 'status', c ->> 'contacts'
    FROM portatext.rest_campaign(jsonb_build_object('path', jsonb_build_object('id', :'id3')), NULL) c;
SELECT service FROM portatext.campaign WHERE campaign_id = :id3;

-- nobody sees or changes another's
SET SESSION AUTHORIZATION regress_rest_blue;
SELECT portatext.rest_campaigns('{"page": 1}', NULL);
\set VERBOSITY sqlstate
SELECT portatext.rest_campaign(:'path', NULL);
SELECT portatext.rest_campaign_contacts(:'path', NULL);
SELECT portatext.rest_campaign_contacts_csv(:'path', NULL);
SELECT portatext.rest_campaign_contact_cancel(:'contact', NULL);
SELECT portatext.rest_campaign_lifecycle(:'path'::jsonb || '{"body": {"action": "start"}}', NULL);
SELECT portatext.rest_campaign_delete(:'path', NULL);
SELECT portatext.rest_campaign_create(jsonb_build_object('body', jsonb_build_object('name', 'x', 'contact_list_ids', ARRAY[:list],
    'settings', '{"text": "Hello you"}'::jsonb)), NULL);
SELECT portatext.rest_campaign_create(jsonb_build_object('body', jsonb_build_object('name', 'x', 'contact_list_ids', ARRAY[:list],
    'settings', jsonb_build_object('template_id', :template))), NULL);
\set VERBOSITY default

-- 38
SET SESSION AUTHORIZATION regress_rest_red;
SELECT portatext.rest_campaign_delete(:'path', NULL);
SELECT portatext.rest_campaign(:'path', NULL) = '{}';
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_rest_red, regress_rest_blue;
DROP ROLE regress_rest_red, regress_rest_blue;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
