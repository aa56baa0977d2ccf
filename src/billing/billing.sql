-- Tariffs, the ledger and the balance.

CREATE TABLE portatext.tariff (
    tariff_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint REFERENCES portatext.account,
    prefix text NOT NULL CHECK (prefix ~ '^[0-9]{0,15}$'),
    credits numeric NOT NULL CHECK (credits >= 0),
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    CHECK (valid_from < valid_to)
);
CREATE UNIQUE INDEX tariff_key ON portatext.tariff
    (prefix, COALESCE(account_id, 0), valid_from);
COMMENT ON TABLE portatext.tariff IS
    'Credits per segment by destination. The longest prefix wins; at equal length an account''s own row wins over the general one, and the latest valid_from in force over earlier ones.';
COMMENT ON COLUMN portatext.tariff.account_id IS 'Null: for every account but those flagged as sandbox.';
COMMENT ON COLUMN portatext.tariff.prefix IS 'Leading digits of the number without +; empty: every destination.';
COMMENT ON COLUMN portatext.tariff.credits IS 'Credits for one segment, GSM or Unicode alike (BILL-02).';
SELECT pg_catalog.pg_extension_config_dump('portatext.tariff', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.tariff_tariff_id_seq', '');

CREATE TYPE portatext.ledger_kind AS ENUM
    ('charge', 'refund', 'inbound', 'recharge', 'bonus', 'debit', 'carry_forward');
COMMENT ON TYPE portatext.ledger_kind IS
    'Why a balance changed: outbound message, its refund, inbound message, recharge, bonus, operator''s debit, balance carried forward by retention.';

CREATE TABLE portatext.ledger_entry (
    account_id bigint NOT NULL,
    reference uuid NOT NULL,
    kind portatext.ledger_kind NOT NULL,
    amount numeric NOT NULL,
    note text,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (account_id, reference, kind)
);
COMMENT ON TABLE portatext.ledger_entry IS
    'Append-only: every balance change with its reason. At most one row a message and kind (BILL-20, BILL-21).';
COMMENT ON COLUMN portatext.ledger_entry.reference IS 'The message, or an id of the booking itself.';
COMMENT ON COLUMN portatext.ledger_entry.amount IS 'Credits; negative takes from the balance.';
SELECT pg_catalog.pg_extension_config_dump('portatext.ledger_entry', '');

CREATE TABLE portatext.balance_stripe (
    account_id bigint NOT NULL,
    stripe smallint NOT NULL,
    amount numeric NOT NULL DEFAULT 0,
    allowance numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, stripe),
    CHECK (stripe = 0 OR amount + allowance >= 0)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE portatext.balance_stripe IS
    'The balance in pieces, so that sessions of one account do not queue behind one row: balance = sum of amount + sum of balance_pending. Only charge() writes here.';
COMMENT ON COLUMN portatext.balance_stripe.allowance IS
    'This piece''s share of a postpaid account''s credit limit.';
SELECT pg_catalog.pg_extension_config_dump('portatext.balance_stripe', '');

CREATE TABLE portatext.balance_pending (
    reference uuid NOT NULL,
    account_id bigint NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX balance_pending_account ON portatext.balance_pending (account_id);
COMMENT ON TABLE portatext.balance_pending IS
    'Credits booked (refunds, recharges, bonuses) and not yet moved into a stripe: inserting never waits for a sender.';
SELECT pg_catalog.pg_extension_config_dump('portatext.balance_pending', '');

CREATE TABLE portatext.balance_alert (
    account_id bigint PRIMARY KEY,
    low boolean NOT NULL DEFAULT false,
    zero boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE portatext.balance_alert IS
    'Which balance alerts have fired and wait for the balance to recover (ALERT-25).';
SELECT pg_catalog.pg_extension_config_dump('portatext.balance_alert', '');
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.tariff
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
