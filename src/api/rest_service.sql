-- Handlers of the SDKs' paths (rest.sql): services and subscribers, numbers, jobs.

CREATE FUNCTION portatext.rest_service_json(s portatext.services) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', s.service_id, 'name', s.keyword, 'keyword', s.keyword, 'short_code', s.short_code,
        'country', s.country, 'status', s.state, 'purpose', s.purpose, 'double_opt_in', s.double_opt_in,
        'minimum_age', s.minimum_age, 'messages_per_month', s.frequency, 'tc_url', s.tc_url, 'phone', s.phone,
        'language', s.language, 'created_at', s.created_at);
COMMENT ON FUNCTION portatext.rest_service_json(portatext.services) IS 'Internal: a service as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_service_json(portatext.services) TO portatext_account;

CREATE FUNCTION portatext.rest_services(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('sms_services',
    (SELECT jsonb_agg(p.entry ORDER BY p.service_id)
     FROM (SELECT s.service_id, portatext.rest_service_json(s) AS entry FROM portatext.services s
           ORDER BY s.service_id LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext.services))
$$;
COMMENT ON FUNCTION portatext.rest_services(jsonb, bytea) IS 'Handler: GET sms_services.';

CREATE FUNCTION portatext.rest_service(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT COALESCE((SELECT portatext.rest_service_json(s) FROM portatext.services s
                 WHERE s.service_id = (request #>> '{path,id}')::bigint),
                portatext.rest_raise(404, 'there is no such service'))
$$;
COMMENT ON FUNCTION portatext.rest_service(jsonb, bytea) IS 'Handler: GET sms_services/{id}.';

CREATE FUNCTION portatext.rest_service_id(request jsonb) RETURNS bigint
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
SELECT COALESCE((SELECT s.service_id FROM portatext.service s WHERE s.service_id = (request #>> '{path,id}')::bigint),
                (portatext.rest_raise(404, 'there is no such service') #>> '{}')::bigint)
$$;
COMMENT ON FUNCTION portatext.rest_service_id(jsonb) IS 'Internal: the service in the path; 404 when the account has none of this id.';

CREATE FUNCTION portatext.rest_subscribers(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('subscribers',
    (SELECT jsonb_agg(jsonb_build_object('number', portatext.digits(p.number), 'status', p.state, 'since', p.since) ORDER BY p.number)
     FROM (SELECT x.number::text, x.state, x.since FROM portatext.subscriber x
           WHERE x.service_id = i.id AND x.state IN ('active', 'paused')
           ORDER BY x.number LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext.subscriber x WHERE x.service_id = i.id AND x.state IN ('active', 'paused')))
FROM portatext.rest_service_id(request) i (id)
$$;
COMMENT ON FUNCTION portatext.rest_subscribers(jsonb, bytea) IS
    'Handler: GET sms_services/{id}/subscribers: who has not left.';

CREATE FUNCTION portatext.rest_subscribers_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT E'number,status,since\n' || COALESCE(
    (SELECT string_agg(portatext.digits(x.number) || ',' || x.state || ',' || (to_jsonb(x.since) #>> '{}') || E'\n', '' ORDER BY x.number)
     FROM portatext.subscriber x WHERE x.service_id = i.id AND x.state IN ('active', 'paused')), '')
FROM portatext.rest_service_id(request) i (id)
$$;
COMMENT ON FUNCTION portatext.rest_subscribers_csv(jsonb, bytea) IS 'Handler: GET sms_services/{id}/subscribers as CSV.';
GRANT EXECUTE ON FUNCTION portatext.rest_services(jsonb, bytea), portatext.rest_service(jsonb, bytea),
    portatext.rest_service_id(jsonb), portatext.rest_subscribers(jsonb, bytea),
    portatext.rest_subscribers_csv(jsonb, bytea) TO portatext_account;

CREATE FUNCTION portatext.rest_did_json(d portatext.did) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('number', portatext.digits(d.number), 'cnam_enabled', d.cnam_enabled,
        'stop_words_enabled', d.stop_detection, 'autoresponder_enabled', d.auto_reply IS NOT NULL,
        'autoresponder_text', d.auto_reply);
COMMENT ON FUNCTION portatext.rest_did_json(portatext.did) IS 'Internal: a number of an account as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_did_json(portatext.did) TO portatext_account;

CREATE FUNCTION portatext.rest_dids(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('dids',
    (SELECT jsonb_agg(p.entry ORDER BY p.did_id)
     FROM (SELECT d.did_id, portatext.rest_did_json(d) AS entry FROM portatext.did d
           ORDER BY d.did_id LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext.did))
$$;
COMMENT ON FUNCTION portatext.rest_dids(jsonb, bytea) IS 'Handler: GET dids.';

CREATE FUNCTION portatext.rest_did(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
SELECT COALESCE((SELECT portatext.rest_did_json(d) FROM portatext.did d
                 WHERE d.number::text = portatext.to_address(request #>> '{path,number}')::text),
                portatext.rest_raise(404, 'there is no such number'))
$$;
COMMENT ON FUNCTION portatext.rest_did(jsonb, bytea) IS 'Handler: GET dids/{number}.';

CREATE FUNCTION portatext.rest_did_settings(body jsonb, reply text) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
SELECT jsonb_strip_nulls(jsonb_build_object('cnam_enabled', body -> 'cnam_enabled', 'stop_detection', body -> 'stop_words_enabled'))
    || CASE WHEN (body ->> 'autoresponder_enabled')::boolean IS FALSE THEN '{"auto_reply": null}'
            WHEN COALESCE(body ->> 'autoresponder_text', reply) IS NOT NULL
                THEN jsonb_build_object('auto_reply', COALESCE(body ->> 'autoresponder_text', reply))
            WHEN (body ->> 'autoresponder_enabled')::boolean THEN portatext.rest_raise(400, 'autoresponder_text is missing')
            ELSE '{}' END
$$;
COMMENT ON FUNCTION portatext.rest_did_settings(jsonb, text) IS
    'Internal: the fields of PATCH dids/{number} as did_settings() takes them; reply: the automatic answer until now.';

CREATE FUNCTION portatext.rest_did_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
WITH d AS MATERIALIZED (
    SELECT x.number, x.auto_reply FROM portatext.did x
    WHERE x.number::text = portatext.to_address(request #>> '{path,number}')::text
), changed AS MATERIALIZED (
    SELECT portatext.did_settings(d.number, portatext.rest_did_settings(request -> 'body', d.auto_reply)) FROM d
)
SELECT CASE WHEN (SELECT count(*) FROM changed) = 0 THEN portatext.rest_raise(404, 'there is no such number')
            ELSE portatext.rest_did(request, content) END
$$;
COMMENT ON FUNCTION portatext.rest_did_change(jsonb, bytea) IS 'Handler: PATCH dids/{number}.';
GRANT EXECUTE ON FUNCTION portatext.rest_dids(jsonb, bytea), portatext.rest_did(jsonb, bytea),
    portatext.rest_did_settings(jsonb, text), portatext.rest_did_change(jsonb, bytea) TO portatext_account;

CREATE FUNCTION portatext.rest_job_json(j portatext.job) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', j.job_id, 'type', j.kind, 'status', j.state, 'total', j.total, 'done', j.done,
        'errors', j.errors, 'result', j.result, 'error', j.error, 'created_at', j.created_at,
        'started_at', j.started_at, 'finished_at', j.finished_at);
COMMENT ON FUNCTION portatext.rest_job_json(portatext.job) IS 'Internal: a job as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_job_json(portatext.job) TO portatext_account;

CREATE FUNCTION portatext.rest_jobs(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT portatext.rest_page('jobs',
    (SELECT jsonb_agg(p.entry ORDER BY p.job_id DESC)
     FROM (SELECT j.job_id, portatext.rest_job_json(j) AS entry FROM portatext.job j
           ORDER BY j.job_id DESC LIMIT 50 OFFSET portatext.rest_offset(request)) p),
    request, (SELECT count(*) FROM portatext.job))
$$;
COMMENT ON FUNCTION portatext.rest_jobs(jsonb, bytea) IS 'Handler: GET jobs, the newest first.';

CREATE FUNCTION portatext.rest_job(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT COALESCE((SELECT portatext.rest_job_json(j) FROM portatext.job j WHERE j.job_id = (request #>> '{path,id}')::bigint),
                portatext.rest_raise(404, 'there is no such job'))
$$;
COMMENT ON FUNCTION portatext.rest_job(jsonb, bytea) IS 'Handler: GET jobs/{id}.';

CREATE FUNCTION portatext.rest_job_cancel(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT CASE WHEN portatext.cancel_job((request #>> '{path,id}')::bigint) THEN '{}'
            ELSE portatext.rest_raise(400, 'the job has ended') END
$$;
COMMENT ON FUNCTION portatext.rest_job_cancel(jsonb, bytea) IS 'Handler: DELETE jobs/{id}.';
GRANT EXECUTE ON FUNCTION portatext.rest_jobs(jsonb, bytea), portatext.rest_job(jsonb, bytea),
    portatext.rest_job_cancel(jsonb, bytea) TO portatext_account;
