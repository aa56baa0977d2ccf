-- Inbound messages in parts: receive_sms_part, receive_sms_raw, join_late_parts.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

INSERT INTO portatext.carrier (name, adapter) VALUES ('parts_a', 'kannel'), ('parts_b', 'kannel');
SELECT portatext.assign_did('+15557771001', portatext.create_account('parts')) IS NULL;
CREATE TEMPORARY TABLE seen (message_id uuid);
-- The messages that have come in since the last look: text, segments, refs, and what they cost.
CREATE FUNCTION pg_temp.news() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY WITH fresh AS (
            INSERT INTO seen SELECT m.message_id FROM portatext.message m JOIN portatext.account a USING (account_id)
                WHERE a.name = 'parts' AND m.inbound AND m.message_id NOT IN (SELECT s.message_id FROM seen s) RETURNING message_id)
        SELECT concat_ws(' ', m.from_number, format('"%s"', m.body),
                (SELECT string_agg(r.ref, ',' ORDER BY r.ref) FROM portatext.inbound_ref r WHERE r.message_id = m.message_id),
                (SELECT string_agg(concat_ws(' ', l.kind, l.amount), ',') FROM portatext.ledger_entry l WHERE l.reference = m.message_id),
                (SELECT string_agg(e.type, ',') FROM portatext.event e WHERE e.subject = m.message_id::text))
            FROM fresh JOIN portatext.message m USING (message_id) ORDER BY 1;
END $$;
CREATE FUNCTION pg_temp.part(sender text, reference int, part int, parts int, body text, ref text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql AS $$ SELECT portatext.receive_sms_part('parts_a', sender, '15557771001', body, reference, part, parts, ref) IS NOT NULL $$;
CREATE FUNCTION pg_temp.raw(sender text, udh text, data text, coding int DEFAULT 0, ref text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql AS $$ SELECT portatext.receive_sms_raw('parts_a', sender, '15557771001', decode(data, 'hex'), coding, decode(udh, 'hex'), ref) IS NOT NULL $$;
CREATE FUNCTION pg_temp.waiting() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT count(*) FROM portatext.inbound_join), (SELECT count(*) FROM portatext.inbound_part)) $$;

-- GEN-09: joined in any order; only the last part makes the message; BILL-09: charged once.
SELECT pg_temp.part('+15551240001', 7, 1, 2, 'Hello, '), pg_temp.part('15551240001', 7, 2, 2, 'world');
SELECT pg_temp.part('+15551240002', 7, 3, 3, 'c', 'R3'), pg_temp.part('+15551240002', 7, 1, 3, 'a', 'R1'), pg_temp.part('+15551240002', 7, 2, 3, 'b', 'R2');
SELECT pg_temp.news();
SELECT pg_temp.waiting();
-- Twice: each part, with its reference and without; also after the message is there.
SELECT pg_temp.part('+15551240003', 9, 2, 2, 'two', 'D2'), pg_temp.part('+15551240003', 9, 2, 2, 'two', 'D2'), pg_temp.part('+15551240003', 9, 2, 2, 'two', 'D2b'),
    pg_temp.part('+15551240003', 9, 1, 2, 'one', 'D1');
SELECT pg_temp.part('+15551240003', 9, 1, 2, 'one', 'D1'), pg_temp.part('+15551240003', 9, 2, 2, 'two', 'D2'), pg_temp.part('+15551240003', 9, 2, 2, 'two', 'D2b');
SELECT pg_temp.news();
SELECT pg_temp.waiting();
-- A repeat gives the message that its part belongs to.
SELECT count(DISTINCT x) FROM unnest(ARRAY[
    portatext.receive_sms_part('parts_a', '+15551240003', '15557771001', 'one', 9, 1, 2, 'D1'),
    portatext.receive_sms_part('parts_a', '+15551240003', '15557771001', 'two', 9, 2, 2, 'D2')]) x;
-- A carrier that gives all parts one id.
SELECT pg_temp.part('+15551240004', 1, 1, 2, 'same ', 'S'), pg_temp.part('+15551240004', 1, 2, 2, 'id', 'S'), pg_temp.part('+15551240004', 1, 1, 2, 'same ', 'S');
-- The reference used again: after the message is there, and, with another text, before.
SELECT pg_temp.part('+15551240005', 1, 1, 2, 'first '), pg_temp.part('+15551240005', 1, 2, 2, 'message');
SELECT pg_temp.part('+15551240005', 1, 1, 2, 'second '), pg_temp.part('+15551240005', 1, 1, 2, 'third '), pg_temp.part('+15551240005', 1, 2, 2, 'message');
-- Counts that contradict each other, senders, carriers and references are different messages.
SELECT pg_temp.part('+15551240006', 1, 1, 2, 'of '), pg_temp.part('+15551240006', 1, 1, 3, 'of '), pg_temp.part('+15551240006', 1, 3, 3, 'three'),
    pg_temp.part('+15551240006', 1, 2, 2, 'two'), pg_temp.part('+15551240006', 2, 2, 2, 'other'), pg_temp.part('+15551240006', 1, 2, 3, 'all ');
SELECT portatext.receive_sms_part('parts_b', '+15551240006', '15557771001', 'elsewhere', 2, 1, 2) IS NULL;
SELECT pg_temp.news();
SELECT pg_temp.waiting();

