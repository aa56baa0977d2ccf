-- Trunks: an account's SIP peers, through which an engine dials (TEL-07).

CREATE FUNCTION portatext.engine_for(engine text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    sandbox constant boolean := (SELECT a.sandbox FROM portatext.account a WHERE a.account_id = portatext.current_account());
    found integer;
BEGIN
    SELECT e.engine_id INTO found FROM portatext.engine e
        WHERE e.name = engine OR (engine IS NULL AND e.enabled AND (e.adapter = 'loopback') = sandbox)
        ORDER BY e.engine_id LIMIT 1;
    IF found IS NULL AND engine <> 'loopback' THEN
        RAISE EXCEPTION 'engine "%" does not exist', engine USING ERRCODE = 'undefined_object';
    END IF;
    found := COALESCE(found, portatext.loopback_engine());
    IF sandbox AND EXISTS (SELECT FROM portatext.engine e WHERE e.engine_id = found AND e.adapter <> 'loopback') THEN
        RAISE EXCEPTION 'a sandbox account dials through the engine loopback only' USING ERRCODE = 'insufficient_privilege',
            HINT = 'Its credits are honoured there only.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION portatext.engine_for(text) IS
    'Internal: the engine of that name; null: the first that is enabled, and the built-in one if there is no other. A sandbox account has the built-in one only (42501).';

CREATE FUNCTION portatext.check_trunk(name text, address text, channels integer, calls_per_second numeric) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF name IS NULL OR name !~ '^[^[:cntrl:]]{1,100}$' THEN
        RAISE EXCEPTION 'a trunk needs a name of 1 to 100 characters' USING ERRCODE = 'invalid_parameter_value';
    ELSIF address !~ '^[[:alnum:]._:\[\]-]{1,255}$' THEN
        RAISE EXCEPTION '"%" is no address of a trunk', left(address, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give a host name or an IP address, with a port behind a colon if need be.';
    ELSIF channels NOT BETWEEN 0 AND 100000 THEN
        RAISE EXCEPTION 'a trunk has 1 to 100000 channels' USING ERRCODE = 'invalid_parameter_value',
            HINT = '0 stands for no limit.';
    ELSIF calls_per_second < 0 OR calls_per_second > 10000 THEN
        RAISE EXCEPTION 'a trunk takes at most 10000 calls per second' USING ERRCODE = 'invalid_parameter_value',
            HINT = '0 stands for no limit.';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.check_trunk(text, text, integer, numeric) IS
    'Internal: raises when a trunk cannot have these properties.';

CREATE FUNCTION portatext.create_trunk(
        name text, address text DEFAULT NULL, engine text DEFAULT NULL,
        channels integer DEFAULT NULL, calls_per_second numeric DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    made bigint;
BEGIN
    PERFORM portatext.check_trunk(create_trunk.name, NULLIF(create_trunk.address, ''), create_trunk.channels,
                                  create_trunk.calls_per_second);
    INSERT INTO portatext.trunk AS t (account_id, engine_id, name, address, channels, calls_per_second)
        VALUES (portatext.current_account(), portatext.engine_for(create_trunk.engine), create_trunk.name,
                NULLIF(create_trunk.address, ''), NULLIF(create_trunk.channels, 0), NULLIF(create_trunk.calls_per_second, 0))
        ON CONFLICT (account_id, name) WHERE NOT dropped DO NOTHING
        RETURNING t.trunk_id INTO made;
    IF made IS NULL THEN
        RAISE EXCEPTION 'trunk "%" already exists', create_trunk.name
            USING ERRCODE = 'unique_violation', HINT = 'alter_trunk() changes it.';
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.create_trunk(text, text, text, integer, numeric) IS
    'Adds a trunk of the account (TEL-07) and returns its id. address: host or IP address, as the engine wants it; engine: which one dials through it, null: the first that is enabled; channels: calls at a time, both legs counted; calls_per_second: new calls; null or 0: no limit.';
GRANT EXECUTE ON FUNCTION portatext.create_trunk(text, text, text, integer, numeric) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.lock_trunk(trunk_id bigint) RETURNS portatext.trunk
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    got portatext.trunk;
    account constant bigint := portatext.current_account();
BEGIN
    SELECT t.* INTO got FROM portatext.trunk t
        WHERE t.account_id = account AND t.trunk_id = lock_trunk.trunk_id AND NOT t.dropped FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'trunk % does not exist', lock_trunk.trunk_id USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.trunks lists them.';
    END IF;
    RETURN got;
END
$$;
COMMENT ON FUNCTION portatext.lock_trunk(bigint) IS
    'Internal: the account''s trunk, locked; raises when there is none.';

CREATE FUNCTION portatext.use_trunk(trunk_id bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    account constant bigint := portatext.current_account();
    got bigint[];
BEGIN
    got := ARRAY(SELECT t.trunk_id FROM portatext.trunk t
                 WHERE t.account_id = account AND NOT t.dropped
                   AND (t.trunk_id = use_trunk.trunk_id OR use_trunk.trunk_id IS NULL)
                 ORDER BY t.trunk_id LIMIT 2 FOR SHARE);
    IF use_trunk.trunk_id IS NOT NULL AND cardinality(got) = 0 THEN
        RAISE EXCEPTION 'trunk % does not exist', use_trunk.trunk_id USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.trunks lists them.';
    ELSIF cardinality(got) <> 1 THEN
        RAISE EXCEPTION 'the trunk must be named' USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The account has %s.', CASE WHEN cardinality(got) = 0 THEN 'none' ELSE 'several' END),
            HINT = 'create_trunk() makes one; the view portatext.trunks lists them.';
    END IF;
    RETURN got[1];
END
$$;
COMMENT ON FUNCTION portatext.use_trunk(bigint) IS
    'Internal: the account''s trunk of that id, null: its only one, locked against being dropped until the transaction''s end; raises when there is none.';

CREATE FUNCTION portatext.alter_trunk(
        trunk_id bigint, name text DEFAULT NULL, address text DEFAULT NULL, engine text DEFAULT NULL,
        channels integer DEFAULT NULL, calls_per_second numeric DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    old constant portatext.trunk := portatext.lock_trunk(alter_trunk.trunk_id);
BEGIN
    PERFORM portatext.check_trunk(COALESCE(alter_trunk.name, old.name), NULLIF(alter_trunk.address, ''),
                                  alter_trunk.channels, alter_trunk.calls_per_second);
    UPDATE portatext.trunk t
        SET name = COALESCE(alter_trunk.name, t.name),
            address = NULLIF(COALESCE(alter_trunk.address, t.address), ''),
            engine_id = CASE WHEN alter_trunk.engine IS NULL THEN t.engine_id ELSE portatext.engine_for(alter_trunk.engine) END,
            channels = NULLIF(COALESCE(alter_trunk.channels, t.channels), 0),
            calls_per_second = NULLIF(COALESCE(alter_trunk.calls_per_second, t.calls_per_second), 0)
        WHERE t.trunk_id = old.trunk_id;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'trunk "%" already exists', alter_trunk.name
        USING ERRCODE = 'unique_violation', HINT = 'Choose another name.';
END
$$;
COMMENT ON FUNCTION portatext.alter_trunk(bigint, text, text, text, integer, numeric) IS
    'Changes what is not null of a trunk; address '''' and limits of 0 take it away. Calls that are under way stay where they are.';
GRANT EXECUTE ON FUNCTION portatext.alter_trunk(bigint, text, text, text, integer, numeric) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.flow_uses(flow jsonb, keys text[], id bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM jsonb_path_query(flow, '$.** ? (@.type() == "object")') o, unnest(keys) k (key)
        WHERE o -> k.key = to_jsonb(id));
$$;
COMMENT ON FUNCTION portatext.flow_uses(jsonb, text[], bigint) IS
    'Internal: does a flow name this sound or trunk under one of these keys?';

CREATE FUNCTION portatext.flow_user(account bigint, keys text[], id bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('campaign %s', c.campaign_id)
        FROM portatext.call_campaign c
        WHERE c.account_id = account
          AND (portatext.flow_uses(c.flow, keys, id) OR portatext.flow_uses(c.abandon_flow, keys, id)
               OR ('trunk_id' = ANY (keys) AND c.trunk_id = id))
          AND EXISTS (SELECT FROM portatext.campaign_run r
                      WHERE r.campaign_id = c.campaign_id AND r.state NOT IN ('finished', 'cancelled', 'failed'))
    UNION ALL
    SELECT format('call %s', c.call_id)
        FROM portatext.call c
        WHERE c.account_id = account AND c.ended_at IS NULL AND c.run_id IS NULL
          AND (portatext.flow_uses(c.flow, keys, id) OR ('trunk_id' = ANY (keys) AND c.trunk_id = id))
    LIMIT 1;
$$;
COMMENT ON FUNCTION portatext.flow_user(bigint, text[], bigint) IS
    'Internal: an unfinished campaign or single call of the account that plays this sound or dials through this trunk; null: none.';

CREATE FUNCTION portatext.check_unused(account bigint, kind text, id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    used constant text := portatext.flow_user(account, ARRAY[kind || '_id'], id);
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'a % is dropped at READ COMMITTED only', kind
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'An older snapshot does not show all that use it.';
    ELSIF used IS NOT NULL THEN
        RAISE EXCEPTION '% % is used by %', kind, id, used USING ERRCODE = 'object_in_use',
            HINT = 'Wait until it is over, or cancel it.';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.check_unused(bigint, text, bigint) IS
    'Internal: raises while an unfinished campaign or a call uses a sound or trunk, which the caller has locked.';

CREATE FUNCTION portatext.drop_trunk(trunk_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    old constant portatext.trunk := portatext.lock_trunk(drop_trunk.trunk_id);
BEGIN
    PERFORM portatext.check_unused(old.account_id, 'trunk', old.trunk_id);
    UPDATE portatext.trunk t SET dropped = true WHERE t.trunk_id = old.trunk_id;
END
$$;
COMMENT ON FUNCTION portatext.drop_trunk(bigint) IS
    'Removes a trunk that no unfinished campaign and no call uses. Its name is free again.';
GRANT EXECUTE ON FUNCTION portatext.drop_trunk(bigint) TO portatext_account, portatext_operator;

CREATE VIEW portatext.trunks WITH (security_barrier) AS
    SELECT t.account_id, t.trunk_id, t.name, t.address, e.name AS engine, t.channels, t.calls_per_second, t.created_at
        FROM portatext.trunk t JOIN portatext.engine e ON e.engine_id = t.engine_id
        WHERE NOT t.dropped;
COMMENT ON VIEW portatext.trunks IS
    'The trunks of the caller''s account; of all accounts for an operator who speaks for none.';
COMMENT ON COLUMN portatext.trunks.channels IS 'Calls at a time, both legs counted; null: no limit.';
COMMENT ON COLUMN portatext.trunks.calls_per_second IS 'New calls a second; null: no limit.';
GRANT SELECT ON portatext.trunks TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.test_trunk(trunk_id bigint) RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_test_trunk_sql';
COMMENT ON FUNCTION portatext.test_trunk(bigint) IS
    'Asks the trunk''s engine whether it is there: {"reachable": true, "latency_ms": 12, "said": "..."}, or reachable false and the problem. Places no call; waits as long as the engine''s timeout says.';
GRANT EXECUTE ON FUNCTION portatext.test_trunk(bigint) TO portatext_account, portatext_operator;
