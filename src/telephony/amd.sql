-- Settings of answering machine detection.

CREATE FUNCTION portatext.set_amd(settings jsonb DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_set_amd_sql';
COMMENT ON FUNCTION portatext.set_amd(jsonb) IS
    'Changes how the account''s calls tell machines from people (TEL-06): an object of the columns of portatext.amd_setting, with amd_ before their names or not; null: back to the default. Returns all nine settings. Without an argument it reads them.';
GRANT EXECUTE ON FUNCTION portatext.set_amd(jsonb) TO portatext_account, portatext_operator;
