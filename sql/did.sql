-- Messages to numbers of accounts: STOP and the auto-reply (DID-01 to DID-07, PSMS-03).
SET client_min_messages = error;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

-- An installation as new as after CREATE EXTENSION, and no worker that takes what waits.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
INSERT INTO portatext.carrier (name, adapter) VALUES ('did_a', 'kannel');
SELECT portatext.create_account('did, one') AS one, portatext.create_account('did, two') AS two \gset
SELECT portatext.recharge(100, account_id => :one) AS rich, portatext.set_tariff('1', 1) AS tariff \gset
SELECT portatext.assign_did('+15557770001', :one) + portatext.assign_did('+15557770002', :one) + portatext.assign_did('77701', :one)
    + portatext.assign_did('+15557770003', :two) + portatext.assign_did('+15557770004', :two) > 0;

-- What a message of a sender set off, in the order of the messages, with the sum of its bookings.
CREATE FUNCTION pg_temp.receive(sender text, recipient text, body text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before constant text := COALESCE((SELECT max(m.message_id::text) FROM portatext.message m), '');
BEGIN
    PERFORM portatext.receive_sms('did_a', sender, recipient, body);
    RETURN QUERY SELECT concat_ws(' ', m.kind, m.state, m.from_number, '>', m.to_number, '"' || m.body || '"', m.error_code,
            (SELECT string_agg(l.kind || ' ' || l.amount, ',') FROM portatext.ledger_entry l WHERE l.reference = m.message_id))
        FROM portatext.message m WHERE m.message_id::text > before ORDER BY m.message_id;
END $$;
CREATE FUNCTION pg_temp.listed() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', a.name || ':', b.number, b.reason) FROM portatext.blacklist b JOIN portatext.account a USING (account_id) ORDER BY 1 $$;

-- DID-05: off by default; without an auto-reply nothing follows.
SELECT pg_temp.receive('+15551230001', '+15557770001', 'STOP');
SELECT pg_temp.listed();

-- DID-01, DID-02: blacklisted, one confirmation, charged as a message (BILL-13); an event.
UPDATE portatext.did SET stop_detection = true, auto_reply = 'We are closed. STOP ends this.' WHERE number = '+15557770001';
SELECT pg_temp.receive('+15551230001', '+15557770001', 'please stop.');
SELECT pg_temp.listed();
SELECT e.type, e.payload, m.body FROM portatext.event e JOIN portatext.message m ON m.message_id::text = e.subject WHERE e.type LIKE 'did.st%';
-- DID-03: that one is the only message past the blacklist: none for the next STOP, and no auto-reply (DID-07).
SELECT pg_temp.receive('+15551230001', '+15557770001', 'STOP');
SELECT pg_temp.receive('+15551230001', '+15557770001', 'Are you open?');
SELECT count(*) FROM portatext.event WHERE type LIKE 'did.st%';

-- Nor does it go past the operator's own list.
SELECT portatext.global_blacklist_add('+15551230009');
SELECT pg_temp.receive('+15551230009', '+15557770001', 'STOP');
SELECT portatext.global_blacklist_remove('+15551230009');

-- DID-06, DID-07: on every other message the auto-reply, never both.
SELECT pg_temp.receive('+15551230002', '+15557770001', 'a stopover in Rome');
SELECT pg_temp.receive('+15551230002', '+15557770001', 'Hello?');
-- DID-04: only STOP counts on a number.
SELECT pg_temp.receive('+15551230002', '+15557770001', 'UNSUBSCRIBE');
-- One's own confirmation, and an own auto-reply only where it is switched on.
UPDATE portatext.did SET stop_detection = true, stop_text = 'Adiós' WHERE number = '+15557770002';
SELECT pg_temp.receive('+15551230003', '+15557770002', 'Hello');
SELECT pg_temp.receive('+15551230003', '+15557770002', 'Stop');
-- The list is the account's: other accounts may go on.
SELECT pg_temp.listed();
-- What waits for the number ends with a refund, as with blacklist_add().
BEGIN;
SELECT portatext.act_as(:one);
SELECT portatext.send_sms('+15551230004', 'Later', send_at => '2100-01-01') AS later \gset
COMMIT;
SELECT pg_temp.receive('+15551230004', '+15557770002', 'STOP');
SELECT state, error_code, (SELECT sum(amount) FROM portatext.ledger_entry WHERE reference = message_id)
    FROM portatext.message WHERE message_id = :'later';

-- DID-05, FLOW-14: blacklisted also when the confirmation cannot be paid; that is kept as not sent.
UPDATE portatext.did SET stop_detection = true, auto_reply = 'Nobody is here.' WHERE number = '+15557770003';
SELECT pg_temp.receive('+15551230001', '+15557770003', 'Hello');
SELECT pg_temp.receive('+15551230001', '+15557770003', 'STOP');
SELECT pg_temp.listed() WHERE false UNION ALL SELECT l FROM pg_temp.listed() l WHERE l LIKE 'did, two%';
SELECT portatext.balance(:two);

-- Whom nobody can answer: names and short codes; the message is stored and charged.
SELECT pg_temp.receive('ACME', '+15557770001', 'STOP');
SELECT pg_temp.receive('77777', '+15557770001', 'Hello');

-- DID-07: so many auto-replies a minute from a sender to a number, not more.
SET portatext.replies_per_minute = 2;
SELECT kinds FROM generate_series(1, 4) n,
    LATERAL (SELECT string_agg(split_part(r, ' ', 1), ' ') AS kinds FROM pg_temp.receive('+15551230005', '+15557770001', 'Message ' || n) r) k;
RESET portatext.replies_per_minute;

-- Two numbers of the installation that answer by themselves do not answer each other; one alone may.
SELECT pg_temp.receive('+15557770003', '+15557770001', 'From one robot to another');
SELECT pg_temp.receive('+15557770002', '+15557770001', 'From a number without a robot');

-- PSMS-03: a landline number that an account was given is a number like any other.
SELECT portatext.assign_did('+493012345678', :one) > 0, portatext.number_type('+493012345678');
SELECT pg_temp.receive('+15551230006', '+493012345678', 'Hello');
UPDATE portatext.did SET stop_detection = true, auto_reply = 'Guten Tag' WHERE number = '+493012345678';
SELECT pg_temp.receive('+15551230006', '+493012345678', 'Hello');
SELECT pg_temp.receive('+15551230006', '004930 12345678', 'Stop');
SELECT * FROM portatext.check_balances();

-- What follows finds nothing of this.
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
