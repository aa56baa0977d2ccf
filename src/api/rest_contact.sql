-- room: api.  The SDKs' operations 12 to 28: contacts, their variables, contact lists.

CREATE FUNCTION portatext.rest_check(condition boolean, status int, message text) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN CASE WHEN condition THEN true ELSE portatext.rest_raise(status, message) IS NOT NULL END;
COMMENT ON FUNCTION portatext.rest_check(boolean, int, text) IS
    'Internal: true, if the condition is; else ends the request with this HTTP status and message.';

CREATE FUNCTION portatext.rest_found(value anyelement, what text) RETURNS anyelement
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN portatext.rest_check(value IS NOT NULL, 404, concat(what, ' does not exist')) THEN value END
$$;
COMMENT ON FUNCTION portatext.rest_found(anyelement, text) IS
    'Internal: the value; null ends the request with status 404: what does not exist.';

CREATE FUNCTION portatext.rest_id(request jsonb, what text) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.rest_found(CASE WHEN p.id ~ '^[0-9]{1,18}$' THEN p.id::bigint END, concat(what, ' ', p.id))
        FROM (SELECT request #>> '{path,id}') p (id);
$$;
COMMENT ON FUNCTION portatext.rest_id(jsonb, text) IS
    'Internal: the id in a request''s path. 404 when it is no number.';

CREATE FUNCTION portatext.rest_text(body jsonb, name text) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT body ->> name
        WHERE COALESCE(jsonb_typeof(body -> name) NOT IN ('object', 'array'), true)
           OR portatext.rest_check(false, 400, concat(name, ' is not a text'));
$$;
COMMENT ON FUNCTION portatext.rest_text(jsonb, text) IS
    'Internal: a member of a body as text, null if it is missing. 400 when it is an object or array.';

-- Variables go to and from contacts as [{"key", "value"}].

CREATE FUNCTION portatext.rest_pairs(variables jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(jsonb_agg(jsonb_build_object('key', e.key, 'value', e.value) ORDER BY e.key COLLATE "C"), '[]')
        FROM jsonb_each(variables) e;
$$;
COMMENT ON FUNCTION portatext.rest_pairs(jsonb) IS
    'Internal: the variables of a contact as the SDKs read them, [{"key", "value"}].';

CREATE FUNCTION portatext.rest_pairs_read(body jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(jsonb_object_agg(e.value ->> 'key', e.value -> 'value')
                    FILTER (WHERE portatext.rest_check(jsonb_typeof(e.value -> 'key') = 'string' AND e.value ? 'value', 400,
                                                       'variables have a key and a value each')), '{}')
        FROM jsonb_array_elements(
            CASE WHEN portatext.rest_check(jsonb_typeof(body -> 'variables') = 'array', 400,
                                           'variables is not a list of {"key", "value"}') THEN body -> 'variables' END) e;
$$;
COMMENT ON FUNCTION portatext.rest_pairs_read(jsonb) IS
    'Internal: the member variables of a body, [{"key", "value"}], as an object. 400 when it is something else.';

CREATE FUNCTION portatext.rest_list(list_id bigint) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.rest_found((SELECT l.name FROM portatext.contact_list l
                                 WHERE l.list_id = $1 AND l.account_id = portatext.current_account()),
                                concat('contact list ', list_id));
$$;
COMMENT ON FUNCTION portatext.rest_list(bigint) IS
    'Internal: the name of the caller''s contact list with this id: a name goes before an id where both are understood. 404 when there is none.';

CREATE FUNCTION portatext.rest_show_list(list_id bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT portatext.rest_found((SELECT jsonb_build_object('id', l.list_id, 'name', l.name, 'description', l.description,
                                                           'contacts', l.contacts, 'created_at', l.created_at)
                                 FROM portatext.contact_lists l
                                 WHERE l.list_id = $1 AND l.account_id = portatext.current_account()),
                                concat('contact list ', list_id));
$$;
COMMENT ON FUNCTION portatext.rest_show_list(bigint) IS 'Internal: a contact list of the caller''s, as it is now. 404 when there is none.';

CREATE FUNCTION portatext.rest_contact_page(list text, request jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- a page is read along the index, whatever the statistics say
    SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off
    AS $$
    SELECT portatext.rest_page('contacts', (
                SELECT jsonb_agg(jsonb_build_object('number', ltrim(p.number, '+'), 'variables', portatext.rest_pairs(p.variables))
                                 || CASE WHEN (request #>> '{query,with_contact_lists}')::boolean THEN
                                     jsonb_build_object('contact_lists', (
                                         SELECT COALESCE(jsonb_agg(jsonb_build_object('id', l.list_id, 'name', l.name) ORDER BY l.list_id), '[]')
                                         FROM portatext.contact_list l
                                         WHERE l.account_id = v.account AND l.name IS NOT NULL
                                           AND EXISTS (SELECT FROM portatext.contact o
                                                       WHERE o.version = l.version AND o.number::text = p.number)))
                                     ELSE '{}' END
                                 ORDER BY p.number)
                FROM (SELECT c.number::text AS number, c.variables FROM portatext.contact c
                      WHERE c.version = v.version AND c.account_id = v.account
                      ORDER BY c.number::text LIMIT 50 OFFSET portatext.rest_offset(request)) p),
            request, (SELECT count(*) FROM portatext.contact c WHERE c.version = v.version AND c.account_id = v.account))
        FROM (SELECT portatext.contact_version(list), portatext.current_account()) v (version, account);
$$;
COMMENT ON FUNCTION portatext.rest_contact_page(text, jsonb) IS
    'Internal: a page of the contacts of a list (null: the own contacts), with the lists that they are on if the request asks for them.';

CREATE FUNCTION portatext.rest_import(list text, csv bytea) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN i.replaced THEN jsonb_build_object('contacts', i.contacts, 'lines', i.lines, 'normalised', i.normalised,
                                                        'duplicates', i.duplicates, 'job_id', i.job_id)
                ELSE portatext.rest_import_refused(i.job_id) END
        FROM portatext.import_contacts(list, csv) i;
$$;
COMMENT ON FUNCTION portatext.rest_import(text, bytea) IS
    'Internal: replaces the contacts of a list by those of a file. A file with a bad line is an error that names it (CSV-08), and the list stays as it was.';
GRANT EXECUTE ON FUNCTION portatext.rest_found(anyelement, text), portatext.rest_check(boolean, int, text),
    portatext.rest_id(jsonb, text), portatext.rest_text(jsonb, text),
    portatext.rest_pairs(jsonb), portatext.rest_pairs_read(jsonb), portatext.rest_list(bigint), portatext.rest_show_list(bigint),
    portatext.rest_contact_page(text, jsonb), portatext.rest_import(text, bytea)
    TO portatext_account;

-- The account's own contacts.

CREATE FUNCTION portatext.rest_contacts(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_contact_page(NULL, request)
$$;
COMMENT ON FUNCTION portatext.rest_contacts(jsonb, bytea) IS
    'Handler: GET contacts: the own contacts, whose variables count for every list and every message; with_contact_lists adds the lists that each is on.';

CREATE FUNCTION portatext.rest_contacts_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT string_agg(e.line, E'\n') || E'\n' FROM portatext.export_contacts() e (line)
$$;
COMMENT ON FUNCTION portatext.rest_contacts_csv(jsonb, bytea) IS
    'Handler: GET contacts as CSV, to be imported again (CSV-09); so it has no column for the lists.';

CREATE FUNCTION portatext.rest_contacts_import(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT portatext.rest_import(NULL, content)
$$;
COMMENT ON FUNCTION portatext.rest_contacts_import(jsonb, bytea) IS
    'Handler: PUT contacts: replaces the own contacts by those of a CSV file.';

CREATE FUNCTION portatext.rest_variables(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('variables', portatext.rest_pairs(portatext.rest_found(
               portatext.contact_variables(request #>> '{path,number}'), concat('contact ', request #>> '{path,number}'))))
$$;
COMMENT ON FUNCTION portatext.rest_variables(jsonb, bytea) IS
    'Handler: GET contacts/{number}/variables: the variables of an own contact.';

CREATE FUNCTION portatext.rest_variables_set(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.set_contact(request #>> '{path,number}', portatext.rest_pairs_read(request -> 'body'))
$$;
COMMENT ON FUNCTION portatext.rest_variables_set(jsonb, bytea) IS
    'Handler: PUT contacts/{number}/variables: replaces all variables of an own contact, which is made if it is new.';

CREATE FUNCTION portatext.rest_variables_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb
        FROM portatext.rest_found(portatext.contact_variables(request #>> '{path,number}'),
                                  concat('contact ', request #>> '{path,number}')) f (variables)
        CROSS JOIN LATERAL portatext.set_contact(CASE WHEN f.variables IS NOT NULL THEN request #>> '{path,number}' END) s
$$;
COMMENT ON FUNCTION portatext.rest_variables_delete(jsonb, bytea) IS
    'Handler: DELETE contacts/{number}/variables: takes all variables of an own contact.';

CREATE FUNCTION portatext.rest_variable(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT jsonb_build_object('key', request #>> '{path,name}', 'value', portatext.rest_found(
               portatext.contact_variables(request #>> '{path,number}') -> (request #>> '{path,name}'),
               concat('variable ', request #>> '{path,name}', ' of contact ', request #>> '{path,number}')))
$$;
COMMENT ON FUNCTION portatext.rest_variable(jsonb, bytea) IS
    'Handler: GET contacts/{number}/variables/{name}: one variable of an own contact.';

CREATE FUNCTION portatext.rest_variable_set(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb
        FROM portatext.rest_check(request -> 'body' ? 'value', 400, 'value is missing') c (good)
        CROSS JOIN LATERAL portatext.set_contact_variable(CASE WHEN c.good THEN request #>> '{path,number}' END,
               request #>> '{path,name}', portatext.rest_text(request -> 'body', 'value')) s
$$;
COMMENT ON FUNCTION portatext.rest_variable_set(jsonb, bytea) IS
    'Handler: PUT contacts/{number}/variables/{name}: sets one variable of an own contact, which is made if it is new; null takes the variable away.';

CREATE FUNCTION portatext.rest_variable_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT portatext.rest_found(
               CASE WHEN portatext.remove_contact_variable(request #>> '{path,number}', request #>> '{path,name}') THEN '{}'::jsonb END,
               concat('variable ', request #>> '{path,name}', ' of contact ', request #>> '{path,number}'))
$$;
COMMENT ON FUNCTION portatext.rest_variable_delete(jsonb, bytea) IS
    'Handler: DELETE contacts/{number}/variables/{name}: takes one variable of an own contact.';

-- Contact lists.

CREATE FUNCTION portatext.rest_contact_lists(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_page('contact_lists',
        (SELECT jsonb_agg(jsonb_build_object('id', p.list_id, 'name', p.name, 'description', p.description,
                                             'created_at', p.created_at) ORDER BY p.list_id)
         FROM (SELECT l.* FROM portatext.contact_list l
               WHERE l.account_id = (SELECT portatext.current_account()) AND l.name IS NOT NULL
               ORDER BY l.list_id LIMIT CASE WHEN request -> 'query' ? 'page' THEN 50 END OFFSET portatext.rest_offset(request)) p),
        request, CASE WHEN request -> 'query' ? 'page' THEN (
                      SELECT count(*) FROM portatext.contact_list l
                      WHERE l.account_id = (SELECT portatext.current_account()) AND l.name IS NOT NULL) END)
$$;
COMMENT ON FUNCTION portatext.rest_contact_lists(jsonb, bytea) IS
    'Handler: GET contact_lists: all on one page, unless the query asks for a page, which the SDKs cannot.';

CREATE FUNCTION portatext.rest_contact_list_create(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT portatext.rest_show_list(l.id)
        FROM portatext.create_contact_list(portatext.rest_text(request -> 'body', 'name'),
                                           portatext.rest_text(request -> 'body', 'description')) l (id)
$$;
COMMENT ON FUNCTION portatext.rest_contact_list_create(jsonb, bytea) IS 'Handler: POST contact_lists: makes a contact list.';

CREATE FUNCTION portatext.rest_contact_list(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_show_list(portatext.rest_id(request, 'contact list'))
$$;
COMMENT ON FUNCTION portatext.rest_contact_list(jsonb, bytea) IS 'Handler: GET contact_lists/{id}: a contact list.';

CREATE FUNCTION portatext.rest_contact_list_change(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT portatext.rest_show_list(portatext.rest_id(request, 'contact list'))
        FROM portatext.update_contact_list(portatext.rest_list(portatext.rest_id(request, 'contact list')),
                                           portatext.rest_text(request -> 'body', 'name'),
                                           portatext.rest_text(request -> 'body', 'description')) u
$$;
COMMENT ON FUNCTION portatext.rest_contact_list_change(jsonb, bytea) IS
    'Handler: PUT contact_lists/{id}: gives a contact list another name or description; what is missing stays.';

CREATE FUNCTION portatext.rest_contact_list_delete(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb FROM portatext.delete_contact_list(portatext.rest_list(portatext.rest_id(request, 'contact list'))) d
$$;
COMMENT ON FUNCTION portatext.rest_contact_list_delete(jsonb, bytea) IS 'Handler: DELETE contact_lists/{id}: deletes a contact list.';

CREATE FUNCTION portatext.rest_list_contacts(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT portatext.rest_contact_page(portatext.rest_list(portatext.rest_id(request, 'contact list')), request)
$$;
COMMENT ON FUNCTION portatext.rest_list_contacts(jsonb, bytea) IS 'Handler: GET contact_lists/{id}/contacts: the contacts of a list.';

CREATE FUNCTION portatext.rest_list_contacts_csv(request jsonb, content bytea) RETURNS text
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right read
    SELECT string_agg(e.line, E'\n') || E'\n'
        FROM portatext.export_contacts(portatext.rest_list(portatext.rest_id(request, 'contact list'))) e (line)
$$;
COMMENT ON FUNCTION portatext.rest_list_contacts_csv(jsonb, bytea) IS 'Handler: GET contact_lists/{id}/contacts as CSV, to be imported again.';

CREATE FUNCTION portatext.rest_list_import(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT portatext.rest_import(portatext.rest_list(portatext.rest_id(request, 'contact list')), content)
$$;
COMMENT ON FUNCTION portatext.rest_list_import(jsonb, bytea) IS
    'Handler: PUT contact_lists/{id}/contacts: replaces the contacts of a list by those of a CSV file.';

CREATE FUNCTION portatext.rest_list_contact_set(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT '{}'::jsonb
        FROM portatext.rest_list(portatext.rest_id(request, 'contact list')) l (name)
        CROSS JOIN LATERAL portatext.set_contact(request #>> '{path,number}',
               CASE WHEN request -> 'body' ? 'variables' THEN portatext.rest_pairs_read(request -> 'body')
                    ELSE portatext.contact_variables(request #>> '{path,number}', l.name) END, l.name) s
$$;
COMMENT ON FUNCTION portatext.rest_list_contact_set(jsonb, bytea) IS
    'Handler: PUT contact_lists/{id}/contacts/{number}: puts a contact on a list, and replaces its variables of this list if there are some in the body.';

CREATE FUNCTION portatext.rest_list_contact_remove(request jsonb, content bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE
    AS $$
#right manage
    SELECT portatext.rest_found(
               CASE WHEN portatext.remove_contact(request #>> '{path,number}',
                             portatext.rest_list(portatext.rest_id(request, 'contact list'))) THEN '{}'::jsonb END,
               concat('contact ', request #>> '{path,number}', ' of list ', request #>> '{path,id}'))
$$;
COMMENT ON FUNCTION portatext.rest_list_contact_remove(jsonb, bytea) IS 'Handler: DELETE contact_lists/{id}/contacts/{number}: takes a contact off a list.';
GRANT EXECUTE ON FUNCTION portatext.rest_contacts(jsonb, bytea), portatext.rest_contacts_csv(jsonb, bytea),
    portatext.rest_contacts_import(jsonb, bytea), portatext.rest_variables(jsonb, bytea),
    portatext.rest_variables_set(jsonb, bytea), portatext.rest_variables_delete(jsonb, bytea),
    portatext.rest_variable(jsonb, bytea), portatext.rest_variable_set(jsonb, bytea),
    portatext.rest_variable_delete(jsonb, bytea), portatext.rest_contact_lists(jsonb, bytea),
    portatext.rest_contact_list_create(jsonb, bytea), portatext.rest_contact_list(jsonb, bytea),
    portatext.rest_contact_list_change(jsonb, bytea), portatext.rest_contact_list_delete(jsonb, bytea),
    portatext.rest_list_contacts(jsonb, bytea), portatext.rest_list_contacts_csv(jsonb, bytea),
    portatext.rest_list_import(jsonb, bytea), portatext.rest_list_contact_set(jsonb, bytea),
    portatext.rest_list_contact_remove(jsonb, bytea)
    TO portatext_account;
