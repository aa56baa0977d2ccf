-- Who may call the API: users, keys, addresses, sessions, nonces.

CREATE TYPE portatext.api_right AS ENUM ('read', 'send', 'manage', 'account');
COMMENT ON TYPE portatext.api_right IS
    'What an API key may do. read: look at what the account has; send: send messages and what else costs credits; manage: contacts, lists, templates, blacklist, campaigns, settings of numbers and services; account: keys, addresses, profile, money.';

CREATE TABLE portatext.api_user (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    email text NOT NULL CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    secret text NOT NULL,
    first_name text NOT NULL DEFAULT '',
    last_name text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT 'en' CHECK (language ~ '^[a-z]{2}$'),
    email_verified_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE UNIQUE INDEX api_user_email ON portatext.api_user (lower(email));
CREATE INDEX api_user_account ON portatext.api_user (account_id);
COMMENT ON TABLE portatext.api_user IS 'People who log in to the API with e-mail address and password.';
COMMENT ON COLUMN portatext.api_user.secret IS 'SCRAM-SHA-256 verifier of the password, as the server''s own roles have it.';
COMMENT ON COLUMN portatext.api_user.language IS 'ISO 639-1; of the mails that the user gets.';
COMMENT ON COLUMN portatext.api_user.failures IS 'Wrong passwords since the last right one.';
COMMENT ON COLUMN portatext.api_user.locked_until IS 'No password is right before; set after repeated failures.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_user', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.api_user_user_id_seq', '');

CREATE TABLE portatext.api_profile (
    account_id bigint PRIMARY KEY REFERENCES portatext.account,
    company text NOT NULL DEFAULT '',
    callback_url text CHECK (callback_url ~ '^https?://')
);
COMMENT ON TABLE portatext.api_profile IS 'What GET me shows of an account beside portatext.account.';
COMMENT ON COLUMN portatext.api_profile.callback_url IS 'Where notifications go; null: nowhere. Kept for the room that notifies.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_profile', '');

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
    account_id bigint NOT NULL REFERENCES portatext.account,
    user_id bigint NOT NULL REFERENCES portatext.api_user ON DELETE CASCADE,
    kind portatext.nonce_kind NOT NULL,
    email text NOT NULL,
    unsent text,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX api_nonce_user ON portatext.api_nonce (user_id);
CREATE INDEX api_nonce_expiry ON portatext.api_nonce (expires_at);
COMMENT ON TABLE portatext.api_nonce IS
    'Single-use nonces of password resets and e-mail verifications (API-06); deleted when used or expired.';
COMMENT ON COLUMN portatext.api_nonce.hash IS 'SHA-256 of the nonce.';
COMMENT ON COLUMN portatext.api_nonce.email IS 'The address that it was made for.';
COMMENT ON COLUMN portatext.api_nonce.unsent IS 'The nonce itself until it is mailed; readable by nobody but the owner.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_nonce', '');
