-- room: telephony.  How campaigns of calls go, without a look at their targets.

CREATE VIEW portatext.telephony_progress WITH (security_invoker, security_barrier) AS
    SELECT c.account_id, c.campaign_id, c.name, n.ord AS run, n.run_id, n.state, n.reason, k.method, k.pacing, k.trunk_id, k.team_id,
           a.agents, a.available, a.ringing AS agents_ringing, a.on_call, a.wrap_up, a.paused,
           l.ringing, l.answered, l.waiting, l.connecting, l.connected, l.active,
           (d.decision ->> 'occupancy')::numeric AS utilisation,
           w.live, w.abandoned, round(w.abandoned / NULLIF(w.live, 0), 5) AS abandonment, k.max_abandonment,
           x.issued, x.failed, round(1 - x.failed / NULLIF(x.issued, 0)::numeric, 5) AS ner, k.min_ner,
           COALESCE((d.decision ->> 'acd_s')::numeric, round(x.talk_seconds / NULLIF(x.talks, 0), 1)) AS acd,
           COALESCE((d.decision ->> 'p_answer')::numeric, round(x.answered / NULLIF(x.calls, 0)::numeric, 4)) AS p_answer,
           n.recipients, n.skipped + h.skipped AS skipped, x.calls, x.contacted, x.given_up,
           CASE WHEN n.state IN ('finished', 'cancelled', 'failed') THEN 0
                ELSE GREATEST(n.recipients - h.skipped - x.contacted - x.given_up - e.cancelled, 0) END AS targets_left,
           CASE WHEN n.state = 'running' AND x.contacted + x.given_up > 0 THEN
               date_trunc('second', portatext.now() + (portatext.now() - n.started_at)
                   * GREATEST((n.recipients - h.skipped - x.contacted - x.given_up - e.cancelled)::float8, 0) / (x.contacted + x.given_up)) END AS eta,
           d.ticked_at, d.decision, d.placed_at, d.placed, n.started_at, n.finished_at
    FROM portatext.campaign c
    JOIN portatext.call_campaign k ON k.campaign_id = c.campaign_id
    CROSS JOIN LATERAL (SELECT r.* FROM portatext.campaign_run r WHERE r.campaign_id = c.campaign_id ORDER BY r.ord DESC LIMIT 1) n
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE t.state IN ('placing', 'unclear', 'placed', 'ringing')) AS ringing,
               count(*) FILTER (WHERE t.state = 'answered') AS answered, count(*) FILTER (WHERE t.state = 'waiting') AS waiting,
               count(*) FILTER (WHERE t.state = 'connecting') AS connecting, count(*) FILTER (WHERE t.state = 'connected') AS connected,
               count(*) AS active
        FROM portatext.call t WHERE t.run_id = n.run_id AND t.ended_at IS NULL) l
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE g.state <> 'offline') AS agents, count(*) FILTER (WHERE g.state = 'available') AS available,
               count(*) FILTER (WHERE g.state = 'ringing') AS ringing, count(*) FILTER (WHERE g.state = 'on_call') AS on_call,
               count(*) FILTER (WHERE g.state = 'wrap_up') AS wrap_up, count(*) FILTER (WHERE g.state IN ('paused', 'preview')) AS paused
        FROM portatext.agent g WHERE g.team_id = k.team_id AND k.team_id IS NOT NULL
        HAVING k.team_id IS NOT NULL
        UNION ALL SELECT k.agents, NULL, l.connecting, l.connected, NULL, NULL WHERE k.team_id IS NULL) a
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(o.skipped), 0)::bigint AS skipped FROM portatext.campaign_cohort o WHERE o.run_id = n.run_id) h
    CROSS JOIN LATERAL (
        SELECT count(*) AS cancelled FROM portatext.campaign_cancellation q
        WHERE q.run_id = n.run_id AND NOT EXISTS (
            SELECT FROM portatext.call_target u WHERE u.run_id = q.run_id AND u.number = q.number
                AND u.state IN ('contacted', 'given_up', 'skipped'))) e
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(b.live), 0) AS live, COALESCE(sum(b.abandoned), 0) AS abandoned FROM portatext.call_abandonment b
        WHERE b.campaign_id = c.campaign_id AND b.hour > portatext.now() - k.abandonment_window) w
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(y.issued), 0)::bigint AS issued, COALESCE(sum(y.failed), 0)::bigint AS failed,
               COALESCE(sum(y.calls), 0)::bigint AS calls, COALESCE(sum(y.answered), 0)::bigint AS answered,
               COALESCE(sum(y.contacted), 0)::bigint AS contacted, COALESCE(sum(y.given_up), 0)::bigint AS given_up,
               sum(y.talk_seconds) AS talk_seconds, sum(y.talks) AS talks
        FROM portatext.call_run y WHERE y.run_id = n.run_id) x
    LEFT JOIN portatext.call_pace d ON d.run_id = n.run_id;
