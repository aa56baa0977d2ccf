-- room: api.  The paths of the PortaText SDKs (API-05), as nginx calls them.
SET client_min_messages = error;
\set SHOW_CONTEXT never

-- No worker: what is queued stays so.
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

-- All 94 operations are there, and each handler with what its row says.
SELECT count(DISTINCT r.operation), min(r.operation), max(r.operation) FROM portatext.rest_routes() r;
SELECT r.handler, r.gives, p.prorettype::regtype, l.lanname
    FROM (SELECT DISTINCT handler, gives FROM portatext.rest_routes()) r
    LEFT JOIN pg_proc p ON p.oid = to_regprocedure('portatext.' || r.handler || '(jsonb, bytea)')
    LEFT JOIN pg_language l ON l.oid = p.prolang
    WHERE p.oid IS NULL OR l.lanname <> 'portatext_api' OR NOT has_function_privilege('portatext_account', p.oid, 'EXECUTE')
       OR r.handler <> 'rest_not_offered'
          AND p.prorettype <> CASE r.gives WHEN 'json' THEN 'jsonb' WHEN 'csv' THEN 'text' ELSE 'bytea' END::regtype
    ORDER BY 1;
-- Those that are called without an account.
SELECT DISTINCT r.handler FROM portatext.rest_routes() r
    WHERE has_function_privilege('portatext_anonymous', 'portatext.' || r.handler || '(jsonb, bytea)', 'EXECUTE')
    ORDER BY 1;
-- What is not built yet.
SELECT string_agg(e.method || ' ' || e.path, ', ' ORDER BY e.operation)
    FROM (SELECT DISTINCT operation, method, path FROM portatext_api.endpoints WHERE NOT offered) e;

-- A request as nginx makes it.
CREATE FUNCTION regress_rest(method text, uri text, body text DEFAULT '', type text DEFAULT 'application/json',
        accept text DEFAULT 'application/json', OUT status text, OUT answer text)
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.headers', jsonb_strip_nulls(jsonb_build_object('x-original-method', method,
        'x-original-uri', uri, 'x-original-content-type', type, 'x-original-accept', accept))::text, true);
    answer := convert_from(portatext_api.rest(convert_to(body, 'UTF8')), 'UTF8');
    status := current_setting('response.status');
END
$$;
CREATE ROLE regress_pt_rest;
SELECT portatext.create_account('rest', carrier => 'loopback') AS account,
       portatext.create_account('rest_other', carrier => 'loopback') AS other \gset
SELECT portatext.grant_account('regress_pt_rest', :account);
SELECT portatext.assign_did('+13055550100', :account) > 0, portatext.assign_did('+13055550101', :account) > 0,
       portatext.assign_did('+13055550102', :other) > 0;
SELECT portatext.set_tariff('1', 1.5, :account) > 0 AS tariff, portatext.recharge(10, 'test', :account);

-- Nobody is nobody.
SET ROLE portatext_anonymous;
SELECT * FROM regress_rest('GET', '/templates');
SELECT * FROM regress_rest('GET', '/trunks');
SET ROLE regress_pt_rest;

-- What the dispatcher refuses, always in the SDKs' envelope.
SELECT * FROM regress_rest('GET', '/nothing');
SELECT * FROM regress_rest(NULL, NULL);
SELECT * FROM regress_rest('PATCH', '/templates/1'), current_setting('response.headers') headers;
SELECT * FROM regress_rest('GET', '/templates', accept => 'text/csv');
SELECT * FROM regress_rest('PUT', '/contacts', '{}');
SELECT * FROM regress_rest('GET', '/dids/%zz');
SELECT * FROM regress_rest('GET', '/templates?page=0');
SELECT * FROM regress_rest('GET', '/templates?page=1x');
SELECT * FROM regress_rest('GET', '/templates?page=1000001');
SELECT * FROM regress_rest('GET', '/templates?x=%ff');
SELECT status, answer::jsonb #>> '{error_description,0}' AS error FROM regress_rest('POST', '/templates', '{"name": ');
SELECT * FROM regress_rest('POST', '/templates', '["name"]');
SELECT status, answer::jsonb #>> '{error_description,0}' AS error FROM regress_rest('POST', '/templates', '{"name": "a\u0000"}');
SELECT * FROM regress_rest('GET', '/trunks/7');
SELECT * FROM regress_rest('POST', '/sounds?name=x', 'mp3', 'audio/mpeg');
SELECT * FROM regress_rest('GET', '/jobs/1/result', accept => '*/*');
-- A body cannot pass for more than a body.
SELECT status, answer::jsonb #>> '{error_description,0}' AS error FROM regress_rest('PUT', '/templates/1', '{"name": "a"}, "path": {"id": "2"}');

