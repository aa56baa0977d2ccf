-- room: contact.  Lists, their contacts and the variables stored for them.

CREATE VIEW portatext.contact_lists WITH (security_invoker) AS
    SELECT l.list_id, l.account_id, l.name, l.description, l.query, l.query_owner, l.created_at, l.changed_at,
           CASE WHEN l.query IS NULL THEN
               (SELECT count(*) FROM portatext.contact c WHERE c.version = l.version) END AS contacts
        FROM portatext.contact_list l WHERE l.name IS NOT NULL;
COMMENT ON VIEW portatext.contact_lists IS 'The caller''s contact lists; for operators all.';
COMMENT ON COLUMN portatext.contact_lists.contacts IS
    'How many contacts the list has, counted when this column is read; null: the list is a query.';
GRANT SELECT ON portatext.contact_lists TO portatext_account, portatext_operator;

CREATE VIEW portatext.contacts WITH (security_invoker) AS
    SELECT c.account_id, l.list_id, l.name AS list, c.number, c.variables
        FROM portatext.contact_list l JOIN portatext.contact c ON c.version = l.version;
COMMENT ON VIEW portatext.contacts IS 'The contacts of the caller''s lists; for operators of all.';
COMMENT ON COLUMN portatext.contacts.list IS 'Null: the account''s own contacts, whose variables count for every list and every message.';
GRANT SELECT ON portatext.contacts TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.check_variables(variables jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_check_variables';
COMMENT ON FUNCTION portatext.check_variables(jsonb) IS
    'Internal: the variables without those that are null; null when none is left. Raises invalid_parameter_value for a bad name or a value that is an object or array.';

CREATE FUNCTION portatext.contact_list_named(list text) RETURNS portatext.contact_list
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mine constant bigint := portatext.current_account();
    l portatext.contact_list;
BEGIN
    IF list IS NULL THEN
        SELECT * INTO l FROM portatext.contact_list x WHERE x.account_id = mine AND x.name IS NULL;
        IF NOT FOUND THEN
            IF current_setting('transaction_read_only')::boolean THEN
                RETURN NULL;
            END IF;
            INSERT INTO portatext.contact_list (account_id) VALUES (mine) ON CONFLICT DO NOTHING;
            SELECT * INTO l FROM portatext.contact_list x WHERE x.account_id = mine AND x.name IS NULL;
        END IF;
    ELSE
        SELECT * INTO l FROM portatext.contact_list x
            WHERE x.account_id = mine
              AND (x.name = list OR x.list_id = CASE WHEN list ~ '^[0-9]{1,18}$' THEN list::bigint END)
            ORDER BY (x.name = list) IS TRUE DESC LIMIT 1;
    END IF;
    IF l.list_id IS NULL THEN
        RAISE EXCEPTION 'contact list "%" does not exist', list USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.contact_lists has the names and ids.';
    END IF;
    RETURN l;
END
$$;
COMMENT ON FUNCTION portatext.contact_list_named(text) IS
    'Internal: the caller''s list with this name, else with this id; null: the own contacts, which begin to exist by this, or in a read-only transaction null. Raises undefined_object when there is none.';

CREATE FUNCTION portatext.contact_version(list text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    l constant portatext.contact_list := portatext.contact_list_named(list);
BEGIN
    IF l.query IS NOT NULL THEN
        RAISE EXCEPTION 'contact list "%" is a query', l.name USING ERRCODE = 'wrong_object_type',
            HINT = 'Its contacts are those that the query finds.';
    END IF;
    RETURN l.version;
END
$$;
COMMENT ON FUNCTION portatext.contact_version(text) IS
    'Internal: the version of the caller''s list, which must not be a query.';

CREATE FUNCTION portatext.create_contact_list(name text, description text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    made bigint;
BEGIN
    IF create_contact_list.name IS NULL OR create_contact_list.name = '' THEN
        RAISE EXCEPTION 'a contact list needs a name' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO portatext.contact_list AS l (account_id, name, description)
        VALUES (portatext.current_account(), create_contact_list.name, create_contact_list.description)
        ON CONFLICT DO NOTHING RETURNING l.list_id INTO made;
    IF made IS NULL THEN
        RAISE EXCEPTION 'contact list "%" already exists', create_contact_list.name USING ERRCODE = 'duplicate_object';
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.create_contact_list(text, text) IS
    'Makes an empty contact list (CAMP-02) and returns its id. Functions name a list by its name, or else by its id.';
GRANT EXECUTE ON FUNCTION portatext.create_contact_list(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.create_query_list(name text, query text, description text DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_create_query_list';
COMMENT ON FUNCTION portatext.create_query_list(text, text, text) IS
    'Makes a contact list of a SELECT and returns its id: the column number has the telephone numbers, the others are variables. It is run anew whenever the list is used, read-only, for at most portatext.query_timeout, with the rights of the role that calls this function.';
GRANT EXECUTE ON FUNCTION portatext.create_query_list(text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.update_contact_list(list text, name text DEFAULT NULL, description text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    IF update_contact_list.list IS NULL OR update_contact_list.name = '' THEN
        RAISE EXCEPTION 'a contact list needs a name' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE portatext.contact_list l
        SET name = COALESCE(update_contact_list.name, l.name),
            description = COALESCE(update_contact_list.description, l.description),
            changed_at = portatext.now()
        WHERE l.list_id = (SELECT x.list_id FROM portatext.contact_list_named(update_contact_list.list) x) AND l.name IS NOT NULL;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'contact list "%" already exists', update_contact_list.name USING ERRCODE = 'duplicate_object';
END
$$;
COMMENT ON FUNCTION portatext.update_contact_list(text, text, text) IS
    'Gives a list another name or description; null: as it is.';
GRANT EXECUTE ON FUNCTION portatext.update_contact_list(text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.delete_contact_list(list text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH gone AS (
        DELETE FROM portatext.contact_list l
            WHERE l.list_id = (SELECT x.list_id FROM portatext.contact_list_named(list) x)
            RETURNING l.version, l.account_id)
    INSERT INTO portatext.retired_version (version, account_id) SELECT g.version, g.account_id FROM gone g;
$$;
COMMENT ON FUNCTION portatext.delete_contact_list(text) IS
    'Deletes a list. Campaigns that were built from it keep their recipients (CSV-10).';
GRANT EXECUTE ON FUNCTION portatext.delete_contact_list(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.set_contact(number text, variables jsonb DEFAULT NULL, list text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.contact AS c (version, number, account_id, variables)
        VALUES (portatext.contact_version(list), portatext.to_e164(number), portatext.current_account(),
                portatext.check_variables(variables))
        ON CONFLICT ON CONSTRAINT contact_pkey DO UPDATE SET variables = EXCLUDED.variables;
$$;
COMMENT ON FUNCTION portatext.set_contact(text, jsonb, text) IS
    'Puts a contact on a list, or replaces all its variables. Without a list: of the own contacts, whose variables count for every list and every message.';
GRANT EXECUTE ON FUNCTION portatext.set_contact(text, jsonb, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.remove_contact(number text, list text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH gone AS (
        DELETE FROM portatext.contact c
            WHERE c.version = (SELECT portatext.contact_version(list)) AND c.account_id = (SELECT portatext.current_account())
              AND c.number::text = (SELECT portatext.to_e164(remove_contact.number)::text)
            RETURNING 1)
    SELECT EXISTS (SELECT FROM gone);
$$;
COMMENT ON FUNCTION portatext.remove_contact(text, text) IS
    'Takes a contact with its variables off a list (null: the own contacts); false: it was not on it.';
GRANT EXECUTE ON FUNCTION portatext.remove_contact(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.set_contact_variable(number text, name text, value text, list text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.contact AS c (version, number, account_id, variables)
        VALUES (portatext.contact_version(list), portatext.to_e164(number), portatext.current_account(),
                portatext.check_variables(jsonb_build_object(name, value)))
        ON CONFLICT ON CONSTRAINT contact_pkey DO UPDATE
            SET variables = portatext.check_variables(COALESCE(c.variables, '{}') || jsonb_build_object(set_contact_variable.name, value));
$$;
COMMENT ON FUNCTION portatext.set_contact_variable(text, text, text, text) IS
    'Sets one variable of a contact, which is put on the list (null: the own contacts) if it is not yet; a value of null takes the variable away.';
GRANT EXECUTE ON FUNCTION portatext.set_contact_variable(text, text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.remove_contact_variable(number text, name text, list text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    WITH changed AS (
        UPDATE portatext.contact c SET variables = NULLIF(c.variables - remove_contact_variable.name, '{}')
            WHERE c.version = (SELECT portatext.contact_version(list)) AND c.account_id = (SELECT portatext.current_account())
              AND c.number::text = (SELECT portatext.to_e164(remove_contact_variable.number)::text)
              AND c.variables ? remove_contact_variable.name
            RETURNING 1)
    SELECT EXISTS (SELECT FROM changed);
$$;
COMMENT ON FUNCTION portatext.remove_contact_variable(text, text, text) IS
    'Takes one variable from a contact; false: it had none of that name. set_contact() with no variables takes all.';
GRANT EXECUTE ON FUNCTION portatext.remove_contact_variable(text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.contact_variables(number text, list text DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE(c.variables, '{}') FROM portatext.contact c
        WHERE c.version = (SELECT portatext.contact_version(list)) AND c.account_id = (SELECT portatext.current_account())
          AND c.number::text = (SELECT portatext.to_e164(contact_variables.number)::text);
$$;
COMMENT ON FUNCTION portatext.contact_variables(text, text) IS
    'The variables of a contact of a list (null: the own contacts) as an object; null: it is not on the list.';
GRANT EXECUTE ON FUNCTION portatext.contact_variables(text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.contacts_of(list text DEFAULT NULL, after text DEFAULT NULL, page_size int DEFAULT 100)
    RETURNS TABLE (number portatext.e164, variables jsonb)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT c.number, COALESCE(c.variables, '{}') FROM portatext.contact c
        WHERE c.version = (SELECT portatext.contact_version(list)) AND c.account_id = (SELECT portatext.current_account())
          AND c.number::text > (SELECT COALESCE(portatext.to_e164(after)::text, ''))
        ORDER BY c.number::text LIMIT page_size;
$$;
COMMENT ON FUNCTION portatext.contacts_of(text, text, int) IS
    'A page of the contacts of a list (null: the own contacts) in the order of their numbers: page_size of those behind the number after (null: the first).';
GRANT EXECUTE ON FUNCTION portatext.contacts_of(text, text, int) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.count_contacts(list text DEFAULT NULL) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT count(*) FROM portatext.contact c
        WHERE c.version = (SELECT portatext.contact_version(list)) AND c.account_id = (SELECT portatext.current_account());
$$;
COMMENT ON FUNCTION portatext.count_contacts(text) IS 'How many contacts a list has (null: the own contacts).';
GRANT EXECUTE ON FUNCTION portatext.count_contacts(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.query_list_contacts(list text)
    RETURNS TABLE (number text, variables jsonb, problem text)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_query_list_contacts';
COMMENT ON FUNCTION portatext.query_list_contacts(text) IS
    'Runs the query of a list and returns what it finds, also the rows whose number cannot be used, with the reason; nothing is stored.';
GRANT EXECUTE ON FUNCTION portatext.query_list_contacts(text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.retire_contacts() RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pt_contacts_retire_sql';
COMMENT ON FUNCTION portatext.retire_contacts() IS
    'For the runner: deletes a batch of the contacts of a list''s version that was replaced a day ago; 0: there is none.';
GRANT EXECUTE ON FUNCTION portatext.retire_contacts() TO portatext_operator;
