-- SDK operations 12 to 28: contacts, their variables, contact lists (API-01, CSV-05 to CSV-09).
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

CREATE ROLE regress_rest_red LOGIN;
CREATE ROLE regress_rest_blue LOGIN;
SELECT portatext.create_account('rest contact, red') AS red, portatext.create_account('rest contact, blue') AS blue \gset
SELECT portatext.grant_account('regress_rest_red', :red), portatext.grant_account('regress_rest_blue', :blue);

SET SESSION AUTHORIZATION regress_rest_red;

-- 13, 12: the own contacts; a bad file is refused with its lines, and the old contacts stay
SELECT portatext.rest_contacts('{"page": 1}', NULL);
SELECT portatext.rest_contacts_import('{}', E'number,first_name,last_name\r\n12223334444,John,Doe\r\n13334445555,Albert,"Becken, bauer"\r\n') - 'job_id';
SELECT portatext.rest_contacts_import('{}', E'number,first_name\n12223334444,Jim\nabc,x\n17,y\n');
SELECT portatext.rest_contacts_import('{}', E'first_name,number\nJim,12223334444\n');
SELECT portatext.rest_contacts_import('{}', '');
SELECT portatext.rest_contacts('{"page": 1}', NULL);
SELECT portatext.rest_contacts('{"page": 2}', NULL);
SELECT portatext.rest_contacts_csv('{}', NULL);

-- 14 to 19: variables are a list of pairs
SELECT portatext.rest_variables('{"path": {"number": "12223334444"}}', NULL);
SELECT portatext.rest_variables('{"path": {"number": "+12223334444"}}', NULL);
SELECT portatext.rest_variables('{"path": {"number": "19998887777"}}', NULL);
SELECT portatext.rest_variables('{"path": {"number": "none"}}', NULL);
SELECT portatext.rest_variables_set('{"path": {"number": "12223334444"}, "body": {"variables": [{"key": "first_name", "value": "Johnny"}, {"key": "points", "value": 40}, {"key": "gone", "value": null}]}}', NULL);
SELECT portatext.rest_variables('{"path": {"number": "12223334444"}}', NULL);
SELECT portatext.rest_variables_set('{"path": {"number": "12223334444"}, "body": {"variables": {"first_name": "Jim"}}}', NULL);
SELECT portatext.rest_variables_set('{"path": {"number": "12223334444"}, "body": {"variables": [{"key": "first_name"}]}}', NULL);
SELECT portatext.rest_variables_set('{"path": {"number": "12223334444"}, "body": {"variables": [{"value": "x"}]}}', NULL);
SELECT portatext.rest_variables_set('{"path": {"number": "12223334444"}, "body": {"variables": ["x"]}}', NULL);
SELECT portatext.rest_variables_set('{"path": {"number": "12223334444"}, "body": {"variables": [{"key": "a", "value": {"b": 1}}]}}', NULL);
SELECT portatext.rest_variables_set('{"path": {"number": "12223334444"}, "body": {}}', NULL);
SELECT portatext.rest_variable('{"path": {"number": "12223334444", "name": "points"}}', NULL);
SELECT portatext.rest_variable('{"path": {"number": "12223334444", "name": "nothing"}}', NULL);
SELECT portatext.rest_variable('{"path": {"number": "19998887777", "name": "points"}}', NULL);
SELECT portatext.rest_variable_set('{"path": {"number": "12223334444", "name": "points"}, "body": {"value": "41"}}', NULL);
SELECT portatext.rest_variable('{"path": {"number": "12223334444", "name": "points"}}', NULL);
SELECT portatext.rest_variable_set('{"path": {"number": "12223334444", "name": "points"}, "body": {}}', NULL);
SELECT portatext.rest_variable_set('{"path": {"number": "12223334444", "name": "points"}, "body": {"value": [1]}}', NULL);
SELECT portatext.rest_variable_set('{"path": {"number": "12223334444", "name": "{points}"}, "body": {"value": "1"}}', NULL);
SELECT portatext.rest_variable_delete('{"path": {"number": "12223334444", "name": "points"}}', NULL);
SELECT portatext.rest_variable_delete('{"path": {"number": "12223334444", "name": "points"}}', NULL);
SELECT portatext.rest_variables_delete('{"path": {"number": "12223334444"}}', NULL);
SELECT portatext.rest_variables_delete('{"path": {"number": "19998887777"}}', NULL);
SELECT number, variables FROM portatext.contacts_of();

