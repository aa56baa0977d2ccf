-- Campaigns by the clock: start_campaign() as a job of pg_cron, if that is installed.

CREATE FUNCTION portatext.require_cron() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    -- Only those who may see all settings know it.
    home constant text := (SELECT s.setting FROM pg_settings s WHERE s.name = 'cron.database_name');
    package constant text := format('postgresql-%s-cron', current_setting('server_version_num')::integer / 10000);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') OR to_regnamespace('cron') IS NULL THEN
        RAISE EXCEPTION 'pg_cron is not installed in database "%"', current_database()
            USING ERRCODE = 'feature_not_supported',
                  HINT = CASE WHEN home <> current_database()
                      THEN format('On this server it works in database "%s": change cron.database_name, restart the server and run CREATE EXTENSION pg_cron here.', home)
                      ELSE format('Install the package %s, add pg_cron to shared_preload_libraries, set cron.database_name to "%s", restart the server and run CREATE EXTENSION pg_cron.', package, current_database()) END;
    END IF;
    IF NOT has_schema_privilege('cron', 'USAGE') THEN
        RAISE EXCEPTION 'role "%" may not use pg_cron', current_user
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Have a superuser run GRANT USAGE ON SCHEMA cron TO %I.', current_user);
    END IF;
    IF to_regprocedure('cron.schedule(text,text,text)') IS NULL THEN
        RAISE EXCEPTION 'this version of pg_cron is too old' USING ERRCODE = 'feature_not_supported',
            HINT = format('Update the package %s to 1.4 or later and run ALTER EXTENSION pg_cron UPDATE.', package);
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.require_cron() IS
    'Internal: raises feature_not_supported when pg_cron is not installed in this database or too old, insufficient_privilege when the caller may not use it.';
GRANT EXECUTE ON FUNCTION portatext.require_cron() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.campaign_command(campaign bigint) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format('SELECT portatext.start_campaign(%s)', c.campaign_id)
           || CASE WHEN portatext.is_operator() THEN format(' FROM portatext.act_as(%s)', c.account_id) ELSE '' END
    FROM portatext.campaign c
    WHERE c.campaign_id = campaign AND c.account_id = portatext.current_account()
$$;
COMMENT ON FUNCTION portatext.campaign_command(bigint) IS
    'Internal: the statement that starts a campaign of the caller''s account, for the caller''s jobs; an operator''s acts as that account. Null: there is no such campaign.';
GRANT EXECUTE ON FUNCTION portatext.campaign_command(bigint) TO portatext_account, portatext_operator;

-- A job belongs to current_user and logs in as that role.
CREATE FUNCTION portatext.require_cron_role() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT (SELECT r.rolcanlogin FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'role "%" cannot log in, so pg_cron could not run its job', current_user
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call this as a role with LOGIN, or RESET ROLE.';
    END IF;
    IF current_user <> session_user AND NOT portatext.is_operator()
       AND NOT EXISTS (SELECT FROM portatext.account_role r
                       WHERE r.role_name = current_user AND r.account_id = portatext.current_account()) THEN
        RAISE EXCEPTION 'role "%" does not speak for this account, so its job could not', current_user
            USING ERRCODE = 'insufficient_privilege', HINT = 'RESET ROLE, or have an operator call grant_account().';
    END IF;
END
$$;
COMMENT ON FUNCTION portatext.require_cron_role() IS
    'Internal: raises when a job of the caller''s role could not log in or not speak for the caller''s account.';
GRANT EXECUTE ON FUNCTION portatext.require_cron_role() TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.schedule_campaign(campaign bigint, cron text, job_name text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    command constant text := portatext.campaign_command(campaign);
BEGIN
    PERFORM portatext.require_cron();
    PERFORM portatext.require_cron_role();
    IF command IS NULL THEN
        RAISE EXCEPTION 'campaign % does not exist', campaign USING ERRCODE = 'undefined_object';
    END IF;
    IF NOT (SELECT c.repeatable FROM portatext.campaign c WHERE c.campaign_id = campaign) THEN
        RAISE EXCEPTION 'campaign % is sent once only', campaign USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Create it with repeatable => true.';
    END IF;
    IF cron IS NULL THEN
        RAISE EXCEPTION 'a job needs a time' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Five fields (minute, hour, day, month, weekday), such as ''0 9 * * 1'' for mondays at nine.';
    END IF;
    RETURN cron.schedule(COALESCE(job_name, format('portatext campaign %s', campaign)), cron, command);
END
$$;
COMMENT ON FUNCTION portatext.schedule_campaign(bigint, text, text) IS
    'Lets pg_cron start a repeatable campaign at the times of cron, as the calling role; returns pg_cron''s number of the job. A job of the caller''s with the same name (default: portatext campaign <id>) is replaced. Raises feature_not_supported without pg_cron.';
GRANT EXECUTE ON FUNCTION portatext.schedule_campaign(bigint, text, text) TO portatext_account, portatext_operator;

CREATE FUNCTION portatext.unschedule_campaign(campaign bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    ended boolean;
BEGIN
    PERFORM portatext.require_cron();
    SELECT COALESCE(bool_and(cron.unschedule(j.jobid)), false) INTO ended
        FROM cron.job j
        WHERE j.database = current_database() AND j.username = current_user
          AND starts_with(j.command || ' ', format('SELECT portatext.start_campaign(%s) ', campaign));
    RETURN ended;
END
$$;
COMMENT ON FUNCTION portatext.unschedule_campaign(bigint) IS
    'Ends the caller''s pg_cron jobs that start this campaign; false: there is none. Raises feature_not_supported without pg_cron.';
GRANT EXECUTE ON FUNCTION portatext.unschedule_campaign(bigint) TO portatext_account, portatext_operator;