-- An error undoes what its request did, and nothing else; the next request is served.
BEGIN;
SELECT status FROM regress_rest('POST', '/templates', '{"name": "one", "text": "Hello {{name}}"}');
SELECT * FROM regress_rest('POST', '/templates', '{"name": "one", "text": "again"}');
SELECT * FROM regress_rest('POST', '/templates', '{"name": "two", "text": "Hello {{name"}');
SELECT status FROM regress_rest('POST', '/templates', '{"name": "two", "text": "Cze\u015b\u0107 \ud83d\ude00"}');
COMMIT;
SELECT template_id AS one FROM portatext.template WHERE name = 'one' \gset
SELECT template_id AS two FROM portatext.template WHERE name = 'two' \gset
-- ASCII alone.
SELECT status, regexp_replace(answer, '"id": \d+', '"id": n', 'g') AS answer FROM regress_rest('GET', '//templates/?');
SELECT status, answer::jsonb - 'id' AS answer FROM regress_rest('GET', '/templates/' || :two);
SELECT * FROM regress_rest('GET', '/templates/99999999');
SELECT status FROM regress_rest('PUT', '/templates/' || :two, '{"name": "2", "description": "greeting", "text": "Dear {{name}},"}');
SELECT name, body, description FROM portatext.template WHERE template_id = :two;
-- An id is an id, whatever the names are.
SELECT status FROM regress_rest('PUT', '/templates/' || :two, jsonb_build_object('name', :'one')::text);
SELECT status FROM regress_rest('DELETE', '/templates/' || :one);
SELECT name = :'one' AS named_like_the_other FROM portatext.template;
SELECT * FROM regress_rest('DELETE', '/templates/' || :one);

-- POST sms: to one.
SELECT status, answer::jsonb - 'id' AS answer FROM regress_rest('POST', '/sms',
    '{"from": ["13055550101", "13055550100"], "to": "13055550199", "text": "Hello there", "client_ref": "order-9"}');
SELECT status, answer::jsonb - '{id,from,send_at}'::text[] AS answer FROM regress_rest('POST', '/sms', format(
    '{"from": "any", "to": "13055550198", "template_id": %s, "variables": {"name": "Zo\u00eb"}, "schedule": {"any_day": {"from": "00:00", "to": "24:00"}}}', :two));
SELECT from_number, to_number, body, client_ref, cost FROM portatext.sms ORDER BY message_id;
SELECT * FROM regress_rest('POST', '/sms', '{"to": "13055550199", "text": "Hello there", "from": "13055550102"}');
SELECT * FROM regress_rest('POST', '/sms', '{"to": "12", "text": "Hello there"}');
SELECT * FROM regress_rest('POST', '/sms', '{"text": "Hello there"}');
SELECT * FROM regress_rest('POST', '/sms', '{"to": "13055550199", "contact_list_ids": [1], "text": "Hello there"}');
SELECT * FROM regress_rest('POST', '/sms', '{"contact_list_ids": 1, "text": "Hello there"}');
SELECT * FROM regress_rest('POST', '/sms', '{"to": "13055550199", "template_id": "x"}');
SELECT * FROM regress_rest('POST', '/sms', '{"to": "13055550199", "text": "Hello there", "service_id": 7}');
SELECT * FROM regress_rest('POST', '/sms', '{"to": "13055550199", "text": "Hello there", "schedule": {"any_day": {"from": "25:00", "to": "18:00"}}}');
-- POST sms: to lists.
SELECT portatext.create_contact_list('friends') AS friends, portatext.create_contact_list('nobody') AS nobody \gset
SELECT portatext.set_contact(n, NULL, 'friends') FROM unnest(ARRAY['+13055550181', '+13055550182']) n;
SELECT status, answer::jsonb - 'group_id' AS answer FROM regress_rest('POST', '/sms',
    format('{"contact_list_ids": [%s], "text": "Hello friends"}', :friends));
