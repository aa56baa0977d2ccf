-- Handlers of the SDKs' paths (rest.sql): calls, trunks, sounds, campaigns of calls.

CREATE FUNCTION portatext.rest_uuid_at(moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (lpad(to_hex(GREATEST((EXTRACT(epoch FROM moment) * 1000)::bigint, 0)), 12, '0') || '70008000000000000000')::uuid;
COMMENT ON FUNCTION portatext.rest_uuid_at(timestamptz) IS 'Internal: the least UUID version 7 of a time.';
GRANT EXECUTE ON FUNCTION portatext.rest_uuid_at(timestamptz) TO portatext_account;

CREATE FUNCTION portatext.rest_call_json(c portatext_api.calls) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', c.id, 'status', c.state, 'from', c."from", 'to', c."to", 'campaign_id', c.campaign_id,
        'iteration', c.iteration, 'date', c.created_at, 'placed_at', c.placed_at, 'answered_at', c.answered_at, 'finished_at', c.ended_at,
        'leg_a', c.result, 'leg_b', c.b_result, 'leg_b_to', c.b_number, 'amd', c.amd, 'contacted', c.contacted, 'digits', c.digits,
        'duration', c.duration, 'leg_b_duration', c.talk, 'disposition', c.disposition, 'cause', c.cause, 'error', c.problem,
        'cost', c.cost, 'client_ref', c.client_ref);
COMMENT ON FUNCTION portatext.rest_call_json(portatext_api.calls) IS 'Internal: a call as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_call_json(portatext_api.calls) TO portatext_account;

