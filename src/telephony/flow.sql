-- Call flows.

CREATE FUNCTION portatext.check_flow(flow jsonb) RETURNS jsonb
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_check_flow_sql';
COMMENT ON FUNCTION portatext.check_flow(jsonb) IS
    'Checks a call flow (docs/flows.md) and that its sounds and trunks are the account''s; returns its canonical form with all defaults. Raises 22023 with the path of what is wrong.';
GRANT EXECUTE ON FUNCTION portatext.check_flow(jsonb) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.render_flow(flow jsonb, variables jsonb) RETURNS jsonb
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_render_flow_sql';
COMMENT ON FUNCTION portatext.render_flow(jsonb, jsonb) IS
    'A call flow with {{variables}} filled in, as a call with these variables runs it. Raises 22023 when one has no value, or what comes out cannot be said or dialled.';
GRANT EXECUTE ON FUNCTION portatext.render_flow(jsonb, jsonb) TO portatext_account, portatext_operator;
