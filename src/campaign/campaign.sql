-- Campaigns, their runs and recipients.

CREATE TYPE portatext.run_state AS ENUM ('building', 'ready', 'running', 'paused', 'stopped', 'finished', 'cancelled', 'failed');
COMMENT ON TYPE portatext.run_state IS
    'building: its recipients are being written, by a job; ready: may be started (CAMP-04); running and paused; stopped: a telephony campaign, by its network effectiveness ratio (NER-09); finished: everything was handed over to carriers (CAMP-11); cancelled; failed: the build could not be done.';

CREATE TYPE portatext.campaign_kind AS ENUM ('sms', 'telephony');
COMMENT ON TYPE portatext.campaign_kind IS 'What a campaign does to its recipients: writes to them or calls them.';

CREATE TABLE portatext.campaign (
    campaign_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES portatext.account,
    kind portatext.campaign_kind NOT NULL DEFAULT 'sms',
    name text NOT NULL CHECK (name <> ''),
    description text,
    from_number text,
    service text,
    variables jsonb CHECK (jsonb_typeof(variables) = 'object'),
    schedule_id integer REFERENCES portatext.schedule,
    priority portatext.message_priority NOT NULL DEFAULT 'bulk',
    segments_per_second numeric CHECK (segments_per_second > 0),
    repeatable boolean NOT NULL DEFAULT false,
    all_subscribers boolean NOT NULL DEFAULT false,
    max_error_rate numeric CHECK (max_error_rate > 0 AND max_error_rate <= 1),
    max_opt_out_rate numeric CHECK (max_opt_out_rate > 0 AND max_opt_out_rate <= 1),
    minimum_sample integer NOT NULL DEFAULT 100 CHECK (minimum_sample > 0),
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE INDEX campaign_account ON portatext.campaign (account_id, campaign_id);
COMMENT ON TABLE portatext.campaign IS 'What a campaign is to send, from whom and when; its runs are in campaign_run.';
COMMENT ON COLUMN portatext.campaign.from_number IS 'A number, a list of numbers, any, or null, as for send_sms (CAMP-08).';
COMMENT ON COLUMN portatext.campaign.variables IS 'Defaults; those of a contact go before them (CAMP-15).';
COMMENT ON COLUMN portatext.campaign.segments_per_second IS 'At most so many are released in a second; null: as fast as the carriers take them.';
COMMENT ON COLUMN portatext.campaign.repeatable IS 'May be started again when it has finished: a new run, with recipients built afresh.';
COMMENT ON COLUMN portatext.campaign.max_error_rate IS
    'The run is paused when more than this share of its messages that have ended, minimum_sample at least, were not delivered; null: never.';
COMMENT ON COLUMN portatext.campaign.max_opt_out_rate IS
    'The same for the share of opt-outs among the messages handed over.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_campaign_id_seq', '');

CREATE TABLE portatext.campaign_variant (
    campaign_id bigint NOT NULL REFERENCES portatext.campaign ON DELETE CASCADE,
    variant smallint NOT NULL CHECK (variant BETWEEN 1 AND 26),
    account_id bigint NOT NULL,
    label text NOT NULL,
    weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000000),
    body text NOT NULL,
    PRIMARY KEY (campaign_id, variant),
    UNIQUE (campaign_id, label)
);
COMMENT ON TABLE portatext.campaign_variant IS
    'The texts of a campaign, with variables {{name}}: one, or several that are compared (A/B). Which one a contact gets is fixed by its number.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_variant', '');

CREATE TABLE portatext.campaign_source (
    campaign_id bigint NOT NULL REFERENCES portatext.campaign ON DELETE CASCADE,
    ord integer NOT NULL,
    account_id bigint NOT NULL,
    list_id bigint,
    version bigint,
    PRIMARY KEY (campaign_id, ord),
    CHECK ((list_id IS NULL) <> (version IS NULL))
);
COMMENT ON TABLE portatext.campaign_source IS 'Where the recipients come from (CAMP-02, CAMP-03): lists, or contacts that came with the request.';
COMMENT ON COLUMN portatext.campaign_source.version IS 'Contacts of no list: the CSV of the request.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_source', '');

CREATE TABLE portatext.campaign_run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES portatext.campaign,
    account_id bigint NOT NULL,
    ord integer NOT NULL,
    state portatext.run_state NOT NULL DEFAULT 'building',
    reason text,
    start_when_built boolean NOT NULL DEFAULT false,
    job_id bigint,
    recipients bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    delivered_before bigint NOT NULL DEFAULT 0,
    failed_before bigint NOT NULL DEFAULT 0,
    handed_before bigint NOT NULL DEFAULT 0,
    opt_outs_before bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    started_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT portatext.now(),
    finished_at timestamptz,
    UNIQUE (campaign_id, ord)
);
CREATE INDEX campaign_run_active ON portatext.campaign_run (run_id) WHERE state IN ('running', 'paused');
CREATE INDEX campaign_run_ended ON portatext.campaign_run (finished_at) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE portatext.campaign_run IS 'Each time a campaign was built and sent.';
COMMENT ON COLUMN portatext.campaign_run.reason IS 'Why it is paused, cancelled or failed: requested, no_credits, error_rate, opt_out_rate, ...';
COMMENT ON COLUMN portatext.campaign_run.recipients IS 'Rows of campaign_recipient that the build did not skip; set when it is built.';
COMMENT ON COLUMN portatext.campaign_run.skipped IS 'Rows of campaign_recipient that the build skipped; set when it is built.';
COMMENT ON COLUMN portatext.campaign_run.delivered_before IS
    'This and the next three: the counts when it was resumed last; the rates that pause it by itself are those since then.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_run', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_run_run_id_seq', '');