-- 20 to 24: contact lists; an id in the path is never a name
SELECT portatext.rest_contact_list_create('{"body": {"name": "vip", "description": "best ones"}}', NULL) ->> 'id' AS vip \gset
SELECT portatext.rest_contact_list_create(jsonb_build_object('body', jsonb_build_object('name', :'vip')), NULL) ->> 'id' AS named \gset
SELECT portatext.rest_contact_list_create('{"body": {"name": "vip"}}', NULL);
SELECT portatext.rest_contact_list_create('{"body": {}}', NULL);
SELECT portatext.rest_contact_list_create('{"body": {"name": ["x"]}}', NULL);
SELECT jsonb_build_object('page', 1, 'path', jsonb_build_object('id', :'vip')) AS path \gset
SELECT portatext.rest_contact_list(:'path', NULL) - '{id,created_at}'::text[];
SELECT portatext.rest_contact_list_change(:'path'::jsonb || '{"body": {"name": "VIP"}}', NULL) - '{id,created_at}'::text[];
SELECT portatext.rest_contact_list_change(:'path'::jsonb || '{"body": {"description": "the best"}}', NULL) - '{id,created_at}'::text[];
SELECT portatext.rest_contact_list_change('{"path": {"id": "0"}, "body": {"description": "the best"}}', NULL);
SELECT portatext.rest_contact_list('{"path": {"id": "VIP"}}', NULL);
SELECT portatext.rest_contact_list('{"path": {"id": "99999999999999999999"}}', NULL);
SELECT l ->> 'id' = :'vip', l ->> 'description'
    FROM jsonb_array_elements(portatext.rest_contact_lists('{"page": 1}', NULL) -> 'contact_lists') l;
SELECT a ->> 'page', a ->> 'total_pages', jsonb_array_length(a -> 'contact_lists')
    FROM portatext.rest_contact_lists('{"page": 2, "query": {"page": "2"}}', NULL) a;

-- 25 to 28
SELECT portatext.rest_list_import(:'path', E'number,points\n12223334444,1\n') - 'job_id';
SELECT portatext.rest_list_import(:'path', E'number,points\n1222333444411111111,1\n');
SELECT portatext.rest_list_import('{"path": {"id": "0"}}', E'number,points\n12223334444,1\n');
SELECT portatext.rest_list_contact_set(:'path'::jsonb || '{"path": {"id": "0", "number": "14445556666"}}', NULL);
SELECT jsonb_set(:'path', '{path,number}', '"14445556666"') AS contact \gset
SELECT portatext.rest_list_contact_set(:'contact'::jsonb || '{"body": {}}', NULL);
SELECT portatext.rest_list_contact_set(:'contact'::jsonb || '{"body": {"variables": [{"key": "points", "value": "7"}]}}', NULL);
SELECT portatext.rest_list_contact_set(:'contact'::jsonb || '{"body": {}}', NULL);
SELECT portatext.rest_list_contacts(:'path', NULL);
SELECT portatext.rest_list_contacts_csv(:'path', NULL);
SELECT portatext.count_contacts(:'named');
SELECT number, variables FROM portatext.contacts_of('VIP');
SELECT jsonb_path_query(portatext.rest_contacts('{"page": 1, "query": {"with_contact_lists": "true"}}', NULL), '$.contacts[*].contact_lists[*].name');
SELECT portatext.rest_contacts('{"page": 1, "query": {"with_contact_lists": "perhaps"}}', NULL);
SELECT portatext.rest_list_contact_remove(:'contact', NULL);
SELECT portatext.rest_list_contact_remove(jsonb_set(:'contact', '{path,id}', '"0"'), NULL);
\set VERBOSITY sqlstate
SELECT portatext.rest_list_contact_remove(:'contact', NULL);
\set VERBOSITY default

-- pages of 50
SELECT portatext.rest_list_import(:'path', convert_to((SELECT string_agg(l, E'\n') FROM (
    SELECT 'number' UNION ALL SELECT (12025550000 + i)::text FROM generate_series(1, 101) i) x (l)), 'UTF8')) - 'job_id';
SELECT p, a ->> 'page', a ->> 'total_pages', jsonb_array_length(a -> 'contacts'), a #>> '{contacts,0,number}'
    FROM generate_series(1, 4) p, portatext.rest_list_contacts(:'path'::jsonb || jsonb_build_object('page', p), NULL) a ORDER BY p;
SELECT length(portatext.rest_list_contacts_csv(:'path', NULL));

-- nobody sees or changes another's
SET SESSION AUTHORIZATION regress_rest_blue;
SELECT portatext.rest_contacts('{"page": 1}', NULL), portatext.rest_contact_lists('{"page": 1}', NULL);
\set VERBOSITY sqlstate
SELECT portatext.rest_contact_list(:'path', NULL);
SELECT portatext.rest_contact_list_change(:'path'::jsonb || '{"body": {"name": "mine"}}', NULL);
SELECT portatext.rest_contact_list_delete(:'path', NULL);
SELECT portatext.rest_list_contacts(:'path', NULL);
SELECT portatext.rest_list_contacts_csv(:'path', NULL);
SELECT portatext.rest_list_import(:'path', E'number\n12223334444\n');
SELECT portatext.rest_list_contact_set(:'contact'::jsonb || '{"body": {}}', NULL);
SELECT portatext.rest_list_contact_remove(:'contact', NULL);
\set VERBOSITY default

SET SESSION AUTHORIZATION regress_rest_red;
SELECT portatext.rest_contact_list_delete(:'path', NULL);
SELECT portatext.rest_contact_lists('{"page": 1}', NULL) #>> '{contact_lists,0,name}' = :'vip';
RESET SESSION AUTHORIZATION;
DELETE FROM portatext.job WHERE account_id IN (:red, :blue);
DELETE FROM portatext.contact WHERE account_id IN (:red, :blue);
DELETE FROM portatext.contact_list WHERE account_id IN (:red, :blue);
DROP ROLE regress_rest_red, regress_rest_blue;
DELETE FROM portatext.account_role WHERE account_id IN (:red, :blue);
