-- room: api.  Messages: sending them, what became of them, what needs attention.

CREATE FUNCTION portatext.api_send_sms(
    to_number text, body text, from_number text, template text, variables jsonb, service text,
    schedule jsonb, send_at timestamptz, valid_until timestamptz, priority portatext.message_priority,
    client_ref text, idempotency_key text) RETURNS jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_api_send_sms';
COMMENT ON FUNCTION portatext.api_send_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text) IS
    'Internal: the same as send_sms(), with the answer of portatext_api.send_sms().';
GRANT EXECUTE ON FUNCTION portatext.api_send_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.api_senders(senders text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN starts_with(senders, '[') THEN translate(senders, '[]"', '') ELSE senders END;
COMMENT ON FUNCTION portatext.api_senders(text) IS
    'Internal: senders that came as a JSON array, with commas between them.';
GRANT EXECUTE ON FUNCTION portatext.api_senders(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.send_sms(
    "to" text, text text DEFAULT NULL, "from" text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'transactional',
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    SELECT portatext.api_send_sms("to", text, portatext.api_senders("from"), template, variables, service, schedule,
        send_at, valid_until, priority, client_ref, idempotency_key)
$$;
COMMENT ON FUNCTION portatext_api.send_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text) IS
'Send one SMS

Checks, charges and queues a message, and answers with {"id", "status", "from", "to", "encoding", "segments", "cost", "client_ref", "send_at", "held"}: cost is what was charged, in credits; held means that it waits for a review by the operator. Follow it with GET /messages?id=eq.ID.

to: the recipient''s number with its country code, with or without +. text: 5 characters at least; with variables its {{placeholders}} are filled in. template: the name or the id of a template, instead of text. variables: {"name": "value"}; they win over those that are stored with the contact. from: one of the account''s numbers, several of them (an array, or with commas between them), or any; by default any. service: the keyword or the id of a service to send from, instead of from.
schedule: when it may arrive, in the recipient''s local time, such as {"any_day": {"from": "09:30", "to": "18:00"}}. send_at: not before this time. valid_until: it expires when it has not gone out by then. priority: transactional, or bulk, which gives way to it. client_ref: your own reference; GET /messages?client_ref=eq.REF finds it again.
The header Idempotency-Key makes a repeated request harmless: it gets the first one''s answer. idempotency_key does the same for this message alone.

Errors: 402 no_credits; 422 with the reason as code: bad_number, blacklisted, too_short, unknown_sender, not_subscribed, no_tariff and others; 403 suspended. Nothing is charged then.';
GRANT EXECUTE ON FUNCTION portatext_api.send_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.cancel_sms(message uuid) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
    SELECT pg_catalog.jsonb_build_object('cancelled', portatext.cancel_sms(message))
$$;
COMMENT ON FUNCTION portatext_api.cancel_sms(uuid) IS
'Cancel a message that still waits

Answers {"cancelled": true}: it will never be sent and what it cost is refunded; or {"cancelled": false}: it was too late, or it has ended before.';
GRANT EXECUTE ON FUNCTION portatext_api.cancel_sms(uuid) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.messages WITH (security_invoker) AS
    SELECT m.message_id AS id,
           CASE WHEN m.inbound THEN 'inbound' ELSE 'outbound' END AS direction,
           CASE WHEN m.state OPERATOR(pg_catalog.=) 'queued' AND portatext.in_hand(m.message_id)
                THEN 'sending' ELSE m.state END AS state,
           portatext.digits(CASE WHEN m.inbound THEN m.from_number ELSE m.to_number END) AS number,
           portatext.digits(m.from_number) AS "from",
           portatext.digits(m.to_number) AS "to",
           m.body AS text, m.encoding, m.segments, m.cost, m.priority, m.kind, m.client_ref,
           m.campaign_id, m.group_id, m.service_id,
           m.send_at, m.valid_until, m.created_at, m.sent_at, m.finished_at, m.error_code, m.error_text AS error
    FROM portatext.message m;
COMMENT ON VIEW portatext_api.messages IS
'Messages, sent and received

Ids are in the order of time, so order=id.desc gives the newest first, and id=lt.LAST_ID&limit=100 the page behind them. Quick filters, also over millions of messages: id, number, client_ref, campaign_id, and created_at (with order=created_at.desc); others, such as state, are best beside one of these.';
COMMENT ON COLUMN portatext_api.messages.id IS 'UUID version 7, in the order of time.';
COMMENT ON COLUMN portatext_api.messages.direction IS 'inbound or outbound.';
COMMENT ON COLUMN portatext_api.messages.state IS 'queued: waits, also for its time; sending: the carrier has it; then one of delivered, undelivered (it may not have arrived), rejected, expired, cancelled and skipped, of which the last four are refunded. received: inbound.';
COMMENT ON COLUMN portatext_api.messages.number IS 'The other side: the recipient, or who wrote an inbound message. number=eq.13055550199 gives the conversation with it.';
COMMENT ON COLUMN portatext_api.messages."from" IS 'The sender: a number in digits without +, a short code, or a name.';
COMMENT ON COLUMN portatext_api.messages."to" IS 'The recipient, in digits without +.';
COMMENT ON COLUMN portatext_api.messages.text IS 'The text, with its variables filled in.';
COMMENT ON COLUMN portatext_api.messages.encoding IS 'gsm, or ucs2 with fewer characters in a segment.';
COMMENT ON COLUMN portatext_api.messages.segments IS 'How many SMS the text takes; each is charged.';
COMMENT ON COLUMN portatext_api.messages.cost IS 'Credits charged.';
COMMENT ON COLUMN portatext_api.messages.priority IS 'transactional messages overtake bulk ones.';
COMMENT ON COLUMN portatext_api.messages.kind IS 'ordinary: somebody sent it; others are automatic: help, opt_in, opt_out, welcome, reminder of a service; stop_confirmation, auto_reply of a number.';
COMMENT ON COLUMN portatext_api.messages.client_ref IS 'The reference that was given when it was sent.';
COMMENT ON COLUMN portatext_api.messages.campaign_id IS 'The campaign that sent it.';
COMMENT ON COLUMN portatext_api.messages.group_id IS 'The messages it was sent together with: message_groups counts them.';
COMMENT ON COLUMN portatext_api.messages.service_id IS 'The service that it came to or went out from.';
COMMENT ON COLUMN portatext_api.messages.send_at IS 'Not before this time; null: at once.';
COMMENT ON COLUMN portatext_api.messages.valid_until IS 'It expires when it has not gone out by then.';
COMMENT ON COLUMN portatext_api.messages.sent_at IS 'When the carrier took it.';
COMMENT ON COLUMN portatext_api.messages.finished_at IS 'When it reached its final state.';
COMMENT ON COLUMN portatext_api.messages.error_code IS 'The carrier''s code, or the reason why it was skipped, such as blacklisted.';
COMMENT ON COLUMN portatext_api.messages.error IS 'The same in words, where there are any.';
GRANT SELECT ON portatext_api.messages TO portatext_account, portatext_operator;