CREATE FUNCTION portatext.rest_call_place(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right send
#once
    SELECT jsonb_build_object('id', portatext.place_call(
               to_number => portatext.rest_needs(b.body, 'to'), flow => b.body -> 'flow', from_number => portatext.rest_text(b.body, 'from'),
               trunk => portatext.rest_text(b.body, 'outbound_trunk_id')::bigint,
               dial_timeout => COALESCE(portatext.rest_text(b.body, 'dial_timeout')::int, 30),
               schedule => NULLIF(b.body -> 'schedule', 'null'), variables => NULLIF(b.body -> 'variables', 'null'),
               client_ref => portatext.rest_text(b.body, 'client_ref')), 'status', 'queued')
        FROM (SELECT CASE WHEN portatext.rest_check(jsonb_typeof(request -> 'body') = 'object', 400, 'the call is not a JSON object')
                           AND portatext.rest_check(jsonb_typeof(request #> '{body,flow}') = 'array', 400, 'flow is missing, or is not an array')
                          THEN request -> 'body' END OFFSET 0) b (body)
$$;
COMMENT ON FUNCTION portatext.rest_call_place(jsonb, bytea) IS 'Handler: POST calls: places one call (TEL-09).';

CREATE FUNCTION portatext.rest_call_search(query jsonb, page int, number text, date_from timestamptz, date_to timestamptz,
        ascending boolean) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#replan
WITH found AS MATERIALIZED (
    SELECT s.id, row_number() OVER () AS ord
    FROM (SELECT c.call_id AS id FROM portatext.call c
          WHERE c.account_id = (SELECT portatext.current_account())
            AND (number IS NULL OR c.to_number::text = number)
            AND (query ->> 'campaign_id' IS NULL OR c.campaign_id = (query ->> 'campaign_id')::bigint)
            AND (query ->> 'status' IS NULL OR c.state = (query ->> 'status')::portatext.call_state)
            AND (date_from IS NULL OR c.call_id >= portatext.rest_uuid_at(date_from))
            AND (date_to IS NULL OR c.call_id < portatext.rest_uuid_at(date_to))
          ORDER BY CASE WHEN ascending THEN c.call_id END, CASE WHEN NOT ascending THEN c.call_id END DESC
          LIMIT (page + 19) * 50) s
)
SELECT portatext.rest_page('calls',
    (SELECT jsonb_agg(portatext.rest_call_json(c) ORDER BY f.ord)
     FROM found f JOIN portatext_api.calls c ON c.id = f.id
     WHERE f.ord > (page - 1) * 50 AND f.ord <= page * 50),
    jsonb_build_object('page', page), (SELECT count(*) FROM found))
$$;
COMMENT ON FUNCTION portatext.rest_call_search(jsonb, int, text, timestamptz, timestamptz, boolean) IS
    'Internal: a page of calls; pages are counted up to 19 behind this one.';

CREATE FUNCTION portatext.rest_calls(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT CASE
    WHEN q.field NOT IN ('date', 'id') THEN portatext.rest_raise(400, 'sort_field is not date')
    WHEN q.ord NOT IN ('asc', 'desc') THEN portatext.rest_raise(400, 'sort_order is not asc or desc')
    WHEN request #>> '{query,campaign_id}' !~ '^[0-9]{1,18}$' THEN portatext.rest_raise(400, 'campaign_id is not an id')
    WHEN request #>> '{query,status}' <> ALL (enum_range(NULL::portatext.call_state)::text[])
        THEN portatext.rest_raise(400, 'status is not one of ' || array_to_string(enum_range(NULL::portatext.call_state), ', '))
    ELSE portatext.rest_call_search(request -> 'query', (request ->> 'page')::int,
        portatext.to_e164(COALESCE(request #>> '{query,number}', request #>> '{query,to}'))::text,
        portatext.rest_time(request #>> '{query,date_from}'), portatext.rest_time(request #>> '{query,date_to}'), q.ord = 'asc') END
FROM (SELECT COALESCE(request #>> '{query,sort_field}', 'date') AS field,
             lower(COALESCE(request #>> '{query,sort_order}', 'desc')) AS ord) q
$$;
COMMENT ON FUNCTION portatext.rest_calls(jsonb, bytea) IS
    'Handler: GET calls: search by number, campaign_id, status, date_from, date_to; sort_order asc or desc.';
GRANT EXECUTE ON FUNCTION portatext.rest_call_place(jsonb, bytea),
    portatext.rest_call_search(jsonb, int, text, timestamptz, timestamptz, boolean), portatext.rest_calls(jsonb, bytea)
    TO portatext_account;

-- Trunks.

CREATE FUNCTION portatext.rest_trunk_json(t portatext_api.trunks) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', t.id, 'name', t.name, 'ip', t.address, 'channels', t.channels, 'calls_per_second', t.calls_per_second);
COMMENT ON FUNCTION portatext.rest_trunk_json(portatext_api.trunks) IS 'Internal: a trunk as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_trunk_json(portatext_api.trunks) TO portatext_account;

CREATE FUNCTION portatext.rest_trunks(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('trunks',
    (SELECT jsonb_agg(p.entry ORDER BY p.id)
     FROM (SELECT t.id, portatext.rest_trunk_json(t) AS entry FROM portatext_api.trunks t
           ORDER BY t.id LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext_api.trunks))
$$;
COMMENT ON FUNCTION portatext.rest_trunks(jsonb, bytea) IS 'Handler: GET trunks.';

CREATE FUNCTION portatext.rest_trunk(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_found((SELECT portatext.rest_trunk_json(t) FROM portatext_api.trunks t WHERE t.id = r.id), concat('trunk ', r.id))
FROM (SELECT portatext.rest_id(request, 'trunk') OFFSET 0) r (id)
$$;
COMMENT ON FUNCTION portatext.rest_trunk(jsonb, bytea) IS 'Handler: GET trunks/{id}.';

CREATE FUNCTION portatext.rest_trunk_create(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
#once
    SELECT jsonb_build_object('id', portatext.create_trunk(
               portatext.rest_needs(request -> 'body', 'name'), portatext.rest_text(request -> 'body', 'ip'), NULL,
               portatext.rest_text(request -> 'body', 'channels')::int, portatext.rest_text(request -> 'body', 'calls_per_second')::numeric))
$$;
COMMENT ON FUNCTION portatext.rest_trunk_create(jsonb, bytea) IS 'Handler: POST trunks.';

CREATE FUNCTION portatext.rest_trunk_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.alter_trunk(portatext.rest_id(request, 'trunk'), portatext.rest_text(request -> 'body', 'name'),
        portatext.rest_text(request -> 'body', 'ip'), NULL, portatext.rest_text(request -> 'body', 'channels')::int,
        portatext.rest_text(request -> 'body', 'calls_per_second')::numeric) a
$$;
COMMENT ON FUNCTION portatext.rest_trunk_change(jsonb, bytea) IS 'Handler: PUT trunks/{id}.';

CREATE FUNCTION portatext.rest_trunk_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.drop_trunk(portatext.rest_id(request, 'trunk')) d
$$;
COMMENT ON FUNCTION portatext.rest_trunk_delete(jsonb, bytea) IS 'Handler: DELETE trunks/{id}.';
GRANT EXECUTE ON FUNCTION portatext.rest_trunks(jsonb, bytea), portatext.rest_trunk(jsonb, bytea), portatext.rest_trunk_create(jsonb, bytea),
    portatext.rest_trunk_change(jsonb, bytea), portatext.rest_trunk_delete(jsonb, bytea) TO portatext_account;

-- Sounds.

CREATE FUNCTION portatext.rest_sound_json(s portatext_api.sounds) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', s.id, 'name', s.name, 'description', s.description, 'size', s.bytes);
COMMENT ON FUNCTION portatext.rest_sound_json(portatext_api.sounds) IS 'Internal: a sound as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_sound_json(portatext_api.sounds) TO portatext_account;

CREATE FUNCTION portatext.rest_sounds(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('sounds',
    (SELECT jsonb_agg(p.entry ORDER BY p.id)
     FROM (SELECT s.id, portatext.rest_sound_json(s) AS entry FROM portatext_api.sounds s
           ORDER BY s.id LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext_api.sounds))
$$;
COMMENT ON FUNCTION portatext.rest_sounds(jsonb, bytea) IS 'Handler: GET sounds.';

CREATE FUNCTION portatext.rest_sound(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_found((SELECT portatext.rest_sound_json(s) FROM portatext_api.sounds s WHERE s.id = r.id), concat('sound ', r.id))
FROM (SELECT portatext.rest_id(request, 'sound') OFFSET 0) r (id)
$$;
COMMENT ON FUNCTION portatext.rest_sound(jsonb, bytea) IS 'Handler: GET sounds/{id}: its name and description.';

CREATE FUNCTION portatext.rest_sound_audio(request jsonb, content bytea) RETURNS bytea
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_found((SELECT s.content FROM portatext.sound s WHERE s.sound_id = r.id), concat('sound ', r.id))
FROM (SELECT portatext.rest_id(request, 'sound') OFFSET 0) r (id)
$$;
COMMENT ON FUNCTION portatext.rest_sound_audio(jsonb, bytea) IS 'Handler: GET sounds/{id} with Accept: audio/mpeg: the file.';

CREATE FUNCTION portatext.rest_sound_create(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
#once
    SELECT jsonb_build_object('id', portatext.create_sound(portatext.rest_needs(request -> 'query', 'name'), content,
                                                           request #>> '{query,description}'))
$$;
COMMENT ON FUNCTION portatext.rest_sound_create(jsonb, bytea) IS
    'Handler: POST sounds: the body is the mp3, name and description are in the query (TEL-10).';

CREATE FUNCTION portatext.rest_sound_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.alter_sound(portatext.rest_id(request, 'sound'), request #>> '{query,name}',
        request #>> '{query,description}', content) a
$$;
COMMENT ON FUNCTION portatext.rest_sound_change(jsonb, bytea) IS 'Handler: PATCH sounds/{id} with another file.';

CREATE FUNCTION portatext.rest_sound_rename(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.alter_sound(portatext.rest_id(request, 'sound'), request #>> '{query,name}',
        request #>> '{query,description}', NULL) a
$$;
COMMENT ON FUNCTION portatext.rest_sound_rename(jsonb, bytea) IS 'Handler: PATCH sounds/{id} without a file.';

CREATE FUNCTION portatext.rest_sound_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.drop_sound(portatext.rest_id(request, 'sound')) d
$$;
COMMENT ON FUNCTION portatext.rest_sound_delete(jsonb, bytea) IS 'Handler: DELETE sounds/{id}.';
GRANT EXECUTE ON FUNCTION portatext.rest_sounds(jsonb, bytea), portatext.rest_sound(jsonb, bytea), portatext.rest_sound_audio(jsonb, bytea),
    portatext.rest_sound_create(jsonb, bytea), portatext.rest_sound_change(jsonb, bytea), portatext.rest_sound_rename(jsonb, bytea),
    portatext.rest_sound_delete(jsonb, bytea) TO portatext_account;

-- Campaigns of calls, as rest_campaign_make() makes those of messages.

CREATE FUNCTION portatext.rest_campaign_calls(body jsonb, csv bytea) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.store_telephony_campaign(
               portatext.rest_text(body, 'name'), NULLIF(b.settings -> 'flow', 'null'), NULLIF(b.settings -> 'abandon_flow', 'null'),
               portatext.rest_lists(body -> 'contact_list_ids'), convert_from(csv, 'UTF8'), portatext.api_senders(body ->> 'from'),
               portatext.rest_text(b.settings, 'outbound_trunk_id')::bigint, portatext.rest_text(b.settings, 'team'),
               NULLIF(body -> 'schedule', 'null'), NULLIF(b.settings -> 'variables', 'null'), portatext.rest_text(body, 'description'), false,
               jsonb_strip_nulls(b.settings - '{flow,abandon_flow,outbound_trunk_id,team,variables,min_iteration_time,post_call_work_duration}'::text[]
                   || jsonb_build_object('min_iteration_time', portatext.rest_text(b.settings, 'min_iteration_time')::numeric * 60,
                                         'post_call_work', portatext.rest_text(b.settings, 'post_call_work_duration')::numeric)))
        FROM (SELECT CASE WHEN portatext.rest_check(jsonb_typeof(body -> 'settings') = 'object', 400, 'settings is missing, or is not an object')
                           AND portatext.rest_check(csv IS NULL OR NOT body ? 'contact_list_ids', 400,
                                                    'the contacts are those of the file; contact_list_ids has no place beside it')
                           AND portatext.rest_check(NOT body ?| '{service_id,all_subscribers}', 400, 'service_id and all_subscribers are for campaigns of SMS')
                          THEN body -> 'settings' END OFFSET 0) b (settings);
$$;
COMMENT ON FUNCTION portatext.rest_campaign_calls(jsonb, bytea) IS
    'Internal: makes a campaign of calls as the SDKs describe it: min_iteration_time in minutes, post_call_work_duration and dial_timeout in seconds (TEL-02).';

CREATE FUNCTION portatext.rest_campaign_calls_json(campaign bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_build_object(
               'id', c.campaign_id, 'type', 'telephony', 'name', c.name, 'description', c.description,
               'status', p.state, 'reason', p.reason, 'created_at', c.created_at, 'started_at', p.started_at, 'finished_at', p.finished_at,
               'from', portatext.rest_campaign_senders(c.from_number),
               'contact_list_ids', portatext.rest_campaign_sources(c.campaign_id),
               'schedule', (SELECT s.definition FROM portatext.schedule s WHERE s.schedule_id = c.schedule_id AND s.account_id = c.account_id),
               'settings', jsonb_strip_nulls(jsonb_build_object(
                   'iterations', k.iterations, 'min_iteration_time', round(EXTRACT(epoch FROM k.min_iteration_time) / 60, 2),
                   'agents', k.agents, 'post_call_work_duration', EXTRACT(epoch FROM k.post_call_work)::int,
                   'outbound_trunk_id', k.trunk_id, 'dial_timeout', EXTRACT(epoch FROM k.dial_timeout)::int, 'flow', k.flow,
                   'team', (SELECT t.name FROM portatext.team t WHERE t.team_id = k.team_id), 'abandon_flow', k.abandon_flow,
                   'variables', c.variables)),
               'contacts', p.recipients, 'skipped', p.skipped, 'calls', p.calls, 'contacted', p.contacted, 'given_up', p.given_up,
               'left', p.targets_left, 'ringing', p.ringing, 'connected', p.connected, 'ner', p.ner, 'abandonment', p.abandonment)
        FROM portatext.campaign c JOIN portatext.call_campaign k ON k.campaign_id = c.campaign_id
        JOIN portatext.telephony_progress p ON p.campaign_id = c.campaign_id
        WHERE c.campaign_id = campaign AND c.account_id = portatext.current_account();
$$;
COMMENT ON FUNCTION portatext.rest_campaign_calls_json(bigint) IS
    'Internal: a campaign of calls of the caller''s with the counts of its newest run; null: there is none.';
GRANT EXECUTE ON FUNCTION portatext.rest_campaign_calls(jsonb, bytea), portatext.rest_campaign_calls_json(bigint) TO portatext_account;
