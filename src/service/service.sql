-- Short codes, the services on them, their subscribers and the consent these gave.

CREATE TABLE portatext.short_code (
    short_code_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    code portatext.address NOT NULL CHECK (code::text ~ '^[0-9]{5,6}$'),
    countries text[] NOT NULL,
    carrier_id integer,
    segments_per_second numeric CHECK (segments_per_second > 0),
    carriers text,
    international_carriers text,
    contact_email text,
    contact_phone text,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    UNIQUE (code, country)
);
COMMENT ON TABLE portatext.short_code IS 'The short codes that the operator has; the same digits may exist in several countries (SVC-01). Services of several accounts share one.';
COMMENT ON COLUMN portatext.short_code.country IS 'ISO 3166 code of the country it exists in (NUM-03).';
COMMENT ON COLUMN portatext.short_code.countries IS 'Countries whose mobile numbers it serves (SVC-11), its own among them.';
COMMENT ON COLUMN portatext.short_code.carrier_id IS 'The carrier that brings and takes its messages; null: any carrier brings them, the routes say who takes them.';
COMMENT ON COLUMN portatext.short_code.segments_per_second IS 'Own pace; null: the carrier''s for a sender.';
COMMENT ON COLUMN portatext.short_code.carriers IS 'The participating carriers, for the disclosure (LAW-08).';
COMMENT ON COLUMN portatext.short_code.international_carriers IS 'Carriers abroad, for the disclosure.';
COMMENT ON COLUMN portatext.short_code.contact_email IS 'The operator''s own address, for the disclosure.';
COMMENT ON COLUMN portatext.short_code.contact_phone IS 'The operator''s own telephone number, for the disclosure.';
SELECT pg_catalog.pg_extension_config_dump('portatext.short_code', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.short_code_short_code_id_seq', '');

CREATE TYPE portatext.service_state AS ENUM ('requested', 'rejected', 'approved', 'active', 'suspended', 'closed');
COMMENT ON TYPE portatext.service_state IS
    'requested: waits for review; rejected; approved: has its short code; active: sends and takes subscribers; suspended: sends nothing but opt-out confirmations (LAW-09); closed: has ended.';

CREATE TYPE portatext.service_purpose AS ENUM ('marketing', 'notifications');
COMMENT ON TYPE portatext.service_purpose IS 'What a service is for (SVC-04); in texts marketing or notification (FLOW-10).';

CREATE TYPE portatext.frequency_rule AS ENUM ('count', 'warn', 'block');
COMMENT ON TYPE portatext.frequency_rule IS
    'When a subscriber would get more messages in a month than declared (LAW-02): count: nothing but the count; warn: an event; block: the message is refused.';

CREATE TABLE portatext.service (
    service_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    keyword text NOT NULL CHECK (keyword ~ '^[A-Z0-9]{4,16}$'
        AND keyword NOT IN ('HELP', 'STOP', 'CANCEL', 'QUIT', 'UNSUBSCRIBE', 'BAJA')),
    short_code_id bigint REFERENCES portatext.short_code,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    state portatext.service_state NOT NULL DEFAULT 'requested',
    purpose portatext.service_purpose NOT NULL,
    double_opt_in boolean NOT NULL,
    minimum_age integer NOT NULL CHECK (minimum_age BETWEEN 0 AND 150),
    frequency integer NOT NULL CHECK (frequency > 0),
    frequency_rule portatext.frequency_rule NOT NULL DEFAULT 'warn',
    intended_use text NOT NULL,
    message_examples text[] NOT NULL,
    advertising_examples text[] NOT NULL,
    tc_url text,
    phone text,
    language text NOT NULL DEFAULT 'en',
    line_breaks boolean NOT NULL DEFAULT false,
    review_note text,
    content_checked boolean NOT NULL DEFAULT false,
    revision jsonb,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    changed_at timestamptz NOT NULL DEFAULT portatext.now(),
    CHECK (state IN ('requested', 'rejected', 'closed') OR short_code_id IS NOT NULL),
    CHECK (state <> 'active' OR (tc_url IS NOT NULL AND phone IS NOT NULL))
);
CREATE UNIQUE INDEX service_keyword ON portatext.service (short_code_id, keyword) WHERE state <> 'closed';
CREATE INDEX service_account ON portatext.service (account_id, service_id);
COMMENT ON TABLE portatext.service IS 'SMS services: a keyword on a short code (SVC-01), from its request (SVC-05) to its end.';
COMMENT ON COLUMN portatext.service.keyword IS 'Its name: 4 to 16 of A-Z and 0-9, unique on its short code, no reserved word (SVC-02, SVC-03).';
COMMENT ON COLUMN portatext.service.double_opt_in IS 'true: the keyword must come together with YES (SVC-08); false: the keyword alone subscribes (SVC-07).';
COMMENT ON COLUMN portatext.service.minimum_age IS 'Years that subscribers must have.';
COMMENT ON COLUMN portatext.service.frequency IS 'Messages a month that a subscriber is told to expect at most (LAW-02).';
COMMENT ON COLUMN portatext.service.message_examples IS 'One of every kind of message.';
COMMENT ON COLUMN portatext.service.tc_url IS 'Where the terms and conditions are (SVC-17).';
COMMENT ON COLUMN portatext.service.phone IS 'The service''s telephone number for its subscribers (SVC-17).';
COMMENT ON COLUMN portatext.service.language IS 'Of the automatic texts: en or es.';
COMMENT ON COLUMN portatext.service.line_breaks IS 'Break the automatic texts into lines; false: one blank instead (FLOW-09).';
COMMENT ON COLUMN portatext.service.review_note IS 'What the reviewer says.';
COMMENT ON COLUMN portatext.service.content_checked IS 'The reviewer has gone through the list of prohibited content (LAW-06, LAW-07).';
COMMENT ON COLUMN portatext.service.revision IS 'What the account wants to change of what was reviewed; waits for an operator.';
SELECT pg_catalog.pg_extension_config_dump('portatext.service', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.service_service_id_seq', '');

CREATE TABLE portatext.service_text (
    service_id bigint NOT NULL REFERENCES portatext.service,
    account_id bigint NOT NULL,
    kind portatext.message_kind NOT NULL CHECK (kind IN ('help', 'opt_in', 'opt_out', 'welcome', 'reminder')),
    body text NOT NULL,
    PRIMARY KEY (service_id, kind)
);
COMMENT ON TABLE portatext.service_text IS 'A service''s own automatic texts, in place of the usual ones of its language.';
COMMENT ON COLUMN portatext.service_text.body IS 'With {keyword}, {tc_url}, {phone} and {service_type}.';
SELECT pg_catalog.pg_extension_config_dump('portatext.service_text', '');

CREATE TYPE portatext.subscriber_state AS ENUM ('active', 'paused', 'opted_out', 'cancelled');
COMMENT ON TYPE portatext.subscriber_state IS
    'active: gets messages; paused: a carrier says that it cannot for now (SUB-05); opted_out: by a stop word; cancelled: the number was given up (SUB-04) or the account removed it.';

CREATE TABLE portatext.subscriber (
    service_id bigint NOT NULL REFERENCES portatext.service,
    number portatext.e164 NOT NULL,
    account_id bigint NOT NULL,
    state portatext.subscriber_state NOT NULL DEFAULT 'active',
    since timestamptz NOT NULL DEFAULT portatext.now(),
    changed_at timestamptz NOT NULL DEFAULT portatext.now(),
    reminder_due timestamptz NOT NULL,
    reminder_unpaid boolean NOT NULL DEFAULT false,
    PRIMARY KEY (service_id, number)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX subscriber_digits ON portatext.subscriber (service_id, portatext.digits(number) COLLATE "C");
CREATE INDEX subscriber_number ON portatext.subscriber (number);
CREATE INDEX subscriber_reminder ON portatext.subscriber (reminder_due) WHERE state = 'active' AND NOT reminder_unpaid;
CREATE INDEX subscriber_unpaid ON portatext.subscriber (account_id) WHERE reminder_unpaid;
COMMENT ON TABLE portatext.subscriber IS 'Who has subscribed to a service, also those who have left it (SUB-08).';
COMMENT ON COLUMN portatext.subscriber.since IS 'Of the last opt-in.';
COMMENT ON COLUMN portatext.subscriber.reminder_due IS '30 days from the opt-in or the last reminder (FLOW-15), then put at the subscriber''s own time of that day; infinity: came due while the service is not active.';
COMMENT ON COLUMN portatext.subscriber.reminder_unpaid IS 'Its reminder could not be paid and waits for credits (FLOW-15).';
SELECT pg_catalog.pg_extension_config_dump('portatext.subscriber', '');

CREATE TABLE portatext.consent (
    consent_id uuid PRIMARY KEY DEFAULT portatext.uuid7(),
    account_id bigint NOT NULL,
    service_id bigint NOT NULL,
    number text NOT NULL,
    action text NOT NULL CHECK (action IN ('opt_in', 'opt_out', 'cancelled', 'paused', 'resumed', 'changed')),
    source text NOT NULL CHECK (source IN ('sms', 'web', 'paper', 'carrier', 'account', 'operator')),
    message_id uuid,
    evidence jsonb NOT NULL DEFAULT '{}',
    shown_text text,
    actor name NOT NULL DEFAULT SESSION_USER,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE INDEX consent_subscriber ON portatext.consent (service_id, number, consent_id);
CREATE INDEX consent_account ON portatext.consent (account_id, consent_id);
COMMENT ON TABLE portatext.consent IS 'The evidence of each opt-in, opt-out and carrier''s notice; rows are only added (LAW-04, SVC-16).';
COMMENT ON COLUMN portatext.consent.message_id IS 'The inbound message that said so.';
COMMENT ON COLUMN portatext.consent.evidence IS 'Where and how: the words of the message; a form''s address, IP address and time; a scan''s name; a carrier''s notice.';
COMMENT ON COLUMN portatext.consent.shown_text IS 'The text that the subscriber agreed to or was answered.';
COMMENT ON COLUMN portatext.consent.actor IS 'The database role that recorded it.';
SELECT pg_catalog.pg_extension_config_dump('portatext.consent', '');

CREATE TABLE portatext.service_message (
    service_id bigint NOT NULL,
    number text NOT NULL,
    message_id uuid NOT NULL,
    account_id bigint NOT NULL,
    send_at timestamptz NOT NULL DEFAULT portatext.now(),
    surplus boolean NOT NULL DEFAULT false,
    PRIMARY KEY (service_id, number, message_id)
);
COMMENT ON TABLE portatext.service_message IS 'What a service has written to a subscriber, without automatic messages: for the count of a month (LAW-02) and for whom HELP alone is meant (FLOW-11). Insert only; old rows are deleted after two months.';
COMMENT ON COLUMN portatext.service_message.send_at IS 'When it is to be sent; its month counts.';
COMMENT ON COLUMN portatext.service_message.surplus IS 'The first of its month beyond the declared frequency: an event tells it.';
SELECT pg_catalog.pg_extension_config_dump('portatext.service_message', '');

CREATE TABLE portatext.reply_guard (
    account_id bigint NOT NULL,
    sender text NOT NULL,
    number text NOT NULL,
    replied_at timestamptz NOT NULL,
    reply_id uuid NOT NULL,
    PRIMARY KEY (account_id, sender, number, replied_at, reply_id)
);
COMMENT ON TABLE portatext.reply_guard IS 'The automatic replies of the last minute, one row each: against two robots that answer each other (DID-07). Insert only, so that nobody waits; old rows are deleted.';
COMMENT ON COLUMN portatext.reply_guard.reply_id IS 'Tells replies of one transaction apart; no message''s id.';
SELECT pg_catalog.pg_extension_config_dump('portatext.reply_guard', '');

CREATE TABLE portatext.review_word (
    word text PRIMARY KEY CHECK (word <> '' AND word = lower(word))
);
COMMENT ON TABLE portatext.review_word IS 'The operator''s words that hold a service''s message for review (LAW-07); none by default.';
SELECT pg_catalog.pg_extension_config_dump('portatext.review_word', '');

CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.short_code
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.service
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.service_text
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.review_word
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
GRANT SELECT ON portatext.service, portatext.service_text, portatext.subscriber, portatext.consent TO portatext_account, portatext_operator;
GRANT SELECT ON portatext.short_code, portatext.service_message, portatext.review_word TO portatext_operator;
