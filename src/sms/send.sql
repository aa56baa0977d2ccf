-- Sending.

CREATE FUNCTION portatext.send_sms(
    to_number text, body text, from_number text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'transactional',
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL) RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_send_sms';
COMMENT ON FUNCTION portatext.send_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text) IS
    'Checks, prices, charges and queues one SMS; it goes out if and only if the transaction commits. Returns its id; raises one of portatext.refusals() otherwise.';
GRANT EXECUTE ON FUNCTION portatext.send_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.send_sms_batch(
    numbers text[], body text, from_number text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'bulk',
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL, on_error text DEFAULT 'skip',
    OUT ord bigint, OUT to_number text, OUT message_id uuid, OUT sqlstate text, OUT reason text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_send_sms_batch';
COMMENT ON FUNCTION portatext.send_sms_batch(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text) IS
    'Queues one text to many numbers; a row for each, with message_id or with sqlstate and reason. on_error raise: the first refusal undoes the whole batch. An idempotency key counts per number.';
GRANT EXECUTE ON FUNCTION portatext.send_sms_batch(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.send_sms_to_lists(
    lists text[], body text, from_number text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'bulk',
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL, on_error text DEFAULT 'skip',
    OUT ord bigint, OUT to_number text, OUT message_id uuid, OUT sqlstate text, OUT reason text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_send_sms_to_lists';
COMMENT ON FUNCTION portatext.send_sms_to_lists(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text) IS
    'The same as send_sms_batch() for the contacts of lists, by name or id; a number that is in several of them receives the message once. The messages get one group, which portatext.message_group_count counts.';
GRANT EXECUTE ON FUNCTION portatext.send_sms_to_lists(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.simulate_sms(
    to_number text, body text, from_number text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'transactional',
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL, country text DEFAULT NULL,
    OUT recipient text, OUT sender text, OUT carrier_id integer, OUT final_body text, OUT encoding text,
    OUT units integer, OUT segments integer, OUT units_per_segment integer,
    OUT tariff numeric, OUT cost numeric, OUT balance numeric, OUT sqlstate text, OUT reason text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_simulate_sms';
COMMENT ON FUNCTION portatext.simulate_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text) IS
    'What send_sms would do with the same arguments, by the same code, without doing it: text, encoding, segments, cost in credits, and why it would be refused. With a country (ISO 3166 code) and a null number: the same for a number of that country.';
GRANT EXECUTE ON FUNCTION portatext.simulate_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.refusals(OUT sqlstate text, OUT name text, OUT message text, OUT hint text)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_refusal_table';
COMMENT ON FUNCTION portatext.refusals() IS 'Every reason for which a message is refused, with its SQLSTATE.';
GRANT EXECUTE ON FUNCTION portatext.refusals() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.cancel_sms(message_id uuid) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_cancel_sms';
COMMENT ON FUNCTION portatext.cancel_sms(uuid) IS
    'Cancels a message that still waits, with a full refund (SCH-10). true: it is cancelled and will never be sent; false: too late, it has been handed over or has ended.';
GRANT EXECUTE ON FUNCTION portatext.cancel_sms(uuid) TO portatext_account, portatext_operator;

-- What users read: the message with the state shown for the moments in which a
-- dispatcher has it in hand.
CREATE FUNCTION portatext.in_hand(message_id uuid) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM portatext.lease l WHERE in_hand.message_id = ANY (l.ids));
$$;
COMMENT ON FUNCTION portatext.in_hand(uuid) IS 'Has a dispatcher claimed the message, with no outcome yet?';
GRANT EXECUTE ON FUNCTION portatext.in_hand(uuid) TO portatext_account, portatext_operator;

CREATE VIEW portatext.sms WITH (security_invoker, security_barrier) AS
    SELECT m.message_id, m.account_id, m.inbound,
           CASE WHEN m.state OPERATOR(pg_catalog.=) 'queued' AND portatext.in_hand(m.message_id)
                THEN 'sending' ELSE m.state END AS state,
           m.priority, m.from_number, m.to_number, m.body, m.encoding, m.segments, m.cost,
           m.client_ref, m.send_at, m.valid_until, m.created_at, m.sent_at, m.finished_at,
           m.attempts, m.error_code, m.error_text
    FROM portatext.message m;
COMMENT ON VIEW portatext.sms IS
    'The account''s messages, in and out. A message that a dispatcher has in hand shows as sending.';
GRANT SELECT ON portatext.message, portatext.sms TO portatext_account, portatext_operator;