COMMENT ON VIEW portatext.telephony_progress IS
    'The newest run of each campaign of calls in numbers: agents and calls by state, ratios, targets, the dialer''s last decision. portatext.telephony_campaigns shows the same to people.';
COMMENT ON COLUMN portatext.telephony_progress.reason IS 'Why it is paused, stopped, cancelled or failed.';
COMMENT ON COLUMN portatext.telephony_progress.agents IS 'Of the team, those who are not offline; without a team the number that the campaign has.';
COMMENT ON COLUMN portatext.telephony_progress.available IS 'Agents who are free. Without a team nobody knows, as with wrap_up and paused.';
COMMENT ON COLUMN portatext.telephony_progress.on_call IS 'Agents who talk; without a team: calls whose both legs are up.';
COMMENT ON COLUMN portatext.telephony_progress.paused IS 'Also those who look at a target before it is called.';
COMMENT ON COLUMN portatext.telephony_progress.ringing IS 'Calls that nobody has answered yet.';
COMMENT ON COLUMN portatext.telephony_progress.answered IS 'In the flow, before a person wants an agent.';
COMMENT ON COLUMN portatext.telephony_progress.waiting IS 'Persons who want an agent now.';
COMMENT ON COLUMN portatext.telephony_progress.active IS 'Calls that have not ended.';
COMMENT ON COLUMN portatext.telephony_progress.utilisation IS 'Share of the agents at work over the last minutes, as the pacing sees it.';
COMMENT ON COLUMN portatext.telephony_progress.live IS 'Persons who were to be connected, within abandonment_window; abandoned: of those, whom no agent took in time.';
COMMENT ON COLUMN portatext.telephony_progress.abandonment IS 'abandoned / live; max_abandonment is its ceiling.';
COMMENT ON COLUMN portatext.telephony_progress.issued IS 'Calls that have ended since the last start or restart after a stop: the sample of the network effectiveness ratio.';
COMMENT ON COLUMN portatext.telephony_progress.ner IS 'Network effectiveness ratio (NER-05), a share; below min_ner the campaign is stopped.';
COMMENT ON COLUMN portatext.telephony_progress.acd IS 'Average seconds of a talk (PACE-03), as the pacing has learnt it.';
COMMENT ON COLUMN portatext.telephony_progress.p_answer IS 'Chance that a call wants an agent, as the pacing has learnt it.';
COMMENT ON COLUMN portatext.telephony_progress.skipped IS 'By the build, or when they were to be called.';
COMMENT ON COLUMN portatext.telephony_progress.calls IS 'Calls that have ended.';
COMMENT ON COLUMN portatext.telephony_progress.given_up IS 'Targets that have had all their calls.';
COMMENT ON COLUMN portatext.telephony_progress.targets_left IS 'Targets that are to be called, once or again.';
COMMENT ON COLUMN portatext.telephony_progress.eta IS 'When the last target is done with, if that goes on as it did since the start.';
COMMENT ON COLUMN portatext.telephony_progress.ticked_at IS 'When the dialer decided last, and decision what; placed_at and placed: when it placed calls last.';
GRANT SELECT ON portatext.telephony_progress TO portatext_account, portatext_operator;

CREATE VIEW portatext.telephony_campaigns WITH (security_invoker, security_barrier) AS
    SELECT p.campaign_id AS id, left(p.name, 16) AS name, concat_ws(' ', p.state, p.reason) AS state,
           CASE WHEN p.team_id IS NULL THEN concat(p.on_call, '/', p.agents)
                ELSE concat(p.available, '+', p.agents_ringing + p.on_call, '+', p.wrap_up, '+', p.paused) END AS agents,
           concat(p.ringing, '/', p.answered + p.waiting, '/', p.connecting + p.connected) AS calls,
           round(100 * p.utilisation) || '%' AS used, round(100 * p.abandonment, 1) || '%' AS lost, round(100 * p.ner, 1) || '%' AS ner,
           round(p.acd) AS acd, round(p.p_answer, 2) AS p,
           p.targets_left AS "left", p.contacted AS won, p.given_up AS gone, to_char(p.eta, 'DD HH24:MI') AS eta,
           concat_ws(' ', p.decision ->> 'place', p.decision ->> 'limit') AS placed
    FROM portatext.telephony_progress p;
