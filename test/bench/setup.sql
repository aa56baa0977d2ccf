-- The bench's database: an application role whose account sends through a carrier of
-- the kind kannel, which is the sink; and plain copies of the tables that a message fills.
-- Variables: port (the sink's), in_flight.
CREATE EXTENSION portatext;
CREATE ROLE app LOGIN;

INSERT INTO portatext.carrier (name, adapter, settings, sender_segments_per_second, max_in_flight)
    VALUES ('bench', 'kannel',
        jsonb_build_object('url', format('http://127.0.0.1:%s/cgi-bin/sendsms', :port),
            'dlr_url', 'http://127.0.0.1:9/receipt/bench'),
        NULL, :in_flight);
INSERT INTO portatext.carrier_secret (carrier_id, username, password, receipt_secret)
    SELECT carrier_id, 'bench', 'bench', 'secret' FROM portatext.carrier WHERE name = 'bench';

SELECT portatext.create_account('bench', carrier => 'bench') AS account \gset
SELECT portatext.grant_account('app', :account);
SELECT portatext.recharge(1e9, account_id => :account);
INSERT INTO portatext.tariff (prefix, credits) VALUES ('', 1);
INSERT INTO portatext.did (account_id, number) VALUES (:account, '+12015550100');

-- Recipient number i; +1 201 5 ... is long enough for a million of them.
CREATE FUNCTION recipient(i bigint) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN '+1201' || (5000000 + i)::text;
CREATE FUNCTION words() RETURNS text LANGUAGE sql IMMUTABLE
    RETURN 'Your table is ready, see you at 8. Call us when you are late.';

CREATE FUNCTION send(i bigint) RETURNS uuid LANGUAGE sql VOLATILE
    RETURN portatext.send_sms(recipient(i), words());

CREATE FUNCTION send_many(n bigint) RETURNS TABLE (message_id uuid) LANGUAGE sql VOLATILE
    AS $$ SELECT b.message_id FROM portatext.send_sms_batch(
        ARRAY(SELECT recipient(i) FROM generate_series(1, n) i), words(), priority => 'transactional') b $$;

-- The same rows without any of portatext's work, in copies of its tables.
CREATE TABLE plain_message (LIKE portatext.message INCLUDING ALL) WITH (fillfactor = 70);
CREATE TABLE plain_ledger (LIKE portatext.ledger_entry INCLUDING ALL);
CREATE TABLE plain_outbox (LIKE portatext.outbox INCLUDING ALL);
CREATE FUNCTION plain_rows(n bigint) RETURNS TABLE (message_id uuid, to_number text, body text)
    LANGUAGE sql VOLATILE ROWS 1000
    AS $$ SELECT portatext.uuid7(), recipient(i), words() FROM generate_series(1, n) i $$;
GRANT EXECUTE ON FUNCTION portatext.uuid7() TO app;
GRANT INSERT, SELECT ON plain_message, plain_ledger, plain_outbox TO app;
