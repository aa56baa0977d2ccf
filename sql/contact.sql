-- Contact lists, stored variables and lists that are queries (CAMP-02, TPL-02).
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

CREATE ROLE regress_con_red LOGIN;
CREATE ROLE regress_con_red2 LOGIN;
CREATE ROLE regress_con_blue LOGIN;
CREATE ROLE regress_con_op LOGIN IN ROLE portatext_operator;
SELECT portatext.create_account('contact, red') AS red, portatext.create_account('contact, blue') AS blue \gset
SELECT portatext.grant_account('regress_con_red', :red), portatext.grant_account('regress_con_red2', :red), portatext.grant_account('regress_con_blue', :blue);

SET SESSION AUTHORIZATION regress_con_red;
SELECT portatext.create_contact_list('vip', 'best ones') > 0;
SELECT portatext.create_contact_list('vip');
SELECT portatext.create_contact_list('');
SELECT portatext.create_contact_list(NULL);
SELECT portatext.set_contact('1 (222) 333-4444', '{"first_name": "John", "age": 40, "gone": null}', 'vip');
SELECT portatext.set_contact('+13334445555', list => 'vip');
SELECT portatext.set_contact('+13334445555', '{}', 'vip');
SELECT portatext.set_contact('12', NULL, 'vip');
SELECT portatext.set_contact('+13334445555', '[]', 'vip');
SELECT portatext.set_contact('+13334445555', '{"a": {"b": 1}}', 'vip');
SELECT portatext.set_contact('+13334445555', '{"{a}": 1}', 'vip');
SELECT portatext.set_contact('+13334445555', '{}', 'nobody');
SELECT number, variables FROM portatext.contacts_of('vip');
SELECT number, variables FROM portatext.contacts_of('vip', '12223334444', 1);
SELECT name, description, query, contacts FROM portatext.contact_lists;
SELECT portatext.count_contacts('vip');
-- by id; a name goes before an id
SELECT list_id AS vip FROM portatext.contact_lists WHERE name = 'vip' \gset
SELECT portatext.count_contacts(:'vip');
SELECT portatext.create_contact_list(:'vip') > 0;
SELECT portatext.count_contacts(:'vip');
SELECT portatext.delete_contact_list(:'vip');
SELECT portatext.count_contacts(:'vip');
SELECT portatext.update_contact_list('vip', 'gold');
SELECT portatext.update_contact_list('gold', description => 'the best');
SELECT portatext.update_contact_list('gold', '');
SELECT portatext.create_contact_list('silver') > 0;
SELECT portatext.update_contact_list('gold', 'silver');
SELECT name, description FROM portatext.contact_lists ORDER BY 1;
SELECT portatext.remove_contact('+13334445555', 'gold'), portatext.remove_contact('+13334445555', 'gold');

-- TPL-02: variables stored for a number, of the own contacts
SELECT portatext.contact_variables('+12223334444');
SELECT portatext.set_contact_variable('+12223334444', 'first_name', 'Ana');
SELECT portatext.set_contact_variable('+12223334444', 'city', 'Reus');
SELECT portatext.set_contact_variable('+12223334444', ' ', 'Reus');
SELECT portatext.contact_variables('+12223334444');
SELECT portatext.remove_contact_variable('+12223334444', 'city'), portatext.remove_contact_variable('+12223334444', 'city');
SELECT portatext.set_contact_variable('+12223334444', 'first_name', NULL);
SELECT portatext.contact_variables('+12223334444');
SELECT portatext.contact_variables('+12223334444', 'gold');
SELECT list, number, variables FROM portatext.contacts ORDER BY 1;

-- Lists that are queries.
RESET SESSION AUTHORIZATION;
CREATE SCHEMA regress_con;
GRANT USAGE, CREATE ON SCHEMA regress_con TO regress_con_red, regress_con_op;
SET SESSION AUTHORIZATION regress_con_red;
SET search_path = regress_con;
CREATE TABLE customer (phone text, name text, age int, vip boolean, seen date);
INSERT INTO customer VALUES ('12223334444', 'John', 40, true, '2020-02-02'), ('+1 333 444 5555', 'Al', NULL, false, NULL),
    ('12', 'Short', 1, false, NULL), (NULL, 'None', 1, false, NULL), ('+12223334444', 'Johnny', 41, true, NULL);
