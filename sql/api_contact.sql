-- The API as a tenant: contacts, lists, CSV in and out, templates (CSV-01 to CSV-09, CAMP-02, TPL-01, GEN-08).
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
SELECT current_setting('shared_preload_libraries') ~ 'portatext' AS preloaded \gset
\if :preloaded
SELECT portatext.stop_workers() AS stopped \gset
\endif

CREATE ROLE regress_ac_red LOGIN;
CREATE ROLE regress_ac_blue LOGIN;
SELECT portatext.create_account('red') AS red, portatext.create_account('blue') AS blue \gset
SELECT portatext.grant_account('regress_ac_red', :red), portatext.grant_account('regress_ac_blue', :blue);
-- What a client would get: the status and the message.
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hinted text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hinted = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, NULLIF(hinted, ''));
END $$;

SET SESSION AUTHORIZATION regress_ac_red;

-- Lists.
SELECT portatext_api.create_contact_list('vip', 'good customers') ->> 'id' AS vip \gset
SELECT portatext_api.create_contact_list('other') - 'id';
SELECT name, description, contacts, query, created_at = changed_at FROM portatext_api.contact_lists ORDER BY id;
SELECT portatext_api.update_contact_list('other', 'rest', 'the others');
SELECT portatext_api.update_contact_list(:'vip', description => 'the best');
SELECT name, description FROM portatext_api.contact_lists ORDER BY id;
SELECT pg_temp.refused(s) FROM unnest(ARRAY[
    $$SELECT portatext_api.create_contact_list('vip')$$,
    $$SELECT portatext_api.create_contact_list('')$$,
    $$SELECT portatext_api.update_contact_list('nowhere', 'x')$$,
    $$SELECT portatext_api.update_contact_list('rest', 'vip')$$,
    $$SELECT portatext_api.delete_contact_list('nowhere')$$,
    $$SELECT portatext_api.set_contact('13055550101', NULL, 'nowhere')$$,
    $$SELECT portatext_api.set_contact('12')$$,
    $$SELECT portatext_api.set_contact('13055550101', '{"a": [1]}')$$]) s;

-- Reading begins nothing: there are no own contacts yet, and a GET is read only.
BEGIN READ ONLY;
SELECT portatext_api.export_contacts();
SELECT pg_temp.refused($$SELECT portatext_api.contact_variables('13055550101')$$);
COMMIT;
SELECT count(*) FROM portatext_api.contacts;

-- Contacts and their variables.
SELECT portatext_api.set_contact('13055550101', '{"name": "Ann", "n": 1}');
SELECT portatext_api.set_contact('+1 305 555 0102', list => 'vip');
SELECT portatext_api.set_contact_variable('13055550101', 'city', 'Reus');
SELECT portatext_api.set_contact_variable('13055550101', 'n');
SELECT portatext_api.set_contact_variable('13055550103', 'name', 'Bob', :'vip');
BEGIN READ ONLY;
SELECT portatext_api.contact_variables('13055550101');
SELECT portatext_api.contact_variables('13055550102', 'vip');
SELECT pg_temp.refused($$SELECT portatext_api.contact_variables('13055550101', 'vip')$$);
SELECT pg_temp.refused($$SELECT portatext_api.contact_variables('13055550109')$$);
COMMIT;
SELECT list, number, variables FROM portatext_api.contacts ORDER BY list, number;
SELECT list, number FROM portatext_api.contacts WHERE list_id = :vip AND number > '13055550102' ORDER BY number LIMIT 5;
SELECT portatext_api.contacts_page('vip', page_size => 1);
SELECT portatext_api.contacts_page('vip', '13055550102');
SELECT portatext_api.contacts_page('vip', '13055550103'), portatext_api.contacts_page();
SELECT pg_temp.refused($$SELECT portatext_api.contacts_page('nowhere')$$);
SELECT pg_temp.refused($$SELECT portatext_api.contacts_page('vip', 'x')$$);
SELECT pg_temp.refused($$SELECT portatext_api.contacts_page('vip', page_size => -1)$$);
SELECT portatext_api.remove_contact('13055550103', 'vip'), portatext_api.remove_contact('13055550103', 'vip');

-- CSV-01, CSV-04, CSV-05: the file replaces the list; CSV-08: the last line of a number counts
SELECT portatext_api.import_contacts(E'number,first_name,last_name\n12223334444,John,Doe\r\n13334445555,Albert,"Becken, ""bauer"""\n+1 (222) 333-4444,Jo,Do\n', 'vip') - 'job_id';
BEGIN READ ONLY;
-- CSV-09: what is exported can be imported
SELECT portatext_api.export_contacts('vip');
COMMIT;
SELECT portatext_api.import_contacts(portatext_api.export_contacts('vip'), 'rest') - 'job_id';
SELECT portatext_api.export_contacts('vip') = portatext_api.export_contacts('rest');
-- CSV-06, CSV-08: a refused file changes nothing and says why, line by line; the status is 422 then
SELECT portatext_api.import_contacts(E'number,a\n12,x\n13055550101,x,y\n13055550102,x\n', 'vip') AS answer \gset
SELECT jsonb_pretty(:'answer'::jsonb - 'job_id');
SELECT line, kind, given, number, problem FROM portatext_api.import_problems WHERE job_id = (:'answer'::jsonb ->> 'job_id')::bigint ORDER BY line;
SELECT count(*) FROM portatext_api.contacts WHERE list = 'vip';
SELECT portatext_api.import_contacts(E'number,a\n12,x\n13055550101,y\n', 'vip', skip_bad => true) - 'job_id';
SELECT portatext_api.import_contacts(E'number\n977 123 456\n', 'rest', region => 'ES') - 'job_id';
SELECT number FROM portatext_api.contacts WHERE list = 'rest';
SELECT kind, given, number FROM portatext_api.import_problems ORDER BY job_id DESC LIMIT 1;
SELECT pg_temp.refused(s) FROM unnest(ARRAY[
    $$SELECT portatext_api.import_contacts(E'number\n', 'nowhere')$$,
    $$SELECT portatext_api.import_contacts(NULL, 'vip')$$,
    $$SELECT portatext_api.import_contacts(E'number\n', 'vip', region => 'ZZZ')$$]) s;