COMMENT ON VIEW portatext.telephony_campaigns IS
    'Campaigns of calls at a glance, for \watch; portatext.telephony_progress has each number in a column of its own.';
COMMENT ON COLUMN portatext.telephony_campaigns.state IS 'With the reason why it is paused, stopped, cancelled or failed.';
COMMENT ON COLUMN portatext.telephony_campaigns.agents IS 'Of a team: available + at work + in wrap-up + paused; else at work / in all.';
COMMENT ON COLUMN portatext.telephony_campaigns.calls IS 'Ringing / answered and waiting for an agent / with an agent.';
COMMENT ON COLUMN portatext.telephony_campaigns.used IS 'Share of the agents at work over the last minutes.';
COMMENT ON COLUMN portatext.telephony_campaigns.lost IS 'Abandoned share of the persons who answered, over the window of the ceiling.';
COMMENT ON COLUMN portatext.telephony_campaigns.ner IS 'Network effectiveness ratio (NER-05).';
COMMENT ON COLUMN portatext.telephony_campaigns.acd IS 'Average seconds of a talk.';
COMMENT ON COLUMN portatext.telephony_campaigns.p IS 'Chance that a call wants an agent.';
COMMENT ON COLUMN portatext.telephony_campaigns."left" IS 'Targets that are to be called; won: contacted; gone: given up after all their calls.';
COMMENT ON COLUMN portatext.telephony_campaigns.eta IS 'Day and time.';
COMMENT ON COLUMN portatext.telephony_campaigns.placed IS 'How many calls the last decision placed, and what kept it from more.';
GRANT SELECT ON portatext.telephony_campaigns TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.call_report(campaign bigint, run integer DEFAULT NULL)
    RETURNS TABLE (iteration smallint, calls bigint, contacted bigint, results jsonb, b_results jsonb, amd jsonb, dispositions jsonb,
                   live bigint, abandoned bigint, talk interval, credits numeric)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH ended AS MATERIALIZED (
        SELECT x.iteration, x.result::text AS result, x.b_result::text AS b_result, x.amd::text AS amd, x.disposition,
               count(*) AS n, count(*) FILTER (WHERE x.contacted) AS contacted, count(*) FILTER (WHERE x.live) AS live,
               count(*) FILTER (WHERE x.abandoned_at IS NOT NULL) AS abandoned,
               sum(COALESCE(x.b_ended_at, x.ended_at) - x.b_answered_at) AS talk, sum(x.cost) AS credits
        FROM portatext.campaign_run_of($1, $2) r
        JOIN portatext.call x ON x.campaign_id = $1 AND x.run_id = r
        WHERE x.ended_at IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5),
    counted AS (
        SELECT 'result' AS what, e.iteration, e.result AS value, sum(e.n) AS n FROM ended e WHERE e.result IS NOT NULL GROUP BY e.result, ROLLUP (e.iteration)
        UNION ALL SELECT 'b', e.iteration, e.b_result, sum(e.n) FROM ended e WHERE e.b_result IS NOT NULL GROUP BY e.b_result, ROLLUP (e.iteration)
        UNION ALL SELECT 'amd', e.iteration, e.amd, sum(e.n) FROM ended e WHERE e.amd IS NOT NULL GROUP BY e.amd, ROLLUP (e.iteration)
        UNION ALL SELECT 'disposition', e.iteration, e.disposition, sum(e.n) FROM ended e WHERE e.disposition IS NOT NULL
            GROUP BY e.disposition, ROLLUP (e.iteration)),
    told AS (
        SELECT v.what, v.iteration, jsonb_object_agg(v.value, v.n ORDER BY v.value) AS by FROM counted v GROUP BY 1, 2),
    total AS (
        SELECT e.iteration, sum(e.n) AS calls, sum(e.contacted) AS contacted, sum(e.live) AS live, sum(e.abandoned) AS abandoned,
               sum(e.talk) AS talk, sum(e.credits) AS credits
        FROM ended e GROUP BY ROLLUP (e.iteration))
    SELECT t.iteration, COALESCE(t.calls, 0)::bigint, COALESCE(t.contacted, 0)::bigint, COALESCE(a.by, '{}'), COALESCE(b.by, '{}'),
           COALESCE(m.by, '{}'), COALESCE(s.by, '{}'), COALESCE(t.live, 0)::bigint, COALESCE(t.abandoned, 0)::bigint,
           COALESCE(t.talk, '0'), COALESCE(t.credits, 0)
    FROM total t
    LEFT JOIN told a ON a.what = 'result' AND a.iteration IS NOT DISTINCT FROM t.iteration
    LEFT JOIN told b ON b.what = 'b' AND b.iteration IS NOT DISTINCT FROM t.iteration
    LEFT JOIN told m ON m.what = 'amd' AND m.iteration IS NOT DISTINCT FROM t.iteration
    LEFT JOIN told s ON s.what = 'disposition' AND s.iteration IS NOT DISTINCT FROM t.iteration
    ORDER BY t.iteration NULLS LAST;
