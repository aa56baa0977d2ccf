-- room: campaign.  How far the campaigns are, without a look at their recipients.

CREATE VIEW portatext.campaign_progress WITH (security_invoker, security_barrier) AS
    SELECT c.account_id, c.campaign_id, c.name, n.ord AS run, n.state, n.reason, n.recipients,
           CASE WHEN n.state IN ('cancelled', 'failed') THEN 0 ELSE h.ahead - x.ahead END AS pending,
           t.queued, t.sending, t.delivered, t.undelivered, t.rejected, t.expired,
           n.skipped + h.skipped + t.skipped AS skipped,
           h.cancelled + t.cancelled + CASE WHEN n.state = 'cancelled' THEN h.ahead ELSE x.ahead END AS cancelled,
           a.replies, a.opt_outs, t.credits,
           CASE WHEN n.state = 'running' THEN round(p.per_second::numeric, 1) END AS per_second,
           CASE WHEN n.state = 'running' AND p.per_second > 0
                THEN date_trunc('second', GREATEST(h.opens_at, portatext.now()) + make_interval(secs => (h.ahead + t.queued) / p.per_second)) END AS eta,
           h.opens_at, n.started_at, n.finished_at
    FROM portatext.campaign c
    CROSS JOIN LATERAL (SELECT r.* FROM portatext.campaign_run r WHERE r.campaign_id = c.campaign_id ORDER BY r.ord DESC LIMIT 1) n
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(o.places - o.released), 0)::bigint AS ahead, COALESCE(sum(o.skipped), 0)::bigint AS skipped,
               COALESCE(sum(o.cancelled), 0)::bigint AS cancelled,
               max(o.opens_at) FILTER (WHERE o.released < o.places AND o.opens_at > portatext.now()) AS opens_at
        FROM portatext.campaign_cohort o WHERE o.run_id = n.run_id) h
    CROSS JOIN LATERAL (
        SELECT count(*) AS ahead FROM portatext.campaign_cancellation e
        JOIN portatext.campaign_recipient r ON r.run_id = e.run_id AND r.number = e.number
        WHERE e.run_id = n.run_id AND r.message_id IS NULL AND r.reason IS NULL) x
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(m.messages) FILTER (WHERE m.state = 'queued'), 0)::bigint AS queued,
               COALESCE(sum(m.messages) FILTER (WHERE m.state = 'sending'), 0)::bigint AS sending,
               COALESCE(sum(m.messages) FILTER (WHERE m.state = 'delivered'), 0)::bigint AS delivered,
               COALESCE(sum(m.messages) FILTER (WHERE m.state = 'undelivered'), 0)::bigint AS undelivered,
               COALESCE(sum(m.messages) FILTER (WHERE m.state = 'rejected'), 0)::bigint AS rejected,
               COALESCE(sum(m.messages) FILTER (WHERE m.state = 'expired'), 0)::bigint AS expired,
               COALESCE(sum(m.messages) FILTER (WHERE m.state = 'skipped'), 0)::bigint AS skipped,
               COALESCE(sum(m.messages) FILTER (WHERE m.state = 'cancelled'), 0)::bigint AS cancelled,
               COALESCE(sum(m.credits), 0) AS credits
        FROM portatext.message_group_count m
        WHERE m.group_id = ANY (ARRAY(SELECT g.group_id FROM portatext.campaign_group g WHERE g.run_id = n.run_id))) t
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE NOT s.opt_out) AS replies, count(*) FILTER (WHERE s.opt_out) AS opt_outs
        FROM portatext.campaign_response s WHERE s.run_id = n.run_id) a
    LEFT JOIN portatext.campaign_pace p ON p.run_id = n.run_id
    WHERE c.kind = 'sms';
COMMENT ON VIEW portatext.campaign_progress IS
    'The newest run of each campaign of messages: its state and exact counts, from counters; for \watch. The recipients are pending, the states of their messages, skipped or cancelled.';
COMMENT ON COLUMN portatext.campaign_progress.run IS 'Its number within the campaign, from 1.';
COMMENT ON COLUMN portatext.campaign_progress.reason IS 'Why it is paused, cancelled or failed.';
COMMENT ON COLUMN portatext.campaign_progress.recipients IS 'Without those that the build skipped; they are in skipped.';
COMMENT ON COLUMN portatext.campaign_progress.pending IS 'Not released yet: no message, and nothing charged.';
COMMENT ON COLUMN portatext.campaign_progress.sending IS 'With a carrier, without a receipt yet, or unclear.';
COMMENT ON COLUMN portatext.campaign_progress.credits IS 'What its messages cost, refunds taken off.';
COMMENT ON COLUMN portatext.campaign_progress.per_second IS 'Messages handed over in a second, lately; null: not known, or it does not run.';
COMMENT ON COLUMN portatext.campaign_progress.eta IS 'When all is handed over, at that rate; where windows are closed, not before the last one opens.';
COMMENT ON COLUMN portatext.campaign_progress.opens_at IS 'When the last window opens in which recipients are waited for; null: none is closed.';
GRANT SELECT ON portatext.campaign_progress TO portatext_account, portatext_operator;