-- The file as the body: what is to be said beside it comes in headers.
BEGIN;
SET LOCAL request.method = 'POST';
SET LOCAL request.headers = '{"x-list": "vip", "x-skip-bad": "true", "content-type": "text/plain"}';
SELECT portatext_api.import_contacts_csv(E'number,a\n12,x\n13055550105,y\n') - 'job_id';
SELECT current_setting('response.status', true);
SET LOCAL request.headers = '{"x-list": "vip"}';
SELECT portatext_api.import_contacts_csv(E'number,a\n12,x\n') ->> 'code', current_setting('response.status', true);
SELECT pg_temp.refused($$SELECT portatext_api.import_contacts_csv(NULL)$$);
SET LOCAL request.headers = '{"x-list": "vip", "x-skip-bad": "perhaps"}';
SELECT pg_temp.refused($$SELECT portatext_api.import_contacts_csv(E'number\n')$$);
COMMIT;
SELECT portatext_api.import_contacts_csv(E'number,name\n13055550101,Ann\n') - 'job_id';
SELECT list, number, variables FROM portatext_api.contacts ORDER BY list, number;

-- A file in pieces.
SELECT portatext_api.start_import('vip') ->> 'job_id' AS job \gset
BEGIN;
SELECT set_config('request.headers', format('{"x-job-id": "%s"}', :job), true) IS NOT NULL;
SELECT portatext_api.upload_contacts(convert_to(E'number,a\n1305', 'UTF8'));
SELECT portatext_api.upload_contacts(convert_to(E'5550107,\u00e9\n', 'UTF8'));
COMMIT;
SELECT kind, state, total, done, percent FROM portatext_api.jobs WHERE id = :job;
SELECT (portatext_api.finish_import(:job) ->> 'job_id')::bigint = :job;
CALL portatext.run_job(:job);
SELECT kind, state, percent, result - 'list_id' FROM portatext_api.jobs WHERE id = :job;
SELECT number, variables FROM portatext_api.contacts WHERE list = 'vip';
SELECT replace(pg_temp.refused(format('SELECT portatext_api.finish_import(%s)', :job)), ' ' || :job || ' ', ' N ');
SELECT pg_temp.refused($$SELECT portatext_api.finish_import(999999)$$);
BEGIN;
SET LOCAL request.headers = '{"x-job-id": "seven"}';
SELECT pg_temp.refused($$SELECT portatext_api.upload_contacts('x')$$);
SET LOCAL request.headers = '{"x-job-id": "999999"}';
SELECT pg_temp.refused($$SELECT portatext_api.upload_contacts('x')$$);
COMMIT;

-- Templates.
SELECT portatext_api.create_template('hello', 'Hello {{name}} of {{city}}', 'a greeting') ->> 'id' AS hello \gset
SELECT portatext_api.create_template('bye', 'Good bye') - 'id';
SELECT portatext_api.update_template(:'hello', text => 'Hi {{name}}');
SELECT portatext_api.update_template('bye', 'farewell', description => 'the end');
SELECT name, description, text, variables FROM portatext_api.templates ORDER BY id;
SELECT pg_temp.refused(s) FROM unnest(ARRAY[
    $$SELECT portatext_api.create_template('hello', 'x')$$,
    $$SELECT portatext_api.create_template('', 'x')$$,
    $$SELECT portatext_api.create_template('x', 'Hello {{name')$$,
    $$SELECT portatext_api.update_template('nowhere', 'x')$$,
    $$SELECT portatext_api.update_template('hello', 'farewell')$$,
    $$SELECT portatext_api.delete_template('nowhere')$$]) s;
SELECT portatext_api.delete_template('farewell');
SELECT name FROM portatext_api.templates;

-- GEN-11: another tenant sees and reaches none of it.
SET SESSION AUTHORIZATION regress_ac_blue;
SELECT (SELECT count(*) FROM portatext_api.contact_lists), (SELECT count(*) FROM portatext_api.contacts),
    (SELECT count(*) FROM portatext_api.import_problems), (SELECT count(*) FROM portatext_api.templates), (SELECT count(*) FROM portatext_api.jobs);
SELECT pg_temp.refused(format(s, :vip, :hello, :job)) FROM unnest(ARRAY[
    $$SELECT portatext_api.export_contacts('%1$s')$$,
    $$SELECT portatext_api.delete_contact_list('vip')$$,
    $$SELECT portatext_api.update_template('hello', 'x')$$,
    $$SELECT portatext_api.remove_contact('13055550107', '%1$s')$$,
    $$SELECT portatext_api.delete_template('%2$s')$$]) s;
SELECT pg_temp.refused(format('SELECT portatext_api.cancel_job(%s)', :job)) = format('PT404 | job %s does not exist', :job);
-- Views are read only.
SELECT v, p FROM unnest('{contact_lists,contacts,import_problems,templates}'::text[]) v, unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) p
    WHERE has_table_privilege('portatext_api.' || v, p);
SET SESSION AUTHORIZATION regress_ac_red;
SELECT portatext_api.delete_contact_list('vip');
SELECT name FROM portatext_api.contact_lists;

RESET SESSION AUTHORIZATION;
DROP EXTENSION portatext CASCADE;
CREATE EXTENSION portatext;
DROP ROLE regress_ac_red, regress_ac_blue;
