-- Messages put into the queue by hand: what send_sms does, without its checks.
-- For tests of the workers alone.
CREATE SCHEMA test;

CREATE FUNCTION test.account(name text, credits numeric DEFAULT 1000000) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    id bigint := portatext.create_account(account.name);
BEGIN
    PERFORM portatext.recharge(credits, 'test', id);
    INSERT INTO portatext.did (account_id, number)
        VALUES (id, '+1555000' || lpad(id::text, 4, '0'));
    PERFORM portatext.adopt();
    RETURN id;
END
$$;

-- Queues n messages to the numbers prefix || 0001 ... and returns their ids.
CREATE FUNCTION test.queue(account bigint, carrier int, recipients text[], body text DEFAULT 'Hello, world',
        bulk boolean DEFAULT false, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
        sender text DEFAULT NULL)
    RETURNS SETOF uuid
    LANGUAGE sql AS $$
    SELECT portatext.wake_senders();
    WITH how AS (SELECT * FROM portatext.sms_analyze(body)),
    made AS (
        INSERT INTO portatext.message (message_id, account_id, priority, carrier_id, segments, cost,
                from_number, to_number, encoding, body, send_at, valid_until)
            SELECT portatext.uuid7(), account,
                CASE WHEN bulk THEN 'bulk' ELSE 'transactional' END::portatext.message_priority,
                carrier, how.segments, how.segments,
                COALESCE(sender, (SELECT d.number FROM portatext.did d WHERE d.account_id = account LIMIT 1)),
                r, how.encoding, body, send_at, valid_until
            FROM how, unnest(recipients) r
            RETURNING *),
    booked AS (
        INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount)
            SELECT account_id, message_id, 'charge', -cost FROM made),
    charged AS (
        UPDATE portatext.balance_stripe b
            SET amount = b.amount - (SELECT sum(cost) FROM made)
            WHERE b.account_id = account AND b.stripe = 0),
    queued AS (
        INSERT INTO portatext.outbox (lane, due, message_id, to_number)
            SELECT carrier_id * 2 + bulk::int, COALESCE(m.send_at, portatext.now()), message_id, to_number
            FROM made m)
    SELECT message_id FROM made;
$$;

-- Numbers +1555010<from> to +1555010<to>, four digits each.
CREATE FUNCTION test.numbers(first int, last int) RETURNS text[]
    LANGUAGE sql AS $$
    SELECT array_agg('+1555010' || lpad(i::text, 4, '0') ORDER BY i) FROM generate_series(first, last) i;
$$;

-- Where every message is: exactly one of outbox, parked, lease, sent, unclear, final, failed.
CREATE VIEW test.places AS
    SELECT m.message_id, m.account_id, m.state, m.step,
        (SELECT count(*) FROM portatext.outbox o WHERE o.message_id = m.message_id) AS outbox,
        (SELECT count(*) FROM portatext.parked p WHERE p.message_id = m.message_id) AS parked,
        -- a lease still names those of its messages that are sent
        (SELECT count(*) FROM portatext.lease l, unnest(l.ids) i
            WHERE i = m.message_id AND m.step = 'queued') AS leases
    FROM portatext.message m WHERE NOT m.inbound;

CREATE VIEW test.misplaced AS
    SELECT * FROM test.places
    WHERE outbox + parked + leases <> (step = 'queued')::int;

CREATE VIEW test.wrong_balances AS
    SELECT a.account_id FROM portatext.account a
    WHERE (SELECT COALESCE(sum(amount), 0) FROM portatext.ledger_entry l WHERE l.account_id = a.account_id) <>
        (SELECT COALESCE(sum(amount), 0) FROM portatext.balance_stripe b WHERE b.account_id = a.account_id) +
        (SELECT COALESCE(sum(amount), 0) FROM portatext.balance_pending b WHERE b.account_id = a.account_id);
