-- Inbound messages: receive_sms.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

INSERT INTO portatext.carrier (name, adapter) VALUES ('inbound_a', 'kannel'), ('inbound_b', 'kannel');
INSERT INTO portatext.account (name, inbound_cost) VALUES ('inbound, usual', DEFAULT), ('inbound, cheap', 0.25), ('inbound, free', 0);
SELECT count(portatext.open_balance(account_id)) FROM portatext.account WHERE name LIKE 'inbound%';
UPDATE portatext.account SET message_events = false WHERE name = 'inbound, free';
INSERT INTO portatext.did (account_id, number)
    SELECT a.account_id, d.number FROM portatext.account a JOIN (VALUES
        ('inbound, usual', '+15557770001'), ('inbound, usual', '77701'),
        ('inbound, cheap', '+15557770002'), ('inbound, free', '+15557770003')) d (name, number) USING (name);
CREATE FUNCTION pg_temp.shows(id uuid) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', a.name || ':', m.state, m.step, m.inbound, m.from_number, '>', m.to_number, m.encoding, m.segments, m.cost,
            (SELECT string_agg(l.kind || ' ' || l.amount, ',') FROM portatext.ledger_entry l WHERE l.reference = m.message_id),
            (SELECT string_agg(e.type || ' ' || e.payload, ',') FROM portatext.event e WHERE e.subject = m.message_id::text))
        FROM portatext.message m JOIN portatext.account a USING (account_id) WHERE m.message_id = id $$;

-- SMS-16, BILL-08: stored, matched, charged, announced; BILL-11: also below zero.
SELECT pg_temp.shows(portatext.receive_sms('inbound_a', '+15551230001', '+15557770001', 'Hello'));
-- The numbers as carriers write them.
SELECT pg_temp.shows(portatext.receive_sms('inbound_a', '15551230001', '15557770001', 'Hello'));
SELECT pg_temp.shows(portatext.receive_sms('inbound_a', '0044 7700 900-123', '001 (555) 777.0001', 'Hello'));
SELECT pg_temp.shows(portatext.receive_sms('inbound_a', 'ACME', '77701', 'Hello'));
-- BILL-08: the rate is the account's own; BILL-09: one message, whatever its segments.
SELECT pg_temp.shows(portatext.receive_sms('inbound_a', '+15551230001', '+15557770002', repeat('€', 200)));
SELECT pg_temp.shows(portatext.receive_sms('inbound_a', '+15551230001', '+15557770003', 'Grüße, Welt'));
SELECT a.name, portatext.balance(a.account_id), (SELECT sum(l.amount) FROM portatext.ledger_entry l WHERE l.account_id = a.account_id)
    FROM portatext.account a WHERE a.name LIKE 'inbound%' ORDER BY 1;

-- BILL-12, SMS-03: an empty text leaves nothing behind.
SELECT portatext.receive_sms('inbound_a', '+15551230001', '+15557770001', '', 'E1') IS NULL,
    portatext.receive_sms('inbound_a', '+15551230001', '+15557770001', NULL) IS NULL;
SELECT count(*) FROM portatext.inbound_ref WHERE ref = 'E1';
SELECT count(*) FROM portatext.message m JOIN portatext.account a USING (account_id)
    WHERE m.inbound AND a.name LIKE 'inbound%';
-- One character is enough.
SELECT pg_temp.shows(portatext.receive_sms('inbound_a', '+15551230001', '+15557770001', ' '));

-- The carrier's repeat is the same message; another carrier's is another.
CREATE TEMPORARY TABLE got AS SELECT 1 AS n, portatext.receive_sms('inbound_a', '+15551230001', '+15557770001', 'Once', 'R1') AS id;
INSERT INTO got SELECT 2, portatext.receive_sms('inbound_a', '+15551230001', '+15557770001', 'Once', 'R1');
INSERT INTO got SELECT 3, portatext.receive_sms('inbound_b', '+15551230001', '+15557770001', 'Once', 'R1');
INSERT INTO got SELECT 4, portatext.receive_sms('inbound_a', '+15551230001', '+15557770001', 'Once', '');
SELECT n, id = (SELECT id FROM got WHERE n = 1) FROM got ORDER BY n;
SELECT count(*), sum(l.amount) FROM got g JOIN portatext.ledger_entry l ON l.reference = g.id WHERE g.n IN (1, 2);

-- Nothing is lost: what belongs to nobody is kept, once.
SELECT portatext.receive_sms('inbound_a', '+15551230001', '+15557779999', 'To nobody', 'R2') IS NULL;
SELECT portatext.receive_sms('inbound_a', '+15551230001', '+15557779999', 'To nobody', 'R2') IS NULL;
SELECT portatext.receive_sms('inbound_a', 'somebody@example.com', '+15557770001', 'From no address') IS NULL;
SELECT u.from_number, u.to_number, u.body, u.ref FROM portatext.unrouted u JOIN portatext.carrier c USING (carrier_id)
    WHERE c.name LIKE 'inbound%' ORDER BY u.unrouted_id;

-- Errors.
SELECT portatext.receive_sms('inbound_x', '+15551230001', '+15557770001', 'Hello');
SELECT portatext.receive_sms(NULL, '+15551230001', '+15557770001', 'Hello');
SELECT portatext.receive_sms('inbound_a', NULL, '+15557770001', 'Hello');
SELECT portatext.receive_sms('inbound_a', '+15551230001', NULL, 'Hello');
