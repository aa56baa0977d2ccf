-- room: carrier.  What an operator does with carriers, and which one takes a message.

CREATE FUNCTION portatext.default_route(account_id bigint, from_number text, to_number text)
    RETURNS integer
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_default_route';
COMMENT ON FUNCTION portatext.default_route(bigint, text, text) IS
    'The carrier of a message: loopback for a sandbox account, else that of the first route (create_route), else the carrier pinned to the account, else the enabled one (loopback aside) with the lowest priority; null: none. '
    'The setting portatext.route_function names a function that takes its place.';
GRANT EXECUTE ON FUNCTION portatext.default_route(bigint, text, text) TO portatext_operator;

CREATE FUNCTION portatext.route(account_id bigint, from_number text, to_number text)
    RETURNS integer
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_route_sql';
COMMENT ON FUNCTION portatext.route(bigint, text, text) IS
    'The carrier that a message of this account would go to now, by the function that portatext.route_function names; null: none. A sandbox account''s always go to loopback.';
GRANT EXECUTE ON FUNCTION portatext.route(bigint, text, text) TO portatext_operator;

CREATE FUNCTION portatext.check_carrier(
        name text, adapter text, settings jsonb, username text DEFAULT NULL, password text DEFAULT NULL,
        receipt_secret text DEFAULT NULL, single_shift int DEFAULT 0, locking_shift int DEFAULT 0)
    RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_check_carrier';
COMMENT ON FUNCTION portatext.check_carrier(text, text, jsonb, text, text, text, int, int) IS
    'Lets the adapter check what a carrier is to be set up with; raises an error that says what is wrong. Takes the running statement out of pg_stat_activity and the log.';
GRANT EXECUTE ON FUNCTION portatext.check_carrier(text, text, jsonb, text, text, text, int, int)
    TO portatext_operator;

CREATE FUNCTION portatext.create_carrier(
        name text, adapter text, settings jsonb DEFAULT '{}', username text DEFAULT NULL,
        password text DEFAULT NULL, receipt_secret text DEFAULT NULL, priority int DEFAULT 100,
        segments_per_second numeric DEFAULT 0, sender_segments_per_second numeric DEFAULT 1,
        max_in_flight int DEFAULT 32, max_attempts int DEFAULT 5, timeout interval DEFAULT '10 s',
        receipt_timeout interval DEFAULT '2 days', wide_reference boolean DEFAULT false,
        single_shift int DEFAULT 0, locking_shift int DEFAULT 0)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    id integer;
    secret text := COALESCE(receipt_secret, replace(gen_random_uuid()::text, '-', ''));
BEGIN
    PERFORM portatext.check_carrier(name, adapter, settings, username, password, secret,
        single_shift, locking_shift);
    IF EXISTS (SELECT FROM portatext.carriers c WHERE c.name = create_carrier.name) THEN
        RAISE EXCEPTION 'carrier "%" already exists', name
            USING ERRCODE = 'duplicate_object', HINT = 'alter_carrier() changes it.';
    END IF;
    INSERT INTO portatext.carrier (name, adapter, settings, priority, segments_per_second,
            sender_segments_per_second, max_in_flight, max_attempts, timeout, receipt_timeout,
            wide_reference, single_shift, locking_shift)
        VALUES (create_carrier.name, create_carrier.adapter, create_carrier.settings,
            create_carrier.priority, NULLIF(create_carrier.segments_per_second, 0),
            NULLIF(create_carrier.sender_segments_per_second, 0), create_carrier.max_in_flight,
            create_carrier.max_attempts, create_carrier.timeout, create_carrier.receipt_timeout,
            create_carrier.wide_reference, create_carrier.single_shift, create_carrier.locking_shift)
        RETURNING carrier_id INTO id;
    INSERT INTO portatext.carrier_secret (carrier_id, username, password, receipt_secret)
        VALUES (id, create_carrier.username, create_carrier.password, secret);
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.create_carrier(text, text, jsonb, text, text, text, int, numeric, numeric, int, int, interval, interval, boolean, int, int) IS
    'Sets up a carrier and returns its id; docs/carriers.md lists the settings of each adapter. Rates in segments a second, 0: no limit. '
    'Without receipt_secret a random one is made, which carrier_secret shows to operators.';
GRANT EXECUTE ON FUNCTION portatext.create_carrier(text, text, jsonb, text, text, text, int, numeric, numeric, int, int, interval, interval, boolean, int, int)
    TO portatext_operator;

CREATE FUNCTION portatext.alter_carrier(
        name text, settings jsonb DEFAULT NULL, username text DEFAULT NULL,
        password text DEFAULT NULL, receipt_secret text DEFAULT NULL, enabled boolean DEFAULT NULL,
        priority int DEFAULT NULL, segments_per_second numeric DEFAULT NULL,
        sender_segments_per_second numeric DEFAULT NULL, max_in_flight int DEFAULT NULL,
        max_attempts int DEFAULT NULL, timeout interval DEFAULT NULL,
        receipt_timeout interval DEFAULT NULL, wide_reference boolean DEFAULT NULL,
        single_shift int DEFAULT NULL, locking_shift int DEFAULT NULL)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    c portatext.carrier;
    s portatext.carrier_secret;
