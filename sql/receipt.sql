-- Receipts: apply_receipts, receive_receipt, strays, settle_message.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

-- Disabled, so that no dispatcher of this server takes what is queued here.
INSERT INTO portatext.carrier (name, adapter, enabled) VALUES ('receipt_a', 'kannel', false), ('receipt_b', 'kannel', false);
INSERT INTO portatext.account (name) VALUES ('receipts'), ('receipts, silent');
UPDATE portatext.account SET message_events = false WHERE name = 'receipts, silent';

-- Message n, charged 1 credit a segment, at the given step.
CREATE FUNCTION pg_temp.id(n int) RETURNS uuid LANGUAGE sql
    AS $$ SELECT ('01900000-0000-7000-8000-0000000000' || to_char(n, 'FM00'))::uuid $$;
CREATE FUNCTION pg_temp.make(n int, segments int, step text, account text DEFAULT 'receipts') RETURNS void LANGUAGE sql AS $$
    INSERT INTO portatext.message (message_id, account_id, state, step, carrier_id, segments, cost,
            from_number, to_number, encoding, body, client_ref)
        SELECT pg_temp.id(n), a.account_id, (CASE step WHEN 'queued' THEN 'queued' ELSE 'sending' END)::portatext.message_state,
            step::portatext.message_step, portatext.carrier_number('receipt_a'), segments, segments,
            '+15550001000', '+1555000' || to_char(2000 + n, 'FM0000'), 'gsm', 'Hello', 'ref ' || n
        FROM portatext.account a WHERE a.name = account;
    INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount)
        SELECT a.account_id, pg_temp.id(n), 'charge', -segments FROM portatext.account a WHERE a.name = account;
    INSERT INTO portatext.balance_stripe AS b (account_id, stripe, amount)
        SELECT a.account_id, 0, -segments FROM portatext.account a WHERE a.name = account
        ON CONFLICT (account_id, stripe) DO UPDATE SET amount = b.amount + EXCLUDED.amount;
$$;
-- One receipt by our id, as a carrier's callback gives it.
CREATE FUNCTION pg_temp.got(n int, status text, part int DEFAULT NULL, code text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT portatext.apply_receipts(portatext.carrier_number('receipt_a'), ARRAY[NULL::text], ARRAY[pg_temp.id(n)],
        ARRAY[part], ARRAY[status], ARRAY[code]) $$;
CREATE FUNCTION pg_temp.shows(n int) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', m.state, m.step, m.error_code, CASE WHEN m.sent_at IS NOT NULL THEN 'sent_at' END,
            CASE WHEN m.finished_at IS NOT NULL THEN 'finished_at' END,
            (SELECT string_agg(p.part || '=' || p.state, ',' ORDER BY p.part) FROM portatext.message_part p WHERE p.message_id = m.message_id),
            (SELECT 'refund ' || sum(l.amount) FROM portatext.ledger_entry l WHERE l.reference = m.message_id AND l.kind = 'refund'))
        FROM portatext.message m WHERE m.message_id = pg_temp.id(n) $$;

-- One part.  SMS-05: success or failure; BILL-05, BILL-06: a failure after acceptance stays charged.
SELECT count(*) FROM generate_series(1, 6) n, pg_temp.make(n, 1, 'sent');
SELECT pg_temp.got(1, 'delivered'), pg_temp.shows(1);
SELECT pg_temp.got(2, 'undelivered', 1, '001'), pg_temp.shows(2);
SELECT pg_temp.got(3, 'expired', 1, '002'), pg_temp.shows(3);
SELECT pg_temp.got(4, 'buffered'), pg_temp.shows(4);
-- BILL-04: refused by the centre: refunded in full; BILL-21: once.
SELECT pg_temp.got(5, 'rejected', 1, '0x0b'), pg_temp.shows(5);
SELECT pg_temp.got(5, 'rejected', 1, '0x0b'), pg_temp.shows(5);
-- SMS-09: repeats and late ones never move a final state.
SELECT pg_temp.got(1, 'undelivered'), pg_temp.shows(1);
SELECT pg_temp.got(2, 'delivered'), pg_temp.shows(2);
SELECT pg_temp.got(3, 'rejected'), pg_temp.shows(3);
SELECT pg_temp.got(5, 'delivered'), pg_temp.shows(5);
-- Out of order: the final receipt before the one that the centre has it.
SELECT pg_temp.got(6, 'delivered'), pg_temp.got(6, 'accepted'), pg_temp.shows(6);

