-- What happened, for whoever wants to hear of it.  Delivering events is another room's job.

CREATE TABLE portatext.event (
    event_id uuid PRIMARY KEY DEFAULT portatext.uuid7(),
    account_id bigint,
    type text NOT NULL,
    subject text,
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT portatext.now()
);
CREATE INDEX event_account ON portatext.event (account_id, event_id);
COMMENT ON TABLE portatext.event IS
    'State changes, written in the transaction of their cause. Types: account.opened, account.profile_changed (payload: changed, email, old_email), account.password_changed, account.acl_changed (payload: acl, old_acl), message.<state>, balance.low, balance.zero, balance.recharged, balance.bonus, campaign.<state> (payload: id, name, run, status, and reason if there is one; stopped: issued, failed, ner and min_ner besides), call.ended (where account.message_events is on), job.<state> (payload: id, job_type, status, result, and error if there is one), carrier.stopped, inbound.undone, did.assigned, did.removed, did.stop, did.unhealthy, service.<state>, service.resumed, service.revision_requested, service.revised, service.revision_rejected, service.too_frequent, subscriber.<change>.';
COMMENT ON COLUMN portatext.event.account_id IS 'Null: concerns the installation, for operators.';
COMMENT ON COLUMN portatext.event.subject IS 'What it is about: a message id, a job''s number, a carrier''s name.';
SELECT pg_catalog.pg_extension_config_dump('portatext.event', '');
GRANT SELECT ON portatext.event TO portatext_account, portatext_operator;
