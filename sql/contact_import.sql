-- Import and export of contacts as CSV (CSV-01 to CSV-10).
SET client_min_messages = notice;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -
\set VERBOSITY terse

SET client_min_messages = warning;
CREATE ROLE regress_imp_red LOGIN;
CREATE ROLE regress_imp_blue LOGIN;
SELECT portatext.create_account('import, red') AS red, portatext.create_account('import, blue') AS blue \gset
SELECT portatext.grant_account('regress_imp_red', :red), portatext.grant_account('regress_imp_blue', :blue);
-- Imports, with the result in few words; the job's id differs from run to run.
CREATE FUNCTION pg_temp.said(j bigint) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', p.line, p.kind, p.given, p.number, p.problem) FROM portatext.import_problem p
        WHERE p.job_id = j ORDER BY p.line $$;
CREATE FUNCTION pg_temp.import(list text, csv text, skip_bad boolean DEFAULT false, region text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    SELECT * INTO r FROM portatext.import_contacts(list, csv, skip_bad, region);
    RETURN NEXT format('%s contacts of %s lines, %s normalised, %s duplicates, %s refused%s', r.contacts, r.lines, r.normalised,
        r.duplicates, r.refused, CASE WHEN r.replaced THEN '' ELSE ', not replaced' END);
    RETURN QUERY SELECT * FROM pg_temp.said(r.job_id);
END $$;
SET SESSION AUTHORIZATION regress_imp_red;
SET client_min_messages = error;
SELECT portatext.create_contact_list('vip') > 0;

-- CSV-01, CSV-02, CSV-04: the example
\set example 'number,first_name,last_name\n12223334444,John,Doe\n13334445555,Albert,Beckenbauer\n'
SELECT pg_temp.import('vip', E:'example');
SELECT number, variables FROM portatext.contacts_of('vip');
-- CSV-05: the old list is replaced
SELECT pg_temp.import('vip', E'number,city\n14445556666,Reus\n');
SELECT number, variables FROM portatext.contacts_of('vip');
-- CSV-03, CSV-08: DOS and mixed line ends, quotes, byte-order mark, no last line end, empty lines
SELECT pg_temp.import('vip', E'\uFEFFnumber,"a, b", c \r\n12223334444,"x\n""y""",z\n\r\n13334445555, x ,\r\n"14445556666",,z');
SELECT number, variables FROM portatext.contacts_of('vip');
-- CSV-06, CSV-08: every error has its line; the list stays as it was
SELECT pg_temp.import('vip', E'number,a\n12223334444,x\n12223334445\n12,x\nabc,x\n,x\n12223334446,x,y\n12223334447,"x\n12223334448,x"y\n12223334449,"x\n1');
SELECT count(*) FROM portatext.contacts_of('vip');
SELECT pg_temp.import('vip', E'number,a\n12223334444,x\n12,x\n', true);
SELECT number, variables FROM portatext.contacts_of('vip');
SELECT pg_temp.import('vip', h) FROM unnest(ARRAY['', E'\n\n', E'phone,a\n12223334444,x\n', E'a,number\nx,12223334444\n',
    E'number,a,a\n12223334444,x,y\n', E'number,number\n', E'number,{a}\n', E'number,\n', E'"number,a\n12223334444,x\n', 'number']) h;
-- duplicates collapse to the last line
SELECT pg_temp.import('vip', E'number,a\n12223334444,1\n13334445555,1\n+1 (222) 333-4444,2\n12223334444,\n13334445555,2\n');
SELECT number, variables FROM portatext.contacts_of('vip');
-- also across batches
SELECT pg_temp.import('vip', E'number,a\n' || string_agg(format('1222333%s,%s', lpad((g % 2500)::text, 4, '0'), g), E'\n' ORDER BY g)) FROM generate_series(0, 3999) g;
SELECT count(*), min((variables ->> 'a')::int), max((variables ->> 'a')::int) FROM portatext.contacts WHERE list = 'vip';
-- the problems that are kept are bounded, all are counted
SELECT pg_temp.import('vip', (SELECT E'number\n' || string_agg(CASE WHEN g % 2 = 0 THEN '12' ELSE '+1 222 333 ' || lpad(g::text, 4, '0') END, E'\n' ORDER BY g) FROM generate_series(1, 4000) g)) LIMIT 3;
SELECT kind, count(*) FROM portatext.import_problem WHERE line > 20 GROUP BY 1 ORDER BY 1;
-- numbers of one country; what is no number of it is refused
SELECT pg_temp.import('vip', E'number,a\n977 123 456,x\n+12223334444,y\n12,z\n', region => 'ES', skip_bad => true);
SELECT pg_temp.import('vip', 'number', region => 'ZZZ');
-- an empty file of contacts empties the list
SELECT pg_temp.import('vip', E'number,a\n');
SELECT count(*) FROM portatext.contacts_of('vip');
-- many variables
SELECT pg_temp.import('vip', (SELECT 'number,' || string_agg('v' || g, ',') || E'\n12223334444,' || string_agg(CASE WHEN g % 7 = 0 THEN '' ELSE repeat('é', g) END, ',') FROM generate_series(1, 99) g));
SELECT c.variables = (SELECT jsonb_object_agg('v' || g, repeat('é', g)) FROM generate_series(1, 99) g WHERE g % 7 <> 0),
       c.variables ->> 'v98' IS NULL, c.variables ->> 'v99' = repeat('é', 99), c.variables::text::jsonb = c.variables
    FROM portatext.contacts_of('vip') c;
-- CSV-07: the account's own contacts and their variables
SELECT pg_temp.import(NULL, E'number,first_name\n12223334444,Ana\n');
SELECT portatext.contact_variables('+12223334444');
SELECT pg_temp.import('nobody', E'number\n');
SELECT portatext.create_query_list('q', 'SELECT number::text FROM portatext.contacts') > 0;
SELECT pg_temp.import('q', E'number\n');
-- bytes: UTF-8, and the line with others is refused
SELECT contacts, lines, refused, replaced FROM portatext.import_contacts('vip', convert_to(E'number,a\n12223334444,é\n', 'UTF8') || '\x31323232333333343434352ce90a31323232333333343434362c780a'::bytea, true);
SELECT number, variables FROM portatext.contacts_of('vip');
SELECT line, given, problem FROM portatext.import_problem ORDER BY job_id DESC, line LIMIT 1;
SELECT contacts, refused, replaced FROM portatext.import_contacts('vip', '\x6e756d6265722ce90a'::bytea);
SELECT contacts, refused, replaced FROM portatext.import_contacts('vip', NULL::text);
SET client_min_messages = notice;
SELECT contacts, refused, replaced FROM portatext.import_contacts('vip', E'number\n12\n');
SET client_min_messages = error;
SELECT kind, state, total, done, errors, result - 'list_id' AS result FROM portatext.job ORDER BY job_id DESC LIMIT 2;

-- CSV-09: exports come back as they were, formulas too
SELECT portatext.set_contact('+34977123456', '{"f": "=1+1", "q": "a \"b\", c", "n": "two\nlines", "t": true, "x, \"y\"": "@x", "b": "  ", "i": 42.50}', 'vip');
SELECT portatext.set_contact('+34977123457', NULL, 'vip');
SELECT portatext.export_contacts('vip');
CREATE TEMP TABLE before AS SELECT number, (SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(variables)) AS variables FROM portatext.contacts_of('vip');
SELECT pg_temp.import('vip', (SELECT string_agg(l, E'\r\n') FROM portatext.export_contacts('vip') l));
SELECT count(*) FROM (SELECT * FROM before EXCEPT SELECT number, NULLIF(variables, '{}') FROM portatext.contacts_of('vip')) d;
SELECT (SELECT count(*) FROM before) = (SELECT count(*) FROM portatext.contacts_of('vip'));
SELECT portatext.export_contacts('q');
SELECT portatext.export_contacts();

-- A file that comes in pieces: COPY line by line.
SELECT portatext.upload_contacts(NULL);
SELECT portatext.upload_contacts('\x');
SELECT portatext.start_import('vip') > 0;
COPY portatext.contact_upload (line) FROM STDIN WITH (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01');
number,a,b
12223334444,"two

lines",x

12223334445,"say ""yes""",é
\.
COPY portatext.contact_upload (line) FROM STDIN WITH (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01');
12223334446,z,
\.
INSERT INTO portatext.contact_upload (line) SELECT format('1333444%s,%s,', lpad(g::text, 4, '0'), repeat('x', 100)) FROM generate_series(1, 2000) g;
-- what a statement that fails has brought is gone
BEGIN;
SAVEPOINT s;
INSERT INTO portatext.contact_upload (line) SELECT repeat('x', 70000) || 1 / (3 - g) FROM generate_series(1, 4) g;
ROLLBACK TO s;
INSERT INTO portatext.contact_upload (line) VALUES ('12223334447,last,');
COMMIT;
-- nor does one write in the middle of another
CREATE FUNCTION pg_temp.write_line() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO portatext.contact_upload (line) VALUES ('12223334448,inner,');
    RETURN '12223334448,outer,';
END $$;
INSERT INTO portatext.contact_upload (line) SELECT pg_temp.write_line();
DROP FUNCTION pg_temp.write_line();
BEGIN;
SELECT portatext.finish_upload() AS job \gset
SELECT portatext.run_chunk(:job);
COMMIT;
SELECT state, total = done, result - 'list_id' AS result FROM portatext.job WHERE job_id = :job;
SELECT number, variables FROM portatext.contacts_of('vip', page_size => 4);
SELECT portatext.count_contacts('vip');
\set VERBOSITY sqlstate
SELECT portatext.finish_upload();
SELECT portatext.upload_contacts('\x', :job);
INSERT INTO portatext.contact_upload VALUES (:job, 'x');
\set VERBOSITY terse
INSERT INTO portatext.contact_upload VALUES (-1, 'x');
-- bytes cut anywhere, in many chunks; a wrong line leaves the list as it is
SELECT portatext.start_import('vip', region => 'ES') AS job \gset
SELECT portatext.upload_contacts(substr(f, g * 7 + 1, 7)) IS NULL AS none
    FROM (SELECT convert_to(E'number,name\n977123456,"Zoë\n"\n977 123 457,x\n12,y', 'UTF8') AS f) f, generate_series(0, 9) g GROUP BY 1;
BEGIN;
SELECT portatext.finish_upload(:job) = :job;
SELECT portatext.run_chunk(:job);
COMMIT;
SELECT state, errors, result - 'list_id' AS result FROM portatext.job WHERE job_id = :job;
SELECT pg_temp.said(:job);
SELECT portatext.count_contacts('vip');
-- cancelled before its end
SELECT portatext.start_import('vip') AS job \gset
SELECT portatext.upload_contacts(convert_to(E'number\n12223334444\n', 'UTF8'), :job);
SELECT portatext.cancel_job(:job);
\set VERBOSITY sqlstate
SELECT portatext.finish_upload(:job);
\set VERBOSITY terse
SELECT portatext.count_contacts('vip');
-- the list is deleted meanwhile
SELECT portatext.create_contact_list('short') > 0;
SELECT portatext.start_import('short', true) AS job \gset
SELECT portatext.upload_contacts(convert_to(E'number\n12223334444\n', 'UTF8'));
SELECT portatext.delete_contact_list('short');
BEGIN;
SELECT portatext.finish_upload(:job) = :job;
SELECT portatext.run_chunk(:job);
COMMIT;
SELECT state, result - 'list_id' AS result FROM portatext.job WHERE job_id = :job;
-- an empty upload
SELECT portatext.start_import('vip') AS job \gset
BEGIN;
SELECT portatext.finish_upload() = :job;
SELECT portatext.run_chunk(:job);
COMMIT;
SELECT state, result - 'list_id' AS result FROM portatext.job WHERE job_id = :job;
SELECT portatext.start_import('q');
SELECT portatext.start_import('vip', region => 'xx');

-- BL-06: the blacklist as CSV; nothing is taken off it
SELECT portatext.blacklist_add('+12223334444', 'asked by phone');
SELECT added, lines, normalised, duplicates, refused, imported FROM portatext.import_blacklist(E'number,reason\n12223334444,again\n+1 222 333 4445,"a, b"\n12223334446,\n12223334446,\n');
SELECT added, lines, normalised, duplicates, refused, imported FROM portatext.import_blacklist(E'number\n12223334447\n12\n');
SELECT added, lines, normalised, duplicates, refused, imported FROM portatext.import_blacklist(E'number\n12223334447\n12\n', true);
SELECT added, refused, imported FROM portatext.import_blacklist(NULL);
SELECT added, refused, imported FROM portatext.import_blacklist(E'phone\n12223334448\n', true);
SELECT added, refused, imported FROM portatext.import_blacklist(E'number\n977123456\n', region => 'ES');
SELECT number, reason FROM portatext.blacklist_page(page_size => 2);
SELECT number, reason FROM portatext.blacklist_page('12223334445');
SELECT portatext.export_blacklist();
SELECT added, duplicates, imported FROM portatext.import_blacklist((SELECT string_agg(l, E'\n') FROM portatext.export_blacklist() l));
-- CSV-10: the blacklist stays when a list is replaced
SELECT pg_temp.import('vip', E'number\n12223334444\n');
SELECT portatext.is_blacklisted('+12223334444');

-- Another account sees and touches nothing of this.
SET SESSION AUTHORIZATION regress_imp_blue;
SELECT count(*) FROM portatext.import_problem;
SELECT count(*) FROM portatext.contacts;
\set VERBOSITY sqlstate
SELECT portatext.upload_contacts('\x31', :job);
INSERT INTO portatext.contact_upload VALUES (:job, 'x');
SELECT portatext.finish_upload(:job);
\set VERBOSITY terse
SELECT portatext.import_contacts('vip', E'number\n');
SELECT portatext.export_contacts('vip');
SELECT portatext.export_blacklist();
SELECT count(*) FROM portatext.import_block;
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM portatext.import_block b JOIN portatext.job j USING (job_id) WHERE j.finished_at IS NOT NULL;
-- An index of the operator's own: rows go another way to the same end.
CREATE INDEX contact_own ON portatext.contact (account_id);
SET SESSION AUTHORIZATION regress_imp_red;
SELECT pg_temp.import('vip', E'number,a\n12223334444,1\n12223334445,\n12223334444,2\n');
SELECT number, variables FROM portatext.contacts_of('vip');
RESET SESSION AUTHORIZATION;
DROP INDEX portatext.contact_own;

DELETE FROM portatext.job WHERE account_id IN (:red, :blue);
SELECT count(*) FROM portatext.import_problem WHERE account_id IN (:red, :blue);
DELETE FROM portatext.blacklist WHERE account_id IN (:red, :blue);
DELETE FROM portatext.contact WHERE account_id IN (:red, :blue);
DELETE FROM portatext.contact_list WHERE account_id IN (:red, :blue);
DELETE FROM portatext.retired_version WHERE account_id IN (:red, :blue);
DROP TABLE before;
DELETE FROM portatext.account_role WHERE account_id IN (:red, :blue);
DROP ROLE regress_imp_red, regress_imp_blue;