$$;
COMMENT ON FUNCTION portatext.call_report(bigint, integer) IS
    'What the calls of a run of a campaign (null: the newest) have come to: a row for each iteration and, with a null iteration, one for all. results are those of leg A, b_results those of leg B, talk is the time with an agent or another destination. It reads all calls of the campaign: telephony_progress is cheaper.';
GRANT EXECUTE ON FUNCTION portatext.call_report(bigint, integer) TO portatext_account, portatext_operator;

CREATE VIEW portatext.pg_stat_portatext_dialer WITH (security_invoker, security_barrier) AS
    SELECT n.run_id, n.campaign_id, n.account_id, e.name AS engine, k.trunk_id, d.ticked_at,
           portatext.now() - d.ticked_at AS since_tick, d.placed_at, x.calls + l.active AS placed, l.active, l.asked, l.unclear, l.overdue,
           x.failed_calls, (d.decision ->> 'place')::integer AS last_placed, d.decision ->> 'limit' AS "limit",
           (d.decision ->> 'targets')::bigint AS targets, (d.decision ->> 'agents')::integer AS agents, (d.decision ->> 'idle')::integer AS idle,
           (d.decision ->> 'ringing')::integer AS ringing, (d.decision ->> 'waiting')::integer AS waiting,
           (d.decision ->> 'p_answer')::float8 AS p_answer, (d.decision ->> 'acd_s')::float8 AS acd,
           (d.decision ->> 'occupancy')::float8 AS occupancy, (d.decision ->> 'loss')::float8 AS loss,
           (d.decision ->> 'threshold')::float8 AS threshold, (d.decision ->> 'abandonment')::float8 AS abandonment,
           (d.decision ->> 'budget')::float8 AS budget
    FROM portatext.campaign_run n
    JOIN portatext.call_campaign k ON k.campaign_id = n.campaign_id
    JOIN portatext.trunk t ON t.trunk_id = k.trunk_id
    JOIN portatext.engine e ON e.engine_id = t.engine_id
    LEFT JOIN portatext.call_pace d ON d.run_id = n.run_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(y.calls), 0)::bigint AS calls, COALESCE(sum(y.failed), 0)::bigint AS failed_calls
        FROM portatext.call_run y WHERE y.run_id = n.run_id) x
    CROSS JOIN LATERAL (
        SELECT count(*) AS active, count(*) FILTER (WHERE c.state = 'placing') AS asked, count(*) FILTER (WHERE c.state = 'unclear') AS unclear,
               count(*) FILTER (WHERE c.look_at < portatext.now()) AS overdue
        FROM portatext.call c WHERE c.run_id = n.run_id AND c.ended_at IS NULL) l
    WHERE n.state = 'running' OR l.active > 0;
COMMENT ON VIEW portatext.pg_stat_portatext_dialer IS
    'What the dialer does, for operators: a row for each telephony run that runs or has calls. Errors of the dialer itself are in pg_stat_portatext_worker.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.since_tick IS 'Some seconds at most while the run runs; else look at the dialer.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.placed IS 'Calls of the run, those that go on included.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.asked IS 'Calls that the engine is being asked for; unclear: it did not say whether it took them.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.overdue IS 'Calls of which no event came in time: the engine is to be asked about them.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.failed_calls IS 'Failed for the network effectiveness ratio, since the last restart.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.last_placed IS 'Calls that the last decision placed; limit: what kept it from more.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.targets IS 'That may be called now, as the last decision saw it; so are the columns behind it.';
COMMENT ON COLUMN portatext.pg_stat_portatext_dialer.budget IS 'Abandoned calls that the ceiling''s window still allows.';
GRANT SELECT ON portatext.pg_stat_portatext_dialer TO portatext_operator;
