-- room: api.  Money, settings, events and jobs of the account.

CREATE FUNCTION portatext.api_balance() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_build_object('credits', trim_scale(portatext.balance()), 'kind', a.kind, 'credit_limit', a.credit_limit,
        'credit_price', a.credit_price, 'inbound_cost', a.inbound_cost, 'suspended', a.suspended, 'sandbox', a.sandbox)
    FROM portatext.account a WHERE a.account_id = portatext.current_account()
$$;
COMMENT ON FUNCTION portatext.api_balance() IS 'Internal: what portatext_api.balance() answers.';
GRANT EXECUTE ON FUNCTION portatext.api_balance() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.balance() RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.api_balance()
$$;
COMMENT ON FUNCTION portatext_api.balance() IS
'The account''s credits and terms

Answers {"credits", "kind", "credit_limit", "credit_price", "inbound_cost", "suspended", "sandbox"}: kind is prepaid or postpaid, credit_limit what a postpaid account may owe (null: no limit), credit_price the money that one credit costs (null: not said), inbound_cost the credits for each inbound message. A sandbox account sends to the loopback carrier only.';

CREATE VIEW portatext_api.ledger WITH (security_invoker) AS
    SELECT l.reference, l.kind, l.amount, l.note, l.created_at,
           CASE WHEN l.kind IN ('charge', 'refund', 'inbound') THEN l.reference END AS message_id
    FROM portatext.ledger_entry l;
COMMENT ON VIEW portatext_api.ledger IS
'Every change of the balance, with its reason

The sum of all amounts is the balance. References are in the order of time: order=reference.desc&limit=100 gives the newest, reference=lt.LAST the page behind them.';
COMMENT ON COLUMN portatext_api.ledger.reference IS 'The message, or an id of the booking itself; UUID version 7.';
COMMENT ON COLUMN portatext_api.ledger.kind IS 'charge: a message; refund of one; inbound: a message received; recharge; bonus; debit by the operator; carry_forward: entries older than what is kept, as one.';
COMMENT ON COLUMN portatext_api.ledger.amount IS 'Credits; negative takes from the balance.';
COMMENT ON COLUMN portatext_api.ledger.message_id IS 'The message; null: it is about none.';
GRANT SELECT ON portatext_api.ledger TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.settings() RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.account_settings()
$$;
COMMENT ON FUNCTION portatext_api.settings() IS
'The account''s settings

An object: alert_when_credit_less_than (an event is written when the balance falls below so many credits; null: off), timezone (of schedules and reports), message_events (whether each change of a message''s state writes an event), email_on_inbound_sms (an address for a mail on every inbound message; null: off), max_agents (that all campaigns of calls may have together; null: no limit; the operator sets it).';

CREATE FUNCTION portatext_api.update_settings(jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right account
    SELECT portatext.account_settings($1)
$$;
COMMENT ON FUNCTION portatext_api.update_settings(jsonb) IS
'Change settings of the account

The body is an object with those of settings that are to change, such as {"timezone": "Europe/Madrid"}; null turns one off. Answers all of them. 422: there is no such setting, or it cannot have this value.';

CREATE VIEW portatext_api.events WITH (security_invoker) AS
    SELECT e.event_id AS id, e.type, e.subject, e.payload, e.created_at FROM portatext.event e;
COMMENT ON VIEW portatext_api.events IS
'What happened to the account

Alerts of the balance, changes of profile, password and addresses, states of messages (if the setting message_events is on), campaigns and jobs, what services and numbers did. Ids are in the order of time: order=id&id=gt.LAST&limit=100 gives what is new.';
COMMENT ON COLUMN portatext_api.events.id IS 'UUID version 7, in the order of time.';
COMMENT ON COLUMN portatext_api.events.type IS 'Such as balance.low, campaign.finished, message.delivered, account.acl_changed, service.active.';
COMMENT ON COLUMN portatext_api.events.subject IS 'What it is about: the id of a message, a campaign, a job, …';
COMMENT ON COLUMN portatext_api.events.payload IS 'What there is to say about it.';
GRANT SELECT ON portatext_api.events TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.jobs WITH (security_invoker) AS
    SELECT j.job_id AS id, j.kind, j.state, j.total, j.done, j.errors,
           CASE WHEN j.state = 'finished' THEN 100 WHEN j.total > 0 THEN least(trunc(100 * j.done / j.total::numeric), 99)::integer END AS percent,
           j.result, j.error, j.created_at, j.started_at, j.finished_at
    FROM portatext.job j;
COMMENT ON VIEW portatext_api.jobs IS
'Jobs: imports and builds of campaigns

Ask for one (id=eq.7) until its state is finished, failed or cancelled.';
COMMENT ON COLUMN portatext_api.jobs.kind IS 'contact_import, campaign_create or campaign_forget.';
COMMENT ON COLUMN portatext_api.jobs.state IS 'open: its file is still coming; queued; running; then finished, failed or cancelled.';
COMMENT ON COLUMN portatext_api.jobs.total IS 'Units of work: bytes of a file, contacts of a campaign; null: not known yet.';
COMMENT ON COLUMN portatext_api.jobs.done IS 'Units that are done.';
COMMENT ON COLUMN portatext_api.jobs.errors IS 'Lines or contacts that were refused.';
COMMENT ON COLUMN portatext_api.jobs.percent IS 'How much of it is done; null: not known.';
COMMENT ON COLUMN portatext_api.jobs.result IS 'What came of it: of campaign_create {"id", "status": "ready"}, of contact_import what import_contacts answers.';
COMMENT ON COLUMN portatext_api.jobs.error IS 'Why it has failed.';
GRANT SELECT ON portatext_api.jobs TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.cancel_job(job bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('cancelled', portatext.cancel_job(job))
$$;
COMMENT ON FUNCTION portatext_api.cancel_job(bigint) IS
'Cancel a job

cancelled is false when it had finished or failed before.';

CREATE FUNCTION portatext_api.retry_job(job bigint) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.retry_job(job)
$$;
COMMENT ON FUNCTION portatext_api.retry_job(bigint) IS
'Let a failed job go on

409 wrong_state: it has not failed.';
GRANT EXECUTE ON FUNCTION portatext_api.balance(), portatext_api.settings(), portatext_api.update_settings(jsonb),
    portatext_api.cancel_job(bigint), portatext_api.retry_job(bigint) TO portatext_account, portatext_operator;
