-- room: sms.  Which senders' messages arrive.

CREATE TABLE portatext.unhealthy_sender (
    number portatext.address PRIMARY KEY,
    account_id bigint NOT NULL,
    delivered bigint NOT NULL,
    undelivered bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.unhealthy_sender IS
    'Senders of a pool that are passed over while the pool has others: too few of their messages arrive (sender_health). Kept by the scheduler.';
SELECT pg_catalog.pg_extension_config_dump('portatext.unhealthy_sender', '');
CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.unhealthy_sender
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();
GRANT SELECT ON portatext.unhealthy_sender TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.uuid7_from(at timestamptz) RETURNS uuid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT (lpad(to_hex(GREATEST(floor(extract(epoch FROM at) * 1000), 0)::bigint), 12, '0')
            || '70008000000000000000')::uuid;
$$;
COMMENT ON FUNCTION portatext.uuid7_from(timestamptz) IS
    'The lowest identifier that uuid7() gives at this time: for ranges over message_id.';
GRANT EXECUTE ON FUNCTION portatext.uuid7_from(timestamptz) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.sender_health(
        look_back interval DEFAULT '1 hour', most int DEFAULT 100000,
        OUT number text, OUT account_id bigint, OUT delivered bigint, OUT undelivered bigint,
        OUT share numeric, OUT healthy boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH recent AS (
        SELECT m.account_id, m.from_number::text AS number, m.state
            FROM portatext.message m
            WHERE m.message_id >= portatext.uuid7_from(portatext.now() - look_back) AND NOT m.inbound
            ORDER BY m.message_id DESC LIMIT most),
    counted AS (
        SELECT r.account_id, r.number, count(*) FILTER (WHERE r.state = 'delivered') AS delivered,
                count(*) FILTER (WHERE r.state = 'undelivered') AS undelivered
            FROM recent r GROUP BY r.account_id, r.number)
    SELECT c.number, c.account_id, c.delivered, c.undelivered,
            round(c.delivered::numeric / NULLIF(c.delivered + c.undelivered, 0), 3),
            c.delivered + c.undelivered < current_setting('portatext.sender_min_receipts')::int
                OR c.delivered >= (c.delivered + c.undelivered) * current_setting('portatext.sender_min_delivered')::float8
        FROM counted c ORDER BY c.account_id, c.number;
$$;
COMMENT ON FUNCTION portatext.sender_health(interval, int) IS
    'What receipts say of each sender: of its messages queued in look_back (the newest most of all), how many arrived. healthy: their share is at least portatext.sender_min_delivered, or there are fewer than portatext.sender_min_receipts.';
GRANT EXECUTE ON FUNCTION portatext.sender_health(interval, int) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.refresh_sender_health() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    bad portatext.unhealthy_sender[];
BEGIN
    -- A sender alone is taken in any case.
    SELECT COALESCE(array_agg((h.number, h.account_id, h.delivered, h.undelivered, portatext.now())::portatext.unhealthy_sender), '{}')
        INTO bad
        FROM portatext.sender_health() h
        WHERE NOT h.healthy
          AND EXISTS (SELECT FROM portatext.did d WHERE d.account_id = h.account_id AND d.number::text = h.number)
          AND EXISTS (SELECT FROM portatext.did d WHERE d.account_id = h.account_id AND d.number::text <> h.number);
    -- Each write makes every session read its senders again: only where something changes.
    IF EXISTS (SELECT FROM portatext.unhealthy_sender u
            WHERE NOT EXISTS (SELECT FROM unnest(bad) b WHERE b.number = u.number)) THEN
        DELETE FROM portatext.unhealthy_sender u
            WHERE NOT EXISTS (SELECT FROM unnest(bad) b WHERE b.number = u.number);
    END IF;
    IF EXISTS (SELECT FROM unnest(bad) b
            WHERE NOT EXISTS (SELECT FROM portatext.unhealthy_sender u WHERE b.number = u.number)) THEN
        WITH new AS (
            INSERT INTO portatext.unhealthy_sender SELECT b.* FROM unnest(bad) b
                ON CONFLICT DO NOTHING RETURNING *)
        INSERT INTO portatext.event (account_id, type, subject, payload)
            SELECT n.account_id, 'did.unhealthy', n.number,
                jsonb_build_object('delivered', n.delivered, 'undelivered', n.undelivered)
            FROM new n;
    END IF;
    RETURN cardinality(bad);
END
$$;
COMMENT ON FUNCTION portatext.refresh_sender_health() IS
    'For the scheduler: brings unhealthy_sender up to date with sender_health(); a sender that becomes unhealthy is told by an event. Says how many there are.';
GRANT EXECUTE ON FUNCTION portatext.refresh_sender_health() TO portatext_operator;
