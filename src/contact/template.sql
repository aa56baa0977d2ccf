-- room: contact.  Texts with variables (TPL-01 to TPL-04).

CREATE FUNCTION portatext.render_template(body text, variables jsonb) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_render_template';
COMMENT ON FUNCTION portatext.render_template(text, jsonb) IS
    'The text with each {{name}} replaced by the value of that name in variables, literally. A missing value (null is none), braces that are not closed and a value that is an object or array are errors.';

CREATE FUNCTION portatext.template_variables(body text) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_template_variables';
COMMENT ON FUNCTION portatext.template_variables(text) IS
    'The names of a text''s variables, each once, in the order of their first appearance.';

CREATE FUNCTION portatext.check_template(name text, body text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF btrim(COALESCE(name, '')) = '' THEN
        RAISE EXCEPTION 'a template needs a name' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF COALESCE(body, '') = '' THEN
        RAISE EXCEPTION 'a template needs a text' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM portatext.template_variables(body);
END
$$;
COMMENT ON FUNCTION portatext.check_template(text, text) IS
    'Internal: raises when a template has no name or no text, or its braces are wrong.';

CREATE FUNCTION portatext.create_template(name text, body text, description text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    made bigint;
BEGIN
    PERFORM portatext.check_template(create_template.name, create_template.body);
    INSERT INTO portatext.template AS t (account_id, name, body, description)
        VALUES (portatext.current_account(), create_template.name, create_template.body, create_template.description)
        ON CONFLICT (account_id, name) DO NOTHING
        RETURNING t.template_id INTO made;
    IF made IS NULL THEN
        RAISE EXCEPTION 'template "%" already exists', create_template.name
            USING ERRCODE = 'unique_violation', HINT = 'update_template() changes it.';
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.create_template(text, text, text) IS
    'Stores a text with variables, {{name}}, under a name (TPL-01) and returns its id.';
GRANT EXECUTE ON FUNCTION portatext.create_template(text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.lock_template(template text) RETURNS portatext.template
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    got portatext.template;
    account constant bigint := portatext.current_account();
BEGIN
    SELECT t.* INTO got FROM portatext.template t
        WHERE t.account_id = account AND t.name = template FOR UPDATE;
    IF NOT FOUND THEN
        SELECT t.* INTO got FROM portatext.template t
            WHERE t.account_id = account AND t.template_id::text = template FOR UPDATE;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'template "%" does not exist', template USING ERRCODE = 'undefined_object',
            HINT = 'The table portatext.template lists them.';
    END IF;
    RETURN got;
END
$$;
COMMENT ON FUNCTION portatext.lock_template(text) IS
    'Internal: the account''s template of that name, or else id, locked; raises when there is none.';

CREATE FUNCTION portatext.update_template(template text, name text DEFAULT NULL, body text DEFAULT NULL, description text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    old constant portatext.template := portatext.lock_template(update_template.template);
BEGIN
    PERFORM portatext.check_template(COALESCE(update_template.name, old.name), COALESCE(update_template.body, old.body));
    UPDATE portatext.template t
        SET name = COALESCE(update_template.name, t.name), body = COALESCE(update_template.body, t.body),
            description = COALESCE(update_template.description, t.description), changed_at = portatext.now()
        WHERE t.template_id = old.template_id;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'template "%" already exists', update_template.name
        USING ERRCODE = 'unique_violation', HINT = 'Choose another name.';
END
$$;
COMMENT ON FUNCTION portatext.update_template(text, text, text, text) IS
    'Changes what is not null of the template of that name, or else id. What was rendered with it before stays as it is.';
GRANT EXECUTE ON FUNCTION portatext.update_template(text, text, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.delete_template(template text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    old constant portatext.template := portatext.lock_template(delete_template.template);
BEGIN
    DELETE FROM portatext.template t WHERE t.template_id = old.template_id;
END
$$;
COMMENT ON FUNCTION portatext.delete_template(text) IS
    'Deletes the template of that name, or else id. What was rendered with it before stays as it is.';
GRANT EXECUTE ON FUNCTION portatext.delete_template(text) TO portatext_account, portatext_operator;