SELECT * FROM regress_rest('POST', '/sms', format('{"contact_list_ids": [%s], "text": "Hello friends"}', :nobody));
SELECT * FROM regress_rest('POST', '/sms', '{"contact_list_ids": [99999999], "text": "Hello friends"}');
-- No credits: 402, alone and for lists.
SELECT portatext.balance();
SELECT status, answer::jsonb -> 'refused' AS refused FROM regress_rest('POST', '/sms',
    format('{"contact_list_ids": [%s], "text": "Hello friends"}', :friends));
SELECT * FROM regress_rest('POST', '/sms', format('{"contact_list_ids": [%s], "text": "Hello friends"}', :friends));
SELECT * FROM regress_rest('POST', '/sms', '{"to": "13055550199", "text": "Hello there"}');

RESET ROLE;
SELECT portatext.recharge(10, 'test', :account);
SET ROLE regress_pt_rest;

-- GET sms.
SELECT message_id AS message FROM portatext.sms WHERE client_ref = 'order-9' \gset
SELECT status, answer::jsonb ->> 'to' AS "to", answer::jsonb ->> 'text' AS text FROM regress_rest('GET', '/sms/' || :'message');
SELECT * FROM regress_rest('GET', '/sms/' || :'message' || '0');
SELECT * FROM regress_rest('GET', '/sms/00000000-0000-7000-8000-000000000000');
SELECT q.query, r.status, jsonb_path_query_array(r.answer::jsonb, '$.sms[*].to') AS "to", r.answer::jsonb -> 'total_pages' AS pages
    FROM (VALUES (''), ('sort_order=asc&sort_field=date'), ('client_ref=order-9'), ('to=13055550199'), ('to=%2B13055550199'),
                 ('from=13055550199'), ('from=13055550101'), ('from=13055550102'), ('direction=inbound'),
                 ('status=rejected'), ('date_from=2020-01-01T00%3A00%3A00'), ('date_to=2020-01-01T00%3A00%3A00'),
                 ('date_from=2020-01-01&sort_order=asc'), ('campaign_id=1&service_id=2'), ('page=2')) q (query),
         regress_rest('GET', '/sms?' || q.query) r;
SELECT q.query, r.* FROM (VALUES ('status=bad'), ('direction=up'), ('sort_field=cost'), ('sort_order=up'), ('date_from=soon'),
    ('campaign_id=x'), ('to=%2B12')) q (query), regress_rest('GET', '/sms?' || q.query) r;

-- Simulation and the alphabet; nothing is charged.
SELECT * FROM regress_rest('GET', '/simulate?text=Hello+there%21&country=us');
SELECT * FROM regress_rest('GET', '/simulate?country=US&template_id=' || :two || '&variables=%7B%22name%22%3A%22%C5%81ukasz%22%7D');
SELECT * FROM regress_rest('GET', '/simulate?text=Hello+there');
SELECT * FROM regress_rest('GET', '/simulate?text=Hello+there&country=XX');
SELECT * FROM regress_rest('GET', '/simulate?country=US&variables=x&template_id=' || :two);
SELECT status, jsonb_array_length(answer::jsonb -> 'gsm_charset'), answer::jsonb #> '{gsm_charset,1}' FROM regress_rest('GET', '/gsm_charset');
SELECT portatext.balance();

-- Blacklist.
SELECT * FROM regress_rest('PUT', '/blacklist/13055550199');
SELECT status, answer::jsonb - 'created_at' AS answer FROM regress_rest('GET', '/blacklist/13055550199');
SELECT * FROM regress_rest('GET', '/blacklist/13055550190');
SELECT * FROM regress_rest('PUT', '/blacklist/12');
SELECT status, answer::jsonb - 'job_id' AS answer
    FROM regress_rest('PUT', '/blacklist/contacts', E'number,reason\n13055550188,"a, b"\n', 'text/csv');
