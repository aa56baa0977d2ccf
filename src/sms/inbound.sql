-- room: sms.  Messages that come in.

CREATE FUNCTION portatext.receive_sms(
        carrier text, from_number text, to_number text, body text, ref text DEFAULT NULL)
    RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_receive_sms';
COMMENT ON FUNCTION portatext.receive_sms(text, text, text, text, text) IS
    'Takes in one whole message that the named carrier has received: stored for the account that owns to_number, charged at its inbound_cost even below zero (BILL-08, BILL-10), announced as message.received. '
    'A repeated ref of the carrier gives the first message again. Null: the text was empty and the message is dropped (BILL-12), or nobody owns to_number and it lies in unrouted.';
GRANT EXECUTE ON FUNCTION portatext.receive_sms(text, text, text, text, text) TO portatext_operator;

CREATE FUNCTION portatext.route_unrouted(unrouted_id uuid) RETURNS uuid
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_route_unrouted';
COMMENT ON FUNCTION portatext.route_unrouted(uuid) IS
    'Operators: takes in a message of portatext.unrouted again, as if it came now: stored, charged, announced, acted upon; its row there is removed, and its ref leads to the message. An opt-in is left out when the number has left since. Returns the message''s id; null: it is still nobody''s, or not there (any more).';
GRANT EXECUTE ON FUNCTION portatext.route_unrouted(uuid) TO portatext_operator;

CREATE FUNCTION portatext.redo_inbound(message_id uuid) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_redo_inbound';
COMMENT ON FUNCTION portatext.redo_inbound(uuid) IS
    'Operators: makes up for what an error kept an inbound message from (kind undone in needs_attention): opt-out, opt-in, blacklisting, replies. The message itself is not stored or charged again. An opt-in is left out when the number has left since. Raises the error if there still is one. False: nothing is undone (any more).';
GRANT EXECUTE ON FUNCTION portatext.redo_inbound(uuid) TO portatext_operator;
