-- Retention, forget_number() and health(): what the DBA does.  With workers and
-- traffic: test/e2e/33_retention.pl.
SET client_min_messages = error;
SELECT current_database() AS home \gset
CREATE DATABASE regress_retention;
\c regress_retention
SET client_min_messages = error;
CREATE EXTENSION portatext;
\set SHOW_CONTEXT never
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif
CREATE TABLE base AS SELECT portatext.now() AS at;
GRANT SELECT ON base TO PUBLIC;
CREATE FUNCTION ago(days int) RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT at - days * interval '1 day' FROM base $$;
-- The least id of a time (RFC 9562, version 7).
CREATE FUNCTION id_at(at timestamptz, n int DEFAULT 0) RETURNS uuid LANGUAGE sql AS
    $$ SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid $$;

-- Off unless set; in days.
SELECT name, boot_val, context FROM pg_settings WHERE name LIKE 'portatext.retention%' ORDER BY name COLLATE "C";
SET portatext.retention_messages = -1;

SELECT portatext.create_account('keeper') AS account \gset
SELECT portatext.recharge(100, NULL, :account);
-- Of 40 days ago: ended (1), recently ended (2), with the carrier (3), unclear (4), inbound (5).
INSERT INTO portatext.message (message_id, account_id, inbound, state, step, carrier_id, segments, cost,
        from_number, to_number, encoding, body, created_at, finished_at)
    SELECT id_at(ago(40), n), :account, n = 5, s::portatext.message_state, p::portatext.message_step, 1, 1, 2,
           '+12025550100', '+12223334444', 'gsm', 'Old ' || n, ago(40), f
    FROM (VALUES (1, 'delivered', 'final', ago(39)), (2, 'delivered', 'final', ago(1)), (3, 'sending', 'sent', NULL),
                 (4, 'sending', 'unclear', NULL), (5, 'received', 'final', ago(40))) v (n, s, p, f);
INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, created_at)
    SELECT m.account_id, m.message_id, 'charge', -2, m.created_at FROM portatext.message m;
-- So that the books agree.
INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount) SELECT :account, portatext.uuid7(), 'bonus', 10;
SELECT count(*) FROM portatext.check_balances();
INSERT INTO portatext.message_part SELECT m.message_id, 1, 'delivered' FROM portatext.message m;
INSERT INTO portatext.carrier_ref SELECT 1, m.body, m.message_id FROM portatext.message m WHERE NOT m.inbound;
INSERT INTO portatext.inbound_ref SELECT 1, m.body, m.message_id FROM portatext.message m WHERE m.inbound;
INSERT INTO portatext.unrouted (unrouted_id, carrier_id, from_number, to_number, body, received_at)
    VALUES (id_at(ago(40)), 1, '+12223334444', '+12025550199', 'Nobody''s', ago(40)),
           (id_at(ago(1)), 1, '+12223334444', '+12025550199', 'Nobody''s, new', ago(1));
INSERT INTO portatext.inbound_ref SELECT 2, u.body, u.unrouted_id FROM portatext.unrouted u;

-- Messages: those that ended before the limit go with their parts and references; what has not ended stays.
SELECT seen, last_id = id_at(ago(40), 5) AS last, kept_id = id_at(ago(40), 2) AS kept, gone
    FROM portatext.retire_messages(id_at(ago(100)), id_at(ago(30)), ago(30));
SELECT body, step FROM portatext.message ORDER BY message_id;
SELECT count(*) FROM portatext.message_part;
SELECT * FROM portatext.retire_refs(0, portatext.ref_blocks(), id_at(ago(30)));
SELECT ref FROM portatext.carrier_ref UNION ALL SELECT ref FROM portatext.inbound_ref ORDER BY ref;
SELECT portatext.retire_unrouted(id_at(ago(30)));
SELECT body FROM portatext.unrouted;
-- A page is at most 500 ids, and the next one begins at the last.
INSERT INTO portatext.event (event_id, account_id, type, created_at)
    SELECT id_at(ago(40), n), :account, 'message.delivered', ago(40) FROM generate_series(1, 700) n;
SELECT seen, last_id = id_at(ago(40), 500) AS last, kept_id, gone
    FROM portatext.retire_events(id_at(ago(100)), id_at(ago(30)), ago(30));
SELECT seen, kept_id, gone FROM portatext.retire_events(id_at(ago(40), 500), id_at(ago(30)), ago(30));
SELECT count(*) FROM portatext.event WHERE type = 'message.delivered';

