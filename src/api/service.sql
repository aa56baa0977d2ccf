-- room: api.  Services on short codes, their texts, their subscribers.

CREATE VIEW portatext_api.services WITH (security_invoker) AS
    SELECT s.service_id AS id, s.keyword, s.short_code, s.country, s.state, s.purpose, s.double_opt_in, s.minimum_age,
           s.frequency, s.frequency_rule, s.intended_use, s.message_examples, s.advertising_examples, s.tc_url, s.phone,
           s.language, s.line_breaks, s.review_note, s.revision, s.created_at, s.changed_at
    FROM portatext.services s;
COMMENT ON VIEW portatext_api.services IS
'Services on short codes

A service is a keyword on a short code to which people subscribe. It is asked for with request_service, approved by the operator, and set going with activate_service.';
COMMENT ON COLUMN portatext_api.services.keyword IS 'What subscribers write to the short code.';
COMMENT ON COLUMN portatext_api.services.short_code IS 'Null until it is approved.';
COMMENT ON COLUMN portatext_api.services.state IS 'requested: waits for the operator; rejected; approved: has its short code; active: sends and takes subscribers; suspended by the operator; closed.';
COMMENT ON COLUMN portatext_api.services.double_opt_in IS 'true: the keyword must come together with YES.';
COMMENT ON COLUMN portatext_api.services.minimum_age IS 'Years that subscribers must have.';
COMMENT ON COLUMN portatext_api.services.frequency IS 'Messages a month that a subscriber is told to expect at most.';
COMMENT ON COLUMN portatext_api.services.frequency_rule IS 'Beyond that: count nothing but the count, warn by an event, block refuses the message.';
COMMENT ON COLUMN portatext_api.services.tc_url IS 'Where its terms and conditions are.';
COMMENT ON COLUMN portatext_api.services.phone IS 'Its telephone number for subscribers.';
COMMENT ON COLUMN portatext_api.services.language IS 'Of the automatic texts: en or es.';
COMMENT ON COLUMN portatext_api.services.line_breaks IS 'Break the automatic texts into lines.';
COMMENT ON COLUMN portatext_api.services.review_note IS 'What the operator says.';
COMMENT ON COLUMN portatext_api.services.revision IS 'Changes that wait for the operator.';
GRANT SELECT ON portatext_api.services TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.api_service(service bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT to_jsonb(s) FROM portatext_api.services s WHERE s.id = service;
$$;
COMMENT ON FUNCTION portatext.api_service(bigint) IS
    'Internal: a service as portatext_api.services shows it, after what the same statement has done to it.';
GRANT EXECUTE ON FUNCTION portatext.api_service(bigint) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.short_codes WITH (security_invoker) AS
    SELECT c.code, c.country, c.countries, c.carriers, c.international_carriers, c.contact_email, c.contact_phone
    FROM portatext.short_codes c;
COMMENT ON VIEW portatext_api.short_codes IS
'The short codes that the account''s services are on

With what their advertising must name; the operator sets them up.';
COMMENT ON COLUMN portatext_api.short_codes.countries IS 'Countries whose mobile numbers it reaches.';
COMMENT ON COLUMN portatext_api.short_codes.carriers IS 'The carriers that take part.';
GRANT SELECT ON portatext_api.short_codes TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.request_service(
        keyword text, country text, purpose portatext.service_purpose, double_opt_in boolean, minimum_age int,
        frequency int, intended_use text, message_examples text[], advertising_examples text[] DEFAULT '{}',
        tc_url text DEFAULT NULL, phone text DEFAULT NULL, language text DEFAULT 'en',
        line_breaks boolean DEFAULT false, frequency_rule portatext.frequency_rule DEFAULT 'warn') RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT portatext.api_service(portatext.request_service(keyword, country, purpose, double_opt_in, minimum_age, frequency,
        intended_use, message_examples, advertising_examples, tc_url, phone, language, line_breaks, frequency_rule))
$$;
COMMENT ON FUNCTION portatext_api.request_service(text, text, portatext.service_purpose, boolean, int, int, text, text[], text[], text, text, text, boolean, portatext.frequency_rule) IS
'Ask for a service

keyword: 4 to 16 of A-Z and 0-9. country: of the short code, ISO 3166. purpose: marketing or notifications. minimum_age: in years, 0: any. frequency: messages a month at most. message_examples: one of every kind of message; marketing also needs advertising_examples. tc_url and phone may follow with alter_service. The operator reviews the request; answers the service, as GET /services shows it.';
GRANT EXECUTE ON FUNCTION portatext_api.request_service(text, text, portatext.service_purpose, boolean, int, int, text, text[], text[], text, text, text, boolean, portatext.frequency_rule)
    TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.alter_service(service bigint, settings jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.api_service(service) FROM (SELECT portatext.alter_service(service, settings)) done
$$;
COMMENT ON FUNCTION portatext_api.alter_service(bigint, jsonb) IS
'Change a service

tc_url, phone, language, line_breaks and frequency_rule change at once. purpose, double_opt_in, minimum_age, frequency, intended_use, message_examples and advertising_examples change at once while it is requested, and request a rejected one again; of an approved service they wait in revision for the operator. Answers the service.';
GRANT EXECUTE ON FUNCTION portatext_api.alter_service(bigint, jsonb) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.activate_service(service bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.api_service(service) FROM (SELECT portatext.activate_service(service)) done
$$;
COMMENT ON FUNCTION portatext_api.activate_service(bigint) IS
'Set an approved service going

It needs tc_url and phone. From now on it takes subscribers and sends. Answers the service; 409: it is not approved.';
GRANT EXECUTE ON FUNCTION portatext_api.activate_service(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.close_service(service bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.api_service(service) || pg_catalog.jsonb_build_object('ended', done.ended)
    FROM (SELECT portatext.close_service(service)) done (ended)
$$;
COMMENT ON FUNCTION portatext_api.close_service(bigint) IS
'End a service for good

What waits is skipped and refunded: ended says how many messages those were. Its subscribers and their consent are kept.';
GRANT EXECUTE ON FUNCTION portatext_api.close_service(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.service_texts(service bigint) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('kind', t.kind, 'text', t.body, 'own', t.own,
            'encoding', t.encoding, 'segments', t.segments))
    FROM portatext.service_texts(service) t
    HAVING portatext.api_found(pg_catalog.count(*) > 0, 'service', service::text)
$$;
COMMENT ON FUNCTION portatext_api.service_texts(bigint) IS
'The automatic texts of a service

As they are sent now: [{"kind", "text", "own", "encoding", "segments"}] of opt_in, welcome, help, reminder and opt_out. own: it was set by set_service_text.';
GRANT EXECUTE ON FUNCTION portatext_api.service_texts(bigint) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.set_service_text(service bigint, kind portatext.message_kind, text text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('kind', kind, 'text', portatext.set_service_text(service, kind, text))
$$;
COMMENT ON FUNCTION portatext_api.set_service_text(bigint, portatext.message_kind, text) IS
'Set an automatic text of a service

kind: opt_in, welcome, help, reminder or opt_out. text may have {keyword}, {tc_url}, {phone} and {service_type}; null: the usual text of its language again. Answers the text as it is sent now; 422 says which mandatory part is missing.';
GRANT EXECUTE ON FUNCTION portatext_api.set_service_text(bigint, portatext.message_kind, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.service_disclosure(service bigint) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT pg_catalog.jsonb_build_object('text', portatext.service_disclosure(service))
$$;
COMMENT ON FUNCTION portatext_api.service_disclosure(bigint) IS
'The terms that a service''s advertising must carry

Answers {"text"}, made of the service and its short code. 409: the operator has not said all that it needs.';
GRANT EXECUTE ON FUNCTION portatext_api.service_disclosure(bigint) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.subscribers WITH (security_invoker) AS
    SELECT x.service_id, s.keyword, portatext.digits(x.number) COLLATE "C" AS number, x.state, x.since, x.changed_at, x.reminder_due
    FROM portatext.subscriber x JOIN portatext.service s ON s.service_id = x.service_id;
COMMENT ON VIEW portatext_api.subscribers IS
'Who subscribes to the services, and who has left

A page: service_id=eq.ID&order=number&number=gt.LAST&limit=1000. With Accept: text/csv it is a file.';
COMMENT ON COLUMN portatext_api.subscribers.number IS 'Digits without +.';
COMMENT ON COLUMN portatext_api.subscribers.state IS 'active: gets messages; paused by the carrier for now; opted_out by a stop word; cancelled: the number was given up, or the account removed it.';
COMMENT ON COLUMN portatext_api.subscribers.since IS 'Of the last opt-in.';
COMMENT ON COLUMN portatext_api.subscribers.reminder_due IS 'When it is reminded of the subscription next.';
GRANT SELECT ON portatext_api.subscribers TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.add_subscriber(service text, number text, source text, evidence jsonb,
        shown_text text DEFAULT NULL, confirm boolean DEFAULT true) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT pg_catalog.jsonb_build_object('number', portatext.digits(portatext.to_e164(number)),
        'joined', portatext.add_subscriber(service, number, source, evidence, shown_text, confirm))
$$;
COMMENT ON FUNCTION portatext_api.add_subscriber(text, text, text, jsonb, text, boolean) IS
'Subscribe a number by its written consent

service: keyword or id. source: web or paper. evidence: where and when it was given, such as {"url": "https://...", "ip": "...", "at": "..."} or {"scan": "..."}. shown_text: what it agreed to. An active service sends its text for an opt-in, which is charged, unless confirm is false. joined is false when it was subscribed already; the evidence is kept all the same.';
GRANT EXECUTE ON FUNCTION portatext_api.add_subscriber(text, text, text, jsonb, text, boolean) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.remove_subscriber(service text, number text, reason text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('removed', portatext.remove_subscriber(service, number, reason))
$$;
COMMENT ON FUNCTION portatext_api.remove_subscriber(text, text, text) IS
'End a subscription

By the account''s own will, without a message to the number; what waits for it is refunded. removed is false when it was not subscribed.';
GRANT EXECUTE ON FUNCTION portatext_api.remove_subscriber(text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.subscriber_history(service text, number text) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(h)), '[]') FROM portatext.subscriber_history(service, number) h
$$;
COMMENT ON FUNCTION portatext_api.subscriber_history(text, text) IS
'What a number has consented to, and when it left

Oldest first: [{"at", "action", "source", "message_id", "evidence", "shown_text", "actor"}]. service: keyword or id.';
GRANT EXECUTE ON FUNCTION portatext_api.subscriber_history(text, text) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.consents WITH (security_invoker) AS
    SELECT c.consent_id AS id, c.service_id, portatext.digits(c.number) AS number, c.action, c.source, c.message_id,
           c.evidence, c.shown_text, c.actor, c.created_at
    FROM portatext.consent c;
COMMENT ON VIEW portatext_api.consents IS
'The evidence of every opt-in and opt-out

Rows are only added. Ids are in the order of time; of one number subscriber_history is the quicker way.';
COMMENT ON COLUMN portatext_api.consents.action IS 'opt_in, opt_out, cancelled, paused, resumed or changed.';
COMMENT ON COLUMN portatext_api.consents.source IS 'sms, web, paper, carrier, account or operator.';
COMMENT ON COLUMN portatext_api.consents.message_id IS 'The inbound message that said so.';
COMMENT ON COLUMN portatext_api.consents.evidence IS 'Where and how it was given.';
COMMENT ON COLUMN portatext_api.consents.shown_text IS 'The text that the subscriber agreed to or was answered.';
COMMENT ON COLUMN portatext_api.consents.actor IS 'Who recorded it.';
GRANT SELECT ON portatext_api.consents TO portatext_account, portatext_operator;
