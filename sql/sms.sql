-- Sending: checks, refusals, charges, cancellation, blacklists (SMS, BL, BILL, SCH-10).
SET client_min_messages = error;

-- A sandbox as new as after CREATE EXTENSION, and no worker that takes what waits.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

-- The sandbox is made at first use: a number, a tariff, credits.
SELECT portatext.balance();
SELECT sandbox, is_default, kind FROM portatext.account;

-- SMS-14, BILL-01, BILL-03: one message, charged once, in the outbox
SELECT portatext.send_sms('+12025550123', 'Hello from PostgreSQL') AS id \gset
SELECT state, step, priority, carrier_id, segments, cost, from_number, to_number, encoding, body, attempts
FROM portatext.message WHERE message_id = :'id';
SELECT kind, amount FROM portatext.ledger_entry WHERE reference = :'id';
SELECT lane, to_number, message_id = :'id' AS same FROM portatext.outbox;
SELECT portatext.balance();
SELECT * FROM portatext.check_balances();

-- BILL-01, BILL-02: segments, not characters, are paid
SELECT portatext.send_sms('12223334444', repeat('a', 161)) AS gsm, portatext.send_sms('1 (333) 444-5555', repeat('á', 71)) AS ucs2 \gset
SELECT to_number, encoding, segments, cost FROM portatext.message WHERE message_id IN (:'gsm', :'ucs2') ORDER BY to_number;

-- the transaction decides
BEGIN;
SELECT portatext.send_sms('+12025550123', 'never to be seen') IS NOT NULL AS sent;
ROLLBACK;
SELECT count(*) FROM portatext.message WHERE body = 'never to be seen';

-- every refusal has a SQLSTATE, a message, a detail and a hint
\set SHOW_CONTEXT never
DO $$
DECLARE
    attempt record;
    state text; message text; detail text; hint text;
BEGIN
    FOR attempt IN SELECT * FROM (VALUES
        ('null number', 'SELECT portatext.send_sms(NULL, ''Hello you'')'),
        ('no number', 'SELECT portatext.send_sms(''somewhere'', ''Hello you'')'),
        ('null text', 'SELECT portatext.send_sms(''+12025550123'', NULL)'),
        ('too short SMS-01', 'SELECT portatext.send_sms(''+12025550123'', ''four'')'),
        ('characters, not bytes SMS-02', 'SELECT portatext.send_sms(''+12025550123'', ''ñáéí'')'),
        ('too long', 'SELECT portatext.send_sms(''+12025550123'', repeat(''a'', 39016))'),
        ('unknown sender', 'SELECT portatext.send_sms(''+12025550123'', ''Hello you'', ''+19995550000'')'),
        ('unknown sender in a list', 'SELECT portatext.send_sms(''+12025550123'', ''Hello you'', ''any, +1999'')'),
        ('infinite time', 'SELECT portatext.send_sms(''+12025550123'', ''Hello you'', send_at => ''infinity'')'),
        ('expires before it is sent', 'SELECT portatext.send_sms(''+12025550123'', ''Hello you'', send_at => now() + ''2h'', valid_until => now() + ''1h'')'),
        ('stale', 'SELECT portatext.send_sms(''+12025550123'', ''Hello you'', valid_until => ''2020-01-01 00:00+00'')'),
        ('template', 'SELECT portatext.send_sms(''+12025550123'', NULL, template => ''welcome'')'),
        ('service', 'SELECT portatext.send_sms(''+12025550123'', ''Hello you'', service => ''DEALS'')'),
        ('schedule', 'SELECT portatext.send_sms(''+12025550123'', ''Hello you'', schedule => ''{"noon": 1}'')'),
        ('variables', 'SELECT portatext.send_sms(''+12025550123'', ''Hello {{you}}'', variables => ''{}'')'),
        ('credits BILL-07', 'SELECT portatext.send_sms(''+12025550123'', repeat(''a'', 153 * 250)) FROM generate_series(1, 5)')
    ) AS t(what, statement) LOOP
        BEGIN
            EXECUTE attempt.statement;
            RAISE INFO '%: accepted', attempt.what;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            RAISE INFO '%: % | % | % | %', attempt.what, state, message, detail, hint;
        END;
    END LOOP;
