-- room: sms.  A person's messages are made nobody's; money, states and times stay.

CREATE FUNCTION portatext.number_pseudonym(number portatext.e164) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(
        (SELECT c.candidate FROM (
            SELECT n, rpad(left(number::text, n), length(number::text), '0') AS candidate
                FROM generate_series(2, length(number::text) - 4) n) c
            WHERE portatext.number_country(c.candidate::portatext.e164)
                IS NOT DISTINCT FROM portatext.number_country(number)
            ORDER BY c.n LIMIT 1),
        rpad(left(number::text, 2), length(number::text), '0'));
$$;
COMMENT ON FUNCTION portatext.number_pseudonym(portatext.e164) IS
    'The number with zeros behind the digits that tell its country: what forget_number() leaves of it. Everybody of that country has the same.';

CREATE FUNCTION portatext.forget_check() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mine constant bigint := portatext.known_account();
BEGIN
    IF portatext.sees_all() THEN
        RETURN NULL;
    END IF;
    IF mine IS NULL THEN
        RETURN portatext.current_account();     -- raises
    END IF;
    RETURN mine;
END
$$;
COMMENT ON FUNCTION portatext.forget_check() IS
    'Whose messages forget_number() treats: null: of all accounts (an operator who has chosen none); else the caller''s.';
