-- room: service.  What forget_number() leaves here, and rows whose time is over.

CREATE FUNCTION portatext.forget_subscriber(account bigint, number text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    person constant text := portatext.to_e164(number)::text;
    nobody constant text := portatext.number_pseudonym(person::portatext.e164);
    s portatext.service;
BEGIN
    IF NOT portatext.may_forget(account) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'only an operator may do this with another account';
    END IF;
    FOR s IN SELECT v.* FROM portatext.subscriber x JOIN portatext.service v ON v.service_id = x.service_id
            WHERE x.number::text = person AND x.state IN ('active', 'paused')
              AND (account IS NULL OR x.account_id = account) FOR UPDATE OF x LOOP
        PERFORM portatext.change_subscriber(s, person, 'cancelled', 'cancelled', 'account', '{"reason": "forgotten"}');
    END LOOP;
    DELETE FROM portatext.subscriber x
        WHERE x.number::text = person AND x.state = 'cancelled' AND (account IS NULL OR x.account_id = account);
    UPDATE portatext.consent c
        SET number = CASE WHEN c.number = person AND c.action <> 'opt_out' THEN nobody ELSE c.number END,
            evidence = CASE WHEN c.number = person THEN '{}'::jsonb
                            ELSE replace(c.evidence::text, format('"%s"', person), format('"%s"', nobody))::jsonb END
        WHERE (account IS NULL OR c.account_id = account)
          AND (c.number = person OR strpos(c.evidence::text, format('"%s"', person)) > 0);
    DELETE FROM portatext.service_message m
        WHERE m.service_id IN (SELECT v.service_id FROM portatext.service v WHERE account IS NULL OR v.account_id = account)
          AND m.number = person;
    DELETE FROM portatext.reply_guard g WHERE g.number = person AND (account IS NULL OR g.account_id = account);
    IF account IS NULL THEN
        DELETE FROM portatext.carrier_notice n WHERE person IN (n.number, n.new_number);
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.forget_subscriber(bigint, text) IS
    'The second step of forget_number(): ends the subscriptions of the number. That it has opted out stays known, with its number and without the evidence''s details; all other consent rows lose the number and the details.';
GRANT EXECUTE ON FUNCTION portatext.forget_subscriber(bigint, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.retire_service_messages(from_block bigint, blocks bigint) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    DELETE FROM portatext.service_message m
        WHERE m.ctid >= format('(%s,0)', from_block)::tid AND m.ctid < format('(%s,0)', from_block + blocks)::tid
          AND m.send_at < portatext.now() - interval '2 months';
    SELECT greatest(0, pg_relation_size('portatext.service_message') / current_setting('block_size')::int - from_block - blocks);
$$;
COMMENT ON FUNCTION portatext.retire_service_messages(bigint, bigint) IS
    'For the scheduler: deletes, in these blocks of service_message, the rows older than two months; returns how many blocks come after them.';

CREATE FUNCTION portatext.retire_service_rest() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    DELETE FROM portatext.reply_guard g WHERE g.replied_at < portatext.now() - interval '1 hour';
    DELETE FROM portatext.carrier_notice n WHERE n.notice_id = ANY (ARRAY(
        SELECT x.notice_id FROM portatext.carrier_notice x
            WHERE x.created_at < portatext.now() - interval '2 months' ORDER BY x.notice_id LIMIT 1000));
$$;
COMMENT ON FUNCTION portatext.retire_service_rest() IS
    'For the scheduler: deletes what guarded automatic replies an hour ago, and up to 1000 carriers'' notices older than two months.';