END
$$;
SELECT * FROM portatext.check_balances();
SELECT * FROM portatext.refusals() ORDER BY 1;

-- an account that is new: no sender, no carrier, no tariff (SMS-04, BILL-14), then suspended
SELECT portatext.create_account('newcomer') AS newcomer \gset
BEGIN;
SELECT portatext.act_as(:newcomer);
SELECT sqlstate, reason FROM portatext.simulate_sms('+12025550123', 'Hello you');
SELECT portatext.set_tariff('1', 1, :newcomer) > 0 AS set;
SELECT sqlstate, reason FROM portatext.simulate_sms('+598 99 123 456', 'Hello you');
SELECT sqlstate, reason ~ 'No number is assigned' AS told FROM portatext.simulate_sms('+12025550123', 'Hello you');
SELECT portatext.assign_did('+12025550155', :newcomer) > 0 AS assigned;
SELECT sqlstate, reason FROM portatext.simulate_sms('+12025550123', 'Hello you');
UPDATE portatext.account SET carrier_id = 0 WHERE account_id = :newcomer;
SELECT sqlstate, reason FROM portatext.simulate_sms('+12025550123', 'Hello you');
SELECT portatext.suspend_account(:newcomer);
SELECT sqlstate, reason ~ 'It is account' AS told FROM portatext.simulate_sms('+12025550123', 'Hello you');
SAVEPOINT refused;
SELECT portatext.send_sms('+12025550123', 'Hello you') IS NULL;
ROLLBACK;

-- simulate_sms refuses for want of credits what send_sms refuses: a postpaid account may owe its limit
BEGIN;
SELECT portatext.create_account('owing', 'postpaid', 2, true) AS owing \gset
SELECT portatext.act_as(:owing);
SELECT portatext.set_tariff('1', 1, :owing) > 0 AS set, portatext.assign_did('+12025550156', :owing) > 0 AS assigned;
SELECT sqlstate, cost, balance FROM portatext.simulate_sms('+12025550123', repeat('a', 300));
SELECT sqlstate, cost FROM portatext.simulate_sms('+12025550123', repeat('a', 400));
SELECT portatext.set_account_terms(:owing, 'postpaid');
SELECT sqlstate, cost FROM portatext.simulate_sms('+12025550123', repeat('a', 400));
SELECT portatext.set_account_terms(:owing, 'postpaid', 2);
SELECT portatext.send_sms('+12025550123', repeat('a', 300)) IS NOT NULL AS sent;
SELECT sqlstate, cost, balance FROM portatext.simulate_sms('+12025550123', 'Hello you');
SAVEPOINT refused;
SELECT portatext.send_sms('+12025550123', 'Hello you');
ROLLBACK;

-- GEN-03, SMS-14: from is one number, a list, or any; sticky for a recipient
SELECT portatext.assign_did('+12025550101') > 0 AS assigned, portatext.assign_did('ACME') > 0 AS assigned;
SELECT count(message_id) FROM portatext.send_sms_batch(
    ARRAY(SELECT '+1202555' || n FROM generate_series(1000, 1099) n), 'Hello everybody', client_ref => 'hundred');
SELECT count(DISTINCT m.from_number) AS senders, min(m.from_number) LIKE '+%' AS numbers_only
FROM portatext.message m WHERE client_ref = 'hundred';
SELECT count(DISTINCT r.sender) FROM generate_series(1, 20), LATERAL portatext.simulate_sms('+12025550123', 'Hello again') r;
SELECT sender FROM portatext.simulate_sms('+12025550123', 'Hello you', 'ACME');
SELECT sender FROM portatext.simulate_sms('+12025550123', 'Hello you', ' +1 202 555 0101 ');
SELECT sender IN ('+12025550101', 'ACME') AS listed FROM portatext.simulate_sms('+12025550123', 'Hello you', '+12025550101,ACME');

