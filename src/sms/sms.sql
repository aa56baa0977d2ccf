-- Senders, blacklists, messages and the tables their life runs through.

CREATE TABLE portatext.did (
    did_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    number portatext.address NOT NULL UNIQUE,
    segments_per_second numeric CHECK (segments_per_second > 0),
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1000000),
    stop_detection boolean NOT NULL DEFAULT false,
    stop_text text NOT NULL DEFAULT 'You have opted out and will not receive any more messages from this number.',
    auto_reply text,
    cnam_enabled boolean NOT NULL DEFAULT false
);
CREATE INDEX did_account ON portatext.did (account_id);
COMMENT ON TABLE portatext.did IS 'The senders that accounts own: long codes, or alphanumeric names the operator has allowed (GEN-03).';
COMMENT ON COLUMN portatext.did.segments_per_second IS 'Own pace of this sender; null: the carrier''s (SMS-17).';
COMMENT ON COLUMN portatext.did.weight IS 'Share of the recipients among several senders; 0: only when it is named.';
COMMENT ON COLUMN portatext.did.stop_detection IS 'A message with the word STOP puts its sender on the account''s blacklist (DID-01); off by default.';
COMMENT ON COLUMN portatext.did.stop_text IS 'The confirmation that follows (DID-02).';
COMMENT ON COLUMN portatext.did.auto_reply IS 'The answer to every inbound message (DID-06); null: none.';
COMMENT ON COLUMN portatext.did.cnam_enabled IS 'Ask for the name of who writes (CNAM-02); kept for the room that asks.';
SELECT pg_catalog.pg_extension_config_dump('portatext.did', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.did_did_id_seq', '');

CREATE TABLE portatext.blacklist (
    account_id bigint NOT NULL,
    number portatext.e164 NOT NULL,
    reason text,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (account_id, number)
);
CREATE INDEX blacklist_digits ON portatext.blacklist (account_id, portatext.digits(number) COLLATE "C");
COMMENT ON TABLE portatext.blacklist IS 'Numbers that never receive a message of this account (BL-01, BL-02).';
SELECT pg_catalog.pg_extension_config_dump('portatext.blacklist', '');

CREATE TABLE portatext.opt_out (
    account_id bigint NOT NULL,
    number portatext.e164 NOT NULL
);
COMMENT ON TABLE portatext.opt_out IS
    'Numbers that have opted out at a carrier and are to enter the account''s blacklist. No key: whoever inserts waits for nobody.';
SELECT pg_catalog.pg_extension_config_dump('portatext.opt_out', '');

CREATE TABLE portatext.global_blacklist (
    number portatext.e164 PRIMARY KEY,
    reason text,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.global_blacklist IS 'Numbers that never receive a message of any account; the operator''s.';
SELECT pg_catalog.pg_extension_config_dump('portatext.global_blacklist', '');

CREATE TYPE portatext.message_state AS ENUM
    ('queued', 'sending', 'delivered', 'undelivered', 'rejected', 'expired', 'cancelled', 'skipped', 'received');
COMMENT ON TYPE portatext.message_state IS
    'queued: waits, also for its time; sending: with the carrier until its receipt (SMS-08); then one final state. rejected, expired, cancelled and skipped are refunded. received: inbound.';

CREATE TYPE portatext.message_step AS ENUM ('queued', 'sent', 'unclear', 'final');
COMMENT ON TYPE portatext.message_step IS
    'Where a message is inside: queued (outbox, parked or in a lease), sent (the carrier has it), unclear (whether the carrier has it is not known), final.';

CREATE TYPE portatext.message_priority AS ENUM ('transactional', 'bulk');
COMMENT ON TYPE portatext.message_priority IS 'Transactional messages overtake bulk ones eight to one; bulk never starves.';

CREATE TYPE portatext.message_kind AS ENUM
    ('ordinary', 'help', 'opt_in', 'opt_out', 'welcome', 'reminder', 'stop_confirmation', 'auto_reply');
COMMENT ON TYPE portatext.message_kind IS
    'ordinary: somebody sent it; the others are automatic: a service''s messages (FLOW-01 to FLOW-05), a number''s confirmation of STOP (DID-02) and its auto-reply (DID-06).';

CREATE FUNCTION portatext.api_id(message_id uuid) RETURNS uuid
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_api_id';
COMMENT ON FUNCTION portatext.api_id(uuid) IS
    'The identifier itself. What the API lists is ordered by this, which is in indexes that begin with the account or the campaign: no plan walks through other accounts'' messages.';
GRANT EXECUTE ON FUNCTION portatext.api_id(uuid) TO portatext_account, portatext_operator;

CREATE TABLE portatext.message (
    message_id uuid PRIMARY KEY,
    account_id bigint NOT NULL,
    inbound boolean NOT NULL DEFAULT false,
    state portatext.message_state NOT NULL DEFAULT 'queued',
    step portatext.message_step NOT NULL DEFAULT 'queued',
    priority portatext.message_priority NOT NULL DEFAULT 'transactional',
    carrier_id integer NOT NULL,
    segments smallint NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    cost numeric NOT NULL,
    from_number portatext.address NOT NULL,
    to_number portatext.address NOT NULL,
    encoding text NOT NULL,
    body text NOT NULL,
    client_ref text,
    send_at timestamptz,
    valid_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    sent_at timestamptz,
    finished_at timestamptz,
    error_code text,
    error_text text,
    tried integer[],
    kind portatext.message_kind NOT NULL DEFAULT 'ordinary',
    service_id bigint,
    schedule_id integer,
    own_zone boolean,
    group_id bigint,
    campaign_id bigint
) WITH (fillfactor = 50);
CREATE INDEX message_account ON portatext.message (account_id, portatext.api_id(message_id));
CREATE INDEX message_created ON portatext.message (account_id, created_at);
CREATE INDEX message_other_side ON portatext.message
    (account_id, portatext.digits(CASE WHEN inbound THEN from_number ELSE to_number END) COLLATE "C", portatext.api_id(message_id));
CREATE INDEX message_client_ref ON portatext.message (account_id, client_ref COLLATE "C", portatext.api_id(message_id)) WHERE client_ref IS NOT NULL;
CREATE INDEX message_campaign ON portatext.message (account_id, campaign_id, portatext.api_id(message_id)) WHERE campaign_id IS NOT NULL;
COMMENT ON TABLE portatext.message IS
    'Every message, the record. No index names a state, so outcomes are written in place; what must be found lies in the narrow tables beside it.';
COMMENT ON COLUMN portatext.message.attempts IS 'Hand-overs that failed, by all carriers; those that certainly did not leave are not counted.';
COMMENT ON COLUMN portatext.message.cost IS 'Credits charged: segments times tariff (BILL-01).';
COMMENT ON COLUMN portatext.message.encoding IS 'gsm or ucs2.';
COMMENT ON COLUMN portatext.message.client_ref IS 'The caller''s own reference (SMS-14).';
COMMENT ON COLUMN portatext.message.send_at IS 'Not before this time; null: at once.';
COMMENT ON COLUMN portatext.message.valid_until IS 'Not after this time: a message not handed over by then expires.';
COMMENT ON COLUMN portatext.message.sent_at IS 'When the carrier accepted it.';
COMMENT ON COLUMN portatext.message.error_code IS 'The carrier''s code, or the reason why it was skipped.';
COMMENT ON COLUMN portatext.message.tried IS
    'Carriers that could not take it since it last rested; those that refused it for good as -1 - carrier_id. null: none.';
COMMENT ON COLUMN portatext.message.kind IS 'Only stop_confirmation may go to a blacklisted number (DID-03).';
COMMENT ON COLUMN portatext.message.service_id IS 'The service it came to or went out from; null: a number of the account''s own.';
COMMENT ON COLUMN portatext.message.schedule_id IS 'When it may be handed over (SCH-01), asked again at the claim (SCH-09); null: at any time.';
COMMENT ON COLUMN portatext.message.own_zone IS
    'true: its schedule goes by the account''s time zone, as the recipient''s is not known or its zones are never open at once (SCH-07).';
COMMENT ON COLUMN portatext.message.group_id IS 'The messages it was sent together with; null: alone.';
COMMENT ON COLUMN portatext.message.campaign_id IS 'The campaign that sent it; null: none.';
SELECT pg_catalog.pg_extension_config_dump('portatext.message', '');

CREATE TABLE portatext.outbox (
    lane integer NOT NULL,
    due timestamptz NOT NULL,
    message_id uuid NOT NULL,
    to_number text NOT NULL,
    PRIMARY KEY (lane, due, message_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_scale_factor = 0.2);
CREATE INDEX outbox_recipient ON portatext.outbox (to_number);
COMMENT ON TABLE portatext.outbox IS
    'What is to be handed over, by lane and time; insert and delete only. A row here means: not claimed.';
COMMENT ON COLUMN portatext.outbox.lane IS 'Carrier id * 2, plus 1 for bulk.';
SELECT pg_catalog.pg_extension_config_dump('portatext.outbox', '');

CREATE TABLE portatext.parked (
    key text NOT NULL,
    due timestamptz NOT NULL,
    message_id uuid NOT NULL,
    lane integer NOT NULL,
    segments smallint NOT NULL,
    to_number text NOT NULL,
    PRIMARY KEY (key, due, message_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX parked_recipient ON portatext.parked (to_number);
COMMENT ON TABLE portatext.parked IS
    'Messages whose sender, account or carrier has no tokens; the scheduler moves back to the outbox what the bucket admits.';
COMMENT ON COLUMN portatext.parked.key IS 'The bucket they wait for: s:<sender>, a:<account>; review: for an operator (LAW-07), or run:<id>: for a paused run of a campaign.';
SELECT pg_catalog.pg_extension_config_dump('portatext.parked', '');

CREATE TABLE portatext.lease (
    lease_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    worker bigint NOT NULL,
    ids uuid[] NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT portatext.now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
        toast_tuple_target = 8160);
ALTER TABLE portatext.lease ALTER COLUMN ids SET STORAGE EXTERNAL;
COMMENT ON TABLE portatext.lease IS
    'What a dispatcher has claimed, one row a batch, until all of it has an outcome: a message that is no longer queued has one. The leases of a dead dispatcher become unclear.';
COMMENT ON COLUMN portatext.lease.worker IS 'The dispatcher''s own number, from worker_number_seq; alive while it holds the advisory lock of that number.';
SELECT pg_catalog.pg_extension_config_dump('portatext.lease', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.lease_lease_id_seq', '');

CREATE SEQUENCE portatext.worker_number_seq;
COMMENT ON SEQUENCE portatext.worker_number_seq IS 'Numbers of dispatchers; each start takes a new one.';
SELECT pg_catalog.pg_extension_config_dump('portatext.worker_number_seq', '');

CREATE TABLE portatext.expiry (
    due timestamptz NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (due, message_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
COMMENT ON TABLE portatext.expiry IS 'When messages with a validity expire if they still wait.';
SELECT pg_catalog.pg_extension_config_dump('portatext.expiry', '');

CREATE TYPE portatext.part_state AS ENUM ('unclear', 'accepted', 'delivered', 'undelivered', 'rejected');
COMMENT ON TYPE portatext.part_state IS 'What is known of one part of a message that we split ourselves; the order is the life cycle.';

CREATE TABLE portatext.message_part (
    message_id uuid NOT NULL,
    part smallint NOT NULL CHECK (part BETWEEN 1 AND 255),
    state portatext.part_state NOT NULL,
    error_code text,
    changed_at timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (message_id, part)
) WITH (fillfactor = 70);
COMMENT ON TABLE portatext.message_part IS 'The parts of messages that we split ourselves, once handed over.';
SELECT pg_catalog.pg_extension_config_dump('portatext.message_part', '');

CREATE TABLE portatext.carrier_ref (
    carrier_id integer NOT NULL,
    ref text NOT NULL,
    message_id uuid NOT NULL,
    part smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (carrier_id, ref)
);
COMMENT ON TABLE portatext.carrier_ref IS 'The carriers'' own ids of what they accepted; one that is given again belongs to the newest message if the earlier one has ended.';
SELECT pg_catalog.pg_extension_config_dump('portatext.carrier_ref', '');

CREATE TABLE portatext.stray_receipt (
    stray_id uuid PRIMARY KEY DEFAULT portatext.uuid7(),
    carrier_id integer NOT NULL,
    ref text NOT NULL,
    part smallint,
    status text NOT NULL,
    error_code text,
    received_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE INDEX stray_receipt_ref ON portatext.stray_receipt (carrier_id, ref);
COMMENT ON TABLE portatext.stray_receipt IS 'Receipts whose reference is not known (yet); tried again for a day.';
SELECT pg_catalog.pg_extension_config_dump('portatext.stray_receipt', '');

CREATE TABLE portatext.idempotency (
    account_id bigint NOT NULL,
    key text NOT NULL,
    message_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_expiry ON portatext.idempotency (expires_at);
COMMENT ON TABLE portatext.idempotency IS 'A second send_sms with the same key answers with the first message.';
SELECT pg_catalog.pg_extension_config_dump('portatext.idempotency', '');

CREATE TYPE portatext.attention_kind AS ENUM ('unclear', 'no_receipt', 'failed', 'undone');
COMMENT ON TYPE portatext.attention_kind IS
    'unclear: it is not known whether the carrier has the message; no_receipt: none came in the carrier''s time; failed: an internal error keeps it from being handled; undone: an error kept an inbound message from what it sets off (redo_inbound).';
CREATE TABLE portatext.attention (
    account_id bigint NOT NULL,
    kind portatext.attention_kind NOT NULL,
    message_id uuid NOT NULL,
    detail text,
    since timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (account_id, kind, message_id)
);
CREATE FUNCTION portatext.attention_label(kind portatext.attention_kind) RETURNS text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_attention_label';
COMMENT ON FUNCTION portatext.attention_label(portatext.attention_kind) IS
    'Internal: the kind as text, by which tenants find their messages through an index.';
GRANT EXECUTE ON FUNCTION portatext.attention_label(portatext.attention_kind) TO portatext_account, portatext_operator;
CREATE INDEX attention_label ON portatext.attention (account_id, portatext.attention_label(kind), message_id);
CREATE INDEX attention_message ON portatext.attention (account_id, message_id);
COMMENT ON TABLE portatext.attention IS 'Messages that wait for a late receipt or an operator: settle_message(), redo_inbound().';
SELECT pg_catalog.pg_extension_config_dump('portatext.attention', '');

CREATE TABLE portatext.inbound_ref (
    carrier_id integer NOT NULL,
    ref text NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (carrier_id, ref)
);
COMMENT ON TABLE portatext.inbound_ref IS 'The carriers'' own ids of inbound messages, so that a repeated one is taken once.';
SELECT pg_catalog.pg_extension_config_dump('portatext.inbound_ref', '');

CREATE TABLE portatext.unrouted (
    unrouted_id uuid PRIMARY KEY DEFAULT portatext.uuid7(),
    carrier_id integer NOT NULL,
    from_number text NOT NULL,
    to_number text NOT NULL,
    body text NOT NULL,
    ref text,
    received_at timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.unrouted IS 'Inbound messages to a number that no account owns; for the operator.';
SELECT pg_catalog.pg_extension_config_dump('portatext.unrouted', '');
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.did
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();

CREATE FUNCTION portatext.message_payload(
        state portatext.message_state, from_number text, to_number text, client_ref text, error_code text)
    RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_message_payload';
COMMENT ON FUNCTION portatext.message_payload(portatext.message_state, text, text, text, text) IS
    'The payload of the event message.<state>; what is null is left out.';
