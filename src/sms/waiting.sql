-- Messages that end without ever having been handed over.

CREATE FUNCTION portatext.end_unsent(ids uuid[], new_state portatext.message_state, code text, detail text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH ended AS (
        UPDATE portatext.message m
        SET state = new_state, step = 'final', finished_at = portatext.now(),
            error_code = code, error_text = detail
        WHERE m.message_id = ANY (ids) AND m.step IN ('queued', 'unclear')
        RETURNING m.message_id, m.account_id, m.to_number, m.client_ref
    ), noted AS (
        INSERT INTO portatext.event (account_id, type, subject, payload)
        SELECT e.account_id, 'message.' || new_state::text, e.message_id::text,
               jsonb_build_object('to_number', e.to_number, 'client_ref', e.client_ref, 'code', code)
        FROM ended e JOIN portatext.account a ON a.account_id = e.account_id
        WHERE a.message_events
    ), forgotten AS (
        DELETE FROM portatext.expiry x USING portatext.message m
        WHERE m.message_id = ANY (ids) AND m.valid_until IS NOT NULL
          AND x.due = m.valid_until AND x.message_id = m.message_id
    )
    SELECT portatext.refund_messages(array_agg(e.message_id), code) FROM ended e;
    SELECT count(*) FROM portatext.message m
    WHERE m.message_id = ANY (ids) AND m.state = new_state AND m.step = 'final';
$$;
COMMENT ON FUNCTION portatext.end_unsent(uuid[], portatext.message_state, text, text) IS
    'Internal: ends messages that were never handed over (cancelled, expired, skipped, rejected), with a full refund, once (BILL-21). The caller has removed them from outbox, parked or lease. Returns how many are in that state now.';

CREATE FUNCTION portatext.drop_waiting(account bigint, recipient text, code text) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH o AS (
        DELETE FROM portatext.outbox x USING portatext.message m
        WHERE x.to_number = recipient AND m.message_id = x.message_id
          AND (account IS NULL OR m.account_id = account)
        RETURNING x.message_id
    ), p AS (
        DELETE FROM portatext.parked x USING portatext.message m
        WHERE x.to_number = recipient AND m.message_id = x.message_id
          AND (account IS NULL OR m.account_id = account)
        RETURNING x.message_id
    )
    SELECT portatext.end_unsent(ARRAY(SELECT message_id FROM o UNION ALL SELECT message_id FROM p),
                                'skipped', code);
$$;
COMMENT ON FUNCTION portatext.drop_waiting(bigint, text, text) IS
    'Internal: ends every message to the recipient that still waits; null account: of all accounts.';
