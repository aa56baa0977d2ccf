-- What every room uses.

CREATE FUNCTION portatext.now() RETURNS timestamptz
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_clock_now';
COMMENT ON FUNCTION portatext.now() IS
    'The business time at the start of the statement; due times, expiry and rates are measured with it.';

CREATE FUNCTION portatext.uuid7() RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_uuid7_sql';
COMMENT ON FUNCTION portatext.uuid7() IS
    'A new time-ordered identifier (RFC 9562, version 7).';

CREATE FUNCTION portatext.flush_caches() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_flush_caches';
COMMENT ON FUNCTION portatext.flush_caches() IS
    'Statement trigger: tells every session that a cached table has changed.';

CREATE FUNCTION portatext.versions(OUT component text, OUT version text) RETURNS SETOF record
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_versions';
COMMENT ON FUNCTION portatext.versions() IS
    'The versions of the library and of what it is linked with (GEN-06).';
GRANT EXECUTE ON FUNCTION portatext.versions() TO portatext_account, portatext_operator;

CREATE DOMAIN portatext.credits AS numeric
    CONSTRAINT credits_exact CHECK (pg_catalog.abs(VALUE) < 1e12 AND VALUE = pg_catalog.round(VALUE, 6));
COMMENT ON DOMAIN portatext.credits IS
    'An amount of credits: at most six decimal places, below 10^12.';
