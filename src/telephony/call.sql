-- Calls as their account sees them; what retention and forget_number() do with them.

CREATE VIEW portatext.calls WITH (security_invoker, security_barrier) AS
    SELECT c.call_id, c.account_id, c.campaign_id, r.ord AS run, c.iteration, c.from_number, c.to_number::text AS to_number,
           c.state, c.result, c.contacted, c.amd, c.amd_cause, c.digits,
           c.placed_at, c.ringing_at, c.answered_at, c.waiting_at, c.ended_at,
           c.ended_at - c.answered_at AS duration,
           c.agent_id, a.name AS agent, c.b_number, c.b_result, c.b_answered_at, c.b_ended_at,
           COALESCE(c.b_ended_at, c.ended_at) - c.b_answered_at AS talk,
           c.b_answered_at - c.waiting_at AS connect_time,
           c.live, c.abandoned_at IS NOT NULL AS abandoned, c.hang_up_reason, c.disposition, c.note,
           c.q850, c.sip, c.alerted, c.problem, t.name AS trunk, c.cost, c.client_ref, c.due_at, c.created_at
        FROM portatext.call c
        JOIN portatext.trunk t ON t.trunk_id = c.trunk_id
        LEFT JOIN portatext.campaign_run r ON r.run_id = c.run_id
        LEFT JOIN portatext.agent a ON a.agent_id = c.agent_id;
COMMENT ON VIEW portatext.calls IS
    'The account''s calls, each with its whole record: times of both legs, what answered, the agent, what it led to, what it cost. campaign_id null: a single call.';
COMMENT ON COLUMN portatext.calls.duration IS 'Of leg A, from its answer on.';
COMMENT ON COLUMN portatext.calls.talk IS 'Of leg B, from its answer on.';
COMMENT ON COLUMN portatext.calls.connect_time IS 'From the moment at which the person wanted an agent to the agent''s answer: the 2 seconds of the regulators.';
COMMENT ON COLUMN portatext.calls.live IS 'A person answered and was to be connected.';
COMMENT ON COLUMN portatext.calls.abandoned IS 'Nobody took it within connect_within.';
COMMENT ON COLUMN portatext.calls.cost IS 'Credits, once it has ended.';
GRANT SELECT ON portatext.calls TO portatext_account, portatext_operator;

-- For the dialer, and for a server without workers: call_control.c.

