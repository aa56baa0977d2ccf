-- Carriers: who takes messages, with which adapter, settings and limits.

CREATE TYPE portatext.answer_class AS ENUM
    ('accepted', 'throttled', 'temporary', 'unclear', 'bad_number', 'opted_out',
     'filtered', 'account', 'refused');
COMMENT ON TYPE portatext.answer_class IS
    'What a carrier''s answer means: accepted; throttled and temporary are tried again; unclear is never blindly repeated; account stops the carrier; the others end the message with a refund.';

CREATE TABLE portatext.carrier (
    carrier_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    adapter text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    priority integer NOT NULL DEFAULT 100,
    settings jsonb NOT NULL DEFAULT '{}',
    segments_per_second numeric CHECK (segments_per_second > 0),
    sender_segments_per_second numeric DEFAULT 1 CHECK (sender_segments_per_second > 0),
    max_in_flight integer NOT NULL DEFAULT 32 CHECK (max_in_flight BETWEEN 1 AND 1000),
    max_attempts integer NOT NULL DEFAULT 5 CHECK (max_attempts > 0),
    timeout interval NOT NULL DEFAULT '10 s' CHECK (timeout BETWEEN '10 ms' AND '10 min'),
    receipt_timeout interval NOT NULL DEFAULT '2 days' CHECK (receipt_timeout > '0'),
    idempotent boolean NOT NULL DEFAULT false,
    wide_reference boolean NOT NULL DEFAULT false,
    single_shift smallint NOT NULL DEFAULT 0,
    locking_shift smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.carrier IS 'Carriers that the operator has set up; they overlay the shipped ones of the same name.';
COMMENT ON COLUMN portatext.carrier.adapter IS 'loopback, kannel or http.';
COMMENT ON COLUMN portatext.carrier.priority IS 'The enabled carrier with the lowest number takes what no account pins elsewhere.';
COMMENT ON COLUMN portatext.carrier.settings IS 'The adapter''s own settings, without secrets (docs/carriers.md).';
COMMENT ON COLUMN portatext.carrier.segments_per_second IS 'Segments a second the carrier takes; null: no limit.';
COMMENT ON COLUMN portatext.carrier.sender_segments_per_second IS 'Segments a second for each sender (SMS-17); null: no limit.';
COMMENT ON COLUMN portatext.carrier.max_in_flight IS 'Requests on the wire at one time.';
COMMENT ON COLUMN portatext.carrier.max_attempts IS 'Hand-overs tried before a message ends as rejected; throttling counts as none.';
COMMENT ON COLUMN portatext.carrier.receipt_timeout IS 'A message without a receipt for so long is listed in attention (SMS-08: never failed by age).';
COMMENT ON COLUMN portatext.carrier.idempotent IS 'The carrier honours an idempotency key: an unclear hand-over is repeated.';
COMMENT ON COLUMN portatext.carrier.wide_reference IS 'Multi-part messages carry a 16-bit reference (152/66 units a part).';
COMMENT ON COLUMN portatext.carrier.single_shift IS 'National single shift table the carrier takes; 0: none.';
COMMENT ON COLUMN portatext.carrier.locking_shift IS 'National locking shift table the carrier takes; 0: none.';
SELECT pg_catalog.pg_extension_config_dump('portatext.carrier', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.carrier_carrier_id_seq', '');

CREATE TABLE portatext.shipped_carrier (LIKE portatext.carrier INCLUDING COMMENTS INCLUDING DEFAULTS);
ALTER TABLE portatext.shipped_carrier ALTER carrier_id DROP DEFAULT, ADD PRIMARY KEY (carrier_id);
COMMENT ON TABLE portatext.shipped_carrier IS 'Carriers that come with the extension; read-only.';
INSERT INTO portatext.shipped_carrier (carrier_id, name, adapter, max_in_flight, sender_segments_per_second, receipt_timeout, created_at)
    VALUES (0, 'loopback', 'loopback', 256, NULL, '15 minutes', '2026-01-01 00:00+00');

CREATE VIEW portatext.carriers WITH (security_barrier) AS
    SELECT * FROM portatext.carrier
    UNION ALL
    SELECT s.* FROM portatext.shipped_carrier s
    WHERE NOT EXISTS (SELECT FROM portatext.carrier c WHERE c.name OPERATOR(pg_catalog.=) s.name);
COMMENT ON VIEW portatext.carriers IS 'Every carrier in force: the operator''s, and the shipped ones not overlaid.';

CREATE TABLE portatext.carrier_secret (
    carrier_id integer PRIMARY KEY,
    username text,
    password text,
    receipt_secret text
);
COMMENT ON TABLE portatext.carrier_secret IS 'Credentials, readable by operators only.';
COMMENT ON COLUMN portatext.carrier_secret.receipt_secret IS 'What a callback of this carrier must carry.';
SELECT pg_catalog.pg_extension_config_dump('portatext.carrier_secret', '');

CREATE TABLE portatext.carrier_stop (
    carrier_id integer PRIMARY KEY,
    reason text NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.carrier_stop IS
    'Carriers stopped because their account was refused (or by the operator); their messages wait. resume_carrier() ends it.';
SELECT pg_catalog.pg_extension_config_dump('portatext.carrier_stop', '');

CREATE TABLE portatext.answer_rule (
    adapter text NOT NULL,
    carrier_id integer,
    code text NOT NULL,
    class portatext.answer_class NOT NULL,
    note text
);
CREATE UNIQUE INDEX answer_rule_key ON portatext.answer_rule (adapter, COALESCE(carrier_id, -1), code);
COMMENT ON TABLE portatext.answer_rule IS
    'What a carrier''s code means, as the operator says; overlays shipped_answer_rule. A rule for a carrier wins over one for its adapter.';
COMMENT ON COLUMN portatext.answer_rule.code IS 'The adapter''s code, e.g. 503, or a whole text such as Not routable.';
SELECT pg_catalog.pg_extension_config_dump('portatext.answer_rule', '');

CREATE FUNCTION portatext.adapter_rules()
    RETURNS TABLE (adapter text, code text, class text, note text)
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 30
    AS 'MODULE_PATHNAME', 'pt_adapter_rules';
COMMENT ON FUNCTION portatext.adapter_rules() IS
    'What the adapters'' codes mean, as compiled in.';
GRANT EXECUTE ON FUNCTION portatext.adapter_rules() TO portatext_operator;

CREATE VIEW portatext.shipped_answer_rule AS
    SELECT r.adapter, r.code, r.class::portatext.answer_class AS class, r.note
    FROM portatext.adapter_rules() r;
COMMENT ON VIEW portatext.shipped_answer_rule IS
    'What the adapters'' codes mean, as shipped; answer_rule overlays it.';

-- Backends and dispatchers keep carriers in memory.

CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.carrier
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.carrier_secret
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.carrier_stop
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.answer_rule
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();

GRANT SELECT ON portatext.carrier, portatext.shipped_carrier, portatext.carriers,
    portatext.carrier_secret, portatext.carrier_stop, portatext.shipped_answer_rule
    TO portatext_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON portatext.answer_rule TO portatext_operator;