-- Several parts: each on its own.
SELECT count(*) FROM generate_series(10, 15) n, pg_temp.make(n, 3, 'sent');
SELECT pg_temp.got(10, 'delivered', 2), pg_temp.shows(10);
SELECT pg_temp.got(10, 'delivered', 2), pg_temp.got(10, 'accepted', 2), pg_temp.shows(10);
SELECT pg_temp.got(10, 'delivered', 1), pg_temp.got(10, 'delivered', 3), pg_temp.shows(10);
-- One undelivered part is enough.
SELECT pg_temp.got(11, 'undelivered', 3, '021'), pg_temp.shows(11);
-- Rejected only when every part is; one delivered part keeps the charge.
SELECT pg_temp.got(12, 'rejected', 1), pg_temp.got(12, 'rejected', 2), pg_temp.shows(12);
SELECT pg_temp.got(12, 'rejected', 3, '0x0b'), pg_temp.shows(12);
SELECT pg_temp.got(13, 'rejected', 1), pg_temp.got(13, 'delivered', 2), pg_temp.shows(13);
-- A part that does not exist changes nothing; no part speaks of the whole message.
SELECT pg_temp.got(14, 'delivered', 4), pg_temp.got(14, 'delivered', 0), pg_temp.got(14, 'delivered', -1), pg_temp.shows(14);
SELECT pg_temp.got(14, 'delivered'), pg_temp.shows(14);
-- All in one call, with repeats and contradictions: the first final one wins.
SELECT portatext.apply_receipts(portatext.carrier_number('receipt_a'), array_fill(NULL::text, ARRAY[6]),
    array_fill(pg_temp.id(15), ARRAY[6]), ARRAY[1, 1, 2, 2, 3, 3],
    ARRAY['accepted', 'delivered', 'delivered', 'undelivered', 'delivered', 'accepted'], array_fill(NULL::text, ARRAY[6])),
    pg_temp.shows(15);

-- BILL-22: an unclear message is settled by a late receipt, also one that says it was refused.
SELECT count(*) FROM generate_series(20, 22) n, pg_temp.make(n, 1, 'unclear');
SELECT pg_temp.make(23, 2, 'unclear');
INSERT INTO portatext.attention (account_id, kind, message_id)
    SELECT account_id, 'unclear', message_id FROM portatext.message WHERE step = 'unclear' AND message_id <= pg_temp.id(99);
SELECT pg_temp.got(20, 'accepted'), pg_temp.shows(20);
SELECT pg_temp.got(21, 'delivered'), pg_temp.shows(21);
SELECT pg_temp.got(22, 'rejected'), pg_temp.shows(22);
SELECT pg_temp.got(23, 'accepted', 1), pg_temp.shows(23);
SELECT to_number, kind FROM portatext.needs_attention WHERE message_id <= pg_temp.id(99) ORDER BY message_id;
SELECT pg_temp.got(23, 'accepted', 2), pg_temp.shows(23);
SELECT count(*) FROM portatext.needs_attention WHERE message_id <= pg_temp.id(99);

-- A receipt before the outcome, and of a message that went back to the outbox: never sent twice.
SELECT count(*) FROM generate_series(30, 33) n, pg_temp.make(n, 1, 'queued');
SELECT pg_temp.make(34, 2, 'queued');
INSERT INTO portatext.outbox (lane, due, message_id, to_number)
    SELECT carrier_id * 2, '2100-01-01', message_id, to_number FROM portatext.message
    WHERE message_id IN (pg_temp.id(30), pg_temp.id(31), pg_temp.id(33), pg_temp.id(34));
INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
    SELECT 's:+15550001000', '2100-01-01', message_id, carrier_id * 2, 1, to_number FROM portatext.message
    WHERE message_id = pg_temp.id(32);
SELECT pg_temp.got(30, 'accepted'), pg_temp.shows(30);
SELECT pg_temp.got(31, 'delivered'), pg_temp.shows(31);
SELECT pg_temp.got(32, 'delivered'), pg_temp.shows(32);
-- The second part of 34 has still to go.
SELECT pg_temp.got(34, 'accepted', 1), pg_temp.shows(34);
SELECT to_number FROM portatext.outbox WHERE message_id <= pg_temp.id(99) ORDER BY message_id;
SELECT count(*) FROM portatext.parked WHERE message_id <= pg_temp.id(99);

-- SMS-06: what ended is told, to accounts that want it.
SELECT pg_temp.make(40, 1, 'sent', 'receipts, silent');
SELECT pg_temp.got(40, 'delivered'), pg_temp.shows(40);
SELECT e.type, right(e.subject, 2) AS n, e.payload FROM portatext.event e
    WHERE e.subject LIKE '01900000-0000-7000-8000-%' ORDER BY e.subject;

-- By the carrier's reference; a carrier speaks of its own messages only.
SELECT count(*) FROM generate_series(50, 53) n, pg_temp.make(n, 1, 'sent');
SELECT count(*) FROM generate_series(54, 55) n, pg_temp.make(n, 2, 'sent');
INSERT INTO portatext.carrier_ref (carrier_id, ref, message_id, part)
    SELECT portatext.carrier_number('receipt_a'), r.ref, pg_temp.id(r.n), r.part
    FROM (VALUES ('R50', 50, 1), ('R54-1', 54, 1), ('R54-2', 54, 2), ('R55', 55, 1)) r (ref, n, part);
INSERT INTO portatext.message_part (message_id, part, state) VALUES (pg_temp.id(54), 1, 'accepted'), (pg_temp.id(54), 2, 'unclear');
SELECT portatext.receive_receipt('receipt_a', ref => 'R50'), pg_temp.shows(50);
SELECT portatext.receive_receipt('receipt_a', ref => 'R54-2'), pg_temp.shows(54);
SELECT portatext.receive_receipt('receipt_a', ref => 'R54-1'), pg_temp.shows(54);
SELECT portatext.receive_receipt('receipt_a', ref => 'R55'), pg_temp.shows(55);
SELECT portatext.receive_receipt('receipt_b', pg_temp.id(51)), pg_temp.shows(51);
SELECT portatext.receive_receipt('receipt_a', pg_temp.id(99));
SELECT portatext.receive_receipt('receipt_a', pg_temp.id(51), status => 'undelivered', error_code => '7'), pg_temp.shows(51);

-- A receipt before its reference is known is kept and applied later.
SELECT portatext.receive_receipt('receipt_a', ref => 'R52'), portatext.receive_receipt('receipt_a', ref => 'R53', status => 'rejected');
SELECT portatext.receive_receipt('receipt_b', ref => 'R52', part => 999);
SELECT ref, part, status FROM portatext.stray_receipt ORDER BY stray_id;
BEGIN;
INSERT INTO portatext.carrier_ref (carrier_id, ref, message_id) VALUES (portatext.carrier_number('receipt_a'), 'R52', pg_temp.id(52));
SELECT portatext.apply_strays(portatext.carrier_number('receipt_a'), ARRAY['R52', 'R54']), pg_temp.shows(52);
COMMIT;
BEGIN;
INSERT INTO portatext.carrier_ref (carrier_id, ref, message_id) VALUES (portatext.carrier_number('receipt_a'), 'R53', pg_temp.id(53));
SELECT portatext.retry_strays(), pg_temp.shows(53);
UPDATE portatext.stray_receipt SET received_at = received_at - interval '25 hours';
SELECT portatext.retry_strays();
SELECT count(*) FROM portatext.stray_receipt;
COMMIT;

