-- The paths of the PortaText SDKs: one function for all of them, which nginx calls
-- (docs/nginx.conf), and what its handlers share.
--
-- A handler is portatext.rest_...(request jsonb, content bytea) in the language
-- portatext_api; it returns jsonb (an object), text (CSV) or bytea (a file).  request
-- has path, query, body (JSON), page, call and operation; content is the body as it
-- came.

CREATE DOMAIN portatext_api."*/*" AS bytea;
COMMENT ON DOMAIN portatext_api."*/*" IS 'An answer of any media type.';

CREATE FUNCTION portatext_api.rest(bytea) RETURNS portatext_api."*/*"
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_rest';
COMMENT ON FUNCTION portatext_api.rest(bytea) IS
    'Internal: the paths of the PortaText SDKs.

For nginx alone, which says in headers what was asked for; it refuses this path to everybody else.';
GRANT EXECUTE ON FUNCTION portatext_api.rest(bytea) TO portatext_anonymous, portatext_account, portatext_operator;

CREATE FUNCTION portatext.rest_routes(
        OUT operation int, OUT method text, OUT path text, OUT takes text, OUT gives text, OUT handler text)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 120
    AS 'MODULE_PATHNAME', 'pt_rest_routes_rows';
COMMENT ON FUNCTION portatext.rest_routes() IS
    'The paths of the PortaText SDKs and the functions that handle them; the order is that in which they are tried.';
GRANT EXECUTE ON FUNCTION portatext.rest_routes() TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.endpoints WITH (security_invoker, security_barrier) AS
    SELECT r.operation, r.method, r.path, r.takes, r.gives, r.handler <> 'rest_not_offered' AS offered
    FROM portatext.rest_routes() r;
COMMENT ON VIEW portatext_api.endpoints IS
    'The paths of the PortaText SDKs.

They are served beside this interface, by the same server.';
COMMENT ON COLUMN portatext_api.endpoints.operation IS 'One number for all forms of an operation.';
COMMENT ON COLUMN portatext_api.endpoints.takes IS 'The body: json, csv, audio, or nothing.';
COMMENT ON COLUMN portatext_api.endpoints.gives IS 'The answer, chosen by the header Accept: json, csv, audio or file.';
COMMENT ON COLUMN portatext_api.endpoints.offered IS 'false: it is answered with status 403.';
GRANT SELECT ON portatext_api.endpoints TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.rest_raise(status int, message text) RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_rest_raise';
COMMENT ON FUNCTION portatext.rest_raise(int, text) IS
    'Internal: ends a request with this HTTP status (400, 401, 402, 403, 404) and message; each of its lines is an error of its own.';
GRANT EXECUTE ON FUNCTION portatext.rest_raise(int, text) TO portatext_account;

CREATE FUNCTION portatext.rest_offset(request jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((request ->> 'page')::bigint - 1) * 50;
COMMENT ON FUNCTION portatext.rest_offset(jsonb) IS
    'Internal: how many entries are before the page that was asked for; a page has 50.';
GRANT EXECUTE ON FUNCTION portatext.rest_offset(jsonb) TO portatext_account;

CREATE FUNCTION portatext.rest_page(name text, entries jsonb, request jsonb, total bigint) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN jsonb_build_object(name, COALESCE(entries, '[]'), 'page', request -> 'page',
                              'total_pages', GREATEST((total + 49) / 50, 1));
COMMENT ON FUNCTION portatext.rest_page(text, jsonb, jsonb, bigint) IS
    'Internal: the answer that is a page of a list. total counts the entries of all pages.';
GRANT EXECUTE ON FUNCTION portatext.rest_page(text, jsonb, jsonb, bigint) TO portatext_account;

CREATE FUNCTION portatext.rest_time(moment text) RETURNS timestamptz
    LANGUAGE portatext_api STABLE STRICT PARALLEL UNSAFE
    AS $$
SELECT CASE WHEN moment ~ '\d([Zz]|[+-]\d\d(:?\d\d)?)$' AND moment ~ ':' THEN moment::timestamptz
            ELSE moment::timestamp AT TIME ZONE
                 (SELECT a.timezone FROM portatext.account a WHERE a.account_id = portatext.current_account()) END
$$;
COMMENT ON FUNCTION portatext.rest_time(text) IS
    'Internal: a date or time of a query; without an offset it is in the account''s time zone.';
GRANT EXECUTE ON FUNCTION portatext.rest_time(text) TO portatext_account;

CREATE FUNCTION portatext.rest_import_refused(job bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
SELECT portatext.rest_raise(400, COALESCE(string_agg(format('line %s: %s', p.line, p.problem), E'\n' ORDER BY p.line),
                                          'the file was refused'))
FROM (SELECT i.line, i.problem FROM portatext.import_problem i WHERE i.job_id = job AND i.kind = 'refused'
      ORDER BY i.line LIMIT 100) p
$$;
COMMENT ON FUNCTION portatext.rest_import_refused(bigint) IS
    'Internal: ends a request whose CSV file was refused, with what is wrong in its first 100 bad lines (CSV-08).';
GRANT EXECUTE ON FUNCTION portatext.rest_import_refused(bigint) TO portatext_account;

CREATE FUNCTION portatext.rest_not_offered(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$ SELECT portatext.rest_raise(403, (request ->> 'call') || ' is not offered yet') $$;
COMMENT ON FUNCTION portatext.rest_not_offered(jsonb, bytea) IS
    'Internal: the handler of operations that are known and not built.';
GRANT EXECUTE ON FUNCTION portatext.rest_not_offered(jsonb, bytea) TO portatext_account;
