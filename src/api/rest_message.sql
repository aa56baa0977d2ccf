-- Handlers of the SDKs' paths (rest.sql): messages, their preview, templates, blacklist.

CREATE FUNCTION portatext.rest_template_json(t portatext.template) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', t.template_id, 'name', t.name, 'description', t.description, 'text', t.body);
COMMENT ON FUNCTION portatext.rest_template_json(portatext.template) IS 'Internal: a template as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_template_json(portatext.template) TO portatext_account;

CREATE FUNCTION portatext.rest_template_name(id text) RETURNS text
    LANGUAGE portatext_api STABLE STRICT PARALLEL UNSAFE
    AS $$
SELECT COALESCE((SELECT t.name FROM portatext.template t
                 WHERE t.template_id = CASE WHEN id ~ '^[0-9]{1,18}$' THEN id::bigint END),
                portatext.rest_raise(404, 'there is no such template') #>> '{}')
$$;
COMMENT ON FUNCTION portatext.rest_template_name(text) IS
    'Internal: the name of a template by its id, for functions to which a name that looks like an id comes first; 404 when there is none.';
GRANT EXECUTE ON FUNCTION portatext.rest_template_name(text) TO portatext_account;

CREATE FUNCTION portatext.rest_sms_json(m portatext_api.messages) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', m.id, 'direction', m.direction, 'status', m.state, 'from', m."from", 'to', m."to",
        'text', m.text, 'encoding', m.encoding, 'segments', m.segments, 'cost', m.cost, 'client_ref', m.client_ref,
        'campaign_id', m.campaign_id, 'service_id', m.service_id, 'group_id', m.group_id, 'date', m.created_at,
        'sent_at', m.sent_at, 'finished_at', m.finished_at, 'error_code', m.error_code, 'error', m.error);
COMMENT ON FUNCTION portatext.rest_sms_json(portatext_api.messages) IS 'Internal: a message as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_sms_json(portatext_api.messages) TO portatext_account;

CREATE FUNCTION portatext.rest_sms_service(id text) RETURNS text
    LANGUAGE portatext_api STABLE STRICT PARALLEL UNSAFE
    AS $$