-- A reference that is given again: the newest message has it, if the earlier one has ended.
SELECT count(*) FROM generate_series(56, 58) n, pg_temp.make(n, 1, 'sent');
SELECT portatext.carrier_number('receipt_a') AS a \gset
SELECT portatext.note_refs(ARRAY[:a, :a], '{R56,R56}', ARRAY[pg_temp.id(56), pg_temp.id(56)], '{1,2}') AS stay;
SELECT portatext.note_refs(ARRAY[:a, :a], '{R50,R56}', ARRAY[pg_temp.id(57), pg_temp.id(58)], '{1,1}') AS stay;
SELECT portatext.receive_receipt('receipt_a', ref => 'R50'), pg_temp.shows(57);
SELECT portatext.receive_receipt('receipt_a', ref => 'R56'), pg_temp.shows(56), pg_temp.shows(58);

-- How texts are cut changes only when no message counts on it.
SELECT portatext.alter_carrier('receipt_a', '{"url": "http://h/", "dlr_url": "http://h/"}', 'u', 'p', 's') = :a AS changed;
SELECT portatext.alter_carrier('receipt_a', wide_reference => true);
SELECT portatext.alter_carrier('receipt_a', wide_reference => false, locking_shift => 0, max_attempts => 4) = :a AS unchanged;
BEGIN;
UPDATE portatext.message SET step = 'final' WHERE carrier_id = :a;
SELECT portatext.alter_carrier('receipt_a', wide_reference => true) = :a AS changed;
ROLLBACK;

-- Errors.
SELECT portatext.receive_receipt('nobody', pg_temp.id(1));
SELECT portatext.receive_receipt('receipt_a', pg_temp.id(1), status => 'lost');
SELECT portatext.receive_receipt('receipt_a', pg_temp.id(1), status => NULL);
SELECT portatext.apply_receipts(1, ARRAY['a', 'b'], ARRAY[NULL::uuid], ARRAY[1], ARRAY['delivered'], ARRAY['']);
SELECT portatext.apply_receipts(1, '{}', '{}', '{}', '{}', '{}');

-- settle_message: an operator decides.
SELECT count(*) FROM generate_series(60, 62) n, pg_temp.make(n, 1, 'unclear');
SELECT pg_temp.make(63, 2, 'unclear'), pg_temp.make(64, 1, 'sent'), pg_temp.make(65, 1, 'queued');
INSERT INTO portatext.message_part (message_id, part, state) VALUES (pg_temp.id(63), 1, 'accepted'), (pg_temp.id(63), 2, 'unclear');
INSERT INTO portatext.attention (account_id, kind, message_id)
    SELECT account_id, 'unclear', message_id FROM portatext.message WHERE step = 'unclear' AND message_id >= pg_temp.id(60);
SELECT portatext.settle_message(pg_temp.id(60), 'sent'), pg_temp.shows(60);
SELECT portatext.settle_message(pg_temp.id(61), 'failed'), pg_temp.shows(61);
SELECT portatext.settle_message(pg_temp.id(61), 'failed');
SELECT portatext.settle_message(pg_temp.id(62), 'resend'), pg_temp.shows(62);
SELECT portatext.settle_message(pg_temp.id(63), 'resend'), pg_temp.shows(63);
SELECT count(*) FROM portatext.needs_attention WHERE message_id <= pg_temp.id(99);
SELECT to_number, lane % 2 AS bulk FROM portatext.outbox WHERE message_id IN (pg_temp.id(62), pg_temp.id(63)) ORDER BY message_id;
-- Resent are the parts that the carrier has not, or took and never reported on.
SELECT pg_temp.make(66, 4, 'queued'), pg_temp.make(67, 4, 'sent');
INSERT INTO portatext.message_part (message_id, part, state)
    SELECT pg_temp.id(n), p.part, p.state::portatext.part_state FROM generate_series(66, 67) n,
        (VALUES (1, 'accepted'), (2, 'rejected'), (3, 'unclear'), (4, 'delivered')) AS p (part, state);
INSERT INTO portatext.attention (account_id, kind, message_id)
    SELECT account_id, CASE step WHEN 'sent' THEN 'no_receipt' ELSE 'failed' END::portatext.attention_kind, message_id
    FROM portatext.message WHERE message_id IN (pg_temp.id(66), pg_temp.id(67));
