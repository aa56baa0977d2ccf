-- room: sms.  Messages and events whose time is over.  One call is one short page:
-- ids from from_id (included) to below (left out), at most 500 of them.

CREATE FUNCTION portatext.retire_messages(from_id uuid, below uuid, older_than timestamptz,
        OUT seen bigint, OUT last_id uuid, OUT kept_id uuid, OUT gone bigint)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH page AS MATERIALIZED (
        SELECT m.message_id, m.step = 'final' AND COALESCE(m.finished_at, m.created_at) < older_than AS over
            FROM portatext.message m
            WHERE m.message_id >= from_id AND m.message_id < below
            ORDER BY m.message_id LIMIT 500),
    mine AS MATERIALIZED (
        SELECT m.message_id, m.account_id FROM portatext.message m
            WHERE m.message_id = ANY (ARRAY(SELECT p.message_id FROM page p WHERE p.over))
            FOR UPDATE SKIP LOCKED),
    parts AS (
        DELETE FROM portatext.message_part x
            WHERE x.message_id = ANY (ARRAY(SELECT n.message_id FROM mine n))),
    listed AS (
        DELETE FROM portatext.attention a USING mine n
            WHERE a.account_id = n.account_id AND a.message_id = n.message_id),
    deleted AS (
        DELETE FROM portatext.message m
            WHERE m.message_id = ANY (ARRAY(SELECT n.message_id FROM mine n))
            RETURNING m.message_id)
    SELECT count(*),
        (SELECT p.message_id FROM page p ORDER BY p.message_id DESC LIMIT 1),
        (SELECT p.message_id FROM page p
            WHERE NOT EXISTS (SELECT FROM deleted d WHERE d.message_id = p.message_id)
            ORDER BY p.message_id LIMIT 1),
        (SELECT count(*) FROM deleted)
    FROM page;
$$;
COMMENT ON FUNCTION portatext.retire_messages(uuid, uuid, timestamptz) IS
    'For the scheduler: deletes the messages of one page that ended before older_than, with their parts. Says how many ids it saw, the last, the first that stays, and how many are gone.';

CREATE FUNCTION portatext.retire_events(from_id uuid, below uuid, older_than timestamptz,
        OUT seen bigint, OUT last_id uuid, OUT kept_id uuid, OUT gone bigint)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH page AS MATERIALIZED (
        SELECT e.event_id, e.created_at < older_than AS over FROM portatext.event e
            WHERE e.event_id >= from_id AND e.event_id < below
            ORDER BY e.event_id LIMIT 500),
    mine AS MATERIALIZED (
        SELECT e.event_id FROM portatext.event e
            WHERE e.event_id = ANY (ARRAY(SELECT p.event_id FROM page p WHERE p.over))
            FOR UPDATE SKIP LOCKED),
    deleted AS (
        DELETE FROM portatext.event e
            WHERE e.event_id = ANY (ARRAY(SELECT n.event_id FROM mine n))
            RETURNING e.event_id)
    SELECT count(*),
        (SELECT p.event_id FROM page p ORDER BY p.event_id DESC LIMIT 1),
        (SELECT p.event_id FROM page p
            WHERE NOT EXISTS (SELECT FROM deleted d WHERE d.event_id = p.event_id)
            ORDER BY p.event_id LIMIT 1),
        (SELECT count(*) FROM deleted)
    FROM page;
$$;
COMMENT ON FUNCTION portatext.retire_events(uuid, uuid, timestamptz) IS
    'For the scheduler: deletes the events of one page that are older; the answer is that of retire_messages().';

CREATE FUNCTION portatext.retire_unrouted(below uuid) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH deleted AS (
        DELETE FROM portatext.unrouted u
            WHERE u.unrouted_id = ANY (ARRAY(
                SELECT x.unrouted_id FROM portatext.unrouted x WHERE x.unrouted_id < below
                ORDER BY x.unrouted_id LIMIT 500 FOR UPDATE SKIP LOCKED))
            RETURNING 1)
    SELECT count(*) FROM deleted;
$$;
COMMENT ON FUNCTION portatext.retire_unrouted(uuid) IS
    'For the scheduler: deletes up to 500 inbound messages of no account with an id below this one.';

-- carrier_ref and inbound_ref have no index by message: what a message has left
-- behind is found by reading the tables once a day, some blocks at a time.  The
-- lookups are subqueries of each row, so that no plan reads the messages whole.
CREATE FUNCTION portatext.retire_refs(from_block bigint, below_block bigint, below uuid,
        OUT carrier_refs bigint, OUT inbound_refs bigint)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH o AS (
        DELETE FROM portatext.carrier_ref r
            WHERE r.ctid >= format('(%s,0)', from_block)::tid AND r.ctid < format('(%s,0)', below_block)::tid
              AND r.message_id < below
              AND (SELECT m.message_id FROM portatext.message m WHERE m.message_id = r.message_id) IS NULL
            RETURNING 1),
    i AS (
        DELETE FROM portatext.inbound_ref r
            WHERE r.ctid >= format('(%s,0)', from_block)::tid AND r.ctid < format('(%s,0)', below_block)::tid
              AND r.message_id < below
              AND (SELECT m.message_id FROM portatext.message m WHERE m.message_id = r.message_id) IS NULL
              AND (SELECT u.unrouted_id FROM portatext.unrouted u WHERE u.unrouted_id = r.message_id) IS NULL
            RETURNING 1)
    SELECT (SELECT count(*) FROM o), (SELECT count(*) FROM i);
$$;
COMMENT ON FUNCTION portatext.retire_refs(bigint, bigint, uuid) IS
    'For the scheduler: deletes, in these blocks of carrier_ref and inbound_ref, the references to messages with an id below this one that are not there any more.';

CREATE FUNCTION portatext.ref_blocks() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT greatest(pg_relation_size('portatext.carrier_ref'), pg_relation_size('portatext.inbound_ref'))
        / current_setting('block_size')::int;
$$;
COMMENT ON FUNCTION portatext.ref_blocks() IS
    'For the scheduler: the blocks of the longer one of carrier_ref and inbound_ref.';