GRANT EXECUTE ON FUNCTION portatext.forget_check() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.forget_waiting(account bigint, number text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT portatext.may_forget(account) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'only an operator may do this with another account';
    END IF;
    RETURN portatext.drop_waiting(account, portatext.to_e164(number)::text, 'forgotten');
END
$$;
COMMENT ON FUNCTION portatext.forget_waiting(bigint, text) IS
    'The first step of forget_number(): ends, with a refund, what still waits for the number.';
GRANT EXECUTE ON FUNCTION portatext.forget_waiting(bigint, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.may_forget(account bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.sees_all() OR (account IS NOT NULL AND account = portatext.known_account());
$$;
COMMENT ON FUNCTION portatext.may_forget(bigint) IS
    'May the caller treat the messages of this account (null: of all)?';

CREATE FUNCTION portatext.forget_messages(account bigint, number text, from_id uuid,
        OUT next_id uuid, OUT redacted bigint, OUT open bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    person constant portatext.e164 := portatext.to_e164(number);
    nobody constant text := portatext.number_pseudonym(person);
    ids uuid[];
BEGIN
    IF NOT portatext.may_forget(account) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'only an operator may do this with another account';
    END IF;
    IF account IS NULL THEN
        ids := ARRAY(SELECT m.message_id FROM portatext.message m
            WHERE m.message_id > from_id ORDER BY m.message_id LIMIT 5000);
    ELSE
        ids := ARRAY(SELECT m.message_id FROM portatext.message m
            WHERE m.account_id = account AND portatext.api_id(m.message_id) > from_id
            ORDER BY m.account_id, portatext.api_id(m.message_id) LIMIT 5000);
    END IF;
    WITH done AS (
        UPDATE portatext.message m
            SET body = '', client_ref = NULL, error_text = NULL,
                to_number = CASE m.to_number::text WHEN person::text THEN nobody ELSE m.to_number END,
                from_number = CASE m.from_number::text WHEN person::text THEN nobody ELSE m.from_number END
            WHERE m.message_id = ANY (ids) AND m.step IN ('final', 'sent')
              AND person::text IN (m.to_number::text, m.from_number::text)
            RETURNING 1)
    SELECT count(*) INTO redacted FROM done;
    SELECT count(*) INTO open FROM portatext.message m
        WHERE m.message_id = ANY (ids) AND person::text IN (m.to_number::text, m.from_number::text)
          AND m.step IN ('queued', 'unclear');
    next_id := ids[array_upper(ids, 1)];
END
$$;
COMMENT ON FUNCTION portatext.forget_messages(bigint, text, uuid) IS
    'One page of forget_number(): messages with ids above from_id. next_id is where the next page goes on, null: none is left. open counts those that are just being handed over or unclear and were left alone.';
GRANT EXECUTE ON FUNCTION portatext.forget_messages(bigint, text, uuid) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.forget_events(account bigint, number text, from_id uuid,
        OUT next_id uuid, OUT redacted bigint)
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
        ids := ARRAY(SELECT e.event_id FROM portatext.event e
            WHERE e.event_id > from_id ORDER BY e.event_id LIMIT 5000);
    ELSE
        ids := ARRAY(SELECT e.event_id FROM portatext.event e
            WHERE e.account_id = account AND e.event_id > from_id
            ORDER BY e.account_id, e.event_id LIMIT 5000);
    END IF;
    WITH done AS (
        UPDATE portatext.event e
            SET payload = replace((e.payload - ARRAY['client_ref', 'body'])::text,
                                  format('"%s"', person), format('"%s"', nobody))::jsonb
            WHERE e.event_id = ANY (ids) AND strpos(e.payload::text, format('"%s"', person)) > 0
            RETURNING 1)
    SELECT count(*) INTO redacted FROM done;
    next_id := ids[array_upper(ids, 1)];
END
$$;
COMMENT ON FUNCTION portatext.forget_events(bigint, text, uuid) IS
    'One page of forget_number(): events with ids above from_id; next_id as with forget_messages().';
GRANT EXECUTE ON FUNCTION portatext.forget_events(bigint, text, uuid) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.forget_unrouted(account bigint, number text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    person constant text := portatext.to_e164(number)::text;
    deleted bigint := 0;
BEGIN
    IF account IS NULL AND portatext.sees_all() THEN
        DELETE FROM portatext.unrouted u WHERE person IN (u.from_number, u.to_number);
        GET DIAGNOSTICS deleted = ROW_COUNT;
        WITH j AS (
            DELETE FROM portatext.inbound_join x WHERE person IN (x.from_number, x.to_number) RETURNING x.join_id)
        DELETE FROM portatext.inbound_part p USING j WHERE p.join_id = j.join_id;
    END IF;
    RETURN deleted;
END
$$;
COMMENT ON FUNCTION portatext.forget_unrouted(bigint, text) IS
    'The last step of forget_number(), for all accounts only: deletes inbound messages of no account from or to the number, and parts that wait for others.';
GRANT EXECUTE ON FUNCTION portatext.forget_unrouted(bigint, text) TO portatext_account, portatext_operator;

-- A procedure that commits cannot pin its search_path: it uses no operator.
CREATE PROCEDURE portatext.forget_number(number text,
        INOUT ended bigint DEFAULT 0, INOUT messages bigint DEFAULT 0, INOUT events bigint DEFAULT 0,
        INOUT unrouted bigint DEFAULT 0, INOUT open bigint DEFAULT 0)
    LANGUAGE plpgsql
    AS $$
DECLARE
    account pg_catalog.int8 := portatext.forget_check();
    id pg_catalog.uuid := '00000000-0000-0000-0000-000000000000';
    n pg_catalog.int8;
    left_alone pg_catalog.int8;
BEGIN
    -- first, so that no campaign releases a message to the number meanwhile
    PERFORM portatext.forget_campaign_contact(account, number);
    ended := portatext.forget_waiting(account, number);
    PERFORM portatext.forget_subscriber(account, number);
    PERFORM portatext.forget_contacts(account, number);
    messages := 0; events := 0; open := 0;
    COMMIT;
    WHILE id IS NOT NULL LOOP
        SELECT f.next_id, f.redacted, f.open INTO id, n, left_alone
            FROM portatext.forget_messages(account, number, id) f;
        messages := messages OPERATOR(pg_catalog.+) n;
        open := open OPERATOR(pg_catalog.+) left_alone;
        COMMIT;
    END LOOP;
    id := '00000000-0000-0000-0000-000000000000';
    WHILE id IS NOT NULL LOOP
        SELECT f.next_id, f.redacted, f.open INTO id, n, left_alone
            FROM portatext.forget_calls(account, number, id) f;
        messages := messages OPERATOR(pg_catalog.+) n;
        open := open OPERATOR(pg_catalog.+) left_alone;
        COMMIT;
    END LOOP;
    id := '00000000-0000-0000-0000-000000000000';
    WHILE id IS NOT NULL LOOP
        SELECT f.next_id, f.redacted INTO id, n FROM portatext.forget_events(account, number, id) f;
        events := events OPERATOR(pg_catalog.+) n;
        COMMIT;
    END LOOP;
    unrouted := portatext.forget_unrouted(account, number);
END
$$;
COMMENT ON PROCEDURE portatext.forget_number(text, bigint, bigint, bigint, bigint, bigint) IS
    'CALL portatext.forget_number(''+12223334444''): ends what waits for the number and takes text, number and client_ref out of the caller''s messages, calls (counted with the messages) and events (an operator''s without an account: of all accounts and of unrouted ones). '
    'It is taken off all contact lists. Its subscriptions end; that it has opted out of a service stays known, other evidence of consent loses the number. Cost, states, times, ledger and blacklists stay. Returns what was ended, redacted and deleted; open messages were left alone: call again when they have ended. Commits after each page; may be repeated.';
GRANT EXECUTE ON PROCEDURE portatext.forget_number(text, bigint, bigint, bigint, bigint, bigint) TO portatext_account, portatext_operator;
