-- The API's schema, its language, and requests that are done once.

CREATE SCHEMA portatext_api;
COMMENT ON SCHEMA portatext_api IS
'PortaText

Send and receive SMS, contacts, campaigns, short-code services. Lists are read with GET, filters, order and pages as in PostgREST; everything else is a function to POST to. Numbers are digits without +; times carry their zone; money is in credits.
Every request says who makes it: X-Api-Key, X-Session-Token (from login), or Authorization: Bearer with a JWT. Errors have a code for programs, a message, details and a hint.';

CREATE FUNCTION portatext.api_handler() RETURNS language_handler
    LANGUAGE c AS 'MODULE_PATHNAME', 'pt_api_handler';
COMMENT ON FUNCTION portatext.api_handler() IS 'Internal: the call handler of the language portatext_api.';
CREATE LANGUAGE portatext_api HANDLER portatext.api_handler;
COMMENT ON LANGUAGE portatext_api IS
    'One SQL statement, planned once per process; its errors are given to REST clients with HTTP statuses.';

CREATE FUNCTION portatext.api_found(found boolean, what text, name text) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_api_found';
COMMENT ON FUNCTION portatext.api_found(boolean, text, text) IS
    'Internal: true; raises 42704, which a REST client gets as 404, unless it was found.';
GRANT EXECUTE ON FUNCTION portatext.api_found(boolean, text, text) TO portatext_account, portatext_operator;

CREATE TABLE portatext.api_once (
    account_id bigint NOT NULL REFERENCES portatext.account,
    key text NOT NULL CHECK (octet_length(key) <= 255),
    function text NOT NULL,
    request bytea NOT NULL,
    answer jsonb,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (account_id, key)
);
CREATE INDEX api_once_created ON portatext.api_once (created_at);
COMMENT ON TABLE portatext.api_once IS
    'Requests with the header Idempotency-Key and their answers, for a day; only requests that were done.';
COMMENT ON COLUMN portatext.api_once.request IS 'SHA-256 of function and arguments.';
SELECT pg_catalog.pg_extension_config_dump('portatext.api_once', '');

GRANT USAGE ON SCHEMA portatext_api TO portatext_anonymous, portatext_account, portatext_operator;

CREATE DOMAIN portatext_api."text/csv" AS text;
COMMENT ON DOMAIN portatext_api."text/csv" IS
    'A file in CSV (RFC 4180), a header first: what functions answer with that PostgREST is to send as text/csv.';
