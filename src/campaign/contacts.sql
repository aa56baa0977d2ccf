-- room: campaign.  The contacts of a run, with what became of them (CAMP-12).

CREATE FUNCTION portatext.campaign_run_of(campaign bigint, run integer DEFAULT NULL) RETURNS bigint
    LANGUAGE c STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_campaign_run_of';
COMMENT ON FUNCTION portatext.campaign_run_of(bigint, integer) IS
    'The run_id of a campaign''s run; null: its newest. Raises 42704 when the caller has none such.';
GRANT EXECUTE ON FUNCTION portatext.campaign_run_of(bigint, integer) TO portatext_account, portatext_operator;

CREATE VIEW portatext.campaign_contact WITH (security_invoker, security_barrier) AS
    SELECT r.account_id, n.campaign_id, n.ord AS run, r.run_id, r.number, v.label AS variant,
           CASE WHEN m.message_id IS NOT NULL THEN m.state::text
                WHEN r.message_id IS NOT NULL THEN 'gone'
                WHEN t.state = 'waiting' AND n.state = 'cancelled' THEN 'cancelled'
                WHEN t.run_id IS NOT NULL THEN t.state::text
                WHEN r.reason = 'cancelled' OR (r.reason IS NULL AND (n.state = 'cancelled' OR x.run_id IS NOT NULL)) THEN 'cancelled'
                WHEN r.reason IS NOT NULL THEN 'skipped'
                ELSE 'pending' END AS state,
           CASE WHEN m.state IN ('undelivered', 'rejected', 'expired', 'skipped') THEN m.error_code
                WHEN t.run_id IS NOT NULL THEN COALESCE(t.reason, t.last_result)
                WHEN r.reason <> 'cancelled' THEN r.reason END AS reason,
           r.message_id, COALESCE(m.segments, r.segments) AS segments, COALESCE(m.cost, r.cost) AS cost,
           COALESCE(m.from_number::text, r.sender) AS sender, r.cohort, r.place,
           t.attempts, t.due_at, t.last_call_id AS call_id
    FROM portatext.campaign_recipient r
    JOIN portatext.campaign_run n ON n.run_id = r.run_id
    LEFT JOIN portatext.campaign_variant v ON v.campaign_id = n.campaign_id AND v.variant = r.variant
    LEFT JOIN portatext.message m ON m.message_id = r.message_id
    LEFT JOIN portatext.campaign_cancellation x ON x.run_id = r.run_id AND x.number = r.number
    LEFT JOIN portatext.call_target t ON t.run_id = r.run_id AND t.number = r.number;
COMMENT ON VIEW portatext.campaign_contact IS
    'Recipients of campaigns, with what became of them: pending, the states of messages or of the targets of calls, skipped with the reason, cancelled; gone: its message is older than what is kept.';
COMMENT ON COLUMN portatext.campaign_contact.run IS 'The run''s number within its campaign, from 1.';
COMMENT ON COLUMN portatext.campaign_contact.reason IS
    'Why it was skipped: a name of portatext.refusals(); of a message that failed, the carrier''s code; of a target that was called, the last result.';
COMMENT ON COLUMN portatext.campaign_contact.attempts IS 'Calls so far; null, as due_at (of the next one) and call_id (of the last one): it was not called.';
COMMENT ON COLUMN portatext.campaign_contact.cost IS 'Credits; before the release by the tariff at the time of the build.';
GRANT SELECT ON portatext.campaign_contact TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.campaign_contacts(campaign bigint, after text DEFAULT NULL, page_size integer DEFAULT 100)
    RETURNS TABLE (number text, state text, reason text, message_id uuid, variant text, segments smallint, cost numeric,
                   attempts smallint, due_at timestamptz, call_id uuid)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET jit = off    -- a page is estimated as a tenth of all
    AS $$
    SELECT c.number, c.state, c.reason, c.message_id, c.variant, c.segments, c.cost, c.attempts, c.due_at, c.call_id
    FROM (SELECT r.run_id, r.number FROM portatext.campaign_recipient r
          WHERE r.run_id = (SELECT portatext.campaign_run_of($1)) AND r.number > (SELECT COALESCE($2, '') COLLATE "C")    -- so under row-level security too by the index
          ORDER BY r.number LIMIT GREATEST($3, 0)) page
    CROSS JOIN LATERAL (SELECT x.* FROM portatext.campaign_contact x
                        WHERE x.run_id = page.run_id AND x.number = page.number OFFSET 0) c    -- a look-up each, not a join of all
    ORDER BY page.number;
