-- room: campaign.  What a campaign has come to, by variant.

CREATE FUNCTION portatext.campaign_report(campaign bigint, run integer DEFAULT NULL)
    RETURNS TABLE (variant text, recipients bigint, pending bigint, queued bigint, sending bigint, delivered bigint,
                   undelivered bigint, rejected bigint, expired bigint, cancelled bigint, skipped bigint,
                   skipped_by jsonb, replies bigint, opt_outs bigint, credits numeric)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH asked AS MATERIALIZED (
        SELECT r AS run_id FROM portatext.campaign_run_of($1, $2) r
        CROSS JOIN LATERAL portatext.require_messages(CASE WHEN r > 0 THEN $1 END)),
    contact AS MATERIALIZED (
        SELECT c.variant, c.state, CASE WHEN c.state = 'skipped' THEN COALESCE(c.reason, '') END AS reason, count(*) AS n
        FROM portatext.campaign_contact c, asked a WHERE c.run_id = a.run_id GROUP BY 1, 2, 3),
    reason AS (
        SELECT r.variant, jsonb_object_agg(r.reason, r.n ORDER BY r.reason) AS skipped_by
        FROM (SELECT c.variant, c.reason, sum(c.n) AS n FROM contact c WHERE c.reason IS NOT NULL
              GROUP BY GROUPING SETS ((c.variant, c.reason), (c.reason))) r GROUP BY r.variant),
    response AS (
        SELECT v.label AS variant, count(*) FILTER (WHERE NOT s.opt_out) AS replies, count(*) FILTER (WHERE s.opt_out) AS opt_outs
        FROM asked a JOIN portatext.campaign_response s ON s.run_id = a.run_id
        JOIN portatext.campaign_variant v ON v.campaign_id = $1 AND v.variant = s.variant
        GROUP BY ROLLUP (v.label)),
    spent AS (
        SELECT v.label AS variant, sum(m.credits) AS credits
        FROM asked a JOIN portatext.campaign_group g ON g.run_id = a.run_id
        JOIN portatext.message_group_count m ON m.group_id = g.group_id
        JOIN portatext.campaign_variant v ON v.campaign_id = $1 AND v.variant = g.variant
        GROUP BY ROLLUP (v.label)),
    counted AS (
        SELECT c.variant, sum(c.n) AS recipients,
               sum(c.n) FILTER (WHERE c.state = 'pending') AS pending, sum(c.n) FILTER (WHERE c.state = 'queued') AS queued,
               sum(c.n) FILTER (WHERE c.state = 'sending') AS sending, sum(c.n) FILTER (WHERE c.state = 'delivered') AS delivered,
               sum(c.n) FILTER (WHERE c.state = 'undelivered') AS undelivered, sum(c.n) FILTER (WHERE c.state = 'rejected') AS rejected,
               sum(c.n) FILTER (WHERE c.state = 'expired') AS expired, sum(c.n) FILTER (WHERE c.state = 'cancelled') AS cancelled,
               sum(c.n) FILTER (WHERE c.state = 'skipped') AS skipped
        FROM (SELECT * FROM contact
              UNION ALL SELECT v.label, 'none', NULL, 0 FROM portatext.campaign_variant v, asked a WHERE v.campaign_id = $1) c
        GROUP BY ROLLUP (c.variant))
    SELECT c.variant, c.recipients::bigint, COALESCE(c.pending, 0)::bigint, COALESCE(c.queued, 0)::bigint, COALESCE(c.sending, 0)::bigint,
           COALESCE(c.delivered, 0)::bigint, COALESCE(c.undelivered, 0)::bigint, COALESCE(c.rejected, 0)::bigint,
           COALESCE(c.expired, 0)::bigint, COALESCE(c.cancelled, 0)::bigint, COALESCE(c.skipped, 0)::bigint,
           COALESCE(r.skipped_by, '{}'), COALESCE(s.replies, 0), COALESCE(s.opt_outs, 0), COALESCE(p.credits, 0)
    FROM counted c
    LEFT JOIN reason r ON r.variant IS NOT DISTINCT FROM c.variant
    LEFT JOIN response s ON s.variant IS NOT DISTINCT FROM c.variant
    LEFT JOIN spent p ON p.variant IS NOT DISTINCT FROM c.variant
    ORDER BY c.variant NULLS LAST;
$$;
COMMENT ON FUNCTION portatext.campaign_report(bigint, integer) IS
    'What a run of a campaign (null: the newest) has come to: a row for each variant and, with a null variant, one for all. recipients are all contacts, also those that were skipped; credits what it has cost, refunds taken off. It reads all contacts of the run: campaign_progress is cheaper.';
GRANT EXECUTE ON FUNCTION portatext.campaign_report(bigint, integer) TO portatext_account, portatext_operator;
