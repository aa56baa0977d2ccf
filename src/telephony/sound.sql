-- Sounds: mp3 files that flows play by their id (TEL-10).

CREATE FUNCTION portatext.check_sound(content bytea) RETURNS void
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'pt_check_sound_sql';
COMMENT ON FUNCTION portatext.check_sound(bytea) IS
    'Internal: raises unless it is an mp3 file, by its headers, of at most 10 MiB.';

CREATE FUNCTION portatext.create_sound(name text, content bytea, description text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    made bigint;
BEGIN
    IF create_sound.name IS NULL OR create_sound.name !~ '^[^[:cntrl:]]{1,100}$' THEN
        RAISE EXCEPTION 'a sound needs a name of 1 to 100 characters' USING ERRCODE = 'invalid_parameter_value';
    ELSIF create_sound.content IS NULL THEN
        RAISE EXCEPTION 'a sound needs its content' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM portatext.check_sound(create_sound.content);
    INSERT INTO portatext.sound AS s (account_id, name, description, content, digest)
        VALUES (portatext.current_account(), create_sound.name, create_sound.description, create_sound.content,
                sha256(create_sound.content))
        ON CONFLICT (account_id, name) DO NOTHING
        RETURNING s.sound_id INTO made;
    IF made IS NULL THEN
        RAISE EXCEPTION 'sound "%" already exists', create_sound.name
            USING ERRCODE = 'unique_violation', HINT = 'alter_sound() changes it.';
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION portatext.create_sound(text, bytea, text) IS
    'Stores an mp3 file of at most 10 MiB for flows to play (TEL-10) and returns its id.';
GRANT EXECUTE ON FUNCTION portatext.create_sound(text, bytea, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.lock_sound(sound_id bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    account constant bigint := portatext.current_account();
BEGIN
    PERFORM FROM portatext.sound s
        WHERE s.account_id = account AND s.sound_id = lock_sound.sound_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'sound % does not exist', lock_sound.sound_id USING ERRCODE = 'undefined_object',
            HINT = 'The view portatext.sounds lists them.';
    END IF;
    RETURN account;
END
$$;
COMMENT ON FUNCTION portatext.lock_sound(bigint) IS
    'Internal: locks the account''s sound and returns the account; raises when there is none.';

CREATE FUNCTION portatext.alter_sound(
        sound_id bigint, name text DEFAULT NULL, description text DEFAULT NULL, content bytea DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    account constant bigint := portatext.lock_sound(alter_sound.sound_id);
BEGIN
    IF alter_sound.name !~ '^[^[:cntrl:]]{1,100}$' THEN
        RAISE EXCEPTION 'a sound needs a name of 1 to 100 characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM portatext.check_sound(alter_sound.content);
    UPDATE portatext.sound s
        SET name = COALESCE(alter_sound.name, s.name), description = COALESCE(alter_sound.description, s.description),
            content = COALESCE(alter_sound.content, s.content),
            digest = COALESCE(sha256(alter_sound.content), s.digest), changed_at = portatext.now()
        WHERE s.account_id = account AND s.sound_id = alter_sound.sound_id;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'sound "%" already exists', alter_sound.name
        USING ERRCODE = 'unique_violation', HINT = 'Choose another name.';
END
$$;
COMMENT ON FUNCTION portatext.alter_sound(bigint, text, text, bytea) IS
    'Changes what is not null of a sound. Engines fetch a changed content anew, as it has another digest.';
GRANT EXECUTE ON FUNCTION portatext.alter_sound(bigint, text, text, bytea) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.drop_sound(sound_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    account constant bigint := portatext.lock_sound(drop_sound.sound_id);
BEGIN
    PERFORM portatext.check_unused(account, 'sound', drop_sound.sound_id);
    DELETE FROM portatext.sound s WHERE s.account_id = account AND s.sound_id = drop_sound.sound_id;
END
$$;
COMMENT ON FUNCTION portatext.drop_sound(bigint) IS
    'Removes a sound that no unfinished campaign and no call plays.';
GRANT EXECUTE ON FUNCTION portatext.drop_sound(bigint) TO portatext_account, portatext_operator;

CREATE VIEW portatext.sounds WITH (security_invoker) AS
    SELECT s.account_id, s.sound_id, s.name, s.description, octet_length(s.content) AS bytes,
           encode(s.digest, 'hex') AS digest, s.created_at, s.changed_at
        FROM portatext.sound s;
COMMENT ON VIEW portatext.sounds IS
    'The sounds of the caller''s account, without their content; for operators of all.';
COMMENT ON COLUMN portatext.sounds.digest IS 'SHA-256 of the content.';
GRANT SELECT ON portatext.sounds TO portatext_account, portatext_operator;