-- The ledger: the sum is carried forward, the balance stays the sum of the ledger;
-- what belongs to a message that may be refunded stays (BILL-21).
SELECT seen, gone FROM portatext.retire_ledger(:account, id_at(ago(100)), id_at(ago(30)), ago(30));
SELECT kind, amount, (SELECT m.body FROM portatext.message m WHERE m.message_id = l.reference) AS body
    FROM portatext.ledger_entry l WHERE account_id = :account ORDER BY kind, 3;
SELECT count(*) FROM portatext.check_balances();
SELECT portatext.settle_message(id_at(ago(40), 4), 'failed');
SELECT sum(amount) FROM portatext.ledger_entry WHERE reference = id_at(ago(40), 4);
-- Refunded today: both bookings stay until the refund is old, too.
SELECT seen, gone FROM portatext.retire_ledger(:account, id_at(ago(100)), id_at(ago(30)), ago(30));
-- A later one takes in the earlier.
SELECT seen, gone FROM portatext.retire_ledger(:account, id_at(ago(100)), id_at(ago(-1)), ago(-1));
SELECT kind, count(*), sum(amount) FROM portatext.ledger_entry WHERE account_id = :account GROUP BY kind ORDER BY kind;
SELECT count(*) FROM portatext.check_balances();
-- The ledger is closed again, also after an error; nobody opens it otherwise.
SELECT portatext.retire_entries(:account, id_at(ago(100)), id_at(ago(30)), ago(30));
SELECT portatext.recharge(1, NULL, :account);
ALTER TABLE portatext.ledger_entry ADD CONSTRAINT broken CHECK (kind <> 'carry_forward') NOT VALID;
\set VERBOSITY terse
SELECT portatext.retire_ledger(:account, id_at(ago(100)), id_at(ago(-2)), ago(-2));
\set VERBOSITY default
DELETE FROM portatext.ledger_entry;
ALTER TABLE portatext.ledger_entry DROP CONSTRAINT broken;
SET ROLE portatext_operator;
SELECT portatext.retire_ledger(1, portatext.uuid7(), portatext.uuid7(), now());
SELECT portatext.retire_messages(portatext.uuid7(), portatext.uuid7(), now());
RESET ROLE;

-- forget_number(): what it leaves of a number tells the country.
SELECT n, portatext.number_pseudonym(n::portatext.e164), portatext.number_country(n::portatext.e164)
    = portatext.number_country(portatext.number_pseudonym(n::portatext.e164)::portatext.e164) AS same
    FROM unnest(ARRAY['+12223334444', '+14165550123', '+4915112345678', '+88213123456', '+77012345678', '+99']) n;

SELECT portatext.create_account('other') AS other \gset
CREATE ROLE regress_forget;
SELECT portatext.create_carrier('slow', 'kannel', '{"url": "http://127.0.0.1:1/", "dlr_url": "http://127.0.0.1:2/"}', 'user', 'password') AS slow \gset
SELECT portatext.grant_account('regress_forget', :account);
SELECT count(portatext.assign_did('+1202555010' || a, a)) FROM unnest(ARRAY[:account, :other]) a;
SELECT portatext.recharge(100, NULL, :other);
SELECT portatext.set_tariff('', 1);
UPDATE portatext.account SET message_events = true;
BEGIN;
SELECT portatext.act_as(:other);
SELECT portatext.send_sms('+12223334444', 'Another account''s', client_ref => 'customer 7', send_at => now() + interval '1 day') IS NOT NULL AS sent;
COMMIT;
SET ROLE regress_forget;
SELECT portatext.send_sms('+12223334444', 'Waits', client_ref => 'customer 7', send_at => now() + interval '1 day') IS NOT NULL AS sent;
SELECT portatext.blacklist_add('+12223335555', 'asked for it');
-- A tenant: its own messages only.
CALL portatext.forget_number('+1 222 333 4444');
SELECT portatext.forget_messages(:other, '+12223334444', portatext.uuid7());
SELECT portatext.forget_messages(NULL, '+12223334444', portatext.uuid7());
SELECT portatext.forget_waiting(NULL, '+12223334444');
SELECT portatext.forget_events(NULL, '+12223334444', portatext.uuid7());
RESET ROLE;
SELECT account_id = :account AS own, state, step, cost, to_number, body, client_ref FROM portatext.message ORDER BY message_id;
SELECT type, payload FROM portatext.event WHERE type = 'message.skipped' ORDER BY event_id;
SELECT count(*) FROM portatext.unrouted;
-- An operator: everybody's, what belongs to nobody, and parts.  Cost and ledger stay.
SELECT portatext.receive_sms_part('slow', n, '+12025550101', 'Part', 1, 1, 2) FROM unnest(ARRAY['+12223334444', '+12223334445']) n;
CALL portatext.forget_number('+12223334444');
SELECT j.from_number, p.part FROM portatext.inbound_join j FULL JOIN portatext.inbound_part p USING (join_id);
SELECT account_id = :account AS own, state, to_number, body, client_ref FROM portatext.message ORDER BY message_id;
SELECT count(*) FROM portatext.message m WHERE m::text LIKE '%222333%';
SELECT count(*) FROM portatext.event e WHERE e::text LIKE '%222333%';
SELECT count(*) FROM portatext.unrouted;
SELECT count(*) FROM portatext.check_balances();
CALL portatext.forget_number('+12223335555');
SELECT number, reason FROM portatext.blacklist;
-- Being handed over, or unclear: left alone and counted.
INSERT INTO portatext.message (message_id, account_id, state, step, carrier_id, segments, cost, from_number, to_number, encoding, body)
    VALUES (id_at(ago(2), 1), :account, 'sending', 'unclear', 1, 1, 1, '+12025550100', '+12223336666', 'gsm', 'Unclear'),
           (id_at(ago(2), 2), :account, 'sending', 'sent', 1, 1, 1, '+12025550100', '+12223336666', 'gsm', 'No receipt');
