-- room: sms.  Inbound messages in parts, until they are whole.

CREATE TABLE portatext.inbound_join (
    join_id uuid PRIMARY KEY,
    carrier_id integer NOT NULL,
    from_number text NOT NULL,
    to_number text NOT NULL,
    reference integer NOT NULL,
    parts smallint NOT NULL CHECK (parts BETWEEN 2 AND 255),
    last_at timestamptz NOT NULL,
    UNIQUE (carrier_id, from_number, to_number, reference, parts)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX inbound_join_last_at ON portatext.inbound_join (last_at);
COMMENT ON TABLE portatext.inbound_join IS
    'Inbound messages of which parts are missing. The row is locked by whoever adds a part or joins them, so that one of two that bring the last parts joins.';
COMMENT ON COLUMN portatext.inbound_join.join_id IS 'The id that the message will have.';
COMMENT ON COLUMN portatext.inbound_join.reference IS
    'What the sender has given all parts; 65536 is added to references of 16 bits. With the same reference but another number of parts it is another message.';
COMMENT ON COLUMN portatext.inbound_join.last_at IS 'When the last part came; portatext.inbound_part_timeout runs from here.';
SELECT pg_catalog.pg_extension_config_dump('portatext.inbound_join', '');

CREATE TABLE portatext.inbound_part (
    join_id uuid NOT NULL,
    part smallint NOT NULL,
    coding smallint NOT NULL,
    single_shift smallint NOT NULL,
    locking_shift smallint NOT NULL,
    data bytea NOT NULL,
    ref text,
    PRIMARY KEY (join_id, part)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE portatext.inbound_part IS 'The parts that have come in of the messages in inbound_join.';
COMMENT ON COLUMN portatext.inbound_part.coding IS 'Of data: 0 GSM septets, one per octet; 1 octets; 2 UTF-16BE; 3 UTF-8.';
COMMENT ON COLUMN portatext.inbound_part.single_shift IS 'National single shift table that the part''s header names (3GPP TS 23.038), 0: none.';
COMMENT ON COLUMN portatext.inbound_part.locking_shift IS 'National locking shift table, 0: none.';
COMMENT ON COLUMN portatext.inbound_part.ref IS 'The carrier''s own id of the part.';
SELECT pg_catalog.pg_extension_config_dump('portatext.inbound_part', '');

CREATE FUNCTION portatext.receive_sms_part(
        carrier text, from_number text, to_number text, body text,
        reference integer, part integer, parts integer, ref text DEFAULT NULL)
    RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_receive_sms_part';
COMMENT ON FUNCTION portatext.receive_sms_part(text, text, text, text, integer, integer, integer, text) IS
    'Takes in one part of a message whose text the carrier has decoded but not joined (GEN-09). The message is taken in as by receive_sms() when all parts are there, in whatever order they come, or portatext.inbound_part_timeout after the last one, with U+2026 for what is missing. '
    'The id of the message if this part has made it whole, or came before; else null.';
GRANT EXECUTE ON FUNCTION portatext.receive_sms_part(text, text, text, text, integer, integer, integer, text) TO portatext_operator;

CREATE FUNCTION portatext.receive_sms_raw(
        carrier text, from_number text, to_number text, data bytea,
        coding integer DEFAULT 0, udh bytea DEFAULT NULL, ref text DEFAULT NULL)
    RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_receive_sms_raw';
COMMENT ON FUNCTION portatext.receive_sms_raw(text, text, text, bytea, integer, bytea, text) IS
    'Takes in a message, or one part of it, as the network delivers it: data in coding 0 (GSM septets, one per octet), 1 (octets: UTF-8 or ISO 8859-1) or 2 (UCS-2), and the user data header with its length octet, which says which part it is and which national tables are in force. '
    'Decoded when all parts are there; otherwise as receive_sms() and receive_sms_part().';
GRANT EXECUTE ON FUNCTION portatext.receive_sms_raw(text, text, text, bytea, integer, bytea, text) TO portatext_operator;

CREATE FUNCTION portatext.join_late_parts(before timestamptz)
    RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_join_late_parts';
COMMENT ON FUNCTION portatext.join_late_parts(timestamptz) IS
    'For the scheduler: takes in up to 100 messages whose last part came before this time, as far as they are there, and says how many it was.';
