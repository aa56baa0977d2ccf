-- room: campaign.  What a run that is built will cost, and the end of a campaign.

CREATE FUNCTION portatext.campaign_preview(campaign bigint, OUT recipients bigint, OUT segments bigint,
        OUT total numeric, OUT minimum numeric, OUT maximum numeric, OUT histogram jsonb, OUT skipped jsonb,
        OUT cohorts integer)
    RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    r portatext.campaign_run;
BEGIN
    SELECT x.* INTO r FROM portatext.campaign_run x
        WHERE x.campaign_id = campaign AND (portatext.sees_all() OR x.account_id = portatext.current_account())
        ORDER BY x.ord DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'campaign % does not exist', campaign USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM portatext.require_messages(campaign);
    IF r.state = 'building' THEN
        RAISE EXCEPTION 'campaign % is still being built', campaign USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = format('Job %s builds it; portatext.job tells how far it has come.', r.job_id);
    END IF;
    WITH g AS (
        SELECT x.segments, x.cost, CASE WHEN x.place IS NULL THEN x.reason END AS reason, count(*) AS n
            FROM portatext.campaign_recipient x WHERE x.run_id = r.run_id GROUP BY 1, 2, 3),
    h AS (SELECT g.segments, sum(g.n) AS n FROM g WHERE g.reason IS NULL GROUP BY 1),
    s AS (SELECT g.reason, sum(g.n) AS n FROM g WHERE g.reason IS NOT NULL GROUP BY 1)
    SELECT COALESCE(sum(g.n), 0), COALESCE(sum(g.n * g.segments), 0), COALESCE(sum(g.n * g.cost), 0),
           min(g.cost), max(g.cost),
           (SELECT COALESCE(jsonb_object_agg(h.segments, h.n), '{}') FROM h),
           (SELECT COALESCE(jsonb_object_agg(s.reason, s.n), '{}') FROM s),
           (SELECT count(*) FROM portatext.campaign_cohort c WHERE c.run_id = r.run_id)
        INTO recipients, segments, total, minimum, maximum, histogram, skipped, cohorts
        FROM g WHERE g.reason IS NULL;
END
$$;
COMMENT ON FUNCTION portatext.campaign_preview(bigint) IS
    'What the newest run of a campaign is to send: recipients, their segments and credits in total, the cheapest and the dearest message, how many messages have 1, 2, ... segments, how many contacts were skipped by reason, and in how many groups of time zones the recipients are. By the tariffs at the time of the build.';
GRANT EXECUTE ON FUNCTION portatext.campaign_preview(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.delete_campaign(campaign bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owner bigint;
    busy portatext.run_state;
    runs bigint[];
    parked uuid[];
BEGIN
    SELECT c.account_id INTO owner FROM portatext.campaign c
        WHERE c.campaign_id = campaign AND (portatext.sees_all() OR c.account_id = portatext.current_account()) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'campaign % does not exist', campaign USING ERRCODE = 'undefined_object';
    END IF;
    SELECT array_agg(r.run_id), max(r.state) FILTER (WHERE r.state IN ('building', 'running', 'paused', 'stopped')) INTO runs, busy
        FROM (SELECT x.run_id, x.state FROM portatext.campaign_run x WHERE x.campaign_id = campaign FOR UPDATE) r;
    IF busy IS NOT NULL THEN
        RAISE EXCEPTION 'campaign % is %', campaign, busy USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Cancel it with portatext.cancel_campaign() before.';
    END IF;
    IF EXISTS (SELECT FROM portatext.call x WHERE x.run_id = ANY (runs) AND x.ended_at IS NULL) THEN
        RAISE EXCEPTION 'campaign % has calls that go on', campaign USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'portatext.cancel_call() hangs up.';
    END IF;
    INSERT INTO portatext.retired_version (version, account_id)
        SELECT s.version, s.account_id FROM portatext.campaign_source s
        WHERE s.campaign_id = campaign AND s.version IS NOT NULL;
    -- set aside for the pause before it was cancelled
    WITH gone AS (DELETE FROM portatext.parked p WHERE p.key = ANY (SELECT 'run:' || r FROM unnest(runs) r) RETURNING p.message_id)
        SELECT array_agg(g.message_id) INTO parked FROM gone g;
    PERFORM portatext.end_unsent(parked, 'cancelled', 'cancelled');
    DELETE FROM portatext.campaign_run r WHERE r.campaign_id = campaign;
    DELETE FROM portatext.call_abandonment a WHERE a.campaign_id = campaign;
    DELETE FROM portatext.campaign c WHERE c.campaign_id = campaign;
    PERFORM portatext.forget_runs(owner, runs);
END
$$;
COMMENT ON FUNCTION portatext.delete_campaign(bigint) IS
    'Deletes a campaign with its runs, recipients and reports, unless it is being built, runs, is paused or stopped, or has calls that go on. The messages that it has sent and the calls that it has made stay. A job (kind campaign_forget) deletes the rows of many recipients.';
GRANT EXECUTE ON FUNCTION portatext.delete_campaign(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.forget_runs(account_id bigint, runs bigint[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_forget_runs';
COMMENT ON FUNCTION portatext.forget_runs(bigint, bigint[]) IS
    'Internal: makes the job that deletes what the tables of recipients have of these runs of an account; returns its id.';

CREATE FUNCTION portatext.test_campaign(campaign bigint, numbers text[], OUT ord bigint, OUT to_number text,
        OUT message_id uuid, OUT sqlstate text, OUT reason text, OUT variant text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_test_campaign';
COMMENT ON FUNCTION portatext.test_campaign(bigint, text[]) IS
    'Sends each text of a campaign at once to some numbers, 100 at most, with their variables where the campaign''s lists or the own contacts have them, else with the campaign''s. Charged as any message; no recipient of the campaign, and no schedule. A row for each message, with message_id or with sqlstate and reason.';
GRANT EXECUTE ON FUNCTION portatext.test_campaign(bigint, text[]) TO portatext_account, portatext_operator;
