-- Single calls (TEL-09): place.c.

CREATE FUNCTION portatext.place_call(
    to_number text, flow jsonb, from_number text DEFAULT NULL, trunk bigint DEFAULT NULL, dial_timeout integer DEFAULT 30,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, variables jsonb DEFAULT NULL,
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL) RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_place_call';
COMMENT ON FUNCTION portatext.place_call(text, jsonb, text, bigint, integer, jsonb, timestamptz, jsonb, text, text) IS
    'Queues one call with a flow, whose first minute is paid at once; it is placed if and only if the transaction commits, when its time has come and a line is free. Returns its id; raises one of portatext.refusals(), or 22023 for a flow that is none.';
GRANT EXECUTE ON FUNCTION portatext.place_call(text, jsonb, text, bigint, integer, jsonb, timestamptz, jsonb, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.cancel_call(call uuid) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_cancel_call';
COMMENT ON FUNCTION portatext.cancel_call(uuid) IS
    'Withdraws a call that waits or rings, or hangs up; false: it had ended. 42704: there is none such.';
GRANT EXECUTE ON FUNCTION portatext.cancel_call(uuid) TO portatext_account, portatext_operator;
