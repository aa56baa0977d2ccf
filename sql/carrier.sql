-- Carriers: setting up, checks, credentials, routing, answer classes.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = error;

-- What is there at first.
SELECT carrier_id, name, adapter, enabled FROM portatext.carriers;
SELECT adapter, count(*) > 5 AS has_rules, bool_and(note <> '') AS all_noted
FROM portatext.shipped_answer_rule GROUP BY adapter ORDER BY adapter;
SELECT code, class FROM portatext.shipped_answer_rule
WHERE adapter = 'kannel' AND code IN ('202', '503', 'Not routable', 'Authorization failed', 'not sent', 'unclear')
ORDER BY code COLLATE "C";

-- An operator, no superuser, sets a carrier up.
CREATE ROLE regress_carrier_operator LOGIN;
CREATE ROLE regress_carrier_app LOGIN;
GRANT portatext_operator TO regress_carrier_operator;
GRANT portatext_account TO regress_carrier_app;
SET SESSION AUTHORIZATION regress_carrier_operator;

SELECT portatext.create_carrier('main', 'kannel',
    '{"url": "http://127.0.0.1:13013/cgi-bin/sendsms", "dlr_url": "http://127.0.0.1:13580"}',
    username => 'tester', password => 'a-Pass-word', segments_per_second => 20) AS main \gset
SELECT name, adapter, enabled, priority, segments_per_second, sender_segments_per_second
FROM portatext.carriers WHERE carrier_id = :main;
SELECT username, password, receipt_secret ~ '^[0-9a-f]{32}$' AS random_secret
FROM portatext.carrier_secret WHERE carrier_id = :main;

-- Checks at configuration time: each names the problem, none a credential.
DO $$
DECLARE
    attempt record;
    state text; message text; hint text;
BEGIN
    FOR attempt IN SELECT * FROM (VALUES
        ('no adapter', $q$'x', 'telegraph'$q$),
        ('null', $q$NULL, 'kannel'$q$),
        ('no settings', $q$'x', 'kannel', '{}', 'u', 'hush-hush'$q$),
        ('bad URL', $q$'x', 'kannel', '{"url": "127.0.0.1:13013", "dlr_url": "http://h"}', 'u', 'hush-hush'$q$),
        ('user in URL', $q$'x', 'kannel', '{"url": "http://hush-hush:y@h/", "dlr_url": "http://h"}', 'u', 'hush-hush'$q$),
        ('no password', $q$'x', 'kannel', '{"url": "http://h/", "dlr_url": "http://h"}', 'u'$q$),
        ('bad receipt secret', $q$'x', 'kannel', '{"url": "http://h/", "dlr_url": "http://h"}', 'u', 'hush-hush', 'hush-hush@'$q$),
        ('unknown setting', $q$'x', 'kannel', '{"url": "http://h/", "dlr_url": "http://h", "colour": 1}', 'u', 'hush-hush'$q$),
        ('secret among settings', $q$'x', 'kannel', '{"password": "hush-hush"}'$q$),
        ('no object', $q$'x', 'kannel', '[]'$q$),
        ('no such table', $q$'x', 'loopback', locking_shift => 2$q$),
        ('single shift', $q$'x', 'kannel', '{"url": "http://h/", "dlr_url": "http://h"}', 'u', 'hush-hush', single_shift => 1$q$),
        ('bad number', $q$'x', 'loopback', '{"receipt_delay_ms": "soon"}'$q$),
        ('bad class', $q$'x', 'loopback', '{"fail": "often"}'$q$),
        ('taken', $q$'main', 'loopback'$q$),
        ('shipped', $q$'loopback', 'loopback'$q$),
        ('bad name', $q$'X y', 'loopback'$q$),
        ('bad limit', $q$'x', 'loopback', max_in_flight => 0$q$),
        ('bad time-out', $q$'x', 'loopback', timeout => '-1 s'$q$)) AS v (what, arguments)
    LOOP
        BEGIN
            EXECUTE format('SELECT portatext.create_carrier(%s)', attempt.arguments);
            RAISE INFO '%: accepted', attempt.what;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
            RAISE INFO '%: % % | %', attempt.what, state, message, hint;
            IF concat(message, hint) LIKE '%hush-hush%' THEN
                RAISE INFO 'a credential is shown';
            END IF;
        END;
    END LOOP;
END
$$;
SELECT count(*) FROM portatext.carriers;

