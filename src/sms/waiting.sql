-- Messages that end while they wait.

CREATE FUNCTION portatext.end_unsent(ids uuid[], new_state portatext.message_state, code text, detail text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH ended AS (
        UPDATE portatext.message m
        SET state = CASE WHEN m.segments > 1 AND EXISTS (SELECT FROM portatext.message_part p
                WHERE p.message_id = m.message_id AND p.state IN ('accepted', 'delivered', 'undelivered'))
                THEN 'undelivered' ELSE new_state END,
            step = 'final', finished_at = portatext.now(), error_code = code, error_text = detail
        WHERE m.message_id = ANY (ids) AND m.step = 'queued'
        RETURNING m.message_id, m.account_id, m.state, m.from_number, m.to_number, m.client_ref,
            m.group_id, m.cost
    ), tallied AS (
        INSERT INTO portatext.message_tally_change (group_id, state, account_id, messages, credits)
        SELECT e.group_id, c.state, e.account_id, sum(c.n),
               sum(CASE WHEN c.state IN ('queued', 'undelivered') THEN c.n * e.cost ELSE 0 END)
        FROM ended e CROSS JOIN LATERAL (VALUES ('queued'::portatext.message_state, -1), (e.state, 1)) c (state, n)
        WHERE e.group_id IS NOT NULL
        GROUP BY e.group_id, c.state, e.account_id
    ), noted AS (
        INSERT INTO portatext.event (account_id, type, subject, payload)
        SELECT e.account_id, 'message.' || e.state::text, e.message_id::text,
               portatext.message_payload(e.state, e.from_number, e.to_number, e.client_ref, code)
        FROM ended e JOIN portatext.account a ON a.account_id = e.account_id
        WHERE a.message_events
    ), forgotten AS (
        DELETE FROM portatext.expiry x USING portatext.message m
        WHERE m.message_id = ANY (ids) AND m.valid_until IS NOT NULL
          AND x.due = m.valid_until AND x.message_id = m.message_id
    )
    SELECT portatext.refund_messages(array_agg(e.message_id), code) FROM ended e
    WHERE e.state = new_state;
    SELECT count(*) FROM portatext.message m
    WHERE m.message_id = ANY (ids) AND m.state = new_state AND m.step = 'final';
$$;
COMMENT ON FUNCTION portatext.end_unsent(uuid[], portatext.message_state, text, text) IS
    'Internal: ends messages that wait (cancelled, expired, skipped), with a full refund, once (BILL-21); one of which the carrier has a part ends as undelivered and stays charged (BILL-05). The caller has removed them from outbox or parked. Returns how many are in that state now.';

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
