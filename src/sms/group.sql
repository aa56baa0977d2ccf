-- Messages that were sent together are counted together, without being scanned.

CREATE TABLE portatext.message_group (
    group_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
COMMENT ON TABLE portatext.message_group IS 'Messages that were sent together: to lists, or one variant of a run of a campaign.';
SELECT pg_catalog.pg_extension_config_dump('portatext.message_group', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.message_group_group_id_seq', '');

CREATE TABLE portatext.message_tally (
    group_id bigint NOT NULL,
    state portatext.message_state NOT NULL,
    account_id bigint NOT NULL,
    messages bigint NOT NULL,
    credits numeric NOT NULL,
    PRIMARY KEY (group_id, state)
) WITH (fillfactor = 50);
COMMENT ON TABLE portatext.message_tally IS
    'How many messages of each group are in each state, without what is still in message_tally_change; the sum of both is exact.';
COMMENT ON COLUMN portatext.message_tally.credits IS 'What they cost; that of refunded ones is 0.';
SELECT pg_catalog.pg_extension_config_dump('portatext.message_tally', '');

CREATE TABLE portatext.message_tally_change (
    group_id bigint NOT NULL,
    state portatext.message_state NOT NULL,
    account_id bigint NOT NULL,
    messages bigint NOT NULL,
    credits numeric NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE portatext.message_tally_change IS
    'What changes message_tally, inserted with the messages'' changes of state (nobody waits for a row) and summed up by the runner.';
SELECT pg_catalog.pg_extension_config_dump('portatext.message_tally_change', '');

CREATE VIEW portatext.message_group_count WITH (security_invoker, security_barrier) AS
    SELECT c.group_id, c.account_id, c.state, sum(c.messages)::bigint AS messages, sum(c.credits) AS credits
    FROM (SELECT t.group_id, t.account_id, t.state, t.messages, t.credits FROM portatext.message_tally t
          UNION ALL
          SELECT g.group_id, g.account_id, g.state, g.messages, g.credits FROM portatext.message_tally_change g) c
    GROUP BY c.group_id, c.account_id, c.state;
COMMENT ON VIEW portatext.message_group_count IS
    'How many messages of each group are in each state, exactly, and what they cost in credits. queued counts also those that a dispatcher has in hand.';
GRANT SELECT ON portatext.message_group, portatext.message_tally, portatext.message_tally_change, portatext.message_group_count
    TO portatext_account, portatext_operator;
