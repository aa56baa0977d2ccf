-- Handlers of the SDKs' paths (rest.sql): campaigns.  What is of calls alone is in
-- rest_call.sql.

CREATE FUNCTION portatext.rest_lists(ids jsonb) RETURNS text[]
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN jsonb_array_length(a.list) > 0 THEN
               ARRAY(SELECT portatext.rest_list(CASE WHEN portatext.rest_check(e.id ~ '^[0-9]{1,18}$', 400,
                                    concat('contact_list_ids: ', e.id, ' is not an id')) THEN e.id::bigint END)
                     FROM jsonb_array_elements_text(a.list) WITH ORDINALITY e (id, ord) ORDER BY e.ord) END
        FROM (SELECT CASE WHEN ids IS NULL OR jsonb_typeof(ids) = 'null' THEN '[]'
                          WHEN portatext.rest_check(jsonb_typeof(ids) = 'array', 400, 'contact_list_ids is not a list of ids')
                          THEN ids END) a (list);
$$;
COMMENT ON FUNCTION portatext.rest_lists(jsonb) IS
    'Internal: the names of the contact lists with these ids, null for none. 404 when the caller has no such list.';

CREATE FUNCTION portatext.rest_campaign_make(body jsonb, csv bytea) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.create_campaign(
               name => portatext.rest_text(body, 'name'),
               description => portatext.rest_text(body, 'description'),
               body => portatext.rest_text(b.settings, 'text'),
               template => CASE WHEN b.settings ->> 'template_id' IS NOT NULL THEN portatext.rest_template_name(b.settings ->> 'template_id') END,
               variables => NULLIF(b.settings -> 'variables', 'null'),
               from_number => portatext.api_senders(body ->> 'from'),
               service => regexp_replace(portatext.rest_sms_service(b.service), '^0+(?=[0-9]{1,3}$)', ''),     -- a keyword has 4 characters
               lists => portatext.rest_lists(body -> 'contact_list_ids'),
               csv => convert_from(csv, 'UTF8'),
               all_subscribers => COALESCE(portatext.rest_text(body, 'all_subscribers')::boolean, false),
               schedule => NULLIF(body -> 'schedule', 'null'))
        FROM (SELECT CASE WHEN portatext.rest_check(jsonb_typeof(body) = 'object', 400, 'the campaign is not a JSON object')
                           AND portatext.rest_check(COALESCE(body ->> 'type', 'sms') = 'sms', 400, 'type is neither sms nor telephony')
                           AND portatext.rest_check(COALESCE(jsonb_typeof(body -> 'settings'), 'object') = 'object', 400, 'settings is not an object')
                           AND portatext.rest_check(csv IS NULL OR NOT body ?| '{contact_list_ids,all_subscribers}', 400,
                                                    'the contacts are those of the file; contact_list_ids and all_subscribers have no place beside it')
                           AND portatext.rest_check(COALESCE(body ->> 'service_id' ~ '^[0-9]{1,18}$', true), 400, 'service_id is not an id')
                          THEN COALESCE(body -> 'settings', '{}') END, body ->> 'service_id' OFFSET 0) b (settings, service);
$$;
COMMENT ON FUNCTION portatext.rest_campaign_make(jsonb, bytea) IS
    'Internal: makes a campaign of SMS as the SDKs describe it; its contacts come from the file, if there is one.';