-- SMS-11, SMS-12: simulation tells all and changes nothing
SELECT portatext.balance() AS before \gset
SELECT recipient, carrier_id, final_body, encoding, units, segments, units_per_segment, tariff, cost, sqlstate, reason
FROM portatext.simulate_sms('12025550123', 'Hello € you');
SELECT recipient LIKE '+598%' AS uruguay, segments, cost FROM portatext.simulate_sms(NULL, 'Hola che!', country => 'UY');
SELECT recipient, encoding, segments, cost, sqlstate, reason FROM portatext.simulate_sms('+12025550123', 'hey');
SELECT portatext.simulate_sms(NULL, 'Hola che!', country => 'QQ');
SELECT portatext.balance() = :before AS unchanged;

-- idempotency: the second call answers with the first message
SELECT portatext.send_sms('+12025550123', 'Your code is 123456', idempotency_key => 'order-1') AS first \gset
SELECT portatext.send_sms('+12025550123', 'Your code is 123456', idempotency_key => 'order-1') = :'first' AS same;
SELECT count(*) FROM portatext.message WHERE body = 'Your code is 123456';

-- SMS-15, send_sms_batch: a result for each, one bad number does not undo the others
SELECT ord, to_number, message_id IS NOT NULL AS accepted, sqlstate, reason FROM portatext.send_sms_batch(
    ARRAY['+12025550123', 'nonsense', '12025550124', NULL, '+1 202 555 0123'], 'Hello everybody', client_ref => 'batch 1');
SELECT count(*), min(priority) AS priority FROM portatext.message WHERE client_ref = 'batch 1';
SELECT ord FROM portatext.send_sms_batch(ARRAY['+12025550123', 'nonsense'], 'Hello everybody', client_ref => 'batch 2', on_error => 'raise');
SELECT count(*) FROM portatext.message WHERE client_ref = 'batch 2';
SELECT ord FROM portatext.send_sms_batch(ARRAY['+12025550123'], 'Hello everybody', on_error => 'ignore');
SELECT count(*) FROM portatext.send_sms_batch(NULL, 'Hello everybody');
SELECT count(a.message_id) AS accepted, count(*) FILTER (WHERE a.message_id = b.message_id) AS same
FROM portatext.send_sms_batch(ARRAY['+12025550123', '+12025550124'], 'Hello everybody', idempotency_key => 'run-1') a
JOIN portatext.send_sms_batch(ARRAY['+12025550123', '+12025550124'], 'Hello everybody', idempotency_key => 'run-1') b USING (ord);
SELECT * FROM portatext.check_balances();

-- what a refusal quotes is cut between characters
SELECT convert_from(convert_to(reason, 'UTF8'), 'UTF8') = reason AS sound FROM portatext.send_sms_batch(ARRAY['x' || repeat('é', 60)], 'Hello you');
SELECT convert_from(convert_to(reason, 'UTF8'), 'UTF8') = reason AS sound FROM portatext.simulate_sms('+12025550123', 'Hello you', 'x' || repeat('é', 60));

-- a sender assigned in the middle of a batch changes nothing about the messages before it
BEGIN;
SELECT portatext.create_account('batch') AS batch \gset
SELECT portatext.create_carrier('second', 'loopback') AS carrier, portatext.set_tariff('', 1, :batch) > 0 AS priced,
    portatext.assign_did('+12025550191', :batch) > 0 AS assigned, portatext.recharge(10, NULL, :batch) \gset
