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

CREATE FUNCTION portatext_api.send_sms_batch(
    "to" text[], text text DEFAULT NULL, "from" text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'bulk',
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL, on_error text DEFAULT 'skip') RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    SELECT pg_catalog.jsonb_build_object(
            'accepted', pg_catalog.count(b.message_id),
            'refused', pg_catalog.count(b.sqlstate),
            'messages', COALESCE(pg_catalog.jsonb_agg(CASE WHEN b.sqlstate IS NULL
                THEN pg_catalog.jsonb_build_object('to', portatext.digits(b.to_number), 'id', b.message_id)
                ELSE pg_catalog.jsonb_build_object('to', portatext.digits(b.to_number), 'code', r.name, 'reason', b.reason)
                END ORDER BY b.ord), '[]'))
    FROM portatext.send_sms_batch("to", text, portatext.api_senders("from"), template, variables, service, schedule,
            send_at, valid_until, priority, client_ref, idempotency_key, on_error) b
        LEFT JOIN portatext.refusals() r ON r.sqlstate OPERATOR(pg_catalog.=) b.sqlstate
$$;
COMMENT ON FUNCTION portatext_api.send_sms_batch(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text) IS
'Send one text to many numbers

to is an array of numbers; the other arguments are those of send_sms, and priority is bulk by default. Each number gets the text once. The answer is {"accepted", "refused", "messages"}: messages has, in the order of to, {"to", "id"} of what was queued and {"to", "code", "reason"} of what was refused; codes are those of send_sms. With on_error raise the first refusal undoes all and is the error; by default (skip) the others go out.';
GRANT EXECUTE ON FUNCTION portatext_api.send_sms_batch(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.api_group_of(message uuid) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT m.group_id FROM portatext.message m WHERE m.message_id = message;
$$;
COMMENT ON FUNCTION portatext.api_group_of(uuid) IS
    'Internal: the group of a message that the same statement may have sent.';
GRANT EXECUTE ON FUNCTION portatext.api_group_of(uuid) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.send_sms_to_lists(
    lists text[], text text DEFAULT NULL, "from" text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'bulk',
    client_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL, on_error text DEFAULT 'skip') RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
#once
    WITH sent AS MATERIALIZED (
        SELECT b.message_id, b.to_number, b.reason, r.name AS code
        FROM portatext.send_sms_to_lists(lists, text, portatext.api_senders("from"), template, variables, service,
                schedule, send_at, valid_until, priority, client_ref, idempotency_key, on_error) b
            LEFT JOIN portatext.refusals() r ON r.sqlstate OPERATOR(pg_catalog.=) b.sqlstate)
    SELECT pg_catalog.jsonb_build_object(
            'accepted', pg_catalog.count(s.message_id),
            'refused', pg_catalog.count(s.code),
            'group_id', portatext.api_group_of(pg_catalog.max(s.message_id::text)::uuid),
            'refusals', COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('to', portatext.digits(s.to_number),
                'code', s.code, 'reason', s.reason)) FILTER (WHERE s.code IS NOT NULL), '[]'))
    FROM sent s
$$;
COMMENT ON FUNCTION portatext_api.send_sms_to_lists(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text) IS
'Send one text to the contacts of lists