-- The templated adapter: what is shipped, and the same care at configuration time.
SELECT name, settings->>'url' AS url, settings->>'signature' AS signature, note <> '' AS noted
FROM portatext.shipped_http_template ORDER BY name;
SELECT portatext.create_carrier('templated', 'http',
    '{"template": "twilio", "account": "AC1", "callback_url": "https://sms.example"}', 'AC1', 'hush-hush', priority => 999) AS templated \gset
SELECT settings FROM portatext.carriers WHERE carrier_id = :templated;
DO $$
DECLARE
    attempt record;
    state text; message text;
BEGIN
    FOR attempt IN SELECT * FROM (VALUES
        ('no address', '{}'),
        ('no such template', '{"template": "twillio"}'),
        ('no account', '{"template": "twilio", "callback_url": "https://h"}'),
        ('no public address', '{"template": "twilio", "account": "AC1"}'),
        ('unknown setting', '{"template": "twilio", "account": "AC1", "callback_url": "https://h", "colour": 1}'),
        ('unknown placeholder', '{"template": "twilio", "account": "AC1", "callback_url": "https://h", "body": {"To": "{two}"}}'),
        ('body is no object', '{"template": "twilio", "account": "AC1", "callback_url": "https://h", "body": "To={to}"}'),
        ('bad class', '{"template": "twilio", "account": "AC1", "callback_url": "https://h", "codes": {"1": "odd"}}'),
        ('a part taken away', '{"template": "twilio", "account": "AC1", "callback_url": "https://h", "signed": null}'),
        ('no public key', '{"template": "telnyx", "callback_url": "https://h"}')) AS v (what, settings)
    LOOP
        BEGIN
            PERFORM portatext.create_carrier('x', 'http', attempt.settings::jsonb, 'AC1', 'hush-hush');
            RAISE INFO '%: accepted', attempt.what;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
            RAISE INFO '%: % %', attempt.what, state, message;
        END;
    END LOOP;
END
$$;
SELECT portatext.disable_carrier('templated'), portatext.drop_carrier('templated');

-- The running statement is not shown once the function has begun.
SELECT portatext.create_carrier('hidden', 'loopback', username => 'u', password => 'find-me-if-you-can') > 0 AS made,
    (SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid() AND query LIKE '%find-me%') AS shown;

-- Changes: what is null stays; a rate of 0 is no limit (SMS-17: the pace of senders is a setting).
SELECT portatext.alter_carrier('main', priority => 10, segments_per_second => 0, timeout => '3 s') = :main AS same_id;
SELECT priority, segments_per_second, timeout, max_attempts, settings ? 'url' AS settings_kept
FROM portatext.carriers WHERE name = 'main';
SELECT portatext.alter_carrier('main', settings => '{"url": "nowhere"}');
SELECT password FROM portatext.carrier_secret WHERE carrier_id = :main;
SELECT portatext.alter_carrier('nobody', priority => 1);

-- The shipped carrier gets the operator's row, with the same id, over it.
SELECT portatext.alter_carrier('loopback', settings => '{"receipt_delay_ms": 5}');
SELECT carrier_id, settings FROM portatext.carriers WHERE name = 'loopback';
SELECT portatext.drop_carrier('loopback');
SELECT carrier_id, settings FROM portatext.carriers WHERE name = 'loopback';
SELECT portatext.drop_carrier('loopback');

-- Which carrier takes a message.
SELECT portatext.create_account('carrier test') AS account \gset
SELECT portatext.create_account('carrier sandbox', sandbox => true) AS sandbox \gset
SELECT portatext.create_account('carrier pinned', carrier => 'hidden') AS pinned \gset
CREATE FUNCTION pg_temp.route(account bigint) RETURNS text LANGUAGE sql AS $$
    SELECT c.name FROM portatext.carriers c
    WHERE c.carrier_id = portatext.default_route(account, '+15550001000', '+15550002000')
$$;
SELECT pg_temp.route(:account) AS account, pg_temp.route(:sandbox) AS sandbox, pg_temp.route(:pinned) AS pinned;
SELECT portatext.create_carrier('cheap', 'kannel',
    '{"url": "https://gateway.example/sendsms", "dlr_url": "https://db.example/sms"}', 'u', 'p', priority => 5) > 0 AS made;