SELECT portatext.create_query_list('all', 'SELECT phone AS number, name AS first_name, age, vip, seen FROM customer ORDER BY ctid', 'everybody') > 0;
SELECT query, query_owner, contacts FROM portatext.contact_lists WHERE name = 'all';
SELECT * FROM portatext.query_list_contacts('all');
SELECT * FROM portatext.query_list_contacts('gold');
SELECT portatext.set_contact('+13334445555', list => 'all');
-- refused when created
SELECT portatext.create_query_list('all', 'SELECT phone AS number FROM customer');
SELECT portatext.create_query_list('', 'SELECT phone AS number FROM customer');
SELECT portatext.create_query_list('x', NULL);
SELECT portatext.create_query_list('x', 'SELECT phone FROM customer');
SELECT portatext.create_query_list('x', 'SELECT phone AS number FROM customer; SELECT 1');
SELECT portatext.create_query_list('x', 'DELETE FROM customer RETURNING phone AS number');
SELECT portatext.create_query_list('x', 'WITH d AS (DELETE FROM customer RETURNING phone AS number) SELECT * FROM d');
SELECT portatext.create_query_list('x', 'SELECT phone AS number INTO y FROM customer');
SELECT portatext.create_query_list('x', 'COPY customer TO STDOUT');
SELECT portatext.create_query_list('x', 'SELECT phone AS number FROM customer FOR UPDATE');
SELECT portatext.create_query_list('x', 'SELECT phone AS number FROM customer WHERE name = $1');
SELECT portatext.create_query_list('x', 'SELECT phone AS number, name, age AS name FROM customer');
SELECT portatext.create_query_list('x', 'SELECT phone AS number, name AS "{name}" FROM customer');
CREATE TEMP TABLE t (number text);
SELECT portatext.create_query_list('x', 'SELECT number FROM t');
SELECT portatext.create_query_list('x', 'SELECT rolpassword AS number FROM pg_authid');
SELECT portatext.create_query_list('x', 'SELECT number FRO customer');

-- Nobody makes a query run with more rights than its owner's.
-- For the owner, whoever runs it: another role of the account, an operator, a superuser.
SELECT portatext.create_query_list('mine', format('SELECT number::text, portatext.known_account() = %s AS red, portatext.sees_all() AS all_rows, portatext.is_operator() AS operator, current_user::text AS who, current_setting(''transaction_read_only'') AS ro FROM portatext.contacts WHERE list = ''gold''', :'red')) > 0;
CREATE FUNCTION evil() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO regress_con.customer VALUES ('34600000000');
    RETURN '34600000000';
END $$;
CREATE FUNCTION evil_role() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET ROLE NONE;
    RETURN '34600000000';
END $$;
CREATE FUNCTION evil_setting() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('application_name', 'evil', false), set_config('transaction_read_only', 'off', true);
    INSERT INTO regress_con.customer VALUES ('34600000000');
    RETURN '34600000000';
END $$;
CREATE FUNCTION act() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM portatext.act_as(1);
    RETURN '34600000000';
END $$;
CREATE FUNCTION quiet() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('application_name', 'evil', false);
    RETURN '34600000000';
END $$;
SELECT portatext.create_query_list(f, format('SELECT regress_con.%s() AS number', f)) > 0
    FROM unnest('{evil,evil_role,evil_setting,act,quiet}'::text[]) f;