SET client_min_messages = warning;
SELECT * FROM regress_rest('PUT', '/blacklist/contacts', E'number\n13055550187\nabc\n12\n', 'text/csv');
RESET client_min_messages;
SELECT * FROM regress_rest('GET', '/blacklist/contacts', accept => 'text/csv');
SELECT status, jsonb_path_query_array(answer::jsonb, '$.blacklist[*].number') FROM regress_rest('GET', '/blacklist');
SELECT status, jsonb_path_query_array(answer::jsonb, '$.blacklist[*].number') FROM regress_rest('GET', '/blacklist/contacts');
SELECT * FROM regress_rest('DELETE', '/blacklist/13055550188');
SELECT * FROM regress_rest('DELETE', '/blacklist/13055550188');
SELECT * FROM regress_rest('POST', '/sms', '{"to": "13055550199", "text": "Hello there"}');

-- Numbers.
SELECT * FROM regress_rest('GET', '/dids');
SELECT * FROM regress_rest('PATCH', '/dids/13055550100', '{"stop_words_enabled": true, "autoresponder_enabled": true, "autoresponder_text": "We are closed"}');
SELECT number, stop_detection, auto_reply FROM portatext.did ORDER BY number;
SELECT * FROM regress_rest('PATCH', '/dids/13055550100', '{"cnam_enabled": true, "autoresponder_enabled": false}');
SELECT * FROM regress_rest('PATCH', '/dids/13055550100', '{"autoresponder_enabled": true}');
SELECT status FROM regress_rest('PATCH', '/dids/13055550100', '{"autoresponder_enabled": "maybe"}');
SELECT * FROM regress_rest('PATCH', '/dids/13055550100', '');
SELECT * FROM regress_rest('PATCH', '/dids/13055550102', '{"cnam_enabled": true}');
SELECT * FROM regress_rest('GET', '/dids/13055550102');
SELECT * FROM regress_rest('GET', '/dids/search?country=US');

-- Services and subscribers.
RESET ROLE;
SELECT portatext.create_short_code('US', '55123') AS code \gset
INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age, frequency,
        intended_use, message_examples, advertising_examples, tc_url, phone)
    VALUES (:account, 'DEALS', :code, 'US', 'active', 'notifications', false, 0, 10, 'deals', '{deal}', '{}', 'https://example.com', '+13055550100')
    RETURNING service_id AS service \gset
INSERT INTO portatext.subscriber (service_id, number, account_id, state, reminder_due, since)
    VALUES (:service, '+13055550171', :account, 'active', 'infinity', '2026-01-01 12:00+00'),
           (:service, '+13055550172', :account, 'paused', 'infinity', '2026-01-02 12:00+00'),
           (:service, '+13055550173', :account, 'opted_out', 'infinity', '2026-01-03 12:00+00');
