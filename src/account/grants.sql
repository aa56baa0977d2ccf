-- The last part: ownership, row-level security and what PUBLIC may call.
--
-- What tenants and operators may use is granted beside each object; the Makefile
-- moves those statements behind this file.  Here everything else is taken away,
-- so a new object needs no line in this file.

-- Every table with an account_id: tenants see their own account's rows and
-- operators all.  Definer functions and workers run as portatext_owner, which is
-- bound in the same way: to the caller's account, unless sees_all().
DO $$
DECLARE
    relation regclass;
    own constant text := 'account_id OPERATOR(pg_catalog.=) (SELECT portatext.known_account())';
BEGIN
    FOR relation IN
        SELECT c.oid FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relnamespace = 'portatext'::pg_catalog.regnamespace AND c.relkind = 'r'
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', relation);
        EXECUTE pg_catalog.format('CREATE POLICY tenant ON %s TO portatext_account USING (%s)', relation, own);
        EXECUTE pg_catalog.format('CREATE POLICY operator ON %s TO portatext_operator USING (true)', relation);
        EXECUTE pg_catalog.format('CREATE POLICY owner ON %s TO portatext_owner USING (%s OR (SELECT portatext.sees_all()))', relation, own);
    END LOOP;
END
$$;

-- General tariffs belong to nobody and are everybody's to read.
CREATE POLICY general ON portatext.tariff FOR SELECT TO portatext_account, portatext_owner
    USING (account_id IS NULL);
CREATE POLICY general ON portatext.call_tariff FOR SELECT TO portatext_account, portatext_owner
    USING (account_id IS NULL);

-- Every member of the extension belongs to portatext_owner.
DO $$
DECLARE
    member record;
    schemas constant pg_catalog.oid[] := ARRAY['portatext'::pg_catalog.regnamespace, 'portatext_api'::pg_catalog.regnamespace];
BEGIN
    FOR member IN
        SELECT pg_catalog.format('%s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                                 c.oid::pg_catalog.regclass) AS object
            FROM pg_catalog.pg_class c
            WHERE c.relnamespace = ANY (schemas) AND c.relkind IN ('r', 'v', 'S', 'm')
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d      -- an identity column's sequence follows its table
                              WHERE d.objid = c.oid AND d.deptype = 'i'
                                AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
        UNION ALL
        SELECT pg_catalog.format('ROUTINE %s', p.oid::pg_catalog.regprocedure)
            FROM pg_catalog.pg_proc p WHERE p.pronamespace = ANY (schemas)
        UNION ALL
        SELECT pg_catalog.format('%s %s', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END,
                                 t.oid::pg_catalog.regtype)
            FROM pg_catalog.pg_type t WHERE t.typnamespace = ANY (schemas) AND t.typtype IN ('d', 'e')
    LOOP
        EXECUTE pg_catalog.format('ALTER %s OWNER TO portatext_owner', member.object);
    END LOOP;
END
$$;
ALTER SCHEMA portatext OWNER TO portatext_owner;
ALTER SCHEMA portatext_api OWNER TO portatext_owner;
ALTER LANGUAGE portatext_api OWNER TO portatext_owner;

-- All others lose all: also what the installing role's default privileges gave.
-- Types stay PUBLIC's.
DO $$
DECLARE
    given record;
    schemas constant pg_catalog.oid[] := ARRAY['portatext'::pg_catalog.regnamespace, 'portatext_api'::pg_catalog.regnamespace];
BEGIN
    FOR given IN
        SELECT DISTINCT m.object,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::text END AS grantee
        FROM (SELECT pg_catalog.format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                                       c.oid::pg_catalog.regclass), c.relacl, c.relowner
                  FROM pg_catalog.pg_class c WHERE c.relnamespace = ANY (schemas) AND c.relkind IN ('r', 'v', 'S', 'm')
              UNION ALL
              SELECT pg_catalog.format('ROUTINE %s', p.oid::pg_catalog.regprocedure),
                     COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner)), p.proowner
                  FROM pg_catalog.pg_proc p WHERE p.pronamespace = ANY (schemas)
              UNION ALL
              SELECT pg_catalog.format('TYPE %s', t.oid::pg_catalog.regtype), t.typacl, t.typowner
                  FROM pg_catalog.pg_type t WHERE t.typnamespace = ANY (schemas) AND t.typtype IN ('d', 'e')
              UNION ALL
              SELECT pg_catalog.format('SCHEMA %I', n.nspname), n.nspacl, n.nspowner FROM pg_catalog.pg_namespace n WHERE n.oid = ANY (schemas)
             ) m (object, acl, owner), pg_catalog.aclexplode(m.acl) a
        WHERE a.grantee <> m.owner AND (a.grantee <> 0 OR m.object NOT LIKE 'TYPE %')
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s CASCADE', given.object, given.grantee);
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA portatext TO PUBLIC;

-- The functions of PUBLIC: they compute from their arguments alone, and the
-- checks of the domains are among them.  sql/zz_security.sql has the same list.
DO $$
DECLARE
    name text;
    routine regprocedure;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        -- text
        'gsm_segments', 'sms_analyze', 'sms_split', 'gsm_charset', 'gsm_languages', 'gsm_transliterate',
        -- number
        'is_e164', 'is_address', 'digits', 'to_e164', 'number_country', 'number_timezones', 'number_type',
        'mcc_region', 'imsi_parts',
        -- contact
        'render_template', 'template_variables',
        -- telephony
        'is_contacted', 'amd_word',
        -- all rooms
        'now', 'uuid7']
    LOOP
        FOR routine IN
            SELECT p.oid FROM pg_catalog.pg_proc p
            WHERE p.pronamespace = 'portatext'::pg_catalog.regnamespace
              AND p.proname OPERATOR(pg_catalog.=) name
        LOOP
            EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', routine);
        END LOOP;
    END LOOP;
END
$$;