SELECT * FROM portatext.query_list_contacts('mine');
RESET SESSION AUTHORIZATION;
RESET search_path;
CREATE TABLE regress_con.secret (number text);
INSERT INTO regress_con.secret VALUES ('+34600000001');
GRANT SELECT ON regress_con.secret TO regress_con_red;
SET SESSION AUTHORIZATION regress_con_red;
SELECT portatext.create_query_list('secret', 'SELECT number FROM regress_con.secret') > 0;
SELECT number FROM portatext.query_list_contacts('secret');
SET SESSION AUTHORIZATION regress_con_red2;
SELECT number FROM regress_con.secret;
SELECT number FROM portatext.query_list_contacts('secret');
SET SESSION AUTHORIZATION regress_con_op;
BEGIN;
SELECT portatext.act_as(:red);
SELECT * FROM portatext.query_list_contacts('mine');
SELECT number FROM portatext.query_list_contacts('act');
ROLLBACK;
RESET SESSION AUTHORIZATION;
REVOKE SELECT ON regress_con.secret FROM regress_con_red;
CREATE FUNCTION pg_temp.run(list text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT c::text FROM portatext.query_list_contacts(list) c;
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT SQLSTATE || ' ' || SQLERRM;
END $$;
BEGIN;
SELECT portatext.act_as(:red);
SELECT pg_temp.run('secret');
SELECT pg_temp.run(f) FROM unnest('{mine,evil,evil_role,evil_setting,act}'::text[]) f;
SET LOCAL application_name = 'honest';
SELECT pg_temp.run('quiet'), current_setting('application_name'), portatext.known_account() = :red, current_user = session_user, current_setting('transaction_read_only');
SELECT count(*) FROM regress_con.customer WHERE phone = '34600000000';
COMMIT;
-- Time.
BEGIN;
SELECT portatext.act_as(:red);
SELECT portatext.create_query_list('slow', 'SELECT ''1'' AS number FROM pg_sleep(60)') > 0;
SET LOCAL portatext.query_timeout = '50ms';
SELECT pg_temp.run('slow');
COMMIT;
-- What the query calls catches the cancellation; a query within the query has no time of its own.
CREATE FUNCTION regress_con.deaf() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM pg_sleep(60);
    EXCEPTION WHEN query_canceled THEN
        PERFORM pg_sleep(60);
    END;
    RETURN '34600000000';
END $$;
BEGIN;
SELECT portatext.act_as(:red);
SELECT portatext.create_query_list('deaf', 'SELECT regress_con.deaf() AS number') > 0,
    portatext.create_query_list('nested', 'SELECT number FROM portatext.query_list_contacts(''mine'')') > 0;
SET LOCAL portatext.query_timeout = '50ms';
SELECT pg_temp.run('nested');
SELECT pg_temp.run('deaf');
COMMIT;
-- An operator's query sees all rows of the tables; the owner is gone.
SET SESSION AUTHORIZATION regress_con_op;
BEGIN;
SELECT portatext.act_as(:blue);
SELECT portatext.create_query_list('accounts', 'SELECT number::text, list FROM portatext.contacts WHERE list = ''gold''') > 0;
SELECT pg_temp.run('accounts');
COMMIT;
SET SESSION AUTHORIZATION regress_con_blue;
SELECT number, variables FROM portatext.query_list_contacts('accounts');
SELECT * FROM portatext.query_list_contacts('mine');
SELECT name, query_owner FROM portatext.contact_lists;
SELECT count(*) FROM portatext.contacts;
SELECT portatext.delete_contact_list('gold');
SELECT portatext.set_contact('+12223334444', list => 'gold');
SELECT portatext.create_query_list('red''s', 'SELECT phone AS number FROM regress_con.customer');
RESET SESSION AUTHORIZATION;
UPDATE portatext.contact_list SET query_owner = 'regress_con_nobody' WHERE name = 'accounts' AND account_id = :blue;
SET SESSION AUTHORIZATION regress_con_blue;
SELECT portatext.query_list_contacts('accounts');
RESET SESSION AUTHORIZATION;

-- A person is forgotten: taken off all lists of the account.
SET SESSION AUTHORIZATION regress_con_red;
SELECT portatext.set_contact('+14445556666', '{"a": 1}', 'gold'), portatext.set_contact('+14445556666');
SELECT refused FROM portatext.import_contacts('silver', E'number\n+1 444 555 6666\n');
SELECT list, number FROM portatext.contacts WHERE number = '+14445556666' ORDER BY 1;
SELECT portatext.forget_contacts(:blue, '+14445556666');
CALL portatext.forget_number('+14445556666');
SELECT list, number FROM portatext.contacts WHERE number = '+14445556666' ORDER BY 1;
SELECT count(*) FROM portatext.import_problem;
RESET SESSION AUTHORIZATION;

-- What a deleted list leaves is deleted a day later.
SET SESSION AUTHORIZATION regress_con_red;
SELECT portatext.delete_contact_list('gold');
SELECT portatext.delete_contact_list('gold');
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM portatext.contact c JOIN portatext.retired_version r USING (version) WHERE r.account_id = :red;
SELECT portatext.retire_contacts();
BEGIN;
UPDATE portatext.retired_version SET since = since - interval '25 hours' WHERE account_id = :red;
-- not while a job of the account may read it
SAVEPOINT s;
INSERT INTO portatext.job (account_id, kind, state, created_at) VALUES (:red, 'none', 'queued', portatext.now() - interval '2 days');
SELECT portatext.retire_contacts();
ROLLBACK TO s;
SELECT count(*) > 0 FROM generate_series(1, 20) WHERE portatext.retire_contacts() > 0;
COMMIT;
SELECT portatext.retire_contacts();
SELECT count(*) FROM portatext.contact c WHERE c.account_id = :red;
SELECT count(*) FROM portatext.retired_version c WHERE c.account_id = :red;
BEGIN;
SELECT portatext.act_as(:red);
SELECT portatext.retire_contacts();
ROLLBACK;
SET SESSION AUTHORIZATION regress_con_red;
SELECT portatext.retire_contacts();
RESET SESSION AUTHORIZATION;

DELETE FROM portatext.job WHERE account_id IN (:red, :blue);
DELETE FROM portatext.contact WHERE account_id IN (:red, :blue);
DELETE FROM portatext.contact_list WHERE account_id IN (:red, :blue);
DROP TABLE t;
DROP SCHEMA regress_con CASCADE;
DROP ROLE regress_con_red, regress_con_red2, regress_con_blue, regress_con_op;
DELETE FROM portatext.account_role WHERE account_id IN (:red, :blue);