CREATE FUNCTION public.route_and_assign(account_id bigint, sender text, recipient text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    IF recipient = '+12025550002' THEN
        PERFORM portatext.assign_did('+12025550190', account_id);
    END IF;
    RETURN (SELECT c.carrier_id FROM portatext.carriers c WHERE c.name = 'second');
END
$$;
SELECT portatext.act_as(:batch);
SET LOCAL portatext.route_function = 'public.route_and_assign';
SELECT count(message_id) FROM portatext.send_sms_batch(ARRAY['+12025550001', '+12025550002', '+12025550003'], 'Hello everybody');
SELECT to_number, from_number FROM portatext.message WHERE account_id = :batch ORDER BY to_number;
ROLLBACK;

-- BL-01 to BL-03, BL-05, BILL-18: refused without charge, waiting messages end with a refund
SELECT portatext.balance() AS before \gset
SELECT portatext.send_sms('+12025550177', 'Hello for later', send_at => now() + interval '1 day') AS later \gset
SELECT portatext.is_blacklisted('+12025550177');
SELECT portatext.blacklist_add('12025550177', 'asked for it');
SELECT portatext.is_blacklisted('+12025550177');
SELECT state, error_code, finished_at IS NOT NULL AS finished FROM portatext.message WHERE message_id = :'later';
SELECT portatext.send_sms('+12025550177', 'Hello again');
SELECT ord, sqlstate, reason FROM portatext.send_sms_batch(ARRAY['+12025550177'], 'Hello again');
SELECT sqlstate, cost FROM portatext.simulate_sms('+12025550177', 'Hello again');
SELECT portatext.blacklist_remove('+12025550177'), portatext.blacklist_remove('+12025550177');
SELECT portatext.global_blacklist_add('+12025550177', 'regulator');
SELECT portatext.is_blacklisted('+12025550177');
SELECT portatext.send_sms('+12025550177', 'Hello again');
SELECT portatext.global_blacklist_remove('+12025550177');
SELECT portatext.balance() = :before AS unchanged;

-- SCH-10, BILL-21, BILL-24: a waiting message is cancelled and refunded, once
SELECT portatext.send_sms('+12025550123', 'Hello tomorrow', send_at => now() + interval '1 day', valid_until => now() + interval '2 days') AS later \gset
SELECT state, send_at > now() AS waits FROM portatext.sms WHERE message_id = :'later';
SELECT portatext.cancel_sms(:'later'), portatext.cancel_sms(:'later');
SELECT state, step FROM portatext.message WHERE message_id = :'later';
SELECT kind, amount FROM portatext.ledger_entry WHERE reference = :'later' ORDER BY kind;
SELECT count(*) FROM portatext.outbox WHERE message_id = :'later';
SELECT count(*) FROM portatext.expiry WHERE message_id = :'later';
SELECT portatext.cancel_sms('00000000-0000-7000-8000-000000000000');
SELECT type, subject = :'later' AS mine, payload FROM portatext.event WHERE type = 'message.cancelled';
SELECT portatext.balance() = :before AS unchanged;

-- BILL-05: one of which the carrier has a part already ends, too, and stays charged
SELECT portatext.send_sms('+12025550123', repeat('a', 161), send_at => now() + interval '1 day') AS half \gset
INSERT INTO portatext.message_part (message_id, part, state) VALUES (:'half', 1, 'accepted');
SELECT portatext.cancel_sms(:'half');
SELECT state, step, error_code FROM portatext.message WHERE message_id = :'half';
SELECT kind, amount FROM portatext.ledger_entry WHERE reference = :'half';
SELECT count(*) FROM portatext.outbox WHERE message_id = :'half';

-- GEN-06: versions of the components
SELECT v.component, v.version = e.extversion AS installed FROM portatext.versions() v JOIN pg_extension e ON e.extname = v.component;
SELECT string_agg(component, ', ' ORDER BY component) FROM portatext.versions() WHERE version ~ '^[0-9]+\.';

-- DID-10 and removal
SELECT portatext.remove_did('ACME'), portatext.remove_did('ACME');
SELECT type, subject FROM portatext.event WHERE type LIKE 'did.%' ORDER BY event_id;
SELECT portatext.assign_did('not/a/sender');

-- set-based over a query
SELECT count(portatext.send_sms('+1202555' || n, 'Hello number ' || n)) FROM generate_series(1000, 1019) n;
SELECT * FROM portatext.check_balances();
\if :preloaded
SELECT portatext.start_workers() AS started \gset
\endif