CREATE FUNCTION portatext.rest_campaign_made(campaign bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_build_object('job_id', r.job_id, 'campaign_id', r.campaign_id)
        FROM portatext.campaign_run r
        WHERE r.campaign_id = campaign AND r.account_id = portatext.current_account() AND r.ord = 1;
$$;
COMMENT ON FUNCTION portatext.rest_campaign_made(bigint) IS 'Internal: the job that builds a new campaign.';

CREATE FUNCTION portatext.rest_campaign_sources(campaign bigint) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(jsonb_agg(s.list_id ORDER BY s.ord), '[]') FROM portatext.campaign_source s
        WHERE s.campaign_id = campaign AND s.account_id = portatext.current_account() AND s.list_id IS NOT NULL;
$$;
COMMENT ON FUNCTION portatext.rest_campaign_sources(bigint) IS 'Internal: the ids of the contact lists of a campaign.';

CREATE FUNCTION portatext.rest_campaign_senders(senders text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN count(*) = 1 THEN to_jsonb(min(ltrim(trim(e.sender), '+'))) ELSE jsonb_agg(ltrim(trim(e.sender), '+') ORDER BY e.ord) END
        FROM string_to_table(senders, ',') WITH ORDINALITY e (sender, ord);
$$;
COMMENT ON FUNCTION portatext.rest_campaign_senders(text) IS
    'Internal: the senders of a campaign as they were given: one, or an array; null: none.';

CREATE FUNCTION portatext.rest_campaign_json(campaign bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_build_object(
               'id', c.campaign_id, 'type', 'sms', 'name', c.name, 'description', c.description,
               'status', p.state, 'reason', p.reason, 'created_at', c.created_at, 'started_at', p.started_at, 'finished_at', p.finished_at,
               'from', portatext.rest_campaign_senders(c.from_number),
               'service_id', CASE WHEN c.service ~ '^[0-9]{1,18}$' THEN c.service::bigint
                                    ELSE (SELECT min(v.service_id) FROM portatext.service v
                                          WHERE v.account_id = c.account_id AND v.keyword = upper(c.service)) END,
               'contact_list_ids', portatext.rest_campaign_sources(c.campaign_id), 'all_subscribers', c.all_subscribers,
               'schedule', (SELECT s.definition FROM portatext.schedule s WHERE s.schedule_id = c.schedule_id AND s.account_id = c.account_id),
               'settings', jsonb_build_object(
                   'text', (SELECT v.body FROM portatext.campaign_variant v WHERE v.campaign_id = c.campaign_id ORDER BY v.variant LIMIT 1),
                   'variables', COALESCE(c.variables, '{}')),
               'contacts', p.recipients, 'pending', p.pending, 'queued', p.queued, 'sending', p.sending, 'delivered', p.delivered,
               'undelivered', p.undelivered, 'rejected', p.rejected, 'expired', p.expired, 'skipped', p.skipped, 'cancelled', p.cancelled,
               'cost', p.credits)
        FROM portatext.campaign c JOIN portatext.campaign_progress p ON p.campaign_id = c.campaign_id
        WHERE c.campaign_id = campaign AND c.account_id = portatext.current_account();
$$;
COMMENT ON FUNCTION portatext.rest_campaign_json(bigint) IS
    'Internal: a campaign of the caller''s with the counts of its newest run; null: there is none.';
GRANT EXECUTE ON FUNCTION portatext.rest_lists(jsonb),
    portatext.rest_campaign_make(jsonb, bytea), portatext.rest_campaign_made(bigint), portatext.rest_campaign_sources(bigint),
    portatext.rest_campaign_senders(text), portatext.rest_campaign_json(bigint) TO portatext_account;

CREATE FUNCTION portatext.rest_campaigns(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_page('campaigns',
        (SELECT jsonb_agg(jsonb_build_object('id', p.campaign_id, 'type', p.kind, 'name', p.name, 'description', p.description,
                                             'status', n.state, 'reason', n.reason, 'created_at', p.created_at,
                                             'started_at', n.started_at, 'finished_at', n.finished_at) ORDER BY p.campaign_id DESC)
         FROM (SELECT c.* FROM portatext.campaign c WHERE c.account_id = (SELECT portatext.current_account())
               ORDER BY c.campaign_id DESC LIMIT 50 OFFSET portatext.rest_offset(request)) p
         CROSS JOIN LATERAL (SELECT r.* FROM portatext.campaign_run r WHERE r.campaign_id = p.campaign_id
                             ORDER BY r.ord DESC LIMIT 1) n),
        request, (SELECT count(*) FROM portatext.campaign c WHERE c.account_id = (SELECT portatext.current_account())))
$$;
COMMENT ON FUNCTION portatext.rest_campaigns(jsonb, bytea) IS 'Handler: GET campaigns, the newest first.';

CREATE FUNCTION portatext.rest_campaign_create(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
#once
    SELECT portatext.rest_campaign_made(m.campaign) 
        FROM (SELECT CASE request #>> '{body,type}' WHEN 'telephony' THEN portatext.rest_campaign_calls(request -> 'body', NULL)
                          ELSE portatext.rest_campaign_make(request -> 'body', NULL) END OFFSET 0) m (campaign)
$$;
COMMENT ON FUNCTION portatext.rest_campaign_create(jsonb, bytea) IS
    'Handler: POST campaigns: makes a campaign and answers with the job that builds it; it starts by POST campaigns/{id}/lifecycle.';

CREATE FUNCTION portatext.rest_campaign_create_csv(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
#once
    SELECT portatext.rest_campaign_made(m.campaign)
        FROM (SELECT CASE WHEN portatext.rest_check(request -> 'query' ? 'settings', 400, 'settings is missing in the query')
                          THEN (request #>> '{query,settings}')::jsonb END) b (body)
        CROSS JOIN LATERAL (SELECT CASE b.body ->> 'type' WHEN 'telephony' THEN portatext.rest_campaign_calls(b.body, content)
                                        ELSE portatext.rest_campaign_make(b.body, content) END OFFSET 0) m (campaign)
$$;
COMMENT ON FUNCTION portatext.rest_campaign_create_csv(jsonb, bytea) IS
    'Handler: POST campaigns with the contacts as CSV: settings in the query is the whole campaign as JSON, without contacts.';

CREATE FUNCTION portatext.rest_campaign(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_found(COALESCE(portatext.rest_campaign_json(r.id), portatext.rest_campaign_calls_json(r.id)), concat('campaign ', r.id))
        FROM (SELECT portatext.rest_id(request, 'campaign') OFFSET 0) r (id)
$$;
COMMENT ON FUNCTION portatext.rest_campaign(jsonb, bytea) IS
    'Handler: GET campaigns/{id}: what was asked for, and how far its newest run is. settings has the text also when it came from a template.';

CREATE FUNCTION portatext.rest_campaign_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.delete_campaign(portatext.rest_id(request, 'campaign')) d
$$;
COMMENT ON FUNCTION portatext.rest_campaign_delete(jsonb, bytea) IS
    'Handler: DELETE campaigns/{id}; one that is built, runs or is paused must be cancelled first.';

CREATE FUNCTION portatext.rest_campaign_contacts(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off
    AS $$
#right read
    SELECT portatext.rest_page('contacts',
        (SELECT jsonb_agg(jsonb_build_object('number', ltrim(c.number, '+'), 'status', c.state, 'reason', c.reason, 'message_id', c.message_id,
                                             'segments', c.segments, 'cost', c.cost)
                          || CASE WHEN c.variant IS NULL THEN jsonb_build_object('attempts', c.attempts, 'call_id', c.call_id, 'due_at', c.due_at)
                                  ELSE '{}' END ORDER BY c.number)
         FROM (SELECT r.run_id, r.number FROM portatext.campaign_recipient r WHERE r.run_id = n.run_id
               ORDER BY r.number LIMIT 50 OFFSET portatext.rest_offset(request)) p
         CROSS JOIN LATERAL (SELECT x.* FROM portatext.campaign_contact x
                             WHERE x.run_id = p.run_id AND x.number = p.number OFFSET 0) c),      -- a look-up each, not a join of all
        request, COALESCE(n.recipients + n.skipped,
                          (SELECT count(*) FROM portatext.campaign_recipient r WHERE r.run_id = n.run_id)))
        FROM portatext.campaign_run n
        WHERE n.run_id = (SELECT portatext.campaign_run_of(portatext.rest_id(request, 'campaign')))
$$;
COMMENT ON FUNCTION portatext.rest_campaign_contacts(jsonb, bytea) IS
    'Handler: GET campaigns/{id}/contacts: the contacts of the newest run with what became of them (CAMP-12).';

CREATE FUNCTION portatext.rest_campaign_contacts_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT string_agg(ltrim(e.line, '+'), E'\n') || E'\n'
        FROM portatext.export_campaign_contacts(portatext.rest_id(request, 'campaign')) e (line)
$$;
COMMENT ON FUNCTION portatext.rest_campaign_contacts_csv(jsonb, bytea) IS
    'Handler: GET campaigns/{id}/contacts as CSV, numbers in digits (NUM-02).';

CREATE FUNCTION portatext.rest_campaign_contact_cancel(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT jsonb_build_object('cancelled', portatext.cancel_campaign_contact(portatext.rest_id(request, 'campaign'), request #>> '{path,number}'))
$$;
COMMENT ON FUNCTION portatext.rest_campaign_contact_cancel(jsonb, bytea) IS
    'Handler: DELETE campaigns/{id}/contacts/{number}: cancelled is false when its message has gone out, or is just going.';

CREATE FUNCTION portatext.rest_campaign_lifecycle(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right send
#once
    SELECT jsonb_build_object('id', a.campaign, 'status',
            CASE WHEN portatext.rest_check(a.action IN ('start', 'pause', 'resume', 'cancel'), 400, 'action is not start, pause, resume or cancel')
                 THEN CASE a.action WHEN 'start' THEN portatext.start_campaign(a.campaign)
                                    WHEN 'pause' THEN portatext.pause_campaign(a.campaign)
                                    WHEN 'resume' THEN portatext.resume_campaign(a.campaign)
                                    ELSE portatext.cancel_campaign(a.campaign) END END)
        FROM (SELECT portatext.rest_id(request, 'campaign'), request #>> '{body,action}' OFFSET 0) a (campaign, action)
$$;
COMMENT ON FUNCTION portatext.rest_campaign_lifecycle(jsonb, bytea) IS
    'Handler: POST campaigns/{id}/lifecycle: start, pause, resume or cancel (CAMP-04).';
GRANT EXECUTE ON FUNCTION portatext.rest_campaigns(jsonb, bytea), portatext.rest_campaign_create(jsonb, bytea),
    portatext.rest_campaign_create_csv(jsonb, bytea), portatext.rest_campaign(jsonb, bytea),
    portatext.rest_campaign_delete(jsonb, bytea), portatext.rest_campaign_contacts(jsonb, bytea),
    portatext.rest_campaign_contacts_csv(jsonb, bytea), portatext.rest_campaign_contact_cancel(jsonb, bytea),
    portatext.rest_campaign_lifecycle(jsonb, bytea) TO portatext_account;
