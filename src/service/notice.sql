-- room: service.  What carriers report of subscribers (SUB-03 to SUB-09).

CREATE TABLE portatext.carrier_notice (
    notice_id uuid PRIMARY KEY DEFAULT portatext.uuid7(),
    source text NOT NULL,
    ref text,
    number text NOT NULL,
    status text NOT NULL CHECK (status IN ('cancelled', 'paused', 'resumed', 'changed')),
    new_number text,
    at timestamptz NOT NULL,
    subscribers integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE UNIQUE INDEX carrier_notice_ref ON portatext.carrier_notice (source, ref);
COMMENT ON TABLE portatext.carrier_notice IS 'The carriers'' notices that were taken, so that a repeated one is taken once; deleted after two months.';
COMMENT ON COLUMN portatext.carrier_notice.source IS 'The short code or the name of the carrier that it came for.';
COMMENT ON COLUMN portatext.carrier_notice.at IS 'When the carrier says that it happened.';
COMMENT ON COLUMN portatext.carrier_notice.subscribers IS 'How many subscriptions it concerned.';
SELECT pg_catalog.pg_extension_config_dump('portatext.carrier_notice', '');
GRANT SELECT ON portatext.carrier_notice TO portatext_operator;

CREATE FUNCTION portatext.notice_short_codes(source text) RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    ids bigint[] := ARRAY(SELECT c.short_code_id FROM portatext.short_code c WHERE c.code::text = source);
BEGIN
    IF source IS NULL THEN
        RAISE EXCEPTION 'source of a notice must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF ids = '{}' AND source ~ '^[0-9]{5,6}$' THEN
        RAISE EXCEPTION 'short code % does not exist', source USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.short_codes lists them.';
    END IF;
    IF ids = '{}' THEN
        ids := ARRAY(SELECT c.short_code_id FROM portatext.short_code c
            WHERE portatext.carrier_number(source) = c.carrier_id OR c.carrier_id IS NULL);
        PERFORM portatext.carrier_number(source);
    END IF;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION portatext.notice_short_codes(text) IS
    'Internal: the short codes that a notice is about: the one with these digits, else those of the carrier with this name and those of any carrier.';

CREATE FUNCTION portatext.change_number(s portatext.service, old portatext.subscriber, new_number text, evidence jsonb)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    placed boolean;
    before constant portatext.subscriber_state := (SELECT x.state FROM portatext.subscriber x
        WHERE x.service_id = s.service_id AND x.number::text = new_number);
BEGIN
    INSERT INTO portatext.subscriber AS x (service_id, number, account_id, state, since, reminder_due, reminder_unpaid)
        VALUES (s.service_id, new_number, s.account_id, old.state, old.since, old.reminder_due, old.reminder_unpaid)
        ON CONFLICT (service_id, number) DO UPDATE
            SET state = CASE WHEN x.state IN ('active', 'paused') THEN x.state ELSE excluded.state END,
                since = least(x.since, excluded.since), changed_at = excluded.changed_at,
                reminder_due = CASE WHEN x.state IN ('active', 'paused') THEN least(x.reminder_due, excluded.reminder_due)
                                    ELSE excluded.reminder_due END,
                reminder_unpaid = x.reminder_unpaid OR excluded.reminder_unpaid
            WHERE x.state <> 'opted_out' OR x.changed_at < old.since;
    placed := FOUND;
    -- A stop word from a number that was not subscribed is in consent alone.
    UPDATE portatext.subscriber x SET state = 'opted_out', reminder_unpaid = false
        WHERE placed AND x.service_id = s.service_id AND x.number::text = change_number.new_number
          AND COALESCE(before, 'cancelled') = 'cancelled'
          AND EXISTS (SELECT FROM portatext.consent c WHERE c.service_id = s.service_id
                AND c.number = change_number.new_number AND c.action = 'opt_out' AND c.created_at >= old.since);
    placed := placed AND NOT FOUND;
    PERFORM portatext.change_subscriber(s, old.number::text, 'cancelled', 'changed', 'carrier',
        evidence || jsonb_build_object('new_number', new_number));
    INSERT INTO portatext.consent (account_id, service_id, number, action, source, evidence)
        SELECT s.account_id, s.service_id, new_number, 'changed', 'carrier',
               evidence || jsonb_build_object('old_number', old.number)
        WHERE placed;
END
$$;
COMMENT ON FUNCTION portatext.change_number(portatext.service, portatext.subscriber, text, jsonb) IS
    'Internal: puts the new number in the old one''s place, with its reminder date. One that is subscribed already stays as it is, with the earlier date (SUB-09); one that has written a stop word since the old one''s opt-in stays out, also when it was no subscriber then.';

CREATE FUNCTION portatext.apply_notice_to(s portatext.service, x portatext.subscriber, notice portatext.carrier_notice)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    person constant text := x.number::text;
    evidence jsonb := jsonb_strip_nulls(jsonb_build_object('notice', notice.status, 'from', notice.source,
        'at', notice.at, 'ref', notice.ref));
    new_state constant portatext.subscriber_state := CASE notice.status WHEN 'paused' THEN 'paused'
        WHEN 'resumed' THEN 'active' ELSE 'cancelled' END;
    newer boolean;
BEGIN
    SELECT true INTO newer FROM portatext.consent c
        WHERE c.service_id = s.service_id AND c.number = person AND c.action IN ('paused', 'resumed')
          AND c.source = 'carrier' AND (c.evidence ->> 'at')::timestamptz > notice.at LIMIT 1;
    IF notice.status = 'changed' AND portatext.is_served(
            (SELECT c.countries FROM portatext.short_code c WHERE c.short_code_id = s.short_code_id), notice.new_number) THEN
        PERFORM portatext.change_number(s, x, notice.new_number, evidence);
        PERFORM portatext.drop_waiting_service(s.service_id, person, 'number_changed');
    ELSIF notice.status IN ('changed', 'cancelled') THEN
        PERFORM portatext.change_subscriber(s, person, 'cancelled', 'cancelled', 'carrier',
            jsonb_strip_nulls(evidence || jsonb_build_object('new_number', notice.new_number)));
        PERFORM portatext.drop_waiting_service(s.service_id, person, 'not_subscribed');
    ELSIF newer OR x.state = new_state THEN
        -- What has changed nothing still counts against an older notice that comes later.
        INSERT INTO portatext.consent (account_id, service_id, number, action, source, evidence)
            VALUES (s.account_id, s.service_id, person, notice.status, 'carrier', evidence);
        RETURN false;
    ELSE
        PERFORM portatext.change_subscriber(s, person, new_state, notice.status, 'carrier', evidence);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION portatext.apply_notice_to(portatext.service, portatext.subscriber, portatext.carrier_notice) IS
    'Internal: one notice for one subscription; false: nothing had to change. A change to a number that the short code does not serve cancels.';

CREATE FUNCTION portatext.apply_carrier_notice(source text, number text, status text, new_number text DEFAULT NULL,
        at timestamptz DEFAULT NULL, ref text DEFAULT NULL)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    n portatext.carrier_notice;
    codes bigint[];
    x portatext.subscriber;
BEGIN
    IF NOT portatext.sees_all() THEN
        RAISE EXCEPTION 'carriers'' notices are not taken on behalf of one account'
            USING ERRCODE = 'insufficient_privilege', HINT = 'RESET portatext.account_id as an operator.';
    END IF;
    codes := portatext.notice_short_codes(apply_carrier_notice.source);
    n.notice_id := portatext.uuid7();
    n.source := apply_carrier_notice.source;
    n.ref := NULLIF(apply_carrier_notice.ref, '');
    n.number := portatext.to_e164(apply_carrier_notice.number);
    n.status := lower(apply_carrier_notice.status);
    n.new_number := portatext.to_e164(apply_carrier_notice.new_number);
    n.at := least(apply_carrier_notice.at, portatext.now());
    n.subscribers := 0;
    IF n.number IS NULL THEN
        RAISE EXCEPTION 'number of a notice must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF n.status IS NULL OR n.status NOT IN ('cancelled', 'paused', 'resumed', 'changed') THEN
        RAISE EXCEPTION 'status "%" of a notice does not exist', apply_carrier_notice.status USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are cancelled, paused, resumed and changed.';
    END IF;
    IF (n.status = 'changed') <> (n.new_number IS NOT NULL) OR n.new_number = n.number THEN
        RAISE EXCEPTION 'a notice of a changed number needs another new number, and no other notice has one'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give new_number with status changed only.';
    END IF;
    INSERT INTO portatext.carrier_notice (notice_id, source, ref, number, status, new_number, at, subscribers)
        VALUES (n.notice_id, n.source, n.ref, n.number, n.status, n.new_number, n.at, 0)
        ON CONFLICT (source, ref) DO NOTHING;
    IF NOT FOUND THEN
        RETURN (SELECT k.subscribers FROM portatext.carrier_notice k WHERE k.source = n.source AND k.ref = n.ref);
    END IF;
    FOR x IN SELECT b.* FROM portatext.subscriber b JOIN portatext.service s ON s.service_id = b.service_id
            WHERE b.number::text IN (n.number, n.new_number) AND s.short_code_id = ANY (codes) AND s.state <> 'closed'
            ORDER BY b.service_id, b.number FOR UPDATE OF b LOOP
        CONTINUE WHEN x.number::text <> n.number OR x.state NOT IN ('active', 'paused') OR x.since > n.at;
        IF portatext.apply_notice_to((SELECT s FROM portatext.service s WHERE s.service_id = x.service_id), x, n) THEN
            n.subscribers := n.subscribers + 1;
        END IF;
    END LOOP;
    UPDATE portatext.carrier_notice k SET subscribers = n.subscribers WHERE k.notice_id = n.notice_id;
    RETURN n.subscribers;
END
$$;
COMMENT ON FUNCTION portatext.apply_carrier_notice(text, text, text, text, timestamptz, text) IS
    'Operators: takes a carrier''s notice about a subscriber (SUB-03): cancelled, paused, resumed or changed, for every service that the number subscribes to on the short code, or on those of the carrier, that source names. '
    'A notice that is older (at) than the subscription is not applied to it, nor a pause or its end older than the last one known; who has left is never subscribed again (SUB-11). Messages that wait for a cancelled or changed number end with a refund: they are not sent to the new one. '
    'ref: the carrier''s own id; a repeated one does nothing again. Returns how many subscriptions changed.';
GRANT EXECUTE ON FUNCTION portatext.apply_carrier_notice(text, text, text, text, timestamptz, text) TO portatext_operator;

CREATE FUNCTION portatext.apply_carrier_notices(notices jsonb, source text DEFAULT NULL,
        OUT ord bigint, OUT number text, OUT status text, OUT subscribers integer, OUT code text, OUT reason text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    n jsonb;
BEGIN
    FOR ord, n IN SELECT e.ordinality, e.value FROM jsonb_array_elements(notices) WITH ORDINALITY e LOOP
        number := n ->> 'number';
        status := n ->> 'status';
        subscribers := NULL;
        code := NULL;
        reason := NULL;
        BEGIN
            subscribers := portatext.apply_carrier_notice(COALESCE(n ->> 'source', apply_carrier_notices.source),
                number, status, n ->> 'new_number', (n ->> 'at')::timestamptz, n ->> 'ref');
        EXCEPTION WHEN OTHERS THEN
            code := SQLSTATE;
            reason := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION portatext.apply_carrier_notices(jsonb, text) IS
    'Operators: the notices of a carrier''s file, as an array of objects with number, status and, where they apply, new_number, at, ref and source. A row that is wrong costs itself alone: its code (a SQLSTATE) and reason say why.';
GRANT EXECUTE ON FUNCTION portatext.apply_carrier_notices(jsonb, text) TO portatext_operator;