-- Parts that stay away: taken in as far as it is there, with a mark for each gap.
SELECT portatext.join_late_parts(portatext.now() - interval '1 minute');
SELECT portatext.join_late_parts(portatext.now());
SELECT pg_temp.news();
SELECT pg_temp.part('+15551240007', 1, 2, 6, 'two '), pg_temp.part('+15551240007', 1, 5, 6, 'five', 'L5'), pg_temp.part('+15551240007', 1, 3, 6, 'three ');
SELECT portatext.join_late_parts(portatext.now());
-- What comes later is no longer part of it.
SELECT pg_temp.part('+15551240007', 1, 1, 6, 'one '), pg_temp.part('+15551240007', 1, 5, 6, 'five', 'L5');
SELECT portatext.join_late_parts(portatext.now());
SELECT portatext.join_late_parts(portatext.now());
SELECT pg_temp.news();
SELECT pg_temp.waiting();

-- One that cannot be taken in keeps no other back, and is tried again later.
CREATE FUNCTION pg_temp.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON portatext.message FOR EACH ROW WHEN (NEW.from_number = '+15551240008') EXECUTE FUNCTION pg_temp.fail();
SELECT pg_temp.part('+15551240008', 1, 1, 2, 'poison'), pg_temp.part('+15551240009', 1, 1, 2, 'beside');
SELECT portatext.join_late_parts(portatext.now());
SELECT pg_temp.news();
SELECT from_number, last_at > portatext.now() - interval '1 minute' FROM portatext.inbound_join;
DROP TRIGGER fail ON portatext.message;
SELECT portatext.join_late_parts(portatext.now());
SELECT pg_temp.news();

-- Raw parts are decoded when they are joined: a pair of surrogates and an escape cut in two.
SELECT pg_temp.raw('+15551240010', '050003210201', '0041d83d', 2), pg_temp.raw('+15551240010', '050003210202', 'de000042', 2);
SELECT pg_temp.raw('+15551240011', '050003210202', '6520'), pg_temp.raw('+15551240011', '050003210201', '351b');
-- National tables: Turkish locking shift in one part, single shift in the other, and the default table (3GPP TS 23.038, A.2, A.3).
SELECT pg_temp.raw('+15551240012', '080003210301250101', '0b0c'), pg_temp.raw('+15551240012', '080003210302240101', '1b491b69'),
    pg_temp.raw('+15551240012', '050003210303', '0b0c');
-- References of 8 and of 16 bits are different ones.
SELECT pg_temp.raw('+15551240013', '050003010201', '61'), pg_temp.raw('+15551240013', '06080400010202', '62'),
    pg_temp.raw('+15551240013', '06080400010201', '63'), pg_temp.raw('+15551240013', '050003010202', '64');
-- Whole messages: a header without concatenation, none at all, the three codings.
SELECT pg_temp.raw('+15551240014', '06050415820000', '4869', 0, 'W1'), pg_temp.raw('+15551240014', '', '00111b65'), pg_temp.raw('+15551240014', NULL, '0041d83dde00d83d0000', 2),
    pg_temp.raw('+15551240014', NULL, '636166e9', 1), pg_temp.raw('+15551240014', NULL, '636166c3a900', 1), pg_temp.raw('+15551240014', '06050415820000', '4869', 0, 'W1');
-- A gap in a raw message; parts of different codings.
SELECT pg_temp.raw('+15551240015', '050003210301', '0041d83d', 2), pg_temp.raw('+15551240015', '050003210303', 'de000042', 2);
SELECT pg_temp.raw('+15551240016', '050003210201', '00410042', 2), pg_temp.raw('+15551240016', '050003210202', '4142', 0);
SELECT portatext.join_late_parts(portatext.now());
SELECT pg_temp.news();

-- BILL-12: an empty message leaves nothing; an empty part is one.
SELECT pg_temp.part('+15551240020', 1, 1, 2, '', 'N1'), pg_temp.part('+15551240020', 1, 2, 2, NULL, 'N2'), pg_temp.raw('+15551240020', NULL, '', 0, 'N3');
SELECT count(*) FROM portatext.inbound_ref WHERE ref LIKE 'N_';
SELECT pg_temp.part('+15551240021', 1, 2, 2, 'x', 'N4'), pg_temp.part('+15551240021', 1, 1, 2, '', 'N5');
SELECT pg_temp.part('+15551240022', 1, 1, 1, 'of one', 'N6'), pg_temp.part('+15551240022', 1, 1, 1, 'of one', 'N6');
-- To a number that nobody owns.
SELECT portatext.receive_sms_part('parts_a', '+15551240023', '+15557779998', 'body', 1, 2, 2, 'U2') IS NULL,
    portatext.receive_sms_part('parts_a', '+15551240023', '+15557779998', 'no', 1, 1, 2, 'U1') IS NULL,
    portatext.receive_sms_part('parts_a', '+15551240023', '+15557779998', 'no', 1, 1, 2, 'U1') IS NULL;
SELECT u.body, u.ref FROM portatext.unrouted u WHERE u.to_number = '+15557779998';
SELECT pg_temp.news();
SELECT pg_temp.waiting();
SELECT portatext.balance(a.account_id) = (SELECT sum(l.amount) FROM portatext.ledger_entry l WHERE l.account_id = a.account_id)
    FROM portatext.account a WHERE a.name = 'parts';

-- Errors.
SELECT pg_temp.part('+1555', 1, 0, 2, 'x');
SELECT pg_temp.part('+1555', 1, 3, 2, 'x');
SELECT pg_temp.part('+1555', 1, NULL, 2, 'x');
SELECT pg_temp.part('+1555', 1, 1, 256, 'x');
SELECT pg_temp.part('+1555', -1, 1, 2, 'x');
SELECT pg_temp.part(NULL, 1, 1, 2, 'x');
SELECT pg_temp.raw('+1555', '05000301', '61');
SELECT pg_temp.raw('+1555', '', '61', 3);
SELECT portatext.receive_sms_raw('parts_x', '+1555', '+1555', 'a');
