-- SDK operations 1 and 61 to 71, through the dispatcher: login, profile, password, settings, ACL (API-01, API-02, API-06).
SET client_min_messages = error;
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
-- PostgREST's login role, and a request as nginx hands it on.
CREATE ROLE regress_rest_gate LOGIN NOINHERIT;
GRANT portatext_anonymous, portatext_account TO regress_rest_gate;
CREATE FUNCTION pg_temp.call(headers jsonb, method text, path text, body text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    PERFORM set_config('request.method', 'POST', true), set_config('request.path', '/rpc/rest', true),
            set_config('request.jwt.claims', '{}', true),
            set_config('request.headers', (headers || jsonb_build_object('x-real-ip', '192.0.2.7', 'x-original-method', method,
                'x-original-uri', '/' || path, 'x-original-content-type', 'application/json', 'x-original-accept', 'application/json'))::text, true);
    SET LOCAL ROLE portatext_anonymous;
    PERFORM portatext_api.authenticate();
    answer := convert_from(portatext_api.rest(convert_to(body, 'UTF8')), 'UTF8');
    RESET ROLE;
    RETURN current_setting('response.status') || ' ' || answer;
END $$;
SELECT portatext.open_account('rest account', 'Ann@example.com', 'correct horse', 'Ann', 'Lee', 'One Ltd', 'Europe/Madrid') AS opened \gset
SELECT :'opened'::jsonb ->> 'account_id' AS account,
       jsonb_build_object('x-api-key', :'opened'::jsonb ->> 'api_key') AS key \gset
\set good '{"authorization": "Basic YW5uQGV4YW1wbGUuY29tOmNvcnJlY3QgaG9yc2U="}'
\set bad '{"authorization": "Basic YW5uQGV4YW1wbGUuY29tOndyb25nIGhvcnNl"}'
SET SESSION AUTHORIZATION regress_rest_gate;

-- 1: login; a wrong password is counted although the answer is an error
SELECT pg_temp.call('{}', 'POST', 'login');
SELECT pg_temp.call(:'bad', 'POST', 'login');
SELECT left(pg_temp.call(:'good', 'POST', 'login'), 14);
SELECT jsonb_build_object('x-session-token', substr(pg_temp.call(:'good', 'POST', 'login'), 5)::jsonb ->> 'token') AS session \gset
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM portatext.api_session;
SET SESSION AUTHORIZATION regress_rest_gate;
SELECT pg_temp.call('{}', 'GET', 'me');
SELECT pg_temp.call('{"x-session-token": "none"}', 'GET', 'me');

-- 61, 62: the profile
SELECT pg_temp.call(:'session', 'GET', 'me');
SELECT pg_temp.call(:'session', 'PUT', 'me', '{"first_name": "Anna", "company": "Two Ltd", "timezone": "UTC", "language": "es", "callback_url": "https://example.com/hook"}');
SELECT pg_temp.call(:'session', 'PUT', 'me', '{"callback_url": null}');
SELECT pg_temp.call(:'session', 'PUT', 'me', '{"timezone": "Mars/Base"}');
SELECT pg_temp.call(:'session', 'PUT', 'me', '{"shoe_size": "42"}');

-- 70, 71: keys are good from the networks of the ACL alone
SELECT pg_temp.call(:'key', 'GET', 'acl');
SELECT pg_temp.call(:'session', 'GET', 'acl');
SELECT pg_temp.call(:'session', 'PUT', 'acl', '{"acl": [{"ip": "192.0.2.130", "netmask": 24, "description": "office"}, {"ip": "198.51.100.1"}]}');
SELECT pg_temp.call(:'key', 'GET', 'acl');
SELECT pg_temp.call(:'session', 'PUT', 'acl', '{"acl": [{"ip": "192.0.2.300"}]}');
SELECT pg_temp.call(:'session', 'PUT', 'acl', '{}');

-- 68, 69: settings are kept and shown; what would switch on what is not built is refused
SELECT pg_temp.call(:'key', 'GET', 'me/settings');
SELECT pg_temp.call(:'key', 'PATCH', 'me/settings', '{"alert_when_credit_less_than": 20, "email_on_inbound_sms": "in@example.com", "autorecharge_enabled": false, "autorecharge_when_credit": 10, "autorecharge_total": 1000.5, "default_card_id": null, "sns_publish_enabled": false, "sns_access_key": "AK", "sns_access_secret": "hidden", "sns_topic": "arn:aws:sns:x", "amd_initial_silence": 2000, "amd_max_greeting_length": 1600, "amd_after_greeting_silence": 700, "amd_total_time": 4000, "amd_min_word_length": 90, "amd_between_words_silence": 60, "amd_max_words": 4, "amd_silence_threshold": 300, "amd_max_word_length": 4500}');
SELECT pg_temp.call(:'key', 'PATCH', 'me/settings', '{"email_on_inbound_sms": null, "sns_topic": null}');
SELECT pg_temp.call(:'key', 'PATCH', 'me/settings', '{}') AS one \gset
SELECT pg_temp.call(:'key', 'GET', 'me/settings') = :'one';
\set ECHO none
SELECT format('SELECT %L, pg_temp.call(%L, %L, %L, %L)', b, :'key', 'PATCH', 'me/settings', b) FROM unnest(ARRAY['{"autorecharge_enabled": true}', '{"sns_publish_enabled": true}', '{"default_card_id": 7}',
    '{"autorecharge_enabled": 1}', '{"amd_max_words": "4"}', '{"amd_max_words": 1.5}', '{"amd_max_words": -1}', '{"autorecharge_total": -1}', '{"sns_topic": 1}',
    '{"shoe_size": 42}', '{"amd_max_words": 5, "shoe_size": 42}', '{"email_on_inbound_sms": "nobody"}', '[]', 'x']) WITH ORDINALITY t (b, n) ORDER BY n \gexec
\set ECHO all
SELECT substr(pg_temp.call(:'key', 'GET', 'me/settings'), 5)::jsonb -> 'amd_max_words';
RESET SESSION AUTHORIZATION;
SELECT value FROM portatext.api_setting WHERE account_id = :account AND name = 'sns_access_secret';
SELECT alert_when_credit_less_than, email_on_inbound_sms, timezone FROM portatext.account WHERE account_id = :account;
SET SESSION AUTHORIZATION regress_rest_gate;
BEGIN;
SET LOCAL ROLE portatext_account;
SELECT * FROM portatext.api_setting;
ROLLBACK;

-- 63: the password; the wrong old one is 403, as an SDK would log in again and again after 401
SELECT pg_temp.call(:'session', 'PUT', 'me/password', '{"old_password": "wrong horse", "new_password": "battery staple"}');
SELECT pg_temp.call(:'session', 'PUT', 'me/password', '{"old_password": "correct horse"}');
SELECT pg_temp.call(:'session', 'PUT', 'me/password', '{"old_password": "correct horse", "new_password": "short"}');
SELECT pg_temp.call(:'session', 'PUT', 'me/password', '{"old_password": "correct horse", "new_password": "battery staple"}');
SELECT pg_temp.call(:'good', 'POST', 'login');

-- 64 to 67: nonces, without credentials (API-06); the answer is the same for everybody
SELECT pg_temp.call('{}', 'POST', 'me/password/reset', '{"email": "nobody@example.com"}');
SELECT pg_temp.call('{}', 'POST', 'me/password/reset', '{"email": "ann@example.com"}');
SELECT pg_temp.call('{}', 'POST', 'me/password/reset', '{}');
SELECT pg_temp.call('{}', 'POST', 'me/email_verify');
SELECT pg_temp.call(:'session', 'POST', 'me/email_verify');
RESET SESSION AUTHORIZATION;
SELECT max(unsent) FILTER (WHERE kind = 'password_reset') AS reset, max(unsent) FILTER (WHERE kind = 'email_verify') AS verify
    FROM portatext.api_nonce WHERE user_id IS NOT NULL \gset
SELECT :'reset' <> '' AND :'verify' <> '';
SET SESSION AUTHORIZATION regress_rest_gate;
SELECT pg_temp.call('{}', 'PUT', 'me/password/reset/none', '{"new_password": "correct horse"}');
SELECT pg_temp.call('{}', 'PUT', 'me/password/reset/' || :'reset', '{}');
SELECT pg_temp.call('{}', 'PUT', 'me/password/reset/' || :'reset', '{"new_password": "correct horse"}');
SELECT pg_temp.call('{}', 'PUT', 'me/password/reset/' || :'reset', '{"new_password": "correct horse"}');
SELECT pg_temp.call(:'session', 'GET', 'me');        -- all sessions have ended
SELECT left(pg_temp.call(:'good', 'POST', 'login'), 3);
SELECT pg_temp.call('{}', 'PUT', 'me/email_verify/none');
SELECT pg_temp.call('{}', 'PUT', 'me/email_verify/' || :'verify');
SELECT pg_temp.call(:'key', 'GET', 'me');

-- an account without users
RESET SESSION AUTHORIZATION;
SELECT portatext.create_account('rest account, keys only') AS other \gset
BEGIN;
SELECT portatext.act_as(:other);
SELECT jsonb_build_object('x-api-key', portatext.create_api_key('one', addresses => '{0.0.0.0/0}')) AS key2 \gset
SELECT jsonb_build_object('x-api-key', portatext.create_api_key('reader', '{read}', '{0.0.0.0/0}')) AS reader \gset
COMMIT;
SET SESSION AUTHORIZATION regress_rest_gate;
SELECT pg_temp.call(:'key2', 'GET', 'me');
SELECT pg_temp.call(:'key2', 'PUT', 'me', '{"company": "Three Ltd"}');
-- a key that may only read
\set ECHO none
SELECT format('SELECT %L, pg_temp.call(%L, %L, %L, %L)', concat_ws(' ', m, p), :'reader', m, p, b) FROM (VALUES ('GET', 'me', ''), ('PUT', 'me', '{}'), ('PATCH', 'me/settings', '{}'), ('PUT', 'acl', '{"acl": []}'),
    ('PUT', 'me/password', '{"old_password": "correct horse", "new_password": "battery staple"}'), ('POST', 'contact_lists', '{"name": "x"}'),
    ('POST', 'campaigns/1/lifecycle', '{"action": "start"}'), ('GET', 'contact_lists', '')) v (m, p, b) \gexec
\set ECHO all

RESET SESSION AUTHORIZATION;
DROP ROLE regress_rest_gate;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