SET ROLE regress_pt_rest;
SET timezone = 'UTC';
SELECT status, (answer::jsonb #> '{sms_services,0}') - '{id,created_at}'::text[] AS service FROM regress_rest('GET', '/sms_services');
SELECT status, answer::jsonb ->> 'name' FROM regress_rest('GET', '/sms_services/' || :service);
SELECT * FROM regress_rest('GET', '/sms_services/99999999');
SELECT * FROM regress_rest('GET', '/sms_services/' || :service || '/subscribers');
SELECT * FROM regress_rest('GET', '/sms_services/' || :service || '/subscribers', accept => 'text/csv');
SELECT * FROM regress_rest('GET', '/sms_services/99999999/subscribers');

-- Jobs.
SELECT job_id AS job FROM portatext.job LIMIT 1 \gset
SELECT status, jsonb_path_query_array(answer::jsonb, '$.jobs[*].type') FROM regress_rest('GET', '/jobs');
SELECT status, answer::jsonb ->> 'status' AS job, answer::jsonb -> 'result' AS result FROM regress_rest('GET', '/jobs/' || :job);
SELECT * FROM regress_rest('DELETE', '/jobs/' || :job);
SELECT * FROM regress_rest('GET', '/jobs/99999999');
SELECT status FROM regress_rest('DELETE', '/jobs/99999999');
SELECT portatext.start_import('friends') AS waiting \gset
SELECT * FROM regress_rest('DELETE', '/jobs/' || :waiting);
SELECT state FROM portatext.job WHERE job_id = :waiting;

-- Somebody else's: as if it were not there.
RESET ROLE;
BEGIN;
SELECT portatext.act_as(:other);
SET LOCAL ROLE portatext_account;
SELECT split_part(q.uri, '/', 2) AS path, r.status FROM (VALUES ('/templates/' || :two), ('/sms/' || :'message'), ('/sms_services/' || :service),
    ('/jobs/' || :job), ('/dids/13055550100'), ('/blacklist/13055550199')) q (uri), regress_rest('GET', q.uri) r;
SELECT * FROM regress_rest('POST', '/sms', format('{"to": "13055550199", "template_id": %s}', :two));
SELECT * FROM regress_rest('POST', '/sms', format('{"contact_list_ids": [%s], "text": "Hello there"}', :friends));
ROLLBACK;

-- What authenticate() has refused.
BEGIN;
SELECT set_config('request.method', 'POST', true), set_config('request.path', '/rpc/rest', true),
       set_config('request.headers', '{"x-api-key": "pt_no", "x-original-method": "GET", "x-original-uri": "/sms"}', true);
SELECT portatext_api.authenticate();
SELECT convert_from(portatext_api.rest(''), 'UTF8'), current_setting('response.status'), current_setting('response.headers');
ROLLBACK;

-- Handlers that are missing or answer with what they may not: internal errors, which tell nothing.
BEGIN;
ALTER FUNCTION portatext.rest_gsm_charset(jsonb, bytea) RENAME TO regress_rest_handler;
SELECT * FROM regress_rest('GET', '/gsm_charset');
CREATE FUNCTION portatext.rest_gsm_charset(request jsonb, content bytea) RETURNS jsonb LANGUAGE portatext_api AS $$ SELECT '[]'::jsonb $$;
SELECT * FROM regress_rest('GET', '/gsm_charset');
CREATE OR REPLACE FUNCTION portatext.rest_gsm_charset(request jsonb, content bytea) RETURNS jsonb LANGUAGE portatext_api AS $$ SELECT no_such_column $$;
SELECT * FROM regress_rest('GET', '/gsm_charset');
CREATE OR REPLACE FUNCTION portatext.rest_gsm_charset(request jsonb, content bytea) RETURNS jsonb LANGUAGE portatext_api AS $$ SELECT NULL::jsonb $$;
SELECT * FROM regress_rest('GET', '/gsm_charset');
CREATE OR REPLACE FUNCTION portatext.rest_gsm_charset(request jsonb, content bytea) RETURNS jsonb LANGUAGE portatext_api AS $$ SELECT portatext.rest_raise((request #>> '{query,status}')::int, E'one\ntwo') $$;
SELECT s.status AS raised, r.* FROM unnest(ARRAY[400, 402, 409, 413, 422, 500, 503]) s (status), regress_rest('GET', '/gsm_charset?status=' || s.status) r;
-- Files.
ALTER FUNCTION portatext.rest_blacklist_csv(jsonb, bytea) RENAME TO regress_rest_csv;
CREATE FUNCTION portatext.rest_blacklist_csv(request jsonb, content bytea) RETURNS text LANGUAGE portatext_api AS $$ SELECT CASE request ->> 'page' WHEN '1' THEN 'ñ' END $$;
SELECT r.*, current_setting('response.headers') AS headers FROM regress_rest('GET', '/blacklist/contacts', accept => 'text/csv') r;
SELECT r.* FROM regress_rest('GET', '/blacklist/contacts?page=2', accept => 'text/csv') r;
ALTER FUNCTION portatext.rest_not_offered(jsonb, bytea) RENAME TO regress_rest_file;
CREATE FUNCTION portatext.rest_not_offered(request jsonb, content bytea) RETURNS bytea LANGUAGE portatext_api AS $$ SELECT 'PK'::bytea $$;
SELECT r.*, current_setting('response.headers') AS headers FROM regress_rest('GET', '/jobs/1/result', accept => '*/*') r;
ROLLBACK;

-- The routing table is everybody's to read.
SET ROLE regress_pt_rest;
SELECT * FROM portatext_api.endpoints WHERE path = 'campaigns' ORDER BY operation, takes;
RESET ROLE;
DROP FUNCTION regress_rest;
DROP ROLE regress_pt_rest;
