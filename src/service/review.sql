-- room: service.  Words that hold a message, and what becomes of it (LAW-07).

CREATE FUNCTION portatext.add_review_word(word text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    w constant text := lower(btrim(regexp_replace(add_review_word.word, '[[:space:]]+', ' ', 'g')));
BEGIN
    IF w IS NULL OR w !~ '[[:alnum:]]' THEN
        RAISE EXCEPTION 'a word for review needs a letter or a digit' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give one word, or several with blanks between them.';
    END IF;
    INSERT INTO portatext.review_word (word) VALUES (w) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION portatext.add_review_word(text) IS
    'Operators: from now on services'' messages with this word or phrase wait for review_message(). False: it was on the list.';
GRANT EXECUTE ON FUNCTION portatext.add_review_word(text) TO portatext_operator;

CREATE FUNCTION portatext.remove_review_word(word text) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH gone AS (
        DELETE FROM portatext.review_word w
            WHERE w.word = lower(btrim(regexp_replace(remove_review_word.word, '[[:space:]]+', ' ', 'g')))
            RETURNING 1)
    SELECT EXISTS (SELECT FROM gone);
$$;
COMMENT ON FUNCTION portatext.remove_review_word(text) IS
    'Operators: takes a word off the list; what it has held goes on waiting. False: it was not on it.';
GRANT EXECUTE ON FUNCTION portatext.remove_review_word(text) TO portatext_operator;

CREATE VIEW portatext.held_messages WITH (security_barrier) AS
    SELECT m.message_id, m.account_id, s.keyword, m.from_number, m.to_number, m.body, m.send_at, m.valid_until, m.created_at
        FROM portatext.parked p
        JOIN portatext.message m ON m.message_id = p.message_id
        LEFT JOIN portatext.service s ON s.service_id = m.service_id
        WHERE p.key = 'review';
COMMENT ON VIEW portatext.held_messages IS
    'The caller''s messages that wait for an operator''s review_message() because of a listed word; for operators all.';
GRANT SELECT ON portatext.held_messages TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.review_message(message_id uuid, approve boolean, note text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    held portatext.parked;
BEGIN
    DELETE FROM portatext.parked p USING portatext.message m
        WHERE m.message_id = review_message.message_id AND p.to_number = m.to_number::text
          AND p.message_id = m.message_id AND p.key = 'review'
        RETURNING p.* INTO held;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF review_message.approve IS TRUE THEN
        INSERT INTO portatext.outbox (lane, due, message_id, to_number)
            SELECT held.lane, COALESCE(m.send_at, m.created_at), held.message_id, held.to_number
                FROM portatext.message m WHERE m.message_id = held.message_id;
        INSERT INTO portatext.event (account_id, type, subject, payload)
            SELECT m.account_id, 'message.released', m.message_id::text,
                   portatext.message_payload(m.state, m.from_number, m.to_number, m.client_ref, NULL)
                FROM portatext.message m JOIN portatext.account a ON a.account_id = m.account_id AND a.message_events
                WHERE m.message_id = held.message_id;
        PERFORM portatext.wake_senders();
    ELSE
        PERFORM portatext.end_unsent(ARRAY[held.message_id], 'skipped', 'not_approved', review_message.note);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION portatext.review_message(uuid, boolean, text) IS
    'Operators: lets a held message go, or ends it as skipped (not_approved) with a refund; note tells the account why. False: it is not held (any more).';
GRANT EXECUTE ON FUNCTION portatext.review_message(uuid, boolean, text) TO portatext_operator;
