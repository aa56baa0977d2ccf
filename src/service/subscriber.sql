-- room: service.  Subscribers: opt-in and opt-out, by message, web page or paper.

CREATE FUNCTION portatext.service_opt_in(service_id bigint, number text, message_id uuid, source text,
        evidence jsonb, shown_text text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_service_opt_in_sql';
COMMENT ON FUNCTION portatext.service_opt_in(bigint, text, uuid, text, jsonb, text) IS
    'Internal: subscribes a canonical number and keeps the evidence; one that is paused stays so. True: it was not subscribed, and an event tells it (SUB-02).';

CREATE FUNCTION portatext.service_opt_out(service_id bigint, number text, message_id uuid, source text,
        evidence jsonb, shown_text text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_service_opt_out_sql';
COMMENT ON FUNCTION portatext.service_opt_out(bigint, text, uuid, text, jsonb, text) IS
    'Internal: ends a subscription, also a paused one (SUB-11), keeps the evidence and ends, with a refund, what the service has waiting for the number (SUB-12), but confirmations of an opt-out. True: it was subscribed, and an event tells it.';

CREATE FUNCTION portatext.drop_waiting_service(service_id bigint, recipient text, code text) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_drop_waiting_service_sql';
COMMENT ON FUNCTION portatext.drop_waiting_service(bigint, text, text) IS
    'Internal: ends, with a refund, every message of the service to the recipient that still waits, but confirmations of an opt-out; returns how many.';