lists has names or ids of lists; a number that is in several of them gets the text once. {{Placeholders}} are filled in with what is stored with each contact. The other arguments are those of send_sms_batch. Answers {"accepted", "refused", "group_id", "refusals"}; refusals has {"to", "code", "reason"}. GET /message_groups?id=eq.GROUP_ID shows what has become of the messages. For many contacts, or what is to be paused, use a campaign.';
GRANT EXECUTE ON FUNCTION portatext_api.send_sms_to_lists(text[], text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.simulate_sms(
    "to" text DEFAULT NULL, text text DEFAULT NULL, "from" text DEFAULT NULL,
    template text DEFAULT NULL, variables jsonb DEFAULT NULL, service text DEFAULT NULL,
    schedule jsonb DEFAULT NULL, send_at timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
    priority portatext.message_priority DEFAULT 'transactional',
    client_ref text DEFAULT NULL, country text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.jsonb_build_object('accepted', s.sqlstate IS NULL, 'code', r.name, 'reason', s.reason,
            'from', portatext.digits(s.sender), 'to', portatext.digits(s.recipient), 'text', s.final_body,
            'encoding', s.encoding, 'units', s.units, 'segments', s.segments, 'units_per_segment', s.units_per_segment,
            'tariff', s.tariff, 'cost', s.cost, 'balance', s.balance)
    FROM portatext.simulate_sms("to", text, portatext.api_senders("from"), template, variables, service, schedule,
            send_at, valid_until, priority, client_ref, NULL, country) s
        LEFT JOIN portatext.refusals() r ON r.sqlstate OPERATOR(pg_catalog.=) s.sqlstate
$$;
COMMENT ON FUNCTION portatext_api.simulate_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text) IS
'See what send_sms would do

The same arguments, checks and figures, but nothing is sent or charged: {"accepted", "code", "reason", "from", "to", "text", "encoding", "units", "segments", "units_per_segment", "tariff", "cost", "balance"}. text is the text with its variables filled in; units are the characters as they are counted in this encoding; when accepted is false, code and reason say why. In place of to a country (ISO 3166, such as US) is enough.';
GRANT EXECUTE ON FUNCTION portatext_api.simulate_sms(text, text, text, text, jsonb, text, jsonb, timestamptz, timestamptz, portatext.message_priority, text, text)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.cancel_sms(message uuid) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right send
    SELECT pg_catalog.jsonb_build_object('id', message, 'cancelled', portatext.cancel_sms(message))
    WHERE portatext.api_found(EXISTS (SELECT FROM portatext.message m
            WHERE m.message_id OPERATOR(pg_catalog.=) message), 'message', message::text)
$$;
COMMENT ON FUNCTION portatext_api.cancel_sms(uuid) IS
'Cancel a message that still waits

Answers {"id", "cancelled"}. true: it will never be sent, and what it cost is refunded; false: it was too late, or it has ended before. 404: there is no such message.';
GRANT EXECUTE ON FUNCTION portatext_api.cancel_sms(uuid) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.messages WITH (security_invoker) AS
    SELECT portatext.api_id(m.message_id) AS id,
           CASE WHEN m.inbound THEN 'inbound' ELSE 'outbound' END AS direction,
           CASE WHEN m.state OPERATOR(pg_catalog.=) 'queued' AND portatext.in_hand(m.message_id)
                THEN 'sending' ELSE m.state END AS state,
           portatext.digits(CASE WHEN m.inbound THEN m.from_number ELSE m.to_number END) COLLATE "C" AS number,
           portatext.digits(m.from_number) AS "from",
           portatext.digits(m.to_number) AS "to",
           m.body AS text, m.encoding, m.segments, m.cost, m.priority, m.kind, m.client_ref COLLATE "C" AS client_ref,
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

CREATE VIEW portatext_api.attention WITH (security_invoker) AS
    SELECT a.message_id AS id, portatext.attention_label(a.kind) AS kind, a.since, a.detail AS reason,
           CASE WHEN m.inbound THEN 'inbound' ELSE 'outbound' END AS direction, m.state,
           portatext.digits(CASE WHEN m.inbound THEN m.from_number ELSE m.to_number END) AS number,
           portatext.digits(m.from_number) AS "from", portatext.digits(m.to_number) AS "to",
           m.cost, m.client_ref, m.campaign_id, m.created_at, m.sent_at
    -- One look-up for each: the page's order is the index's of portatext.attention.
    FROM portatext.attention a
        CROSS JOIN LATERAL (SELECT * FROM portatext.message x WHERE x.message_id = a.message_id LIMIT 1) m;
COMMENT ON VIEW portatext_api.attention IS
'Messages that failed or are unclear

Those of which it is not known what became of them, or that an error keeps from being handled; the operator or a late receipt settles them, and they leave this list. order=id.desc gives the newest first; kind=eq.unclear and the like are quick filters.';
COMMENT ON COLUMN portatext_api.attention.kind IS 'unclear: it is not known whether the carrier has it; no_receipt: the carrier took it and has not said what became of it; failed: an internal error; undone: an inbound message of which what it sets off was not done.';
COMMENT ON COLUMN portatext_api.attention.since IS 'When it came onto this list.';
COMMENT ON COLUMN portatext_api.attention.reason IS 'What is known of why.';
COMMENT ON COLUMN portatext_api.attention.number IS 'The other side, in digits without +.';
GRANT SELECT ON portatext_api.attention TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.held_messages WITH (security_invoker) AS
    SELECT h.message_id AS id, h.keyword AS service, portatext.digits(h.from_number) AS "from",
           portatext.digits(h.to_number) AS "to", h.body AS text, h.send_at, h.valid_until, h.created_at
    FROM portatext.held_messages h;
COMMENT ON VIEW portatext_api.held_messages IS
'Messages that wait for a review

A service''s messages with a word that the operator wants to see first; they go out, or are skipped and refunded, when the operator has decided.';
COMMENT ON COLUMN portatext_api.held_messages.service IS 'The keyword of the service.';
GRANT SELECT ON portatext_api.held_messages TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.message_groups WITH (security_invoker) AS
    SELECT g.group_id AS id, g.created_at, c.messages, c.queued, c.sending, c.delivered, c.failed, c.cancelled, c.credits
    FROM portatext.message_group g
        CROSS JOIN LATERAL (
            SELECT COALESCE(pg_catalog.sum(t.messages), 0)::bigint AS messages,
                   COALESCE(pg_catalog.sum(t.messages) FILTER (WHERE t.state = 'queued'), 0)::bigint AS queued,
                   COALESCE(pg_catalog.sum(t.messages) FILTER (WHERE t.state = 'sending'), 0)::bigint AS sending,
                   COALESCE(pg_catalog.sum(t.messages) FILTER (WHERE t.state = 'delivered'), 0)::bigint AS delivered,
                   COALESCE(pg_catalog.sum(t.messages) FILTER (WHERE t.state IN ('undelivered', 'rejected', 'expired')), 0)::bigint AS failed,
                   COALESCE(pg_catalog.sum(t.messages) FILTER (WHERE t.state IN ('cancelled', 'skipped')), 0)::bigint AS cancelled,
                   COALESCE(pg_catalog.sum(t.credits), 0) AS credits
            FROM (SELECT y.state, y.messages, y.credits FROM portatext.message_tally y WHERE y.group_id = g.group_id
                  UNION ALL
                  SELECT y.state, y.messages, y.credits FROM portatext.message_tally_change y WHERE y.group_id = g.group_id) t) c;
COMMENT ON VIEW portatext_api.message_groups IS
'What has become of messages that were sent together

One row for each send_sms_to_lists, and for each text of a campaign''s run. The messages themselves: GET /messages?group_id=eq.ID beside one of its quick filters.';
COMMENT ON COLUMN portatext_api.message_groups.queued IS 'Wait, also those that are being handed over.';
COMMENT ON COLUMN portatext_api.message_groups.sending IS 'The carrier has them.';
COMMENT ON COLUMN portatext_api.message_groups.failed IS 'Were undelivered, rejected or have expired.';
COMMENT ON COLUMN portatext_api.message_groups.cancelled IS 'Were cancelled or skipped.';
COMMENT ON COLUMN portatext_api.message_groups.credits IS 'What they cost; refunded ones nothing.';
GRANT SELECT ON portatext_api.message_groups TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.refusals() RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('code', r.name, 'message', r.message, 'hint', r.hint)
            ORDER BY r.sqlstate) FROM portatext.refusals() r
$$;
COMMENT ON FUNCTION portatext_api.refusals() IS
'Every reason for which a message is refused

[{"code", "message", "hint"}]; the codes are those of errors of send_sms, of refusals in a batch, and error_code of skipped messages.';
GRANT EXECUTE ON FUNCTION portatext_api.refusals() TO portatext_account, portatext_operator;