SELECT portatext.settle_message(pg_temp.id(66), 'resend'), pg_temp.shows(66);
SELECT portatext.settle_message(pg_temp.id(67), 'resend'), pg_temp.shows(67);
-- A late receipt of what was settled as failed moves nothing.
SELECT pg_temp.got(61, 'delivered'), pg_temp.shows(61);
-- Only what is in doubt.
SELECT portatext.settle_message(pg_temp.id(64), 'failed');
SELECT portatext.settle_message(pg_temp.id(62), 'failed');
INSERT INTO portatext.attention (account_id, kind, message_id)
    SELECT account_id, 'failed', message_id FROM portatext.message WHERE message_id IN (pg_temp.id(62), pg_temp.id(65));
SELECT portatext.settle_message(pg_temp.id(62), 'failed');
SELECT portatext.settle_message(pg_temp.id(65), 'failed'), pg_temp.shows(65);
SELECT portatext.settle_message(pg_temp.id(64), 'maybe');
SELECT portatext.settle_message(pg_temp.id(98), 'sent');
-- BILL-20: after all that the balance is the ledger's sum.
SELECT a.name, (SELECT sum(s.amount) FROM portatext.balance_stripe s WHERE s.account_id = a.account_id)
        + COALESCE((SELECT sum(p.amount) FROM portatext.balance_pending p WHERE p.account_id = a.account_id), 0)
        = (SELECT sum(l.amount) FROM portatext.ledger_entry l WHERE l.account_id = a.account_id) AS balanced
    FROM portatext.account a WHERE a.name LIKE 'receipts%' ORDER BY 1;

-- Who may call: operators, no tenant; a tenant sees its own messages in doubt.
CREATE ROLE receipt_operator IN ROLE portatext_operator;
CREATE ROLE receipt_tenant IN ROLE portatext_account;
SELECT pg_temp.make(70, 1, 'unclear'), pg_temp.make(71, 1, 'unclear', 'receipts, silent');
INSERT INTO portatext.attention (account_id, kind, message_id)
    SELECT account_id, 'unclear', message_id FROM portatext.message WHERE message_id IN (pg_temp.id(70), pg_temp.id(71));
SELECT portatext.grant_account('receipt_tenant', account_id) FROM portatext.account WHERE name = 'receipts';
SET SESSION AUTHORIZATION receipt_operator;
-- Not for one account: what belongs to the others would be dropped.
BEGIN;
SELECT portatext.act_as(account_id) FROM portatext.account WHERE name = 'receipts, silent';
SAVEPOINT one;
SELECT portatext.receive_receipt('receipt_a', '01900000-0000-7000-8000-000000000064', status => 'undelivered');
ROLLBACK TO one;
SELECT portatext.receive_sms('receipt_a', '+15551230001', '+15557770001', 'Hello');
ROLLBACK;
SELECT portatext.receive_receipt('receipt_a', '01900000-0000-7000-8000-000000000064', status => 'undelivered');
SELECT count(*) FROM portatext.needs_attention WHERE message_id IN ('01900000-0000-7000-8000-000000000070', '01900000-0000-7000-8000-000000000071');
SET SESSION AUTHORIZATION receipt_tenant;
SELECT portatext.receive_receipt('receipt_a', '01900000-0000-7000-8000-000000000070');
SELECT portatext.apply_receipts(1, '{}', '{}', '{}', '{}', '{}');
SELECT portatext.receive_sms('receipt_a', '+15551230001', '+15557770001', 'Hello');
SELECT portatext.settle_message('01900000-0000-7000-8000-000000000070', 'failed');
SELECT portatext.apply_strays(1, '{}');
SELECT portatext.retry_strays();
SELECT right(message_id::text, 2) FROM portatext.needs_attention ORDER BY 1;
RESET SESSION AUTHORIZATION;
SELECT pg_temp.shows(64);
DROP ROLE receipt_operator, receipt_tenant;