INSERT INTO portatext.attention (account_id, kind, message_id) VALUES (:account, 'no_receipt', id_at(ago(2), 2));
CALL portatext.forget_number('+12223336666');
\set VERBOSITY sqlstate
SELECT portatext.settle_message(id_at(ago(2), 2), 'resend');
\set VERBOSITY default
SELECT portatext.settle_message(id_at(ago(2), 2), 'sent');
CALL portatext.forget_number('no number');
BEGIN;
CALL portatext.forget_number('+12223336666');
ROLLBACK;

-- health(): no worker runs, and nothing else is wrong.
CREATE FUNCTION ills() RETURNS TABLE (severity text, problem text, subject text) LANGUAGE sql AS
    $$ SELECT h.severity, h.problem, h.subject FROM portatext.health() h
       WHERE h.problem NOT IN ('no_free_worker_slot', 'old_snapshot') ORDER BY 1, 2, 3 $$;
DELETE FROM portatext.attention;
SELECT * FROM ills();
SELECT count(*) FILTER (WHERE h.hint IS NULL OR h.detail IS NULL OR h.severity IS NULL) FROM portatext.health() h;
-- Money.
UPDATE portatext.balance_stripe SET amount = amount + 1 WHERE account_id = :other AND stripe = 0;
SELECT severity, problem, detail FROM portatext.health() WHERE problem = 'balance_differs';
UPDATE portatext.balance_stripe SET amount = amount - 1 WHERE account_id = :other AND stripe = 0;
-- Messages by kind of attention.
INSERT INTO portatext.attention (account_id, kind, message_id)
    SELECT :account, k, id_at(ago(2), 1) FROM unnest(enum_range(NULL::portatext.attention_kind)) k;
SELECT * FROM ills();
DELETE FROM portatext.attention;
-- What waits too long: in the queue, parked, in a lease; of a disabled carrier.
SELECT portatext.alter_carrier('slow', enabled => false) IS NOT NULL AS altered;
BEGIN;
INSERT INTO portatext.outbox VALUES (:slow * 2, ago(1), portatext.uuid7(), '+12223334444'), (:slow * 2 + 1, now() - interval '1 minute', portatext.uuid7(), '+12223334444');
INSERT INTO portatext.parked VALUES ('s:+12025550100', ago(1), portatext.uuid7(), 0, 1, '+12223334444'), ('s:+12025550101', now(), portatext.uuid7(), 0, 1, '+12223334444');
INSERT INTO portatext.lease (worker, ids, claimed_at) VALUES (12, ARRAY[portatext.uuid7()], ago(1)), (13, ARRAY[portatext.uuid7()], now());
SELECT * FROM ills();
ROLLBACK;
-- Carriers that are stopped.
SELECT portatext.stop_carrier('slow', 'contract ended');
SELECT severity, problem, subject, detail FROM portatext.health() WHERE problem LIKE 'carrier%';
SELECT portatext.alter_carrier('slow', enabled => true) IS NOT NULL AS altered;
SELECT severity, problem, subject, detail, hint FROM portatext.health() WHERE problem LIKE 'carrier%';
-- Receipts that fit nothing.
INSERT INTO portatext.stray_receipt (carrier_id, ref, status) SELECT 1, n::text, 'delivered' FROM generate_series(1, 100000) n;
SELECT * FROM ills() WHERE problem = 'stray_receipts';
-- Tenants do not ask.
SET ROLE regress_forget;
SELECT portatext.health();
RESET ROLE;

\c :home
DROP DATABASE regress_retention WITH (FORCE);
DROP ROLE regress_forget;
