-- The roles: portatext_owner owns every object (no login, bound by row-level
-- security), portatext_operator runs the installation, portatext_account is
-- what an application's login role is made a member of, portatext_anonymous is what
-- a REST client is before it has said who it is.  Roles belong to the
-- whole server, so they survive DROP EXTENSION and are reused.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['portatext_owner', 'portatext_operator', 'portatext_account', 'portatext_anonymous'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) wanted) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN NOINHERIT NOBYPASSRLS', wanted);
        END IF;
    END LOOP;
END
$$;
