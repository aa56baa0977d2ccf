-- Why the dialer placed what it placed.

CREATE FUNCTION portatext.pacing_limit_text("limit" text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_pace_limit_text';
COMMENT ON FUNCTION portatext.pacing_limit_text(text) IS
    'Internal: what has kept a decision of the dialer from placing more calls, in words.';
GRANT EXECUTE ON FUNCTION portatext.pacing_limit_text(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.explain_pacing(campaign bigint, OUT item text, OUT value text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    r portatext.campaign_run;
    p portatext.call_pace;
    d jsonb;
BEGIN
    SELECT * INTO r FROM portatext.campaign_run x WHERE x.campaign_id = campaign ORDER BY x.ord DESC LIMIT 1;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM portatext.call_campaign k WHERE k.campaign_id = campaign) THEN
        RAISE EXCEPTION 'telephony campaign % does not exist', campaign
            USING ERRCODE = 'undefined_object', HINT = 'The view portatext.telephony_campaigns lists them.';
    END IF;
    SELECT * INTO p FROM portatext.call_pace x WHERE x.run_id = r.run_id;
    d := p.decision;
    RETURN QUERY SELECT e.item, e.value FROM (VALUES
        ('state', r.state::text || COALESCE(' (' || r.reason || ')', '')),
        ('decided', p.ticked_at::text),
        ('method', d ->> 'method'),
        ('placed', d ->> 'place'),
        ('why not more', portatext.pacing_limit_text(d ->> 'limit')),
        ('withdrawn', NULLIF(d ->> 'withdraw', '0')),
        ('agents', (d ->> 'agents') || ': ' || (d ->> 'busy') || ' at work, ' || (d ->> 'idle') || ' idle'),
        ('persons who wait', d ->> 'waiting'),
        ('calls that ring', (d ->> 'ringing') || COALESCE(', and ' || NULLIF(d ->> 'others_ringing', '0')
            || ' of campaigns with the same agents', '')),
        ('targets to be called now', d ->> 'targets'),
        ('chance that a call wants an agent', portatext.decision_percent(d, 'p_answer')),
        ('average talk', (d ->> 'acd_s') || ' s'),
        ('from call to answer', (d ->> 'answer_s') || ' s'),
        ('answers expected', (d ->> 'expected_answers') || ' in ' || (d ->> 'horizon_s') || ' s'),
        ('agents free by then', d ->> 'expected_frees'),
        ('chance that an answer finds no agent', portatext.decision_percent(d, 'loss')),
        ('the greatest at which a call is placed', portatext.decision_percent(d, 'threshold')),
        ('agents at work', portatext.decision_percent(d, 'occupancy')),
        ('load', NULLIF(d ->> 'load', '0') || ' erlang'),
        ('most calls that may ring', NULLIF(d ->> 'line_cap', '0')),
        ('abandoned', (d ->> 'abandoned') || ' of ' || (d ->> 'live') || ' (' || portatext.decision_percent(d, 'abandonment') || ')'),
        ('abandoned calls still allowed', d ->> 'budget'),
        ('last placed', p.placed_at::text || ': ' || (p.placed ->> 'place') || ', '
            || portatext.pacing_limit_text(p.placed ->> 'limit'))) e(item, value)
        WHERE e.value IS NOT NULL
            AND (d ->> 'method' = 'predictive' OR e.item NOT IN ('answers expected', 'agents free by then',
                'chance that an answer finds no agent', 'the greatest at which a call is placed', 'abandoned calls still allowed'));
END
$$;
COMMENT ON FUNCTION portatext.explain_pacing(bigint) IS
    'Why the dialer placed what it placed for a campaign''s newest run: its last decision, at most 5 seconds old while it runs, and the last one that placed calls. 42704: there is none such.';
GRANT EXECUTE ON FUNCTION portatext.explain_pacing(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.decision_percent(numbers jsonb, key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN round((numbers ->> key)::numeric * 100, 2) || ' %';
COMMENT ON FUNCTION portatext.decision_percent(jsonb, text) IS 'Internal: a share in an object as a text.';
GRANT EXECUTE ON FUNCTION portatext.decision_percent(jsonb, text) TO portatext_account, portatext_operator;
