-- Teams and agents: who may take calls, and what they have done.

CREATE INDEX call_target_agent ON portatext.call_target (agent_id) WHERE agent_id IS NOT NULL;

CREATE VIEW portatext.teams WITH (security_invoker, security_barrier) AS
    SELECT t.account_id, t.team_id, t.name,
           (SELECT count(*) FROM portatext.agent a WHERE a.team_id = t.team_id) AS agents
        FROM portatext.team t;
COMMENT ON VIEW portatext.teams IS 'The account''s teams, with how many agents each has.';
GRANT SELECT ON portatext.teams TO portatext_account, portatext_operator;

CREATE VIEW portatext.agents WITH (security_invoker, security_barrier) AS
    SELECT a.account_id, a.agent_id, a.name, t.name AS team, a.destination, a.state, a.reason, a.state_since,
           a.idle_since, a.wrap_up_until, a.call_id, a.pause_next
        FROM portatext.agent a JOIN portatext.team t ON t.team_id = a.team_id;
COMMENT ON VIEW portatext.agents IS 'The account''s agents: what each does, since when, and the call it has.';
GRANT SELECT ON portatext.agents TO portatext_account, portatext_operator;

CREATE VIEW portatext.agent_statistics WITH (security_invoker, security_barrier) AS
    SELECT s.account_id, s.agent_id, a.name, t.name AS team, s.day, s.calls, s.missed, s.available, s.preview, s.ringing,
           s.on_call, s.wrap_up, s.paused,
           round((EXTRACT(epoch FROM s.on_call + s.wrap_up)
                  / NULLIF(EXTRACT(epoch FROM s.available + s.preview + s.ringing + s.on_call + s.wrap_up), 0))::numeric, 4) AS utilisation
        FROM portatext.agent_time s
        JOIN portatext.agent a ON a.agent_id = s.agent_id
        JOIN portatext.team t ON t.team_id = a.team_id;
COMMENT ON VIEW portatext.agent_statistics IS
    'What agents did, by day (UTC): calls taken and missed, time in each state that has ended; utilisation: the share of talk and post-call work in the time at work, pauses left out.';
GRANT SELECT ON portatext.agent_statistics TO portatext_account, portatext_operator;

-- Administration.