CREATE FUNCTION portatext.settle_call(call uuid, result portatext.call_result, problem text DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_settle_call';
COMMENT ON FUNCTION portatext.settle_call(uuid, portatext.call_result, text) IS
    'Ends a call of which its engine will tell nothing more (TEL-13), with everything that follows from an end; false: it has ended already. For operators.';
GRANT EXECUTE ON FUNCTION portatext.settle_call(uuid, portatext.call_result, text) TO portatext_operator;

CREATE FUNCTION portatext.reserve_call(call uuid) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_reserve_call';
COMMENT ON FUNCTION portatext.reserve_call(uuid) IS
    'Takes the credits for a call''s first minute, as the dialer does before it places it. False: the funds do not suffice; null: there is no tariff. For operators.';
GRANT EXECUTE ON FUNCTION portatext.reserve_call(uuid) TO portatext_operator;

CREATE FUNCTION portatext.pay_calls(until timestamptz DEFAULT portatext.now()) RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_pay_calls';
COMMENT ON FUNCTION portatext.pay_calls(timestamptz) IS
    'Takes the next minute of all calls that are up and paid for no longer than until; who cannot pay is hung up (no_credits). Returns how many it looked at. For operators.';
GRANT EXECUTE ON FUNCTION portatext.pay_calls(timestamptz) TO portatext_operator;

CREATE FUNCTION portatext.give_call(call uuid) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_give_call';
COMMENT ON FUNCTION portatext.give_call(uuid) IS
    'Gives a call that waits for an agent to the one of its team that has been idle longest, and returns that agent; null: nobody is free, or the call does not wait. For operators.';
GRANT EXECUTE ON FUNCTION portatext.give_call(uuid) TO portatext_operator;

CREATE FUNCTION portatext.wake_agents() RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_wake_agents';
COMMENT ON FUNCTION portatext.wake_agents() IS
    'Makes agents available, or paused if they asked for it, whose post-call work is over; returns how many. For operators.';
GRANT EXECUTE ON FUNCTION portatext.wake_agents() TO portatext_operator;

-- Retention: pages as in retire_messages().

CREATE FUNCTION portatext.retire_calls(from_id uuid, below uuid, older_than timestamptz,
        OUT seen bigint, OUT last_id uuid, OUT kept_id uuid, OUT gone bigint)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH page AS MATERIALIZED (
        SELECT c.call_id, c.ended_at < older_than AS over
            FROM portatext.call c
            WHERE c.call_id >= from_id AND c.call_id < below
            ORDER BY c.call_id LIMIT 500),
    mine AS MATERIALIZED (
        SELECT c.call_id FROM portatext.call c
            WHERE c.call_id = ANY (ARRAY(SELECT p.call_id FROM page p WHERE p.over))
            FOR UPDATE SKIP LOCKED),
    told AS (
        DELETE FROM portatext.call_event e
            WHERE e.call_id = ANY (ARRAY(SELECT n.call_id FROM mine n))),
    deleted AS (
        DELETE FROM portatext.call c
            WHERE c.call_id = ANY (ARRAY(SELECT n.call_id FROM mine n))
            RETURNING c.call_id)
    SELECT count(*),
        (SELECT p.call_id FROM page p ORDER BY p.call_id DESC LIMIT 1),
        (SELECT p.call_id FROM page p
            WHERE NOT EXISTS (SELECT FROM deleted d WHERE d.call_id = p.call_id)
            ORDER BY p.call_id LIMIT 1),
        (SELECT count(*) FROM deleted)
    FROM page;
$$;
COMMENT ON FUNCTION portatext.retire_calls(uuid, uuid, timestamptz) IS
    'For the scheduler: deletes the calls of one page that ended before older_than, with their events. The answer is that of retire_messages().';

CREATE FUNCTION portatext.retire_agent_times(older_than timestamptz) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH deleted AS (
        DELETE FROM portatext.agent_time t
            WHERE t.ctid = ANY (ARRAY(SELECT x.ctid FROM portatext.agent_time x
                WHERE x.day < (older_than AT TIME ZONE 'UTC')::date LIMIT 500 FOR UPDATE SKIP LOCKED))
            RETURNING 1)
    SELECT count(*) FROM deleted;
$$;
COMMENT ON FUNCTION portatext.retire_agent_times(timestamptz) IS
    'For the scheduler: deletes up to 500 rows of agents'' statistics of days before this one.';

-- A person's calls are made nobody's.

CREATE FUNCTION portatext.forget_calls(account bigint, number text, from_id uuid,
        OUT next_id uuid, OUT redacted bigint, OUT open bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    person constant text := portatext.to_e164(number)::text;
    nobody constant text := portatext.number_pseudonym(person::portatext.e164);
    ids uuid[];
BEGIN
    IF NOT portatext.may_forget(account) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'only an operator may do this with another account';
    END IF;
    IF account IS NULL THEN
        ids := ARRAY(SELECT c.call_id FROM portatext.call c
            WHERE c.call_id > from_id ORDER BY c.call_id LIMIT 5000);
    ELSE
        ids := ARRAY(SELECT c.call_id FROM portatext.call c
            WHERE c.account_id = account AND c.call_id > from_id
            ORDER BY c.account_id, c.call_id LIMIT 5000);
    END IF;
    WITH done AS (
        UPDATE portatext.call c
            SET flow = NULL, variables = NULL, digits = NULL, note = NULL, client_ref = NULL, problem = NULL,
                to_number = CASE c.to_number::text WHEN person THEN nobody ELSE c.to_number END,
                from_number = CASE c.from_number WHEN person THEN nobody ELSE c.from_number END,
                b_number = CASE c.b_number WHEN person THEN nobody ELSE c.b_number END
            WHERE c.call_id = ANY (ids) AND c.ended_at IS NOT NULL
              AND person IN (c.to_number::text, c.from_number, c.b_number)
            RETURNING c.call_id),
    told AS (
        UPDATE portatext.call_event e SET facts = e.facts - ARRAY['to', 'digits']
            FROM done d WHERE e.call_id = d.call_id AND e.facts ?| ARRAY['to', 'digits'])
    SELECT count(*) INTO redacted FROM done;
    SELECT count(*) INTO open FROM portatext.call c
        WHERE c.call_id = ANY (ids) AND c.ended_at IS NULL AND person IN (c.to_number::text, c.from_number, c.b_number);
    next_id := ids[array_upper(ids, 1)];
END
$$;
COMMENT ON FUNCTION portatext.forget_calls(bigint, text, uuid) IS
    'One page of forget_number(): calls with ids above from_id lose the number, what was keyed and noted; next_id and open as with forget_messages().';
GRANT EXECUTE ON FUNCTION portatext.forget_calls(bigint, text, uuid) TO portatext_account, portatext_operator;
