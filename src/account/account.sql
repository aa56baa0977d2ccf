-- Accounts, who speaks for them, and what an account's own settings are.

CREATE TYPE portatext.account_kind AS ENUM ('prepaid', 'postpaid');
COMMENT ON TYPE portatext.account_kind IS
    'prepaid: outbound messages need credits; postpaid: the balance may go below zero, down to the credit limit.';

CREATE TABLE portatext.account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    kind portatext.account_kind NOT NULL DEFAULT 'prepaid',
    credit_limit numeric CHECK (credit_limit >= 0),
    sandbox boolean NOT NULL DEFAULT false,
    is_default boolean NOT NULL DEFAULT false,
    suspended boolean NOT NULL DEFAULT false,
    carrier_id integer,
    timezone text NOT NULL DEFAULT 'UTC',
    inbound_cost numeric NOT NULL DEFAULT 1 CHECK (inbound_cost >= 0),
    credit_price numeric CHECK (credit_price >= 0),
    alert_when_credit_less_than numeric,
    message_events boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE UNIQUE INDEX account_default ON portatext.account (is_default) WHERE is_default;
COMMENT ON TABLE portatext.account IS
    'One customer of the installation: its own balance, numbers, blacklist and messages.';
COMMENT ON COLUMN portatext.account.credit_limit IS
    'Credits a postpaid account may owe; null: no limit. Prepaid accounts have none.';
COMMENT ON COLUMN portatext.account.sandbox IS
    'A sandbox account''s credits are honoured by the carrier loopback only.';
COMMENT ON COLUMN portatext.account.is_default IS
    'The account of superusers and operators who have chosen no other.';
COMMENT ON COLUMN portatext.account.carrier_id IS
    'The carrier that takes this account''s messages; null: the installation''s choice.';
COMMENT ON COLUMN portatext.account.inbound_cost IS
    'Credits charged for each inbound message (BILL-08).';
COMMENT ON COLUMN portatext.account.credit_price IS
    'Money that one credit costs this account, in the installation''s currency (BILL-15).';
COMMENT ON COLUMN portatext.account.alert_when_credit_less_than IS
    'An event is written when the balance falls below so many credits (ALERT-02); null: off.';
COMMENT ON COLUMN portatext.account.message_events IS
    'Whether each state change of a message writes an event row.';
SELECT pg_catalog.pg_extension_config_dump('portatext.account', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.account_account_id_seq', '');

CREATE TABLE portatext.account_role (
    role_name name PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account
);
COMMENT ON TABLE portatext.account_role IS
    'Which account a login role speaks for; written by grant_account().';
SELECT pg_catalog.pg_extension_config_dump('portatext.account_role', '');
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.account
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.account_role
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
