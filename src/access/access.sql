-- Who may call the API: users, keys, addresses, sessions, nonces.

CREATE TYPE portatext.api_right AS ENUM ('read', 'send', 'manage', 'account');
COMMENT ON TYPE portatext.api_right IS
    'What an API key may do. read: look at what the account has; send: send messages and what else costs credits; manage: contacts, lists, templates, blacklist, campaigns, settings of numbers and services; account: keys, addresses, profile, money.';

CREATE TABLE portatext.api_user (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    email text NOT NULL CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    new_email text CHECK (new_email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    secret text NOT NULL,
    first_name text NOT NULL DEFAULT '',
    last_name text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT 'en' CHECK (language ~ '^[a-z]{2}$'),
    email_verified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE UNIQUE INDEX api_user_email ON portatext.api_user (lower(email));
CREATE INDEX api_user_account ON portatext.api_user (account_id);
COMMENT ON TABLE portatext.api_user IS 'People who log in to the API with e-mail address and password.';
COMMENT ON COLUMN portatext.api_user.secret IS 'SCRAM-SHA-256 verifier of the password, as the server''s own roles have it.';
COMMENT ON COLUMN portatext.api_user.language IS 'ISO 639-1; of the mails that the user gets.';
COMMENT ON COLUMN portatext.api_user.new_email IS
    'The address that email is to become: when its owner says so with a nonce mailed there. Until then nobody learns whether another user has it.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_user', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.api_user_user_id_seq', '');
GRANT SELECT (user_id, account_id, email, new_email, first_name, last_name, language, email_verified_at, created_at)
    ON portatext.api_user TO portatext_account, portatext_operator;

CREATE TABLE portatext.api_attempt (
    hash bytea PRIMARY KEY,
    tries integer NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE INDEX api_attempt_last ON portatext.api_attempt (last_at);
COMMENT ON TABLE portatext.api_attempt IS
    'Passwords tried since the last right one, for each e-mail address, whether it is a user''s or not: ten within 15 minutes, and for 15 minutes none is right.';
COMMENT ON COLUMN portatext.api_attempt.hash IS 'SHA-256 of the address in lower case.';
COMMENT ON COLUMN portatext.api_attempt.last_at IS 'Of the last that was counted; forgotten 15 minutes later.';

CREATE TABLE portatext.api_profile (
    account_id bigint PRIMARY KEY REFERENCES portatext.account,
    company text NOT NULL DEFAULT '',
    callback_url text CHECK (callback_url ~ '^https?://')
);
COMMENT ON TABLE portatext.api_profile IS 'What GET me shows of an account beside portatext.account.';
COMMENT ON COLUMN portatext.api_profile.callback_url IS 'Where notifications go; null: nowhere. Kept for the room that notifies.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_profile', '');
GRANT SELECT ON portatext.api_profile TO portatext_account, portatext_operator;

CREATE TABLE portatext.api_key (
    key_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    name text NOT NULL CHECK (name <> ''),
    prefix text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    rights portatext.api_right[] NOT NULL,
    addresses cidr[],
    requests_per_minute integer CHECK (requests_per_minute > 0),
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_key_account ON portatext.api_key (account_id);
COMMENT ON TABLE portatext.api_key IS 'API keys; a key is shown once, when it is made.';
COMMENT ON COLUMN portatext.api_key.prefix IS 'The beginning of the key, to recognise it by.';
COMMENT ON COLUMN portatext.api_key.hash IS 'SHA-256 of the key, which has 190 random bits.';
COMMENT ON COLUMN portatext.api_key.addresses IS 'Networks from which the key is good; null: those of the account (portatext.api_acl).';
COMMENT ON COLUMN portatext.api_key.requests_per_minute IS 'Null: portatext.api_requests_per_minute.';
COMMENT ON COLUMN portatext.api_key.last_used_at IS 'Written by the scheduler, some seconds late.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_key', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.api_key_key_id_seq', '');
GRANT SELECT (key_id, account_id, name, prefix, rights, addresses, requests_per_minute, created_at, expires_at, revoked_at, last_used_at)
    ON portatext.api_key TO portatext_account, portatext_operator;

CREATE TABLE portatext.api_acl (
    account_id bigint NOT NULL REFERENCES portatext.account,
    network cidr NOT NULL,
    description text NOT NULL DEFAULT '',
    ord integer NOT NULL,
    PRIMARY KEY (account_id, network)
);
COMMENT ON TABLE portatext.api_acl IS
    'Networks from which the account''s keys without addresses of their own are good; none: nowhere (API-02).';
COMMENT ON COLUMN portatext.api_acl.ord IS 'Its place in the list, from 1.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_acl', '');
GRANT SELECT ON portatext.api_acl TO portatext_account, portatext_operator;

-- The last use of a key changes nothing that requests are asked for.
CREATE TRIGGER flush_caches AFTER INSERT OR DELETE OR TRUNCATE
    OR UPDATE OF account_id, hash, rights, addresses, requests_per_minute, expires_at, revoked_at ON portatext.api_key
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.api_acl
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();

CREATE TABLE portatext.api_session (
    hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    user_id bigint NOT NULL REFERENCES portatext.api_user ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX api_session_user ON portatext.api_session (user_id);
CREATE INDEX api_session_expiry ON portatext.api_session (expires_at);
COMMENT ON TABLE portatext.api_session IS 'Session tokens.';
COMMENT ON COLUMN portatext.api_session.hash IS 'SHA-256 of the token.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_session', '');

CREATE TYPE portatext.nonce_kind AS ENUM ('password_reset', 'email_verify');
COMMENT ON TYPE portatext.nonce_kind IS 'What a nonce that was sent by mail is good for.';

CREATE TABLE portatext.api_nonce (
    hash bytea PRIMARY KEY,
    account_id bigint,
    user_id bigint,
    kind portatext.nonce_kind NOT NULL,
    email text NOT NULL,
    unsent text,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX api_nonce_user ON portatext.api_nonce (user_id);
CREATE INDEX api_nonce_email ON portatext.api_nonce (email, kind);
CREATE INDEX api_nonce_expiry ON portatext.api_nonce (expires_at);
COMMENT ON TABLE portatext.api_nonce IS
    'Single-use nonces of password resets and e-mail verifications (API-06); deleted when used or expired.';
COMMENT ON COLUMN portatext.api_nonce.hash IS 'SHA-256 of the nonce.';
COMMENT ON COLUMN portatext.api_nonce.user_id IS
    'Null: nobody has the address; the row is written all the same, so that the answer takes as long, and is good for nothing.';
COMMENT ON COLUMN portatext.api_nonce.email IS 'The address that it was made for, in lower case.';
COMMENT ON COLUMN portatext.api_nonce.unsent IS 'The nonce itself until it is mailed; readable by nobody but the owner.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_nonce', '');