SELECT pg_temp.route(:account) AS account, pg_temp.route(:sandbox) AS sandbox, pg_temp.route(:pinned) AS pinned;
SELECT portatext.disable_carrier('cheap'), portatext.disable_carrier('hidden');
SELECT pg_temp.route(:account) AS account, pg_temp.route(:pinned) AS pinned;
SELECT portatext.enable_carrier('hidden');
SELECT pg_temp.route(:pinned) AS pinned;
BEGIN;
SELECT portatext.disable_carrier('main');
SELECT pg_temp.route(:account) AS account;
ROLLBACK;
SELECT pg_temp.route(:account) AS account;
SELECT portatext.default_route(999999, '', '');

-- Stopping and resuming.
SELECT portatext.stop_carrier('main', 'maintenance');
SELECT portatext.stop_carrier('main', 'again');
SELECT reason FROM portatext.carrier_stop WHERE carrier_id = :main;
SELECT type, subject, payload FROM portatext.event WHERE type = 'carrier.stopped';
SELECT portatext.resume_carrier('main');
SELECT portatext.resume_carrier('main');

-- Dropping: not while it is enabled or pinned, nor while messages wait.
SELECT portatext.drop_carrier('hidden');
SELECT portatext.disable_carrier('hidden');
SELECT portatext.drop_carrier('hidden');
RESET SESSION AUTHORIZATION;
UPDATE portatext.account SET carrier_id = NULL WHERE account_id = :pinned;
INSERT INTO portatext.outbox (lane, due, message_id, to_number)
    SELECT c.carrier_id * 2 + 1, 'infinity', portatext.uuid7(), '+15550002000'
    FROM portatext.carriers c WHERE c.name = 'hidden';
SELECT portatext.drop_carrier('hidden');
DELETE FROM portatext.outbox WHERE due = 'infinity';
SET portatext.account_id = :account;
SELECT portatext.drop_carrier('hidden');
RESET portatext.account_id;
SELECT portatext.drop_carrier('hidden');
SELECT count(*) FROM portatext.carrier_secret s WHERE NOT EXISTS (
    SELECT FROM portatext.carriers c WHERE c.carrier_id = s.carrier_id);

-- An installation's own function chooses.
CREATE FUNCTION public.regress_route(account bigint, sender text, recipient text) RETURNS int
    LANGUAGE sql AS $$ SELECT CASE recipient WHEN '+12025550101' THEN 0 WHEN '+12025550102' THEN 999 END $$;
CREATE FUNCTION public.regress_bad_route(account bigint, sender text, recipient text) RETURNS text
    LANGUAGE sql AS $$ SELECT 'main' $$;
SET portatext.route_function = 'public.regress_route';
SELECT portatext.route(:account, '+15550001000', '+12025550101') AS by_function,
    portatext.route(:account, '+15550001000', '+12025550103') AS none,
    portatext.route(:sandbox, '+15550001000', '+12025550103') AS sandbox_stays;
SELECT portatext.route(:account, '+15550001000', '+12025550102');
SET portatext.route_function = 'public.regress_bad_route';
SELECT portatext.route(:account, '+15550001000', '+12025550101');
SET portatext.route_function = 'public.nobody_route';
SELECT portatext.route(:account, '+15550001000', '+12025550101');
SET portatext.route_function = 'a.b.c.d';
SELECT portatext.route(:account, '+15550001000', '+12025550101');
RESET portatext.route_function;
SELECT portatext.route(:account, '+15550001000', '+12025550101') = :main AS default_again;

-- An application's role sees no carrier, no credential, and chooses no route.
SET SESSION AUTHORIZATION regress_carrier_app;
SELECT * FROM portatext.carrier_secret;
SELECT * FROM portatext.carriers;
SELECT portatext.create_carrier('y', 'loopback');
SELECT portatext.stop_carrier('main', 'mine');
SET portatext.route_function = 'public.regress_route';
RESET SESSION AUTHORIZATION;

DROP FUNCTION public.regress_route, public.regress_bad_route;
SELECT portatext.disable_carrier(n), portatext.drop_carrier(n) FROM unnest(ARRAY['main', 'cheap']) n;
DELETE FROM portatext.event WHERE type = 'carrier.stopped';
DELETE FROM portatext.account WHERE account_id IN (:account, :sandbox, :pinned);
DROP FUNCTION pg_temp.route(bigint);
DROP ROLE regress_carrier_operator, regress_carrier_app;
