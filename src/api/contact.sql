-- room: api.  Contacts, their lists, CSV in and out, templates.

CREATE FUNCTION portatext.api_header(name text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT NULLIF(current_setting('request.headers', true), '')::jsonb ->> name
$$;
COMMENT ON FUNCTION portatext.api_header(text) IS
    'Internal: a header of PostgREST''s request, by its name in lower case; null: there is none.';

CREATE FUNCTION portatext.api_file(lines text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN array_to_string(lines, E'\n') || E'\n';
COMMENT ON FUNCTION portatext.api_file(text[]) IS 'Internal: lines as a file.';

CREATE FUNCTION portatext.api_import_contacts(list text, csv text, skip_bad boolean, region text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    made record;
BEGIN
    IF csv IS NULL THEN
        RAISE EXCEPTION 'the file is missing' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT i.* INTO made FROM portatext.import_contacts(list, csv, skip_bad, region) i;
    RETURN portatext.api_import_answer(to_jsonb(made), made.replaced);
END
$$;
COMMENT ON FUNCTION portatext.api_import_contacts(text, text, boolean, text) IS
    'Internal: import_contacts() with the answer of api_import_answer().';

CREATE FUNCTION portatext.api_contact_variables(number text, list text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    found jsonb := portatext.contact_variables(number, list);
BEGIN
    IF found IS NULL THEN
        RAISE EXCEPTION 'contact "%" does not exist', number USING ERRCODE = 'undefined_object',
            HINT = CASE WHEN list IS NULL THEN 'It is none of the account''s own contacts; name the list to look at.' ELSE 'It is not on this list.' END;
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION portatext.api_contact_variables(text, text) IS
    'Internal: contact_variables(), which raises undefined_object when there is no such contact.';
GRANT EXECUTE ON FUNCTION portatext.api_header(text), portatext.api_file(text[]), portatext.api_import_contacts(text, text, boolean, text),
    portatext.api_contact_variables(text, text) TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.contact_lists WITH (security_invoker) AS
    SELECT l.list_id AS id, l.name, l.description, l.contacts, l.query, l.created_at, l.changed_at
    FROM portatext.contact_lists l;
COMMENT ON VIEW portatext_api.contact_lists IS
'Contact lists

Who campaigns and group messages go to. Functions take a list by its name or by its id. The account''s own contacts, whose variables count for every list, are no list: they are the contacts whose list is null.';
COMMENT ON COLUMN portatext_api.contact_lists.contacts IS 'How many contacts it has, counted when asked for; null: its contacts come from a query.';
COMMENT ON COLUMN portatext_api.contact_lists.query IS 'The SELECT that finds the contacts; null: they are stored.';
COMMENT ON COLUMN portatext_api.contact_lists.changed_at IS 'When its name or description was changed, or its contacts were replaced by an import.';
GRANT SELECT ON portatext_api.contact_lists TO portatext_account, portatext_operator;

CREATE VIEW portatext_api.contacts WITH (security_invoker) AS
    SELECT c.list_id, c.list, portatext.digits(c.number) AS number, COALESCE(c.variables, '{}') AS variables
    FROM portatext.contacts c;
COMMENT ON VIEW portatext_api.contacts IS
'Contacts of the lists, with their variables

list_id=eq.7 gives those of a list, list=is.null the account''s own contacts. Through lists of many thousands contacts_page is quicker. The answer in CSV has a column variables; export_contacts makes a file with a column for each variable, which import_contacts takes back.';
COMMENT ON COLUMN portatext_api.contacts.list IS 'The list''s name; null: the account''s own contacts, whose variables count for every list and every message.';
COMMENT ON COLUMN portatext_api.contacts.number IS 'Digits without +.';
COMMENT ON COLUMN portatext_api.contacts.variables IS 'Values for {{placeholders}}: {"first_name": "Ann"}.';
GRANT SELECT ON portatext_api.contacts TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.create_contact_list(name text, description text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('id', portatext.create_contact_list(name, description))
$$;
COMMENT ON FUNCTION portatext_api.create_contact_list(text, text) IS
'Make an empty contact list

Answers {"id"}. Fill it with import_contacts or set_contact. 409 already_exists: there is a list of that name.';

CREATE FUNCTION portatext_api.update_contact_list(list text, name text DEFAULT NULL, description text DEFAULT NULL) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.update_contact_list(list, name, description)
$$;
COMMENT ON FUNCTION portatext_api.update_contact_list(text, text, text) IS
'Give a contact list another name or description

list: its name or id. What is left out stays as it is.';

CREATE FUNCTION portatext_api.delete_contact_list(list text) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.delete_contact_list(list)
$$;
COMMENT ON FUNCTION portatext_api.delete_contact_list(text) IS
'Delete a contact list with its contacts

Campaigns that were made from it keep their recipients.';

CREATE FUNCTION portatext_api.set_contact(number text, variables jsonb DEFAULT NULL, list text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    WITH done AS MATERIALIZED (SELECT portatext.set_contact(number, variables, list))
    SELECT pg_catalog.jsonb_build_object('number', portatext.digits(portatext.to_e164(number)),
        'variables', COALESCE(portatext.contact_variables(number, list), '{}'))
    FROM done
$$;
COMMENT ON FUNCTION portatext_api.set_contact(text, jsonb, text) IS
'Put a contact on a list, with all its variables

Replaces the variables that it has there; without variables it has none. list: a name or an id; left out: the account''s own contacts.';

CREATE FUNCTION portatext_api.remove_contact(number text, list text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('removed', portatext.remove_contact(number, list))
$$;
COMMENT ON FUNCTION portatext_api.remove_contact(text, text) IS
'Take a contact off a list

list: a name or an id; left out: the account''s own contacts. removed is false when it was not there.';

CREATE FUNCTION portatext_api.set_contact_variable(number text, name text, value text DEFAULT NULL, list text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    WITH done AS MATERIALIZED (SELECT portatext.set_contact_variable(number, name, value, list))
    SELECT pg_catalog.jsonb_build_object('number', portatext.digits(portatext.to_e164(number)),
        'variables', COALESCE(portatext.contact_variables(number, list), '{}'))
    FROM done
$$;
COMMENT ON FUNCTION portatext_api.set_contact_variable(text, text, text, text) IS
'Set one variable of a contact

Others stay; a value of null takes the variable away. The contact is put on the list if it is not there yet. list: a name or an id; left out: the account''s own contacts.';

CREATE FUNCTION portatext_api.contact_variables(number text, list text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.api_contact_variables(number, list)
$$;
COMMENT ON FUNCTION portatext_api.contact_variables(text, text) IS
'The variables of one contact

An object with the values by name. list: a name or an id; left out: the account''s own contacts. 404: the list has no such contact.';

CREATE FUNCTION portatext_api.contacts_page(list text DEFAULT NULL, after text DEFAULT NULL, page_size integer DEFAULT 100) RETURNS jsonb
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('number', portatext.digits(c.number), 'variables', c.variables) ORDER BY c.number), '[]')
    FROM portatext.contacts_of(list, after, page_size) c
$$;
COMMENT ON FUNCTION portatext_api.contacts_page(text, text, integer) IS
'A page of the contacts of a list, however long it is

Answers [{"number", "variables"}] in the order of the numbers: page_size of those behind the number after, by default the first. The next page begins after the last number; an empty one is the end. list: a name or an id; left out: the account''s own contacts.';

CREATE FUNCTION portatext_api.import_contacts(csv text, list text DEFAULT NULL, skip_bad boolean DEFAULT false, region text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.api_import_contacts(list, csv, skip_bad, region)
$$;
COMMENT ON FUNCTION portatext_api.import_contacts(text, text, boolean, text) IS
'Replace the contacts of a list by those of a CSV file

csv: the file; its first line is the header, with number in front and the names of the variables behind it:
number,first_name
12223334444,John
list: a name or an id; left out: the account''s own contacts. skip_bad: lines that are refused are left out; without it one such line refuses the whole file, and the list stays as it was. region: the country (ISO 3166-1) of numbers without a country code.

Answers {"replaced", "contacts", "lines", "normalised", "duplicates", "refused", "job_id", "problems"}; problems has the first 100 refused lines with their numbers, import_problems more. A file that was refused is answered in the same way, with the status 422. Of a number that occurs twice the last line counts. import_contacts_csv takes the file as the body; start_import takes files of any size.';

CREATE FUNCTION portatext_api.import_contacts_csv(text) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.api_import_contacts(portatext.api_header('x-list'), $1,
        COALESCE(portatext.api_header('x-skip-bad')::boolean, false), portatext.api_header('x-region'))
$$;
COMMENT ON FUNCTION portatext_api.import_contacts_csv(text) IS
'Replace the contacts of a list by the CSV file in the body

Like import_contacts, with the file as it is: Content-Type text/plain. The header X-List names the list (without it: the account''s own contacts), X-Skip-Bad: true leaves refused lines out, X-Region is the country of numbers without a country code.';

CREATE FUNCTION portatext_api.start_import(list text DEFAULT NULL, skip_bad boolean DEFAULT false, region text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT pg_catalog.jsonb_build_object('job_id', portatext.start_import(list, skip_bad, region))
$$;
COMMENT ON FUNCTION portatext_api.start_import(text, boolean, text) IS
'Begin an import of a file that comes in pieces

For files of any size, like import_contacts: start_import, upload_contacts for each piece, finish_import; then GET /jobs?id=eq.JOB_ID says how far it is and, in result, what came of it. Answers {"job_id"}.';

CREATE FUNCTION portatext_api.upload_contacts(bytea) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
#once
    SELECT pg_catalog.jsonb_build_object('bytes', portatext.upload_contacts($1, portatext.api_header('x-job-id')::bigint))
$$;
COMMENT ON FUNCTION portatext_api.upload_contacts(bytea) IS
'Add the body to the file of an import

Content-Type application/octet-stream; the header X-Job-Id has the job_id of start_import. The file may be cut anywhere. Answers {"bytes"}: how many the file has by now. With the header Idempotency-Key a piece that is sent again is not added twice.';

CREATE FUNCTION portatext_api.finish_import(job bigint) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('job_id', portatext.finish_upload(job))
$$;
COMMENT ON FUNCTION portatext_api.finish_import(bigint) IS
'The file of an import is complete

From now on a job imports it: GET /jobs?id=eq.JOB_ID.';

CREATE VIEW portatext_api.import_problems WITH (security_invoker) AS
    SELECT p.job_id, p.line, p.kind, p.given, portatext.digits(p.number) AS number, p.problem
    FROM portatext.import_problem p;
COMMENT ON VIEW portatext_api.import_problems IS
'What imports found in their files

Of each import (job_id=eq.7) the first 1000 lines that were refused and the first 1000 whose number was written in another way; kept as long as its job.';
COMMENT ON COLUMN portatext_api.import_problems.line IS 'Of the file, from 1, which is the header.';
COMMENT ON COLUMN portatext_api.import_problems.kind IS 'refused, or normalised: the number was understood, and is stored as number says.';
COMMENT ON COLUMN portatext_api.import_problems.given IS 'What the line has as its number.';
COMMENT ON COLUMN portatext_api.import_problems.number IS 'What was made of it, in digits without +.';
COMMENT ON COLUMN portatext_api.import_problems.problem IS 'What is wrong with the line, in words.';
GRANT SELECT ON portatext_api.import_problems TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.export_contacts(list text DEFAULT NULL) RETURNS portatext_api."text/csv"
    LANGUAGE portatext_api STABLE PARALLEL UNSAFE AS $$
#right read
    SELECT portatext.api_file(ARRAY(SELECT e.line FROM portatext.export_contacts(list) e (line)))
$$;
COMMENT ON FUNCTION portatext_api.export_contacts(text) IS
'The contacts of a list as a CSV file

With Accept: text/csv. The header first: number, then the names of the variables; import_contacts takes the file back. Cells are as they are, also those that a spreadsheet would take for a formula. list: a name or an id; left out: the account''s own contacts.';

CREATE VIEW portatext_api.templates WITH (security_invoker) AS
    SELECT t.template_id AS id, t.name, t.description, t.body AS text, portatext.template_variables(t.body) AS variables,
           t.created_at, t.changed_at
    FROM portatext.template t;
COMMENT ON VIEW portatext_api.templates IS
'Templates: texts with {{placeholders}}

send_sms, send_sms_batch and create_campaign take a template by its name or by its id.';
COMMENT ON COLUMN portatext_api.templates.variables IS 'The names of its placeholders.';
GRANT SELECT ON portatext_api.templates TO portatext_account, portatext_operator;

CREATE FUNCTION portatext_api.create_template(name text, text text, description text DEFAULT NULL) RETURNS jsonb
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT pg_catalog.jsonb_build_object('id', portatext.create_template(name, text, description))
$$;
COMMENT ON FUNCTION portatext_api.create_template(text, text, text) IS
'Store a text with {{placeholders}}

Answers {"id"}. 409 already_exists: there is a template of that name.';

CREATE FUNCTION portatext_api.update_template(template text, name text DEFAULT NULL, text text DEFAULT NULL, description text DEFAULT NULL) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.update_template(template, name, text, description)
$$;
COMMENT ON FUNCTION portatext_api.update_template(text, text, text, text) IS
'Change a template

template: its name or id. What is left out stays as it is. What was sent with it before stays as it was.';

CREATE FUNCTION portatext_api.delete_template(template text) RETURNS void
    LANGUAGE portatext_api VOLATILE PARALLEL UNSAFE AS $$
#right manage
    SELECT portatext.delete_template(template)
$$;
COMMENT ON FUNCTION portatext_api.delete_template(text) IS
'Delete a template

template: its name or id.';
GRANT EXECUTE ON FUNCTION portatext_api.create_contact_list(text, text), portatext_api.update_contact_list(text, text, text), portatext_api.delete_contact_list(text),
    portatext_api.set_contact(text, jsonb, text), portatext_api.remove_contact(text, text), portatext_api.set_contact_variable(text, text, text, text),
    portatext_api.contact_variables(text, text), portatext_api.contacts_page(text, text, integer),
    portatext_api.import_contacts(text, text, boolean, text), portatext_api.import_contacts_csv(text),
    portatext_api.start_import(text, boolean, text), portatext_api.upload_contacts(bytea), portatext_api.finish_import(bigint),
    portatext_api.export_contacts(text), portatext_api.create_template(text, text, text), portatext_api.update_template(text, text, text, text), portatext_api.delete_template(text)
    TO portatext_account, portatext_operator;