CREATE TABLE portatext.campaign_cohort (
    run_id bigint NOT NULL,
    cohort integer NOT NULL,
    account_id bigint NOT NULL,
    example portatext.e164 NOT NULL,
    zones text[] NOT NULL,
    own_zone boolean NOT NULL DEFAULT false,
    places bigint NOT NULL DEFAULT 0,
    released bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    deferred bigint NOT NULL DEFAULT 0,
    opens_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (run_id, cohort)
) WITH (fillfactor = 50);
COMMENT ON TABLE portatext.campaign_cohort IS
    'Recipients of a run whose numbers lie in the same time zones, so that one look says whether they may be written to. Without a schedule there is one cohort, with no zones.';
COMMENT ON COLUMN portatext.campaign_cohort.example IS 'One of their numbers.';
COMMENT ON COLUMN portatext.campaign_cohort.places IS 'How many recipients it has; their places are 1 to this.';
COMMENT ON COLUMN portatext.campaign_cohort.released IS 'The cursor: places up to this one were released or skipped.';
COMMENT ON COLUMN portatext.campaign_cohort.skipped IS 'Of those up to the cursor: skipped by the release, with a reason (CAMP-13).';
COMMENT ON COLUMN portatext.campaign_cohort.cancelled IS 'Of those up to the cursor: cancelled before a message was made of them (CAMP-12).';
COMMENT ON COLUMN portatext.campaign_cohort.deferred IS
    'How many of its messages were still queued when it closed; they wait for the next window and hold up no other cohort.';
COMMENT ON COLUMN portatext.campaign_cohort.opens_at IS 'It is closed until then, as far as was looked.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_cohort', '');

CREATE TABLE portatext.campaign_recipient (
    run_id bigint NOT NULL,
    number text COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    cohort integer,
    place bigint,
    variant smallint NOT NULL DEFAULT 1,
    segments smallint,
    cost numeric,
    sender text,
    body text,
    reason text,
    message_id uuid,
    PRIMARY KEY (run_id, number)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX campaign_recipient_place ON portatext.campaign_recipient (run_id, cohort, place) WHERE place IS NOT NULL;
COMMENT ON TABLE portatext.campaign_recipient IS
    'Who gets a run''s message: a snapshot, made by the build (CSV-10). The key lets a number be written to once in a run.';
COMMENT ON COLUMN portatext.campaign_recipient.number IS 'In canonical form; as it was given, if it is no number (reason bad_number).';
COMMENT ON COLUMN portatext.campaign_recipient.place IS 'Within its cohort; null: skipped by the build.';
COMMENT ON COLUMN portatext.campaign_recipient.cost IS 'Credits, by the tariff at the time of the build; what was charged is in message.';
COMMENT ON COLUMN portatext.campaign_recipient.sender IS 'Stays the same through pauses and retries (CAMP-10).';
COMMENT ON COLUMN portatext.campaign_recipient.body IS 'The rendered text; null: the variant''s, which has no variables. Of a campaign of calls: the variables of its flow, and what agents see, as JSON; null: nobody needs them.';
COMMENT ON COLUMN portatext.campaign_recipient.reason IS 'Why it was skipped (CAMP-13): a name of portatext.refusals(), cancelled; null: it was not.';
COMMENT ON COLUMN portatext.campaign_recipient.message_id IS 'Its message; null: not released (yet).';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_recipient', '');

CREATE TABLE portatext.campaign_group (
    run_id bigint NOT NULL,
    variant smallint NOT NULL,
    account_id bigint NOT NULL,
    group_id bigint NOT NULL UNIQUE,
    PRIMARY KEY (run_id, variant)
);
COMMENT ON TABLE portatext.campaign_group IS 'The message group of each variant of a run.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_group', '');

CREATE TABLE portatext.campaign_cancellation (
    run_id bigint NOT NULL,
    number text COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (run_id, number)
);
COMMENT ON TABLE portatext.campaign_cancellation IS
    'Contacts of a run that were cancelled one by one (CAMP-12); asked by the release and again by the claim.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_cancellation', '');

CREATE TABLE portatext.campaign_response (
    run_id bigint NOT NULL,
    number text COLLATE "C" NOT NULL,
    opt_out boolean NOT NULL,
    account_id bigint NOT NULL,
    variant smallint NOT NULL,
    at timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (run_id, number, opt_out)
);
CREATE INDEX campaign_response_opt_out ON portatext.campaign_response (run_id) WHERE opt_out;
COMMENT ON TABLE portatext.campaign_response IS
    'Recipients that have written back to a run, and those that have opted out, once each; noted with the inbound message.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_response', '');

CREATE TABLE portatext.campaign_pace (
    run_id bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    paced_until timestamptz,
    sampled_at timestamptz NOT NULL DEFAULT portatext.now(),
    handed bigint NOT NULL DEFAULT 0,
    per_second float8
) WITH (fillfactor = 50);
COMMENT ON TABLE portatext.campaign_pace IS 'How fast the runs go: what the runner notes beside the release.';
COMMENT ON COLUMN portatext.campaign_pace.paced_until IS 'When the last message released is due, with segments_per_second; the next one comes after it.';
COMMENT ON COLUMN portatext.campaign_pace.handed IS 'Messages handed over until sampled_at.';
COMMENT ON COLUMN portatext.campaign_pace.per_second IS 'Messages handed over in a second, lately; null: not known yet.';
SELECT pg_catalog.pg_extension_config_dump('portatext.campaign_pace', '');

CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.campaign_run
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
GRANT SELECT ON portatext.campaign, portatext.campaign_variant, portatext.campaign_source, portatext.campaign_run,
    portatext.campaign_cohort, portatext.campaign_recipient, portatext.campaign_group,
    portatext.campaign_cancellation, portatext.campaign_response, portatext.campaign_pace TO portatext_account, portatext_operator;
