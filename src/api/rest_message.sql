-- Handlers of the SDKs' paths (rest.sql): messages, their preview, templates, blacklist.

CREATE FUNCTION portatext.rest_gsm_charset(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE
    AS $$
#right read
SELECT jsonb_build_object('gsm_charset', jsonb_agg(to_jsonb(g))) FROM portatext.gsm_charset() g
$$;
COMMENT ON FUNCTION portatext.rest_gsm_charset(jsonb, bytea) IS 'Handler: GET gsm_charset.';
GRANT EXECUTE ON FUNCTION portatext.rest_gsm_charset(jsonb, bytea) TO portatext_account;

CREATE FUNCTION portatext.rest_template_json(t portatext.template) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('id', t.template_id, 'name', t.name, 'description', t.description, 'text', t.body);
COMMENT ON FUNCTION portatext.rest_template_json(portatext.template) IS 'Internal: a template as the SDKs get it.';
GRANT EXECUTE ON FUNCTION portatext.rest_template_json(portatext.template) TO portatext_account;

CREATE FUNCTION portatext.rest_template_name(request jsonb) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE((SELECT t.name FROM portatext.template t
                     WHERE t.account_id = portatext.current_account() AND t.template_id = (request #>> '{path,id}')::bigint),
                    portatext.rest_raise(404, 'there is no such template') #>> '{}');
$$;
COMMENT ON FUNCTION portatext.rest_template_name(jsonb) IS
    'Internal: the name of the template in the path, for functions that go by names first; 404 when there is none.';
GRANT EXECUTE ON FUNCTION portatext.rest_template_name(jsonb) TO portatext_account;

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
FROM portatext.update_template(portatext.rest_template_name(request),
    request #>> '{body,name}', request #>> '{body,text}', request #>> '{body,description}')
$$;
COMMENT ON FUNCTION portatext.rest_template_change(jsonb, bytea) IS 'Handler: PUT templates/{id}.';

CREATE FUNCTION portatext.rest_template_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
SELECT '{}'::jsonb FROM portatext.delete_template(portatext.rest_template_name(request))
$$;
COMMENT ON FUNCTION portatext.rest_template_delete(jsonb, bytea) IS 'Handler: DELETE templates/{id}.';
GRANT EXECUTE ON FUNCTION portatext.rest_templates(jsonb, bytea), portatext.rest_template(jsonb, bytea),
    portatext.rest_template_create(jsonb, bytea), portatext.rest_template_change(jsonb, bytea),
    portatext.rest_template_delete(jsonb, bytea) TO portatext_account;