CREATE FUNCTION portatext.create_team(name text) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.team (account_id, name) VALUES (portatext.current_account(), create_team.name) RETURNING team_id;
$$;
COMMENT ON FUNCTION portatext.create_team(text) IS 'Makes a team and returns its id; 23505 when the account has one of that name.';
GRANT EXECUTE ON FUNCTION portatext.create_team(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.team_named(name text, account bigint DEFAULT portatext.current_account()) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    id bigint;
BEGIN
    SELECT t.team_id INTO id FROM portatext.team t
        WHERE t.account_id = account AND t.name = team_named.name;
    IF id IS NULL THEN
        RAISE EXCEPTION 'team "%" does not exist', name
            USING ERRCODE = 'undefined_object', HINT = 'The view portatext.teams lists them.';
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION portatext.team_named(text, bigint) IS 'Internal: the id of the account''s team; raises 42704.';

CREATE FUNCTION portatext.drop_team(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    id constant bigint := portatext.team_named(name);
BEGIN
    IF EXISTS (SELECT FROM portatext.agent a WHERE a.team_id = id)
        OR EXISTS (SELECT FROM portatext.call_campaign c WHERE c.team_id = id) THEN
        RAISE EXCEPTION 'team "%" is in use', name
            USING ERRCODE = 'object_in_use', HINT = 'Drop its agents first; a campaign keeps its team.';
    END IF;
    DELETE FROM portatext.team t WHERE t.team_id = id;
END
$$;
COMMENT ON FUNCTION portatext.drop_team(text) IS 'Drops a team that has no agents and that no campaign names; otherwise 55006.';
GRANT EXECUTE ON FUNCTION portatext.drop_team(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.check_destination(account bigint, destination text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    digits constant text := substring(destination FROM '^(?:sips?:)?[+]([0-9]+)(?:[@;:]|$)');
BEGIN
    IF destination !~ '^([+][1-9][0-9]{6,14}|[0-9]{2,6}|[A-Za-z][A-Za-z0-9_.-]{0,79}|sips?:[A-Za-z0-9_.+;=:@-]{1,240})$' THEN
        RAISE EXCEPTION '"%" cannot be dialled', left(destination, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give + and 7 to 15 digits, an extension of 2 to 6 digits, a sip: URI, or a name that the engine knows.';
    ELSIF digits IS NOT NULL AND NOT EXISTS (
            SELECT FROM portatext.account a JOIN portatext.call_tariff t ON t.account_id = a.account_id OR (t.account_id IS NULL AND NOT a.sandbox)
            WHERE a.account_id = account AND starts_with(digits, t.prefix)
                AND t.valid_from <= portatext.now() AND t.valid_to > portatext.now()) THEN
        RAISE EXCEPTION 'there is no call tariff for +%', digits USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Minutes of an agent who is called at a telephone number are charged.';
    END IF;
    RETURN destination;
END
$$;
COMMENT ON FUNCTION portatext.check_destination(bigint, text) IS
    'Internal: where an agent''s leg is dialled, if that is possible; raises 22023.';

CREATE FUNCTION portatext.create_agent(name text, destination text, team text) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.agent (account_id, team_id, name, destination)
        VALUES (portatext.current_account(), portatext.team_named(team), create_agent.name,
                portatext.check_destination(portatext.current_account(), create_agent.destination))
        RETURNING agent_id;
$$;
COMMENT ON FUNCTION portatext.create_agent(text, text, text) IS
    'Makes an agent of a team, offline, and returns its id. destination: where its leg is dialled, a number or a sip: URI.';
GRANT EXECUTE ON FUNCTION portatext.create_agent(text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.idle_agent(agent bigint) RETURNS portatext.agent
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    a portatext.agent;
BEGIN
    SELECT * INTO a FROM portatext.agent x WHERE x.agent_id = agent FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'agent % does not exist', agent
            USING ERRCODE = 'undefined_object', HINT = 'The view portatext.agents lists them.';
    END IF;
    IF a.state NOT IN ('offline', 'paused', 'available') THEN
        RAISE EXCEPTION 'agent % is in state %', agent, a.state
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Wait until its call and its post-call work are over.';
    END IF;
    RETURN a;
END
$$;
COMMENT ON FUNCTION portatext.idle_agent(bigint) IS 'Internal: an agent of the caller''s that has nothing to do with a call, locked; raises 42704, 55000.';

CREATE FUNCTION portatext.alter_agent(agent bigint, name text DEFAULT NULL, destination text DEFAULT NULL, team text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    a constant portatext.agent := portatext.idle_agent(agent);
BEGIN
    UPDATE portatext.agent x SET name = COALESCE(alter_agent.name, x.name),
            destination = COALESCE(portatext.check_destination(a.account_id, alter_agent.destination), x.destination),
            team_id = CASE WHEN team IS NULL THEN x.team_id ELSE portatext.team_named(team, a.account_id) END
        WHERE x.agent_id = a.agent_id;
END
$$;
COMMENT ON FUNCTION portatext.alter_agent(bigint, text, text, text) IS
    'Changes an agent that has no call (otherwise 55000); what is null stays.';
GRANT EXECUTE ON FUNCTION portatext.alter_agent(bigint, text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.drop_agent(agent bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    a constant portatext.agent := portatext.idle_agent(agent);
BEGIN
    DELETE FROM portatext.agent x WHERE x.agent_id = a.agent_id;
END
$$;
COMMENT ON FUNCTION portatext.drop_agent(bigint) IS
    'Drops an agent that has no call (otherwise 55000), with its statistics; its calls keep its id.';
GRANT EXECUTE ON FUNCTION portatext.drop_agent(bigint) TO portatext_account, portatext_operator;

-- At work: agent_state.c.

CREATE FUNCTION portatext.set_agent_state(agent bigint, state text, reason text DEFAULT NULL) RETURNS portatext.agent_state
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_set_agent_state';
COMMENT ON FUNCTION portatext.set_agent_state(bigint, text, text) IS
    'Makes an agent available, paused (reason: its words) or offline, and returns the state it has then. Who has a call, or post-call work, pauses when that is over; available takes that back. 55000: not possible now.';
GRANT EXECUTE ON FUNCTION portatext.set_agent_state(bigint, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.end_wrap_up(agent bigint) RETURNS portatext.agent_state
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_end_wrap_up';
COMMENT ON FUNCTION portatext.end_wrap_up(bigint) IS
    'Ends an agent''s post-call work before its time; returns the state it has then. 55000: it does none.';
GRANT EXECUTE ON FUNCTION portatext.end_wrap_up(bigint) TO portatext_account, portatext_operator;

-- Preview: agent_preview.c.

CREATE FUNCTION portatext.next_target(agent bigint, campaign bigint, OUT number text, OUT iteration integer, OUT variables jsonb)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_next_target';
COMMENT ON FUNCTION portatext.next_target(bigint, bigint) IS
    'Shows an agent that is available the next target of a campaign with method preview, which must run: number, which call to it this would be, its variables. The target is the agent''s until agent_dial() or agent_skip(). All null: there is none now.';
GRANT EXECUTE ON FUNCTION portatext.next_target(bigint, bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.agent_dial(agent bigint) RETURNS uuid
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_agent_dial';
COMMENT ON FUNCTION portatext.agent_dial(bigint) IS
    'Has the target called that the agent looks at, and returns the call''s id; the call is this agent''s. Null: the target is not to be called any more (cancelled, blacklisted), the agent is available again.';
GRANT EXECUTE ON FUNCTION portatext.agent_dial(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.agent_skip(agent bigint, again boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_agent_skip';
COMMENT ON FUNCTION portatext.agent_skip(bigint, boolean) IS
    'Lets the target go that the agent looks at. again: it comes again, after min_iteration_time and a minute at least; otherwise it is not called in this run.';
GRANT EXECUTE ON FUNCTION portatext.agent_skip(bigint, boolean) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.set_disposition(call uuid, disposition text, note text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_set_disposition';
COMMENT ON FUNCTION portatext.set_disposition(uuid, text, text) IS
    'Notes what a call has led to, in the agent''s words, during it or after it; null takes it back. note null: the note stays.';
GRANT EXECUTE ON FUNCTION portatext.set_disposition(uuid, text, text) TO portatext_account, portatext_operator;