BEGIN
    SELECT * INTO c FROM portatext.carriers v
        WHERE v.carrier_id = portatext.carrier_number(alter_carrier.name);
    SELECT * INTO s FROM portatext.carrier_secret v WHERE v.carrier_id = c.carrier_id;
    c.settings := COALESCE(alter_carrier.settings, c.settings);
    c.enabled := COALESCE(alter_carrier.enabled, c.enabled);
    c.priority := COALESCE(alter_carrier.priority, c.priority);
    c.segments_per_second := NULLIF(COALESCE(alter_carrier.segments_per_second, c.segments_per_second), 0);
    c.sender_segments_per_second := NULLIF(COALESCE(alter_carrier.sender_segments_per_second, c.sender_segments_per_second), 0);
    c.max_in_flight := COALESCE(alter_carrier.max_in_flight, c.max_in_flight);
    c.max_attempts := COALESCE(alter_carrier.max_attempts, c.max_attempts);
    c.timeout := COALESCE(alter_carrier.timeout, c.timeout);
    c.receipt_timeout := COALESCE(alter_carrier.receipt_timeout, c.receipt_timeout);
    IF (COALESCE(alter_carrier.wide_reference, c.wide_reference), COALESCE(alter_carrier.single_shift, c.single_shift),
            COALESCE(alter_carrier.locking_shift, c.locking_shift)) IS DISTINCT FROM
            (c.wide_reference, c.single_shift, c.locking_shift)
        AND (NOT portatext.sees_all() OR EXISTS (
            SELECT FROM portatext.message m WHERE m.carrier_id = c.carrier_id AND m.step <> 'final')) THEN
        RAISE EXCEPTION 'carrier "%" may have messages that have not ended: how it cuts texts cannot change', c.name
            USING ERRCODE = 'object_in_use',
            HINT = 'Set up another carrier, or let them end first; an operator with portatext.account_id set must RESET it.';
    END IF;
    c.wide_reference := COALESCE(alter_carrier.wide_reference, c.wide_reference);
    c.single_shift := COALESCE(alter_carrier.single_shift, c.single_shift);
    c.locking_shift := COALESCE(alter_carrier.locking_shift, c.locking_shift);
    s.username := COALESCE(alter_carrier.username, s.username);
    s.password := COALESCE(alter_carrier.password, s.password);
    s.receipt_secret := COALESCE(alter_carrier.receipt_secret, s.receipt_secret);
    PERFORM portatext.check_carrier(c.name, c.adapter, c.settings, s.username, s.password,
        s.receipt_secret, c.single_shift, c.locking_shift);
    -- A shipped carrier gets the operator's row, of the same id, over it.
    DELETE FROM portatext.carrier o WHERE o.carrier_id = c.carrier_id;
    INSERT INTO portatext.carrier OVERRIDING SYSTEM VALUE VALUES (c.*);
    INSERT INTO portatext.carrier_secret (carrier_id, username, password, receipt_secret)
        VALUES (c.carrier_id, s.username, s.password, s.receipt_secret)
        ON CONFLICT (carrier_id) DO UPDATE SET username = excluded.username,
            password = excluded.password, receipt_secret = excluded.receipt_secret;
    RETURN c.carrier_id;
END
$$;
COMMENT ON FUNCTION portatext.alter_carrier(text, jsonb, text, text, text, boolean, int, numeric, numeric, int, int, interval, interval, boolean, int, int) IS
    'Changes what is not null; settings are replaced as a whole; rates of 0 mean no limit. A disabled carrier takes no new messages; those it has are still sent. wide_reference and the shift tables change only when all its messages have ended.';
GRANT EXECUTE ON FUNCTION portatext.alter_carrier(text, jsonb, text, text, text, boolean, int, numeric, numeric, int, int, interval, interval, boolean, int, int)
    TO portatext_operator;

