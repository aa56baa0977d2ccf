-- A database of the bench: an application role whose account sends through a carrier
-- of the kind kannel, which is mostly the sink; and plain copies of the tables that a
-- message fills.
-- Variables: url, username, password (of the carrier), dlr_url, in_flight.
CREATE EXTENSION portatext;
SELECT 'CREATE ROLE app LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') \gexec

SELECT portatext.create_carrier('bench', 'kannel', jsonb_build_object('url', :'url', 'dlr_url', :'dlr_url'),
    :'username', :'password', receipt_secret => 'secret', sender_segments_per_second => NULL,
    max_in_flight => :in_flight);
SELECT portatext.create_account('bench', carrier => 'bench') AS account \gset
SELECT portatext.grant_account('app', :account);
SELECT portatext.recharge(1e9, account_id => :account);
SELECT portatext.set_tariff('', 1);
SELECT portatext.assign_did('+12015550100', :account);

-- Recipient number i; there are five million of them.
CREATE FUNCTION recipient(i bigint) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN '+1201' || (5000000 + i % 5000000)::text;
CREATE FUNCTION words() RETURNS text LANGUAGE sql IMMUTABLE
    RETURN 'Your table is ready, see you at 8. Call us when you are late.';

-- Contact number i of a campaign: in eight area codes, of six time zones; with odd
-- numbers lie between them.
CREATE FUNCTION contact_number(i bigint, odd integer DEFAULT 0) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN '+1' || (ARRAY[201, 212, 312, 303, 213, 808, 902, 617])[i % 8 + 1] || (5000000 + i / 8 * 2 + odd)::text;

-- Recipients that lie in a table.
CREATE TABLE list (i bigint PRIMARY KEY, number text NOT NULL);

-- Single messages go to the next recipient each time.
CREATE SEQUENCE turn CACHE 100;

CREATE FUNCTION send_many(n bigint) RETURNS TABLE (message_id uuid) LANGUAGE sql VOLATILE
    AS $$ SELECT b.message_id FROM portatext.send_sms_batch(
        ARRAY(SELECT recipient(i) FROM generate_series(1, n) i), words(), priority => 'transactional') b $$;

CREATE FUNCTION send_later(n bigint) RETURNS TABLE (message_id uuid) LANGUAGE sql VOLATILE
    AS $$ SELECT b.message_id FROM portatext.send_sms_batch(
        ARRAY(SELECT recipient(i) FROM generate_series(1, n) i), words(), priority => 'transactional',
        send_at => portatext.now() + interval '1 day') b $$;

-- Numbers with which the test carrier has nothing special in mind.
CREATE FUNCTION send_to_centre(n bigint) RETURNS TABLE (message_id uuid) LANGUAGE sql VOLATILE
    AS $$ SELECT b.message_id FROM portatext.send_sms_batch(
        ARRAY(SELECT '+1201' || (10000 + i % 90000)::text || '99' FROM generate_series(1, n) i), words(),
        priority => 'transactional') b $$;

-- The same rows without any of portatext's work, in copies of its tables.
CREATE TABLE plain_message (LIKE portatext.message INCLUDING ALL) WITH (fillfactor = 50);
CREATE TABLE plain_ledger (LIKE portatext.ledger_entry INCLUDING ALL);
CREATE TABLE plain_outbox (LIKE portatext.outbox INCLUDING ALL);
GRANT EXECUTE ON FUNCTION portatext.uuid7() TO app;
GRANT INSERT, SELECT, UPDATE ON plain_message, plain_ledger, plain_outbox TO app;
GRANT SELECT ON list TO app;
GRANT USAGE ON SEQUENCE turn TO app;
