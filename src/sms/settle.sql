-- room: sms.  Messages of which it is not known what became of them.

CREATE VIEW portatext.needs_attention WITH (security_invoker, security_barrier) AS
    SELECT a.account_id, a.kind, a.since, a.detail, m.message_id, m.carrier_id,
        m.from_number, m.to_number, m.state, m.step, m.cost, m.created_at, m.sent_at, m.client_ref
    FROM portatext.attention a JOIN portatext.message m ON m.message_id = a.message_id;
COMMENT ON VIEW portatext.needs_attention IS
    'Messages that wait for a late receipt, for settle_message() or, if inbound, for redo_inbound(), with the reason.';
GRANT SELECT ON portatext.needs_attention, portatext.attention, portatext.message TO portatext_operator, portatext_account;

CREATE FUNCTION portatext.settle_check(message portatext.message) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF message.inbound THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('message %s has come in', message.message_id),
            HINT = 'redo_inbound() makes up for what an error kept it from.';
    END IF;
    IF message.step = 'final' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('message %s has already ended', message.message_id),
            DETAIL = format('Its state is %s.', message.state);
    END IF;
    IF message.step <> 'unclear' AND NOT EXISTS (
            SELECT FROM portatext.attention a
            WHERE a.account_id = message.account_id AND a.message_id = message.message_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('message %s is not in doubt', message.message_id),
            HINT = 'Only messages listed in portatext.needs_attention can be settled.';
    END IF;
    IF message.step = 'queued' AND (
            EXISTS (SELECT FROM portatext.outbox o
                WHERE o.to_number = message.to_number::text AND o.message_id = message.message_id)
            OR EXISTS (SELECT FROM portatext.parked p
                WHERE p.to_number = message.to_number::text AND p.message_id = message.message_id)
            OR EXISTS (SELECT FROM portatext.lease l WHERE message.message_id = ANY (l.ids))) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('message %s is on its way', message.message_id),
            HINT = 'It waits in the queue or is being handed over; use cancel_sms() to stop it.';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.settle_check(portatext.message) IS
    'Raises 55000 unless an operator may decide what became of the message.';

CREATE FUNCTION portatext.settle_message(message_id uuid, decision text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    msg portatext.message;
BEGIN
    IF decision NOT IN ('sent', 'failed', 'resend') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid decision "%s"', decision),
            HINT = 'Use sent, failed or resend.';
    END IF;
    SELECT m.* INTO msg FROM portatext.message m
        WHERE m.message_id = $1 FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('message %s does not exist', message_id);
    END IF;
    PERFORM portatext.settle_check(msg);
    IF decision = 'resend' AND msg.body = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('message %s cannot be sent again', message_id),
            DETAIL = 'Its text and recipient were taken out by forget_number().',
            HINT = 'Settle it as sent or failed.';
    END IF;
    CASE decision
        WHEN 'sent' THEN PERFORM portatext.settle_sent(msg);
        WHEN 'failed' THEN PERFORM portatext.settle_failed(msg);
        ELSE PERFORM portatext.settle_resend(msg);
    END CASE;
    PERFORM portatext.settle_tally(msg);
    DELETE FROM portatext.attention a
        WHERE a.account_id = msg.account_id AND a.message_id = msg.message_id;
END
$$;
COMMENT ON FUNCTION portatext.settle_message(uuid, text) IS
    'An operator''s decision about a message in needs_attention: sent (the carrier has it; receipts are awaited), failed (rejected and refunded in full, once: BILL-21) or resend (handed over again, which the recipient may get twice). '
    'Raises 55000 when the message is not in doubt.';
GRANT EXECUTE ON FUNCTION portatext.settle_message(uuid, text) TO portatext_operator;

CREATE FUNCTION portatext.settle_sent(message portatext.message) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    UPDATE portatext.message_part p SET state = 'accepted', changed_at = portatext.now()
        WHERE p.message_id = ($1).message_id AND p.state = 'unclear';
    UPDATE portatext.message m
        SET state = 'sending', step = 'sent', sent_at = COALESCE(m.sent_at, portatext.now())
        WHERE m.message_id = ($1).message_id;
$$;
COMMENT ON FUNCTION portatext.settle_sent(portatext.message) IS
    'The part of settle_message() for the decision sent.';

CREATE FUNCTION portatext.settle_failed(message portatext.message) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    UPDATE portatext.message m
        SET state = 'rejected', step = 'final', finished_at = portatext.now(),
            error_code = 'settled', error_text = 'An operator settled the message as failed.'
        WHERE m.message_id = message.message_id;
    PERFORM portatext.refund_messages(ARRAY[message.message_id], 'settled as failed');
    INSERT INTO portatext.event (account_id, type, subject, payload)
        SELECT a.account_id, 'message.rejected', message.message_id::text,
            portatext.message_payload('rejected', message.from_number, message.to_number,
                message.client_ref, 'settled')
        FROM portatext.account a
        WHERE a.account_id = message.account_id AND a.message_events;
END
$$;
COMMENT ON FUNCTION portatext.settle_failed(portatext.message) IS
    'The part of settle_message() for the decision failed.';

CREATE FUNCTION portatext.settle_resend(message portatext.message) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    DELETE FROM portatext.message_part p
        WHERE p.message_id = ($1).message_id AND p.state NOT IN ('delivered', 'undelivered')
            AND (p.state <> 'accepted' OR ($1).step = 'sent');
    UPDATE portatext.message m SET state = 'queued', step = 'queued'
        WHERE m.message_id = ($1).message_id;
    INSERT INTO portatext.outbox (lane, due, message_id, to_number)
        VALUES (($1).carrier_id * 2 + CASE ($1).priority WHEN 'bulk' THEN 1 ELSE 0 END,
            portatext.now(), ($1).message_id, ($1).to_number::text);
    SELECT portatext.wake_senders();
$$;
COMMENT ON FUNCTION portatext.settle_resend(portatext.message) IS
    'The part of settle_message() for the decision resend: parts that the carrier has for certain are not repeated, but those that it took and never reported on.';

CREATE FUNCTION portatext.settle_tally(message portatext.message) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.message_tally_change (group_id, state, account_id, messages, credits)
        SELECT m.group_id, c.state, m.account_id, c.n, CASE c.state WHEN 'rejected' THEN 0 ELSE c.n * m.cost END
            FROM portatext.message m
            CROSS JOIN LATERAL (VALUES (($1).state, -1), (m.state, 1)) c (state, n)
            WHERE m.message_id = ($1).message_id AND m.group_id IS NOT NULL AND m.state <> ($1).state;
$$;
COMMENT ON FUNCTION portatext.settle_tally(portatext.message) IS
    'The part of settle_message() that counts: the message as it was, and as it is now.';