CREATE FUNCTION portatext.enable_carrier(carrier text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT portatext.alter_carrier(carrier, enabled => true) $$;
COMMENT ON FUNCTION portatext.enable_carrier(text) IS 'Lets the carrier take new messages.';
GRANT EXECUTE ON FUNCTION portatext.enable_carrier(text) TO portatext_operator;

CREATE FUNCTION portatext.disable_carrier(carrier text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT portatext.alter_carrier(carrier, enabled => false) $$;
COMMENT ON FUNCTION portatext.disable_carrier(text) IS
    'Gives the carrier no new messages; those it has are still sent.';
GRANT EXECUTE ON FUNCTION portatext.disable_carrier(text) TO portatext_operator;

CREATE FUNCTION portatext.wake_senders() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_wake_senders';
COMMENT ON FUNCTION portatext.wake_senders() IS
    'Lets the dispatchers look for work when this transaction commits.';
GRANT EXECUTE ON FUNCTION portatext.wake_senders() TO portatext_operator;

CREATE FUNCTION portatext.stop_carrier(carrier text, reason text) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH stopped AS (
        INSERT INTO portatext.carrier_stop (carrier_id, reason)
            VALUES (portatext.carrier_number(carrier), reason)
            ON CONFLICT (carrier_id) DO NOTHING
            RETURNING carrier_id),
    told AS (
        INSERT INTO portatext.event (account_id, type, subject, payload)
            SELECT NULL, 'carrier.stopped', carrier, jsonb_build_object('reason', reason) FROM stopped
            WHERE portatext.sees_all()      -- not an operator who speaks for one account
            RETURNING 1)
    SELECT EXISTS (SELECT FROM stopped);
$$;
COMMENT ON FUNCTION portatext.stop_carrier(text, text) IS
    'Hands nothing more over to the carrier until resume_carrier(); its messages wait. False: it was stopped already.';
GRANT EXECUTE ON FUNCTION portatext.stop_carrier(text, text) TO portatext_operator;

CREATE FUNCTION portatext.resume_carrier(carrier text) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.wake_senders();
    WITH resumed AS (
        DELETE FROM portatext.carrier_stop
            WHERE carrier_id = portatext.carrier_number(carrier)
            RETURNING carrier_id)
    SELECT EXISTS (SELECT FROM resumed);
$$;
COMMENT ON FUNCTION portatext.resume_carrier(text) IS
    'Ends a stop, by the operator or because the carrier refused our account. False: it was not stopped.';
GRANT EXECUTE ON FUNCTION portatext.resume_carrier(text) TO portatext_operator;

CREATE FUNCTION portatext.drop_carrier(carrier text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '5s'     -- whoever sends meanwhile waits as well
    AS $$
DECLARE
    id integer := portatext.carrier_number(carrier);
BEGIN
    IF NOT portatext.sees_all() THEN
        RAISE EXCEPTION 'carriers cannot be dropped on behalf of one account'
            USING ERRCODE = 'insufficient_privilege', HINT = 'RESET portatext.account_id as an operator.';
    END IF;
    IF NOT EXISTS (SELECT FROM portatext.carrier c WHERE c.carrier_id = id) THEN
        RAISE EXCEPTION 'carrier "%" comes with the extension and cannot be dropped', carrier
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'disable_carrier() gives it no new messages.';
    END IF;
    IF EXISTS (SELECT FROM portatext.carrier c WHERE c.carrier_id = id AND c.enabled)
        AND NOT EXISTS (SELECT FROM portatext.shipped_carrier c WHERE c.carrier_id = id) THEN
        RAISE EXCEPTION 'carrier "%" is enabled', carrier
            USING ERRCODE = 'object_in_use', HINT = 'disable_carrier() gives it no new messages.';
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'carriers are dropped at READ COMMITTED only'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'An older snapshot does not show all messages that wait.';
    END IF;
    -- Waits for those who chose this carrier while it was enabled; their messages are then seen below.
    LOCK TABLE portatext.outbox IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM portatext.account a WHERE a.carrier_id = id) THEN
        RAISE EXCEPTION 'carrier "%" is pinned to an account', carrier
            USING ERRCODE = 'object_in_use', HINT = 'Pin the account to another carrier, or to none.';
    END IF;
    IF EXISTS (SELECT FROM portatext.route r WHERE r.carrier_id = id) THEN
        RAISE EXCEPTION 'carrier "%" has routes', carrier
            USING ERRCODE = 'object_in_use', HINT = 'drop_route() removes them.';
    END IF;
    IF EXISTS (SELECT FROM portatext.outbox o WHERE o.lane IN (id * 2, id * 2 + 1))
        OR EXISTS (SELECT FROM portatext.parked p WHERE p.lane IN (id * 2, id * 2 + 1))
        OR EXISTS (SELECT FROM portatext.lease l JOIN portatext.message m ON m.message_id = ANY (l.ids)
            WHERE m.carrier_id = id AND m.step = 'queued') THEN
        RAISE EXCEPTION 'carrier "%" has messages that wait', carrier
            USING ERRCODE = 'object_in_use',
            HINT = 'Disable it and let them be sent, cancel them, or move them with reroute().';
    END IF;
    DELETE FROM portatext.carrier c WHERE c.carrier_id = id;
    DELETE FROM portatext.carrier_secret c WHERE c.carrier_id = id;
    DELETE FROM portatext.carrier_stop c WHERE c.carrier_id = id;
    DELETE FROM portatext.answer_rule c WHERE c.carrier_id = id;
END
$$;
COMMENT ON FUNCTION portatext.drop_carrier(text) IS
    'Removes a carrier that is disabled and for which no message waits. Waits up to 5 s for transactions that are sending. Receipts that are still to come are then refused. The shipped loopback goes back to its shipped form.';
GRANT EXECUTE ON FUNCTION portatext.drop_carrier(text) TO portatext_operator;
