-- What PostgREST calls before every request.

CREATE FUNCTION portatext_api.authenticate() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_authenticate';
COMMENT ON FUNCTION portatext_api.authenticate() IS
    'Nothing to call: it is done before every request.

For db-pre-request. Finds out who makes the request (headers X-Session-Token, X-Api-Key, the claims account_id and rights of a JWT), counts it, and acts for that account as portatext_account. Answers 401, 403 or 429; after a 429 the header X-Rate-Limit-Reset says when to try again.';
GRANT EXECUTE ON FUNCTION portatext_api.authenticate() TO portatext_anonymous, portatext_account, portatext_operator;
