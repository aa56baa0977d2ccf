-- room: sms.  Messages that their carrier cannot take, and what routes say of a message.

CREATE FUNCTION portatext.next_route(
        account_id bigint, from_number text, to_number text, body text, segments int, carrier_id int, tried int[],
        service_id bigint DEFAULT 0)
    RETURNS integer
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_next_route';
COMMENT ON FUNCTION portatext.next_route(bigint, text, text, text, int, int, int[], bigint) IS
    'The carrier of the next route for a message that waits for carrier_id and was tried by others: enabled, not stopped, breaker closed, and counting the same segments; null: there is none, or the message is of a service (0: none) that stays with its short code''s carrier.';
GRANT EXECUTE ON FUNCTION portatext.next_route(bigint, text, text, text, int, int, int[], bigint) TO portatext_operator;

CREATE FUNCTION portatext.move_waiting(from_carrier int, due_by timestamptz, most int) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH waiting AS MATERIALIZED (
        SELECT o.ctid AS place, o.due, n.carrier_id AS next
            FROM portatext.outbox o
            JOIN portatext.message m ON m.message_id = o.message_id
            CROSS JOIN LATERAL (SELECT portatext.next_route(m.account_id, m.from_number::text, m.to_number::text,
                m.body, m.segments, from_carrier, COALESCE(m.tried, '{}'), COALESCE(m.service_id, 0)) AS carrier_id) n
            WHERE o.lane IN (from_carrier * 2, from_carrier * 2 + 1) AND o.due <= due_by
              AND m.step = 'queued' AND n.carrier_id IS NOT NULL
              AND NOT (m.segments > 1 AND EXISTS (SELECT FROM portatext.message_part p
                WHERE p.message_id = m.message_id AND p.state <> 'rejected'))
            LIMIT most FOR UPDATE OF o SKIP LOCKED),
    gone AS (
        DELETE FROM portatext.outbox o USING waiting w WHERE o.ctid = w.place
            RETURNING o.lane, o.due, o.message_id, o.to_number, w.next),
    moved AS (
        UPDATE portatext.message m SET carrier_id = g.next FROM gone g WHERE m.message_id = g.message_id),
    queued AS (
        INSERT INTO portatext.outbox (lane, due, message_id, to_number)
            SELECT g.next * 2 + g.lane % 2, g.due, g.message_id, g.to_number FROM gone g)
    SELECT count(*) FROM gone;
$$;
COMMENT ON FUNCTION portatext.move_waiting(int, timestamptz, int) IS
    'Moves up to so many messages that are due and wait for a carrier to their next route; those without one stay. Says how many moved.';

CREATE FUNCTION portatext.move_parked(from_carrier int, most int) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH waiting AS MATERIALIZED (
        SELECT w.ctid AS place, n.carrier_id AS next
            FROM portatext.parked w
            JOIN portatext.message m ON m.message_id = w.message_id
            CROSS JOIN LATERAL (SELECT portatext.next_route(m.account_id, m.from_number::text, m.to_number::text,
                m.body, m.segments, from_carrier, COALESCE(m.tried, '{}'), COALESCE(m.service_id, 0)) AS carrier_id) n
            WHERE w.lane IN (from_carrier * 2, from_carrier * 2 + 1) AND left(w.key, 4) <> 'run:'
              AND m.step = 'queued' AND n.carrier_id IS NOT NULL
              AND NOT (m.segments > 1 AND EXISTS (SELECT FROM portatext.message_part p
                WHERE p.message_id = m.message_id AND p.state <> 'rejected'))
            LIMIT most FOR UPDATE OF w SKIP LOCKED),
    moved AS (
        UPDATE portatext.parked p SET lane = w.next * 2 + p.lane % 2 FROM waiting w WHERE p.ctid = w.place
            RETURNING p.message_id, w.next),
    named AS (
        UPDATE portatext.message m SET carrier_id = v.next FROM moved v WHERE m.message_id = v.message_id)
    SELECT count(*) FROM moved;
$$;
COMMENT ON FUNCTION portatext.move_parked(int, int) IS
    'The same as move_waiting() for messages that wait for tokens of their sender; those of a paused run are moved when they have come back.';

CREATE FUNCTION portatext.reroute(carrier text) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.wake_senders();
    SELECT portatext.move_waiting(portatext.carrier_number(carrier), 'infinity', 2147483647)
         + portatext.move_parked(portatext.carrier_number(carrier), 2147483647);
$$;
COMMENT ON FUNCTION portatext.reroute(text) IS
    'Moves what waits for a carrier, also for a later time, to the next route of each message, and says how many moved; messages without another route, and those of which a part went out, stay. '
    'For stopped carriers and those whose breaker is open the scheduler does the same every five seconds with what is due.';
GRANT EXECUTE ON FUNCTION portatext.reroute(text) TO portatext_operator;

CREATE FUNCTION portatext.breaker_open(carrier_id int) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_breaker_open';
COMMENT ON FUNCTION portatext.breaker_open(int) IS
    'Does a dispatcher of this database keep away from the carrier, because it failed several times in a row?';
GRANT EXECUTE ON FUNCTION portatext.breaker_open(int) TO portatext_operator;

CREATE FUNCTION portatext.leave_failing_carriers(most int) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(sum(portatext.move_waiting(c.carrier_id, portatext.now(), most)), 0)::bigint
        FROM portatext.carriers c
        WHERE EXISTS (SELECT FROM portatext.route r WHERE r.carrier_id <> c.carrier_id)
          AND (portatext.breaker_open(c.carrier_id)
            OR EXISTS (SELECT FROM portatext.carrier_stop s WHERE s.carrier_id = c.carrier_id));
$$;
COMMENT ON FUNCTION portatext.leave_failing_carriers(int) IS
    'For the scheduler: moves what is due at carriers that are stopped or whose breaker is open to the next route, up to so many messages of each.';

CREATE FUNCTION portatext.route_for(
        to_number text, from_number text DEFAULT NULL, account_id bigint DEFAULT NULL,
        OUT ord int, OUT carrier text, OUT taken boolean, OUT reason text, OUT route_id bigint,
        OUT route_account bigint, OUT sender_prefix text, OUT destination_prefix text,
        OUT priority int, OUT weight int, OUT cost numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT x.ord, COALESCE(c.name, '(' || x.carrier_id || ')'), x.taken, x.reason, x.route_id,
            r.account_id, r.sender_prefix, r.destination_prefix, r.priority, r.weight, r.cost
        FROM portatext.explain_route(COALESCE(account_id, portatext.current_account()),
                portatext.to_e164(to_number)::text, from_number) x
        LEFT JOIN portatext.carriers c ON c.carrier_id = x.carrier_id
        LEFT JOIN portatext.route r ON r.route_id = x.route_id
        ORDER BY x.ord;
$$;
COMMENT ON FUNCTION portatext.route_for(text, text, bigint) IS
    'Explains which carrier would take a message to this number now: a row for each route that concerns it, in the order in which they are tried, with the reason why it is taken or not. from_number null: the sender that the message would get; account_id null: the caller''s.';
GRANT EXECUTE ON FUNCTION portatext.route_for(text, text, bigint) TO portatext_operator;

CREATE FUNCTION portatext.explain_route(
        account_id bigint, to_number text, from_number text,
        OUT ord int, OUT carrier_id int, OUT taken boolean, OUT reason text, OUT route_id bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL UNSAFE ROWS 5
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_explain_route';
COMMENT ON FUNCTION portatext.explain_route(bigint, text, text) IS
    'What route_for() shows, from the routes that this session has in memory.';