SELECT COALESCE((SELECT lpad(s.service_id::text, 18, '0') FROM portatext.service s
                 WHERE s.service_id = CASE WHEN id ~ '^[0-9]{1,18}$' THEN id::bigint END),
                portatext.rest_raise(404, 'there is no such service') #>> '{}')
$$;
COMMENT ON FUNCTION portatext.rest_sms_service(text) IS
    'Internal: the id of one of the account''s services, so long that it is no other''s keyword; 404 when there is none.';

CREATE FUNCTION portatext.rest_sms_send_lists(request jsonb) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
WITH sent AS MATERIALIZED (
    SELECT r.* FROM portatext.send_sms_to_lists(
        portatext.rest_lists(request #> '{body,contact_list_ids}'), request #>> '{body,text}', portatext.api_senders(request #>> '{body,from}'),
        template => portatext.rest_template_name(request #>> '{body,template_id}'), variables => NULLIF(request #> '{body,variables}', 'null'),
        service => portatext.rest_sms_service(request #>> '{body,service_id}'),
        schedule => NULLIF(request #> '{body,schedule}', 'null'),
        client_ref => request #>> '{body,client_ref}') r
), n AS (
    SELECT count(s.message_id) AS accepted, count(*) - count(s.message_id) AS refused,
           (array_agg(s.message_id) FILTER (WHERE s.message_id IS NOT NULL))[1] AS message,
           (array_agg(s.sqlstate ORDER BY s.ord) FILTER (WHERE s.message_id IS NULL))[1] AS state,
           (array_agg(s.reason ORDER BY s.ord) FILTER (WHERE s.message_id IS NULL))[1] AS reason
    FROM sent s
)
SELECT CASE WHEN n.accepted = 0
    THEN portatext.rest_raise(CASE WHEN n.state = 'SM006' THEN 402 ELSE 400 END, COALESCE(n.reason, 'the lists have no contacts'))
    ELSE jsonb_build_object('group_id', portatext.api_group_of(n.message), 'status', 'queued',
        'accepted', n.accepted, 'refused', n.refused,
        'refusals', (SELECT COALESCE(jsonb_agg(jsonb_build_object('to', portatext.digits(f.to_number), 'error', f.reason) ORDER BY f.ord), '[]')
                     FROM (SELECT s.* FROM sent s WHERE s.message_id IS NULL ORDER BY s.ord LIMIT 50) f)) END
FROM n
$$;
COMMENT ON FUNCTION portatext.rest_sms_send_lists(jsonb) IS
    'Internal: POST sms to contact lists. group_id finds the messages again; refusals has the first 50 of those that were refused.';

CREATE FUNCTION portatext.rest_sms_send(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right send
#once
SELECT CASE
    WHEN request #>> '{body,to}' IS NULL AND request #>> '{body,contact_list_ids}' IS NULL
        THEN portatext.rest_raise(400, 'to or contact_list_ids is missing')
    WHEN request #>> '{body,contact_list_ids}' IS NULL
        THEN portatext.api_send_sms(request #>> '{body,to}', request #>> '{body,text}',
            portatext.api_senders(request #>> '{body,from}'), portatext.rest_template_name(request #>> '{body,template_id}'),
            NULLIF(request #> '{body,variables}', 'null'), portatext.rest_sms_service(request #>> '{body,service_id}'),
            NULLIF(request #> '{body,schedule}', 'null'), NULL, NULL, 'transactional',
            request #>> '{body,client_ref}', NULL)
    WHEN request #>> '{body,to}' IS NOT NULL
        THEN portatext.rest_raise(400, 'to and contact_list_ids exclude each other')
    ELSE portatext.rest_sms_send_lists(request) END
$$;
COMMENT ON FUNCTION portatext.rest_sms_send(jsonb, bytea) IS 'Handler: POST sms.';
GRANT EXECUTE ON FUNCTION portatext.rest_sms_service(text),
    portatext.rest_sms_send_lists(jsonb),
    portatext.rest_sms_send(jsonb, bytea) TO portatext_account;

CREATE FUNCTION portatext.rest_sms_search(query jsonb, page int, sender text, sender_own boolean, recipient text, recipient_own boolean,
        date_from timestamptz, date_to timestamptz, ascending boolean) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#replan
WITH found AS MATERIALIZED (
    SELECT s.id, row_number() OVER () AS ord
    FROM (SELECT m.message_id AS id FROM portatext.message m
          WHERE (sender IS NULL OR CASE WHEN sender_own THEN m.from_number = sender
                 ELSE m.inbound AND portatext.digits(CASE WHEN m.inbound THEN m.from_number ELSE m.to_number END) = portatext.digits(sender) END)
            AND (recipient IS NULL OR CASE WHEN recipient_own THEN m.to_number = recipient
                 ELSE NOT m.inbound AND portatext.digits(CASE WHEN m.inbound THEN m.from_number ELSE m.to_number END) = portatext.digits(recipient) END)
            AND (query ->> 'direction' IS NULL OR m.inbound = (query ->> 'direction' = 'inbound'))
            AND (query ->> 'status' IS NULL
                 OR (CASE WHEN m.state = 'queued' AND portatext.in_hand(m.message_id) THEN 'sending' ELSE m.state END)
                    = (query ->> 'status')::portatext.message_state)
            AND (query ->> 'client_ref' IS NULL OR m.client_ref = query ->> 'client_ref')
            AND (query ->> 'service_id' IS NULL OR m.service_id = (query ->> 'service_id')::bigint)
            AND (query ->> 'campaign_id' IS NULL OR m.campaign_id = (query ->> 'campaign_id')::bigint)
            AND (query ->> 'group_id' IS NULL OR m.group_id = (query ->> 'group_id')::bigint)
            AND (date_from IS NULL OR m.created_at >= date_from)
            AND (date_to IS NULL OR m.created_at < date_to)
          ORDER BY CASE WHEN (date_from IS NOT NULL OR date_to IS NOT NULL) AND ascending THEN m.created_at END,
                   CASE WHEN (date_from IS NOT NULL OR date_to IS NOT NULL) AND NOT ascending THEN m.created_at END DESC,
                   CASE WHEN ascending THEN m.message_id END, CASE WHEN NOT ascending THEN m.message_id END DESC
          LIMIT (page + 19) * 50) s
)
SELECT portatext.rest_page('sms',
    (SELECT jsonb_agg(portatext.rest_sms_json(m) ORDER BY f.ord)
     FROM found f JOIN portatext_api.messages m ON m.id = f.id
     WHERE f.ord > (page - 1) * 50 AND f.ord <= page * 50),
    jsonb_build_object('page', page), (SELECT count(*) FROM found))
$$;
COMMENT ON FUNCTION portatext.rest_sms_search(jsonb, int, text, boolean, text, boolean, timestamptz, timestamptz, boolean) IS
    'Internal: a page of messages; numbers are as they are stored; sender_own and recipient_own: the number is the account''s. Pages are counted up to 19 behind this one.';

CREATE FUNCTION portatext.rest_sms_list(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT CASE
    WHEN q.field NOT IN ('date', 'id') THEN portatext.rest_raise(400, 'sort_field is not date')
    WHEN q.ord NOT IN ('asc', 'desc') THEN portatext.rest_raise(400, 'sort_order is not asc or desc')
    WHEN request #>> '{query,direction}' NOT IN ('inbound', 'outbound')
        THEN portatext.rest_raise(400, 'direction is not inbound or outbound')
    WHEN request #>> '{query,status}' <> ALL (enum_range(NULL::portatext.message_state)::text[])
        THEN portatext.rest_raise(400, 'status is not one of ' || array_to_string(enum_range(NULL::portatext.message_state), ', '))
    ELSE portatext.rest_sms_search(request -> 'query', (request ->> 'page')::int,
        q.sender, EXISTS (SELECT FROM portatext.did d WHERE d.number::text = q.sender),
        q.recipient, EXISTS (SELECT FROM portatext.did d WHERE d.number::text = q.recipient),
        portatext.rest_time(request #>> '{query,date_from}'), portatext.rest_time(request #>> '{query,date_to}'),
        q.ord = 'asc') END
FROM (SELECT COALESCE(request #>> '{query,sort_field}', 'date') AS field,
             lower(COALESCE(request #>> '{query,sort_order}', 'desc')) AS ord,
             portatext.to_address(request #>> '{query,from}')::text AS sender,
             portatext.to_address(request #>> '{query,to}')::text AS recipient) q
$$;
COMMENT ON FUNCTION portatext.rest_sms_list(jsonb, bytea) IS 'Handler: GET sms.';

CREATE FUNCTION portatext.rest_sms(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT COALESCE((SELECT portatext.rest_sms_json(m) FROM portatext_api.messages m WHERE m.id = (request #>> '{path,message_id}')::uuid),
                portatext.rest_raise(404, 'there is no such message'))
$$;
COMMENT ON FUNCTION portatext.rest_sms(jsonb, bytea) IS 'Handler: GET sms/{id}.';

CREATE FUNCTION portatext.rest_simulate(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
SELECT CASE WHEN request #>> '{query,country}' IS NULL THEN portatext.rest_raise(400, 'country is missing')
    ELSE (SELECT jsonb_build_object('text', s.final_body, 'encoding', s.encoding, 'length', s.units,
                    'segments', s.segments, 'max_length_per_segment', s.units_per_segment,
                    'price_per_segment', s.tariff, 'cost', s.cost, 'refusal', s.reason)
          FROM portatext.simulate_sms(NULL, request #>> '{query,text}',
              template => portatext.rest_template_name(request #>> '{query,template_id}'),
              variables => (request #>> '{query,variables}')::jsonb,
              country => upper(request #>> '{query,country}')) s) END
$$;
COMMENT ON FUNCTION portatext.rest_simulate(jsonb, bytea) IS
    'Handler: GET simulate. refusal says why the message would not be sent; null: it would.';
GRANT EXECUTE ON FUNCTION portatext.rest_sms_search(jsonb, int, text, boolean, text, boolean, timestamptz, timestamptz, boolean),
    portatext.rest_sms_list(jsonb, bytea), portatext.rest_sms(jsonb, bytea), portatext.rest_simulate(jsonb, bytea)
    TO portatext_account;

CREATE FUNCTION portatext.rest_gsm_charset(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT jsonb_build_object('gsm_charset', jsonb_agg(to_jsonb(g))) FROM portatext.gsm_charset() g
$$;
COMMENT ON FUNCTION portatext.rest_gsm_charset(jsonb, bytea) IS 'Handler: GET gsm_charset.';
GRANT EXECUTE ON FUNCTION portatext.rest_gsm_charset(jsonb, bytea) TO portatext_account;

CREATE FUNCTION portatext.rest_templates(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('templates',
    (SELECT jsonb_agg(p.entry ORDER BY p.template_id)
     FROM (SELECT t.template_id, portatext.rest_template_json(t) AS entry FROM portatext.template t
           ORDER BY t.template_id LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext.template))
$$;
COMMENT ON FUNCTION portatext.rest_templates(jsonb, bytea) IS 'Handler: GET templates.';

CREATE FUNCTION portatext.rest_template(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT COALESCE((SELECT portatext.rest_template_json(t) FROM portatext.template t
                 WHERE t.template_id = (request #>> '{path,id}')::bigint),
                portatext.rest_raise(404, 'there is no such template'))
$$;
COMMENT ON FUNCTION portatext.rest_template(jsonb, bytea) IS 'Handler: GET templates/{id}.';

CREATE FUNCTION portatext.rest_template_create(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT jsonb_build_object('id', portatext.create_template(
    request #>> '{body,name}', request #>> '{body,text}', request #>> '{body,description}'))
$$;
COMMENT ON FUNCTION portatext.rest_template_create(jsonb, bytea) IS 'Handler: POST templates.';

CREATE FUNCTION portatext.rest_template_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT jsonb_build_object('id', (request #>> '{path,id}')::bigint)
FROM portatext.update_template(portatext.rest_template_name(request #>> '{path,id}'),
    request #>> '{body,name}', request #>> '{body,text}', request #>> '{body,description}')
$$;
COMMENT ON FUNCTION portatext.rest_template_change(jsonb, bytea) IS 'Handler: PUT templates/{id}.';

CREATE FUNCTION portatext.rest_template_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT '{}'::jsonb FROM portatext.delete_template(portatext.rest_template_name(request #>> '{path,id}'))
$$;
COMMENT ON FUNCTION portatext.rest_template_delete(jsonb, bytea) IS 'Handler: DELETE templates/{id}.';
GRANT EXECUTE ON FUNCTION portatext.rest_templates(jsonb, bytea), portatext.rest_template(jsonb, bytea),
    portatext.rest_template_create(jsonb, bytea), portatext.rest_template_change(jsonb, bytea),
    portatext.rest_template_delete(jsonb, bytea) TO portatext_account;

CREATE FUNCTION portatext.rest_blacklist(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('blacklist',
    (SELECT jsonb_agg(p.entry ORDER BY p.number)
     FROM (SELECT b.number::text, to_jsonb(v) AS entry
           FROM portatext.blacklist b, LATERAL (SELECT portatext.digits(b.number) AS number, b.reason, b.created_at) v
           ORDER BY b.account_id, b.number LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext.blacklist))
$$;
COMMENT ON FUNCTION portatext.rest_blacklist(jsonb, bytea) IS 'Handler: GET blacklist.';

CREATE FUNCTION portatext.rest_blacklist_check(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT COALESCE((SELECT jsonb_build_object('number', portatext.digits(b.number), 'reason', b.reason, 'created_at', b.created_at)
                 FROM portatext.blacklist b WHERE b.number = portatext.to_e164(request #>> '{path,number}')),
                portatext.rest_raise(404, 'the number is not on the blacklist'))
$$;
COMMENT ON FUNCTION portatext.rest_blacklist_check(jsonb, bytea) IS 'Handler: GET blacklist/{number}.';

CREATE FUNCTION portatext.rest_blacklist_add(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT jsonb_build_object('number', portatext.digits(portatext.to_e164(request #>> '{path,number}')),
                          'cancelled', portatext.blacklist_add(request #>> '{path,number}'))
$$;
COMMENT ON FUNCTION portatext.rest_blacklist_add(jsonb, bytea) IS
    'Handler: PUT blacklist/{number}. cancelled: how many messages that waited for the number have ended, with a refund.';

CREATE FUNCTION portatext.rest_blacklist_remove(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT CASE WHEN portatext.blacklist_remove(request #>> '{path,number}') THEN '{}'
            ELSE portatext.rest_raise(404, 'the number is not on the blacklist') END
$$;
COMMENT ON FUNCTION portatext.rest_blacklist_remove(jsonb, bytea) IS 'Handler: DELETE blacklist/{number}.';

CREATE FUNCTION portatext.rest_blacklist_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
SELECT string_agg(l || E'\n', '') FROM portatext.export_blacklist() l
$$;
COMMENT ON FUNCTION portatext.rest_blacklist_csv(jsonb, bytea) IS 'Handler: GET blacklist/contacts as CSV.';

CREATE FUNCTION portatext.rest_blacklist_import(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT CASE WHEN i.imported THEN jsonb_build_object('job_id', i.job_id, 'added', i.added, 'lines', i.lines, 'duplicates', i.duplicates)
            ELSE portatext.rest_import_refused(i.job_id) END
FROM portatext.import_blacklist(convert_from(content, 'UTF8')) i
$$;
COMMENT ON FUNCTION portatext.rest_blacklist_import(jsonb, bytea) IS 'Handler: PUT blacklist/contacts.';
GRANT EXECUTE ON FUNCTION portatext.rest_blacklist(jsonb, bytea), portatext.rest_blacklist_check(jsonb, bytea),
    portatext.rest_blacklist_add(jsonb, bytea), portatext.rest_blacklist_remove(jsonb, bytea),
    portatext.rest_blacklist_csv(jsonb, bytea), portatext.rest_blacklist_import(jsonb, bytea) TO portatext_account;
