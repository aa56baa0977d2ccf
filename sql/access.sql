-- Who calls the API: keys, networks, users, sessions, tokens, nonces, rights.
SET client_min_messages = error;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
-- PostgREST's login role, and one of an account.
CREATE ROLE regress_gate LOGIN NOINHERIT;
GRANT portatext_anonymous, portatext_account TO regress_gate;
CREATE ROLE regress_shop LOGIN;
-- Requests by role and headers; what an error was goes without its constant parts.
CREATE FUNCTION pg_temp.request(headers jsonb, method text DEFAULT 'POST', path text DEFAULT '/rpc/x', claims jsonb DEFAULT '{}')
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    status text;
BEGIN
    PERFORM set_config('request.headers', headers::text, true), set_config('request.method', method, true),
            set_config('request.path', path, true), set_config('request.jwt.claims', claims::text, true);
    PERFORM portatext_api.authenticate();
    RETURN current_user || ' ' || COALESCE(NULLIF(current_setting('portatext.account_id'), ''), 'no account');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS status = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', status::jsonb ->> 'status', SQLERRM::jsonb ->> 'code', SQLERRM::jsonb ->> 'message',
                     (SELECT 'X-Rate-Limit-Reset' WHERE status::jsonb #>> '{headers,X-Rate-Limit-Reset}' ~ '^\d{10,}$'));
END $$;
-- A request by its headers; its transaction stays open.
\set ask 'BEGIN; SET LOCAL ROLE portatext_anonymous; SELECT pg_temp.request(:\'h\');'

-- GEN-05, ALERT-01: an account with its user and a key that is good from nowhere yet.
SELECT portatext.open_account('access, one', 'Ann@example.com', 'correct horse', 'Ann', company => 'One Ltd') AS opened \gset
SELECT :'opened'::jsonb ->> 'account_id' AS one, :'opened'::jsonb ->> 'user_id' AS ann, :'opened'::jsonb ->> 'api_key' AS key,
       current_setting('portatext.account_id', true) = '' AS nobody_again \gset
SELECT :'nobody_again', :'key' ~ '^pt_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}$';
SELECT type, account_id = :one, payload FROM portatext.event;
SELECT name, prefix = left(:'key', 11), hash = sha256(:'key'), rights, addresses FROM portatext.api_key;
SELECT email, secret ~ '^SCRAM-SHA-256\$', email_verified_at FROM portatext.api_user;
SELECT portatext.create_account('access, two') AS two \gset
BEGIN;
SELECT portatext.act_as(:two);
SELECT portatext.create_user('bob@example.com', 'battery staple', language => 'es') > 0;
SAVEPOINT s;
SELECT portatext.create_user('ANN@example.com', 'battery staple');
ROLLBACK TO s;
SELECT portatext.create_user('carl', 'battery staple');
ROLLBACK TO s;
SELECT portatext.create_user('carl@example.com', 'short');
ROLLBACK TO s;
SELECT portatext.create_user('carl@example.com', (SELECT secret FROM portatext.api_user LIMIT 1));
ROLLBACK TO s;
SELECT portatext.create_user('carl@example.com', NULL);
ROLLBACK TO s;
SELECT portatext.create_user('carl@example.com', 'battery staple', language => 'Spanish');
ROLLBACK TO s;
SELECT portatext.create_api_key('two', '{read}', '{192.0.2.0/24}') AS key2 \gset
SELECT portatext.create_api_key('two, everywhere', '{read,send}', '{0.0.0.0/0}', 1000000, portatext.now() + interval '1 hour') AS key3 \gset
SELECT portatext.create_api_key('');
ROLLBACK TO s;
SELECT portatext.create_api_key('none', '{}');
ROLLBACK TO s;
SELECT portatext.create_api_key('null', addresses => '{NULL}');
ROLLBACK TO s;
SELECT portatext.create_api_key('zero', requests_per_minute => 0);
ROLLBACK TO s;
SELECT portatext.create_api_key('two', '{read}', '{192.0.2.0/24}') AS key2 \gset
SELECT portatext.create_api_key('two, everywhere', '{read,send}', '{0.0.0.0/0}', 1000000, portatext.now() + interval '1 hour') AS key3 \gset
COMMIT;

-- API-02: keys only from addresses in the ACL; 403 otherwise, as an SDK goes on trying after a 401.
SET SESSION AUTHORIZATION regress_gate;
SELECT jsonb_build_object('x-real-ip', '10.1.2.3', 'x-api-key', :'key') AS h \gset
:ask COMMIT;
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT portatext.act_as(:one);
-- API-02, ALERT-06: bits of the host are cleared; what is there twice is there once.
SELECT portatext.set_api_acl('[{"ip": "10.1.99.99", "netmask": 16, "description": "office"}, {"ip": "2001:db8::1"}, {"ip": "10.1.0.0", "netmask": 16}]');
SELECT portatext.set_api_acl('[{"ip": "10.1.0.0", "netmask": 16, "description": "office"}, {"ip": "2001:db8::1"}]');
SELECT type, payload FROM portatext.event WHERE account_id = :one ORDER BY event_id OFFSET 1;
SELECT portatext.api_acl_entries();
SAVEPOINT s;
SELECT portatext.set_api_acl('[{"ip": "10.1.0.0/8"}]');
ROLLBACK TO s;
SELECT portatext.set_api_acl('[{"ip": "10.1.0.0", "netmask": 33}]');
ROLLBACK TO s;
SELECT portatext.set_api_acl('{}');
ROLLBACK TO s;
SELECT portatext.set_api_acl((SELECT jsonb_agg(i) FROM generate_series(1, 1001) i));
ROLLBACK TO s;
COMMIT;
SET SESSION AUTHORIZATION regress_gate;
:ask COMMIT;
SELECT jsonb_build_object('x-real-ip', '::ffff:10.1.2.3', 'x-api-key', :'key') AS h \gset
:ask COMMIT;
SELECT jsonb_build_object('x-real-ip', '2001:db8::1', 'x-api-key', :'key') AS h \gset
:ask COMMIT;
SELECT jsonb_build_object('x-real-ip', '2001:db8::2', 'x-api-key', :'key') AS h \gset
:ask COMMIT;
SELECT jsonb_build_object('x-real-ip', '10.1.2.3, 10.2.2.3', 'x-api-key', :'key') AS h \gset
:ask COMMIT;
-- A key's own addresses replace the account's; 0.0.0.0/0 is everywhere, also when nobody says from where.
SELECT jsonb_build_object('x-real-ip', '10.1.2.3', 'x-api-key', :'key2') AS h \gset
:ask COMMIT;
SELECT jsonb_build_object('x-real-ip', '192.0.2.77', 'x-api-key', :'key2') AS h \gset
:ask COMMIT;
SELECT jsonb_build_object('x-api-key', :'key2') AS h \gset
:ask COMMIT;
SELECT jsonb_build_object('x-real-ip', 'unix:', 'x-api-key', :'key3') AS h \gset
:ask COMMIT;
-- An unknown key, one that is over and one that is revoked have the same answer.
SELECT jsonb_build_object('x-api-key', 'pt_12345678_12345678901234567890123456789012') AS h \gset
:ask COMMIT;
RESET SESSION AUTHORIZATION;
UPDATE portatext.api_key SET expires_at = portatext.now() WHERE name = 'two, everywhere';
BEGIN;
SELECT portatext.act_as(:two);
SELECT portatext.revoke_api_key(key_id) FROM portatext.api_key WHERE name = 'two';
SAVEPOINT s;
SELECT portatext.revoke_api_key(key_id) FROM portatext.api_key WHERE name = 'access, one';
ROLLBACK TO s;
COMMIT;
SET SESSION AUTHORIZATION regress_gate;
SELECT jsonb_build_object('x-real-ip', '10.1.2.3', 'x-api-key', :'key3') AS h \gset
:ask COMMIT;
SELECT jsonb_build_object('x-real-ip', '192.0.2.77', 'x-api-key', :'key2') AS h \gset
:ask COMMIT;
-- Nothing stays behind a request.
SELECT current_user, current_setting('portatext.account_id') = '';

-- Lists ask for a right by path and verb; functions by themselves.
\set h '{}'
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request('{}', 'GET', '/messages');
COMMIT;
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request('{}', 'GET', '/');
SELECT portatext_api.profile();
ROLLBACK;
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT portatext.act_as(:one);
SELECT portatext.create_api_key('sends', '{send}') AS sends, portatext.create_api_key('reads', '{read}') AS reads,
       portatext.create_api_key('keeps', '{read,account}') AS keeps \gset
COMMIT;
SET SESSION AUTHORIZATION regress_gate;
SELECT jsonb_build_object('x-real-ip', '10.1.2.3', 'x-api-key', :'sends') AS sends,
       jsonb_build_object('x-real-ip', '10.1.2.3', 'x-api-key', :'reads') AS reads,
       jsonb_build_object('x-real-ip', '10.1.2.3', 'x-api-key', :'keeps') AS keeps \gset
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request(:'sends', 'GET', '/messages');
COMMIT;
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request(:'reads', 'HEAD', '/messages');
COMMIT;
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request(:'reads', 'POST', '/messages');
COMMIT;
-- What is asked for anew in a request is not answered anew.
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request(:'reads');
SELECT pg_temp.request(:'sends');
SELECT portatext_api.profile() ->> 'first_name';
SELECT portatext_api.set_profile('{"first_name": "Mallory"}');
ROLLBACK;
-- Nobody gives away more than they have.
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request(:'keeps');
SELECT portatext_api.create_api_key('less', '{account}') ? 'api_key';
SELECT portatext_api.create_api_key('more', '{read,send}');
ROLLBACK;
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request(:'keeps');
SELECT portatext_api.create_api_key('fast', '{read}', requests_per_minute => 1000000);
ROLLBACK;

-- JWT, whose signature and role PostgREST has checked.
BEGIN;
SET LOCAL ROLE portatext_account;
SELECT pg_temp.request('{}', 'GET', '/messages', jsonb_build_object('role', 'portatext_account', 'account_id', :two, 'rights', '["read"]'::jsonb));
SELECT portatext_api.logout();
SELECT portatext_api.create_api_key('more', '{read}');
ROLLBACK;
BEGIN;
SET LOCAL ROLE portatext_account;
SELECT pg_temp.request('{}', 'GET', '/messages', jsonb_build_object('account_id', :'two'));
SELECT portatext_api.profile();
COMMIT;
BEGIN;
SET LOCAL ROLE portatext_account;
SELECT pg_temp.request('{}', claims => '{"account_id": 999999}');
ROLLBACK;
BEGIN;
SET LOCAL ROLE portatext_account;
SELECT pg_temp.request('{}', claims => '{"account_id": {"account_id": 1}}');
ROLLBACK;
BEGIN;
SET LOCAL ROLE portatext_account;
SELECT pg_temp.request('{}', claims => '[]');
ROLLBACK;
-- Claims say nothing unless PostgREST has taken the role of a token.
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request('{}', claims => jsonb_build_object('role', 'portatext_account', 'account_id', :two));
COMMIT;
RESET SESSION AUTHORIZATION;
-- A token's role must be one of accounts.
CREATE ROLE regress_stray NOLOGIN;
GRANT portatext_anonymous TO regress_stray;
GRANT regress_stray TO regress_gate;
SET SESSION AUTHORIZATION regress_gate;
BEGIN;
SET LOCAL ROLE regress_stray;
SELECT pg_temp.request('{}', claims => jsonb_build_object('account_id', :two));
ROLLBACK;
RESET SESSION AUTHORIZATION;
-- A tenant's own session of SQL cannot claim to be PostgREST.
SELECT portatext.grant_account('regress_shop', :one);
SET SESSION AUTHORIZATION regress_shop;
BEGIN;
SET LOCAL ROLE portatext_account;
SELECT pg_temp.request('{}', claims => jsonb_build_object('account_id', :two));
SELECT portatext.current_account() = :one;
SELECT portatext.log_in('bob@example.com', 'battery staple');
ROLLBACK;
BEGIN;
SELECT portatext.change_password('correct horse', 'battery staple');
ROLLBACK;
-- What it sets is looked at with care.
BEGIN;
SELECT set_config('request.headers', '[{"idempotency-key": "x"}, "idempotency-key"]', true);
SELECT portatext_api.profile() ->> 'first_name', portatext.log_out();
SELECT set_config('request.headers', '"idempotency-key"', true);
SELECT portatext_api.send_sms('12223334444', 'text');
ROLLBACK;
-- Nor does what it finds by its search_path run as the owner.
RESET SESSION AUTHORIZATION;
CREATE SCHEMA regress_trap AUTHORIZATION regress_shop;
GRANT USAGE ON SCHEMA regress_trap TO PUBLIC;
SET SESSION AUTHORIZATION regress_shop;
CREATE FUNCTION regress_trap.trap(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_shop'::name THEN
        RAISE EXCEPTION 'it runs as %', current_user;
    END IF;
    RETURN a OPERATOR(pg_catalog.=) b;
END $$;
CREATE OPERATOR regress_trap.= (FUNCTION = regress_trap.trap, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION regress_trap.trap(a bigint, b bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_shop'::name THEN
        RAISE EXCEPTION 'it runs as %', current_user;
    END IF;
    RETURN a OPERATOR(pg_catalog.=) b;
END $$;
CREATE OPERATOR regress_trap.= (FUNCTION = regress_trap.trap, LEFTARG = bigint, RIGHTARG = bigint);
CREATE FUNCTION regress_trap.trap(a bytea, b bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_shop'::name THEN
        RAISE EXCEPTION 'it runs as %', current_user;
    END IF;
    RETURN a OPERATOR(pg_catalog.=) b;
END $$;
CREATE OPERATOR regress_trap.= (FUNCTION = regress_trap.trap, LEFTARG = bytea, RIGHTARG = bytea);
SET search_path = regress_trap, pg_catalog;
SELECT 'a'::text = 'a'::text;
BEGIN;
SELECT set_config('request.headers', '{"idempotency-key": "x"}', true);
SELECT portatext_api.start_import() ? 'job_id';
SELECT portatext_api.start_import() ? 'job_id';
ROLLBACK;
RESET search_path;
SELECT secret FROM portatext.api_user;
SELECT hash FROM portatext.api_key;
SELECT unsent FROM portatext.api_nonce;
SELECT email FROM portatext.api_user;
RESET SESSION AUTHORIZATION;

-- API-02: log in with address and password, or with basic authentication.
SET SESSION AUTHORIZATION regress_gate;
\set h '{"x-real-ip": "198.51.100.1"}'
:ask SELECT portatext_api.login('ann@EXAMPLE.com', 'correct horse') ->> 'token' AS token \gset
COMMIT;
SELECT :'token' ~ '^pts_[0-9A-Za-z]{40}$';
SELECT '{"x-real-ip": "198.51.100.1"}'::jsonb || jsonb_build_object('authorization', 'Basic ' || encode('Ann@example.com:correct horse', 'base64')) AS h \gset
:ask SELECT portatext_api.login() ->> 'token' AS token2 \gset
COMMIT;
SELECT :'token' <> :'token2';
-- The answer to an unknown address is that to a wrong password; nothing is raised, so it counts.
\set h '{"x-real-ip": "198.51.100.1", "authorization": "Basic QW5u"}'
:ask SELECT portatext_api.login(), current_setting('response.status'); COMMIT;
:ask SELECT portatext_api.login('ann@example.com', 'wrong'), current_setting('response.status'); COMMIT;
:ask SELECT portatext_api.login('nobody@example.com', 'wrong'), current_setting('response.status'); COMMIT;
:ask SELECT portatext_api.login('ann@example.com', NULL), current_setting('response.status'); COMMIT;
RESET SESSION AUTHORIZATION;
SELECT tries, count(*) FROM portatext.api_attempt GROUP BY 1;
-- Ten wrong ones, and the right one is wrong for 15 minutes; the tries in between do not make it longer.
UPDATE portatext.api_attempt SET tries = 9;
SET SESSION AUTHORIZATION regress_gate;
:ask SELECT portatext_api.login('ann@example.com', 'wrong') ? 'token'; COMMIT;
:ask SELECT portatext_api.login('ann@example.com', 'correct horse') ? 'token'; COMMIT;
:ask SELECT portatext_api.login('nobody@example.com', 'wrong') ? 'token'; COMMIT;
RESET SESSION AUTHORIZATION;
SELECT tries FROM portatext.api_attempt;
UPDATE portatext.api_attempt SET last_at = last_at - interval '15 minutes';
SET SESSION AUTHORIZATION regress_gate;
:ask SELECT portatext_api.login('nobody@example.com', 'wrong') ? 'token'; COMMIT;
:ask SELECT portatext_api.login('ann@example.com', 'correct horse') ? 'token'; COMMIT;
RESET SESSION AUTHORIZATION;
SELECT tries FROM portatext.api_attempt;

-- A session: the user's own things.
SET SESSION AUTHORIZATION regress_gate;
SELECT jsonb_build_object('x-session-token', :'token') AS h, jsonb_build_object('x-session-token', :'token2') AS h2 \gset
:ask SELECT portatext_api.profile();
-- ALERT-04, ALERT-26: both addresses are told; the new one is good when its owner has said so.
SELECT portatext_api.set_profile('{"first_name": "Anna", "email": "anna@example.com", "callback_url": "https://one.example/hook", "timezone": "Europe/Berlin", "language": "de"}');
SELECT portatext_api.set_profile('{"email": "ANNA@example.com", "last_name": "Ash", "company": "One"}') ->> 'email';
SELECT portatext_api.set_profile('{"callback_url": null}') -> 'callback_url';
SELECT portatext_api.set_profile('{}') ->> 'last_name';
COMMIT;
:ask SELECT portatext_api.set_profile('{"callback_url": "ftp://one.example"}'); ROLLBACK;
:ask SELECT portatext_api.set_profile('{"email": "anna"}'); ROLLBACK;
:ask SELECT portatext_api.set_profile('{"timezone": "Mars"}'); ROLLBACK;
:ask SELECT portatext_api.set_profile('[]'); ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT type, subject = :'ann', payload FROM portatext.event WHERE type = 'account.profile_changed' ORDER BY event_id;
-- Another user's address is taken like any other: nobody learns that it is.
SET SESSION AUTHORIZATION regress_gate;
:ask SELECT portatext_api.set_profile('{"email": "bob@example.com"}') ->> 'email'; SELECT portatext_api.request_email_verification(); COMMIT;
RESET SESSION AUTHORIZATION;
SELECT unsent AS nonce FROM portatext.api_nonce WHERE email = 'bob@example.com' \gset
SET SESSION AUTHORIZATION regress_gate;
:ask SELECT portatext_api.verify_email(:'nonce'); ROLLBACK;
-- API-06: verification by a nonce; that of an older address is good no more.
:ask SELECT portatext_api.set_profile('{"email": "anna@example.com"}') ->> 'email_verified'; SELECT portatext_api.request_email_verification(); COMMIT;
RESET SESSION AUTHORIZATION;
SELECT unsent AS nonce FROM portatext.api_nonce WHERE email = 'anna@example.com' \gset
SELECT unsent AS old_nonce FROM portatext.api_nonce WHERE email = 'ann@example.com' AND kind = 'email_verify' \gset
SELECT count(*) FROM portatext.api_nonce WHERE hash = sha256(unsent::bytea);
SET SESSION AUTHORIZATION regress_gate;
\set h '{"x-real-ip": "198.51.100.2"}'
:ask SELECT portatext_api.verify_email(:'old_nonce'); ROLLBACK;
:ask SELECT portatext_api.reset_password(:'nonce', 'tr0ub4dor&3'); ROLLBACK;
:ask SELECT portatext_api.verify_email(:'nonce'); COMMIT;
:ask SELECT portatext_api.verify_email(:'nonce'); ROLLBACK;
:ask SELECT portatext_api.login('ann@example.com', 'correct horse') ? 'token'; COMMIT;
SELECT jsonb_build_object('x-session-token', :'token') AS h \gset
:ask SELECT portatext_api.profile(); COMMIT;

-- ALERT-05: another password, with the old one; the other sessions end.
:ask SELECT portatext_api.change_password('wrong', 'tr0ub4dor&3'), current_setting('response.status'); COMMIT;
:ask SELECT portatext_api.change_password('correct horse', 'short'); ROLLBACK;
:ask SELECT portatext_api.change_password('correct horse', 'tr0ub4dor&3'); COMMIT;
:ask SELECT portatext_api.profile() ->> 'email'; COMMIT;
SELECT :'h2' AS h \gset
:ask COMMIT;

-- API-06: reset; the same answer and the same row for an address that nobody has.
\set h '{"x-real-ip": "198.51.100.3"}'
:ask SELECT portatext_api.request_password_reset('Anna@example.com'); COMMIT;
:ask SELECT portatext_api.request_password_reset('nobody@example.com'); COMMIT;
:ask SELECT portatext_api.request_password_reset(repeat('n', 255)); ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT email, user_id = :ann, account_id = :one, unsent IS NULL FROM portatext.api_nonce WHERE kind = 'password_reset' ORDER BY 1;
SELECT unsent AS nonce FROM portatext.api_nonce WHERE email = 'anna@example.com' AND kind = 'password_reset' \gset
SELECT unsent AS nobodys FROM portatext.api_nonce WHERE email = 'nobody@example.com' \gset
SET SESSION AUTHORIZATION regress_gate;
:ask SELECT portatext_api.reset_password(:'nobodys', 'correct horse'); ROLLBACK;
:ask SELECT portatext_api.reset_password(:'nonce', 'short'); ROLLBACK;
:ask SELECT portatext_api.reset_password(:'nonce', 'correct horse'); COMMIT;
:ask SELECT portatext_api.reset_password(:'nonce', 'correct horse'); ROLLBACK;
:ask SELECT portatext_api.login('anna@example.com', 'tr0ub4dor&3') ? 'token'; COMMIT;
:ask SELECT portatext_api.login('anna@example.com', 'correct horse') ->> 'token' AS token \gset
COMMIT;
-- One that is over; and five in an hour for an address.
:ask SELECT portatext_api.request_password_reset('anna@example.com') FROM generate_series(1, 7); COMMIT;
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM portatext.api_nonce WHERE email = 'anna@example.com' AND kind = 'password_reset';
UPDATE portatext.api_nonce SET expires_at = portatext.now() WHERE kind = 'password_reset';
SELECT unsent AS nonce FROM portatext.api_nonce WHERE email = 'anna@example.com' AND kind = 'password_reset' LIMIT 1 \gset
SET SESSION AUTHORIZATION regress_gate;
:ask SELECT portatext_api.reset_password(:'nonce', 'correct horse'); ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT type, payload FROM portatext.event WHERE type = 'account.password_changed';

-- Logging out, and a session that is over.
SELECT jsonb_build_object('x-session-token', :'token') AS h \gset
SET SESSION AUTHORIZATION regress_gate;
:ask SELECT portatext_api.logout(); COMMIT;
:ask COMMIT;
\set h '{"x-real-ip": "198.51.100.4"}'
:ask SELECT portatext_api.login('anna@example.com', 'correct horse') ->> 'token' AS token \gset
COMMIT;
RESET SESSION AUTHORIZATION;
UPDATE portatext.api_session SET expires_at = portatext.now();
SET SESSION AUTHORIZATION regress_gate;
SELECT jsonb_build_object('x-session-token', :'token') AS h \gset
:ask COMMIT;
-- On the SDKs' path nothing is raised: rest() answers, and till then it is nobody's request.
BEGIN;
SET LOCAL ROLE portatext_anonymous;
SELECT pg_temp.request(:'h', path => '/rpc/rest');
COMMIT;
RESET SESSION AUTHORIZATION;

-- An account without a user has nothing to log in with.
SELECT portatext.create_account('access, three') AS three \gset
BEGIN;
SELECT portatext.act_as(:three);
SELECT portatext.profile();
ROLLBACK;
-- The books of all this name no secret.
SELECT count(*) FROM portatext.event e WHERE e.payload::text ~ 'pt_|pts_|SCRAM|horse|tr0ub4dor';
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP SCHEMA regress_trap CASCADE;
DROP ROLE regress_stray, regress_shop, regress_gate;