$$;
COMMENT ON FUNCTION portatext.campaign_contacts(bigint, text, integer) IS
    'A page of the contacts of a campaign''s newest run, by number; after: the last number of the page before.';
GRANT EXECUTE ON FUNCTION portatext.campaign_contacts(bigint, text, integer) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.csv_quoted(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN value OPERATOR(pg_catalog.~) '[",\r\n]'
        THEN pg_catalog.concat('"', pg_catalog.replace(value, '"', '""'), '"') ELSE value END;
COMMENT ON FUNCTION portatext.csv_quoted(text) IS 'Internal: a field of a line of CSV (RFC 4180).';

CREATE FUNCTION portatext.export_campaign_contacts(campaign bigint) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN k.campaign_id IS NULL THEN 'number,state,reason,message_id,variant,segments,cost'
                ELSE 'number,state,reason,attempts,call_id' END
    FROM (SELECT portatext.campaign_run_of($1)) r LEFT JOIN portatext.call_campaign k ON k.campaign_id = $1
    UNION ALL
    (SELECT concat_ws(',', portatext.csv_quoted(c.number), c.state, portatext.csv_quoted(COALESCE(c.reason, '')),
                      CASE WHEN c.variant IS NULL THEN concat(c.attempts, ',', c.call_id)
                           ELSE concat(c.message_id, ',', portatext.csv_quoted(c.variant), ',', c.segments, ',', c.cost) END)
     FROM portatext.campaign_contact c
     WHERE c.run_id = (SELECT portatext.campaign_run_of($1))
     ORDER BY c.number);
$$;
COMMENT ON FUNCTION portatext.export_campaign_contacts(bigint) IS
    'The contacts of a campaign''s newest run as lines of CSV, a header first (CAMP-12); with the number in front, so that they can be imported as a contact list; of a campaign of calls with attempts and call_id in place of what messages have.';
GRANT EXECUTE ON FUNCTION portatext.export_campaign_contacts(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.forget_campaign_contact(account bigint, number text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    person constant text := portatext.to_e164(number)::text;
    runs bigint[];
BEGIN
    IF NOT portatext.may_forget(account) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'only an operator may do this with another account';
    END IF;
    runs := ARRAY(SELECT n.run_id FROM portatext.campaign_run n WHERE account IS NULL OR n.account_id = account);
    -- no release has the number in hand meanwhile, nor waits for this transaction
    PERFORM FROM portatext.campaign_run n WHERE n.run_id = ANY (runs) AND n.finished_at IS NULL ORDER BY n.run_id FOR SHARE;
    DELETE FROM portatext.campaign_recipient r WHERE r.run_id = ANY (runs) AND r.number = person;
    DELETE FROM portatext.call_target t WHERE t.run_id = ANY (runs) AND t.number = person;
    DELETE FROM portatext.campaign_cancellation c WHERE c.run_id = ANY (runs) AND c.number = person;
    DELETE FROM portatext.campaign_response s WHERE s.run_id = ANY (runs) AND s.number = person;
END
$$;
COMMENT ON FUNCTION portatext.forget_campaign_contact(bigint, text) IS
    'A step of forget_number(): takes the number out of all runs of campaigns, also of those that have not come to it yet; the counts stay.';
GRANT EXECUTE ON FUNCTION portatext.forget_campaign_contact(bigint, text) TO portatext_account, portatext_operator;
